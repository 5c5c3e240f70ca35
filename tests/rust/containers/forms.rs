//! What a file is said to be.

use crate::make::{gzip, lz4, proto, skippable, zip, zstd};
use pprof_core::wire::container::{Form, sniff};
use std::collections::BTreeSet;

#[test]
fn forms_are_told_by_how_they_begin() {
    let tar = [&[b'a'; 257][..], b"ustar\0"].concat();
    let pe = [&b"MZ\x90\0"[..], &[0; 80]].concat();
    let known: [(&[u8], Form); 39] = [
        (b"", Form::Empty),
        (&gzip(b"x"), Form::Gzip),
        (b"\x1f\x8b", Form::Gzip),
        (&zstd(b"x"), Form::Zstd),
        (&[skippable(b"n"), zstd(b"x")].concat(), Form::Zstd),
        (&lz4(b"x"), Form::Lz4),
        (&[skippable(b"n"), skippable(b""), lz4(b"x")].concat(), Form::Lz4),
        (&zip(&[]), Form::Zip),
        (b"PK\x03\x04", Form::Zip),
        (b"FLR\0\0\x02", Form::Jfr),
        (b"JAVA PROFILE 1.0.2\0", Form::Hprof),
        (b"go 1.25 trace\0\0\0\x01", Form::GoTrace),
        (b"goroutine 1 [running]:\nmain.main()\n", Form::GoroutineDump),
        (b"PERFILE2\x68\0", Form::PerfData),
        (b"\x7fELF\x02", Form::Elf),
        (b"\xcf\xfa\xed\xfe\x07", Form::MachO),
        (&pe, Form::Pe),
        (b"SQLite format 3\0", Form::Sqlite),
        (b"PAR1\x15", Form::Parquet),
        (b"BZh91AY", Form::Bzip2),
        (b"\xfd7zXZ\0", Form::Xz),
        (b"\x78\x9c\xcb\xc8\0", Form::Zlib),
        (&tar, Form::Tar),
        (b"\n <!DOCTYPE HTML>\n<html>", Form::Html),
        (b"\xef\xbb\xbf<html lang=en>", Form::Html),
        (b"<?xml version=\"1.0\"?>", Form::Xml),
        (b"<Error><Code>AccessDenied</Code></Error>", Form::Xml),
        (b"{\"errors\": [\"Forbidden\"]}", Form::Json),
        (b" [1, 2]", Form::Json),
        (b"HTTP/1.1 200 OK\r\n", Form::Http),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            Form::LfsPointer,
        ),
        (b"main;work;inner loop 12\nmain 3\n", Form::Folded),
        (b"404 page not found\n", Form::Text),
        (b"x\x9c", Form::Unknown),
        ("größer".as_bytes(), Form::Text),
        (b"\xff\xfe\x00\x01", Form::Unknown),
        (b"\x00", Form::Unknown),
        (
            b"MZ is how this text begins, and it goes on for longer than the header of a program would.",
            Form::Text,
        ),
        (&proto(), Form::Unknown),
    ];
    let mut names = BTreeSet::new();
    for (bytes, form) in known {
        assert_eq!(sniff(bytes), form, "{}", bytes.escape_ascii());
        assert!(!form.phrase().is_empty());
        names.insert(form.name());
    }
    // One for each form there is.
    assert_eq!(names.len(), 27);
}

#[test]
fn text_cut_inside_a_character_by_the_look_is_still_text() {
    for pad in 0..4 {
        let text = format!("{}{}", "a".repeat(pad), "€".repeat(1000));
        assert_eq!(sniff(text.as_bytes()), Form::Text);
    }
}
