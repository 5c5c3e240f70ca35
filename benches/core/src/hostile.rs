//! Small profiles that are right and unusual, each in another way: for agreement, not for speed.

use crate::program::Program;
use crate::random::{Random, mix};
use crate::writer::{Counts, Header, Label, Layout, Style, Writer};
use std::io::{self, Write};

const SEED: u64 = 0x686f_7374;
const PROGRAM: Program = Program {
    seed: SEED,
    functions: 600,
    sites_each: 2,
    callees: 64,
    forks: 100,
    inlined: 40,
};
const HEADER: Header = Header {
    sample_types: &[("contentions", "count"), ("delay", "nanoseconds")],
    period_type: ("contentions", "count"),
    period: 1,
    time_nanos: 0,
    duration_nanos: 0,
};
/// How rows may be numbered: from one on, with gaps, scattered over 63 bits, downwards.
const IDS: [fn(u64) -> u64; 4] = [
    |number| number + 1,
    |number| 7 + number * 1000,
    |number| mix(number + 1) >> 1 | 1,
    |number| u64::from(u32::MAX) - number,
];

/// A profile of which every eighth is empty; the others differ in ids, order, packing and everything they hold.
///
/// # Errors
///
/// Whatever is below does not take the bytes.
pub fn write<W: Write>(out: W, file: u64) -> io::Result<(W, Counts)> {
    let mut random = Random::of(SEED, file);
    let style = Style {
        layout: if file.is_multiple_of(2) {
            Layout::Tables
        } else {
            Layout::Interleaved
        },
        id: IDS[(file / 2 % 4) as usize],
        packed: !file.is_multiple_of(3),
        slide: random.below(1 << 24) << 12,
    };
    let header = Header {
        time_nanos: 1_770_000_000_000_000_000 * random.below(2) as i64,
        duration_nanos: random.below(1 << 40) as i64,
        ..HEADER
    };
    let mut writer = Writer::new(out, PROGRAM, style, header);
    let mut stack = Vec::new();
    let samples = if file % 8 == 5 { 0 } else { 1 + random.below(60) };
    for _ in 0..samples {
        if random.below(10) == 0 {
            stack.clear();
        } else {
            // Most stacks are met once in all files, a few in each.
            let number = if random.below(8) == 0 {
                random.below(20)
            } else {
                random.bits()
            };
            let most = if random.below(10) == 0 { 300 } else { 12 };
            PROGRAM.stack(number, (1, most), &mut stack);
        }
        let values = [value(&mut random), value(&mut random)];
        let bytes = value(&mut random);
        let mut labels = vec![
            Label::Text("tenant", "acme"),
            Label::Text("tenant", "globex"),
            Label::Text("", "no key"),
            Label::Text("schlüssel \u{1f511}", "значение"),
            Label::Number("bytes", bytes, "bytes"),
            // Not a second unit of `bytes`: pprof shows a key in the unit of the first sample, so the order would show.
            Label::Number("room", 64, "kilobytes"),
            Label::Number("plain", 3, ""),
        ];
        random.shuffle(&mut labels);
        labels.truncate(random.below(4) as usize);
        for _ in 0..=random.below(2) {
            writer.sample(&stack, &values, &labels)?;
        }
    }
    writer.finish()
}

/// Nothing, something, a debt, or a great deal.
fn value(random: &mut Random) -> i64 {
    match random.below(8) {
        0 | 1 => 0,
        2 => -(random.below(1000) as i64),
        3 => random.below(1 << 50) as i64,
        _ => random.below(1000) as i64,
    }
}
