//! Go's profiles of stacks with a count: goroutine, threadcreate and what programs add.

use super::draft::{Draft, names};
use super::lines::Lines;
use super::maps::read_sections;
use super::numbers::parse_int;
use super::pattern::{Pattern, compile, group};
use super::refusal::Refusal;
use super::text::{hex_addresses, is_space_or_comment, shown};
use crate::error::{Error, Result};
use crate::limits::Limits;

static HEADER: Pattern = Pattern::new(|| compile(r"\A([^\t\n\f\r ]+) profile: total \d+\z"));

static SAMPLE: Pattern = Pattern::new(|| compile(r"\A(\d+) @((?: 0x[0-9a-f]+)+)\z"));

/// Reads the form.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> std::result::Result<Draft, Refusal> {
    let mut lines = Lines::new(bytes);
    while lines.scan() && is_space_or_comment(lines.text()) {}
    let Some(found) = HEADER.captures(lines.text()) else {
        return Err(Refusal::FOREIGN);
    };
    let type_ = group(&found, 1);
    let mut draft = Draft::new(1, limits);
    draft.sample_types = vec![names(type_, b"count")];
    draft.period_type = names(type_, b"count");
    draft.period = 1;
    while lines.scan() {
        let line = lines.text();
        if is_space_or_comment(line) {
            continue;
        }
        if line.starts_with(b"---") {
            break;
        }
        sample(line, &mut draft).map_err(|error| error.at(lines.place()))?;
    }
    read_sections(&mut lines, &mut draft)?;
    Ok(draft)
}

fn sample(line: &[u8], draft: &mut Draft) -> Result<()> {
    let Some(found) = SAMPLE.captures(line) else {
        return Err(Error::invalid(format!(
            "{} is no sample of a Go count profile; expected `<count> @ 0x<address> ...`",
            shown(line)
        )));
    };
    let count = group(&found, 1);
    let Some(count) = parse_int(count, 0) else {
        return Err(Error::invalid(format!(
            "count {} is no number of 64 bits",
            shown(count)
        )));
    };
    // Addresses are behind the calls; one less is on them.
    let addresses = hex_addresses(group(&found, 2))?
        .into_iter()
        .map(|address| address.wrapping_sub(1));
    draft.sample(addresses, &[count], None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    #[test]
    fn the_name_in_the_header_is_the_sample_type() {
        let text = b"# a comment\n\ngoroutine profile: total 3\n\
            2 @ 0x11 0x21\n#\t0x10\tmain\n\n1 @ 0x0\n--- x\nno sample\n";
        let profile = parse(text, &Limits::default()).unwrap().build().unwrap();
        assert_eq!(profile.sample_type_names(), ["goroutine"]);
        assert_eq!(profile.samples.values, [[2, 1]]);
        let addresses: Vec<_> = profile.locations.rows.iter().map(|row| row.address).collect();
        assert_eq!(addresses, [0x10, 0x20, u64::MAX]);
        assert_eq!(profile.mappings.len(), 1);
    }

    #[test]
    fn a_line_that_is_no_sample_is_reported_by_number() {
        for line in [
            "1 @",
            "1 @ 0x1 ",
            "08 @ 0x1",
            "1 @ 0x11111111111111111",
            "99999999999999999999 @ 0x1",
        ] {
            let text = format!("threadcreate profile: total 1\n1 @ 0x1\n{line}\n");
            let Err(Refusal::Failed(error)) = parse(text.as_bytes(), &Limits::default()) else {
                panic!("{line}")
            };
            assert_eq!(error.place, Some(Place::Line(3)), "{line}");
        }
    }

    #[test]
    fn anything_behind_the_total_is_another_form() {
        let other = parse(b"goroutine profile: total 3 \n", &Limits::default());
        assert!(matches!(other, Err(Refusal::Unrecognized(None))));
    }
}
