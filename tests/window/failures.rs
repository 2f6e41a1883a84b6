//! What fails in the real window's page, and what the person is told and asked.

use std::fs;

use oldgrowth_testkit::Endpoint;
use serde_json::json;

use crate::driver::Person;
use crate::program::Program;

#[tokio::test]
async fn an_error_of_the_page_waits_for_a_yes_and_is_sent_without_its_words() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    let folder = person.home().join(".local/share/oldgrowth/reports");
    fs::create_dir_all(&folder).unwrap();
    let settings = json!({ "version": 1, "dsn": endpoint.dsn() });
    fs::write(folder.join("settings.json"), settings.to_string()).unwrap();
    let window = person.open_window().await;
    window.click("welcome-skip").await;
    window
        .script("setTimeout(() => { throw new TypeError('the letter from Anna'); }, 0)")
        .await;
    window.find("report-ask[data-about=crash]").await;
    // Which waits until it has come into sight.
    window.screenshot("14-something-failed").await;
    let asked = window.text("report-ask").await;
    assert!(asked.contains("Send this one"), "{asked}");
    window.click("ask-see").await;
    window.find("report-text").await;
    window.screenshot("15-what-is-sent").await;
    let shown = window.text("report-text").await;
    assert!(
        shown.contains("TypeError") && !shown.contains("Anna"),
        "the person sees what would be sent: {shown}"
    );
    window.click("report-close").await;
    // The dialog lets go of the page only when it has gone.
    window
        .holds("getComputedStyle(document.body).pointerEvents !== 'none' && document.querySelector('[data-testid=report-dialog]') === null")
        .await;
    assert!(endpoint.received().is_empty(), "nobody has said yes");

    window.click("ask-yes").await;
    window.click("nav-settings").await;
    window.click("index-privacy").await;
    window.find("no-reports").await;
    window.find("last-sent").await;
    let leaves = window.text("what-leaves").await;
    assert!(
        leaves.contains("127.0.0.1"),
        "where reports go is said: {leaves}"
    );
    window.screenshot("16-privacy").await;
    window.close().await;

    let received = endpoint.received();
    assert_eq!(received.len(), 1, "once");
    let event = received[0].event();
    assert_eq!(event["tags"]["class"], "page");
    assert_eq!(event["exception"]["values"][0]["type"], "TypeError");
    let mut seen = vec![received[0].body.clone()];
    for entry in fs::read_dir(&folder).unwrap() {
        seen.push(fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    for text in &seen {
        assert!(!text.contains("Anna"), "{text}");
    }
}

#[tokio::test]
async fn without_a_yes_the_window_calls_no_other_computer() {
    let person = Person::new();
    let endpoint = Endpoint::start().unwrap();
    let folder = person.home().join(".local/share/oldgrowth/reports");
    fs::create_dir_all(&folder).unwrap();
    let settings = json!({ "version": 1, "dsn": endpoint.dsn() });
    fs::write(folder.join("settings.json"), settings.to_string()).unwrap();
    // A memory that is no memory: something fails at once, and is held.
    let store = person.home().join(".local/share/oldgrowth/memory_tree");
    fs::create_dir_all(&store).unwrap();
    fs::write(store.join("chunks.db"), vec![7_u8; 8192]).unwrap();
    let trace = person.home().join("trace");
    let Some(program) = Program::start_traced(&person, &trace) else {
        println!("left out: strace, which looks on from outside, is not installed");
        return;
    };
    program.window().await;
    program.quit().await;
    let held = fs::read_dir(&folder)
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("held-")
        })
        .count();
    assert_eq!(held, 1, "what failed is held");
    let calls = fs::read_to_string(&trace).unwrap();
    assert!(
        calls.contains("AF_UNIX"),
        "the screen is reached, so the look was a real one"
    );
    // The web view asks the kernel which networks there are, and that is all.
    for line in calls.lines() {
        let calls_somebody = ["connect(", "sendto(", "sendmsg("]
            .iter()
            .any(|call| line.contains(call));
        assert!(
            !(calls_somebody && line.contains("sa_family=AF_INET")),
            "{line}"
        );
    }
    assert!(endpoint.received().is_empty());
}
