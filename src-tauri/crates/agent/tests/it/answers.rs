//! Answers on the command line: in as much room as there is, and with what they are part of.

use std::path::Path;

use crate::support::{run, write};

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a passage says, on one line.
fn text_of(memory: &Path, chunk: &str) -> String {
    let shown = run(memory, &["show", chunk]);
    let document = shown.last();
    let mut passages = document["chunks"].as_array().unwrap().iter();
    let passage = passages.find(|one| one["id"] == chunk);
    flat(passage.expect("it is shown")["text"].as_str().unwrap())
}

#[test]
fn an_answer_fits_into_the_room_that_is_named_and_tells_what_it_is_part_of() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = workspace.path();
    for number in 0..40 {
        let text = format!(
            "Boat number{number} left the harbour early in the morning.\n\nNobody on the quay had expected wind number{number}.\n"
        );
        write(notes.path(), &format!("{number}.md"), text);
    }
    let imported = run(memory, &["import", notes.path().to_str().unwrap()]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let whole = run(memory, &["recall", "Which boat left the harbour?"]);
    let summaries = whole.last()["summaries"].as_array().unwrap();
    assert!(!summaries.is_empty(), "forty passages are summed up");
    let id = summaries[0]["id"].as_str().unwrap();
    let shown = run(memory, &["show", id]);
    assert_eq!(shown.last()["kind"], "summary", "{}", shown.stderr);
    assert!(summaries[0]["hits"].as_array().unwrap().len() > 1);
    for room in [100_usize, 600, 4_000] {
        let budget = room.to_string();
        let ran = run(memory, &["recall", "--budget", &budget, "Which boat left?"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let pieces = ran.last()["pieces"].as_array().unwrap();
        let long: usize = pieces
            .iter()
            .map(|piece| piece["text"].as_str().unwrap().chars().count())
            .sum();
        assert!(long > 0 && long <= room, "{long} in {room}");
        for piece in pieces {
            let cites = piece["cites"].as_array().unwrap();
            let cited: Vec<String> = cites
                .iter()
                .map(|cite| text_of(memory, cite["chunk"].as_str().unwrap()))
                .collect();
            for line in piece["text"].as_str().unwrap().lines() {
                let line = flat(line);
                let stands = cited.iter().any(|text| text.contains(&line));
                assert!(stands, "{line} is cited: {cited:?}");
            }
        }
    }
    let none = run(memory, &["recall", "--budget", "500", "volcano"]);
    let nothing = none.last()["nothing"].as_str().unwrap();
    assert!(nothing.contains("volcano"), "{nothing}");
    let little = run(memory, &["recall", "--budget", "7", "boat"]);
    assert_eq!(little.code, 2, "nothing fits into that: {}", little.stderr);
}
