use oldgrowth_domain::canonical::Format;
use oldgrowth_engine as engine;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::documents::{Document, basis};
use oldgrowth_store::table::places::Place;
use oldgrowth_wire as wire;

use super::names::row;
use super::{locator, meaning, nothing_found, nothing_then, place_path, span, step, time};

pub(crate) fn why(why: engine::Why) -> wire::Why {
    wire::Why {
        passages: why.passages,
        answers: why.answers,
        rank: why.rank,
        score: why.score,
        best: why.best,
        parts: why.parts.into_iter().map(why_part).collect(),
        happened_at: time(why.happened.at()),
        happened_basis: basis(why.happened).to_owned(),
        words: why
            .words
            .into_iter()
            .map(|word| wire::WhyWord {
                word: word.word,
                forms: word.forms,
                title: word.title,
                headings: word.headings,
                text: word.text,
                passages: word.passages,
                score: word.score,
            })
            .collect(),
        same: why
            .same
            .into_iter()
            .map(|same| wire::SamePassage {
                chunk: same.chunk.id.to_string(),
                document: same.document.id.to_string(),
                locator: locator(&same.chunk, place_path(same.place.as_ref())),
                happened_at: time(same.chunk.happened_at),
                title: same.document.title,
                source: same.source.to_string(),
                source_name: same.source_name,
            })
            .collect(),
    }
}

fn why_part((part, score): (engine::WhyPart, f64)) -> wire::WhyPart {
    let what = match part {
        engine::WhyPart::Near => wire::WhyPartOf::Near,
        engine::WhyPart::Meaning => wire::WhyPartOf::Meaning,
        engine::WhyPart::Thread => wire::WhyPartOf::Thread,
        engine::WhyPart::Author => wire::WhyPartOf::Author,
        engine::WhyPart::Question => wire::WhyPartOf::Question,
        engine::WhyPart::Length => wire::WhyPartOf::Length,
        engine::WhyPart::Time => wire::WhyPartOf::Time,
        engine::WhyPart::Reranked => wire::WhyPartOf::Reranked,
    };
    wire::WhyPart { what, score }
}

pub(crate) fn brief(asked: &engine::Asked, brief: engine::Brief) -> wire::Brief {
    let is_nothing = brief.pieces.is_empty() && brief.left_out == 0;
    let nothing = is_nothing.then(|| nothing_found(asked, &brief.words, brief.unsearched));
    wire::Brief {
        nothing,
        nothing_then: brief.empty_days.map(nothing_then),
        pieces: brief.pieces.into_iter().map(piece).collect(),
        chars: brief.chars,
        left_out: brief.left_out,
        terms: brief.words,
        meaning: meaning(brief.meaning),
    }
}

fn piece(piece: engine::Piece) -> wire::BriefPiece {
    let cite = |cited: &engine::Cited| cite(&cited.chunk, &cited.document, cited.place.as_ref());
    wire::BriefPiece {
        text: piece.text,
        summary: piece.summary.map(step),
        cites: piece.cited.iter().map(cite).collect(),
    }
}

fn cite(chunk: &Chunk, document: &Document, place: Option<&Place>) -> wire::Cite {
    wire::Cite {
        chunk: chunk.id.to_string(),
        locator: locator(chunk, place_path(place)),
        happened_at: time(chunk.happened_at),
        title: document.title.clone(),
    }
}

pub(crate) fn written(written: &engine::Written) -> wire::Written {
    let nothing = match (written.hits.is_empty(), written.left_out) {
        _ if !written.sentences.is_empty() => None,
        (true, _) => Some("Nothing was found that an answer could be written from."),
        (false, 0) => Some("The model finds no answer in the passages."),
        (false, _) => Some("What the model wrote is not what the passages say, so it is left out."),
    };
    let sentence = |sentence: &engine::WrittenSentence| {
        let hits = sentence.hits.iter().filter_map(|at| written.hits.get(*at));
        wire::BriefPiece {
            text: sentence.text.clone(),
            summary: None,
            cites: hits
                .map(|hit| cite(&hit.chunk, &hit.document, hit.place.as_ref()))
                .collect(),
        }
    };
    wire::Written {
        by: written.by.clone(),
        sentences: written.sentences.iter().map(sentence).collect(),
        left_out: written.left_out,
        nothing: nothing.map(str::to_owned),
    }
}

pub(crate) fn near(near: engine::Near) -> wire::Near {
    let (similar_by, similar) = match near.similar {
        engine::Similar::No => (wire::Meaning::No, Vec::new()),
        engine::Similar::ToCome => (wire::Meaning::ToCome, Vec::new()),
        engine::Similar::Known(similar) => (wire::Meaning::Yes, similar),
    };
    wire::Near {
        similar: similar.into_iter().map(similar_passage).collect(),
        similar_by,
        names: near.names.into_iter().map(row).collect(),
        before: near.before.map(link),
        after: near.after.map(link),
        newer: near.newer.map(link),
        older: near.older.into_iter().map(link).collect(),
        places: near
            .places
            .into_iter()
            .map(|placed| wire::DocumentPlace {
                source: placed.source.id.to_string(),
                source_name: placed.source.name,
                path: place_path(Some(&placed.place)),
            })
            .collect(),
    }
}

fn similar_passage(similar: engine::SimilarPassage) -> wire::SimilarPassage {
    wire::SimilarPassage {
        chunk: similar.chunk.id.to_string(),
        title: similar.document.title,
        happened_at: time(similar.chunk.happened_at),
        preview: similar.preview,
    }
}

fn link(document: Document) -> wire::DocumentLink {
    wire::DocumentLink {
        id: document.id.to_string(),
        happened_at: time(document.happened.at()),
        imported_at: document.imported_at.to_rfc3339(),
        title: document.title,
    }
}

pub(crate) fn found(found: engine::FoundInDocument) -> wire::FoundInDocument {
    wire::FoundInDocument {
        more: found.more,
        passages: found
            .passages
            .into_iter()
            .map(|found| wire::FoundIn {
                chunk: found.chunk.id.to_string(),
                ordinal: found.chunk.ordinal,
                places: found
                    .places
                    .into_iter()
                    .map(|place| span(&found.chunk.text, place))
                    .collect(),
            })
            .collect(),
    }
}

pub(crate) fn original(original: engine::Original) -> wire::Original {
    use engine::OriginalState as Now;
    let (state, problem) = match original.state {
        Now::Same => (wire::OriginalState::Same, None),
        Now::Moved => (wire::OriginalState::Moved, None),
        Now::Changed => (wire::OriginalState::Changed, None),
        Now::Gone => (wire::OriginalState::Gone, None),
        Now::Unreadable(problem) => (wire::OriginalState::Unreadable, Some(problem)),
        Now::Replaced => (wire::OriginalState::Replaced, None),
        Now::Typed => (wire::OriginalState::Typed, None),
        Now::Unknown => (wire::OriginalState::Unknown, None),
    };
    let address = match original.format {
        Format::ChatGpt => Some("https://chatgpt.com/c/"),
        Format::Claude => Some("https://claude.ai/chat/"),
        _ => None,
    };
    wire::Original {
        state,
        hint: problem
            .as_ref()
            .and_then(|problem| problem.hint)
            .map(str::to_owned),
        problem: problem.map(|problem| problem.message),
        path: original
            .path
            .map(|path| path.to_string_lossy().into_owned()),
        unit: if address.is_some() {
            wire::Unit::Message
        } else {
            wire::Unit::Line
        },
        parts: original
            .parts
            .into_iter()
            .map(|part| wire::OriginalPart {
                number: part.number,
                text: part.text,
                is_cut: part.is_cut,
                is_passage: part.is_passage,
                author: part.author,
                at: time(part.at),
            })
            .collect(),
        total: original.total,
        link: address
            .zip(original.conversation)
            .map(|(address, id)| format!("{address}{id}")),
    }
}
