use crate::ambient::Ambient; use crate::error::Error; use crate::place::Place; use crate::wal::WalScan; use std::path::PathBuf;
pub(crate) struct Why<'a>{pub reason:&'static str,pub code:Option<i32>,pub errno:Option<i32>,pub wal:Option<&'a WalScan>,pub holds_only_copy:bool}
pub(crate) struct Set{pub folder:PathBuf,pub made_now:bool}
pub(crate) enum Which{Main,Wal,Shm}
pub(crate) fn preserve(_:&Place,_:&Why<'_>,_:&Ambient)->Result<Set,Error>{Err(Error::Overloaded)}
pub(crate) fn move_aside(_:&Place,_:&Set,_:&[Which])->Result<(),Error>{Ok(())}
pub(crate) fn discard_copy(_:&Set)->Result<(),Error>{Ok(())}
