//! Which questions are answered though no word of them stands anywhere: by these figures the rule is chosen that tells
//! those that mean something from what means nothing (`engine/src/ranking.rs`).

use std::path::Path;

use oldgrowth_domain::words::question_words;
use oldgrowth_store::Lane;
use oldgrowth_store::table::words::{Filter, Wanted};
use oldgrowth_testkit::SeededRandom;

use crate::locomo;
use crate::memory::{By, Memory};

/// What means nothing, of each kind so many.
const OF_EACH_KIND: usize = 40;

/// Nobody's letters.
const KEYS: [&str; 8] = ["asdf", "jkl", "qwer", "uiop", "zxcv", "nm", "fgh", "wert"];
const SYLLABLES: [&str; 12] = [
    "ba", "ku", "ri", "zo", "ne", "fla", "tro", "mi", "pso", "vu", "ghe", "lan",
];

/// What somebody might ask of a memory that knows nothing of it, in languages that it may not be in.
const ELSEWHERE: [&str; 24] = [
    "What is the boiling point of tungsten?",
    "Which enzyme cuts this plasmid?",
    "How do I rebase a branch onto upstream?",
    "Who ruled Byzantium in 1180?",
    "torque specification of the cylinder head bolts",
    "hydraulic pump seal leaking",
    "eigenvalues of a Hermitian matrix",
    "tax treaty between Chile and Belgium",
    "Wie hoch ist der Siedepunkt von Wolfram?",
    "Welches Drehmoment haben die Zylinderkopfschrauben?",
    "Какая температура плавления вольфрама?",
    "Кто правил Византией в 1180 году?",
    "ما هي درجة غليان التنغستن؟",
    "من حكم بيزنطة؟",
    "टंगस्टन का क्वथनांक क्या है?",
    "बीजान्टियम पर किसने शासन किया?",
    "钨的沸点是多少？",
    "谁在1180年统治拜占庭？",
    "タングステンの沸点は何度ですか？",
    "ビザンツ帝国を治めたのは誰ですか？",
    "텅스텐의 끓는점은 얼마입니까?",
    "비잔티움을 누가 다스렸습니까?",
    "¿Cuál es el punto de ebullición del tungsteno?",
    "Quel est le point d'ébullition du tungstène ?",
];

/// What LoCoMo's first conversation answers, asked in other languages and with no name in it.
const TRANSLATED: [&str; 16] = [
    "Wann ging sie zur Selbsthilfegruppe?",
    "Wann hat sie den Sonnenaufgang gemalt?",
    "Wann gehen sie zelten?",
    "Was macht sie, um sich zu entspannen?",
    "Когда она ходила в группу поддержки?",
    "Какую картину она нарисовала?",
    "Куда они ездили в поход всей семьёй?",
    "متى ذهبت إلى مجموعة الدعم؟",
    "ماذا رسمت؟",
    "वह सहायता समूह में कब गई थी?",
    "बच्चों को क्या पसंद है?",
    "她什么时候参加了互助小组？",
    "她画了什么？",
    "彼女はいつ支援グループに行きましたか？",
    "子供たちは何が好きですか？",
    "그녀는 언제 지원 모임에 갔습니까?",
];

fn nonsense() -> Vec<(&'static str, String)> {
    let random = SeededRandom::new(7);
    let below = |end: usize| random.below(end);
    let mut all = Vec::new();
    for _ in 0..OF_EACH_KIND {
        let word = |letters: &str, long: usize| -> String {
            let letters: Vec<char> = letters.chars().collect();
            (0..long)
                .filter_map(|_| letters.get(below(letters.len())).copied())
                .collect()
        };
        let of = |parts: &[&str], long: usize| -> String {
            (0..long)
                .filter_map(|_| parts.get(below(parts.len())).copied())
                .collect()
        };
        let latin = "abcdefghijklmnopqrstuvwxyz";
        let words = 1 + below(4);
        let many =
            |one: &dyn Fn() -> String| (0..words).map(|_| one()).collect::<Vec<_>>().join(" ");
        all.push(("letters", many(&|| word(latin, 4 + below(7)))));
        all.push((
            "consonants",
            many(&|| word("bcdfghjklmnpqrstvwxz", 3 + below(6))),
        ));
        all.push(("keys", many(&|| of(&KEYS, 1 + below(3)))));
        all.push(("syllables", many(&|| of(&SYLLABLES, 2 + below(3)))));
        all.push(("digits", many(&|| word("0123456789", 5 + below(8)))));
        all.push((
            "cyrillic",
            many(&|| word("бвгджзклмнпрстфхцчшщыэюя", 4 + below(6))),
        ));
        all.push(("han", word("鑫焱淼犇羴骉龘爨麤彟燚垚", 3 + below(6))));
    }
    all.extend(ELSEWHERE.map(|question| ("elsewhere", question.to_owned())));
    all
}

/// Of each kind: how many were asked that have no word that stands in a passage, and how many of these were answered.
pub(crate) fn measure(file: &Path) -> Vec<(&'static str, usize, usize)> {
    let mut kinds: Vec<(&'static str, usize, usize)> = Vec::new();
    let mut ask = |memory: &Memory, kind: &'static str, question: &str| {
        if knows_a_word(memory, question) {
            return;
        }
        let answered = usize::from(!memory.ask(question).is_empty());
        match kinds.iter_mut().find(|(of, ..)| *of == kind) {
            Some((_, asked, found)) => {
                *asked += 1;
                *found += answered;
            }
            None => kinds.push((kind, 1, answered)),
        }
    };
    if file.is_dir() {
        let memory = Memory::of(&[file.to_owned()], By::Meaning);
        for (kind, question) in nonsense() {
            ask(&memory, kind, &question);
        }
        return kinds;
    }
    for (_, export, _) in locomo::each(file) {
        let memory = Memory::of(&[export.path().join(locomo::EXPORT)], By::Meaning);
        for question in TRANSLATED {
            ask(&memory, "translated", question);
        }
        for (kind, question) in nonsense() {
            ask(&memory, kind, &question);
        }
    }
    kinds
}

#[expect(
    clippy::expect_used,
    reason = "a question is answered or it is a fault"
)]
fn knows_a_word(memory: &Memory, question: &str) -> bool {
    let words = question_words(question);
    let wanted = Wanted::whole(&words);
    let known = memory.test.store.read(Lane::Background, |r| {
        r.count_words(wanted, Filter::default())
    });
    known.expect("the words are looked up") > 0
}
