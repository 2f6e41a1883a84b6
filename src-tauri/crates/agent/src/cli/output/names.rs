//! Whom and what the memory names, on a terminal.

use oldgrowth_wire::{Name, NameRow, Names};

use super::{Output, counted, day, passages};

impl Output {
    pub(in crate::cli) fn names(&self, found: &Names, somebody_works: bool) {
        if self.json {
            return self.object(found);
        }
        if found.names.is_empty() {
            self.line("Nothing of that kind is named.");
        }
        for name in &found.names {
            self.line(&format!(
                "{}  {} · {}",
                name.id,
                name.name,
                where_named(name)
            ));
        }
        let shown = u32::try_from(found.names.len()).unwrap_or(u32::MAX);
        if found.total > shown {
            self.line(&format!("… and {} more", found.total - shown));
        }
        if found.left.passages > 0 {
            let how = if somebody_works {
                ""
            } else {
                "; that is done while the app, or oldgrowth serve, is running"
            };
            let left = passages(found.left.passages);
            self.line(&format!("Still to be looked through: {left}{how}."));
        }
        if found.left.failed > 0 {
            let failed = passages(found.left.failed);
            self.line(&format!("In {failed} no names could be looked for."));
        }
    }

    pub(in crate::cli) fn name(&self, found: &Name) {
        if self.json {
            return self.object(found);
        }
        let name = &found.name;
        self.line(&format!("{} · {}", name.name, where_named(name)));
        if found.written_as.len() > 1 {
            self.line(&format!("Written as {}", found.written_as.join(", ")));
        }
        let beside: Vec<&str> = found
            .beside
            .iter()
            .map(|one| one.name.name.as_str())
            .collect();
        if !beside.is_empty() {
            self.line(&format!("Named with {}", beside.join(", ")));
        }
        if let Some(topic) = &found.topic {
            self.line(&format!("Its tree: oldgrowth tree {topic}"));
        }
        self.line("");
        for (number, hit) in (1..).zip(&found.passages) {
            self.hit(number, hit);
        }
        let shown = u32::try_from(found.passages.len()).unwrap_or(u32::MAX);
        if found.passages_total > shown {
            let more = passages(found.passages_total - shown);
            self.line(&format!("… and {more} more"));
        }
    }
}

fn where_named(name: &NameRow) -> String {
    let days = match (&name.first_at, &name.last_at) {
        (Some(first), Some(last)) => format!("{} to {}", day(first), day(last)),
        _ => "no date".to_owned(),
    };
    format!(
        "{} in {} · {days}",
        counted(name.mentions, "mention"),
        counted(name.documents, "document")
    )
}
