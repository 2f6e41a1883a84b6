//! The layers of the model, as `rten` runs them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, OpRegistry, RunOptions, ThreadPool, op_types};
use rten_tensor::NdTensor;

use crate::file::Part;
use crate::{Error, Weights};

/// What the graph calls what goes in and what comes out.
const ROWS: &str = "rows";
const MASK: &str = "mask";
const STATES: &str = "states";

pub(crate) struct Body {
    model: Model,
    rows: NodeId,
    mask: NodeId,
    states: NodeId,
    threads: Arc<ThreadPool>,
}

impl Body {
    pub(crate) fn of(weights: &Weights, threads: NonZeroUsize) -> Result<Self, Error> {
        let unusable = |_| Error::Unusable("its layers are damaged");
        let graph = weights.read(Part::Layers)?;
        let model = ModelOptions::with_ops(operators())
            .load(graph)
            .map_err(|_| Error::Unusable("its layers are damaged"))?;
        Ok(Self {
            rows: model.node_id(ROWS).map_err(unusable)?,
            mask: model.node_id(MASK).map_err(unusable)?,
            states: model.node_id(STATES).map_err(unusable)?,
            threads: Arc::new(ThreadPool::with_num_threads(threads.get())),
            model,
        })
    }

    /// `rows` is texts, tokens, numbers. `mask` is texts, 1, 1, tokens: 0 for a token, and far below it for what only
    /// fills up the space behind a shorter text.
    pub(crate) fn run(
        &self,
        rows: NdTensor<f32, 3>,
        mask: NdTensor<f32, 4>,
    ) -> Result<NdTensor<f32, 3>, Error> {
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let [states] = self
            .model
            .run_n(
                vec![(self.rows, rows.into()), (self.mask, mask.into())],
                [self.states],
                Some(options),
            )
            .map_err(|error| Error::Run(error.to_string()))?;
        states
            .try_into()
            .map_err(|_| Error::Unusable("its layers are of another model"))
    }
}

/// What the graph is made of, and nothing else of what `rten` could do.
fn operators() -> OpRegistry {
    OpRegistry::with_ops(&[
        &op_types::Add,
        &op_types::Cast,
        &op_types::DynamicQuantizeLinear,
        &op_types::Gelu,
        &op_types::LayerNormalization,
        &op_types::MatMul,
        &op_types::MatMulInteger,
        &op_types::Mul,
        &op_types::Reshape,
        &op_types::Softmax,
        &op_types::Split,
        &op_types::Transpose,
    ])
}
