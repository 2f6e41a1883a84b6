//! What texts name.

/// What kind of thing is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    Person,
    Organisation,
    Place,
    Email,
    Link,
    /// `@name`, as people are addressed on the services that have such names.
    Handle,
    /// `#name`, as its writer files a text.
    Tag,
    Date,
    Money,
}

impl EntityKind {
    pub const ALL: [Self; 9] = [
        Self::Person,
        Self::Organisation,
        Self::Place,
        Self::Email,
        Self::Link,
        Self::Handle,
        Self::Tag,
        Self::Date,
        Self::Money,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
            Self::Place => "place",
            Self::Email => "email",
            Self::Link => "link",
            Self::Handle => "handle",
            Self::Tag => "tag",
            Self::Date => "date",
            Self::Money => "money",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
