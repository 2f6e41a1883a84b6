//! The file that the set-up has made, and what the model's own engine says to the same texts.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use oldgrowth_embedder::{E5, FILE};

pub(crate) const LINES: &str = include_str!("../data/lines.txt");

/// The file of the weights.
pub(crate) fn file() -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../weights")
        .join(FILE);
    assert!(
        file.is_file(),
        "{} is not there: node scripts/setup.mjs makes it, and says why when it can't",
        file.display()
    );
    file
}

pub(crate) fn embedder() -> E5 {
    E5::new(file(), NonZeroUsize::MIN)
}

pub(crate) fn alike(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len(), "vectors of one model");
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    product(one, other) / (product(one, one) * product(other, other)).sqrt()
}
