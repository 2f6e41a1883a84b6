//! Where the file of the weights is.

use std::path::{Path, PathBuf};

/// The name of the file.
pub const FILE: &str = "e5-small.weights";

/// The folder that holds it, wherever that is.
const FOLDER: &str = "weights";

/// Where the folder lies beside a program's own folder: next to it, as a build and Windows have it; among what an
/// installation on Linux or macOS brings.
const BESIDE: [&str; 3] = ["", "../lib/Oldgrowth", "../Resources"];

/// Of a build from source: so many folders above the program at most begins the folder of the sources.
const SOURCES_ABOVE_MAX: usize = 4;
const AMONG_SOURCES: &str = "src-tauri";

/// The file of the weights that belongs to this program. `None` is a whole program too: it finds by words alone.
#[must_use]
pub fn find(program: &Path) -> Option<PathBuf> {
    let own = program.parent()?;
    let beside = BESIDE.iter().map(|way| own.join(way));
    let sources = own
        .ancestors()
        .take(SOURCES_ABOVE_MAX)
        .map(|folder| folder.join(AMONG_SOURCES));
    beside
        .chain(sources)
        .map(|folder| folder.join(FOLDER).join(FILE))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let file = folder.join(FILE);
        std::fs::write(&file, "weights").unwrap();
        file.canonicalize().unwrap()
    }

    fn found_from(program: &Path) -> Option<PathBuf> {
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        find(program).map(|file| file.canonicalize().unwrap())
    }

    #[test]
    fn an_installed_program_finds_what_was_installed_with_it() {
        for (program, weights) in [
            ("usr/bin/oldgrowth-desktop", "usr/lib/Oldgrowth/weights"),
            (
                "Oldgrowth.app/Contents/MacOS/oldgrowth-desktop",
                "Oldgrowth.app/Contents/Resources/weights",
            ),
            ("Oldgrowth/oldgrowth-desktop.exe", "Oldgrowth/weights"),
        ] {
            let root = tempfile::tempdir().unwrap();
            let program = root.path().join(program);
            assert_eq!(found_from(&program), None, "it was not installed yet");
            let file = put(&root.path().join(weights));
            assert_eq!(found_from(&program), Some(file), "{weights}");
        }
    }

    #[test]
    fn a_program_that_was_built_finds_what_the_set_up_has_made() {
        let root = tempfile::tempdir().unwrap();
        let file = put(&root.path().join("src-tauri/weights"));
        for program in ["target/quick/oldgrowth", "target/debug/deps/it"] {
            let found = found_from(&root.path().join(program));
            assert_eq!(found.as_ref(), Some(&file), "{program}");
        }
        let copied = put(&root.path().join("target/quick/weights"));
        let found = found_from(&root.path().join("target/quick/oldgrowth"));
        assert_eq!(found, Some(copied), "what lies beside it comes first");
    }
}
