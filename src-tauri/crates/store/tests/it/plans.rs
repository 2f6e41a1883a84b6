//! The statements that run all the time reach their rows by an index. They are taken from the
//! source, so that what is explained is what runs.

use rusqlite::Connection;

use crate::place::{fresh, raw};

const JOBS: &str = include_str!("../../src/table/jobs.rs");
const SEEN: &str = include_str!("../../src/table/jobs/seen.rs");
const PRUNED: &str = include_str!("../../src/table/jobs/pruned.rs");
const WORDS: &str = include_str!("../../src/table/words.rs");
const AUTHORS: &str = include_str!("../../src/table/authors.rs");
const CHUNKS: &str = include_str!("../../src/table/chunks.rs");
const PLACES: &str = include_str!("../../src/table/places.rs");
const DOCUMENTS: &str = include_str!("../../src/table/documents.rs");
const BATCHES: &str = include_str!("../../src/table/batches.rs");
const BUFFER: &str = include_str!("../../src/table/buffer_items.rs");
const SOURCES: &str = include_str!("../../src/table/sources.rs");
const ENTITIES: &str = include_str!("../../src/table/entities.rs");
const MENTIONS: &str = include_str!("../../src/table/mentions.rs");
const EXTRACTION: &str = include_str!("../../src/table/extraction.rs");
const NODES: &str = include_str!("../../src/table/nodes.rs");
const PERIODS: &str = include_str!("../../src/table/periods.rs");
const TOPICS: &str = include_str!("../../src/table/topics.rs");
const DAYS: &str = include_str!("../../src/table/days.rs");
const TAGS: &str = include_str!("../../src/table/tags.rs");
const VECTORS: &str = include_str!("../../src/table/vectors.rs");

/// Source, function, constant, and what must appear in the plan.
const HOT: &[(&str, &str, &str, &str)] = &[
    (JOBS, "claim_jobs", "SQL", "jobs_claim"),
    (JOBS, "next_job_at", "DUE", "jobs_claim"),
    (JOBS, "next_job_at", "NEXT", "jobs_claim"),
    (JOBS, "has_expired_leases", "SQL", "jobs_lease"),
    (JOBS, "reap_leases", "REQUEUE", "jobs_lease"),
    (SEEN, "failed_counts", "SQL", "nodes_tree"),
    (SEEN, "failed_counts", "SQL", "buffer_items_order"),
    (SEEN, "failed_summaries", "SQL", "jobs_failed"),
    (JOBS, "settle_done", "SQL", "INTEGER PRIMARY KEY"),
    (JOBS, "fold_into_twin", "SQL", "jobs_waiting_twin"),
    (JOBS, "cancel_batch_jobs", "SQL", "jobs_batch"),
    (SEEN, "waiting_jobs", "SQL", "jobs_claim"),
    (SEEN, "put_off_jobs", "SQL", "jobs_claim"),
    (SEEN, "failed_groups", "SQL", "jobs_failed"),
    (SEEN, "failed_jobs", "SQL", "jobs_failed"),
    (SEEN, "seen_jobs", "SQL", "INTEGER PRIMARY KEY"),
    (SEEN, "retry_failed_jobs", "RETRY", "jobs_failed"),
    (PRUNED, "jobs_to_prune", "SQL", "jobs_item"),
    (PRUNED, "stretch_of_jobs", "SQL", "INTEGER PRIMARY KEY"),
    (PRUNED, "pruned_items", "SQL", "pruned_jobs_group"),
    (WORDS, "search_words", "FILTERED", "VIRTUAL TABLE INDEX"),
    (
        WORDS,
        "search_words",
        "FILTERED_NEAR",
        "VIRTUAL TABLE INDEX",
    ),
    (WORDS, "count_words", "FILTERED", "VIRTUAL TABLE INDEX"),
    (WORDS, "count_near", "SQL", "VIRTUAL TABLE INDEX"),
    (WORDS, "entry", "SQL", "sqlite_autoindex_chunks_2"),
    (AUTHORS, "standing", "SQL", "INTEGER PRIMARY KEY"),
    (WORDS, "same_text", "SQL", "VIRTUAL TABLE INDEX"),
    (CHUNKS, "chunks_from", "SQL", "sqlite_autoindex_chunks_2"),
    (DOCUMENTS, "document_before", "SQL", "documents_source"),
    (
        DOCUMENTS,
        "documents_replaced_by",
        "SQL",
        "documents_replaced_by",
    ),
    (PLACES, "places_of", "SQL", "places_document"),
    (JOBS, "last_import_payload", "SQL", "jobs_item"),
    (PLACES, "placed_at", "SQL", "PRIMARY KEY"),
    (PLACES, "has_place", "SQL", "places_document"),
    (
        DOCUMENTS,
        "live_document_by_content",
        "SQL",
        "documents_live_content",
    ),
    (
        DOCUMENTS,
        "document_id_for",
        "EARLIER",
        "documents_superseded_content",
    ),
    (
        BATCHES,
        "batch_progress",
        "SQL",
        "COVERING INDEX jobs_batch",
    ),
    (BATCHES, "running_batches", "SQL", "batches_running"),
    (BUFFER, "buffer_front", "SQL", "buffer_items_order"),
    (NODES, "nodes_touching", "SQL", "node_spans_chunk"),
    (SOURCES, "source_count", "SQL", "COVERING INDEX"),
    (BUFFER, "top_node_count", "SQL", "COVERING INDEX"),
    (BUFFER, "top_node_sums", "SQL", "buffer_items_order"),
    (BUFFER, "top_node_position", "SQL", "COVERING INDEX"),
    (BUFFER, "waiting_chunk_count", "SQL", "COVERING INDEX"),
    (BUFFER, "waiting_position", "SQL", "COVERING INDEX"),
    (NODES, "member_count", "SQL", "PRIMARY KEY"),
    (NODES, "member_page", "SQL", "PRIMARY KEY"),
    (NODES, "member_position", "OF_CHUNK", "node_children_chunk"),
    (NODES, "member_position", "OF_NODE", "child_id=?"),
    (
        BUFFER,
        "take_chunk_from_buffers",
        "SQL",
        "buffer_items_chunk",
    ),
    (NODES, "parent_of", "OF_CHUNK", "node_children_chunk"),
    (NODES, "nodes_with", "SQL", "node_children_chunk"),
    (NODES, "nodes_with", "SQL", "node_spans_chunk"),
    (NODES, "take_chunk_from_nodes", "SQL", "node_children_chunk"),
    (PERIODS, "period_of_root", "SQL", "root_id=?"),
    (PERIODS, "years", "SQL", "rank=?"),
    (PERIODS, "periods_due", "SQL", "periods_changed"),
    (
        PERIODS,
        "waiting_of_days_count",
        "SQL",
        "buffer_items_order (tree_id=? AND level=?)",
    ),
    (
        PERIODS,
        "waiting_of_days",
        "SQL",
        "buffer_items_order (tree_id=? AND level=?)",
    ),
    (PERIODS, "waiting_of_period", "SQL", "buffer_items_order"),
    (PERIODS, "change_period", "FIND", "rank=? AND first_day=?"),
    (TOPICS, "changed_topics", "SQL", "topics_changed"),
    (TOPICS, "topic_position", "SQL", "topics_name"),
    (TOPICS, "named_between", "SQL", "mentions_chunk (chunk_id>?"),
    (
        TOPICS,
        "to_come_between",
        "SQL",
        "mentions_chunk (chunk_id>?",
    ),
    (TOPICS, "to_come_between", "SQL", "buffer_items_chunk"),
    (TOPICS, "to_come_between", "SQL", "node_children_chunk"),
    (TOPICS, "named_since", "SQL", "PRIMARY KEY (entity_id=?)"),
    (TOPICS, "missing_in_topic", "SQL", "buffer_items_chunk"),
    (TOPICS, "missing_in_topic", "SQL", "node_children_chunk"),
    (TOPICS, "strays_in_topic", "SQL", "mentions_chunk"),
    (TOPICS, "topics_with", "SQL", "node_children_chunk"),
    (DAYS, "has_to_sort", "SQL", "INTEGER PRIMARY KEY (rowid>?)"),
    (DAYS, "to_sort", "SQL", "node_children_chunk"),
    (TAGS, "tags_of", "SQL", "PRIMARY KEY (document_id=?)"),
    (TAGS, "take_over_tags", "SQL", "PRIMARY KEY (document_id=?)"),
    (TAGS, "tags", "SQL", "COVERING INDEX document_tags_tag"),
    (
        WORDS,
        "search_words",
        "FILTERED",
        "PRIMARY KEY (document_id=? AND folded=?)",
    ),
    (ENTITIES, "entities", "SQL", "entities_order (kind=?)"),
    (ENTITIES, "entity_counts", "SQL", "COVERING INDEX"),
    (
        ENTITIES,
        "entities_called_count",
        "SQL",
        "PRIMARY KEY (kind=?)",
    ),
    (
        ENTITIES,
        "ensure_entity",
        "FIND",
        "PRIMARY KEY (kind=? AND folded=?)",
    ),
    (
        ENTITIES,
        "recount_entity",
        "COUNT",
        "PRIMARY KEY (entity_id=?)",
    ),
    (ENTITIES, "drop_unmentioned", "ALIASES", "aliases_entity"),
    (
        MENTIONS,
        "passages_naming",
        "SQL",
        "PRIMARY KEY (entity_id=?)",
    ),
    (
        VECTORS,
        "to_embed",
        "SQL",
        "SEARCH c USING INTEGER PRIMARY KEY (rowid>?)",
    ),
    (
        VECTORS,
        "has_to_embed",
        "SQL",
        "SEARCH c USING INTEGER PRIMARY KEY (rowid>?)",
    ),
    (
        VECTORS,
        "left_to_embed",
        "LEFT",
        "SEARCH chunks USING INTEGER PRIMARY KEY",
    ),
    (
        VECTORS,
        "around",
        "SQL",
        "(document_id=? AND ordinal>? AND ordinal<?)",
    ),
    (
        VECTORS,
        "each_vector_after",
        "SQL",
        "SEARCH v USING INTEGER PRIMARY KEY (rowid>?)",
    ),
    (
        VECTORS,
        "has_vector",
        "SQL",
        "SEARCH vectors USING INTEGER PRIMARY KEY (rowid=?)",
    ),
    (
        VECTORS,
        "may_answer",
        "SQL",
        "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
    ),
    (
        VECTORS,
        "all_that_may_answer",
        "TAGGED",
        "document_tags_tag (folded=?)",
    ),
    (VECTORS, "all_that_may_answer", "PLACED", "SEARCH o USING"),
    (
        VECTORS,
        "all_that_may_answer",
        "SAID",
        "chunks_author (author=?)",
    ),
    (
        VECTORS,
        "take_vectors_up_to",
        "SQL",
        "SEARCH vectors USING INTEGER PRIMARY KEY (rowid<?)",
    ),
    (
        VECTORS,
        "take_vectors",
        "VECTORS",
        "sqlite_autoindex_vectors_1",
    ),
    (MENTIONS, "mentions_in", "SQL", "mentions_chunk"),
    (MENTIONS, "named_beside", "SQL", "mentions_chunk"),
    (MENTIONS, "take_mentions", "DELETE", "mentions_chunk"),
    (
        EXTRACTION,
        "to_extract",
        "SQL",
        "INTEGER PRIMARY KEY (rowid>?)",
    ),
    (
        EXTRACTION,
        "keep_extracted",
        "STANDS",
        "INTEGER PRIMARY KEY",
    ),
];

#[test]
fn what_runs_all_the_time_reads_no_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    let raw = raw(folder.path());
    for &(source, function, name, by) in HOT {
        let plan = plan(&raw, &statement(source, function, name));
        assert!(
            plan.iter().any(|step| step.contains(by)),
            "{function} goes by {by}: {plan:#?}"
        );
        let whole = plan.iter().find(|step| {
            step.starts_with("SCAN") && !step.contains("INDEX") && !step.contains("CONSTANT")
        });
        assert_eq!(whole, None, "{function} reads a whole table: {plan:#?}");
    }
}

#[test]
fn a_page_of_the_tree_passes_over_what_comes_before_it_in_an_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    let raw = raw(folder.path());
    for function in ["waiting_chunks", "top_nodes"] {
        let plan = plan(&raw, &statement(BUFFER, function, "SQL"));
        let over = plan.iter().find(|step| step.contains("buffer_items_order"));
        assert!(
            over.is_some_and(|step| step.contains("USING COVERING INDEX")),
            "no row is read to be passed over: {plan:#?}"
        );
        let whole = plan
            .iter()
            .find(|step| step.starts_with("SCAN") && !step.contains("page"));
        assert_eq!(whole, None, "{function} reads a whole table: {plan:#?}");
        assert!(
            plan.iter()
                .any(|step| step.starts_with("SEARCH b USING INTEGER PRIMARY KEY")),
            "only the rows of the page are read: {plan:#?}"
        );
    }
}

#[test]
fn what_stands_above_a_passage_is_reached_by_indexes_at_each_height() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    let plan = plan(&raw(folder.path()), &statement(NODES, "all_above", "SQL"));
    for by in ["node_children_chunk", "(child_id=?)"] {
        assert!(plan.iter().any(|step| step.contains(by)), "{by}: {plan:#?}");
    }
    let whole = plan.iter().find(|step| {
        step.starts_with("SCAN") && !step.contains("above") && !step.contains("INDEX")
    });
    assert_eq!(whole, None, "no table is read as a whole: {plan:#?}");
}

#[test]
fn the_next_claim_needs_no_sorting() {
    let folder = tempfile::tempdir().unwrap();
    fresh(folder.path());
    let plan = plan(&raw(folder.path()), &statement(JOBS, "claim_jobs", "SQL"));
    assert!(
        !plan.iter().any(|step| step.contains("TEMP B-TREE")),
        "the index is in the order of claims: {plan:#?}"
    );
}

fn plan(raw: &Connection, sql: &str) -> Vec<String> {
    let mut explained = raw.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // Without values: a plan does not depend on them.
    let mut steps = explained.raw_query();
    let mut plan = Vec::new();
    while let Some(step) = steps.next().unwrap() {
        plan.push(step.get("detail").unwrap());
    }
    plan
}

/// The text of a constant of a function.
fn statement(source: &str, function: &str, name: &str) -> String {
    let (_, body) = source
        .split_once(&format!("fn {function}("))
        .unwrap_or_else(|| panic!("there is no {function} any more"));
    let (_, rest) = body
        .split_once(&format!("const {name}: &str ="))
        .unwrap_or_else(|| panic!("{function} has no {name} any more"));
    let (said, _) = rest.split_once(';').unwrap();
    if said.contains("passes!()") {
        let pieces = quoted(said);
        let before = pieces.first().unwrap();
        return format!("{before}{}{}", passes(), pieces.get(1).unwrap_or(&""));
    }
    match quoted(said).as_slice() {
        [whole] => (*whole).to_owned(),
        // Around what several statements have in common.
        [before, after] => {
            let (_, common) = source.split_once("concat!(").unwrap();
            format!("{before}{}{after}", quoted(common).first().unwrap())
        }
        // The same, each of one list.
        [list, before, after] => {
            let (_, common) = source.split_once("concat!(").unwrap();
            let [from, joined, matches, ..] = quoted(common)[..] else {
                panic!("the statements have less in common")
            };
            let passes = passes();
            format!("{before}{from}{list}{joined}{list}{matches}{passes} {after}")
        }
        other => panic!("{function} says {name} in {} pieces", other.len()),
    }
}

/// What a passage must be to pass a filter.
fn passes() -> &'static str {
    let (_, said) = WORDS.split_once("macro_rules! passes").unwrap();
    quoted(said).first().unwrap()
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}
