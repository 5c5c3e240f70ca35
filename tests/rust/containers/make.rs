//! Makers of what the tests open.

use flate2::{Compression, Crc, GzBuilder};
use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};
use pprof_core::profile::ProfileBuilder;
use pprof_core::table::{Function, Line, Location};
use pprof_core::{Profile, wire};
use std::io::Write;

/// A profile with one sample of every part.
pub fn profile() -> Profile {
    let mut builder = ProfileBuilder::default();
    let cpu = builder.value_type(b"cpu", b"nanoseconds");
    builder.header.sample_types = vec![cpu];
    builder.header.period_type = cpu;
    builder.header.period = 10_000_000;
    builder.header.time_nanos = 1_700_000_000_000_000_000;
    let name = builder.string(b"main.main");
    let function = builder.function(Function {
        name,
        system_name: name,
        ..Function::default()
    });
    let line = Line {
        function,
        line: 7,
        column: 0,
    };
    let location = builder
        .location(
            Location {
                address: 0x1000,
                ..Location::default()
            },
            &[line],
        )
        .unwrap();
    let label = builder.label(b"endpoint", b"/checkout");
    builder.sample(&[location], &[42], &mut [label]).unwrap();
    builder.finish()
}

/// [`profile`] as protobuf.
pub fn proto() -> Vec<u8> {
    wire::encode_proto(&profile())
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzBuilder::new().write(Vec::new(), Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// With every optional part of the header.
pub fn gzip_with_names(bytes: &[u8]) -> Vec<u8> {
    let builder = GzBuilder::new()
        .filename("cpu.pprof")
        .comment("thirty seconds")
        .extra([1, 2, 3].as_slice());
    let mut writer = builder
        .mtime(1_700_000_000)
        .write(Vec::new(), Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut writer = zstd::Encoder::new(Vec::new(), 1).unwrap();
    writer.include_checksum(true).unwrap();
    writer.set_pledged_src_size(Some(bytes.len() as u64)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// As a program writes it that does not know the size beforehand.
pub fn zstd_stream(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

pub fn lz4_with(bytes: &[u8], info: FrameInfo) -> Vec<u8> {
    let mut writer = FrameEncoder::with_frame_info(info, Vec::new());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = FrameInfo::new()
        .content_checksum(true)
        .block_checksums(true)
        .block_mode(BlockMode::Linked);
    lz4_with(bytes, info.content_size(Some(bytes.len() as u64)))
}

/// A skippable frame, which zstd and LZ4 share.
pub fn skippable(content: &[u8]) -> Vec<u8> {
    [
        b"\x5a\x2a\x4d\x18",
        u32::try_from(content.len()).unwrap().to_le_bytes().as_slice(),
        content,
    ]
    .concat()
}

/// An entry of an archive, each part of which can be made to lie.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub packed: Vec<u8>,
    pub size: u32,
    pub packed_size: u32,
    pub extra: Vec<u8>,
}

impl Entry {
    pub fn stored(name: &str, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        let len = u32::try_from(content.len()).unwrap();
        let (name, packed) = (name.as_bytes().to_vec(), content.to_vec());
        Self {
            name,
            method: 0,
            flags: 0,
            crc: crc.sum(),
            packed,
            size: len,
            packed_size: len,
            extra: vec![],
        }
    }

    pub fn packed(self, method: u16, packed: Vec<u8>) -> Self {
        Self {
            method,
            packed_size: u32::try_from(packed.len()).unwrap(),
            packed,
            ..self
        }
    }

    pub fn deflated(name: &str, content: &[u8]) -> Self {
        let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
        writer.write_all(content).unwrap();
        Self::stored(name, content).packed(8, writer.finish().unwrap())
    }

    pub fn zstd(name: &str, content: &[u8]) -> Self {
        Self::stored(name, content).packed(93, zstd(content))
    }
}

/// An archive of these entries.
pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let local = u32::try_from(out.len()).unwrap();
        let mut common = Vec::new();
        common.extend(20u16.to_le_bytes());
        common.extend(entry.flags.to_le_bytes());
        common.extend(entry.method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(entry.crc.to_le_bytes());
        common.extend(entry.packed_size.to_le_bytes());
        common.extend(entry.size.to_le_bytes());
        common.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend([0; 2]);
        out.extend(&entry.name);
        out.extend(&entry.packed);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend(u16::try_from(entry.extra.len()).unwrap().to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(local.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
    }
    let start = u32::try_from(out.len()).unwrap();
    out.extend(&directory);
    out.extend(zip_end(
        u16::try_from(entries.len()).unwrap(),
        u32::try_from(directory.len()).unwrap(),
        start,
    ));
    out
}

/// The record at the end of an archive.
pub fn zip_end(count: u16, size: u32, start: u32) -> Vec<u8> {
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}
