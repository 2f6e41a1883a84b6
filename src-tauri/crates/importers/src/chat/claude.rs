//! One conversation of Claude's export: `chat_messages` is a list in which each may name its parent.

use std::collections::HashSet;

use oldgrowth_domain::canonical::LeftOut;
use serde_json::Value;

use super::json::{array_at, text_at};
use super::thread::{Conversation, Node, Tally};
use crate::stated_date::parse_stated_date;

pub(super) fn conversation(value: &Value) -> Option<Conversation> {
    let messages = value.get("chat_messages")?.as_array()?;
    let mut conversation = Conversation {
        title: text_at(value, "name").map(str::to_owned),
        created: text_at(value, "created_at").and_then(parse_stated_date),
        ..Conversation::default()
    };
    let mut seen = HashSet::new();
    for (number, message) in messages.iter().enumerate() {
        let id = text_at(message, "uuid").map_or_else(|| number.to_string(), str::to_owned);
        if !seen.insert(id.clone()) {
            conversation.repeated += 1;
            continue;
        }
        let before = conversation.nodes.last().map(|node| node.id.clone());
        let parent = text_at(message, "parent_message_uuid").map(str::to_owned);
        conversation.nodes.push(Node {
            // A message that names no parent answers the one before it.
            parent: parent.or(before),
            id,
            at: text_at(message, "created_at").and_then(parse_stated_date),
            said: said(message, &mut conversation.left_out),
        });
    }
    conversation.current = text_at(value, "current_leaf_message_uuid")
        .map(str::to_owned)
        .or_else(|| conversation.nodes.last().map(|node| node.id.clone()));
    Some(conversation)
}

fn said(message: &Value, left_out: &mut Tally) -> Option<(String, String)> {
    let speaker = match text_at(message, "sender") {
        Some("human") => "You",
        Some("assistant") => "Claude",
        _ => {
            left_out.add(LeftOut::Unknown);
            return None;
        }
    };
    let mut texts: Vec<String> = Vec::new();
    for block in array_at(message, "/content") {
        match text_at(block, "type") {
            Some("text") => texts.extend(text_at(block, "text").map(str::to_owned)),
            Some("thinking" | "redacted_thinking") => left_out.add(LeftOut::Thinking),
            Some("tool_use" | "tool_result") => left_out.add(LeftOut::ToolStep),
            Some("image") => left_out.add(LeftOut::Image),
            Some("token_budget") => {}
            _ => left_out.add(LeftOut::Unknown),
        }
    }
    // Older exports have the text beside the blocks, newer ones in both places or in the blocks alone.
    if texts.is_empty() {
        texts.extend(text_at(message, "text").map(str::to_owned));
    }
    // A long text that was pasted is an attachment with its text in it.
    for attachment in array_at(message, "/attachments") {
        let name = text_at(attachment, "file_name");
        match text_at(attachment, "extracted_content") {
            Some(text) => texts.push(match name {
                Some(name) => format!("{name}:\n\n{text}"),
                None => text.to_owned(),
            }),
            None => left_out.add(LeftOut::Attachment),
        }
    }
    for _ in array_at(message, "/files") {
        left_out.add(LeftOut::Attachment);
    }
    Some((speaker.to_owned(), texts.join("\n\n")))
}
