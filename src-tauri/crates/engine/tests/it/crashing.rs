//! A process that is killed while an engine works: what it leaves is copied, and another engine goes on with the copy.

use std::path::Path;

use oldgrowth_engine::Error;

use crate::rig::{Place, Rig, private_folder};

impl Place {
    /// Ends this engine as a kill would: the memory goes on from what lies in the files at this moment, the log
    /// included, and what the engine does from here on nobody will ever see. `let_go` opens what holds its models.
    pub(crate) fn kill(&mut self, rig: Rig, let_go: impl FnOnce()) {
        let left = private_folder();
        let (from, to) = (
            self.workspace.path().to_path_buf(),
            left.path().to_path_buf(),
        );
        // On the only thread that writes, so that no write and no emptying of the log is under way: that one is half
        // done the suites of the keeper see to.
        let copied = rig.store.write(move |_| {
            copy(&from, &to);
            Ok::<_, Error>(())
        });
        copied.unwrap();
        let_go();
        drop(rig);
        self.workspace = left;
    }
}

/// The shared index of the log is memory, and goes with the process.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
