//! An address, taken apart.

use std::fmt;

use ureq::http::Uri;

use crate::contacts::is_host;

/// Where a server is called: `http` or `https`, a computer and its port, and a path without its last slash. It holds no
/// name of a person, no question and no fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    encrypted: bool,
    host: String,
    port: Option<u16>,
    path: String,
}

impl Address {
    /// What leads nowhere, or says more than where, is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.trim().parse().ok()?;
        let (encrypted, usual) = match uri.scheme_str()? {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => return None,
        };
        if uri.query().is_some() || text.contains('#') || uri.authority()?.as_str().contains('@') {
            return None;
        }
        let host = uri.host()?.to_ascii_lowercase();
        let port = uri.port();
        // A port that is no number is passed over otherwise.
        if uri.authority()?.as_str().len() != host.len() && port.is_none() {
            return None;
        }
        let port = port.map(|port| port.as_u16()).filter(|port| *port != usual);
        is_host(&host).then(|| Self {
            encrypted,
            host,
            port,
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Nobody on the way can read what is said.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The computer, with its port if that is not the usual one: as calls to it are listed.
    #[must_use]
    pub fn host(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Everything before the path.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}", self.host())
    }

    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same computer and port, at another path.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            ..self.clone()
        }
    }

    /// Its name says that it is this computer. Where it leads to only a call finds out: [`crate::Client::only_here`].
    #[must_use]
    pub fn names_this_computer(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = bare
            .parse::<core::net::IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback());
        is_loopback || bare == "localhost" || bare.ends_with(".localhost")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_nothing_else() {
        for (text, said, host) in [
            (
                "http://localhost:11434/v1/",
                "http://localhost:11434/v1",
                "localhost:11434",
            ),
            (
                " https://API.Example:443 ",
                "https://api.example",
                "api.example",
            ),
            ("http://[::1]:8080/v1", "http://[::1]:8080/v1", "[::1]:8080"),
            (
                "https://api.example/a/b//",
                "https://api.example/a/b",
                "api.example",
            ),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(
                (address.to_string().as_str(), address.host().as_str()),
                (said, host)
            );
        }
        for none in [
            "",
            "localhost:11434",
            "/v1",
            "ftp://api.example/v1",
            "https://key@api.example/v1",
            "https://api.example/v1?key=1",
            "https://api.example/v1#here",
            "https://api.example:http/v1",
            "https://api example/v1",
            "https://api.example:99999/",
            "https://\u{430}pi.example/v1",
            "https://api.example/\r\nHost: evil",
        ] {
            assert_eq!(Address::parse(none), None, "{none:?}");
        }
    }

    #[test]
    fn only_names_of_this_computer_name_it() {
        for (text, here) in [
            ("http://localhost/", true),
            ("http://LOCALHOST:1/", true),
            ("http://models.localhost/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://localhost.example/", false),
            ("http://127.0.0.1.example/", false),
            ("http://192.168.0.2/", false),
            ("http://0.0.0.0/", false),
        ] {
            assert_eq!(
                Address::parse(text).unwrap().names_this_computer(),
                here,
                "{text}"
            );
        }
    }
}
