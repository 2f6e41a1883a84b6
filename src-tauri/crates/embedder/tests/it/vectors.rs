//! What the vectors say.

use oldgrowth_embedder::{Side, WIDTH};

use crate::support::{LINES, alike, embedder};

const VECTORS: &str = include_str!("../data/vectors.txt");

/// What seven bits may change.
const ALIKE_MIN: f32 = 0.99;
/// What the company of other texts may change: texts that go through the model together share the scales of
/// what goes in.
const IN_COMPANY_MIN: f32 = 0.98;

#[test]
fn the_vectors_are_those_of_the_models_own_engine() {
    let known: Vec<Vec<f32>> = VECTORS
        .lines()
        .map(|line| line.split(' ').map(|n| n.parse().unwrap()).collect())
        .collect();
    assert_eq!(known.len(), 20, "the fixture is whole");
    let texts: Vec<&str> = LINES.lines().take(known.len()).collect();
    let ours = embedder().vectors(Side::Passage, &texts).unwrap();
    for ((ours, known), text) in ours.iter().zip(&known).zip(&texts) {
        let alike = alike(ours, known);
        assert!(alike >= ALIKE_MIN, "{alike} for {text}");
    }
}

#[test]
fn what_says_the_same_is_near_in_whatever_language() {
    let embedder = embedder();
    let texts = [
        "The meeting is moved to Friday afternoon.",
        "La réunion est déplacée à vendredi après-midi.",
        "会议改到星期五下午。",
        "Я люблю варить суп по выходным.",
    ];
    let vectors = embedder.vectors(Side::Passage, &texts).unwrap();
    let soup = alike(&vectors[0], &vectors[3]);
    for same in &vectors[1..3] {
        let alike = alike(&vectors[0], same);
        assert!(alike > soup + 0.02, "{alike} beside {soup}");
    }
}

#[test]
fn each_text_has_its_own_vector_whatever_is_embedded_with_it() {
    let embedder = embedder();
    let texts: Vec<&str> = LINES.lines().step_by(13).collect();
    let together = embedder.vectors(Side::Passage, &texts).unwrap();
    assert_eq!(together.len(), texts.len());
    for (text, together) in texts.iter().zip(&together) {
        assert_eq!(together.len(), WIDTH);
        let length = together.iter().map(|n| n * n).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-4, "the length of {text} is 1");
        let alone = &embedder.vectors(Side::Passage, &[text]).unwrap()[0];
        let alike = alike(alone, together);
        assert!(alike >= IN_COMPANY_MIN, "{alike} for {text}");
    }
}

#[test]
fn no_text_is_too_short_too_long_or_too_many() {
    let embedder = embedder();
    let long = "One long story. ".repeat(2_000);
    let texts = vec!["", " ", long.as_str(), "a"];
    let vectors = embedder.vectors(Side::Passage, &texts).unwrap();
    assert!(vectors.iter().all(|v| v.len() == WIDTH), "one each");
    assert!(
        vectors.iter().flatten().all(|n| n.is_finite()),
        "whatever is said, it is numbers"
    );
    assert!(embedder.vectors(Side::Passage, &[]).unwrap().is_empty());
}

#[test]
fn it_is_loaded_when_it_is_asked_and_can_be_let_go_of() {
    let embedder = embedder();
    assert!(!embedder.is_loaded(), "nobody has asked yet");
    let before = embedder.vectors(Side::Passage, &["A note."]).unwrap();
    assert!(embedder.is_loaded());
    embedder.let_go();
    assert!(!embedder.is_loaded(), "it takes no memory now");
    let after = embedder.vectors(Side::Passage, &["A note."]).unwrap();
    assert_eq!(before, after, "and nothing was forgotten");
}
