//! `oldgrowth serve`: the owner without a window.

use std::path::Path;
use std::sync::mpsc;

use oldgrowth_wire::{ErrorCode, WireError};

use super::Ended;
use super::output::Output;
use crate::owner::Owner;
use crate::words::wire_error;

pub(super) fn serve(workspace: &Path, output: &Output) -> Result<Ended, WireError> {
    let owner = Owner::open(workspace, "oldgrowth serve")?;
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // A second signal while we stop has nothing more to say.
        let _stopping_already = stop.send(()).is_err();
    })
    .map_err(|_| {
        wire_error(
            ErrorCode::Internal,
            "signals can't be heard; a fault of ours",
            None,
        )
    })?;
    output.serving(workspace);
    let stopped = stopped.recv();
    drop(owner);
    stopped
        .map(|()| Ended::Well)
        .map_err(|_| wire_error(ErrorCode::Internal, "stopped without a signal", None))
}
