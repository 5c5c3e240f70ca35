//! Finds rows by the hash of their contents.

/// A set of rows that lie elsewhere: eight bytes for each place, of which between three and six of eight are taken.
///
/// A place holds the row and enough of its hash to tell most others apart and to move it when the set grows, without looking at
/// the row itself. Looking one up reads one place as a rule, so it waits for memory once; a table with control bytes apart waits
/// twice.
#[derive(Debug, Clone, Default)]
pub struct RowIndex {
    /// Hash and row, the row counted from one: zero is an empty place. A power of two of them, or none.
    places: Vec<u64>,
    rows: usize,
}

/// No row: there are never so many.
pub const NO_ROW: u32 = u32::MAX;

/// Places of the smallest set.
const FEWEST: usize = 16;

/// The bits of a hash that a place keeps.
const fn short(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

const fn place_of(short: u32, row: u32) -> u64 {
    (short as u64) << 32 | (row as u64 + 1)
}

const fn row_of(place: u64) -> u32 {
    (place as u32).wrapping_sub(1)
}

impl RowIndex {
    /// An index with room for `rows`.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        let places = if rows == 0 {
            0
        } else {
            (rows + rows / 2).next_power_of_two().max(FEWEST)
        };
        Self {
            places: vec![0; places],
            rows: 0,
        }
    }

    /// Removes all rows and keeps the room.
    pub fn clear(&mut self) {
        if self.rows > 0 {
            self.places.fill(0);
            self.rows = 0;
        }
    }

    /// Where the search for a hash begins. An odd factor spreads what the hash holds over the bits that count.
    #[inline]
    fn start(&self, short: u32) -> usize {
        let spread = u64::from(short).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> 32) as usize & (self.places.len().wrapping_sub(1))
    }

    /// A row that may be equal, as far as its hash tells; the row itself is not looked at.
    #[inline]
    pub fn candidate(&self, hash: u64) -> Option<u32> {
        let short = short(hash);
        let mut at = self.start(short);
        loop {
            let place = *self.places.get(at)?;
            if place >> 32 == u64::from(short) && place != 0 {
                return Some(row_of(place));
            }
            if place == 0 {
                return None;
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    /// Appends what [`Self::candidate`] says for each of several hashes, [`NO_ROW`] for none.
    ///
    /// Their places are asked for first, all at once: the search of one is too long for the next to be fetched meanwhile.
    pub fn candidates(&self, hashes: &[u64], rows: &mut Vec<u32>) {
        let mut touched = 0;
        for &hash in hashes {
            touched ^= self.places.get(self.start(short(hash))).copied().unwrap_or(0);
        }
        std::hint::black_box(touched);
        rows.extend(hashes.iter().map(|&hash| self.candidate(hash).unwrap_or(NO_ROW)));
    }

    /// The equal row, or `next` when there is none yet; the caller then adds that row.
    #[inline]
    pub fn find_or_insert(&mut self, hash: u64, next: u32, mut is_equal: impl FnMut(u32) -> bool) -> u32 {
        if 4 * self.rows >= 3 * self.places.len() {
            self.grow();
        }
        let short = short(hash);
        let mut at = self.start(short);
        loop {
            let place = self.places[at];
            if place == 0 {
                self.places[at] = place_of(short, next);
                self.rows += 1;
                return next;
            }
            if place >> 32 == u64::from(short) && is_equal(row_of(place)) {
                return row_of(place);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    #[cold]
    fn grow(&mut self) {
        let places = vec![0; (2 * self.places.len()).max(FEWEST)];
        for place in std::mem::replace(&mut self.places, places) {
            if place != 0 {
                let mut at = self.start((place >> 32) as u32);
                while self.places[at] != 0 {
                    at = (at + 1) & (self.places.len() - 1);
                }
                self.places[at] = place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_equal_hashes_are_told_apart_by_their_contents() {
        let rows = [7, 8, 9];
        let mut index = RowIndex::default();
        for (next, content) in rows.iter().enumerate() {
            let found = index.find_or_insert(42, next as u32, |row| rows[row as usize] == *content);
            assert_eq!(found, next as u32);
        }
        assert_eq!(index.find_or_insert(42, 9, |row| rows[row as usize] == 8), 1);
        assert_eq!(index.find_or_insert(42, 9, |row| rows[row as usize] == 5), 9);
    }

    #[test]
    fn rows_are_found_again_after_the_index_has_grown() {
        // Among these are the hash zero and hashes that only differ in bits that are not kept.
        let hash = |row: u32| u64::from(row / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut index = RowIndex::default();
        for row in 0..10_000 {
            assert_eq!(index.find_or_insert(hash(row), row, |other| other == row), row);
        }
        assert!((0..10_000).all(|row| index.find_or_insert(hash(row), 0, |other| other == row) == row));
        assert!((0..10_000).all(|row| {
            index
                .candidate(hash(row))
                .is_some_and(|found| found / 2 == row / 2)
        }));
        assert_eq!(index.candidate(3), None);
    }

    #[test]
    fn an_index_with_room_or_without_holds_nothing_at_first_and_after_it_was_cleared() {
        for rows in [0, 1, 11, 1000] {
            let mut index = RowIndex::with_capacity(rows);
            assert_eq!(index.candidate(7), None);
            assert_eq!(index.find_or_insert(7, 5, |_| true), 5);
            assert_eq!(index.candidate(7), Some(5));
            index.clear();
            assert_eq!(index.candidate(7), None);
        }
    }
}
