use crate::error::Error;
use crate::wal::WalScan;
use std::path::Path;
pub(crate) fn materialise(log: &Path, scan: &WalScan, to: &Path) -> Result<(), Error> {
    use std::io::{Seek, SeekFrom, Write};
    let go = || -> std::io::Result<()> {
        let mut l = std::fs::File::open(log)?;
        crate::files::write_new(to, b"")?;
        let mut o = std::fs::OpenOptions::new().write(true).open(to)?;
        let mut p = vec![0u8; scan.page_size as usize];
        for (n, i) in scan.newest_images() {
            scan.read_page(&mut l, i, &mut p)?;
            if n == 1 {
                p[18] = 1;
                p[19] = 1;
            }
            o.seek(SeekFrom::Start(
                u64::from(n - 1) * u64::from(scan.page_size),
            ))?;
            o.write_all(&p)?;
        }
        o.set_len(u64::from(scan.pages_after_last_commit) * u64::from(scan.page_size))?;
        o.sync_all()
    };
    go().map_err(|e| Error::from_io(&e))
}
