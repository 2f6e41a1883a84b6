//! The registry: a line for each suite, and one for each process that a suite starts.

use super::{Child, Suite, t1_faults};

pub const ALL: &[Suite] = &[t1_faults::SUITE];

pub const CHILDREN: &[Child] = &[];
