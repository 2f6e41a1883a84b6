//! Models of a server: chosen, tried and asked, by the program as a person runs it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use oldgrowth_agent::{Home, Workspace};
use oldgrowth_engine::ports::Clock;
use oldgrowth_testkit::{AskedModel, ModelAnswer, ModelServer, WallClock};
use oldgrowth_wire::{
    AddNote, ComponentCode, Empty, ErrorCode, Event, HealthState, Hits, ImportOrder, ModelChoice,
    ModelOf, ModelRole, Models, Request, Search, Status, TreeAt,
};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::open_reports::open_reports;
use crate::person::Person;
use crate::support::{Ran, write};

impl Person {
    fn models(&self, args: &[&str]) -> Ran {
        self.run(&[&["models"], args].concat())
    }

    fn give_key(&self, key: &str) -> Ran {
        let mut child = self
            .command()
            .args(["models", "key"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(key.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap().into()
    }

    fn words_of_models(&self, args: &[&str]) -> String {
        let program = Command::new(env!("CARGO_BIN_EXE_oldgrowth"));
        let ran = self
            .at_home(program)
            .arg("models")
            .args(args)
            .output()
            .unwrap();
        String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned()
    }
}

fn chooses_first(_: usize, asked: &AskedModel) -> ModelAnswer {
    if asked.what.starts_with("GET") {
        return ModelAnswer::Json(200, json!({ "data": [{ "id": "b" }, { "id": "a" }] }));
    }
    ModelAnswer::Chat("{\"chosen\": [0]}".to_owned())
}

#[test]
fn a_model_is_chosen_tried_and_cleared() {
    let person = Person::new();
    let server = ModelServer::answering(chooses_first).unwrap();
    assert!(
        person
            .words_of_models(&[])
            .contains("made by what is built in")
    );
    assert!(
        !person.memory().join("models").exists(),
        "looking writes nothing"
    );
    for (args, message) in [
        (vec!["names"], "no model is chosen"),
        (vec!["test"], "no model is chosen"),
        (vec!["consent", "on"], "no model is chosen"),
        (vec!["set", "my server"], "this is no address of a server"),
        (
            vec!["set", "https://sk-1@api.example"],
            "this is no address of a server",
        ),
    ] {
        let ran = person.models(&args);
        assert_eq!(
            (ran.code, &ran.last()["error"]["message"]),
            (2, &json!(message)),
            "{args:?}"
        );
    }
    let set = person.models(&["set", &server.address()]);
    assert_eq!(
        (set.code, &set.last()["summaries"]["here"]),
        (0, &json!(true))
    );
    assert_eq!(person.models(&["names"]).last()["names"], json!(["a", "b"]));
    person.models(&["set", &server.address(), "a"]);
    let tested = person.models(&["test"]);
    assert_eq!(tested.code, 0, "{}", tested.stderr);
    assert!(tested.last()["took_ms"].is_u64());
    let words = person.words_of_models(&[]);
    assert!(
        words.contains("Summaries: a at") && words.contains("on this computer"),
        "{words}"
    );
    let calls = person.run(&["network"]);
    let why: Vec<&Value> = calls.last()["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["purpose"])
        .collect();
    assert_eq!(why, ["model_trial", "model_trial"], "each is listed");
    let cleared = person.models(&["clear"]);
    assert_eq!(cleared.last()["summaries"], Value::Null);
}

#[test]
fn a_key_is_taken_from_standard_input_and_shown_to_nobody_again() {
    let person = Person::new();
    let server = ModelServer::answering(chooses_first).unwrap();
    person.models(&["set", &server.address(), "a"]);
    let given = person.give_key("sk-123\n");
    assert_eq!(given.code, 0, "{}", given.stderr);
    assert_eq!(
        given.last()["summaries"]["key"],
        "file",
        "no keychain was to be used"
    );
    assert_eq!(person.models(&["test"]).code, 0);
    assert!(
        server.asked()[0]
            .head
            .contains("authorization: bearer sk-123")
    );
    let said = format!("{}{}", given.stderr, given.last());
    assert!(!said.contains("sk-123") && !person.words_of_models(&[]).contains("sk-123"));
    let report = person.run(&["doctor", "--report", "--names"]);
    assert!(!report.last().to_string().contains("sk-123"));
    let backup = person.path("copy.db");
    assert_eq!(
        person
            .run(&["backup", "--to", backup.to_str().unwrap()])
            .code,
        0
    );
    let copy = std::fs::read(backup).unwrap();
    assert!(!copy.windows(6).any(|bytes| bytes == b"sk-123"));
    assert_eq!(
        person.models(&["key", "--remove"]).last()["summaries"]["key"],
        Value::Null
    );
    assert!(
        !std::fs::read_to_string(person.memory().join("models/keys.json"))
            .unwrap()
            .contains("sk-123")
    );
}

#[test]
fn another_computer_is_agreed_to_by_its_name_and_what_may_leave_has_a_limit() {
    let person = Person::new();
    person.models(&["set", "http://192.0.2.7:8080", "a"]);
    let words = person.words_of_models(&[]);
    assert!(
        words.contains("not agreed that texts of your memories leave for 192.0.2.7:8080")
            && words.contains("anybody on the way can read it"),
        "{words}"
    );
    let agreed = person.models(&["consent", "on"]);
    assert_eq!(agreed.last()["summaries"]["agreed"], true);
    let moved = person.models(&["set", "http://192.0.2.8:8080", "a"]);
    assert_eq!(
        moved.last()["summaries"]["agreed"],
        false,
        "that is another one"
    );
    let limited = person.models(&["limit", "--calls", "3", "--megabytes", "2"]);
    assert_eq!(
        limited.last()["limits"],
        json!({ "calls_max": 3, "bytes_max": 2_000_000 })
    );
    let kept = person.models(&["limit", "--megabytes", "1"]);
    assert_eq!(kept.last()["limits"]["calls_max"], 3);
    let too_large = person.models(&["limit", "--calls", "4000000"]);
    assert_eq!(
        (too_large.code, &too_large.last()["error"]["code"]),
        (2, &json!("usage"))
    );
}

#[test]
fn what_is_wrong_is_said_in_plain_words_with_what_to_do() {
    let person = Person::new();
    let server = ModelServer::answering(|_, _| ModelAnswer::Json(404, json!({}))).unwrap();
    person.models(&["set", &server.address(), "a"]);
    let ran = person.models(&["test"]);
    assert_eq!(
        (ran.code, &ran.last()["error"]["code"]),
        (3, &json!("unavailable"))
    );
    assert!(
        ran.stderr.contains("no such model") && ran.stderr.contains("/v1"),
        "{}",
        ran.stderr
    );
    drop(server);
    let gone = person.models(&["test"]);
    assert!(gone.stderr.contains("start the server"), "{}", gone.stderr);
    person.run(&["network", "offline", "on"]);
    let offline = person.models(&["test"]);
    assert!(
        offline.stderr.contains("Oldgrowth is offline"),
        "{}",
        offline.stderr
    );
}

/// Embeds the four texts of a trial, and is away for all others.
fn embeds_trials(_: usize, asked: &AskedModel) -> ModelAnswer {
    let vector = |index: usize| json!({ "index": index, "embedding": [1.0, index] });
    match asked.body["input"].as_array().map(Vec::len) {
        Some(4) => {
            let data: Vec<Value> = (0..4).map(vector).collect();
            ModelAnswer::Json(200, json!({ "data": data }))
        }
        _ => ModelAnswer::Json(500, json!({})),
    }
}

#[test]
fn each_thing_has_a_model_of_its_own_that_is_chosen_tried_and_cleared() {
    let person = Person::new();
    let server = ModelServer::answering(embeds_trials).unwrap();
    let embeddings = |args: &[&str]| person.models(&[args, &["--for", "embeddings"]].concat());
    let set = embeddings(&["set", &server.address(), "a"]);
    assert_eq!(set.last()["embeddings"]["untried"], true);
    assert_eq!(set.last()["summaries"], Value::Null);
    let words = person.words_of_models(&[]);
    assert!(
        words.contains("Embeddings: a at") && words.contains("test --for embeddings tries it"),
        "{words}"
    );
    let tested = embeddings(&["test"]);
    assert_eq!(tested.code, 0, "{}", tested.stderr);
    let view = person.models(&[]);
    assert_eq!(view.last()["embeddings"]["untried"], false);
    let reranking = person.models(&["set", &server.address(), "b", "--for", "reranking"]);
    assert_eq!(reranking.last()["reranking"]["model"], "b");
    let failed = person.models(&["test", "--for", "reranking"]);
    assert_eq!(failed.code, 3, "it is away");
    person.models(&["clear", "--for", "reranking"]);
    let cleared = embeddings(&["clear"]);
    assert_eq!(cleared.last()["embeddings"], Value::Null);
    assert_eq!(cleared.last()["reranking"], Value::Null);
    let unknown = person.models(&["clear", "--for", "everything"]);
    assert_eq!(unknown.code, 2);
    for meant_for_all in [
        &["--for", "embeddings"][..],
        &["limit", "--calls", "3", "--for", "embeddings"],
    ] {
        let ran = person.models(meant_for_all);
        assert_eq!(ran.code, 2, "{meant_for_all:?}");
        assert!(ran.stderr.contains("--for"), "{}", ran.stderr);
    }
}

#[test]
fn what_leaves_for_another_computer_is_said_of_each_thing() {
    let person = Person::new();
    let none = person.models(&["consent", "on", "--for", "reranking"]);
    assert!(
        none.stderr
            .contains("oldgrowth models set ADDRESS --for reranking"),
        "{}",
        none.stderr
    );
    let sent = [
        ("summaries", "texts of your memories", "a summary is about"),
        (
            "embeddings",
            "your questions and texts of your memories",
            "who said them and on which day, and each question",
        ),
        (
            "reranking",
            "your questions and texts of your memories",
            "each question, with the first 50 passages",
        ),
    ];
    let help = person.words_of_models(&["consent", "--help"]);
    for (role, leaves, all) in sent {
        let of = |args: &[&str]| person.words_of_models(&[args, &["--for", role]].concat());
        let words = of(&["set", "http://192.0.2.7:8080", "a"]);
        let not_agreed = format!("you have not agreed that {leaves} leave for 192.0.2.7:8080");
        assert!(words.contains(&not_agreed), "{words}");
        assert!(words.contains(all) && help.contains(all), "{words}{help}");
        let words = of(&["consent", "on"]);
        let agreed = format!("You have agreed that {leaves} leave for 192.0.2.7:8080");
        assert!(words.contains(&agreed), "{words}");
        of(&["clear"]);
    }
    assert!(person.words_of_models(&[]).contains("MB of texts"));
}

/// How long a test waits for what is on its way.
const PATIENCE: Duration = Duration::from_secs(60);

/// A memory that is open in this process, with a folder of sixteen notes: as many as make a summary.
struct Open {
    home: Home,
    notes: tempfile::TempDir,
    told: Receiver<()>,
}

impl Open {
    fn of(person: &Person) -> Self {
        let clock = WallClock::start();
        let reports = open_reports(&person.memory().join("reports"), move || clock.unix_ms());
        let workspace = Workspace::named(person.path("open")).reporting(Some(reports));
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let listener = move |_: &Event| tell.lock().send(()).unwrap_or_default();
        let notes = tempfile::tempdir().unwrap();
        for number in 0..16 {
            let text = format!(
                "The boat number {number} lies in the old harbour. It was painted in May of that year."
            );
            write(notes.path(), &format!("note{number}.md"), text);
        }
        Self {
            home: Home::open(workspace, "a test", Arc::new(listener)),
            notes,
            told,
        }
    }

    fn call<T: DeserializeOwned>(&self, request: Request) -> T {
        serde_json::from_value(self.home.call(request).unwrap()).unwrap()
    }

    fn choose(&self, server: &ModelServer) {
        let models: Models = self.call(Request::ModelChoose(ModelChoice {
            role: ModelRole::Summaries,
            address: server.address(),
            model: "a".to_owned(),
        }));
        assert!(models.summaries.unwrap().here);
    }

    fn import(&self) {
        let folder = self.notes.path().canonicalize().unwrap();
        let paths = vec![folder.to_string_lossy().into_owned()];
        self.call::<Value>(Request::ImportStart(ImportOrder {
            paths,
            ..Default::default()
        }));
    }

    /// Looks each time that something is told.
    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        loop {
            if let Some(found) = look() {
                return found;
            }
            let told = self.told.recv_timeout(PATIENCE);
            assert!(told.is_ok(), "never came: {what}");
        }
    }

    /// By whom the one summary was made, and whether it will be made again.
    fn summary(&self) -> Option<(String, bool)> {
        let rows = |node: Option<&str>| -> Vec<Value> {
            let at = TreeAt {
                node: node.map(str::to_owned),
                offset: None,
                limit: None,
            };
            let view = self.home.call(Request::Tree(at)).unwrap();
            view["rows"].as_array().unwrap().clone()
        };
        let roots = rows(None);
        let source = roots.iter().find(|row| row["kind"] == "source")?;
        let below = rows(source["id"].as_str());
        let summary = below.iter().find(|row| row["kind"] == "summary")?;
        let at = json!({ "id": summary["id"] });
        let shown = self
            .home
            .call(Request::Show(serde_json::from_value(at).unwrap()))
            .unwrap();
        let by = shown["summariser"].as_str().unwrap().to_owned();
        Some((by, shown["degraded"].as_bool().unwrap()))
    }

    fn models_row(&self) -> (HealthState, String) {
        self.row(ComponentCode::Models)
    }

    fn row(&self, code: ComponentCode) -> (HealthState, String) {
        let status: Status = self.call(Request::Status(Empty {}));
        let mut rows = status.components.into_iter();
        let row = rows.find(|row| row.code == code).unwrap();
        (row.state, row.cause)
    }
}

#[test]
fn while_a_model_thinks_searches_and_health_answer_and_closing_waits_for_nobody() {
    let person = Person::new();
    let server = ModelServer::answering(|_, _| ModelAnswer::Silence).unwrap();
    let open = Open::of(&person);
    open.choose(&server);
    open.import();
    let asked = server.wait_for(1).remove(0);
    assert!(
        asked.body.to_string().contains("boat number 7"),
        "it thinks about the notes"
    );
    for _ in 0..20 {
        let hits: Hits = open.call(Request::Search(Search {
            query: "harbour".to_owned(),
            limit: None,
            source: None,
            author: None,
            from: None,
            to: None,
            kind: None,
            tag: None,
        }));
        assert_eq!(hits.hits.len(), 16, "all of it is found meanwhile");
        assert_eq!(open.models_row().0, HealthState::Ok);
    }
    assert_eq!(open.summary(), None, "it has not answered");
    open.home.close();
    let calls = person.run(&["network"]).last()["calls"].clone();
    assert_eq!(
        (&calls[0]["purpose"], &calls[0]["outcome"]),
        (&json!("summary"), &json!("stopped")),
        "nobody has waited for it"
    );
}

#[test]
fn a_model_that_is_away_shows_in_health_and_its_summaries_are_made_anew_by_one_that_is_there() {
    let person = Person::new();
    let away = ModelServer::answering(|_, _| ModelAnswer::Json(500, json!({}))).unwrap();
    let there = ModelServer::answering(chooses_first).unwrap();
    let open = Open::of(&person);
    open.choose(&away);
    open.import();
    let made = open.until("a summary without the model", || open.summary());
    assert_eq!(made, ("extractive-2".to_owned(), true));
    let (state, cause) = open.until("the row", || {
        Some(open.models_row()).filter(|(state, _)| *state != HealthState::Ok)
    });
    assert_eq!(state, HealthState::Warn);
    assert!(cause.contains("the server failed (status 500)"), "{cause}");
    assert_eq!(away.asked().len(), 1, "nobody knocks all the time");
    open.choose(&there);
    let anew = open.until("a summary by the model", || {
        open.summary().filter(|(_, degraded)| !degraded)
    });
    assert_eq!(anew.0, "a (choice-1)");
    assert_eq!(open.models_row().0, HealthState::Ok);
    open.home.close();
    let reports = person.run(&["reports"]);
    assert_eq!(reports.last()["held"], json!([]), "it is no crash");
}

#[test]
fn the_window_chooses_while_the_memory_can_not_be_opened() {
    let person = Person::new();
    let server = ModelServer::answering(chooses_first).unwrap();
    std::fs::write(person.path("open"), "in the place of a folder").unwrap();
    let open = Open::of(&person);
    let refused = open.home.call(Request::Status(Empty {})).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable);
    open.choose(&server);
    open.told.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_model_that_embeds_and_is_away_shows_in_health_and_words_find() {
    let person = Person::new();
    let server = ModelServer::answering(embeds_trials).unwrap();
    let open = Open::of(&person);
    let role = ModelRole::Embeddings;
    open.call::<Value>(Request::NoteAdd(AddNote {
        text: "The boat lies in the harbour.".to_owned(),
        title: None,
        happened_at: None,
    }));
    // What is built in embeds later, if it is there; its row is looked at with each change.
    let clear = || open.call::<Value>(Request::ModelClear(ModelOf { role }));
    clear();
    let built_in = open.row(ComponentCode::Meaning);
    open.call::<Models>(Request::ModelChoose(ModelChoice {
        role,
        address: server.address(),
        model: "a".to_owned(),
    }));
    assert_eq!(open.row(ComponentCode::Meaning).0, built_in.0);
    open.call::<Value>(Request::ModelTest(ModelOf { role }));
    let recall = |question: &str| {
        let question = json!({ "question": question, "limit": null });
        let asked = serde_json::from_value(question).unwrap();
        open.home.call(Request::Recall(asked)).unwrap()
    };
    let answer = recall("boat");
    assert_eq!(
        (&answer["meaning"], answer["hits"].as_array().unwrap().len()),
        (&json!("no"), 1)
    );
    let (state, cause) = open.row(ComponentCode::Meaning);
    assert_eq!(state, HealthState::Warn);
    assert!(cause.contains("the server failed (status 500)"), "{cause}");
    let host = server.host();
    drop(server);
    clear();
    assert_eq!(open.row(ComponentCode::Meaning), built_in, "as before");
    let calls = person.run(&["network"]).last()["calls"].clone();
    let purposes: Vec<&Value> = calls
        .as_array()
        .unwrap()
        .iter()
        .map(|call| {
            assert_eq!(call["host"], host.as_str());
            &call["purpose"]
        })
        .collect();
    assert_eq!(purposes, ["embedding", "model_trial"], "each is listed");
}
