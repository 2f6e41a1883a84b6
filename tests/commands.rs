//! The window's commands on Tauri's mock runtime, with the capabilities that are shipped.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

use std::path::Path;
use std::sync::Arc;

use oldgrowth_desktop::{Memory, context, with_commands};
use oldgrowth_http::{Client, Network};
use oldgrowth_reports::{Parts, Reports};
use oldgrowth_testkit::{Endpoint, Received};
use serde_json::{Value, json};
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow, WebviewWindowBuilder};

struct Bench {
    app: App<MockRuntime>,
    _workspace: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let workspace = tempfile::tempdir().unwrap();
        let memory = memory_at(&workspace.path().join("workspace"));
        Bench {
            app: app_on(memory),
            _workspace: workspace,
        }
    }

    fn window(&self, label: &str) -> WebviewWindow<MockRuntime> {
        window_of(&self.app, label)
    }
}

fn memory_at(workspace: &Path) -> Memory {
    Memory::open(Ok(workspace.to_owned()), Arc::new(|_event| {}))
}

fn app_on(memory: Memory) -> App<MockRuntime> {
    with_commands(mock_builder())
        .manage(memory)
        .build(context())
        .unwrap()
}

fn window_of(app: &App<MockRuntime>, label: &str) -> WebviewWindow<MockRuntime> {
    WebviewWindowBuilder::new(app, label, Default::default())
        .build()
        .unwrap()
}

fn invoke(
    window: &WebviewWindow<MockRuntime>,
    command: &str,
    arguments: Value,
) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: command.into(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: if cfg!(windows) {
            "http://tauri.localhost"
        } else {
            "tauri://localhost"
        }
        .parse()
        .unwrap(),
        body: InvokeBody::Json(arguments),
        headers: Default::default(),
        invoke_key: INVOKE_KEY.into(),
    };
    get_ipc_response(window, request).map(|answer| answer.deserialize().unwrap())
}

#[test]
fn a_call_reaches_the_owner_and_answers() {
    let bench = Bench::new();
    let window = bench.window("main");
    let added = invoke(
        &window,
        "call",
        json!({ "request": { "method": "note_add", "params": { "text": "The spare key is under the fern." } } }),
    )
    .unwrap();
    assert_eq!(
        added["new"], true,
        "a note that was never kept before is new"
    );
    let answer = invoke(
        &window,
        "call",
        json!({ "request": { "method": "search", "params": { "query": "spare key" } } }),
    )
    .unwrap();
    let text = answer["hits"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("under the fern"),
        "what was kept is found by its words: {text}"
    );
}

#[test]
fn a_wrong_call_is_named_as_one_and_quotes_nothing() {
    let bench = Bench::new();
    let window = bench.window("main");
    let asked = json!({ "request": { "method": "tell_all", "params": { "text": "my secret" } } });
    let error = invoke(&window, "call", asked).unwrap_err();
    assert_eq!(error["code"], "usage", "the fault is the caller's");
    assert!(
        !error.to_string().contains("my secret"),
        "an error never carries the person's words"
    );
}

#[test]
fn the_health_is_known_to_the_window() {
    let bench = Bench::new();
    let status = invoke(
        &bench.window("main"),
        "call",
        json!({ "request": { "method": "status", "params": {} } }),
    )
    .unwrap();
    assert!(
        status["components"].is_array(),
        "status always answers with its components"
    );
}

#[test]
fn no_other_window_may_call() {
    let bench = Bench::new();
    let other = bench.window("other");
    for command in [
        "call",
        "open_error",
        "open_original",
        "show_original",
        "show_copy",
        "show_source",
        "pick_paths",
        "samples_path",
        "act",
        "shell",
    ] {
        let refused = invoke(&other, command, json!({})).unwrap_err();
        let refused = refused.as_str().unwrap_or_default();
        assert!(
            refused.contains("not allowed"),
            "{command} is granted to the main window only: {refused}"
        );
    }
}

#[test]
fn the_sample_memories_are_found() {
    let bench = Bench::new();
    let path = invoke(&bench.window("main"), "samples_path", json!({})).unwrap();
    let passport = Path::new(path.as_str().unwrap()).join("notes/passport-and-papers.md");
    assert!(passport.is_file(), "a new person has something to try");
}

#[test]
fn a_workspace_that_is_held_still_gives_a_window_that_says_so() {
    let workspace = tempfile::tempdir().unwrap();
    let place = workspace.path().join("workspace");
    let first = memory_at(&place);
    assert_eq!(first.try_again(), None, "nobody holds a new workspace");

    let app = app_on(memory_at(&place));
    let window = window_of(&app, "main");
    let error = invoke(&window, "open_error", json!({})).unwrap();
    assert_eq!(
        error["code"], "held_by_another",
        "the second is told that there is a first"
    );
    let call = json!({ "request": { "method": "status", "params": {} } });
    assert_eq!(
        invoke(&window, "call", call.clone()).unwrap_err(),
        error,
        "every call says the same"
    );

    first.close();
    let error = invoke(&window, "open_error", json!({})).unwrap();
    assert_eq!(
        error,
        Value::Null,
        "once the first has closed, asking again opens it"
    );
    let status = invoke(&window, "call", call).unwrap();
    assert!(status["headline"].is_string(), "and calls are answered");
}

#[test]
fn an_error_of_the_page_is_one_report_without_its_words() {
    let bench = Bench::new();
    let endpoint = Endpoint::start().unwrap();
    let person = tempfile::tempdir().unwrap();
    let settings = json!({ "version": 1, "dsn": endpoint.dsn(), "consent": "yes" });
    std::fs::write(person.path().join("settings.json"), settings.to_string()).unwrap();
    let network = Network::new(
        person.path().join("network"),
        Arc::new(|| 1_790_000_000_000),
    );
    let reports = Reports::new(Parts {
        folder: person.path().to_owned(),
        process: "window",
        release: "0.1.0",
        sqlite: "3.54.1",
        dsn: None,
        client: Client::new(network, || false),
        now: Arc::new(|| 1_790_000_000_000),
    });
    bench.app.manage(reports.clone());
    let window = bench.window("main");
    let script = bench
        .app
        .asset_resolver()
        .iter()
        .map(|(name, _)| name.trim_start_matches('/').to_owned())
        .find(|name| name.ends_with(".js"))
        .unwrap();
    let failure = |name: &str| {
        json!({ "failure": {
            "kind": "error",
            "name": name,
            "frames": [
                { "file": "assets/Anna.js", "line": 1, "column": 2 },
                { "file": script, "line": 3, "column": 44 },
            ],
        }})
    };
    for name in [
        "TypeError",
        "TypeError",
        "AnnasError",
        "SieheBriefAnAnnaError",
    ] {
        let told = invoke(&window, "page_failed", failure(name));
        assert_eq!(told, Ok(Value::Null), "{name}");
    }
    reports.send_due();
    let received = endpoint.wait_for(2);
    assert_eq!(received.len(), 2, "one of a known kind, one of all others");
    for report in &received {
        assert!(!report.body.contains("Anna"), "{}", report.body);
    }
    let of_kind = |event: &Value| event["exception"]["values"][0]["type"] == "TypeError";
    let mut events = received.iter().map(Received::event);
    let event = events.find(of_kind).unwrap();
    assert_eq!(event["platform"], "javascript");
    let frames = &event["exception"]["values"][0]["stacktrace"]["frames"];
    assert_eq!(
        frames,
        &json!([{ "filename": script, "lineno": 3, "colno": 44, "in_app": true }]),
        "of the places only those in our own scripts"
    );

    let long = failure(&"x".repeat(20_000));
    let refused = invoke(&window, "page_failed", long).unwrap_err();
    assert_eq!(
        refused["code"], "usage",
        "what is too long is not looked at"
    );
    let other =
        json!({ "failure": { "kind": "error", "name": "Error", "frames": [], "message": "Anna" } });
    assert!(
        invoke(&window, "page_failed", other).is_err(),
        "there is no place for a message"
    );
}
