//! Judging never panics, whatever the text.
#![no_main]

use std::sync::LazyLock;

use guardsh_policy::{Config, IdealWorld, Policy, Surroundings, analyse, judge};
use guardsh_syntax::Dialect;

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::new(&Config::default(), &Surroundings::default()));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((bits, text)) = data.split_first() else {
        return;
    };
    let dialect = if bits & 16 == 0 {
        Dialect::Bash
    } else {
        Dialect::Posix
    };
    let mut world = IdealWorld::new(dialect);
    if let Ok(actions) = analyse(text, dialect, guardsh_fuzz::options(*bits), &mut world) {
        judge(&POLICY, &actions, &mut world);
    }
});
