//! Finding by another's words: packages by their own descriptions, in their read-me files.
//!
//! Each folder holds packages. Of a package that has a read-me the description is asked, which stands in another file
//! (`package.json`, `Cargo.toml`) that is not imported. What answers is any passage of its read-me. Where the read-me says
//! the description itself, it is not asked: that would be found by its words.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use oldgrowth_domain::words::question_words;

use crate::measure::{Table, Worth};
use crate::memory::{By, Memory};

/// At most so many packages, that lie equally far apart in the order of their names.
const PACKAGES_MAX: usize = 300;

/// With fewer words that say something, it could be anything.
const WORDS_MIN: usize = 3;

#[expect(
    clippy::expect_used,
    reason = "a measurement that can't be set up must stop"
)]
pub(crate) fn measure(folders: &[PathBuf], by: By) -> Table {
    let packages = packages(folders);
    let readmes = tempfile::tempdir().expect("a temporary folder");
    let file = |number: usize| format!("{number}.md");
    for (number, package) in packages.iter().enumerate() {
        std::fs::write(readmes.path().join(file(number)), &package.readme)
            .expect("a temporary file");
    }
    let memory = Memory::of(&[readmes.path().to_path_buf()], by);
    let mut table = Table::default();
    for (number, package) in packages.iter().enumerate() {
        let mut found: Vec<String> = Vec::new();
        for hit in memory.ask(&package.description) {
            let of = hit.place.map(|place| place.item).unwrap_or_default();
            if !found.contains(&of) {
                found.push(of);
            }
        }
        let worth = Worth::of(&found, &HashSet::from([file(number)]));
        table.add("a package's description", worth);
    }
    table
}

struct Package {
    readme: String,
    description: String,
}

/// In the order of their folders' names.
fn packages(folders: &[PathBuf]) -> Vec<Package> {
    let mut within: Vec<PathBuf> = folders
        .iter()
        .flat_map(std::fs::read_dir)
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    within.sort();
    let mut described = HashSet::new();
    let mut packages: Vec<Package> = within.iter().filter_map(|one| package(one)).collect();
    packages.retain(|package| described.insert(package.description.clone()));
    let step = packages.len().div_ceil(PACKAGES_MAX).max(1);
    packages.into_iter().step_by(step).collect()
}

fn package(folder: &Path) -> Option<Package> {
    let readme = std::fs::read_to_string(folder.join("README.md")).ok()?;
    let description = of_npm(folder).or_else(|| of_cargo(folder))?;
    let is_said = flat(&readme).contains(&flat(&description));
    let is_enough = question_words(&description).len() >= WORDS_MIN;
    (is_enough && !is_said).then_some(Package {
        readme,
        description,
    })
}

/// Without capital letters and whatever is no letter.
fn flat(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

fn of_npm(folder: &Path) -> Option<String> {
    let file = std::fs::read(folder.join("package.json")).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&file).ok()?;
    Some(value.get("description")?.as_str()?.to_owned())
}

fn of_cargo(folder: &Path) -> Option<String> {
    let file = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let value: toml::Table = file.parse().ok()?;
    let description = value.get("package")?.get("description")?.as_str()?;
    Some(description.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_by_a_description_that_its_read_me_does_not_say() {
        let folder = tempfile::tempdir().unwrap();
        for (name, description, readme) in [
            (
                "bees",
                "Keeping of bees in cold valleys",
                "# Bees\n\nIn cold weather hives are kept under the wall.",
            ),
            (
                "boats",
                "Mends wooden boats",
                "# Boats\n\nA wooden hull is mended with pitch.",
            ),
            (
                "said",
                "Bread that rises overnight",
                "# Bread\n\nBread that *rises overnight*.",
            ),
        ] {
            let package = folder.path().join(name);
            std::fs::create_dir(&package).unwrap();
            std::fs::write(package.join("README.md"), readme).unwrap();
            let manifest =
                format!("[package]\nname = \"{name}\"\ndescription = \"{description}\"\n");
            std::fs::write(package.join("Cargo.toml"), manifest).unwrap();
        }
        let page = measure(&[folder.path().to_path_buf()], By::Words).page();
        assert!(
            page.contains("| a package's description | 2 | 1.000"),
            "{page}"
        );
    }
}
