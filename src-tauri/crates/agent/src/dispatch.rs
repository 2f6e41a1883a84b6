//! Every call, whoever makes it, ends here: the window, the command line, another program.

mod copies;
mod sources;

use std::path::PathBuf;

use oldgrowth_domain::{BatchId, UnixMs};
use oldgrowth_engine::{Asked, At, Engine, Note, SettingChange};
use oldgrowth_wire::{self as wire, ErrorCode, Request, WireError};
use serde::Serialize;
use serde_json::Value;

use crate::dates::{DayEnd, instant};
use crate::views;
use crate::words::{explain, wire_error};

const SEARCH_LIMIT: u32 = 20;
const RECALL_LIMIT: u32 = 8;
const TREE_LIMIT: u32 = 200;

type Reply<T> = Result<T, WireError>;

pub(crate) fn answer(engine: &Engine, request: Request) -> Reply<Value> {
    match request {
        Request::ImportPlan(paths) => reply(import_plan(engine, &paths)?),
        Request::ImportStart(paths) => reply(import_start(engine, &paths)?),
        Request::ImportPlanCancel(_) => {
            engine.cancel_plans();
            reply(wire::Empty {})
        }
        Request::SamplesStart(paths) => reply(sources::samples(engine, &paths)?),
        Request::NoteAdd(note) => reply(note_add(engine, note)?),
        Request::Search(search) => reply(search_words(engine, search)?),
        Request::Recall(question) => reply(recall(engine, question)?),
        Request::Show(wire::Id { id }) => {
            reply(views::shown(engine.show(&id).map_err(|e| explain(&e))?))
        }
        Request::Tree(at) => reply(tree(engine, &at)?),
        Request::Ledger(_) => reply(sources::ledger(engine)?),
        Request::SourceWatch(change) => reply(sources::watch(engine, &change)?),
        Request::SourceReadAgain(id) => reply(sources::read_again(engine, &id)?),
        Request::SourceRename(change) => reply(sources::rename(engine, &change)?),
        Request::SourceUnread(at) => reply(sources::unread(engine, &at)?),
        Request::SourceRemoval(id) => reply(sources::removal(engine, &id)?),
        Request::SourceRemove(id) => reply(sources::remove(engine, &id)?),
        Request::People(_) => reply(views::people(engine.people().map_err(|e| explain(&e))?)),
        Request::Batches(_) => reply(batches(engine)?),
        Request::BatchReport(id) => reply(views::report(
            engine
                .batch_report(&batch_id(&id)?)
                .map_err(|e| explain(&e))?,
        )),
        Request::BatchCancel(id) => reply(views::batch(
            engine
                .cancel_batch(&batch_id(&id)?)
                .map_err(|e| explain(&e))?,
        )),
        Request::BatchRetry(id) => reply(views::batch(
            engine
                .retry_batch(&batch_id(&id)?)
                .map_err(|e| explain(&e))?,
        )),
        Request::Status(_) => reply(views::status(engine.status(), &workspace(engine))),
        Request::Doctor(_) => reply(views::status(engine.doctor(), &workspace(engine))),
        Request::Copies(_) => reply(copies::list(engine)?),
        Request::BackupMake(make) => reply(copies::make(engine, &make)?),
        Request::CopyCancel(_) => {
            engine.cancel_copy();
            reply(wire::Empty {})
        }
        Request::BackupVerify(id) => reply(copies::verify(engine, &id)?),
        Request::RestorePreview(id) => reply(copies::preview(engine, id)?),
        Request::RestoreTo(to) => reply(copies::restore_to(engine, &to)?),
        Request::Restore(id) => reply(copies::restore(engine, &id)?),
        Request::KeptAsideDiscard(id) => reply(copies::discard(engine, &id)?),
        Request::DamageAccept(_) => reply(views::status(
            engine.accept_damage().map_err(|e| explain(&e))?,
            &workspace(engine),
        )),
        Request::SettingsGet(_) => reply(views::settings(&engine.settings())),
        Request::SettingsSet(change) => reply(settings_set(engine, &change)?),
        Request::StoreTryNow(_) => reply(views::status(engine.try_store_now(), &workspace(engine))),
    }
}

pub(crate) fn workspace(engine: &Engine) -> String {
    engine.workspace().to_string_lossy().into_owned()
}

fn reply(answer: impl Serialize) -> Reply<Value> {
    serde_json::to_value(answer).map_err(|_| {
        wire_error(
            ErrorCode::Internal,
            "the answer could not be written down; a fault of ours",
            None,
        )
    })
}

fn paths(paths: &wire::ImportPaths) -> Reply<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = paths.paths.iter().map(PathBuf::from).collect();
    if paths.is_empty() || paths.iter().any(|path| !path.is_absolute()) {
        return Err(wire_error(
            ErrorCode::Usage,
            "an import needs at least one absolute path",
            None,
        ));
    }
    Ok(paths)
}

fn import_plan(engine: &Engine, named: &wire::ImportPaths) -> Reply<wire::ImportPlan> {
    Ok(views::plan(
        engine
            .plan_import(&paths(named)?)
            .map_err(|e| explain(&e))?,
    ))
}

fn import_start(engine: &Engine, named: &wire::ImportPaths) -> Reply<wire::Batch> {
    Ok(views::batch(
        engine
            .start_import(&paths(named)?)
            .map_err(|e| explain(&e))?,
    ))
}

fn note_add(engine: &Engine, note: wire::AddNote) -> Reply<wire::NoteAdded> {
    let happened_at = note
        .happened_at
        .map(|text| {
            UnixMs::parse_rfc3339(&text).ok_or_else(|| {
                wire_error(
                    ErrorCode::Usage,
                    format!("\"{text}\" is not an instant"),
                    Some("write it as 2024-05-03T10:00:00Z"),
                )
            })
        })
        .transpose()?;
    let kept = engine
        .add_note(Note {
            text: note.text,
            title: note.title,
            happened_at,
        })
        .map_err(|e| explain(&e))?;
    Ok(wire::NoteAdded {
        document: kept.document.to_string(),
        chunks: kept.chunks,
        new: kept.is_new,
    })
}

fn search_words(engine: &Engine, search: wire::Search) -> Reply<wire::Hits> {
    let asked = asked(
        search.query,
        search.limit.unwrap_or(SEARCH_LIMIT),
        search.source,
        search.author,
        &search.from,
        &search.to,
    )?;
    Ok(views::hits(engine.search(&asked).map_err(|e| explain(&e))?))
}

fn recall(engine: &Engine, question: wire::Question) -> Reply<wire::Answer> {
    let limit = question.limit.unwrap_or(RECALL_LIMIT);
    let asked = asked(
        question.question,
        limit,
        question.source,
        question.author,
        &question.from,
        &question.to,
    )?;
    let answer = engine.recall(&asked).map_err(|e| explain(&e))?;
    Ok(views::answer(&asked, answer))
}

fn asked(
    text: String,
    limit: u32,
    source: Option<String>,
    author: Option<String>,
    from: &Option<String>,
    to: &Option<String>,
) -> Reply<Asked> {
    let named = |name: Option<String>| name.filter(|name| !name.trim().is_empty());
    let (source, author) = (named(source), named(author));
    let from = instant(from.as_deref(), DayEnd::First)?;
    let to = instant(to.as_deref(), DayEnd::Last)?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(wire_error(
            ErrorCode::Usage,
            "the first day is after the last",
            None,
        ));
    }
    Ok(Asked {
        text,
        limit,
        source,
        author,
        from,
        to,
    })
}

fn tree(engine: &Engine, at: &wire::TreeAt) -> Reply<wire::TreeView> {
    let place = match at.node.as_deref() {
        None => At::Roots,
        Some(id) => At::parse(id).ok_or_else(|| {
            wire_error(
                ErrorCode::NotFound,
                "there is no such row in the tree",
                None,
            )
        })?,
    };
    let limit = at.limit.unwrap_or(TREE_LIMIT);
    let view = engine
        .tree(&place, at.offset.unwrap_or(0), limit)
        .map_err(|e| explain(&e))?;
    Ok(views::tree(view))
}

fn batches(engine: &Engine) -> Reply<Vec<wire::Batch>> {
    Ok(engine
        .batches()
        .map_err(|e| explain(&e))?
        .into_iter()
        .map(views::batch)
        .collect())
}

fn settings_set(engine: &Engine, change: &wire::SettingChange) -> Reply<wire::Settings> {
    let wire::SettingName::LongReadsMax = change.name;
    let settings = engine
        .change_setting(SettingChange::LongReadsMax(change.value))
        .map_err(|e| explain(&e))?;
    Ok(views::settings(&settings))
}

fn batch_id(id: &wire::Id) -> Reply<BatchId> {
    BatchId::parse(&id.id)
        .ok_or_else(|| wire_error(ErrorCode::NotFound, "there is no such import", None))
}
