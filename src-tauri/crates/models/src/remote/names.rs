use oldgrowth_http::Purpose;
use serde::Deserialize;

use super::{Error, Remote};

const RESPONSE_BYTES_MAX: u64 = 2 * 1024 * 1024;
const NAMES_MAX: usize = 1_000;
const NAME_CHARS_MAX: usize = 200;

#[derive(Deserialize)]
struct Listed {
    data: Vec<ListedModel>,
}

#[derive(Deserialize)]
struct ListedModel {
    id: String,
}

impl Remote {
    /// The models that the server says it has, in the order of the alphabet. A name that can't be shown on a line is
    /// left out.
    ///
    /// # Errors
    /// When it does not say.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        let listed: Listed = self.get(Purpose::ModelTrial, "models", RESPONSE_BYTES_MAX)?;
        let names = listed.data.into_iter().map(|model| model.id);
        let mut names: Vec<String> = names.filter(|name| is_model_name(name)).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(NAMES_MAX);
        Ok(names)
    }
}

/// One line that a person can read.
pub(crate) fn is_model_name(name: &str) -> bool {
    !name.trim().is_empty()
        && name.trim() == name
        && name.chars().count() <= NAME_CHARS_MAX
        && !name.chars().any(char::is_control)
}
