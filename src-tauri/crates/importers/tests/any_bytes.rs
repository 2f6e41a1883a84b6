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
}
