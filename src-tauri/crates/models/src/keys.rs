//! Keys: in the system's keychain, and where there is none in a file that the person alone may read. Never in a
//! database, a log, a backup or a report.
//!
//! A key belongs to the computer that it was given for, and is handed to no other.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use oldgrowth_folder::Folder;
use serde::{Deserialize, Serialize};

use crate::remote::Key;
use crate::settings::KeyPlace;

const NAME: &str = "keys.json";
const BYTES_MAX: u64 = 256 * 1024;
const VERSION: u32 = 1;

/// What a keychain knows our keys by.
const SERVICE: &str = "Oldgrowth";
/// A keychain may ask its person first.
const KEYCHAIN_WAIT: Duration = Duration::from_secs(60);

/// A place for secrets, which names them. Failures are not told apart: what is not there is not to be had either.
pub trait Keychain: Send + Sync {
    /// # Errors
    /// When it does not say. `None` when there is none of this name.
    fn read(&self, name: &str) -> Result<Option<String>, KeychainAway>;

    /// # Errors
    /// When it can't be kept; then it is not there.
    fn write(&self, name: &str, secret: &str) -> Result<(), KeychainAway>;

    /// # Errors
    /// When it may still be there.
    fn remove(&self, name: &str) -> Result<(), KeychainAway>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keychain can't be used")]
pub struct KeychainAway;

/// The keychain of this system: Keychain Services, the Credential Manager or the Secret Service.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemKeychain;

impl Keychain for SystemKeychain {
    fn read(&self, name: &str) -> Result<Option<String>, KeychainAway> {
        within_time(name, |entry| match entry.get_password() {
            Ok(secret) => Ok(Some(secret)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(_) => Err(KeychainAway),
        })
    }

    fn write(&self, name: &str, secret: &str) -> Result<(), KeychainAway> {
        let secret = secret.to_owned();
        within_time(name, move |entry| {
            entry.set_password(&secret).map_err(|_| KeychainAway)?;
            // Some take what they lose again at once.
            match entry.get_password() {
                Ok(kept) if kept == secret => Ok(()),
                _ => Err(KeychainAway),
            }
        })
    }

    fn remove(&self, name: &str) -> Result<(), KeychainAway> {
        within_time(name, |entry| match entry.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(_) => Err(KeychainAway),
        })
    }
}

/// A keychain that waits for its person can't be interrupted: the thread that asks it is left to itself then.
fn within_time<T: Send + 'static>(
    name: &str,
    ask: impl FnOnce(&keyring::Entry) -> Result<T, KeychainAway> + Send + 'static,
) -> Result<T, KeychainAway> {
    let name = name.to_owned();
    let (tell, told) = mpsc::channel();
    std::thread::Builder::new()
        .name("keychain".to_owned())
        .spawn(move || {
            let answer = keyring::Entry::new(SERVICE, &name)
                .map_err(|_| KeychainAway)
                .and_then(|entry| ask(&entry));
            // Nobody waits for it any more otherwise.
            tell.send(answer).ok();
        })
        .map_err(|_| KeychainAway)?;
    told.recv_timeout(KEYCHAIN_WAIT)
        .unwrap_or(Err(KeychainAway))
}

pub(crate) struct Keys {
    folder: Folder,
    keychain: Option<Arc<dyn Keychain>>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// By the computer that each was given for.
    keys: BTreeMap<String, String>,
}

impl Keys {
    /// Without a keychain all keys lie in the file.
    pub(crate) fn new(folder: Folder, keychain: Option<Arc<dyn Keychain>>) -> Self {
        Self { folder, keychain }
    }

    /// # Errors
    /// When the place does not say whether it has it.
    pub(crate) fn read(&self, origin: &str, place: KeyPlace) -> io::Result<Option<Key>> {
        let secret = match (place, &self.keychain) {
            (KeyPlace::File, _) => self.kept()?.keys.remove(origin),
            (KeyPlace::Keychain, Some(keychain)) => {
                keychain.read(&entry(origin)).map_err(io::Error::other)?
            }
            (KeyPlace::Keychain, None) => return Err(io::Error::other(KeychainAway)),
        };
        Ok(secret.as_deref().and_then(Key::new))
    }

    /// False where there is no keychain, or none that keeps it.
    pub(crate) fn write_to_keychain(&self, origin: &str, key: &Key) -> bool {
        let keychain = self.keychain.as_ref();
        keychain.is_some_and(|keychain| keychain.write(&entry(origin), key.secret()).is_ok())
    }

    /// # Errors
    /// When it may still be there.
    pub(crate) fn remove_from_keychain(&self, origin: &str) -> io::Result<()> {
        let keychain = self.keychain.as_ref();
        let keychain = keychain.ok_or_else(|| io::Error::other(KeychainAway))?;
        keychain.remove(&entry(origin)).map_err(io::Error::other)
    }

    /// The lock is held.
    pub(crate) fn write_to_file(&self, origin: &str, key: &Key) -> io::Result<()> {
        let mut kept = self.kept()?;
        kept.keys.insert(origin.to_owned(), key.secret().to_owned());
        self.replace(&kept)
    }

    /// The lock is held.
    pub(crate) fn remove_from_file(&self, origin: &str) -> io::Result<()> {
        let mut kept = self.kept()?;
        if kept.keys.remove(origin).is_some() {
            self.replace(&kept)?;
        }
        Ok(())
    }

    fn kept(&self) -> io::Result<Kept> {
        let kept = match self.folder.read(NAME, BYTES_MAX)? {
            None => Kept {
                version: VERSION,
                keys: BTreeMap::new(),
            },
            Some(bytes) => serde_json::from_slice(&bytes)?,
        };
        match kept.version {
            VERSION => Ok(kept),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn replace(&self, kept: &Kept) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(kept)?;
        bytes.push(b'\n');
        self.folder.replace_durably(NAME, &bytes)
    }
}

fn entry(origin: &str) -> String {
    format!("Key of models at {origin}")
}
