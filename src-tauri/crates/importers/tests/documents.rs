#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]
#![expect(
    clippy::indexing_slicing,
    reason = "a missing block should fail the test"
)]

use encoding_rs::{BIG5, Encoding, GBK, KOI8_R, SHIFT_JIS, WINDOWS_1252};
use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{BlockKind, CanonicalDocument, Format, Warning};
use oldgrowth_importers::{ReadError, detect, read};

fn at(rfc3339: &str) -> Option<UnixMs> {
    Some(UnixMs::parse_rfc3339(rfc3339).unwrap())
}

/// Kind, first line, last line and text of each block.
fn shape(document: &CanonicalDocument) -> Vec<(u8, u32, u32, &str)> {
    document
        .blocks
        .iter()
        .map(|b| {
            let level = match b.kind {
                BlockKind::Heading { level } => level,
                BlockKind::Body | BlockKind::Message(_) => 0,
            };
            (level, b.lines.first, b.lines.last, b.text.as_str())
        })
        .collect()
}

fn assert_verbatim(document: &CanonicalDocument, source: &str) {
    let lines: Vec<&str> = source.split('\n').collect();
    let mut before = 0;
    for block in &document.blocks {
        let (first, last) = (block.lines.first as usize, block.lines.last as usize);
        assert!(
            before < first && first <= last,
            "blocks follow one another: {:?}",
            block.lines
        );
        assert_eq!(
            block.text,
            lines[first - 1..last].join("\n"),
            "a block is its own lines"
        );
        before = last;
    }
    let taken: usize = document
        .blocks
        .iter()
        .map(|b| b.text.split_whitespace().count())
        .sum();
    assert!(
        taken <= source.split_whitespace().count(),
        "no word is taken twice"
    );
}

const NOTE: &str = "\
---
title: \"The river  walk\"
date: 2024-05-03
tags: [walks, 'with: colons']
---
# Ignored *title*

First paragraph,
in two lines.

Setext
heading
======

- one
- two
  more of two

| a | b |
|---|---|
| 1 | 2 |

***

```rust
fn main() {}

// blank line above
```

[ref]: https://example.org
> quoted
> twice
";

#[test]
fn markdown_blocks_are_the_lines_of_their_source() {
    let note = read(Format::Markdown, "walk.md", NOTE.as_bytes()).unwrap();
    assert_eq!(
        note.title, "The river walk",
        "front matter names the document"
    );
    assert_eq!(
        note.stated_at,
        at("2024-05-03T00:00:00Z"),
        "a date alone is midnight in UTC"
    );
    assert_verbatim(&note, NOTE);
    assert_eq!(
        shape(&note),
        [
            (1, 6, 6, "# Ignored *title*"),
            (0, 8, 9, "First paragraph,\nin two lines."),
            (1, 11, 13, "Setext\nheading\n======"),
            (0, 15, 17, "- one\n- two\n  more of two"),
            (0, 19, 21, "| a | b |\n|---|---|\n| 1 | 2 |"),
            (
                0,
                25,
                29,
                "```rust\nfn main() {}\n\n// blank line above\n```"
            ),
            (0, 31, 31, "[ref]: https://example.org"),
            (0, 32, 33, "> quoted\n> twice"),
        ],
        "each construct is one block, a rule is none, and a link definition is not lost"
    );
}

#[test]
fn a_title_is_sought_in_front_matter_then_headings_then_the_name() {
    let title = |source: &str| {
        read(Format::Markdown, "My note.md", source.as_bytes())
            .unwrap()
            .title
    };
    assert_eq!(
        title("text\n\n## The `big` *day* &amp; after\n\n# Later"),
        "The big day & after",
        "plain text of it"
    );
    assert_eq!(
        title("no heading"),
        "My note",
        "the stem of the name is the last resort"
    );
    assert_eq!(
        title("---\ntitle: 2024\n---\n# H\n"),
        "2024",
        "a number is a title too"
    );
    assert_eq!(
        title("---\ntitle:\n---\n# H\n"),
        "H",
        "an empty title is none"
    );
    assert_eq!(
        title("+++\ntitle = \"Toml\"\n+++\ntext\n"),
        "Toml",
        "TOML is front matter too"
    );
    let title = read(Format::Markdown, "release 1.2", b"text")
        .unwrap()
        .title;
    assert_eq!(title, "release 1.2", "a number after a dot is no extension");
}

#[test]
fn dates_are_read_in_the_forms_that_people_use() {
    for (written, meant) in [
        ("date: 2024-05-03T10:00:00Z", "2024-05-03T10:00:00Z"),
        ("created: 2024-05-03 10:00", "2024-05-03T10:00:00Z"),
        (
            "created_at: '2024-05-03T10:00:00+02:00'",
            "2024-05-03T08:00:00Z",
        ),
        ("date: 2024-05-03 10:00:00 +0200", "2024-05-03T08:00:00Z"),
        ("date: someday\ncreated: 2024-05-03", "2024-05-03T00:00:00Z"),
    ] {
        let source = format!("---\n{written}\n---\ntext\n");
        let note = read(Format::Markdown, "n", source.as_bytes()).unwrap();
        assert_eq!(note.stated_at, at(meant), "{written}");
    }
    let toml = read(
        Format::Markdown,
        "n",
        b"+++\ndate = 2024-05-03\n+++\ntext\n",
    )
    .unwrap();
    assert_eq!(
        toml.stated_at,
        at("2024-05-03T00:00:00Z"),
        "TOML has dates of its own"
    );
}

#[test]
fn what_only_looks_like_front_matter_stays_in_the_text() {
    for source in [
        "---\nJust a rule above.\n\n---\nAnd below.\n",
        "---\ntitle: a: b: c\n---\nText.\n",
    ] {
        let note = read(Format::Markdown, "n", source.as_bytes()).unwrap();
        assert_verbatim(&note, source);
        let text: String = note.blocks.iter().map(|b| b.text.as_str()).collect();
        assert!(
            text.contains(source.lines().nth(1).unwrap()),
            "nothing is lost: {text}"
        );
    }
    let only = read(Format::Markdown, "n", b"---\ntitle: Call home\n---\n").unwrap();
    assert_eq!(only.title, "Call home", "the title is known");
    assert_eq!(
        only.blocks.len(),
        1,
        "a note of front matter alone is found by its words"
    );
}

#[test]
fn a_long_list_becomes_a_block_for_each_item() {
    let item = format!(
        "- {}\n\n  second paragraph\n",
        "word ".repeat(60).trim_end()
    );
    let source = item.repeat(5);
    let note = read(Format::Markdown, "n", source.as_bytes()).unwrap();
    assert_verbatim(&note, &source);
    assert_eq!(
        note.blocks.len(),
        5,
        "an item keeps its paragraphs together"
    );
}

#[test]
fn plain_text_is_split_at_blank_lines() {
    let source = "\n\nShopping\n========\n\n  milk\n\teggs\n \n\nbread";
    let text = read(Format::PlainText, "list.txt", source.as_bytes()).unwrap();
    assert_eq!(
        text.title, "Shopping",
        "an underlined first line is the title"
    );
    assert_verbatim(&text, source);
    assert_eq!(
        shape(&text),
        [
            (0, 3, 4, "Shopping\n========"),
            (0, 6, 7, "  milk\n\teggs"),
            (0, 10, 10, "bread")
        ],
        "a line of spaces is blank"
    );
}

#[test]
fn every_line_ending_counts_as_one_line() {
    for ending in ["\n", "\r\n", "\r"] {
        let source = ["one", "", "two", "still two", "", "three"].join(ending);
        for format in [Format::PlainText, Format::Markdown] {
            let text = read(format, "n", source.as_bytes()).unwrap();
            assert_eq!(
                shape(&text),
                [
                    (0, 1, 1, "one"),
                    (0, 3, 4, "two\nstill two"),
                    (0, 6, 6, "three")
                ],
                "{ending:?} in {format:?}"
            );
        }
    }
}

const PAGE: &str = "<!DOCTYPE html>
<html><head>
<title>
  A page &amp; more </title>
<meta property=\"article:published_time\" content=\"2023-01-02T03:04:05Z\">
<meta name=date content=1999-01-01>
<script>var a = '<p>no</p>';</script>
</head><body>
<nav>Home</nav>
<main><h1>The
 heading</h1>
<p>First <b>bold</b>
   words.<br>Next line.
<p hidden>unseen</p><p style='Display: none'>unseen</p><ul role=menu><li>unseen</li></ul><template>unseen</template>
<ul><li>one<li>two</ul>
<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>
<pre>
 keep
   this</pre>
tail &eacute;
</main><footer>Foot</footer>
</body></html>
";

#[test]
fn html_is_read_as_it_is_seen_with_the_lines_it_is_on() {
    let page = read(Format::Html, "p.html", PAGE.as_bytes()).unwrap();
    assert_eq!(
        page.title, "A page & more",
        "the title element names the page"
    );
    assert_eq!(
        page.stated_at,
        at("2023-01-02T03:04:05Z"),
        "the surest statement wins"
    );
    assert_eq!(
        shape(&page),
        [
            (1, 10, 11, "The heading"),
            (0, 12, 13, "First bold words.\nNext line."),
            (0, 15, 15, "one"),
            (0, 15, 15, "two"),
            (0, 16, 16, "a\tb"),
            (0, 16, 16, "c"),
            (0, 18, 19, " keep\n   this"),
            (0, 20, 20, "tail é"),
        ],
        "blocks, lines and text are those of the page"
    );
    assert_eq!(page.warnings, [], "nothing was guessed");
}

#[test]
fn without_a_main_part_navigation_is_read_too() {
    let page = read(
        Format::Html,
        "p.html",
        b"<header><time datetime=2020-02-02>then</time></header><nav>Home</nav><p>x",
    )
    .unwrap();
    assert_eq!(
        page.blocks[1].text, "Home",
        "there is nothing better to read"
    );
    assert_eq!(
        page.stated_at,
        at("2020-02-02T00:00:00Z"),
        "a time in the header dates the page"
    );
    assert_eq!(page.title, "p", "the name is the last resort");
}

#[test]
fn html_in_a_declared_encoding_is_read_in_it() {
    for declaration in [
        "<meta charset=koi8-r>",
        "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>",
    ] {
        let source = format!("<html><head>{declaration}</head><p>Да, привет</p>");
        let page = read(Format::Html, "p", &KOI8_R.encode(&source).0).unwrap();
        assert_eq!(page.blocks[0].text, "Да, привет", "{declaration}");
    }
}

fn plain(bytes: &[u8]) -> CanonicalDocument {
    assert_eq!(detect("n.txt", bytes), Ok(Format::PlainText), "it is text");
    read(Format::PlainText, "n.txt", bytes).unwrap()
}

#[test]
fn text_is_read_in_the_encoding_it_is_in() {
    let french = "Où est passé le garçon de café ? Il a déjà mangé à l'hôtel près de la forêt.";
    let russian =
        "Широкая электрификация южных губерний даст мощный толчок подъёму сельского хозяйства.";
    let japanese = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。";
    let chinese = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？";
    let taiwanese = "學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？";
    let cases: [(&str, &'static Encoding); 5] = [
        (french, WINDOWS_1252),
        (russian, KOI8_R),
        (japanese, SHIFT_JIS),
        (chinese, GBK),
        (taiwanese, BIG5),
    ];
    for (text, encoding) in cases {
        let bytes = encoding.encode(text).0;
        let read = plain(&bytes);
        assert_eq!(
            (read.blocks[0].text.as_str(), read.warnings.len()),
            (text, 0),
            "{}",
            encoding.name()
        );
    }
    for text in [french, russian, japanese, "plain ASCII, in two\nlines"] {
        let (le, be): (Vec<u8>, Vec<u8>) = (
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        );
        let mut forms = vec![
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        ];
        forms.push([b"\xff\xfe".as_slice(), &le].concat());
        forms.push([b"\xfe\xff".as_slice(), &be].concat());
        forms.push(
            [0xff, 0xfe, 0, 0]
                .into_iter()
                .chain(text.chars().flat_map(|c| (c as u32).to_le_bytes()))
                .collect(),
        );
        forms.push(
            [0, 0, 0xfe, 0xff]
                .into_iter()
                .chain(text.chars().flat_map(|c| (c as u32).to_be_bytes()))
                .collect(),
        );
        if text != japanese {
            forms.extend([le, be]);
        }
        for bytes in forms {
            let read = plain(&bytes);
            assert_eq!(
                read.blocks[0].text,
                text,
                "starts with {:02x?}",
                &bytes[..4]
            );
            assert_eq!(read.warnings, [], "nothing is guessed");
        }
    }
}

#[test]
fn decomposed_characters_are_composed() {
    for format in [Format::PlainText, Format::Markdown, Format::Html] {
        let read = read(
            format,
            "cafe\u{301}.txt",
            "cafe\u{301} \u{1112}\u{1161}\u{11ab}".as_bytes(),
        )
        .unwrap();
        assert_eq!(read.blocks[0].text, "café 한", "{format:?} text");
        assert_eq!(read.title, "café", "{format:?} title");
    }
}

#[test]
fn losses_are_counted() {
    let read = plain(b"one\0two and a good many more words\0");
    assert_eq!(
        read.blocks[0].text, "onetwo and a good many more words",
        "the rest is whole"
    );
    assert_eq!(
        read.warnings,
        [Warning::DroppedNulls(2)],
        "each null is counted"
    );
    let read = plain(
        "Café, garçon, forêt, hôtel\n"
            .repeat(3)
            .as_bytes()
            .iter()
            .copied()
            .chain([0xe9, b'\n'])
            .collect::<Vec<_>>()
            .as_slice(),
    );
    assert_eq!(
        read.warnings,
        [Warning::ReplacedCharacters(1)],
        "a bad byte doesn't change the encoding of the rest"
    );
    assert!(
        read.blocks[0].text.starts_with("Café"),
        "the rest is still UTF-8"
    );
}

#[test]
fn a_file_without_text_is_empty() {
    for format in [Format::PlainText, Format::Markdown, Format::Html] {
        for bytes in ["", " \n\t\r\n", "\u{feff}", "\0"] {
            assert_eq!(
                read(format, "n", bytes.as_bytes()),
                Err(ReadError::Empty),
                "{format:?} {bytes:?}"
            );
        }
    }
    assert_eq!(
        read(Format::Html, "n", b"<title>t</title><script>x</script>"),
        Err(ReadError::Empty),
        "nothing to see"
    );
}
