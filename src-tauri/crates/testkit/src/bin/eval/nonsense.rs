//! How near the nearest passages are to questions that mean something and to what means nothing: by these figures the rule
//! is chosen that tells them apart (`engine/src/ranking.rs`).

use std::path::Path;

use oldgrowth_domain::words::question_words;
use oldgrowth_store::table::words::{Filter, Wanted};
use oldgrowth_store::{Canceller, ChunkKey, DocumentKey, Error, Lane};
use oldgrowth_testkit::SeededRandom;

use crate::locomo;
use crate::memory::{By, Memory};

/// What means nothing, of each kind so many.
const OF_EACH_KIND: usize = 40;

/// More passages than a conversation has.
const ALL: usize = 100_000;

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

#[expect(clippy::print_stdout, reason = "what is measured is what it prints")]
pub(crate) fn measure(file: &Path) {
    println!("sample\tkind\tknown\tbest\ttenth\tmean\tdeviation\tquestion");
    if file.is_dir() {
        let memory = Memory::of(&[file.to_owned()], By::Meaning);
        return measure_one(&memory, "documents", nonsense());
    }
    for (sample, export, questions) in locomo::each(file) {
        let memory = Memory::of(&[export.path().join(locomo::EXPORT)], By::Meaning);
        let real = questions.into_iter().map(|question| ("real", question));
        let translated = TRANSLATED.map(|question| ("translated", question.to_owned()));
        measure_one(&memory, &sample, real.chain(translated).chain(nonsense()));
    }
}

#[expect(clippy::print_stdout, reason = "what is measured is what it prints")]
fn measure_one(
    memory: &Memory,
    sample: &str,
    questions: impl IntoIterator<Item = (&'static str, String)>,
) {
    for (kind, question) in questions {
        println!("{sample}\t{kind}\t{}", figures(memory, &question));
    }
    pairs(memory, sample);
}

#[expect(
    clippy::expect_used,
    reason = "a question is answered or it is a fault"
)]
fn figures(memory: &Memory, question: &str) -> String {
    let words = question_words(question);
    let known = words.iter().filter(|word| {
        let word = std::slice::from_ref(*word);
        let count = memory.test.store.read(Lane::Background, |r| {
            r.count_words(Wanted::whole(word), Filter::default())
        });
        count.expect("words are counted") > 0
    });
    let known = known.count();
    let engine = &memory.test.engine;
    let near = engine
        .nearest_to_question(question, Filter::default(), ALL, &Canceller::default())
        .expect("it is answered")
        .expect("somebody embeds");
    let near: Vec<f64> = near.iter().map(|one| f64::from(one.nearness)).collect();
    let mean = near.iter().sum::<f64>() / near.len() as f64;
    let deviation = near.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / near.len() as f64;
    let at = |place: usize| near.get(place).copied().unwrap_or_default();
    format!(
        "{known}/{}\t{:.4}\t{:.4}\t{mean:.4}\t{:.4}\t{question}",
        words.len(),
        at(0),
        at(9),
        deviation.sqrt()
    )
}

/// How near passages of different conversations are: any two, and of each the nearest.
#[expect(clippy::expect_used, reason = "it has just been embedded")]
#[expect(clippy::print_stdout, reason = "what is measured is what it prints")]
fn pairs(memory: &Memory, sample: &str) {
    let vectors: Vec<(DocumentKey, Vec<f64>)> = memory
        .test
        .store
        .read(Lane::Background, |r| {
            let keys = r.searched_after(ChunkKey::from_payload(-1), 1_000)?;
            let of = |key: ChunkKey| {
                let document = r.chunk(key)?.document;
                let vector = r.vector_of(key)?.map(|(_, vector)| vector);
                let vector = vector.map(|vector| {
                    let scale = f64::from(vector.scale);
                    let numbers = vector.components.iter();
                    numbers.map(|byte| f64::from(*byte) * scale).collect()
                });
                Ok::<_, Error>(vector.map(|vector| (document, vector)))
            };
            let vectors: Result<Vec<_>, Error> = keys.into_iter().map(of).collect();
            vectors
        })
        .expect("the vectors are read")
        .into_iter()
        .flatten()
        .collect();
    let mut any = Vec::new();
    let mut nearest = Vec::new();
    for (document, vector) in &vectors {
        let others = vectors.iter().filter(|(other, _)| other != document);
        let near = |other: &[f64]| -> f64 { vector.iter().zip(other).map(|(a, b)| a * b).sum() };
        let near: Vec<f64> = others.map(|(_, other)| near(other)).collect();
        nearest.extend(near.iter().copied().reduce(f64::max));
        any.extend(near);
    }
    for (kind, mut near) in [("any two", any), ("the nearest", nearest)] {
        near.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * near.len().saturating_sub(1) as f64;
            near.get(place as usize).copied().unwrap_or_default()
        };
        let parts = [0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99].map(at);
        println!("{sample}\t{kind}\t{parts:.3?}");
    }
}
