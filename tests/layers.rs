//! The arrows between the crates, and the rules that hold for every file.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed set-up should fail the test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates each of our crates may be built on. What only its tests use is not counted.
const ARROWS: [(&str, &[&str]); 15] = [
    ("oldgrowth-domain", &[]),
    ("oldgrowth-keeper", &[]),
    ("oldgrowth-wire", &[]),
    ("oldgrowth-folder", &[]),
    ("oldgrowth-embedder", &[]),
    ("oldgrowth-weights", &["embedder"]),
    ("oldgrowth-http", &["folder"]),
    ("oldgrowth-reports", &["folder", "http"]),
    ("oldgrowth-store", &["keeper", "domain"]),
    ("oldgrowth-engine", &["store", "domain"]),
    ("oldgrowth-importers", &["engine", "domain"]),
    (
        "oldgrowth-models",
        &["engine", "domain", "embedder", "folder", "http"],
    ),
    (
        "oldgrowth-agent",
        &[
            "wire",
            "engine",
            "store",
            "importers",
            "models",
            "domain",
            "keeper",
            "http",
            "reports",
        ],
    ),
    (
        "oldgrowth-testkit",
        &[
            "agent",
            "wire",
            "embedder",
            "engine",
            "store",
            "importers",
            "models",
            "domain",
            "keeper",
        ],
    ),
    ("oldgrowth-desktop", &["agent", "wire", "reports"]),
];

/// Crates that are known to some of ours alone.
const KEPT_APART: [(&str, &[&str]); 5] = [
    (
        "rusqlite",
        &["oldgrowth-keeper", "oldgrowth-store", "oldgrowth-testkit"],
    ),
    ("tauri", &["oldgrowth-desktop"]),
    ("rten", &["oldgrowth-embedder"]),
    ("ureq", &["oldgrowth-http"]),
    ("sentry", &["oldgrowth-reports"]),
];

/// The crates that may not speak of how the store is made.
const ABOVE_THE_STORE: [&str; 11] = [
    "src-tauri/src",
    "src-tauri/crates/agent/src",
    "src-tauri/crates/domain/src",
    "src-tauri/crates/embedder/src",
    "src-tauri/crates/engine/src",
    "src-tauri/crates/folder/src",
    "src-tauri/crates/http/src",
    "src-tauri/crates/importers/src",
    "src-tauri/crates/models/src",
    "src-tauri/crates/reports/src",
    "src-tauri/crates/wire/src",
];

/// Packages by which something could be called behind the one client, however deep they lie in what is shipped.
const SPEAKS_BY_ITSELF: [&str; 22] = [
    "attohttpc",
    "awc",
    "curl",
    "h2",
    "h3",
    "hickory-resolver",
    "hyper",
    "isahc",
    "lettre",
    "minreq",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "sentry",
    "surf",
    "tauri-plugin-http",
    "tauri-plugin-updater",
    "tauri-plugin-upload",
    "tauri-plugin-websocket",
    "tonic",
    "tungstenite",
];

/// What opens a way to another computer. Other programs on this one are spoken to through a local socket.
const WAYS_OUT: [&str; 10] = [
    "std::net",
    "tokio::net",
    "rustix::net",
    "socket2",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "getaddrinfo",
    // A program of another's could call somebody in our name.
    "Command::new(",
];

/// What statements begin with. In capitals, as we write them.
const SQL: [&str; 8] = [
    "SELECT ",
    "INSERT INTO",
    "INSERT OR ",
    "DELETE FROM",
    "CREATE TABLE",
    "CREATE INDEX",
    "PRAGMA ",
    "ON CONFLICT",
];

const LINES_MAX: usize = 700;

/// Where we write, and what in it is not written by hand.
const WRITTEN: [&str; 6] = ["src-tauri", "tests", "ui", "scripts", "docs", ".ci"];
const NOT_WRITTEN: [&str; 6] = ["target", "node_modules", "dist", "gen", "samples", "data"];
const TEXT_ENDINGS: [&str; 14] = [
    "rs", "toml", "json", "mjs", "js", "ts", "svelte", "css", "html", "md", "sql", "sh", "yml",
    "txt",
];

struct Dependency {
    of: String,
    on: String,
    by_tests_alone: bool,
    features: BTreeSet<String>,
}

#[test]
fn crates_depend_only_along_the_arrows() {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    for dependency in dependencies()
        .iter()
        .filter(|dependency| dependency.on.starts_with("oldgrowth-"))
    {
        assert!(
            known.contains(dependency.of.as_str()),
            "{} has no arrows yet: add its line",
            dependency.of
        );
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == dependency.of)
            .unwrap();
        let on = dependency.on.trim_start_matches("oldgrowth-");
        assert!(
            dependency.by_tests_alone || allowed.contains(&on),
            "{} may not be built on {}",
            dependency.of,
            dependency.on
        );
    }
}

#[test]
fn the_database_and_the_window_are_known_where_they_belong() {
    for dependency in dependencies()
        .iter()
        .filter(|dependency| !dependency.by_tests_alone)
    {
        for (family, allowed) in KEPT_APART {
            let of_family =
                dependency.on == family || dependency.on.starts_with(&format!("{family}-"));
            assert!(
                !of_family || allowed.contains(&dependency.of.as_str()),
                "{} may not know {}",
                dependency.of,
                dependency.on
            );
        }
    }
}

#[test]
fn one_client_alone_speaks_to_other_computers() {
    let ran = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--workspace", "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "cargo must know what is shipped: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let shipped = String::from_utf8(ran.stdout).unwrap();
    let shipped: BTreeSet<&str> = shipped
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        shipped.contains("ureq") && shipped.contains("tauri"),
        "the client and the window are among {shipped:?}"
    );
    for package in SPEAKS_BY_ITSELF {
        assert!(!shipped.contains(package), "{package} is shipped");
    }
    for dependency in dependencies().iter().filter(|one| !one.by_tests_alone) {
        assert!(
            !["net", "full"]
                .iter()
                .any(|feature| dependency.features.contains(*feature)),
            "{} takes a way out with {}",
            dependency.of,
            dependency.on
        );
    }
}

#[test]
fn nobody_opens_a_way_to_another_computer_by_themselves() {
    let shipped: Vec<&str> = ABOVE_THE_STORE
        .into_iter()
        .chain(["src-tauri/crates/keeper/src", "src-tauri/crates/store/src"])
        .collect();
    let mut calls = 0;
    for (path, text) in sources(&shipped) {
        if path.components().any(|part| part.as_os_str() == "tests")
            || path.file_stem().is_some_and(|name| name == "tests")
        {
            continue;
        }
        for (number, line) in code_lines(&text) {
            let way = WAYS_OUT.iter().find(|way| line.contains(**way));
            assert_eq!(way, None, "{}:{number} opens a way out", path.display());
            calls += usize::from(line.contains("agent.run("));
        }
    }
    assert_eq!(
        calls, 1,
        "the client calls in one place, behind the switch and the list"
    );
}

#[test]
fn the_page_can_load_nothing_and_call_nobody() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = fs::read_to_string(root.join("tauri.conf.json")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let security = config["app"]["security"].as_object().unwrap();
    assert_eq!(
        security.keys().collect::<Vec<_>>(),
        ["csp"],
        "nothing besides the policy weakens it"
    );
    let policy: Vec<&str> = security["csp"].as_str().unwrap().split("; ").collect();
    for directive in [
        "default-src 'none'",
        // How the page speaks to its own program.
        "connect-src ipc: http://ipc.localhost",
        "script-src 'self'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(&directive), "{directive} in {policy:?}");
    }
    for directive in &policy {
        assert!(
            !directive.contains('*') && !directive.contains("https:"),
            "{directive} lets something in"
        );
    }
    for (path, text) in sources(&["src-tauri/capabilities"]) {
        assert!(
            !text.contains("\"remote\""),
            "{} grants something to other pages",
            path.display()
        );
    }
}

#[test]
fn no_sql_is_written_above_the_store() {
    for (path, text) in sources(&ABOVE_THE_STORE) {
        for (number, line) in code_lines(&text) {
            let spoken = SQL.iter().find(|words| line.contains(**words));
            assert_eq!(
                spoken,
                None,
                "{}:{number} speaks to the database itself",
                path.display()
            );
        }
    }
}

#[test]
fn only_the_keeper_opens_a_database() {
    let elsewhere: Vec<&str> = ABOVE_THE_STORE
        .into_iter()
        .chain(["src-tauri/crates/store/src"])
        .collect();
    for (path, text) in sources(&elsewhere) {
        for (number, line) in code_lines(&text) {
            for opening in ["Connection::open", "sqlite3_open", "ATTACH DATABASE"] {
                assert!(
                    !line.contains(opening),
                    "{}:{number} opens a database behind the keeper",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_file_is_short_finished_and_at_home_anywhere() {
    // In pieces, so that this file keeps its own rules.
    let unfinished = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimplemented", "!("),
    ];
    let home = std::env::home_dir().map(|home| format!("{}/", home.display()));
    let machines: Vec<String> = home
        .into_iter()
        .chain([concat!("/wo", "rk/").to_owned()])
        .collect();
    let passed_over = concat!("#[ig", "nore");
    let mut faults = Vec::new();
    for (path, text) in sources(&WRITTEN) {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!(
                "{}: {lines} lines are more than {LINES_MAX}; it has two reasons to change",
                path.display()
            ));
        }
        for (number, line) in text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
        {
            let mut fault = |what: &str| faults.push(format!("{}:{number} {what}", path.display()));
            if unfinished.iter().any(|mark| line.contains(mark)) {
                fault("is unfinished");
            }
            if machines.iter().any(|place| line.contains(place.as_str())) {
                fault("names a place on one machine");
            }
            if line.contains(passed_over) {
                fault("passes over a test");
            }
        }
    }
    assert!(
        faults.is_empty(),
        "each of these has to be mended:\n{}",
        faults.join("\n")
    );
}

fn dependencies() -> Vec<Dependency> {
    let ran = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "cargo must know its own workspace: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let metadata: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap();
    let dependencies: Vec<Dependency> = list(&metadata["packages"])
        .iter()
        .flat_map(|package| {
            list(&package["dependencies"])
                .into_iter()
                .map(|dependency| Dependency {
                    of: package["name"].as_str().unwrap().to_owned(),
                    on: dependency["name"].as_str().unwrap().to_owned(),
                    by_tests_alone: dependency["kind"] == "dev",
                    features: list(&dependency["features"])
                        .iter()
                        .map(|feature| feature.as_str().unwrap().to_owned())
                        .collect(),
                })
        })
        .collect();
    assert!(
        dependencies.len() > ARROWS.len(),
        "a workspace without dependencies was not read at all"
    );
    dependencies
}

/// The texts under these folders that were written by hand.
fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in folders {
        collect(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut found,
        );
    }
    assert!(
        !found.is_empty(),
        "a rule that looks at no file holds for nothing"
    );
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let ending = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !NOT_WRITTEN.contains(&name.as_str()) {
                collect(&path, found);
            }
        } else if TEXT_ENDINGS.contains(&ending.as_str())
            || folder.file_name().is_some_and(|name| name == ".ci")
        {
            let text = fs::read_to_string(&path).unwrap();
            let path = path
                .strip_prefix(env!("CARGO_MANIFEST_DIR"))
                .unwrap()
                .to_owned();
            found.push((path, text));
        }
    }
}

/// The lines that are shipped, with their numbers: comments and the tests at a file's end left out.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}
