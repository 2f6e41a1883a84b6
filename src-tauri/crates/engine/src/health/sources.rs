//! Are the folders there that things were read from? Watched ones have a row of their own, and a single file
//! that was handed over once may go as it likes.

use std::io::ErrorKind;
use std::path::Path;

use oldgrowth_domain::TimeZone;
use oldgrowth_store::Lane;
use oldgrowth_store::table::sources::{Source, SourceKind};

use super::checks::Run;
use super::rows::{Row, counted};
use crate::engine::Core;
use crate::ingest::plan::source_path;
use crate::{Error, Result};

/// Folders that are named one by one.
const NAMED_MAX: usize = 10;

enum Found {
    There,
    Gone,
    /// It is there, and this program may not look into it.
    Closed,
}

pub(super) fn look(core: &Core, run: &Run) -> Result<Row> {
    let (folders, others) = core.store.read(Lane::Background, |r| {
        let sources = r.sources()?;
        let all = sources.len();
        let mut folders = Vec::new();
        for source in sources {
            let Some(root) = source.root.clone() else {
                continue;
            };
            let watched = source.watched_since.is_some();
            if source.kind != SourceKind::Folder || watched {
                continue;
            }
            let name = Path::new(&root)
                .file_name()
                .map_or_else(|| root.clone(), |name| name.to_string_lossy().into_owned());
            if r.was_read_as_folder(source.key, &name)? {
                folders.push((source, root));
            }
        }
        let others = all - folders.len();
        Ok::<_, Error>((folders, others))
    })?;
    let mut gone = Vec::new();
    let mut closed = Vec::new();
    let mut there = 0_u32;
    for (source, root) in folders {
        if run.is_cancelled() {
            return Err(Error::Cancelled);
        }
        match look_for(core, &source_path(&root)) {
            Found::There => there += 1,
            Found::Gone => gone.push((source, root)),
            Found::Closed => closed.push((source, root)),
        }
    }
    Ok(row(&gone, &closed, there, others, &core.zone()))
}

fn look_for(core: &Core, root: &Path) -> Found {
    if !core.files.is_there(root) {
        return Found::Gone;
    }
    match std::fs::read_dir(root) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Found::Closed,
        _ => Found::There,
    }
}

fn row(
    gone: &[(Source, String)],
    closed: &[(Source, String)],
    there: u32,
    others: usize,
    zone: &TimeZone,
) -> Row {
    let named = |list: &[(Source, String)]| match list {
        [] => String::new(),
        [(one, _)] => format!("The folder “{}”", one.name),
        [(first, _), rest @ ..] => format!(
            "The folder “{}” and {}",
            first.name,
            counted(rest.len() as u64, "other", "others")
        ),
    };
    let verb = |list: &[(Source, String)]| if list.len() == 1 { "is" } else { "are" };
    let row = if !gone.is_empty() {
        // Nobody asked for it to be kept up with, and nothing that is remembered needs it.
        Row::ok(format!(
            "{} that things were read from {} not there.",
            named(gone),
            verb(gone)
        ))
        .next("What is remembered stays and can be found. Connect its disk or put it back to read it again under Sources.")
    } else if !closed.is_empty() {
        Row::warn(
            format!("{} may not be looked into.", named(closed)),
            "Give Oldgrowth the right to read it: on macOS in System Settings, Privacy & Security, Files and Folders. What is remembered stays.",
        )
    } else if there == 0 {
        Row::ok("No folder has to be there.")
    } else {
        Row::ok(format!(
            "{} there that things were read from.",
            counted(there.into(), "folder is", "folders are")
        ))
    };
    let mut row = row.seen("Folders there", there.to_string()).seen(
        "Watched folders, conversations, notes and single files",
        others.to_string(),
    );
    let listed = gone.iter().map(|one| (one, "not there"));
    let listed = listed.chain(closed.iter().map(|one| (one, "may not be looked into")));
    for (number, ((source, root), how)) in (1_u32..).zip(listed).take(NAMED_MAX) {
        let last = source.last_import_at.map_or_else(String::new, |at| {
            format!(", last read {}", at.to_minute(zone))
        });
        row = row.seen_privately(
            "Folder",
            format!("{root}: {how}{last}"),
            format!("folder {number}: {how}{last}"),
        );
    }
    row
}
