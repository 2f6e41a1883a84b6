//! What an order of passages is worth, and the table of it.

use std::collections::HashSet;
use std::hash::Hash;

use serde_json::json;

/// The share of what answers that is among the first so many.
const RECALL_AT: [usize; 4] = [5, 10, 20, 50];
const GAIN_AT: usize = 10;

/// So much of an order is looked at.
pub(crate) const LOOKED_AT: usize = 50;

/// What one order of answers is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Worth {
    /// At each of [`RECALL_AT`].
    recall: [f64; 4],
    /// One by the place of the first that answers; 0 if there is none.
    reciprocal: f64,
    /// The gain, discounted by the logarithm of the place, as a part of the best there could be.
    gain: f64,
}

impl Worth {
    /// `order` is what was found, the best first, each once; `wanted` is what answers, one at least.
    pub(crate) fn of<T: Eq + Hash>(order: &[T], wanted: &HashSet<T>) -> Self {
        let places: Vec<usize> = (1..)
            .zip(order.iter().take(LOOKED_AT))
            .filter_map(|(place, found)| wanted.contains(found).then_some(place))
            .collect();
        let discount = |place: usize| 1.0 / (place as f64 + 1.0).log2();
        let gained: f64 = places
            .iter()
            .filter(|place| **place <= GAIN_AT)
            .map(|place| discount(*place))
            .sum();
        let best: f64 = (1..=wanted.len().min(GAIN_AT)).map(discount).sum();
        Self {
            recall: RECALL_AT.map(|at| {
                let found = places.iter().filter(|place| **place <= at).count();
                found as f64 / wanted.len() as f64
            }),
            reciprocal: places.first().map_or(0.0, |place| 1.0 / *place as f64),
            gain: gained / best,
        }
    }

    fn figures(&self) -> [f64; 6] {
        let [r5, r10, r20, r50] = self.recall;
        [r5, r10, r20, r50, self.reciprocal, self.gain]
    }
}

/// Rows of means, in the order in which they were first named.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<(String, Vec<Worth>)>,
}

impl Table {
    pub(crate) fn row(&mut self, name: &str) {
        self.worths(name);
    }

    pub(crate) fn add(&mut self, name: &str, worth: Worth) {
        self.worths(name).push(worth);
    }

    fn worths(&mut self, name: &str) -> &mut Vec<Worth> {
        let known = self.rows.iter().position(|(known, _)| known == name);
        let at = known.unwrap_or(self.rows.len());
        if known.is_none() {
            self.rows.push((name.to_owned(), Vec::new()));
        }
        #[expect(clippy::indexing_slicing, reason = "it is there or was just put there")]
        &mut self.rows[at].1
    }

    fn means(&self) -> impl Iterator<Item = (&str, usize, [f64; 6])> {
        let asked = self.rows.iter().filter(|(_, worths)| !worths.is_empty());
        asked.map(|(name, worths)| {
            let mut sums = [0.0; 6];
            for worth in worths {
                for (sum, figure) in sums.iter_mut().zip(worth.figures()) {
                    *sum += figure;
                }
            }
            let count = worths.len();
            (name.as_str(), count, sums.map(|sum| sum / count as f64))
        })
    }

    /// As a table in Markdown.
    pub(crate) fn page(&self) -> String {
        let mut lines = vec![
            "| questions | | R@5 | R@10 | R@20 | R@50 | MRR | nDCG@10 |".to_owned(),
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |".to_owned(),
        ];
        lines.extend(self.means().map(|(name, count, means)| {
            let means = means.map(|mean| format!("{mean:.3}")).join(" | ");
            format!("| {name} | {count} | {means} |")
        }));
        lines.join("\n")
    }

    pub(crate) fn json(&self) -> String {
        let rows: Vec<_> = self
            .means()
            .map(|(name, count, [r5, r10, r20, r50, mrr, gain])| {
                json!({ "questions": name, "count": count, "r5": r5, "r10": r10, "r20": r20, "r50": r50,
                        "mrr": mrr, "ndcg10": gain })
            })
            .collect();
        serde_json::Value::from(rows).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_worth_what_its_definition_says() {
        let order: Vec<u32> = (0..60).collect();
        let worth = Worth::of(&order, &HashSet::from([1, 7, 55, 99]));
        assert_eq!(
            worth.recall,
            [0.25, 0.5, 0.5, 0.5],
            "places 2 and 8; past the fiftieth nothing counts"
        );
        assert!((worth.reciprocal - 0.5).abs() < 1e-12, "the second place");
        let best = 1.0 + 1.0 / 3_f64.log2() + 1.0 / 4_f64.log2() + 1.0 / 5_f64.log2();
        let gained = 1.0 / 3_f64.log2() + 1.0 / 9_f64.log2();
        assert!((worth.gain - gained / best).abs() < 1e-12);
        let all = Worth::of(&[3_u32], &HashSet::from([3]));
        assert_eq!(all.figures(), [1.0; 6], "nothing is better");
        assert_eq!(
            Worth::of(&[], &HashSet::from([3_u32])).figures(),
            [0.0; 6],
            "nothing found"
        );
    }
}
