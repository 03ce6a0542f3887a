//! Claims about every row of the table of options.

use crate::analyze::check;
use crate::parse::option_row::{OptionRow, Syntax};
use crate::parse::option_table::{OPTIONS, OTHER_FORMS};
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use std::fs;
use std::path::{Path, PathBuf};

/// A path in the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_option_has_a_ui_case() {
    let files = fs::read_dir(repository("tests/ui/options")).expect("the ui cases are there");
    let files: Vec<PathBuf> = files.map(|file| file.expect("it is readable").path()).collect();
    for OptionRow { name, .. } in OPTIONS {
        let has_case = files.iter().any(|file| {
            let is_of_option = file
                .file_stem()
                .is_some_and(|stem| stem.to_string_lossy().starts_with(&format!("{name}_")));
            let is_case = file.extension().is_some_and(|extension| extension == "rs");
            is_of_option && is_case && file.with_extension("stderr").exists() && {
                let source = read(file);
                source.contains(&format!("{name} =")) || source.contains(&format!("memoize({name}"))
            }
        });
        assert!(has_case, "tests/ui/options has no case `{name}_*.rs`");
    }
}

#[test]
fn every_option_has_a_section_in_a_guide() {
    let guides = fs::read_dir(repository("docs/guides")).expect("the guides are there");
    let guides: Vec<_> = guides.map(|guide| read(guide.expect("it is readable").path())).collect();
    for OptionRow { name, .. } in OPTIONS {
        let heading = format!("## `{name}`");
        let has_section = guides.iter().any(|guide| guide.lines().any(|line| line == heading));
        assert!(has_section, "no guide in docs/guides has the heading {heading}");
    }
}

#[test]
fn every_option_has_a_line_in_the_documentation_of_the_attribute() {
    let docs = read(repository("src/lib.rs"));
    for OptionRow { name, .. } in OPTIONS {
        let has_line =
            docs.lines().any(|line| line.starts_with(&format!("/// | [`{name}`](guide::")));
        assert!(has_line, "the documentation of `memoize` has no line for `{name}`");
    }
}

#[test]
fn every_option_has_a_line_in_the_table_of_the_readme() {
    let readme = read(repository("README.md"));
    for OptionRow { name, .. } in OPTIONS {
        let has_line = readme.lines().any(|line| line.starts_with(&format!("| `{name}` |")));
        assert!(has_line, "the README's table has no line for `{name}`");
    }
}

#[test]
fn every_row_is_complete_and_its_example_is_accepted() {
    for (i, row) in OPTIONS.iter().enumerate() {
        let name = row.name;
        assert!(OPTIONS[..i].iter().all(|other| other.name != name), "`{name}` has two rows");
        assert!(!row.peers.is_empty(), "`{name}` has no name elsewhere");
        for peer in row.peers.split_whitespace() {
            let is_option = OPTIONS.iter().any(|other| other.name == peer);
            let is_other_peer = OPTIONS[..i].iter().any(|other| other.has_peer(peer));
            assert!(!is_option && !is_other_peer, "`{peer}` of `{name}` is taken");
        }
        let starts_with = match row.value {
            Syntax::Assigned(_) => format!("{name} = "),
            Syntax::Parenthesized(_) => format!("{name}("),
            Syntax::Alone(_) => name.to_owned(),
        };
        assert!(row.example.starts_with(&starts_with), "{}", row.example);
        let mut errors = Errors::default();
        let options = Options::parse(row.example.parse().expect("it lexes"), &mut errors);
        assert!(errors.is_empty() && options.get(name).is_some(), "{}", row.example);
        for relation in row.excludes.iter().chain(row.needs) {
            let is_option = OPTIONS.iter().any(|other| other.name == relation.name());
            assert!(is_option && !relation.why.is_empty(), "{} of `{name}`", relation.option);
        }
    }
}

#[test]
fn every_other_form_is_of_an_option_and_its_example_is_accepted() {
    for form in OTHER_FORMS {
        let mut errors = Errors::default();
        let options = Options::parse(form.example.parse().expect("it lexes"), &mut errors);
        assert!(errors.is_empty() && options.get(form.option).is_some(), "{}", form.example);
        for peer in form.peers.split_whitespace() {
            let is_taken = OPTIONS.iter().any(|row| row.name == peer || row.has_peer(peer));
            assert!(!is_taken, "`{peer}` of `{}` is taken", form.option);
        }
    }
}

#[test]
fn an_option_that_lacks_another_is_refused_with_the_remedy() {
    let message = |options: &str| {
        let mut errors = Errors::default();
        let options = Options::parse(options.parse().expect("it lexes"), &mut errors);
        check::combinations(&options, &mut errors);
        errors.into_compile_errors().map(|errors| errors.to_string()).unwrap_or_default()
    };
    let expected = r#"`jitter` needs `ttl`: nothing grows old without it; add `ttl = \"30m\"`"#;
    assert!(message(r#"jitter = "1m""#).contains(expected));
    assert_eq!(message(r#"jitter = "1m", ttl = "5m""#), "");
    assert_eq!(message(r#"jitter = "1m", ttl = "5m", tti = "2m""#), "");
    let expected = "needs `ttl`: idle times differ by themselves";
    assert!(message(r#"jitter = "1m", tti = "5m""#).contains(expected));
    let expected = "needs `ttl`: an idle entry is not kept";
    assert!(message(r#"stale_if_error = "1m", tti = "5m""#).contains(expected));
}
