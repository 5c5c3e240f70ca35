//! Heap profiles of one service: each process has seen some of the same allocations.

use crate::program::Program;
use crate::random::{Random, mix, scaled};
use crate::writer::{Counts, Header, Label, Layout, Style, Writer};
use std::io::{self, Write};

const SEED: u64 = 0x6865_6170;
/// Allocation sites with their object sizes, over all processes.
const ALLOCATIONS: u64 = 36_000;
/// Allocations that follow each other in every process.
const TOGETHER: u64 = 8;
/// Some of Go's size classes, in bytes.
const SIZES: [i64; 16] = [
    16, 32, 48, 64, 96, 128, 208, 320, 512, 1024, 1792, 4096, 9472, 16_384, 65_536, 262_144,
];
/// Bytes between two samples, as Go's runtime has it.
const RATE: i64 = 512 * 1024;

const PROGRAM: Program = Program {
    seed: SEED,
    functions: 2_200,
    sites_each: 2,
    callees: 3,
    forks: 22,
    inlined: 17,
};
const HEADER: Header = Header {
    sample_types: &[
        ("alloc_objects", "count"),
        ("alloc_space", "bytes"),
        ("inuse_objects", "count"),
        ("inuse_space", "bytes"),
    ],
    period_type: ("space", "bytes"),
    period: RATE,
    time_nanos: 1_770_000_000_000_000_000,
    duration_nanos: 0,
};

/// How often an allocation is met: some in each process, some in one of twenty.
fn chance(allocation: u64) -> f64 {
    let even = Random::of(SEED, allocation).fraction();
    0.05 + 0.95 * even.powi(4)
}

/// The heap profile of one process.
///
/// # Errors
///
/// Whatever is below does not take the bytes.
pub fn write<W: Write>(out: W, process: u64) -> io::Result<(W, Counts)> {
    let mut random = Random::of(SEED ^ 1, process);
    // Each process comes to its places in an order of its own, but what belongs together stays together.
    let mut places: Vec<u64> = (0..ALLOCATIONS / TOGETHER).collect();
    random.shuffle(&mut places);
    let header = Header {
        time_nanos: HEADER.time_nanos + process as i64 * 17_000_000_123,
        ..HEADER
    };
    let style = Style::of(Layout::Interleaved, random.below(1 << 20) << 12);
    let mut writer = Writer::new(out, PROGRAM, style, header);
    let mut stack = Vec::new();
    for allocation in places
        .into_iter()
        .flat_map(|place| place * TOGETHER..(place + 1) * TOGETHER)
    {
        if random.fraction() >= chance(allocation) {
            continue;
        }
        // One allocation in four is a second size at the place of the one before.
        let place = allocation - u64::from(allocation % 4 == 3);
        PROGRAM.stack(place, (8, 30), &mut stack);
        let size = SIZES[scaled(mix(allocation ^ SEED), 256).min(255) as usize * SIZES.len() / 256];
        let values = values(&mut random, size);
        writer.sample(&stack, &values, &[Label::Number("bytes", size, "bytes")])?;
    }
    writer.finish()
}

/// Allocated and live objects and bytes, scaled up from what was sampled, as the runtime does it.
fn values(random: &mut Random, size: i64) -> [i64; 4] {
    let met = 1 + random.skewed(30) as i64;
    let live = if random.below(3) == 0 {
        1 + random.skewed(met as u64) as i64
    } else {
        0
    };
    let scale = 1.0 / (1.0 - (-(size as f64) / RATE as f64).exp());
    let scaled = |objects: i64| (objects as f64 * scale) as i64;
    [scaled(met), scaled(met) * size, scaled(live), scaled(live) * size]
}
