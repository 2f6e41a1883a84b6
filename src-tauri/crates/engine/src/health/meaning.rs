//! Can passages be compared by what they mean, and how many are yet to be read for that?

use super::models::sentence;
use super::rows::{Row, counted, grouped};
use super::{ComponentState, HealthCode};
use crate::Result;
use crate::embedding::EmbeddingLeft;
use crate::engine::Core;
use crate::ports::ModelSeen;

impl Core {
    /// To be called when that begins, ends, or can't go on.
    pub(crate) fn meaning_changed(&self) {
        self.look_at_meaning();
        self.tell_changes();
    }

    pub(super) fn look_at_meaning(&self) {
        self.try_put(HealthCode::Meaning, || look(self));
    }
}

fn look(core: &Core) -> Result<Row> {
    let seen = core.models.as_ref().map(|models| models.seen());
    let chosen = seen.and_then(|seen| seen.embeds);
    let row = match core.embedder() {
        None => without_model(),
        Some(embedder) => {
            let left = core.store.read(oldgrowth_store::Lane::Interactive, |r| {
                core.left_to_embed(r)
            })?;
            let answers = core.who_answers();
            let model = Model {
                id: embedder.id(),
                is_far: embedder.is_far(),
                another_answers: answers.is_some_and(|one| one.id() != embedder.id()),
            };
            left.map_or_else(without_model, |left| {
                // What is not in use yet is in nobody's way.
                row(&left, &model, chosen.as_ref().filter(|_| model.is_far))
            })
        }
    };
    Ok(match chosen.as_ref().and_then(waits_for) {
        Some(next) if row.state == ComponentState::Ok => row.next(next),
        _ => row,
    })
}

/// What a model that is chosen waits for before it is used.
fn waits_for(chosen: &ModelSeen) -> Option<&'static str> {
    match chosen {
        ModelSeen { unnamed: true, .. } => Some(
            "A server is chosen for it, and no model of it: choose one under Settings, Models.",
        ),
        ModelSeen { untried: true, .. } => Some(
            "The model that is chosen for it is used once it has passed its test, under Settings, Models.",
        ),
        ModelSeen {
            not_agreed: true, ..
        } => Some(
            "The model that is chosen for it is on another computer: it is used once you agree, under Settings, Models.",
        ),
        ModelSeen { .. } => None,
    }
}

fn without_model() -> Row {
    Row::ok("Passages are found by their words alone: the model that compares what they mean is not here.")
        .next("Installing Oldgrowth again brings it. Everything else works without.")
}

/// The model that is chosen.
struct Model<'m> {
    id: &'m str,
    /// It is one of a server.
    is_far: bool,
    /// Questions are compared with vectors of the one before, until it has taken over.
    another_answers: bool,
}

fn row(left: &EmbeddingLeft, model: &Model<'_>, chosen: Option<&ModelSeen>) -> Row {
    let meanwhile = match model.another_answers {
        true => "New passages are found by their words alone meanwhile",
        false => "Words alone find meanwhile",
    };
    let row = match (left.away, left.passages, chosen) {
        (_, _, Some(ModelSeen { offline: true, .. })) => Row::ok(format!(
            "Oldgrowth is offline, so the model that compares what passages mean is not asked. {meanwhile}."
        )),
        (_, _, Some(ModelSeen { away: Some((cause, next)), .. })) => Row::warn(
            format!("The model that compares what passages mean is not asked: {cause}. {meanwhile}, and nothing is lost."),
            &sentence(next),
        ),
        (Some(_), _, Some(_)) => Row::warn(
            "The model that compares what passages mean could not read some, so words alone find these for now.",
            "It is tried again by itself. If it stays so, test it or choose another under Settings, Models.",
        ),
        (Some(_), _, None) => Row::warn(
            "The model that compares what passages mean can't be used, so new ones are found by their words alone.",
            "It is tried again by itself. If it stays so, install Oldgrowth again: its file may be damaged.",
        ),
        (None, 1.., _) if left.on_battery => Row::ok("Passages can be compared by what they mean, as far as they were read for it.")
            .next("This computer runs on its battery, so the rest waits until it is plugged in. By their words all are found."),
        (None, 0, _) if left.failed > 0 => Row::ok(format!(
            "All passages but {} can be compared by what they mean.",
            grouped(left.failed.into())
        ))
        .next("The others could not be read for it. By their words all are found."),
        (None, 0, _) => Row::ok("All passages can be compared by what they mean."),
        (None, _, _) => Row::ok("Passages can be compared by what they mean, as far as they were read for it.")
            .next("The rest follows by itself, whenever nothing else is to be done. By their words all are found."),
    };
    let row = if model.is_far {
        row.seen_privately("Model", model.id, "named by the person")
    } else {
        row.seen("Model", model.id)
    };
    row.seen(
        "To come, at most",
        counted(left.passages, "passage", "passages"),
    )
    .seen("Could not be read for it", left.failed.to_string())
    .seen_if(
        "Passages a second",
        left.passages_per_second.map(|rate| format!("{rate:.1}")),
    )
    .seen_if("Last failure", left.away)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_model_that_is_here_and_can_not_be_used_warns() {
        let left = EmbeddingLeft {
            passages: 0,
            failed: 0,
            passages_per_second: None,
            away: None,
            on_battery: false,
        };
        let some = EmbeddingLeft {
            passages: 7,
            passages_per_second: Some(12.34),
            ..left
        };
        let away = EmbeddingLeft {
            away: Some("weights_unusable"),
            ..some
        };
        let on_battery = EmbeddingLeft {
            on_battery: true,
            ..some
        };
        let here = &Model {
            id: "m-1",
            is_far: false,
            another_answers: false,
        };
        let far = &Model {
            id: "m-2",
            is_far: true,
            another_answers: false,
        };
        let taking_over = &Model {
            another_answers: true,
            ..*far
        };
        let chosen = ModelSeen {
            host: "host.example".to_owned(),
            model: "m-2".to_owned(),
            unnamed: false,
            untried: false,
            not_agreed: false,
            offline: false,
            away: None,
        };
        let unwell = ModelSeen {
            away: Some(("it took too long".to_owned(), "wait".to_owned())),
            ..chosen.clone()
        };
        let offline = ModelSeen {
            offline: true,
            ..unwell.clone()
        };
        for (row, state, words) in [
            (without_model(), ComponentState::Ok, "by their words alone"),
            (row(&left, here, None), ComponentState::Ok, "All passages"),
            (row(&some, here, None), ComponentState::Ok, "as far as"),
            (
                row(&away, here, None),
                ComponentState::Warn,
                "can't be used",
            ),
            (
                row(&some, far, Some(&chosen)),
                ComponentState::Ok,
                "as far as",
            ),
            (
                row(&away, far, Some(&chosen)),
                ComponentState::Warn,
                "could not read some",
            ),
            (
                row(&away, far, Some(&unwell)),
                ComponentState::Warn,
                "it took too long. Words alone",
            ),
            (
                row(&some, far, Some(&offline)),
                ComponentState::Ok,
                "is offline",
            ),
            (
                row(&some, taking_over, Some(&offline)),
                ComponentState::Ok,
                "not asked. New passages are found by their words alone",
            ),
            (
                row(&some, taking_over, Some(&unwell)),
                ComponentState::Warn,
                "it took too long. New passages are found by their words alone",
            ),
            (
                row(&on_battery, here, None),
                ComponentState::Ok,
                "as far as",
            ),
        ] {
            assert_eq!(row.state, state, "{}", row.cause);
            assert!(row.cause.contains(words), "{}", row.cause);
        }
        let seen: Vec<String> = row(&some, here, None)
            .evidence
            .into_iter()
            .map(|one| one.value)
            .collect();
        assert_eq!(seen, ["m-1", "7 passages", "0", "12.3"]);
        let named = &row(&some, far, Some(&chosen)).evidence[0];
        assert_eq!(named.redacted.as_deref(), Some("named by the person"));
        let waits = |untried, not_agreed| {
            waits_for(&ModelSeen {
                untried,
                not_agreed,
                ..chosen.clone()
            })
        };
        assert!(waits(true, true).unwrap().contains("passed its test"));
        assert!(waits(false, true).unwrap().contains("once you agree"));
        assert_eq!(waits(false, false), None);
    }
}
