//! Calls about sources: watching, reading again, names, what was not read, and the sample memories.

use oldgrowth_domain::SourceId;
use oldgrowth_engine::Engine;
use oldgrowth_wire::{self as wire, ErrorCode};

use super::{Reply, paths};
use crate::views;
use crate::words::{explain, wire_error};

pub(super) fn ledger(engine: &Engine) -> Reply<wire::Ledger> {
    Ok(views::ledger(engine.ledger().map_err(|e| explain(&e))?))
}

pub(super) fn samples(engine: &Engine, named: &wire::ImportPaths) -> Reply<wire::Batch> {
    let [folder] = paths(&named.paths)?
        .try_into()
        .map_err(|_| wire_error(ErrorCode::Usage, "the sample memories are one folder", None))?;
    Ok(views::batch(
        engine.start_samples(&folder).map_err(|e| explain(&e))?,
    ))
}

pub(super) fn watch(engine: &Engine, change: &wire::SourceWatch) -> Reply<wire::Ledger> {
    engine
        .watch_source(&source_id(&change.id)?, change.on)
        .map_err(|e| explain(&e))?;
    ledger(engine)
}

pub(super) fn read_again(engine: &Engine, id: &wire::Id) -> Reply<wire::Batch> {
    Ok(views::batch(
        engine
            .read_again(&source_id(&id.id)?)
            .map_err(|e| explain(&e))?,
    ))
}

pub(super) fn rename(engine: &Engine, change: &wire::SourceRename) -> Reply<wire::Ledger> {
    engine
        .rename_source(&source_id(&change.id)?, &change.name)
        .map_err(|e| explain(&e))?;
    ledger(engine)
}

pub(super) fn unread(engine: &Engine, at: &wire::UnreadAt) -> Reply<wire::Unread> {
    let list = engine
        .unread(
            &source_id(&at.id)?,
            at.reason.as_deref(),
            at.offset.unwrap_or(0),
        )
        .map_err(|e| explain(&e))?;
    Ok(views::unread(list))
}

pub(super) fn removal(engine: &Engine, id: &wire::Id) -> Reply<wire::SourceRemoval> {
    let removal = engine
        .removal(&source_id(&id.id)?)
        .map_err(|e| explain(&e))?;
    Ok(views::removal(removal))
}

pub(super) fn remove(engine: &Engine, id: &wire::Id) -> Reply<wire::SourceRemoval> {
    let removed = engine
        .remove_source(&source_id(&id.id)?)
        .map_err(|e| explain(&e))?;
    Ok(views::removal(removed))
}

fn source_id(id: &str) -> Reply<SourceId> {
    SourceId::parse(id)
        .ok_or_else(|| wire_error(ErrorCode::NotFound, "there is no such source", None))
}
