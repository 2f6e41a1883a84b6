//! One memory with all its passages, page by page.

use oldgrowth_wire::{Near, ShowAt, Shown, WireError};

use super::output::hint;

/// How many passages a call brings; a reply has a longest line.
const PASSAGES_AT_A_TIME: u32 = 200;

pub(super) fn whole(
    id: &str,
    show: &mut dyn FnMut(ShowAt) -> Result<Shown, WireError>,
) -> Result<Shown, WireError> {
    let at = |from: usize| ShowAt {
        id: id.to_owned(),
        from: u32::try_from(from).ok(),
        limit: Some(PASSAGES_AT_A_TIME),
    };
    let mut shown = show(at(0))?;
    while let Shown::Document { chunks, total, .. } = &mut shown
        && chunks.len() < *total as usize
    {
        match show(at(chunks.len()))? {
            Shown::Document { chunks: page, .. } if !page.is_empty() => chunks.extend(page),
            _ => break,
        }
    }
    Ok(shown)
}

/// What is near to it; of a summary, that is what it was made from. Where nobody can say it, the rest is shown all the same.
pub(super) fn near(shown: &Shown, ask: impl FnOnce() -> Result<Near, WireError>) -> Option<Near> {
    if matches!(shown, Shown::Summary { .. }) {
        return None;
    }
    let near = ask();
    near.inspect_err(|error| {
        hint(&format!(
            "What is near to it can't be said: {}",
            error.message
        ))
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use oldgrowth_wire::ErrorCode;
    use serde_json::json;

    use super::*;
    use crate::words::wire_error;

    #[test]
    fn what_is_near_takes_nothing_with_it_when_it_can_not_be_said() {
        let document = json!({
            "kind": "document", "id": "doc_1", "source": "src_1", "source_name": "Notes",
            "title": "A note", "format": "note", "happened_basis": "unknown",
            "imported_at": "2026-11-20T09:00:00Z", "sha256": "", "tags": [], "chunks": [],
            "first": 0, "total": 0, "tree": [],
        });
        let document: Shown = serde_json::from_value(document).unwrap();
        let lost = || Err(wire_error(ErrorCode::Unavailable, "it can't be read", None));
        assert_eq!(near(&document, lost), None);
    }
}
