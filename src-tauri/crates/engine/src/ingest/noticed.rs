//! What was noticed while a document was read, in words for the report.

use oldgrowth_domain::canonical::{LeftOut, Warning};
use oldgrowth_store::table::jobs::Reason;

pub(super) fn noticed(warnings: &[Warning]) -> Option<Reason> {
    let words: Vec<String> = warnings.iter().map(|warning| words(*warning)).collect();
    (!words.is_empty()).then(|| Reason {
        code: "noticed".to_owned(),
        words: words.join("; "),
    })
}

fn words(warning: Warning) -> String {
    match warning {
        Warning::ReplacedCharacters(count) => format!(
            "{count} characters could not be read in its encoding and were replaced by \u{FFFD}"
        ),
        Warning::DroppedNulls(count) => format!("{count} null characters were dropped"),
        Warning::FlattenedNesting => "very deep nesting was read as if it were flat".to_owned(),
        Warning::LeftBranches(count) => format!(
            "{} on branches that were left, kept after the others",
            counted(count, "message lies", "messages lie")
        ),
        Warning::RepeatedMessages(count) => format!(
            "{} more than once, kept once",
            counted(count, "message came", "messages came")
        ),
        Warning::UndatedMessages(count) => {
            format!("{} no time", counted(count, "message says", "messages say"))
        }
        Warning::LeftOut(what, count) => format!("left out: {}", left_out(what, count)),
    }
}

fn left_out(what: LeftOut, count: usize) -> String {
    match what {
        LeftOut::Image => counted(count, "image", "images"),
        LeftOut::Recording => counted(count, "recording", "recordings"),
        LeftOut::Attachment => counted(count, "added file", "added files"),
        LeftOut::ToolStep => counted(count, "step of a tool", "steps of tools"),
        LeftOut::Thinking => counted(count, "note on thinking", "notes on thinking"),
        LeftOut::Hidden => counted(count, "hidden message", "hidden messages"),
        LeftOut::Unknown => counted(count, "part of an unknown kind", "parts of unknown kinds"),
    }
}

fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
