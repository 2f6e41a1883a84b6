use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Your memory, on your own computer.
#[derive(Debug, Parser)]
#[command(name = "oldgrowth", version, about, max_term_width = 100)]
pub(super) struct Args {
    /// The folder that holds the memory [default: OLDGROWTH_WORKSPACE, or this computer's place for it]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) workspace: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Import files and folders: Markdown, plain text, HTML, exports of ChatGPT and Claude
    Import {
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// A tag for all that it brings, and for what comes to the folder later; may be given again
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// When the app is running: wait until the import has ended
        #[arg(long)]
        wait: bool,
    },
    /// Keep a text
    Add {
        #[arg(long)]
        title: Option<String>,
        /// When it happened, as 2024-05-03T10:00:00Z
        #[arg(long, value_name = "RFC3339")]
        happened: Option<String>,
        /// A file, or - for standard input
        #[arg(default_value = "-", value_name = "FILE")]
        file: PathBuf,
    },
    /// Have a folder read again whenever something in it changes; without one, list the sources
    Watch {
        /// A folder that was imported, or the id or name of its source
        #[arg(value_name = "DIR|SOURCE")]
        source: Option<String>,
        /// Watch it no longer
        #[arg(long, requires = "source")]
        off: bool,
    },
    /// The sample memories: whether they are here
    Samples {
        /// Remove them, with all that came from them
        #[arg(long)]
        remove: bool,
    },
    /// Find passages by their words and by what they mean
    Search {
        #[arg(required = true)]
        query: Vec<String>,
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: Option<u32>,
        /// The id or name of a source
        #[arg(long)]
        source: Option<String>,
        /// Who said it, in a conversation: You, ChatGPT
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
        /// The first day, as 2024-05-03
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        /// The last day
        #[arg(long, value_name = "DATE")]
        to: Option<String>,
        /// Only what was read from files, typed in, or said in conversations
        #[arg(long)]
        kind: Option<Kind>,
        /// Only what has this tag
        #[arg(long)]
        tag: Option<String>,
    },
    /// Ask a question; the answer cites its passages
    Recall {
        #[arg(required = true)]
        question: Vec<String>,
        /// How many passages are cited; with --budget, from how many it chooses, 50 when left out
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: Option<u32>,
        /// The id or name of a source
        #[arg(long)]
        source: Option<String>,
        /// Who said it, in a conversation: You, ChatGPT
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
        /// The first day, as 2024-05-03
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        /// The last day
        #[arg(long, value_name = "DATE")]
        to: Option<String>,
        /// Only what was read from files, typed in, or said in conversations
        #[arg(long)]
        kind: Option<Kind>,
        /// Only what has this tag
        #[arg(long)]
        tag: Option<String>,
        /// No more than so many characters of text: what does not fit together is summed up, where a summary does
        #[arg(long, value_name = "CHARACTERS", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
        budget: Option<u32>,
        /// Have the model that is chosen for summaries write an answer from the passages, and show which say so
        #[arg(long, conflicts_with_all = ["budget", "limit"])]
        write: bool,
    },
    /// Show one memory, whole
    Show { id: String },
    /// List those who speak in conversations, or whom and what the memory names
    People {
        /// What is named: a part of it, or the id of one to see its passages
        name: Option<String>,
        /// People when left out
        #[arg(long)]
        kind: Option<NameKind>,
        #[arg(long)]
        limit: Option<u32>,
    },
    /// Walk the tree
    Tree {
        /// A row's id; the roots when left out
        node: Option<String>,
    },
    /// How everything is
    Status,
    /// Look at everything anew, say what to do, and mend it
    #[command(after_help = DOCTOR_CODES)]
    Doctor(Doctor),
    /// What the memory is doing: what runs, what waits and for what, what failed
    Activity,
    /// Let no work begin until it is resumed; searches go on
    Pause,
    /// Let the work go on
    Resume,
    /// Try what failed once more
    Retry {
        /// Only what failed for this reason, by its code, such as not_allowed
        #[arg(long, value_name = "CODE")]
        reason: Option<String>,
    },
    /// Make a whole copy of the memory, also while it is in use
    Backup {
        /// Write it to this file, at which nothing is, instead of the memory's own folder of backups
        #[arg(long, value_name = "PATH")]
        to: Option<PathBuf>,
    },
    /// Put a copy back; without an ID, list the copies there are
    Restore {
        /// A backup, or a set of files that is kept aside
        id: Option<String>,
        /// Only show what restoring it would bring and set aside
        #[arg(long, requires = "id", conflicts_with_all = ["into", "yes"])]
        preview: bool,
        /// Write it to this file, at which nothing is; the memory stays as it is
        #[arg(long, requires = "id", value_name = "PATH", conflicts_with = "yes")]
        into: Option<PathBuf>,
        /// Put it in the memory's place without asking; what is there is kept aside
        #[arg(long, requires = "id")]
        yes: bool,
        /// Remove a set of files that is kept aside, for good
        #[arg(long, requires = "id", conflicts_with_all = ["preview", "into"])]
        discard: bool,
    },
    /// Show and change what can be set
    Settings {
        #[command(subcommand)]
        action: SettingsAction,
    },
    /// Where the memory lives, and what copies moves have left
    Place {
        /// Use the memory that lies in this folder from now on
        #[arg(long = "use", value_name = "DIR", conflicts_with = "remove_copy")]
        use_folder: Option<PathBuf>,
        /// Remove a copy that a move has left: only our own files, only while they are as they were
        #[arg(long, value_name = "DIR")]
        remove_copy: Option<PathBuf>,
        /// Remove it without asking
        #[arg(long, requires = "remove_copy")]
        yes: bool,
    },
    /// Crash reports: those that are held, and whether they may be sent
    Reports {
        #[command(subcommand)]
        action: Option<ReportsAction>,
    },
    /// What was called over the network: when, which computer, why, how much, and what came of it
    Network {
        /// How many of the newest calls are listed
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=2000))]
        limit: u32,
        #[command(subcommand)]
        action: Option<NetworkAction>,
    },
    /// Models of a server that you choose, such as Ollama on this computer; without one, what is built in does the work
    Models {
        #[command(subcommand)]
        action: Option<ModelsAction>,
    },
    /// What takes room, by source and by kind; reads every page
    Storage,
    /// Move the memory to another folder, also while it is in use; what is here stays until removed
    Move {
        /// An empty folder, or one that is not there yet
        #[arg(value_name = "DIR")]
        to: PathBuf,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
    /// Work on this memory without a window until stopped
    Serve,
}

/// What `doctor` ends with.
const DOCTOR_CODES: &str = "\
Exit codes:
  0  everything is well, or what was asked for is done
  1  something needs attention, a fix did not mend all that it is for, or it was called off
  2  it was used wrongly: an unknown code, nobody to say yes
  3  something fails, or the memory can't be used
  4  another program holds the memory";

#[derive(Debug, Default, clap::Args)]
pub(super) struct Doctor {
    /// When the log is damaged: go on without what lies behind the damage; it stays kept aside
    #[arg(long, group = "way")]
    pub(super) accept_damage: bool,
    /// Run these checks now, those that take long among them: all, or codes such as integrity,round_trip
    #[arg(
        long,
        group = "way",
        value_name = "all|CODE,...",
        value_delimiter = ','
    )]
    pub(super) run: Vec<String>,
    /// A report to hand on to somebody who helps; it names no file, folder or person
    #[arg(long, group = "way")]
    pub(super) report: bool,
    /// What has happened: changes of health, starts, crashes, imports, fixes; the newest first
    #[arg(long, group = "way")]
    pub(super) timeline: bool,
    /// With the names of files and folders in the report
    #[arg(long, requires = "report")]
    pub(super) names: bool,
    /// Show what a fix would do, ask, and do it; its code, such as rebuild_index
    #[arg(long, group = "way", value_name = "CODE")]
    pub(super) fix: Option<String>,
    /// Do it without asking
    #[arg(long, requires = "fix")]
    pub(super) yes: bool,
    /// Take back what a fix has done
    #[arg(long, group = "way", value_name = "RECEIPT")]
    pub(super) undo: Option<String>,
    /// What was fixed
    #[arg(long, group = "way")]
    pub(super) receipts: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum SettingsAction {
    /// What is set, and what is used
    Get {
        /// One setting; all when left out
        name: Option<Setting>,
    },
    /// Change one setting, at once and for good
    Set {
        name: Setting,
        /// A whole number, or default
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ReportsAction {
    /// Show one, exactly as it would be sent
    Show { id: String },
    /// Send one now, whether or not others may be sent
    Send { id: String },
    /// Delete one for good
    Delete {
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Delete all
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Let reports be sent by themselves, or no longer
    Consent { to: OnOff },
}

#[derive(Debug, Subcommand)]
pub(super) enum NetworkAction {
    /// Let nothing be called, by no program of Oldgrowth, or let calls go again
    Offline { to: OnOff },
}

#[derive(Debug, Subcommand)]
pub(super) enum ModelsAction {
    /// Have it done by a model of this server. One for embeddings is used once it has passed its test
    Set {
        /// As localhost:11434 or https://api.example/v1
        address: String,
        /// The model, as `names` lists it
        #[arg(default_value = "")]
        model: String,
        #[command(flatten)]
        of: ModelOf,
    },
    /// Go back to what is built in; the key is removed, unless its server is chosen for something else
    Clear(ModelOf),
    /// List the models of the chosen server
    Names(ModelOf),
    /// Try the chosen model with texts that are nobody's
    Test(ModelOf),
    /// Keep a key for the chosen server, read from standard input; a server has one, whatever it is chosen for
    Key {
        /// Remove it instead
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        of: ModelOf,
    },
    /// Let what it needs leave for the chosen server, if it is on another computer, or no longer
    #[command(after_help = CONSENT_SENDS)]
    Consent {
        to: OnOff,
        #[command(flatten)]
        of: ModelOf,
    },
    /// How much may leave this computer in a day, for all models together
    Limit {
        /// At most so many calls
        #[arg(long, required_unless_present = "megabytes")]
        calls: Option<u32>,
        /// At most so many megabytes of texts
        #[arg(long, value_name = "MB")]
        megabytes: Option<u32>,
    },
}

/// What a yes lets leave.
const CONSENT_SENDS: &str = "\
What is sent then:
  summaries   the passages that a summary is about
  embeddings  all passages, with who said them and on which day, and each question
  reranking   each question, with the first 50 passages that were found";

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct ModelOf {
    /// What the model is for
    #[arg(long = "for", value_enum, default_value_t = ModelFor::Summaries)]
    pub(super) what: ModelFor,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum ModelFor {
    /// It chooses the sentences of which summaries are made
    Summaries,
    /// It compares what passages and questions mean
    Embeddings,
    /// It reads what was found together with the question, and puts it in order
    Reranking,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum OnOff {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Setting {
    /// How many long reads, such as backups, may be under way at once; 0 lets none begin
    #[value(name = "long_reads_max")]
    LongReadsMax,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Kind {
    Document,
    Note,
    Conversation,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum NameKind {
    Person,
    Organisation,
    Place,
    Email,
    Link,
    Handle,
    Tag,
    Date,
    Money,
}

impl From<NameKind> for oldgrowth_wire::NameKind {
    fn from(kind: NameKind) -> Self {
        match kind {
            NameKind::Person => Self::Person,
            NameKind::Organisation => Self::Organisation,
            NameKind::Place => Self::Place,
            NameKind::Email => Self::Email,
            NameKind::Link => Self::Link,
            NameKind::Handle => Self::Handle,
            NameKind::Tag => Self::Tag,
            NameKind::Date => Self::Date,
            NameKind::Money => Self::Money,
        }
    }
}

impl From<Kind> for oldgrowth_wire::MemoryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Document => Self::Document,
            Kind::Note => Self::Note,
            Kind::Conversation => Self::Conversation,
        }
    }
}
