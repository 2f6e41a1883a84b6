//! Settings, as the wire says them.

use oldgrowth_engine as engine;
use oldgrowth_wire as wire;

pub(crate) fn settings(settings: &engine::Settings) -> wire::Settings {
    wire::Settings {
        long_reads_max: number(&settings.long_reads_max),
    }
}

fn number(setting: &engine::NumberSetting) -> wire::NumberSetting {
    wire::NumberSetting {
        chosen: setting.chosen,
        in_use: setting.in_use,
        default: setting.default,
        most: setting.most,
        problem: setting.problem.map(|problem| {
            let what = match problem {
                engine::SettingProblem::NotSensible => {
                    format!(
                        "what the file says is no whole number from 0 to {}",
                        setting.most
                    )
                }
                engine::SettingProblem::FileUnreadable => {
                    format!("{} can't be read as settings", engine::SETTINGS_FILE)
                }
            };
            format!("{what}, so {} is used", setting.in_use)
        }),
    }
}
