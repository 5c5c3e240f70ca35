//! Merged rows by the ids of one file.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

use super::stack_set::hash_groups;
use super::sums::NONE;
use crate::wire::cursor::Cursor;
use crate::wire::short_ids::{PAST, SHORT, Way};
use rustc_hash::FxHashMap;

/// From the ids of a file to rows. Most encoders count ids from 1, so they index a list; others go to a map.
#[derive(Debug, Clone)]
pub(super) struct FileRows {
    /// At least [`SHORT`] long, so that the ids of one and two bytes need no check.
    dense: Vec<u32>,
    /// Behind the last place of the list that is taken.
    end: usize,
    sparse: FxHashMap<u64, u32>,
    rows: usize,
}

impl Default for FileRows {
    fn default() -> Self {
        Self {
            dense: vec![NONE; SHORT],
            end: 0,
            sparse: FxHashMap::default(),
            rows: 0,
        }
    }
}

/// How many places of the list may stay empty for each row in it.
const WASTE: u64 = 4;

impl FileRows {
    pub(super) fn clear(&mut self) {
        self.dense[..self.end].fill(NONE);
        self.end = 0;
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
        if id < SHORT as u64 || id < WASTE * self.rows as u64 {
            let at = id as usize;
            if at >= self.dense.len() {
                self.dense.resize(at + 1, NONE);
            }
            if self.dense[at] != NONE || self.sparse.contains_key(&id) {
                return None;
            }
            self.dense[at] = row;
            self.end = self.end.max(at + 1);
            return Some(());
        }
        self.sparse.insert(id, row).is_none().then_some(())
    }

    /// Enters the rows of several ids.
    #[inline]
    pub(super) fn insert_all(&mut self, ids: &[u64], rows: &[u32]) -> Option<()> {
        for (&id, &row) in ids.iter().zip(rows) {
            self.insert(id, row)?;
        }
        Some(())
    }

    /// The row of an id.
    #[inline]
    pub(super) fn get(&self, id: u64) -> Option<u32> {
        let listed = usize::try_from(id)
            .ok()
            .and_then(|at| self.dense.get(at))
            .copied();
        match listed {
            Some(row) if row != NONE => Some(row),
            _ => self.sparse.get(&id).copied(),
        }
    }

    /// Appends the rows of packed ids; [`NONE`] may be among them where an id is unknown.
    #[inline(always)]
    pub(super) fn translate(&self, way: Way, mut packed: Cursor<'_>, frames: &mut Frames) -> Option<()> {
        // Each id takes a byte at least, so this is room for all of them.
        frames.make_room(packed.rest_len());
        let Frames { room, len } = frames;
        let short: &[u32; SHORT] = self.dense.first_chunk()?;
        if let Some(count) = way.translate(packed, short, room.get_mut(*len..)?) {
            *len += count;
            return Some(());
        }
        while !packed.is_done() {
            *room.get_mut(*len)? = self.get(packed.varint()?)?;
            *len += 1;
        }
        Some(())
    }
}

/// Rows in memory that is made once: only the first `len` count.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    room: Vec<u32>,
    pub len: usize,
}

impl Frames {
    /// The rows.
    pub(super) fn filled(&self) -> &[u32] {
        &self.room[..self.len]
    }

    /// The hash of the rows from `start` on, unless [`NONE`] is among them.
    #[inline(always)]
    pub(super) fn hash_from(&mut self, start: usize) -> Option<u64> {
        self.make_room(0);
        // Whole groups of four are hashed; what is missing is zero.
        if let Some(behind) = self.room[self.len..].first_chunk_mut::<3>() {
            *behind = [0; 3];
        }
        let depth = self.len - start;
        let own = &self.room[start..start + depth.next_multiple_of(4)];
        let mut all = 0;
        let (groups, _) = own.as_chunks::<4>();
        let groups = groups.iter().inspect(|[a, b, c, d]| all |= a | b | c | d);
        let hash = hash_groups(groups.copied(), depth);
        // No table has so many rows that one has the first bit of `NONE`.
        (all >> 31 == 0).then_some(hash)
    }

    /// Adds one.
    pub(super) fn push(&mut self, row: u32) {
        self.make_room(1);
        self.room[self.len] = row;
        self.len += 1;
    }

    #[inline(always)]
    fn make_room(&mut self, more: usize) {
        if self.room.len() - self.len < more + PAST {
            self.room.resize(2 * (self.len + more + PAST), 0);
        }
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
        let mut found = Frames::default();
        rows.translate(Way::best(), Cursor::new(&packed), &mut found)
            .unwrap();
        assert_eq!(found.filled(), (0..ids.len() as u32).collect::<Vec<_>>());
        assert_eq!(rows.get(3), None);
        assert_eq!(rows.insert(0, 1), None);
        assert!(ids.iter().all(|&id| rows.insert(id, 9).is_none()));
    }

    #[test]
    fn an_id_that_is_cut_off_or_unknown_is_refused() {
        let mut rows = FileRows::default();
        rows.insert(1, 0).unwrap();
        for packed in [&[0x81][..], &[0x81, 0x80], &[0x02], &[0x00], &[0xff; 11]] {
            let content = [packed, &[0; 8]].concat();
            for behind in [0, 8] {
                let mut frames = Frames::default();
                let packed = Cursor::new(&content[..packed.len() + behind]).part(0, packed.len());
                let found = rows.translate(Way::best(), packed, &mut frames);
                assert_eq!(found.and_then(|()| frames.hash_from(0)), None, "{packed:?}");
            }
        }
    }
}
