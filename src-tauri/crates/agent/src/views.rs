//! What the engine knows, as the wire says it.

use std::ops::Range;

use oldgrowth_domain::calendar::{Period, Rank};
use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::jobs::{BatchState, Cause, JobState};
use oldgrowth_domain::text::sentences;
use oldgrowth_domain::when::Days;
use oldgrowth_engine as engine;
use oldgrowth_store::table::batches::ItemReport;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::basis;
use oldgrowth_store::table::jobs::Outcome;
use oldgrowth_store::table::places::Place;
use oldgrowth_wire as wire;

use oldgrowth_domain::UnixMs;

/// Two enums whose variants have the same names, there and back. A variant that one of them lacks does not compile.
macro_rules! same_names {
    ($to_vis:vis fn $to:ident($ours:ty) -> $theirs:ty; $from_vis:vis fn $from:ident($_theirs:ty) -> $_ours:ty; $($name:ident),+) => {
        $to_vis fn $to(ours: $ours) -> $theirs {
            match ours {
                $(<$ours>::$name => <$theirs>::$name,)+
            }
        }

        $from_vis fn $from(theirs: $theirs) -> $ours {
            match theirs {
                $(<$theirs>::$name => <$ours>::$name,)+
            }
        }
    };
}

mod activity;
pub(crate) mod copies;
pub(crate) mod doctor;
mod health;
pub(crate) mod memory;
pub(crate) mod names;
mod settings;
mod sources;
pub(crate) mod storage;

pub(crate) use activity::{activity, failed, work};
pub(crate) use health::{code_of, status};
pub(crate) use settings::settings;
pub(crate) use sources::{ledger, removal, unread};

fn time(at: Option<UnixMs>) -> Option<String> {
    at.map(UnixMs::to_rfc3339)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A byte range of a text, in the UTF-16 code units that JavaScript counts.
fn span(text: &str, range: Range<usize>) -> wire::Span {
    let units = |end: usize| {
        count(
            text.get(..end)
                .map_or(0, |part| part.encode_utf16().count()),
        )
    };
    wire::Span {
        start: units(range.start),
        end: units(range.end),
    }
}

/// The path of a place, as the person would write it; of a conversation its key.
pub(crate) fn place_path(place: Option<&Place>) -> Option<String> {
    let place = place?;
    match (&place.root, place.service) {
        (Some(root), _) => Some(join_path(root, &place.item)),
        (None, Some(_)) => Some(place.item.clone()),
        (None, None) => None,
    }
}

fn join_path(root: &str, item: &str) -> String {
    if root.ends_with('/') {
        format!("{root}{item}")
    } else {
        format!("{root}/{item}")
    }
}

fn locator(chunk: &Chunk, path: Option<String>) -> wire::Locator {
    wire::Locator {
        path,
        line_first: chunk.lines.first,
        line_last: chunk.lines.last,
    }
}

pub(crate) fn hit(hit: engine::Hit) -> wire::Hit {
    let engine::Hit {
        chunk,
        document,
        source,
        place,
        tags,
        score,
        matches,
        quote,
        same_elsewhere,
    } = hit;
    wire::Hit {
        chunk: chunk.id.to_string(),
        document: document.id.to_string(),
        source: source.to_string(),
        title: document.title,
        locator: locator(&chunk, place_path(place.as_ref())),
        tags,
        happened_at: time(chunk.happened_at),
        matches: matches
            .into_iter()
            .map(|range| span(&chunk.text, range))
            .collect(),
        quote: span(&chunk.text, quote),
        headings: chunk.headings,
        author: chunk.author,
        text: chunk.text,
        score,
        same_elsewhere,
    }
}

pub(crate) fn hits(hits: engine::Hits) -> wire::Hits {
    wire::Hits {
        hits: hits.hits.into_iter().map(hit).collect(),
        terms: hits.words,
    }
}

pub(crate) fn answer(asked: &engine::Asked, answer: engine::Answer) -> wire::Answer {
    let nothing = answer
        .hits
        .is_empty()
        .then(|| nothing_found(asked, &answer.words, answer.unsearched));
    let hits = answer
        .hits
        .into_iter()
        .map(|(found, around)| wire::AnswerHit {
            hit: hit(found),
            before: around.before,
            after: around.after,
            tree: around.tree.into_iter().map(step).collect(),
            summary: around.summary,
        })
        .collect();
    wire::Answer {
        hits,
        terms: answer.words,
        nothing,
        unsearched: answer.unsearched,
        meaning: meaning(answer.meaning),
        nothing_then: answer.empty_days.map(nothing_then),
        writer: answer.writer,
        summaries: answer.summaries.into_iter().map(above).collect(),
        behind: answer.behind.map(|behind| wire::Behind {
            source: behind.source,
            author: behind.author,
            dates: behind.dates,
            kind: behind.kind,
            tag: behind.tag,
            all: behind.all,
        }),
    }
}

fn meaning(meaning: engine::Meaning) -> wire::Meaning {
    match meaning {
        engine::Meaning::No => wire::Meaning::No,
        engine::Meaning::ToCome => wire::Meaning::ToCome,
        engine::Meaning::Partly => wire::Meaning::Partly,
        engine::Meaning::Yes => wire::Meaning::Yes,
    }
}

fn above(above: engine::Above) -> wire::AnswerSummary {
    wire::AnswerSummary {
        id: above.node.id.to_string(),
        title: above.title,
        of: step(above.of),
        passages: above.node.passages,
        hits: above.answers.into_iter().map(|at| count(at + 1)).collect(),
        text: above.text,
    }
}

fn nothing_then(days: Days) -> String {
    let ranks = Rank::ALL.into_iter();
    let whole = ranks.filter_map(|rank| Period::of(rank, days.first));
    let mut whole = whole.filter(|one| (one.first, one.last) == (days.first, days.last));
    let day = |day| Period::of(Rank::Day, day).map(Period::title);
    let when = match whole.next() {
        Some(period) => period.title(),
        None => [day(days.first), day(days.last)]
            .map(Option::unwrap_or_default)
            .join(" to "),
    };
    format!("Nothing in your memory is from {when}.")
}

fn nothing_found(asked: &engine::Asked, words: &[String], unsearched: u32) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("“{word}”")).collect();
    let place = if asked.is_narrowed() {
        "within these filters"
    } else {
        "in your memory"
    };
    let words = words.join(" or ");
    match unsearched {
        0 => format!("Nothing {place} mentions {words}."),
        1 => format!(
            "Nothing that can be searched {place} mentions {words}. One passage can't be found by its words yet."
        ),
        count => format!(
            "Nothing that can be searched {place} mentions {words}. {count} passages can't be found by their words yet."
        ),
    }
}

fn step(step: engine::Step) -> wire::TreeStep {
    wire::TreeStep {
        id: step.id,
        title: step.title,
    }
}

fn steps(path: Vec<engine::Step>) -> Vec<wire::TreeStep> {
    path.into_iter().map(step).collect()
}

pub(crate) fn shown(shown: engine::Shown) -> wire::Shown {
    match shown {
        engine::Shown::Document(shown) => document(*shown),
        engine::Shown::Summary(shown) => summary(*shown),
    }
}

fn document(shown: engine::ShownDocument) -> wire::Shown {
    let path = place_path(shown.place.as_ref());
    let document = shown.document;
    wire::Shown::Document {
        id: document.id.to_string(),
        source: shown.source.id.to_string(),
        source_name: shown.source.name,
        title: document.title,
        format: format_name(document.format).to_owned(),
        happened_at: time(document.happened.at()),
        happened_basis: basis(document.happened).to_owned(),
        imported_at: document.imported_at.to_rfc3339(),
        sha256: document.sha256,
        chunks: shown
            .chunks
            .into_iter()
            .map(|chunk| wire::Chunk {
                id: chunk.id.to_string(),
                locator: locator(&chunk, path.clone()),
                text: chunk.text,
                headings: chunk.headings,
                author: chunk.author,
            })
            .collect(),
        path,
        tags: shown.tags,
        first: shown.first,
        total: shown.total,
        asked: shown.asked.map(|id| id.to_string()),
        tree: steps(shown.tree),
        replaced_by: shown.replaced_by.map(|id| id.to_string()),
    }
}

fn summary(shown: engine::ShownSummary) -> wire::Shown {
    let node = shown.node;
    let (source, source_name) = shown.of;
    wire::Shown::Summary {
        id: node.id.to_string(),
        source,
        source_name,
        level: node.level,
        summariser: node.summariser,
        degraded: node.degraded,
        sealed_at: node.sealed_at.to_rfc3339(),
        first_happened_at: time(node.first_happened_at),
        last_happened_at: time(node.last_happened_at),
        passages: node.passages,
        tree: steps(shown.tree),
        sentences: shown
            .sentences
            .into_iter()
            .map(|sentence| wire::SummarySentence {
                text: sentence.text,
                chunk: sentence.chunk.id.to_string(),
                document: sentence.document.id.to_string(),
                locator: locator(&sentence.chunk, place_path(sentence.place.as_ref())),
                title: sentence.document.title,
                words: span(&sentence.chunk.text, sentence.words),
                passage: sentence.chunk.text,
            })
            .collect(),
    }
}

pub(crate) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Markdown => "Markdown",
        Format::PlainText => "Plain text",
        Format::Html => "HTML",
        Format::ChatGpt => "ChatGPT conversations",
        Format::Claude => "Claude conversations",
    }
}

pub(crate) fn tree(view: engine::View) -> wire::TreeView {
    let rows = view
        .rows
        .into_iter()
        .map(|row| wire::TreeRow {
            id: row.id,
            kind: match row.kind {
                engine::RowKind::Branch => wire::TreeRowKind::Branch,
                engine::RowKind::Topic => wire::TreeRowKind::Topic,
                engine::RowKind::Source => wire::TreeRowKind::Source,
                engine::RowKind::Summary => wire::TreeRowKind::Summary,
                engine::RowKind::Waiting => wire::TreeRowKind::Waiting,
                engine::RowKind::Chunk => wire::TreeRowKind::Chunk,
            },
            title: row.title,
            preview: row.preview,
            children: row.children,
            passages: row.passages,
            first_happened_at: time(row.first_happened_at),
            last_happened_at: time(row.last_happened_at),
            degraded: row.degraded,
        })
        .collect();
    wire::TreeView {
        path: steps(view.path),
        trail: view
            .trail
            .into_iter()
            .map(|engine::Position { id, position }| wire::TreePosition { id, position })
            .collect(),
        rows,
        total: view.total,
    }
}

pub(crate) fn plan(plan: engine::ImportPlan) -> wire::ImportPlan {
    wire::ImportPlan {
        items: plan.items,
        conversations: plan.conversations,
        bytes: plan.bytes,
        formats: plan
            .formats
            .into_iter()
            .map(|(format, items)| wire::PlannedFormat {
                name: format_name(format).to_owned(),
                conversations: matches!(format, Format::ChatGpt | Format::Claude),
                items,
            })
            .collect(),
        oldest: time(plan.oldest),
        newest: time(plan.newest),
        skipped: plan.skipped.into_iter().map(reason_count).collect(),
        skipped_examples: plan
            .skipped_examples
            .into_iter()
            .map(|(path, problem)| wire::PlanSkip {
                path: path.to_string_lossy().into_owned(),
                reason: problem.code.to_owned(),
                message: problem.message,
            })
            .collect(),
        known: plan.known.map(|known| wire::PlanKnown {
            new: known.new,
            changed: known.changed,
            unchanged: known.unchanged,
        }),
    }
}

fn reason_count(count: engine::ReasonCount) -> wire::CountByReason {
    wire::CountByReason {
        reason: count.code,
        message: count.message,
        hint: count.hint,
        items: count.items,
    }
}

pub(crate) fn batch(view: engine::BatchView) -> wire::Batch {
    wire::Batch {
        total: view.total(),
        ended: view.ended(),
        eta_seconds: view
            .time_to_go()
            .map(|wait| u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)),
        id: view.batch.id.to_string(),
        label: view.batch.label,
        state: match view.batch.state {
            BatchState::Running => wire::BatchState::Running,
            BatchState::Done => wire::BatchState::Done,
            BatchState::Failed => wire::BatchState::Failed,
            BatchState::Cancelled => wire::BatchState::Cancelled,
        },
        rate: view.rate.map(|rate| rate.items_per_second),
        paused: view.paused,
        cause: match view.batch.cause {
            Cause::Named => wire::BatchCause::Named,
            Cause::Again => wire::BatchCause::Again,
            Cause::Folder => wire::BatchCause::Folder,
        },
        conversations: view.progress.conversations,
        created_at: view.batch.created_at.to_rfc3339(),
        ended_at: time(view.batch.ended_at),
        new: view.progress.new,
        changed: view.progress.changed,
        unchanged: view.progress.unchanged,
        skipped: view.progress.skipped,
        failed: view.progress.children.failed,
        cancelled: view.progress.children.cancelled,
        reason: view.failure,
        bytes_total: view.progress.bytes_total,
        bytes_ended: view.progress.bytes_ended,
    }
}

pub(crate) fn report(report: engine::BatchReport) -> wire::BatchReport {
    wire::BatchReport {
        batch: batch(report.view),
        reasons: report.reasons.into_iter().map(reason_count).collect(),
        items: report.items.into_iter().map(item).collect(),
        items_left_out: report.items_left_out,
        items_pruned: report.items_pruned,
        no_longer_there: report.not_met,
    }
}

fn item(item: ItemReport) -> wire::BatchItem {
    let outcome = match (item.state, item.outcome) {
        (JobState::Ready, _) => wire::ItemOutcome::Waiting,
        (JobState::Running, _) => wire::ItemOutcome::Running,
        (JobState::Failed, _) => wire::ItemOutcome::Failed,
        (JobState::Cancelled, _) => wire::ItemOutcome::Cancelled,
        (JobState::Done, Some(Outcome::New)) => wire::ItemOutcome::New,
        (JobState::Done, Some(Outcome::Changed)) => wire::ItemOutcome::Changed,
        (JobState::Done, Some(Outcome::Skipped)) => wire::ItemOutcome::Skipped,
        (JobState::Done, _) => wire::ItemOutcome::Unchanged,
    };
    wire::BatchItem {
        path: item_path(&item),
        outcome,
        message: item.reason,
        document: item.document.map(|id| id.to_string()),
    }
}

fn item_path(item: &ItemReport) -> String {
    let key = item.item.split_once(':');
    let service = key.and_then(|(service, _)| Format::parse(service)?.service());
    match (&item.root, service, &item.title) {
        (Some(root), ..) => join_path(root, &item.item),
        (None, Some(service), Some(title)) => format!("{service}, {title}"),
        // Something else in an export is named by where it lies.
        _ => item.item.clone(),
    }
}

pub(crate) fn people(people: engine::People) -> wire::People {
    let person = |person: engine::Person| wire::Person {
        author: person.name,
        passages: person.passages,
        conversations: person.conversations,
        first_at: time(person.first_at),
        last_at: time(person.last_at),
        sources: person
            .sources
            .into_iter()
            .map(|source| wire::PersonSource {
                id: source.id.to_string(),
                name: source.name,
            })
            .collect(),
    };
    wire::People {
        people: people.people.into_iter().map(person).collect(),
        more: people.more,
    }
}

pub(crate) fn event(event: &engine::Event, workspace: &str) -> wire::Event {
    match event {
        engine::Event::Health(now) => wire::Event::Health(status(now.clone(), workspace)),
        engine::Event::Batch(view) => wire::Event::Batch(batch(view.clone())),
        engine::Event::Plan { found } => wire::Event::Plan { found: *found },
        engine::Event::Copy(progress) => wire::Event::Copy(copies::progress(*progress)),
        engine::Event::Fix(progress) => wire::Event::Fix(doctor::fix_progress(progress)),
        engine::Event::Work(now) => wire::Event::Work(work(*now)),
        engine::Event::NamesChanged => wire::Event::NamesChanged,
        engine::Event::CopiesChanged => wire::Event::CopiesChanged,
        engine::Event::MemoryChanged { seq } => wire::Event::MemoryChanged { seq: *seq },
        engine::Event::Committed(committed) => wire::Event::Committed {
            batch: committed.batch.to_string(),
            document: committed.document.to_string(),
            path: committed.path.clone(),
            conversation: committed.conversation.clone(),
            sha256: committed.sha256.clone(),
            chunks: committed.chunks,
        },
    }
}

/// The quoted sentence of a hit, for a terminal.
pub(crate) fn quoted(hit: &wire::Hit) -> String {
    let units: Vec<u16> = hit.text.encode_utf16().collect();
    let range = hit.quote.start as usize..hit.quote.end as usize;
    let quote = String::from_utf16_lossy(units.get(range).unwrap_or_default());
    if quote.trim().is_empty() {
        let first = sentences(&hit.text).into_iter().next();
        return first
            .and_then(|range| hit.text.get(range))
            .unwrap_or_default()
            .to_owned();
    }
    quote
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_as_javascript_does() {
        let text = "😀 née 護照";
        let at = text.find("護照").unwrap();
        assert_eq!(span(text, at..text.len()), wire::Span { start: 7, end: 9 });
        assert_eq!(
            span(text, 0..4),
            wire::Span { start: 0, end: 2 },
            "an emoji is two units"
        );
    }
}
