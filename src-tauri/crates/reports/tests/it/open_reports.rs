//! The reports of a person as the tests of this crate open them, from outside and from within.

use std::path::Path;
use std::sync::Arc;

use oldgrowth_http::{Client, Network};
use oldgrowth_reports::{Parts, Reports};

/// As one more process would, with the list of calls beside them.
pub(crate) fn open_reports(
    folder: &Path,
    now: impl Fn() -> i64 + Send + Sync + 'static,
) -> Reports {
    let now: Arc<dyn Fn() -> i64 + Send + Sync> = Arc::new(now);
    let network = Network::new(folder.with_file_name("network"), Arc::clone(&now));
    Reports::new(Parts {
        folder: folder.to_owned(),
        process: "command_line",
        release: "0.1.0",
        sqlite: "3.54.1",
        dsn: None,
        client: Client::new(network, || false),
        now,
    })
}
