use crate::error::Error; use crate::wal::WalScan; use std::path::Path;
pub(crate) fn materialise(_:&Path,_:&WalScan,_:&Path)->Result<(),Error>{Err(Error::Overloaded)}
