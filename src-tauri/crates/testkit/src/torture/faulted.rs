//! Fails each call to the file system in turn, in each way, and looks afterwards whether all that was
//! promised is there.

use std::time::Duration;

use oldgrowth_keeper::Schema;

use super::classes;
use super::work::Work;
use super::{Breach, Options, Report, Run, each_run};
use crate::vfs::{Claim, Fault, Fired, How};

/// Something the keeper is asked to do, of which every call fails once.
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) schema: Schema,
    /// How many runs of a round are of this scene.
    pub(super) weight: u64,
    /// Puts the files in place, on a disk that is well. An error says what went wrong.
    pub(super) prepare: fn(&Work) -> Result<(), String>,
    pub(super) act: fn(&Work),
}

const RUN_TAKES_MAX: Duration = Duration::from_secs(10);
/// The ways to fail a call, each tried at every one.
const WAYS: u64 = 5;
/// Threads take turns differently each time, so the longest of a few runs says how many calls there are.
const CLEAN_RUNS: usize = 4;

pub(super) fn fail_every_call(
    suite: &'static str,
    options: &Options,
    scenes: &'static [Scene],
) -> Report {
    let mut report = Report::default();
    let mut calls = Vec::new();
    for scene in scenes {
        match (0..CLEAN_RUNS)
            .map(|_| calls_of(scene, options))
            .try_fold(0, |most: u64, calls| calls.map(|calls| most.max(calls)))
        {
            Ok(most) => {
                report.note(format!("{}: up to {most} calls", scene.name));
                calls.push(most.max(1));
            }
            Err(what) => {
                let what = format!("{}: a clean run failed: {what}", scene.name);
                report.fail(0, Breach::Other, what);
                return report;
            }
        }
    }
    report.add(each_run(
        suite,
        options,
        RUN_TAKES_MAX,
        move |run| match turn_of(run.number, scenes, &calls) {
            Some(turn) => one_run(run, &turn),
            None => Report::one_run(),
        },
    ));
    report
}

fn calls_of(scene: &Scene, options: &Options) -> Result<u64, String> {
    let folder = tempfile::tempdir_in(&options.scratch).map_err(|error| error.to_string())?;
    let work = Work::new(folder.path(), scene.schema, options);
    (scene.prepare)(&work)?;
    let claim = Claim::of(folder.path()).map_err(|error| error.to_string())?;
    claim.sync_in_name_only();
    claim.arm(&[]);
    (scene.act)(&work);
    match work.errors.lock().first() {
        None => Ok(claim.calls()),
        Some(error) => Err(format!("{error:?}")),
    }
}

/// The scene of a run, and how many of this scene came before it.
struct Turn {
    scene: &'static Scene,
    calls: u64,
    before: u64,
}

fn turn_of(run: u64, scenes: &'static [Scene], calls: &[u64]) -> Option<Turn> {
    let round: u64 = scenes.iter().map(|scene| scene.weight).sum();
    let mut place = run % round;
    for (scene, calls) in scenes.iter().zip(calls) {
        if place < scene.weight {
            return Some(Turn {
                scene,
                calls: *calls,
                before: run / round * scene.weight + place,
            });
        }
        place -= scene.weight;
    }
    None
}

fn one_run(run: &Run, turn: &Turn) -> Report {
    let mut report = Report::one_run();
    let work = Work::new(&run.folder, turn.scene.schema, &run.options);
    let claim = match (turn.scene.prepare)(&work)
        .and_then(|()| Claim::of(&run.folder).map_err(|error| error.to_string()))
    {
        Ok(claim) => claim,
        Err(what) => {
            report.fail(run.number, Breach::Other, what);
            return report;
        }
    };
    claim.sync_in_name_only();
    let faults = faults_of(run, turn);
    claim.arm(&faults);
    (turn.scene.act)(&work);
    let fired = claim.fired();
    claim.disarm();
    report.faults += fired.len() as u64;
    judge_classes(run, &faults, &fired, &work, &mut report);
    work.reopen(run, &mut report);
    report
}

/// Through all calls and ways, in an order that meets early and late calls alike, then at random.
fn faults_of(run: &Run, turn: &Turn) -> Vec<Fault> {
    let calls = turn.calls;
    let any = || {
        1 + run
            .random
            .below(usize::try_from(calls).unwrap_or(usize::MAX)) as u64
    };
    let in_turn = turn.before / WAYS;
    let at = if in_turn < calls {
        1 + in_turn * stride(calls) % calls
    } else {
        any()
    };
    let one = |how| vec![Fault { at, how }];
    match turn.before % WAYS {
        0 => one(How::Once),
        1 => one(How::Sticky),
        2 => one(How::Short),
        3 => one(How::NoSpace),
        _ => [at, any()].map(|at| Fault { at, how: How::Once }).to_vec(),
    }
}

/// About the golden section, and without a common divisor, so that its multiples visit everything.
pub(super) fn stride(calls: u64) -> u64 {
    let divides = |a: u64, b: u64| {
        let (mut a, mut b) = (a, b);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let start = calls * 618 / 1000 + 1;
    (start..).find(|n| divides(*n, calls) == 1).unwrap_or(1)
}

fn judge_classes(run: &Run, faults: &[Fault], fired: &[Fired], work: &Work, report: &mut Report) {
    let errors = work.errors.lock();
    for error in errors.iter() {
        if let Some(wrong) = classes::wrong_class(error) {
            report.fail(run.number, Breach::Other, wrong);
        }
    }
    let [only] = fired else {
        return;
    };
    let [Fault { how, .. }] = faults else {
        return;
    };
    match errors.first() {
        None => report.note(format!("{:?} swallowed", only.call)),
        Some(error) => {
            if *how != How::Sticky && !classes::may_follow(only.call, *how, error) {
                let what = format!("{:?} ({how:?}) was told as {error:?}", only.call);
                report.fail(run.number, Breach::Other, what);
            }
            report.note(format!("{:?} told as {}", only.call, error.class()));
        }
    }
}
