//! What is told, and how often: each kind of news at once when there was none of late, and then at
//! most four times a second. Events say how things are at the moment they are told, so what is held
//! back is not queued, and the last of them always says how it ended.

use std::collections::HashMap;
use std::time::Duration;

use oldgrowth_store::BatchKey;
use parking_lot::{Condvar, Mutex};

use crate::Event;
use crate::engine::Core;
use crate::ports::Clock;

/// At most so often is one kind of news told: four times a second.
pub(crate) const TELL_EVERY: Duration = Duration::from_millis(250);

/// What there can be news of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum News {
    Batch(BatchKey),
    Health,
    Memory,
    Names,
    Copies,
    Work,
    Fix,
}

#[derive(Default)]
pub(crate) struct Telling {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    kinds: HashMap<News, Told>,
    /// Nobody is there any more to tell what is held back.
    stopped: bool,
}

#[derive(Clone, Copy, Default)]
struct Told {
    last: Option<Duration>,
    /// It has changed since it was last told.
    due: bool,
    /// One tells it at this moment, so that no older state can follow a newer one.
    now: bool,
    /// There will be something to tell at this time, whatever is told before.
    again: Option<Duration>,
}

impl Told {
    /// From when on it may be told.
    fn at(self) -> Duration {
        self.last.map_or(Duration::ZERO, |last| last + TELL_EVERY)
    }

    /// When there is something to tell, if there is.
    fn next(self) -> Option<Duration> {
        let due = self.due.then(|| self.at());
        let again = self.again.map(|again| again.max(self.at()));
        due.into_iter().chain(again).min()
    }
}

impl Telling {
    /// May it be told right now? If not, it is told when it may be. `now` is monotonic.
    fn begin(&self, news: News, now: Duration) -> bool {
        let mut state = self.state.lock();
        let stopped = state.stopped;
        let told = state.kinds.entry(news).or_default();
        if !stopped && (told.now || told.at() > now) {
            told.due = true;
            self.changed.notify_all();
            return false;
        }
        told.due = false;
        told.now = true;
        true
    }

    /// Lets another thread tell it, as soon as it may be told.
    fn later(&self, news: News) {
        let mut state = self.state.lock();
        if !state.stopped {
            state.kinds.entry(news).or_default().due = true;
            self.changed.notify_all();
        }
    }

    /// Lets another thread tell it at this time, by the monotonic clock.
    fn at(&self, news: News, at: Duration) {
        let mut state = self.state.lock();
        if !state.stopped {
            let told = state.kinds.entry(news).or_default();
            told.again = Some(told.again.map_or(at, |again| again.min(at)));
            self.changed.notify_all();
        }
    }

    /// True when it is to be told once more, because nobody is there any more to do it later.
    fn end(&self, news: News, now: Duration) -> bool {
        let mut state = self.state.lock();
        let stopped = state.stopped;
        let mut again = false;
        if let Some(told) = state.kinds.get_mut(&news) {
            again = stopped && told.due;
            told.due &= !again;
            told.now = again;
            told.last = Some(now);
        }
        self.changed.notify_all();
        again
    }

    /// What is to be told now, waiting until there is something; `None` at the end.
    fn next(&self, clock: &dyn Clock) -> Option<Vec<News>> {
        let mut state = self.state.lock();
        loop {
            let waiting = state.kinds.values().filter(|told| !told.now);
            let next = waiting.filter_map(|told| told.next()).min();
            let now = clock.monotonic();
            match next {
                None if state.stopped => return None,
                Some(_) if state.stopped && !state.is_due() => return None,
                None => self.changed.wait(&mut state),
                Some(at) if at > now && !state.stopped => {
                    let waited = self.changed.wait_for(&mut state, at - now);
                    if waited.timed_out() {
                        return Some(state.take(at));
                    }
                }
                Some(at) => return Some(state.take(at.max(now))),
            }
        }
    }

    /// What is held back is told, and then nothing is held back any more.
    pub(crate) fn stop(&self) {
        self.state.lock().stopped = true;
        self.changed.notify_all();
    }
}

impl State {
    fn is_due(&self) -> bool {
        self.kinds.values().any(|told| told.due && !told.now)
    }

    fn take(&mut self, now: Duration) -> Vec<News> {
        // What was told long ago and has no news needs no row.
        self.kinds
            .retain(|_, told| told.next().is_some() || told.now || told.at() + TELL_EVERY > now);
        let stopped = self.stopped;
        let mut taken = Vec::new();
        for (news, told) in &mut self.kinds {
            let is_time = told.next().is_some_and(|at| at <= now);
            if !told.now && (is_time || stopped && told.due) {
                told.again = told.again.filter(|again| *again > now);
                (told.due, told.now) = (false, true);
                taken.push(*news);
            }
        }
        taken
    }
}

impl Core {
    /// To be called outside every lock and transaction, after it has become true.
    pub(crate) fn tell(&self, news: News) {
        let clock = &self.ambient.clock;
        if self.telling.begin(news, clock.monotonic()) {
            self.tell_to_the_end(news);
        }
    }

    /// As [`Core::tell`], for those who must not wait for what telling takes.
    pub(crate) fn tell_later(&self, news: News) {
        self.telling.later(news);
    }

    /// Tells what others hold back, until [`Telling::stop`].
    pub(crate) fn keep_telling(&self) {
        let clock = &self.ambient.clock;
        while let Some(taken) = self.telling.next(&**clock) {
            for news in taken {
                self.tell_to_the_end(news);
            }
        }
    }

    fn tell_to_the_end(&self, news: News) {
        loop {
            self.tell_now(news);
            if !self.telling.end(news, self.ambient.clock.monotonic()) {
                return;
            }
        }
    }

    fn tell_now(&self, news: News) {
        if news == News::Health {
            self.show_due();
            self.note_changes();
            if let Some(left) = self.board.next_due(self.now()) {
                let now = self.ambient.clock.monotonic();
                self.telling.at(News::Health, now + left);
            }
        }
        if self.events.nobody_listens() {
            return;
        }
        let event = match news {
            News::Batch(key) => self.batch_event(key),
            News::Health => self
                .board
                .untold(self.store.reservations())
                .map(Event::Health),
            News::Memory => Some(Event::MemoryChanged {
                seq: self.changes(),
            }),
            News::Names => Some(Event::NamesChanged),
            News::Copies => Some(match self.running.progress() {
                Some(progress) => Event::Copy(progress),
                None => Event::CopiesChanged,
            }),
            News::Work => Some(Event::Work(self.work_now())),
            News::Fix => self.fixing.progress().map(Event::Fix),
        };
        if let Some(event) = event {
            self.events.publish(&event);
        }
    }

    fn batch_event(&self, key: BatchKey) -> Option<Event> {
        self.batch_now(key).ok().map(Event::Batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    struct Still(Duration);

    impl Clock for Still {
        fn unix_ms(&self) -> i64 {
            0
        }

        fn monotonic(&self) -> Duration {
            self.0
        }
    }

    /// How often it is told at once when it changes each millisecond for a second.
    #[test]
    fn the_first_is_told_at_once_and_then_four_a_second() {
        let telling = Telling::default();
        let start = MS(10_000);
        let mut told = Vec::new();
        for ms in 0..1_000 {
            let now = start + MS(ms);
            if telling.begin(News::Health, now) {
                telling.end(News::Health, now);
                told.push(ms);
            }
        }
        assert_eq!(told, [0, 250, 500, 750]);
        assert_eq!(
            telling.next(&Still(start + MS(1_000))),
            Some(vec![News::Health]),
            "what came after the last is told when its time has come"
        );
    }

    #[test]
    fn what_comes_later_is_told_when_it_is_time_and_not_at_the_end() {
        let telling = Telling::default();
        telling.at(News::Health, MS(3_000));
        assert!(telling.begin(News::Health, MS(1_000)), "something else");
        telling.end(News::Health, MS(1_000));
        assert_eq!(telling.next(&Still(MS(3_000))), Some(vec![News::Health]));
        telling.end(News::Health, MS(3_000));
        telling.at(News::Health, MS(9_000));
        telling.stop();
        assert_eq!(telling.next(&Still(MS(4_000))), None);
    }

    #[test]
    fn each_kind_has_its_own_time() {
        let telling = Telling::default();
        for news in [News::Health, News::Memory, News::Copies, News::Work] {
            assert!(telling.begin(news, MS(5)), "the first of {news:?}");
        }
    }

    #[test]
    fn while_one_tells_it_no_other_does_and_nothing_is_lost() {
        let telling = Telling::default();
        assert!(telling.begin(News::Work, MS(0)));
        assert!(
            !telling.begin(News::Work, MS(900)),
            "an older state could come after it"
        );
        assert!(!telling.end(News::Work, MS(900)), "another tells it, later");
        assert_eq!(
            telling.next(&Still(MS(1_150))),
            Some(vec![News::Work]),
            "what changed while it was told"
        );
    }

    #[test]
    fn who_tells_while_all_ends_tells_what_came_meanwhile() {
        let telling = Telling::default();
        assert!(telling.begin(News::Work, MS(0)));
        assert!(!telling.begin(News::Work, MS(1)));
        telling.stop();
        assert!(telling.end(News::Work, MS(2)), "nobody else would");
        assert!(!telling.end(News::Work, MS(3)));
    }

    #[test]
    fn at_the_end_all_that_is_held_back_is_told_and_then_nothing_is_held_back() {
        let telling = Telling::default();
        assert!(telling.begin(News::Memory, MS(0)));
        telling.end(News::Memory, MS(0));
        assert!(!telling.begin(News::Memory, MS(1)));
        telling.stop();
        let clock = Still(MS(1));
        assert_eq!(telling.next(&clock), Some(vec![News::Memory]));
        telling.end(News::Memory, MS(1));
        assert_eq!(telling.next(&clock), None);
        assert!(telling.begin(News::Memory, MS(2)), "at once");
    }
}
