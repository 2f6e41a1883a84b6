//! Where documents come from.

use std::collections::BTreeSet;

use oldgrowth_domain::canonical::Format;
use oldgrowth_domain::tags::Tag;
use oldgrowth_domain::{SourceId, UnixMs};
use rusqlite::{Row, named_params};

use super::{parsed, time};
use crate::{BatchKey, Read, Result, SourceKey, Write};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    Folder,
    /// What the person wrote here.
    Notes,
    /// The conversations with one service, from whichever exports.
    Chats,
    /// The sample memories that come with the app.
    Samples,
}

impl SourceKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Notes => "notes",
            Self::Chats => "chats",
            Self::Samples => "samples",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Folder, Self::Notes, Self::Chats, Self::Samples]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub key: SourceKey,
    pub id: SourceId,
    pub kind: SourceKind,
    /// The canonical path of a folder, or of the samples.
    pub root: Option<String>,
    /// The service whose conversations these are.
    pub service: Option<Format>,
    pub name: String,
    pub last_import_at: Option<UnixMs>,
    /// Since when the folder is read again whenever something in it changes.
    pub watched_since: Option<UnixMs>,
    /// What comes to it has these.
    pub tags: Vec<Tag>,
}

/// What makes a source the one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'o> {
    Folder(&'o str),
    Notes,
    Chats(Format),
    Samples(&'o str),
}

impl Origin<'_> {
    fn kind(self) -> SourceKind {
        match self {
            Self::Folder(_) => SourceKind::Folder,
            Self::Notes => SourceKind::Notes,
            Self::Chats(_) => SourceKind::Chats,
            Self::Samples(_) => SourceKind::Samples,
        }
    }

    fn root(&self) -> Option<&str> {
        match self {
            Self::Folder(root) | Self::Samples(root) => Some(root),
            Self::Notes | Self::Chats(_) => None,
        }
    }

    fn service(self) -> Option<&'static str> {
        match self {
            Self::Chats(service) => Some(service.as_str()),
            Self::Folder(_) | Self::Notes | Self::Samples(_) => None,
        }
    }
}

/// How far the items of a source have come, counted from the rows themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Places at which a kept document was found.
    pub placed: u32,
    /// Items that were passed over or failed when they were last tried; of conversations those alone,
    /// not what lay beside them.
    pub not_read: u32,
    pub documents: u32,
    /// Documents of which passages are missing: all of them, or some before the last that is there.
    pub with_gaps: u32,
    pub chunks: u32,
    /// Passages with a row in the word index.
    pub indexed: u32,
    /// Passages in a buffer or under a node.
    pub in_tree: u32,
    pub nodes: u32,
}

impl Coverage {
    pub fn add(&mut self, part: Self) {
        self.placed += part.placed;
        self.not_read += part.not_read;
        self.documents += part.documents;
        self.with_gaps += part.with_gaps;
        self.chunks += part.chunks;
        self.indexed += part.indexed;
        self.in_tree += part.in_tree;
        self.nodes += part.nodes;
    }
}

impl Read<'_> {
    pub fn sources(&self) -> Result<Vec<Source>> {
        const SQL: &str = "SELECT id, public_id, kind, root, name, last_import_at, service, watched_since, tags FROM sources WHERE id >= 0 ORDER BY name, id";
        self.rows(SQL, [], source)
    }

    pub fn source_count(&self) -> Result<u32> {
        const SQL: &str =
            "SELECT count(*) - (SELECT count(*) FROM sources WHERE id < 0) FROM sources";
        self.one(SQL, [], |row| row.get(0))
    }

    /// Some of the sources, in the order of [`Read::sources`].
    pub fn source_page(&self, offset: u32, limit: u32) -> Result<Vec<Source>> {
        const SQL: &str = "
            SELECT id, public_id, kind, root, name, last_import_at, service, watched_since, tags FROM sources
            WHERE id >= 0 ORDER BY name, id LIMIT :limit OFFSET :offset";
        let params = named_params! { ":limit": limit, ":offset": offset };
        self.rows(SQL, params, source)
    }

    /// How many sources come before this one.
    pub fn source_position(&self, source: &Source) -> Result<u32> {
        const SQL: &str =
            "SELECT count(*) FROM sources WHERE (name, id) < (:name, :id) AND id >= 0";
        let params = named_params! { ":name": source.name, ":id": source.key };
        self.one(SQL, params, |row| row.get(0))
    }

    pub fn source(&self, key: SourceKey) -> Result<Source> {
        const SQL: &str = "SELECT id, public_id, kind, root, name, last_import_at, service, watched_since, tags FROM sources WHERE id = :id";
        self.one(SQL, named_params! { ":id": key }, source)
    }

    pub fn source_by_id(&self, id: &SourceId) -> Result<Option<Source>> {
        const SQL: &str = "SELECT id, public_id, kind, root, name, last_import_at, service, watched_since, tags FROM sources WHERE public_id = :id";
        self.row(SQL, named_params! { ":id": id.as_str() }, source)
    }

    /// The sources of this name; names need not be unique.
    pub fn sources_by_name(&self, name: &str) -> Result<Vec<Source>> {
        const SQL: &str = "SELECT id, public_id, kind, root, name, last_import_at, service, watched_since, tags FROM sources WHERE name = :name COLLATE NOCASE AND id >= 0";
        self.rows(SQL, named_params! { ":name": name }, source)
    }

    /// The source of the conversations with a service.
    pub fn source_of_service(&self, service: Format) -> Result<Option<SourceKey>> {
        const SQL: &str = "SELECT id FROM sources WHERE service = :service";
        self.row(SQL, named_params! { ":service": service.as_str() }, |row| {
            row.get(0)
        })
    }

    /// The key of the newest document; 0 when there is none.
    pub fn last_document(&self) -> Result<i64> {
        const SQL: &str = "SELECT coalesce(max(id), 0) FROM documents";
        self.one(SQL, [], |row| row.get(0))
    }

    /// What the documents of these keys, both included, have come to, by source. All of them at once would
    /// take seconds in a large memory.
    pub fn coverage_of_documents(&self, from: i64, to: i64) -> Result<Vec<(SourceKey, Coverage)>> {
        // Who said it is asked last: all else is in indexes, and no passage itself is read.
        const SQL: &str = "
            SELECT source, count(*), sum(chunks - 1 - last IS NOT 0), sum(chunks), sum(words), sum(tree)
            FROM (SELECT d.source_id AS source, count(c.id) AS chunks, max(c.ordinal) AS last,
                         count(iif(x.id IS NULL AND near.made AND d.format NOT IN ('markdown', 'text', 'html')
                                   AND c.author IS NOT NULL, NULL, w.id)) AS words,
                         count(b.id) + count(n.node_id) AS tree
                  FROM documents d
                  LEFT JOIN chunks c ON c.document_id = d.id
                  CROSS JOIN (SELECT EXISTS (SELECT 1 FROM words_near_docsize WHERE id = -2) AS made) near
                  LEFT JOIN words_docsize w ON w.id = c.id
                  LEFT JOIN words_near_docsize x ON x.id = c.id
                  LEFT JOIN buffer_items b ON b.chunk_id = c.id AND b.branch = 0
                  LEFT JOIN node_children n ON n.chunk_id = c.id AND n.branch = 0
                  WHERE d.id BETWEEN :from AND :to AND d.superseded_at IS NULL
                  GROUP BY d.id)
            GROUP BY source";
        let range = named_params! { ":from": from, ":to": to };
        self.rows(SQL, range, |row| {
            let coverage = Coverage {
                documents: row.get(1)?,
                with_gaps: row.get(2)?,
                chunks: row.get(3)?,
                indexed: row.get(4)?,
                in_tree: row.get(5)?,
                ..Coverage::default()
            };
            Ok((row.get(0)?, coverage))
        })
    }

    /// What of a source's coverage is not counted from its documents: its places, what was not read, and
    /// its summaries.
    pub fn coverage_beside_documents(&self, key: SourceKey) -> Result<Coverage> {
        const SQL: &str = "
            SELECT
                (SELECT count(*) FROM places WHERE source_id = :source),
                (SELECT count(*) FROM jobs j
                  WHERE j.source_id = :source AND (j.outcome = 'skipped' OR j.state = 'failed')
                    AND j.item GLOB coalesce((SELECT service || ':' FROM sources WHERE id = :source), '') || '*'
                    AND NOT EXISTS (SELECT 1 FROM jobs k
                                     WHERE k.source_id = j.source_id AND k.item = j.item AND k.id > j.id)
                    AND NOT EXISTS (SELECT 1 FROM places p WHERE p.source_id = j.source_id AND p.item = j.item)),
                (SELECT count(*) FROM trees t JOIN nodes n ON n.tree_id = t.id WHERE t.source_id = :source)";
        self.one(SQL, named_params! { ":source": key }, |row| {
            Ok(Coverage {
                placed: row.get(0)?,
                not_read: row.get(1)?,
                nodes: row.get(2)?,
                ..Coverage::default()
            })
        })
    }

    /// All that one source has come to.
    pub fn source_coverage(&self, key: SourceKey) -> Result<Coverage> {
        let mut sum = self.coverage_beside_documents(key)?;
        for (source, part) in self.coverage_of_documents(0, self.last_document()?)? {
            if source == key {
                sum.add(part);
            }
        }
        Ok(sum)
    }
}

impl Write<'_> {
    /// The source of this origin; made if it isn't there yet. Of two folders at one place there is one,
    /// be it the samples.
    pub fn ensure_source(&self, origin: Origin<'_>, name: &str, now: UnixMs) -> Result<Source> {
        const FIND: &str = "
            SELECT id, public_id, kind, root, name, last_import_at, service, watched_since, tags FROM sources
            WHERE CASE WHEN :root IS NULL THEN kind = :kind AND service IS :service ELSE root = :root END";
        const INSERT: &str = "
            INSERT INTO sources (public_id, kind, root, service, name, created_at)
            VALUES (:public_id, :kind, :root, :service, :name, :now)";
        let (kind, root, service) = (origin.kind().as_str(), origin.root(), origin.service());
        let known = named_params! { ":kind": kind, ":root": root, ":service": service };
        if let Some(found) = self.row(FIND, known, source)? {
            return Ok(found);
        }
        let mark = root.or(service).unwrap_or_default();
        let id = SourceId::derived(&[kind.as_bytes(), mark.as_bytes()]);
        let key = self.insert(
            INSERT,
            named_params! {
                ":public_id": id.as_str(), ":kind": kind, ":root": root, ":service": service, ":name": name,
                ":now": now.0,
            },
        )?;
        self.source(SourceKey(key))
    }

    /// The name a person gives it; it need not be the only one of that name.
    pub fn rename_source(&self, key: SourceKey, name: &str) -> Result<()> {
        const SQL: &str = "UPDATE sources SET name = :name WHERE id = :id";
        self.execute(SQL, named_params! { ":id": key, ":name": name })?;
        Ok(())
    }

    /// Since when a folder is watched, or that it is not.
    pub fn watch_source(&self, key: SourceKey, since: Option<UnixMs>) -> Result<()> {
        const SQL: &str = "UPDATE sources SET watched_since = :since WHERE id = :id";
        self.execute(
            SQL,
            named_params! { ":id": key, ":since": since.map(|at| at.0) },
        )?;
        Ok(())
    }

    /// The tags that what comes to it has from now on.
    pub fn tag_source(&self, key: SourceKey, tags: &[Tag]) -> Result<()> {
        const SQL: &str = "UPDATE sources SET tags = :tags WHERE id = :id";
        let lines: Vec<&str> = tags.iter().map(Tag::written).collect();
        self.execute(SQL, named_params! { ":id": key, ":tags": lines.join("\n") })?;
        Ok(())
    }

    /// Takes a source away of which nothing is left.
    pub fn delete_source(&self, key: SourceKey) -> Result<()> {
        const SQL: &str = "DELETE FROM sources WHERE id = :id";
        self.execute(SQL, named_params! { ":id": key })?;
        Ok(())
    }

    /// Notes the import that has to do with these sources now.
    pub fn note_batch(&self, batch: BatchKey, sources: &BTreeSet<SourceKey>) -> Result<()> {
        const SQL: &str = "UPDATE sources SET last_batch_id = :batch WHERE id = :id";
        for source in sources {
            self.execute(SQL, named_params! { ":id": source, ":batch": batch })?;
        }
        Ok(())
    }

    pub fn touch_source(&self, key: SourceKey, now: UnixMs) -> Result<()> {
        const SQL: &str = "UPDATE sources SET last_import_at = :now WHERE id = :id";
        self.execute(SQL, named_params! { ":id": key, ":now": now.0 })?;
        Ok(())
    }
}

fn source(row: &Row<'_>) -> rusqlite::Result<Source> {
    let id: String = row.get(1)?;
    let kind: String = row.get(2)?;
    let service: Option<String> = row.get(6)?;
    let tags: String = row.get(8)?;
    Ok(Source {
        key: row.get(0)?,
        id: parsed(SourceId::parse(&id), 1)?,
        kind: parsed(SourceKind::parse(&kind), 2)?,
        root: row.get(3)?,
        name: row.get(4)?,
        last_import_at: time(row.get(5)?),
        service: service
            .map(|name| parsed(Format::parse(&name), 6))
            .transpose()?,
        watched_since: time(row.get(7)?),
        tags: tags.lines().filter_map(Tag::parse).collect(),
    })
}
