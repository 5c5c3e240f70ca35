//! How long each stage takes. Every result is checked before it is timed.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::expect_used, reason = "a benchmark that meets a surprise should stop")]

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use pprof_bench::stage::{self, Input};
use std::hint::black_box;

/// Files that are merged.
const FILES: u64 = 8;

fn inputs() -> impl Iterator<Item = Input> {
    ["heap", "labelled", "locations", "one1"].into_iter().map(|name| {
        let files = if name == "one1" { 1 } else { FILES };
        Input::new(name, files).expect("the workload exists and is sound")
    })
}

fn measure<T>(
    criterion: &mut Criterion,
    stage: &str,
    input: &Input,
    bytes: u64,
    mut routine: impl FnMut() -> T,
) {
    let mut group = criterion.benchmark_group(stage);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(20)
        .throughput(Throughput::Bytes(bytes));
    group.bench_function(BenchmarkId::from_parameter(input.name), |bencher| {
        bencher.iter(|| black_box(routine()));
    });
    group.finish();
}

fn decoding(criterion: &mut Criterion) {
    for input in inputs() {
        for (stage, bytes) in [("decode", &input.raw[0]), ("decode_gzip", &input.zipped[0])] {
            assert_eq!(stage::decode(bytes).samples, input.profiles[0].samples);
            let len = input.raw[0].len() as u64;
            measure(criterion, stage, &input, len, || stage::decode(black_box(bytes)));
        }
    }
}

fn encoding(criterion: &mut Criterion) {
    for input in inputs() {
        let again = stage::encode(&input.profiles[0]);
        assert_eq!(stage::decode(&again).samples, input.profiles[0].samples);
        let len = input.raw[0].len() as u64;
        measure(criterion, "encode", &input, len, || {
            stage::encode(black_box(&input.profiles[0]))
        });
    }
}

fn aggregating(criterion: &mut Criterion) {
    for input in inputs() {
        let profile = &input.profiles[0];
        let (total, heaviest) = stage::top(profile);
        assert_eq!(total, stage::sum(profile));
        assert!(0 < heaviest && heaviest <= total, "{heaviest} of {total}");
        let len = input.raw[0].len() as u64;
        measure(criterion, "top", &input, len, || stage::top(black_box(profile)));
    }
}

fn merging(criterion: &mut Criterion) {
    for input in inputs().filter(|input| input.profiles.len() > 1) {
        let merged = stage::merge(&input.zipped);
        assert_eq!(
            stage::sum(&merged),
            input.profiles.iter().map(stage::sum).sum::<i64>()
        );
        let len = input.raw.iter().map(|raw| raw.len() as u64).sum();
        measure(criterion, "merge", &input, len, || {
            stage::merge(black_box(&input.zipped))
        });
    }
}

criterion_group!(stages, decoding, encoding, aggregating, merging);
criterion_main!(stages);
