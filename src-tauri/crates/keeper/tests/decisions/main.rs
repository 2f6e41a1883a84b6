//! The table of decisions, a row a fact: real files, their bytes before and after.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed set-up should fail the test"
)]

#[path = "../common/mod.rs"]
mod common;
mod found;
mod scene;
mod told;

use oldgrowth_keeper::decisions;

#[test]
fn each_row_of_the_table_has_its_fact() {
    let facts = [include_str!("found.rs"), include_str!("told.rs")].concat();
    for rule in &decisions::TABLE {
        let name = format!("fn row_{:02}_", rule.row.number());
        assert!(facts.contains(&name), "{:?} is told by a test", rule.row);
    }
}
