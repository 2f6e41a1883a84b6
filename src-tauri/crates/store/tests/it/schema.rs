use std::path::PathBuf;

use oldgrowth_domain::sealing::LEAF_ITEMS_MAX;
use oldgrowth_store::SCHEMA_VERSION;
use oldgrowth_testkit::{Corpus, TestEngine};

use crate::place::{fresh, raw, with_store};

/// Set to write the snapshot anew after a step has been added.
const WRITE: &str = "OLDGROWTH_WRITE_SNAPSHOTS";

fn snapshot() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema/schema.sql")
}

/// Every table and index as SQLite has it, by name; those that FTS5 makes for itself left out.
fn schema_of(folder: &std::path::Path) -> String {
    let raw = raw(folder);
    let mut rows = raw
        .prepare(
            "SELECT sql FROM sqlite_schema
             WHERE sql IS NOT NULL AND (name NOT LIKE 'words\\_%' ESCAPE '\\' OR name = 'words_near')
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             ORDER BY tbl_name, type DESC, name",
        )
        .unwrap();
    let statements: Vec<String> = rows
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .map(|sql| sql.unwrap() + ";\n")
        .collect();
    format!(
        "-- What the steps come to, version {SCHEMA_VERSION}. Written by the store's tests when {WRITE} is set.\n\n{}",
        statements.join("\n")
    )
}

#[test]
fn a_fresh_file_has_the_schema_that_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    let found = schema_of(folder.path());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(snapshot(), &found).unwrap();
    }
    let written = std::fs::read_to_string(snapshot()).unwrap_or_default();
    let (now, before): (Vec<_>, Vec<_>) = (found.lines().collect(), written.lines().collect());
    let new: Vec<_> = now.iter().filter(|line| !before.contains(line)).collect();
    let gone: Vec<_> = before.iter().filter(|line| !now.contains(line)).collect();
    assert_eq!(
        found, written,
        "{WRITE}=1 writes it anew. New lines: {new:#?}, gone: {gone:#?}"
    );
}

#[test]
fn a_file_without_one_of_its_tables_is_damaged_and_one_without_its_word_index_is_not() {
    let names = {
        let folder = tempfile::tempdir().unwrap();
        fresh(folder.path());
        let raw = raw(folder.path());
        let mut all = raw
            .prepare(
                "SELECT name FROM pragma_table_list
                 WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
            )
            .unwrap();
        let names = all.query_map([], |row| row.get(0)).unwrap();
        names.collect::<Result<Vec<String>, _>>().unwrap()
    };
    for name in names {
        let folder = tempfile::tempdir().unwrap();
        fresh(folder.path());
        raw(folder.path())
            .execute_batch(&format!("PRAGMA foreign_keys = 0; DROP TABLE {name}"))
            .unwrap();
        with_store(folder.path(), |store| {
            let opened = store.try_now();
            assert_eq!(
                opened.is_ok(),
                ["words", "words_near"].contains(&name.as_str()),
                "without {name}: {opened:?}"
            );
        });
    }
}

#[test]
fn every_table_is_strict_and_every_reference_is_indexed() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    let raw = raw(folder.path());
    let mut tables = raw
        .prepare(
            "SELECT name, strict FROM pragma_table_list
             WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )
        .unwrap();
    let tables: Vec<(String, bool)> = tables
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(tables.len() >= 10, "the tables are seen: {tables:?}");
    for (table, strict) in &tables {
        assert!(strict, "{table} takes a value of any type");
    }
    // Jobs are never deleted with their documents or sources, so theirs need none.
    let unindexed: Vec<String> = tables
        .iter()
        .flat_map(|(table, _)| unindexed_references(&raw, table))
        .filter(|reference| !["jobs.document_id"].contains(&reference.as_str()))
        .collect();
    assert_eq!(
        unindexed,
        Vec::<String>::new(),
        "following these backwards reads a whole table"
    );
}

/// `table.column` of each reference that no index begins with.
fn unindexed_references(raw: &rusqlite::Connection, table: &str) -> Vec<String> {
    let mut rows = raw
        .prepare(
            "SELECT f.\"from\" FROM pragma_foreign_key_list(:table) f
             WHERE NOT EXISTS (SELECT 1 FROM pragma_index_list(:table) l, pragma_index_info(l.name) i
                                WHERE i.seqno = 0 AND i.name = f.\"from\")",
        )
        .unwrap();
    rows.query_map([table], |row| row.get::<_, String>(0))
        .unwrap()
        .map(|column| format!("{table}.{}", column.unwrap()))
        .collect()
}

#[test]
fn references_hold_and_the_file_is_sound_after_work() {
    let (workspace, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let corpus = Corpus::new(3);
    corpus
        .write_notes(notes.path(), LEAF_ITEMS_MAX as usize * 3, 3)
        .unwrap();
    let test = TestEngine::start(workspace.path(), 2);
    for _ in 0..2 {
        test.engine
            .start_import(&[notes.path().to_path_buf()])
            .unwrap();
        assert!(test.engine.wait_until_idle(|| true).unwrap(), "to the end");
        // The same names with other texts: each supersedes what was there.
        corpus
            .write_notes(notes.path(), LEAF_ITEMS_MAX as usize * 3, 3)
            .unwrap();
    }
    drop(test);
    let raw = raw(workspace.path());
    let mut broken = raw.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(
        !broken.exists([]).unwrap(),
        "every reference leads somewhere"
    );
    let sound: String = raw
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok", "and the file is sound");
    for list in ["words", "words_near"] {
        raw.execute_batch(&format!(
            "INSERT INTO {list} ({list}) VALUES ('integrity-check')"
        ))
        .expect("the word index is sound in itself");
    }
    let nodes: i64 = raw
        .query_row("SELECT count(*) FROM nodes", [], |row| row.get(0))
        .unwrap();
    assert!(nodes > 0, "there was work to be sound after");
}
