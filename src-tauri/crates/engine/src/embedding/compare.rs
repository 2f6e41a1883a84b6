//! Are the vectors that are kept those of their passages? Some of them are made once more, and compared: to make all
//! would take hours.

use std::collections::BTreeMap;

use oldgrowth_store::table::vectors::Vector;
use oldgrowth_store::{ChunkKey, Lane, Read, VectorKey};

use super::window;
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
    /// Compares some vectors of the model that embeds, spread over all of them, as far as it answers. None where nobody
    /// embeds, on the battery, and where the model can't be asked: no vector is to blame for that. No connection is held
    /// while it is asked.
    ///
    /// # Errors
    /// Those of the store, and [`Error::Cancelled`].
    pub(crate) fn compare_vectors(
        &self,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Compared>> {
        let Some(embedder) = self.embedder() else {
            return Ok(None);
        };
        if self.waits_for_power() {
            return Ok(None);
        }
        let embedder = &*embedder;
        let offset = self.random.bits();
        let some = self
            .store
            .read(Lane::Background, |r| some_of(r, embedder, offset))?;
        let mut compared = Compared::default();
        for some in some.chunks(embedder.at_once().max(1)) {
            if is_cancelled() {
                return Err(Error::Cancelled);
            }
            let texts: Vec<&str> = some.iter().map(|kept| kept.text.as_str()).collect();
            let made = match self.embed_each(embedder, &texts) {
                Ok(made) => made,
                Err(_) if compared.vectors == 0 => return Ok(None),
                Err(_) => break,
            };
            for (kept, made) in some.iter().zip(made) {
                // A text that is refused tells nothing of the vector that it has.
                if let Ok(made) = made {
                    let is_right = cosine(&made, &kept.vector) >= COSINE_MIN;
                    compared.vectors += 1;
                    compared.wrong += u32::from(!is_right);
                }
            }
        }
        Ok(Some(compared))
    }
}

fn some_of(r: &Read<'_>, embedder: &dyn Embedder, offset: u128) -> Result<Vec<Kept>> {
    let mut found: BTreeMap<ChunkKey, Vector> = BTreeMap::new();
    let there = r.first_and_last_vector()?;
    for at in there.into_iter().flat_map(|there| evenly(there, offset)) {
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

/// Keys before those that are looked at, between the first and the last: all when there are few.
fn evenly((first, last): (VectorKey, VectorKey), offset: u128) -> impl Iterator<Item = i64> {
    let before = first.get() - 1;
    let keys = u128::from(last.get().abs_diff(before)).max(1);
    let count = u128::from(COMPARED).min(keys);
    (0..count).map(move |number| {
        let over = (number * keys + offset % keys) / count;
        before.saturating_add(i64::try_from(over).unwrap_or(i64::MAX))
    })
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
        let all = |first, last, offset| -> Vec<i64> {
            let key = VectorKey::from_payload;
            evenly((key(first), key(last)), offset).collect()
        };
        for offset in [0, 1, 7, u128::MAX] {
            assert_eq!(all(1, 5, offset), [0, 1, 2, 3, 4]);
            assert_eq!(all(901, 903, offset), [900, 901, 902]);
            let many = all(100_001, 200_000, offset);
            assert_eq!(many.len(), 48);
            let even = |a: &i64, b: &i64| (2_083..=2_084).contains(&(b - a));
            assert!(many.is_sorted_by(even), "{many:?}");
            assert!(many.iter().all(|key| (100_000..200_000).contains(key)));
        }
        let last = all(1, 95, 94);
        assert_eq!(last.last(), Some(&94), "no place is never looked at");
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
