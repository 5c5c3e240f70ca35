//! The central directory of a zip archive: what entries there are and where.

use crate::error::{Error, Place, Result};
use crate::limits::Limits;

const END: &[u8] = b"PK\x05\x06";
const END_LEN: usize = 22;
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
const LOCATOR64_LEN: usize = 20;
const HEADER: &[u8] = b"PK\x01\x02";
const HEADER_LEN: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_LEN: usize = 30;
const FLAG_ENCRYPTED: u16 = 1;
/// Extra field with the 64-bit sizes and offset.
const EXTRA_ZIP64: u16 = 1;
const AT_ZIP64: u32 = u32::MAX;

/// One entry as the directory lists it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) method: u16,
    pub(super) encrypted: bool,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Offset of the local header.
    local: u64,
}

impl Listed {
    pub(super) fn is_directory(&self) -> bool {
        self.name.ends_with('/')
    }

    /// The bytes of the entry as they lie in the archive.
    pub(super) fn packed<'a>(&self, archive: &'a [u8]) -> Result<&'a [u8]> {
        let place = || Place::Entry(self.name.clone());
        let reader = Reader { bytes: archive };
        let at = reader.index(self.local).ok_or_else(|| {
            Error::truncated(format!(
                "its header should be at byte {}, the archive has {}",
                self.local,
                archive.len()
            ))
            .at(place())
        })?;
        if !reader.has(at, LOCAL) {
            return Err(Error::invalid(format!("there is no entry header at byte {at}")).at(place()));
        }
        let data =
            || Some(at + LOCAL_LEN + usize::from(reader.u16(at + 26)?) + usize::from(reader.u16(at + 28)?));
        let packed = usize::try_from(self.packed).ok();
        data()
            .zip(packed)
            .and_then(|(start, len)| archive.get(start..)?.get(..len))
            .ok_or_else(|| {
                let detail = format!("its {} bytes reach past the end of the archive", self.packed);
                Error::truncated(detail).at(place())
            })
    }
}

/// Every entry, in the order of the directory.
///
/// # Errors
///
/// No directory (cut off?), more entries than `limits.zip_entries`, several disks, headers that are none.
pub(super) fn entries(archive: &[u8], limits: &Limits) -> Result<Vec<Listed>> {
    let reader = Reader { bytes: archive };
    let end = reader.end()?;
    if end.count > limits.zip_entries {
        return Err(Error::too_large(
            "entries of a zip archive",
            limits.zip_entries,
            "zip_entries",
        ));
    }
    let mut at = end.start;
    let mut listed = Vec::new();
    for number in 0..end.count {
        let (entry, next) = reader.header(at, end.stop).ok_or_else(|| {
            Error::invalid(format!(
                "the directory of the zip archive lists {} entries, the one after {number} is none",
                end.count
            ))
            .at(Place::InputOffset(at as u64))
        })?;
        listed.push(entry);
        at = next;
    }
    Ok(listed)
}

/// Where the directory lies.
struct End {
    count: u64,
    start: usize,
    stop: usize,
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn slice(self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..)?.get(..len)
    }

    fn has(self, at: usize, mark: &[u8]) -> bool {
        self.slice(at, mark.len()) == Some(mark)
    }

    fn u16(self, at: usize) -> Option<u16> {
        self.bytes
            .get(at..)?
            .first_chunk()
            .copied()
            .map(u16::from_le_bytes)
    }

    fn u32(self, at: usize) -> Option<u32> {
        self.bytes
            .get(at..)?
            .first_chunk()
            .copied()
            .map(u32::from_le_bytes)
    }

    fn u64(self, at: usize) -> Option<u64> {
        self.bytes
            .get(at..)?
            .first_chunk()
            .copied()
            .map(u64::from_le_bytes)
    }

    /// A position of the file as an index, when it lies within.
    fn index(self, at: u64) -> Option<usize> {
        usize::try_from(at).ok().filter(|&at| at < self.bytes.len())
    }

    /// The last end record whose directory fits in front of it. Bytes behind it are accepted, as by other readers.
    fn end(self) -> Result<End> {
        let last = self.bytes.len().saturating_sub(END_LEN);
        let first = last.saturating_sub(usize::from(u16::MAX));
        let mut disks = false;
        for at in (first..=last).rev().filter(|&at| self.has(at, END)) {
            match self.end_at(at) {
                Some(EndAt::Here(end)) => return Ok(end),
                Some(EndAt::Disks) => disks = true,
                None => {}
            }
        }
        if disks {
            return Err(Error::invalid("a zip archive in several parts; join them first"));
        }
        Err(
            Error::truncated("the zip archive has no end (was the download cut off?)")
                .at(Place::InputOffset(self.bytes.len() as u64)),
        )
    }

    fn end_at(self, at: usize) -> Option<EndAt> {
        let mut stop = at;
        let (disk, mut count) = (self.u16(at + 4)?, u64::from(self.u16(at + 10)?));
        let (mut size, mut start) = (u64::from(self.u32(at + 12)?), u64::from(self.u32(at + 16)?));
        if let Some(locator) = at
            .checked_sub(LOCATOR64_LEN)
            .filter(|&locator| self.has(locator, LOCATOR64))
        {
            stop = self
                .index(self.u64(locator + 8)?)
                .filter(|&end64| end64 < locator && self.has(end64, END64))?;
            (count, size, start) = (self.u64(stop + 32)?, self.u64(stop + 40)?, self.u64(stop + 48)?);
        } else if disk != 0 {
            return Some(EndAt::Disks);
        }
        let fits = start.checked_add(size)? <= stop as u64 && count <= size / HEADER_LEN as u64;
        fits.then_some(EndAt::Here(End {
            count,
            start: usize::try_from(start).ok()?,
            stop,
        }))
    }

    /// The entry whose header is at `at`, and where the next header is.
    fn header(self, at: usize, stop: usize) -> Option<(Listed, usize)> {
        let [name_len, extra_len, comment_len] =
            [self.u16(at + 28)?, self.u16(at + 30)?, self.u16(at + 32)?].map(usize::from);
        let next = at + HEADER_LEN + name_len + extra_len + comment_len;
        if !self.has(at, HEADER) || next > stop {
            return None;
        }
        let name = self.slice(at + HEADER_LEN, name_len)?;
        let mut wide = Wide {
            extra: self.slice(at + HEADER_LEN + name_len, extra_len)?.zip64(),
        };
        let size = wide.number(self.u32(at + 24)?)?;
        let packed = wide.number(self.u32(at + 20)?)?;
        let local = wide.number(self.u32(at + 42)?)?;
        let entry = Listed {
            name: String::from_utf8_lossy(name).into_owned(),
            encrypted: self.u16(at + 8)? & FLAG_ENCRYPTED != 0,
            method: self.u16(at + 10)?,
            crc: self.u32(at + 16)?,
            packed,
            size,
            local,
        };
        Some((entry, next))
    }
}

enum EndAt {
    Here(End),
    Disks,
}

/// Numbers of which the large ones stand in an extra field, in the order in which they are asked for.
struct Wide<'a> {
    extra: &'a [u8],
}

impl Wide<'_> {
    fn number(&mut self, narrow: u32) -> Option<u64> {
        if narrow != AT_ZIP64 || self.extra.is_empty() {
            return Some(narrow.into());
        }
        let (number, rest) = self.extra.split_first_chunk()?;
        self.extra = rest;
        Some(u64::from_le_bytes(*number))
    }
}

trait Extra {
    fn zip64(&self) -> &[u8];
}

impl Extra for [u8] {
    /// The content of the 64-bit field among extra fields; empty when there is none.
    fn zip64(&self) -> &[u8] {
        let mut rest = self;
        while let Some((&[a, b, c, d], fields)) = rest.split_first_chunk() {
            let (id, len) = (
                u16::from_le_bytes([a, b]),
                usize::from(u16::from_le_bytes([c, d])),
            );
            let Some(field) = fields.get(..len) else { break };
            if id == EXTRA_ZIP64 {
                return field;
            }
            rest = fields.get(len..).unwrap_or_default();
        }
        &[]
    }
}
