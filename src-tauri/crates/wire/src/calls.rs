//! Every call there is: its name, what it takes, and what it answers.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Activity, AddNote, Answer, Asker, Backup, BackupMake, Batch, BatchReport, Brief, BriefAsked,
    ChecksAsked, Copies, CrashReports, CrashReportsChoice, FailedAt, FindAsked, FixApply, FixAsked,
    FixPlan, FixReceipt, Folder, FoundInDocument, Hits, Id, ImportOrder, ImportPaths, ImportPlan,
    JobCancelled, JobsRetry, Ledger, ModelAgreement, ModelChoice, ModelKey, ModelLimits,
    ModelNames, ModelOf, ModelTested, Models, MovePlan, Name, NameAt, Names, NamesAsked, Near,
    NearAsked, Network, NetworkAt, NoteAdded, OfflineChoice, Original, People, Place, Question,
    Report, ReportAsked, RestorePreview, RestoreTo, Restored, Retried, Search, SettingChange,
    Settings, ShowAt, Shown, SourceRemoval, SourceRename, SourceWatch, Status, Storage, StorageAsk,
    TagCount, Timeline, TimelineAt, TreeAt, TreeView, Unread, UnreadAt, Why, WhyAsked, Work,
    WorkFailed, Written,
};

/// A call without arguments, or an answer that says no more than "done".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, type = "Record<string, never>")]
pub struct Empty {}

/// Declares the requests once: the enum that Rust matches on, and the map that types
/// `call(method, params)` in TypeScript.
macro_rules! calls {
    ($($(#[$doc:meta])* $method:ident / $variant:ident($params:ty) -> $answer:ty;)*) => {
        /// A call, as it crosses a process or a window's border.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "method", content = "params", rename_all = "snake_case")]
        pub enum Request {
            $($(#[$doc])* $variant($params),)*
        }

        /// For each method: its parameters and its answer.
        #[derive(Debug, TS)]
        #[ts(export)]
        pub struct Calls {
            $($(#[$doc])* pub $method: ($params, $answer),)*
        }
    };
}

calls! {
    /// What an import of these files and folders would do. Reads names, sizes and the first bytes.
    import_plan / ImportPlan(ImportPaths) -> ImportPlan;
    /// Imports these files and folders. Answers when the work is safely queued.
    import_start / ImportStart(ImportOrder) -> Batch;
    /// Stops looking up what an import would do; that call fails as cancelled.
    import_plan_cancel / ImportPlanCancel(Empty) -> Empty;
    /// As `import_start`, for the folder of the sample memories: into a source that can be removed again.
    samples_start / SamplesStart(ImportPaths) -> Batch;
    /// Keeps a text. Answers when it is committed and searchable.
    note_add / NoteAdd(AddNote) -> NoteAdded;
    /// Passages that are found by their words and by what they mean.
    search / Search(Search) -> Hits;
    /// Passages that answer a question, with their neighbours and their place in the tree.
    recall / Recall(Question) -> Answer;
    /// What answers a question, as much as there is room for; where several passages don't fit together, what sums them up.
    brief / Brief(BriefAsked) -> Brief;
    /// Has the model that is chosen write an answer from the passages that are found. It may take minutes.
    answer_write / AnswerWrite(Question) -> Written;
    /// Whatever this asker waits for is called off, if its turn is an earlier one.
    answer_cancel / AnswerCancel(Asker) -> Empty;
    /// Why a passage answers a question: what of it the passage holds, and what that counted for.
    why / Why(WhyAsked) -> Why;
    /// One memory: a summary, or a document with a page of its passages.
    show / Show(ShowAt) -> Shown;
    /// What stands near a document: in time, as a version of it, at other places.
    near / Near(NearAsked) -> Near;
    /// Where letters stand in a document, across all its passages.
    find_in_document / FindInDocument(FindAsked) -> FoundInDocument;
    /// A passage in the file it was read from, as the file is now.
    original / Original(Id) -> Original;
    /// The rows under one row of the tree, or its roots.
    tree / Tree(TreeAt) -> TreeView;
    /// What each source holds, step by step from found to searchable.
    ledger / Ledger(Empty) -> Ledger;
    /// Has a folder read again whenever something in it changes, or no longer.
    source_watch / SourceWatch(SourceWatch) -> Ledger;
    /// Imports all that a source's folder holds now.
    source_read_again / SourceReadAgain(Id) -> Batch;
    /// Gives a source another name.
    source_rename / SourceRename(SourceRename) -> Ledger;
    /// What of a source was not read, and why.
    source_unread / SourceUnread(UnreadAt) -> Unread;
    /// What removing a source would take away. Only the sample memories can be removed.
    source_removal / SourceRemoval(Id) -> SourceRemoval;
    /// Removes a source of sample memories with all that came from it.
    source_remove / SourceRemove(Id) -> SourceRemoval;
    /// Those who speak in conversations.
    people / People(Empty) -> People;
    /// Whom and what passages name, of one kind.
    names / Names(NamesAsked) -> Names;
    /// Somebody or something that is named, with a page of the passages that do.
    name / Name(NameAt) -> Name;
    /// The tags that documents have.
    tags / Tags(Empty) -> Vec<TagCount>;
    /// The newest imports, newest first.
    batches / Batches(Empty) -> Vec<Batch>;
    /// One import with what became of each item.
    batch_report / BatchReport(Id) -> BatchReport;
    /// Stops an import: what is committed stays, what waits is cancelled.
    batch_cancel / BatchCancel(Id) -> Batch;
    /// Queues the failed and cancelled items of an import once more.
    batch_retry / BatchRetry(Id) -> Batch;
    batch_resume / BatchResume(Id) -> Batch;
    /// Everything that the memory is doing, and what failed.
    activity / Activity(Empty) -> Activity;
    /// What failed, newest first.
    jobs_failed / JobsFailed(FailedAt) -> Vec<WorkFailed>;
    /// Queues what failed once more.
    jobs_retry / JobsRetry(JobsRetry) -> Retried;
    /// Leaves one item out of its import, waiting or under way: nothing of it is kept.
    job_cancel / JobCancel(Id) -> JobCancelled;
    /// Lets no work begin until it is resumed, over restarts too. What is under way comes to its end.
    work_pause / WorkPause(Empty) -> Work;
    /// Lets the work go on.
    work_resume / WorkResume(Empty) -> Work;
    /// The health of everything.
    status / Status(Empty) -> Status;
    /// The health of everything, looked at anew where looking is cheap.
    doctor / Doctor(Empty) -> Status;
    /// Runs checks now, those that take long among them. Answers when they have ended; each is told of as it ends.
    checks_run / ChecksRun(ChecksAsked) -> Status;
    /// Stops the checks that are under way.
    checks_cancel / ChecksCancel(Empty) -> Empty;
    /// What a fix would do. Changes nothing.
    fix_plan / FixPlan(FixAsked) -> FixPlan;
    /// Carries out a plan, and looks again at what it mends. Its progress is told meanwhile.
    fix_apply / FixApply(FixApply) -> FixReceipt;
    /// Stops the fix that is under way; it leaves everything as it was.
    fix_cancel / FixCancel(Empty) -> Empty;
    /// Takes back what a fix has done.
    fix_undo / FixUndo(Id) -> FixReceipt;
    /// What was fixed, newest first.
    receipts / Receipts(Empty) -> Vec<FixReceipt>;
    /// What has happened to this memory's health, newest first. Answered whatever state the store is in.
    timeline / Timeline(TimelineAt) -> Timeline;
    /// The health of everything, to hand on.
    report / Report(ReportAsked) -> Report;
    /// Tries to open the store now instead of at its next turn.
    store_try_now / StoreTryNow(Empty) -> Status;
    /// The backups there are, and what is kept aside.
    copies / Copies(Empty) -> Copies;
    /// Makes a backup. Answers when it is whole and has been read through; its progress is told meanwhile.
    backup_make / BackupMake(BackupMake) -> Backup;
    /// Stops the backup, the check or the export that is under way; it leaves nothing.
    copy_cancel / CopyCancel(Empty) -> Empty;
    /// Reads all of a backup and proves it sound.
    backup_verify / BackupVerify(Id) -> Backup;
    /// What restoring a copy would bring and set aside.
    restore_preview / RestorePreview(Id) -> RestorePreview;
    /// Writes a copy to another place.
    restore_to / RestoreTo(RestoreTo) -> Empty;
    /// Puts a copy in the memory's place. What is there is set aside.
    restore / Restore(Id) -> Restored;
    /// Removes what is kept aside, for good.
    kept_aside_discard / KeptAsideDiscard(Id) -> Copies;
    /// Goes on without what lies behind a damage in the log. The damaged files are kept aside.
    damage_accept / DamageAccept(Empty) -> Status;
    /// What is set, and what is used.
    settings_get / SettingsGet(Empty) -> Settings;
    /// Changes one setting, at once and for good.
    settings_set / SettingsSet(SettingChange) -> Settings;
    /// Where the memory lives, and what copies a move has left. Answered also while it can't be opened.
    place / Place(Empty) -> Place;
    /// What moving the memory to a folder would copy, and why it can't be done, if so. Changes nothing.
    move_plan / MovePlan(Folder) -> MovePlan;
    /// Moves the memory: copies it, proves the copy, and uses it from then on. The former place keeps its
    /// files. Its progress is told meanwhile; other calls are refused as busy.
    move_start / MoveStart(Folder) -> Place;
    /// Calls the move off. What was copied is removed, and the memory stays where it is.
    move_cancel / MoveCancel(Empty) -> Empty;
    /// Uses the memory that lies in a folder, from now on. Nothing is copied or removed.
    place_use / PlaceUse(Folder) -> Place;
    /// Removes a copy that a move has left: only the files that were made by us, and only while they are
    /// as they were then.
    copy_left_remove / CopyLeftRemove(Folder) -> Place;
    /// What takes room: by source, and by kind. Counting all of it takes moments, and is kept.
    storage / Storage(StorageAsk) -> Storage;
    /// The crash reports that are held, and whether they may be sent. Answered, as are the next five, also
    /// while the memory can't be opened.
    crash_reports / CrashReports(Empty) -> CrashReports;
    /// Lets reports be sent by themselves, or no longer. Those that are held already go too.
    crash_reports_consent / CrashReportsConsent(CrashReportsChoice) -> CrashReports;
    /// The question was shown to the person, and about the reports that are held. It is not asked again.
    crash_reports_asked / CrashReportsAsked(Empty) -> CrashReports;
    /// Sends one report, whatever the switch is. Answers when it has arrived.
    crash_report_send / CrashReportSend(Id) -> CrashReports;
    /// Deletes one report for good.
    crash_report_delete / CrashReportDelete(Id) -> CrashReports;
    /// Deletes all reports that are held, for good.
    crash_reports_delete_all / CrashReportsDeleteAll(Empty) -> CrashReports;
    /// What was called over the network, and whether anything may be. Answered, as is the next, also while the
    /// memory can't be opened.
    network / Network(NetworkAt) -> Network;
    /// Lets nothing be called from now on, or lets calls go again.
    offline_set / OfflineSet(OfflineChoice) -> Network;
    /// The models of a server that the person has chosen. Answered, as are the next eight, also while the memory
    /// can't be opened.
    models / Models(Empty) -> Models;
    /// Chooses a server and a model of it. An address that is another than before has not been agreed to.
    model_choose / ModelChoose(ModelChoice) -> Models;
    /// Goes back to what is built in. The key is removed, unless its server is chosen for something else.
    model_clear / ModelClear(ModelOf) -> Models;
    /// Lets texts of the person's memories leave for an address on another computer, or no longer.
    model_agree / ModelAgree(ModelAgreement) -> Models;
    /// Keeps a key for the chosen server, or removes it.
    model_key_set / ModelKeySet(ModelKey) -> Models;
    /// Changes how much may leave in a day.
    model_limits_set / ModelLimitsSet(ModelLimits) -> Models;
    /// The models that the chosen server has. Nothing of a memory is sent.
    model_names / ModelNames(ModelOf) -> ModelNames;
    /// Tries the chosen model with a text of ours. Nothing of a memory is sent.
    model_test / ModelTest(ModelOf) -> ModelTested;
    /// Ends the trial, or the listing, that is under way.
    model_trial_cancel / ModelTrialCancel(Empty) -> Empty;
}
