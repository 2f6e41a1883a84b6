use oldgrowth_domain::canonical::Format;
use oldgrowth_importers::{DETECT_BYTES_MAX, Unsupported, detect};

#[test]
fn the_content_decides_and_the_name_settles_the_rest() {
    for (name, content, format) in [
        ("a.md", "<!doctype html><p>x", Format::Html),
        (
            "a.txt",
            "<!-- c -->\n<?xml version='1.0'?>\n<HTML><body>",
            Format::Html,
        ),
        ("a.txt", "<div>x</div>", Format::Html),
        (
            "README.md",
            "<h1 align=center>Logo</h1>\n\n# Text",
            Format::Markdown,
        ),
        ("a.html", "<b>x</b>", Format::Html),
        ("a.html", "no tags", Format::PlainText),
        ("a.MD", "just words", Format::Markdown),
        ("README", "# Title\n\nSee [this](that).\n", Format::Markdown),
        ("README", "Title\n=====\nwords\n", Format::PlainText),
        (
            "script",
            "#!/bin/sh\n# **comment** [a](b)\n",
            Format::PlainText,
        ),
        ("conf.yaml", "# comment\n- [a](b)\n", Format::PlainText),
        (
            "pic.svg",
            "<?xml version='1.0'?><svg></svg>",
            Format::PlainText,
        ),
        ("notes.pdf", "really just text", Format::PlainText),
        ("", "", Format::PlainText),
    ] {
        assert_eq!(
            detect(name, content.as_bytes()),
            Ok(format),
            "{name}: {content}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let mut tar = vec![b'a'; 600];
    tar.splice(257..262, *b"ustar");
    for (content, kind) in [
        (&b"%PDF-1.7\n"[..], "a PDF"),
        (b"PK\x03\x04....word/document.xml", "a Word document"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"\x7fELF\x02\x01", "a program"),
        (b"SQLite format 3\0....", "an SQLite database"),
        (b"\x1f\x8b\x08", "gzip-compressed data"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP image"),
        (b"\0\0\0\x20ftypisom", "a video"),
        (&tar, "a tar archive"),
        (&[0; 4096], "binary data"),
        (b"\x01\x02\x03\x04words", "binary data"),
    ] {
        assert_eq!(
            detect("n.txt", content),
            Err(Unsupported(kind)),
            "{content:02x?}"
        );
    }
}

#[test]
fn a_sample_that_ends_inside_a_character_is_still_text() {
    for pad in 0..4 {
        let mut bytes = vec![b'a'; pad];
        bytes.extend("日本語".repeat(DETECT_BYTES_MAX / 9 + 1).as_bytes());
        assert_eq!(
            detect("n", &bytes),
            Ok(Format::PlainText),
            "{pad} bytes of padding"
        );
    }
}
