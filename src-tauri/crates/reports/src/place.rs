//! Places in code, without what the machine that built it was called.

/// The path of a source file from its crate on: `engine/src/jobs/mod.rs`, `rusqlite-0.41.1/src/lib.rs`,
/// `library/core/src/option.rs`. `None` for a file of none of these.
pub(crate) fn crate_relative(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let of_ours = || {
        let at = path.rfind("src-tauri/")?;
        let rest = path.get(at..)?;
        Some(rest.strip_prefix("src-tauri/crates/").unwrap_or(rest))
    };
    let of_registry = || {
        let (_, rest) = path.rsplit_once("/registry/src/")?;
        rest.split_once('/').map(|(_, rest)| rest)
    };
    let of_rust = || {
        let at = path.find("/library/").filter(|at| {
            path.starts_with("/rustc/") || path.get(..*at).is_some_and(|s| s.ends_with("/rust"))
        })?;
        path.get(at + 1..)
    };
    of_ours()
        .or_else(of_registry)
        .or_else(of_rust)
        .map(str::to_owned)
}

/// A function's name without the hashes that the compiler adds.
pub(crate) fn symbol(name: &str) -> String {
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let name = match name.rsplit_once("::h") {
        Some((before, hash)) if hash.len() == 16 && hex(hash) => before,
        _ => name,
    };
    let mut parts = name.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((inside, rest)) if hex(inside) => plain.push_str(rest),
            _ => {
                plain.push('[');
                plain.push_str(part);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_at_its_crate() {
        for (path, told) in [
            (
                "/home/anna/code/oldgrowth/src-tauri/crates/engine/src/jobs/mod.rs",
                Some("engine/src/jobs/mod.rs"),
            ),
            (
                "src-tauri/crates/keeper/src/hub.rs",
                Some("keeper/src/hub.rs"),
            ),
            (
                "C:\\Users\\Anna\\src-tauri\\src\\lib.rs",
                Some("src-tauri/src/lib.rs"),
            ),
            (
                "/home/anna/.cargo/registry/src/index.example-1949cf8c/html5ever-0.39.0/src/lib.rs",
                Some("html5ever-0.39.0/src/lib.rs"),
            ),
            (
                "/rustc/0123abcd/library/core/src/option.rs",
                Some("library/core/src/option.rs"),
            ),
            (
                "/home/anna/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/rt.rs",
                Some("library/std/src/rt.rs"),
            ),
            ("/home/anna/notes/library/secret.rs", None),
            ("/home/anna/secret.rs", None),
        ] {
            assert_eq!(crate_relative(path).as_deref(), told, "{path}");
        }
    }

    #[test]
    fn a_symbol_loses_its_hashes_alone() {
        assert_eq!(symbol("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(symbol("a::b::hello"), "a::b::hello");
        assert_eq!(symbol("a[0123456789abcdef]::b::<[u8]>"), "a::b::<[u8]>");
    }
}
