//! What is known by its form alone: links, addresses, handles, tags, dates, sums of money.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::Date;
use linkify::{LinkFinder, LinkKind};
use oldgrowth_domain::entities::EntityKind;
use oldgrowth_engine::ports::Named;
use regex::{Captures, Regex};

/// A tag of hexadecimal digits alone is a colour or a commit.
static HANDLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\w@/.])(@[A-Za-z0-9_][\w.]{0,28}\w)").ok());
static TAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[\s(\[,;])(#[\p{L}\p{N}_][\p{L}\p{N}_-]*)").ok());

const MONTHS: &str = r"(?<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)\.?";
/// The months by the first letters that tell them apart, in the two languages of [`MONTHS`].
const MONTH_STARTS: [&[&str]; 12] = [
    &["jan"],
    &["feb"],
    &["mar", "mär"],
    &["apr"],
    &["may", "mai"],
    &["jun"],
    &["jul"],
    &["aug"],
    &["sep"],
    &["oct", "okt"],
    &["nov"],
    &["dec", "dez"],
];

/// Dates that say at least a year and a month, or a month by its name and a day.
static DATES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"\b(?<year>[12]\d{3})-(?<number>\d{2})-(?<day>\d{2})\b".to_owned(),
        format!(
            r"\b{MONTHS}\s+(?<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?<year>[12]\d{{3}}))?\b"
        ),
        format!(
            r"\b(?<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{MONTHS}(?:,?\s+(?<year>[12]\d{{3}}))?\b"
        ),
        format!(r"\b{MONTHS},?\s+(?:of\s+)?(?<year>[12]\d{{3}})\b"),
        r"\b(?<day>\d{1,2})\.(?<number>\d{1,2})\.(?<year>[12]\d{3})\b".to_owned(),
        r"(?<year>[12]\d{3})年(?<number>\d{1,2})月(?:(?<day>\d{1,2})日)?".to_owned(),
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

const SIGNS: &str = r"US\$|R\$|[$€£¥₹₽₩₪₺₦₴₱₫₵฿]";
/// Codes of ISO 4217 that are no words, and what is written instead of some.
const CODES: &str = "USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|UAH|RUB|TRY|BRL|MXN|ARS|COP|CLP|ZAR|NGN|KES|GHS|EGP|MAD|ILS|AED|SAR|QAR|KWD|PKR|BDT|LKR|THB|VND|IDR|MYR|PHP|SGD|HKD|TWD|KRW|Rs|Rp|RM|kr|Kč|zł|Ft";
const WORDS: &str =
    r"(?<word>dollars?|euros?|pounds?(?:\s+sterling)?|yen|rupees|francs|cents|bucks)";
const AMOUNT: &str = r"(?<amount>\d{1,3}(?:[,.' \u{a0}\u{202f}]\d{2,3})*[,.' \u{a0}\u{202f}]\d{3}(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?)(?<scale>\s?(?:k|K|m|M|bn|thousand|million|billion)\b)?";
static MONEY: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        format!(r"(?<sign>{SIGNS}|\b(?:{CODES})\.?)\s?{AMOUNT}"),
        format!(r"\b{AMOUNT}\s?(?<sign>{SIGNS}|(?:{CODES})\b)"),
        format!(r"\b{AMOUNT}\s{WORDS}\b"),
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// In the order of the text, without overlaps.
pub(super) fn find(text: &str) -> Vec<Named> {
    let mut found = Vec::new();
    links(text, &mut found);
    marked(text, &HANDLE, EntityKind::Handle, &mut found);
    marked(text, &TAG, EntityKind::Tag, &mut found);
    for pattern in DATES.iter() {
        for captures in pattern.captures_iter(text) {
            if let (Some(whole), Some(name)) = (captures.get(0), date(&captures)) {
                add(&mut found, whole.range(), EntityKind::Date, name);
            }
        }
    }
    for pattern in MONEY.iter() {
        for captures in pattern.captures_iter(text) {
            if let (Some(whole), Some(name)) = (captures.get(0), sum(&captures)) {
                add(&mut found, whole.range(), EntityKind::Money, name);
            }
        }
    }
    found.sort_by_key(|named| named.range.start);
    found
}

/// What was found first stays: the forms are looked for from the surest to the least sure.
fn add(found: &mut Vec<Named>, range: Range<usize>, kind: EntityKind, name: String) {
    let is_free = found
        .iter()
        .all(|other| range.end <= other.range.start || other.range.end <= range.start);
    if is_free {
        found.push(Named { range, kind, name });
    }
}

fn links(text: &str, found: &mut Vec<Named>) {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    for link in finder.links(text) {
        let range = link.start()..link.end();
        let written = link.as_str();
        // "README.md" has the form of a host's name too.
        let is_surely =
            written.contains("://") || written.starts_with("www.") || written.contains('/');
        if !is_surely && link.kind() != &LinkKind::Email {
            continue;
        }
        match link.kind() {
            LinkKind::Email => {
                add(
                    found,
                    range,
                    EntityKind::Email,
                    link.as_str().to_lowercase(),
                );
            }
            _ => add(found, range, EntityKind::Link, link.as_str().to_owned()),
        }
    }
}

fn marked(text: &str, pattern: &LazyLock<Option<Regex>>, kind: EntityKind, found: &mut Vec<Named>) {
    let Some(pattern) = pattern.as_ref() else {
        return;
    };
    for captures in pattern.captures_iter(text) {
        let Some(mark) = captures.get(1) else {
            continue;
        };
        let name = mark.as_str().get(1..).unwrap_or_default();
        let says_something = match kind {
            EntityKind::Tag => {
                !name.chars().all(|c| c.is_ascii_hexdigit()) && !name.starts_with('-')
            }
            _ => name.chars().any(char::is_alphabetic),
        };
        if says_something {
            add(found, mark.range(), kind, mark.as_str().to_lowercase());
        }
    }
}

/// As far as it is said: `2024-05-07`, `2024-05`, `--05-07` without a year (ISO 8601 as vCard has it, RFC 6350
/// section 4.3.1).
fn date(captures: &Captures<'_>) -> Option<String> {
    let number = |name: &str| captures.name(name)?.as_str().parse::<i16>().ok();
    let month = match captures.name("month") {
        Some(word) => {
            let word = word.as_str().to_lowercase();
            let index = MONTH_STARTS
                .iter()
                .position(|starts| starts.iter().any(|start| word.starts_with(start)))?;
            i8::try_from(index + 1).ok()?
        }
        None => i8::try_from(number("number")?).ok()?,
    };
    let day = match captures.name("day") {
        Some(_) => Some(i8::try_from(number("day")?).ok()?),
        None => None,
    };
    // Without a year any leap year will do to see whether the day can be.
    Date::new(number("year").unwrap_or(2000), month, day.unwrap_or(1)).ok()?;
    Some(match (number("year"), day) {
        (Some(year), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        (Some(year), None) => format!("{year:04}-{month:02}"),
        (None, Some(day)) => format!("--{month:02}-{day:02}"),
        (None, None) => return None,
    })
}

/// `EUR 1200.50`; signs that several countries share stay as they are.
fn sum(captures: &Captures<'_>) -> Option<String> {
    let sign = match (captures.name("sign"), captures.name("word")) {
        (Some(sign), _) => match sign.as_str() {
            "€" => "EUR",
            "£" => "GBP",
            "₹" => "INR",
            "US$" => "USD",
            other => other,
        }
        .to_owned(),
        (None, Some(word)) => word.as_str().trim_end_matches('s').to_lowercase(),
        (None, None) => return None,
    };
    let amount = plain_number(captures.name("amount")?.as_str());
    let scale = captures
        .name("scale")
        .map_or("", |scale| scale.as_str().trim());
    Some(format!("{sign} {amount}{scale}"))
}

/// `1.200,50` and `1,200.50` are one number: the last mark is the decimal one if at most two digits follow.
fn plain_number(written: &str) -> String {
    let decimal = written
        .rfind(['.', ','])
        .filter(|at| written.len() - at - 1 <= 2);
    let digits = |part: &str| -> String { part.chars().filter(char::is_ascii_digit).collect() };
    match decimal {
        Some(at) => format!(
            "{}.{}",
            digits(written.get(..at).unwrap_or_default()),
            digits(written.get(at..).unwrap_or_default())
        ),
        None => digits(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(EntityKind, String)> {
        find(text)
            .into_iter()
            .map(|named| (named.kind, named.name))
            .collect()
    }

    fn one(text: &str) -> Option<(EntityKind, String)> {
        let mut all = found(text);
        assert!(all.len() <= 1, "{text}: {all:?}");
        all.pop()
    }

    #[test]
    fn links_addresses_handles_and_tags() {
        assert_eq!(
            found("See (https://example.org/a_(b)), or write to Ada.Oak@Example.org."),
            [
                (EntityKind::Link, "https://example.org/a_(b)".to_owned()),
                (EntityKind::Email, "ada.oak@example.org".to_owned())
            ]
        );
        assert_eq!(
            found("@maria_v, look: #Garden and #2024goals"),
            [
                (EntityKind::Handle, "@maria_v".to_owned()),
                (EntityKind::Tag, "#garden".to_owned()),
                (EntityKind::Tag, "#2024goals".to_owned())
            ]
        );
        for text in [
            "# A heading",
            "issue #123",
            "the colour #a0b1c2",
            "x@y",
            "5 @ 3",
        ] {
            assert_eq!(one(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_read_as_far_as_they_are_said() {
        for (text, date) in [
            ("on 2024-05-07 at", "2024-05-07"),
            ("May 7, 2023", "2023-05-07"),
            ("the 7th of May 2023", "2023-05-07"),
            ("7. Mai 2023", "2023-05-07"),
            ("Sept. 3", "--09-03"),
            ("3 October", "--10-03"),
            ("in May 2023 we", "2023-05"),
            ("am 07.05.2023", "2023-05-07"),
            ("2023年5月7日", "2023-05-07"),
        ] {
            assert_eq!(
                one(text),
                Some((EntityKind::Date, date.to_owned())),
                "{text}"
            );
        }
        for text in ["you may go", "2023-13-40", "31.04.2023", "May"] {
            assert_eq!(one(text), None, "{text}");
        }
    }

    #[test]
    fn sums_of_money_are_one_however_they_are_written() {
        for (text, sum) in [
            ("for $1,200.50 a month", "$ 1200.50"),
            ("1.200,50 € im Monat", "EUR 1200.50"),
            ("EUR 12", "EUR 12"),
            ("raised $3.5 million", "$ 3.5million"),
            ("about 40 dollars", "dollar 40"),
        ] {
            assert_eq!(
                one(text),
                Some((EntityKind::Money, sum.to_owned())),
                "{text}"
            );
        }
        for text in ["40 people", "in $HOME", "1200"] {
            assert_eq!(one(text), None, "{text}");
        }
    }
}
