//! Are the vectors that are kept those of their passages? Some of them are made once more, and compared: to make all
//! would take hours.

use std::collections::BTreeMap;

use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::{ChunkKey, Lane, Read, VectorKey};

use super::{Failed, window};
use crate::engine::Core;
use crate::ports::Embedder;
use crate::{Error, Result};

/// So many are compared, a few seconds' work of one core.
const COMPARED: u32 = 48;

/// A vector that is made once more points where the one before did, but for what another processor rounds otherwise
/// (a cosine of 0.9998 was seen). Those of two passages side by side, which share most of their text, point further apart.
const COSINE_MIN: f32 = 0.99;

/// What the comparison has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) vectors: u32,
    /// Those that are not what the model makes of their passages.
    pub(crate) wrong: u32,
}

/// A vector as it is kept, and the text that it is said to be of.
struct Kept {
    vector: Vector,
    text: String,
}

impl Core {
    /// Compares some vectors of the model that embeds, spread over all of them. None where nobody embeds, and where the
    /// model can't be asked: no vector is to blame for that. No connection is held while it is asked.
    ///
    /// # Errors
    /// Those of the store, and [`Error::Cancelled`].
    pub(crate) fn compare_vectors(
        &self,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Compared>> {
        let Some(embedder) = self.embedder.as_deref() else {
            return Ok(None);
        };
        let offset = self.random.bits();
        let some = self
            .store
            .read(Lane::Background, |r| some_of(r, embedder, offset))?;
        let mut compared = Compared::default();
        for kept in some {
            if is_cancelled() {
                return Err(Error::Cancelled);
            }
            self.note_model_asked();
            let made = match self.ask_embedder(embedder, &[&kept.text]) {
                Ok(made) => made.into_iter().next(),
                Err(Failed::Passing(_)) => return Ok(None),
                Err(Failed::For(_)) => None,
            };
            compared.vectors += 1;
            let is_right = made.is_some_and(|made| cosine(&made, &kept.vector) >= COSINE_MIN);
            compared.wrong += u32::from(!is_right);
        }
        Ok(Some(compared))
    }
}

fn some_of(r: &Read<'_>, embedder: &dyn Embedder, offset: u128) -> Result<Vec<Kept>> {
    let last = r.last_vector()?.get();
    let mut found: BTreeMap<ChunkKey, Vector> = BTreeMap::new();
    for at in evenly(last, offset) {
        r.each_vector_after(embedder.id(), VectorKey::from_payload(at), 1, |kept| {
            let components = kept.components.iter().map(|byte| byte.cast_signed());
            let vector = Vector {
                scale: kept.scale,
                components: components.collect(),
            };
            found.insert(kept.chunk, vector);
        })?;
    }
    let mut some = Vec::new();
    for (chunk, vector) in found {
        if let Some(text) = window(&r.around(chunk)?, chunk) {
            some.push(Kept { vector, text });
        }
    }
    Ok(some)
}

/// Keys before those that are looked at, from 0 to the last: all when there are few.
fn evenly(last: i64, offset: u128) -> impl Iterator<Item = i64> {
    let count = i64::from(COMPARED).min(last).max(1);
    let step = (last / count).max(1);
    let offset = i64::try_from(offset % step.unsigned_abs() as u128).unwrap_or_default();
    (0..count).map(move |number| number * step + offset)
}

fn cosine(a: &Vector, b: &Vector) -> f32 {
    if a.components.len() != b.components.len() {
        return 0.0;
    }
    let product = |a: &Vector, b: &Vector| -> f32 {
        let pairs = a.components.iter().zip(&b.components);
        pairs.map(|(a, b)| f32::from(*a) * f32::from(*b)).sum()
    };
    let lengths = (product(a, a) * product(b, b)).sqrt();
    match lengths > 0.0 {
        true => product(a, b) / lengths,
        // What says nothing is the same as what says nothing.
        false if product(a, a) == product(b, b) => 1.0,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_few_are_looked_at_and_of_many_those_that_are_spread_over_them() {
        for offset in [0, 1, 7, u128::MAX] {
            assert_eq!(evenly(5, offset).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
            let many: Vec<i64> = evenly(100_000, offset).collect();
            assert_eq!(many.len(), 48);
            assert!(many.is_sorted_by(|a, b| b - a == 2_083), "{many:?}");
            assert!(many.iter().all(|key| (0..100_000).contains(key)));
            assert_eq!(
                evenly(0, offset).collect::<Vec<_>>(),
                [0],
                "and none are there"
            );
        }
    }

    #[test]
    fn the_scale_makes_no_difference_and_another_length_does() {
        let vector = |scale, components: &[i8]| Vector {
            scale,
            components: components.to_vec(),
        };
        let one = vector(1.0, &[3, 4, 0]);
        assert!((cosine(&one, &vector(0.1, &[6, 8, 0])) - 1.0).abs() < 1e-6);
        assert!(cosine(&one, &vector(1.0, &[0, 0, 5])).abs() < 1e-6);
        assert!(cosine(&one, &vector(1.0, &[3, 4])).abs() < 1e-6);
        let nothing = vector(0.0, &[0, 0, 0]);
        assert!((cosine(&nothing, &nothing) - 1.0).abs() < 1e-6);
        assert!(cosine(&nothing, &one).abs() < 1e-6);
    }
}
