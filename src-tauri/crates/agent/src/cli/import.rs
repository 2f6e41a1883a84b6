//! `oldgrowth import`: each document is told of only when it is durable.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use oldgrowth_wire::{
    Batch, BatchReport, BatchState, ErrorCode, Event, Id, ImportOrder, Request, WireError,
};

use super::Ended;
use super::output::Output;
use crate::owner::{Owner, Purpose};
use crate::place::Workspace;
use crate::session::Session;
use crate::socket::{Client, ConnectError, Endpoint};
use crate::words::{explain, wire_error};

const GOES_ON: &str =
    "what was told as committed is safe; the rest goes on when Oldgrowth runs again";

pub(super) fn import(
    workspace: &Workspace,
    paths: &[PathBuf],
    tags: Vec<String>,
    wait: bool,
    output: &Arc<Output>,
) -> Result<Ended, WireError> {
    let order = ImportOrder {
        paths: paths
            .iter()
            .map(|path| absolute(path))
            .collect::<Result<_, _>>()?,
        tags,
    };
    let report = match Session::open(workspace, "an import on the command line", Purpose::Work)? {
        Session::Own(owner) => as_owner(&owner, order, output)?,
        Session::Through { client, endpoint } => {
            match through_owner(client, &endpoint, order, wait, output)? {
                Some(report) => report,
                None => return Ok(Ended::Well),
            }
        }
    };
    output.import_ended(&report);
    Ok(match report.batch.state {
        BatchState::Done => Ended::Well,
        BatchState::Running | BatchState::Failed | BatchState::Cancelled => Ended::InPart,
    })
}

fn absolute(path: &Path) -> Result<String, WireError> {
    let unusable = || {
        wire_error(
            ErrorCode::Usage,
            format!("{} can't be used as a path", path.display()),
            None,
        )
    };
    let absolute = std::path::absolute(path).map_err(|_| unusable())?;
    if !absolute.exists() {
        return Err(wire_error(
            ErrorCode::Usage,
            format!("{} is not there, or may not be read", path.display()),
            Some("check the path"),
        ));
    }
    // The wire is JSON; a folder whose name is no Unicode can be imported by the folder above it.
    absolute.to_str().map(str::to_owned).ok_or_else(unusable)
}

/// Works to the end: everything that is queued, the seals that follow, looking the passages through, and their days.
fn as_owner(
    owner: &Owner,
    order: ImportOrder,
    output: &Arc<Output>,
) -> Result<BatchReport, WireError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let noticing = Arc::clone(&interrupted);
    let stopping = Arc::clone(owner.engine());
    let heeded = ctrlc::set_handler(move || {
        noticing.store(true, Ordering::SeqCst);
        stopping.begin_stop();
    });
    if heeded.is_err() {
        tracing::warn!(
            "an interrupt will stop the import at once instead of after the items at work"
        );
    }
    let printing = Arc::clone(output);
    owner.subscribe(move |event| printing.import_event(event, None));
    let batch: Batch = call(owner, Request::ImportStart(order))?;
    let idle = owner
        .engine()
        .wait_until_idle(|| !interrupted.load(Ordering::SeqCst));
    let extracted = match &idle {
        Ok(true) => owner
            .engine()
            .wait_until_extracted(|| !interrupted.load(Ordering::SeqCst))
            .and_then(|_| {
                let engine = owner.engine();
                engine.wait_until_grown(|| !interrupted.load(Ordering::SeqCst))
            }),
        _ => Ok(false),
    };
    if extracted.is_err() {
        tracing::warn!(
            "what the passages name, and their days, are seen to when Oldgrowth runs again"
        );
    }
    owner.engine().stop();
    match idle {
        Ok(true) => {}
        // It waits for a person, and the report says so.
        Ok(false) if is_paused(owner) && !interrupted.load(Ordering::SeqCst) => {}
        Ok(false) => {
            return Err(wire_error(
                ErrorCode::Unavailable,
                "the import has not been finished",
                Some(GOES_ON),
            ));
        }
        Err(error) => {
            let why = explain(&error);
            return Err(WireError {
                message: format!("the import has not been finished: {}", why.message),
                hint: Some(
                    why.hint
                        .map_or_else(|| GOES_ON.to_owned(), |hint| format!("{hint}; {GOES_ON}")),
                ),
                ..why
            });
        }
    }
    call(owner, Request::BatchReport(Id { id: batch.id }))
}

fn is_paused(owner: &Owner) -> bool {
    owner.engine().work_now().paused.is_some()
}

fn call<T: serde::de::DeserializeOwned>(owner: &Owner, request: Request) -> Result<T, WireError> {
    serde_json::from_value(owner.call(request)?).map_err(|_| {
        wire_error(
            ErrorCode::Internal,
            "an answer was not understood; a fault of ours",
            None,
        )
    })
}

/// Queues it with the owner, and follows it there when asked to wait.
fn through_owner(
    client: Client,
    endpoint: &Endpoint,
    order: ImportOrder,
    wait: bool,
    output: &Arc<Output>,
) -> Result<Option<BatchReport>, WireError> {
    let unreachable = |error| match error {
        ConnectError::Refused(why) => why,
        ConnectError::Gone | ConnectError::NoAnswer => wire_error(
            ErrorCode::Unavailable,
            "the program that holds the workspace went away",
            None,
        ),
    };
    // Listening begins before the work does, so that nothing is missed.
    let events = Client::connect(endpoint).map_err(unreachable)?.follow()?;
    let mut session = Session::Through {
        client,
        endpoint: endpoint.clone(),
    };
    let batch: Batch = session.call(Request::ImportStart(order))?;
    if !wait {
        output.import_queued(&batch);
        return Ok(None);
    }
    // An import of which nothing is left to do has ended already, and no event will say so again.
    // One that is paused does not end by itself.
    if batch.state == BatchState::Running && !batch.paused {
        for event in events {
            output.import_event(&event, Some(&batch.id));
            if matches!(&event, Event::Batch(now) if now.id == batch.id && (now.state != BatchState::Running || now.paused))
            {
                break;
            }
        }
    }
    let report: BatchReport = session.call(Request::BatchReport(Id { id: batch.id }))?;
    Ok(Some(report))
}
