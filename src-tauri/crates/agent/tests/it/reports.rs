//! Failures of real programs and real engines, and what becomes of them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use oldgrowth_agent::{Home, Workspace, report_faults};
use oldgrowth_engine::ports::{Summarised, Summariser, Unit};
use oldgrowth_reports::Reports;
use oldgrowth_store::{Lane, Store};
use oldgrowth_testkit::vfs::{Claim, Fault, How};
use oldgrowth_testkit::{Corpus, Endpoint, FakeClock, TestEngine};
use oldgrowth_wire::{Empty, ErrorCode, Event, Folder, Request};
use serde_json::{Value, json};

use crate::open_reports::open_reports;
use crate::person::{Person, can_trace, pid_below};
use crate::support::{lines, write};

const CHILD_FOLDER: &str = "OLDGROWTH_TEST_REPORTS";
const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const START_MS: i64 = 1_790_000_000_000;

impl Person {
    pub(crate) fn reports_folder(&self) -> PathBuf {
        self.memory().join("reports")
    }

    pub(crate) fn reports(&self) -> Value {
        self.run(&["reports"]).last().clone()
    }

    /// Puts bytes in the memory's place that are none of ours.
    pub(crate) fn damage(&self) {
        write(&self.memory(), Store::FILE, vec![7_u8; 8192]);
    }

    pub(crate) fn send_to(&self, endpoint: &Endpoint) {
        let settings = json!({ "version": 1, "dsn": endpoint.dsn() });
        write(
            &self.reports_folder(),
            "settings.json",
            settings.to_string(),
        );
    }

    /// The same reports, in this process.
    pub(crate) fn open(&self, clock: &Arc<FakeClock>) -> Reports {
        open(&self.reports_folder(), clock)
    }
}

fn open(folder: &Path, clock: &Arc<FakeClock>) -> Reports {
    use oldgrowth_engine::ports::Clock;
    let clock = Arc::clone(clock);
    open_reports(folder, move || clock.unix_ms())
}

/// By the clock of this computer, as another process of the same person.
fn open_now(folder: &Path) -> Reports {
    use oldgrowth_engine::ports::Clock;
    let clock = oldgrowth_testkit::WallClock::start();
    open_reports(folder, move || clock.unix_ms())
}

#[test]
fn a_damaged_memory_is_a_report_that_waits_for_its_person() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    person.damage();
    person.send_to(&endpoint);
    for _ in 0..5 {
        let ran = person.run(&["status"]);
        assert_eq!(ran.code, 3, "the memory can't be used: {}", ran.stderr);
    }
    let reports = person.reports();
    assert_eq!(
        (
            &reports["consent"],
            reports["held"].as_array().map(Vec::len)
        ),
        (&json!("unasked"), Some(1)),
        "five commands met one state: {reports}"
    );
    assert_eq!(reports["held"][0]["class"], "corrupt", "{reports}");
    assert!(endpoint.received().is_empty(), "nobody has agreed");

    let shown = person.run(&[
        "reports",
        "show",
        reports["held"][0]["id"].as_str().unwrap(),
    ]);
    let reports = person.run(&["reports", "consent", "on"]).last().clone();
    assert_eq!(
        (&reports["consent"], &reports["held"]),
        (&json!("yes"), &json!([])),
        "a yes sends what is held, though the memory can't be opened"
    );
    assert_eq!(
        endpoint.wait_for(1)[0].body,
        shown.last()["envelope"].as_str().unwrap(),
        "exactly what was shown"
    );
    endpoint.received()[0].event();
    assert!(reports["last_sent_at"].is_string());
    assert_eq!(
        person.run(&["reports", "consent", "off"]).last()["consent"],
        "no"
    );
}

#[test]
fn reports_are_shown_sent_and_deleted_by_the_command_line() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_oldgrowth"));
    let empty = person.at_home(told).arg("reports").output().unwrap();
    let words = String::from_utf8(empty.stdout).unwrap();
    assert!(
        words.contains("not sent") && words.contains("No report is held"),
        "{words}"
    );
    assert!(!person.reports_folder().exists(), "looking writes nothing");
    person.damage();
    person.run(&["status"]);
    let id = person.reports()["held"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let refused = person.run(&["reports", "send", &id]);
    assert_eq!(refused.code, 3);
    assert!(
        refused.stderr.contains("knows no address"),
        "said in plain words: {}",
        refused.stderr
    );
    person.send_to(&endpoint);
    assert_eq!(
        person.run(&["reports", "send", &id]).last()["held"],
        json!([])
    );
    assert_eq!(
        endpoint.received().len(),
        1,
        "one, by hand, without a yes to others"
    );
    assert_eq!(
        person.run(&["reports", "delete", &id]).code,
        2,
        "it is gone"
    );
    assert_eq!(person.run(&["reports", "delete"]).code, 2, "which one?");
    let all = person.run(&["reports", "delete", "--all"]);
    assert_eq!((all.code, &all.last()["held"]), (0, &json!([])));
}

/// Breaks down at whatever it is given.
struct Broken;

impl Summariser for Broken {
    fn summarise(&self, units: &[Unit], _chars_max: usize) -> oldgrowth_engine::Result<Summarised> {
        let text: String = units.iter().map(|unit| unit.text.as_str()).collect();
        panic!("no words for {text}")
    }
}

/// Does something only in a child process: one of its jobs panics, whenever it is tried.
#[test]
fn child_whose_worker_panics() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let clock = FakeClock::at(START_MS);
    let reports = open(folder.as_ref(), &clock);
    reports.record_panics();
    let workspace = tempfile::tempdir().unwrap();
    let notes = tempfile::tempdir().unwrap();
    let corpus = Corpus::new(7);
    for number in 0..40 {
        write(
            notes.path(),
            &format!("{number}.md"),
            corpus.markdown(number, 8),
        );
    }
    let test = TestEngine::with(
        workspace.path(),
        2,
        oldgrowth_testkit::WallClock::start(),
        Arc::new(Broken),
    );
    report_faults(&test.engine, &reports);
    test.engine
        .start_import(&[notes.path().to_owned()])
        .unwrap();
    let patience = std::cell::Cell::new(600);
    test.engine
        .wait_until_idle(|| {
            patience.set(patience.get() - 1);
            patience.get() > 0 && reports.view().held.is_empty()
        })
        .unwrap();
}

#[test]
fn a_panic_in_a_worker_is_one_report_without_what_it_worked_on() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    person.send_to(&endpoint);
    let mut child = person.at_home(Command::new(std::env::current_exe().unwrap()));
    let ran = child
        .args([
            "reports::child_whose_worker_panics",
            "--exact",
            "--nocapture",
        ])
        .env(CHILD_FOLDER, person.reports_folder())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{words}");
    let said = words.split("no words for ").nth(1).unwrap();
    let secret: String = said
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ");
    assert!(secret.len() > 8, "the panic quotes a memory: {secret}");

    let reports = person.run(&["reports", "consent", "on"]).last().clone();
    assert_eq!(reports["held"], json!([]), "sent");
    let received = endpoint.wait_for(1);
    assert_eq!(received.len(), 1, "however many jobs met it");
    let event = received[0].event();
    assert_eq!(
        (&event["tags"]["class"], &event["tags"]["phase"]),
        (&json!("panic"), &json!("worker"))
    );
    let frames = event["exception"]["values"][0]["stacktrace"]["frames"]
        .as_array()
        .unwrap();
    let innermost = frames.last().unwrap();
    assert_eq!(
        innermost["filename"], "agent/tests/it/reports.rs",
        "{innermost}"
    );
    assert!(
        frames
            .iter()
            .any(|frame| frame["filename"] == "engine/src/jobs/workers.rs"),
        "and how it was come to"
    );
    for entry in std::fs::read_dir(person.reports_folder()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(&secret), "{text}");
    }
    assert!(!received[0].body.contains(&secret));
}

/// Does something only in a child process: the answer to a call panics.
#[test]
fn child_whose_call_panics() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let clock = FakeClock::at(START_MS);
    let reports = open(folder.as_ref(), &clock);
    reports.record_panics();
    let workspace = Workspace::of_person().unwrap().reporting(Some(reports));
    let listener = |event: &Event| {
        if let Event::Move(progress) = event {
            panic!("on the way to {}", progress.to)
        }
    };
    let home = Home::open(workspace, "a test", Arc::new(listener));
    let to = std::env::var("HOME").unwrap();
    let request = Request::MoveStart(Folder {
        folder: format!("{to}/Annas letters"),
    });
    std::fs::create_dir(format!("{to}/Annas letters")).unwrap();
    let asked = std::panic::AssertUnwindSafe(|| home.call(request));
    assert!(std::panic::catch_unwind(asked).is_err(), "it panics");
}

#[test]
fn a_panic_in_a_call_is_one_report() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    person.send_to(&endpoint);
    let mut child = person.at_home(Command::new(std::env::current_exe().unwrap()));
    let ran = child
        .args(["reports::child_whose_call_panics", "--exact", "--nocapture"])
        .env(CHILD_FOLDER, person.reports_folder())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{words}");
    assert!(words.contains("Annas letters"), "{words}");
    person.run(&["reports", "consent", "on"]);
    let received = endpoint.wait_for(1);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].event()["tags"]["class"], "panic");
    assert!(
        !received[0].body.contains("Annas letters"),
        "{}",
        received[0].body
    );
}

#[test]
fn the_window_can_ask_about_reports_while_the_memory_can_not_be_opened() {
    let person = Person::new();
    let clock = FakeClock::at(START_MS);
    let reports = person.open(&clock);
    let in_the_way = person.path("a file");
    std::fs::write(&in_the_way, "in the place of a folder").unwrap();
    let workspace = Workspace::named(in_the_way).reporting(Some(reports));
    let home = Home::open(workspace, "a test", Arc::new(|_event| {}));
    let refused = home.call(Request::Status(Empty {})).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unavailable, "{refused}");
    let answer = home.call(Request::CrashReports(Empty {})).unwrap();
    assert_eq!(answer["consent"], "unasked");
    let choice = oldgrowth_wire::CrashReportsChoice { on: false };
    let answer = home.call(Request::CrashReportsConsent(choice)).unwrap();
    assert_eq!(answer["consent"], "no", "and choose");
}

#[test]
fn a_store_that_stays_away_is_one_report_with_its_code_after_ten_minutes() {
    let person = Person::new();
    let clock = FakeClock::at(START_MS);
    let reports = person.open(&clock);
    let workspace = tempfile::tempdir().unwrap();
    let claim = Claim::of(workspace.path()).unwrap();
    let test = TestEngine::with(
        workspace.path(),
        0,
        Arc::<FakeClock>::clone(&clock),
        Arc::new(oldgrowth_models::Extractive),
    );
    report_faults(&test.engine, &reports);
    assert!(test.engine.totals().is_ok(), "it is well");
    claim.arm(&[Fault {
        at: 1,
        how: How::Sticky,
    }]);
    // Whoever reads finds what it needs in memory; whoever writes has to go to the disk.
    let ask = || {
        let read = test.engine.totals().is_ok();
        let written = test.store.write_in(Lane::Interactive, |w| {
            w.claim_jobs(oldgrowth_domain::UnixMs(0), oldgrowth_domain::UnixMs(1), 1)
        });
        (read, written.is_ok())
    };
    let pass = |minutes: u32| {
        for _ in 0..minutes {
            for _ in 0..20 {
                assert!(!ask().1, "it is broken");
            }
            clock.advance(MINUTE);
            test.store.tick();
        }
    };
    pass(9);
    assert_eq!(
        reports.view().held,
        [],
        "what goes away by waiting is no report: {:?}",
        test.store.health()
    );
    pass(3);
    let held = reports.view().held;
    assert_eq!(held.len(), 1, "ten minutes are one");
    let event = oldgrowth_testkit::event_of(&held[0].envelope);
    assert_eq!(event["tags"]["class"], "store_unavailable");
    let code: i32 = event["tags"]["code"].as_str().unwrap().parse().unwrap();
    assert!(
        code & 0xff == 10 || code & 0xff == 14,
        "as SQLite said it: {code}"
    );
    pass(3 * 24 * 60);
    assert_eq!(reports.view().held.len(), 1, "three days are the same one");
    claim.disarm();
    clock.advance(10 * MINUTE);
    assert!(ask().1, "it is well again");
    clock.advance(2 * MINUTE);
    assert!(ask().1, "and stays so");
    claim.arm(&[Fault {
        at: 1,
        how: How::Sticky,
    }]);
    pass(24 * 60);
    assert_eq!(reports.view().held.len(), 2, "another time is another one");
    claim.disarm();
}

#[test]
fn that_one_memory_is_well_says_nothing_of_another() {
    let person = Person::new();
    let clock = FakeClock::at(START_MS);
    let reports = person.open(&clock);
    let (broken, well) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(broken.path(), Store::FILE, vec![7_u8; 8192]);
    let use_it = |workspace: &Path| {
        let test = TestEngine::with(
            workspace,
            0,
            Arc::<FakeClock>::clone(&clock),
            Arc::new(oldgrowth_models::Extractive),
        );
        report_faults(&test.engine, &reports);
        test.engine.totals().is_ok()
    };
    for day in 0..5 {
        assert!(!use_it(broken.path()), "day {day}");
        assert!(use_it(well.path()), "the one begun instead");
        clock.advance(24 * 60 * MINUTE);
    }
    let held = reports.view().held;
    assert_eq!(held.len(), 1, "nothing has changed for five days");
    for entry in std::fs::read_dir(person.reports_folder()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for workspace in [&broken, &well] {
            let name = workspace.path().file_name().unwrap().to_str().unwrap();
            assert!(!text.contains(name), "no folder is named: {text}");
        }
    }
}

#[test]
fn a_crash_is_on_the_timeline_of_the_memory_that_was_open() {
    let home = tempfile::tempdir().unwrap();
    let reports = open_now(&home.path().join("reports"));
    let crashes = |memory: &str, breaks: bool| {
        let workspace = Workspace::named(home.path().join(memory)).reporting(Some(reports.clone()));
        let home = Home::open(workspace, "a test", Arc::new(|_event| {}));
        let page = oldgrowth_wire::TimelineAt {
            before: None,
            limit: 50,
        };
        let told = home.call(Request::Timeline(page)).unwrap();
        if breaks {
            let failure = oldgrowth_reports::Failure::typed("panic", "worker");
            reports.record(&failure);
        }
        home.close();
        let entries = told["entries"].as_array().unwrap();
        let crashes = entries.iter().filter(|one| one["what"]["kind"] == "crash");
        crashes.count()
    };
    assert_eq!((crashes("one", false), crashes("other", false)), (0, 0));
    assert_eq!(crashes("one", true), 0, "it breaks after that");
    assert_eq!(crashes("other", false), 0, "which was not open");
    assert_eq!(crashes("one", false), 1);
    let failure = oldgrowth_reports::Failure::typed("panic", "main");
    reports.record(&failure);
    assert_eq!(
        (crashes("other", false), crashes("one", false)),
        (1, 2),
        "after it was closed none was open, so it may be any"
    );
}

#[test]
fn nothing_is_sent_by_a_thread_that_holds_the_store() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    let clock = FakeClock::at(START_MS);
    person.send_to(&endpoint);
    let reports = person.open(&clock);
    reports.record(&oldgrowth_reports::Failure::typed("misuse", "use"));
    let id = reports.view().held[0].id.clone();
    let workspace = tempfile::tempdir().unwrap();
    let test = TestEngine::start(workspace.path(), 0);
    let sent = test.store.read(Lane::Interactive, |_read| {
        Ok::<_, oldgrowth_store::Error>(reports.send(&id))
    });
    let refused = oldgrowth_reports::Error::Http(oldgrowth_http::Error::HeldConnection);
    assert_eq!(sent.unwrap(), Err(refused), "in release builds too");
    assert!(endpoint.received().is_empty(), "nothing was begun");
    assert_eq!(reports.send(&id), Ok(()), "outside it goes");
}

#[test]
fn without_a_yes_no_program_calls_another_computer() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    person.send_to(&endpoint);
    let notes = person.path("notes");
    write(
        &notes,
        "a.md",
        "# The boathouse\n\nThe spare key is under the third stone.\n",
    );
    let trace = person.path("trace");
    let traced = |args: &[&str]| person.traced(&trace, args);
    if !can_trace(&person, &trace) {
        return;
    }
    for args in [
        &["import", notes.to_str().unwrap()][..],
        &["search", "spare key"],
        &["recall", "where is the spare key?"],
        &["reports", "consent", "off"],
    ] {
        assert!(traced(args).output().unwrap().status.success(), "{args:?}");
    }
    // A server, of which others ask things through its local socket.
    let mut server = traced(&["serve"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = std::io::BufReader::new(server.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut told, &mut String::new()).unwrap();
    assert_eq!(person.run(&["search", "spare key"]).code, 0);
    let pid = pid_below(server.id());
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    server.wait().unwrap();
    person.damage();
    assert!(
        !traced(&["status"]).output().unwrap().status.success(),
        "it fails"
    );
    assert_eq!(
        person.reports()["held"].as_array().map(Vec::len),
        Some(1),
        "and that is held"
    );

    let calls = std::fs::read_to_string(&trace).unwrap();
    assert!(
        calls.contains("AF_UNIX"),
        "the local socket was seen, so the look was a real one"
    );
    for line in calls.lines() {
        assert!(!line.contains("AF_INET"), "{line}");
    }
    assert!(endpoint.received().is_empty());

    // The same look sees a report that is sent.
    assert!(
        traced(&["reports", "consent", "on"])
            .output()
            .unwrap()
            .status
            .success()
    );
    assert_eq!(endpoint.wait_for(1).len(), 1);
    assert!(std::fs::read_to_string(&trace).unwrap().contains("AF_INET"));
}

#[test]
fn a_move_leaves_the_reports_with_their_person() {
    let person = Person::new();
    person.run(&["status"]);
    person.run(&["reports", "consent", "off"]);
    let to = person.path("elsewhere");
    let moved = person.run(&["move", to.to_str().unwrap(), "--yes"]);
    assert_eq!(moved.code, 0, "{}", moved.stderr);
    assert_eq!(
        person.reports()["consent"],
        "no",
        "the choice holds for the new place"
    );
    assert!(!to.join("reports").exists());
    person.run(&["network", "offline", "off"]);
    assert!(person.path("data/oldgrowth/network").exists());
    assert!(person.reports_folder().exists());
    let back = person.run(&["move", person.memory().to_str().unwrap(), "--yes"]);
    assert_eq!(
        back.code, 2,
        "the old copy is in the way, not the reports: {}",
        back.stderr
    );
    let (lines, said) = (lines(&back.stderr), back.stderr);
    assert!(lines.is_empty() && !said.contains("files in it"), "{said}");
}

#[test]
fn a_crash_and_a_run_that_was_not_closed_are_on_the_timeline() {
    let person = Person::new();
    let serve = || {
        let mut serving = person
            .command()
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(serving.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.contains("serving"), "{line}");
        serving
    };
    let mut first = serve();
    let reports = open_now(&person.reports_folder());
    reports.record(&oldgrowth_reports::Failure::typed("panic", "worker"));
    first.kill().unwrap();
    first.wait().unwrap();
    let mut second = serve();
    let told = person.run(&["doctor", "--timeline"]).last().clone();
    let entries = told["entries"].as_array().unwrap();
    let kinds: Vec<_> = entries
        .iter()
        .map(|one| &one["what"]["kind"])
        // That it lies in a folder for temporary files.
        .filter(|kind| *kind != "health")
        .collect();
    assert_eq!(
        kinds,
        ["started", "ended_badly", "crash", "started"],
        "{told}"
    );
    assert_eq!(told["days"].as_array().unwrap().len(), 30);
    assert!(told["days"][29]["state"].is_string(), "today: {told}");
    let row = person.run(&["doctor"]).last().clone();
    let rows = row["components"].as_array().unwrap();
    let reports = rows.iter().find(|row| row["code"] == "crash_reports");
    assert!(
        reports.unwrap()["cause"]
            .as_str()
            .unwrap()
            .contains("1 report is kept"),
        "{row}"
    );
    second.kill().unwrap();
    second.wait().unwrap();
}
