//! Tokens, beside those of the engine that comes with the weights: `scripts/token-ids.mjs` writes down what it says.

use oldgrowth_embedder::{TOKENS_MAX, Tokens, Weights};

use crate::support::{LINES, file};

const TOKENS: &str = include_str!("../data/tokens.txt");

fn tokens() -> Tokens {
    Tokens::of(&Weights::open(&file()).unwrap()).unwrap()
}

#[test]
fn a_thousand_lines_in_twelve_scripts_have_the_tokens_of_the_models_own_engine() {
    let tokens = tokens();
    let mut compared = 0;
    for (line, known) in LINES.lines().zip(TOKENS.lines()) {
        let known: Vec<u32> = known
            .split(' ')
            .map(|token| token.parse().unwrap())
            .collect();
        assert_eq!(tokens.of_text(&format!("passage: {line}")), known, "{line}");
        compared += 1;
    }
    assert_eq!(compared, 1_000, "each line has tokens to compare with");
}

#[test]
fn a_text_that_is_too_long_is_cut_at_its_end() {
    let tokens = tokens();
    let long = tokens.of_text(&"The knee is better. ".repeat(20_000));
    let short = tokens.of_text("The knee is better. The knee is better.");
    assert_eq!(long.len(), TOKENS_MAX, "the model takes no more");
    assert_eq!(
        (long.first(), long.last()),
        (short.first(), short.last()),
        "it begins and ends as every text"
    );
    assert_eq!(long[1..8], short[1..8], "its begin is what it was");
}

#[test]
fn a_text_without_words_is_a_text() {
    let tokens = tokens();
    for nothing in ["", " ", "\u{0}", "\n\n\t"] {
        assert_eq!(
            tokens.of_text(nothing),
            tokens.of_text(""),
            "nothing is said in {nothing:?}"
        );
    }
    assert!(tokens.of_text("").len() >= 2, "its ends are there");
}
