//! Real panics, in a process of their own: the hook belongs to the whole process.

use std::path::Path;
use std::process::{Command, Output};

use oldgrowth_reports::{Failure, PageFailure, PageFailureKind, PageFrame};
use oldgrowth_testkit::{Endpoint, event_of, private_texts};

use crate::support::{Clock, DAY_MS, Scene, open};

const FOLDER: &str = "OLDGROWTH_TEST_REPORTS";
const TIMES: &str = "OLDGROWTH_TEST_TIMES";

fn child(test: &str, folder: &Path, change: impl FnOnce(&mut Command)) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(FOLDER, folder);
    change(&mut command);
    command.output().unwrap()
}

/// Does something only in a child process.
#[test]
fn child_that_panics() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let times: u32 = std::env::var(TIMES).unwrap().parse().unwrap();
    open(folder.as_ref(), Clock::new()).record_panics();
    for _ in 0..times {
        let worker = std::thread::Builder::new().name("worker-1".to_owned());
        let ended = worker.spawn(|| panic!("we met in Lisbon")).unwrap().join();
        assert!(ended.is_err());
    }
}

#[test]
fn a_panic_is_one_report_however_often_it_happens() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let ran = child("panics::child_that_panics", &scene.folder(), |command| {
        command.env(TIMES, "300");
    });
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(
        String::from_utf8_lossy(&ran.stderr).contains("we met in Lisbon"),
        "whoever looks at the terminal still sees it"
    );
    let reports = scene.reports();
    assert_eq!(reports.view().held.len(), 1);
    let crashes = reports.crashes_since(0, "any");
    let [(at, place)] = crashes.as_slice() else {
        panic!("the log has it once: {crashes:?}");
    };
    assert!(place.contains("panics.rs:"), "{place}");
    assert_eq!(reports.crashes_since(*at + 1, "any"), [], "and none since");
    reports.consent(true).unwrap();
    reports.send_due();
    let received = endpoint.wait_for(1);
    let event = received[0].event();
    assert_eq!(
        (&event["tags"]["class"], &event["tags"]["phase"]),
        (&"panic".into(), &"worker".into())
    );
    let frames = event["exception"]["values"][0]["stacktrace"]["frames"]
        .as_array()
        .unwrap();
    let innermost = frames.last().unwrap();
    assert_eq!(
        innermost["filename"], "reports/tests/it/panics.rs",
        "{innermost}"
    );
    assert!(
        innermost["function"]
            .as_str()
            .unwrap()
            .contains("child_that_panics"),
        "{innermost}"
    );
    assert!(
        event["timestamp"].as_f64().unwrap() % 3600.0 == 0.0,
        "the hour, not the moment"
    );
    let log = scene
        .files()
        .iter()
        .map(|(_, bytes)| bytes.len())
        .sum::<usize>();
    assert!(log < 32 * 1024, "{log} bytes in all");
}

/// Does something only in a child process: fails once a day with each private text, in every way there is.
#[test]
fn child_that_fails_with_private_texts() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let clock = Clock::new();
    let reports = open(folder.as_ref(), clock.clone());
    reports.record_panics();
    reports.consent(true).unwrap();
    for text in private_texts() {
        let message = text.clone();
        let thread = std::thread::Builder::new().name(text.replace('\0', ""));
        assert!(
            thread
                .spawn(move || panic!("{message}"))
                .unwrap()
                .join()
                .is_err()
        );
        let quoted = text.clone();
        let unwrapped = std::panic::catch_unwind(move || {
            std::fs::read(&quoted)
                .map_err(|error| format!("{quoted}: {error}"))
                .unwrap()
        });
        assert!(unwrapped.is_err(), "there is no such file");
        let sliced = text.clone();
        assert!(std::panic::catch_unwind(move || sliced.split_at(usize::MAX).0.len()).is_err());
        let said = PageFailure {
            kind: PageFailureKind::Error,
            name: text.clone(),
            frames: vec![PageFrame {
                file: text.clone(),
                line: 1,
                column: 1,
            }],
        };
        reports.record(&Failure::of_page(&said, &|file| file == "assets/index.js"));
        reports.send_due();
        clock.advance(DAY_MS);
    }
    // The last day's stay, as they would without a network.
    reports.consent(false).unwrap();
    assert!(std::panic::catch_unwind(|| panic!("{}", private_texts().concat())).is_err());
}

#[test]
fn no_private_text_is_in_any_report_or_log() {
    let home = tempfile::tempdir().unwrap();
    let texts = private_texts();
    // The person, their folders and their computer are called by such names too.
    let person = home.path().join(&texts[0]).join(&texts[108]);
    let folder = person.join("oldgrowth").join("reports");
    let endpoint = Endpoint::start().unwrap();
    crate::support::send_to(&folder, &endpoint.dsn());
    let ran = child(
        "panics::child_that_fails_with_private_texts",
        &folder,
        |command| {
            command
                .current_dir(&person)
                .env("HOME", &person)
                .env("USERPROFILE", &person)
                .env("HOSTNAME", &texts[1])
                .env("COMPUTERNAME", &texts[1])
                .env("USER", &texts[2])
                .env("LOGNAME", &texts[2]);
            for (number, text) in texts.iter().enumerate() {
                command.env(format!("PRIVATE_{number}"), text);
            }
        },
    );
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let received = endpoint.received();
    assert!(
        received.len() >= 4 * texts.len() - 4,
        "each text was in a failure that was reported, in {} reports",
        received.len()
    );
    let reports = open(&folder, Clock::new());
    let held = reports.view().held;
    assert!(!held.is_empty(), "the last ones were not sent");
    let mut seen: Vec<(String, String)> = held
        .iter()
        .map(|report| ("a held report".to_owned(), report.envelope.clone()))
        .collect();
    for report in &received {
        report.event();
        seen.push((
            "an envelope".to_owned(),
            format!("{}{}", report.head, report.body),
        ));
    }
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        seen.push((name, std::fs::read_to_string(path).unwrap()));
    }
    for report in &held {
        event_of(&report.envelope);
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    for (place, content) in &seen {
        let plain = content.to_lowercase();
        for text in &texts {
            let escaped = serde_json::to_string(text).unwrap();
            for form in [text.as_str(), escaped.trim_matches('"')] {
                assert!(
                    !plain.contains(&form.to_lowercase()),
                    "{form} is in {place}"
                );
            }
        }
        assert!(
            host.len() < 4 || !plain.contains(&host.to_lowercase()),
            "the computer's name is in {place}"
        );
        assert!(
            !content.contains(env!("CARGO_MANIFEST_DIR")),
            "the machine it was built on is in {place}"
        );
    }
}
