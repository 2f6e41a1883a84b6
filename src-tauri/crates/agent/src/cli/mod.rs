//! The `oldgrowth` command line.
//!
//! Exit codes: 0 done, 1 done in part or called off, 2 used wrongly, 3 unavailable, 4 held by another.

mod activity;
mod args;
mod copies;
mod doctor;
mod import;
mod models;
mod names;
mod network;
mod output;
mod place;
mod reached;
mod reports;
mod serve;
mod settings;
mod show;
mod sources;

use std::io::{IsTerminal, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use oldgrowth_wire::{
    AddNote, Answer, Brief, BriefAsked, Empty, ErrorCode, HealthState, Hits, NearAsked, NoteAdded,
    Question, Request, Search, Status, Storage, StorageAsk, TreeAt, TreeView, WireError, Written,
};

use crate::owner::Purpose;
use crate::place::Workspace;
use crate::reporting::reports_of_person;
use crate::session::Session;
use crate::words::wire_error;
use args::{Args, Command};
use output::Output;

/// How a command ended, when it wasn't an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Well,
    InPart,
    Unavailable,
}

/// The longest text that `add` reads from its standard input, in bytes.
const ADD_BYTES_MAX: u64 = 8 * 1024 * 1024;

pub fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let printed = error.print();
            return ExitCode::from(if error.use_stderr() || printed.is_err() {
                2
            } else {
                0
            });
        }
    };
    log_to_stderr();
    let output = Arc::new(Output::new(args.json));
    let reports = reports_of_person(match args.command {
        Command::Serve => "serve",
        _ => "command_line",
    });
    if let Some(reports) = &reports {
        reports.record_panics();
    }
    let ended = catch_unwind(AssertUnwindSafe(|| {
        workspace(args.workspace)
            .map(|workspace| workspace.reporting(reports.clone()))
            .and_then(|workspace| command(args.command, &workspace, &output))
    }));
    if let Some(reports) = &reports {
        // Nobody else may be there to do it.
        reports.send_recorded();
    }
    match ended.unwrap_or_else(|panic| resume_unwind(panic)) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::InPart) => ExitCode::from(1),
        Ok(Ended::Unavailable) => ExitCode::from(3),
        Err(error) => {
            output.error(&error);
            ExitCode::from(exit_code(error.code))
        }
    }
}

fn exit_code(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::Usage | ErrorCode::NotFound | ErrorCode::NothingToImport => 2,
        ErrorCode::Cancelled => 1,
        ErrorCode::HeldByAnother => 4,
        ErrorCode::Unavailable
        | ErrorCode::DiskFull
        | ErrorCode::ReadOnly
        | ErrorCode::NeedsPerson
        | ErrorCode::PlaceMissing
        | ErrorCode::Moving
        | ErrorCode::Busy
        | ErrorCode::Internal => 3,
    }
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("OLDGROWTH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

fn workspace(named: Option<PathBuf>) -> Result<Workspace, WireError> {
    match named {
        None => Workspace::of_person(),
        Some(named) => std::path::absolute(named)
            .map(Workspace::named)
            .map_err(|_| wire_error(ErrorCode::Usage, "the workspace is not a path", None)),
    }
}

fn command(
    command: Command,
    workspace: &Workspace,
    output: &Arc<Output>,
) -> Result<Ended, WireError> {
    let one_call = || Session::open(workspace, "the oldgrowth command line", Purpose::OneCall);
    match command {
        Command::Import { paths, tags, wait } => {
            import::import(workspace, &paths, tags, wait, output)
        }
        Command::Add {
            title,
            happened,
            file,
        } => {
            let text = read_text(&file)?;
            let note = AddNote {
                text,
                title,
                happened_at: happened,
            };
            let added: NoteAdded = one_call()?.call(Request::NoteAdd(note))?;
            output.added(&added);
            Ok(Ended::Well)
        }
        Command::Watch { source, off } => sources::watch(one_call()?, source, !off, output),
        Command::Samples { remove } => sources::samples(one_call()?, remove, output),
        Command::Search {
            query,
            limit,
            source,
            author,
            from,
            to,
            kind,
            tag,
        } => {
            let search = Search {
                query: query.join(" "),
                limit,
                source,
                author,
                from,
                to,
                kind: kind.map(Into::into),
                tag,
            };
            let hits: Hits = one_call()?.call(Request::Search(search))?;
            output.hits(&hits);
            Ok(Ended::Well)
        }
        Command::Recall {
            question,
            limit,
            source,
            author,
            from,
            to,
            kind,
            tag,
            budget,
            write,
        } => {
            let question = Question {
                question: question.join(" "),
                limit,
                source,
                author,
                from,
                to,
                kind: kind.map(Into::into),
                tag,
                typing: None,
                asker: None,
            };
            match budget {
                Some(chars) => {
                    let asked = BriefAsked { question, chars };
                    let brief: Brief = one_call()?.call(Request::Brief(asked))?;
                    output.brief(&brief);
                }
                None if write => {
                    let written: Written = one_call()?.call(Request::AnswerWrite(question))?;
                    output.written(&written);
                }
                None => {
                    let answer: Answer = one_call()?.call(Request::Recall(question))?;
                    output.answer(&answer);
                }
            }
            Ok(Ended::Well)
        }
        Command::Show { id } => {
            let mut session = one_call()?;
            let shown = show::whole(&id, &mut |at| session.call(Request::Show(at)))?;
            output.shown(&shown, || {
                let asked = NearAsked { id, asker: None };
                show::near(&shown, || session.call(Request::Near(asked)))
            });
            Ok(Ended::Well)
        }
        Command::People { name, kind, limit } => {
            names::people(one_call()?, kind.map(Into::into), name, limit, output)
        }
        Command::Tree { node } => {
            let view: TreeView = one_call()?.call(Request::Tree(TreeAt {
                node,
                offset: None,
                limit: Some(500),
            }))?;
            output.tree(&view);
            Ok(Ended::Well)
        }
        Command::Status => {
            let status: Status = one_call()?.call(Request::Status(Empty {}))?;
            output.status(&status);
            Ok(match status.state {
                HealthState::Fail => Ended::Unavailable,
                HealthState::Ok
                | HealthState::Unknown
                | HealthState::Warn
                | HealthState::Crashed => Ended::Well,
            })
        }
        Command::Doctor(asked) => doctor::doctor(workspace, asked, output),
        Command::Activity => activity::show(one_call, output),
        Command::Pause => activity::change(one_call, Request::WorkPause(Empty {}), output),
        Command::Resume => activity::change(one_call, Request::WorkResume(Empty {}), output),
        Command::Retry { reason } => activity::retry(one_call, reason, output),
        Command::Backup { to } => copies::backup(workspace, to.as_deref(), output),
        Command::Restore { id: None, .. } => copies::list(workspace, output),
        Command::Restore {
            id: Some(id),
            preview,
            into,
            yes,
            discard,
        } => {
            let way = match &into {
                _ if preview => copies::Way::Preview,
                _ if discard => copies::Way::Discard { asked: yes },
                Some(path) => copies::Way::Into(path),
                None => copies::Way::InPlace { asked: yes },
            };
            copies::restore(workspace, id, way, output)
        }
        Command::Settings { action } => settings::settings(one_call, action, output),
        Command::Place {
            use_folder,
            remove_copy,
            yes,
        } => {
            let way = match (&use_folder, &remove_copy) {
                (Some(folder), _) => place::Way::Use(folder),
                (None, Some(folder)) => place::Way::RemoveCopy { folder, asked: yes },
                (None, None) => place::Way::Show,
            };
            place::place(workspace, way, output)
        }
        Command::Reports { action } => reports::reports(workspace.reports(), action, output),
        Command::Network { limit, action } => network::network(workspace, limit, action, output),
        Command::Models { action } => models::models(workspace, action, output),
        Command::Storage => {
            let storage: Storage =
                one_call()?.call(Request::Storage(StorageAsk { count: true }))?;
            output.storage(&storage);
            Ok(Ended::Well)
        }
        Command::Move { to, yes } => place::move_to(workspace, &to, yes, output),
        Command::Serve => serve::serve(workspace, output),
    }
}

fn read_text(file: &Path) -> Result<String, WireError> {
    let unreadable = |_| {
        wire_error(
            ErrorCode::Usage,
            "the text can't be read",
            Some("check the path; - reads standard input"),
        )
    };
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        if std::io::stdin().is_terminal() {
            output::hint("Type the text; end with Ctrl-D on a line of its own.");
        }
        std::io::stdin()
            .lock()
            .take(ADD_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(file).map_err(unreadable)?;
        file.take(ADD_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    }
    if bytes.len() as u64 > ADD_BYTES_MAX {
        return Err(wire_error(
            ErrorCode::Usage,
            format!("the text is larger than {} MB", ADD_BYTES_MAX / 1024 / 1024),
            Some("save it as a file and import that"),
        ));
    }
    String::from_utf8(bytes).map_err(|_| {
        wire_error(
            ErrorCode::Usage,
            "the text is not UTF-8",
            Some("import it as a file; then its encoding is found"),
        )
    })
}
