//! `oldgrowth people`: who speaks, and whom and what the memory names.

use oldgrowth_wire::{
    Empty, Name, NameAt, NameKind, Names, NamesAsked, People, Request, WireError,
};

use super::Ended;
use super::output::Output;
use crate::session::Session;

/// What every public id of a name begins with.
const ID_PREFIX: &str = "en_";

pub(super) fn people(
    mut session: Session,
    kind: Option<NameKind>,
    name: Option<String>,
    limit: Option<u32>,
    output: &Output,
) -> Result<Ended, WireError> {
    match (kind, name) {
        (None, Some(id)) if id.starts_with(ID_PREFIX) => {
            let offset = None;
            let found: Name = session.call(Request::Name(NameAt { id, offset, limit }))?;
            output.name(&found);
        }
        (None, None) => {
            let people: People = session.call(Request::People(Empty {}))?;
            output.people(&people);
        }
        (kind, part) => {
            let asked = NamesAsked {
                kind: kind.unwrap_or(NameKind::Person),
                part,
                offset: None,
                limit,
            };
            let found: Names = session.call(Request::Names(asked))?;
            output.names(&found, session.works());
        }
    }
    Ok(Ended::Well)
}
