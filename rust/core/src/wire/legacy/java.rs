//! Heap and contention profiles of Java: attributes, samples, then the names of the addresses.

use super::draft::{Draft, names};
use super::java_locations::read_locations;
use super::lines::Lines;
use super::numbers::parse_int;
use super::pattern::{Pattern, compile, group};
use super::refusal::Refusal;
use super::text::{hex_addresses, shown, trim};
use super::unsample::scale_heap_sample;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Average bytes between two samples of the heap, not written in the file.
const HEAP_SAMPLING_RATE: i64 = 524_288;

static ATTRIBUTE: Pattern = Pattern::new(|| compile(r"([\w ]+)=([\w ]+)"));

static SAMPLE: Pattern = Pattern::new(|| compile(r" *(\d+) +(\d+) +@ +([ x0-9a-f]*)"));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Heap,
    Contention,
}

/// Reads the form.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> std::result::Result<Draft, Refusal> {
    let mut lines = Lines::new(bytes);
    let kind = match lines.peek_terminated().map(trim) {
        Some(b"--- heapz 1 ---") => Kind::Heap,
        Some(b"--- contentionz 1 ---") => Kind::Contention,
        _ => return Err(Refusal::FOREIGN),
    };
    lines.scan();
    let mut draft = Draft::new(2, limits);
    attributes(kind, &mut lines, &mut draft)?;
    samples(kind, &mut lines, &mut draft)?;
    if draft.sample_types.is_empty() && draft.len() > 0 {
        return Err(Error::invalid("a Java profile has samples but no `resolution` attribute").into());
    }
    read_locations(&mut lines, &mut draft)?;
    Ok(draft)
}

/// Reads `name = value` lines up to the first other one, which stays the next.
fn attributes(kind: Kind, lines: &mut Lines<'_>, draft: &mut Draft) -> std::result::Result<(), Refusal> {
    while let Some(line) = lines.peek_terminated().map(trim) {
        if line.is_empty() {
            lines.scan();
            continue;
        }
        let Some(found) = ATTRIBUTE.captures(line) else {
            break;
        };
        lines.scan();
        let (name, value) = (trim(group(&found, 1)), trim(group(&found, 2)));
        let number = || {
            let detail = || {
                format!(
                    "attribute {} is {}, no number of 64 bits",
                    shown(name),
                    shown(value)
                )
            };
            parse_int(value, 0).ok_or_else(|| lines.invalid(detail()))
        };
        match (kind, name) {
            (_, b"format") if value == b"java" => {}
            (Kind::Heap, b"resolution") => {
                draft.sample_types = vec![names(b"inuse_objects", b"count"), names(b"inuse_space", value)];
            }
            (Kind::Contention, b"resolution") => {
                draft.sample_types = vec![names(b"contentions", b"count"), names(b"delay", value)];
            }
            (Kind::Contention, b"sampling period") => {
                draft.period_type = names(b"contentions", b"count");
                draft.period = number()?;
            }
            (Kind::Contention, b"ms since reset") => draft.duration_nanos = number()?.wrapping_mul(1_000_000),
            _ => {
                let detail = format!(
                    "unknown attribute {} = {} of a Java profile",
                    shown(name),
                    shown(value)
                );
                return Err(Refusal::Unrecognized(Some(lines.invalid(detail))));
            }
        }
    }
    Ok(())
}

/// Reads samples up to the first other line, which stays the next.
fn samples(kind: Kind, lines: &mut Lines<'_>, draft: &mut Draft) -> Result<()> {
    while let Some(line) = lines.peek_terminated().map(trim) {
        if line.is_empty() {
            lines.scan();
            continue;
        }
        let Some(found) = SAMPLE.captures(line) else { break };
        lines.scan();
        let number = |index| {
            let text = group(&found, index);
            parse_int(text, 0).ok_or_else(|| {
                Error::invalid(format!(
                    "{} in a Java sample is no number of 64 bits",
                    shown(text)
                ))
            })
        };
        let mut add = || {
            let addresses = hex_addresses(group(&found, 3))?;
            // The other way round than in the other forms.
            let (mut second, mut first) = (number(1)?, number(2)?);
            let mut bytes = None;
            match kind {
                Kind::Heap if first == 0 => {
                    return Err(Error::invalid(format!(
                        "a Java heap sample of {second} bytes in 0 objects"
                    )));
                }
                Kind::Heap => {
                    bytes = Some(second.wrapping_div(first));
                    (first, second) = scale_heap_sample(first, second, HEAP_SAMPLING_RATE);
                }
                Kind::Contention if draft.period != 0 => {
                    first = first.wrapping_mul(draft.period);
                    second = second.wrapping_mul(draft.period);
                }
                Kind::Contention => {}
            }
            draft.sample(addresses, &[first, second], bytes)
        };
        add().map_err(|error| error.at(lines.place()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use crate::profile::Profile;

    fn read(text: &str) -> Profile {
        parse(text.as_bytes(), &Limits::default())
            .unwrap()
            .build()
            .unwrap()
    }

    fn error(text: &str) -> Error {
        match parse(text.as_bytes(), &Limits::default()).unwrap_err() {
            Refusal::Failed(error) | Refusal::Unrecognized(Some(error)) => error,
            Refusal::Unrecognized(None) => panic!("foreign"),
        }
    }

    #[test]
    fn a_heap_profile_has_bytes_before_objects_and_is_scaled_up() {
        let profile = read(concat!(
            "--- heapz 1 ---\nformat = java\nresolution = bytes\n\n",
            "  1048576 2 @ 0x1 0x2\n 0x1 a.B.c (B.java:9)\n0x2 a.B.d (B.java:7)\n",
        ));
        assert_eq!(profile.sample_type_names(), ["inuse_objects", "inuse_space"]);
        assert_eq!(profile.samples.values, [[3], [1_658_822]]);
        assert_eq!(profile.strings.text(profile.functions.name[1]), "a.B.d");
        assert!(profile.mappings.is_empty());
    }

    #[test]
    fn a_contention_profile_is_multiplied_by_its_period() {
        let profile = read(concat!(
            "--- contentionz 1 ---\nformat = java\nresolution = microseconds\nsampling period = 100\n",
            "ms since reset = 6019923\n        1     2 @ 0x9\n        010 1 @ 0x9 0x8\n",
        ));
        assert_eq!(profile.samples.values, [[200, 100], [100, 800]]);
        assert_eq!(
            (profile.header.period, profile.header.duration_nanos),
            (100, 6_019_923_000_000)
        );
        assert_eq!(profile.mappings.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_reported_with_its_line() {
        for line in [
            "format = c",
            "colour = red",
            "sampling period = often",
            "1 09 @ 0x1",
            "1 1 @ 0x11111111111111111",
        ] {
            let text = format!("--- contentionz 1 ---\n\n{line}\n");
            assert_eq!(error(&text).place, Some(Place::Line(3)), "{line}");
        }
        assert!(
            error("--- heapz 1 ---\nresolution = bytes\n16 0 @ 0x1\n")
                .to_string()
                .contains("0 objects")
        );
        assert!(
            error("--- heapz 1 ---\n16 1 @ 0x1\n")
                .to_string()
                .contains("resolution")
        );
    }
}
