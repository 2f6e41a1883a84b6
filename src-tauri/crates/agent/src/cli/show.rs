//! One memory with all its passages, page by page.

use oldgrowth_wire::{Near, NearAsked, Request, ShowAt, Shown, WireError};

use crate::session::Session;

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

/// What is near to it; of a summary, that is what it was made from.
pub(super) fn near(
    session: &mut Session,
    id: &str,
    shown: &Shown,
) -> Result<Option<Near>, WireError> {
    match shown {
        Shown::Document { .. } => {
            let asked = NearAsked {
                id: id.to_owned(),
                asker: None,
            };
            session.call(Request::Near(asked)).map(Some)
        }
        Shown::Summary { .. } => Ok(None),
    }
}
