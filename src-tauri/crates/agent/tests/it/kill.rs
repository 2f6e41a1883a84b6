//! What was announced as committed is there, whole and searchable, whenever the process is killed, and in the end
//! everything is in its places: in its source's tree, at its day, and at what it names.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use oldgrowth_domain::jobs::BatchState;
use oldgrowth_engine::{Asked, Page, Shown};
use oldgrowth_testkit::{Corpus, SeededRandom, TestEngine};
use serde_json::Value;

use crate::support::{oldgrowth, run};

/// `OLDGROWTH_KILLS=1000` for the long form.
const KILLS: usize = 50;
const NOTES_A_ROUND: usize = 40;
const PARAGRAPHS: usize = 6;

struct Announced {
    document: String,
    path: String,
    sha256: String,
    chunks: u64,
}

#[test]
fn a_killed_import_loses_nothing_that_it_announced() {
    let kills = std::env::var("OLDGROWTH_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(KILLS);
    let seed = std::env::var("OLDGROWTH_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_261_121);
    println!("seed {seed}, {kills} kills");
    let random = SeededRandom::new(seed);
    let corpus = Corpus::new(seed);
    let notes = tempfile::tempdir().unwrap();
    let workspace = tempfile::tempdir().unwrap();
    let mut announced: Vec<Announced> = Vec::new();
    let mut killed_at_work = 0;
    for round in 0..kills {
        add_notes(&corpus, notes.path(), round);
        let (told, was_working) = import_and_kill(workspace.path(), notes.path(), &random);
        killed_at_work += usize::from(was_working);
        announced.extend(told);
        if round % 10 == 9 {
            check(workspace.path(), &announced);
        }
    }
    // What the kills cut off is taken up again, and the end says so.
    let ended = run(
        workspace.path(),
        &["import", notes.path().to_str().unwrap()],
    );
    assert_eq!(ended.code, 0, "the last import ends well: {}", ended.stderr);
    check(workspace.path(), &announced);
    let doctor = run(workspace.path(), &["doctor", "--run", "orphans,faithful"]);
    assert_eq!(
        doctor.code,
        0,
        "every row is in its place: {}",
        doctor.last()
    );
    let test = TestEngine::start(workspace.path(), 2);
    assert!(test.engine.wait_until_idle(|| true).unwrap(), "all of it");
    let imports = test.engine.batches().unwrap().into_iter();
    let open: Vec<_> = imports
        .filter(|import| import.batch.state == BatchState::Running || import.total() == 0)
        .map(|import| (import.batch.state, import.total(), import.failure))
        .collect();
    assert!(open.is_empty(), "no import goes on or is empty: {open:?}");
    let ledger = test.engine.ledger().unwrap();
    let documents: u32 = ledger.iter().map(|row| row.coverage.documents).sum();
    assert_eq!(
        documents as usize,
        kills * NOTES_A_ROUND,
        "every note is there, once"
    );
    assert!(
        ledger.iter().all(|row| row.is_in_step()),
        "all of it searchable and in the tree"
    );
    assert!(
        announced.len() > kills,
        "the kills came after something had been announced"
    );
    assert!(
        killed_at_work * 2 > kills,
        "most kills hit an import at work: {killed_at_work} of {kills}"
    );
    println!(
        "{} announced, {killed_at_work} kills hit an import at work, 0 lost",
        announced.len()
    );
}

/// Each note has a word of its own.
fn word(round: usize, number: usize) -> String {
    format!("zq{round}w{number}")
}

fn add_notes(corpus: &Corpus, notes: &Path, round: usize) {
    let folder = notes.join(format!("round-{round:04}"));
    std::fs::create_dir(&folder).unwrap();
    for number in 0..NOTES_A_ROUND {
        let text = corpus.markdown(number, PARAGRAPHS);
        std::fs::write(
            folder.join(format!("{number}.md")),
            format!(
                "{text}\nMarta Kowalska was there.\n\nRemember {}.\n",
                word(round, number)
            ),
        )
        .unwrap();
    }
}

/// Starts an import, kills it at some point, and answers what it had announced by then and whether
/// it was still at work.
fn import_and_kill(
    workspace: &Path,
    notes: &Path,
    random: &SeededRandom,
) -> (Vec<Announced>, bool) {
    let mut child = oldgrowth(workspace)
        .arg("import")
        .arg(notes)
        .arg("--wait")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let pid = child.id();
    // Killed after so many lines, then after so many microseconds more: between any two steps. Now and then all lines
    // are heard before: then names and days are seen to.
    let (lines_before, micros_max) = match random.below(3) {
        0 => (NOTES_A_ROUND - 1, 500_000),
        _ => (random.below(NOTES_A_ROUND), 3_000),
    };
    let and_then = Duration::from_micros(random.below(micros_max) as u64);
    let mut announced = Vec::new();
    let mut ended = false;
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    let mut killed = false;
    while reader.read_line(&mut line).unwrap() > 0 {
        // A line cut off by the kill was not told.
        if line.ends_with('\n') {
            let told: Value = serde_json::from_str(&line).expect("each line is JSON");
            ended |= told["event"] == "done";
            announced.extend(committed(&told));
        }
        line.clear();
        if !killed && announced.len() > lines_before {
            std::thread::park_timeout(and_then);
            child.kill().unwrap();
            killed = true;
        }
    }
    if !killed {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    assert!(pid > 0);
    (announced, killed && !ended)
}

fn committed(line: &Value) -> Option<Announced> {
    (line["event"] == "committed").then(|| Announced {
        document: line["document"].as_str().unwrap().to_owned(),
        path: line["path"].as_str().unwrap().to_owned(),
        sha256: line["sha256"].as_str().unwrap().to_owned(),
        chunks: line["chunks"].as_u64().unwrap(),
    })
}

fn check(workspace: &Path, announced: &[Announced]) {
    let test = TestEngine::start(workspace, 0);
    for told in announced {
        let shown = test
            .engine
            .show(&told.document, Page::default())
            .expect("an announced document is there");
        let Shown::Document(shown) = shown else {
            panic!("a document's id shows a document")
        };
        assert_eq!(
            shown.document.sha256, told.sha256,
            "with the content that was announced"
        );
        assert_eq!(
            shown.chunks.len() as u64,
            told.chunks,
            "with all its passages"
        );
        let text = std::fs::read_to_string(&told.path).unwrap();
        let own_word = text
            .lines()
            .last()
            .unwrap()
            .trim_start_matches("Remember ")
            .trim_end_matches('.');
        let asked = Asked {
            text: own_word.to_owned(),
            limit: 5,
            ..Asked::default()
        };
        let hits = test.engine.search(&asked).unwrap().hits;
        assert!(
            hits.iter()
                .any(|hit| hit.document.id.as_str() == told.document),
            "found by its own word"
        );
    }
}
