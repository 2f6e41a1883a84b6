//! A memory of its own, filled by the product's import.

use std::path::PathBuf;
use std::sync::Arc;

use oldgrowth_engine::ports::Embedder;
use oldgrowth_engine::{Asked, Hit};
use oldgrowth_models::BuiltIn;
use oldgrowth_store::Lane;
use oldgrowth_testkit::TestEngine;

use crate::measure::LOOKED_AT;

/// More than is looked at: several passages may be of one message.
const ASKED_FOR: u32 = 2 * LOOKED_AT as u32;

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Words,
    Meaning,
}

#[expect(
    clippy::expect_used,
    reason = "a measurement that can't be set up must stop"
)]
fn embedder() -> Arc<dyn Embedder> {
    let program = std::env::current_exe().expect("the program has a path");
    let threads = std::thread::available_parallelism().expect("there is a processor");
    let embedder = BuiltIn::of_program(&program, threads);
    Arc::new(
        embedder.expect("the weights are there: npm run eval sets them up; --words does without"),
    )
}

pub(crate) struct Memory {
    pub(crate) test: TestEngine,
    _workspace: tempfile::TempDir,
}

impl Memory {
    #[expect(
        clippy::expect_used,
        reason = "a measurement that can't be set up must stop"
    )]
    pub(crate) fn of(paths: &[PathBuf], by: By) -> Self {
        let workspace = tempfile::tempdir().expect("a temporary folder");
        let test = match by {
            By::Words => TestEngine::start(workspace.path(), 2),
            By::Meaning => TestEngine::embedding(workspace.path(), 2, embedder()),
        };
        test.engine.start_import(paths).expect("the import starts");
        test.engine
            .wait_until_idle(|| true)
            .expect("the import ends");
        if by == By::Meaning {
            let embedded = test.engine.wait_until_embedded(|| true);
            assert!(embedded.expect("all is embedded"), "somebody embeds");
        }
        let passages = test.store.read(Lane::Background, |r| r.searched_passages());
        assert!(
            passages.expect("they are counted") > 0,
            "nothing of it could be imported"
        );
        Self {
            test,
            _workspace: workspace,
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "a question is answered or it is a fault"
    )]
    pub(crate) fn ask(&self, question: &str) -> Vec<Hit> {
        let asked = Asked {
            text: question.to_owned(),
            limit: ASKED_FOR,
            ..Asked::default()
        };
        let answer = self.test.engine.search(&asked);
        answer.expect("the question is answered").hits
    }
}
