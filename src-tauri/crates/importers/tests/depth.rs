#![expect(clippy::string_slice, reason = "the sources are ASCII")]

use std::io::Write;
use std::time::{Duration, Instant};

use oldgrowth_domain::canonical::{Format, Warning};
use oldgrowth_importers::{HTML_DEPTH_MAX, read};

/// Said past the test's own output, which is shown only when it fails.
fn under_wine() -> bool {
    let under = std::env::var_os("OLDGROWTH_UNDER_WINE").is_some();
    if under {
        let said = writeln!(
            std::io::stderr(),
            "left out under Wine: how long deep HTML takes"
        );
        assert!(said.is_ok(), "what is left out is told");
    }
    under
}

#[test]
fn deep_html_takes_little_time_and_keeps_its_words() {
    let levels = 100_000;
    for (name, source) in [
        (
            "nested",
            format!(
                "{}deep{}after",
                "<div>".repeat(levels),
                "</div>".repeat(levels)
            ),
        ),
        (
            "unclosed",
            format!("{}deep<p>after", "<div>".repeat(levels)),
        ),
        (
            "inline",
            format!(
                "{}deep{}<p>after",
                "<span>".repeat(levels),
                "</span>".repeat(levels)
            ),
        ),
        (
            "formatting",
            format!("{}deep<p>after", "<p><b id=a><i>x</p>".repeat(levels)),
        ),
        (
            "distinct formatting",
            (0..levels)
                .map(|i| format!("<p><b id={i}>deep</p>"))
                .collect::<String>()
                + "<p>after",
        ),
        (
            "tables",
            format!("{}deep<p>after", "<table><tr><td>".repeat(levels)),
        ),
        (
            "foster",
            format!("{}deep<p>after", "<table><div>".repeat(levels)),
        ),
        (
            "misnested",
            format!("{}deep<p>after", "<b><div></b>".repeat(levels)),
        ),
        (
            "lists",
            format!("{}deep<p>after", "<ul><li>".repeat(levels)),
        ),
        (
            "foreign",
            format!("{}</svg><p>deep<p>after", "<svg><g>".repeat(levels)),
        ),
    ] {
        let start = now();
        let page = read(Format::Html, "p", source.as_bytes());
        let took = start.elapsed();
        assert!(
            took < Duration::from_secs(10) || under_wine(),
            "{name} took {took:?}"
        );
        if name != "foreign" {
            let page = page.unwrap();
            let text: String = page.blocks.iter().map(|b| b.text.as_str()).collect();
            assert!(
                text.contains("deep") && text.contains("after"),
                "{name} keeps its words"
            );
            let flat = page.warnings.contains(&Warning::FlattenedNesting);
            assert_eq!(
                flat,
                !name.contains("formatting") && name != "foster",
                "{name}: a warning if and only if it was flattened"
            );
        }
    }
}

#[test]
fn many_unclosed_paragraphs_are_not_deep() {
    let source = "<p>x<li>y".repeat(5000);
    let page = read(Format::Html, "p", source.as_bytes()).unwrap();
    assert_eq!(
        (page.blocks.len(), page.warnings.len()),
        (10_000, 0),
        "their ends are implied"
    );
}

#[test]
fn nesting_up_to_the_limit_is_not_flattened() {
    let levels = HTML_DEPTH_MAX as usize - 10;
    let source = format!("{}in{}", "<div>".repeat(levels), "</div>".repeat(levels));
    assert_eq!(
        read(Format::Html, "p", source.as_bytes()).unwrap().warnings,
        [],
        "the limit is for the absurd"
    );
    let source = format!(
        "{}in{}<p>a<div>b</div>c",
        "<div>".repeat(999),
        "</div>".repeat(999)
    );
    let page = read(Format::Html, "p", source.as_bytes()).unwrap();
    let texts: Vec<_> = page.blocks.iter().map(|b| b.text.as_str()).collect();
    assert_eq!(
        texts,
        ["in", "a", "b", "c"],
        "what follows a deep part is read as usual"
    );
}

#[test]
fn deep_markdown_takes_little_time() {
    for source in [
        format!("{}deep", ">".repeat(100_000)),
        format!("{}deep", "- ".repeat(50_000)),
        format!("{}deep\n{}", "> ".repeat(10_000), "lazy\n".repeat(10_000)),
        "[".repeat(100_000) + "deep",
        "*deep _".repeat(50_000),
        "![](".repeat(50_000) + "deep",
    ] {
        let start = now();
        let note = read(Format::Markdown, "n", source.as_bytes()).unwrap();
        let took = start.elapsed();
        assert!(
            took < Duration::from_secs(10),
            "{:?}… took {took:?}",
            &source[..8]
        );
        let text: String = note.blocks.iter().map(|b| b.text.as_str()).collect();
        assert_eq!(
            text.len(),
            source.trim_end().len(),
            "every character is kept"
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "the test measures real time")]
fn now() -> Instant {
    Instant::now()
}
