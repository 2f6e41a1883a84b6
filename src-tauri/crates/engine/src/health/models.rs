//! Does the model that was chosen answer? While it does not, what is built in does its work.

use super::rows::Row;
use super::{ComponentState, HealthCode};
use crate::Engine;
use crate::engine::Core;
use crate::ports::{ModelSeen, ModelsSeen};

const BUILT_IN: &str = "Summaries are made by what is built in.";

impl Engine {
    /// To be called when the person has chosen. Summaries that were made by what is built in, because a model was away,
    /// are made anew as they would be made now.
    pub fn models_changed(&self) {
        let core = self.core();
        core.look_at_models();
        core.embedder_changed();
        core.meaning_changed();
        if let Err(error) = core.remake_degraded() {
            tracing::debug!(
                transient = error.is_transient(),
                "summaries to be made anew wait for the next turn"
            );
        }
    }
}

impl Core {
    pub(crate) fn look_at_models(&self) {
        self.put(HealthCode::Models, || {
            let seen = self.models.as_ref().map(|models| models.seen());
            seen.map_or_else(|| Row::ok(BUILT_IN), row)
        });
    }
}

/// What a model is chosen for, in words.
struct Work {
    name: &'static str,
    does: &'static str,
    meanwhile: &'static str,
}

const SUMMARIES: Work = Work {
    name: "for summaries",
    does: "A model that you have chosen chooses the sentences of summaries.",
    meanwhile: BUILT_IN,
};
const RERANKING: Work = Work {
    name: "that reads what was found",
    does: "A model that you have chosen reads what was found together with the question.",
    meanwhile: "What is found keeps its order.",
};

fn row(seen: ModelsSeen) -> Row {
    if seen.unreadable {
        return Row::warn(
            format!("Which model was chosen can't be read, so none is asked. {BUILT_IN}"),
            "Choose anew under Settings, Models.",
        );
    }
    let summaries = seen.chosen.map(|chosen| of(&SUMMARIES, chosen));
    let reranking = seen.reranks.map(|chosen| of(&RERANKING, chosen));
    match (summaries, reranking) {
        (Some(row), None) | (None, Some(row)) => row,
        (Some(row), Some(other)) => match urgency(&other) > urgency(&row) {
            true => other,
            false => row,
        },
        (None, None) => Row::ok(format!("No server of models is chosen. {BUILT_IN}")),
    }
}

/// Which of two rows is told: the one to do something about.
fn urgency(row: &Row) -> (bool, bool) {
    (row.state != ComponentState::Ok, row.next.is_some())
}

fn of(work: &Work, chosen: ModelSeen) -> Row {
    let Work {
        name,
        does,
        meanwhile,
    } = work;
    let row = match &chosen {
        ModelSeen { unnamed: true, .. } => {
            Row::ok(format!("A server is chosen, and no model of it. {meanwhile}"))
                .next("Choose one under Settings, Models.")
        }
        ModelSeen { offline: true, .. } => Row::ok(format!(
            "Oldgrowth is offline, so the model {name} is not asked. {meanwhile}"
        ))
        .next("It is asked once you turn Offline off under Settings, Privacy."),
        ModelSeen {
            not_agreed: true, ..
        } => Row::ok(format!(
            "The model that is chosen is on another computer, and you have not agreed that texts leave for it. {meanwhile}"
        ))
        .next("Agree under Settings, Models, or choose another."),
        ModelSeen {
            away: Some((cause, next)),
            ..
        } => Row::warn(
            format!("The model {name} is not asked: {cause}. {meanwhile}"),
            &sentence(next),
        ),
        ModelSeen { .. } => Row::ok(*does),
    };
    row.seen_privately("Server", chosen.host, "named by the person")
        .seen_privately("Model", chosen.model, "named by the person")
}

pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_model_that_was_to_be_asked_and_does_not_answer_warns() {
        let well = ModelSeen {
            host: "host.example".to_owned(),
            model: "little".to_owned(),
            unnamed: false,
            untried: false,
            not_agreed: false,
            offline: false,
            away: None,
        };
        let away = Some((
            "it took too long".to_owned(),
            "it is tried again".to_owned(),
        ));
        for (chosen, state, words) in [
            (None, ComponentState::Ok, "No server of models is chosen."),
            (Some(well.clone()), ComponentState::Ok, "you have chosen"),
            (
                Some(ModelSeen {
                    unnamed: true,
                    ..well.clone()
                }),
                ComponentState::Ok,
                "no model of it",
            ),
            (
                Some(ModelSeen {
                    not_agreed: true,
                    ..well.clone()
                }),
                ComponentState::Ok,
                "not agreed",
            ),
            (
                Some(ModelSeen {
                    offline: true,
                    ..well.clone()
                }),
                ComponentState::Ok,
                "is offline",
            ),
            (
                Some(ModelSeen {
                    away: away.clone(),
                    ..well.clone()
                }),
                ComponentState::Warn,
                "not asked: it took too long.",
            ),
        ] {
            let row = row(ModelsSeen {
                chosen,
                ..ModelsSeen::default()
            });
            assert_eq!(row.state, state, "{}", row.cause);
            assert!(row.cause.contains(words), "{}", row.cause);
            assert!(
                !row.cause.contains("host.example"),
                "a row may be handed on as it is"
            );
        }
        let reranks = |chosen: Option<ModelSeen>, away| {
            row(ModelsSeen {
                chosen,
                reranks: Some(ModelSeen {
                    away,
                    ..well.clone()
                }),
                ..ModelsSeen::default()
            })
        };
        let alone = reranks(None, None);
        assert!(
            alone.cause.contains("reads what was found"),
            "{}",
            alone.cause
        );
        let beside = reranks(Some(well.clone()), None);
        assert!(beside.cause.contains("summaries"), "{}", beside.cause);
        let in_trouble = reranks(Some(well.clone()), away);
        assert_eq!(in_trouble.state, ComponentState::Warn);
        assert!(in_trouble.cause.ends_with("What is found keeps its order."));
        for (seen, words) in [
            (
                ModelSeen {
                    unnamed: true,
                    ..well.clone()
                },
                "no model of it",
            ),
            (
                ModelSeen {
                    not_agreed: true,
                    ..well.clone()
                },
                "not agreed",
            ),
            (
                ModelSeen {
                    offline: true,
                    ..well.clone()
                },
                "is offline",
            ),
        ] {
            let row = row(ModelsSeen {
                chosen: Some(well.clone()),
                reranks: Some(seen),
                ..ModelsSeen::default()
            });
            assert_eq!(row.state, ComponentState::Ok);
            assert!(row.cause.contains(words), "{}", row.cause);
            assert!(row.cause.ends_with("What is found keeps its order."));
        }
        let unreadable = row(ModelsSeen {
            unreadable: true,
            ..ModelsSeen::default()
        });
        assert_eq!(unreadable.state, ComponentState::Warn);
    }
}
