//! Against a real server that speaks TLS.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use ureq::tls::{Certificate, RootCerts};

use super::*;

/// Of a server at 127.0.0.1, signed by itself, from 2020 until 2120.
const CERTIFICATE: &[u8] = include_bytes!("../../tests/tls/certificate.der");
const KEY: &[u8] = include_bytes!("../../tests/tls/key.der");

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    whole: Duration::from_secs(10),
    request_bytes_max: 1024,
    response_bytes_max: 64,
};

/// Hears one call out and answers with a record that nobody can decrypt. Says what it was told.
fn breaking_off() -> (String, JoinHandle<Vec<u8>>) {
    let provider = rustls::crypto::ring::default_provider();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/in", listener.local_addr().unwrap());
    let serving = std::thread::Builder::new()
        .spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut server = ServerConnection::new(Arc::new(config)).unwrap();
            let (mut told, mut chunk) = (Vec::new(), [0; 1024]);
            while !told.ends_with(b"hello") {
                match Stream::new(&mut server, &mut socket).read(&mut chunk) {
                    Ok(read) if read > 0 => told.extend(chunk.iter().take(read)),
                    _ => return told,
                }
            }
            let record = [&[0x17, 0x03, 0x03, 0x00, 0x20][..], &[7; 0x20]].concat();
            socket.write_all(&record).unwrap();
            told
        })
        .unwrap();
    (url, serving)
}

fn ended(tls: TlsConfig) -> (Error, Outcome, Vec<u8>) {
    let own = tempfile::tempdir().unwrap();
    let network = Network::new(own.path().join("network"), Arc::new(|| 1_790_000_123_456));
    let client = Client::trusting(network, || false, tls);
    let (url, serving) = breaking_off();
    let ended = client.post(Purpose::CrashReport, &url, &[], b"hello", LIMITS);
    let noted = client.network().contacts().unwrap().contacts[0].outcome;
    (ended.unwrap_err(), noted, serving.join().unwrap())
}

#[test]
fn a_connection_that_breaks_after_something_was_said_is_not_told_as_one_where_nothing_was() {
    let certificate = Certificate::from_der(CERTIFICATE).to_owned();
    let trusted = TlsConfig::builder()
        .root_certs(RootCerts::from(vec![certificate]))
        .build();
    let (error, noted, told) = ended(trusted);
    assert!(told.ends_with(b"hello"), "it has heard the body");
    assert_eq!((error, noted), (Error::CutOff, Outcome::CutOff));
}

#[test]
fn to_a_server_that_nobody_vouches_for_nothing_is_said() {
    let (error, noted, told) = ended(TlsConfig::default());
    assert_eq!(told, b"");
    assert_eq!((error, noted), (Error::NotSafe, Outcome::NotSafe));
}
