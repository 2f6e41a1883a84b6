//! Sets aside rows that belong to nothing. They are written into a file beside the memory first, from which
//! they can be put back, and then taken out in one step.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use oldgrowth_store::table::orphans::{Loose, Orphan};
use oldgrowth_store::{NodeKey, Read};
use serde::{Deserialize, Serialize};

use super::receipts::BEGUN;
use super::{Done, FixOutcome, FixPlan, Receipt, Undo, Undone, Work};
use crate::engine::Core;
use crate::health::{CHECK_LABEL, FixCode, counted, grouped, orphans_named};
use crate::{Error, Result, beside};

const PREFIX: &str = "set-aside-";
const ENDING: &str = ".jsonl";

/// What is taken out may have been all that something else belonged to. Deeper than this nothing goes.
const ROUNDS_MAX: usize = 5;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Line {
    /// A row that was taken out, as JSON.
    Row { table: String, row: String },
    /// A summary that was hung back into the tree.
    Hung { node: i64 },
}

#[derive(Clone, Default)]
struct Strays {
    rows: Vec<(Orphan, String)>,
    loose: Vec<Loose>,
}

impl Strays {
    fn read(r: &Read<'_>) -> Result<Self> {
        let mut rows = Vec::new();
        for kind in Orphan::ALL {
            rows.extend(r.orphans(kind)?.into_iter().map(|row| (kind, row)));
        }
        Ok(Self {
            rows,
            loose: r.loose_nodes()?,
        })
    }

    /// Without what somebody wrote: the rest is made of passages.
    fn made_of_passages(mut self) -> Self {
        self.rows
            .retain(|(kind, _)| !matches!(kind, Orphan::Chunk | Orphan::Place | Orphan::Tag));
        self
    }

    /// What is among these too.
    fn also_in(&self, mut others: Self) -> Self {
        let rows: HashSet<_> = self.rows.iter().collect();
        others.rows.retain(|row| rows.contains(row));
        let loose: HashSet<_> = self.loose.iter().collect();
        others.loose.retain(|loose_one| loose.contains(loose_one));
        others
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.loose.is_empty()
    }

    fn len(&self) -> u64 {
        (self.rows.len() + self.loose.len()) as u64
    }

    fn steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        for kind in Orphan::ALL {
            let count = self.rows.iter().filter(|(of, _)| *of == kind).count() as u64;
            if count == 0 {
                continue;
            }
            let named = orphans_named(kind, count);
            steps.push(match kind {
                Orphan::Words => format!("{named}: removed, as they hold nothing of their own."),
                Orphan::Vector => format!("{named}: made anew from the passages where one is due."),
                Orphan::Mention | Orphan::Gathered => {
                    format!("{named}: all of these are made anew from the passages.")
                }
                _ => format!("{named}: set aside in a file beside the memory."),
            });
        }
        if !self.loose.is_empty() {
            let count = self.loose.len() as u64;
            let named = counted(
                count,
                "summary that hangs nowhere",
                "summaries that hang nowhere",
            );
            steps.push(format!("{named}: hung back into the tree."));
        }
        steps
    }

    fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        let rows = self.rows.iter().map(|(kind, row)| Line::Row {
            table: kind.as_str().to_owned(),
            row: row.clone(),
        });
        let hung = self.loose.iter().map(|loose| Line::Hung {
            node: loose.node.get(),
        });
        rows.chain(hung)
    }
}

/// Which strays are set aside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    /// What can be had again without anybody.
    MadeOfPassages,
}

/// What was set aside so far.
struct Aside {
    file: String,
    which: Which,
    lines: Vec<Line>,
    steps: Vec<String>,
    taken: u64,
    /// With what is to be taken yet.
    found: u64,
}

impl Aside {
    fn new(file: String, which: Which) -> Self {
        Self {
            file,
            which,
            lines: Vec::new(),
            steps: Vec::new(),
            taken: 0,
            found: 0,
        }
    }
}

/// The files in which rows were set aside.
pub(crate) fn files(workspace: &Path) -> Vec<PathBuf> {
    beside::named(workspace, PREFIX, ENDING)
}

impl Core {
    /// In a large memory that takes longer than others may wait.
    fn strays(&self) -> Result<Strays> {
        let permit = self
            .store
            .reserve(CHECK_LABEL)
            .ok_or(Error::TooManyLongReads)?;
        self.store.read_long(&permit, Strays::read)
    }

    pub(super) fn plan_strays(&self) -> Result<FixPlan> {
        let strays = self.strays()?;
        if strays.is_empty() {
            return Ok(FixPlan::nothing(
                FixCode::SetAsideOrphans,
                "Every row belongs to something.",
            ));
        }
        let plan = FixPlan::new(
            FixCode::SetAsideOrphans,
            format!(
                "Sets {} aside that belong to nothing.",
                counted(strays.len(), "row", "rows")
            ),
            strays.steps(),
        );
        Ok(plan.backing_up())
    }

    /// Does anything of what is made of passages belong to nothing?
    pub(super) fn is_untidy_of_passages(&self) -> Result<bool> {
        Ok(!self.strays()?.made_of_passages().is_empty())
    }

    pub(super) fn set_strays_aside(
        &self,
        work: &Work<'_>,
        begun: &Receipt,
        which: Which,
    ) -> Result<Done> {
        let file = format!(
            "{PREFIX}{}-{:08x}{ENDING}",
            self.now().0,
            self.random.bits() as u32
        );
        let mut aside = Aside::new(file, which);
        let mut ended = Ok(());
        for _ in 0..ROUNDS_MAX {
            match self.set_some_aside(work, begun, &mut aside) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
        }
        let mut steps = aside.steps;
        let rows = counted(aside.taken, "row was", "rows were");
        let place = format!(
            "What was set aside is in {}, beside the memory.",
            aside.file
        );
        steps.push(place);
        let done = match ended {
            Ok(()) => Done::new(format!("{rows} set aside."), steps),
            // What was taken out in the rounds before stays taken out.
            Err(error) if aside.taken > 0 => {
                let of = counted(aside.found, "row", "rows");
                Done::in_part(&error, &grouped(aside.taken), &of, steps)
            }
            Err(error) if self.is_all_there(&aside.lines) => {
                let file = self.workspace.join(&aside.file);
                if file.exists() && std::fs::remove_file(file).is_err() {
                    tracing::warn!("the file of rows that were not set aside stays");
                }
                return Err(error);
            }
            // Whether it was done is not known: the file may hold the only copy.
            Err(error) => {
                steps.push(format!("It could not go on: {error}."));
                Done {
                    outcome: FixOutcome::Unknown,
                    ..Done::new(BEGUN, steps)
                }
            }
        };
        Ok(done.undone_by(Undo::Strays { file: aside.file }))
    }

    /// Sets aside what belongs to nothing now. False when there is nothing of that kind.
    fn set_some_aside(&self, work: &Work<'_>, begun: &Receipt, aside: &mut Aside) -> Result<bool> {
        let strays = self.strays()?;
        let strays = match aside.which {
            Which::All => strays,
            Which::MadeOfPassages => strays.made_of_passages(),
        };
        if strays.is_empty() {
            return Ok(false);
        }
        aside.found = aside.taken + strays.len();
        work.doing("Setting rows aside", aside.taken, aside.found)?;
        let file = &aside.file;
        if aside.lines.is_empty() {
            let line = format!("What is set aside is in {file}, beside the memory.");
            let undo = Undo::Strays { file: file.clone() };
            self.keep_begun(begun, vec![line], Some(undo))?;
        }
        aside.lines.extend(strays.lines());
        self.keep_lines(file, &aside.lines)?;
        let now = self.now();
        let taken = self.store.write(move |w| {
            // Only what still belongs to nothing.
            let mut still = Strays::read(w)?.also_in(strays);
            let mut forgotten = HashSet::new();
            for (kind, row) in &still.rows {
                // One of them is enough to have all made anew.
                let anew = matches!(kind, Orphan::Mention | Orphan::Gathered);
                if !anew || forgotten.insert(kind.as_str()) {
                    w.take_orphan(*kind, row)?;
                }
            }
            // A summary of days or of a topic may have gone with them.
            let loose: HashSet<Loose> = w.loose_nodes()?.into_iter().collect();
            still.loose.retain(|node| loose.contains(node));
            for loose in &still.loose {
                w.hang_node(*loose, now)?;
            }
            Ok::<_, Error>(still)
        })?;
        aside.taken += taken.len();
        aside.steps.extend(taken.steps());
        Ok(true)
    }

    /// What was written out was not taken out.
    fn is_all_there(&self, lines: &[Line]) -> bool {
        let is_there = |strays: Strays| {
            let there: HashSet<Line> = strays.lines().collect();
            lines.iter().all(|line| there.contains(line))
        };
        lines.is_empty() || self.strays().is_ok_and(is_there)
    }

    fn keep_lines(&self, file: &str, lines: &[Line]) -> Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line).map_err(|_| Error::NotKept)?;
            text.push(b'\n');
        }
        beside::write(&self.workspace, file, &text).map_err(|error| {
            tracing::warn!(kind = ?error.kind(), "rows could not be set aside");
            Error::NotKept
        })
    }

    /// Puts back what was set aside, as far as what it belongs to is there. The rest stays in the file, from
    /// which it can be put back later.
    pub(super) fn put_strays_back(&self, file: &str) -> Result<Undone> {
        let text =
            std::fs::read_to_string(self.workspace.join(file)).map_err(|_| Error::NotFound)?;
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (back, left) = self.store.write(move |w| {
            // What was written out and not taken out any more, when that broke off.
            let there: HashSet<_> = Strays::read(w)?.rows.into_iter().collect();
            let mut back = 0_u64;
            let mut left = Vec::new();
            // What others refer to was taken out last.
            for line in lines.into_iter().rev() {
                let is_back = match serde_json::from_str(&line) {
                    Ok(Line::Row { table, row }) => match Orphan::parse(&table) {
                        // What is made of passages holds nothing of its own.
                        Some(
                            Orphan::Words | Orphan::Mention | Orphan::Gathered | Orphan::Vector,
                        ) => continue,
                        Some(kind) => {
                            w.put_orphan_back(kind, &row)? || there.contains(&(kind, row))
                        }
                        None => false,
                    },
                    Ok(Line::Hung { node }) => {
                        w.take_node_from_buffers(NodeKey::from_payload(node))?;
                        true
                    }
                    Err(_) => false,
                };
                if is_back {
                    back += 1;
                } else {
                    left.push(line);
                }
            }
            left.reverse();
            Ok::<_, Error>((back, left))
        })?;
        self.memory_changed();
        let words = format!("{} put back.", counted(back, "row was", "rows were"));
        if left.is_empty() {
            return Ok(Undone { words, whole: true });
        }
        let mut text = left.join("\n");
        text.push('\n');
        if beside::write(&self.workspace, file, text.as_bytes()).is_err() {
            tracing::warn!("what was put back stays in the file of what was set aside");
        }
        let stay = counted(left.len() as u64, "row stays", "rows stay");
        Ok(Undone {
            words: format!(
                "{words} {stay} in {file}, to be put back once what they belong to is there."
            ),
            whole: false,
        })
    }
}
