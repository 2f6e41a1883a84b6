use std::net::TcpListener;

use oldgrowth_reports::{Error, Failure, PageFailure, PageFailureKind, PageFrame};
use oldgrowth_testkit::{Answer, Endpoint};

use crate::support::{DAY_MS, HOUR_MS, Scene, network, send_to};

const MINUTE_MS: i64 = 60 * 1000;

fn two_held(scene: &Scene, endpoint: &Endpoint) -> oldgrowth_reports::Reports {
    scene.send_to(endpoint);
    let reports = scene.reports();
    reports.consent(true).unwrap();
    reports.record(&Failure::typed("corrupt", "read"));
    scene.clock.advance(1);
    reports.record(&Failure::typed("misuse", "read"));
    reports
}

#[test]
fn without_a_network_reports_wait_longer_each_time_and_then_go() {
    let scene = Scene::new();
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    send_to(&scene.folder(), &format!("http://key@{gone}/7"));
    let reports = scene.reports();
    reports.consent(true).unwrap();
    reports.record(&Failure::typed("corrupt", "read"));
    let mut waits = Vec::new();
    for _ in 0..12 {
        let next = reports.send_due().unwrap();
        waits.push(next - scene.clock.now());
        assert_eq!(
            reports.send_due(),
            Some(next),
            "nothing is tried before its time, by no process"
        );
        scene.clock.advance(next - scene.clock.now());
    }
    assert_eq!(
        (waits[0], waits[1], waits[2]),
        (MINUTE_MS, 2 * MINUTE_MS, 4 * MINUTE_MS)
    );
    assert_eq!(waits[11], 6 * HOUR_MS, "and never longer than that");

    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    scene.reports().consent(true).unwrap();
    assert_eq!(scene.reports().send_due(), None);
    assert_eq!(endpoint.received().len(), 1, "once there is a way");
}

#[test]
fn a_server_that_asks_to_wait_is_obeyed() {
    let slow = |headers: Vec<(&'static str, String)>| -> Answer { (429, headers) };
    let cases = [
        (slow(vec![("Retry-After", "120".to_owned())]), 2 * MINUTE_MS),
        (
            slow(vec![
                ("Retry-After", "5".to_owned()),
                ("X-Sentry-Rate-Limits", "3600:error:key".to_owned()),
            ]),
            HOUR_MS,
        ),
        (slow(Vec::new()), MINUTE_MS),
    ];
    for (answer, wait) in cases {
        let scene = Scene::new();
        let first = answer.clone();
        let endpoint = Endpoint::answering(move |n| {
            if n == 0 {
                first.clone()
            } else {
                (200, Vec::new())
            }
        })
        .unwrap();
        let reports = two_held(&scene, &endpoint);
        assert_eq!(
            reports.send_due(),
            Some(scene.clock.now() + wait),
            "{answer:?}"
        );
        let until_unix_ms = scene.clock.now() + wait;
        assert_eq!(
            reports.send(&reports.view().held[0].id),
            Err(Error::Wait { until_unix_ms }),
            "by hand neither"
        );
        scene.clock.advance(wait - 1);
        assert_eq!(
            scene.reports().send_due(),
            Some(until_unix_ms),
            "nor after a restart"
        );
        assert_eq!(endpoint.received().len(), 1, "not a moment sooner");
        scene.clock.advance(1);
        assert_eq!(reports.send_due(), None);
        assert_eq!(endpoint.received().len(), 3, "then both go");
    }
}

#[test]
fn no_wish_of_a_server_makes_the_waits_shorter_than_those_without_a_network() {
    let date = "Wed, 21 Oct 2026 07:28:00 GMT";
    for (status, name, value) in [
        (429, "Retry-After", "0"),
        (503, "Retry-After", "0"),
        (429, "X-Sentry-Rate-Limits", "0:error:key"),
        (503, "X-Sentry-Rate-Limits", "0:error:key"),
        (429, "Retry-After", "1"),
        (429, "Retry-After", date),
        (503, "Retry-After", date),
        (429, "Server", "none"),
    ] {
        let scene = Scene::new();
        let endpoint = Endpoint::answering(move |n| {
            if n < 20 {
                (status, vec![(name, value.to_owned())])
            } else {
                (200, Vec::new())
            }
        })
        .unwrap();
        let reports = two_held(&scene, &endpoint);
        let mut waits = Vec::new();
        for tries in 1..=12 {
            let next = reports.send_due();
            assert_eq!(
                endpoint.received().len(),
                tries,
                "one try at a time: {status}, {name}: {value}"
            );
            let wait = next.unwrap() - scene.clock.now();
            waits.push(wait);
            scene.clock.advance(wait);
        }
        assert_eq!(
            (&waits[..4], waits[11]),
            (
                &[1, 2, 4, 8].map(|minutes| minutes * MINUTE_MS)[..],
                6 * HOUR_MS
            ),
            "{status}, {name}: {value}"
        );
    }
}

#[test]
fn a_server_may_ask_for_a_week_and_no_more() {
    let scene = Scene::new();
    let year = (365 * 24 * 60 * 60).to_string();
    let endpoint =
        Endpoint::answering(move |_| (429, vec![("Retry-After", year.clone())])).unwrap();
    let next = two_held(&scene, &endpoint).send_due().unwrap();
    assert_eq!(next - scene.clock.now(), 7 * DAY_MS);
}

#[test]
fn a_limit_that_comes_with_a_yes_counts_as_well() {
    let scene = Scene::new();
    let endpoint = Endpoint::answering(|_| {
        (
            200,
            vec![("X-Sentry-Rate-Limits", "60:error:organization".to_owned())],
        )
    })
    .unwrap();
    let reports = two_held(&scene, &endpoint);
    assert_eq!(reports.send_due(), Some(scene.clock.now() + MINUTE_MS));
    assert_eq!(endpoint.received().len(), 1);
    assert_eq!(
        reports.view().held.len(),
        1,
        "the first was taken, the second waits"
    );
}

#[test]
fn limits_on_other_things_are_not_ours() {
    let scene = Scene::new();
    let endpoint = Endpoint::answering(|_| {
        (
            200,
            vec![(
                "X-Sentry-Rate-Limits",
                "60:transaction:organization".to_owned(),
            )],
        )
    })
    .unwrap();
    assert_eq!(two_held(&scene, &endpoint).send_due(), None);
    assert_eq!(endpoint.received().len(), 2);
}

#[test]
fn a_server_that_fails_is_tried_again_and_one_that_says_no_is_not() {
    let scene = Scene::new();
    let endpoint = Endpoint::answering(|n| match n {
        0 => (503, Vec::new()),
        1 => (400, Vec::new()),
        _ => (200, Vec::new()),
    })
    .unwrap();
    let reports = two_held(&scene, &endpoint);
    let next = reports.send_due().unwrap();
    scene.clock.advance(next - scene.clock.now());
    assert_eq!(reports.send_due(), None);
    assert_eq!(endpoint.received().len(), 3);
    let held = reports.view().held;
    assert_eq!(
        (held.len(), held[0].refused),
        (1, Some(400)),
        "the one that was not wanted is kept to be looked at, and not sent again by itself"
    );
    reports.send(&held[0].id).unwrap();
    assert_eq!(
        endpoint.received().len(),
        4,
        "by hand it can be tried once more"
    );
}

#[test]
fn a_report_that_is_deleted_while_it_is_on_its_way_stays_deleted() {
    for status in [400, 503, 200] {
        let scene = Scene::new();
        let (reports, other) = (scene.reports(), scene.reports());
        reports.record(&Failure::typed("corrupt", "read"));
        let endpoint = Endpoint::answering(move |_| {
            other.delete_all().unwrap();
            (status, Vec::new())
        })
        .unwrap();
        scene.send_to(&endpoint);
        reports.consent(true).unwrap();
        assert_eq!(reports.send_due(), None, "{status}: nothing is left");
        assert_eq!(reports.view().held, [], "{status}");
        assert_eq!(endpoint.received().len(), 1, "it was on its way");
    }
}

#[test]
fn a_report_that_was_taken_is_not_sent_again_though_its_file_is_there() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let reports = scene.reports();
    reports.consent(true).unwrap();
    reports.record(&Failure::typed("corrupt", "read"));
    let id = reports.view().held[0].id.clone();
    let file = scene.folder().join(format!("held-{id}.json"));
    let bytes = std::fs::read(&file).unwrap();
    reports.send_due();
    assert_eq!(endpoint.received().len(), 1);
    // As if it could not be deleted, or the power had gone before that was on the disk.
    std::fs::write(&file, bytes).unwrap();
    let reports = scene.reports();
    assert_eq!(reports.view().held, [], "it has been sent");
    assert_eq!(reports.send(&id), Err(Error::NotFound));
    assert_eq!(reports.send_due(), None);
    assert_eq!(endpoint.received().len(), 1, "once");
    assert!(!file.exists(), "and the file goes when it can");
}

#[test]
fn a_try_that_can_not_be_counted_is_not_made() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    let reports = two_held(&scene, &endpoint);
    // In the place of the draft of the next counts.
    std::fs::create_dir(scene.folder().join("counts.json.new")).unwrap();
    assert_eq!(reports.send_due(), None);
    assert_eq!(endpoint.received().len(), 0, "it would be made for ever");
    std::fs::remove_dir(scene.folder().join("counts.json.new")).unwrap();
    reports.send_due();
    assert_eq!(endpoint.received().len(), 2);
}

#[test]
fn a_command_that_ends_does_not_wait_long_for_a_slow_server() {
    let scene = Scene::new();
    let clock = scene.clock.clone();
    let endpoint = Endpoint::answering(move |_| {
        clock.advance(3_000);
        (200, Vec::new())
    })
    .unwrap();
    let reports = two_held(&scene, &endpoint);
    for phase in ["write", "open", "close"] {
        reports.record(&Failure::typed("misuse", phase));
    }
    reports.send_recorded();
    assert_eq!(
        (endpoint.received().len(), reports.view().held.len()),
        (2, 3),
        "none is begun after five seconds"
    );
}

#[test]
fn a_thread_sends_what_comes_and_says_that_something_changed() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let reports = scene.reports();
    let (tell, told) = std::sync::mpsc::channel();
    let sender = reports
        .keep_sending(move || tell.send(()).unwrap_or_default())
        .unwrap();
    reports.record(&Failure::typed("corrupt", "read"));
    told.recv().unwrap();
    assert_eq!(endpoint.received().len(), 0, "nobody has agreed");
    reports.consent(true).unwrap();
    assert_eq!(endpoint.wait_for(1).len(), 1);
    drop(sender);
    assert!(told.iter().count() > 0, "and the thread has ended");
}

#[test]
fn offline_reports_wait_without_a_try_and_go_when_that_ends() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    let network = network(&scene.folder(), scene.clock.clone());
    network.set_offline(true).unwrap();
    let reports = two_held(&scene, &endpoint);
    for _ in 0..5 {
        assert_eq!(reports.send_due(), None, "there is nothing to wait for");
        scene.clock.advance(HOUR_MS);
    }
    assert_eq!(
        reports.send(&reports.view().held[0].id),
        Err(Error::Http(oldgrowth_http::Error::Offline)),
        "by hand neither, and it is said why"
    );
    let view = reports.view();
    assert!(view.offline);
    assert_eq!(
        (
            view.held.len(),
            view.next_try_unix_ms,
            view.last_sent_unix_ms
        ),
        (2, None, None),
        "nothing counts as tried"
    );
    assert!(endpoint.received().is_empty());
    assert_eq!(network.contacts().unwrap().contacts, []);
    network.set_offline(false).unwrap();
    assert_eq!(reports.send_due(), None);
    assert_eq!(endpoint.received().len(), 2, "both at once");
    assert_eq!(network.contacts().unwrap().contacts.len(), 2, "and noted");
}

#[test]
fn the_thread_that_sends_wakes_when_somebody_goes_online() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    let network = network(&scene.folder(), scene.clock.clone());
    network.set_offline(true).unwrap();
    let reports = two_held(&scene, &endpoint);
    let (tell, told) = std::sync::mpsc::channel();
    let sender = reports
        .keep_sending(move || tell.send(()).unwrap_or_default())
        .unwrap();
    reports.record(&Failure::typed("panic", "worker"));
    told.recv().unwrap();
    network.set_offline(false).unwrap();
    reports.network_changed();
    assert_eq!(endpoint.wait_for(3).len(), 3);
    drop(sender);
}

#[test]
fn a_held_file_of_which_nothing_can_leave_holds_up_no_other() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    let reports = two_held(&scene, &endpoint);
    let page = |line| PageFailure {
        kind: PageFailureKind::Error,
        name: "Error".to_owned(),
        frames: vec![PageFrame {
            file: "assets/index.js".to_owned(),
            line,
            column: 1,
        }],
    };
    for (line, whole, spoilt) in [
        (7, r#"\"lineno\":7"#, r#"\"lineno\":7.5"#),
        (8, r#"\"type\":\"Error\""#, r#"\"typ\":\"Error\""#),
    ] {
        scene.clock.advance(1);
        reports.record(&Failure::of_page(&page(line), &|_| true));
        let held = reports.view().held;
        assert_eq!(held.len(), 3);
        let id = &held[0].id;
        let file = scene.folder().join(format!("held-{id}.json"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(whole), "{text}");
        std::fs::write(file, text.replace(whole, spoilt)).unwrap();
        assert_eq!(reports.send(id), Err(Error::NotFound), "{spoilt}");
        assert_eq!(
            reports.view().held,
            held[1..],
            "{spoilt}: it is none of ours any more"
        );
    }
    assert_eq!(reports.send_due(), None);
    assert_eq!(endpoint.received().len(), 2, "the others went");
}

#[test]
fn a_report_that_was_taken_goes_though_that_can_not_be_noted() {
    // In the place of the counts, and of the lock.
    for in_the_way in ["counts.json", "lock"] {
        let scene = Scene::new();
        let path = scene.folder().join(in_the_way);
        let there = path.clone();
        let endpoint = Endpoint::answering(move |_| {
            std::fs::remove_file(&there).unwrap();
            std::fs::create_dir(&there).unwrap();
            (200, Vec::new())
        })
        .unwrap();
        scene.send_to(&endpoint);
        let reports = scene.reports();
        reports.record(&Failure::typed("corrupt", "read"));
        let id = reports.view().held[0].id.clone();
        assert_eq!(reports.send(&id), Ok(()), "{in_the_way}");
        std::fs::remove_dir(&path).unwrap();
        assert_eq!(reports.view().held, [], "{in_the_way}");
        assert_eq!(reports.send(&id), Err(Error::NotFound), "{in_the_way}");
        assert_eq!(endpoint.received().len(), 1, "{in_the_way}: once");
    }
}
