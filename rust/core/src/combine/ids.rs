//! Merged rows by the ids of one file.

use super::sums::NONE;
use rustc_hash::FxHashMap;

/// From the ids of a file to rows. Most encoders count ids from 1, so they index a list; others go to a map.
#[derive(Debug, Clone, Default)]
pub(super) struct FileRows {
    dense: Vec<u32>,
    sparse: FxHashMap<u64, u32>,
    rows: usize,
}

/// How many places of the list may stay empty for each row in it.
const WASTE: u64 = 4;
/// Ids below this are listed whatever it wastes.
const SMALL: u64 = 1 << 12;

impl FileRows {
    pub(super) fn clear(&mut self) {
        self.dense.clear();
        self.sparse.clear();
        self.rows = 0;
    }

    /// Enters a row; `None` for the reserved id 0 and for an id that is taken.
    #[inline]
    pub(super) fn insert(&mut self, id: u64, row: u32) -> Option<()> {
        if id == 0 {
            return None;
        }
        self.rows += 1;
        if id < SMALL || id < WASTE * self.rows as u64 {
            let at = id as usize;
            if at >= self.dense.len() {
                self.dense.resize(at + 1, NONE);
            }
            if self.dense[at] != NONE || self.sparse.contains_key(&id) {
                return None;
            }
            self.dense[at] = row;
            return Some(());
        }
        self.sparse.insert(id, row).is_none().then_some(())
    }

    /// The row of an id.
    #[inline]
    pub(super) fn get(&self, id: u64) -> Option<u32> {
        match self.dense.get(id as usize) {
            Some(&row) if row != NONE && id <= u64::from(u32::MAX) => Some(row),
            _ => self.sparse.get(&id).copied(),
        }
    }

    /// Appends the rows of packed ids.
    #[inline]
    pub(super) fn translate(&self, packed: &[u8], rows: &mut Vec<u32>) -> Option<()> {
        // Each id takes a byte at least, so this is room for all of them.
        let first = rows.len();
        rows.resize(first + packed.len(), 0);
        let mut count = first;
        let mut rest = packed;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            let mut id = u64::from(byte);
            if byte >= 0x80 {
                let (&byte, tail) = rest.split_first()?;
                rest = tail;
                id = (id & 0x7f) | u64::from(byte) << 7;
                if byte >= 0x80 {
                    let (&byte, tail) = rest.split_first()?;
                    rest = tail;
                    id = (id & 0x3fff) | u64::from(byte) << 14;
                    if byte >= 0x80 {
                        id &= 0x1f_ffff;
                        let mut shift = 21;
                        loop {
                            let (&byte, tail) = rest.split_first()?;
                            rest = tail;
                            id |= u64::from(byte & 0x7f).wrapping_shl(shift);
                            if byte < 0x80 {
                                break;
                            }
                            shift += 7;
                            // Longer than any number; the full decoder says so.
                            if shift > 63 {
                                return None;
                            }
                        }
                    }
                }
            }
            let row = match self.dense.get(id as usize) {
                Some(&row) if row != NONE => row,
                _ => self.get(id)?,
            };
            rows[count] = row;
            count += 1;
        }
        rows.truncate(count);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_size_are_found_and_translated() {
        let mut rows = FileRows::default();
        let ids = [
            1,
            2,
            127,
            128,
            4_095,
            16_384,
            2_097_152,
            u64::from(u32::MAX),
            u64::MAX,
        ];
        for (row, &id) in ids.iter().enumerate() {
            rows.insert(id, row as u32).unwrap();
        }
        let mut packed = Vec::new();
        for &id in &ids {
            crate::wire::varint::put_varint(id, &mut packed);
        }
        let mut found = Vec::new();
        rows.translate(&packed, &mut found).unwrap();
        assert_eq!(found, (0..ids.len() as u32).collect::<Vec<_>>());
        assert_eq!(rows.get(3), None);
        assert_eq!(rows.insert(0, 1), None);
        assert!(ids.iter().all(|&id| rows.insert(id, 9).is_none()));
    }

    #[test]
    fn an_id_that_is_cut_off_or_unknown_is_refused() {
        let mut rows = FileRows::default();
        rows.insert(1, 0).unwrap();
        for packed in [&[0x81][..], &[0x81, 0x80], &[0x02], &[0x00], &[0xff; 11]] {
            assert_eq!(rows.translate(packed, &mut Vec::new()), None, "{packed:?}");
        }
    }
}
