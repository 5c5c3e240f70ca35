//! Finds rows by the hash of their contents.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// A row and enough of its hash to tell most others apart and to move it when the table grows, without looking at
/// the row itself.
#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: u32,
    row: u32,
}

/// A set of rows that lie elsewhere: eight bytes a row.
#[derive(Debug, Clone, Default)]
pub struct RowIndex {
    slots: HashTable<Slot>,
}

/// The bits of a hash that a slot keeps.
const fn short(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

/// The table wants entropy in the lowest and the highest bits; an odd factor spreads it from 32 bits to both.
const fn spread(short: u32) -> u64 {
    (short as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl RowIndex {
    /// An index with room for `rows`.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            slots: HashTable::with_capacity(rows),
        }
    }

    /// Removes all rows and keeps the room.
    pub fn clear(&mut self) {
        self.slots.clear();
    }

    /// A row that may be equal, as far as its hash tells; the row itself is not looked at.
    #[inline]
    pub fn candidate(&self, hash: u64) -> Option<u32> {
        let short = short(hash);
        self.slots
            .find(spread(short), |slot| slot.hash == short)
            .map(|slot| slot.row)
    }

    /// The equal row, or `next` when there is none yet; the caller then adds that row.
    #[inline]
    pub fn find_or_insert(&mut self, hash: u64, next: u32, mut is_equal: impl FnMut(u32) -> bool) -> u32 {
        let short = short(hash);
        let entry = self.slots.entry(
            spread(short),
            |slot| slot.hash == short && is_equal(slot.row),
            |slot| spread(slot.hash),
        );
        match entry {
            Entry::Occupied(found) => found.get().row,
            Entry::Vacant(vacant) => {
                vacant.insert(Slot {
                    hash: short,
                    row: next,
                });
                next
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
        let hash = |row: u32| u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut index = RowIndex::default();
        for row in 0..10_000 {
            assert_eq!(index.find_or_insert(hash(row), row, |other| other == row), row);
        }
        assert!((0..10_000).all(|row| index.find_or_insert(hash(row), 0, |other| other == row) == row));
    }
}
