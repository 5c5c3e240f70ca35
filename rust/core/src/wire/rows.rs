//! Rows of tables as they stand in a plain profile: mappings, functions, locations with their lines.
//!
//! Every encoder but a few writes the fields of a message in the order of their numbers, each once; that is read without a branch
//! for each field. What is not so is read field by field, and what is unusual is refused.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

use super::cursor::Cursor;
use super::short_ids::Way;

/// Tag of a line in a location.
const LINE: u8 = 0x22;

/// One mapping as it stands in the file.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanMapping {
    pub id: u64,
    pub start: u64,
    pub limit: u64,
    pub offset: u64,
    pub file: u64,
    pub build_id: u64,
    /// `has_functions`, `has_filenames`, `has_line_numbers`, `has_inline_frames`.
    pub has: [bool; 4],
}

/// One function as it stands in the file.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanFunction {
    pub id: u64,
    pub name: u64,
    pub system_name: u64,
    pub filename: u64,
    pub start_line: i64,
}

/// One location as it stands in the file; its lines are given beside it.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanLocation {
    pub id: u64,
    pub mapping: u64,
    pub address: u64,
    pub is_folded: bool,
}

/// One line as it stands in the file.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ScanLine {
    pub function: u64,
    pub line: i64,
    pub column: i64,
}

/// A mapping; `None` when it is unusual.
pub(super) fn mapping(message: Cursor<'_>) -> Option<ScanMapping> {
    let [id, start, limit, offset, file, build_id, has @ ..] = numbers::<10>(message)?;
    Some(ScanMapping {
        id,
        start,
        limit,
        offset,
        file,
        build_id,
        has: has.map(|flag| flag != 0),
    })
}

/// A function; `None` when it is unusual.
#[inline(always)]
pub(crate) fn function(way: Way, message: Cursor<'_>) -> Option<ScanFunction> {
    let [id, name, system_name, filename, start_line] = all_numbers(way, message)?;
    Some(ScanFunction {
        id,
        name,
        system_name,
        filename,
        start_line: start_line as i64,
    })
}

/// A location, and its lines; `None` when it is unusual.
#[inline(always)]
pub(crate) fn location(way: Way, message: Cursor<'_>, lines: &mut Vec<ScanLine>) -> Option<ScanLocation> {
    lines.clear();
    if let Some(location) = location_in_order(way, message, lines) {
        return Some(location);
    }
    lines.clear();
    location_in_any_order(message, lines)
}

/// A location as every encoder but a few writes it: its fields in the order of their numbers.
#[inline(always)]
fn location_in_order(way: Way, mut message: Cursor<'_>, lines: &mut Vec<ScanLine>) -> Option<ScanLocation> {
    let [id, mapping, address] = message.numbers(way)?;
    let mut is_folded = false;
    while !message.is_done() {
        let [function, line, column] = if let Some([function, line]) = message.two_numbers(way, LINE) {
            [function, line, 0]
        } else {
            let (tag, number) = message.field(way)?;
            if tag == 0x28 {
                is_folded = number != 0;
                break;
            }
            if tag != u16::from(LINE) {
                return None;
            }
            all_numbers(way, message.take(number)?)?
        };
        lines.push(ScanLine {
            function,
            line: line as i64,
            column: column as i64,
        });
    }
    message.is_done().then_some(ScanLocation {
        id,
        mapping,
        address,
        is_folded,
    })
}

/// Fields 1, 2, 3 and 5 are numbers, 4 is a message.
#[inline(never)]
fn location_in_any_order(mut message: Cursor<'_>, lines: &mut Vec<ScanLine>) -> Option<ScanLocation> {
    let mut location = ScanLocation::default();
    while !message.is_done() {
        match message.tag()? {
            0x08 => location.id = message.varint()?,
            0x10 => location.mapping = message.varint()?,
            0x18 => location.address = message.varint()?,
            LINE => {
                let [function, line, column] = numbers(message.prefixed()?)?;
                lines.push(ScanLine {
                    function,
                    line: line as i64,
                    column: column as i64,
                });
            }
            0x28 => location.is_folded = message.varint()? != 0,
            _ => return None,
        }
    }
    Some(location)
}

/// The numbers of a message that has no fields but 1 to `N`; those that are missing are 0. `None` for any other.
#[inline(always)]
fn all_numbers<const N: usize>(way: Way, message: Cursor<'_>) -> Option<[u64; N]> {
    let mut rest = message;
    match rest.numbers(way) {
        Some(found) if rest.is_done() => Some(found),
        _ => numbers(message),
    }
}

/// The same, whatever their order; of a field that comes twice the last counts.
#[inline]
pub(crate) fn numbers<const N: usize>(mut message: Cursor<'_>) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    while !message.is_done() {
        let tag = message.tag()?;
        let field = usize::from(tag >> 3).checked_sub(1)?;
        if tag & 7 != 0 {
            return None;
        }
        *numbers.get_mut(field)? = message.varint()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::super::varint::put_varint;
    use super::*;
    use proptest::prelude::*;

    /// Fields in the order of their numbers, or in another; numbers that are zero may be missing.
    #[derive(Debug, Clone)]
    struct Form {
        keeps_zeros: bool,
        is_reversed: bool,
        behind: usize,
    }

    fn form() -> impl Strategy<Value = Form> {
        (any::<bool>(), prop::bool::weighted(0.2), 0usize..12).prop_map(
            |(keeps_zeros, is_reversed, behind)| Form {
                keeps_zeros,
                is_reversed,
                behind,
            },
        )
    }

    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), 1u64..200, 1u64..30_000, any::<u64>()]
    }

    impl Form {
        fn numbers(&self, numbers: &[u64]) -> Vec<Vec<u8>> {
            let fields = (1..)
                .zip(numbers)
                .filter(|(_, value)| self.keeps_zeros || **value != 0);
            fields
                .map(|(field, &value)| {
                    let mut bytes = vec![field << 3];
                    put_varint(value, &mut bytes);
                    bytes
                })
                .collect()
        }

        fn message(&self, mut fields: Vec<Vec<u8>>) -> Vec<u8> {
            if self.is_reversed {
                fields.reverse();
            }
            fields.concat()
        }

        /// What lies behind a message is never part of it.
        fn read<T>(&self, message: &[u8], read: impl Fn(Way, Cursor<'_>) -> T) -> Vec<T> {
            let content = [message, &vec![0xff; self.behind]].concat();
            [Way::Words, Way::best()]
                .map(|way| read(way, Cursor::new(&content).part(0, message.len())))
                .into()
        }
    }

    proptest! {
        #[test]
        fn functions_are_read_whatever_their_form(form in form(), numbers in prop::array::uniform5(number())) {
            let message = form.message(form.numbers(&numbers));
            for found in form.read(&message, function) {
                let found = found.unwrap();
                let start_line = found.start_line as u64;
                prop_assert_eq!(
                    [found.id, found.name, found.system_name, found.filename, start_line],
                    numbers
                );
            }
        }

        #[test]
        fn locations_are_read_whatever_their_form(
            form in form(),
            head in prop::array::uniform3(number()),
            lines in prop::collection::vec((prop::array::uniform3(number()), form()), 0..5),
            is_folded in any::<bool>(),
        ) {
            let mut fields = form.numbers(&head);
            for (numbers, form) in &lines {
                let line = form.message(form.numbers(numbers));
                let mut field = vec![0x22];
                put_varint(line.len() as u64, &mut field);
                fields.push([field, line].concat());
            }
            fields.push(vec![0x28, u8::from(is_folded)]);
            let message = form.message(fields);
            let found = form.read(&message, |way, message| {
                let mut lines = vec![ScanLine::default()];
                let location = location(way, message, &mut lines).unwrap();
                (location, lines)
            });
            for (location, mut found) in found {
                if form.is_reversed {
                    found.reverse();
                }
                prop_assert_eq!([location.id, location.mapping, location.address], head);
                prop_assert_eq!(location.is_folded, is_folded);
                let found: Vec<[u64; 3]> = found
                    .iter()
                    .map(|line| [line.function, line.line as u64, line.column as u64])
                    .collect();
                prop_assert_eq!(found, lines.iter().map(|(numbers, _)| *numbers).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_column_without_a_line_is_no_line() {
        let message = [0x08, 1, 0x22, 4, 0x08, 5, 0x18, 7, 0x28, 0];
        let content = [&message[..], &[0xff; 8]].concat();
        for way in [Way::Words, Way::best()] {
            let mut lines = Vec::new();
            location(way, Cursor::new(&content).part(0, message.len()), &mut lines).unwrap();
            assert_eq!(lines.len(), 1);
            assert_eq!((lines[0].function, lines[0].line, lines[0].column), (5, 0, 7));
        }
    }

    #[test]
    fn what_is_no_location_is_refused() {
        let tail = [0xff; 8];
        for odd in [
            &[0x00, 0x01][..],
            &[0x08, 0x01, 0x00, 0x01],
            &[0x08, 0x01, 0x32, 0x00],
            &[0x08, 0x81],
            &[0x22, 0x09, 0x08, 0x01],
            &[0x22, 0x02, 0x00, 0x01],
            &[0x22, 0x04, 0x08, 0x01, 0x20, 0x01],
            &[0x22, 0x05, 0x08, 0x01, 0x10, 0x81, 0x81],
        ] {
            let content = [odd, &tail].concat();
            for way in [Way::Words, Way::best()] {
                let message = Cursor::new(&content).part(0, odd.len());
                assert!(location(way, message, &mut Vec::new()).is_none(), "{odd:x?}");
            }
        }
    }
}
