//! What `models` prints.

use oldgrowth_wire::{ModelChosen, ModelKeyPlace, ModelNames, ModelRole, ModelTested, Models};

use super::{Output, counted, hint};

/// What is said of each thing that a model may be chosen for.
struct Words {
    role: ModelRole,
    name: &'static str,
    does: &'static str,
    built_in: &'static str,
    /// What leaves for one on another computer: in a word, and all of it.
    leaves: &'static str,
    sent: &'static str,
}

const QUESTIONS_TOO: &str = "your questions and texts of your memories";

const WORDS: [Words; 3] = [
    Words {
        role: ModelRole::Summaries,
        name: "Summaries",
        does: "chooses their sentences",
        built_in: "Summaries are made by what is built in.",
        leaves: "texts of your memories",
        sent: "the passages that a summary is about",
    },
    Words {
        role: ModelRole::Embeddings,
        name: "Embeddings",
        does: "compares what passages and questions mean",
        built_in: "What passages and questions mean is compared by what is built in.",
        leaves: QUESTIONS_TOO,
        sent: "all passages, with who said them and on which day, and each question",
    },
    Words {
        role: ModelRole::Reranking,
        name: "Reranking",
        does: "reads what was found together with the question",
        built_in: "No model reads what was found: it keeps its order.",
        leaves: QUESTIONS_TOO,
        sent: "each question, with the first 50 passages that were found",
    },
];

impl Output {
    pub(in crate::cli) fn models(&self, models: &Models) {
        if self.json {
            return self.object(models);
        }
        for words in &WORDS {
            match models.of(words.role) {
                None => self.line(words.built_in),
                Some(chosen) => self.chosen(words, chosen),
            }
        }
        self.line(&format!(
            "Today {} and {:.1} MB of texts have left for models; at most {} and {:.1} MB may.",
            counted(models.calls_today, "call"),
            megabytes(models.bytes_today),
            counted(models.limits.calls_max, "call"),
            megabytes(models.limits.bytes_max),
        ));
        if models.unreadable {
            hint("What was chosen can't be read, so no model is asked; choose anew");
        }
        if models.offline {
            hint("Oldgrowth is offline, so no model is asked");
        }
    }

    fn chosen(&self, words: &Words, chosen: &ModelChosen) {
        let Words {
            name,
            does,
            leaves,
            sent,
            ..
        } = words;
        let of = for_it(words.role);
        self.line(&if chosen.model.is_empty() {
            format!(
                "{name}: the server {} is chosen, and no model of it.",
                chosen.address
            )
        } else {
            format!("{name}: {} at {} {does}.", chosen.model, chosen.address)
        });
        let safely = if chosen.encrypted {
            ""
        } else {
            ", and anybody on the way can read it"
        };
        self.line(&match (chosen.here, chosen.agreed) {
            (true, _) => "It is on this computer; nothing of your memories leaves.".to_owned(),
            (false, true) => format!(
                "You have agreed that {leaves} leave for {}{safely}.",
                chosen.host
            ),
            (false, false) => format!(
                "It is not asked: you have not agreed that {leaves} leave for {}{safely}.",
                chosen.host
            ),
        });
        if !chosen.here {
            self.line(&format!("What it needs: {sent}."));
        }
        match chosen.key {
            Some(ModelKeyPlace::Keychain) => {
                self.line("Its key is in the keychain of your system.")
            }
            Some(ModelKeyPlace::File) => {
                self.line("Its key is in a file that you alone may read, because no keychain could keep it.");
            }
            None => {}
        }
        if chosen.model.is_empty() {
            hint(&format!(
                "  oldgrowth models names{of} lists the models of the server"
            ));
        } else if chosen.untried {
            hint(&format!(
                "  oldgrowth models test{of} tries it; it is used once it has passed"
            ));
        }
        if !chosen.here && !chosen.agreed {
            hint(&format!(
                "  oldgrowth models consent on{of} lets it be asked"
            ));
        }
        if let Some(trouble) = &chosen.trouble {
            hint(&format!(
                "It is not asked since {}: {}",
                trouble.since, trouble.cause
            ));
            hint(&format!("  {}", trouble.next));
        }
    }

    pub(in crate::cli) fn model_names(&self, names: &ModelNames) {
        if self.json {
            return self.object(names);
        }
        if names.names.is_empty() {
            self.line("The server has no models.");
        }
        for name in &names.names {
            self.line(name);
        }
    }

    pub(in crate::cli) fn model_tested(&self, tested: &ModelTested) {
        if self.json {
            return self.object(tested);
        }
        let seconds = tested.took_ms as f64 / 1_000.0;
        self.line(&format!(
            "It works: it answered in the form that is needed, in {seconds:.1} s."
        ));
    }
}

/// How the command line is told what a model is for.
pub(in crate::cli) fn for_it(role: ModelRole) -> &'static str {
    match role {
        ModelRole::Summaries => "",
        ModelRole::Embeddings => " --for embeddings",
        ModelRole::Reranking => " --for reranking",
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}
