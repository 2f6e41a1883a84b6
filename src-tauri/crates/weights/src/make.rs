//! All parts of the file.

use std::io::Write;

use oldgrowth_embedder::{Part, write};

use crate::graph::layers;
use crate::numbers::Precision;
use crate::package::{Error, PLACES, Package, WIDTH};

/// Writes the file of the built-in embedder.
///
/// # Errors
/// When the package holds another model, or those of the writer.
pub fn make(
    package: &Package<'_>,
    precision: Precision,
    out: &mut impl Write,
) -> Result<(), Error> {
    let layers = layers(package, precision)?;
    let words = package.blocks("emb.word")?;
    let places = places(package)?;
    let pieces = pieces(package)?;
    let scores: Vec<u8> = package
        .pieces
        .iter()
        .flat_map(|(_, score)| score.to_le_bytes())
        .collect();
    let folds = folds(package)?;
    write(out, |part| match part {
        Part::Layers => &layers,
        Part::Words => words,
        Part::Places => &places,
        Part::Pieces => &pieces,
        Part::Scores => &scores,
        Part::Folds => &folds,
    })?;
    Ok(())
}

/// What a place adds to a row. All our texts are of the first kind, so what that adds is in it.
fn places(package: &Package<'_>) -> Result<Vec<u8>, Error> {
    let places = package.numbers("emb.pos", PLACES * WIDTH)?;
    let kinds = package.numbers("emb.type", 2 * WIDTH)?;
    let first = kinds.iter().take(WIDTH).cycle();
    Ok(places
        .iter()
        .zip(first)
        .flat_map(|(place, kind)| (place + kind).to_le_bytes())
        .collect())
}

/// A map has its keys in order.
fn pieces(package: &Package<'_>) -> Result<Vec<u8>, Error> {
    let mut sorted: Vec<(&[u8], u64)> = package
        .pieces
        .iter()
        .map(|(piece, _)| *piece)
        .zip(0..)
        .collect();
    sorted.sort_unstable();
    let mut map = fst::MapBuilder::memory();
    map.extend_iter(sorted)?;
    Ok(map.into_inner()?)
}

fn folds(package: &Package<'_>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for (from, to) in &package.folds {
        let length = u8::try_from(to.len()).map_err(|_| Error::Form("a character"))?;
        bytes.extend(u32::from(*from).to_le_bytes());
        bytes.push(length);
        bytes.extend(to.as_bytes());
    }
    Ok(bytes)
}
