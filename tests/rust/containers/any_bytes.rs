//! Laws for any bytes: no panic, and never more out than the limits admit.

use crate::make::{Entry, gzip, gzip_with_names, lz4, proto, zip, zstd, zstd_stream};
use pprof_core::Limits;
use pprof_core::wire::container::{sniff, unpack, zip_entries};
use pprof_core::wire::decode;
use proptest::prelude::*;

const INFLATED: u64 = 1 << 16;

fn limits() -> Limits {
    Limits {
        inflated_bytes: INFLATED,
        ratio: 100,
        ratio_floor: 1 << 12,
        zip_entries: 8,
        ..Limits::default()
    }
}

/// Opens `bytes` in every way.
fn open(bytes: &[u8]) -> Result<(), TestCaseError> {
    let limits = limits();
    let _ = sniff(bytes).phrase();
    if let Ok(content) = unpack(bytes, &limits) {
        let compressed = matches!(content, std::borrow::Cow::Owned(_));
        prop_assert!(!compressed || content.len() as u64 <= INFLATED);
    }
    if let Ok(entries) = zip_entries(bytes, &limits) {
        prop_assert!(entries.len() as u64 <= limits.zip_entries);
        prop_assert!(entries.iter().map(|entry| entry.bytes.len() as u64).sum::<u64>() <= INFLATED);
        prop_assert!(entries.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
    if let Err(error) = decode(bytes, &limits) {
        prop_assert!(!error.to_string().is_empty());
    }
    Ok(())
}

/// Files of every form, to be damaged.
fn files() -> Vec<Vec<u8>> {
    let proto = proto();
    let long = vec![b'a'; 3000];
    let bundle = zip(&[
        Entry::deflated("a/cpu.pprof", &gzip(&proto)),
        Entry::stored("b", &proto),
        Entry::zstd("c", &long),
    ]);
    let two = [gzip(&proto), gzip(&long)].concat();
    vec![
        gzip(&proto),
        gzip_with_names(&long),
        zstd(&long),
        zstd_stream(&proto),
        lz4(&long),
        bundle,
        two,
        proto,
    ]
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(1024))]

    #[test]
    fn any_bytes_open_or_fail_within_the_limits(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        open(&bytes)?;
    }

    #[test]
    fn any_bytes_behind_a_mark_open_or_fail_within_the_limits(
        mark in prop::sample::select(vec![
            &b"\x1f\x8b\x08"[..], b"\x1f\x8b\x08\0\0\0\0\0\0\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x5f\x2a\x4d\x18",
            b"PK\x03\x04", b"PK\x05\x06\0\0\0\0\x01\0\x01\0", b"\x0a\x04", b"--- heapz 1 ---\n", b"heap profile: ",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        open(&[mark, &rest].concat())?;
    }

    #[test]
    fn damaged_files_open_or_fail_within_the_limits(
        mut file in prop::sample::select(files()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        open(&file)?;
    }

    #[test]
    fn files_put_together_from_pieces_open_or_fail_within_the_limits(
        pieces in prop::collection::vec((prop::sample::select(files()), any::<prop::sample::Index>(), any::<bool>()), 1..4),
    ) {
        let mut bytes = Vec::new();
        for (file, at, whole) in pieces {
            let from = if whole { 0 } else { at.index(file.len()) };
            bytes.extend_from_slice(&file[from..]);
        }
        open(&bytes)?;
    }
}
