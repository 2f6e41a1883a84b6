//! `oldgrowth settings`.

use oldgrowth_wire::{Empty, ErrorCode, Request, SettingChange, SettingName, Settings, WireError};

use super::Ended;
use super::args::{Setting, SettingsAction};
use super::output::Output;
use crate::session::Session;
use crate::words::wire_error;

/// What goes back to a setting's default.
const DEFAULT: &str = "default";

pub(super) fn settings(
    session: impl FnOnce() -> Result<Session, WireError>,
    action: SettingsAction,
    output: &Output,
) -> Result<Ended, WireError> {
    let request = match action {
        SettingsAction::Get {
            name: _all_there_are,
        } => Request::SettingsGet(Empty {}),
        SettingsAction::Set { name, value } => Request::SettingsSet(SettingChange {
            name: match name {
                Setting::LongReadsMax => SettingName::LongReadsMax,
            },
            value: number(&value)?,
        }),
    };
    let settings: Settings = session()?.call(request)?;
    output.settings(&settings);
    Ok(Ended::Well)
}

fn number(text: &str) -> Result<Option<u32>, WireError> {
    if text == DEFAULT {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        wire_error(
            ErrorCode::Usage,
            format!("\"{text}\" is no whole number from 0 on"),
            Some("write a number such as 3, or default"),
        )
    })
}
