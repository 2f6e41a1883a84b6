//! The tree as a person walks it: days, topics, sources, summaries, and what waits to be summarised.

use oldgrowth_domain::calendar::Rank;
use oldgrowth_domain::{ChunkId, EntityId, NodeId, SourceId, UnixMs, text};
use oldgrowth_store::table::buffer_items::Member;
use oldgrowth_store::table::chunks::Chunk;
use oldgrowth_store::table::nodes::Node;
use oldgrowth_store::table::sources::Source;
use oldgrowth_store::table::topics::Topic;
use oldgrowth_store::{DocumentKey, Lane, NodeKey, Read, TreeKey};

use crate::ingest::plan::count;
use crate::{Engine, Error, Result};

/// The most rows one look brings.
const ROWS_MAX: u32 = 500;

/// The longest title made from a text's own words, and the longest preview, in characters.
const TITLE_CHARS_MAX: usize = 90;
const PREVIEW_CHARS_MAX: usize = 200;

/// What comes before the id of a source or a topic in the id of its row of waiting passages.
const WAITING: &str = "waiting.";

/// What comes before the id of a name in the id of its row as a topic.
const TOPIC: &str = "topic.";

/// The ids of the rows above all years, and all topics.
pub(crate) const DAYS: &str = "days";
const TOPICS: &str = "topics";

/// A place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    Roots,
    /// The years, which lead to their days.
    Days,
    Topics,
    Source(SourceId),
    Topic(EntityId),
    /// The passages of a source, or a topic, that wait for a summary.
    Waiting(SourceId),
    WaitingTopic(EntityId),
    /// Those whose day is not over, or not summed up yet.
    WaitingDays,
    Node(NodeId),
    /// A passage. Nothing is under it; the way down to it is what is asked.
    Chunk(ChunkId),
}

impl At {
    /// `None` when the text is no row's id.
    pub fn parse(id: &str) -> Option<Self> {
        if id == DAYS {
            return Some(Self::Days);
        }
        if id == TOPICS {
            return Some(Self::Topics);
        }
        if let Some(rest) = id.strip_prefix(WAITING) {
            if rest == DAYS {
                return Some(Self::WaitingDays);
            }
            return match rest.strip_prefix(TOPIC) {
                Some(topic) => EntityId::parse(topic).map(Self::WaitingTopic),
                None => SourceId::parse(rest).map(Self::Waiting),
            };
        }
        if let Some(rest) = id.strip_prefix(TOPIC) {
            return EntityId::parse(rest).map(Self::Topic);
        }
        SourceId::parse(id)
            .map(Self::Source)
            .or_else(|| NodeId::parse(id).map(Self::Node))
            .or_else(|| ChunkId::parse(id).map(Self::Chunk))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    Branch,
    Source,
    Topic,
    Summary,
    Waiting,
    Chunk,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub kind: RowKind,
    pub title: String,
    pub preview: String,
    pub children: u32,
    pub passages: u32,
    pub first_happened_at: Option<UnixMs>,
    pub last_happened_at: Option<UnixMs>,
    pub degraded: bool,
}

/// A step on the way down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub id: String,
    pub title: String,
}

/// Where a row stands among its siblings, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub id: String,
    pub position: u32,
}

#[derive(Clone, Debug, Default)]
pub struct View {
    pub path: Vec<Step>,
    /// The rows from the root down to the one that was asked about, itself included.
    pub trail: Vec<Position>,
    pub rows: Vec<Row>,
    pub total: u32,
}

impl Engine {
    pub fn tree(&self, at: &At, offset: u32, limit: u32) -> Result<View> {
        let limit = limit.clamp(1, ROWS_MAX);
        self.core().store.read(Lane::Interactive, |r| match at {
            At::Roots => roots(r, offset, limit),
            At::Days => under_days(r, offset, limit),
            At::Topics => under_topics(r, offset, limit),
            At::Source(id) => under_holder(r, &source(r, id)?, offset, limit),
            At::Topic(id) => under_holder(r, &topic(r, id)?, offset, limit),
            At::Waiting(id) => waiting(r, &source(r, id)?, offset, limit),
            At::WaitingTopic(id) => waiting(r, &topic(r, id)?, offset, limit),
            At::WaitingDays => waiting_days(r, offset, limit),
            At::Node(id) => {
                under_node(r, &r.node_by_id(id)?.ok_or(Error::NotFound)?, offset, limit)
            }
            At::Chunk(id) => way_to_chunk(r, &r.chunk_by_id(id)?.ok_or(Error::NotFound)?),
        })
    }
}

/// The steps from the source down to what holds this member, itself left out.
pub(crate) fn path_to(r: &Read<'_>, member: Member, document: DocumentKey) -> Result<Vec<Step>> {
    let source = r.source(r.document(document)?.source)?;
    let mut path = vec![Holder::Source(source).step()];
    path.extend(ancestors(r, member)?);
    Ok(path)
}

pub(crate) fn path_to_node(r: &Read<'_>, node: &Node) -> Result<Vec<Step>> {
    let mut path = match Holder::of_tree(r, node.tree)? {
        Some(holder) => holder.path(),
        None => vec![days_step()],
    };
    path.extend(ancestors(r, Member::Node(node.key))?);
    Ok(path)
}

fn ancestors(r: &Read<'_>, member: Member) -> Result<Vec<Step>> {
    let mut nodes = Vec::new();
    let mut at = member;
    while let Some(parent) = r.parent_of(at)? {
        nodes.extend(r.node(parent)?);
        at = Member::Node(parent);
    }
    let mut steps: Vec<Step> = Vec::new();
    for node in nodes.iter().rev() {
        let title = title_of(r, node, &steps)?;
        steps.push(Step {
            id: node.id.to_string(),
            title,
        });
    }
    Ok(steps)
}

/// What a summary is called: the stretch of days that it is of, or its first sentence that isn't a title further up
/// already. A summary of summaries often begins with the same words.
pub(crate) fn title_of(r: &Read<'_>, node: &Node, above: &[Step]) -> Result<String> {
    Ok(match r.period_of_root(node.key)? {
        Some(of) => of.period.title(),
        None => sentence_of(node, above),
    })
}

fn sentence_of(node: &Node, above: &[Step]) -> String {
    let titles = text::sentences(&node.text)
        .into_iter()
        .filter_map(|range| Some(clip(node.text.get(range)?, TITLE_CHARS_MAX)));
    let is_new = |title: &String| above.iter().all(|step| step.title != *title);
    titles
        .clone()
        .find(is_new)
        .or_else(|| titles.clone().next())
        .unwrap_or_default()
}

/// What has a tree whose summaries are gathered as they come: a source, or a topic.
pub(crate) enum Holder {
    Source(Source),
    Topic(Topic),
}

impl Holder {
    /// None where it is a stretch of days.
    pub(crate) fn of_tree(r: &Read<'_>, tree: TreeKey) -> Result<Option<Self>> {
        if let Some(source) = r.source_of_tree(tree)? {
            return Ok(Some(Self::Source(r.source(source)?)));
        }
        Ok(r.topic_of_tree(tree)?.map(Self::Topic))
    }

    pub(crate) fn id(&self) -> String {
        match self {
            Self::Source(source) => source.id.to_string(),
            Self::Topic(topic) => topic_row_id(&topic.id),
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Source(source) => &source.name,
            Self::Topic(topic) => &topic.name,
        }
    }

    fn tree(&self, r: &Read<'_>) -> Result<Option<TreeKey>> {
        match self {
            Self::Source(source) => Ok(r.tree_of_source(source.key)?),
            Self::Topic(topic) => Ok(Some(topic.tree)),
        }
    }

    fn step(&self) -> Step {
        Step {
            id: self.id(),
            title: self.name().to_owned(),
        }
    }

    fn path(&self) -> Vec<Step> {
        match self {
            Self::Source(_) => vec![self.step()],
            Self::Topic(_) => vec![topics_step(), self.step()],
        }
    }

    fn trail(&self, r: &Read<'_>) -> Result<Vec<Position>> {
        let own = |position| Position {
            id: self.id(),
            position,
        };
        Ok(match self {
            Self::Source(source) => {
                vec![own(rows_before_sources(r)? + r.source_position(source)?)]
            }
            Self::Topic(topic) => {
                let topics = Position {
                    id: TOPICS.to_owned(),
                    position: days_before(r)?,
                };
                vec![topics, own(r.topic_position(topic)?)]
            }
        })
    }

    fn waiting_id(&self) -> String {
        format!("{WAITING}{}", self.id())
    }
}

pub(crate) fn topic_row_id(id: &EntityId) -> String {
    format!("{TOPIC}{id}")
}

fn source(r: &Read<'_>, id: &SourceId) -> Result<Holder> {
    let source = r.source_by_id(id)?.ok_or(Error::NotFound)?;
    Ok(Holder::Source(source))
}

fn topic(r: &Read<'_>, id: &EntityId) -> Result<Holder> {
    Ok(Holder::Topic(r.topic(id)?.ok_or(Error::NotFound)?))
}

fn days_step() -> Step {
    Step {
        id: DAYS.to_owned(),
        title: "Days".to_owned(),
    }
}

fn topics_step() -> Step {
    Step {
        id: TOPICS.to_owned(),
        title: "Topics".to_owned(),
    }
}

/// The days come first, once there are some.
fn days_before(r: &Read<'_>) -> Result<u32> {
    Ok(u32::from(r.has_periods()?))
}

/// And the topics next.
fn rows_before_sources(r: &Read<'_>) -> Result<u32> {
    Ok(days_before(r)? + u32::from(r.topic_count()? > 0))
}

fn roots(r: &Read<'_>, offset: u32, limit: u32) -> Result<View> {
    let mut branches = Vec::new();
    if r.has_periods()? {
        branches.push(days_row(r)?);
    }
    if r.topic_count()? > 0 {
        branches.push(topics_row(r)?);
    }
    let before = count(branches.len());
    let (from, most) = (offset as usize, limit as usize);
    let mut rows: Vec<Row> = branches.into_iter().skip(from).take(most).collect();
    let left = limit - count(rows.len());
    for source in r.source_page(offset.saturating_sub(before), left)? {
        rows.push(holder_row(r, &Holder::Source(source))?);
    }
    Ok(View {
        rows,
        total: before + r.source_count()?,
        ..View::default()
    })
}

fn days_row(r: &Read<'_>) -> Result<Row> {
    let (sums, waiting) = (r.year_sums()?, r.waiting_of_days_count()?);
    Ok(Row {
        children: r.year_count()? + u32::from(waiting > 0),
        passages: sums.passages + waiting,
        first_happened_at: sums.first_happened_at,
        last_happened_at: sums.last_happened_at,
        ..branch_row(days_step())
    })
}

fn topics_row(r: &Read<'_>) -> Result<Row> {
    Ok(Row {
        children: r.topic_count()?,
        passages: r.topic_passages()?,
        ..branch_row(topics_step())
    })
}

fn branch_row(step: Step) -> Row {
    Row {
        id: step.id,
        kind: RowKind::Branch,
        title: step.title,
        preview: String::new(),
        children: 0,
        passages: 0,
        first_happened_at: None,
        last_happened_at: None,
        degraded: false,
    }
}

/// Its dates are those of what is summarised: what still waits would all have to be read for its own.
fn holder_row(r: &Read<'_>, holder: &Holder) -> Result<Row> {
    let (kind, preview) = match holder {
        Holder::Source(source) => (RowKind::Source, source.root.clone().unwrap_or_default()),
        Holder::Topic(topic) if topic.hot => (RowKind::Topic, String::new()),
        Holder::Topic(_) => (RowKind::Topic, "Not named much lately".to_owned()),
    };
    let mut row = Row {
        kind,
        preview,
        ..branch_row(holder.step())
    };
    if let Some(tree) = holder.tree(r)? {
        let waiting = r.waiting_chunk_count(tree)?;
        let sums = r.top_node_sums(tree)?;
        row.children = r.top_node_count(tree)? + u32::from(waiting > 0);
        row.passages = waiting + sums.passages;
        row.first_happened_at = sums.first_happened_at;
        row.last_happened_at = sums.last_happened_at;
    }
    Ok(row)
}

fn under_days(r: &Read<'_>, offset: u32, limit: u32) -> Result<View> {
    let waiting = r.waiting_of_days_count()?;
    let before = u32::from(waiting > 0);
    let mut rows = Vec::new();
    if waiting > 0 && offset == 0 {
        rows.push(waiting_row(waiting_days_id(), waiting));
    }
    let left = limit - count(rows.len());
    for year in r.years(offset.saturating_sub(before), left)? {
        rows.extend(r.node(year)?.map(|node| node_row(r, node)).transpose()?);
    }
    Ok(View {
        path: vec![days_step()],
        trail: vec![days_position()],
        rows,
        total: before + r.year_count()?,
    })
}

fn waiting_days_id() -> String {
    format!("{WAITING}{DAYS}")
}

fn waiting_days(r: &Read<'_>, offset: u32, limit: u32) -> Result<View> {
    let mut rows = Vec::new();
    for chunk in r.waiting_of_days(offset, limit)? {
        rows.push(chunk_row(r, r.chunk(chunk)?)?);
    }
    let own = Position {
        id: waiting_days_id(),
        position: 0,
    };
    Ok(View {
        path: vec![days_step()],
        trail: vec![days_position(), own],
        rows,
        total: r.waiting_of_days_count()?,
    })
}

fn under_topics(r: &Read<'_>, offset: u32, limit: u32) -> Result<View> {
    let mut rows = Vec::new();
    for topic in r.topics(offset, limit)? {
        rows.push(holder_row(r, &Holder::Topic(topic))?);
    }
    let position = Position {
        id: TOPICS.to_owned(),
        position: days_before(r)?,
    };
    Ok(View {
        path: vec![topics_step()],
        trail: vec![position],
        rows,
        total: r.topic_count()?,
    })
}

fn under_holder(r: &Read<'_>, holder: &Holder, offset: u32, limit: u32) -> Result<View> {
    let mut view = View {
        path: holder.path(),
        trail: holder.trail(r)?,
        ..View::default()
    };
    let Some(tree) = holder.tree(r)? else {
        return Ok(view);
    };
    let waiting = r.waiting_chunk_count(tree)?;
    let before = u32::from(waiting > 0);
    if waiting > 0 && offset == 0 {
        view.rows.push(waiting_row(holder.waiting_id(), waiting));
    }
    let taken = count(view.rows.len());
    for top in r.top_nodes(tree, offset.saturating_sub(before), limit - taken)? {
        let node = r.node(top)?;
        view.rows
            .extend(node.map(|node| node_row(r, node)).transpose()?);
    }
    view.total = before + r.top_node_count(tree)?;
    Ok(view)
}

fn waiting_row(id: String, waiting: u32) -> Row {
    let title = String::new();
    Row {
        kind: RowKind::Waiting,
        children: waiting,
        passages: waiting,
        ..branch_row(Step { id, title })
    }
}

fn waiting(r: &Read<'_>, holder: &Holder, offset: u32, limit: u32) -> Result<View> {
    let mut view = View {
        path: holder.path(),
        trail: waiting_trail(r, holder)?,
        ..View::default()
    };
    if let Some(tree) = holder.tree(r)? {
        view.total = r.waiting_chunk_count(tree)?;
        let chunks = r.waiting_chunks(tree, offset, limit)?;
        view.rows = chunks
            .into_iter()
            .map(|chunk| chunk_row(r, chunk))
            .collect::<Result<_>>()?;
    }
    Ok(view)
}

fn under_node(r: &Read<'_>, node: &Node, offset: u32, limit: u32) -> Result<View> {
    let mut path = path_to_node(r, node)?;
    let title = title_of(r, node, &path)?;
    path.push(Step {
        id: node.id.to_string(),
        title,
    });
    let mut rows = Vec::new();
    for member in r.member_page(node.key, offset, limit)? {
        match member {
            Member::Chunk(key) => rows.push(chunk_row(r, r.chunk(key)?)?),
            Member::Node(key) => {
                rows.extend(r.node(key)?.map(|node| node_row(r, node)).transpose()?)
            }
        }
    }
    Ok(View {
        trail: trail_to_node(r, node.key)?,
        total: r.member_count(node.key)?,
        path,
        rows,
    })
}

fn way_to_chunk(r: &Read<'_>, chunk: &Chunk) -> Result<View> {
    let member = Member::Chunk(chunk.key);
    let source = Holder::Source(r.source(r.document(chunk.document)?.source)?);
    let mut trail = match (r.waiting_position(chunk.key)?, r.parent_of(member)?) {
        (Some(position), _) => {
            let mut trail = waiting_trail(r, &source)?;
            trail.push(Position {
                id: chunk.id.to_string(),
                position,
            });
            return Ok(View {
                path: source.path(),
                trail,
                ..View::default()
            });
        }
        (None, Some(parent)) => trail_to_node(r, parent)?,
        // A superseded passage is in no tree.
        (None, None) => return Ok(View::default()),
    };
    trail.push(Position {
        id: chunk.id.to_string(),
        position: r.member_position(member)?,
    });
    Ok(View {
        path: path_to(r, member, chunk.document)?,
        trail,
        ..View::default()
    })
}

fn days_position() -> Position {
    Position {
        id: DAYS.to_owned(),
        position: 0,
    }
}

/// The row of what waits is the first one under what it waits in.
fn waiting_trail(r: &Read<'_>, holder: &Holder) -> Result<Vec<Position>> {
    let mut trail = holder.trail(r)?;
    trail.push(Position {
        id: holder.waiting_id(),
        position: 0,
    });
    Ok(trail)
}

fn trail_to_node(r: &Read<'_>, node: NodeKey) -> Result<Vec<Position>> {
    let mut below = Vec::new();
    let mut at = Some(node);
    let mut trail = vec![days_position()];
    while let Some(key) = at {
        let Some(node) = r.node(key)? else { break };
        at = r.parent_of(Member::Node(key))?;
        let position = if at.is_some() {
            r.member_position(Member::Node(key))?
        } else if let Some(holder) = Holder::of_tree(r, node.tree)? {
            trail = holder.trail(r)?;
            let waits = r.waiting_chunk_count(node.tree)? > 0;
            r.top_node_position(key)? + u32::from(waits)
        } else {
            match r.period_of_root(key)? {
                Some(of) if of.period.rank == Rank::Year => {
                    let waits = r.waiting_of_days_count()? > 0;
                    r.year_position(of.period.first)? + u32::from(waits)
                }
                // What is above is yet to be made.
                _ => return Ok(Vec::new()),
            }
        };
        below.push(Position {
            id: node.id.to_string(),
            position,
        });
    }
    trail.extend(below.into_iter().rev());
    Ok(trail)
}

fn node_row(r: &Read<'_>, node: Node) -> Result<Row> {
    let title = title_of(r, &node, &[])?;
    let below_title = node.text.split_once('\n').map_or("", |(_, rest)| rest);
    let preview = if r.period_of_root(node.key)?.is_some() {
        &node.text
    } else {
        below_title
    };
    Ok(Row {
        children: r.member_count(node.key)?,
        id: node.id.to_string(),
        kind: RowKind::Summary,
        preview: clip(preview, PREVIEW_CHARS_MAX),
        title,
        passages: node.passages,
        first_happened_at: node.first_happened_at,
        last_happened_at: node.last_happened_at,
        degraded: node.degraded,
    })
}

fn chunk_row(r: &Read<'_>, chunk: Chunk) -> Result<Row> {
    let document = r.document(chunk.document)?;
    let heading = chunk.headings.last();
    let title = match heading {
        Some(heading) if *heading != document.title => format!("{} · {heading}", document.title),
        _ => document.title,
    };
    Ok(Row {
        id: ChunkId::to_string(&chunk.id),
        kind: RowKind::Chunk,
        title: clip(&title, TITLE_CHARS_MAX),
        preview: clip(below_heading(&chunk.text, heading), PREVIEW_CHARS_MAX),
        children: 0,
        passages: 1,
        first_happened_at: chunk.happened_at,
        last_happened_at: chunk.happened_at,
        degraded: false,
    })
}

/// The text without the line of its heading, which the title of its row names already.
fn below_heading<'t>(text: &'t str, heading: Option<&String>) -> &'t str {
    let (Some(heading), Some((first, rest))) = (heading, text.trim_start().split_once('\n')) else {
        return text;
    };
    let is_heading = first.trim_start_matches('#').trim() == heading;
    if is_heading { rest } else { text }
}

/// The beginning of a text on one line, with an ellipsis when something was left out.
pub(crate) fn clip(text: &str, chars_max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars_max {
        return line;
    }
    let mut clipped: String = line.chars().take(chars_max.saturating_sub(1)).collect();
    clipped.push('…');
    clipped
}
