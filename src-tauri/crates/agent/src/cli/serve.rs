//! `oldgrowth serve`: the owner without a window.

use std::sync::{Arc, mpsc};

use oldgrowth_wire::{ErrorCode, WireError};

use super::Ended;
use super::output::Output;
use crate::home::Home;
use crate::place::Workspace;
use crate::words::wire_error;

pub(super) fn serve(workspace: &Workspace, output: &Output) -> Result<Ended, WireError> {
    let home = Home::open(workspace.clone(), "oldgrowth serve", Arc::new(|_event| {}));
    if let Some(refusal) = home.refusal() {
        return Err(refusal);
    }
    if home.reads_only() {
        return Err(wire_error(
            ErrorCode::ReadOnly,
            format!(
                "nothing may be written in {}, so there is no work to do, and no way for others to ask",
                workspace.folder_named().display()
            ),
            Some(
                "each command reads the memory by itself; oldgrowth doctor says which right is missing",
            ),
        ));
    }
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
    output.serving(&workspace.folder_named());
    let stopped = stopped.recv();
    home.close();
    stopped
        .map(|()| Ended::Well)
        .map_err(|_| wire_error(ErrorCode::Internal, "stopped without a signal", None))
}
