//! Looking at one memory, and into what it was made from.

use oldgrowth_engine::{BRIEF_PASSAGES, Engine, Page};
use oldgrowth_wire as wire;

use super::{Reply, asked, asker};
use crate::views::{self, memory as view};
use crate::words::explain;

pub(super) fn why(engine: &Engine, why: wire::WhyAsked) -> Reply<wire::Why> {
    let asked = asked(why.question)?;
    let why = engine.why(&why.chunk, &asked).map_err(|e| explain(&e))?;
    Ok(view::why(why))
}

pub(super) fn brief(engine: &Engine, brief: wire::BriefAsked) -> Reply<wire::Brief> {
    let question = wire::Question {
        limit: brief.question.limit.or(Some(BRIEF_PASSAGES)),
        ..brief.question
    };
    let asked = asked(question)?;
    let found = engine.brief(&asked, brief.chars).map_err(|e| explain(&e))?;
    Ok(view::brief(&asked, found))
}

pub(super) fn write(engine: &Engine, question: wire::Question) -> Reply<wire::Written> {
    let asked = asked(question)?;
    let written = engine.write_answer(&asked).map_err(|e| explain(&e))?;
    Ok(view::written(&written))
}

pub(super) fn show(engine: &Engine, at: &wire::ShowAt) -> Reply<wire::Shown> {
    let page = Page {
        from: at.from,
        limit: at.limit,
    };
    let shown = engine.show(&at.id, page).map_err(|e| explain(&e))?;
    Ok(views::shown(shown))
}

pub(super) fn near(engine: &Engine, near: wire::NearAsked) -> Reply<wire::Near> {
    let asker = near.asker.map(asker);
    let near = engine
        .near(&near.id, asker.as_ref())
        .map_err(|e| explain(&e))?;
    Ok(view::near(near))
}

pub(super) fn find(engine: &Engine, find: wire::FindAsked) -> Reply<wire::FoundInDocument> {
    let asker = find.asker.map(asker);
    let found = engine
        .find_in_document(&find.id, &find.letters, asker.as_ref())
        .map_err(|e| explain(&e))?;
    Ok(view::found(found))
}

pub(super) fn original(engine: &Engine, id: &wire::Id) -> Reply<wire::Original> {
    let original = engine.original(&id.id).map_err(|e| explain(&e))?;
    Ok(view::original(original))
}
