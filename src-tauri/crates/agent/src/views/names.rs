//! Whom and what the memory names, as the wire says it.

use oldgrowth_domain::entities::EntityKind;
use oldgrowth_engine as engine;
use oldgrowth_store::table::entities::Entity;
use oldgrowth_wire as wire;
use wire::NameKind;

use super::{hit, time};

pub(crate) fn names(found: engine::Names) -> wire::Names {
    let left = found.left.unwrap_or_default();
    wire::Names {
        counts: found
            .counts
            .into_iter()
            .map(|(of, count)| wire::NameCount {
                kind: kind(of),
                count,
            })
            .collect(),
        total: found.total,
        names: found.names.into_iter().map(row).collect(),
        left: wire::NamesLeft {
            passages: left.passages,
            failed: left.failed,
        },
    }
}

pub(crate) fn name(found: engine::Name) -> wire::Name {
    wire::Name {
        name: row(found.entity),
        written_as: found.written_as,
        sources: found
            .sources
            .into_iter()
            .map(|(source, documents)| wire::NameSource {
                id: source.id.to_string(),
                name: source.name,
                documents,
            })
            .collect(),
        beside: found
            .beside
            .into_iter()
            .map(|(entity, passages)| wire::NameBeside {
                name: row(entity),
                passages,
            })
            .collect(),
        passages: found.passages.into_iter().map(hit).collect(),
        passages_total: found.passages_total,
        topic: found.topic,
    }
}

pub(super) fn row(entity: Entity) -> wire::NameRow {
    wire::NameRow {
        id: entity.id.to_string(),
        kind: kind(entity.kind),
        name: entity.name,
        mentions: entity.mentions,
        documents: entity.documents,
        first_at: time(entity.first_at),
        last_at: time(entity.last_at),
    }
}

fn kind(kind: EntityKind) -> NameKind {
    match kind {
        EntityKind::Person => NameKind::Person,
        EntityKind::Organisation => NameKind::Organisation,
        EntityKind::Place => NameKind::Place,
        EntityKind::Email => NameKind::Email,
        EntityKind::Link => NameKind::Link,
        EntityKind::Handle => NameKind::Handle,
        EntityKind::Tag => NameKind::Tag,
        EntityKind::Date => NameKind::Date,
        EntityKind::Money => NameKind::Money,
    }
}

pub(crate) fn entity_kind(kind: NameKind) -> EntityKind {
    match kind {
        NameKind::Person => EntityKind::Person,
        NameKind::Organisation => EntityKind::Organisation,
        NameKind::Place => EntityKind::Place,
        NameKind::Email => EntityKind::Email,
        NameKind::Link => EntityKind::Link,
        NameKind::Handle => EntityKind::Handle,
        NameKind::Tag => EntityKind::Tag,
        NameKind::Date => EntityKind::Date,
        NameKind::Money => EntityKind::Money,
    }
}
