//! What can be wrong with one of the files of a database, or with the folder they lie in.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::oracle::DATABASE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Main,
    Wal,
    Shm,
    Journal,
    Parent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    Missing,
    /// Only so many of its first bytes are there.
    Cut(u64),
    /// What it begins with is nonsense.
    Garbage,
    Folder,
    /// It lies elsewhere, and a link leads there.
    Linked,
    DanglingLink,
    LinkToItself,
    /// Its rights are these.
    Mode(u32),
    /// Nobody may change it, the administrator included.
    Immutable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) part: Part,
    pub(super) defect: Defect,
}

/// The folder of the database, and one beside it for what is moved away.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) parent: PathBuf,
    pub(super) elsewhere: PathBuf,
}

/// SQLite's own size; also that of the header of a file, which is cut at each byte.
pub(super) const PAGE_BYTES: u64 = 4096;
const HEADER_BYTES: u64 = 100;
const WAL_HEADER_BYTES: u64 = 32;
const FRAME_BYTES: u64 = PAGE_BYTES + 24;

/// Every state of this part, which has so many bytes.
pub(super) fn of(part: Part, bytes: u64) -> Vec<State> {
    let mut defects = vec![
        Defect::Missing,
        Defect::Linked,
        Defect::DanglingLink,
        Defect::LinkToItself,
        Defect::Mode(0o000),
        Defect::Mode(0o444),
        Defect::Immutable,
    ];
    if part == Part::Parent {
        // The folder is a file.
        defects.extend([Defect::Cut(0), Defect::Garbage, Defect::Mode(0o555)]);
    } else {
        defects.extend([Defect::Folder, Defect::Garbage]);
        defects.extend((0..HEADER_BYTES).map(Defect::Cut));
        let (first, each) = match part {
            Part::Wal => (WAL_HEADER_BYTES, FRAME_BYTES),
            _ => (0, PAGE_BYTES),
        };
        let cuts = (1..).map(|n| first + n * each);
        // In the middle of a page as well as at its end.
        let cuts = cuts.flat_map(|cut| [cut - each / 2, cut]);
        defects.extend(cuts.take_while(|cut| *cut < bytes).map(Defect::Cut));
    }
    let state = |defect| State { part, defect };
    defects.into_iter().map(state).collect()
}

impl Files {
    pub(super) fn path(&self, part: Part) -> PathBuf {
        let suffix = match part {
            Part::Parent => return self.parent.clone(),
            Part::Main => "",
            Part::Wal => "-wal",
            Part::Shm => "-shm",
            Part::Journal => "-journal",
        };
        self.parent.join(format!("{DATABASE}{suffix}"))
    }
}

impl State {
    /// Rights do not bind the administrator, so this is tried as somebody else.
    pub(super) fn is_of_rights(self) -> bool {
        matches!(self.defect, Defect::Mode(_))
    }

    /// Brings the state about. `false`: it cannot be had here.
    pub(super) fn bring_about(self, files: &Files) -> io::Result<bool> {
        let path = files.path(self.part);
        match self.defect {
            Defect::Missing => drop(move_away(&path, files)?),
            Defect::Cut(_) | Defect::Garbage if self.part == Part::Parent => {
                move_away(&path, files)?;
                let bytes: &[u8] = if self.defect == Defect::Garbage {
                    b"not a folder"
                } else {
                    b""
                };
                fs::write(&path, bytes)?;
            }
            Defect::Cut(bytes) => File::options().write(true).open(&path)?.set_len(bytes)?,
            Defect::Garbage => {
                let nonsense = [0x5a; HEADER_BYTES as usize];
                File::options()
                    .write(true)
                    .open(&path)?
                    .write_all(&nonsense)?;
            }
            Defect::Folder => {
                move_away(&path, files)?;
                fs::create_dir(&path)?;
                fs::write(path.join("inside"), b"something")?;
            }
            Defect::Linked => {
                let target = move_away(&path, files)?;
                symlink(target, &path)?;
            }
            Defect::DanglingLink => {
                move_away(&path, files)?;
                symlink(files.elsewhere.join("nothing"), &path)?;
            }
            Defect::LinkToItself => {
                move_away(&path, files)?;
                symlink(&path, &path)?;
            }
            Defect::Mode(mode) => fs::set_permissions(&path, Permissions::from_mode(mode))?,
            Defect::Immutable => return Ok(change_attribute("+i", &path)),
        }
        Ok(true)
    }

    /// Takes back what would keep the folder of a run from being read or removed.
    pub(super) fn take_back(self, files: &Files) -> io::Result<()> {
        let path = files.path(self.part);
        match self.defect {
            Defect::Mode(_) => fs::set_permissions(&path, Permissions::from_mode(0o700)),
            Defect::Immutable => {
                change_attribute("-i", &path);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The classes of failure that fit. `ok` stands for none.
    pub(super) fn fits(self, writes: bool) -> &'static [&'static str] {
        use Defect as D;
        match (self.part, self.defect) {
            (Part::Main, D::Missing) => &["misplaced"],
            (Part::Main, D::Cut(0 | 1)) => &["misplaced"],
            (Part::Main, D::Folder | D::DanglingLink | D::LinkToItself) => &["path"],
            (Part::Main, D::Linked) => &["ok", "corrupt"],
            (Part::Main, D::Cut(_) | D::Garbage) => &["ok", "corrupt"],
            (Part::Main | Part::Wal | Part::Journal, D::Mode(0)) => &["permission"],
            (Part::Main, D::Mode(_) | D::Immutable) if writes => &["permission"],
            (Part::Wal, D::Folder | D::Linked | D::DanglingLink | D::LinkToItself) => &["path"],
            (Part::Journal, D::Folder | D::Linked | D::DanglingLink | D::LinkToItself) => &["path"],
            (Part::Wal, D::Garbage) => &["ok", "corrupt"],
            (Part::Wal | Part::Journal, D::Mode(_) | D::Immutable) if writes => &["permission"],
            (Part::Wal | Part::Journal, D::Mode(_) | D::Immutable) => &["ok", "permission"],
            // Without its end the main file is one with half of a transaction in it.
            (Part::Journal, D::Missing | D::Cut(_) | D::Garbage) => &["ok", "corrupt"],
            // It holds nothing that cannot be made again.
            // Who is attached can't be seen through it, and then a lost main file is waited for.
            (Part::Shm, D::Mode(0)) => &["ok", "permission", "shm_unavailable", "busy"],
            (Part::Shm, D::Mode(_) | D::Immutable) => &["ok", "permission", "shm_unavailable"],
            (Part::Shm, _) => &["ok"],
            (Part::Parent, D::Cut(_) | D::Garbage | D::LinkToItself) => &["path"],
            (Part::Parent, D::DanglingLink) => &["path", "ok"],
            (Part::Parent, D::Mode(0 | 0o444)) => &["permission"],
            (Part::Parent, D::Mode(_) | D::Immutable) => &["ok", "permission"],
            _ => &["ok"],
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.part, self.defect)
    }
}

fn move_away(path: &Path, files: &Files) -> io::Result<PathBuf> {
    fs::create_dir_all(&files.elsewhere)?;
    let target = files
        .elsewhere
        .join(path.file_name().unwrap_or(path.as_os_str()));
    fs::rename(path, &target)?;
    Ok(target)
}

/// Whether it could be done: that needs an administrator and a file system that knows it.
fn change_attribute(change: &str, path: &Path) -> bool {
    let changed = Command::new("chattr").arg(change).arg(path).output();
    changed.is_ok_and(|output| output.status.success())
}
