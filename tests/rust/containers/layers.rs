//! Compression around one profile.

use crate::make::{gzip, gzip_with_names, lz4, lz4_with, proto, skippable, zstd, zstd_stream};
use lz4_flex::frame::{BlockMode, BlockSize, FrameInfo};
use pprof_core::wire::container::{Fill, Inflater, unpack};
use pprof_core::{Error, Limits, Place};
use std::borrow::Cow;

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    unpack(bytes, &Limits::default()).map(Cow::into_owned)
}

/// Every way in which `content` can be compressed once.
fn compressed(content: &[u8]) -> Vec<Vec<u8>> {
    vec![
        gzip(content),
        gzip_with_names(content),
        zstd(content),
        zstd_stream(content),
        lz4(content),
        lz4_with(
            content,
            FrameInfo::new()
                .block_mode(BlockMode::Independent)
                .block_size(BlockSize::Max64KB),
        ),
    ]
}

/// Content that does not compress to nothing and is longer than the blocks of each form.
fn long() -> Vec<u8> {
    (0..40_000u32)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 20).to_le_bytes())
        .collect()
}

#[test]
fn plain_bytes_are_borrowed() {
    let bytes = proto();
    assert!(matches!(unpack(&bytes, &Limits::default()), Ok(Cow::Borrowed(same)) if same == bytes));
    assert!(matches!(unpack(b"", &Limits::default()), Ok(Cow::Borrowed(b""))));
}

#[test]
fn every_compression_comes_off() {
    for content in [proto(), long(), Vec::new(), vec![7]] {
        for file in compressed(&content) {
            assert!(unpacked(&file).unwrap() == content, "{:x?}", &file[..8]);
        }
    }
}

#[test]
fn layers_on_top_of_each_other_come_off_up_to_the_limit() {
    let content = proto();
    assert_eq!(unpacked(&gzip(&gzip(&content))).unwrap(), content);
    let four = gzip(&zstd(&lz4(&gzip(&content))));
    assert_eq!(unpacked(&four).unwrap(), content);
    let error = unpacked(&zstd(&four)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "profile too large: layers of compression over the limit of 4"
    );
    let none = Limits {
        nesting: 0,
        ..Limits::default()
    };
    assert_eq!(
        unpack(&gzip(&content), &none).unwrap_err().code(),
        "profile_too_large"
    );
    assert!(unpack(&content, &none).is_ok());
}

#[test]
fn members_and_frames_behind_each_other_are_joined() {
    for (first, second) in compressed(b"one, ").into_iter().zip(compressed(b"two")) {
        assert_eq!(unpacked(&[first, second].concat()).unwrap(), b"one, two");
    }
    assert_eq!(
        unpacked(&[gzip(b"one, "), gzip(b""), gzip_with_names(b"two")].concat()).unwrap(),
        b"one, two"
    );
}

#[test]
fn skippable_frames_are_skipped_before_between_and_behind() {
    for pack in [zstd, lz4] {
        let file = [
            skippable(b"note"),
            pack(b"one"),
            skippable(b""),
            pack(b"two"),
            skippable(&[9; 300]),
        ]
        .concat();
        assert_eq!(unpacked(&file).unwrap(), b"onetwo");
    }
    assert_eq!(unpacked(&skippable(b"nothing else")).unwrap(), b"");
}

#[test]
fn every_truncation_point_is_told_as_such_with_the_place() {
    let content = proto();
    for file in compressed(&content)
        .into_iter()
        .chain([[skippable(b"note"), zstd(&content)].concat()])
    {
        for end in 4..file.len() {
            let cut = &file[..end];
            // Cut right behind a skippable frame, a whole file of nothing remains.
            if cut == skippable(b"note") {
                continue;
            }
            let error =
                unpacked(cut).expect_err(&format!("{:x?} cut at {end} of {}", &file[..4], file.len()));
            assert_eq!(error.code(), "truncated_profile", "cut at {end}: {error}");
            assert_eq!(error.place, Some(Place::InputOffset(end as u64)), "{error}");
        }
    }
}

#[test]
fn a_changed_byte_is_an_error_or_changes_nothing() {
    let content = proto();
    let checked = [
        gzip(&content),
        gzip_with_names(&content),
        zstd(&content),
        lz4(&content),
    ];
    for file in checked {
        for at in 4..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                if let Ok(other) = unpacked(&changed) {
                    assert_eq!(other, content, "byte {at}, bit {bit} of {:x?}", &file[..4]);
                }
            }
        }
    }
}

#[test]
fn bytes_behind_the_data_are_an_error_even_zeros() {
    for file in compressed(b"content") {
        for rest in [
            &b"\0"[..],
            b"\0\0\0\0\0\0\0\0\0\0\0\0",
            b"x",
            b"garbage that is long enough for a header",
        ] {
            let error = unpacked(&[&file, rest].concat()).unwrap_err();
            assert_eq!(error.code(), "invalid_profile", "{error}");
            assert_eq!(
                error.place,
                Some(Place::InputOffset(file.len() as u64)),
                "{error}"
            );
        }
    }
    // As in Go, what could be the beginning of another member is an unexpected end.
    assert_eq!(
        unpacked(&[&gzip(b"x")[..], b"\x1f"].concat()).unwrap_err().code(),
        "truncated_profile"
    );
}

#[test]
fn checksum_and_size_of_gzip_are_compared() {
    let file = gzip(b"content");
    let at = file.len() - 8;
    let mut changed = file.clone();
    changed[at] ^= 1;
    let error = unpacked(&changed).unwrap_err();
    assert!(error.to_string().contains("gzip checksum"), "{error}");
    assert_eq!(error.place, Some(Place::InputOffset(at as u64)));
    let mut changed = file;
    changed[at + 4] += 1;
    let error = unpacked(&changed).unwrap_err().to_string();
    assert!(error.contains("says 8 bytes, the content has 7"), "{error}");
}

#[test]
fn the_checksum_of_a_gzip_header_is_compared() {
    let plain = gzip(b"content");
    let header = [&plain[..3], &[1 << 1], &plain[4..10]].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    let sum = crc.sum().to_le_bytes();
    let right = [&header[..], &sum[..2], &plain[10..]].concat();
    assert_eq!(unpacked(&right).unwrap(), b"content");
    let wrong = [&header[..], &[sum[0] ^ 1, sum[1]], &plain[10..]].concat();
    assert_eq!(unpacked(&wrong).unwrap_err().code(), "invalid_profile");
}

#[test]
fn broken_gzip_headers_are_named() {
    let file = gzip(b"content");
    let mut method = file.clone();
    method[2] = 9;
    assert!(
        unpacked(&method)
            .unwrap_err()
            .to_string()
            .contains("compression method 9")
    );
    let name = [
        &file[..3],
        &[1 << 3],
        &file[4..10],
        &[b'n'; 600],
        &[0],
        &file[10..],
    ]
    .concat();
    assert!(
        unpacked(&name)
            .unwrap_err()
            .to_string()
            .contains("over 511 bytes")
    );
}

#[test]
fn offsets_in_an_inner_layer_are_not_called_offsets_of_the_input() {
    let mut inner = gzip(b"content");
    inner.truncate(15);
    assert_eq!(
        unpacked(&zstd(&inner)).unwrap_err().place,
        Some(Place::Offset(15))
    );
}

#[test]
fn a_window_larger_than_is_read_is_refused_with_advice() {
    let mut writer = zstd::Encoder::new(Vec::new(), 1).unwrap();
    writer.window_log(28).unwrap();
    std::io::Write::write_all(&mut writer, b"content").unwrap();
    let error = unpacked(&writer.finish().unwrap()).unwrap_err();
    assert!(error.to_string().contains("window of over 128 MiB"), "{error}");
}

#[test]
fn blocks_without_content_do_not_end_an_lz4_frame() {
    let info = FrameInfo::new()
        .block_mode(BlockMode::Independent)
        .block_size(BlockSize::Max64KB);
    let file = lz4_with(b"content", info);
    let empty_block = 0x8000_0000u32.to_le_bytes();
    let with_empty = [&file[..7], &empty_block, &empty_block, &file[7..]].concat();
    assert_eq!(unpacked(&with_empty).unwrap(), b"content");
}

#[test]
fn pieces_are_never_larger_than_asked_for() {
    let content = long();
    for file in compressed(&content) {
        let mut layer = Inflater::of(&file).unwrap().unwrap();
        let mut all = Vec::new();
        let mut piece = Vec::with_capacity(1000);
        loop {
            piece.clear();
            let fill = layer.fill(&mut piece).unwrap();
            assert_eq!(piece.capacity(), 1000);
            all.extend_from_slice(&piece);
            if fill == Fill::End {
                break;
            }
            assert_eq!(piece.len(), 1000);
        }
        assert!(all == content);
    }
    assert!(Inflater::of(&content).unwrap().is_none());
}
