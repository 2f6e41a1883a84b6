//! What the built-in embedder makes of texts: as many windows of 128 tokens a second as one core does, and how long a
//! question takes.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use oldgrowth_embedder::{E5, Side, Tokens, Weights, find};
use oldgrowth_testkit::Corpus;

use crate::table::{Table, millis, say};
use crate::{median, timed};

const TOKENS: usize = 128;
const WINDOWS: usize = 48;
const ROUNDS: usize = 3;
const WINDOWS_A_SECOND_MIN: f64 = 40.0;
const QUESTIONS: usize = 41;
const QUESTION_MAX: Duration = Duration::from_millis(30);
/// What the system counts a process's time in, as a program sees it: `USER_HZ`.
const TICKS_A_SECOND: f64 = 100.0;

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure(table: &mut Table) {
    let program = std::env::current_exe().expect("this program has a path");
    let Some(weights) = find(&program) else {
        say("  the weights of the embedder are not here, so it is left out");
        return;
    };
    let windows = windows(&weights);
    let windows: Vec<&str> = windows.iter().map(String::as_str).collect();
    let embedder = E5::new(weights, NonZeroUsize::MIN);
    let embed = |side, texts: &[&str]| {
        embedder
            .vectors(side, texts)
            .expect("what is there is embedded")
    };
    embed(Side::Passage, &windows);

    // By the processor's time where the system tells it: what else runs here is then no matter.
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let before = own_time();
        let (passed, _) = timed(|| embed(Side::Passage, &windows));
        let took = own_time()
            .zip(before)
            .map_or(passed.as_secs_f64(), |(after, before)| after - before);
        rates.push(WINDOWS as f64 / took);
    }
    rates.sort_by(f64::total_cmp);
    let rate = rates.get(ROUNDS / 2).copied().unwrap_or_default();
    table.row(
        &format!("embedding windows of {TOKENS} tokens, a second of one core"),
        &format!("{rate:.0}"),
        "n/a",
        &format!("at least {WINDOWS_A_SECOND_MIN:.0}"),
        rate >= WINDOWS_A_SECOND_MIN,
    );

    let question = "What did Dr. Okafor say about my knee?";
    let times = (0..QUESTIONS)
        .map(|_| timed(|| embed(Side::Question, &[question])).0)
        .collect();
    let time = median(times);
    table.row(
        "embedding a question, p50",
        &millis(time),
        "n/a",
        "under 30 ms",
        time < QUESTION_MAX,
    );
}

/// Texts of so many tokens, the two at the ends and what the model wants before each text included.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn windows(weights: &Path) -> Vec<String> {
    let weights = Weights::open(weights).expect("the weights can be read");
    let tokens = Tokens::of(&weights).expect("the weights are whole");
    let corpus = Corpus::new(5);
    let window = |_| {
        let mut text = corpus.word().to_owned();
        while tokens.of_text(&format!("passage: {text}")).len() < TOKENS {
            text.push(' ');
            text.push_str(corpus.word());
        }
        text
    };
    (0..WINDOWS).map(window).collect()
}

/// Seconds that the processors have worked for this process. `None` where the system does not tell.
fn own_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let [user, system] = [fields.next()?, fields.next()?].map(str::parse::<f64>);
    Some((user.ok()? + system.ok()?) / TICKS_A_SECOND)
}
