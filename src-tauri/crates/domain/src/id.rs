//! Public ids: short, typed by a prefix, safe in a URL, stable for ever.
//!
//! What is made of content gets an id derived from that content, so that the same file imported
//! again, or on another computer, has the same ids. What is made by an act gets a random one.

use std::fmt;

use sha2::{Digest, Sha256};

/// How many bytes of a hash or of randomness an id carries: 128 bits.
const ID_BYTES: usize = 16;

/// Crockford's base 32, in lower case: no letter that can be taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            const PREFIX: &'static str = $prefix;

            /// `None` when the text has not the form of such an id.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix(Self::PREFIX)?;
                is_encoded(digits).then(|| Self(text.to_owned()))
            }

            /// The id of what these parts name, in this order.
            pub fn derived(parts: &[&[u8]]) -> Self {
                Self(format!("{}{}", Self::PREFIX, encode(&digest(Self::PREFIX, parts))))
            }

            pub fn random(bits: u128) -> Self {
                Self(format!("{}{}", Self::PREFIX, encode(&bits.to_be_bytes())))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A passage.
    ChunkId = "ch_";
    /// One version of a document: derived from its content.
    DocumentId = "do_";
    /// A folder, or the place where notes are kept.
    SourceId = "so_";
    /// A sealed summary.
    NodeId = "no_";
    /// An import.
    BatchId = "im_";
    /// Somebody or something that passages name: derived from its kind and its first name.
    EntityId = "en_";
}

/// The SHA-256 of these texts in this order, in lower-case hexadecimal.
pub fn content_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let bytes: [u8; 32] = hash.finalize().into();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(prefix: &str, parts: &[&[u8]]) -> [u8; ID_BYTES] {
    let mut hash = Sha256::new();
    hash.update(prefix.as_bytes());
    for part in parts {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let full: [u8; 32] = hash.finalize().into();
    let mut short = [0; ID_BYTES];
    short.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    short
}

fn encode(bytes: &[u8; ID_BYTES]) -> String {
    let mut value = u128::from_be_bytes(*bytes);
    let mut digits = [0_u8; 26];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((value & 31) as usize).copied().unwrap_or(b'0');
        value >>= 5;
    }
    digits.iter().map(|&d| char::from(d)).collect()
}

fn is_encoded(digits: &str) -> bool {
    digits.len() == 26 && digits.bytes().all(|b| ALPHABET.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_is_the_same_for_the_same_parts_and_no_others() {
        let id = ChunkId::derived(&[b"ab", b"c"]);
        assert_eq!(id, ChunkId::derived(&[b"ab", b"c"]), "same parts");
        assert_ne!(
            id,
            ChunkId::derived(&[b"a", b"bc"]),
            "the border between parts counts"
        );
        assert_ne!(
            id.as_str().get(3..),
            DocumentId::derived(&[b"ab", b"c"]).as_str().get(3..)
        );
    }

    #[test]
    fn an_id_is_read_back_and_rubbish_is_not() {
        let id = BatchId::random(u128::MAX);
        assert_eq!(BatchId::parse(id.as_str()), Some(id.clone()), "round trip");
        assert_eq!(ChunkId::parse(id.as_str()), None, "another kind's prefix");
        assert_eq!(BatchId::parse("im_'; DROP TABLE"), None, "not the alphabet");
        assert_eq!(BatchId::parse(""), None, "empty");
    }
}
