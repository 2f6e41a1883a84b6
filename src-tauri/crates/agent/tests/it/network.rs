//! What is called over the network, and what goes on while nothing may be.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use oldgrowth_agent::{Home, Workspace};
use oldgrowth_reports::Failure;
use oldgrowth_testkit::{Endpoint, FakeClock};
use oldgrowth_wire::{ErrorCode, Event, NetworkAt, OfflineChoice, Request};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::person::{Person, can_trace, pid_below};
use crate::reports::START_MS;
use crate::support::write;

impl Person {
    fn network(&self, args: &[&str]) -> Value {
        let ran = self.run(&[&["network"], args].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.last().clone()
    }

    fn words(&self, args: &[&str]) -> String {
        let program = Command::new(env!("CARGO_BIN_EXE_oldgrowth"));
        let ran = self.at_home(program).args(args).output().unwrap();
        String::from_utf8(ran.stdout).unwrap()
    }
}

#[test]
fn each_call_is_listed_and_the_switch_ends_them_all() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    let words = person.words(&["network"]);
    assert!(
        words.contains("Oldgrowth is online.") && words.contains("No other computer was called"),
        "{words}"
    );
    assert!(
        !person.memory().join("network").exists(),
        "looking writes nothing"
    );
    person.damage();
    person.send_to(&endpoint);
    person.run(&["status"]);
    person.run(&["reports", "consent", "on"]);
    let body = endpoint.wait_for(1)[0].body.len() as u64;

    let network = person.network(&[]);
    let host = endpoint.dsn()["http://key@".len()..].replace("/7", "");
    let call = &network["calls"][0];
    assert_eq!(
        (
            &call["host"],
            &call["purpose"],
            &call["outcome"],
            &call["status"]
        ),
        (
            &json!(host),
            &json!("crash_report"),
            &json!("answered"),
            &json!(200)
        ),
        "{network}"
    );
    let sent = call["sent_bytes"].as_u64().unwrap();
    assert!(
        sent > body && sent < body + 1_000,
        "with its headers: {sent}"
    );
    assert_eq!(
        (
            &network["hosts"][0]["calls"],
            &network["hosts"][0]["sent_bytes"]
        ),
        (&json!(1), &json!(sent))
    );
    assert_eq!(network["since"], call["at"]);
    let words = person.words(&["network"]);
    for told in ["1 call", &host, "crash report", "answered (200)"] {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert_eq!(person.network(&["--limit", "0"])["calls"], json!([]));

    assert_eq!(person.network(&["offline", "on"])["offline"], true);
    assert!(person.words(&["network"]).contains("Oldgrowth is offline"));
    assert!(person.words(&["reports"]).contains("Oldgrowth is offline"));
    assert_eq!(person.run(&["network", "offline", "perhaps"]).code, 2);
    assert_eq!(person.network(&["offline", "off"])["offline"], false);
    assert_eq!(endpoint.received().len(), 1, "there was nothing to send");
}

#[test]
fn a_choice_that_can_not_be_read_is_offline_and_says_so() {
    let person = Person::new();
    let network = person.memory().join("network");
    write(&network, "settings.json", "rubbish");
    let told = person.network(&[]);
    assert_eq!(
        (&told["offline"], &told["unreadable"]),
        (&json!(true), &json!(true))
    );
    assert!(person.words(&["network"]).contains("can't be read"));
    let told = person.network(&["offline", "off"]);
    assert_eq!(
        (&told["offline"], &told["unreadable"]),
        (&json!(false), &json!(false))
    );
    std::fs::create_dir(network.join("contacts.jsonl")).unwrap();
    let ran = person.run(&["network", "offline", "on"]);
    assert_eq!(
        (ran.code, &ran.last()["offline"]),
        (3, &json!(true)),
        "no list is not an empty one, and the switch does without it"
    );
    assert!(ran.last()["problem"].is_string(), "{}", ran.last());
    assert!(!person.words(&["network"]).contains("No other computer"));
}

#[test]
fn a_list_that_can_not_be_read_does_not_say_that_nobody_was_called() {
    let person = Person::new();
    write(
        &person.memory().join("network"),
        "contacts.jsonl",
        "rubbish\n",
    );
    let words = person.words(&["network"]);
    assert!(
        words.contains("No call to another computer is known."),
        "{words}"
    );
    assert!(!words.contains("No other computer was called"), "{words}");
}

#[test]
fn a_folder_that_another_program_is_changing_is_busy_and_not_read_only() {
    let person = Person::new();
    for (folder, args) in [
        ("network", ["network", "offline", "on"]),
        ("reports", ["reports", "consent", "on"]),
    ] {
        let folder = person.memory().join(folder);
        write(&folder, "lock", "");
        let lock = std::fs::File::open(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let ran = person.run(&args);
        assert!(
            ran.code != 0
                && ran.stderr.contains("another program")
                && ran.stderr.contains("try again"),
            "{}",
            ran.stderr
        );
    }
}

/// A program under a tracer, which is ended with it: left behind it would hold the test's output open.
struct Traced(Child);

impl Drop for Traced {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let pid = pid_below(self.0.id());
            if rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok() {
                drop(self.0.wait());
            }
        }
    }
}

#[test]
fn offline_no_program_calls_anybody_though_the_person_has_agreed() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    person.send_to(&endpoint);
    let trace = person.path("trace");
    if !can_trace(&person, &trace) {
        return;
    }
    let traced = |args: &[&str]| person.traced(&trace, args);
    let unheard = || {
        let calls = std::fs::read_to_string(&trace).unwrap();
        for line in calls.lines() {
            assert!(!line.contains("AF_INET"), "{line}");
        }
        calls
    };
    for args in [
        &["network", "offline", "on"][..],
        &["reports", "consent", "on"],
    ] {
        assert!(traced(args).output().unwrap().status.success(), "{args:?}");
    }
    person.damage();
    assert!(!traced(&["status"]).output().unwrap().status.success());
    let reports = person.reports();
    assert_eq!(
        (
            &reports["consent"],
            reports["held"].as_array().map(Vec::len)
        ),
        (&json!("yes"), Some(1)),
        "it may be sent, and is held"
    );
    assert_eq!(reports["next_try_at"], Value::Null, "no try has failed");
    let id = reports["held"][0]["id"].as_str().unwrap();
    let by_hand = traced(&["reports", "send", id]).output().unwrap();
    assert_eq!(by_hand.status.code(), Some(3));
    let said = String::from_utf8(by_hand.stderr).unwrap();
    assert!(said.contains("is offline"), "{said}");

    // A server, whose thread would send.
    std::fs::remove_file(person.memory().join(oldgrowth_store::Store::FILE)).unwrap();
    let server = traced(&["serve"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut server = Traced(server);
    let mut told = BufReader::new(server.0.stdout.take().unwrap());
    told.read_line(&mut String::new()).unwrap();
    let row = || {
        let status = person.run(&["status"]).last().clone();
        let rows = status["components"].as_array().unwrap().clone();
        let row = rows.into_iter().find(|row| row["code"] == "crash_reports");
        row.unwrap()["cause"].as_str().unwrap().to_owned()
    };
    // Right after its start it may not have been looked at.
    let told = (0..200).any(|_| row().contains("is offline"));
    assert!(told, "{}", row());
    let calls = unheard();
    assert!(calls.contains("AF_UNIX"), "the look was a real one");
    assert!(endpoint.received().is_empty());
    assert_eq!(person.network(&[])["calls"], json!([]));

    // Another program goes online, and the server hears of it.
    person.network(&["offline", "off"]);
    assert_eq!(endpoint.wait_for(1).len(), 1, "the report goes now");
    let pid = pid_below(server.0.id());
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    server.0.wait().unwrap();
    assert!(!row().contains("is offline"), "{}", row());
    assert!(
        std::fs::read_to_string(&trace).unwrap().contains("AF_INET"),
        "and the same look sees that it was the server who sent it"
    );
    assert_eq!(
        person.network(&[])["calls"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn the_window_hears_of_calls_and_can_go_offline_while_the_memory_can_not_be_opened() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    person.send_to(&endpoint);
    let reports = person.open(&FakeClock::at(START_MS));
    reports.consent(true).unwrap();
    let in_the_way = person.path("a file");
    std::fs::write(&in_the_way, "in the place of a folder").unwrap();
    let workspace = Workspace::named(in_the_way).reporting(Some(reports.clone()));
    let (tell, told) = std::sync::mpsc::channel();
    let tell = Mutex::new(tell);
    let listener = move |event: &Event| {
        if let Event::NetworkChanged = event {
            tell.lock().send(()).unwrap_or_default();
        }
    };
    let home = Home::open(workspace, "a test", Arc::new(listener));
    let refused = home.call(Request::Status(oldgrowth_wire::Empty {}));
    assert_eq!(refused.unwrap_err().code, ErrorCode::Unavailable);
    let offline = |on| {
        home.call(Request::OfflineSet(OfflineChoice { on }))
            .unwrap()
    };
    assert_eq!(offline(true)["offline"], true);
    told.recv().unwrap();
    reports.record(&Failure::typed("panic", "worker"));
    assert_eq!(reports.view().held.len(), 1);
    assert_eq!(offline(false)["offline"], false);
    assert_eq!(endpoint.wait_for(1).len(), 1, "what waited goes");
    told.recv().unwrap();
    home.close();
    let at = |host: Option<&str>| {
        let at = NetworkAt {
            host: host.map(str::to_owned),
            purpose: None,
            offset: 0,
            limit: 10,
        };
        home.call(Request::Network(at)).unwrap()
    };
    assert_eq!(at(None)["calls"][0]["status"], 200);
    assert_eq!(at(None)["calls_in_all"], 1);
    assert_eq!(at(Some("elsewhere.example"))["calls"], json!([]));
}
