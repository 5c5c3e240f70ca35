//! One layer of compression, inflated piece by piece under the limits.

use super::ceiling::Ceiling;
use super::inflater::{Fill, Inflater};
use super::is_packed;
use crate::error::Result;
use crate::interrupt;
use crate::limits::Limits;

/// The content of one layer in pieces, the last of which says so. An error is the last item.
pub(crate) struct Pieces<'a> {
    layer: Inflater<'a>,
    ceiling: Ceiling,
    /// Bytes of one piece.
    piece: usize,
    total: usize,
    ended: bool,
}

impl<'a> Pieces<'a> {
    /// The pieces of `bytes`, of `piece` bytes each, or `None` when they are not compressed, or are more than may be given.
    pub(crate) fn of(bytes: &'a [u8], piece: usize, limits: &Limits) -> Option<Self> {
        super::check_input(bytes, limits).ok()?;
        let layer = Inflater::of(bytes).ok()??;
        (limits.nesting > 0).then(|| Self {
            layer,
            ceiling: Ceiling::of(limits, bytes.len()),
            piece,
            total: 0,
            ended: false,
        })
    }

    fn piece(&mut self) -> Result<(Vec<u8>, Fill)> {
        interrupt::check()?;
        let mut piece = Vec::with_capacity(self.piece);
        let fill = self.layer.fill(&mut piece)?;
        if self.total == 0 && is_packed(&piece) {
            return Err(crate::Error::invalid("another layer of compression"));
        }
        self.total += piece.len();
        self.ceiling.check_on_the_way(self.total, self.layer.consumed())?;
        Ok((piece, fill))
    }
}

impl Iterator for Pieces<'_> {
    type Item = Result<(Vec<u8>, Fill)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let piece = self.piece();
        self.ended = !matches!(piece, Ok((_, Fill::More)));
        Some(piece)
    }
}
