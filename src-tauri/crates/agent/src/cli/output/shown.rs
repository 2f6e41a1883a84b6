//! One memory, whole, and what is near to it.

use oldgrowth_wire::{Meaning, Near, Shown};
use serde::Serialize;

use super::{Output, day, passages, place, said_by};

/// A memory as programs read it.
#[derive(Serialize)]
struct Whole<'w> {
    #[serde(flatten)]
    shown: &'w Shown,
    near: Option<&'w Near>,
}

impl Output {
    /// What is near to it may take a while to find, so that is asked for once the rest is there to be read.
    pub(in crate::cli) fn shown(&self, shown: &Shown, near: impl FnOnce() -> Option<Near>) {
        if self.json {
            let near = near();
            return self.object(&Whole {
                shown,
                near: near.as_ref(),
            });
        }
        match shown {
            Shown::Document {
                title,
                format,
                happened_at,
                imported_at,
                chunks,
                source_name,
                tags,
                replaced_by,
                ..
            } => {
                self.line(title);
                let date = happened_at.as_deref().map_or("no date", day);
                self.line(&format!(
                    "{format} · {date} · imported {} · from {source_name}",
                    day(imported_at)
                ));
                if !tags.is_empty() {
                    self.line(&format!("Tags: {}", tags.join(", ")));
                }
                if let Some(newer) = replaced_by {
                    self.line(&format!("An older version; the newer one is {newer}"));
                }
                for chunk in chunks {
                    self.line("");
                    let said_by = said_by(chunk.author.as_deref());
                    self.line(&format!(
                        "── {said_by}{} · {}",
                        place(&chunk.locator),
                        chunk.id
                    ));
                    self.line(&chunk.text);
                }
                if let Some(near) = near() {
                    self.near(&near);
                }
            }
            Shown::Summary {
                level,
                passages: count,
                sentences,
                source_name,
                ..
            } => {
                self.line(&format!(
                    "Summary of {} from {source_name}, level {level}",
                    passages(*count)
                ));
                for sentence in sentences {
                    self.line("");
                    self.line(&sentence.text);
                    self.line(&format!(
                        "    {} · {} · {}",
                        sentence.title,
                        place(&sentence.locator),
                        sentence.chunk
                    ));
                }
            }
        }
    }

    fn near(&self, near: &Near) {
        if !near.names.is_empty() {
            let names: Vec<&str> = near.names.iter().map(|one| one.name.as_str()).collect();
            self.line("");
            self.line(&format!("It names {}", names.join(", ")));
        }
        match near.similar_by {
            Meaning::No => {}
            Meaning::Yes | Meaning::Partly if near.similar.is_empty() => {}
            Meaning::Yes | Meaning::Partly => {
                self.line("");
                self.line("Similar memories");
                for similar in &near.similar {
                    let date = similar.happened_at.as_deref().map_or("no date", day);
                    self.line(&format!("  {} · {date} · {}", similar.title, similar.chunk));
                    self.line(&format!("    {}", similar.preview));
                }
            }
            Meaning::ToCome => {
                self.line("");
                self.line("Similar memories are not known yet.");
            }
        }
    }
}
