//! What becomes of real files: `oldgrowth import` grows a memory of some folders until nothing is left to be done, and
//! this prints what it came to, and ten of its summaries beside their sources for a person to judge.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oldgrowth_store::Store;
use rusqlite::{Connection, Row, named_params};

use crate::growing::memory_of;
use crate::read::open;
use crate::table::say;
use crate::timed;

const LOOK_EVERY: Duration = Duration::from_millis(50);
const SHOWN: usize = 10;

/// What is counted, and how. Each answers with lines of a name and a number.
const COUNTS: [(&str, &str); 9] = [
    (
        "documents",
        "SELECT format, count(*) FROM documents WHERE superseded_at IS NULL GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "passages",
        "SELECT iif(happened_at IS NULL, 'undated', 'dated'), count(*) FROM chunks GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "summaries of sources, by level",
        "SELECT n.level, count(*) FROM nodes n JOIN trees t ON t.id = n.tree_id WHERE t.kind = 'source' GROUP BY 1",
    ),
    (
        "summaries of topics, by level",
        "SELECT n.level, count(*) FROM nodes n JOIN trees t ON t.id = n.tree_id WHERE t.kind = 'topic' GROUP BY 1",
    ),
    (
        "stretches of days",
        "SELECT CASE rank WHEN 0 THEN 'days' WHEN 1 THEN 'weeks' WHEN 2 THEN 'months' ELSE 'years' END, count(*)
         FROM periods GROUP BY rank",
    ),
    (
        "summaries of days and more, by level",
        "SELECT n.level, count(*) FROM nodes n JOIN trees t ON t.id = n.tree_id WHERE t.kind = 'period' GROUP BY 1",
    ),
    (
        "summaries that say nothing",
        "SELECT t.kind, sum(NOT EXISTS (SELECT 1 FROM node_spans x WHERE x.node_id = n.id)) || ' of ' || count(*)
         FROM nodes n JOIN trees t ON t.id = n.tree_id GROUP BY 1",
    ),
    (
        "topics",
        "SELECT kind, count(*) FROM topics GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "names",
        "SELECT kind, count(*) || ' in ' || sum(mentions) || ' places' FROM entities GROUP BY 1 ORDER BY count(*) DESC",
    ),
];

/// A summary, and where it stands.
struct Shown {
    node: i64,
    of: String,
    level: i64,
    passages: i64,
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn grow(folders: &[PathBuf]) {
    let workspace = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("the program has a path");
    let program = program.with_file_name(format!("oldgrowth{}", std::env::consts::EXE_SUFFIX));
    let mut importing = Command::new(&program)
        .arg("--workspace")
        .arg(workspace.path())
        .arg("import")
        .args(folders)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("oldgrowth lies beside this program: cargo build --release -p oldgrowth-agent");
    let (time, memory) = timed(|| most_memory(&mut importing));
    let file = workspace.path().join(Store::FILE);
    let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
    let connection = open(&file);
    say("| what | figure |\n| --- | --- |");
    line("time", &format!("{:.0} s", time.as_secs_f64()));
    line("memory, at most", &format!("{} MB", memory / 1_000_000));
    line("database", &format!("{} MB", bytes / 1_000_000));
    for (what, sql) in COUNTS {
        let counts = rows(&connection, sql, |row| {
            Ok(format!("{}: {}", text(row, 0)?, text(row, 1)?))
        });
        line(what, &counts.join(", "));
    }
    for shown in spread(&connection) {
        print(&connection, &shown);
    }
}

/// Waits until it ends well, and answers how many bytes it took at most.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn most_memory(importing: &mut Child) -> u64 {
    let mut most = 0;
    loop {
        most = memory_of(importing.id(), "VmHWM:").unwrap_or(0).max(most);
        if let Some(ended) = importing.try_wait().expect("the import is a child of this") {
            assert!(
                ended.success() || ended.code() == Some(1),
                "the import ends: {ended}"
            );
            return most;
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// Some of each source, of days and of topics, and of each from its first to its last.
fn spread(connection: &Connection) -> Vec<Shown> {
    const SQL: &str = "
        SELECT n.id, t.kind || ' ' || coalesce(s.name, o.name, date(p.first_day * 86400, 'unixepoch') || ' to '
                                               || date(p.last_day * 86400, 'unixepoch')),
               n.level, n.passages, coalesce(s.name, t.kind)
        FROM nodes n JOIN trees t ON t.id = n.tree_id
        LEFT JOIN sources s ON s.id = t.source_id LEFT JOIN topics o ON o.tree_id = t.id
        LEFT JOIN periods p ON p.tree_id = t.id
        ORDER BY n.id";
    let mut kinds: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
    for (kind, shown) in rows(connection, SQL, |row| {
        let shown = Shown {
            node: row.get(0)?,
            of: row.get(1)?,
            level: row.get(2)?,
            passages: row.get(3)?,
        };
        Ok((row.get(4)?, shown))
    }) {
        kinds.entry(kind).or_default().push(shown);
    }
    let many = kinds.len().max(1);
    let mut chosen = Vec::new();
    for (at, kind) in kinds.into_values().enumerate() {
        let share = SHOWN / many + usize::from(at < SHOWN % many);
        let step = kind.len().div_ceil(share.max(1)).max(1);
        chosen.extend(kind.into_iter().skip(step / 2).step_by(step).take(share));
    }
    chosen
}

fn print(connection: &Connection, shown: &Shown) {
    const SAID: &str = "
        SELECT substr(CAST(n.text AS BLOB), s.text_start + 1, s.text_end - s.text_start), d.title
        FROM node_spans s JOIN nodes n ON n.id = s.node_id JOIN chunks c ON c.id = s.chunk_id
        JOIN documents d ON d.id = c.document_id WHERE s.node_id = :node ORDER BY s.sentence";
    const OF: &str = "
        SELECT coalesce(c.text, m.text), d.title FROM node_children x
        LEFT JOIN chunks c ON c.id = x.chunk_id LEFT JOIN documents d ON d.id = c.document_id
        LEFT JOIN nodes m ON m.id = x.child_id WHERE x.node_id = :node ORDER BY x.position";
    say(&format!(
        "\n== {}, level {}, of {} passages",
        shown.of, shown.level, shown.passages
    ));
    let node = named_params! { ":node": shown.node };
    for said in with(connection, SAID, node, |row| {
        let said = String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned();
        Ok(format!("  * {said}  [{}]", text(row, 1)?))
    }) {
        say(&said);
    }
    say("  -- of:");
    for source in with(connection, OF, node, |row| {
        let source = text(row, 0)?;
        let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(format!("  - [{}] {source}", text(row, 1)?))
    }) {
        say(&source);
    }
}

fn line(what: &str, figure: &str) {
    say(&format!("| {what} | {figure} |"));
}

/// A column as text, whatever it holds.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    use rusqlite::types::Value;
    Ok(match row.get(at)? {
        Value::Text(text) => text,
        Value::Integer(number) => number.to_string(),
        _ => "a summary".to_owned(),
    })
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    with(connection, sql, [], map)
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
fn with<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = connection.prepare(sql).expect("the query is right");
    let rows = statement.query_map(params, map).expect("the query runs");
    rows.collect::<rusqlite::Result<_>>()
        .expect("the rows are read")
}
