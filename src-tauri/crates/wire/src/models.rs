//! Models of a server that the person has chosen.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a model is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ModelRole {
    /// It chooses the sentences of which summaries are made.
    Summaries,
    /// It compares what passages and questions mean.
    Embeddings,
    /// It reads what was found together with the question, and puts it in order.
    Reranking,
}

/// Where a key lies. It is never told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ModelKeyPlace {
    Keychain,
    /// In a file that the person alone may read.
    File,
}

/// Why a model is not asked at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelTrouble {
    /// In plain words.
    pub cause: String,
    /// What the person can do, or what happens by itself.
    pub next: String,
    pub since: String,
    /// It is not asked again before this.
    pub until: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelChosen {
    pub address: String,
    /// The computer, as calls to it are listed.
    pub host: String,
    /// Empty until it is named.
    pub model: String,
    /// Its name says that it is this computer. In each call it has to be.
    pub here: bool,
    /// Nobody on the way can read what is said.
    pub encrypted: bool,
    /// Texts of the person's memories may leave for this address.
    pub agreed: bool,
    /// It is not used before it has passed its trial.
    pub untried: bool,
    pub key: Option<ModelKeyPlace>,
    pub trouble: Option<ModelTrouble>,
}

/// How much may leave this computer for models in a day, which begins at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ModelLimits {
    pub calls_max: u32,
    #[ts(type = "number")]
    pub bytes_max: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Models {
    /// Null while what is built in makes the summaries.
    pub summaries: Option<ModelChosen>,
    /// Null while what is built in compares what passages mean.
    pub embeddings: Option<ModelChosen>,
    /// Null while what is found keeps its order.
    pub reranking: Option<ModelChosen>,
    /// What was chosen can't be read, so no model is asked.
    pub unreadable: bool,
    pub limits: ModelLimits,
    /// The largest that can be set.
    pub limits_most: ModelLimits,
    /// What has left today.
    pub calls_today: u32,
    #[ts(type = "number")]
    pub bytes_today: u64,
    /// Nothing is called while that is so.
    pub offline: bool,
    /// Where the choices lie.
    pub folder: String,
}

impl Models {
    #[must_use]
    pub fn of(&self, role: ModelRole) -> Option<&ModelChosen> {
        match role {
            ModelRole::Summaries => self.summaries.as_ref(),
            ModelRole::Embeddings => self.embeddings.as_ref(),
            ModelRole::Reranking => self.reranking.as_ref(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ModelOf {
    pub role: ModelRole,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ModelChoice {
    pub role: ModelRole,
    /// As a person writes it: `localhost:11434`, `https://api.example/v1`.
    pub address: String,
    /// Empty while it is not known yet.
    pub model: String,
}

/// A yes to one address, as it was shown, or a no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ModelAgreement {
    pub role: ModelRole,
    pub address: String,
    pub on: bool,
}

/// A key, or null to remove it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ModelKey {
    pub role: ModelRole,
    pub key: Option<Secret>,
}

/// What is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(export, type = "string")]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelNames {
    /// In the order of the alphabet.
    pub names: Vec<String>,
}

/// It answered in the form that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelTested {
    #[ts(type = "number")]
    pub took_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_printed() {
        let key = ModelKey {
            role: ModelRole::Summaries,
            key: Some(Secret("sk-123".to_owned())),
        };
        assert!(!format!("{key:?}").contains("123"));
        let crossed = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<ModelKey>(&crossed).unwrap(), key);
    }
}
