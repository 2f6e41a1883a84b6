//! What the window asks at its start and in the tree, at a million passages beside a small memory: the
//! real calls, through the dispatch that answers the window.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use oldgrowth_agent::{Home, Listener, Workspace};
use oldgrowth_engine::ports::Clock;
use oldgrowth_testkit::{Corpus, WallClock};
use oldgrowth_wire::{
    Batch, BatchState, Empty, Event, ImportOrder, Request, ShowAt, Shown, TreeAt, TreeRowKind,
    TreeView,
};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;

use crate::grown::{self, Shape};
use crate::table::{Table, millis};
use crate::{median, timed};

const ROUNDS: usize = 15;
/// As many rows as the window asks for at once.
const PAGE: u32 = 100;
/// What one view of the window may hear in a second.
const NEWS_A_SECOND_MAX: usize = 4;
const PAGE_MAX: Duration = Duration::from_millis(100);

/// A call with its name on the page.
struct Question {
    name: &'static str,
    request: Request,
}

pub(crate) fn measure(table: &mut Table) {
    let small = Memory::open(grown::SMALL);
    let million = Memory::open(grown::MILLION);
    beside(table, "1,000,000 passages", &million, &small);
    drop(million);
    let many = Memory::open(grown::MANY_SOURCES);
    beside(table, "10,000 sources", &many, &small);
}

/// In turns, so that the machine's moods fall on both alike.
fn beside(table: &mut Table, what: &str, large: &Memory, small: &Memory) {
    let known = small.questions();
    for Question { name, request } in large.questions() {
        let plain = known.iter().find(|question| question.name == name);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(large.time(&request));
            theirs.extend(plain.map(|plain| small.time(&plain.request)));
        }
        let time = median(ours);
        let beside = if theirs.is_empty() {
            "n/a".to_owned()
        } else {
            millis(median(theirs))
        };
        table.row(
            &format!("{what}: {name}, against a small memory"),
            &millis(time),
            &beside,
            &format!("under {}", millis(PAGE_MAX)),
            time < PAGE_MAX,
        );
    }
}

/// How often the window hears of each thing while many small files come in. Each single document is told
/// to programs alone, so it is left out here as it is on the way to the window.
#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
pub(crate) fn measure_events(table: &mut Table, files: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let notes = folder.path().join("notes");
    Corpus::new(5)
        .write_notes(&notes, files, 1)
        .expect("the notes are written");
    let clock = WallClock::start();
    let heard: Arc<Mutex<Vec<(&str, Duration)>>> = Arc::default();
    let (sender, ends) = mpsc::channel();
    let (listening, at) = (Arc::clone(&heard), Arc::clone(&clock));
    let listener: Listener = Arc::new(move |event| {
        let view = match event {
            Event::Batch(batch) => {
                if batch.state != BatchState::Running {
                    sender.send(()).expect("the benchmark listens");
                }
                "the import"
            }
            Event::MemoryChanged { .. } => "the memory",
            Event::Health(_) => "the health",
            Event::Committed { .. } => return,
            _ => "anything else",
        };
        listening.lock().push((view, at.monotonic()));
    });
    let memory = Memory::told(&folder.path().join("memory"), listener);
    let paths = vec![notes.to_string_lossy().into_owned()];
    let _: Batch = memory.ask(Request::ImportStart(ImportOrder {
        paths,
        ..Default::default()
    }));
    ends.recv().expect("the import ends");
    let heard = heard.lock();
    for view in ["the import", "the memory", "the health"] {
        let times: Vec<Duration> = heard
            .iter()
            .filter(|(what, _)| *what == view)
            .map(|(_, at)| *at)
            .collect();
        let most = times
            .iter()
            .map(|from| {
                let end = *from + Duration::from_secs(1);
                times.iter().filter(|at| (*from..end).contains(*at)).count()
            })
            .max()
            .unwrap_or(0);
        table.row(
            &format!(
                "import of {files} small files: news of {view} to the window in its busiest second"
            ),
            &most.to_string(),
            "n/a",
            &format!("at most {NEWS_A_SECOND_MAX}: {} in all", times.len()),
            most <= NEWS_A_SECOND_MAX,
        );
    }
}

struct Memory {
    home: Home,
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that can't be set up must stop"
)]
impl Memory {
    fn open(shape: Shape) -> Self {
        let workspace = grown::workspace(shape);
        Self::at(&workspace)
    }

    fn at(workspace: &Path) -> Self {
        Self::told(workspace, Arc::new(|_| {}))
    }

    fn told(workspace: &Path, listener: Listener) -> Self {
        let home = Home::open(Workspace::named(workspace.to_path_buf()), "bench", listener);
        assert!(home.try_again().is_none(), "the workspace is free");
        Self { home }
    }

    fn ask<T: DeserializeOwned>(&self, request: Request) -> T {
        let answer = self.home.call(request).expect("the call is answered");
        serde_json::from_value(answer).expect("the answer is understood")
    }

    fn time(&self, request: &Request) -> Duration {
        let request = request.clone();
        timed(|| self.home.call(request).expect("the call is answered")).0
    }

    fn rows(&self, node: Option<&str>) -> TreeView {
        self.ask(page(node, 0))
    }

    /// What the window asks at its start, and then what a person goes through.
    fn questions(&self) -> Vec<Question> {
        let mut questions = vec![
            Question {
                name: "the first page of the tree",
                request: page(None, 0),
            },
            Question {
                name: "status",
                request: Request::Status(Empty {}),
            },
            Question {
                name: "ledger",
                request: Request::Ledger(Empty {}),
            },
            Question {
                name: "imports",
                request: Request::Batches(Empty {}),
            },
        ];
        let roots = self.rows(None);
        let last = roots.total.saturating_sub(1);
        questions.push(Question {
            name: "the last page of the sources",
            request: page(None, last),
        });
        if let Some(archive) = roots.rows.iter().find(|row| row.title == grown::ARCHIVE) {
            questions.push(Question {
                name: "a source is opened",
                request: page(Some(&archive.id), 0),
            });
            let mut row = self.rows(Some(&archive.id)).rows.pop();
            while let Some(at) = row.filter(|row| row.kind == TreeRowKind::Summary) {
                let below = self.rows(Some(&at.id));
                let is_leaf = below.rows.iter().all(|row| row.kind == TreeRowKind::Chunk);
                if is_leaf {
                    questions.push(Question {
                        name: "a summary of passages is opened",
                        request: page(Some(&at.id), 0),
                    });
                    let _: Shown = self.ask(Request::Show(ShowAt {
                        id: at.id.clone(),
                        from: None,
                        limit: None,
                    }));
                    questions.push(Question {
                        name: "a summary is shown with its words",
                        request: Request::Show(ShowAt {
                            id: at.id,
                            from: None,
                            limit: None,
                        }),
                    });
                    break;
                }
                row = below.rows.into_iter().next();
            }
        }
        if let Some(inbox) = roots.rows.iter().find(|row| row.title == grown::INBOX) {
            let below = self.rows(Some(&inbox.id));
            let waiting = below
                .rows
                .iter()
                .find(|row| row.kind == TreeRowKind::Waiting)
                .expect("they wait");
            let at = [
                ("the first page of what waits", 0),
                ("the middle of what waits", waiting.children / 2),
                (
                    "the end of what waits",
                    waiting.children.saturating_sub(PAGE),
                ),
            ];
            for (name, offset) in at {
                questions.push(Question {
                    name,
                    request: page(Some(&waiting.id), offset),
                });
            }
            let last: TreeView = self.ask(page(Some(&waiting.id), waiting.children - 1));
            let last = last.rows.first().expect("there is a last one");
            questions.push(Question {
                name: "the way to a passage that waits is found",
                request: page(Some(&last.id), 0),
            });
        }
        questions
    }
}

fn page(node: Option<&str>, offset: u32) -> Request {
    Request::Tree(TreeAt {
        node: node.map(str::to_owned),
        offset: Some(offset),
        limit: Some(PAGE),
    })
}
