//! What a file is, by its content; its name only settles what the content leaves open.

use encoding_rs::Encoding;
use oldgrowth_domain::canonical::Format;
use thiserror::Error;

use crate::export;
use crate::text_encoding::{Controls, utf16_without_mark};

/// How much of a file's beginning is looked at.
pub const DETECT_BYTES_MAX: usize = 64 * 1024;

/// Known, but not readable yet: what it is, with its article, as in "a PDF".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("looks like {0}, which can't be read yet")]
pub struct Unsupported(pub &'static str);

pub(crate) const ZIP: Unsupported = Unsupported("a zip archive");

/// No service writes one; somebody's editor has.
pub(crate) const UTF16_EXPORT: Unsupported = Unsupported("an export of conversations in UTF-16");

/// Tells the format from the file's name and its first [`DETECT_BYTES_MAX`] bytes; more of them
/// are not looked at. For an export it is the format of the conversations in it.
pub fn detect(file_name: &str, start: &[u8]) -> Result<Format, Unsupported> {
    let start = start.get(..DETECT_BYTES_MAX).unwrap_or(start);
    if let Some(kind) = magic(start) {
        return Err(Unsupported(kind));
    }
    if let Some(format) = export::sniff(start) {
        return Ok(format);
    }
    let sample = if let Some((encoding, mark_length)) = Encoding::for_bom(start) {
        if has_utf32_mark(start) {
            // Read as text without a look at its features: nobody writes HTML in UTF-32.
            return Ok(by_name(file_name).unwrap_or(Format::PlainText));
        }
        encoding
            .decode_without_bom_handling(start.get(mark_length..).unwrap_or_default())
            .0
    } else if has_utf32_mark(start) {
        return Ok(by_name(file_name).unwrap_or(Format::PlainText));
    } else if let Some(encoding) = utf16_without_mark(start) {
        encoding.decode_without_bom_handling(start).0
    } else if Controls::count(start).too_many() {
        return Err(Unsupported("binary data"));
    } else {
        String::from_utf8_lossy(start)
    };
    // Nulls are what tells it from one in UTF-8, of which there are none in JSON.
    if start.contains(&0) && export::sniff(sample.as_bytes()).is_some() {
        return Err(UTF16_EXPORT);
    }
    Ok(text_format(file_name, &sample))
}

/// A leading signature and what it stands for. Signatures that begin real texts are left out.
const MAGIC: &[(&[u8], &str)] = &[
    (b"%PDF-", "a PDF"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "an RTF document"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Office document",
    ),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\0", "a program"),
    (b"MZ\x78\0", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xce\xfa\xed\xfe", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\0asm", "a program"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh9", "bzip2-compressed data"),
    (b"\xfd7zXZ\0", "xz-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"!<arch>\n", "an archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"8BPS\0\x01", "a Photoshop image"),
    (b"\0\0\x01\0", "an icon"),
    (b"OggS\0", "an Ogg recording"),
    (b"fLaC\0", "a FLAC recording"),
    (b"ID3\x02", "an MP3 recording"),
    (b"ID3\x03", "an MP3 recording"),
    (b"ID3\x04", "an MP3 recording"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\0\x01\0\0\0", "a font"),
    (b"OTTO\0", "a font"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"!BDN", "an Outlook mail store"),
    (b"ITSF\x03", "a Windows help file"),
    (b"\xde\x12\x04\x95", "a translation catalogue"),
    (b"bplist00", "a property list"),
];

fn magic(start: &[u8]) -> Option<&'static str> {
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Some(zip_kind(start));
    }
    if start.starts_with(b"RIFF") {
        match start.get(8..12) {
            Some(b"WEBP") => return Some("a WebP image"),
            Some(b"WAVE") => return Some("a WAV recording"),
            Some(b"AVI ") => return Some("a video"),
            _ => {}
        }
    }
    if start.get(4..8) == Some(b"ftyp") {
        return Some(match start.get(8..11) {
            Some(b"hei" | b"mif" | b"avi") => "a HEIF image",
            Some(b"M4A") => "an M4A recording",
            _ => "a video",
        });
    }
    if start.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    MAGIC
        .iter()
        .find(|(signature, _)| start.starts_with(signature))
        .map(|(_, kind)| *kind)
}

/// Office and e-book formats are zip archives whose first entries name them.
fn zip_kind(start: &[u8]) -> &'static str {
    let holds = |needle: &[u8]| start.windows(needle.len()).any(|window| window == needle);
    if holds(b"word/") {
        "a Word document"
    } else if holds(b"xl/") {
        "an Excel workbook"
    } else if holds(b"ppt/") {
        "a PowerPoint presentation"
    } else if holds(b"application/epub+zip") {
        "an e-book"
    } else if holds(b"application/vnd.oasis.opendocument") {
        "an OpenDocument file"
    } else {
        ZIP.0
    }
}

fn has_utf32_mark(start: &[u8]) -> bool {
    start.starts_with(&[0xff, 0xfe, 0, 0]) || start.starts_with(&[0, 0, 0xfe, 0xff])
}

fn text_format(file_name: &str, sample: &str) -> Format {
    let named = by_name(file_name);
    let mut head = sample.trim_start();
    while let Some((_, after)) = skipped_prologue(head) {
        head = after.trim_start();
    }
    if starts_with_any(head, &["<!doctype html", "<html"]) {
        return Format::Html;
    }
    if named == Some(Format::Markdown) {
        return Format::Markdown;
    }
    let begins_as_html = starts_with_any(
        head,
        &[
            "<head", "<body", "<title", "<meta", "<div", "<p>", "<p ", "<h1", "<h2", "<table",
            "<ul", "<article", "<main",
        ],
    );
    if begins_as_html || (named == Some(Format::Html) && head.contains("</")) {
        return Format::Html;
    }
    match named {
        Some(Format::PlainText) => Format::PlainText,
        // A page with no tag in it reads the same as text.
        Some(Format::Html) => Format::PlainText,
        _ if looks_like_markdown(sample) => Format::Markdown,
        _ => Format::PlainText,
    }
}

/// An XML declaration or a comment, and what follows it.
fn skipped_prologue(head: &str) -> Option<(&str, &str)> {
    if head.starts_with("<!--") {
        head.split_once("-->")
    } else if head.starts_with("<?xml") {
        head.split_once("?>")
    } else {
        None
    }
}

fn starts_with_any(head: &str, tags: &[&str]) -> bool {
    tags.iter().any(|tag| {
        head.get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag))
    })
}

fn by_name(file_name: &str) -> Option<Format> {
    let (_, extension) = file_name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "md" | "markdown" | "mdown" | "mkd" | "mkdn" | "mdx" => Some(Format::Markdown),
        "html" | "htm" | "xhtml" | "xht" => Some(Format::Html),
        _ => Some(Format::PlainText),
    }
}

/// A heading alone could be a comment in a script, so it takes a second sign.
fn looks_like_markdown(sample: &str) -> bool {
    if sample.starts_with("#!") {
        return false;
    }
    let heading = sample.lines().any(|line| {
        let text = line.trim_start_matches('#');
        let level = line.len() - text.len();
        (1..=6).contains(&level) && text.starts_with(' ') && !text.trim().is_empty()
    });
    heading && (sample.contains("](") || sample.contains("\n```") || sample.contains("**"))
}
