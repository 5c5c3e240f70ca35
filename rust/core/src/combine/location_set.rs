//! The locations of merged profiles, each once.
//!
//! They are looked up once for each file that has them, and what they are compared with has to be fetched from memory, so a row
//! is as short as it can be: sixteen bytes and eight for each line.

use super::tables::mix;
use crate::ids::{FunctionId, LocationId, MappingId};
use crate::table::{Line, RowIndex};
use rustc_hash::FxHashMap;

/// A location: where it is relative to its mapping, or its address when it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub relative: u64,
    pub mapping: Option<MappingId>,
    pub is_folded: bool,
}

impl Place {
    fn head(self) -> u32 {
        self.mapping.map_or(0, |mapping| mapping.0 + 1) << 1 | u32::from(self.is_folded)
    }
}

/// A place, and where its lines end.
#[derive(Debug, Clone, Copy)]
struct Row {
    relative: u64,
    /// The mapping, counted from one, and whether it is folded.
    head: u32,
    end: u32,
}

/// A function and a line of a [`LocationSet`]: below, the function; above, the number of the line or, behind a bit that is set, a
/// row of those positions that take more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShortLine(u64);

/// Marks the row of a long position.
const IS_LONG: u32 = 1 << 31;

/// Distinct locations.
#[derive(Debug, Clone, Default)]
pub(super) struct LocationSet {
    rows: Vec<Row>,
    lines: Vec<ShortLine>,
    /// Line and column where there is a column, or a line number of more than 31 bits.
    long: Vec<(i64, i64)>,
    long_rows: FxHashMap<(i64, i64), u32>,
    index: RowIndex,
    /// Of what is looked up together.
    hashes: Vec<u64>,
}

impl LocationSet {
    /// Number of locations.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn place(&self, location: u32) -> Place {
        let row = self.rows[location as usize];
        Place {
            relative: row.relative,
            mapping: (row.head >> 1).checked_sub(1).map(MappingId),
            is_folded: row.head & 1 == 1,
        }
    }

    /// The lines of a location.
    pub(super) fn lines(&self, location: u32) -> impl Iterator<Item = Line> {
        self.short_lines(location).iter().map(|short| {
            let (line, column) = match (short.0 >> 32) as u32 {
                line @ ..IS_LONG => (i64::from(line), 0),
                long => self.long[(long ^ IS_LONG) as usize],
            };
            Line {
                function: FunctionId(short.0 as u32),
                line,
                column,
            }
        })
    }

    fn short_lines(&self, location: u32) -> &[ShortLine] {
        lines_of(&self.rows, &self.lines, location)
    }

    /// The short form of a line.
    #[inline]
    pub(super) fn shorten(&mut self, line: Line) -> ShortLine {
        let position = if line.column == 0 && line.line as u64 >> 31 == 0 {
            line.line as u32
        } else {
            self.long_position(line)
        };
        ShortLine(u64::from(position) << 32 | u64::from(line.function.0))
    }

    #[cold]
    fn long_position(&mut self, line: Line) -> u32 {
        let Self { long, long_rows, .. } = self;
        let position = (line.line, line.column);
        IS_LONG
            | *long_rows.entry(position).or_insert_with(|| {
                long.push(position);
                long.len() as u32 - 1
            })
    }

    /// The row of a location, added if it is new.
    pub(super) fn intern(&mut self, place: Place, lines: &[ShortLine]) -> LocationId {
        let Self {
            rows,
            lines: all,
            index,
            ..
        } = self;
        let next = rows.len() as u32;
        let row = index.find_or_insert(hash(place, lines), next, |row| {
            is_at(&rows[row as usize], place) && lines_of(rows, all, row) == lines
        });
        if row == next {
            all.extend_from_slice(lines);
            rows.push(Row {
                relative: place.relative,
                head: place.head(),
                end: all.len() as u32,
            });
        }
        LocationId(row)
    }

    /// The rows of several locations, of which those that are new are added in order: of each its place and where its lines end in
    /// `lines`.
    ///
    /// Looking one up waits for memory three times: for its bucket, the row, the lines. Several at once wait together, so each
    /// step is done for all before the next.
    pub(super) fn intern_all(&mut self, places: &[(Place, u32)], lines: &[ShortLine], found: &mut Vec<u32>) {
        let with_lines = places.iter().scan(0, |start, &(place, end)| {
            let own = &lines[*start..end as usize];
            *start = end as usize;
            Some((place, own))
        });
        self.hashes.clear();
        self.hashes
            .extend(with_lines.clone().map(|(place, own)| hash(place, own)));
        found.clear();
        self.index.candidates(&self.hashes, found);
        let mut touched = 0;
        for &row in &*found {
            touched ^= self.rows.get(row as usize).map_or(0, |row| row.head);
        }
        for &row in &*found {
            let last = self.rows.get(row as usize).map_or(0, |row| row.end);
            touched ^= self.lines.get(last as usize).map_or(0, |line| line.0 as u32);
        }
        std::hint::black_box(touched);
        for (row, (place, own)) in found.iter_mut().zip(with_lines) {
            let is_it = |kept| is_at(kept, place) && self.short_lines(*row) == own;
            if !self.rows.get(*row as usize).is_some_and(is_it) {
                *row = self.intern(place, own).0;
            }
        }
    }
}

#[inline]
fn is_at(row: &Row, place: Place) -> bool {
    row.relative == place.relative && row.head == place.head()
}

#[inline]
fn lines_of<'a>(rows: &[Row], lines: &'a [ShortLine], row: u32) -> &'a [ShortLine] {
    let row = row as usize;
    let start = if row == 0 { 0 } else { rows[row - 1].end as usize };
    &lines[start..rows[row].end as usize]
}

fn hash(place: Place, lines: &[ShortLine]) -> u64 {
    let head = u64::from(place.head());
    let first = mix(
        place.relative ^ 0x243f_6a88_85a3_08d3,
        head ^ 0x1319_8a2e_0370_7344,
    );
    lines
        .iter()
        .fold(first, |hash, line| mix(hash ^ line.0, 0xa409_3822_299f_31d1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(relative: u64) -> Place {
        Place {
            relative,
            mapping: None,
            is_folded: false,
        }
    }

    fn line(function: u32, line: i64, column: i64) -> Line {
        Line {
            function: FunctionId(function),
            line,
            column,
        }
    }

    #[test]
    fn lines_come_out_as_they_went_in_and_are_told_apart() {
        let positions = [
            (0, 0),
            (7, 0),
            (7, 1),
            (1, 7),
            (i64::from(i32::MAX), 0),
            (i64::from(i32::MAX) + 1, 0),
            (i64::from(u32::MAX), 0),
            (-1, 0),
            (0, -1),
            (i64::MIN, i64::MAX),
        ];
        let mut set = LocationSet::default();
        let lines: Vec<Line> = positions.map(|(number, column)| line(3, number, column)).to_vec();
        for pass in 0..2 {
            for (row, &line) in lines.iter().enumerate() {
                let short = set.shorten(line);
                assert_eq!(
                    set.intern(place(5), &[short]).index(),
                    row,
                    "pass {pass}: {line:?}"
                );
                assert_eq!(set.lines(row as u32).collect::<Vec<_>>(), [line]);
            }
        }
        assert_eq!(set.len(), lines.len());
    }

    #[test]
    fn places_and_lists_of_lines_are_told_apart() {
        let mut set = LocationSet::default();
        let [a, b] = [line(1, 2, 0), line(2, 2, 0)].map(|line| set.shorten(line));
        let in_first = Place {
            mapping: Some(MappingId(0)),
            ..place(5)
        };
        let in_second = Place {
            mapping: Some(MappingId(1)),
            ..place(5)
        };
        let folded = Place {
            is_folded: true,
            ..place(5)
        };
        let places = [place(5), place(6), in_first, in_second, folded];
        let lists: [&[ShortLine]; 5] = [&[], &[a], &[b], &[a, b], &[b, a]];
        let (mut all, mut lines) = (Vec::new(), Vec::new());
        for place in places {
            for list in lists {
                lines.extend_from_slice(list);
                all.push((place, lines.len() as u32));
            }
        }
        let expected: Vec<u32> = (0..25).collect();
        let mut found = Vec::new();
        for _ in 0..2 {
            set.intern_all(&all, &lines, &mut found);
            assert_eq!(found, expected);
        }
        for (row, &(place, _)) in all.iter().enumerate() {
            assert_eq!(set.place(row as u32), place);
            assert_eq!(set.lines(row as u32).count(), lists[row % 5].len());
        }
    }

    /// Of so many some have the same bits of a hash in the index: only what is compared behind it tells those apart.
    #[test]
    fn locations_whose_hashes_look_equal_are_told_apart() {
        type Make = fn(&mut LocationSet, u32) -> (Place, ShortLine);
        let by_offset: Make = |set, row| (place(row.into()), set.shorten(line(0, 0, 0)));
        let by_line: Make = |set, row| (place(5), set.shorten(line(row, 0, 0)));
        let by_mapping: Make = |set, row| {
            let mapping = Some(MappingId(row));
            (Place { mapping, ..place(5) }, set.shorten(line(0, 0, 0)))
        };
        for make in [by_offset, by_line, by_mapping] {
            let mut set = LocationSet::default();
            let rows: Vec<u32> = (0..200_000).collect();
            for &row in &rows {
                let (place, line) = make(&mut set, row);
                assert_eq!(set.intern(place, &[line]).0, row);
            }
            let mut found = Vec::new();
            for some in rows.chunks(64) {
                let made: Vec<_> = some.iter().map(|&row| make(&mut set, row)).collect();
                let places: Vec<_> = (1..).zip(&made).map(|(end, one)| (one.0, end)).collect();
                let lines: Vec<_> = made.iter().map(|one| one.1).collect();
                set.intern_all(&places, &lines, &mut found);
                assert_eq!(found, some);
            }
        }
    }
}
