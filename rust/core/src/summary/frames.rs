//! Stacks as short numbers: each frame is a row of the node table.

use crate::aggregate::{GraphBuilder, NodeInfo};
use crate::ids::StackId;
use crate::summary::text;

/// Frames of the stacks of one view.
pub(super) struct Frames<'b, 'a, 'v, 'p> {
    builder: &'b GraphBuilder<'a, 'v, 'p>,
    /// Position of each row when sorted by printed name, for orders that do not print.
    ranks: Vec<u32>,
    /// The first row that prints as each row does.
    alike: Vec<u32>,
}

/// A frame: its row, and whether it was inlined into the frame behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FrameRow(u32);

impl FrameRow {
    pub(super) const fn row(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// The frame whether it was inlined or not.
    pub(super) const fn plain(self) -> Self {
        Self(self.0 & !1)
    }

    pub(super) const fn inlined(self) -> bool {
        self.0 & 1 == 1
    }
}

impl<'b, 'a, 'v, 'p> Frames<'b, 'a, 'v, 'p> {
    pub(super) fn new(builder: &'b GraphBuilder<'a, 'v, 'p>) -> Self {
        let names = builder.names();
        let mut sorted: Vec<_> = builder
            .infos()
            .iter()
            .enumerate()
            .map(|(row, info)| (names.printable(info), row))
            .collect();
        sorted.sort();
        let mut ranks = vec![0; sorted.len()];
        let mut alike = vec![0; sorted.len()];
        let mut first = 0;
        for (rank, (name, row)) in sorted.iter().enumerate() {
            if rank == 0 || sorted[rank - 1].0 != *name {
                first = *row as u32;
            }
            ranks[*row] = rank as u32;
            alike[*row] = first;
        }
        Self {
            builder,
            ranks,
            alike,
        }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.ranks.len()
    }

    /// The row that stands for all rows that print as this one.
    pub(super) fn alike(&self, row: usize) -> usize {
        self.alike[row] as usize
    }

    /// Replaces `into` by the frames of a stack, leaf first.
    pub(super) fn read(&self, stack: StackId, into: &mut Vec<FrameRow>) {
        into.clear();
        for location in self.builder.view().stacks().frames(stack) {
            let rows = self.builder.rows_of(location);
            let last = rows.len() - 1;
            let frames = rows.iter().enumerate();
            into.extend(frames.map(|(line, &row)| FrameRow(row << 1 | u32::from(line != last))));
        }
    }

    pub(super) fn info(&self, frame: FrameRow) -> &NodeInfo {
        &self.builder.infos()[frame.row()]
    }

    pub(super) fn name(&self, frame: FrameRow) -> String {
        self.row_name(frame.row())
    }

    /// The printed name of a row of the node table.
    pub(super) fn row_name(&self, row: usize) -> String {
        let info = &self.builder.infos()[row];
        text(&self.builder.names().printable(info))
    }

    /// What orders rows by name, and equal names by row.
    pub(super) fn rank(&self, row: usize) -> u32 {
        self.ranks[row]
    }

    /// What orders frames as [`Frames::rank`] orders rows.
    pub(super) fn ranks<'f>(&'f self, frames: &'f [FrameRow]) -> impl Iterator<Item = u32> + 'f {
        frames.iter().map(|frame| self.ranks[frame.row()])
    }
}
