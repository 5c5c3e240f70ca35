//! Inflating on one thread while another decodes: no more of the content is held than a few pieces, and a field that lies
//! across them.
//!
//! It answers only for a profile that decodes. Whatever is wrong, and any other form, is left to the way over the whole
//! content, which says what it is; so both ways give the same profiles and the same errors.

use super::container::{Fill, Pieces};
use super::decode::Decoder;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt;
use crate::limits::Limits;
use crate::profile::Profile;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, scope};

/// Compressed bytes from which on streaming pays: below, inflating all at once, which is faster, takes too little time
/// to be worth a thread. Chosen: at 1 MB a thread does not pay, at 15 MB it does.
pub(super) const WORTH_STREAMING: usize = 4 << 20;
/// Bytes of one piece. Chosen: a piece stays in the cache of a core on its way to another.
pub(super) const PIECE: usize = 256 << 10;
/// Pieces that may lie ready. Chosen: enough to even out pieces that are slow to decode.
const READY: usize = 4;

/// Decodes a compressed profile in the protobuf form; `None` when that is to be tried in another way.
///
/// # Errors
///
/// The work was cancelled, or a limit was passed.
pub(super) fn decode(bytes: &[u8], piece: usize, limits: &Limits) -> Option<Result<Profile>> {
    let pieces = Pieces::of(bytes, piece, limits)?;
    let (ready, received) = sync_channel(READY);
    let flag = interrupt::current();
    let outcome = scope(move |scope| {
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
        // Given away, so that it is dropped before the other thread is waited for.
        Some(decode_pieces(received, limits))
    })?;
    match outcome {
        Err(error) if !matches!(*error.kind, ErrorKind::Cancelled | ErrorKind::TooLarge { .. }) => None,
        outcome => Some(outcome),
    }
}

fn decode_pieces(pieces: Receiver<Result<(Vec<u8>, Fill)>>, limits: &Limits) -> Result<Profile> {
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
    Err(Error::truncated("the content has no end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileBuilder;
    use crate::table::{Function, Line, Location};
    use crate::wire::open::{Compression, decode_whole, encode};
    use std::io::Write;

    fn profile() -> Profile {
        let mut builder = ProfileBuilder::default();
        let cpu = builder.value_type(b"cpu", b"nanoseconds");
        builder.header.sample_types.push(cpu);
        let locations: Vec<_> = (0..200)
            .map(|line| {
                let name = builder.string(format!("function{}", line % 7).as_bytes());
                let function = builder.function(Function {
                    name,
                    ..Function::default()
                });
                let line = Line {
                    function,
                    line,
                    column: 0,
                };
                builder.location(Location::default(), &[line]).unwrap()
            })
            .collect();
        for (value, stack) in (1..).zip(locations.chunks(9)) {
            let mut labels = [
                builder.label(b"tenant", b"a"),
                builder.num_label(b"size", value, b"bytes"),
            ];
            builder.sample(stack, &[-value], &mut labels).unwrap();
            builder.sample(stack, &[value], &mut []).unwrap();
        }
        builder.finish()
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
        gzip.write_all(content).unwrap();
        gzip.finish().unwrap()
    }

    /// What comes of `bytes` in pieces: the profile, or what the way over the whole content says.
    fn in_pieces(bytes: &[u8], piece: usize) -> Result<Profile> {
        let limits = Limits::default();
        decode(bytes, piece, &limits).unwrap_or_else(|| decode_whole(bytes, &limits))
    }

    #[test]
    fn pieces_of_any_size_give_the_profile_that_the_whole_gives() {
        let profile = profile();
        let bytes = encode(&profile, Compression::Gzip(6)).unwrap();
        let whole = decode_whole(&bytes, &Limits::default()).unwrap();
        assert_eq!(whole.samples, profile.samples);
        for piece in [1, 2, 7, 100, 1_000, PIECE] {
            let streamed = decode(&bytes, piece, &Limits::default());
            assert_eq!(
                streamed.expect("a plain profile is streamed").unwrap(),
                whole,
                "{piece}"
            );
        }
    }

    #[test]
    fn a_file_cut_anywhere_says_what_the_whole_says() {
        let bytes = encode(&profile(), Compression::Gzip(6)).unwrap();
        for len in 0..bytes.len() {
            let cut = &bytes[..len];
            let whole = decode_whole(cut, &Limits::default());
            assert!(whole.is_err(), "{len}");
            assert_eq!(decode(cut, 64, &Limits::default()), None, "{len}");
            assert_eq!(in_pieces(cut, 64), whole, "{len}");
        }
    }

    #[test]
    fn content_cut_anywhere_says_what_the_whole_says() {
        let content = encode(&profile(), Compression::None).unwrap();
        let mut refused = 0;
        for len in (0..content.len()).step_by(3) {
            let cut = gzip(&content[..len]);
            let whole = decode_whole(&cut, &Limits::default());
            refused += usize::from(whole.is_err());
            assert_eq!(in_pieces(&cut, 50), whole, "{len}");
        }
        assert!(refused > content.len() / 10, "{refused}");
    }

    #[test]
    fn a_passed_limit_and_a_raised_flag_end_it() {
        let bytes = encode(&profile(), Compression::Gzip(6)).unwrap();
        let limits = Limits {
            samples: 3,
            ..Limits::default()
        };
        let whole = decode_whole(&bytes, &limits);
        assert_eq!(whole.as_ref().unwrap_err().code(), "profile_too_large");
        assert_eq!(decode(&bytes, 64, &limits), Some(whole));
        let flag = interrupt::Flag::default();
        flag.raise();
        let stopped = interrupt::under(Some(flag), || decode(&bytes, 64, &Limits::default()));
        assert!(matches!(
            *stopped.unwrap().unwrap_err().kind,
            ErrorKind::Cancelled
        ));
    }

    #[test]
    fn layers_of_compression_are_left_to_the_other_way() {
        let bytes = gzip(&encode(&profile(), Compression::Gzip(6)).unwrap());
        assert_eq!(decode(&bytes, PIECE, &Limits::default()), None);
        assert_eq!(in_pieces(&bytes, PIECE).unwrap().samples, profile().samples);
    }
}
