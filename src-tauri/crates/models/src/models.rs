//! The models that the person has named: what is chosen, what became of asking them, and the asking itself.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use oldgrowth_engine::ports::Unit;
use oldgrowth_folder::Folder;
use oldgrowth_http::{Address, Client, Purpose};
use parking_lot::Mutex;
use serde_json::Value;

use crate::keys::{Keychain, Keys};
use crate::remote::{self, Class, Form, Key, Remote, is_model_name};
use crate::settings::{Choice, DayLimits, KeyPlace, Role, Settings};
use crate::spent::Spent;
use crate::state::{State, Trouble};
use crate::summary;

/// For one summary. A large model on a small computer takes its time.
const SUMMARY_PATIENCE: Duration = Duration::from_secs(180);
/// While somebody looks on.
const TRIAL_PATIENCE: Duration = Duration::from_secs(90);

/// What a model is tried with: nothing of anybody's.
const TRIAL: [&str; 4] = [
    "The garden gate was painted green in May.",
    "It rained on Tuesday.",
    "The old harbour will be closed for repairs until the end of the year.",
    "Somebody had left an umbrella there.",
];
const TRIAL_CHARS_MAX: usize = 120;

/// Why a wish about models was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("no model is chosen")]
    NotChosen,
    #[error("this is no address of a server")]
    BadAddress,
    #[error("this is no name of a model")]
    BadName,
    #[error("this is no key")]
    BadKey,
    #[error("this is no limit")]
    BadLimit,
    /// What was agreed to is not what is chosen now.
    #[error("another address is chosen by now")]
    AddressChanged,
    #[error("the folder of the models can't be used: {0}")]
    Folder(io::ErrorKind),
    #[error("the key could not be kept or removed")]
    KeyNotKept,
    /// It is done, and the key of the server before is where it was.
    #[error("the key of the server before could not be removed")]
    KeyLeft,
    #[error(transparent)]
    Model(#[from] remote::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Folder(error.kind())
    }
}

/// All that a person can know of their models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub summaries: Option<ChosenView>,
    /// What was chosen can't be read, so no model is asked.
    pub unreadable: bool,
    pub limits: DayLimits,
    /// What has left for models today.
    pub spent: Spent,
    pub offline: bool,
    pub folder: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenView {
    pub address: String,
    /// As calls to it are listed.
    pub host: String,
    /// Empty until it is named.
    pub model: String,
    /// Its name says that it is this computer.
    pub here: bool,
    pub encrypted: bool,
    pub agreed: bool,
    pub key: Option<KeyPlace>,
    pub trouble: Option<Trouble>,
}

/// What became of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    pub took: Duration,
}

/// Why a model has not chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    NotChosen,
    /// It does not answer, or may not be asked, for the moment.
    Away(remote::Error),
    /// It answers, and not about this.
    CantDo(remote::Error),
}

/// What a model is asked, for what, and for how long.
#[derive(Clone, Copy)]
struct Asked<'a> {
    purpose: Purpose,
    units: &'a [Unit],
    chars_max: usize,
    patience: Duration,
}

impl Missed {
    fn by(error: remote::Error) -> Self {
        match error.class() {
            Class::BadItem => Self::CantDo(error),
            Class::Transient | Class::NeedsPerson => Self::Away(error),
        }
    }
}

/// The models of a person. Clones are the same.
#[derive(Clone)]
pub struct Models(Arc<Inner>);

struct Inner {
    folder: Folder,
    client: Client,
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
    keys: Keys,
    state: Mutex<State>,
    /// Each ends a trial that is under way.
    trials: Mutex<Vec<Weak<AtomicBool>>>,
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Models")
    }
}

impl Models {
    /// In a folder of the person's own, whichever memory is in use. `now` is in milliseconds since 1970. Reads and
    /// writes nothing yet. Without a keychain keys lie in a file of the folder.
    #[must_use]
    pub fn new(
        folder: PathBuf,
        client: Client,
        now: Arc<dyn Fn() -> i64 + Send + Sync>,
        keychain: Option<Arc<dyn Keychain>>,
    ) -> Self {
        let folder = Folder::new(folder);
        Self(Arc::new(Inner {
            keys: Keys::new(folder.clone(), keychain),
            folder,
            client,
            now,
            state: Mutex::default(),
            trials: Mutex::default(),
        }))
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    #[must_use]
    pub fn view(&self) -> View {
        let inner = &self.0;
        let settings = Settings::read(&inner.folder).ok().flatten();
        let unreadable = settings.is_none();
        let settings = settings.unwrap_or_default();
        let switch = inner.client.network().switch();
        let state = inner.state.lock();
        let summaries = settings.summaries.as_ref().map(|choice| ChosenView {
            address: choice.address.to_string(),
            host: choice.address.host(),
            model: choice.model.clone(),
            here: choice.address.names_this_computer(),
            encrypted: choice.address.is_encrypted(),
            agreed: choice.agreed,
            key: choice.key,
            trouble: state.trouble_of(choice, settings.limits, switch),
        });
        View {
            summaries,
            unreadable,
            limits: settings.limits,
            spent: Spent::read(&inner.folder, (inner.now)()).within(settings.limits),
            offline: !switch.is_online(),
            folder: inner.folder.path().to_owned(),
        }
    }

    /// Chooses a server and, where it is known already, a model of it. An address that is another than before has not
    /// been agreed to, and a key stays with its own computer.
    ///
    /// # Errors
    /// When it can't be kept; then it is as it was.
    pub fn choose(&self, role: Role, address: &str, model: &str) -> Result<(), Error> {
        let address = server_address(address).ok_or(Error::BadAddress)?;
        let model = model.trim();
        if !model.is_empty() && !is_model_name(model) {
            return Err(Error::BadName);
        }
        let before = self.change(|settings, _| {
            let chosen = settings.of_mut(role);
            let before = chosen.take();
            let same = before.as_ref().filter(|before| before.address == address);
            let own = before
                .as_ref()
                .filter(|before| before.address.origin() == address.origin());
            *chosen = Some(Choice {
                agreed: same.is_some_and(|before| before.agreed),
                key: own.and_then(|before| before.key),
                model: model.to_owned(),
                address: address.clone(),
            });
            Ok(before)
        })?;
        match before {
            Some(before) if before.address.origin() != address.origin() => self.forget_key(&before),
            _ => Ok(()),
        }
    }

    /// Goes back to what is built in. The key is removed.
    ///
    /// # Errors
    /// As for [`Models::choose`].
    pub fn clear(&self, role: Role) -> Result<(), Error> {
        match self.change(|settings, _| Ok(settings.of_mut(role).take()))? {
            Some(before) => self.forget_key(&before),
            None => Ok(()),
        }
    }

    /// Lets texts of the person's memories leave for this address, or no longer. It is the address that the person was
    /// shown: where another is chosen by now, nobody has agreed to that one.
    ///
    /// # Errors
    /// As for [`Models::choose`].
    pub fn agree(&self, role: Role, address: &str, on: bool) -> Result<(), Error> {
        self.change(|settings, _| {
            let choice = settings.of_mut(role).as_mut().ok_or(Error::NotChosen)?;
            if choice.address.to_string() != address {
                return Err(Error::AddressChanged);
            }
            choice.agreed = on;
            Ok(())
        })
    }

    /// Keeps a key for the chosen server, or removes it.
    ///
    /// # Errors
    /// As for [`Models::choose`].
    pub fn set_key(&self, role: Role, key: Option<&str>) -> Result<(), Error> {
        let key = key
            .map(|key| Key::new(key).ok_or(Error::BadKey))
            .transpose()?;
        let (choice, _) = self.chosen(role)?;
        let origin = choice.address.origin();
        // Before the lock, which others wait for: a keychain may ask its person.
        let in_keychain = match (&key, choice.key) {
            (Some(key), _) => self.0.keys.write_to_keychain(&origin, key),
            (None, Some(KeyPlace::Keychain)) => {
                let removed = self.0.keys.remove_from_keychain(&origin);
                removed.map_err(|_| Error::KeyNotKept)?;
                true
            }
            (None, _) => false,
        };
        self.change(|settings, keys| {
            let choice = settings.of_mut(role).as_mut().ok_or(Error::NotChosen)?;
            if choice.address.origin() != origin {
                return Err(Error::AddressChanged);
            }
            choice.key = match &key {
                Some(key) if !in_keychain => {
                    keys.write_to_file(&origin, key)
                        .map_err(|_| Error::KeyNotKept)?;
                    Some(KeyPlace::File)
                }
                _ => {
                    keys.remove_from_file(&origin)
                        .map_err(|_| Error::KeyNotKept)?;
                    key.as_ref().map(|_| KeyPlace::Keychain)
                }
            };
            Ok(())
        })
    }

    /// # Errors
    /// As for [`Models::choose`].
    pub fn set_limits(&self, limits: DayLimits) -> Result<(), Error> {
        if !limits.is_sensible() {
            return Err(Error::BadLimit);
        }
        self.change(|settings, _| {
            settings.limits = limits;
            Ok(())
        })
    }

    /// The models that the chosen server has. Nothing of a memory is sent.
    ///
    /// # Errors
    /// When it does not say.
    pub fn names(&self, role: Role) -> Result<Vec<String>, Error> {
        let (choice, limits) = self.chosen(role)?;
        self.trial(|client| {
            let remote = self.remote(&choice, limits, client, 0, TRIAL_PATIENCE)?;
            Ok(remote.names()?)
        })
    }

    /// Asks the chosen model for a summary of a text of ours. Nothing of a memory is sent.
    ///
    /// # Errors
    /// When it does not make one.
    pub fn test(&self, role: Role) -> Result<Tried, Error> {
        let (choice, limits) = self.chosen(role)?;
        if choice.model.is_empty() {
            return Err(Error::NotChosen);
        }
        let units: Vec<Unit> = TRIAL
            .into_iter()
            .map(|text| Unit {
                text: text.to_owned(),
                group: 0,
            })
            .collect();
        let asked = Asked {
            purpose: Purpose::ModelTrial,
            units: &units,
            chars_max: TRIAL_CHARS_MAX,
            patience: TRIAL_PATIENCE,
        };
        let begun = (self.0.now)();
        self.trial(|client| {
            let (_, form) = self.ask(&choice, limits, &client, Form::Strict, asked)?;
            self.0.state.lock().is_well(&choice, limits, form);
            Ok(())
        })?;
        let took = (self.0.now)().saturating_sub(begun).max(0).unsigned_abs();
        Ok(Tried {
            took: Duration::from_millis(took),
        })
    }

    /// Ends the trials that are under way.
    pub fn cancel_trial(&self) {
        let trials = self.0.trials.lock();
        for stop in trials.iter().filter_map(Weak::upgrade) {
            stop.store(true, Ordering::SeqCst);
        }
    }

    /// May the model that summarises be asked at this moment, as far as that is known? True also when none is chosen:
    /// what is built in is always there.
    #[must_use]
    pub fn may_summarise(&self) -> bool {
        let now = (self.0.now)();
        let settings = Settings::read(&self.0.folder).ok().flatten();
        let settings = settings.unwrap_or_default();
        let Some(choice) = settings.of(Role::Summaries) else {
            return true;
        };
        let switch = self.0.client.network().switch();
        let state = self.0.state.lock();
        let trouble = state.trouble_of(choice, settings.limits, switch);
        trouble.is_none_or(|trouble| now >= trouble.until_unix_ms)
    }

    /// The units that make a summary of at most so many characters, and the model that has chosen them.
    pub(crate) fn choose_sentences(
        &self,
        units: &[Unit],
        chars_max: usize,
        stop: &Arc<AtomicBool>,
    ) -> Result<(BTreeSet<usize>, String), Missed> {
        let inner = &self.0;
        let settings = Settings::read(&inner.folder).ok().flatten();
        let settings = settings.unwrap_or_default();
        let (choice, limits) = match settings.summaries {
            Some(choice) if !choice.model.is_empty() => (choice, settings.limits),
            _ => return Err(Missed::NotChosen),
        };
        let now = (inner.now)();
        let switch = inner.client.network().switch();
        let form = {
            let mut state = inner.state.lock();
            state.turn_to(&choice, limits);
            match state.trouble_of(&choice, limits, switch) {
                Some(trouble) if now < trouble.until_unix_ms => {
                    // Whatever it could not do, it was not asked for this.
                    return Err(Missed::Away(trouble.error));
                }
                _ => state.form,
            }
        };
        let client = inner.client.until(Arc::clone(stop));
        // Nothing of a memory leaves for where nobody has agreed to.
        let client = if choice.agreed {
            client
        } else {
            client.only_here()
        };
        let asked = Asked {
            purpose: Purpose::Summary,
            units,
            chars_max,
            patience: SUMMARY_PATIENCE,
        };
        let answered = self.ask(&choice, limits, &client, form, asked);
        let mut state = inner.state.lock();
        match answered {
            Ok((chosen, form)) => {
                state.is_well(&choice, limits, form);
                Ok((chosen, choice.model))
            }
            Err(error) => {
                if error != remote::Error::Stopped {
                    state.has_failed(&choice, limits, error, (inner.now)());
                }
                Err(Missed::by(error))
            }
        }
    }

    /// Asks the model in the form that is named and, where its server does not take that, in plain words. Answers in which it
    /// was taken, to be asked like that the next time.
    fn ask(
        &self,
        choice: &Choice,
        limits: DayLimits,
        client: &Client,
        form: Form,
        asked: Asked<'_>,
    ) -> Result<(BTreeSet<usize>, Form), remote::Error> {
        let Asked {
            purpose,
            units,
            chars_max,
            patience,
        } = asked;
        let data = summary::data(units, chars_max)?;
        let ask = |form| {
            let remote = self.remote(choice, limits, client.clone(), length(&data), patience)?;
            summary::choose(
                &remote,
                purpose,
                &choice.model,
                &data,
                units,
                chars_max,
                form,
            )
            .map(|chosen| (chosen, form))
        };
        match (ask(form), form) {
            (Err(remote::Error::Unwanted(400 | 422)), Form::Strict) => ask(Form::Plain),
            (answered, _) => answered,
        }
    }

    fn chosen(&self, role: Role) -> Result<(Choice, DayLimits), Error> {
        let settings = Settings::read(&self.0.folder)?.ok_or(Error::NotChosen)?;
        let choice = settings.of(role).cloned().ok_or(Error::NotChosen)?;
        Ok((choice, settings.limits))
    }

    /// The server of a choice, to be asked once with so many bytes. What can't leave this computer is not counted as
    /// what has left.
    fn remote(
        &self,
        choice: &Choice,
        limits: DayLimits,
        client: Client,
        bytes: u64,
        patience: Duration,
    ) -> Result<Remote, remote::Error> {
        let inner = &self.0;
        if !client.network().switch().is_online() {
            return Err(remote::Error::Offline);
        }
        let here = choice.address.names_this_computer();
        // Whatever the name leads to, it was not meant for another computer.
        let client = if here { client.only_here() } else { client };
        let key = match choice.key {
            Some(place) => {
                let key = inner.keys.read(&choice.address.origin(), place);
                Some(key.ok().flatten().ok_or(remote::Error::KeyAway)?)
            }
            None => None,
        };
        if !client.is_only_here() {
            let noted = |error: io::Error| remote::Error::NotNoted(error.kind());
            let _lock = inner.folder.lock().map_err(noted)?;
            let now = (inner.now)();
            if !Spent::spend(&inner.folder, now, bytes, limits).map_err(noted)? {
                return Err(remote::Error::LimitReached);
            }
        }
        Ok(Remote::new(client, choice.address.clone(), key, patience))
    }

    fn trial<T>(&self, ask: impl FnOnce(Client) -> Result<T, Error>) -> Result<T, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        {
            let mut trials = self.0.trials.lock();
            trials.retain(|trial| trial.strong_count() > 0);
            trials.push(Arc::downgrade(&stop));
        }
        ask(self.0.client.until(stop))
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Settings, &Keys) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let inner = &self.0;
        let _lock = inner.folder.lock()?;
        let mut settings = match Settings::read(&inner.folder)? {
            Some(settings) => settings,
            None => Settings::anew(&inner.folder)?,
        };
        let changed = change(&mut settings, &inner.keys)?;
        settings.write(&inner.folder)?;
        // What was found out may be mended by what was changed.
        *inner.state.lock() = State::default();
        Ok(changed)
    }

    /// Of a server that is no longer chosen.
    fn forget_key(&self, choice: &Choice) -> Result<(), Error> {
        let origin = choice.address.origin();
        let keys = &self.0.keys;
        let forgotten = match choice.key {
            Some(KeyPlace::Keychain) => keys.remove_from_keychain(&origin),
            Some(KeyPlace::File) => {
                let _lock = self.0.folder.lock()?;
                keys.remove_from_file(&origin)
            }
            None => Ok(()),
        };
        forgotten.map_err(|_| Error::KeyLeft)
    }
}

/// A computer that is named without its protocol is this one or is spoken to safely, and a server without a path has its
/// service where all of them have it.
fn server_address(text: &str) -> Option<Address> {
    let text = text.trim().trim_end_matches('/');
    let address = if text.contains("://") {
        Address::parse(text)?
    } else {
        let plain = Address::parse(&format!("http://{text}"))?;
        if plain.names_this_computer() {
            plain
        } else {
            Address::parse(&format!("https://{text}"))?
        }
    };
    let path = address.path().trim_end_matches("/chat/completions");
    let path = if path.is_empty() { "/v1" } else { path };
    Some(address.at(path))
}

fn length(data: &Value) -> u64 {
    data.to_string().len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_as_people_write_it() {
        for (text, address) in [
            ("localhost:11434", "http://localhost:11434/v1"),
            ("127.0.0.1:1234/", "http://127.0.0.1:1234/v1"),
            ("api.example", "https://api.example/v1"),
            ("https://api.example/openai/", "https://api.example/openai"),
            (
                "https://api.example/v1/chat/completions",
                "https://api.example/v1",
            ),
            ("http://192.168.0.2:8080", "http://192.168.0.2:8080/v1"),
        ] {
            let parsed = server_address(text).unwrap();
            assert_eq!(parsed.to_string(), address, "{text}");
        }
        for none in ["", "my server", "sk-123@api.example", "file:///etc/passwd"] {
            assert_eq!(server_address(none), None, "{none}");
        }
    }
}
