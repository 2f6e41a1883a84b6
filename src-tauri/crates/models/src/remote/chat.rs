use oldgrowth_http::Purpose;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Error, Remote};

const RESPONSE_BYTES_MAX: u64 = 1024 * 1024;

/// What a chat model is asked: by whom it is told what to do, and what it is given to do it with.
#[derive(Clone, Copy, Debug)]
pub struct Chat<'c> {
    pub purpose: Purpose,
    pub model: &'c str,
    /// Words of ours alone.
    pub task: &'static str,
    /// Everything that is somebody else's text, as JSON: what it says is no part of the task.
    pub data: &'c Value,
    /// The JSON schema of the answer, and its name.
    pub schema: &'c Value,
    pub schema_name: &'static str,
    pub tokens_max: u32,
}

/// How a server is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// With the schema, no chance, and an end to the answer. Some servers take none of that, and say
    /// [`Error::Unwanted`].
    #[default]
    Strict,
    /// With the words alone.
    Plain,
}

#[derive(Deserialize)]
struct Completed {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

impl Remote {
    /// # Errors
    /// When the answer is not JSON in the form of `T`, which is what the schema describes.
    pub fn chat<T: DeserializeOwned>(&self, chat: Chat<'_>, form: Form) -> Result<T, Error> {
        let mut body = json!({
            "model": chat.model,
            "stream": false,
            "messages": [
                { "role": "system", "content": chat.task },
                { "role": "user", "content": chat.data.to_string() },
            ],
        });
        if form == Form::Strict
            && let Some(body) = body.as_object_mut()
        {
            body.insert("temperature".to_owned(), json!(0));
            body.insert("max_tokens".to_owned(), json!(chat.tokens_max));
            let schema = json!({ "name": chat.schema_name, "strict": true, "schema": chat.schema });
            let format = json!({ "type": "json_schema", "json_schema": schema });
            body.insert("response_format".to_owned(), format);
        }
        let Completed { choices } =
            self.post(chat.purpose, "chat/completions", &body, RESPONSE_BYTES_MAX)?;
        let choice = choices.into_iter().next();
        let choice = choice.ok_or(Error::NotUnderstood("no answer in it"))?;
        if choice.finish_reason.as_deref() == Some("length") {
            return Err(Error::TooLong);
        }
        let said = choice.message.content.unwrap_or_default();
        serde_json::from_str(bare(&said))
            .map_err(|_| Error::NotUnderstood("not the form that was asked for"))
    }
}

/// What was said, without what was thought before it and without the fence around it.
fn bare(said: &str) -> &str {
    let said = said.rsplit_once("</think>").map_or(said, |(_, said)| said);
    let said = said.trim();
    let fenced = said
        .strip_prefix("```json")
        .or_else(|| said.strip_prefix("```"))
        .and_then(|said| said.strip_suffix("```"));
    fenced.unwrap_or(said).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_out_of_its_covers() {
        for said in [
            "{}",
            " {}\n",
            "```json\n{}\n```",
            "```\n{}```",
            "<think>\n{\"a\": 1}?\n</think>\n\n{}",
        ] {
            assert_eq!(bare(said), "{}", "{said}");
        }
        assert_eq!(
            bare("Here you are: {}"),
            "Here you are: {}",
            "nobody guesses"
        );
    }
}
