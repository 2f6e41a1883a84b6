//! Names that are left out wherever they stand, because no person wrote what they hold.

use std::ffi::OsStr;

use crate::reason::SkipReason;

/// The rule that leaves out an entry of this name, if one does.
pub(crate) fn left_out(name: &OsStr, is_directory: bool) -> Option<SkipReason> {
    // A name that is not valid Unicode matches no rule but that of the leading dot.
    let name = name.to_string_lossy();
    let lower = name.to_lowercase();
    if is_directory && DEPENDENCY_FOLDERS.contains(&lower.as_str()) {
        return Some(SkipReason::DependencyFolder);
    }
    if SYSTEM_NAMES.contains(&lower.as_str()) || lower.starts_with("._") {
        return Some(SkipReason::SystemFile);
    }
    if !is_directory && is_lock_file(&lower) {
        return Some(SkipReason::LockFile);
    }
    name.starts_with('.').then_some(SkipReason::Hidden)
}

const DEPENDENCY_FOLDERS: &[&str] = &["node_modules", "bower_components", "__pycache__"];

const SYSTEM_NAMES: &[&str] = &[
    ".ds_store",
    ".spotlight-v100",
    ".trashes",
    ".fseventsd",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "icon\r",
];

const LOCK_FILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "bun.lockb",
    "composer.lock",
    "cargo.lock",
    "gemfile.lock",
    "poetry.lock",
    "pipfile.lock",
    "uv.lock",
    "yarn.lock",
    "flake.lock",
    "mix.lock",
    "pubspec.lock",
    "podfile.lock",
    "package.resolved",
    "go.sum",
];

/// Also the ones that office programs leave beside an open document.
fn is_lock_file(lower: &str) -> bool {
    LOCK_FILES.contains(&lower) || lower.starts_with("~$") || lower.starts_with(".~lock.")
}
