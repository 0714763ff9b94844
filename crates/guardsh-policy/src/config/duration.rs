//! Lengths of time as people write them: `100s`, `5m`, `1h30m`.

use std::time::Duration;

/// What is wrong with a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no length of time; write for example \"90s\", \"5m\" or \"1h30m\"")]
pub struct BadDuration(pub String);

/// The longest that makes sense here, 366 days; it also keeps sums from overflowing.
const LONGEST: u64 = 366 * 24 * 60 * 60 * 1000;

/// Reads numbers with units `ms`, `s`, `m`, `h`, `d`, the larger first, each at most once.
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    read(text).ok_or_else(|| BadDuration(text.to_owned()))
}

fn read(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 5] = [
        ("d", 24 * 60 * 60 * 1000),
        ("h", 60 * 60 * 1000),
        ("m", 60 * 1000),
        ("s", 1000),
        ("ms", 1),
    ];
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let behind = rest.get(digits..)?;
        let end = behind
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(behind.len());
        let name = behind.get(..end)?;
        let (_, milliseconds) = units.find(|(unit, _)| *unit == name)?;
        total = total.checked_add(number.checked_mul(*milliseconds)?)?;
        if total > LONGEST {
            return None;
        }
        rest = behind.get(end..)?;
    }
    Some(Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        let seconds = |text| parse_duration(text).unwrap().as_secs();
        assert_eq!(seconds("100s"), 100);
        assert_eq!(seconds("5m"), 300);
        assert_eq!(seconds("1h30m"), 5400);
        assert_eq!(parse_duration("1s500ms").unwrap().as_millis(), 1500);
        assert_eq!(seconds("0s"), 0);
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "5m1h",
            "5m5m",
            "1.5h",
            "99999999999d",
            "5x",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
