//! On its battery a computer embeds no passages: what that takes is for its person. It goes on by itself.

use std::time::Duration;

use parking_lot::Mutex;

use crate::engine::Core;
use crate::telling::News;

/// Nobody is asked again sooner: some systems take a while to tell.
const ASK_EVERY: Duration = Duration::from_secs(20);

/// What was last heard of the power, and when.
#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<Option<(Duration, bool)>>);

impl Core {
    /// As it was last heard: passages wait, for the computer runs on its battery. Asks nobody.
    pub(super) fn is_on_battery(&self) -> bool {
        let heard = *self.embeds.power.0.lock();
        heard.is_some_and(|(_, on_battery)| on_battery)
    }

    /// As [`Core::is_on_battery`], as it is now or was a moment ago. What has changed is told.
    pub(crate) fn waits_for_power(&self) -> bool {
        let Some(power) = &self.power else {
            return false;
        };
        let now = self.ambient.clock.monotonic();
        let heard = *self.embeds.power.0.lock();
        if let Some((at, on_battery)) = heard
            && now.saturating_sub(at) < ASK_EVERY
        {
            return on_battery;
        }
        let before = self.is_on_battery();
        let on_battery = power.is_on_battery();
        *self.embeds.power.0.lock() = Some((now, on_battery));
        if on_battery != before {
            self.queue.wake();
            self.meaning_changed();
            self.tell(News::Work);
        }
        on_battery
    }

    /// Nobody else looks while passages wait.
    pub(crate) fn look_at_power(&self) {
        if self.is_on_battery() {
            self.waits_for_power();
        }
    }
}
