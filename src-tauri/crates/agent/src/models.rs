//! Models of a server: what is chosen, in words for a person, and what a person can do about it.

use std::io::ErrorKind;
use std::sync::Arc;

use oldgrowth_domain::UnixMs;
use oldgrowth_engine::ports::{self, ModelSeen, ModelsSeen};
use oldgrowth_http::Client;
use oldgrowth_keeper::connection_is_held;
use oldgrowth_models::{
    ChosenView, DayLimits, Error as ModelError, KeyPlace, Keychain, Models, ModelsError, Role,
    SystemKeychain, View,
};
use oldgrowth_reports::Reports;
use oldgrowth_wire::{self as wire, ErrorCode, Request, WireError};
use serde_json::Value;

use crate::dispatch::reply;
use crate::place::text;
use crate::system::ambient;
use crate::words::wire_error;

/// The folder of the choices in the person's own, whichever memory is in use.
pub(crate) const MODELS: &str = "models";

/// With `off` keys lie in a file, and no keychain is asked.
const KEYCHAIN_VARIABLE: &str = "OLDGROWTH_KEYCHAIN";

/// The person's models, beside their list of calls.
pub(crate) fn models_beside(reports: &Reports) -> Models {
    let clock = ambient().clock;
    let network = reports.network().clone();
    let folder = network.folder().with_file_name(MODELS);
    let without = std::env::var_os(KEYCHAIN_VARIABLE).is_some_and(|value| value == "off");
    let keychain = (!without).then(|| Arc::new(SystemKeychain) as Arc<dyn Keychain>);
    let client = Client::new(network, connection_is_held);
    Models::new(folder, client, Arc::new(move || clock.unix_ms()), keychain)
}

/// Does this request change what is chosen?
pub(crate) fn changes(request: &Request) -> bool {
    !matches!(
        request,
        Request::Models(_) | Request::ModelNames(_) | Request::ModelTrialCancel(_)
    )
}

/// Answers the calls about models, and no others. `None` on a computer that names no folder for the person.
pub(crate) fn answer(models: Option<&Models>, request: Request) -> Result<Value, WireError> {
    let models = models.ok_or_else(|| {
        wire_error(
            ErrorCode::Unavailable,
            "this computer names no folder in which a choice could be kept",
            Some("what is built in does the work"),
        )
    })?;
    match request {
        Request::ModelChoose(wire::ModelChoice {
            role: of,
            address,
            model,
        }) => models.choose(role(of), &address, &model),
        Request::ModelClear(wire::ModelOf { role: of }) => models.clear(role(of)),
        Request::ModelAgree(wire::ModelAgreement {
            role: of,
            address,
            on,
        }) => models.agree(role(of), &address, on),
        Request::ModelKeySet(wire::ModelKey { role: of, key }) => {
            models.set_key(role(of), key.as_ref().map(|key| key.0.as_str()))
        }
        Request::ModelLimitsSet(wire::ModelLimits {
            calls_max,
            bytes_max,
        }) => models.set_limits(DayLimits {
            calls_max,
            bytes_max,
        }),
        Request::ModelNames(wire::ModelOf { role: of }) => {
            let names = models.names(role(of)).map_err(explain)?;
            return reply(wire::ModelNames { names });
        }
        Request::ModelTest(wire::ModelOf { role: of }) => {
            let tried = models.test(role(of)).map_err(explain)?;
            let took_ms = u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX);
            return reply(wire::ModelTested { took_ms });
        }
        Request::ModelTrialCancel(_) => {
            models.cancel_trial();
            return reply(wire::Empty {});
        }
        _ => Ok(()),
    }
    .map_err(explain)?;
    reply(view(models.view()))
}

/// What health knows of a person's models.
pub(crate) struct Seen(pub(crate) Models);

impl ports::Models for Seen {
    fn seen(&self) -> ModelsSeen {
        let view = self.0.view();
        let offline = view.offline;
        // Without a yes these are not even tried: what leads here by another name is not looked for.
        let agreed_first = |chosen: ChosenView| {
            let not_agreed = !chosen.here && !chosen.agreed;
            model_seen(chosen, not_agreed, offline)
        };
        ModelsSeen {
            unreadable: view.unreadable,
            chosen: view.summaries.map(|chosen| {
                let trouble = chosen.trouble;
                let waits_for_consent = |error| error == ModelError::NoConsent && !chosen.here;
                let not_agreed = trouble.is_some_and(|trouble| waits_for_consent(trouble.error));
                model_seen(chosen, not_agreed, offline)
            }),
            embeds: view.embeddings.map(agreed_first),
            reranks: view.reranking.map(agreed_first),
        }
    }

    fn may_summarise(&self) -> bool {
        self.0.may_summarise()
    }
}

fn model_seen(chosen: ChosenView, not_agreed: bool, offline: bool) -> ModelSeen {
    let away = chosen.trouble.filter(|_| !not_agreed).map(|trouble| {
        let (cause, next) = words(trouble.error);
        (cause, next.to_owned())
    });
    ModelSeen {
        unnamed: chosen.model.is_empty(),
        untried: chosen.untried,
        offline,
        not_agreed,
        away,
        host: chosen.host,
        model: chosen.model,
    }
}

fn role(role: wire::ModelRole) -> Role {
    match role {
        wire::ModelRole::Summaries => Role::Summaries,
        wire::ModelRole::Embeddings => Role::Embeddings,
        wire::ModelRole::Reranking => Role::Reranking,
    }
}

fn view(view: View) -> wire::Models {
    wire::Models {
        summaries: view.summaries.map(chosen),
        embeddings: view.embeddings.map(chosen),
        reranking: view.reranking.map(chosen),
        unreadable: view.unreadable,
        limits: wire::ModelLimits {
            calls_max: view.limits.calls_max,
            bytes_max: view.limits.bytes_max,
        },
        limits_most: wire::ModelLimits {
            calls_max: DayLimits::CALLS_MOST,
            bytes_max: DayLimits::BYTES_MOST,
        },
        calls_today: view.spent.calls,
        bytes_today: view.spent.bytes,
        offline: view.offline,
        folder: text(&view.folder),
    }
}

fn chosen(chosen: ChosenView) -> wire::ModelChosen {
    let at = |unix_ms: i64| UnixMs(unix_ms).to_rfc3339();
    wire::ModelChosen {
        address: chosen.address,
        host: chosen.host,
        model: chosen.model,
        here: chosen.here,
        encrypted: chosen.encrypted,
        agreed: chosen.agreed,
        untried: chosen.untried,
        key: chosen.key.map(|place| match place {
            KeyPlace::Keychain => wire::ModelKeyPlace::Keychain,
            KeyPlace::File => wire::ModelKeyPlace::File,
        }),
        trouble: chosen.trouble.map(|trouble| {
            let (cause, next) = words(trouble.error);
            wire::ModelTrouble {
                cause,
                next: next.to_owned(),
                since: at(trouble.since_unix_ms),
                until: at(trouble.until_unix_ms),
            }
        }),
    }
}

fn explain(error: ModelsError) -> WireError {
    let usage = |message, hint| wire_error(ErrorCode::Usage, message, Some(hint));
    match error {
        ModelsError::NotChosen => usage(
            "no model is chosen",
            "name its server first, then the model",
        ),
        ModelsError::BadAddress => usage(
            "this is no address of a server",
            "write it as localhost:11434 or https://api.example/v1; a key has a field of its own",
        ),
        ModelsError::BadName => usage(
            "this is no name of a model",
            "write it as the server lists it, on one line",
        ),
        ModelsError::BadKey => usage("this is no key", "a key is one word without spaces"),
        ModelsError::BadLimit => usage(
            "this limit is too large",
            "at most 100,000 calls and 10 GB a day can be set",
        ),
        ModelsError::ChosenAnew => wire_error(
            ErrorCode::Busy,
            "something else is chosen by now, so nothing was changed",
            Some("look at it again"),
        ),
        ModelsError::KeyNotKept => wire_error(
            ErrorCode::ReadOnly,
            "the key could not be kept or removed",
            Some(
                "unlock the keychain of your system, check the rights of your own folder, and try again",
            ),
        ),
        ModelsError::KeyLeft => wire_error(
            ErrorCode::ReadOnly,
            "it is done, but the key of the server before could not be removed",
            Some("remove it in the keychain of your system; it is called Oldgrowth there"),
        ),
        ModelsError::Folder(ErrorKind::WouldBlock) => wire_error(
            ErrorCode::Busy,
            "another program of yours is changing the folder of the models",
            Some("try again; it is as it was before"),
        ),
        ModelsError::Folder(kind) => wire_error(
            ErrorCode::ReadOnly,
            format!("the folder of the models can't be used: {kind}"),
            Some("check the rights and the free space of your own folder"),
        ),
        ModelsError::Model(ModelError::Stopped) => {
            wire_error(ErrorCode::Cancelled, "it was called off", None)
        }
        ModelsError::Model(error) => {
            let (cause, next) = words(error);
            wire_error(ErrorCode::Unavailable, cause, Some(next))
        }
    }
}

/// What is the case with a model, and what to do or what happens by itself.
fn words(error: ModelError) -> (String, &'static str) {
    let by_itself = "it is tried again by itself";
    let (cause, next) = match error {
        ModelError::Offline => (
            "Oldgrowth is offline",
            "go online under Settings, Privacy, or with oldgrowth network offline off",
        ),
        ModelError::NotNoted(_) => (
            "the call could not be noted, so it was not made",
            "check the rights and the free space of your own folder",
        ),
        ModelError::BadAddress => (
            "the address can't be used",
            "check it under Settings, Models",
        ),
        ModelError::NoConsent => (
            "the address leads to another computer, and you have not agreed to that",
            "agree under Settings, Models, or choose a server on this computer",
        ),
        ModelError::LimitReached => (
            "the limit of this day is reached",
            "it goes on after midnight UTC; raise the limit under Settings, Models",
        ),
        ModelError::PassagesLimitReached => (
            "four fifths of this day's limit are used, and the rest is kept for what you ask",
            "the other passages follow after midnight UTC; raise the limit under Settings, Models",
        ),
        ModelError::KeyAway => (
            "the key can't be read from the keychain",
            "unlock the keychain of your system, or give the key once more",
        ),
        ModelError::Refused => (
            "nothing takes calls at this address",
            "start the server, or check the port of its address",
        ),
        ModelError::Unreachable => (
            "nobody answers at this address",
            "check the address and the connection to the network",
        ),
        ModelError::TimedOut => (
            "it took too long to answer",
            "a smaller model answers sooner; one that was just started needs a while",
        ),
        ModelError::CutOff => ("the connection was cut off", by_itself),
        ModelError::NotSafe => (
            "the server can't prove to be the one that was asked, so nothing was said",
            "check the address; a server without TLS is written with http://",
        ),
        ModelError::ServerFailed(status) => {
            return (format!("the server failed (status {status})"), by_itself);
        }
        ModelError::Busy { .. } => ("the server asks for patience", by_itself),
        ModelError::KeyRefused(status) => {
            return (
                format!("the server does not take the key (status {status})"),
                "give another key under Settings, Models",
            );
        }
        ModelError::NoQuota => (
            "the account at the server has nothing left to spend",
            "look after it at the service",
        ),
        ModelError::NotThere => (
            "there is no such model, or no such service, at this address",
            "list the models of the server, and check the path of its address: most end in /v1; few servers rerank",
        ),
        ModelError::Redirected(status) => {
            return (
                format!(
                    "the server points to another address (status {status}), and nobody follows"
                ),
                "write the address that it is at",
            );
        }
        ModelError::TooLong => (
            "the text is too long for the model, or its answer",
            "choose a model that takes more, or one that thinks less",
        ),
        ModelError::TooWide => (
            "its vectors have more than 4,096 numbers",
            "choose a model with shorter ones",
        ),
        ModelError::OtherWidth => (
            "its vectors are of another length than when it was tested",
            "test it again under Settings, Models: then it reads all passages anew",
        ),
        ModelError::Unwanted(status) => {
            return (
                format!("the server does not take what it was asked (status {status})"),
                "choose a model that is made for this: one that chats, embeds or reranks",
            );
        }
        ModelError::ResponseTooLarge | ModelError::NotUnderstood(_) => (
            "the answer is not in the form that is needed",
            "choose another model: it may be made for something else, and small ones often can't keep to a form",
        ),
        ModelError::Stopped => ("it was called off", by_itself),
        ModelError::HeldConnection => (
            "a database connection is held; a fault of ours",
            "please report it",
        ),
    };
    (cause.to_owned(), next)
}
