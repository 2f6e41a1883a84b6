//! Counts the files that are opened in a folder, by whom and how ever, as the system sees it.

use std::path::Path;

#[cfg(target_os = "linux")]
pub(crate) struct Opens(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Opens {
    /// From now on. `None` where the system lends no watch.
    #[expect(
        clippy::expect_used,
        reason = "a benchmark that can't be set up must stop"
    )]
    pub(crate) fn watch(folder: &Path) -> Option<Opens> {
        use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
        inotify::add_watch(&watch, folder, WatchFlags::OPEN | WatchFlags::CREATE).ok()?;
        let opens = Opens(watch);
        // A count that cannot rise would prove nothing.
        let trial = folder.join("trial");
        std::fs::write(&trial, b"seen?").expect("a file is written");
        assert!(opens.seen() > 0, "a file that is opened is seen");
        std::fs::remove_file(&trial).expect("the file goes");
        Some(opens)
    }

    /// Since the last look.
    pub(crate) fn seen(&self) -> usize {
        let mut space = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = rustix::fs::inotify::Reader::new(&self.0, &mut space);
        let mut seen = 0;
        while reader.next().is_ok() {
            seen += 1;
        }
        seen
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) enum Opens {}

#[cfg(not(target_os = "linux"))]
impl Opens {
    pub(crate) fn watch(_: &Path) -> Option<Opens> {
        None
    }

    pub(crate) fn seen(&self) -> usize {
        match *self {}
    }
}
