//! The guides in `docs/guides`: each is short, and found where readers look.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is there")
}

/// The text of each guide, by its name.
fn guides() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides");
    let files = fs::read_dir(folder).expect("the guides are there");
    files
        .map(|file| {
            let path = file.expect("it is readable").path();
            let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("it is text"))
        })
        .collect()
}

#[test]
fn a_guide_fits_on_two_screens() {
    for (name, text) in guides() {
        // A longer line takes a second line of the page.
        let lines: usize = text.lines().map(|line| 1 + line.chars().count() / 130).sum();
        assert!(lines <= 92, "{name} has {lines} lines");
    }
}

#[test]
fn each_guide_is_listed_in_the_documentation_and_in_the_readme() {
    let (documentation, readme) = (read("src/lib.rs"), read("README.md"));
    for name in guides().keys() {
        let row = format!("](guide::{name}) |");
        assert!(documentation.contains(&row), "the table of guides in src/lib.rs lacks {name}");
        let link = format!("/guide/{name}/index.html)");
        assert!(readme.contains(&link), "README.md lacks {name}");
    }
}

#[test]
fn the_readme_links_to_guides_that_exist() {
    let (readme, guides) = (read("README.md"), guides());
    for link in readme.split("/memofn/guide/").skip(1) {
        let name = link.split('/').next().expect("a path has a first part");
        assert!(guides.contains_key(name), "README.md links to the guide {name}");
    }
}
