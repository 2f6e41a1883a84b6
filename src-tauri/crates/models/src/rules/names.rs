//! Runs of capitalised words, and which of them name a person, an organisation or a place.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use oldgrowth_domain::entities::EntityKind::{self, Organisation, Person, Place};
use oldgrowth_domain::words::fold;
use oldgrowth_engine::ports::{Named, Passage};
use unicode_segmentation::UnicodeSegmentation;

use super::lexicon::{Word, is_organisation, is_place};
use super::words::{Token, is_german, tokens};

/// More words than this are a heading or a list.
const WORDS_MAX: usize = 6;

/// Fewer capitals than this after a first name are an abbreviation.
const SHOUTED_SURNAME_CHARS_MIN: usize = 5;

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
    before_that: Option<&'w Token>,
    after: Option<&'w Token>,
    /// A title stood before it.
    titled: bool,
    /// Every noun of the text has a capital.
    german: bool,
    /// What follows is what they say.
    speaks: bool,
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
    let speakers = speakers(words.iter().flatten());
    let mut candidates = Vec::new();
    for (passage, words) in words.iter().enumerate() {
        let german = is_german(words);
        for run in runs(words) {
            let (tokens, titled) = trimmed(words, run, &speakers);
            if let Some(seen) = Seen::of(words, &tokens, titled, german, &speakers) {
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

/// Who speaks in it. Where it is one alone who is called by no first name, it is the label of something: "Filename:".
fn speakers<'w>(words: impl Iterator<Item = &'w Token>) -> HashSet<&'w str> {
    let spoken = words.filter(|token| token.is_speaker());
    let mut speakers: HashSet<&str> = spoken.map(|token| token.folded.as_str()).collect();
    if speakers.len() == 1 {
        speakers.retain(|name| Word(name).is_first_name());
    }
    speakers
}

/// Capitalised words one beside the other, and the small ones that join them.
fn runs(words: &[Token]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let start = at;
        at += 1;
        if !may_name(words, start) {
            continue;
        }
        while let Some(more) = goes_on(words, start, at) {
            at += more;
        }
        runs.push(start..at);
    }
    runs
}

fn may_name(words: &[Token], at: usize) -> bool {
    let Some(token) = words.get(at) else {
        return false;
    };
    let of_calendar = token.word().is_of_the_calendar()
        && !{
            let said = words
                .get(at + 1)
                .is_some_and(|after| after.word().is_said_of_people());
            let met = at > 0
                && words
                    .get(at - 1)
                    .is_some_and(|before| before.word().is_done_to_people());
            token.word().is_month_and_name() && (said || met)
        };
    token.is_capital && !of_calendar && token.folded != "i"
}

/// How many words more belong to the run that begins at `start` and has come to `at`.
fn goes_on(words: &[Token], start: usize, at: usize) -> Option<usize> {
    let joined = |at: usize| words.get(at).is_some_and(|token| token.joined);
    let joined_name = |at: usize| joined(at) && may_name(words, at);
    let (next, before) = (words.get(at)?, words.get(at - 1)?);
    if next.owned && next.is_capital {
        // "St Brigid's Primary School": what it owns is called by both.
        let thing = (at + 1..at + 3)
            .take_while(|at| joined_name(*at))
            .last()
            .unwrap_or(at);
        let word = words.get(thing)?.word();
        let is_called = word.ends_organisation() || word.ends_place();
        return (is_called && !words.get(start)?.word().is_first_name()).then_some(thing + 1 - at);
    }
    if !next.joined {
        return None;
    }
    // "Tom & Anna" are two.
    let two = next.by_and && next.word().is_first_name() && before.word().is_first_name();
    if may_name(words, at) {
        return (!two).then_some(1);
    }
    if next.word().is_legal_form() {
        return Some(1);
    }
    // "University of Oxford", "Ludwig van Beethoven", "Society for the Blind", "van der Meulen".
    let inner = next.word().joins_names();
    let of = matches!(next.folded.as_str(), "of" | "for" | "and")
        && (before.word().begins_organisation_of() || before.word().ends_organisation());
    let second = words.get(at + 1).is_some_and(|token| {
        token.joined && ((of && token.folded == "the") || (inner && token.word().joins_names()))
    });
    if (inner || of) && joined_name(at + 1) {
        Some(2)
    } else if second && joined_name(at + 2) {
        Some(3)
    } else {
        None
    }
}

/// The run without what only begins its sentence, and without titles; was there one?
fn trimmed(words: &[Token], run: Range<usize>, speakers: &HashSet<&str>) -> (Range<usize>, bool) {
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
        let rest = words.get(run.start + 1..run.end).unwrap_or_default();
        let is_known = is_organisation(&folded(rest));
        let of_place = first.begins
            && first.word().is_common()
            && !first.word().is_first_name()
            && !first.is_title()
            && !first.word().begins_organisation_of()
            && !first.word().begins_place()
            && !rest.first().is_some_and(|next| next.by_and)
            && !is_organisation(&folded(words.get(run.clone()).unwrap_or_default()))
            && !(is_thing && run.len() > 2);
        let of_people = first.word().is_of_a_people() && !is_thing && !is_known;
        let is_title =
            first.is_title() && !(is_thing && run.len() > 2) && !first.word().begins_place();
        let is_article = matches!(first.folded.as_str(), "the" | "a" | "an");
        // "Poor Anna", said to Anna, who speaks herself elsewhere.
        let said_to = first.begins
            && !first.word().is_first_name()
            && matches!(rest, [name] if speakers.contains(name.folded.as_str()));
        let is_called = first.word().is_exclaimed() && !is_thing && !is_known;
        if !(is_article || of_place || of_people || is_title || said_to || is_called) {
            break;
        }
        titled |= is_title;
        run.start += 1;
    }
    (run, titled)
}

fn folded(name: &[Token]) -> String {
    let words: Vec<&str> = name.iter().map(|token| token.folded.as_str()).collect();
    words.join(" ")
}

impl<'w> Seen<'w> {
    fn of(
        words: &'w [Token],
        run: &Range<usize>,
        titled: bool,
        german: bool,
        speakers: &HashSet<&str>,
    ) -> Option<Self> {
        let name = words.get(run.clone())?;
        let first = name.first()?;
        let is_name = name.len() <= WORDS_MAX
            && (name.len() > 1
                || !(first.is_title()
                    || first.word().is_product()
                    || first.word().is_exclaimed()
                    || first.folded.len() == 1));
        is_name.then_some(())?;
        let before = |back: usize| run.start.checked_sub(back).and_then(|at| words.get(at));
        Some(Self {
            name,
            first,
            last: name.last()?,
            before: before(1),
            before_that: before(2),
            after: words.get(run.end),
            titled,
            german,
            speaks: first.speaks && speakers.contains(first.folded.as_str()),
        })
    }

    fn guess(&self) -> Guess {
        let one = self.name.len() == 1;
        if self.titled
            && !self.is_coded()
            && !(self.last.word().ends_organisation() && self.name.len() > 2)
        {
            return Guess::Sure(Person);
        }
        let folded = folded(self.name);
        if is_organisation(&folded) {
            // "who" and "it" are words as well, "apple" is a fruit at the beginning of a sentence.
            let short = folded.len() <= 4 && !self.first.is_letters;
            let doubtful = one && self.first.word().is_common() && !self.first.is_letters;
            if !short && (!doubtful || self.works()) {
                return Guess::Sure(Organisation);
            }
        }
        if self.is_organisation_by_its_words(&folded) {
            return Guess::Sure(Organisation);
        }
        if is_place(&folded) {
            return self.place();
        }
        if self.is_coded() {
            return if one && self.first.is_letters {
                self.letters()
            } else {
                Guess::Unknown
            };
        }
        let a = self.before_is(&["a", "an", "any", "each", "every"]) && self.all_common();
        if !one && self.last.word().ends_place() && !a && !self.in_vain() {
            let surname = self.is_given_name()
                && self.name.len() == 2
                && !self.is_where()
                && !self.before_is(&["the", "at", "on", "by"]);
            return Guess::Sure(if surname { Person } else { Place });
        }
        let given = self
            .name
            .iter()
            .any(|token| token.word().is_first_name() && !token.word().is_common());
        if !one
            && self.first.word().begins_place()
            && !self.first.word().is_first_name()
            && self.commons() - usize::from(self.first.word().is_common()) == 0
        {
            return Guess::Sure(Place);
        }
        // "in Kazimierz Dolny", "to Near Sawrey".
        if !one
            && !self.in_vain()
            && (self.is_where() || self.is_whither())
            && !given
            && self.commons() == 0
        {
            return Guess::Maybe(Place);
        }
        if one && self.first.is_letters {
            return self.letters();
        }
        self.person()
    }

    fn is_organisation_by_its_words(&self, folded: &str) -> bool {
        if self.name.len() == 1 {
            return self.last.word().ends_organisation()
                && !self.last.word().is_common()
                && self.before_is(&["die", "der", "the"]);
        }
        let of = folded.contains(" of ")
            && self
                .name
                .iter()
                .any(|token| token.word().begins_organisation_of());
        let is_called = self.last.word().ends_organisation()
            || of
            || self.first.word().begins_organisation()
            || self.name.iter().skip(1).any(|token| token.by_and);
        let is_legal = self.last.word().is_legal_form();
        // "a Neural Network" is one of many.
        let led = self.before_is(&["the", "at", "of", "by", "from", "with", "for", "our", "to"]);
        let plain = self.all_common() && !of && !(led || self.name.len() > 2);
        let person = self.is_given_name() && self.name.len() == 2 && self.said();
        is_called
            && (is_legal
                || !(plain
                    || person
                    || self.first.in_title
                    || (self.german && !self.first.word().begins_organisation())))
    }

    /// Of the name of a place, which may be that of a person too, or a word.
    fn place(&self) -> Guess {
        let one = self.name.len() == 1;
        let word = self.first.word();
        let led = self.is_where() || self.is_whither();
        let is_person = one && word.is_first_name() && !word.is_rather_place();
        if one && word.is_common() && self.first.begins && !led {
            Guess::Unknown
        } else if one && word.is_first_name() && (self.said() || self.met()) && !led {
            Guess::Sure(Person)
        } else if is_person && !led && !self.before_is(&["at", "of", "the"]) {
            Guess::Maybe(Person)
        } else if is_person {
            Guess::Maybe(Place)
        } else {
            Guess::Sure(Place)
        }
    }

    fn letters(&self) -> Guess {
        let token = self.first;
        let is_word = token.word().is_abbreviation()
            || token.word().is_common()
            || token.in_title
            || token.word().is_product();
        let is_named = self.works() || self.said() || (self.before_is(&["from", "by", "joined"]));
        if is_named && !is_word && !self.german && token.folded.chars().count() <= 6 {
            Guess::Maybe(Organisation)
        } else {
            Guess::Unknown
        }
    }

    fn person(&self) -> Guess {
        let met_or_said = self.said() || self.met();
        let count = self.name.len();
        let initials = self
            .name
            .iter()
            .take_while(|token| token.folded.chars().count() == 1)
            .count();
        if (1..count).contains(&initials) && count <= 4 {
            return Guess::Sure(Person);
        }
        if count == 1 && self.first.word().is_of_a_people() && !met_or_said {
            return Guess::Unknown;
        }
        let common = self.first.word().is_common();
        if count <= 2 && self.speaks {
            return Guess::Sure(Person);
        }
        if self.first.word().is_first_name() {
            let is_sure = match count {
                1 if common => met_or_said && !self.first.in_title,
                1 if self.before_is(&["the", "a", "an"]) => false,
                1 => !self.first.in_title || met_or_said,
                // "See Also" begins a line, and "See" is a name somewhere.
                2..=5 if common => {
                    let in_vain = self.german || self.all_common();
                    !(self.first.in_title || in_vain && self.first.begins)
                }
                2..=5 => true,
                _ => false,
            };
            return if is_sure {
                Guess::Sure(Person)
            } else {
                Guess::Unknown
            };
        }
        // Hungarian, and in lists, the first name comes last.
        if count == 2
            && !common
            && self.last.word().is_first_name()
            && !self.last.word().is_common()
        {
            return Guess::Sure(Person);
        }
        if self.in_vain() {
            return Guess::Unknown;
        }
        let commons = self.commons();
        if count > 1 {
            return if commons == 0 && count <= 3 {
                Guess::Sure(Person)
            } else if commons < count && met_or_said && count <= 3 {
                Guess::Maybe(Person)
            } else if self.works() {
                Guess::Maybe(Organisation)
            } else {
                Guess::Unknown
            };
        }
        if commons > 0 {
            Guess::Unknown
        } else if met_or_said {
            Guess::Maybe(Person)
        } else if self.is_where() || self.is_whither() {
            Guess::Maybe(Place)
        } else if self.works() {
            Guess::Maybe(Organisation)
        } else {
            Guess::Unknown
        }
    }

    /// Its capitals say nothing: it is a title, or German.
    fn in_vain(&self) -> bool {
        self.first.in_title || self.german
    }

    /// Written as a name of a person or a place is not, but for "Jean DUPONT".
    fn is_coded(&self) -> bool {
        let surname = |token: &Token| {
            token.is_letters && token.folded.chars().count() >= SHOUTED_SURNAME_CHARS_MIN
        };
        match self.name {
            [_, last] if self.is_given_name() && surname(last) => false,
            name => name.iter().any(|token| token.is_coded),
        }
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

    /// "worked for", "a job at", "joined".
    fn works(&self) -> bool {
        self.before_is(&["joined", "founded"])
            || (self.before_is(&["at", "for"])
                && self
                    .before_that
                    .is_some_and(|word| word.word().is_of_work()))
    }

    fn is_where(&self) -> bool {
        self.before.is_some_and(|before| before.word().is_where())
    }

    fn is_whither(&self) -> bool {
        self.before.is_some_and(|before| before.word().is_whither())
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
