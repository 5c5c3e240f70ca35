//! What bytes are, from how they begin.

use super::{gzip, lz4, zstd};

/// A form of file, as far as the first bytes show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// No bytes.
    Empty,
    /// gzip.
    Gzip,
    /// zstd frames.
    Zstd,
    /// LZ4 frames.
    Lz4,
    /// A zip archive, perhaps an empty one.
    Zip,
    /// A JDK Flight Recorder recording.
    Jfr,
    /// A Java heap dump.
    Hprof,
    /// A Go execution trace.
    GoTrace,
    /// Go goroutines as text with all their stacks (`debug=2`).
    GoroutineDump,
    /// Linux `perf.data`.
    PerfData,
    /// An ELF program or library.
    Elf,
    /// A Mach-O program or library.
    MachO,
    /// A Windows program or library.
    Pe,
    /// A `SQLite` database.
    Sqlite,
    /// An Apache Parquet file.
    Parquet,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// A zlib stream.
    Zlib,
    /// A tar archive.
    Tar,
    /// An HTML page.
    Html,
    /// JSON.
    Json,
    /// XML that is no HTML.
    Xml,
    /// An HTTP answer with its headers.
    Http,
    /// The stand-in that Git LFS leaves for a file.
    LfsPointer,
    /// Stacks folded to one line each.
    Folded,
    /// Some other text.
    Text,
    /// Nothing known: a protobuf has no mark of its own.
    Unknown,
}

impl Form {
    /// A name that never changes, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Zip => "zip",
            Self::Jfr => "jfr",
            Self::Hprof => "hprof",
            Self::GoTrace => "go_trace",
            Self::GoroutineDump => "goroutine_dump",
            Self::PerfData => "perf_data",
            Self::Elf => "elf",
            Self::MachO => "mach_o",
            Self::Pe => "pe",
            Self::Sqlite => "sqlite",
            Self::Parquet => "parquet",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zlib => "zlib",
            Self::Tar => "tar",
            Self::Html => "html",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Http => "http",
            Self::LfsPointer => "lfs_pointer",
            Self::Folded => "folded",
            Self::Text => "text",
            Self::Unknown => "unknown",
        }
    }

    /// What to call it in an error, with what to do about it.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Empty => "no bytes at all",
            Self::Gzip => "gzip data",
            Self::Zstd => "zstd data",
            Self::Lz4 => "LZ4 data",
            Self::Zip => "a zip archive: open it as a bundle",
            Self::Jfr => "a JFR recording: convert it to pprof first (async-profiler's `jfrconv` can)",
            Self::Hprof => "a Java heap dump (hprof), which is a picture of memory and no profile",
            Self::GoTrace => "a Go execution trace: turn it into a profile with `go tool trace -pprof=TYPE`",
            Self::GoroutineDump => "a goroutine dump (debug=2): fetch the profile with debug=0 or debug=1",
            Self::PerfData => "perf.data: convert it with `perf_to_profile` first",
            Self::Elf => "an ELF program or library, and no profile of one",
            Self::MachO => "a Mach-O program or library, and no profile of one",
            Self::Pe => "a Windows program or library, and no profile of one",
            Self::Sqlite => "a SQLite database",
            Self::Parquet => "a Parquet file",
            Self::Bzip2 => "bzip2 data: decompress them first (gzip, zstd and LZ4 are read as they are)",
            Self::Xz => "xz data: decompress them first (gzip, zstd and LZ4 are read as they are)",
            Self::Zlib => "a zlib stream: decompress it first (gzip, zstd and LZ4 are read as they are)",
            Self::Tar => "a tar archive: unpack it first",
            Self::Html => "an HTML page (an error or login page saved as a profile?)",
            Self::Json => "JSON (an error message saved as a profile, or a profile of another tool?)",
            Self::Xml => "XML (an error message saved as a profile?)",
            Self::Http => "an HTTP answer with its headers: keep the body alone",
            Self::LfsPointer => "a Git LFS pointer, not the file it stands for: run `git lfs pull`",
            Self::Folded => "folded stacks, one line each, which is a form for flame graphs and no profile",
            Self::Text => "text in none of the forms of a profile",
            Self::Unknown => "bytes of no known form",
        }
    }
}

/// Marks at the very beginning.
const MARKS: &[(&[u8], Form)] = &[
    (gzip::MAGIC, Form::Gzip),
    (zstd::MAGIC, Form::Zstd),
    (lz4::MAGIC, Form::Lz4),
    (b"PK\x03\x04", Form::Zip),
    (b"PK\x05\x06", Form::Zip),
    (b"FLR\0", Form::Jfr),
    (b"JAVA PROFILE 1.0.", Form::Hprof),
    (b"PERFILE2", Form::PerfData),
    (b"2ELIFREP", Form::PerfData),
    (b"\x7fELF", Form::Elf),
    (b"\xcf\xfa\xed\xfe", Form::MachO),
    (b"\xce\xfa\xed\xfe", Form::MachO),
    (b"\xca\xfe\xba\xbe", Form::MachO),
    (b"SQLite format 3\0", Form::Sqlite),
    (b"PAR1", Form::Parquet),
    (b"BZh", Form::Bzip2),
    (b"\xfd7zXZ\0", Form::Xz),
    (b"HTTP/1.", Form::Http),
    (b"HTTP/2", Form::Http),
    (b"version https://git-lfs.github.com/spec/", Form::LfsPointer),
];

/// As much of a file as is looked at to call it text.
const SAMPLE: usize = 1024;
/// The byte order mark some tools put before text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What `bytes` look like. A guess good enough for an error message, and exact for compression.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Form {
    if bytes.is_empty() {
        return Form::Empty;
    }
    if let Some(&(_, form)) = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return form;
    }
    if zstd::is_skippable(bytes) {
        return behind_skippable(bytes);
    }
    if bytes.starts_with(b"go 1.") && bytes.get(..16).is_some_and(|head| head.ends_with(b"\0")) {
        return Form::GoTrace;
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Form::Tar;
    }
    if bytes.starts_with(b"MZ") && bytes.len() > 64 && !is_text(bytes) {
        return Form::Pe;
    }
    if matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, _, ..]) && !is_text(bytes) {
        return Form::Zlib;
    }
    if is_text(bytes) {
        text(bytes)
    } else {
        Form::Unknown
    }
}

/// zstd and LZ4 share their skippable frames: what stands behind them tells the two apart.
fn behind_skippable(bytes: &[u8]) -> Form {
    let mut rest = bytes;
    while zstd::is_skippable(rest) {
        let Some(size) = rest
            .get(4..)
            .and_then(<[u8]>::first_chunk)
            .copied()
            .map(u32::from_le_bytes)
        else {
            break;
        };
        rest = rest
            .get(8..)
            .and_then(|rest| rest.get(size as usize..))
            .unwrap_or_default();
    }
    if rest.starts_with(lz4::MAGIC) {
        Form::Lz4
    } else {
        Form::Zstd
    }
}

/// Whether the beginning is UTF-8 without control characters.
fn is_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..SAMPLE).unwrap_or(bytes);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // Cut inside a character by this very look: what stands before it counts.
        Err(error) if error.error_len().is_none() && head.len() < bytes.len() => head
            .get(..error.valid_up_to())
            .and_then(|head| std::str::from_utf8(head).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    !text
        .chars()
        .any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t' | '\x0c' | '\x1b'))
}

fn text(bytes: &[u8]) -> Form {
    let head = bytes.get(..SAMPLE).unwrap_or(bytes);
    let head = head
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(head)
        .trim_ascii_start();
    let tag = |name: &[u8]| {
        head.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    if [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<title"]
        .into_iter()
        .any(tag)
    {
        return Form::Html;
    }
    if head.starts_with(b"<?xml")
        || (head.starts_with(b"<") && head.get(1).is_some_and(u8::is_ascii_alphabetic))
    {
        return Form::Xml;
    }
    if matches!(head, [b'{' | b'[', ..]) {
        return Form::Json;
    }
    if head.starts_with(b"goroutine ") && head.get(10).is_some_and(u8::is_ascii_digit) {
        return Form::GoroutineDump;
    }
    if is_folded(head) { Form::Folded } else { Form::Text }
}

/// `a;b;c 12`: frames, then a count.
fn is_folded(head: &[u8]) -> bool {
    let line = head
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default()
        .trim_ascii_end();
    let Some(space) = line.iter().rposition(|&byte| byte == b' ') else {
        return false;
    };
    let (stack, count) = line.split_at(space);
    stack.contains(&b';') && count.len() > 1 && count.iter().skip(1).all(u8::is_ascii_digit)
}
