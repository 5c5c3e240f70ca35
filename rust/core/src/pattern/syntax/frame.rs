//! What is known of the groups that are open: enough to hold Go's limits on depth, size and repetition.

use super::{Code, SyntaxError};

/// How deep operators may be inside each other. Source: Go.
const MAX_HEIGHT: u32 = 1000;
/// Instructions that the expression may take in Go's engine. Source: Go.
const MAX_SIZE: u64 = (128 << 20) / 40;
/// Copies of the innermost part that repetitions may make of it together. Source: Go.
pub(super) const MAX_COPIES: u64 = 1000;

/// What a part is, as far as it matters to the part around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One thing: a character, class, assertion or capture.
    Atom,
    /// A repetition.
    Repeat,
    /// Several parts in a row; joins a row around it.
    Concat,
    /// A choice; joins a choice around it.
    Alternate,
}

/// A part of the expression.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) shape: Shape,
    /// Operators inside each other.
    pub(super) height: u32,
    /// Instructions of Go's engine.
    pub(super) size: u64,
    /// Copies made of what is innermost.
    pub(super) copies: u64,
    /// Where it starts in the output.
    pub(super) start: usize,
}

impl Part {
    pub(super) fn atom(start: usize) -> Self {
        Self {
            shape: Shape::Atom,
            height: 1,
            size: 1,
            copies: 1,
            start,
        }
    }

    /// The height this part adds to a row or choice that it joins.
    fn height_in(self, shape: Shape) -> u32 {
        self.height - u32::from(self.shape == shape)
    }

    /// Refuses what Go finds too deep or too large.
    pub(super) fn checked(self, whole: &str) -> Result<Self, SyntaxError> {
        if self.size > MAX_SIZE {
            return Err(SyntaxError::new(Code::Large, whole));
        }
        if self.height > MAX_HEIGHT {
            return Err(SyntaxError::new(Code::NestingDepth, whole));
        }
        Ok(self)
    }
}

/// Parts added up.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u32,
    height: u32,
    size: u64,
    copies: u64,
    /// The part, when it is the only one.
    only: Option<Part>,
}

impl Sum {
    fn add(&mut self, part: Part, shape: Shape) {
        self.only = (self.count == 0).then_some(part);
        self.count += 1;
        self.height = self.height.max(part.height_in(shape));
        self.size = self.size.saturating_add(part.size);
        self.copies = self.copies.max(part.copies);
    }

    fn into_part(self, shape: Shape, start: usize) -> Part {
        match self.only {
            // A run of characters is one part whose size has grown since.
            Some(part) => Part {
                size: self.size,
                ..part
            },
            None if self.count == 0 => Part::atom(start),
            None => {
                let bars = if shape == Shape::Alternate {
                    u64::from(self.count) - 1
                } else {
                    0
                };
                Part {
                    shape,
                    height: self.height + 1,
                    size: self.size.saturating_add(bars),
                    copies: self.copies,
                    start,
                }
            }
        }
    }
}

/// Flags of the expression, as they stand at one place in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "one a flag")]
pub(super) struct Flags {
    /// `i`
    pub(super) fold: bool,
    /// `m`
    pub(super) multi_line: bool,
    /// `s`
    pub(super) dot_newline: bool,
    /// `U`
    pub(super) lazy: bool,
}

/// An open group, or the expression itself.
#[derive(Debug)]
pub(super) struct Frame {
    /// Flags to return to when it closes.
    pub(super) outer_flags: Flags,
    pub(super) capture: bool,
    start: usize,
    branches: Sum,
    /// The parts of the current branch before `last`.
    row: Sum,
    /// The part that a repetition would be of.
    last: Option<Part>,
    /// Plain characters one behind the other that `last` ends, and whether they fold: Go has one part for them all.
    run: Option<(u32, bool)>,
}

impl Frame {
    pub(super) fn new(outer_flags: Flags, capture: bool, start: usize) -> Self {
        Self {
            outer_flags,
            capture,
            start,
            branches: Sum::default(),
            row: Sum::default(),
            last: None,
            run: None,
        }
    }

    /// Moves the last part into the row. Of a run of characters the row counts the first only.
    fn settle(&mut self) {
        let Some(last) = self.last.take() else { return };
        if self.run.is_some_and(|(length, _)| length > 1) {
            self.row.size = self.row.size.saturating_add(last.size);
        } else {
            self.row.add(last, Shape::Concat);
        }
    }

    /// Adds a part to the current branch.
    pub(super) fn push(&mut self, part: Part) {
        self.settle();
        self.run = None;
        self.last = Some(part);
    }

    /// Adds a plain character that was written from `start` on.
    pub(super) fn push_literal(&mut self, start: usize, fold: bool) {
        self.settle();
        let length = self
            .run
            .filter(|&(_, same)| same == fold)
            .map_or(0, |(length, _)| length);
        self.run = Some((length + 1, fold));
        self.last = Some(Part::atom(start));
    }

    /// The part that a repetition would be of; from now on it stands alone.
    pub(super) fn take_last(&mut self) -> Option<Part> {
        self.run = None;
        self.last.take()
    }

    /// Ends the current branch.
    pub(super) fn end_branch(&mut self, whole: &str) -> Result<(), SyntaxError> {
        self.settle();
        self.run = None;
        let branch = std::mem::take(&mut self.row)
            .into_part(Shape::Concat, self.start)
            .checked(whole)?;
        self.branches.add(branch, Shape::Alternate);
        Ok(())
    }

    /// The group as one part, its last branch ended.
    pub(super) fn close(mut self, whole: &str) -> Result<Part, SyntaxError> {
        self.end_branch(whole)?;
        let mut part = self
            .branches
            .into_part(Shape::Alternate, self.start)
            .checked(whole)?;
        part.start = self.start;
        if self.capture {
            part.shape = Shape::Atom;
            part.height += 1;
            part.size = part.size.saturating_add(2);
        }
        part.checked(whole)
    }
}
