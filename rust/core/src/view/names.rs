//! `focus`, `ignore`, `hide`, `show` and `show_from`: filters by the names of frames.
//!
//! A frame is matched by its function's name, its file name, or the file of its mapping.

use super::View;
use crate::ids::{LocationId, StackId};
use crate::pattern::{Memo, Pattern};
use crate::table::{Line, Locations};
use std::borrow::Cow;

/// The expressions of one call of [`View::filter_by_name`].
#[derive(Debug, Default, Clone, Copy)]
pub struct NameFilters<'a> {
    /// Keep samples with a matching frame.
    pub focus: Option<&'a Pattern>,
    /// Drop samples with a matching frame.
    pub ignore: Option<&'a Pattern>,
    /// Drop matching frames.
    pub hide: Option<&'a Pattern>,
    /// Keep only matching frames.
    pub show: Option<&'a Pattern>,
}

/// Which of the expressions matched a frame.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "one flag an expression")]
pub struct NameMatches {
    /// `focus` did (or was not given).
    pub focus: bool,
    /// `ignore` did.
    pub ignore: bool,
    /// `hide` did.
    pub hide: bool,
    /// `show` did.
    pub show: bool,
}

/// What focus and ignore make of a location; as bits, so that those of a stack are put together without a branch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Neutral = 0,
    Focused = 1,
    Ignored = 2,
}

impl View<'_> {
    fn matches_line(&self, memo: &mut Memo<'_>, line: &Line) -> bool {
        let function = self.functions.get(line.function);
        memo.is_match(function.name, &self.strings) || memo.is_match(function.filename, &self.strings)
    }

    fn matches_mapping(&self, memo: &mut Memo<'_>, location: LocationId) -> bool {
        let mapping = self.locations.get(location).mapping;
        mapping.is_some_and(|mapping| memo.is_match(self.mappings.get(mapping).file, &self.strings))
    }

    fn matches_name(&self, memo: &mut Memo<'_>, location: LocationId) -> bool {
        self.locations
            .lines(location)
            .iter()
            .any(|line| self.matches_line(memo, line))
            || self.matches_mapping(memo, location)
    }

    /// Drops samples by `focus` and `ignore`, and frames by `hide` and `show`; tells what matched.
    ///
    /// `ignore` wins over `focus` at one location. Samples whose last frame is hidden are dropped.
    pub fn filter_by_name(&mut self, filters: NameFilters<'_>) -> NameMatches {
        let NameFilters {
            focus,
            ignore,
            hide,
            show,
        } = filters;
        let mut matches = NameMatches::default();
        if focus.is_none() && ignore.is_none() && hide.is_none() && show.is_none() {
            matches.focus = true;
            return matches;
        }
        let verdicts = self.verdicts(focus, ignore, &mut matches);
        let hidden = self.hide_lines(hide, show, &mut matches);
        let kept_stacks = self.judged(&verdicts);
        self.retain(|_, sample| kept_stacks[sample.stack.index()]);
        if hidden.contains(&true) {
            self.map_stacks(|frames| frames.retain(|location| !hidden[location.index()]));
            self.retain(|view, sample| view.stacks.frames(sample.stack).next().is_some());
        }
        matches
    }

    /// Which stacks have a focused location and no ignored one.
    fn judged(&self, verdicts: &[Verdict]) -> Vec<bool> {
        let rows = (0..self.stacks.len()).map(StackId::from_index);
        // What matches nothing, or everything, is decided without a look at any frame.
        if verdicts.iter().all(|&verdict| verdict == Verdict::Focused) {
            return rows.map(|row| !self.stacks.packed(row).is_empty()).collect();
        }
        let mut frames = Vec::new();
        rows.map(|row| {
            self.stacks.read(row, &mut frames);
            let bits = frames.iter().map(|location| verdicts[location.index()] as u8);
            bits.fold(0, |met, bit| met | bit) == Verdict::Focused as u8
        })
        .collect()
    }

    fn verdicts(
        &self,
        focus: Option<&Pattern>,
        ignore: Option<&Pattern>,
        matches: &mut NameMatches,
    ) -> Vec<Verdict> {
        let strings = self.strings.len();
        let mut focus = focus.map(|pattern| Memo::new(pattern, strings));
        let mut ignore = ignore.map(|pattern| Memo::new(pattern, strings));
        self.locations
            .ids()
            .map(|location| {
                if ignore
                    .as_mut()
                    .is_some_and(|memo| self.matches_name(memo, location))
                {
                    matches.ignore = true;
                    Verdict::Ignored
                } else if focus
                    .as_mut()
                    .is_none_or(|memo| self.matches_name(memo, location))
                {
                    matches.focus = true;
                    Verdict::Focused
                } else {
                    Verdict::Neutral
                }
            })
            .collect()
    }

    /// Drops lines by `hide` and `show`, and tells which locations have none left through that.
    fn hide_lines(
        &mut self,
        hide: Option<&Pattern>,
        show: Option<&Pattern>,
        matches: &mut NameMatches,
    ) -> Vec<bool> {
        let mut hidden = vec![false; self.locations.len()];
        if hide.is_none() && show.is_none() {
            return hidden;
        }
        let strings = self.strings.len();
        let mut hide = hide.map(|pattern| Memo::new(pattern, strings));
        let mut show = show.map(|pattern| Memo::new(pattern, strings));
        let locations = self.locations.with_lines(|location, lines, into| {
            let start = into.len();
            into.extend_from_slice(lines);
            if let Some(memo) = &mut hide
                && self.matches_name(memo, location)
            {
                matches.hide = true;
                if self.matches_mapping(memo, location) {
                    into.truncate(start);
                } else {
                    let kept: Vec<Line> = lines
                        .iter()
                        .filter(|line| !self.matches_line(memo, line))
                        .copied()
                        .collect();
                    into.truncate(start);
                    into.extend(kept);
                }
                hidden[location.index()] = into.len() == start;
            }
            if let Some(memo) = &mut show {
                if !self.matches_mapping(memo, location) {
                    let kept: Vec<Line> = into[start..]
                        .iter()
                        .filter(|line| self.matches_line(memo, line))
                        .copied()
                        .collect();
                    into.truncate(start);
                    into.extend(kept);
                }
                if into.len() == start {
                    hidden[location.index()] = true;
                } else {
                    matches.show = true;
                }
            }
        });
        self.locations = Cow::Owned(locations);
        hidden
    }

    /// Drops the frames above the highest one that matches, and samples without one; tells whether any matched.
    pub fn show_from(&mut self, pattern: &Pattern) -> bool {
        let mut memo = Memo::new(pattern, self.strings.len());
        let mut matched = vec![false; self.locations.len()];
        let locations: Locations = self.locations.with_lines(|location, lines, into| {
            let row = &mut matched[location.index()];
            if self.matches_mapping(&mut memo, location) {
                *row = true;
                into.extend_from_slice(lines);
            } else if let Some(last) = lines.iter().rposition(|line| self.matches_line(&mut memo, line)) {
                *row = true;
                into.extend_from_slice(&lines[..=last]);
            } else {
                into.extend_from_slice(lines);
            }
        });
        self.locations = Cow::Owned(locations);
        self.retain(|view, sample| {
            view.stacks
                .frames(sample.stack)
                .any(|location| matched[location.index()])
        });
        self.map_stacks(|frames| {
            let keep = frames
                .iter()
                .rposition(|location| matched[location.index()])
                .map_or(0, |last| last + 1);
            frames.truncate(keep);
        });
        matched.contains(&true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Profile, ProfileBuilder};
    use crate::table::{Function, Location};

    /// Stacks `f0`, `f1`, `f1 f0` and one without frames.
    fn profile() -> Profile {
        let mut builder = ProfileBuilder::default();
        let count = builder.value_type(b"samples", b"count");
        builder.header.sample_types.push(count);
        let locations = ["f0", "f1"].map(|name| {
            let name = builder.string(name.as_bytes());
            let function = builder.function(Function {
                name,
                ..Function::default()
            });
            let line = Line {
                function,
                ..Line::default()
            };
            builder.location(Location::default(), &[line]).unwrap()
        });
        let [f0, f1] = locations;
        for (value, stack) in (1..).zip([&[f0][..], &[f1], &[f1, f0], &[]]) {
            builder.sample(stack, &[value], &mut []).unwrap();
        }
        builder.finish()
    }

    fn left(focus: &str, ignore: &str) -> Vec<u32> {
        let profile = profile();
        let mut view = View::all(&profile);
        let focus = Pattern::optional("focus", focus).unwrap();
        let ignore = Pattern::optional("ignore", ignore).unwrap();
        view.filter_by_name(NameFilters {
            focus: focus.as_ref(),
            ignore: ignore.as_ref(),
            ..NameFilters::default()
        });
        view.samples().map(|sample| sample.row).collect()
    }

    #[test]
    fn a_sample_stays_with_a_focused_frame_and_no_ignored_one() {
        assert_eq!(left("f0", ""), [0, 2]);
        assert_eq!(left("", "f0"), [1]);
        assert_eq!(left("f1", "f0"), [1]);
        assert!(left("x", "").is_empty());
        assert!(left("", "f").is_empty());
        // A stack without frames has none that is focused, even where every frame is.
        assert_eq!(left("f", ""), [0, 1, 2]);
        assert_eq!(left("", "x"), [0, 1, 2]);
    }
}
