//! Parses durations such as `1h 30m`, and explains mistakes in them.

use super::suggest;
use std::time::Duration;

/// Parses a duration. The error names the wrong fragment. For a duration that is too long it ends with
/// `advice`.
pub(super) fn parse(text: &str, advice: &str) -> Result<Duration, String> {
    use humantime::DurationError as E;

    if let Some((number, _)) = text.split_once('M') {
        return Err(format!("`{number}M` would be months; write `{number}m` for minutes"));
    }
    humantime::parse_duration(text).map_err(|error| match error {
        E::Empty => "the duration is empty; write a number and a unit, like `30m`".to_owned(),
        E::UnknownUnit { unit, value, .. } if unit.is_empty() => {
            format!("`{value}` has no unit; write `{value}s` for seconds, `{value}m` for minutes")
        }
        E::UnknownUnit { unit, start, .. } => {
            let number = number_before(text, start);
            let advice = match known_unit(&unit) {
                Some(known) => format!("write `{number}{known}`"),
                None => "the units are ns, us, ms, s, m, h, d, w".to_owned(),
            };
            format!("unknown unit `{unit}` in `{number}{unit}`; {advice}")
        }
        E::NumberExpected(at) => {
            let rest = text.get(at..).unwrap_or(text).trim();
            format!("`{rest}` does not start with a number; write a number and a unit, like `30m`")
        }
        E::InvalidCharacter(at) => {
            let rest = text.get(at..).unwrap_or(text);
            let bad = rest.chars().next().map_or_else(String::new, String::from);
            format!("`{bad}` cannot stand in a duration; write `1h 30m` or `250ms`")
        }
        E::NumberOverflow => format!("`{text}` is too long; {advice}"),
    })
}

/// The number before a unit, as it was written: with the spaces between the two.
fn number_before(text: &str, unit: usize) -> &str {
    let before = text.get(..unit).unwrap_or(text);
    let is_in_number = |c: char| c.is_ascii_digit() || c == '.' || c.is_whitespace();
    before[before.trim_end_matches(is_in_number).len()..].trim_start()
}

/// The unit that was meant by an unknown one.
fn known_unit(unit: &str) -> Option<String> {
    let unit = unit.to_lowercase();
    let names =
        "nanoseconds microseconds milliseconds seconds minutes hours days weeks months years";
    spelled_unit(&unit).or_else(|| spelled_unit(suggest::nearest(&unit, names.split_whitespace())?))
}

/// The spelling that is accepted for a unit.
fn spelled_unit(unit: &str) -> Option<String> {
    let known = match unit {
        "n" | "nano" | "nanosecond" | "nanoseconds" => "ns",
        "u" | "μs" | "micro" | "micros" | "microsecond" | "microseconds" => "us",
        "milli" | "msecs" | "millisecond" | "milliseconds" => "ms",
        other => other,
    };
    humantime::parse_duration(&format!("1{known}")).is_ok().then(|| known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Duration, String> {
        super::parse(text, "leave it out")
    }

    #[test]
    fn the_usual_spellings_are_accepted() {
        assert_eq!(parse("30m"), Ok(Duration::from_secs(1800)));
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_duration_too_long_to_count_is_refused_and_does_not_wrap() {
        for text in ["307445734561825861m", "99999999999999999999s", "18446744073709551615h"] {
            assert!(parse(text).unwrap_err().contains("too long"), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn errors_name_the_fragment() {
        assert!(parse("30milliseconds").unwrap_err().contains("write `30ms`"));
        assert!(parse("30S").unwrap_err().contains("write `30s`"));
        assert!(parse("30M").unwrap_err().contains("write `30m` for minutes"));
        assert!(parse("30parsec").unwrap_err().contains("unknown unit `parsec` in `30parsec`"));
        assert!(parse("30 minuts").unwrap_err().contains("in `30 minuts`; write `30 minutes`"));
        assert!(parse("1h 1.5  hors").unwrap_err().contains("in `1.5  hors`; write `1.5  hours`"));
        assert!(parse("5milisecond").unwrap_err().contains("write `5ms`"));
        assert!(parse("30").unwrap_err().contains("`30` has no unit"));
        assert!(parse("soon").unwrap_err().contains("`soon`"));
        assert!(parse("").unwrap_err().contains("empty"));
        assert!(parse("-5s").is_err());
        assert!(parse("1,5s").is_err());
    }
}
