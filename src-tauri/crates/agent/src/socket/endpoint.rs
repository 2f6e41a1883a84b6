//! Where an owner listens.

use std::fmt;
use std::path::{Path, PathBuf};

use interprocess::local_socket::{GenericFilePath, Name, ToFsName};

/// A Unix domain socket's path may be this long, in bytes, on every system we know.
const SOCKET_PATH_BYTES_MAX: usize = 100;

/// The path of a socket, or the name of a pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(PathBuf);

impl Endpoint {
    pub(crate) fn of_workspace(workspace: &Path) -> Self {
        if cfg!(windows) {
            return Self(PathBuf::from(format!(
                r"\\.\pipe\oldgrowth-{}",
                short_hash(workspace)
            )));
        }
        let inside = workspace.join(".owner.sock");
        if inside.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return Self(inside);
        }
        // A folder of this person alone. Where there is none, there is no socket at a path that long,
        // and other programs are told who holds the workspace.
        let name = format!("oldgrowth-{}.sock", short_hash(workspace));
        Self(dirs::runtime_dir().map_or(inside, |folder| folder.join(name)))
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self(PathBuf::from(text))
    }

    pub(crate) fn name(&self) -> std::io::Result<Name<'static>> {
        self.0.clone().to_fs_name::<GenericFilePath>()
    }

    /// A pipe of Windows lies in no folder.
    #[cfg(unix)]
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

fn short_hash(workspace: &Path) -> String {
    let text = workspace.to_string_lossy();
    oldgrowth_domain::id::content_hash(&[&text])
        .chars()
        .take(20)
        .collect()
}
