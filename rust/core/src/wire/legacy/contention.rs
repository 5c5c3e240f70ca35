//! Contention of locks: contentionz pages of C++, and Go's mutex and block profiles.

use super::draft::{Draft, names};
use super::lines::Lines;
use super::maps::read_sections;
use super::numbers::{parse_int, truncate};
use super::pattern::{Pattern, compile, group};
use super::refusal::Refusal;
use super::text::{hex_addresses, is_space_or_comment, shown, trim};
use crate::error::Error;
use crate::limits::Limits;

const HEADERS: [&[u8]; 3] = [b"--- contentionz ", b"--- mutex:", b"--- contention:"];

static SAMPLE: Pattern = Pattern::new(|| compile(r"(\d+) *(\d+) @([ x0-9a-f]*)"));

/// Reads the form.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Draft, Refusal> {
    let mut lines = Lines::new(bytes);
    lines.scan();
    if !HEADERS.iter().any(|header| lines.text().starts_with(header)) {
        return Err(Refusal::FOREIGN);
    }
    let mut draft = Draft::new(2, limits);
    draft.sample_types = vec![names(b"contentions", b"count"), names(b"delay", b"nanoseconds")];
    draft.period_type = names(b"contentions", b"count");
    draft.period = 1;
    let cycles_per_second = attributes(&mut lines, &mut draft)?;
    loop {
        let line = trim(lines.text());
        if line.starts_with(b"---") {
            break;
        }
        if !is_space_or_comment(line) {
            sample(line, cycles_per_second, &lines, &mut draft)?;
        }
        if !lines.scan() {
            break;
        }
    }
    read_sections(&mut lines, &mut draft)?;
    Ok(draft)
}

/// Reads `name = value` lines up to the first other one; gives `cycles/second`.
fn attributes(lines: &mut Lines<'_>, draft: &mut Draft) -> Result<i64, Refusal> {
    let mut cycles_per_second = 0;
    while lines.scan() {
        let line = trim(lines.text());
        if is_space_or_comment(line) {
            continue;
        }
        if line.starts_with(b"---") {
            break;
        }
        let Some(at) = line.iter().position(|&byte| byte == b'=') else {
            break;
        };
        let (name, value) = line.split_at_checked(at).unwrap_or_default();
        let (name, value) = (trim(name), trim(value.get(1..).unwrap_or(&[])));
        let number = || {
            parse_int(value, 0).ok_or_else(|| {
                let detail = format!(
                    "attribute {} is {}, no number of 64 bits",
                    shown(name),
                    shown(value)
                );
                Refusal::Unrecognized(Some(lines.invalid(detail)))
            })
        };
        match name {
            b"cycles/second" => cycles_per_second = number()?,
            b"sampling period" => draft.period = number()?,
            b"ms since reset" => draft.duration_nanos = number()?.wrapping_mul(1_000_000),
            b"discarded samples" => {}
            // Only Java writes these.
            b"format" | b"resolution" => return Err(Refusal::FOREIGN),
            _ => {
                let detail = format!(
                    "unknown attribute {} of a contention profile; known are cycles/second, sampling period, \
                     ms since reset and discarded samples",
                    shown(name)
                );
                return Err(Refusal::Unrecognized(Some(lines.invalid(detail))));
            }
        }
    }
    Ok(cycles_per_second)
}

fn sample(line: &[u8], cycles_per_second: i64, lines: &Lines<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    let Some(found) = SAMPLE.captures(line) else {
        return Err(Refusal::Unrecognized(Some(lines.invalid(format!(
            "{} is no sample of a contention profile; expected `<cycles> <count> @ 0x<address> ...`",
            shown(line)
        )))));
    };
    let number = |index| {
        let text = group(&found, index);
        parse_int(text, 10)
            .ok_or_else(|| {
                Error::invalid(format!(
                    "{} in a contention sample does not fit 64 bits",
                    shown(text)
                ))
            })
            .map_err(|error| error.at(lines.place()))
    };
    let (mut delay, mut contentions) = (number(1)?, number(2)?);
    // Only one contention in `period` was recorded, and delays are in cycles.
    if draft.period > 0 {
        if cycles_per_second > 0 {
            let cycles_per_nanosecond = cycles_per_second as f64 / 1e9;
            delay = truncate(delay as f64 * draft.period as f64 / cycles_per_nanosecond);
        }
        contentions = contentions.wrapping_mul(draft.period);
    }
    // Addresses are behind the calls; one less is on them.
    let addresses = hex_addresses(group(&found, 3)).map_err(|error| error.at(lines.place()))?;
    let addresses = addresses.into_iter().map(|address| address.wrapping_sub(1));
    let added = draft.sample(addresses, &[contentions, delay], None);
    Ok(added.map_err(|error| error.at(lines.place()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    fn read(text: &str) -> crate::profile::Profile {
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
    fn delays_become_nanoseconds_and_both_values_are_multiplied_by_the_period() {
        let profile = read(concat!(
            "--- contentionz 1 ---\n# comment\ncycles/second = 2_000_000_000\nsampling period = 0x64\n",
            "ms since reset = 16502830\ndiscarded samples = 0\n\n  19490304       27 @ 0xbccc97 0xc61202\n",
        ));
        assert_eq!(profile.sample_type_names(), ["contentions", "delay"]);
        assert_eq!(profile.samples.row(0).collect::<Vec<_>>(), [2700, 974_515_200]);
        assert_eq!(
            (profile.header.period, profile.header.duration_nanos),
            (100, 16_502_830_000_000)
        );
        assert_eq!(profile.locations.rows[0].address, 0xbc_cc96);
    }

    #[test]
    fn without_cycles_delays_stay_as_they_are() {
        let profile = read("--- mutex:\nsampling period=3\n7 2 @ 0x1\n--- x\n7 2 0x1\n");
        assert_eq!(profile.samples.values, [[6], [7]]);
    }

    #[test]
    fn what_is_wrong_is_reported_with_its_line() {
        let cases = [
            "--- mutex:\ncolour=red\n",
            "--- mutex:\nsampling period=often\n",
            "--- mutex:\n1 @ 0x1\n",
            "--- mutex:\n99999999999999999999 2 @ 0x1\n",
            "--- mutex:\n1 2 @ 0x11111111111111111\n",
        ];
        for text in cases {
            assert_eq!(error(text).place, Some(Place::Line(2)), "{text}");
        }
    }

    #[test]
    fn javas_attributes_leave_the_bytes_to_the_java_form() {
        let other = parse(b"--- contentionz 1 ---\nformat = java\n", &Limits::default());
        assert!(matches!(other, Err(Refusal::Unrecognized(None))));
    }
}
