//! Small files that hold much.

use crate::make::{Entry, gzip, lz4, skippable, zip, zstd, zstd_stream};
use pprof_core::wire::container::{unpack, zip_entries};
use pprof_core::{Error, ErrorKind, Limits};
use std::borrow::Cow;

/// What the limits here are counted in: large enough for any ratio, small enough for an unoptimised decoder.
const UNIT: u64 = 64 << 10;

/// Zeros, of which gzip makes a thousandth.
fn zeros(units: usize) -> Vec<u8> {
    vec![0; units << 16]
}

fn setting(error: &Error) -> &'static str {
    match *error.kind {
        ErrorKind::TooLarge { setting, .. } => setting,
        _ => panic!("{error}"),
    }
}

#[test]
fn no_more_comes_out_than_the_limit() {
    let limits = Limits {
        inflated_bytes: 3 * UNIT,
        ..Limits::default()
    };
    let content = zeros(8);
    for file in [
        gzip(&content),
        zstd(&content),
        zstd_stream(&content),
        lz4(&content),
    ] {
        assert_eq!(setting(&unpack(&file, &limits).unwrap_err()), "inflated_bytes");
    }
    let many = vec![gzip(&zeros(1)); 4].concat();
    assert_eq!(setting(&unpack(&many, &limits).unwrap_err()), "inflated_bytes");
    assert_eq!(
        unpack(&many[..many.len() / 4 * 3], &limits).unwrap().len() as u64,
        3 * UNIT
    );
}

#[test]
fn a_size_at_the_limit_is_accepted_and_one_byte_more_is_not() {
    for (len, fits) in [(4095, true), (4096, true), (4097, false)] {
        let limits = Limits {
            inflated_bytes: 4096,
            ..Limits::default()
        };
        for pack in [gzip, zstd, zstd_stream, lz4] {
            assert_eq!(unpack(&pack(&vec![1; len]), &limits).is_ok(), fits, "{len}");
        }
    }
}

#[test]
fn the_ratio_counts_above_its_floor_only() {
    let file = gzip(&zeros(4));
    let strict = Limits {
        ratio: 100,
        ratio_floor: UNIT,
        ..Limits::default()
    };
    assert_eq!(setting(&unpack(&file, &strict).unwrap_err()), "ratio");
    assert!(
        unpack(
            &file,
            &Limits {
                ratio_floor: 4 * UNIT,
                ..strict
            }
        )
        .is_ok()
    );
    assert!(
        unpack(
            &file,
            &Limits {
                ratio: 1100,
                ..strict
            }
        )
        .is_ok()
    );
}

#[test]
fn the_ratio_is_that_of_all_layers_together() {
    let file = gzip(&gzip(&zeros(8)));
    let limits = Limits {
        ratio: 1100,
        ratio_floor: UNIT,
        ..Limits::default()
    };
    assert_eq!(setting(&unpack(&file, &limits).unwrap_err()), "ratio");
}

#[test]
fn sizes_in_headers_reserve_no_memory() {
    let mut gzip = gzip(b"content");
    let at = gzip.len() - 4;
    gzip[at..].copy_from_slice(&[0xff; 4]);
    assert_eq!(
        unpack(&gzip, &Limits::default()).unwrap_err().code(),
        "invalid_profile"
    );
    // The last size is right and far larger than what stands there, as in a file of two members.
    let two = [crate::make::gzip(b"small"), crate::make::gzip(&zeros(2))].concat();
    let Cow::Owned(out) = unpack(&two, &Limits::default()).unwrap() else {
        panic!("borrowed")
    };
    assert_eq!(out.len(), (2 << 16) + 5);
    // zstd with a content size of 2^62 in its header: the field stands behind magic, descriptor and window.
    let mut header = b"\x28\xb5\x2f\xfd\xc0\x00".to_vec();
    header.extend((1u64 << 62).to_le_bytes());
    header.extend(b"\x09\x00\x00x"); // the last block: one byte, as it is
    assert_eq!(
        unpack(&header, &Limits::default()).unwrap_err().code(),
        "invalid_profile"
    );
    let skip = [&b"\x50\x2a\x4d\x18\xff\xff\xff\xff"[..], b"short"].concat();
    assert_eq!(
        unpack(&skip, &Limits::default()).unwrap_err().code(),
        "truncated_profile"
    );
}

#[test]
fn more_input_than_the_limit_is_refused_unread() {
    let limits = Limits {
        input_bytes: 10,
        ..Limits::default()
    };
    assert_eq!(setting(&unpack(&[0; 11], &limits).unwrap_err()), "input_bytes");
    assert_eq!(
        setting(&zip_entries(&[0; 11], &limits).unwrap_err()),
        "input_bytes"
    );
    assert!(unpack(&[0; 10], &limits).is_ok());
    assert!(unpack(&skippable(b""), &limits).is_ok());
}

#[test]
fn a_bundle_is_bounded_by_entry_and_in_all() {
    let one = zeros(1);
    let entries: Vec<Entry> = (0..4)
        .map(|n| Entry::deflated(&format!("{n}.pprof"), &one))
        .collect();
    let bundle = zip(&entries);
    let limits = |inflated: u64| Limits {
        inflated_bytes: inflated * UNIT,
        ..Limits::default()
    };
    assert_eq!(zip_entries(&bundle, &limits(4)).unwrap().len(), 4);
    assert_eq!(
        setting(&zip_entries(&bundle, &limits(3)).unwrap_err()),
        "inflated_bytes"
    );
    let ratio = Limits {
        ratio: 100,
        ratio_floor: UNIT / 2,
        ..Limits::default()
    };
    assert_eq!(setting(&zip_entries(&bundle, &ratio).unwrap_err()), "ratio");
    let count = Limits {
        zip_entries: 3,
        ..Limits::default()
    };
    assert_eq!(setting(&zip_entries(&bundle, &count).unwrap_err()), "zip_entries");
    let stored = zip(&[Entry::stored("a", &one)]);
    assert_eq!(
        setting(&zip_entries(&stored, &limits(0)).unwrap_err()),
        "inflated_bytes"
    );
}

#[test]
fn one_entry_may_not_expand_more_than_the_ratio_though_others_do_not() {
    let filler: Vec<u8> = (0..100_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let bundle = zip(&[
        Entry::stored("filler", &filler),
        Entry::deflated("bomb", &zeros(4)),
    ]);
    let limits = Limits {
        ratio: 50,
        ratio_floor: UNIT,
        ..Limits::default()
    };
    let error = zip_entries(&bundle, &limits).unwrap_err();
    assert_eq!(setting(&error), "ratio");
    assert!(error.to_string().contains("bomb"), "{error}");
}

#[test]
fn an_archive_in_an_archive_stays_packed() {
    let inner = zip(&[Entry::deflated("zeros", &zeros(2))]);
    let outer = zip(&[Entry::deflated("inner.zip", &inner)]);
    let limits = Limits {
        inflated_bytes: UNIT,
        ..Limits::default()
    };
    let entries = zip_entries(&outer, &limits).unwrap();
    assert_eq!(
        (entries[0].name.as_str(), &entries[0].bytes),
        ("inner.zip", &inner)
    );
}

#[test]
fn a_bomb_is_known_on_the_way_though_the_file_as_a_whole_is_none() {
    let noise: Vec<u8> = (0..10_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let limits = Limits {
        ratio: 50,
        ratio_floor: UNIT,
        ..Limits::default()
    };
    for pack in [gzip, zstd_stream] {
        let file = [pack(&zeros(8)), pack(&noise)].concat();
        let len = zeros(8).len() + noise.len();
        assert!(len / file.len() < 50);
        let error = unpack(&file, &limits).map(|content| content.len()).unwrap_err();
        assert_eq!(setting(&error), "ratio");
        let enough = Limits {
            ratio_floor: len as u64,
            ..limits
        };
        assert_eq!(unpack(&file, &enough).unwrap().len(), len);
    }
}
