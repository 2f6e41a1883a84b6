//! A memory of its own, filled by the product's import.

use std::path::PathBuf;

use oldgrowth_engine::{Asked, Hit};
use oldgrowth_store::Lane;
use oldgrowth_testkit::TestEngine;

use crate::measure::LOOKED_AT;

/// More than is looked at: several passages may be of one message.
const ASKED_FOR: u32 = 2 * LOOKED_AT as u32;

pub(crate) struct Memory {
    pub(crate) test: TestEngine,
    _workspace: tempfile::TempDir,
}

impl Memory {
    #[expect(
        clippy::expect_used,
        reason = "a measurement that can't be set up must stop"
    )]
    pub(crate) fn of(paths: &[PathBuf]) -> Self {
        let workspace = tempfile::tempdir().expect("a temporary folder");
        let test = TestEngine::start(workspace.path(), 2);
        test.engine.start_import(paths).expect("the import starts");
        test.engine
            .wait_until_idle(|| true)
            .expect("the import ends");
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
