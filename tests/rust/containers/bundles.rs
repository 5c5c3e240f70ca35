//! Zip bundles.

use crate::make::{Entry, gzip, proto, zip, zip_end};
use pprof_core::wire::container::zip_entries;
use pprof_core::wire::decode;
use pprof_core::{Error, Limits, Place};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn names(bytes: &[u8]) -> Result<Vec<String>, Error> {
    Ok(zip_entries(bytes, &Limits::default())?
        .into_iter()
        .map(|entry| entry.name)
        .collect())
}

#[test]
fn entries_come_unpacked_and_sorted_by_name() {
    let long = vec![b'x'; 100_000];
    let bundle = zip(&[
        Entry::deflated("run/heap.pprof", &gzip(&proto())),
        Entry::stored("run/", b""),
        Entry::stored("metrics.json", b"{}"),
        Entry::zstd("run/cpu.pprof", &long),
        Entry::stored("empty", b""),
    ]);
    let entries = zip_entries(&bundle, &Limits::default()).unwrap();
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(
        names,
        ["empty", "metrics.json", "run/cpu.pprof", "run/heap.pprof"]
    );
    assert_eq!(entries[1].bytes, b"{}");
    assert_eq!(entries[2].bytes, long);
    assert_eq!(
        decode(&entries[3].bytes, &Limits::default())
            .unwrap()
            .samples
            .len(),
        1
    );
}

#[test]
fn archives_of_another_writer_open() {
    for (method, large) in [
        (CompressionMethod::Deflated, false),
        (CompressionMethod::Stored, true),
    ] {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.set_comment("PK\x05\x06 in a comment").unwrap();
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(large);
        writer.add_directory("folder", options).unwrap();
        for name in ["folder/cpu.pprof", "größe.pprof"] {
            writer.start_file(name, options).unwrap();
            writer.write_all(&proto()).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        let entries = zip_entries(&bytes, &Limits::default()).unwrap();
        assert_eq!(entries.len(), 2);
        assert!(entries.iter().all(|entry| entry.bytes == proto()));
    }
}

#[test]
fn archives_written_to_a_pipe_open() {
    let mut writer = ZipWriter::new_stream(Vec::new());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file("cpu.pprof", options).unwrap();
    writer.write_all(&proto()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(zip_entries(&bytes, &Limits::default()).unwrap()[0].bytes, proto());
}

#[test]
fn an_empty_archive_has_no_entries() {
    assert_eq!(names(&zip(&[])).unwrap(), Vec::<String>::new());
}

#[test]
fn bytes_before_and_behind_an_archive_are_accepted_where_the_offsets_hold() {
    let bundle = zip(&[Entry::stored("a", b"1")]);
    assert_eq!(names(&[&bundle[..], b"trailing bytes"].concat()).unwrap(), ["a"]);
    // Offsets that count from behind the prefix name no header.
    assert!(names(&[b"prefix", &bundle[..]].concat()).is_err());
}

#[test]
fn an_end_record_in_a_comment_does_not_hide_the_real_one() {
    let mut bundle = zip(&[Entry::stored("a", b"1")]);
    let fake = zip_end(9, 9999, 9999);
    let len = bundle.len();
    bundle[len - 2..].copy_from_slice(&u16::try_from(fake.len()).unwrap().to_le_bytes());
    bundle.extend(fake);
    assert_eq!(names(&bundle).unwrap(), ["a"]);
}

#[test]
fn every_truncation_point_of_a_bundle_is_an_error() {
    let bundle = zip(&[
        Entry::deflated("a/cpu.pprof", &proto()),
        Entry::stored("b", b"content"),
    ]);
    for end in 0..bundle.len() {
        let error = names(&bundle[..end]).expect_err(&format!("cut at {end} of {}", bundle.len()));
        let code = if end == 0 {
            "empty_input"
        } else {
            "truncated_profile"
        };
        assert!(error.code() == code || end < 4, "cut at {end}: {error}");
    }
}

#[test]
fn a_changed_bit_never_changes_content_unnoticed() {
    let content = proto();
    let bundle = zip(&[Entry::deflated("cpu.pprof", &content)]);
    for at in 0..bundle.len() {
        for bit in 0..8 {
            let mut changed = bundle.clone();
            changed[at] ^= 1 << bit;
            if let Ok(entries) = zip_entries(&changed, &Limits::default()) {
                assert!(
                    entries.iter().all(|entry| entry.bytes == content),
                    "byte {at}, bit {bit}"
                );
            }
        }
    }
}

#[test]
fn names_that_lead_out_of_a_folder_are_refused() {
    let hostile = [
        "/etc/passwd",
        "../cpu.pprof",
        "a/../../cpu.pprof",
        "a/..",
        "./cpu.pprof",
        "a//b",
        "..\\cpu.pprof",
        "a\\b",
        "C:cpu.pprof",
        "C:/cpu.pprof",
        "nul\0.pprof",
        "",
        "../",
        "/",
        "..",
        ".",
    ];
    for name in hostile {
        let error = names(&zip(&[Entry::stored("fine", b"1"), Entry::stored(name, b"1")])).unwrap_err();
        assert_eq!(error.code(), "invalid_profile", "{name:?}");
        assert_eq!(error.place, Some(Place::Entry(name.to_owned())));
    }
    assert_eq!(
        names(&zip(&[Entry::stored("a..b/...c", b"1")])).unwrap(),
        ["a..b/...c"]
    );
}

#[test]
fn entries_of_one_name_are_all_kept() {
    let entries = [
        "d/cpu.pprof",
        "d/cpu.pprof",
        "d/cpu.pprof",
        ".x",
        ".x",
        "d.e/f",
        "d.e/f",
    ];
    let bundle = zip(&entries.map(|name| Entry::stored(name, b"1")));
    let expected = [
        ".x",
        ".x (2)",
        "d.e/f",
        "d.e/f (2)",
        "d/cpu (2).pprof",
        "d/cpu (3).pprof",
        "d/cpu.pprof",
    ];
    assert_eq!(names(&bundle).unwrap(), expected);
}

#[test]
fn names_that_are_no_utf8_are_shown_with_replacement_characters() {
    let mut entry = Entry::stored("x", b"1");
    entry.name = b"gr\x94\xe1e.pprof".to_vec();
    assert_eq!(names(&zip(&[entry])).unwrap(), ["gr\u{fffd}\u{fffd}e.pprof"]);
}

#[test]
fn encrypted_entries_and_unknown_methods_are_named() {
    let mut encrypted = Entry::stored("secret", b"1");
    encrypted.flags = 1;
    let error = names(&zip(&[encrypted])).unwrap_err().to_string();
    assert!(error.contains("encrypted") && error.contains("secret"), "{error}");
    let error = names(&zip(&[Entry::stored("a", b"1").packed(14, vec![1])]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("compression method 14"), "{error}");
}

#[test]
fn lying_sizes_and_checksums_are_found() {
    let honest = Entry::deflated("a", b"content");
    let lies: [(Entry, &str); 5] = [
        (
            Entry {
                crc: 1,
                ..honest.clone()
            },
            "checksum 00000001",
        ),
        (
            Entry {
                size: 8,
                ..honest.clone()
            },
            "says 8 bytes, there are 7",
        ),
        (
            Entry {
                size: u32::MAX,
                ..honest.clone()
            },
            "says 4294967295 bytes, there are 7",
        ),
        (
            Entry {
                packed_size: 3,
                ..honest.clone()
            },
            "no end",
        ),
        (
            Entry {
                packed_size: 100_000,
                ..honest
            },
            "longer than the archive",
        ),
    ];
    for (lie, words) in lies {
        let error = names(&zip(&[lie])).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.place, Some(Place::Entry("a".to_owned())));
    }
}

#[test]
fn overlapping_entries_are_refused() {
    let one = zip(&[Entry::deflated("a", &vec![0; 200_000])]);
    let start = one.len() - 22 - 46 - 1;
    let header = &one[start..start + 47];
    let many = header.repeat(9);
    let end = zip_end(
        9,
        u32::try_from(many.len()).unwrap(),
        u32::try_from(start).unwrap(),
    );
    let error = names(&[&one[..start], &many, &end].concat()).unwrap_err();
    assert!(error.to_string().contains("overlap"), "{error}");
}

#[test]
fn numbers_of_64_bits_are_read_and_checked() {
    let content = b"content";
    let mut wide = Entry::stored("wide", content);
    let len = content.len() as u64;
    (wide.size, wide.packed_size) = (u32::MAX, u32::MAX);
    wide.extra = [
        &[9, 9, 1, 0, 0, 1, 0, 16, 0][..],
        &len.to_le_bytes(),
        &len.to_le_bytes(),
    ]
    .concat();
    assert_eq!(
        zip_entries(&zip(&[wide.clone()]), &Limits::default()).unwrap()[0].bytes,
        content
    );
    wide.extra = [&[1, 0, 16, 0][..], &[0xff; 16]].concat();
    assert!(names(&zip(&[wide.clone()])).is_err());
    wide.extra = vec![1, 0, 3, 0, 1, 2, 3];
    assert!(names(&zip(&[wide])).is_err());
}

#[test]
fn a_64_bit_end_record_is_followed() {
    let small = zip(&[Entry::stored("a", b"1")]);
    let (body, _) = small.split_at(small.len() - 22);
    let size = 46 + 1u64;
    let start = body.len() as u64 - size;
    let mut end64 = b"PK\x06\x06".to_vec();
    end64.extend(44u64.to_le_bytes());
    end64.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [1, 1, size, start] {
        end64.extend(number.to_le_bytes());
    }
    let locator = |at: u64| [&b"PK\x06\x07\0\0\0\0"[..], &at.to_le_bytes(), &[1, 0, 0, 0]].concat();
    let archive = |at: u64| [body, &end64, &locator(at), &zip_end(u16::MAX, u32::MAX, u32::MAX)].concat();
    assert_eq!(names(&archive(body.len() as u64)).unwrap(), ["a"]);
    for wrong in [0, u64::MAX, body.len() as u64 + 1] {
        assert_eq!(names(&archive(wrong)).unwrap_err().code(), "truncated_profile");
    }
}

#[test]
fn what_is_no_archive_is_said_to_be_none() {
    let error = names(b"<!DOCTYPE html><title>Sign in</title>").unwrap_err();
    assert_eq!(error.code(), "not_a_profile");
    assert!(error.to_string().contains("HTML page"), "{error}");
    assert_eq!(names(&gzip(b"x")).unwrap_err().code(), "not_a_profile");
    assert_eq!(names(b"").unwrap_err().code(), "empty_input");
    let mut disks = zip(&[]);
    disks[4] = 3;
    assert!(names(&disks).unwrap_err().to_string().contains("several parts"));
}
