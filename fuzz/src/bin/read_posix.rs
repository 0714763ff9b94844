//! Reading never panics, is stable through printing, and tells places that are there.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    guardsh_fuzz::reads_well(data, guardsh_syntax::Dialect::Posix);
});
