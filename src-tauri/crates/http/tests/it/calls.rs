use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use oldgrowth_http::{Client, Error, Limits, Purpose};

use crate::support::{LIMITS, NOBODY, Person, answering};

/// Where the child of a test that needs another environment sends to.
const ADDRESS: &str = "OLDGROWTH_TEST_ADDRESS";

#[test]
fn a_body_arrives_and_its_answer_comes_back() {
    let (url, serving) =
        answering("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nok");
    let response = Person::new()
        .post(&url, &[("X-Of-Ours", "yes")], b"hello", LIMITS)
        .unwrap();
    assert_eq!(
        (
            response.status,
            response.header("retry-after"),
            response.body.as_slice()
        ),
        (429, Some("7"), &b"ok"[..]),
        "a refusal is an answer, and is handed on whole"
    );
    let asked = serving.join().unwrap().to_lowercase();
    assert!(asked.starts_with("post /in http/1.1"), "{asked}");
    assert!(asked.contains("x-of-ours: yes"), "{asked}");
    assert!(
        !asked.contains("referer") && !asked.contains("cookie"),
        "nothing is told that was not asked for: {asked}"
    );
}

#[test]
fn no_redirect_is_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = elsewhere.local_addr().unwrap();
    let answer = format!(
        "HTTP/1.1 307 Elsewhere\r\nLocation: http://{to}/taken\r\nContent-Length: 0\r\n\r\n"
    );
    let (url, serving) = answering(Box::leak(answer.into_boxed_str()));
    let response = Person::new().post(&url, &[], b"hello", LIMITS).unwrap();
    serving.join().unwrap();
    assert_eq!(response.status, 307, "it is told as what it is");
    assert!(
        elsewhere.accept().is_err(),
        "nobody else is given what was meant for one"
    );
}

#[test]
fn what_is_too_large_is_refused_in_both_directions() {
    let client = Person::new();
    assert_eq!(
        client
            .post("http://127.0.0.1:9/", &[], &[0; 2000], LIMITS)
            .unwrap_err(),
        Error::RequestTooLarge,
        "before anything is sent"
    );
    let body = "x".repeat(65);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n{body}");
    let (url, serving) = answering(Box::leak(answer.into_boxed_str()));
    assert_eq!(
        client.post(&url, &[], b"hello", LIMITS).unwrap_err(),
        Error::ResponseTooLarge,
        "one byte over the limit"
    );
    serving.join().unwrap();
}

#[test]
fn nobody_and_somebody_who_never_answers_are_told_apart() {
    let client = Person::new();
    assert_eq!(
        client.post(NOBODY, &[], b"hello", LIMITS).unwrap_err(),
        Error::Refused,
        "nothing listens there"
    );
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let short = Limits {
        whole: Duration::from_millis(50),
        ..LIMITS
    };
    assert_eq!(
        client.post(&url, &[], b"hello", short).unwrap_err(),
        Error::TimedOut,
        "it has a connection and no answer"
    );
    assert_eq!(
        client.post("not a url", &[], b"hello", LIMITS).unwrap_err(),
        Error::BadAddress,
        "there is nowhere to go"
    );
}

#[test]
fn a_server_that_can_not_prove_itself_is_told_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let serving = std::thread::Builder::new()
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = vec![0; 4096];
            let read = stream.read(&mut seen).unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .unwrap();
            seen.truncate(read);
            seen
        })
        .unwrap();
    let refused = Person::new().post(&url, &[], b"hello", LIMITS).unwrap_err();
    assert_eq!(refused, Error::NotSafe, "it does not speak TLS");
    let seen = serving.join().unwrap();
    assert!(
        !seen.windows(5).any(|bytes| bytes == b"hello"),
        "the body waits for the proof"
    );
}

#[test]
fn a_thread_that_holds_a_connection_is_refused() {
    thread_local! {
        static HELD: Cell<bool> = const { Cell::new(false) };
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let person = Person::new();
    let client = Client::new(person.network(), || HELD.get());
    HELD.set(true);
    assert_eq!(
        client
            .post(Purpose::CrashReport, &url, &[], b"hello", LIMITS)
            .unwrap_err(),
        Error::HeldConnection,
        "a slow server would keep everybody from the database"
    );
    assert!(listener.accept().is_err(), "nothing was even begun");
}

/// Does something only in a child process.
#[test]
fn child_that_sends() {
    if let Ok(url) = std::env::var(ADDRESS) {
        Person::new().post(&url, &[], b"hello", LIMITS).unwrap();
    }
}

#[test]
fn a_proxy_in_the_environment_is_not_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let through = format!("http://{}", proxy.local_addr().unwrap());
    let (url, serving) = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["calls::child_that_sends", "--exact"])
        .env(ADDRESS, url);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, &through);
    }
    for name in ["NO_PROXY", "no_proxy"] {
        child.env_remove(name);
    }
    assert!(
        child.output().unwrap().status.success(),
        "it got its answer"
    );
    serving.join().unwrap();
    assert!(proxy.accept().is_err(), "and went there by itself");
}
