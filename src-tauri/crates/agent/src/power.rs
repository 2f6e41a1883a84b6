//! Where this machine's power comes from.

use oldgrowth_engine::ports::Power;
use starship_battery::{Manager, State};

/// As its batteries say. A machine without one, or that tells nobody, is never on its battery.
pub(crate) struct SystemPower;

impl Power for SystemPower {
    fn is_on_battery(&self) -> bool {
        let batteries = Manager::new().and_then(|manager| manager.batteries());
        batteries.is_ok_and(|mut all| {
            all.any(|one| one.is_ok_and(|one| one.state() == State::Discharging))
        })
    }
}
