//! The two entrances: bytes of any form -> profile, profile -> bytes of a file.

use super::container::{Form, check_input, sniff, unpack};
use super::decode::decode_proto;
use super::encode::encode_proto;
use super::legacy::decode_legacy;
use super::stream;
use super::varint::{Reader, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::profile::{Note, Profile};

/// Decodes a profile: gzip, zstd, LZ4 or plain; protobuf or one of the older forms.
///
/// As in pprof, the protobuf form is tried first and the older ones when that fails.
///
/// # Errors
///
/// What [`unpack`] and [`decode_proto`] refuse. Bytes that are no profile are named for what they look like; bytes
/// that begin as a profile and go wrong later are answered with what is wrong, and where.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Profile> {
    check_input(bytes, limits)?;
    if bytes.len() >= stream::WORTH_STREAMING
        && let Some(decoded) = stream::decode(bytes, stream::PIECE, limits)
    {
        return decoded;
    }
    decode_whole(bytes, limits)
}

/// Decodes with all of the content in memory.
pub(super) fn decode_whole(bytes: &[u8], limits: &Limits) -> Result<Profile> {
    let content = unpack(bytes, limits)?;
    let error = match decode_proto(&content, limits) {
        Ok(profile) => return Ok(profile),
        Err(error) => error,
    };
    match *error.kind {
        ErrorKind::Cancelled
        | ErrorKind::EmptyInput
        | ErrorKind::Concatenated
        | ErrorKind::TooLarge { .. } => {
            return Err(error);
        }
        _ => {}
    }
    match decode_legacy(&content, limits) {
        Ok(mut profile) if ends_within_a_line(&content) => {
            profile.notes.push(Note {
                code: "maybe_truncated",
                detail: "the text does not end with a line break, so it may have been cut off".to_owned(),
            });
            Ok(profile)
        }
        Err(legacy) if matches!(*legacy.kind, ErrorKind::NotAProfile { .. }) => Err(better(&content, error)),
        other => other,
    }
}

/// Whether text ends in the middle of a line. The text forms have no other sign of their end.
fn ends_within_a_line(content: &[u8]) -> bool {
    let is_text = content.first().is_some_and(u8::is_ascii_graphic);
    is_text && content.last() != Some(&b'\n')
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip at a level of 0 (stored) to 9 (smallest).
    Gzip(u32),
}

/// Encodes a profile as protobuf. Neither a time nor a name goes into the header of the gzip data: the same profile
/// at the same level gives the same bytes.
///
/// # Errors
///
/// A gzip level over 9.
pub fn encode(profile: &Profile, compression: Compression) -> Result<Vec<u8>> {
    let proto = encode_proto(profile);
    let level = match compression {
        Compression::None => return Ok(proto),
        Compression::Gzip(level @ 0..=9) => level,
        Compression::Gzip(level) => {
            let detail = format!("gzip level {level}; levels are 0 (stored) to 9 (smallest)");
            return Err(Error::new(ErrorKind::InvalidArgument {
                argument: "compression",
                detail,
            }));
        }
    };
    let level = libdeflater::CompressionLvl::new(level as i32)
        .map_err(|_| Error::invalid("the gzip encoder does not know the level"))?;
    let mut compressor = libdeflater::Compressor::new(level);
    let mut bytes = vec![0; compressor.gzip_compress_bound(proto.len())];
    let written = compressor
        .gzip_compress(&proto, &mut bytes)
        .map_err(|error| Error::invalid(format!("gzip could not be written: {error}")))?;
    bytes.truncate(written);
    Ok(bytes)
}

/// What to say of bytes that neither form recognises.
fn better(content: &[u8], proto: Error) -> Error {
    match sniff(content) {
        Form::Unknown | Form::Zlib | Form::Pe if begins_as_profile(content) => proto,
        Form::Text => Error::not_a_profile(format!(
            "{}; it begins with {:?}",
            Form::Text.phrase(),
            beginning(content)
        )),
        form => Error::not_a_profile(form.phrase()),
    }
}

/// The first words of a text.
fn beginning(content: &[u8]) -> String {
    let head = content.get(..256).unwrap_or(content).trim_ascii_start();
    String::from_utf8_lossy(head)
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(60)
        .collect()
}

/// How many outermost fields are looked at.
const ENOUGH: u32 = 64;

/// Whether the outermost fields read as those of a profile, for as long as they can be read.
fn begins_as_profile(content: &[u8]) -> bool {
    let mut reader = Reader::new(content, 0);
    let mut strings = 0u32;
    for read in 0..ENOUGH {
        let plausible = match reader.field() {
            // A sample type begins with one of its two numbers, or names nothing.
            Ok(Some((1, Value::Bytes(bytes)))) => matches!(bytes, [] | [0x08 | 0x10, ..]),
            Ok(Some((6, Value::Bytes(bytes)))) => {
                strings += 1;
                strings > 1 || bytes.is_empty()
            }
            Ok(Some((2..=5 | 11 | 13, Value::Bytes(_)) | (7..=10 | 12..=15, Value::Varint(_)))) => true,
            Ok(Some((number, _))) => number > 15 && read > 0,
            Ok(None) => return read > 0,
            // Cut off: believed when something whole came before, or when it begins as a sample type does.
            Err(_) => return read > 0 || matches!(content, [0x0a, 2..=0x20, 0x08 | 0x10, ..]),
        };
        if !plausible {
            return false;
        }
    }
    true
}
