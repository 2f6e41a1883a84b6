//! What a command prints: JSON for programs, words for people.

mod activity;
mod copies;
mod doctor;
mod models;
mod names;
mod network;
mod place;
mod recall;
mod reports;
mod shown;
mod sources;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use oldgrowth_wire::{
    Batch, BatchReport, BatchState, Event, Hit, Hits, ItemOutcome, Locator, NoteAdded, People,
    Settings, TreeRow, TreeRowKind, TreeView, WireError,
};
use serde::Serialize;
use serde_json::json;

pub(super) use self::models::for_it;
use crate::views::quoted;

/// How many items an import names one by one to a person.
const PROBLEMS_SHOWN_MAX: usize = 20;

#[derive(Debug)]
pub(super) struct Output {
    json: bool,
    /// An import tells of each document as JSON when nobody looks on.
    terminal: bool,
    /// The plan of an import has been told.
    planned: AtomicBool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            terminal: std::io::stdout().is_terminal(),
            planned: AtomicBool::new(false),
        }
    }

    pub(super) fn error(&self, error: &WireError) {
        if self.json {
            self.object(&json!({ "error": error }));
        }
        hint(&format!("oldgrowth: {}", error.message));
        if let Some(next) = &error.hint {
            hint(&format!("  {next}"));
        }
    }

    pub(super) fn added(&self, added: &NoteAdded) {
        if self.json {
            return self.object(added);
        }
        let what = if added.new {
            "Kept"
        } else {
            "This was kept already"
        };
        self.line(&format!(
            "{what}: {} ({})",
            added.document,
            passages(added.chunks)
        ));
    }

    pub(super) fn hits(&self, hits: &Hits) {
        if self.json {
            return self.object(hits);
        }
        if hits.hits.is_empty() {
            self.line(&format!(
                "Nothing in your memory mentions {}.",
                hits.terms.join(" or ")
            ));
        }
        for (number, hit) in (1..).zip(&hits.hits) {
            self.hit(number, hit);
        }
    }

    fn hit(&self, number: usize, hit: &Hit) {
        let date = hit.happened_at.as_deref().map_or("no date", day);
        self.line(&format!("[{number}] “{}”", one_line(&quoted(hit))));
        let said_by = said_by(hit.author.as_deref());
        self.line(&format!(
            "    {said_by}{} · {date} · {}",
            hit.title,
            place(&hit.locator)
        ));
        self.line(&format!("    {}", hit.chunk));
        self.line("");
    }

    pub(super) fn people(&self, people: &People) {
        if self.json {
            return self.object(people);
        }
        if people.people.is_empty() {
            self.line("Nobody yet. Those who speak in imported conversations are listed here.");
        }
        for person in &people.people {
            let sources: Vec<&str> = person.sources.iter().map(|one| one.name.as_str()).collect();
            let days = match (&person.first_at, &person.last_at) {
                (Some(first), Some(last)) => format!("{} to {}", day(first), day(last)),
                _ => "no date".to_owned(),
            };
            self.line(&format!(
                "{}  {} in {} · {days} · {}",
                person.author,
                passages(person.passages),
                counted(person.conversations, "conversation"),
                sources.join(", ")
            ));
        }
        if people.more {
            self.line("… and others, who say less");
        }
    }

    pub(super) fn tree(&self, view: &TreeView) {
        if self.json {
            return self.object(view);
        }
        if !view.path.is_empty() {
            let path: Vec<&str> = view.path.iter().map(|step| step.title.as_str()).collect();
            self.line(&path.join(" › "));
        }
        if view.rows.is_empty() {
            self.line("Nothing here yet.");
        }
        for row in &view.rows {
            self.line(&format!("{}  {}", row.id, row_words(row)));
        }
        let shown = u32::try_from(view.rows.len()).unwrap_or(u32::MAX);
        if view.total > shown {
            self.line(&format!("… and {} more", view.total - shown));
        }
    }

    pub(super) fn settings(&self, settings: &Settings) {
        if self.json {
            return self.object(settings);
        }
        let setting = &settings.long_reads_max;
        let whose = match setting.chosen {
            Some(_) => format!("set; the default is {}", setting.default),
            None => "the default".to_owned(),
        };
        self.line(&format!("long_reads_max  {}  ({whose})", setting.in_use));
        if let Some(problem) = &setting.problem {
            self.line(&format!("    {problem}"));
        }
    }

    pub(super) fn serving(&self, workspace: &Path) {
        if self.json {
            return self.object(
                &json!({ "event": "serving", "workspace": workspace.display().to_string() }),
            );
        }
        self.line(&format!(
            "Working on {}. Stop with Ctrl-C.",
            workspace.display()
        ));
    }

    pub(super) fn import_queued(&self, batch: &Batch) {
        if self.speaks_json() {
            return self
                .object(&json!({ "event": "queued", "batch": batch.id, "total": batch.total }));
        }
        let next = if batch.paused {
            "The work is paused; oldgrowth resume lets it go on."
        } else {
            "Follow it in the app."
        };
        self.line(&format!(
            "Queued {}: {}. {next}",
            to_read(batch),
            batch.label
        ));
    }

    /// Tells the plan, once, and then of each document; of this import only when one is named.
    pub(super) fn import_event(&self, event: &Event, only: Option<&str>) {
        let is_meant = |batch: &str| only.is_none_or(|only| only == batch);
        match event {
            Event::Batch(batch) if is_meant(&batch.id) && !self.planned.swap(true, Relaxed) => {
                self.import_planned(batch);
            }
            Event::Committed {
                batch,
                path,
                conversation,
                chunks,
                ..
            } if is_meant(batch) => {
                if self.speaks_json() {
                    self.object(event);
                } else {
                    let name = conversation.as_ref().unwrap_or(path);
                    self.line(&format!("  {name}  ({})", passages(*chunks)));
                }
            }
            _ => {}
        }
    }

    fn import_planned(&self, batch: &Batch) {
        if self.speaks_json() {
            return self.object(&json!({
                "event": "planned", "batch": batch.id, "items": batch.total - batch.skipped,
                "conversations": batch.conversations, "skipped": batch.skipped,
                "bytes": batch.bytes_total,
            }));
        }
        self.line(&format!(
            "Reading {}; {} passed over.",
            to_read(batch),
            batch.skipped
        ));
    }

    pub(super) fn import_ended(&self, report: &BatchReport) {
        let batch = &report.batch;
        if self.speaks_json() {
            let mut ended = json!({ "event": "done" });
            if let (Some(ended), Ok(serde_json::Value::Object(fields))) =
                (ended.as_object_mut(), serde_json::to_value(batch))
            {
                ended.extend(fields);
            }
            return self.object(&ended);
        }
        let not_read = |outcome| matches!(outcome, ItemOutcome::Failed | ItemOutcome::Skipped);
        let problems: Vec<_> = report
            .items
            .iter()
            .filter(|item| not_read(item.outcome))
            .collect();
        for item in problems.iter().take(PROBLEMS_SHOWN_MAX) {
            let word = if item.outcome == ItemOutcome::Failed {
                "failed"
            } else {
                "passed over"
            };
            self.line(&format!(
                "  {}  {word}: {}",
                item.path,
                item.message.as_deref().unwrap_or_default()
            ));
        }
        if problems.len() > PROBLEMS_SHOWN_MAX {
            self.line(&format!(
                "  … and {} more",
                problems.len() - PROBLEMS_SHOWN_MAX
            ));
        }
        let state = match batch.state {
            BatchState::Running if batch.paused => "is paused; oldgrowth resume lets it go on",
            BatchState::Running => "goes on",
            BatchState::Done => "done",
            BatchState::Failed => "done in part",
            BatchState::Cancelled => "cancelled",
        };
        self.line(&format!(
            "Import {state}: {} new, {} changed, {} unchanged, {} passed over, {} failed.",
            batch.new, batch.changed, batch.unchanged, batch.skipped, batch.failed
        ));
    }

    /// Nobody looks on who could answer a question.
    pub(super) fn is_for_programs(&self) -> bool {
        self.json
    }

    fn speaks_json(&self) -> bool {
        self.json || !self.terminal
    }

    fn object(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.line(&text),
            Err(_) => hint("oldgrowth: the answer could not be written down; a fault of ours"),
        }
    }

    /// One line, flushed at once: who reads it may act on it. A reader that is gone is no failure.
    fn line(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _reader_gone = writeln!(out, "{text}").and_then(|()| out.flush()).is_err();
    }
}

/// A word to the person beside the answer.
pub(super) fn hint(text: &str) {
    let _reader_gone = writeln!(std::io::stderr(), "{text}").is_err();
}

fn row_words(row: &TreeRow) -> String {
    match row.kind {
        TreeRowKind::Source | TreeRowKind::Branch | TreeRowKind::Topic => {
            format!("{} · {}", row.title, passages(row.passages))
        }
        TreeRowKind::Waiting => format!("waiting for a summary: {}", passages(row.passages)),
        TreeRowKind::Summary => format!("[{}] {}", passages(row.passages), row.title),
        TreeRowKind::Chunk => format!("{}: {}", row.title, row.preview),
    }
}

fn place(locator: &Locator) -> String {
    let service = locator.path.as_deref().and_then(service_of);
    let unit = if service.is_some() { "message" } else { "line" };
    let part = if locator.line_first == locator.line_last {
        format!("{unit} {}", locator.line_first)
    } else {
        format!("{unit}s {}–{}", locator.line_first, locator.line_last)
    };
    match service.or(locator.path.as_deref()) {
        Some(name) => format!("{name}, {part}"),
        None => part,
    }
}

/// A conversation is named by its service and the id it has there, and counted in messages.
fn service_of(path: &str) -> Option<&'static str> {
    let name = path.rsplit(['/', '\\']).next()?;
    match name.split_once(':')?.0 {
        "chatgpt" => Some("ChatGPT"),
        "claude" => Some("Claude"),
        _ => None,
    }
}

fn day(instant: &str) -> &str {
    instant.split_once('T').map_or(instant, |(day, _)| day)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn passages(count: u32) -> String {
    counted(count, "passage")
}

fn said_by(author: Option<&str>) -> String {
    author.map_or_else(String::new, |author| format!("{author} · "))
}

/// What an import reads, by its kinds.
fn to_read(batch: &Batch) -> String {
    let files = (batch.total - batch.skipped).saturating_sub(batch.conversations);
    match (batch.conversations, files) {
        (0, files) => counted(files, "file"),
        (conversations, 0) => counted(conversations, "conversation"),
        (conversations, files) => format!(
            "{} and {}",
            counted(conversations, "conversation"),
            counted(files, "file")
        ),
    }
}

fn counted(count: u32, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: Option<&str>, line_first: u32, line_last: u32) -> Locator {
        Locator {
            path: path.map(ToOwned::to_owned),
            line_first,
            line_last,
        }
    }

    #[test]
    fn an_import_counts_conversations_as_conversations_and_files_as_files() {
        let batch = |total, conversations, skipped| Batch {
            cause: oldgrowth_wire::BatchCause::Named,
            id: String::new(),
            label: String::new(),
            state: BatchState::Running,
            created_at: String::new(),
            ended_at: None,
            total,
            conversations,
            ended: 0,
            new: 0,
            changed: 0,
            unchanged: 0,
            skipped,
            failed: 0,
            cancelled: 0,
            reason: None,
            bytes_total: 0,
            bytes_ended: 0,
            rate: None,
            eta_seconds: None,
            paused: false,
        };
        for (batch, words) in [
            (batch(3, 0, 0), "3 files"),
            (batch(1, 1, 0), "1 conversation"),
            (batch(1_210, 1_204, 5), "1204 conversations and 1 file"),
            (batch(4, 0, 4), "0 files"),
        ] {
            assert_eq!(to_read(&batch), words);
        }
    }

    #[test]
    fn a_conversation_is_counted_in_messages_and_a_file_in_lines() {
        for (locator, words) in [
            (at(Some("/notes/a.md"), 3, 3), "/notes/a.md, line 3"),
            (at(Some("chatgpt:c-1"), 3, 3), "ChatGPT, message 3"),
            (at(Some("/exports/chatgpt:c-1"), 3, 3), "ChatGPT, message 3"),
            (
                at(Some("C:\\exports\\claude:c-1"), 1, 2),
                "Claude, messages 1–2",
            ),
            (
                at(Some("C:\\notes\\a.md"), 1, 2),
                "C:\\notes\\a.md, lines 1–2",
            ),
            (at(None, 1, 1), "line 1"),
        ] {
            assert_eq!(place(&locator), words, "{:?}", locator.path);
        }
    }
}
