//! `name=value` lines of a memory map, and `$name` in the lines behind them.

use crate::error::{Error, Result};
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// Bytes of all substituted lines together. Chosen: a memory map has some thousands of lines of some hundred
/// bytes, while values that name each other double with every line.
const EXPANDED_BYTES: usize = 8 << 20;

/// How often `$` may stand in a name. Chosen: names are words such as `build`, and a search that starts at
/// each `$` of a line ends at the next but these, so it takes time in proportion to the line.
const SIGNS_IN_NAME: usize = 4;

/// Bytes of one name. Chosen: longer ones are lines of prose with a `=` in them.
const NAME_BYTES: usize = 256;

/// Bytes of all names, beginnings in common counted once. Chosen: many thousand names, where a map has a few.
const ALL_NAME_BYTES: usize = 1 << 20;

/// The names known so far, as a trie of their bytes behind the `$`.
#[derive(Debug)]
pub(super) struct Substitutions {
    /// The node reached from a node by a byte; node 0 is the root.
    edges: FxHashMap<(u32, u8), u32>,
    /// The value whose name ends in each node.
    ends: Vec<Option<u32>>,
    values: Vec<Vec<u8>>,
    /// Bytes that may still come out.
    left: usize,
}

impl Default for Substitutions {
    fn default() -> Self {
        Self {
            edges: FxHashMap::default(),
            ends: vec![None],
            values: Vec::new(),
            left: EXPANDED_BYTES,
        }
    }
}

impl Substitutions {
    /// Gives a name a value, unless it has one. Names that are long or full of `$` are left out.
    ///
    /// # Errors
    ///
    /// More names than a memory map can need.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        if name.len() > NAME_BYTES || name.split(|&byte| byte == b'$').count() > SIGNS_IN_NAME + 1 {
            return Ok(());
        }
        if self.ends.len() > ALL_NAME_BYTES {
            return Err(Error::invalid(format!(
                "the memory map has more than {ALL_NAME_BYTES} bytes of `name=value` names"
            )));
        }
        let mut node = 0u32;
        for &byte in name {
            let new = self.ends.len() as u32;
            node = *self.edges.entry((node, byte)).or_insert(new);
            if node == new {
                self.ends.push(None);
            }
        }
        if let Some(end @ None) = self.ends.get_mut(node as usize) {
            *end = Some(self.values.len() as u32);
            self.values.push(value.to_vec());
        }
        Ok(())
    }

    /// The line with values for names. Where several names fit, the one that was given first is meant, not
    /// the longest.
    ///
    /// # Errors
    ///
    /// More bytes come out of all lines together than a memory map can need.
    pub(super) fn apply<'a>(&mut self, line: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        if self.values.is_empty() || !line.contains(&b'$') {
            return Ok(Cow::Borrowed(line));
        }
        let mut out = Vec::with_capacity(line.len());
        let mut rest = line;
        while !rest.is_empty() {
            let sign = rest.iter().position(|&byte| byte == b'$').unwrap_or(rest.len());
            let (mut piece, mut after) = rest.split_at_checked(sign).unwrap_or((rest, &[]));
            if piece.is_empty() {
                let behind = after.get(1..).unwrap_or(&[]);
                (piece, after) = self.find(behind).unwrap_or((b"$", behind));
            }
            if out.len() + piece.len() > self.left {
                return Err(Error::invalid(format!(
                    "the `$name` substitutions of the memory map come to more than {EXPANDED_BYTES} bytes"
                )));
            }
            out.extend_from_slice(piece);
            rest = after;
        }
        self.left -= out.len();
        Ok(Cow::Owned(out))
    }

    /// The value of the name at the front of `text`, and what is behind the name.
    fn find<'t>(&self, text: &'t [u8]) -> Option<(&[u8], &'t [u8])> {
        let mut node = 0u32;
        let mut found: Option<(u32, usize)> = None;
        for len in 0..=text.len() {
            if let Some(&Some(value)) = self.ends.get(node as usize)
                && found.is_none_or(|(first, _)| value < first)
            {
                found = Some((value, len));
            }
            match text.get(len).and_then(|&byte| self.edges.get(&(node, byte))) {
                Some(&next) => node = next,
                None => break,
            }
        }
        let (value, len) = found?;
        Some((self.values.get(value as usize)?, text.get(len..)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(pairs: &[(&str, &str)], line: &str) -> String {
        let mut substitutions = Substitutions::default();
        for (name, value) in pairs {
            substitutions.add(name.as_bytes(), value.as_bytes()).unwrap();
        }
        String::from_utf8(substitutions.apply(line.as_bytes()).unwrap().into_owned()).unwrap()
    }

    #[test]
    fn the_name_given_first_wins_over_longer_ones_and_later_values() {
        assert_eq!(
            applied(&[("b", "1"), ("build", "2"), ("b", "3")], "$build $b $c"),
            "1uild 1 $c"
        );
        assert_eq!(applied(&[("build", "2"), ("b", "1")], "$build/$bin"), "2/1in");
    }

    #[test]
    fn an_empty_name_takes_the_place_of_the_sign_alone() {
        assert_eq!(applied(&[("", "/base")], "$/a $"), "/base/a /base");
    }

    #[test]
    fn a_name_may_have_signs_but_not_many() {
        assert_eq!(applied(&[("$a$", "1")], "$$a$b"), "1b");
        assert_eq!(applied(&[("$$$$$", "1")], "$$$$$$"), "$$$$$$");
    }

    #[test]
    fn values_are_not_looked_through_again() {
        assert_eq!(applied(&[("a", "$a$a")], "$a"), "$a$a");
    }

    #[test]
    fn values_that_multiply_are_stopped() {
        let mut substitutions = Substitutions::default();
        substitutions.add(b"0", &[b'x'; 1000]).unwrap();
        let error = (1..).find_map(|n: u32| {
            let line = format!("${}", n - 1).repeat(20);
            match substitutions.apply(line.as_bytes()) {
                Ok(value) => {
                    let value = value.into_owned();
                    substitutions.add(n.to_string().as_bytes(), &value).unwrap();
                    None
                }
                Err(error) => Some((n, error)),
            }
        });
        let (lines, error) = error.unwrap();
        assert!(lines < 8, "{lines}");
        assert!(error.to_string().contains("substitutions"), "{error}");
    }

    #[test]
    fn long_names_are_prose_and_too_many_names_an_error() {
        let prose = "p".repeat(NAME_BYTES + 1);
        assert_eq!(
            applied(&[(&prose, "1")], &format!("${prose}")),
            format!("${prose}")
        );
        let mut substitutions = Substitutions::default();
        let error = (0..).find_map(|n| {
            substitutions
                .add(
                    format!("{n:0>250}").chars().rev().collect::<String>().as_bytes(),
                    b"",
                )
                .err()
        });
        assert!(error.unwrap().to_string().contains("names"));
    }
}
