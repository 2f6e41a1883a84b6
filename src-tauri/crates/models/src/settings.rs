//! What the person has chosen: which server's model does what, whether it may be on another computer, and how much may leave
//! in a day. It is the person's and no memory's: a memory that comes from elsewhere brings no choice with it.

use std::io;

use oldgrowth_folder::Folder;
use oldgrowth_http::Address;
use serde::{Deserialize, Serialize};

const NAME: &str = "settings.json";
/// Settings that were not understood when something else was chosen. Later ones are numbered.
const ASIDE: &str = "settings.json.unreadable";
const BYTES_MAX: u64 = 64 * 1024;
const VERSION: u32 = 1;

/// What a model is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It chooses the sentences of which summaries are made.
    Summaries,
    /// It makes vectors of passages and of questions.
    Embeddings,
    /// It reads what was found together with the question.
    Reranking,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Summaries, Self::Embeddings, Self::Reranking];
}

/// Where a key lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// In the system's keychain.
    Keychain,
    /// In a file that the person alone may read.
    File,
}

/// How much may leave this computer for models in a day, which begins at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayLimits {
    pub calls_max: u32,
    pub bytes_max: u64,
}

impl DayLimits {
    pub const CALLS_MOST: u32 = 100_000;
    pub const BYTES_MOST: u64 = 10_000_000_000;

    /// Passages take no more than four fifths: else nobody could ask until the next day, each day until all are read.
    pub(crate) fn for_passages(self) -> Self {
        Self {
            calls_max: self.calls_max - self.calls_max.div_ceil(5),
            bytes_max: self.bytes_max - self.bytes_max.div_ceil(5),
        }
    }

    pub(crate) fn is_sensible(self) -> bool {
        self.calls_max <= Self::CALLS_MOST && self.bytes_max <= Self::BYTES_MOST
    }
}

impl Default for DayLimits {
    fn default() -> Self {
        Self {
            calls_max: 500,
            bytes_max: 10_000_000,
        }
    }
}

/// A model of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) address: Address,
    /// Empty until it is named.
    pub(crate) model: String,
    /// The person has agreed that texts of their memories leave for this address.
    pub(crate) agreed: bool,
    pub(crate) key: Option<KeyPlace>,
    /// Of a model that embeds: how many numbers its vectors had when it was tried.
    pub(crate) width: Option<u32>,
}

impl Choice {
    /// May texts of the person's memories be sent there?
    pub(crate) fn is_allowed(&self) -> bool {
        self.agreed || self.address.names_this_computer()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) summaries: Option<Choice>,
    pub(crate) embeddings: Option<Choice>,
    pub(crate) reranking: Option<Choice>,
    pub(crate) limits: DayLimits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summaries: Option<KeptChoice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embeddings: Option<KeptChoice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reranking: Option<KeptChoice>,
    #[serde(default)]
    a_day: DayLimits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptChoice {
    address: String,
    model: String,
    /// The address that was agreed to. It is no yes to any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agreed_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<KeyPlace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
}

impl Settings {
    /// Read at each use, since another process may have changed them. `None` for what is there and isn't understood:
    /// nobody has agreed to anything by it.
    ///
    /// # Errors
    /// When they can't be read.
    pub(crate) fn read(folder: &Folder) -> io::Result<Option<Self>> {
        match folder.read(NAME, BYTES_MAX) {
            Ok(None) => Ok(Some(Self::default())),
            Ok(Some(bytes)) => Ok(serde_json::from_slice(&bytes).ok().and_then(understood)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// To be written in the place of what isn't understood, which is copied beside it. The lock is held.
    pub(crate) fn anew(folder: &Folder) -> io::Result<Self> {
        folder.copy_aside(NAME, ASIDE)?;
        Ok(Self::default())
    }

    /// The lock is held.
    pub(crate) fn write(&self, folder: &Folder) -> io::Result<()> {
        let choice = |choice: &Choice| {
            let address = choice.address.to_string();
            KeptChoice {
                agreed_to: choice.agreed.then(|| address.clone()),
                address,
                model: choice.model.clone(),
                key: choice.key,
                width: choice.width,
            }
        };
        let mut bytes = serde_json::to_vec_pretty(&Kept {
            version: VERSION,
            summaries: self.summaries.as_ref().map(choice),
            embeddings: self.embeddings.as_ref().map(choice),
            reranking: self.reranking.as_ref().map(choice),
            a_day: self.limits,
        })?;
        bytes.push(b'\n');
        folder.replace_durably(NAME, &bytes)
    }

    pub(crate) fn of(&self, role: Role) -> Option<&Choice> {
        match role {
            Role::Summaries => self.summaries.as_ref(),
            Role::Embeddings => self.embeddings.as_ref(),
            Role::Reranking => self.reranking.as_ref(),
        }
    }

    pub(crate) fn of_mut(&mut self, role: Role) -> &mut Option<Choice> {
        match role {
            Role::Summaries => &mut self.summaries,
            Role::Embeddings => &mut self.embeddings,
            Role::Reranking => &mut self.reranking,
        }
    }

    /// Is this computer chosen for anything?
    pub(crate) fn uses(&self, address: &Address) -> bool {
        self.at(&address.origin()).next().is_some()
    }

    /// Where the key for this computer lies.
    pub(crate) fn key_of(&self, address: &Address) -> Option<KeyPlace> {
        self.at(&address.origin()).find_map(|choice| choice.key)
    }

    /// There is one key for a computer, for whatever that is asked.
    pub(crate) fn set_key_of(&mut self, origin: &str, key: Option<KeyPlace>) {
        for role in Role::ALL {
            if let Some(choice) = self.of_mut(role)
                && choice.address.origin() == origin
            {
                choice.key = key;
            }
        }
    }

    fn at(&self, origin: &str) -> impl Iterator<Item = &Choice> {
        let chosen = Role::ALL.into_iter().filter_map(|role| self.of(role));
        chosen.filter(move |choice| choice.address.origin() == origin)
    }
}

fn understood(kept: Kept) -> Option<Settings> {
    if kept.version != VERSION || !kept.a_day.is_sensible() {
        return None;
    }
    let choice = |kept: KeptChoice| {
        Some(Choice {
            agreed: kept.agreed_to.as_ref() == Some(&kept.address),
            address: Address::parse(&kept.address)?,
            model: kept.model,
            key: kept.key,
            width: kept.width,
        })
    };
    // One that is not understood spoils them all.
    let chosen = |kept: Option<KeptChoice>| match kept {
        Some(kept) => choice(kept).map(Some),
        None => Some(None),
    };
    Some(Settings {
        summaries: chosen(kept.summaries)?,
        embeddings: chosen(kept.embeddings)?,
        reranking: chosen(kept.reranking)?,
        limits: kept.a_day,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_is_a_yes_to_one_address_alone() {
        let own = tempfile::tempdir().unwrap();
        let folder = Folder::new(own.path().to_owned());
        let address = Address::parse("https://api.example/v1").unwrap();
        let settings = Settings {
            summaries: Some(Choice {
                address,
                model: "little".to_owned(),
                agreed: true,
                key: Some(KeyPlace::Keychain),
                width: None,
            }),
            ..Settings::default()
        };
        settings.write(&folder).unwrap();
        assert_eq!(Settings::read(&folder).unwrap(), Some(settings));
        let path = own.path().join(NAME);
        let text = std::fs::read_to_string(&path).unwrap();
        let elsewhere = text.replacen("api.example", "elsewhere.example", 1);
        std::fs::write(&path, elsewhere).unwrap();
        let changed = Settings::read(&folder).unwrap().unwrap();
        assert!(
            !changed.summaries.unwrap().agreed,
            "by whichever hand it was changed"
        );
    }

    #[test]
    fn what_is_not_understood_agrees_to_nothing_and_is_kept() {
        let own = tempfile::tempdir().unwrap();
        let folder = Folder::new(own.path().to_owned());
        assert_eq!(Settings::read(&folder).unwrap(), Some(Settings::default()));
        for spoilt in [
            "{",
            r#"{"version":9}"#,
            r#"{"version":1,"summaries":{"address":"not one","model":"m"}}"#,
            r#"{"version":1,"reranking":{"address":"not one","model":"m"}}"#,
            r#"{"version":1,"a_day":{"calls_max":4000000,"bytes_max":1}}"#,
            r#"{"version":1,"of_a_later_version":true}"#,
        ] {
            std::fs::write(own.path().join(NAME), spoilt).unwrap();
            assert_eq!(Settings::read(&folder).unwrap(), None, "{spoilt}");
            Settings::anew(&folder).unwrap().write(&folder).unwrap();
            assert_eq!(Settings::read(&folder).unwrap(), Some(Settings::default()));
        }
        let third = std::fs::read_to_string(own.path().join("settings.json.unreadable.3"));
        assert!(
            third.unwrap().contains("not one"),
            "what somebody wrote is still there"
        );
    }
}
