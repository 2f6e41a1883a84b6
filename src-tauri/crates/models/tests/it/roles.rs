//! Models that are chosen for other things than summaries: each tried as it will be asked, each agreed to alone.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use oldgrowth_engine::ports::{Embedders, Fallback, Reranker, Side, Summariser, Unit};
use oldgrowth_http::Purpose;
use oldgrowth_models::{Chosen, ChosenEmbedders, ChosenReranker, Error, Models, ModelsError, Role};
use oldgrowth_testkit::{AskedModel, ModelAnswer, ModelServer};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::choice::Chain;
use crate::support::Person;

fn stop() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

fn embedders(models: &Models) -> ChosenEmbedders {
    ChosenEmbedders::new(models.clone(), stop(), None)
}

/// A vector of so many numbers for each text, none like another.
fn vectors(asked: &AskedModel, width: usize) -> Value {
    let texts = asked.body["input"].as_array().unwrap().len();
    let data = (0..texts).map(|index| {
        let mut vector = vec![3.0; width];
        vector[index % width] = 4.0;
        json!({ "index": index, "embedding": vector })
    });
    json!({ "data": data.collect::<Vec<_>>() })
}

fn embedding(width: usize) -> ModelServer {
    ModelServer::answering(move |_, asked| ModelAnswer::Json(200, vectors(asked, width))).unwrap()
}

/// Finds that the text with this number answers best.
fn reranking(best: usize) -> ModelServer {
    ModelServer::answering(move |_, asked| {
        let texts = asked.body["documents"].as_array().unwrap().len();
        let results = (0..texts).map(|index| {
            let score = if index == best { 0.5 } else { -1.5 };
            json!({ "index": index, "relevance_score": score })
        });
        ModelAnswer::Json(200, json!({ "results": results.collect::<Vec<_>>() }))
    })
    .unwrap()
}

fn tried(role: Role, server: &ModelServer) -> Result<(), ModelsError> {
    let person = Person::new();
    let models = person.models(None);
    models.choose(role, &server.address(), "little").unwrap();
    let tried = models.test(role).map(|_| ());
    assert_eq!(person.contacts()[0].purpose, Purpose::ModelTrial);
    let untried = models.view().embeddings.is_some_and(|one| one.untried);
    assert_eq!(untried, role == Role::Embeddings && tried.is_err());
    tried
}

#[test]
fn each_role_is_tried_as_it_will_be_asked() {
    let not_understood = |why| Err(Error::NotUnderstood(why).into());
    let embeds = |server| tried(Role::Embeddings, &server);
    assert_eq!(embeds(embedding(384)), Ok(()));
    assert_eq!(embeds(embedding(4_096)), Ok(()));
    assert_eq!(embeds(embedding(4_097)), Err(Error::TooWide.into()));
    assert_eq!(
        embeds(embedding(1)),
        not_understood("vectors that tell no text apart")
    );
    let reranks = |server| tried(Role::Reranking, &server);
    assert_eq!(reranks(reranking(2)), Ok(()));
    assert_eq!(
        reranks(reranking(0)),
        not_understood("another text before the one that answers")
    );
    let chats = || {
        ModelServer::answering(|_, asked| match asked.what.as_str() {
            "POST /v1/chat/completions" => ModelAnswer::Chat("{\"chosen\": [0]}".to_owned()),
            _ => ModelAnswer::Json(404, json!({})),
        })
        .unwrap()
    };
    for role in [Role::Embeddings, Role::Reranking] {
        assert_eq!(tried(role, &chats()), Err(Error::NotThere.into()));
    }
    assert_eq!(tried(Role::Summaries, &chats()), Ok(()));
}

#[test]
fn a_model_that_embeds_is_used_once_it_was_tried_and_names_its_vectors() {
    let person = Person::new();
    let models = person.models(None);
    let server = embedding(5);
    let embedders = embedders(&models);
    let id = || embedders.chosen().map(|one| one.id().to_owned());
    models
        .choose(Role::Embeddings, &server.address(), "")
        .unwrap();
    assert_eq!(models.test(Role::Embeddings), Err(ModelsError::NotChosen));
    let choose = |model| models.choose(Role::Embeddings, &server.address(), model);
    choose("little").unwrap();
    assert_eq!(id(), None);
    models.test(Role::Embeddings).unwrap();
    let name = format!("little at {} (5)", server.address());
    assert_eq!(id().as_deref(), Some(name.as_str()));
    let little = embedders.named(&name).unwrap();
    let made = little.embed(Side::Passage, &["a", "b"]).unwrap();
    let length: f32 = made[0].iter().map(|number| number * number).sum();
    assert!((length - 1.0).abs() < 1e-5, "of length 1: {length}");
    assert_eq!(server.asked()[1].body["input"], json!(["a", "b"]));
    choose("little").unwrap();
    assert_eq!(id().as_deref(), Some(name.as_str()), "nothing is other");
    choose("larger").unwrap();
    assert_eq!(id(), None, "that is another");
    let calls = server.asked().len();
    assert!(little.embed(Side::Passage, &["a"]).is_err());
    assert_eq!(
        server.asked().len(),
        calls,
        "nobody asks what was taken back"
    );
    choose("little").unwrap();
    let path = person.folder("models").join("settings.json");
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(!kept.contains("width"), "and is tried anew");
}

/// What is spoken to without a name of this computer is another, as far as that is known before a call.
#[cfg(unix)]
#[test]
fn no_passage_and_no_question_leaves_before_the_person_has_agreed_to_just_that() {
    let person = Person::new();
    let models = person.models(None);
    let server = ModelServer::answering(|_, asked| match asked.what.as_str() {
        "POST /v1/embeddings" => ModelAnswer::Json(200, vectors(asked, 5)),
        _ => {
            let score = |index: usize| json!({ "index": index, "relevance_score": index % 3 });
            let texts = asked.body["documents"].as_array().unwrap().len();
            let results: Vec<Value> = (0..texts).map(score).collect();
            ModelAnswer::Json(200, json!({ "results": results }))
        }
    })
    .unwrap();
    let address = server.address().replace("127.0.0.1", "0.0.0.0");
    let embedders = embedders(&models);
    let reranker = ChosenReranker::new(models.clone(), stop());
    for role in [Role::Embeddings, Role::Reranking] {
        models.choose(role, &address, "little").unwrap();
        models.test(role).unwrap();
    }
    let trials = server.asked().len();
    assert!(embedders.chosen().is_none() && reranker.id().is_none());
    reranker.rerank("who?", &["a", "b"]).unwrap_err();
    assert_eq!(server.asked().len(), trials, "no byte has left");
    models.agree(Role::Reranking, &address, true).unwrap();
    assert!(embedders.chosen().is_none(), "it was for something else");
    assert_eq!(reranker.rerank("who?", &["a", "b"]).unwrap(), [0.0, 1.0]);
    models.agree(Role::Embeddings, &address, true).unwrap();
    let far = embedders.chosen().unwrap();
    far.embed(Side::Question, &["who?"]).unwrap();
    let spent = models.view().spent;
    assert_eq!(spent.calls, 4, "two trials, and two calls since");
    let before = server.asked().len();
    models.agree(Role::Embeddings, &address, false).unwrap();
    far.embed(Side::Question, &["where?"]).unwrap_err();
    assert!(embedders.chosen().is_none());
    assert_eq!(server.asked().len(), before, "the yes is read at each use");
    models.agree(Role::Embeddings, &address, true).unwrap();
    let all_spent = oldgrowth_models::DayLimits {
        calls_max: 4,
        bytes_max: 1_000_000,
    };
    models.set_limits(all_spent).unwrap();
    far.embed(Side::Passage, &["a"]).unwrap_err();
    let trouble = models.view().embeddings.unwrap().trouble.unwrap();
    assert_eq!(trouble.error, Error::LimitReached, "the limits are for all");
    assert_eq!(server.asked().len(), before);
}

#[test]
fn a_key_is_that_of_a_computer_for_whatever_it_is_chosen() {
    let person = Person::new();
    let chain = Arc::new(Chain::default());
    let models = person.models(Some(Arc::clone(&chain) as _));
    let server = embedding(5);
    let choose = |role| models.choose(role, &server.address(), "little").unwrap();
    choose(Role::Summaries);
    choose(Role::Embeddings);
    models.set_key(Role::Embeddings, Some("sk-123")).unwrap();
    choose(Role::Reranking);
    let view = models.view();
    for chosen in [view.summaries, view.embeddings, view.reranking] {
        assert!(chosen.unwrap().key.is_some());
    }
    models.clear(Role::Embeddings).unwrap();
    models.choose(Role::Reranking, "localhost:1", "").unwrap();
    assert_eq!(
        models.view().reranking.unwrap().key,
        None,
        "another computer"
    );
    assert_eq!(chain.secrets.lock().len(), 1, "one thing needs it yet");
    models.clear(Role::Summaries).unwrap();
    assert!(chain.secrets.lock().is_empty());
}

#[test]
fn a_role_that_is_in_trouble_keeps_no_other_from_its_work() {
    let person = Person::new();
    let models = person.models(None);
    let server = ModelServer::answering(|count, asked| match asked.what.as_str() {
        "POST /v1/chat/completions" => ModelAnswer::Chat("{\"chosen\": [0]}".to_owned()),
        "POST /v1/embeddings" if count == 0 => ModelAnswer::Json(200, vectors(asked, 5)),
        _ => ModelAnswer::Json(503, json!({})),
    })
    .unwrap();
    for role in [Role::Summaries, Role::Embeddings] {
        models.choose(role, &server.address(), "little").unwrap();
    }
    models.test(Role::Embeddings).unwrap();
    let far = embedders(&models).chosen().unwrap();
    for _ in 0..2 {
        far.embed(Side::Passage, &["a"]).unwrap_err();
    }
    assert_eq!(server.asked().len(), 2, "it is left alone");
    let unit = Unit {
        text: "The roof repair costs four thousand euros.".to_owned(),
        group: 0,
    };
    let made = Chosen::new(models.clone(), stop()).summarise(&[unit], 200);
    assert_eq!(made.unwrap().fallback, Fallback::None);
    let view = models.view();
    assert_eq!(view.summaries.unwrap().trouble, None);
    let trouble = view.embeddings.unwrap().trouble.unwrap();
    assert_eq!(trouble.error, Error::ServerFailed(503));
}

#[test]
fn a_yes_or_a_key_given_during_a_trial_stays_and_the_trial_counts() {
    let person = Person::new();
    let models = person.models(None);
    let meanwhile: Arc<Mutex<fn(&Models)>> = Arc::new(Mutex::new(|_| {}));
    let does = Arc::clone(&meanwhile);
    let asked_for = models.clone();
    let server = ModelServer::answering(move |_, asked| {
        (*does.lock())(&asked_for);
        ModelAnswer::Json(200, vectors(asked, 5))
    })
    .unwrap();
    let address = server.address();
    models.choose(Role::Embeddings, &address, "little").unwrap();
    *meanwhile.lock() = |models| {
        let address = models.view().embeddings.unwrap().address;
        models.agree(Role::Embeddings, &address, true).unwrap();
        models.set_key(Role::Embeddings, Some("sk-123")).unwrap();
    };
    models.test(Role::Embeddings).unwrap();
    let chosen = models.view().embeddings.unwrap();
    assert!(!chosen.untried && chosen.agreed && chosen.key.is_some());
    models.choose(Role::Embeddings, &address, "larger").unwrap();
    *meanwhile.lock() = |models| {
        let address = models.view().embeddings.unwrap().address;
        models.choose(Role::Embeddings, &address, "other").unwrap();
    };
    assert_eq!(
        models.test(Role::Embeddings),
        Err(ModelsError::ChosenAnew),
        "that one was not tried"
    );
    assert!(models.view().embeddings.unwrap().untried);
}

/// What a model of a server is spoken to by here, without naming this computer: so it counts as what leaves.
#[cfg(unix)]
#[test]
fn passages_leave_the_last_fifth_of_a_day_to_questions() {
    let person = Person::new();
    let models = person.models(None);
    let server = embedding(5);
    let address = server.address().replace("127.0.0.1", "0.0.0.0");
    models.choose(Role::Embeddings, &address, "little").unwrap();
    models.agree(Role::Embeddings, &address, true).unwrap();
    models.test(Role::Embeddings).unwrap();
    let embedders = embedders(&models);
    let trouble = || models.view().embeddings.unwrap().trouble;
    let limits = |calls_max, bytes_max| {
        let limits = oldgrowth_models::DayLimits {
            calls_max,
            bytes_max,
        };
        models.set_limits(limits).unwrap();
    };
    let passages = |text: &str| {
        let far = embedders.chosen().unwrap();
        far.embed(Side::Passage, &[text]).is_ok()
    };
    let question = || {
        let far = embedders.chosen().unwrap();
        far.embed(Side::Question, &["who?"]).is_ok()
    };
    limits(5, 1_000_000);
    let calls = (0..5).filter(|_| passages("a")).count();
    assert_eq!(calls, 3, "with the trial that is four of five");
    let since = trouble().unwrap();
    assert_eq!(since.error, Error::PassagesLimitReached);
    assert_eq!(since.until_unix_ms % (24 * 60 * 60 * 1_000), 0);
    assert!(question(), "the last is for a question");
    assert_eq!(trouble().unwrap(), since, "passages wait nevertheless");
    assert!(!question(), "then nothing leaves");
    assert_eq!(trouble().unwrap().error, Error::LimitReached);
    let spent = models.view().spent.bytes;
    limits(100, spent + 100);
    let all_but_little = "a".repeat(98);
    assert!(!passages(&all_but_little), "by bytes as well");
    assert_eq!(trouble().unwrap().error, Error::PassagesLimitReached);
    assert!(question());
    person.advance(24 * 60 * 60 * 1_000);
    assert_eq!(trouble(), None, "another day");
    assert!(passages("a"));
}

#[test]
fn passages_wait_while_a_choice_is_unfinished_or_not_known() {
    let person = Person::new();
    let models = person.models(None);
    let server = embedding(5);
    let settings = person.folder("models").join("settings.json");
    let with = || embedders(&models);
    assert!(!with().passages_wait(), "nothing is chosen");
    let choose = |address: &str, model| models.choose(Role::Embeddings, address, model).unwrap();
    choose(&server.address(), "");
    assert!(with().passages_wait(), "no model is named");
    choose(&server.address(), "little");
    assert!(with().passages_wait(), "it was not tried");
    models.test(Role::Embeddings).unwrap();
    assert!(!with().passages_wait());
    let who_knows = with();
    let name = who_knows.chosen().unwrap().id().to_owned();
    let kept = std::fs::read(&settings).unwrap();
    std::fs::write(&settings, "{").unwrap();
    assert!(with().passages_wait(), "nobody knows who embeds");
    assert!(!who_knows.passages_wait());
    let last_known = who_knows.chosen().unwrap();
    assert_eq!(last_known.id(), name, "it is nobody else");
    assert!(
        last_known.embed(Side::Passage, &["a"]).is_err(),
        "nor asked"
    );
    std::fs::write(&settings, kept).unwrap();
    choose("http://192.0.2.7:8080/v1", "little");
    assert!(
        who_knows.passages_wait(),
        "another, to whom nobody has agreed"
    );
    models.clear(Role::Embeddings).unwrap();
    assert!(!who_knows.passages_wait());
}

#[test]
fn the_engine_hears_whether_to_come_back() {
    let failing = |status| {
        let person = Person::new();
        let models = person.models(None);
        let server = ModelServer::answering(move |count, asked| match count {
            0 => ModelAnswer::Json(200, vectors(asked, 5)),
            _ => ModelAnswer::Json(status, json!({})),
        })
        .unwrap();
        for role in [Role::Embeddings, Role::Reranking] {
            models.choose(role, &server.address(), "little").unwrap();
        }
        models.test(Role::Embeddings).unwrap();
        let far = embedders(&models).chosen().unwrap();
        let reranker = ChosenReranker::new(models.clone(), stop());
        let errors = [
            far.embed(Side::Passage, &["a"]).unwrap_err(),
            reranker.rerank("who?", &["a", "b"]).unwrap_err(),
        ];
        errors.map(|error| error.is_transient())
    };
    assert_eq!(failing(503), [true; 2]);
    assert_eq!(failing(401), [false; 2]);
}
