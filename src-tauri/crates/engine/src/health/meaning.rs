//! Can passages be compared by what they mean, and how many are yet to be read for that?

use super::HealthCode;
use super::rows::{Row, counted};
use crate::Result;
use crate::embedding::EmbeddingLeft;
use crate::engine::Core;

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
    let Some(embedder) = core.embedder.as_deref() else {
        return Ok(without_model());
    };
    let left = core.store.read(oldgrowth_store::Lane::Interactive, |r| {
        core.left_to_embed(r)
    })?;
    Ok(left.map_or_else(without_model, |left| row(&left, embedder.id())))
}

fn without_model() -> Row {
    Row::ok("Passages are found by their words alone: the model that compares what they mean is not here.")
        .next("Installing Oldgrowth again brings it. Everything else works without.")
}

fn row(left: &EmbeddingLeft, model: &str) -> Row {
    let row = match (left.away, left.passages) {
        (Some(_), _) => Row::warn(
            "The model that compares what passages mean can't be used, so new ones are found by their words alone.",
            "It is tried again by itself. If it stays so, install Oldgrowth again: its file may be damaged.",
        ),
        (None, 1..) if left.on_battery => Row::ok("Passages can be compared by what they mean, as far as they were read for it.")
            .next("This computer runs on its battery, so the rest waits until it is plugged in. By their words all are found."),
        (None, 0) => Row::ok("All passages can be compared by what they mean."),
        (None, _) => Row::ok("Passages can be compared by what they mean, as far as they were read for it.")
            .next("The rest follows by itself, whenever nothing else is to be done. By their words all are found."),
    };
    row.seen("Model", model)
        .seen(
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
    use crate::health::ComponentState;

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
        for (row, state, words) in [
            (without_model(), ComponentState::Ok, "by their words alone"),
            (row(&left, "m-1"), ComponentState::Ok, "All passages"),
            (row(&some, "m-1"), ComponentState::Ok, "as far as"),
            (row(&away, "m-1"), ComponentState::Warn, "can't be used"),
            (row(&on_battery, "m-1"), ComponentState::Ok, "as far as"),
        ] {
            assert_eq!(row.state, state, "{}", row.cause);
            assert!(row.cause.contains(words), "{}", row.cause);
        }
        let seen: Vec<String> = row(&some, "m-1")
            .evidence
            .into_iter()
            .map(|one| one.value)
            .collect();
        assert_eq!(seen, ["m-1", "7 passages", "0", "12.3"]);
    }
}
