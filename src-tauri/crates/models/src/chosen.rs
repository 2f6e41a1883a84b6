//! The summariser that a memory works with: a model that the person has chosen and, where it is away, what is built in.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use oldgrowth_engine::ports::{Fallback, Summarised, Summariser, Unit, no_connection_held};

use crate::Extractive;
use crate::models::{Missed, Models};
use crate::summary;

/// Asks the model that is chosen at that moment. A summary is made in any case.
#[derive(Debug)]
pub struct Chosen {
    models: Models,
    stop: Arc<AtomicBool>,
}

impl Chosen {
    /// Nobody wants to hear from a model any more once `stop` is true.
    #[must_use]
    pub fn new(models: Models, stop: Arc<AtomicBool>) -> Self {
        Self { models, stop }
    }
}

impl Summariser for Chosen {
    fn summarise(&self, units: &[Unit], chars_max: usize) -> oldgrowth_engine::Result<Summarised> {
        no_connection_held()?;
        let missed = match self.models.choose_sentences(units, chars_max, &self.stop) {
            Ok((chosen, model)) => {
                return Ok(Summarised {
                    chosen,
                    by: format!("{model} ({})", summary::VERSION),
                    fallback: Fallback::None,
                });
            }
            Err(missed) => missed,
        };
        let fallback = match missed {
            // Nobody has asked for more.
            Missed::NotChosen => Fallback::None,
            Missed::Away(error) => {
                tracing::debug!(%error, "a summary is made by what is built in");
                Fallback::Away
            }
            Missed::CantDo(error) => {
                tracing::debug!(%error, "a summary is made by what is built in for good");
                Fallback::CantDo
            }
        };
        let made = Extractive.summarise(units, chars_max)?;
        Ok(Summarised { fallback, ..made })
    }
}
