//! What a conversation says, as a digest.

use oldgrowth_domain::UnixMs;
use oldgrowth_domain::canonical::{BlockKind, CanonicalDocument};
use sha2::{Digest, Sha256};

use crate::hex::hex;

pub(super) fn digest(key: &str, document: &CanonicalDocument) -> String {
    let mut sum = Sha256::new();
    text(&mut sum, key);
    text(&mut sum, &document.title);
    time(&mut sum, document.stated_at);
    for block in &document.blocks {
        if let BlockKind::Message(message) = &block.kind {
            text(&mut sum, &message.author);
            time(&mut sum, message.at);
            sum.update([u8::from(message.left_branch)]);
        }
        text(&mut sum, &block.text);
    }
    hex(&sum.finalize())
}

/// With its length, so that no two texts run into one.
fn text(sum: &mut Sha256, text: &str) {
    sum.update((text.len() as u64).to_be_bytes());
    sum.update(text);
}

fn time(sum: &mut Sha256, at: Option<UnixMs>) {
    sum.update([u8::from(at.is_some())]);
    sum.update(at.map_or(0, |at| at.0).to_be_bytes());
}
