//! One conversation of ChatGPT's export: `mapping` is a tree of messages by id.

use oldgrowth_domain::canonical::LeftOut;
use serde_json::Value;

use super::json::{array_at, seconds, text_at};
use super::thread::{Conversation, Node, Tally};

pub(super) fn conversation(value: &Value) -> Option<Conversation> {
    let mapping = value.get("mapping")?.as_object()?;
    let mut left_out = Tally::default();
    let nodes = mapping
        .iter()
        .map(|(id, entry)| node(id, entry, &mut left_out))
        .collect();
    Some(Conversation {
        title: text_at(value, "title").map(str::to_owned),
        created: value.get("create_time").and_then(seconds),
        nodes,
        current: text_at(value, "current_node").map(str::to_owned),
        left_out,
        repeated: 0,
    })
}

fn node(id: &str, entry: &Value, left_out: &mut Tally) -> Node {
    let message = entry.get("message").filter(|message| !message.is_null());
    Node {
        id: id.to_owned(),
        parent: text_at(entry, "parent").map(str::to_owned),
        at: message
            .and_then(|message| message.get("create_time"))
            .and_then(seconds),
        said: message.and_then(|message| said(message, left_out)),
    }
}

fn said(message: &Value, left_out: &mut Tally) -> Option<(String, String)> {
    let author = message.get("author");
    let role = author.and_then(|author| text_at(author, "role"));
    let content = message.get("content").unwrap_or(&Value::Null);
    let hidden = message.pointer("/metadata/is_visually_hidden_from_conversation");
    let speaker = match role {
        _ if hidden == Some(&Value::Bool(true)) => Err(LeftOut::Hidden),
        Some("user") => Ok("You"),
        Some("assistant") if to_a_tool(message) => Err(LeftOut::ToolStep),
        Some("assistant") => Ok("ChatGPT"),
        Some("tool") => Err(LeftOut::ToolStep),
        Some("system") => Err(LeftOut::Hidden),
        _ => Err(LeftOut::Unknown),
    };
    let speaker = match speaker.and_then(|speaker| shown(content).map(|()| speaker)) {
        Ok(speaker) => speaker,
        Err(what) => {
            if has_words(content) {
                left_out.add(what);
            }
            return None;
        }
    };
    for attachment in array_at(message, "/metadata/attachments") {
        let kind = text_at(attachment, "mime_type").unwrap_or_default();
        // An image stands among the parts as well, and is counted there.
        if !kind.starts_with("image/") {
            left_out.add(LeftOut::Attachment);
        }
    }
    let name = author.and_then(|author| text_at(author, "name"));
    Some((name.unwrap_or(speaker).to_owned(), words(content, left_out)))
}

/// Calls of tools are addressed to them; all else is to all.
fn to_a_tool(message: &Value) -> bool {
    text_at(message, "recipient").is_some_and(|recipient| recipient != "all")
}

/// Is this a kind of content that the person saw as a message? If not, what it is.
fn shown(content: &Value) -> Result<(), LeftOut> {
    match content.get("content_type").and_then(Value::as_str) {
        Some("thoughts" | "reasoning_recap") => Err(LeftOut::Thinking),
        Some("user_editable_context" | "model_editable_context") => Err(LeftOut::Hidden),
        Some(
            "execution_output"
            | "tether_quote"
            | "tether_browsing_display"
            | "sonic_webpage"
            | "computer_output"
            | "system_error",
        ) => Err(LeftOut::ToolStep),
        // Kinds that aren't known are read as long as they hold text where texts hold it.
        _ if content.get("parts").is_some_and(Value::is_array) => Ok(()),
        _ if content.get("text").is_some_and(Value::is_string) => Ok(()),
        _ => Err(LeftOut::Unknown),
    }
}

/// An empty part is nothing that was left out.
fn has_words(content: &Value) -> bool {
    match content {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => true,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(has_words),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, field)| name != "content_type" && has_words(field)),
    }
}

fn words(content: &Value, left_out: &mut Tally) -> String {
    let mut texts: Vec<&str> = content
        .get("text")
        .and_then(Value::as_str)
        .into_iter()
        .collect();
    for part in array_at(content, "/parts") {
        let kind = part.get("content_type").and_then(Value::as_str);
        match (part, kind.unwrap_or_default()) {
            (Value::String(text), _) => texts.push(text),
            (Value::Null, _) => {}
            (_, "image_asset_pointer") => left_out.add(LeftOut::Image),
            (_, kind) => match part.get("text").and_then(Value::as_str) {
                Some(text) => texts.push(text),
                None if kind.contains("audio") || kind.contains("video") => {
                    left_out.add(LeftOut::Recording);
                }
                None => left_out.add(LeftOut::Unknown),
            },
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    texts.join("\n\n")
}
