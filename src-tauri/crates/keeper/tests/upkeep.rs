//! Facts about what a doctor asks for: who may look at the files, and folding the log in.

mod common;

#[cfg(unix)]
use std::path::PathBuf;

use common::*;
use oldgrowth_keeper::Lane;

#[test]
fn the_log_is_folded_in_while_nobody_uses_the_file_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let (_keeper, file) = keep(&dir.path().join("a.db"));
    for _ in 0..20 {
        insert(&file, &"a long text ".repeat(200)).unwrap();
    }
    let log = |file: &oldgrowth_keeper::KeptFile| file.facts().wal_bytes.unwrap_or(0);
    let before = log(&file);
    assert!(before > 0, "there is something to fold in");
    let refused = file
        .read(Lane::Interactive, |_| {
            Ok::<_, oldgrowth_keeper::Error>(file.fold_log().is_err())
        })
        .unwrap();
    assert!(refused, "who reads can't fold");
    let permit = file.reserve("a test").unwrap();
    assert!(!file.fold_log().unwrap(), "a long read keeps it as it is");
    drop(permit);
    assert!(file.fold_log().unwrap());
    assert!(log(&file) < before, "it is shorter");
    assert_eq!(count(&file).unwrap(), 20, "and nothing is lost");
}

#[cfg(unix)]
#[test]
fn what_others_may_look_at_is_told_and_made_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("memory");
    let (_keeper, file) = keep(&folder.join("a.db"));
    insert(&file, "a row").unwrap();
    file.backup(oldgrowth_keeper::BackupKind::Recent, &mut |_| {
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    let beside: Vec<PathBuf> = vec![dir.path().join("settings.json")];
    std::fs::write(&beside[0], "{}").unwrap();
    let widen = |path: &PathBuf, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).unwrap();
    };
    widen(&beside[0], 0o600);
    assert_eq!(
        file.rights(&beside).open,
        Vec::<PathBuf>::new(),
        "all is private"
    );
    let backup = file.backups().remove(0).file;
    for (path, mode) in [(&folder, 0o755), (&backup, 0o644), (&beside[0], 0o640)] {
        widen(path, mode);
    }
    let mut open = file.rights(&beside).open;
    open.sort();
    let mut wide = [folder, backup, beside[0].clone()];
    wide.sort();
    assert_eq!(
        open.iter().map(|path| path.file_name()).collect::<Vec<_>>(),
        wide.iter().map(|path| path.file_name()).collect::<Vec<_>>(),
        "each of them, and no other"
    );
    assert_eq!(file.make_private(&beside), 3);
    assert_eq!(file.rights(&beside).open, Vec::<PathBuf>::new());
    assert!(
        file.rights(&beside).seen > 4,
        "the files are looked at one by one"
    );
    assert_eq!(count(&file).unwrap(), 1, "and it reads as before");
}
