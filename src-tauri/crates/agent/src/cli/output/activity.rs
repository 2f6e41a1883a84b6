//! What is printed of the work.

use std::time::Duration;

use oldgrowth_domain::UnixMs;
use oldgrowth_wire::{
    Activity, Batch, BatchState, CopyProgress, CopyWork, FailedGroup, Pause, PausedBy, Retried,
    Work, WorkItem, WorkKind,
};

use super::{Output, counted};

/// How many imports that have ended are named.
const RECENT_SHOWN_MAX: usize = 5;

impl Output {
    pub(in crate::cli) fn activity(&self, activity: &Activity) {
        if self.json {
            return self.object(activity);
        }
        self.line(&headline(activity));
        for batch in running(activity) {
            self.line(&format!("  {}", import_words(batch)));
        }
        if let Some(copy) = &activity.copy {
            self.line(&format!("  {}", copy_words(copy)));
        }
        for at in &activity.running {
            let beside = match at.beside {
                0 => String::new(),
                beside => format!(" and {}", counted(beside, "other")),
            };
            self.line(&format!("    now      {}{beside}", about(&at.item)));
        }
        for waiting in &activity.waiting {
            self.line(&format!(
                "    waiting  {}",
                work_counted(waiting.count, waiting.kind)
            ));
        }
        for put_off in &activity.put_off {
            self.line(&format!(
                "    put off  {}, tries again in {}{}",
                about(&put_off.item),
                until(&activity.at, &put_off.until),
                because(put_off.item.reason.as_deref())
            ));
        }
        for group in &activity.failed {
            self.failed_group(group);
        }
        let ended = activity.imports.iter();
        for batch in ended
            .filter(|batch| batch.state != BatchState::Running)
            .take(RECENT_SHOWN_MAX)
        {
            self.line(&format!(
                "    ended    {}  {}: {} new, {} changed, {} failed",
                batch.created_at, batch.label, batch.new, batch.changed, batch.failed
            ));
        }
    }

    fn failed_group(&self, group: &FailedGroup) {
        self.line(&format!(
            "    failed   {}: {} ({})",
            counted(group.items + group.summaries, "item"),
            group.message,
            group.reason
        ));
        for failed in &group.newest {
            self.line(&format!("             {}", about(&failed.item)));
        }
    }

    pub(in crate::cli) fn work(&self, work: &Work) {
        if self.json {
            return self.object(work);
        }
        self.line(&match &work.paused {
            Some(pause) => format!("{} Searches go on.", paused_words(pause)),
            None => "The work goes on.".to_owned(),
        });
    }

    pub(in crate::cli) fn retried(&self, retried: Retried, works: bool) {
        if self.json {
            return self.object(&retried);
        }
        self.line(&match retried.queued {
            0 => "Nothing has failed that could be tried again.".to_owned(),
            queued => format!("{} queued again.", counted(queued, "item")),
        });
        if retried.queued > 0 && !works {
            self.line("They are tried when the app, an import or oldgrowth serve runs.");
        }
    }
}

fn running(activity: &Activity) -> impl Iterator<Item = &Batch> {
    let imports = activity.imports.iter();
    imports.filter(|batch| batch.state == BatchState::Running)
}

fn headline(activity: &Activity) -> String {
    if let Some(pause) = &activity.work.paused {
        return paused_words(pause);
    }
    let waiting = activity
        .work
        .counts
        .map_or(0, |counts| counts.waiting + counts.running);
    let imports = running(activity).count();
    match (waiting, imports) {
        (0, 0) if activity.copy.is_none() && activity.names_to_come => {
            "Passages are to be looked through for names.".to_owned()
        }
        (0, 0) if activity.copy.is_none() => match &activity.meaning_to_come {
            Some(left) => format!(
                "{} to be read for what they mean{}.",
                match left.passages {
                    1 => "1 passage is".to_owned(),
                    passages => format!("{passages} passages are"),
                },
                match left.on_battery {
                    true => ", once this computer does not run on its battery any more",
                    false => "",
                }
            ),
            None => "Nothing to do.".to_owned(),
        },
        (0, 0) => "A copy is under way.".to_owned(),
        (waiting, 0) => format!("Working: {} to go.", counted(waiting, "item")),
        (_, 1) => "One import is under way.".to_owned(),
        (_, imports) => format!("{imports} imports are under way."),
    }
}

fn paused_words(pause: &Pause) -> String {
    match pause.by {
        PausedBy::Person => format!("Paused since {}.", pause.since),
        PausedBy::FullDisk => {
            "Paused: the disk is nearly full. It goes on by itself when there is room.".to_owned()
        }
    }
}

fn import_words(batch: &Batch) -> String {
    let mut words = format!(
        "{}: {} of {}",
        batch.label,
        batch.ended,
        counted(batch.total, "item")
    );
    if let Some(rate) = batch.rate {
        words.push_str(&format!(", {rate:.1} a second"));
    }
    if let Some(seconds) = batch.eta_seconds {
        words.push_str(&format!(", about {} to go", span(u64::from(seconds))));
    }
    words
}

fn copy_words(copy: &CopyProgress) -> String {
    let what = match copy.work {
        CopyWork::Backup => "A backup is being made",
        CopyWork::Verify => "A backup is being checked",
        CopyWork::Restore => "A copy is being restored",
    };
    if copy.of == 0 {
        return format!("{what}.");
    }
    let percent = u64::from(copy.done) * 100 / u64::from(copy.of);
    format!("{what}: {percent} %.")
}

fn about(item: &WorkItem) -> String {
    let of_source = |what: &str| match &item.source {
        Some(source) => format!("{what} of {source}"),
        None => what.to_owned(),
    };
    let what = match (item.kind, &item.path) {
        (WorkKind::Import, Some(path)) => path.clone(),
        (WorkKind::Import, None) => of_source("a file"),
        (WorkKind::Summary, _) => of_source("a summary"),
        (WorkKind::Remake, _) => of_source("a summary to be made anew"),
    };
    if item.attempts > 1 {
        format!("{what} (try {} of {})", item.attempts, item.attempts_max)
    } else {
        what
    }
}

fn work_counted(count: u32, kind: WorkKind) -> String {
    let (one, more) = match kind {
        WorkKind::Import => ("file to read", "files to read"),
        WorkKind::Summary => ("summary to make", "summaries to make"),
        WorkKind::Remake => ("summary to make anew", "summaries to make anew"),
    };
    format!("{count} {}", if count == 1 { one } else { more })
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

/// By the clock of whoever works.
fn until(at: &str, until: &str) -> String {
    let ms = |text| UnixMs::parse_rfc3339(text).map_or(0, |instant| instant.0);
    let left = Duration::from_millis((ms(until) - ms(at)).max(0).unsigned_abs());
    span(left.as_secs().max(1))
}

fn span(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}
