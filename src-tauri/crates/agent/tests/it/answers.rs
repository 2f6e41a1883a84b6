//! Answers on the command line: in as much room as there is, and with what they are part of.

use crate::support::{run, write};

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
            let chunk = piece["cites"][0]["chunk"].as_str().unwrap();
            assert!(chunk.starts_with("ch_"), "it is cited: {chunk}");
        }
    }
    let none = run(memory, &["recall", "--budget", "500", "volcano"]);
    let nothing = none.last()["nothing"].as_str().unwrap();
    assert!(nothing.contains("volcano"), "{nothing}");
    let little = run(memory, &["recall", "--budget", "7", "boat"]);
    assert_eq!(little.code, 2, "nothing fits into that: {}", little.stderr);
}
