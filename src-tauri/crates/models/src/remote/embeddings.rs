use oldgrowth_http::Purpose;
use serde::Deserialize;
use serde_json::json;

use super::{Error, Remote};

const RESPONSE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// The vectors of 100,000 passages take 400 MB then, which are held in memory while somebody asks.
const WIDTH_MAX: usize = 4_096;

#[derive(Deserialize)]
struct Embedded {
    data: Vec<EmbeddedText>,
}

#[derive(Deserialize)]
struct EmbeddedText {
    index: usize,
    embedding: Vec<f32>,
}

impl Remote {
    /// A vector for each text, in the order of the texts, all of one length.
    ///
    /// # Errors
    /// When there is not exactly one usable vector for each.
    pub fn embed(
        &self,
        purpose: Purpose,
        model: &str,
        texts: &[&str],
    ) -> Result<Vec<Vec<f32>>, Error> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({ "model": model, "input": texts, "encoding_format": "float" });
        let Embedded { mut data } = self.post(purpose, "embeddings", &body, RESPONSE_BYTES_MAX)?;
        // In whatever order they come.
        data.sort_by_key(|text| text.index);
        if !data.iter().map(|text| text.index).eq(0..texts.len()) {
            return Err(Error::NotUnderstood("not one vector for each text"));
        }
        let vectors: Vec<Vec<f32>> = data.into_iter().map(|text| text.embedding).collect();
        let length = vectors.first().map_or(0, Vec::len);
        let is_usable = |vector: &Vec<f32>| {
            vector.len() == length
                && vector.iter().all(|value| value.is_finite())
                && vector.iter().any(|value| *value != 0.0)
        };
        if length > WIDTH_MAX {
            return Err(Error::TooWide);
        }
        if !vectors.iter().all(is_usable) {
            return Err(Error::NotUnderstood("vectors that can't be compared"));
        }
        Ok(vectors)
    }
}
