//! Inflating on one thread while another decodes: no more of the content is held than a few pieces, and a field that lies
//! across them.
//!
//! It answers only for a profile that decodes. Whatever is wrong, and any other form, is left to the way over the whole
//! content, which says what it is; so both ways give the same profiles and the same errors.

use super::container::{Fill, Pieces};
use super::decode::Decoder;
use crate::error::{ErrorKind, Result};
use crate::interrupt;
use crate::limits::Limits;
use crate::profile::Profile;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, scope};

/// Compressed bytes from which on streaming pays: below, inflating all at once, which is twice as fast, takes too little time
/// to be worth a thread. Chosen between 1 MB, where that is so, and 15 MB, where it is not (measured).
pub(super) const WORTH_STREAMING: usize = 4 << 20;
/// Pieces that may lie ready. Chosen: enough to even out pieces that are slow to decode.
const READY: usize = 4;

/// Decodes a compressed profile in the protobuf form; `None` when that is to be tried in another way.
///
/// # Errors
///
/// The work was cancelled, or a limit was passed.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Option<Result<Profile>> {
    let pieces = Pieces::of(bytes, limits)?;
    let (ready, received) = sync_channel(READY);
    let flag = interrupt::current();
    let outcome = scope(|scope| {
        let inflate = move || {
            interrupt::under(flag, || {
                for piece in pieces {
                    // Who has stopped listening knows why.
                    if ready.send(piece).is_err() {
                        break;
                    }
                }
            });
        };
        Builder::new().spawn_scoped(scope, inflate).ok()?;
        Some(decode_pieces(&received, limits))
    })?;
    match outcome {
        Err(error) if !matches!(*error.kind, ErrorKind::Cancelled | ErrorKind::TooLarge { .. }) => None,
        outcome => Some(outcome),
    }
}

fn decode_pieces(pieces: &Receiver<Result<(Vec<u8>, Fill)>>, limits: &Limits) -> Result<Profile> {
    let mut decoder = Decoder::new(limits);
    let mut window: Vec<u8> = Vec::new();
    // A field that is not whole yet is looked at again when there is twice as much.
    let mut enough = 0;
    for piece in pieces {
        let (piece, fill) = piece?;
        window.extend_from_slice(&piece);
        if fill == Fill::End {
            decoder.take(&window, true)?;
            return decoder.finish();
        }
        if window.len() >= enough {
            let taken = decoder.take(&window, false)?;
            window.drain(..taken);
            enough = 2 * window.len();
        }
    }
    // The pieces ended without an end: the thread that makes them is gone.
    Err(crate::error::Error::truncated("the content has no end"))
}
