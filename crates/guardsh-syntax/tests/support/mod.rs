//! What the tests of the reader share: seeded chance, lines to read, and the real shells as judges.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and what shells print is only compared"
)]
#![allow(
    dead_code,
    reason = "each test program uses another part of what they share"
)]

pub(crate) mod bash;
pub(crate) mod dash;
pub(crate) mod generate;
pub(crate) mod mutate;
pub(crate) mod shape;

use guardsh_syntax::Options;

/// What a live session reads with.
pub(crate) fn options(extglob: bool) -> Options {
    Options {
        extglob,
        here_doc_at_end: false,
        backslash_at_end: false,
        comments: true,
    }
}

/// SplitMix64: the same numbers for the same seed on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of 0..limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap();
        usize::try_from(self.next() % limit).unwrap()
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.below(from.len())]
    }
}

/// How many lines to try and where chance begins: few and always the same, or `GUARDSH_ROUNDTRIP` many anew.
pub(crate) fn extent(usual: usize) -> (usize, u64) {
    let count = std::env::var("GUARDSH_ROUNDTRIP")
        .ok()
        .and_then(|count| count.parse().ok());
    let seed = std::env::var("GUARDSH_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    match count {
        Some(count) => {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
            (count, seed.unwrap_or_else(|| u64::from(now)))
        }
        None => (usual, seed.unwrap_or(1)),
    }
}

/// The lines that everything is mutated from: one a line, then, behind `%%`, texts of several lines.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let all = include_str!("../seeds.txt");
    let mut sections = all.split("\n%%\n");
    let mut seeds: Vec<Vec<u8>> = sections
        .next()
        .into_iter()
        .flat_map(str::lines)
        .map(|line| line.as_bytes().to_vec())
        .collect();
    seeds.extend(sections.map(|text| text.trim_end_matches('\n').as_bytes().to_vec()));
    seeds
}

/// Lines of the JSON files named by `GUARDSH_LINES`, separated by colons: `{"line": …}` each.
pub(crate) fn outside_lines() -> Vec<Vec<u8>> {
    let Ok(names) = std::env::var("GUARDSH_LINES") else {
        return Vec::new();
    };
    names
        .split(':')
        .flat_map(|name| {
            let text = std::fs::read_to_string(name).unwrap();
            text.lines()
                .map(|line| {
                    let object: serde_json::Value = serde_json::from_str(line).unwrap();
                    object["line"].as_str().unwrap().as_bytes().to_vec()
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The material: generated, mutated, the seeds themselves, and what came from outside.
pub(crate) fn material(count: usize, chance: &mut Chance) -> Vec<Vec<u8>> {
    let seeds = seeds();
    let outside = outside_lines();
    let mut lines = seeds.clone();
    lines.extend(outside.iter().cloned());
    while lines.len() < count {
        let line = match chance.below(4) {
            0 => generate::line(chance),
            1 => {
                let line = generate::line(chance);
                mutate::mutated(&line, chance)
            }
            _ if !outside.is_empty() && chance.one_in(2) => {
                mutate::mutated(&outside[chance.below(outside.len())], chance)
            }
            _ => mutate::mutated(&seeds[chance.below(seeds.len())], chance),
        };
        lines.push(line);
    }
    lines
}
