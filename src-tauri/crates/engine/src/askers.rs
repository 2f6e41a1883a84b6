//! Who asks again before the answer is there.

use oldgrowth_store::Canceller;
use parking_lot::Mutex;

/// The most askers that are remembered; who has been silent longest is forgotten first.
const ASKERS_MAX: usize = 32;

/// Who asks, such as a box that is typed into: its newer question calls the older one off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    pub name: String,
    /// Grows with each of its questions, which may overtake each other on their way.
    pub turn: u32,
}

#[derive(Default)]
pub(crate) struct Askers {
    /// Who asked last comes last.
    asking: Mutex<Vec<Asking>>,
}

struct Asking {
    asker: Asker,
    canceller: Canceller,
}

impl Askers {
    /// What calls the question off that begins now. It is called off already if a newer one came first.
    pub(crate) fn begin(&self, asker: Option<&Asker>) -> Canceller {
        let canceller = Canceller::default();
        let Some(asker) = asker else {
            return canceller;
        };
        let mut asking = self.asking.lock();
        let before = asking
            .iter()
            .position(|before| before.asker.name == asker.name)
            .map(|at| asking.remove(at));
        if let Some(before) = before {
            if before.asker.turn > asker.turn {
                canceller.cancel();
                asking.push(before);
                return canceller;
            }
            before.canceller.cancel();
        }
        if asking.len() >= ASKERS_MAX {
            asking.remove(0);
        }
        asking.push(Asking {
            asker: asker.clone(),
            canceller: canceller.clone(),
        });
        canceller
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(name: &str, turn: u32) -> Asker {
        Asker {
            name: name.to_owned(),
            turn,
        }
    }

    #[test]
    fn a_newer_question_calls_off_the_older_one_of_the_same_asker_alone() {
        let askers = Askers::default();
        let first = askers.begin(Some(&asker("box", 1)));
        let other = askers.begin(Some(&asker("palette", 1)));
        let nobody = askers.begin(None);
        let second = askers.begin(Some(&asker("box", 2)));
        assert!(first.is_cancelled(), "overtaken");
        assert!(
            !other.is_cancelled() && !nobody.is_cancelled(),
            "others go on"
        );
        assert!(!second.is_cancelled(), "the newest is answered");
        let late = askers.begin(Some(&asker("box", 1)));
        assert!(late.is_cancelled(), "an older one that comes late is not");
        assert!(!second.is_cancelled(), "and calls off nothing");
    }

    #[test]
    fn the_longest_silent_is_forgotten() {
        let askers = Askers::default();
        for number in 0..ASKERS_MAX * 2 {
            askers.begin(Some(&asker(&number.to_string(), 1)));
        }
        assert_eq!(askers.asking.lock().len(), ASKERS_MAX, "there is a limit");
    }
}
