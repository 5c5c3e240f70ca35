//! The names that a Java profile gives to its addresses.

use super::draft::Draft;
use super::lines::Lines;
use super::numbers::{parse_int, parse_uint};
use super::pattern::{Pattern, compile, group};
use super::text::trim;
use crate::error::Result;
use rustc_hash::FxHashMap;

static LOCATION: Pattern =
    Pattern::new(|| compile(r"^[\t\n\f\r ]*0x([[:xdigit:]]+)[\t\n\f\r ]+(.*)[\t\n\f\r ]*$"));

static FILE_AND_LINE: Pattern = Pattern::new(|| compile(r"^(.*)[\t\n\f\r ]+\((.+):(-?[[:digit:]]+)\)$"));

static PATH: Pattern = Pattern::new(|| compile(r"^(.*)[\t\n\f\r ]+\((.*)\)$"));

static STUB: Pattern = Pattern::new(|| compile("generated stub/JIT"));

/// Reads all lines that are left, names the locations and settles the draft. Addresses are taken away
/// afterwards: they differ from run to run.
///
/// # Errors
///
/// An address of more than 64 bits; a passed limit.
pub(super) fn read_locations(lines: &mut Lines<'_>, draft: &mut Draft) -> Result<()> {
    let mut rows: FxHashMap<Vec<u8>, u32> = FxHashMap::default();
    while lines.scan() {
        let line = trim(lines.text());
        let Some(found) = LOCATION.captures(line) else {
            continue;
        };
        let Some(address) = parse_uint(group(&found, 1), 16) else {
            return Err(lines.invalid(format!(
                "address 0x{} has more than 64 bits",
                group(&found, 1).escape_ascii()
            )));
        };
        if draft.location_of(address).is_none() {
            continue;
        }
        let (name, file, number) = described(group(&found, 2));
        let row = if let Some(&row) = rows.get(name) {
            row
        } else {
            draft
                .check_rows(draft.functions.len())
                .map_err(|error| error.at(lines.place()))?;
            let row = draft.functions.len() as u32;
            draft.functions.push([name.to_vec(), file.to_vec()]);
            rows.insert(name.to_vec(), row);
            row
        };
        if let Some(location) = draft.location_of(address) {
            location.line = Some((row, number));
            location.address = 0;
        }
    }
    draft.settle(Vec::new());
    for location in &mut draft.locations {
        location.address = 0;
    }
    Ok(())
}

/// Function, file and line of a location: `function (file:line)`, `function (path of a library)`, or words
/// for a state of the machine such as `GC`.
fn described(text: &[u8]) -> (&[u8], &[u8], i64) {
    if let Some(found) = FILE_AND_LINE.captures(text) {
        let number = parse_int(group(&found, 3), 10)
            .filter(|&number| number > 0)
            .unwrap_or(0);
        (group(&found, 1), group(&found, 2), number)
    } else if let Some(found) = PATH.captures(text) {
        (group(&found, 1), base(group(&found, 2)), 0)
    } else if STUB.is_match(text) {
        (b"STUB", b"", 0)
    } else {
        (text, b"", 0)
    }
}

/// The last part of a path; `.` of an empty one and `/` of one that has nothing else.
fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    path.split(|&byte| byte == b'/')
        .rfind(|part| !part.is_empty())
        .unwrap_or(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use crate::limits::Limits;
    use crate::wire::legacy::draft::names;
    use crate::wire::legacy::text::shown;

    #[test]
    fn each_kind_of_description_is_read() {
        type Case<'a> = (&'a [u8], (&'a [u8], &'a [u8], i64));
        let cases: [Case<'_>; 8] = [
            (b"a.B.c (B.java:12)", (b"a.B.c", b"B.java", 12)),
            (b"a.B.c (B.java:-1)", (b"a.B.c", b"B.java", 0)),
            (b"a.B.c (B.java:99999999999999999999)", (b"a.B.c", b"B.java", 0)),
            (b"f (/usr/lib/libc.so.6/)", (b"f", b"libc.so.6", 0)),
            (b"f ()", (b"f", b".", 0)),
            (b"f (//)", (b"f", b"/", 0)),
            (b"at generated stub/JIT code", (b"STUB", b"", 0)),
            (b"GC", (b"GC", b"", 0)),
        ];
        for (text, expected) in cases {
            assert_eq!(described(text), expected, "{}", shown(text));
        }
    }

    #[test]
    fn functions_are_numbered_as_samples_name_them_and_unnamed_addresses_get_a_mapping() {
        let mut draft = Draft::new(1, &Limits::default());
        draft.sample([3, 2, 1], &[1], None).unwrap();
        let text =
            b"0x9 unused (a:1)\nnoise\n0x1 one (a:1)\n0x3 three (c:3)\n0x1 other (d:4)\n0x3 three (e:5)";
        read_locations(&mut Lines::new(text), &mut draft).unwrap();
        draft.sample_types = vec![names(b"cpu", b"count")];
        let profile = draft.build().unwrap();
        let named: Vec<_> = profile
            .locations
            .ids()
            .map(|id| {
                let line = profile.locations.lines(id).first();
                let name = line.map(|line| {
                    profile
                        .strings
                        .text(profile.functions.name[line.function.index()])
                });
                (
                    name.map(std::borrow::Cow::into_owned),
                    profile.locations.get(id).mapping.is_some(),
                )
            })
            .collect();
        assert_eq!(
            named,
            [
                (Some("three".into()), false),
                (None, true),
                (Some("other".into()), false)
            ]
        );
        assert_eq!(profile.functions.len(), 2);
        assert_eq!(profile.strings.text(profile.functions.filename[0]), "c");
    }

    #[test]
    fn an_address_of_more_than_64_bits_is_an_error() {
        let mut draft = Draft::new(1, &Limits::default());
        let error = read_locations(&mut Lines::new(b"\n0x11111111111111111 f\n"), &mut draft).unwrap_err();
        assert_eq!(error.place, Some(Place::Line(2)));
    }
}
