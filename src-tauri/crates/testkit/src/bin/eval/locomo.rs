//! LoCoMo (Maharana and others, 2024; snap-research/locomo): dialogues of two people over months, and questions with the
//! turns that hold the evidence.
//!
//! A session is imported as a conversation, a turn as a message with its author and its date, the caption of a photo in
//! brackets after the words. What a question is worth is counted by turns. Ids of evidence that are written in other ways
//! are mended, those of no turn dropped, and questions without evidence left out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::measure::{LOOKED_AT, Table, Worth};
use crate::memory::{By, Memory};

#[derive(Deserialize)]
struct Sample {
    sample_id: String,
    conversation: Map<String, Value>,
    qa: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    question: String,
    #[serde(default)]
    evidence: Vec<String>,
    category: u32,
}

#[derive(Deserialize)]
struct Turn {
    dia_id: String,
    speaker: String,
    text: String,
    blip_caption: Option<String>,
}

/// The session of a sample, and the number of the turn in it.
type TurnId = (u32, u32);

/// The file of an export, in its folder.
pub(crate) const EXPORT: &str = "conversations.json";

const ADVERSARIAL: u32 = 5;

#[expect(
    clippy::expect_used,
    reason = "a measurement that can't be set up must stop"
)]
fn samples(file: &Path) -> Vec<Sample> {
    let bytes = std::fs::read(file).expect("the file is there");
    serde_json::from_slice(&bytes).expect("it has the shape of LoCoMo's")
}

/// Each conversation: its name, the folder of its export, and all questions about it.
#[expect(
    clippy::expect_used,
    reason = "a measurement that can't be set up must stop"
)]
pub(crate) fn each(file: &Path) -> Vec<(String, tempfile::TempDir, Vec<String>)> {
    let of = |sample: Sample| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        exported(std::slice::from_ref(&sample), folder.path());
        let questions = sample.qa.into_iter().map(|one| one.question).collect();
        (sample.sample_id, folder, questions)
    };
    samples(file).into_iter().map(of).collect()
}

#[expect(
    clippy::expect_used,
    reason = "a measurement that can't be set up must stop"
)]
fn exported(samples: &[Sample], folder: &Path) -> PathBuf {
    let chats: Vec<Value> = samples.iter().flat_map(conversations).collect();
    let export = folder.join(EXPORT);
    std::fs::write(&export, Value::from(chats).to_string()).expect("the export is written");
    export
}

pub(crate) fn measure(file: &Path, pooled: bool, by: By) -> Table {
    let samples = samples(file);
    let sets: Vec<&[Sample]> = match pooled {
        true => vec![&samples],
        false => samples.chunks(1).collect(),
    };
    let mut table = Table::default();
    table.row("all of 1 to 4");
    for category in 1..=ADVERSARIAL {
        table.row(name_of(category));
    }
    for set in sets {
        ask_all(set, by, &mut table);
    }
    table
}

fn name_of(category: u32) -> &'static str {
    match category {
        1 => "1, several passages",
        2 => "2, time",
        3 => "3, open",
        4 => "4, one passage",
        _ => "5, adversarial",
    }
}

#[expect(
    clippy::expect_used,
    reason = "a measurement that can't be set up must stop"
)]
fn ask_all(samples: &[Sample], by: By, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let memory = Memory::of(&[exported(samples, folder.path())], by);
    for sample in samples {
        let turns = turns_of(sample);
        for question in &sample.qa {
            let wanted: HashSet<(&str, TurnId)> = question
                .evidence
                .iter()
                .flat_map(|evidence| turn_ids(evidence))
                .filter_map(|id| Some((sample.sample_id.as_str(), *turns.get(&id)?)))
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let order = found(&memory, question, samples);
            let worth = Worth::of(&order, &wanted);
            table.add(name_of(question.category), worth);
            if question.category != ADVERSARIAL {
                table.add("all of 1 to 4", worth);
                table.add(&format!("{}, 1 to 4", sample.sample_id), worth);
            }
        }
    }
}

/// The turns of the passages that answer, the best first, each once.
#[expect(clippy::expect_used, reason = "each passage was imported by this")]
fn found<'s>(
    memory: &Memory,
    question: &Question,
    samples: &'s [Sample],
) -> Vec<(&'s str, TurnId)> {
    let mut order = Vec::new();
    for hit in memory.ask(&question.question) {
        let place = hit.place.expect("it was found at a place");
        let (_, id) = place.item.split_once(':').expect("the key of a service");
        let (sample, session) = id.rsplit_once('_').expect("the id of a session");
        let sample = samples
            .iter()
            .find(|known| known.sample_id == sample)
            .expect("a sample");
        let session = session.parse().expect("the number of a session");
        let turn = (sample.sample_id.as_str(), (session, hit.chunk.lines.first));
        if !order.contains(&turn) {
            order.push(turn);
        }
    }
    order.truncate(LOOKED_AT);
    order
}

/// The sessions of a sample that were held, with their dates in seconds.
#[expect(clippy::expect_used, reason = "it has the shape of LoCoMo's")]
fn sessions(sample: &Sample) -> BTreeMap<u32, (i64, Vec<Turn>)> {
    let of = |(name, value): (&String, &Value)| {
        let number: u32 = name.strip_prefix("session_")?.parse().ok()?;
        let turns: Vec<Turn> = serde_json::from_value(value.clone()).ok()?;
        let date = sample
            .conversation
            .get(&format!("session_{number}_date_time"));
        let date = date
            .and_then(Value::as_str)
            .expect("each session has its date");
        Some((number, (seconds(date), turns)))
    };
    sample.conversation.iter().filter_map(of).collect()
}

/// Of `1:56 pm on 8 May, 2023`.
#[expect(clippy::expect_used, reason = "it has the shape of LoCoMo's")]
fn seconds(date: &str) -> i64 {
    let at = DateTime::strptime("%I:%M %p on %d %B, %Y", date).expect("a date as LoCoMo writes it");
    let at = at.to_zoned(TimeZone::UTC).expect("a time of the calendar");
    at.timestamp().as_second()
}

/// As the export of a chat service, one conversation a session. A message with no words at all is none.
fn conversations(sample: &Sample) -> Vec<Value> {
    let of = |(number, (begun, turns)): (u32, (i64, Vec<Turn>))| {
        let mut mapping = Map::new();
        let mut parent = None;
        for (turn, at) in turns.iter().zip(begun..) {
            let message = json!({
                "author": { "role": "user", "name": turn.speaker },
                "create_time": at,
                "content": { "content_type": "text", "parts": [text_of(turn)] },
            });
            mapping.insert(
                turn.dia_id.clone(),
                json!({ "parent": parent, "message": message }),
            );
            parent = Some(turn.dia_id.clone());
        }
        json!({
            "id": format!("{}_{number}", sample.sample_id), "title": format!("Session {number}"),
            "create_time": begun, "update_time": begun, "mapping": mapping, "current_node": parent,
        })
    };
    sessions(sample).into_iter().map(of).collect()
}

fn text_of(turn: &Turn) -> String {
    match &turn.blip_caption {
        Some(caption) => format!("{} [shared a photo: {caption}]", turn.text),
        None => turn.text.clone(),
    }
}

/// By the id of each turn, the session and the number of the message that it has become.
fn turns_of(sample: &Sample) -> HashMap<TurnId, TurnId> {
    let mut turns = HashMap::new();
    for (session, (_, said)) in sessions(sample) {
        let with_words = said.iter().filter(|turn| !text_of(turn).trim().is_empty());
        for (turn, message) in with_words.zip(1..) {
            for id in turn_ids(&turn.dia_id) {
                turns.insert(id, (session, message));
            }
        }
    }
    turns
}

/// All ids that a string names: `D1:3`, and as they are written now and then, `D8:6; D9:17`, `D30:05`, `D:11:26`.
fn turn_ids(text: &str) -> Vec<TurnId> {
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    text.split('D')
        .skip(1)
        .filter_map(|id| {
            let (session, turn) = id.strip_prefix(':').unwrap_or(id).split_once(':')?;
            Some((number(session)?, number(turn)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_however_they_are_written() {
        assert_eq!(turn_ids("D1:3"), [(1, 3)]);
        assert_eq!(
            turn_ids("D8:6; D9:17 D10:2"),
            [(8, 6), (9, 17), (10, 2)],
            "several in one"
        );
        assert_eq!(turn_ids("D30:05"), [(30, 5)]);
        assert_eq!(turn_ids("D:11:26"), [(11, 26)]);
        assert!(turn_ids("D").is_empty(), "names no turn");
    }

    #[test]
    fn a_date_is_read_as_it_is_written() {
        assert_eq!(seconds("1:56 pm on 8 May, 2023"), 1_683_554_160);
    }

    #[test]
    fn what_was_imported_is_found_again_by_its_turn() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("set.json");
        let turn = |id: &str, speaker: &str, text: &str| json!({ "dia_id": id, "speaker": speaker, "text": text });
        let set = json!([{
            "sample_id": "one",
            "conversation": {
                "speaker_a": "Ana", "session_1_date_time": "1:56 pm on 8 May, 2023", "session_2_date_time": "1:14 pm on 25 May, 2023",
                "session_1": [turn("D1:1", "Ana", "The heron came back."), turn("D1:2", "Ben", ""), turn("D1:3", "Ben", "To the old mill?")],
                "session_2": [turn("D2:1", "Ana", "I have sold the boat.")],
            },
            "qa": [
                { "question": "Who sold a boat?", "evidence": ["D2:1"], "category": 4 },
                { "question": "Where is the mill?", "evidence": ["D1:3"], "category": 1 },
                { "question": "What mill?", "evidence": ["D9:3"], "category": 1 },
                { "question": "Whose mill?", "evidence": ["D1:3"], "category": 5 },
            ],
        }]);
        std::fs::write(&file, set.to_string()).unwrap();
        for pooled in [false, true] {
            let page = measure(&file, pooled, By::Words).page();
            for row in [
                "| all of 1 to 4 | 2 | 1.000",
                "| 1, several passages | 1 | 1.000",
                "| 5, adversarial | 1 | 1.000",
                "| one, 1 to 4 | 2 | 1.000",
            ] {
                assert!(page.contains(row), "{row} in {page}");
            }
        }
    }
}
