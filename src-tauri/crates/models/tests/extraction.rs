//! How well the built-in extractor finds what a person has marked in two samples: one that it was tuned on and one
//! that it was not.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a sample that is marked wrongly should fail the test"
)]

use std::collections::BTreeMap;
use std::ops::Range;

use oldgrowth_domain::entities::EntityKind;
use oldgrowth_engine::ports::{Extractor, Passage};
use oldgrowth_models::Rules;

struct Labelled {
    text: String,
    marks: Vec<(Range<usize>, EntityKind)>,
}

/// `[surface|kind]`. A mark of the kind `titled` is a person whose title stands before the name.
fn labelled(sample: &str) -> Vec<Labelled> {
    let lines: Vec<&str> = sample
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect();
    lines
        .join("\n")
        .split("\n\n")
        .filter(|passage| !passage.trim().is_empty())
        .map(|passage| {
            let mut text = String::new();
            let mut marks = Vec::new();
            let mut rest = passage.trim_matches('\n');
            while let Some(open) = rest.find('[') {
                let close = open + rest[open..].find(']').unwrap();
                let (surface, kind) = rest[open + 1..close].split_once('|').unwrap();
                text.push_str(&rest[..open]);
                let mut start = text.len();
                text.push_str(surface);
                rest = &rest[close + 1..];
                let kind = match kind {
                    "titled" => {
                        start += surface.find(' ').unwrap() + 1;
                        EntityKind::Person
                    }
                    kind => EntityKind::parse(kind).unwrap(),
                };
                marks.push((start..text.len(), kind));
            }
            text.push_str(rest);
            Labelled { text, marks }
        })
        .collect()
}

#[derive(Default)]
struct Count {
    right: u32,
    found: u32,
    marked: u32,
}

impl Count {
    fn precision(&self) -> f64 {
        f64::from(self.right) / f64::from(self.found.max(1))
    }

    fn recall(&self) -> f64 {
        f64::from(self.right) / f64::from(self.marked.max(1))
    }
}

/// Right is what has the very stretch and kind of a mark. Each passage is a document of its own.
fn measured(sample: &str) -> BTreeMap<Option<EntityKind>, Count> {
    let mut counts: BTreeMap<Option<EntityKind>, Count> = BTreeMap::new();
    for Labelled { text, marks } in labelled(sample) {
        let passage = Passage {
            text: &text,
            author: None,
        };
        let found = Rules.extract(&[passage]).unwrap().remove(0);
        for named in &found {
            let right = marks.contains(&(named.range.clone(), named.kind));
            if !right {
                tell(&format!(
                    "  wrong: {} {:?}",
                    &text[named.range.clone()],
                    named.kind
                ));
            }
            for key in [None, Some(named.kind)] {
                let count = counts.entry(key).or_default();
                count.found += 1;
                count.right += u32::from(right);
            }
        }
        for (range, kind) in &marks {
            if !found.iter().any(|n| n.range == *range && n.kind == *kind) {
                tell(&format!("  missed: {} {kind:?}", &text[range.clone()]));
            }
            for key in [None, Some(*kind)] {
                counts.entry(key).or_default().marked += 1;
            }
        }
    }
    for (kind, count) in &counts {
        tell(&format!(
            "{:<14} precision {:.3} recall {:.3} of {}",
            kind.map_or("all", EntityKind::as_str),
            count.precision(),
            count.recall(),
            count.marked
        ));
    }
    counts
}

#[expect(clippy::print_stdout, reason = "the figures are what this is run for")]
fn tell(line: &str) {
    println!("{line}");
}

#[test]
fn of_the_sample_it_was_tuned_on() {
    let counts = measured(include_str!("data/named.txt"));
    let all = &counts[&None];
    assert!(all.precision() >= 0.93, "{}", all.precision());
    assert!(all.recall() >= 0.85, "{}", all.recall());
}

#[test]
fn of_a_sample_it_was_not_tuned_on() {
    let counts = measured(include_str!("data/named_unseen.txt"));
    let all = &counts[&None];
    assert!(all.precision() >= 0.88, "{}", all.precision());
    assert!(all.recall() >= 0.72, "{}", all.recall());
}

#[test]
fn what_is_called_out_before_a_name_is_no_part_of_it() {
    let talk = "John: Hey Maria, guess what!\n\nMaria: Yeah John, tell me! Aww, poor Max.\n\n\
                John: Congrats Maria! Nooo John is not jealous. Ok I am.\n\n\
                Maria: Well, John. Glad John asked. Anytime John! It was easy. Woohoo Maria!";
    let found = Rules
        .extract(&[Passage {
            text: talk,
            author: None,
        }])
        .unwrap()
        .remove(0);
    let mut names: Vec<&str> = found.iter().map(|named| named.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["John", "Maria", "Max"], "and nobody else");
    let named = |name: &str| {
        let range = found.iter().filter(|named| named.name == name);
        range
            .map(|named| &talk[named.range.clone()])
            .all(|said| said == name)
    };
    assert!(named("John") && named("Maria"), "the name alone is marked");
}

#[test]
fn what_programmers_write_with_capitals_is_nobody() {
    let text = "Deserialize YAML with Serde JSON. FreeBSD CI runs WebAssembly SIMD and the C API.\n\
                LINE FEED and HANGUL CHOSEONG KIYEOK. Xorshift RNG, Musl Mips64, RISC-V, Enum E2.\n\n\
                Reviewed by Siobhan McCarthy, Jean DUPONT, J. K. Rowling and Frank O'Brien.\n\n\
                See Also\n\nSee Valgrind. This is a major V8 upgrade.\n\nFilename: src/main.rs\n\nFilename: src/lib.rs";
    let found = Rules
        .extract(&[Passage { text, author: None }])
        .unwrap()
        .remove(0);
    let people: Vec<&str> = found
        .iter()
        .filter(|named| named.kind == EntityKind::Person)
        .map(|named| named.name.as_str())
        .collect();
    assert_eq!(
        people,
        [
            "Siobhan McCarthy",
            "Jean DUPONT",
            "J. K. Rowling",
            "Frank O'Brien"
        ]
    );
}
