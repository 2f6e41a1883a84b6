//! Each public function of the keeper that has to do with a file, called as the product would.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use oldgrowth_keeper::{
    Backup, BackupKind, Canceller, Error, Holder, KeptFile, Lane, ReadTx, Source, WorkspaceLock,
    salvage,
};

use super::oracle::{DATABASE, SCHEMA, reading_keeper, real_keeper, write_row};
use super::t7_locks::Scene;

pub(super) struct Call {
    pub(super) name: &'static str,
    /// The functions it calls, so that none is forgotten.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads it"))]
    pub(super) calls: &'static [&'static str],
    pub(super) call: fn(&Scene) -> Result<(), String>,
}

const fn call(
    name: &'static str,
    calls: &'static [&'static str],
    call: fn(&Scene) -> Result<(), String>,
) -> Call {
    Call { name, calls, call }
}

pub(super) const CALLS: &[Call] = &[
    call(
        "find the file again",
        &["Keeper::file", "Keeper::file_marked"],
        find_again,
    ),
    call("read", &["KeptFile::read"], read),
    call(
        "read until called off",
        &["KeptFile::read_until", "Canceller::is_cancelled"],
        read_until,
    ),
    call(
        "write",
        &["KeptFile::write", "KeptFile::submit", "KeptFile::submit_in"],
        write,
    ),
    call(
        "ask how it is",
        &[
            "KeptFile::health",
            "KeptFile::health_history",
            "KeptFile::on_health",
            "KeptFile::on_incident",
            "KeptFile::on_fault",
            "KeptFile::facts",
            "KeptFile::opens",
        ],
        ask,
    ),
    call("fold the log", &["KeptFile::fold_log"], |scene| {
        // Whether it came to it depends on who else uses it.
        told(scene.file.fold_log())
    }),
    call(
        "see who may look at it",
        &[
            "KeptFile::rights",
            "KeptFile::make_private",
            "KeptFile::volume",
        ],
        |scene| {
            scene.file.volume();
            scene.file.make_private(&[]);
            let rights = scene.file.rights(&[]);
            if rights.seen > 0 && rights.open.is_empty() {
                Ok(())
            } else {
                Err(format!("others may look at it: {rights:?}"))
            }
        },
    ),
    call("try now", &["KeptFile::try_now"], |scene| {
        told(scene.file.try_now())
    }),
    call(
        "tend",
        &[
            "KeptFile::tick",
            "KeptFile::compare_names",
            "KeptFile::resumed",
            "Keeper::resumed",
        ],
        tend,
    ),
    call(
        "hold long",
        &[
            "KeptFile::reserve",
            "KeptFile::reserve_later",
            "KeptFile::reservations",
            "KeptFile::set_reservation_cap",
            "Reservation::read",
            "Reservation::label",
            "Reservation::canceller",
            "Canceller::cancel",
            "Waiting::try_again",
        ],
        hold_long,
    ),
    call(
        "back up",
        &["KeptFile::backup", "KeptFile::backups", "KeptFile::verify"],
        |scene| told(back_up(scene).and_then(|backup| scene.file.verify(&backup))),
    ),
    call("back up elsewhere", &["KeptFile::backup_to"], |scene| {
        let to = free_name(scene, "elsewhere");
        told(
            scene
                .file
                .backup_to(&to, &mut |_| ControlFlow::Continue(())),
        )
    }),
    call("preview", &["KeptFile::preview"], preview),
    call("restore elsewhere", &["KeptFile::restore_to"], |scene| {
        let to = free_name(scene, "restored");
        told(a_backup(scene).and_then(|backup| scene.file.restore_to(&backup, &to)))
    }),
    call(
        "restore, salvage what was there, discard it",
        &[
            "KeptFile::restore",
            "KeptFile::restore_announcing",
            "KeptFile::quarantine",
            "KeptFile::discard",
        ],
        restore,
    ),
    call("copy its files", &["KeptFile::copy_files_to"], |scene| {
        let folder = scene.folder.join("files");
        fs::create_dir(&folder).map_err(|error| error.to_string())?;
        let _nobody_else = scene.stranger.away();
        told(scene.file.copy_files_to(&folder))
    }),
    call("accept damage", &["KeptFile::accept_damage"], |scene| {
        told(scene.file.accept_damage())
    }),
    call(
        "lock the workspace",
        &[
            "WorkspaceLock::acquire",
            "WorkspaceLock::acquire_or_read",
            "WorkspaceLock::reads_only",
            "WorkspaceLock::may_be_whole",
            "WorkspaceLock::rename",
            "WorkspaceLock::holder",
        ],
        lock_workspace,
    ),
    call(
        "keep another file for a while",
        &["Keeper::new", "Keeper::with_space", "Keeper::shut_down"],
        keep_another,
    ),
    call("only read it", &["Keeper::reading"], only_read),
];

fn told<T>(answer: Result<T, Error>) -> Result<(), String> {
    answer.map(drop).map_err(|error| format!("{error:?}"))
}

fn find_again(scene: &Scene) -> Result<(), String> {
    let found = scene.keeper.file(&scene.path, SCHEMA);
    let roundabout = scene.folder.join("..").join("m").join(DATABASE);
    // Whoever names a mark too finds the same.
    let mark = scene.path.with_extension("mark");
    let again = scene.keeper.file_marked(&roundabout, SCHEMA, Some(mark));
    match (found, again) {
        (Ok(one), Ok(other)) if Arc::ptr_eq(&one, &other) => Ok(()),
        other => Err(format!("two entries for one file: {other:?}")),
    }
}

fn count(tx: &ReadTx<'_>) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM kept";
    Ok(tx.connection().query_row(sql, [], |row| row.get(0))?)
}

fn read(scene: &Scene) -> Result<(), String> {
    [Lane::Interactive, Lane::Background]
        .into_iter()
        .try_for_each(|lane| told(scene.file.read(lane, count)))
}

fn read_until(scene: &Scene) -> Result<(), String> {
    let canceller = Canceller::default();
    let lane = Lane::Interactive;
    told(scene.file.read_until(lane, &canceller, count))?;
    canceller.cancel();
    let after = scene.file.read_until(lane, &canceller, count);
    if canceller.is_cancelled() && after == Err(Error::Cancelled) {
        Ok(())
    } else {
        Err(format!("a read that was called off answered {after:?}"))
    }
}

fn write(scene: &Scene) -> Result<(), String> {
    told(scene.write())?;
    let salt = scene.salt();
    let (first, second) = (scene.next_id(), scene.next_id());
    let one = scene.file.submit(move |tx| write_row(tx, salt, first));
    let other = scene
        .file
        .submit_in(Lane::Background, move |tx| write_row(tx, salt, second));
    for (ticket, id) in [(one, first), (other, second)] {
        told(ticket.wait())?;
        scene.acknowledge(id);
    }
    Ok(())
}

fn ask(scene: &Scene) -> Result<(), String> {
    let file: &KeptFile = &scene.file;
    file.on_health(|_| {});
    file.on_incident(|_| {});
    file.on_fault(|_| {});
    let opens = file.opens();
    let is_told = !file.health_history().is_empty() && opens > 0 && opens == file.facts().opens;
    if file.health().state.is_well() && is_told {
        Ok(())
    } else {
        Err(format!("{:?}", file.health()))
    }
}

fn tend(scene: &Scene) -> Result<(), String> {
    scene.file.tick();
    scene.file.compare_names();
    scene.file.resumed();
    scene.keeper.resumed();
    Ok(())
}

fn hold_long(scene: &Scene) -> Result<(), String> {
    let reservation = scene.file.reserve("torture").ok_or("no permit")?;
    told(reservation.read(count))?;
    let canceller = reservation.canceller();
    canceller.cancel();
    if reservation.read(count) != Err(Error::Cancelled) || reservation.label() != "torture" {
        return Err("a hold that was called off went on".to_owned());
    }
    drop(reservation);
    scene.file.set_reservation_cap(Some(0));
    let waiting = scene.file.reserve_later("torture").ok_or("no place")?;
    let waiting = waiting.try_again().err().ok_or("a permit beyond the cap")?;
    scene.file.set_reservation_cap(None);
    let had = waiting.try_again().is_ok();
    let held = scene.file.reservations().waiting;
    if had && held == 0 {
        Ok(())
    } else {
        Err("the permit did not come".to_owned())
    }
}

fn back_up(scene: &Scene) -> Result<Backup, Error> {
    scene
        .file
        .backup(BackupKind::Recent, &mut |_| ControlFlow::Continue(()))
}

fn a_backup(scene: &Scene) -> Result<Source, Error> {
    let known = scene.file.backups().into_iter().next();
    known.map_or_else(|| back_up(scene), Ok).map(Source::Backup)
}

fn preview(scene: &Scene) -> Result<(), String> {
    told(a_backup(scene).and_then(|backup| scene.file.preview(&backup)))?;
    // Reading it apart would drop the locks, so it is refused.
    let itself = Source::File(scene.path.clone());
    match scene.file.preview(&itself) {
        Err(Error::Path { .. }) => Ok(()),
        other => Err(format!("the file was compared with itself: {other:?}")),
    }
}

/// A run makes few files, and each is in the way of the next of its name.
fn free_name(scene: &Scene, name: &str) -> PathBuf {
    scene.folder.join(format!("{name}.db"))
}

/// The backup is of the very state that it replaces, so nothing is lost with the set that is discarded.
fn restore(scene: &Scene) -> Result<(), String> {
    let set = {
        let _nobody_else = scene.stranger.away();
        let backup = back_up(scene).map_err(|error| format!("{error:?}"))?;
        let restored = scene.file.restore(&Source::Backup(backup));
        restored.map_err(|error| format!("{error:?}"))?
    };
    if !scene.file.quarantine().iter().any(|one| one.id == set.id) {
        return Err("what was there is not in quarantine".to_owned());
    }
    scene.stranger.await_lives(1);
    told(scene.file.preview(&Source::Set(set.clone())))?;
    let into = scene.folder.join("salvaged");
    told(salvage(&set.folder, DATABASE, None, Some(&SCHEMA), &into))?;
    told(scene.file.discard(&set.id))
}

fn lock_workspace(scene: &Scene) -> Result<(), String> {
    let me = Holder {
        pid: std::process::id(),
        name: "torture".into(),
        started_unix_ms: 0,
        endpoint: String::new(),
    };
    let lock = WorkspaceLock::acquire(&scene.folder, &me).map_err(|error| error.to_string())?;
    let me = Holder {
        name: "torture, which moves".into(),
        ..me
    };
    lock.rename(&scene.folder, &me);
    let holder = WorkspaceLock::holder(&scene.folder);
    drop(lock);
    if holder.as_ref() != Some(&me) {
        return Err("the lock does not say who holds it".to_owned());
    }
    let database = scene.folder.join(DATABASE);
    let lock = WorkspaceLock::acquire_or_read(&scene.folder, &me, &database)
        .map_err(|error| error.to_string())?;
    if lock.reads_only() || !WorkspaceLock::may_be_whole(&scene.folder) {
        return Err("a folder that may be written to is only read".to_owned());
    }
    Ok(())
}

fn keep_another(scene: &Scene) -> Result<(), String> {
    let folder = scene.folder.join("another");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let (keeper, _) = real_keeper();
    let used = keeper
        .file(&folder.join(DATABASE), SCHEMA)
        .and_then(|file| file.try_now());
    keeper.shut_down();
    told(used)
}

fn only_read(scene: &Scene) -> Result<(), String> {
    let keeper = reading_keeper();
    let read = keeper
        .file(&scene.folder.join(DATABASE), SCHEMA)
        .and_then(|file| file.read(Lane::Interactive, count));
    keeper.shut_down();
    told(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: [&str; 6] = [
        "Keeper",
        "KeptFile",
        "Reservation",
        "Canceller",
        "Waiting",
        "WorkspaceLock",
    ];

    /// `Type::name` of each public function in this text of one source file.
    fn public_functions(text: &str) -> Vec<String> {
        let mut of = None;
        let mut all = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("impl ") {
                let name = name.trim_end_matches(" {");
                of = TYPES.into_iter().find(|known| *known == name);
            } else if let (Some(of), Some(name)) = (of, line.strip_prefix("    pub fn ")) {
                let name = name.split(['(', '<']).next().unwrap();
                all.push(format!("{of}::{name}"));
            }
        }
        all
    }

    #[test]
    fn no_public_function_of_the_keeper_is_forgotten() {
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../keeper/src");
        let mut found = Vec::new();
        for entry in fs::read_dir(sources).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "rs") {
                found.extend(public_functions(&fs::read_to_string(path).unwrap()));
            }
        }
        assert!(found.len() > 30, "they were found: {found:?}");
        let called: Vec<&str> = CALLS.iter().flat_map(|call| call.calls).copied().collect();
        for name in &found {
            assert!(
                called.contains(&name.as_str()),
                "{name} is public and never called beside another program"
            );
        }
        for name in called {
            assert!(
                found.iter().any(|known| known == name),
                "{name} is called by a name that is gone"
            );
        }
    }
}
