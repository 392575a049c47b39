#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| huis_fuzz::core::safety_code(bytes));
