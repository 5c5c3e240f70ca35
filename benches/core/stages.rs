//! How long each stage takes. Every result is checked before it is timed.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::expect_used, reason = "a benchmark that meets a surprise should stop")]

mod workload;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use pprof_core::aggregate::{EdgeChoice, GraphBuilder, GraphOptions, SampleValue, total, trim::Trim};
use pprof_core::combine::merge;
use pprof_core::view::{Granularity, View};
use pprof_core::wire::{Compression, decode, encode};
use pprof_core::{Limits, Profile};
use std::hint::black_box;
use workload::SIZES;

/// The profile of each size, and its bytes as they stand in a file.
fn inputs() -> Vec<(&'static str, Profile, Vec<u8>)> {
    SIZES
        .iter()
        .map(|size| {
            let profile = size.profile(1);
            assert_eq!(profile.samples.len() as u64, size.samples());
            let bytes = encode(&profile, Compression::None).expect("no compression can not fail");
            (size.name, profile, bytes)
        })
        .collect()
}

fn measure<T>(
    criterion: &mut Criterion,
    stage: &str,
    size: &str,
    bytes: usize,
    mut routine: impl FnMut() -> T,
) {
    let mut group = criterion.benchmark_group(stage);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(20)
        .throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
        bencher.iter(|| black_box(routine()));
    });
    group.finish();
}

fn decoding(criterion: &mut Criterion) {
    let limits = Limits::default();
    for (size, profile, bytes) in inputs() {
        let zipped = encode(&profile, Compression::Gzip(6)).expect("level 6 is a level");
        for (stage, input) in [("decode", &bytes), ("decode_gzip", &zipped)] {
            let decoded = decode(input, &limits).expect("what was encoded can be decoded");
            assert_eq!(decoded.samples, profile.samples);
            measure(criterion, stage, size, bytes.len(), || {
                decode(black_box(input), &limits)
            });
        }
    }
}

fn encoding(criterion: &mut Criterion) {
    for (size, profile, bytes) in inputs() {
        let again = encode(&profile, Compression::None).expect("no compression can not fail");
        assert_eq!(again, bytes);
        measure(criterion, "encode", size, bytes.len(), || {
            encode(black_box(&profile), Compression::None)
        });
    }
}

/// The function that most was spent in, and how much: all of a top table but its text.
fn top(profile: &Profile) -> (i64, i64) {
    let value = SampleValue {
        index: 1,
        mean: false,
    };
    let mut view = View::new(profile);
    let total = total(&view, value);
    view.aggregate(Granularity::Functions, false, false);
    let trim = Trim {
        nodecount: 80,
        nodefraction: 0.005,
        edgefraction: 0.001,
        cum_sort: false,
        visual: false,
    };
    let options = GraphOptions {
        edges: EdgeChoice::IntoInlined,
        ..GraphOptions::plain(value)
    };
    let trimmed = GraphBuilder::new(&view, options)
        .trimmed(&trim)
        .expect("nobody cancels a benchmark");
    let heaviest = trimmed
        .graph
        .order
        .first()
        .map_or(0, |&id| trimmed.graph.nodes[id].flat.value);
    (total, heaviest)
}

fn aggregating(criterion: &mut Criterion) {
    for (size, profile, bytes) in inputs() {
        let (total, heaviest) = top(&profile);
        assert_eq!(total, profile.samples.values[1].iter().sum::<i64>());
        assert!(0 < heaviest && heaviest <= total, "{heaviest} of {total}");
        measure(criterion, "aggregate", size, bytes.len(), || {
            top(black_box(&profile))
        });
    }
}

fn merging(criterion: &mut Criterion) {
    for (size, bytes) in SIZES.iter().zip(inputs().into_iter().map(|(_, _, bytes)| bytes)) {
        let profiles: Vec<Profile> = (1..=4).map(|seed| size.profile(seed)).collect();
        let parts: Vec<&Profile> = profiles.iter().collect();
        let merged = merge(&parts).expect("profiles of one program go together");
        let sum = |profile: &Profile| profile.samples.values[1].iter().sum::<i64>();
        assert_eq!(sum(&merged), parts.iter().map(|part| sum(part)).sum::<i64>());
        measure(criterion, "merge_4", size.name, 4 * bytes.len(), || {
            merge(black_box(&parts))
        });
    }
}

criterion_group!(stages, decoding, encoding, aggregating, merging);
criterion_main!(stages);
