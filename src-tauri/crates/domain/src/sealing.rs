//! When a buffer of the tree is sealed into a summary.

use crate::time::UnixMs;

/// A leaf buffer seals when it holds this many passages, or this many tokens.
pub const LEAF_ITEMS_MAX: u32 = 16;
pub const LEAF_TOKENS_MAX: u32 = 4_000;

/// An upper buffer seals when it holds this many summaries.
pub const FAN_IN: u32 = 8;

/// A buffer whose oldest item is older than this seals though it isn't full: a week.
pub const STALE_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// No summary is longer than this, in characters.
pub const SUMMARY_CHARS_MAX: usize = 1_200;

/// More than this many levels is a fault of ours: eight to the twentieth passages do not exist.
pub const LEVELS_MAX: u32 = 20;

/// What a buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    pub level: u32,
    pub items: u32,
    pub tokens: u32,
    pub oldest: Option<UnixMs>,
}

/// Is it time? A buffer with a single item is never sealed: its summary would only repeat it.
pub fn is_due(fill: Fill, now: UnixMs) -> bool {
    let full = match fill.level {
        0 => fill.items >= LEAF_ITEMS_MAX || fill.tokens >= LEAF_TOKENS_MAX,
        _ => fill.items >= FAN_IN,
    };
    let stale = fill
        .oldest
        .is_some_and(|oldest| oldest.plus_ms(STALE_MS) <= now);
    fill.items >= 2 && fill.level < LEVELS_MAX && (full || stale)
}

/// How many of the buffer's oldest items one seal takes. What came later stays for the next.
pub fn take(level: u32) -> u32 {
    if level == 0 { LEAF_ITEMS_MAX } else { FAN_IN }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(level: u32, items: u32, tokens: u32, age_ms: i64) -> bool {
        is_due(
            Fill {
                level,
                items,
                tokens,
                oldest: Some(UnixMs(0)),
            },
            UnixMs(age_ms),
        )
    }

    #[test]
    fn a_leaf_buffer_seals_by_items_tokens_or_age() {
        assert!(due(0, LEAF_ITEMS_MAX, 10, 0), "items");
        assert!(due(0, 2, LEAF_TOKENS_MAX, 0), "tokens");
        assert!(due(0, 2, 10, STALE_MS), "age");
        assert!(
            !due(0, LEAF_ITEMS_MAX - 1, LEAF_TOKENS_MAX - 1, STALE_MS - 1),
            "none of them"
        );
        assert!(
            !due(0, 1, LEAF_TOKENS_MAX, STALE_MS),
            "a summary of one passage says nothing new"
        );
    }

    #[test]
    fn an_upper_buffer_seals_by_fan_in() {
        assert!(due(3, FAN_IN, 0, 0));
        assert!(
            !due(3, FAN_IN - 1, LEAF_TOKENS_MAX, 0),
            "tokens do not count above the leaves"
        );
    }
}
