use oldgrowth_reports::Failure;
use oldgrowth_testkit::Endpoint;

use crate::support::{DAY_MS, Scene};

const FAILURES: u64 = 100_000;

#[test]
fn a_hundred_thousand_failures_are_one_report_and_a_short_log() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let reports = scene.reports();
    reports.consent(true).unwrap();
    let failure = Failure::typed("misuse", "write").codes(Some(1), None);
    for number in 0..FAILURES {
        reports.record(&failure);
        if number % 20_000 == 0 {
            reports.send_due();
            // A minute, in all.
            scene.clock.advance(12_000);
        }
    }
    reports.send_due();
    assert_eq!(endpoint.received().len(), 1, "one report for all of them");
    let log: u64 = scene
        .files()
        .iter()
        .filter(|(name, _)| name.starts_with("crash"))
        .map(|(_, bytes)| bytes.len() as u64)
        .sum();
    assert!(log < 16 * 1024, "a log of {log} bytes");

    scene.clock.advance(DAY_MS);
    reports.record(&failure);
    reports.send_due();
    let event = endpoint.wait_for(2)[1].event();
    assert_eq!(
        event["tags"]["suppressed"], "1000+",
        "the next day says that there were many"
    );
    let counts: serde_json::Value =
        serde_json::from_slice(&std::fs::read(scene.folder().join("counts.json")).unwrap())
            .unwrap();
    assert_eq!(counts["held_that_day"], 1, "of the new day");
}

#[test]
fn the_limits_hold_over_restarts_and_between_programs() {
    let scene = Scene::new();
    let same = Failure::typed("misuse", "write").codes(Some(1), None);
    let (window, command_line) = (scene.reports(), scene.reports());
    window.record(&same);
    command_line.record(&same);
    scene.reports().record(&same);
    assert_eq!(
        window.view().held.len(),
        1,
        "it was told today, whoever meets it again"
    );
    for code in 0..100 {
        let other = Failure::typed("misuse", "write").codes(Some(1000 + code), None);
        [&window, &command_line, &scene.reports()][code as usize % 3].record(&other);
    }
    assert_eq!(
        window.view().held.len(),
        10,
        "and no more than ten in a day"
    );
    scene.clock.advance(DAY_MS);
    for code in 0..100 {
        let other = Failure::typed("misuse", "write").codes(Some(1000 + code), None);
        scene.reports().record(&other);
    }
    assert_eq!(window.view().held.len(), 20);
    for _ in 0..5 {
        scene.clock.advance(DAY_MS);
        for code in 0..20 {
            let other = Failure::typed("misuse", "write").codes(Some(9000 + code), None);
            scene.reports().record(&other);
        }
    }
    let held = window.view().held;
    assert_eq!(held.len(), 20, "what is held is bounded");
    assert!(
        held.iter()
            .all(|report| report.at_unix_ms > scene.clock.now() - 2 * DAY_MS),
        "and the oldest go first"
    );
}

#[test]
fn counts_that_are_lost_do_not_give_another_ten_that_day() {
    let scene = Scene::new();
    let reports = scene.reports();
    let fail = |code| reports.record(&Failure::typed("misuse", "write").codes(Some(code), None));
    for code in 0..10 {
        fail(code);
    }
    let spoilt: [&[u8]; 4] = [
        b"",
        b"{ half",
        br#"{"version":9,"day":1}"#,
        &[b' '; 300_000],
    ];
    for (number, spoilt) in (1..).zip(spoilt) {
        std::fs::write(scene.folder().join("counts.json"), spoilt).unwrap();
        for code in 0..20 {
            fail(number * 1000 + code);
        }
        assert_eq!(reports.view().held.len(), 10, "as before: {number}");
    }
    let crashes = std::fs::read_to_string(scene.folder().join("crash.log")).unwrap();
    assert_eq!(crashes.lines().count(), 90, "the log has them all");
    scene.clock.advance(DAY_MS);
    fail(99_999);
    assert_eq!(reports.view().held.len(), 11, "the next day is as any");
}

#[test]
fn what_can_not_be_counted_is_in_the_log_and_is_no_report() {
    let scene = Scene::new();
    let reports = scene.reports();
    std::fs::create_dir_all(scene.folder().join("counts.json")).unwrap();
    reports.record(&Failure::typed("misuse", "write"));
    assert_eq!(reports.view().held, [], "there could be any number of them");
    assert!(scene.folder().join("crash.log").exists());
}

#[test]
fn processes_that_fail_at_once_make_one_report() {
    let scene = Scene::new();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let reports = scene.reports();
            std::thread::Builder::new()
                .spawn(move || {
                    reports.record(&Failure::typed("corrupt", "open").codes(Some(11), None))
                })
                .unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(scene.reports().view().held.len(), 1);
}

#[test]
fn the_crash_log_is_two_files_of_a_bounded_size() {
    let scene = Scene::new();
    for code in 0..3000 {
        scene
            .reports()
            .record(&Failure::typed("constraint", "write").codes(Some(code), None));
    }
    let mut logs: Vec<(String, usize)> = scene
        .files()
        .into_iter()
        .filter(|(name, _)| name.starts_with("crash"))
        .map(|(name, bytes)| (name, bytes.len()))
        .collect();
    logs.sort();
    assert_eq!(logs.len(), 2, "{logs:?}");
    for (name, bytes) in &logs {
        assert!(*bytes <= 256 * 1024 && *bytes > 0, "{name}: {bytes}");
    }
    assert!(scene.files().len() < 20, "nothing else piles up");
}

#[test]
fn a_state_that_goes_on_is_one_report_until_the_store_is_well() {
    let scene = Scene::new();
    let corrupt = Failure::typed("corrupt", "open")
        .codes(Some(11), None)
        .lasting_in("one");
    for _ in 0..5 {
        scene.reports().record(&corrupt);
        scene.clock.advance(DAY_MS);
    }
    assert_eq!(
        scene.reports().view().held.len(),
        1,
        "nothing has changed for five days"
    );
    let reports = scene.reports();
    reports.well("other");
    reports.record(&corrupt);
    assert_eq!(reports.view().held.len(), 1, "that was another memory");
    scene.clock.advance(DAY_MS);
    reports.well("one");
    reports.record(&corrupt);
    assert_eq!(reports.view().held.len(), 2, "it had been well in between");
}

#[test]
fn a_crash_is_of_the_memory_that_was_open_then() {
    let scene = Scene::new();
    let reports = scene.reports();
    let of = |memory: &str| scene.reports().crashes_since(0, memory).len();
    let one = reports.opened("one");
    let other = reports.opened("other");
    drop(other);
    reports.record(&Failure::typed("panic", "worker"));
    assert_eq!(
        (of("one"), of("other")),
        (1, 0),
        "the one that is open still"
    );
    drop(one);
    reports.record(&Failure::typed("panic", "main"));
    assert_eq!(
        (of("one"), of("other")),
        (2, 1),
        "none was, so it may be any"
    );
}

#[test]
fn a_memory_is_called_by_a_name_that_nobody_else_could_work_out() {
    let path = "/home/anna/memory";
    let name = |scene: &Scene| {
        let reports = scene.reports();
        let _open = reports.opened(path);
        reports.record(&Failure::typed("panic", "worker"));
        reports.record(&Failure::typed("corrupt", "read").lasting_in(path));
        let read = |name: &str| {
            let files = scene.files();
            let (_, bytes) = files.into_iter().find(|(file, _)| file == name).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let log = read("crash.log");
        let line: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
        let name = line["memory"].as_str().unwrap().to_owned();
        assert!(
            read("counts.json").contains(&name),
            "wherever it is written"
        );
        name
    };
    let (anna, other) = (Scene::new(), Scene::new());
    let named = name(&anna);
    assert_eq!(named.len(), 16, "{named}");
    assert_ne!(named, name(&other), "for the same path");
    let again = anna.reports();
    assert_eq!(
        again.crashes_since(0, path).len(),
        1,
        "in each process of a person it is called the same"
    );
    again.well(path);
    anna.clock.advance(DAY_MS);
    again.record(&Failure::typed("corrupt", "read").lasting_in(path));
    assert_eq!(
        again.view().held.len(),
        3,
        "and its state ends in each of them"
    );
    // Whoever loses that begins anew.
    std::fs::write(anna.folder().join("salt"), "too short").unwrap();
    again.record(&Failure::typed("panic", "main"));
    assert_eq!(std::fs::read(anna.folder().join("salt")).unwrap().len(), 64);
}
