//! `oldgrowth watch` and `oldgrowth samples`.

use std::path::Path;

use oldgrowth_wire::{
    Empty, ErrorCode, Id, Ledger, Request, SourceRemoval, SourceRow, SourceWatch, WireError,
};

use super::Ended;
use super::output::Output;
use crate::session::Session;
use crate::words::wire_error;

pub(super) fn watch(
    mut session: Session,
    named: Option<String>,
    on: bool,
    output: &Output,
) -> Result<Ended, WireError> {
    let ledger: Ledger = session.call(Request::Ledger(Empty {}))?;
    let Some(named) = named else {
        output.watched(&ledger);
        return Ok(Ended::Well);
    };
    let id = named_source(&ledger, &named)?.id.clone();
    let ledger: Ledger = session.call(Request::SourceWatch(SourceWatch { id: id.clone(), on }))?;
    let changed = ledger.sources.into_iter().filter(|row| row.id == id);
    output.watched(&Ledger {
        sources: changed.collect(),
    });
    Ok(Ended::Well)
}

pub(super) fn samples(
    mut session: Session,
    remove: bool,
    output: &Output,
) -> Result<Ended, WireError> {
    let ledger: Ledger = session.call(Request::Ledger(Empty {}))?;
    let mut sum = SourceRemoval {
        documents: 0,
        passages: 0,
        summaries: 0,
        kept: 0,
    };
    let samples = ledger.sources.iter().filter(|row| row.kind == "samples");
    let ids: Vec<Id> = samples.map(|row| Id { id: row.id.clone() }).collect();
    let there = !ids.is_empty();
    for id in ids {
        let one: SourceRemoval = session.call(if remove {
            Request::SourceRemove(id)
        } else {
            Request::SourceRemoval(id)
        })?;
        sum.documents += one.documents;
        sum.passages += one.passages;
        sum.summaries += one.summaries;
        sum.kept += one.kept;
    }
    output.samples(there.then_some(&sum), remove);
    Ok(Ended::Well)
}

/// By its id, its folder or its name, in this order.
fn named_source<'l>(ledger: &'l Ledger, named: &str) -> Result<&'l SourceRow, WireError> {
    let folder = Path::new(named)
        .canonicalize()
        .map(|path| path.to_string_lossy().replace('\\', "/"));
    let is_folder = |row: &&SourceRow| folder.as_ref().is_ok_and(|f| row.path.as_ref() == Some(f));
    let sources = &ledger.sources;
    if let Some(found) = sources
        .iter()
        .find(|row| row.id == named)
        .or_else(|| sources.iter().find(is_folder))
    {
        return Ok(found);
    }
    let lower = named.to_lowercase();
    let mut alike = sources
        .iter()
        .filter(|row| row.name.to_lowercase() == lower);
    match (alike.next(), alike.next()) {
        (Some(found), None) => Ok(found),
        (Some(_), Some(_)) => Err(wire_error(
            ErrorCode::Usage,
            "more than one source has this name",
            Some("use its id instead; oldgrowth watch lists them"),
        )),
        (None, _) => Err(wire_error(
            ErrorCode::NotFound,
            format!("{named} is no source of this memory"),
            Some("import the folder first; oldgrowth watch lists the sources there are"),
        )),
    }
}
