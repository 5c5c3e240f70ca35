//! Reads a stack: its kind, its site, whose it is.

use super::super::query::Prepared;
use super::question::{GroupsQuery, Pick, Site, mark};
use crate::ids::{LocationId, StackId, StringId};
use crate::table::Line;

/// A frame by its location and the position of its line there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) location: LocationId,
    pub(super) line: Option<Line>,
}

/// What tells spots apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SpotKey {
    pub(super) function: StringId,
    pub(super) file: StringId,
    pub(super) line: i64,
}

/// What is known of a stack.
pub(super) struct Read {
    pub(super) kind: u8,
    pub(super) by: StringId,
    pub(super) leaf: u8,
    /// The kinds in it, ascending.
    pub(super) within: Vec<u8>,
    /// Those nearer to the leaf than the owner, ascending.
    pub(super) below: Vec<u8>,
    pub(super) site: Option<SpotKey>,
    pub(super) owner: Option<SpotKey>,
    pub(super) caller: Option<SpotKey>,
    pub(super) root: Option<SpotKey>,
}

pub(super) struct Reader<'p, 'v> {
    pub(super) prepared: &'v Prepared<'p>,
    pub(super) marks: &'v [u16],
    pub(super) query: &'v GroupsQuery,
}

impl Reader<'_, '_> {
    pub(super) fn frames(&self, stack: StackId, into: &mut Vec<Frame>) {
        let view = &self.prepared.view;
        into.clear();
        for location in view.stacks().frames(stack) {
            let lines = view.locations().lines(location);
            if lines.is_empty() {
                into.push(Frame { location, line: None });
            }
            into.extend(lines.iter().map(|&line| Frame {
                location,
                line: Some(line),
            }));
        }
    }

    pub(super) fn mark(&self, frame: Frame) -> u16 {
        let row = frame.line.map(|line| line.function.index());
        row.and_then(|row| self.marks.get(row)).copied().unwrap_or(0)
    }

    pub(super) fn spot(&self, frame: Frame) -> SpotKey {
        let view = &self.prepared.view;
        if let Some(line) = frame.line {
            let function = view.functions().get(line.function);
            return SpotKey {
                function: function.name,
                file: function.filename,
                line: if self.query.lines { line.line } else { 0 },
            };
        }
        let mapping = view.locations().get(frame.location).mapping;
        SpotKey {
            function: StringId::EMPTY,
            file: mapping.map_or(StringId::EMPTY, |mapping| view.mappings().get(mapping).file),
            line: 0,
        }
    }

    /// What orders spots: their words, whatever the order of the tables.
    pub(super) fn order(&self, key: Option<SpotKey>) -> Option<(&[u8], &[u8], i64)> {
        let strings = self.prepared.view.strings();
        key.map(|key| (strings.get(key.function), strings.get(key.file), key.line))
    }

    /// The frame that gives the kind.
    pub(super) fn pick(&self, frames: &[Frame]) -> Option<usize> {
        let kind_of = |frame: &Frame| self.mark(*frame) as u8;
        match self.query.pick {
            Pick::First => frames.iter().position(|frame| kind_of(frame) != 0).map(|first| {
                let is_wrapped = |at: &usize| {
                    let caller = frames.get(at + 1);
                    caller.is_some_and(|frame| kind_of(frame) != 0 && self.mark(*frame) & mark::WRAPS != 0)
                };
                (first..frames.len()).find(|at| !is_wrapped(at)).unwrap_or(first)
            }),
            Pick::Leading => {
                let is_lead = |frame: &Frame| kind_of(frame) != 0 || self.mark(*frame) & mark::PLUMBING != 0;
                let lead = frames.iter().take_while(|frame| is_lead(frame)).count();
                frames.get(..lead)?.iter().rposition(|frame| kind_of(frame) != 0)
            }
            Pick::Least => {
                let of_some = |(at, frame)| Some((kind_of(frame), at)).filter(|&(kind, _)| kind != 0);
                frames
                    .iter()
                    .enumerate()
                    .filter_map(of_some)
                    .min()
                    .map(|(_, at)| at)
            }
        }
    }

    /// What is known of a stack; `given` is the kind that a label gave it, 0 for none.
    pub(super) fn read(&self, frames: &[Frame], given: u8) -> Read {
        let kind_of = |frame: &Frame| self.mark(*frame) as u8;
        let is_plumbing = |frame: &Frame| self.mark(*frame) & mark::PLUMBING != 0;
        let is_own = |frame: &&Frame| self.mark(**frame) & mark::OWN != 0;
        let at = if given == 0 { self.pick(frames) } else { None };
        let nearest = frames.iter().position(|frame| is_own(&frame));
        let kinds_of = |frames: &[Frame]| {
            let mut kinds: Vec<u8> = frames.iter().map(kind_of).filter(|&kind| kind != 0).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        };
        let within = kinds_of(frames);
        let below = kinds_of(&frames[..nearest.unwrap_or(frames.len())]);
        let owner = nearest.map(|at| self.spot(frames[at]));
        let root = frames.iter().rev().find(|frame| !is_plumbing(frame));
        let root = root.or(frames.last()).map(|&frame| self.spot(frame));
        let from = at.unwrap_or(0);
        let worth = |frame: &Frame| !is_plumbing(frame);
        let behind = || {
            let behind = frames.get(from..).unwrap_or_default();
            let free = behind
                .iter()
                .position(|frame| worth(frame) && kind_of(frame) == 0);
            let place = free.or_else(|| behind.iter().position(worth)).unwrap_or(0);
            (!behind.is_empty()).then_some(from + place)
        };
        let place = match self.query.site {
            Site::None => None,
            Site::Behind => behind(),
            Site::Own => frames.iter().position(|frame| is_own(&frame)),
            Site::Root => frames.iter().rposition(worth).or(frames.len().checked_sub(1)),
        };
        let site = place.map(|place| self.spot(frames[place]));
        let others = frames
            .get(place.map_or(0, |place| place + 1)..)
            .unwrap_or_default();
        let caller = others
            .iter()
            .filter(is_own)
            .map(|&frame| self.spot(frame))
            .find(|spot| site.is_none_or(|site| site.function != spot.function));
        Read {
            kind: at.map_or(given, |at| kind_of(&frames[at])),
            by: at.map_or(StringId::EMPTY, |at| self.spot(frames[at]).function),
            leaf: frames.first().map_or(0, kind_of),
            within,
            below,
            site,
            owner,
            caller: caller.or(owner),
            root,
        }
    }

    /// The words of a stack, for an order that does not depend on tables.
    pub(super) fn words(&self, stack: StackId) -> Vec<(&[u8], &[u8], i64)> {
        let mut frames = Vec::new();
        self.frames(stack, &mut frames);
        let strings = self.prepared.view.strings();
        let word = |frame: &Frame| {
            let key = self.spot(*frame);
            let line = frame.line.map_or(0, |line| line.line);
            (strings.get(key.function), strings.get(key.file), line)
        };
        frames.iter().map(word).collect()
    }
}
