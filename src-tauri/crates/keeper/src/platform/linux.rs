//! Which file systems of Linux lie on another machine.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::existing;

/// By `statfs(2)`; `None` where that does not tell.
const FUSE: u64 = 0x6573_5546;
const NETWORK: &[u64] = &[
    0x6969,      // nfs
    0x517b,      // smbfs
    0xff53_4d42, // cifs
    0xfe53_4d42, // smb2
    0x0102_1997, // 9p, as the folders that Windows lends its Linux
    0x5346_414f, // afs
    0x6b41_4653, // kafs
    0x7375_7245, // coda
    0x564c,      // ncp
    0x00c3_6400, // ceph
    0x0bd0_0bd0, // lustre
    0x786f_4256, // vboxsf, the folders that a host lends its guest
];
/// What is known to speak to another machine, of all that a program can be behind.
const FUSE_NETWORK: &[&str] = &[
    "fuse.sshfs",
    "fuse.rclone",
    "fuse.gvfsd-fuse",
    "fuse.kio-fuse",
    "fuse.smbnetfs",
    "fuse.curlftpfs",
    "fuse.davfs",
    "fuse.s3fs",
    "fuse.gcsfuse",
    "fuse.goofys",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.google-drive-ocamlfuse",
    "fuse.onedriver",
];
const FUSE_LOCAL: &[&str] = &[
    "fuseblk",
    "fuse.portal",
    "fuse.encfs",
    "fuse.gocryptfs",
    "fuse.cryfs",
    "fuse.mergerfs",
    "fuse.bindfs",
];

pub(crate) fn is_network(path: &Path) -> Option<bool> {
    let path = existing(path)?;
    // As wide as a word and signed on some machines; the numbers have 32 bits.
    let magic = rustix::fs::statfs(path).ok()?.f_type as u64 & 0xffff_ffff;
    if magic == FUSE {
        let device = fs::metadata(path).ok()?.dev();
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        return is_network_program(kind_on(&mounts, device)?);
    }
    Some(NETWORK.contains(&magic))
}

pub(super) fn is_network_program(kind: &str) -> Option<bool> {
    if FUSE_NETWORK.contains(&kind) {
        Some(true)
    } else if FUSE_LOCAL.contains(&kind) {
        Some(false)
    } else {
        None
    }
}

/// The kind of the file system with this device number, by proc(5): the third word of a line is the
/// number, the first after a lone dash is the kind.
pub(super) fn kind_on(mounts: &str, device: u64) -> Option<&str> {
    let number = format!(
        "{}:{}",
        rustix::fs::major(device),
        rustix::fs::minor(device)
    );
    mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(number.as_str()))
        .and_then(|line| line.split_once(" - "))
        .and_then(|(_, rest)| rest.split(' ').next())
}
