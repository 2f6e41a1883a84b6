//! What the person chose about the window, kept over restarts in a private file of the app's own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::notices::Told;
use crate::place::Place;

pub(crate) const ZOOM_PERCENT_DEFAULT: u16 = 100;
/// In what steps the page is made larger and smaller.
const ZOOM_PERCENT_STEPS: [u16; 10] = [50, 67, 80, 90, 100, 110, 125, 150, 175, 200];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Choices {
    pub(crate) place: Option<Place>,
    pub(crate) zoom_percent: u16,
    /// The menus are shown in the window.
    pub(crate) menu_bar: bool,
    /// The work goes on when the window is closed.
    pub(crate) keep_running: bool,
    /// The system tells when something fails.
    pub(crate) notices: bool,
    /// Of what it has told.
    pub(crate) told: Told,
    /// The person has been told what closing the window does to the work.
    pub(crate) told_of_closing: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            place: None,
            zoom_percent: ZOOM_PERCENT_DEFAULT,
            menu_bar: false,
            keep_running: false,
            notices: true,
            told: Told::default(),
            told_of_closing: false,
        }
    }
}

impl Choices {
    /// The next step up, or the largest.
    pub(crate) fn larger(&self) -> u16 {
        let up = |step: &&u16| **step > self.zoom_percent;
        let largest = ZOOM_PERCENT_STEPS.last().copied();
        let next = ZOOM_PERCENT_STEPS.iter().find(up).copied();
        next.or(largest).unwrap_or(ZOOM_PERCENT_DEFAULT)
    }

    /// The next step down, or the smallest.
    pub(crate) fn smaller(&self) -> u16 {
        let down = |step: &&u16| **step < self.zoom_percent;
        let smallest = ZOOM_PERCENT_STEPS.first().copied();
        let next = ZOOM_PERCENT_STEPS.iter().rev().find(down).copied();
        next.or(smallest).unwrap_or(ZOOM_PERCENT_DEFAULT)
    }

    /// A file that somebody else wrote may hold anything.
    fn usable(mut self) -> Self {
        let [least, .., most] = ZOOM_PERCENT_STEPS;
        self.zoom_percent = self.zoom_percent.clamp(least, most);
        self
    }
}

/// The choices, and their file.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Without one they last as long as the program.
    file: Option<PathBuf>,
    now: Mutex<Choices>,
}

impl Kept {
    /// Reads the file. One that isn't there or can't be read means the defaults.
    pub(crate) fn open(file: Option<PathBuf>) -> Self {
        let read = file.as_ref().and_then(|file| fs::read(file).ok());
        let choices = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self {
            file,
            now: Mutex::new(Choices::usable(choices.unwrap_or_default())),
        }
    }

    pub(crate) fn now(&self) -> Choices {
        self.now.lock().clone()
    }

    /// Notes something that changes often; [`Kept::save`] keeps it.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Choices)) {
        change(&mut self.now.lock());
    }

    /// Changes a choice and keeps it at once.
    pub(crate) fn choose(&self, change: impl FnOnce(&mut Choices)) -> Choices {
        self.note(change);
        self.save();
        self.now()
    }

    /// Keeps the choices. Without room for them the window still works, so nobody is told.
    pub(crate) fn save(&self) {
        let Some(file) = &self.file else { return };
        if let Err(error) = write_private(file, &self.now()) {
            tracing::warn!(kind = ?error.kind(), "the choices about the window were not kept");
        }
    }
}

/// In one step, so that a crash leaves the old file or the new one. Temporary files are their owner's alone.
fn write_private(file: &Path, choices: &Choices) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    create_private(folder)?;
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(&serde_json::to_vec_pretty(choices)?)?;
    written.persist(file)?;
    Ok(())
}

/// A folder that only this account may look into.
pub(crate) fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_there_the_next_day_and_private() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("app/window.json");
        let kept = Kept::open(Some(file.clone()));
        assert_eq!(kept.now(), Choices::default(), "nothing was chosen yet");
        kept.choose(|choices| choices.zoom_percent = 150);
        assert_eq!(
            Kept::open(Some(file.clone())).now().zoom_percent,
            150,
            "it is kept"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for (path, mode) in [(file.as_path(), 0o600), (file.parent().unwrap(), 0o700)] {
                let found = fs::metadata(path).unwrap().permissions().mode() & 0o777;
                assert_eq!(found, mode, "nobody else may look into {}", path.display());
            }
        }
    }

    #[test]
    fn a_spoilt_file_means_the_defaults_and_is_written_anew() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("window.json");
        for spoilt in ["", "{", "[]", r#"{ "zoom_percent": -3 }"#] {
            fs::write(&file, spoilt).unwrap();
            let kept = Kept::open(Some(file.clone()));
            assert_eq!(kept.now(), Choices::default(), "{spoilt:?} says nothing");
            kept.choose(|choices| choices.menu_bar = true);
            assert!(
                Kept::open(Some(file.clone())).now().menu_bar,
                "and is replaced"
            );
        }
        fs::write(&file, r#"{ "zoom_percent": 9000, "later": 1 }"#).unwrap();
        let read = Kept::open(Some(file)).now();
        assert_eq!(read.zoom_percent, 200, "no page is larger than that");
    }

    #[test]
    fn zooming_goes_by_steps_and_ends_at_twice_the_size() {
        let mut choices = Choices::default();
        let mut up = Vec::new();
        for _ in 0..7 {
            choices.zoom_percent = choices.larger();
            up.push(choices.zoom_percent);
        }
        assert_eq!(up, [110, 125, 150, 175, 200, 200, 200], "up to 200 %");
        choices.zoom_percent = 60;
        assert_eq!(choices.smaller(), 50, "between two steps, the next one");
        choices.zoom_percent = 50;
        assert_eq!(choices.smaller(), 50, "and no smaller than that");
    }
}
