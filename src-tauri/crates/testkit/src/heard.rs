//! A request of HTTP, as the servers of tests read it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

pub(crate) struct Heard {
    /// Its method and path: `POST /v1/chat/completions`.
    pub(crate) what: String,
    /// Its first line and its headers, in small letters.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// None of what is no whole request. The connection comes back to be answered on.
pub(crate) fn read(stream: TcpStream) -> Option<(Heard, TcpStream)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let what = first.trim().strip_suffix(" HTTP/1.1")?.to_owned();
    let mut head = first.to_lowercase();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line.to_lowercase());
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(Some(0), |length| length.trim().parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((Heard { what, head, body }, reader.into_inner()))
}
