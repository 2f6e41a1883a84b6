//! What `models` prints.

use oldgrowth_wire::{ModelChosen, ModelKeyPlace, ModelNames, ModelTested, Models};

use super::{Output, counted, hint};

impl Output {
    pub(in crate::cli) fn models(&self, models: &Models) {
        if self.json {
            return self.object(models);
        }
        match &models.summaries {
            None => self.line("Summaries are made by what is built in."),
            Some(chosen) => self.chosen(chosen),
        }
        self.line(&format!(
            "Today {} and {:.1} MB have left for models; at most {} and {:.1} MB may.",
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

    fn chosen(&self, chosen: &ModelChosen) {
        self.line(&if chosen.model.is_empty() {
            format!(
                "The server {} is chosen, and no model of it.",
                chosen.address
            )
        } else {
            format!(
                "Summaries: {} at {} chooses their sentences.",
                chosen.model, chosen.address
            )
        });
        let safely = if chosen.encrypted {
            ""
        } else {
            ", and anybody on the way can read it"
        };
        self.line(&match (chosen.here, chosen.agreed) {
            (true, _) => "It is on this computer; nothing of your memories leaves.".to_owned(),
            (false, true) => format!("Texts of your memories leave for {}{safely}.", chosen.host),
            (false, false) => format!(
                "It is not asked: you have not agreed that texts of your memories leave for {}{safely}.",
                chosen.host
            ),
        });
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
            hint("  oldgrowth models names lists the models of the server");
        }
        if !chosen.here && !chosen.agreed {
            hint("  oldgrowth models consent on lets it be asked");
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

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}
