//! Every call, whoever makes it, ends here: the window, the command line, another program.

mod copies;
mod doctor;
mod memory;
mod names;
mod sources;
mod tags;

use std::path::PathBuf;

use oldgrowth_domain::{BatchId, UnixMs};
use oldgrowth_engine::{Asked, Asker, At, Engine, Note, Retry, SettingChange};
use oldgrowth_store::JobKey;
use oldgrowth_store::table::words::Kind;
use oldgrowth_wire::{self as wire, ErrorCode, Request, WireError};
use serde::Serialize;
use serde_json::Value;

use crate::dates::{DayEnd, instant};
use crate::views;
use crate::words::{explain, unwritable, wire_error, without_room};

const SEARCH_LIMIT: u32 = 20;
const RECALL_LIMIT: u32 = 8;
const TREE_LIMIT: u32 = 200;
const FAILED_LIMIT: u32 = 50;

type Reply<T> = Result<T, WireError>;

pub(crate) fn answer(engine: &Engine, request: Request) -> Reply<Value> {
    answered(engine, request).map_err(|error| match error.code {
        // Which right is missing only the engine knows.
        ErrorCode::ReadOnly => engine
            .unwritable()
            .map_or(error, |why| unwritable(why, engine.workspace())),
        ErrorCode::DiskFull => match engine.room() {
            Some((free, needed)) => without_room(error, free, needed),
            None => error,
        },
        _ => error,
    })
}

fn answered(engine: &Engine, request: Request) -> Reply<Value> {
    match request {
        Request::ImportPlan(paths) => reply(import_plan(engine, &paths)?),
        Request::ImportStart(order) => reply(import_start(engine, &order)?),
        Request::ImportPlanCancel(_) => {
            engine.cancel_plans();
            reply(wire::Empty {})
        }
        Request::SamplesStart(paths) => reply(sources::samples(engine, &paths)?),
        Request::NoteAdd(note) => reply(note_add(engine, note)?),
        Request::Search(search) => reply(self::search(engine, search)?),
        Request::Recall(question) => reply(recall(engine, question)?),
        Request::Brief(asked) => reply(memory::brief(engine, asked)?),
        Request::AnswerCancel(of) => {
            engine.call_off(&asker(of));
            reply(wire::Empty {})
        }
        Request::AnswerWrite(question) => reply(memory::write(engine, question)?),
        Request::Why(asked) => reply(memory::why(engine, asked)?),
        Request::Show(at) => reply(memory::show(engine, &at)?),
        Request::Near(near) => reply(memory::near(engine, near)?),
        Request::FindInDocument(asked) => reply(memory::find(engine, asked)?),
        Request::Original(id) => reply(memory::original(engine, &id)?),
        Request::Tree(at) => reply(tree(engine, &at)?),
        Request::Ledger(_) => reply(sources::ledger(engine)?),
        Request::SourceWatch(change) => reply(sources::watch(engine, &change)?),
        Request::SourceReadAgain(id) => reply(sources::read_again(engine, &id)?),
        Request::SourceRename(change) => reply(sources::rename(engine, &change)?),
        Request::SourceUnread(at) => reply(sources::unread(engine, &at)?),
        Request::SourceRemoval(id) => reply(sources::removal(engine, &id)?),
        Request::SourceRemove(id) => reply(sources::remove(engine, &id)?),
        Request::People(_) => reply(views::people(engine.people().map_err(|e| explain(&e))?)),
        Request::Names(asked) => reply(names::list(engine, &asked)?),
        Request::Name(at) => reply(names::one(engine, &at)?),
        Request::Tags(_) => reply(tags::list(engine)?),
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
        Request::BatchResume(id) => reply(views::batch(
            engine
                .resume_batch(&batch_id(&id)?)
                .map_err(|e| explain(&e))?,
        )),
        Request::Activity(_) => reply(views::activity(engine.activity().map_err(|e| explain(&e))?)),
        Request::JobsFailed(at) => reply(jobs_failed(engine, &at)?),
        Request::JobsRetry(retry) => reply(jobs_retry(engine, retry)?),
        Request::JobCancel(id) => reply(job_cancel(engine, &id)?),
        Request::WorkPause(_) => reply(views::work(engine.pause_work().map_err(|e| explain(&e))?)),
        Request::WorkResume(_) => {
            reply(views::work(engine.resume_work().map_err(|e| explain(&e))?))
        }
        Request::Status(_) => reply(views::status(engine.status(), &workspace(engine))),
        Request::Doctor(_) => reply(views::status(engine.doctor(), &workspace(engine))),
        Request::ChecksRun(asked) => reply(doctor::run(engine, &asked)),
        Request::ChecksCancel(_) => {
            engine.cancel_checks();
            reply(wire::Empty {})
        }
        Request::FixPlan(asked) => reply(doctor::plan(engine, asked)?),
        Request::FixApply(apply) => reply(doctor::apply(engine, &apply)?),
        Request::FixCancel(_) => {
            engine.cancel_fix();
            reply(wire::Empty {})
        }
        Request::FixUndo(id) => reply(doctor::undo(engine, &id)?),
        Request::Receipts(_) => reply(doctor::receipts(engine)),
        Request::Timeline(at) => reply(doctor::timeline(engine, at)),
        Request::Report(asked) => reply(doctor::report(engine, asked)?),
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
        Request::Storage(ask) => reply(views::storage::storage(
            engine.storage(ask.count).map_err(|e| explain(&e))?,
        )),
        // Who holds a memory for one command answers from its engine alone.
        Request::Place(_)
        | Request::MovePlan(_)
        | Request::MoveStart(_)
        | Request::MoveCancel(_)
        | Request::PlaceUse(_)
        | Request::CopyLeftRemove(_)
        | Request::CrashReports(_)
        | Request::CrashReportsConsent(_)
        | Request::CrashReportsAsked(_)
        | Request::CrashReportSend(_)
        | Request::CrashReportDelete(_)
        | Request::CrashReportsDeleteAll(_)
        | Request::Network(_)
        | Request::OfflineSet(_)
        | Request::Models(_)
        | Request::ModelChoose(_)
        | Request::ModelClear(_)
        | Request::ModelAgree(_)
        | Request::ModelKeySet(_)
        | Request::ModelLimitsSet(_)
        | Request::ModelNames(_)
        | Request::ModelTest(_)
        | Request::ModelTrialCancel(_) => Err(wire_error(
            ErrorCode::Busy,
            "a command is at work on this memory",
            Some("try again when it has ended"),
        )),
        Request::StoreTryNow(_) => reply(views::status(engine.try_store_now(), &workspace(engine))),
    }
}

pub(crate) fn workspace(engine: &Engine) -> String {
    engine.workspace().to_string_lossy().into_owned()
}

pub(crate) fn reply(answer: impl Serialize) -> Reply<Value> {
    serde_json::to_value(answer).map_err(|_| {
        wire_error(
            ErrorCode::Internal,
            "the answer could not be written down; a fault of ours",
            None,
        )
    })
}

fn paths(named: &[String]) -> Reply<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
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
            .plan_import(&paths(&named.paths)?)
            .map_err(|e| explain(&e))?,
    ))
}

fn import_start(engine: &Engine, order: &wire::ImportOrder) -> Reply<wire::Batch> {
    let tags = tags::to_give(&order.tags)?;
    Ok(views::batch(
        engine
            .start_tagged_import(&paths(&order.paths)?, &tags)
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

fn search(engine: &Engine, search: wire::Search) -> Reply<wire::Hits> {
    let asked = asked(wire::Question {
        question: search.query,
        limit: search.limit.or(Some(SEARCH_LIMIT)),
        source: search.source,
        author: search.author,
        from: search.from,
        to: search.to,
        kind: search.kind,
        tag: search.tag,
        typing: None,
        asker: None,
    })?;
    Ok(views::hits(engine.search(&asked).map_err(|e| explain(&e))?))
}

fn recall(engine: &Engine, question: wire::Question) -> Reply<wire::Answer> {
    let asked = asked(question)?;
    let answer = engine.recall(&asked).map_err(|e| explain(&e))?;
    Ok(views::answer(&asked, answer))
}

fn asked(question: wire::Question) -> Reply<Asked> {
    let from = instant(question.from.as_deref(), DayEnd::First)?;
    let to = instant(question.to.as_deref(), DayEnd::Last)?;
    let named = |name: Option<String>| name.filter(|name| !name.trim().is_empty());
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
        text: question.question,
        limit: question.limit.unwrap_or(RECALL_LIMIT),
        source: named(question.source),
        author: named(question.author),
        from,
        to,
        kind: question.kind.map(|kind| match kind {
            wire::MemoryKind::Document => Kind::Document,
            wire::MemoryKind::Note => Kind::Note,
            wire::MemoryKind::Conversation => Kind::Conversation,
        }),
        tag: named(question.tag)
            .map(|tag| tags::to_look_for(&tag))
            .transpose()?,
        typing: question.typing.unwrap_or(false),
        by_words_alone: false,
        asker: question.asker.map(asker),
    })
}

fn asker(asker: wire::Asker) -> Asker {
    Asker {
        name: asker.name,
        turn: asker.turn,
    }
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

fn jobs_failed(engine: &Engine, at: &wire::FailedAt) -> Reply<Vec<wire::WorkFailed>> {
    let limit = at.limit.unwrap_or(FAILED_LIMIT);
    Ok(engine
        .failed_jobs(at.reason.as_deref(), at.offset.unwrap_or(0), limit)
        .map_err(|e| explain(&e))?
        .into_iter()
        .map(views::failed)
        .collect())
}

fn jobs_retry(engine: &Engine, retry: wire::JobsRetry) -> Reply<wire::Retried> {
    let job = retry.id.as_deref().map(job_key).transpose()?;
    let retry = Retry {
        code: retry.reason,
        job,
    };
    let queued = engine.retry_failed(retry).map_err(|e| explain(&e))?;
    Ok(wire::Retried { queued })
}

fn job_cancel(engine: &Engine, id: &wire::Id) -> Reply<wire::JobCancelled> {
    let cancelled = engine
        .cancel_job(job_key(&id.id)?)
        .map_err(|e| explain(&e))?;
    Ok(wire::JobCancelled { cancelled })
}

fn job_key(id: &str) -> Reply<JobKey> {
    id.parse()
        .map(JobKey::from_payload)
        .map_err(|_| wire_error(ErrorCode::NotFound, "there is no such piece of work", None))
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
