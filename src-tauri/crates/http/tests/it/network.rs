//! The list of calls and the switch, as several processes see them.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use oldgrowth_http::{Client, Contact, Error, Limits, Outcome, Purpose, Switch};

use crate::support::{LIMITS, NOBODY, Person, START_MS, answering, network, read_request};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a child of a test calls, how often, and in whose folder it is noted.
const ADDRESS: &str = "OLDGROWTH_TEST_CALLED";
const FOLDER: &str = "OLDGROWTH_TEST_NETWORK";
const TIMES: &str = "OLDGROWTH_TEST_TIMES";

fn outcomes(person: &Person) -> Vec<Outcome> {
    let contacts = person.contacts().into_iter();
    contacts.map(|contact| contact.outcome).collect()
}

/// A line as it is written before a call.
fn begun(id: &str, at_unix_ms: i64, host: &str) -> String {
    let until = at_unix_ms + 5_000;
    format!(
        r#"{{"begun":{{"id":"{id}","at_unix_ms":{at_unix_ms},"until_unix_ms":{until},"host":"{host}","purpose":"crash_report"}}}}"#
    )
}

fn ended(id: &str) -> String {
    format!(r#"{{"ended":{{"id":"{id}","outcome":{{"answered":200}},"sent":500,"received":90}}}}"#)
}

fn write(person: &Person, name: &str, text: &str) {
    std::fs::create_dir_all(person.folder()).unwrap();
    std::fs::write(person.folder().join(name), text).unwrap();
}

#[test]
fn a_call_is_noted_before_it_begins_and_how_it_ended_when_it_has() {
    let person = Person::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let looking = person.network();
    let serving = std::thread::Builder::new()
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = read_request(&mut stream);
            let meanwhile = looking.contacts().unwrap().contacts;
            let answer = b"HTTP/1.1 200 Told\r\nX-Secret: of-theirs\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(answer).unwrap();
            (asked.len(), answer.len(), meanwhile)
        })
        .unwrap();
    person
        .post(
            &format!("http://anna:word@{at}/a/path?of=anna"),
            &[("X-Key", "of-ours")],
            b"hello",
            LIMITS,
        )
        .unwrap();
    let (asked, answered, meanwhile) = serving.join().unwrap();
    let noted = Contact {
        at_unix_ms: START_MS,
        host: at.to_string(),
        purpose: Purpose::CrashReport,
        outcome: Outcome::UnderWay,
        bytes: None,
    };
    assert_eq!(
        meanwhile,
        std::slice::from_ref(&noted),
        "while it is under way"
    );
    let contacts = person.contacts();
    let bytes = contacts[0].bytes.unwrap();
    assert_eq!(
        (bytes.sent, bytes.received),
        (asked as u64, answered as u64),
        "to the byte what the other side has read and written, headers and all"
    );
    assert_eq!(
        contacts,
        [Contact {
            outcome: Outcome::Answered(200),
            bytes: Some(bytes),
            ..noted
        }]
    );
    for word in ["path", "anna", "word", "of-ours", "of-theirs", "hello"] {
        assert!(!person.list().contains(word), "{word}: {}", person.list());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(person.folder()), 0o700, "nobody else reads it");
        assert_eq!(mode(person.folder().join("contacts.jsonl")), 0o600);
    }
}

#[test]
fn each_way_to_end_is_told_apart() {
    let person = Person::new();
    let post = |url: &str| person.post(url, &[], b"hello", LIMITS);
    assert_eq!(post(NOBODY).unwrap_err(), Error::Refused);
    let (url, serving) = answering("");
    assert_eq!(post(&url).unwrap_err(), Error::CutOff, "it hung up");
    serving.join().unwrap();
    let (url, serving) = answering("no such protocol\r\n\r\n");
    post(&url).unwrap_err();
    serving.join().unwrap();
    let (url, serving) = answering("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n");
    post(&url).unwrap();
    serving.join().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let short = Limits {
        whole: Duration::from_millis(50),
        ..LIMITS
    };
    person
        .post(
            &format!("http://{}/", silent.local_addr().unwrap()),
            &[],
            b"hello",
            short,
        )
        .unwrap_err();
    assert_eq!(
        outcomes(&person),
        [
            Outcome::TimedOut,
            Outcome::Answered(503),
            Outcome::BadAnswer,
            Outcome::CutOff,
            Outcome::Refused,
        ],
        "the newest first"
    );
    assert_eq!(
        post("http://no one/").unwrap_err(),
        Error::BadAddress,
        "nowhere to go"
    );
    assert_eq!(person.contacts().len(), 5, "is no call");
}

#[test]
fn who_is_offline_calls_nobody_whichever_process_has_said_so() {
    let person = Person::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let client = Client::new(person.network(), || false);
    assert_eq!(
        client.network().switch(),
        Switch::Online,
        "nobody has chosen"
    );
    person.network().set_offline(true).unwrap();
    assert_eq!(client.network().switch(), Switch::Offline);
    for url in [
        url.as_str(),
        "http://name.invalid/",
        "https://name.invalid/",
    ] {
        assert_eq!(
            client
                .post(Purpose::CrashReport, url, &[], b"hello", LIMITS)
                .unwrap_err(),
            Error::Offline,
            "{url}"
        );
    }
    assert!(listener.accept().is_err(), "nobody came");
    assert_eq!(person.contacts(), [], "so there is nothing to note");
    person.network().set_offline(false).unwrap();
    let short = Limits {
        whole: Duration::from_millis(50),
        ..LIMITS
    };
    client
        .post(Purpose::CrashReport, &url, &[], b"hello", short)
        .unwrap_err();
    assert!(listener.accept().is_ok(), "the same call goes online");
}

#[test]
fn a_switch_that_can_not_be_read_is_offline_until_it_is_turned() {
    for spoilt in ["", "{", r#"{"version":9,"offline":false}"#, "\u{0}"] {
        let person = Person::new();
        write(&person, "settings.json", spoilt);
        assert_eq!(person.network().switch(), Switch::Unreadable, "{spoilt:?}");
        assert_eq!(
            person.post(NOBODY, &[], b"hello", LIMITS).unwrap_err(),
            Error::Offline,
            "{spoilt:?} is no leave to call anybody"
        );
        person.network().set_offline(false).unwrap();
        assert_eq!(person.network().switch(), Switch::Online, "it was chosen");
    }
}

/// Does something only in a child process: calls, and says when it has been heard.
#[test]
fn child_that_calls() {
    let (Ok(url), Some(folder)) = (std::env::var(ADDRESS), std::env::var_os(FOLDER)) else {
        return;
    };
    let client = Client::new(network(PathBuf::from(folder), || START_MS), || false);
    let times = std::env::var(TIMES).unwrap().parse().unwrap();
    for _ in 0..times {
        client
            .post(Purpose::CrashReport, &url, &[], b"hello", LIMITS)
            .ok();
    }
}

fn child(person: &Person, url: &str, times: usize) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["network::child_that_calls", "--exact"])
        .env(ADDRESS, url)
        .env(FOLDER, person.folder())
        .env(TIMES, times.to_string())
        .stdout(Stdio::null());
    child
}

#[test]
fn a_process_that_is_killed_in_the_middle_of_a_call_hides_nothing() {
    let person = Person::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let mut child = child(&person, &format!("http://{at}/"), 1).spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    read_request(&mut stream);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        outcomes(&person),
        [Outcome::UnderWay],
        "for all one can know"
    );
    person.advance(10_001);
    let contacts = person.contacts();
    assert_eq!(
        (contacts[0].outcome, contacts[0].bytes),
        (Outcome::NoEnd, None),
        "it may have arrived, and nobody knows how much of it"
    );
    assert_eq!(contacts[0].host, at.to_string());
}

#[test]
fn processes_that_call_at_once_lose_no_line() {
    let person = Person::new();
    let children: Vec<_> = (0..3)
        .map(|_| child(&person, NOBODY, 40).spawn().unwrap())
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let client = Client::new(person.network(), || false);
                for _ in 0..20 {
                    let ended = client.post(Purpose::CrashReport, NOBODY, &[], b"hello", LIMITS);
                    assert_eq!(ended.unwrap_err(), Error::Refused);
                }
            });
        }
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let all = person.network().contacts().unwrap();
    assert_eq!((all.contacts.len(), all.unread_lines), (160, 0));
    assert!(
        all.contacts
            .iter()
            .all(|contact| contact.outcome == Outcome::Refused),
        "each with its own end"
    );
}

#[test]
fn lines_that_can_not_be_read_hide_no_other() {
    let person = Person::new();
    let escape = begun("c", START_MS, "evil\\u001b[31m.example");
    let lines = [
        begun("a", START_MS, "one.example"),
        "rubbish".to_owned(),
        String::new(),
        escape,
        ended("a"),
        begun("b", START_MS, "two.example"),
        "{\"begun\":{\"id\":\"half".to_owned(),
    ];
    write(&person, "contacts.jsonl", &lines.join("\n"));
    person.post(NOBODY, &[], b"hello", LIMITS).unwrap_err();
    let all = person.network().contacts().unwrap();
    let hosts: Vec<_> = all.contacts.iter().map(|one| one.host.as_str()).collect();
    assert_eq!(hosts[1..], ["two.example", "one.example"]);
    assert_eq!(all.contacts[2].outcome, Outcome::Answered(200));
    assert_eq!(all.unread_lines, 4, "and each of them is counted");
}

#[test]
fn what_is_kept_is_bounded_in_calls_in_days_and_in_bytes() {
    let person = Person::new();
    let mut lines = String::new();
    for number in 0..9_000 {
        let host = format!("host-{number}.example");
        let id = number.to_string();
        lines.push_str(&begun(&id, START_MS, &host));
        lines.push('\n');
        lines.push_str(&ended(&id));
        lines.push('\n');
    }
    assert!(lines.len() > 1024 * 1024, "more than is kept");
    write(&person, "contacts.jsonl", &lines);
    assert_eq!(
        person.contacts().len(),
        2_000,
        "before it is written anew too"
    );
    person.post(NOBODY, &[], b"hello", LIMITS).unwrap_err();
    assert!(person.list().len() <= 600 * 1024, "{}", person.list().len());
    let contacts = person.contacts();
    assert!(
        (1_500..=2_000).contains(&contacts.len()),
        "{}",
        contacts.len()
    );
    assert_eq!(contacts[0].outcome, Outcome::Refused, "the newest is there");
    assert_eq!(contacts[1].host, "host-8999.example");
    assert_eq!(contacts[1].outcome, Outcome::Answered(200), "with its end");

    person.advance(90 * DAY_MS + 1);
    assert_eq!(person.contacts(), [], "nobody remembers for longer");
    person.advance(DAY_MS);
    person.post(NOBODY, &[], b"hello", LIMITS).unwrap_err();
    assert_eq!(person.contacts().len(), 1);
    assert!(!person.list().contains("host-"), "and it is gone");
}

#[test]
fn a_call_that_can_not_be_noted_is_not_made() {
    let person = Person::new();
    let Some(full) = FullVolume::mount(&person.folder()) else {
        println!("left out: this user may not mount a volume that could be full");
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let short = Limits {
        whole: Duration::from_millis(50),
        ..LIMITS
    };
    assert_eq!(
        person.post(&url, &[], b"hello", short).unwrap_err(),
        Error::NotNoted(ErrorKind::StorageFull)
    );
    assert!(listener.accept().is_err(), "nobody came");
    assert_eq!(person.list(), "", "and no half of a line is left");
    std::fs::remove_file(&full.ballast).unwrap();
    assert_eq!(
        person.post(&url, &[], b"hello", short).unwrap_err(),
        Error::TimedOut,
        "it is made as soon as there is room"
    );
    assert!(listener.accept().is_ok());
}

#[test]
fn a_list_that_can_not_be_shortened_keeps_no_call_from_being_made() {
    let person = Person::new();
    let mut lines = String::new();
    while lines.len() <= 1024 * 1024 {
        lines.push_str(&begun("a", START_MS, "host.example"));
        lines.push('\n');
    }
    write(&person, "contacts.jsonl", &lines);
    // In the place of the draft of the shorter list.
    std::fs::create_dir(person.folder().join("contacts.jsonl.new")).unwrap();
    assert_eq!(
        person.post(NOBODY, &[], b"hello", LIMITS).unwrap_err(),
        Error::Refused,
        "it is noted, and so it is made"
    );
    assert_eq!(outcomes(&person)[0], Outcome::Refused);
    std::fs::remove_dir(person.folder().join("contacts.jsonl.new")).unwrap();
    person.post(NOBODY, &[], b"hello", LIMITS).unwrap_err();
    assert!(
        person.list().len() <= 600 * 1024,
        "the next makes up for it"
    );
}

/// A volume without any room, given back when the test ends.
struct FullVolume {
    folder: PathBuf,
    ballast: PathBuf,
}

impl FullVolume {
    fn mount(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            return None;
        }
        let ballast = folder.join("ballast");
        std::fs::write(&ballast, [1; 128 * 1024]).unwrap_err();
        Some(Self {
            folder: folder.to_owned(),
            ballast,
        })
    }
}

impl Drop for FullVolume {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.folder).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn bytes_of_a_connection_that_proves_nothing_are_counted_too() {
    let person = Person::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let serving = std::thread::Builder::new()
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = [0; 4096];
            let read = stream.read(&mut seen).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            read
        })
        .unwrap();
    person
        .post(&format!("https://{at}/"), &[], b"hello", LIMITS)
        .unwrap_err();
    let greeting = serving.join().unwrap() as u64;
    let contact = &person.contacts()[0];
    assert_eq!(contact.outcome, Outcome::NotSafe);
    assert!(contact.bytes.unwrap().sent >= greeting && greeting > 100);
}

#[test]
fn changes_are_told_together_and_the_last_always() {
    let person = Person::new();
    let network = person.network();
    let (tell, told) = mpsc::channel();
    let looking = person.network();
    let teller = network
        .keep_telling(move || tell.send(looking.switch()).unwrap_or_default())
        .unwrap();
    for _ in 0..20 {
        network.set_offline(true).unwrap();
        network.set_offline(false).unwrap();
    }
    network.set_offline(true).unwrap();
    let mut last = told.recv_timeout(Duration::from_secs(30)).unwrap();
    let mut times = 1;
    while let Ok(next) = told.recv_timeout(Duration::from_secs(2)) {
        last = next;
        times += 1;
    }
    assert_eq!(last, Switch::Offline, "however it ended is told");
    assert!(times < 41, "{times} times for 41 changes");
    drop(teller);
    assert!(told.recv().is_err(), "and its thread has ended");
}
