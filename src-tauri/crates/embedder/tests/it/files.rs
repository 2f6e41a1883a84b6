//! A file that is not what it should be is no reason to fall over.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use oldgrowth_embedder::{E5, Error, Side};

use crate::support::file;

fn embedding(file: &Path) -> Error {
    let embedder = E5::new(file.to_owned(), NonZeroUsize::MIN);
    let failed = embedder.vectors(Side::Passage, &["A note."]).unwrap_err();
    assert!(!embedder.is_loaded(), "nothing of it is kept: {failed}");
    failed
}

#[test]
fn a_file_that_is_missing_cut_off_or_another_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e5-small.weights");
    assert_eq!(embedding(&path).code(), "weights_unreadable");

    let whole = fs::read(file()).unwrap();
    let mut other = whole.clone();
    other[31] ^= 1;
    for (bytes, what) in [
        (&whole[..20], "only its begin"),
        (&whole[..whole.len() - 1], "all but a byte"),
        (&other[..], "another version"),
        (b"".as_slice(), "nothing"),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(embedding(&path).code(), "weights_unusable", "{what}");
    }
}

#[test]
fn damage_is_found_before_what_is_damaged_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("e5-small.weights");
    let whole = fs::read(file()).unwrap();
    let start_of = |part: usize| {
        let entry = 32 + part * 48;
        let start = whole[entry..entry + 8].try_into().unwrap();
        usize::try_from(u64::from_le_bytes(start)).unwrap()
    };
    // Each part but the table of words, of which only what is asked for is ever read.
    for at in [0, 2, 3, 4, 5].map(|part| start_of(part) + 100) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(
            embedding(&path).code(),
            "weights_unusable",
            "damage at {at}"
        );
    }
}
