//! Passages are gathered by the days on which what they tell of happened: each once, whatever comes in between.

use std::sync::Arc;
use std::time::Duration;

use oldgrowth_domain::jobs::ATTEMPTS_MAX;
use oldgrowth_domain::sealing::LEAF_ITEMS_MAX;
use oldgrowth_domain::{TimeZone, UnixMs};
use oldgrowth_engine::{At, FixCode, Note, Page, Retry, Row, RowKind, Shown};
use oldgrowth_models::Extractive;
use oldgrowth_store::table::sources::SourceKind;

use crate::fixes::mend;
use crate::rig::{Place, Rig, file_text};
use crate::stand_ins::{Act, GatedSummariser, ScriptedSummariser};

const LEAF: usize = LEAF_ITEMS_MAX as usize;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Place {
    /// With the days gathered too.
    fn start_gathering(&self, workers: usize) -> Rig {
        self.start_growing(workers, Arc::new(Extractive), || TimeZone::UTC)
    }

    /// A note of this instant.
    pub(crate) fn say(&self, rig: &Rig, text: &str, at: &str) {
        let note = Note {
            text: text.to_owned(),
            title: None,
            happened_at: Some(UnixMs::parse_rfc3339(at).unwrap()),
        };
        rig.engine.add_note(note).unwrap();
    }
}

fn rows(rig: &Rig, at: &str) -> Vec<Row> {
    let at = At::parse(at).unwrap();
    rig.engine.tree(&at, 0, 500).unwrap().rows
}

fn titles(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.title.as_str()).collect()
}

/// The row of this title, wherever it is in the days.
fn find(rig: &Rig, title: &str) -> Option<Row> {
    let mut open = rows(rig, "days");
    while let Some(row) = open.pop() {
        if row.title == title {
            return Some(row);
        }
        if row.kind == RowKind::Summary {
            open.extend(rows(rig, &row.id));
        }
    }
    None
}

fn said(rig: &Rig, title: &str) -> String {
    let row = find(rig, title).unwrap_or_else(|| panic!("{title} is in the tree"));
    let Shown::Summary(shown) = rig.engine.show(&row.id, Page::default()).unwrap() else {
        panic!("a summary's id shows a summary")
    };
    assert_eq!(shown.of.1, title, "it says what it is of");
    shown
        .sentences
        .iter()
        .map(|sentence| {
            let words = &sentence.chunk.text[sentence.words.clone()];
            assert_eq!(words, sentence.text, "each sentence leads to its words");
            sentence.text.clone()
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_day_of_one_long_sentence_says_that_sentence() {
    let place = Place::new();
    let rig = place.start_gathering(2);
    let long = format!(
        "The list for the boat had {} and a lamp.",
        "rope and tar and ".repeat(25)
    );
    place.say(&rig, &long, "2026-03-02T08:00:00Z");
    rig.grown();
    place.assert_gathered();
    assert_eq!(said(&rig, "2026"), long);
}

#[test]
fn a_day_that_was_given_up_keeps_no_week_from_its_end() {
    let place = Place::new();
    let acts = [Act::Refuse; ATTEMPTS_MAX as usize];
    let model = ScriptedSummariser::playing(&acts);
    let rig = place.start_growing(1, model, || TimeZone::UTC);
    place.say(
        &rig,
        "A heron stood in the reeds the whole morning.",
        "2026-03-02T08:00:00Z",
    );
    let given_up = "SELECT count(*) FROM jobs WHERE state = 'failed'";
    rig.engine
        .wait_until_grown(|| {
            rig.later(DAY);
            place.count(given_up) == 0
        })
        .unwrap();
    assert_eq!(place.count(given_up), 1);
    place.say(
        &rig,
        "The orchard was in bloom earlier than in other years.",
        "2026-03-04T09:00:00Z",
    );
    rig.grown();
    assert_eq!(
        said(&rig, "March 2026"),
        "The orchard was in bloom earlier than in other years."
    );
    assert_eq!(rig.engine.retry_failed(Retry::default()).unwrap(), 1);
    rig.grown();
    place.assert_gathered();
    let said = said(&rig, "March 2026");
    assert!(said.contains("heron"), "once it is mended: {said}");
}

#[test]
fn days_that_are_over_are_summed_up_and_weeks_months_and_years_of_them() {
    let place = Place::new();
    let rig = place.start_gathering(2);
    for (text, at) in [
        (
            "The ferry sailed at noon with all the lamps lit.",
            "2025-12-30T10:00:00Z",
        ),
        (
            "A heron stood in the reeds the whole morning.",
            "2026-03-02T08:00:00Z",
        ),
        (
            "The letter from Lisbon came with the evening post.",
            "2026-03-02T19:00:00Z",
        ),
        (
            "Nobody had wound the clock in the hall since then.",
            "2026-03-04T09:00:00Z",
        ),
        (
            "The orchard was in bloom earlier than in other years.",
            "2026-03-20T09:00:00Z",
        ),
    ] {
        place.say(&rig, text, at);
    }
    rig.grown();
    place.assert_gathered();
    let roots = rig.engine.tree(&At::Roots, 0, 10).unwrap();
    assert_eq!(roots.total, 2, "the days and the notes");
    assert_eq!(roots.rows[0].kind, RowKind::Branch, "the days first");
    assert_eq!(roots.rows[0].passages, 5, "with all that has a date");
    let years = rows(&rig, "days");
    assert_eq!(titles(&years), ["2026", "2025"], "the newest year first");
    let months = rows(&rig, &years[0].id);
    assert_eq!(titles(&months), ["March 2026"]);
    let weeks = rows(&rig, &months[0].id);
    assert_eq!(titles(&weeks), ["2–8 March 2026", "16–22 March 2026"]);
    let days = rows(&rig, &weeks[0].id);
    assert_eq!(
        titles(&days),
        ["Monday 2 March 2026", "Wednesday 4 March 2026"]
    );
    let passages = rows(&rig, &days[0].id);
    assert_eq!(passages.len(), 2);
    assert_eq!(passages[0].kind, RowKind::Chunk, "down to the passages");
    let monday = said(&rig, "Monday 2 March 2026");
    assert!(monday.contains("heron"), "of that day's own: {monday}");
    assert!(!monday.contains("clock"), "and of no other's: {monday}");
    let view = rig
        .engine
        .tree(&At::parse(&days[1].id).unwrap(), 0, 10)
        .unwrap();
    let path: Vec<&str> = view.path.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(
        path,
        [
            "Days",
            "2026",
            "March 2026",
            "2–8 March 2026",
            "Wednesday 4 March 2026"
        ]
    );
    let positions: Vec<u32> = view.trail.iter().map(|step| step.position).collect();
    assert_eq!(positions, [0, 0, 0, 0, 1], "where each stands");
    let source = rig
        .engine
        .tree(&At::parse(&roots.rows[1].id).unwrap(), 0, 1)
        .unwrap();
    assert_eq!(
        source.trail[0].position, 1,
        "the sources stand after the days"
    );
}

#[test]
fn a_day_is_not_summed_up_before_it_is_over() {
    let place = Place::new();
    let rig = place.start_gathering(1);
    // The clock shows a morning of 18 November 2026.
    place.say(
        &rig,
        "The first frost came in the night.",
        "2026-11-18T01:00:00Z",
    );
    place.say(
        &rig,
        "The stove was lit for the first time.",
        "2026-11-17T20:00:00Z",
    );
    rig.grown();
    let today = "Wednesday 18 November 2026";
    assert_eq!(find(&rig, today).map(|row| row.title), None, "it goes on");
    let days = rows(&rig, "days");
    assert_eq!(days[0].kind, RowKind::Waiting, "what it has so far waits");
    let waiting = rows(&rig, &days[0].id);
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].preview.contains("frost"), "and can be seen");
    let year = At::parse(&days[1].id).unwrap();
    let trail = rig.engine.tree(&year, 0, 1).unwrap().trail;
    assert_eq!(trail[1].position, 1, "the years stand after it");
    assert!(
        find(&rig, "Tuesday 17 November 2026").is_some(),
        "yesterday"
    );
    place.clock.advance(DAY);
    rig.engine.look_after_jobs().unwrap();
    rig.grown();
    assert!(find(&rig, today).is_some(), "it is over");
    place.assert_gathered();
    assert_eq!(find(&rig, "2026").unwrap().passages, 2, "and told above");
}

#[test]
fn what_comes_late_is_taken_into_its_day_and_the_day_keeps_its_id() {
    let place = Place::new();
    let rig = place.start_gathering(2);
    place.say(
        &rig,
        "The ferry sailed at noon with all the lamps lit.",
        "2026-03-02T12:00:00Z",
    );
    rig.grown();
    let title = "Monday 2 March 2026";
    let before =
        [title, "2–8 March 2026", "March 2026", "2026"].map(|of| find(&rig, of).unwrap().id);
    place.say(
        &rig,
        "A heron stood in the reeds the whole morning.",
        "2026-03-02T08:00:00Z",
    );
    rig.grown();
    let after =
        [title, "2–8 March 2026", "March 2026", "2026"].map(|of| find(&rig, of).unwrap().id);
    assert_eq!(before, after, "links to them go on leading there");
    assert_eq!(said(&rig, title).matches('.').count(), 2, "both are said");
    assert!(said(&rig, "2026").contains("heron"), "up to the year");
    let passages = rows(&rig, &after[0]);
    assert!(
        passages[0].preview.contains("heron"),
        "in the order of the day"
    );
    place.assert_gathered();
}

#[test]
fn a_day_with_very_many_passages_is_summed_up_in_parts() {
    let place = Place::new();
    let model = Arc::new(ScriptedSummariser::default());
    let rig = place.start_growing(2, model.clone(), || TimeZone::UTC);
    let count = LEAF * 9 + 5;
    for number in 0..count {
        let at = UnixMs(1_772_409_600_000 + number as i64 * 60_000).to_rfc3339();
        place.say(&rig, &file_text(number, "long"), &at);
    }
    rig.grown();
    place.assert_gathered();
    let title = "Monday 2 March 2026";
    let day = find(&rig, title).unwrap();
    assert_eq!(day.passages as usize, count, "all of it");
    assert!(
        day.children <= LEAF_ITEMS_MAX,
        "but not at once: {}",
        day.children
    );
    // One more does not have all the others made anew.
    let nodes = "SELECT count(*) FROM nodes n JOIN periods p ON p.tree_id = n.tree_id WHERE n.id <> coalesce(p.root_id, -1)";
    let parts = place.count(nodes);
    place.say(&rig, &file_text(count, "late"), "2026-03-02T23:00:00Z");
    let calls = model.calls();
    rig.grown();
    assert_eq!(find(&rig, title).unwrap().passages as usize, count + 1);
    assert!(
        place.count(nodes) - parts <= 1,
        "the parts stay as they are"
    );
    assert!(
        model.calls() - calls <= 5,
        "{} calls",
        model.calls() - calls
    );
    place.assert_gathered();
}

#[test]
fn a_passage_without_a_date_belongs_to_no_day() {
    let place = Place::new();
    let rig = place.start_gathering(1);
    rig.note("The spare key hangs behind the door of the shed.");
    rig.grown();
    place.assert_gathered();
    let dated = place.count("SELECT count(*) FROM chunks WHERE happened_at IS NOT NULL");
    let periods = place.count("SELECT count(*) FROM periods WHERE rank = 0");
    assert_eq!(dated, periods, "its day is that of a date, if it has one");
}

#[test]
fn another_clock_puts_to_another_day_what_it_shows_on_another() {
    let place = Place::new();
    let rig = place.start_gathering(1);
    place.say(
        &rig,
        "The ferry sailed long before the sun was up.",
        "2026-03-02T23:30:00Z",
    );
    place.say(
        &rig,
        "A heron stood in the reeds the whole morning.",
        "2026-03-02T08:00:00Z",
    );
    place.say(
        &rig,
        "Nobody knows at what hour the letter came.",
        "2026-03-01T00:00:00Z",
    );
    rig.grown();
    let monday = "Monday 2 March 2026";
    assert_eq!(find(&rig, monday).unwrap().passages, 2);
    let (day, sunday) = (
        find(&rig, monday).unwrap().id,
        find(&rig, "Sunday 1 March 2026").unwrap().id,
    );
    drop(rig);
    let rig = place.start_growing(1, Arc::new(Extractive), || {
        TimeZone::get("Europe/Berlin").unwrap()
    });
    rig.grown();
    assert_eq!(find(&rig, monday).unwrap().passages, 1, "one has left");
    assert_eq!(find(&rig, monday).unwrap().id, day, "the day itself stays");
    assert!(
        !said(&rig, monday).contains("ferry"),
        "and says it no longer"
    );
    assert!(
        said(&rig, "Tuesday 3 March 2026").contains("ferry"),
        "the next day does"
    );
    assert_eq!(
        find(&rig, "Sunday 1 March 2026").unwrap().id,
        sunday,
        "a day whose hour nobody stated is that day everywhere"
    );
    drop(rig);
    let rig = place.start_gathering(1);
    rig.grown();
    assert_eq!(find(&rig, monday).unwrap().passages, 2, "and back");
    assert_eq!(
        find(&rig, "Tuesday 3 March 2026").map(|row| row.title),
        None,
        "a day on which nothing is left is gone"
    );
    place.assert_gathered();
}

#[test]
fn what_is_removed_leaves_its_days_at_once() {
    let place = Place::new();
    let rig = place.start_gathering(2);
    let samples = tempfile::tempdir().unwrap();
    for number in 0..LEAF * 2 {
        let text = format!(
            "---\ndate: 2026-03-0{}\n---\n{}",
            2 + number % 3,
            file_text(number, "sample")
        );
        std::fs::write(samples.path().join(format!("{number}.md")), text).unwrap();
    }
    place.say(
        &rig,
        "The ferry sailed at noon with all the lamps lit.",
        "2026-03-02T12:00:00Z",
    );
    rig.grown();
    let before = ["2026", "Monday 2 March 2026"].map(|of| find(&rig, of).unwrap().id);
    rig.engine.start_samples(samples.path()).unwrap();
    rig.grown();
    assert!(said(&rig, "2026").contains("sample"), "they are told of");
    place.assert_gathered();
    let ledger = rig.engine.ledger().unwrap();
    let id = ledger
        .into_iter()
        .find(|row| row.source.kind == SourceKind::Samples)
        .unwrap()
        .source
        .id;
    rig.engine.pause_work().unwrap();
    rig.engine.remove_source(&id).unwrap();
    assert_eq!(
        place.count("SELECT count(*) FROM nodes WHERE text LIKE '%sample%'"),
        0,
        "nothing says it any more, before anything is made anew"
    );
    assert_eq!(
        find(&rig, "Tuesday 3 March 2026").map(|row| row.title),
        None,
        "gone"
    );
    rig.engine.resume_work().unwrap();
    rig.grown();
    place.assert_gathered();
    let after = ["2026", "Monday 2 March 2026"].map(|of| find(&rig, of).unwrap().id);
    assert_eq!(before, after, "what is left is where it was");
    assert_eq!(find(&rig, "2026").unwrap().passages, 1);
}

#[test]
fn a_memory_that_never_had_days_gets_them_at_its_next_start() {
    let place = Place::new();
    let rig = place.start(2);
    for number in 0..LEAF * 3 {
        let at = UnixMs(1_772_409_600_000 + number as i64 * 40_000_000).to_rfc3339();
        place.say(&rig, &file_text(number, "old"), &at);
    }
    rig.idle();
    assert_eq!(place.count("SELECT count(*) FROM periods"), 0, "none yet");
    drop(rig);
    let rig = place.start_gathering(2);
    rig.grown();
    assert_eq!(find(&rig, "2026").unwrap().passages as usize, LEAF * 3);
    place.assert_gathered();
}

#[test]
fn what_leaves_while_its_day_is_thought_about_is_not_told_of() {
    let place = Place::new();
    let model = Arc::new(GatedSummariser::default());
    let rig = place.start_growing(2, model.clone(), || TimeZone::UTC);
    let dated = |text: &str| format!("---\ndate: 2026-03-02\n---\n{text}");
    place.write(
        "a.md",
        &dated("The ferry sailed at noon with all the lamps lit.\n"),
    );
    place.write(
        "b.md",
        &dated("A heron stood in the reeds the whole morning.\n"),
    );
    model.gate.hold_call(1);
    rig.import();
    model.gate.wait_held();
    place.write(
        "a.md",
        &dated("The letter from Lisbon came with the evening post.\n"),
    );
    let batch = rig.import();
    rig.until_ended(&batch);
    model.gate.open();
    rig.grown();
    let told = said(&rig, "Monday 2 March 2026");
    assert!(told.contains("letter") && told.contains("heron"), "{told}");
    assert!(!told.contains("ferry"), "what it says now alone: {told}");
    place.assert_gathered();
}

#[test]
fn a_model_that_is_away_makes_no_day_wait_and_its_days_are_made_anew() {
    let place = Place::new();
    let model = ScriptedSummariser::playing(&[Act::Away, Act::StandIn, Act::Refuse, Act::Panic]);
    let rig = place.start_growing(1, model.clone(), || TimeZone::UTC);
    place.say(
        &rig,
        "The ferry sailed at noon with all the lamps lit.",
        "2026-03-02T12:00:00Z",
    );
    place.say(
        &rig,
        "A heron stood in the reeds the whole morning.",
        "2026-03-02T08:00:00Z",
    );
    rig.grown();
    assert_eq!(
        find(&rig, "2026").unwrap().passages,
        2,
        "it was made all the same"
    );
    rig.engine.look_after_jobs().unwrap();
    for _ in 0..5 {
        rig.grown();
        rig.engine.look_after_jobs().unwrap();
    }
    rig.grown();
    place.assert_gathered();
}

#[test]
fn while_the_work_is_paused_no_passage_is_put_to_its_day() {
    let place = Place::new();
    let rig = place.start_gathering(1);
    rig.engine.pause_work().unwrap();
    place.say(
        &rig,
        "The ferry sailed at noon with all the lamps lit.",
        "2026-03-02T12:00:00Z",
    );
    assert!(!rig.engine.wait_until_grown(|| true).unwrap(), "it rests");
    assert_eq!(place.count("SELECT count(*) FROM periods"), 0);
    rig.engine.resume_work().unwrap();
    rig.grown();
    assert!(find(&rig, "2026").is_some(), "and goes on");
}

#[test]
fn files_that_say_another_date_each_time_are_at_the_day_they_say() {
    let place = Place::new();
    let rig = place.start_growing(2, Arc::new(Extractive), || TimeZone::UTC);
    for round in 0..3 {
        for number in 0..LEAF {
            let day = 2 + (number + round) % 5;
            let text = format!(
                "---\ndate: 2026-03-0{day}\n---\n{}",
                file_text(number, "kept")
            );
            place.write(&format!("{number}.md"), &text);
        }
        rig.import_to_the_end();
        rig.grown();
        place.assert_gathered();
    }
}

#[test]
fn what_a_damage_has_taken_keeps_no_day_from_its_end() {
    let place = Place::new();
    let rig = place.start_gathering(1);
    let kept = "The ferry sailed at noon with all the lamps lit.";
    place.say(&rig, kept, "2026-03-02T12:00:00Z");
    for (text, at) in [
        (
            "A heron stood in the reeds the whole morning.",
            "2026-03-02T08:00:00Z",
        ),
        (
            "Nobody had wound the clock in the hall since then.",
            "2026-03-05T09:00:00Z",
        ),
    ] {
        place.say(&rig, text, at);
    }
    rig.grown();
    rig.engine.pause_work().unwrap();
    place
        .raw()
        .execute_batch(
            "PRAGMA foreign_keys = 0;
             DELETE FROM chunks WHERE text NOT LIKE '%ferry%';
             INSERT INTO buffer_items (tree_id, level, chunk_id, tokens, appended_at, branch)
             SELECT x.tree_id, 0, n.chunk_id, 5, 0, 1 FROM node_children n JOIN nodes x ON x.id = n.node_id
             JOIN chunks c ON c.id = n.chunk_id WHERE n.branch = 1;
             UPDATE periods SET changed = 1;",
        )
        .unwrap();
    rig.engine.resume_work().unwrap();
    rig.grown();
    assert_eq!(said(&rig, "Monday 2 March 2026"), kept, "what is there");
    assert_eq!(
        find(&rig, "Thursday 5 March 2026").map(|row| row.title),
        None,
        "of the other day there is nothing"
    );
    assert_eq!(find(&rig, "2026").unwrap().passages, 1);
    assert_eq!(
        place.count("SELECT count(*) FROM buffer_items WHERE branch = 1 AND level = 0"),
        0,
        "and what waited though it was summed up waits no more"
    );
}

#[test]
fn the_doctor_hangs_what_is_of_a_day_back_where_it_belongs() {
    let place = Place::new();
    let rig = place.start_gathering(1);
    for (text, at) in [
        (
            "The ferry sailed at noon with all the lamps lit.",
            "2026-03-02T12:00:00Z",
        ),
        (
            "Nobody had wound the clock in the hall since then.",
            "2026-03-05T09:00:00Z",
        ),
    ] {
        place.say(&rig, text, at);
    }
    rig.grown();
    place
        .raw()
        .execute_batch(
            "DELETE FROM node_children WHERE child_id = (SELECT min(root_id) FROM periods WHERE rank = 0);
             DELETE FROM buffer_items WHERE child_id = (SELECT root_id FROM periods WHERE rank = 3);",
        )
        .unwrap();
    mend(&rig, FixCode::SetAsideOrphans);
    rig.grown();
    place.assert_gathered();
    assert_eq!(find(&rig, "2026").unwrap().passages, 2, "all of it");
}
