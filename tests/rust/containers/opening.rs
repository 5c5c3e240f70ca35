//! Bytes to profile and back.

use crate::make::{Entry, gzip, lz4, profile, proto, zip, zstd};
use pprof_core::wire::{Compression, decode, encode, encode_proto};
use pprof_core::{Error, Limits, Place};

fn refused(bytes: &[u8]) -> Error {
    decode(bytes, &Limits::default()).expect_err("no profile")
}

#[test]
fn a_profile_opens_in_every_wrapping() {
    let bytes = proto();
    for file in [
        bytes.clone(),
        gzip(&bytes),
        gzip(&gzip(&bytes)),
        zstd(&bytes),
        lz4(&bytes),
    ] {
        assert_eq!(encode_proto(&decode(&file, &Limits::default()).unwrap()), bytes);
    }
}

#[test]
fn what_was_encoded_opens_again_and_always_has_the_same_bytes() {
    let profile = profile();
    for compression in [
        Compression::None,
        Compression::Gzip(0),
        Compression::Gzip(1),
        Compression::Gzip(9),
    ] {
        let file = encode(&profile, compression).unwrap();
        assert_eq!(file, encode(&profile, compression).unwrap());
        assert_eq!(encode_proto(&decode(&file, &Limits::default()).unwrap()), proto());
    }
}

#[test]
fn the_gzip_header_holds_neither_time_nor_name() {
    let file = encode(&profile(), Compression::Gzip(6)).unwrap();
    assert_eq!(file[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
}

#[test]
fn a_level_that_does_not_exist_is_an_error() {
    let error = encode(&profile(), Compression::Gzip(10)).unwrap_err();
    assert_eq!(error.code(), "invalid_argument");
    assert!(error.to_string().contains("0 (stored) to 9"), "{error}");
}

#[test]
fn no_bytes_are_an_empty_input_in_any_wrapping() {
    for file in [Vec::new(), gzip(b""), zstd(b""), lz4(b"")] {
        assert_eq!(refused(&file).code(), "empty_input");
    }
}

#[test]
fn other_files_are_named() {
    let expected: [(&[u8], &str); 8] = [
        (b"<!doctype html><p>Sign in", "an HTML page"),
        (b"{\"errors\":[]}", "JSON"),
        (b"FLR\0\0\x02\0\x01", "a JFR recording"),
        (b"PERFILE2\x68\0\0\0", "convert it with `perf_to_profile`"),
        (
            &zip(&[Entry::stored("cpu.pprof", b"1")]),
            "a zip archive: open it as a bundle",
        ),
        (&gzip(b"<html>"), "an HTML page"),
        (b"404 page not found\n", "it begins with \"404 page not found\""),
        (b"\xff\xff\xff\xff", "bytes of no known form"),
    ];
    for (bytes, words) in expected {
        let error = refused(bytes);
        assert_eq!(error.code(), "not_a_profile", "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_cut_profile_is_called_cut_with_the_place() {
    let bytes = proto();
    let whole = decode(&bytes, &Limits::default()).unwrap();
    for end in 3..bytes.len() {
        match decode(&bytes[..end], &Limits::default()) {
            // Cut between two fields, what is there can be whole in itself.
            Ok(part) => assert!(part.samples.len() <= whole.samples.len()),
            Err(error) => assert_ne!(error.code(), "not_a_profile", "cut at {end}: {error}"),
        }
    }
    let error = refused(&bytes[..bytes.len() - 1]);
    assert_eq!(error.code(), "truncated_profile", "{error}");
    assert!(matches!(error.place, Some(Place::Offset(_))), "{error}");
}

#[test]
fn two_profiles_in_one_file_are_told_apart_from_damage() {
    let twice = proto().repeat(2);
    assert_eq!(refused(&twice).code(), "concatenated_profile");
    assert_eq!(refused(&gzip(&proto()).repeat(2)).code(), "concatenated_profile");
}

#[test]
fn limits_are_answered_as_limits() {
    let limits = Limits {
        samples: 0,
        ..Limits::default()
    };
    assert_eq!(decode(&proto(), &limits).unwrap_err().code(), "profile_too_large");
    let limits = Limits {
        input_bytes: 5,
        ..Limits::default()
    };
    assert_eq!(decode(&proto(), &limits).unwrap_err().code(), "profile_too_large");
}
