//! The models that the person has named: what is chosen, and what became of asking them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};
use std::time::Duration;

use oldgrowth_folder::Folder;
use oldgrowth_http::{Address, Client};
use parking_lot::Mutex;

use crate::keys::{Keychain, Keys};
use crate::remote::{self, Key, Remote, is_model_name};
use crate::settings::{Choice, DayLimits, KeyPlace, Role, Settings};
use crate::spent::Spent;
use crate::state::{State, Trouble};

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
    /// What was agreed to or tried is not what is chosen now.
    #[error("something else is chosen by now")]
    ChosenAnew,
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
    pub embeddings: Option<ChosenView>,
    pub reranking: Option<ChosenView>,
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
    /// It is not used before it has passed its trial.
    pub untried: bool,
    pub key: Option<KeyPlace>,
    pub trouble: Option<Trouble>,
}

/// What became of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    pub took: Duration,
}

/// The models of a person. Clones are the same.
#[derive(Clone)]
pub struct Models(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) folder: Folder,
    pub(crate) client: Client,
    pub(crate) now: Arc<dyn Fn() -> i64 + Send + Sync>,
    keys: Keys,
    states: States,
    /// Each ends a trial that is under way.
    pub(crate) trials: Mutex<Vec<Weak<AtomicBool>>>,
}

/// Of each role what was found out about its model.
#[derive(Default)]
struct States {
    summaries: Mutex<State>,
    embeddings: Mutex<State>,
    reranking: Mutex<State>,
}

impl Inner {
    pub(crate) fn state(&self, role: Role) -> &Mutex<State> {
        match role {
            Role::Summaries => &self.states.summaries,
            Role::Embeddings => &self.states.embeddings,
            Role::Reranking => &self.states.reranking,
        }
    }
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
            states: States::default(),
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
        let of = |role| {
            settings.of(role).map(|choice| ChosenView {
                address: choice.address.to_string(),
                host: choice.address.host(),
                model: choice.model.clone(),
                here: choice.address.names_this_computer(),
                encrypted: choice.address.is_encrypted(),
                agreed: choice.agreed,
                untried: role == Role::Embeddings && choice.width.is_none(),
                key: choice.key,
                trouble: {
                    let state = inner.state(role).lock();
                    let limits = settings.limits;
                    let of_all = state.trouble_of(choice, limits, switch);
                    of_all.or_else(|| state.passages_wait(choice, limits, (inner.now)()))
                },
            })
        };
        View {
            summaries: of(Role::Summaries),
            embeddings: of(Role::Embeddings),
            reranking: of(Role::Reranking),
            unreadable,
            limits: settings.limits,
            spent: Spent::read(&inner.folder, (inner.now)()).within(settings.limits),
            offline: !switch.is_online(),
            folder: inner.folder.path().to_owned(),
        }
    }

    /// Chooses a server and, where it is known already, a model of it. An address that is another than before has not
    /// been agreed to, and a key stays with its own computer, for whatever that is asked.
    ///
    /// # Errors
    /// When it can't be kept; then it is as it was.
    pub fn choose(&self, role: Role, address: &str, model: &str) -> Result<(), Error> {
        let address = server_address(address).ok_or(Error::BadAddress)?;
        let model = model.trim();
        if !model.is_empty() && !is_model_name(model) {
            return Err(Error::BadName);
        }
        let left = self.change(|settings, _| {
            let key = settings.key_of(&address);
            let chosen = settings.of_mut(role);
            let before = chosen.take();
            let same = before.as_ref().filter(|before| before.address == address);
            *chosen = Some(Choice {
                agreed: same.is_some_and(|before| before.agreed),
                width: same
                    .filter(|before| before.model == model)
                    .and_then(|before| before.width),
                key,
                model: model.to_owned(),
                address: address.clone(),
            });
            Ok(before.filter(|before| !settings.uses(&before.address)))
        })?;
        left.map_or(Ok(()), |left| self.forget_key(&left))
    }

    /// Goes back to what is built in. The key is removed, unless its computer is chosen for something else.
    ///
    /// # Errors
    /// As for [`Models::choose`].
    pub fn clear(&self, role: Role) -> Result<(), Error> {
        let left = self.change(|settings, _| {
            let before = settings.of_mut(role).take();
            Ok(before.filter(|before| !settings.uses(&before.address)))
        })?;
        left.map_or(Ok(()), |left| self.forget_key(&left))
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
                return Err(Error::ChosenAnew);
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
            let choice = settings.of(role).ok_or(Error::NotChosen)?;
            if choice.address.origin() != origin {
                return Err(Error::ChosenAnew);
            }
            let place = match &key {
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
            settings.set_key_of(&origin, place);
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

    pub(crate) fn chosen(&self, role: Role) -> Result<(Choice, DayLimits), Error> {
        let settings = Settings::read(&self.0.folder)?.ok_or(Error::NotChosen)?;
        let choice = settings.of(role).cloned().ok_or(Error::NotChosen)?;
        Ok((choice, settings.limits))
    }

    /// The server of a choice, to be asked once with so many bytes. What can't leave this computer is not counted as
    /// what has left.
    pub(crate) fn remote(
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

    pub(crate) fn change<T>(
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
        for role in Role::ALL {
            *inner.state(role).lock() = State::default();
        }
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
