use oldgrowth_reports::{Consent, Error, Failure};
use oldgrowth_testkit::{Endpoint, event_of};

use crate::support::Scene;

fn failure() -> Failure {
    Failure::typed("corrupt", "read").codes(Some(779), None)
}

#[test]
fn without_a_yes_reports_are_held_and_nobody_is_called() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let reports = scene.reports();
    reports.record(&failure());
    assert_eq!(
        reports.send_due(),
        None,
        "there is nothing to do later either"
    );
    reports.consent(false).unwrap();
    reports.send_due();
    let view = reports.view();
    assert_eq!(
        (view.consent, view.held.len(), endpoint.received().len()),
        (Consent::No, 1, 0),
        "it is there to be looked at, and nowhere else"
    );
}

#[test]
fn a_yes_sends_what_is_held_and_what_comes() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let reports = scene.reports();
    reports.record(&failure());
    let shown = reports.view().held[0].clone();
    reports.consent(true).unwrap();
    assert_eq!(reports.send_due(), None, "nothing is left");
    let received = endpoint.wait_for(1);
    assert_eq!(
        received[0].body, shown.envelope,
        "the very bytes that were shown"
    );
    assert!(
        received[0].head.starts_with("post /api/7/envelope/ "),
        "{}",
        received[0].head
    );
    assert!(
        received[0].head.contains("sentry_key=key"),
        "{}",
        received[0].head
    );
    let event = received[0].event();
    assert_eq!(
        (
            &event["tags"]["class"],
            &event["tags"]["code"],
            &event["tags"]["sqlite"]
        ),
        (&"corrupt".into(), &"779".into(), &"3.54.1".into())
    );
    let view = reports.view();
    assert!(view.held.is_empty(), "what was sent is held no longer");
    assert_eq!(view.last_sent_unix_ms, Some(scene.clock.now()));
}

#[test]
fn the_switch_is_read_when_something_is_sent() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let (window, command_line) = (scene.reports(), scene.reports());
    window.consent(true).unwrap();
    window.record(&failure());
    command_line.consent(false).unwrap();
    window.send_due();
    assert!(
        endpoint.received().is_empty(),
        "another program turned it off a moment ago"
    );
}

#[test]
fn a_no_and_that_somebody_was_asked_are_remembered() {
    let scene = Scene::new();
    let reports = scene.reports();
    let view = reports.view();
    assert_eq!((view.consent, view.asked), (Consent::Unasked, false));
    assert!(scene.files().is_empty(), "looking writes nothing");
    reports.record(&failure());
    assert!(!reports.view().held[0].asked);
    reports.asked().unwrap();
    let view = scene.reports().view();
    assert_eq!(
        (view.consent, view.asked, view.held[0].asked),
        (Consent::Unasked, true, true),
        "the question was shown, about this one too, and not answered"
    );
    reports.consent(false).unwrap();
    let view = scene.reports().view();
    assert_eq!((view.consent, view.asked), (Consent::No, true));
}

#[test]
fn a_choice_that_can_not_be_read_is_never_taken_for_another() {
    let scene = Scene::new();
    let reports = scene.reports();
    reports.consent(true).unwrap();
    reports.record(&failure());
    let file = scene.folder().join("settings.json");
    let later = br#"{"version":2,"consent":"yes","dsn":"https://key@own.example/1"}"#;
    std::fs::write(&file, later).unwrap();
    let view = reports.view();
    assert_eq!(view.consent, Consent::No, "nothing is sent");
    assert_eq!(
        view.host.as_deref(),
        Some("own.example"),
        "and that is where it would go"
    );
    reports.asked().unwrap();
    assert!(reports.view().held[0].asked);
    assert_eq!(
        std::fs::read(&file).unwrap(),
        later,
        "that a question was shown answers nothing"
    );
    // In the place of the draft of the next settings.
    std::fs::create_dir(scene.folder().join("settings.json.new")).unwrap();
    assert!(matches!(reports.consent(true), Err(Error::Folder(_))));
    assert_eq!(
        std::fs::read(&file).unwrap(),
        later,
        "a choice that can't be kept changes nothing"
    );
    std::fs::remove_dir(scene.folder().join("settings.json.new")).unwrap();
    reports.consent(true).unwrap();
    let view = scene.reports().view();
    assert_eq!(
        (view.consent, view.asked, view.host.as_deref()),
        (Consent::Yes, true, Some("own.example")),
        "chosen anew, and they go where the person wanted them to"
    );
    let aside = || {
        let mut aside = scene.files();
        aside.retain(|(name, _)| name.starts_with("settings.json.unreadable"));
        aside.into_iter().map(|(_, bytes)| bytes)
    };
    assert!(aside().all(|bytes| bytes == later), "nothing is lost");
    let before = aside().count();
    let other = br#"{"version":3,"dsn":{"of":"some later form"}}"#;
    std::fs::write(&file, other).unwrap();
    reports.consent(true).unwrap();
    assert!(aside().any(|bytes| bytes == other));
    assert_eq!(
        aside().filter(|bytes| bytes == later).count(),
        before,
        "what lay there before is not written over"
    );
    assert_eq!(
        reports.view().host,
        None,
        "an address that can't be read is not taken for none"
    );

    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    for changed in [reports.consent(false), reports.asked()] {
        assert!(
            matches!(changed, Err(Error::Folder(_))),
            "what can't be read at all is not replaced: {changed:?}"
        );
    }
}

#[test]
fn one_can_be_sent_looked_at_or_deleted_by_hand() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let reports = scene.reports();
    reports.record(&failure());
    reports.record(&Failure::typed("misuse", "write"));
    let held = reports.view().held;
    assert_eq!(held.len(), 2);
    for report in &held {
        assert_eq!(event_of(&report.envelope)["event_id"], report.id.as_str());
    }
    reports.send(&held[1].id).unwrap();
    assert_eq!(
        endpoint.wait_for(1)[0].body,
        held[1].envelope,
        "the one that was chosen, though the switch is off"
    );
    reports.delete(&held[0].id).unwrap();
    assert!(reports.view().held.is_empty());
    for id in [held[0].id.as_str(), "../settings", ""] {
        assert_eq!(reports.delete(id), Err(Error::NotFound), "{id}");
        assert_eq!(reports.send(id), Err(Error::NotFound), "{id}");
    }
    reports.record(&Failure::typed("nested", "write"));
    reports.delete_all().unwrap();
    assert!(reports.view().held.is_empty());
    assert!(
        scene
            .files()
            .iter()
            .any(|(name, _)| name == "settings.json"),
        "what was chosen stays"
    );
}

#[test]
fn without_an_address_nothing_can_be_sent_and_that_is_said() {
    let scene = Scene::new();
    let reports = scene.reports();
    reports.consent(true).unwrap();
    reports.record(&failure());
    assert_eq!(reports.send_due(), None);
    let view = reports.view();
    assert_eq!(view.host, None);
    assert_eq!(reports.send(&view.held[0].id), Err(Error::NoAddress));
    assert_eq!(reports.view().held.len(), 1, "it is held still");
}

#[cfg(unix)]
#[test]
fn the_folder_is_the_persons_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let reports = scene.reports();
    reports.record(&failure());
    reports.consent(false).unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&scene.folder()), 0o700);
    assert_eq!(mode(scene.folder().parent().unwrap()), 0o700);
    for (name, _) in scene.files() {
        assert_eq!(mode(&scene.folder().join(&name)), 0o600, "{name}");
    }
    std::fs::set_permissions(scene.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    reports.consent(false).unwrap();
    assert_eq!(mode(&scene.folder()), 0o700, "it is mended");
}

#[test]
fn what_somebody_changed_in_a_held_file_does_not_leave() {
    let scene = Scene::new();
    let endpoint = Endpoint::start().unwrap();
    scene.send_to(&endpoint);
    let reports = scene.reports();
    reports.record(&failure());
    let id = reports.view().held[0].id.clone();
    let path = scene.folder().join(format!("held-{id}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replace(
        r#"\"release\""#,
        r#"\"server_name\":\"annas-laptop\",\"release\""#,
    );
    assert_ne!(text, changed);
    std::fs::write(&path, changed).unwrap();
    reports.send(&id).unwrap();
    assert!(
        !endpoint.wait_for(1)[0].body.contains("annas-laptop"),
        "it is scrubbed once more on its way out"
    );
}
