//! The fuzz targets' oracles (fuzz/) on what they begin with, on what they once found, and for a moment
//! on bytes of their own.

use std::path::Path;
use std::sync::LazyLock;
use std::{fs, panic};

use crate::common::oracles::{Oracle, TARGETS, seeds};
use proptest::prelude::*;
use proptest::sample::Index;

#[test]
fn every_seed_and_every_finding_of_the_fuzzer_passes() {
    let findings = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzzed");
    for (target, oracle) in TARGETS {
        let found = fs::read_dir(findings.join(target)).into_iter().flatten();
        let found = found.map(|file| fs::read(file.expect("a file").path()).expect("bytes"));
        let seeds = seeds(target);
        assert!(seeds.len() > 4, "{target}");
        for input in seeds.into_iter().chain(found) {
            let failed = panic::catch_unwind(|| oracle(&input)).is_err();
            assert!(!failed, "{target}: {}", hex::encode(&input));
        }
    }
}

/// Each target's seeds, read once, with its oracle.
static SEEDS: LazyLock<Vec<(Vec<Vec<u8>>, Oracle)>> =
    LazyLock::new(|| TARGETS.iter().map(|(target, oracle)| (seeds(target), *oracle)).collect());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn seeds_that_are_altered_at_random_pass(seed: Index, at: Index, len in 0..9_usize, with in prop::collection::vec(any::<u8>(), 0..9)) {
        for (seeds, oracle) in SEEDS.iter() {
            let mut input = seed.get(seeds).clone();
            let at = at.index(input.len() + 1);
            let end = input.len().min(at + len);
            input.splice(at..end, with.clone());
            oracle(&input);
        }
    }
}
