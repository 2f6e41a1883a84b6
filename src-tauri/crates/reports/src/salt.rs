//! What memories are called in the files of the reports: by hashes that nobody can try paths against who has not these
//! files as well.

use std::io;

use oldgrowth_folder::Folder;
use sha2::{Digest, Sha256};

const NAME: &str = "salt";
const BYTES: usize = 32;

/// How many bytes of its hash name a memory.
const NAME_BYTES: usize = 8;

/// Random digits, of one person alone.
pub(crate) struct Salt(String);

impl Salt {
    /// `None` when there is none yet, or none that could be ours.
    pub(crate) fn kept(folder: &Folder) -> io::Result<Option<Self>> {
        match folder.read(NAME, 2 * BYTES as u64) {
            Ok(bytes) => {
                let is_whole = |bytes: &Vec<u8>| bytes.len() == 2 * BYTES;
                let text = bytes.filter(is_whole).map(String::from_utf8);
                Ok(text.and_then(Result::ok).map(Self))
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The lock is held.
    pub(crate) fn kept_or_made(folder: &Folder) -> io::Result<Self> {
        if let Some(kept) = Self::kept(folder)? {
            return Ok(kept);
        }
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        let text = digits(&bytes);
        folder.replace(NAME, text.as_bytes())?;
        Ok(Self(text))
    }

    pub(crate) fn name(&self, memory: &str) -> String {
        let hash = Sha256::new()
            .chain_update(&self.0)
            .chain_update(memory)
            .finalize();
        digits(hash.get(..NAME_BYTES).unwrap_or_default())
    }
}

/// Hexadecimal ones.
fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        digits.push_str(&format!("{byte:02x}"));
        digits
    })
}
