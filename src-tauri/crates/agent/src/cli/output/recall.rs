//! Answers.

use oldgrowth_wire::{Answer, Brief, Cite, Written};

use super::{Output, day, one_line, place};

impl Output {
    pub(in crate::cli) fn answer(&self, answer: &Answer) {
        if self.json {
            return self.object(answer);
        }
        for nothing in answer.nothing_then.iter().chain(&answer.nothing) {
            self.line(nothing);
        }
        for (number, found) in (1..).zip(&answer.hits) {
            self.hit(number, &found.hit);
        }
        for summary in &answer.summaries {
            let hits: Vec<String> = summary.hits.iter().map(|hit| format!("[{hit}]")).collect();
            let (of, title) = (&summary.of.title, &summary.title);
            self.line(&format!("Part of {of}: {title} · {}", hits.join(" ")));
            self.line(&format!("    {}", summary.id));
        }
    }

    pub(in crate::cli) fn brief(&self, brief: &Brief) {
        if self.json {
            return self.object(brief);
        }
        for nothing in brief.nothing_then.iter().chain(&brief.nothing) {
            self.line(nothing);
        }
        for (number, piece) in (1..).zip(&brief.pieces) {
            let kind = if piece.summary.is_some() {
                "Summary: "
            } else {
                ""
            };
            self.line(&format!("[{number}] {kind}{}", one_line(&piece.text)));
            self.cites(&piece.cites);
            self.line("");
        }
        if brief.left_out > 0 {
            let (one, count) = (brief.left_out == 1, brief.left_out);
            let left_out = if one {
                "1 passage more was found; there is no room for it.".to_owned()
            } else {
                format!("{count} passages more were found; there is no room for them.")
            };
            self.line(&left_out);
        }
    }

    fn cites(&self, cites: &[Cite]) {
        for cite in cites {
            let date = cite.happened_at.as_deref().map_or("no date", day);
            self.line(&format!(
                "    {} · {date} · {} · {}",
                cite.title,
                place(&cite.locator),
                cite.chunk
            ));
        }
    }

    pub(in crate::cli) fn written(&self, written: &Written) {
        if self.json {
            return self.object(written);
        }
        if let Some(nothing) = &written.nothing {
            self.line(nothing);
        }
        for sentence in &written.sentences {
            self.line(&one_line(&sentence.text));
            self.cites(&sentence.cites);
        }
        match (written.sentences.len(), written.left_out) {
            (0, _) | (_, 0) => {}
            (_, 1) => self.line("1 sentence was left out: no passage says so."),
            (_, count) => self.line(&format!(
                "{count} sentences were left out: no passage says so."
            )),
        }
        self.line(&format!("Written by {}.", written.by));
    }
}
