//! Bytes to text: which encoding, what was lost, and one form for lines and characters.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use oldgrowth_domain::canonical::Warning;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Enough to tell one encoding from another; the detector is slow.
const GUESS_BYTES_MAX: usize = 1024 * 1024;

/// Text in Unicode normal form C, its lines ended by `\n` alone, with no null character in it.
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) warnings: Vec<Warning>,
}

/// `declared` is what the document says of itself; a byte order mark outranks it.
pub(crate) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> Decoded {
    let (raw, replaced) = to_unicode(bytes, declared);
    let mut warnings = Vec::new();
    if replaced > 0 {
        warnings.push(Warning::ReplacedCharacters(replaced));
    }
    let nulls = raw.bytes().filter(|b| *b == 0).count();
    let raw = if nulls > 0 {
        warnings.push(Warning::DroppedNulls(nulls));
        raw.replace('\0', "")
    } else {
        raw
    };
    let raw = if raw.contains('\r') {
        raw.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        raw
    };
    let text = if is_nfc(&raw) {
        raw
    } else {
        raw.nfc().collect()
    };
    Decoded { text, warnings }
}

/// UTF-16 without a byte order mark, told by where its nulls are and by what it decodes to.
pub(crate) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let even_bytes = bytes.get(..bytes.len() & !1)?;
    let (mut low, mut high) = (0_usize, 0_usize);
    for pair in even_bytes.chunks_exact(2) {
        low += usize::from(pair.first() == Some(&0));
        high += usize::from(pair.last() == Some(&0));
    }
    let pairs = even_bytes.len() / 2;
    // Little-endian text has the nulls of its ASCII characters in the second byte of each pair.
    let (encoding, nulls, other) = if high > low {
        (UTF_16LE, high, low)
    } else {
        (UTF_16BE, low, high)
    };
    if nulls == 0 || other * 50 > pairs {
        return None;
    }
    let mostly_ascii = nulls * 5 >= pairs * 2;
    let as_bytes = Controls::count(even_bytes);
    let text_without_it = lossy_utf8_cut(even_bytes).1 == 0 && !as_bytes.too_many();
    (mostly_ascii || !text_without_it).then_some(())?;
    let (text, _) = encoding.decode_without_bom_handling(even_bytes);
    // A sample may end between two halves of a pair: one replacement is forgiven.
    let replaced = text
        .chars()
        .filter(|c| *c == char::REPLACEMENT_CHARACTER)
        .count();
    let strange = text.chars().filter(|c| !is_common(*c)).count();
    (replaced <= 1 && strange * 20 <= text.chars().count()).then_some(encoding)
}

/// Control characters that text has no use for, nulls included.
pub(crate) struct Controls {
    found: usize,
    of: usize,
}

impl Controls {
    pub(crate) fn count(bytes: &[u8]) -> Self {
        let found = bytes
            .iter()
            .filter(|b| **b < 0x20 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x08 | 0x0c | 0x1b))
            .count();
        Self {
            found,
            of: bytes.len(),
        }
    }

    /// A stray one is damage in a text; more than one byte in thirty-two is no text.
    pub(crate) fn too_many(&self) -> bool {
        self.found > (self.of / 32).max(2)
    }
}

fn to_unicode(bytes: &[u8], declared: Option<&'static Encoding>) -> (String, usize) {
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe, 0, 0]) {
        return utf32(rest, u32::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(&[0, 0, 0xfe, 0xff]) {
        return utf32(rest, u32::from_be_bytes);
    }
    if let Some((encoding, mark_length)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, bytes.get(mark_length..).unwrap_or_default());
    }
    let utf8_is_valid = std::str::from_utf8(bytes).is_ok();
    if let Some(declared) = declared {
        let (text, replaced) = decode_as(declared, bytes);
        if replaced == 0 {
            return (text, 0);
        }
    }
    if utf8_is_valid
        && let Some(encoding) = bytes
            .contains(&0)
            .then(|| utf16_without_mark(bytes))
            .flatten()
    {
        return decode_as(encoding, bytes);
    }
    if utf8_is_valid {
        return (String::from_utf8_lossy(bytes).into_owned(), 0);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return decode_as(encoding, bytes);
    }
    // Text that is UTF-8 but for a few damaged characters is better read as that than as a
    // single-byte encoding, in which every character outside ASCII would come out wrong.
    let (multi_byte, replaced) = lossy_utf8(bytes);
    if multi_byte >= replaced * 2 {
        return decode_as(UTF_8, bytes);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(
        bytes.get(..GUESS_BYTES_MAX).unwrap_or(bytes),
        bytes.len() <= GUESS_BYTES_MAX,
    );
    decode_as(detector.guess(None, Utf8Detection::Deny), bytes)
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> (String, usize) {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    let replaced = if had_errors {
        text.chars()
            .filter(|c| *c == char::REPLACEMENT_CHARACTER)
            .count()
    } else {
        0
    };
    (text.into_owned(), replaced)
}

fn utf32(bytes: &[u8], word: fn([u8; 4]) -> u32) -> (String, usize) {
    let mut replaced = 0;
    let (words, rest) = bytes.as_chunks::<4>();
    let mut text: String = words
        .iter()
        .map(|w| {
            char::from_u32(word(*w)).unwrap_or_else(|| {
                replaced += 1;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    if !rest.is_empty() {
        replaced += 1;
        text.push(char::REPLACEMENT_CHARACTER);
    }
    (text, replaced)
}

/// Well-formed characters of more than one byte, and places where there is none.
fn lossy_utf8(bytes: &[u8]) -> (usize, usize) {
    let (mut multi_byte, mut replaced) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        multi_byte += chunk.valid().bytes().filter(|b| *b >= 0xc0).count();
        replaced += usize::from(!chunk.invalid().is_empty());
    }
    (multi_byte, replaced)
}

/// As [`lossy_utf8`], for a sample that may end in the middle of a character.
fn lossy_utf8_cut(bytes: &[u8]) -> (usize, usize) {
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()),
        _ => None,
    };
    lossy_utf8(whole.unwrap_or(bytes))
}

fn is_common(c: char) -> bool {
    c.is_alphanumeric()
        || c.is_whitespace()
        || c.is_ascii_graphic()
        || matches!(c, '\u{a0}'..='\u{bf}' | '\u{300}'..='\u{36f}' | '\u{2010}'..='\u{205e}'
            | '\u{20a0}'..='\u{20bf}' | '\u{2190}'..='\u{27bf}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}')
}
