//! Label sets of one file, by the bytes of their messages.
//!
//! A heap profile of Go has one short label on every sample, the size of the objects: a few dozen different ones. Finding
//! them by two words takes half the instructions of hashing bytes.

#![allow(clippy::inline_always, reason = "code is made anew for each way of reading")]

use super::fold::string_of;
use crate::ids::StringId;
use crate::limits::Limits;
use crate::table::{Interner, Label, LabelSetsBuilder, LabelValue, StringsBuilder};
use crate::wire::cursor::Cursor;
use crate::wire::rows::numbers;

/// Label messages met in a file, as they lie, and the set of each.
#[derive(Debug, Clone, Default)]
pub(super) struct FileLabels {
    small: LabelCache,
    raw: Interner,
    sets: Vec<u32>,
    parsed: Vec<Label>,
}

impl FileLabels {
    /// Forgets everything: ids mean something else in the next file.
    pub(super) fn next_file(&mut self) {
        self.small.next_file();
        self.raw.clear();
        self.sets.clear();
    }

    /// The set of one label message or several; `None` when one of them is unusual.
    #[inline(always)]
    pub(super) fn set(
        &mut self,
        messages: Cursor<'_>,
        file: &[StringId],
        limits: &Limits,
        strings: &StringsBuilder,
        sets: &mut LabelSetsBuilder,
    ) -> Option<u32> {
        let short = ShortKey::of(messages);
        if let Some(set) = short.and_then(|key| self.small.get(key)) {
            return Some(set);
        }
        let set = self.long(messages, file, limits, strings, sets)?;
        if let Some(key) = short {
            self.small.put(key, set);
        }
        Some(set)
    }

    #[inline(never)]
    fn long(
        &mut self,
        mut messages: Cursor<'_>,
        file: &[StringId],
        limits: &Limits,
        strings: &StringsBuilder,
        sets: &mut LabelSetsBuilder,
    ) -> Option<u32> {
        let known = self.raw.intern(messages.rest()) as usize;
        if let Some(&set) = self.sets.get(known) {
            return Some(set);
        }
        self.parsed.clear();
        let mut count = 0;
        while !messages.is_done() {
            count += 1;
            if messages.tag()? != 0x1a || count > limits.stack_depth {
                return None;
            }
            let [key, text, number, unit] = numbers(messages.prefixed()?)?;
            let key = string_of(file, key)?;
            let value = if text != 0 {
                LabelValue::Str(string_of(file, text)?)
            } else if number != 0 || unit != 0 {
                LabelValue::Num(number as i64, string_of(file, unit)?)
            } else {
                continue;
            };
            self.parsed.push(Label { key, value });
        }
        let set = sets.intern(&mut self.parsed, |id| strings.get(id));
        self.sets.push(set.0);
        Some(set.0)
    }
}

/// Label messages of at most fifteen bytes, as two words; the last byte tells how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct ShortKey {
    words: [u64; 2],
}

impl ShortKey {
    /// The key of these bytes; `None` when there are none or too many, or when they stand near the end of the file.
    #[inline]
    fn of(raw: Cursor<'_>) -> Option<Self> {
        let len = raw.rest_len();
        if !(1..16).contains(&len) {
            return None;
        }
        let bits = u128::from_le_bytes(*raw.behind()?.first_chunk()?);
        let bits = bits & (u128::MAX >> (128 - 8 * len)) | (len as u128) << 120;
        Some(Self {
            words: [bits as u64, (bits >> 64) as u64],
        })
    }

    fn place(self) -> usize {
        let hash = super::tables::mix(
            self.words[0] ^ 0x9e37_79b9_7f4a_7c15,
            self.words[1] ^ 0xe703_7ed1_a0b4_28db,
        );
        hash as usize % PLACES
    }
}

/// Places of the cache. Chosen: it stays in the first cache of a core.
const PLACES: usize = 256;

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    key: ShortKey,
    /// The file in which this was met; ids mean something else in the next.
    file: u32,
    set: u32,
}

/// The last set met at each place.
#[derive(Debug, Clone)]
struct LabelCache {
    places: Vec<Place>,
    file: u32,
}

impl Default for LabelCache {
    fn default() -> Self {
        Self {
            places: vec![Place::default(); PLACES],
            file: 0,
        }
    }
}

impl LabelCache {
    /// Forgets everything.
    fn next_file(&mut self) {
        match self.file.checked_add(1) {
            Some(next) => self.file = next,
            None => *self = Self::default(),
        }
        // File 0 marks places that were never filled.
        self.file = self.file.max(1);
    }

    #[inline]
    fn get(&self, key: ShortKey) -> Option<u32> {
        let place = &self.places[key.place()];
        (place.file == self.file && place.key == key).then_some(place.set)
    }

    #[inline]
    fn put(&mut self, key: ShortKey, set: u32) {
        self.places[key.place()] = Place {
            key,
            file: self.file,
            set,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_until_the_next_file() {
        let mut cache = LabelCache::default();
        cache.next_file();
        let bytes = [7; 40];
        let key = |len| ShortKey::of(Cursor::new(&bytes).part(0, len));
        let keys: Vec<ShortKey> = (1..16).map(|len| key(len).unwrap()).collect();
        assert!((0..keys.len()).all(|at| !keys[..at].contains(&keys[at])));
        assert_eq!((key(0), key(16)), (None, None));
        cache.put(keys[3], 5);
        assert_eq!(cache.get(keys[3]), Some(5));
        assert_eq!(cache.get(keys[4]), None);
        cache.next_file();
        assert_eq!(cache.get(keys[3]), None);
    }
}
