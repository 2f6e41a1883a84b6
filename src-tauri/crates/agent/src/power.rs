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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the system itself says, where it says it in files.
    #[cfg(target_os = "linux")]
    #[test]
    fn it_is_on_its_battery_when_the_system_says_that_one_gives() {
        let supplies = std::fs::read_dir("/sys/class/power_supply").into_iter();
        let gives = supplies.flatten().flatten().any(|supply| {
            let says =
                |name: &str| std::fs::read_to_string(supply.path().join(name)).unwrap_or_default();
            says("type").trim() == "Battery"
                && says("scope").trim() != "Device"
                && says("status").trim() == "Discharging"
        });
        assert_eq!(SystemPower.is_on_battery(), gives);
    }
}
