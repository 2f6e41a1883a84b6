//! An item's name below its root, as text.

use std::path::{Component, Path};

/// Forward slashes, and the name's own normal form: two files may differ in nothing else. In a name that is not valid Unicode, each stray byte
/// becomes `%XX` and each percent sign `%25`; other names keep their percent signs.
pub(crate) fn relative_name(path: &Path) -> String {
    let mut name = String::new();
    for component in path.components() {
        if let Component::Normal(part) = component {
            if !name.is_empty() {
                name.push('/');
            }
            match part.to_str() {
                Some(part) => name.push_str(part),
                None => push_escaped(&mut name, part.as_encoded_bytes()),
            }
        }
    }
    name
}

fn push_escaped(name: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '%' => name.push_str("%25"),
                c => name.push(c),
            }
        }
        for byte in chunk.invalid() {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
}
