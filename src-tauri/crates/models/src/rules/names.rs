//! Runs of capitalised words, and which of them name a person, an organisation or a place.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use oldgrowth_domain::entities::EntityKind::{self, Organisation, Person, Place};
use oldgrowth_domain::words::fold;
use oldgrowth_engine::ports::{Named, Passage};
use unicode_segmentation::UnicodeSegmentation;

use super::lexicon::{is_organisation, is_place};
use super::words::{Token, is_german, tokens};

/// More words than this are a heading or a list.
const WORDS_MAX: usize = 6;

/// A run of capitalised words within a passage.
struct Candidate {
    passage: usize,
    tokens: Range<usize>,
    guess: Guess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    Sure(EntityKind),
    /// By the word before it alone.
    Maybe(EntityKind),
    /// A name at most where the document calls it one elsewhere.
    Unknown,
}

/// What a document says of its names somewhere, and helps to understand elsewhere.
#[derive(Default)]
struct Known {
    /// Whole names, folded.
    kinds: HashMap<String, EntityKind>,
    /// Full names of people by each of their words, folded. None when two people share the word.
    people: HashMap<String, Option<String>>,
}

/// A run and what stands around it.
struct Seen<'w> {
    name: &'w [Token],
    first: &'w Token,
    last: &'w Token,
    before: Option<&'w Token>,
    after: Option<&'w Token>,
    /// A title stood before it.
    titled: bool,
    /// Every noun of the text has a capital.
    german: bool,
}

/// For each passage, in the order of its text. Nothing overlaps another or one of the forms.
pub(super) fn find(passages: &[Passage<'_>], forms: &[Vec<Named>]) -> Vec<Vec<Named>> {
    let words: Vec<Vec<Token>> = passages
        .iter()
        .zip(forms)
        .map(|(passage, forms)| tokens(passage.text, forms))
        .collect();
    let mut known = Known::default();
    let authors: HashSet<&str> = passages.iter().filter_map(|one| one.author).collect();
    for author in authors {
        known.learn_person(author);
    }
    let mut candidates = Vec::new();
    for (passage, words) in words.iter().enumerate() {
        let german = is_german(words);
        for run in runs(words) {
            let (tokens, titled) = trimmed(words, run);
            if let Some(seen) = Seen::of(words, &tokens, titled, german) {
                candidates.push(Candidate {
                    passage,
                    tokens,
                    guess: seen.guess(),
                });
            }
        }
    }
    let name_of = |candidate: &Candidate| -> Option<(Range<usize>, String)> {
        let words = words
            .get(candidate.passage)?
            .get(candidate.tokens.clone())?;
        let range = words.first()?.range.start..words.last()?.range.end;
        let text = passages.get(candidate.passage)?.text.get(range.clone())?;
        let name: Vec<&str> = text.split_whitespace().collect();
        Some((range, name.join(" ")))
    };
    for candidate in &candidates {
        if let (Guess::Sure(kind), Some((_, name))) = (candidate.guess, name_of(candidate)) {
            known.learn(kind, &name);
        }
    }
    let mut found: Vec<Vec<Named>> = passages.iter().map(|_| Vec::new()).collect();
    for candidate in &candidates {
        let first = words
            .get(candidate.passage)
            .and_then(|words| words.get(candidate.tokens.start));
        if let (Some(first), Some((range, name))) = (first, name_of(candidate))
            && let Some((kind, name)) = known.settle(candidate, name, first)
            && let Some(found) = found.get_mut(candidate.passage)
        {
            found.push(Named { range, kind, name });
        }
    }
    found
}

/// Capitalised words one beside the other, and the small ones that join them.
fn runs(words: &[Token]) -> Vec<Range<usize>> {
    let may_name = |token: &Token| {
        token.is_capital && !token.word().is_of_the_calendar() && token.folded != "i"
    };
    let joined_name = |at: usize| words.get(at).is_some_and(|t| t.joined && may_name(t));
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(token) = words.get(at) {
        let start = at;
        at += 1;
        if !may_name(token) {
            continue;
        }
        while let Some(next) = words.get(at) {
            let is_owner = words.get(at - 1).is_some_and(|before| before.is_possessive);
            if !next.joined || is_owner {
                break;
            }
            if may_name(next) {
                at += 1;
                continue;
            }
            // "University of Oxford", "Ludwig van Beethoven", "Society for the Blind".
            let joins = next.word().joins_names()
                || (matches!(next.folded.as_str(), "of" | "for" | "and")
                    && token.word().begins_organisation_of());
            let the = words
                .get(at + 1)
                .is_some_and(|t| t.joined && t.folded == "the");
            if joins && joined_name(at + 1) {
                at += 2;
            } else if joins && the && joined_name(at + 2) {
                at += 3;
            } else {
                break;
            }
        }
        runs.push(start..at);
    }
    runs
}

/// The run without what only begins its sentence, and without titles; was there one?
fn trimmed(words: &[Token], run: Range<usize>) -> (Range<usize>, bool) {
    let mut run = run;
    let is_thing = words
        .get(run.end - 1)
        .is_some_and(|last| last.word().ends_organisation() || last.word().ends_place());
    let mut titled = words
        .get(run.start)
        .zip(run.start.checked_sub(1).and_then(|at| words.get(at)))
        .is_some_and(|(first, before)| first.joined && before.is_title());
    while let Some(first) = words.get(run.start)
        && run.len() > 1
    {
        let of_place = first.begins
            && first.word().is_common()
            && !first.word().is_first_name()
            && !first.is_title()
            && !first.word().begins_organisation_of()
            && !first.word().begins_place()
            && !(is_thing && run.len() > 2);
        let of_people = first.word().is_of_a_people() && !is_thing;
        let is_title = first.is_title() && !(is_thing && run.len() > 2);
        if !(first.folded == "the" || of_place || of_people || is_title) {
            break;
        }
        titled |= is_title;
        run.start += 1;
    }
    (run, titled)
}

impl<'w> Seen<'w> {
    fn of(words: &'w [Token], run: &Range<usize>, titled: bool, german: bool) -> Option<Self> {
        let name = words.get(run.clone())?;
        (name.len() <= WORDS_MAX).then_some(())?;
        Some(Self {
            name,
            first: name.first()?,
            last: name.last()?,
            before: run.start.checked_sub(1).and_then(|at| words.get(at)),
            after: words.get(run.end),
            titled,
            german,
        })
    }

    fn guess(&self) -> Guess {
        let one = self.name.len() == 1;
        if self.titled && !(self.last.word().ends_organisation() && self.name.len() > 2) {
            return Guess::Sure(Person);
        }
        let words: Vec<&str> = self
            .name
            .iter()
            .map(|token| token.folded.as_str())
            .collect();
        let folded = words.join(" ");
        // A word that begins a sentence has its capital for that.
        let only_begins = one && self.first.begins && self.first.word().is_common();
        if is_organisation(&folded)
            && !only_begins
            && (!one || self.first.is_letters || !self.first.word().is_common() || self.worked())
        {
            return Guess::Sure(Organisation);
        }
        let of = self.first.word().begins_organisation_of() && folded.contains(" of ");
        // "a Decision Tree", "the Main Street".
        let any = self.before_is(&["a", "an", "any", "each", "every"]) && self.all_common();
        if !one && (self.last.word().ends_organisation() || of) && !any && !self.in_vain() {
            return Guess::Sure(Organisation);
        }
        if is_place(&folded) {
            return self.place(only_begins);
        }
        if !one && self.last.word().ends_place() && !any && !self.in_vain() {
            let surname = self.is_given_name()
                && self.name.len() == 2
                && !self.leads_to_place()
                && !self.before_is(&["the", "at", "on", "by"]);
            return Guess::Sure(if surname { Person } else { Place });
        }
        if !one
            && self.first.word().begins_place()
            && !self.first.word().is_first_name()
            && self
                .name
                .iter()
                .skip(1)
                .all(|token| !token.word().is_common())
        {
            return Guess::Sure(Place);
        }
        if one && self.first.is_letters {
            return self.letters();
        }
        self.person()
    }

    /// Of the name of a place, which may be that of a person too, or a word.
    fn place(&self, only_begins: bool) -> Guess {
        let person = self.first.word().is_first_name() && (self.said() || self.met());
        if self.leads_to_place() {
            Guess::Sure(Place)
        } else if self.name.len() == 1 && person {
            Guess::Sure(Person)
        } else if only_begins {
            Guess::Unknown
        } else if self.first.word().is_first_name() && self.name.len() == 1 {
            Guess::Maybe(Place)
        } else {
            Guess::Sure(Place)
        }
    }

    fn letters(&self) -> Guess {
        let token = self.first;
        let is_word = token.word().is_abbreviation() || token.word().is_common() || token.in_title;
        let is_named = self.worked() || self.said() || self.before_is(&["the"]);
        if is_named && !is_word && !self.german && token.folded.chars().count() <= 6 {
            Guess::Maybe(Organisation)
        } else {
            Guess::Unknown
        }
    }

    fn person(&self) -> Guess {
        let met_or_said = self.said() || self.met();
        if self.first.word().is_first_name() {
            let common = self.first.word().is_common();
            let is_sure = match self.name.len() {
                1 if common => met_or_said && !self.first.in_title,
                1 => !self.first.in_title || met_or_said,
                2..=4 if common => !self.first.in_title && !(self.german && self.first.begins),
                2..=4 => true,
                _ => false,
            };
            return if is_sure {
                Guess::Sure(Person)
            } else {
                Guess::Unknown
            };
        }
        if self.in_vain() {
            return Guess::Unknown;
        }
        let common = self.commons();
        let worked = self.before_is(&["at", "joined", "for", "founded"]);
        if self.name.len() > 1 {
            return if common == 0 && self.name.len() <= 3 {
                Guess::Sure(Person)
            } else if common < self.name.len() && met_or_said && self.name.len() <= 3 {
                Guess::Maybe(Person)
            } else if worked {
                Guess::Maybe(Organisation)
            } else {
                Guess::Unknown
            };
        }
        if common > 0 {
            Guess::Unknown
        } else if met_or_said {
            Guess::Maybe(Person)
        } else if self.leads_to_place() {
            Guess::Maybe(Place)
        } else if worked {
            Guess::Maybe(Organisation)
        } else {
            Guess::Unknown
        }
    }

    /// Its capitals say nothing: it is a title, or German.
    fn in_vain(&self) -> bool {
        self.first.in_title || self.german
    }

    fn is_given_name(&self) -> bool {
        self.first.word().is_first_name() && !self.first.word().is_common()
    }

    fn commons(&self) -> usize {
        let is_common = |token: &&Token| token.word().is_common() && !token.word().joins_names();
        self.name.iter().filter(is_common).count()
    }

    fn all_common(&self) -> bool {
        self.commons() == self.name.len()
    }

    fn said(&self) -> bool {
        self.after
            .is_some_and(|after| after.word().is_said_of_people())
    }

    fn met(&self) -> bool {
        self.before
            .is_some_and(|before| before.word().is_done_to_people())
    }

    fn worked(&self) -> bool {
        self.before
            .is_some_and(|before| before.word().leads_to_organisation())
    }

    fn leads_to_place(&self) -> bool {
        self.before
            .is_some_and(|before| before.word().leads_to_place())
    }

    fn before_is(&self, words: &[&str]) -> bool {
        self.before
            .is_some_and(|before| words.contains(&before.folded.as_str()))
    }
}

impl Known {
    fn learn(&mut self, kind: EntityKind, name: &str) {
        // Said first, meant always.
        self.kinds.entry(fold(name)).or_insert(kind);
        if kind == Person {
            self.learn_person(name);
        }
    }

    fn learn_person(&mut self, name: &str) {
        let folded = fold(name);
        let words: Vec<String> = name.unicode_words().map(fold).collect();
        for word in &words {
            let Some(other) = self.people.get_mut(word) else {
                self.people.insert(word.clone(), Some(name.to_owned()));
                continue;
            };
            let known = other.as_deref().map(fold);
            if words.len() == 1 || known.as_ref() == Some(&folded) {
                continue;
            }
            // The bare word, met before, is this one's.
            let was_bare = known.is_some_and(|known| known == *word);
            *other = was_bare.then(|| name.to_owned());
        }
    }

    /// What it is, and the name it goes by.
    fn settle(
        &self,
        candidate: &Candidate,
        name: String,
        first: &Token,
    ) -> Option<(EntityKind, String)> {
        let folded = fold(&name);
        let only_begins = first.begins && first.word().is_common();
        let person = self.people.get(&folded);
        match candidate.guess {
            Guess::Sure(Person) if candidate.tokens.len() == 1 => {
                Some((Person, person.cloned().flatten().unwrap_or(name)))
            }
            Guess::Sure(kind) => Some((kind, name)),
            Guess::Unknown if only_begins => None,
            Guess::Maybe(_) | Guess::Unknown if person.is_some() && candidate.tokens.len() == 1 => {
                Some((Person, person.cloned().flatten().unwrap_or(name)))
            }
            Guess::Maybe(kind) => Some((self.kinds.get(&folded).copied().unwrap_or(kind), name)),
            Guess::Unknown => self.kinds.get(&folded).map(|kind| (*kind, name)),
        }
    }
}
