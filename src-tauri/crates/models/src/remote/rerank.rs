use oldgrowth_http::Purpose;
use serde::Deserialize;
use serde_json::json;

use super::{Error, Remote};

const RESPONSE_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[derive(Deserialize)]
struct Reranked {
    results: Vec<Scored>,
}

#[derive(Deserialize)]
struct Scored {
    index: usize,
    relevance_score: f32,
}

impl Remote {
    /// How well each text answers the question, in the order of the texts: the higher the better. Only scores of one
    /// answer can be compared.
    ///
    /// # Errors
    /// When there is not exactly one score for each.
    pub fn rerank(
        &self,
        purpose: Purpose,
        model: &str,
        question: &str,
        texts: &[&str],
    ) -> Result<Vec<f32>, Error> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({
            "model": model,
            "query": question,
            "documents": texts,
            "top_n": texts.len(),
            "return_documents": false,
        });
        let Reranked { mut results } = self.post(purpose, "rerank", &body, RESPONSE_BYTES_MAX)?;
        results.sort_by_key(|text| text.index);
        if !results.iter().map(|text| text.index).eq(0..texts.len()) {
            return Err(Error::NotUnderstood("not one score for each text"));
        }
        let scores: Vec<f32> = results.iter().map(|text| text.relevance_score).collect();
        if !scores.iter().all(|score| score.is_finite()) {
            return Err(Error::NotUnderstood("scores that can't be compared"));
        }
        Ok(scores)
    }
}
