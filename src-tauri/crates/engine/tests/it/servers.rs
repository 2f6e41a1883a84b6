//! Models of a server, over HTTP on this computer: chosen, used by an engine, away, and taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oldgrowth_engine::ports::Clock;
use oldgrowth_engine::{Answer, Asked, Meaning};
use oldgrowth_http::{Client, Network, Purpose};
use oldgrowth_keeper::connection_is_held;
use oldgrowth_models::{ChosenEmbedders, ChosenReranker, Models, Role};
use oldgrowth_testkit::{AskedModel, ModelAnswer, ModelServer, WallClock};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::embedding::{Letters, embedded, kept};
use crate::rig::{Place, Rig, file_name, file_text};

/// Other than that of what is built in.
const WIDTH: usize = 1_024;

/// How a server answers at this moment.
type Mode = Arc<Mutex<Says>>;
type Says = fn(&AskedModel) -> ModelAnswer;

/// Whoever has chosen, and the engine that works with it.
struct Served {
    models: Models,
    network: Network,
    server: ModelServer,
    mode: Mode,
    stop: Arc<AtomicBool>,
    rig: Rig,
    _own: tempfile::TempDir,
}

impl Served {
    fn start(place: &Place) -> Self {
        let own = tempfile::tempdir().unwrap();
        let clock = Arc::clone(&place.clock);
        let now: Arc<dyn Fn() -> i64 + Send + Sync> = Arc::new(move || clock.unix_ms());
        let network = Network::new(own.path().join("network"), Arc::clone(&now));
        let client = Client::new(network.clone(), connection_is_held);
        let models = Models::new(own.path().join("models"), client, now, None);
        let stop = Arc::new(AtomicBool::new(false));
        let built_in: Arc<dyn oldgrowth_engine::ports::Embedder> =
            Arc::new(Letters::of("built-in"));
        let embedders = ChosenEmbedders::new(models.clone(), Arc::clone(&stop), Some(built_in));
        let reranker = ChosenReranker::new(models.clone(), Arc::clone(&stop));
        let mode: Mode = Arc::new(Mutex::new(well));
        let says = Arc::clone(&mode);
        let server = ModelServer::answering(move |_, asked| {
            let say = *says.lock();
            say(asked)
        });
        Self {
            rig: place.start_asking(1, Arc::new(embedders), Some(Arc::new(reranker))),
            models,
            network,
            server: server.unwrap(),
            mode,
            stop,
            _own: own,
        }
    }

    fn choose(&self, role: Role) {
        let address = self.server.address();
        self.models.choose(role, &address, "little").unwrap();
        self.rig.engine.models_changed();
    }

    fn name(&self) -> String {
        format!("little at {} ({WIDTH})", self.server.address())
    }

    fn recall(&self, text: &str) -> Answer {
        let asked = Asked {
            text: text.to_owned(),
            limit: 5,
            ..Asked::default()
        };
        self.rig.engine.recall(&asked).unwrap()
    }

    fn calls_for(&self, purpose: Purpose) -> usize {
        let contacts = self.network.contacts().unwrap().contacts;
        let of = contacts.iter().filter(|one| one.purpose == purpose);
        of.count()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; WIDTH];
    for (at, byte) in text.bytes().enumerate() {
        vector[(at * 7 + usize::from(byte)) % WIDTH] += 3.0;
    }
    vector
}

fn texts(asked: &AskedModel, field: &str) -> Vec<String> {
    let texts = asked.body[field].as_array().unwrap();
    texts
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

fn embeddings(asked: &AskedModel, vector: impl Fn(&str) -> Vec<f32>) -> Value {
    let texts = texts(asked, "input");
    let data = texts.iter().enumerate();
    let data = data.map(|(index, text)| json!({ "index": index, "embedding": vector(text) }));
    json!({ "data": data.collect::<Vec<_>>() })
}

/// As it should.
fn well(asked: &AskedModel) -> ModelAnswer {
    if asked.what.ends_with("/embeddings") {
        return ModelAnswer::Json(200, embeddings(asked, vector));
    }
    let score = |text: &str| match text.contains("wind7 ") || text.contains("harbour will be") {
        true => 0.9,
        false => 0.1,
    };
    let texts = texts(asked, "documents");
    let results = texts.iter().enumerate();
    let results =
        results.map(|(index, text)| json!({ "index": index, "relevance_score": score(text) }));
    ModelAnswer::Json(200, json!({ "results": results.collect::<Vec<_>>() }))
}

/// How many vectors there are by each model.
fn made(place: &Place) -> Vec<(String, usize)> {
    let mut made: Vec<(String, usize)> = Vec::new();
    for (_, model, _) in kept(&place.raw()) {
        match made.iter_mut().find(|(of, _)| *of == model) {
            Some((_, count)) => *count += 1,
            None => made.push((model, 1)),
        }
    }
    made
}

#[test]
fn a_model_of_a_server_takes_over_once_it_was_tried_and_gives_back() {
    let place = Place::new();
    place.write_many(40);
    let served = Served::start(&place);
    let built_in = [("built-in".to_owned(), 40)];
    served.rig.import_to_the_end();
    embedded(&served.rig, &place);
    served.choose(Role::Embeddings);
    embedded(&served.rig, &place);
    assert_eq!(made(&place), built_in, "nobody has tried it");
    assert!(served.server.asked().is_empty());
    served.models.test(Role::Embeddings).unwrap();
    served.rig.engine.models_changed();
    embedded(&served.rig, &place);
    assert_eq!(made(&place), [(served.name(), 40)]);
    let lengths = kept(&place.raw()).into_iter().map(|(_, _, vector)| {
        let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
        assert_eq!(vector.len(), WIDTH);
        (length - 1.0).abs()
    });
    assert!(lengths.fold(0.0, f32::max) < 0.01, "all of length 1");
    assert_eq!(
        (
            served.calls_for(Purpose::ModelTrial),
            served.calls_for(Purpose::Embedding)
        ),
        (1, 2),
        "32 passages at once, each call listed"
    );
    assert_eq!(served.recall("Who saw boat7?").meaning, Meaning::Yes);
    let asked = served.server.asked();
    assert_eq!(
        asked.last().unwrap().body["input"],
        json!(["Who saw boat7?"])
    );
    assert_eq!(served.calls_for(Purpose::Embedding), 3, "the question too");
    place.write(&file_name(41), &file_text(41, "late"));
    served.rig.import_to_the_end();
    embedded(&served.rig, &place);
    assert_eq!(made(&place), [(served.name(), 41)], "what comes later, too");
    served.models.clear(Role::Embeddings).unwrap();
    served.rig.engine.models_changed();
    embedded(&served.rig, &place);
    assert_eq!(made(&place), [("built-in".to_owned(), 41)]);
    let calls = served.server.asked().len();
    assert_eq!(served.recall("Who saw boat9?").meaning, Meaning::Yes);
    assert_eq!(
        served.server.asked().len(),
        calls,
        "nobody asks it any more"
    );
}

#[test]
fn while_a_choice_is_unfinished_nobody_embeds_and_the_vectors_stay() {
    let place = Place::new();
    place.write_many(6);
    let served = Served::start(&place);
    served.choose(Role::Embeddings);
    served.models.test(Role::Embeddings).unwrap();
    served.rig.engine.models_changed();
    served.rig.import_to_the_end();
    embedded(&served.rig, &place);
    let by_server = made(&place);
    assert_eq!(by_server, [(served.name(), 6)]);
    let calls = served.calls_for(Purpose::Embedding);
    let address = served.server.address();
    served
        .models
        .choose(Role::Embeddings, &address, "")
        .unwrap();
    served.rig.engine.models_changed();
    // The one worker embeds between two imports, or not at all.
    for late in 7..12 {
        place.write(&file_name(late), &file_text(late, "late"));
        served.rig.import_to_the_end();
    }
    let waits = || {
        place.clock.advance(Duration::from_millis(250));
        made(&place) == by_server
    };
    assert!(!served.rig.engine.wait_until_embedded(waits).unwrap());
    assert_eq!(made(&place), by_server, "what is built in reads nothing");
    served.choose(Role::Embeddings);
    served.models.test(Role::Embeddings).unwrap();
    served.rig.engine.models_changed();
    embedded(&served.rig, &place);
    assert_eq!(made(&place), [(served.name(), 11)]);
    assert_eq!(
        served.calls_for(Purpose::Embedding),
        calls + 1,
        "only what came meanwhile was sent"
    );
}

#[test]
fn whatever_a_server_answers_words_find_and_nothing_is_lost() {
    let failing: [(Says, &str); 7] = [
        (|_| ModelAnswer::Json(503, json!({})), "server_failed"),
        (
            |_| {
                let wait = vec![("Retry-After", "60".to_owned())];
                ModelAnswer::Said(429, wait, Vec::new())
            },
            "busy",
        ),
        (
            |_| {
                let elsewhere = vec![("Location", "http://127.0.0.1:1/".to_owned())];
                ModelAnswer::Said(307, elsewhere, Vec::new())
            },
            "redirected",
        ),
        (
            |_| ModelAnswer::HangUp(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"data\""),
            "cut_off",
        ),
        (
            |asked| ModelAnswer::Json(200, embeddings(asked, |_| vec![0.5; WIDTH - 1])),
            "other_width",
        ),
        (
            |_| {
                let body = b"{\"data\":[{\"index\":0,\"embedding\":[NaN,1.0]}]}".to_vec();
                ModelAnswer::Said(200, Vec::new(), body)
            },
            "not_understood",
        ),
        (|_| ModelAnswer::Json(401, json!({})), "key_refused"),
    ];
    let place = Place::new();
    place.write_many(6);
    let served = Served::start(&place);
    served.choose(Role::Embeddings);
    served.models.test(Role::Embeddings).unwrap();
    served.rig.engine.models_changed();
    served.rig.import_to_the_end();
    embedded(&served.rig, &place);
    for (round, (mode, code)) in failing.into_iter().enumerate() {
        let before = made(&place);
        *served.mode.lock() = mode;
        let number = 100 + round;
        place.write(&file_name(number), &file_text(number, code));
        served.rig.import_to_the_end();
        let away = || served.rig.engine.embedding_left().unwrap().unwrap().away;
        let waits = || {
            place.clock.advance(Duration::from_millis(250));
            away().is_none()
        };
        assert!(!served.rig.engine.wait_until_embedded(waits).unwrap());
        assert_eq!(away(), Some(code));
        assert_eq!(made(&place), before, "{code}: what was there is there");
        let answer = served.recall(&format!("boat{number}"));
        assert_eq!(
            (answer.meaning, answer.hits.len()),
            (Meaning::No, 1),
            "{code}"
        );
        assert!(
            served.server.asked().len() < 40,
            "nobody knocks all the time"
        );
        *served.mode.lock() = well;
        place.clock.advance(Duration::from_secs(11 * 60));
        embedded(&served.rig, &place);
        assert_eq!(
            made(&place),
            [(served.name(), 7 + round)],
            "{code}: it is back"
        );
        assert_eq!(away(), None);
    }
    let failed = served.rig.engine.embedding_left().unwrap().unwrap().failed;
    assert_eq!(failed, 0, "no passage is to blame");
}

#[test]
fn a_server_that_is_slow_is_waited_for_two_seconds_and_no_stop_waits_for_it() {
    let place = Place::new();
    place.write_many(3);
    let served = Served::start(&place);
    served.choose(Role::Embeddings);
    served.models.test(Role::Embeddings).unwrap();
    served.rig.engine.models_changed();
    served.rig.import_to_the_end();
    embedded(&served.rig, &place);
    *served.mode.lock() = |_| ModelAnswer::Silence;
    let clock = WallClock::start();
    let answer = served.recall("boat1");
    assert_eq!((answer.meaning, answer.hits.len()), (Meaning::ToCome, 1));
    let waited = clock.monotonic();
    assert!(waited < Duration::from_secs(20), "{waited:?}");
    served.stop.store(true, Ordering::SeqCst);
    served.rig.engine.stop();
    let stopped = clock.monotonic().saturating_sub(waited);
    assert!(stopped < Duration::from_secs(20), "{stopped:?}");
}

#[test]
fn a_reranker_of_a_server_puts_what_is_found_in_order() {
    let place = Place::new();
    place.write_many(12);
    let served = Served::start(&place);
    served.rig.import_to_the_end();
    embedded(&served.rig, &place);
    let first = || served.recall("boat harbour").hits[0].0.chunk.text.clone();
    let plain = first();
    assert!(!plain.contains("wind7 "), "{plain}");
    served.choose(Role::Reranking);
    served.models.test(Role::Reranking).unwrap();
    assert!(first().contains("wind7 "));
    assert_eq!(served.calls_for(Purpose::Rerank), 1);
    let asked = served.server.asked();
    assert_eq!(texts(asked.last().unwrap(), "documents").len(), 12);
    *served.mode.lock() = |_| ModelAnswer::Json(500, json!({}));
    let away = served.recall("harbour boat").hits[0].0.chunk.text.clone();
    assert!(!away.contains("wind7 "), "it is away");
    served.models.clear(Role::Reranking).unwrap();
    let calls = served.server.asked().len();
    assert_eq!(first(), plain);
    assert_eq!(served.server.asked().len(), calls);
}
