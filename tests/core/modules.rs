//! The core's modules, by their text: which one uses which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Every module, with those that its code outside of tests uses.
fn modules() -> BTreeMap<String, BTreeSet<String>> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("src");
    let paths = files.map(|file| file.expect("a file").path()).filter(|path| path.extension() == Some("rs".as_ref()));
    paths
        .filter(|path| !path.ends_with("lib.rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let used = code
                .split("crate::")
                .skip(1)
                .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>());
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), used.collect())
        })
        .collect()
}

#[test]
fn modules_of_the_core_use_each_other_without_a_circle() {
    let mut remaining = modules();
    assert!(remaining.len() > 20 && remaining["seal"].contains("frame"), "{remaining:?}");
    // Those that use none of the rest go first. A circle is what cannot go.
    loop {
        let names: BTreeSet<String> = remaining.keys().cloned().collect();
        remaining.retain(|name, used| used.iter().any(|other| other != name && names.contains(other)));
        if remaining.len() == names.len() {
            break;
        }
    }
    assert_eq!(remaining, BTreeMap::new());
}
