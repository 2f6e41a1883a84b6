//! What words are known to be. The lists' sources are in `data/README.md`.

mod around;
mod parts;

use std::collections::HashSet;
use std::sync::LazyLock;

use oldgrowth_domain::words::{fold, is_stop_word};

use around::{CALENDAR, EXCLAIMED, GERMAN, LETTERS, MET, PEOPLES, SAID, WHERE, WHITHER, WORK};
use parts::{
    INNER, LEGAL_FORMS, ORGANISATION_ENDS, ORGANISATION_FIRST, ORGANISATION_LAST, ORGANISATION_OF,
    ORGANISATIONS, PLACE_FIRST, PLACE_LAST, PRODUCTS, RATHER_PLACES, TITLES,
};

/// Names somewhere, and elsewhere words that begin a sentence or stand for something else.
const RATHER_WORDS: [&str; 4] = ["see", "ok", "un", "na"];

/// "In" and "So" are names somewhere too.
static FIRST_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let mut names = lines(include_str!("../../data/first_names.txt"));
    names.retain(|name| *name == "will" || !(is_stop_word(name) || RATHER_WORDS.contains(name)));
    names
});
static COMMON_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| lines(include_str!("../../data/common_words.txt")));
static PLACES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    include_str!("../../data/places.txt")
        .lines()
        .map(fold)
        .collect()
});

fn lines(list: &'static str) -> HashSet<&'static str> {
    list.lines().collect()
}

/// A folded word, without what makes it a possessive.
pub(super) struct Word<'w>(pub(super) &'w str);

impl Word<'_> {
    pub(super) fn is_first_name(&self) -> bool {
        FIRST_NAMES.contains(self.0)
            || self
                .0
                .split_once('-')
                .is_some_and(|(a, b)| FIRST_NAMES.contains(a) && FIRST_NAMES.contains(b))
    }

    /// An English word, or one of its regular forms.
    pub(super) fn is_common(&self) -> bool {
        let word = self.0;
        let is_base = |base: &str| COMMON_WORDS.contains(base);
        is_base(word)
            || ["s", "es", "ed", "d", "ing", "ly"]
                .iter()
                .filter_map(|end| word.strip_suffix(end))
                .any(|base| base.len() > 2 && (is_base(base) || doubled(base).is_some_and(is_base)))
            || word
                .strip_suffix("ies")
                .or_else(|| word.strip_suffix("ied"))
                .is_some_and(|base| is_base(&format!("{base}y")))
            || word
                .strip_suffix("ing")
                .is_some_and(|base| is_base(&format!("{base}e")))
            || word.contains('\'')
    }

    pub(super) fn is_title(&self) -> bool {
        TITLES.contains(&self.0)
    }

    pub(super) fn ends_organisation(&self) -> bool {
        ORGANISATION_LAST.contains(&self.0)
            || LEGAL_FORMS.contains(&self.0)
            || ORGANISATION_ENDS
                .iter()
                .any(|end| self.0.len() > end.len() + 2 && self.0.ends_with(end))
    }

    pub(super) fn begins_organisation_of(&self) -> bool {
        ORGANISATION_OF.contains(&self.0)
    }

    pub(super) fn ends_place(&self) -> bool {
        PLACE_LAST.contains(&self.0)
    }

    pub(super) fn begins_place(&self) -> bool {
        PLACE_FIRST.contains(&self.0)
    }

    /// A day, a month or a feast.
    pub(super) fn is_of_the_calendar(&self) -> bool {
        CALENDAR.contains(&self.0)
    }

    /// A month that is a first name as well.
    pub(super) fn is_month_and_name(&self) -> bool {
        matches!(self.0, "april" | "may" | "june" | "august")
    }

    /// "German", "Swiss": no name by itself, and the first word of some.
    pub(super) fn is_of_a_people(&self) -> bool {
        PEOPLES.contains(&self.0)
    }

    pub(super) fn is_german(&self) -> bool {
        GERMAN.contains(&self.0)
    }

    /// "Yeah", "Congrats", or drawn out like "Sooo".
    pub(super) fn is_exclaimed(&self) -> bool {
        let letters: Vec<char> = self.0.chars().collect();
        let drawn_out = |three: &[char]| matches!(three, [a, b, c] if a == b && b == c && a.is_alphabetic() && !matches!(a, 'i' | 'w' | 'x'));
        EXCLAIMED.contains(&self.0) || letters.windows(3).any(drawn_out)
    }

    pub(super) fn is_said_of_people(&self) -> bool {
        SAID.contains(&self.0)
    }

    pub(super) fn is_done_to_people(&self) -> bool {
        MET.contains(&self.0)
    }

    pub(super) fn is_where(&self) -> bool {
        WHERE.contains(&self.0)
    }

    pub(super) fn is_whither(&self) -> bool {
        WHITHER.contains(&self.0)
    }

    pub(super) fn is_of_work(&self) -> bool {
        WORK.contains(&self.0)
    }

    pub(super) fn is_legal_form(&self) -> bool {
        LEGAL_FORMS.contains(&self.0)
    }

    pub(super) fn begins_organisation(&self) -> bool {
        ORGANISATION_FIRST.contains(&self.0)
    }

    pub(super) fn is_product(&self) -> bool {
        PRODUCTS.contains(&self.0)
    }

    pub(super) fn is_rather_place(&self) -> bool {
        RATHER_PLACES.contains(&self.0)
    }

    pub(super) fn is_abbreviation(&self) -> bool {
        LETTERS.contains(&self.0)
    }

    pub(super) fn joins_names(&self) -> bool {
        INNER.contains(&self.0)
    }
}

/// The folded words of a name, joined by one space.
pub(super) fn is_organisation(folded: &str) -> bool {
    ORGANISATIONS.contains(&folded)
}

/// The folded words of a name, joined by one space.
pub(super) fn is_place(folded: &str) -> bool {
    PLACES.contains(folded)
}

/// `stopp` as in "stopped": the word before its last letter was doubled.
fn doubled(base: &str) -> Option<&str> {
    let mut letters = base.chars().rev();
    (letters.next()? == letters.next()?).then(|| base.get(..base.len() - 1))?
}
