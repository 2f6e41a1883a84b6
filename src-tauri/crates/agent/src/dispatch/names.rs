//! Whom and what the memory names.

use oldgrowth_domain::EntityId;
use oldgrowth_engine::Engine;
use oldgrowth_wire::{self as wire, ErrorCode};

use super::Reply;
use crate::views;
use crate::words::{explain, wire_error};

const NAMES_LIMIT: u32 = 100;
const PASSAGES_LIMIT: u32 = 20;

pub(super) fn list(engine: &Engine, asked: &wire::NamesAsked) -> Reply<wire::Names> {
    let found = engine
        .names(
            views::names::entity_kind(asked.kind),
            asked.part.as_deref().unwrap_or_default(),
            asked.offset.unwrap_or(0),
            asked.limit.unwrap_or(NAMES_LIMIT),
        )
        .map_err(|e| explain(&e))?;
    Ok(views::names::names(found))
}

pub(super) fn one(engine: &Engine, at: &wire::NameAt) -> Reply<wire::Name> {
    let missing = || {
        wire_error(
            ErrorCode::NotFound,
            "nothing in the memory names it, or no longer",
            Some("look for it in the list"),
        )
    };
    let id = EntityId::parse(&at.id).ok_or_else(missing)?;
    let limit = at.limit.unwrap_or(PASSAGES_LIMIT);
    match engine.name(&id, at.offset.unwrap_or(0), limit) {
        Ok(found) => Ok(views::names::name(found)),
        Err(oldgrowth_engine::Error::NotFound) => Err(missing()),
        Err(error) => Err(explain(&error)),
    }
}
