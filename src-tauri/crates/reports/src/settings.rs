//! What the person has chosen, and where reports go.

use std::io;

use oldgrowth_folder::Folder;
use sentry_types::{Dsn, Scheme};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const NAME: &str = "settings.json";
/// Settings that were not understood when something else was chosen. Later ones are numbered.
const ASIDE: &str = "settings.json.unreadable";
const BYTES_MAX: u64 = 16 * 1024;
const VERSION: u32 = 1;

/// May reports be sent by themselves?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Nobody has chosen. Nothing is sent.
    #[default]
    Unasked,
    Yes,
    /// Nothing is sent, and nobody asks again.
    No,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    version: u32,
    #[serde(default)]
    pub(crate) consent: Consent,
    /// The question was shown once; an answer may be missing.
    #[serde(default)]
    pub(crate) asked: bool,
    /// Where reports go, in place of what the program was built with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dsn: Option<String>,
}

impl Settings {
    fn with(consent: Consent) -> Self {
        Self {
            version: VERSION,
            consent,
            asked: false,
            dsn: None,
        }
    }

    /// Read each time it counts, since another process may have changed it. A switch that can't be read
    /// is off.
    pub(crate) fn read(folder: &Folder) -> Self {
        Self::kept(folder).ok().flatten().unwrap_or_else(|| Self {
            dsn: dsn_of_unreadable(folder),
            ..Self::with(Consent::No)
        })
    }

    /// `None` for what is there and isn't understood. Nothing of it may be replaced by a guess.
    pub(crate) fn kept(folder: &Folder) -> io::Result<Option<Self>> {
        match folder.read(NAME, BYTES_MAX) {
            Ok(None) => Ok(Some(Self::with(Consent::Unasked))),
            Ok(Some(bytes)) => Ok(serde_json::from_slice::<Self>(&bytes)
                .ok()
                .filter(|settings| settings.version == VERSION)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// To be written in the place of what isn't understood, which has been copied beside it. Where reports go stays
    /// what it was. The lock is held.
    pub(crate) fn anew(folder: &Folder) -> io::Result<Self> {
        folder.copy_aside(NAME, ASIDE)?;
        Ok(Self {
            dsn: dsn_of_unreadable(folder),
            ..Self::with(Consent::Unasked)
        })
    }

    /// The lock is held.
    pub(crate) fn write(&self, folder: &Folder) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        folder.replace_durably(NAME, &bytes)
    }

    /// Where reports go. On the way to another computer they are encrypted, or there is no way.
    pub(crate) fn address(&self, built_in: Option<&str>) -> Option<Dsn> {
        let dsn: Dsn = self.dsn.as_deref().or(built_in)?.parse().ok()?;
        let here = matches!(dsn.host(), "127.0.0.1" | "localhost" | "::1" | "[::1]");
        (dsn.scheme() == Scheme::Https || here).then_some(dsn)
    }
}

/// Where reports go by settings that aren't understood otherwise. One that says so in a way that isn't known names no
/// address: what a person has turned away from the one that was built in does not go there.
fn dsn_of_unreadable(folder: &Folder) -> Option<String> {
    let bytes = folder.read(NAME, BYTES_MAX).ok()??;
    let settings: Value = serde_json::from_slice(&bytes).ok()?;
    match settings.get("dsn")? {
        Value::Null => None,
        Value::String(dsn) => Some(dsn.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(dsn: &str) -> Option<String> {
        Settings::with(Consent::Yes)
            .address(Some(dsn))
            .map(|dsn| dsn.host().to_owned())
    }

    #[test]
    fn reports_go_encrypted_or_not_at_all() {
        assert_eq!(
            address("https://key@reports.example/7").as_deref(),
            Some("reports.example")
        );
        assert_eq!(
            address("http://key@reports.example/7"),
            None,
            "others could read it on the way"
        );
        assert_eq!(
            address("http://key@127.0.0.1:9/7").as_deref(),
            Some("127.0.0.1"),
            "there is no way to go"
        );
        assert_eq!(address("not an address"), None);
    }

    #[test]
    fn a_switch_that_can_not_be_read_is_off() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().to_owned());
        assert_eq!(
            Settings::read(&folder).consent,
            Consent::Unasked,
            "nobody has chosen"
        );
        for spoilt in ["{", r#"{"version":9,"consent":"yes"}"#, "\u{0}\u{0}"] {
            std::fs::write(dir.path().join(NAME), spoilt).unwrap();
            assert_eq!(
                Settings::read(&folder).consent,
                Consent::No,
                "{spoilt:?} says nothing that could be a yes"
            );
        }
    }
}
