//! Heap profiles of gperftools and early Go, and its growth and fragmentation profiles.

use super::draft::{Draft, names};
use super::lines::Lines;
use super::maps::read_sections;
use super::numbers::parse_int;
use super::pattern::{Pattern, compile, group};
use super::refusal::Refusal;
use super::text::{hex_addresses, is_memory_map_sentinel, is_space_or_comment, shown, trim};
use super::unsample::scale_heap_sample;
use crate::error::{Error, Result};
use crate::limits::Limits;

static HEADER: Pattern = Pattern::new(|| {
    compile(r"heap profile: *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] *@ *(heap[_a-z0-9]*)/?(\d*)")
});

/// Growth and fragmentation profiles have no rate and count everything.
static OTHER_HEADER: Pattern =
    Pattern::new(|| compile(r"heap profile: *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] @ (growth|fragmentation)"));

static SAMPLE: Pattern = Pattern::new(|| compile(r"(-?\d+): *(-?\d+) *\[ *(\d+): *(\d+) *\] @([ x0-9a-f]*)"));

/// What the first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    /// Samples were taken at random, at an average distance of `period` bytes.
    is_sampled: bool,
    period: i64,
    has_alloc: bool,
}

/// Reads the form.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> std::result::Result<Draft, Refusal> {
    let mut lines = Lines::new(bytes);
    lines.scan();
    let header = header(lines.text())
        .map_err(|reason| Refusal::Unrecognized(reason.map(|detail| lines.invalid(detail))))?;
    let mut draft = Draft::new(if header.has_alloc { 4 } else { 2 }, limits);
    draft.period_type = names(b"space", b"bytes");
    draft.period = header.period;
    draft.sample_types = if header.has_alloc {
        vec![
            names(b"alloc_objects", b"count"),
            names(b"alloc_space", b"bytes"),
            names(b"inuse_objects", b"count"),
            names(b"inuse_space", b"bytes"),
        ]
    } else {
        vec![names(b"objects", b"count"), names(b"space", b"bytes")]
    };
    while lines.scan() {
        let line = trim(lines.text());
        if is_space_or_comment(line) {
            continue;
        }
        if is_memory_map_sentinel(line) {
            break;
        }
        sample(line, header, &mut draft).map_err(|error| error.at(lines.place()))?;
    }
    read_sections(&mut lines, &mut draft)?;
    Ok(draft)
}

/// Reads the first line; the error says what is wrong if it is the first line of a heap profile after all.
fn header(line: &[u8]) -> std::result::Result<Header, Option<String>> {
    let Some(found) = HEADER.captures(line) else {
        let counts_all = Header {
            is_sampled: false,
            period: 1,
            has_alloc: false,
        };
        return if OTHER_HEADER.is_match(line) {
            Ok(counts_all)
        } else {
            Err(None)
        };
    };
    let (kind, rate) = (group(&found, 5), group(&found, 6));
    let rate = match parse_int(rate, 10) {
        Some(rate) => rate,
        None if rate.is_empty() => 0,
        None => {
            return Err(Some(format!(
                "sampling rate {} has more than 64 bits",
                rate.escape_ascii()
            )));
        }
    };
    let differs = |alloc, inuse| group(&found, alloc) != group(&found, inuse) && group(&found, alloc) != b"0";
    let has_alloc = differs(3, 1) || differs(4, 2);
    match kind {
        b"heapz_v2" | b"heap_v2" => Ok(Header {
            is_sampled: true,
            period: rate,
            has_alloc,
        }),
        b"heapprofile" => Ok(Header {
            is_sampled: false,
            period: 1,
            has_alloc,
        }),
        // Twice the rate was written in these.
        b"heap" => Ok(Header {
            is_sampled: true,
            period: rate / 2,
            has_alloc,
        }),
        _ => Err(Some(format!(
            "heap profile of the unknown kind {}; known are heap, heap_v2, heapz_v2, heapprofile, \
             growth and fragmentation",
            shown(kind)
        ))),
    }
}

fn sample(line: &[u8], header: Header, draft: &mut Draft) -> Result<()> {
    let Some(found) = SAMPLE.captures(line) else {
        return Err(Error::invalid(format!(
            "{} is no heap sample; expected `<count>: <bytes> [<count>: <bytes>] @ 0x<address> ...`",
            shown(line)
        )));
    };
    let number = |index| {
        let text = group(&found, index);
        parse_int(text, 10)
            .ok_or_else(|| Error::invalid(format!("{} in a heap sample does not fit 64 bits", shown(text))))
    };
    let mut values = Vec::with_capacity(4);
    let mut block_size = 0;
    let pairs: &[(usize, &str)] = if header.has_alloc {
        &[(3, "allocation"), (1, "inuse")]
    } else {
        &[(1, "inuse")]
    };
    for &(index, name) in pairs {
        let (mut count, mut size) = (number(index)?, number(index + 1)?);
        if count == 0 && size != 0 {
            return Err(Error::invalid(format!(
                "{name} count is 0 but {name} bytes are {size}"
            )));
        }
        if count != 0 {
            block_size = size.wrapping_div(count);
            if header.is_sampled {
                (count, size) = scale_heap_sample(count, size, header.period);
            }
        }
        values.extend([count, size]);
    }
    // Addresses are behind the calls; one less is on them.
    let addresses = hex_addresses(group(&found, 5))?
        .into_iter()
        .map(|address| address.wrapping_sub(1));
    draft.sample(addresses, &values, Some(block_size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use crate::profile::Profile;
    use crate::table::{Label, LabelValue};

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
    fn allocations_come_before_what_is_in_use_and_samples_are_scaled_up() {
        let profile = read(
            "heap profile: 1: 2 [3: 4] @ heap/1048576\n# comment\n\n 1: 524288 [2: 1048576] @ 0x11 0x21\n",
        );
        assert_eq!(
            profile.sample_type_names(),
            ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]
        );
        assert_eq!(profile.header.period, 524_288);
        assert_eq!(
            profile.samples.row(0).collect::<Vec<_>>(),
            [3, 1_658_822, 1, 829_411]
        );
        assert_eq!(
            profile
                .locations
                .rows
                .iter()
                .map(|row| row.address)
                .collect::<Vec<_>>(),
            [0x10, 0x20]
        );
        let bytes = profile.label_sets.get(profile.samples.label_set[0]);
        assert!(matches!(
            bytes,
            [Label {
                value: LabelValue::Num(524_288, _),
                ..
            }]
        ));
    }

    #[test]
    fn without_allocations_of_their_own_there_are_two_values() {
        for kind in ["heapprofile", "growthz", "growth", "fragmentationz"] {
            let profile = read(&format!(
                "heap profile: 3: 4 [3: 4] @ {kind}\n-1: -16 [0: 0] @ 0x11\n"
            ));
            assert_eq!(profile.sample_type_names(), ["objects", "space"], "{kind}");
            assert_eq!(profile.samples.row(0).collect::<Vec<_>>(), [-1, -16], "{kind}");
        }
    }

    #[test]
    fn a_block_size_of_nothing_is_a_label_of_zero() {
        let profile = read("heap profile: 3: 4 [3: 4] @ heapz_v2/1\n0: 0 [0: 0] @ 0x11\n");
        assert!(matches!(
            profile.label_sets.get(profile.samples.label_set[0]),
            [Label {
                value: LabelValue::Num(0, _),
                ..
            }]
        ));
    }

    #[test]
    fn a_line_that_is_no_sample_is_reported_by_number() {
        let found = error("heap profile: 3: 4 [3: 4] @ heapprofile\n1: 2 [3: 4] @ 0x1\n1: 2 @ 0x1\n");
        assert_eq!(found.place, Some(Place::Line(3)));
        let found = error("heap profile: 3: 4 [3: 4] @ heapprofile\n0: 2 [3: 4] @ 0x1\n");
        assert!(found.to_string().contains("count is 0"), "{found}");
        let found = error("heap profile: 3: 4 [3: 4] @ heapprofile\n99999999999999999999: 2 [3: 4] @ 0x1\n");
        assert!(found.to_string().contains("64 bits"), "{found}");
    }

    #[test]
    fn an_unknown_kind_is_named() {
        assert!(
            error("heap profile: 3: 4 [3: 4] @ heapz_v3/1\n")
                .to_string()
                .contains("heapz_v3")
        );
        let rate = error("heap profile: 3: 4 [3: 4] @ heapz_v2/99999999999999999999\n");
        assert!(rate.to_string().contains("sampling rate"), "{rate}");
    }

    #[test]
    fn the_smallest_size_divided_by_minus_one_wraps() {
        let profile =
            read("heap profile: 3: 4 [3: 4] @ heapprofile\n-1: -9223372036854775808 [0: 0] @ 0x1\n");
        assert_eq!(profile.samples.row(0).collect::<Vec<_>>(), [-1, i64::MIN]);
    }
}
