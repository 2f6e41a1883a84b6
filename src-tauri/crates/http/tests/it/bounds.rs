//! How far calls go, and for how long.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use oldgrowth_http::{Client, Error, Limits, Outcome, Purpose};

use crate::support::{LIMITS, Person, answering, read_request};

/// How long a slow server takes for each byte.
const TRICKLE: Duration = Duration::from_millis(50);

#[test]
fn what_may_go_to_this_computer_alone_is_said_to_no_other() {
    let person = Person::new();
    let client = Client::new(person.network(), || false).only_here();
    for elsewhere in [
        "http://192.0.2.7/",
        "https://192.0.2.7/",
        "http://[2001:db8::7]/",
        "http://0.0.0.0:9/",
    ] {
        assert_eq!(
            client
                .post(Purpose::Summary, elsewhere, &[], b"hello", LIMITS)
                .unwrap_err(),
            Error::NotHere,
            "{elsewhere}"
        );
    }
    let contacts = person.contacts();
    assert_eq!(contacts.len(), 4, "that it was tried is noted");
    assert!(
        contacts.iter().all(|one| {
            let bytes = one.bytes.unwrap();
            (one.outcome, bytes.sent, bytes.received) == (Outcome::NotHere, 0, 0)
        }),
        "and that nothing went: {contacts:?}"
    );
    let (url, serving) = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let by_name = url.replace("127.0.0.1", "localhost");
    client
        .post(Purpose::Summary, &by_name, &[], b"hello", LIMITS)
        .unwrap();
    serving.join().unwrap();
}

#[test]
fn what_is_at_an_address_is_asked_for_without_a_body() {
    let person = Person::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/models", listener.local_addr().unwrap());
    let serving = std::thread::Builder::new()
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = vec![0; 1024];
            let read = std::io::Read::read(&mut stream, &mut asked).unwrap();
            asked.truncate(read);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            std::io::Write::write_all(&mut stream, answer).unwrap();
            String::from_utf8(asked).unwrap().to_lowercase()
        })
        .unwrap();
    let response = Client::new(person.network(), || false)
        .get(Purpose::ModelTrial, &url, &[("X-Of-Ours", "yes")], LIMITS)
        .unwrap();
    assert_eq!(response.body, b"{}");
    let asked = serving.join().unwrap();
    assert!(asked.starts_with("get /v1/models http/1.1"), "{asked}");
    assert!(asked.contains("x-of-ours: yes"), "{asked}");
    assert_eq!(person.contacts()[0].purpose, Purpose::ModelTrial);
}

#[test]
fn a_call_that_nobody_wants_any_more_ends_at_once() {
    let person = Person::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    let serving = std::thread::Builder::new()
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut stream);
            // It was heard, and nobody would ever answer.
            stopping.store(true, Ordering::SeqCst);
            stream
        })
        .unwrap();
    let client = Client::new(person.network(), || false).until(stop);
    assert_eq!(
        client
            .post(Purpose::Summary, &url, &[], b"hello", LIMITS)
            .unwrap_err(),
        Error::Stopped
    );
    drop(serving.join().unwrap());
    assert_eq!(person.contacts()[0].outcome, Outcome::Stopped);
    assert!(
        person.contacts()[0].bytes.unwrap().sent > 0,
        "what has gone is known"
    );
    assert_eq!(
        client
            .post(
                Purpose::Summary,
                "http://127.0.0.1:1/",
                &[],
                b"hello",
                LIMITS
            )
            .unwrap_err(),
        Error::Refused,
        "one that can't even begin says why"
    );
}

#[test]
fn who_waits_in_turns_waits_no_longer_than_was_said() {
    let person = Person::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let some_turns = Limits {
        whole: Duration::from_millis(250),
        ..LIMITS
    };
    assert_eq!(
        person.post(&url, &[], b"hello", some_turns).unwrap_err(),
        Error::TimedOut
    );
    let larger = Limits {
        request_bytes_max: usize::MAX,
        ..some_turns
    };
    let more_than_the_system_holds = vec![b'x'; 32 * 1024 * 1024];
    assert_eq!(
        person
            .post(&url, &[], &more_than_the_system_holds, larger)
            .unwrap_err(),
        Error::TimedOut,
        "nobody takes what is said"
    );
}

/// A server that says this at once, and then a byte of nothing every while until nobody listens.
fn trickling(at_once: &'static str) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = std::thread::Builder::new()
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut stream);
            stream.write_all(at_once.as_bytes()).unwrap();
            let (_tell, told) = channel::<()>();
            let mut said = 0;
            while said < 10_000 && stream.write_all(b"x").is_ok() {
                said += 1;
                assert_eq!(told.recv_timeout(TRICKLE), Err(RecvTimeoutError::Timeout));
            }
            said
        })
        .unwrap();
    (url, serving)
}

#[test]
fn a_server_that_trickles_is_left_when_the_time_for_the_whole_call_is_over() {
    for at_once in [
        "HTTP/1.1 200 ",
        "HTTP/1.1 200 OK\r\nX-Slow: ",
        "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let person = Person::new();
        let (url, serving) = trickling(at_once);
        let whole = Limits {
            whole: TRICKLE * 8,
            ..LIMITS
        };
        assert_eq!(
            person.post(&url, &[], b"hello", whole).unwrap_err(),
            Error::TimedOut,
            "each byte came in time, and the call did not: {at_once:?}"
        );
        assert_eq!(person.contacts()[0].outcome, Outcome::TimedOut);
        assert!(serving.join().unwrap() < 40, "nobody listens any longer");
    }
}
