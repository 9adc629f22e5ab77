#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kmseal_fuzz::oracles::edk(input));
