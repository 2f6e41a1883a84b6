use oldgrowth_domain::canonical::Format;
use oldgrowth_importers::{detect, read};
use proptest::prelude::*;

/// Bytes, and pieces of each format in any order.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "\n",
        "\r\n",
        "\r",
        "---\n",
        "+++\n",
        "title: x\n",
        "# h\n",
        "- a\n",
        "  - b\n",
        "> q\n",
        "```\n",
        "|a|b|\n|-|-|\n",
        "[r]: u\n",
        "***\n",
        "text ",
        "\t",
        "é",
        "e\u{301}",
        "\0",
        "\u{feff}",
        "<div>",
        "</div>",
        "<p>",
        "<b>",
        "</b>",
        "<table>",
        "<td>",
        "</table>",
        "<script>",
        "</script>",
        "<svg>",
        "<title>",
        "<!--",
        "-->",
        "<pre>\n",
        "</pre>",
        "<h2>",
        "</h2>",
        "&amp;",
        "<a ",
        "x='",
        "'>",
        "<template>",
        "<select>",
        "<br>",
        "<math>",
        "<![CDATA[",
        "]]>",
        "<?",
    ]);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        prop::collection::vec(pieces, 0..60).prop_map(|p| p.concat().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused_and_lines_lie_within_the_file(bytes in anything()) {
        let detected = detect("n", &bytes);
        prop_assert_eq!(detected, detect("n", &bytes), "the same bytes are the same format");
        for format in [Format::Markdown, Format::PlainText, Format::Html] {
            let Ok(document) = read(format, "n", &bytes) else { continue };
            // No encoding has more line ends than bytes.
            let most_lines = bytes.iter().filter(|b| matches!(**b, b'\n' | b'\r')).count() + 1;
            prop_assert!(!document.title.trim().is_empty(), "a title is never empty");
            let mut last = 0;
            for block in &document.blocks {
                prop_assert!(!block.text.trim().is_empty(), "a block is never blank");
                prop_assert!(block.lines.first >= 1 && block.lines.first <= block.lines.last, "a range is in order");
                prop_assert!(block.lines.last as usize <= most_lines, "a range ends within the file");
                if format != Format::Html {
                    prop_assert!(block.lines.first > last, "blocks don't overlap");
                }
                last = block.lines.last;
            }
        }
    }

    #[test]
    fn any_json_is_read_as_a_conversation_or_refused(value in any_json()) {
        let bytes = value.to_string();
        for format in [Format::ChatGpt, Format::Claude] {
            let Ok(document) = read(format, "", bytes.as_bytes()) else { continue };
            prop_assert!(!document.title.trim().is_empty(), "a title is never empty");
            for (block, number) in document.blocks.iter().zip(1..) {
                prop_assert!(!block.text.trim().is_empty(), "a message is never blank");
                prop_assert_eq!(block.lines.first, number, "messages are counted from one");
            }
        }
    }
}

/// Values of any kind under the names that the services use.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let names = prop::sample::select(vec![
        "mapping",
        "a",
        "b",
        "parent",
        "message",
        "author",
        "role",
        "name",
        "content",
        "parts",
        "text",
        "content_type",
        "metadata",
        "attachments",
        "current_node",
        "create_time",
        "title",
        "recipient",
        "chat_messages",
        "uuid",
        "sender",
        "type",
        "created_at",
        "parent_message_uuid",
        "files",
    ]);
    let leaf = prop::sample::select(vec![
        json!(null),
        json!("a"),
        json!("b"),
        json!("user"),
        json!("assistant"),
        json!("human"),
        json!("text"),
        json!(""),
        json!("\u{0}\r\n"),
        json!("multimodal_text"),
        json!("code"),
        json!(1.5),
        json!(-1),
        json!(1e300),
        json!("2024-01-01T00:00:00Z"),
        json!(true),
    ]);
    let inner = leaf.prop_recursive(6, 60, 6, move |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names.clone(), value), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()),
        ]
    });
    (inner.clone(), inner.clone(), inner).prop_map(|(one, two, messages)| {
        json!({
            "mapping": {
                "a": { "parent": "b", "message": { "author": { "role": "user" }, "content": one } },
                "b": { "message": two },
                "c": messages,
            },
            "chat_messages": [messages, { "sender": "human", "content": [one], "text": "a" }],
        })
    })
}
