use std::sync::mpsc;
use std::time::Duration;

use oldgrowth_testkit::Endpoint;

use super::*;

#[path = "../../tests/it/open_reports.rs"]
mod open_reports;
use open_reports::open_reports;

/// For what happens at once, or never.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn who_stops_waits_for_the_report_under_way_and_for_no_other() {
    let person = tempfile::tempdir().unwrap();
    let (comes, came) = mpsc::channel();
    let (go, going) = mpsc::channel::<()>();
    let endpoint = Endpoint::answering(move |_| {
        comes.send(()).unwrap();
        going.recv_timeout(PATIENCE).unwrap_or_default();
        (200, Vec::new())
    })
    .unwrap();
    let folder = Folder::new(person.path().join("reports"));
    let reports = open_reports(folder.path(), || 1_790_000_123_456);
    let settings = format!(r#"{{"version":1,"dsn":"{}"}}"#, endpoint.dsn());
    let lock = folder.lock().unwrap();
    folder
        .replace("settings.json", settings.as_bytes())
        .unwrap();
    drop(lock);
    for phase in ["open", "read", "write"] {
        reports.record(&Failure::typed("misuse", phase));
    }
    reports.consent(true).unwrap();
    let sender = reports.keep_sending(|| {}).unwrap();
    came.recv_timeout(PATIENCE).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| drop(sender));
        let mut bell = reports.0.bell.lock();
        while !bell.stop {
            let waited = reports.0.rung.wait_for(&mut bell, PATIENCE);
            assert!(!waited.timed_out(), "it is told to stop");
        }
        drop(bell);
        drop(go);
    });
    assert_eq!(
        reports.view().held.len(),
        2,
        "one was on its way, and is gone"
    );
    assert_eq!(endpoint.received().len(), 1);

    let sender = reports.keep_sending(|| {}).unwrap();
    assert_eq!(endpoint.wait_for(3).len(), 3, "and it can be begun again");
    drop(sender);
}
