//! The documentation shows the table that the code follows.

use std::path::Path;

use oldgrowth_keeper::decisions::TABLE;

const BEGIN: &str = "<!-- decisions -->\n";
const END: &str = "<!-- /decisions -->";

fn as_documented() -> String {
    let mut text = String::from(
        "| # | what is found | what SQLite says | what is done |\n| --- | --- | --- | --- |\n",
    );
    for rule in &TABLE {
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            rule.row.number(),
            rule.seen,
            rule.sqlite_says,
            rule.action.in_words()
        ));
    }
    text
}

/// `OLDGROWTH_WRITE_SNAPSHOTS=1` writes it anew.
#[test]
fn the_documented_table_of_decisions_is_the_one_in_force() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/reliability.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    if std::env::var_os("OLDGROWTH_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(
            path,
            format!("{before}{BEGIN}{}{END}{after}", as_documented()),
        )
        .unwrap();
        return;
    }
    assert_eq!(
        table,
        as_documented(),
        "docs/reliability.md differs; OLDGROWTH_WRITE_SNAPSHOTS=1 writes it anew"
    );
}
