//! Zip bundles: every entry in memory, checked.

use super::ceiling::Ceiling;
use super::check_input;
use super::directory::{Listed, entries};
use super::form::{Form, sniff};
use super::inflater::Inflater;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::limits::Limits;
use flate2::Crc;
use rustc_hash::FxHashSet;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const ZSTD: u16 = 93;

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    /// Its name: relative, `/` between parts, no part is `.` or `..`, no other entry has it.
    pub name: String,
    /// Its content. What is compressed in itself (a `.pprof` mostly is) stays so.
    pub bytes: Vec<u8>,
}

/// The files of a zip archive by name; directories are left out.
///
/// Entries are stored, deflated or zstd. The checksum and the size of each are compared with the directory's. When
/// two have one name, the later one gets ` (2)` before its extension. An archive in the archive is an entry as any
/// other. Bytes before the first and behind the last part of the archive are accepted.
///
/// # Errors
///
/// No zip archive, a cut or corrupt one, encrypted entries, other methods, names that lead out of a folder
/// (absolute, `..`, `\`, NUL, drive letters), a passed limit: number of entries, decompressed bytes of one entry and
/// of all, each by count and by ratio.
pub fn zip_entries(bytes: &[u8], limits: &Limits) -> Result<Vec<ZipEntry>> {
    check_input(bytes, limits)?;
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::EmptyInput));
    }
    let listed = entries(bytes, limits).map_err(|error| match sniff(bytes) {
        Form::Zip | Form::Unknown => error,
        other => Error::not_a_profile(format!("no zip archive, but {}", other.phrase())),
    })?;
    let all = Ceiling::of(limits, bytes.len());
    let (mut used, mut packed) = (0usize, 0u64);
    let mut names = FxHashSet::default();
    let mut files = Vec::new();
    for entry in listed {
        check_name(&entry.name)?;
        if entry.is_directory() {
            continue;
        }
        let place = || Place::Entry(entry.name.clone());
        // Overlapping entries are how a small archive is made to hold petabytes.
        packed = packed.saturating_add(entry.packed);
        if packed > bytes.len() as u64 {
            return Err(
                Error::invalid("the entries together are longer than the archive: they overlap").at(place()),
            );
        }
        let content =
            content(&entry, bytes, all.less(used), limits).map_err(|error| inside(error, &entry))?;
        used = used.saturating_add(content.len());
        files.push(ZipEntry {
            name: unused(&entry.name, &mut names),
            bytes: content,
        });
    }
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Says in which entry it went wrong; the offset within it would mislead without that.
fn inside(mut error: Error, entry: &Listed) -> Error {
    let place = error.place.replace(Place::Entry(entry.name.clone()));
    if let ErrorKind::Invalid { detail } | ErrorKind::Truncated { detail } = error.kind.as_mut()
        && let Some(Place::InputOffset(at)) = place
    {
        *detail = format!("{detail} at byte {at} of the entry's data");
    }
    error
}

fn content(entry: &Listed, archive: &[u8], left: Ceiling, limits: &Limits) -> Result<Vec<u8>> {
    if entry.encrypted {
        return Err(Error::invalid(
            "the entry is encrypted; unpack the archive with its password first",
        ));
    }
    let packed = entry.packed(archive)?;
    let ceiling = left.min(Ceiling::of(limits, packed.len()));
    let content = match entry.method {
        STORED => {
            ceiling.check(packed.len())?;
            packed.to_vec()
        }
        DEFLATED => ceiling.inflate(&mut Inflater::deflate(packed))?,
        ZSTD => ceiling.inflate(&mut Inflater::zstd(packed)?)?,
        other => {
            return Err(Error::invalid(format!(
                "compression method {other}; only stored (0), deflate (8) and zstd (93) are read"
            )));
        }
    };
    if content.len() as u64 != entry.size {
        return Err(Error::invalid(format!(
            "the directory says {} bytes, there are {}",
            entry.size,
            content.len()
        )));
    }
    let mut crc = Crc::new();
    crc.update(&content);
    if crc.sum() != entry.crc {
        return Err(Error::invalid(format!(
            "checksum {:08x}, the content has {:08x}",
            entry.crc,
            crc.sum()
        )));
    }
    Ok(content)
}

/// Refuses names that would leave the folder they are put into, on any system.
fn check_name(name: &str) -> Result<()> {
    let parts = || name.strip_suffix('/').unwrap_or(name).split('/');
    let why = if name.is_empty() {
        "has no name"
    } else if name.contains('\0') {
        "has a zero byte in its name"
    } else if name.contains('\\') {
        "has a backslash in its name"
    } else if name.starts_with('/') {
        "has an absolute name"
    } else if name.as_bytes().get(1) == Some(&b':') {
        "has a drive letter in its name"
    } else if parts().any(|part| matches!(part, "" | "." | "..")) {
        "has an empty, `.` or `..` part in its name"
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("an entry of the zip archive {why}")).at(Place::Entry(name.to_owned())))
}

/// `name`, or with a number when it is taken.
fn unused(name: &str, names: &mut FxHashSet<String>) -> String {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name
        .get(file..)
        .and_then(|file_name| file_name.rfind('.'))
        .filter(|&dot| dot > 0);
    let (stem, extension) = name.split_at(dot.map_or(name.len(), |dot| file + dot));
    let mut free = name.to_owned();
    let mut number = 2u32;
    while !names.insert(free.clone()) {
        free = format!("{stem} ({number}){extension}");
        number += 1;
    }
    free
}
