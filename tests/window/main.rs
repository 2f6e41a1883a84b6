//! The first minutes of a new person, in the real window.
//!
//! It needs a screen: `npm test -- --only window` gives it one. Each step leaves a picture in
//! `target/window-screenshots`.
#![expect(clippy::unwrap_used, reason = "a failed set-up should fail the test")]

mod drag_source;
mod driver;
mod failures;
mod native_dialog;
mod program;
mod screen;
mod shell;
mod tray;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use driver::{ENTER, Person, Window};
use oldgrowth_desktop::Memory;

/// Enough files to see an import move, few enough to be done in seconds.
const NOTES: usize = 150;

#[tokio::test]
async fn a_new_person_goes_from_a_folder_to_a_cited_answer() {
    let person = Person::new();
    let folder = folder_of_notes(person.home());
    let window = person.open_window().await;

    window.find("welcome-next").await;
    window.screenshot("01-welcome").await;
    window.click("welcome-next").await;
    window.find("try-samples").await;
    window.screenshot("02-what-first").await;

    window.click("choose-folder").await;
    native_dialog::choose_folder("Choose a folder to remember", &folder).await;
    window.find("plan-dialog").await;
    window.find("plan-start:not([disabled])").await;
    let plan = window.text("plan-dialog").await;
    assert!(
        plan.contains(&format!("{}", NOTES + 1)),
        "the plan counts what would be read: {plan}"
    );
    assert!(
        plan.contains("Markdown"),
        "the plan says of which kinds: {plan}"
    );
    window.screenshot("03-plan").await;

    // An import of small files may be over within a moment: the page itself notes what it showed.
    window
        .script(
            "window.progressSeen = false;
             new MutationObserver(() => {
                 if (document.querySelector('[data-testid=welcome-progress][data-state=running]')) window.progressSeen = true;
             }).observe(document.body, { childList: true, subtree: true, attributes: true });",
        )
        .await;
    window.click("plan-start").await;
    window.holds("window.progressSeen").await;
    window.find("welcome-progress[data-state=done]").await;
    window.find("welcome-proposal").await;
    window.screenshot("04-ask-it-something").await;
    ask(
        &window,
        "welcome-question",
        "Where is the spare key to the boathouse?",
    )
    .await;
    let hit = window.text("hit").await;
    assert!(
        hit.contains("under the third stone") && hit.contains("boathouse.md"),
        "the first answer is cited: {hit}"
    );
    window.screenshot("05-first-answer").await;
    window.click("welcome-done").await;
    let hit = window.text("hit").await;
    assert!(
        hit.contains("under the third stone"),
        "the question has come along: {hit}"
    );
    window.screenshot("06-answer").await;

    window.click("hit-open").await;
    let passage = window.text("asked-passage").await;
    assert!(
        passage.contains("under the third stone"),
        "opening the answer shows the words in place: {passage}"
    );
    window.screenshot("07-in-its-place").await;

    window.click("nav-sources").await;
    window.find("ledger-row[data-in-step=true]").await;
    window.screenshot("08-in-step").await;
    window.click("batch-row a").await;
    window.find("batch-state[data-state=done]").await;
    let new = window.text("count-new").await;
    assert_eq!(
        new,
        format!("{}", NOTES + 1),
        "everything that was planned was kept"
    );

    window.click("nav-tree").await;
    window.find("tree-item").await;
    let roots = window.count("tree-item").await;
    window
        .script("document.querySelector('[data-testid=tree-item]').focus()")
        .await;
    window.keys("\u{e014}").await; // Right: opens the branch.
    window
        .holds(&format!(
            "document.querySelectorAll('[data-testid=tree-item]').length > {roots}"
        ))
        .await;
    window.keys("\u{e015}").await; // Down: to its first row.
    window.keys(ENTER).await; // Shows it.
    window.find("tree-item[aria-selected=true]").await;
    window.screenshot("09-tree").await;

    window.click("nav-doctor").await;
    window
        .find("component-row[data-code=store][data-state=ok]")
        .await;
    window
        .find("component-row[data-code=jobs][data-state=ok]")
        .await;
    let headline = window.text("doctor-headline").await;
    assert!(
        !headline.is_empty(),
        "the doctor says in one sentence how things are"
    );
    window.screenshot("10-doctor").await;

    window
        .script("document.querySelector('[data-testid=theme-switch] input[value=dark]').click()")
        .await;
    window
        .holds("document.documentElement.dataset.theme === 'dark'")
        .await;
    window.screenshot("11-doctor-dark").await;
    window.click("nav-recall").await;
    window.find("hit").await;
    window.screenshot("12-answer-dark").await;
    window.close().await;

    let window = person.open_window().await;
    ask(&window, "question-box", "boathouse").await;
    let hit = window.text("hit").await;
    assert!(
        hit.contains("under the third stone"),
        "what was kept is there the next day: {hit}"
    );
    window.close().await;
}

#[tokio::test]
async fn a_note_and_the_samples_can_be_tried_without_files_of_ones_own() {
    let person = Person::new();
    let window = person.open_window().await;
    window.click("welcome-skip").await;

    write_note(
        &window,
        "The bicycle lock",
        "The combination is the year the bridge was built.",
    )
    .await;

    window.click("nav-sources").await;
    window.click("try-samples").await;
    window
        .find("plan-start:not([disabled])")
        .await
        .click()
        .await
        .unwrap();
    window.find("batch-state[data-state=done]").await;

    window.click("nav-recall").await;
    for (question, answer) in [
        ("bicycle lock combination", "bridge was built"),
        ("When does my passport expire?", "9 March 2032"),
    ] {
        ask(&window, "question-box", question).await;
        let shown = format!(
            "[...document.querySelectorAll('[data-testid=hit]')].some((hit) => hit.textContent.includes('{answer}'))"
        );
        window.holds(&shown).await;
    }
    window.close().await;
}

#[tokio::test]
async fn a_backup_brings_back_what_was_and_keeps_aside_what_is() {
    let person = Person::new();
    let window = person.open_window().await;
    window.click("welcome-skip").await;
    write_note(&window, "The well", "The pump needs oil in spring.").await;

    window.click("nav-settings").await;
    window.find("no-backups").await;
    window.screenshot("14-no-backups").await;
    window.click("backup-now").await;
    window.find("copy-done").await;
    assert_eq!(window.count("backup-row").await, 1, "it is listed at once");

    window.click("nav-sources").await;
    window.click("import-menu").await;
    write_note(
        &window,
        "The roof",
        "Two slates are loose on the north side.",
    )
    .await;

    window.click("nav-settings").await;
    window.click("restore").await;
    let newer = window.text("preview-newer").await;
    assert!(
        newer.contains('1'),
        "the preview says that a note is newer than the backup: {newer}"
    );
    window.screenshot("15-restore-preview").await;
    window.click("restore-confirm").await;
    window.find("kept-aside-row").await;
    window.screenshot("16-restored").await;

    window.click("nav-recall").await;
    ask(&window, "question-box", "pump oil").await;
    let hit = window.text("hit").await;
    assert!(
        hit.contains("needs oil in spring"),
        "what the backup held can be asked about: {hit}"
    );
    ask(&window, "question-box", "slates").await;
    window
        .holds("!document.body.textContent.includes('Two slates are loose')")
        .await;

    window.click("nav-settings").await;
    window.click("restore-set").await;
    window.find("preview-row").await;
    window.find("restore-confirm:not([disabled])").await;
    window.click("restore-confirm").await;
    window.find("copy-done").await;
    window.click("nav-recall").await;
    ask(&window, "question-box", "slates").await;
    let hit = window.text("hit").await;
    assert!(
        hit.contains("Two slates are loose"),
        "and what was kept aside comes back the same way: {hit}"
    );
    window.close().await;
}

#[tokio::test]
async fn a_store_that_breaks_opens_the_doctor_and_is_mended_there() {
    let person = Person::new();
    let window = person.open_window().await;
    window.click("welcome-skip").await;
    write_note(&window, "The well", "The pump needs oil in spring.").await;

    // Somebody tidies up in the wrong folder.
    let store = person.workspace().join("memory_tree/chunks.db");
    let elsewhere = person.home().join("chunks.db");
    fs::rename(&store, &elsewhere).unwrap();
    window.click("nav-sources").await;
    window.click("import-menu").await;
    fill_note(&window, "The roof", "Two slates are loose.").await;
    window.find("note-dialog [role=alert]").await;
    let written =
        "document.querySelector('[data-testid=note-text]').value === 'Two slates are loose.'";
    window.holds(written).await;
    window.screenshot("17-not-kept").await;
    window.click("note-cancel").await;
    window
        .find("component-row[data-code=store][data-state=fail]")
        .await;
    let headline = window.text("doctor-headline").await;
    assert!(
        !headline.contains("Everything works"),
        "the doctor has opened by itself and says it: {headline}"
    );
    window.screenshot("18-store-gone").await;

    fs::rename(&elsewhere, &store).unwrap();
    window.click("try-now").await;
    window
        .find("component-row[data-code=store][data-state=ok]")
        .await;
    window.screenshot("19-mended").await;
    window.click("nav-recall").await;
    ask(&window, "question-box", "pump oil").await;
    let hit = window.text("hit").await;
    assert!(
        hit.contains("needs oil in spring"),
        "nothing is lost: {hit}"
    );
    window.click("nav-sources").await;
    window.click("import-menu").await;
    window.click("write-note").await;
    window.holds(written).await;
    window.click("note-save").await;
    window.find("memory").await;
    window.close().await;
}

#[tokio::test]
async fn a_held_workspace_says_so_and_opens_once_it_is_free() {
    let person = Person::new();
    let holder = Memory::open(Ok(person.workspace()), Arc::new(|_event| {}));
    assert_eq!(holder.try_again(), None, "nobody holds a new workspace");

    let window = person.open_window().await;
    let said = window.text("held").await;
    assert!(
        said.contains("Oldgrowth"),
        "the window says who holds it: {said}"
    );
    window.screenshot("13-held").await;

    holder.close();
    window.click("held-retry").await;
    window.find("welcome").await;
    window.close().await;
}

/// Writes a question over what stood in the box, and asks it.
async fn ask(window: &Window, box_: &str, question: &str) {
    let box_ = window.find(box_).await;
    box_.clear().await.unwrap();
    box_.send_keys(&format!("{question}{ENTER}")).await.unwrap();
}

/// From a place that offers it, and until it is shown.
async fn write_note(window: &Window, title: &str, text: &str) {
    fill_note(window, title, text).await;
    window.find("memory").await;
}

async fn fill_note(window: &Window, title: &str, text: &str) {
    window.click("write-note").await;
    for (field, words) in [("note-title", title), ("note-text", text)] {
        window.find(field).await.send_keys(words).await.unwrap();
    }
    window.click("note-save").await;
}

/// A folder like anybody's: many small notes, and among them the one that will be asked for.
pub(crate) fn folder_of_notes(home: &Path) -> PathBuf {
    let folder = home.join("Notes from the lake");
    fs::create_dir(&folder).unwrap();
    for number in 1..=NOTES {
        let (month, day) = (number % 12 + 1, number % 28 + 1);
        let text = format!(
            "---\ndate: 2023-{month:02}-{day:02}\n---\n\n# Day {number}\n\nThe water stood at {number} centimetres.\n\n\
             Rowed to the island and back; the wind came from the west and the herons did not mind.\n"
        );
        fs::write(folder.join(format!("day-{number:03}.md")), text).unwrap();
    }
    let key = "---\ndate: 2023-06-21\n---\n\n# The boathouse\n\nThe spare key to the boathouse lies under the third stone from \
               the pier.\n\nThe oars are upstairs.\n";
    fs::write(folder.join("boathouse.md"), key).unwrap();
    fs::write(
        folder.join("picture.bin"),
        [0_u8, 159, 146, 150, 0, 1, 2, 3],
    )
    .unwrap();
    folder
}
