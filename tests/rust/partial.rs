//! Merging in any order, in any pieces, from bytes or from profiles: always the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets a surprise should stop"
)]

#[allow(dead_code, reason = "the model belongs to another test too")]
#[path = "model/merged.rs"]
mod merged;
#[allow(dead_code, reason = "the model belongs to another test too")]
#[path = "model/naive.rs"]
mod naive;
#[allow(dead_code, reason = "the model belongs to another test too")]
#[path = "model/random.rs"]
mod random;

use pprof_core::combine::{MergeOptions, Merged, Partial, Snapshots, merge};
use pprof_core::table::{Function, Line, Location};
use pprof_core::wire::{decode, encode_proto};
use pprof_core::{Limits, Profile, ProfileBuilder};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::path::Path;

/// A profile with a time, so that there is a latest one.
fn part() -> impl Strategy<Value = Profile> {
    (random::profile(), 0..4i64).prop_map(|(naive, time)| {
        let mut profile = random::columns(&naive);
        profile.header.time_nanos = time;
        profile.header.duration_nanos = 10 * time;
        profile.header.period = time % 3;
        profile
    })
}

/// What is done with the next part.
#[derive(Debug, Clone, Copy)]
enum Step {
    Bytes,
    Decoded,
    /// Merged apart, then taken along.
    Apart,
    /// The same, by way of bytes.
    Shipped,
}

fn merged(options: MergeOptions, parts: &[(Profile, Step)]) -> Partial {
    let limits = Limits::default();
    let mut all = Partial::new(options);
    for (profile, step) in parts {
        let bytes = encode_proto(profile);
        match step {
            Step::Bytes => all.add("a", &bytes, &limits).unwrap(),
            Step::Decoded => all.add_profile("a", profile),
            Step::Apart | Step::Shipped => {
                let mut apart = Partial::new(options);
                apart.add("a", &bytes, &limits).unwrap();
                if matches!(step, Step::Shipped) {
                    apart = Partial::from_bytes(&apart.to_bytes().unwrap(), &limits).unwrap();
                    all = Partial::from_bytes(&all.to_bytes().unwrap(), &limits).unwrap();
                }
                all.absorb(apart).unwrap();
            }
        }
    }
    all
}

fn finished(partial: Partial) -> Merged {
    partial.finish().unwrap()
}

fn steps() -> impl Strategy<Value = Step> {
    select(vec![Step::Bytes, Step::Decoded, Step::Apart, Step::Shipped])
}

fn options() -> impl Strategy<Value = MergeOptions> {
    let snapshots = select(vec![Snapshots::Sum, Snapshots::Mean, Snapshots::Last]);
    (snapshots, any::<bool>()).prop_map(|(snapshots, intersect_types)| MergeOptions {
        intersect_types,
        snapshots,
    })
}

proptest! {
    #[test]
    fn order_and_route_do_not_matter(
        options in options(),
        parts in vec((part(), steps()), 1..6),
        others in vec(steps(), 6),
    ) {
        let one = merged(options, &parts);
        let shipped = merged(options, &parts).to_bytes().unwrap();
        let mut other: Vec<_> = parts.iter().zip(others).map(|((profile, _), step)| (profile.clone(), step)).collect();
        other.reverse();
        let other_way = merged(options, &other);
        prop_assert_eq!(&shipped, &merged(options, &other).to_bytes().unwrap());
        let (one, other_way) = (finished(one), finished(other_way));
        prop_assert_eq!(encode_proto(&one.profile), encode_proto(&other_way.profile));
        prop_assert_eq!(one, other_way);
    }

    #[test]
    fn a_sum_has_what_the_model_has(parts in vec((random::profile(), steps()), 1..5)) {
        let columns: Vec<_> = parts.iter().map(|(naive, step)| (random::columns(naive), *step)).collect();
        let found = finished(merged(MergeOptions::default(), &columns)).profile;
        let in_pprofs_order = merge(&columns.iter().map(|(profile, _)| profile).collect::<Vec<_>>()).unwrap();
        let wanted = merged::added(parts.into_iter().flat_map(|(naive, _)| naive.samples).collect());
        prop_assert_eq!(found.samples.len(), wanted.len());
        prop_assert_eq!(sorted(&found), sorted(&in_pprofs_order));
    }

    #[test]
    fn merged_files_merge_to_what_all_files_do(parts in vec((part(), Just(Step::Bytes)), 2..5)) {
        // Only the samples: a file keeps no mapping that none of them needs, so another may stand for equal ones.
        let all = finished(merged(MergeOptions::default(), &parts)).profile;
        let (left, right) = parts.split_at(parts.len() / 2);
        let halves = [left, right].map(|half| (finished(merged(MergeOptions::default(), half)).profile, Step::Bytes));
        let again = finished(merged(MergeOptions::default(), &halves)).profile;
        prop_assert_eq!(sorted(&all), sorted(&again));
        prop_assert_eq!(all.header.time_nanos, again.header.time_nanos);
        prop_assert_eq!(all.header.duration_nanos, again.header.duration_nanos);
    }
}

/// Every sample spelled out, sorted.
fn sorted(profile: &Profile) -> Vec<String> {
    let mut lines: Vec<String> = (0..profile.samples.len())
        .map(|sample| {
            let text = |id| profile.strings.text(id).into_owned();
            let frames: Vec<String> = profile
                .stacks
                .frames(profile.samples.stack[sample])
                .map(|location| {
                    let lines: Vec<String> = profile
                        .locations
                        .lines(location)
                        .iter()
                        .map(|line| {
                            let function = profile.functions.get(line.function);
                            format!("{}:{}:{}", text(function.name), line.line, line.column)
                        })
                        .collect();
                    let place = profile.locations.get(location);
                    let start = place
                        .mapping
                        .map_or(0, |mapping| profile.mappings.get(mapping).start);
                    format!("{:x}{lines:?}", place.address - start)
                })
                .collect();
            let labels: Vec<String> = profile
                .label_sets
                .get(profile.samples.label_set[sample])
                .iter()
                .map(|label| format!("{}={:?}", text(label.key), spelled(profile, label.value)))
                .collect();
            let values: Vec<i64> = profile.samples.row(sample).collect();
            format!("{frames:?} {labels:?} {values:?}")
        })
        .collect();
    lines.sort();
    lines
}

fn spelled(profile: &Profile, value: pprof_core::table::LabelValue) -> String {
    use pprof_core::table::LabelValue;
    match value {
        LabelValue::Str(text) => profile.strings.text(text).into_owned(),
        LabelValue::Num(number, unit) => format!("{number} {}", profile.strings.text(unit)),
    }
}

// ------------------------------------------------------------------------------------------------ recorded files

/// Every recorded profile that can be decoded.
fn recorded() -> Vec<(String, Vec<u8>)> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
    let mut folders = vec![data];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path.file_name().unwrap().to_string_lossy().into_owned(), bytes));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_file_is_folded_in_as_it_is_decoded() {
    let limits = Limits::default();
    let (mut good, mut bad) = (0, 0);
    for (name, bytes) in recorded() {
        let mut partial = Partial::default();
        let added = partial.add(&name, &bytes, &limits);
        match decode(&bytes, &limits) {
            Err(error) => {
                assert_eq!(added, Err(error), "{name}");
                assert_eq!(partial.inputs(), 0, "{name}");
                bad += 1;
            }
            Ok(profile) => {
                added.unwrap();
                let mut decoded = Partial::default();
                decoded.add_profile(&name, &profile);
                assert_eq!(partial.to_bytes(), decoded.to_bytes(), "{name}");
                good += 1;
            }
        }
    }
    assert!(good >= 20 && bad >= 10, "{good} good files, {bad} bad ones");
}

#[test]
fn a_file_that_is_cut_off_anywhere_leaves_no_trace() {
    let limits = Limits::default();
    let (_, bytes) = recorded()
        .into_iter()
        .find(|(name, _)| name == "cpu.pb.gz")
        .unwrap();
    let whole = encode_proto(&decode(&bytes, &limits).unwrap());
    let whole = &whole[..whole.len().min(6_000)];
    let other = {
        let mut builder = ProfileBuilder::default();
        let cpu = builder.value_type(b"samples", b"count");
        builder.header.sample_types = vec![cpu];
        builder.sample(&[], &[3], &mut []).unwrap();
        encode_proto(&builder.finish())
    };
    let mut clean = Partial::default();
    clean.add("other", &other, &limits).unwrap();
    let clean = finished(clean);
    let mut cuts = 0;
    for cut in 1..whole.len() {
        let mut partial = Partial::default();
        let added = partial.add("cut", &whole[..cut], &limits);
        assert_eq!(added.err(), decode(&whole[..cut], &limits).err(), "cut at {cut}");
        if partial.inputs() == 0 {
            cuts += 1;
            partial.add("other", &other, &limits).unwrap();
            assert_eq!(finished(partial), clean, "cut at {cut}");
        }
    }
    assert!(cuts > 5_000);
}

// ------------------------------------------------------------------------------------------------ sample types

/// A profile of one sample at one function, with the time in nanoseconds.
fn of(types: &[&str], values: &[i64], time: i64) -> Vec<u8> {
    let mut builder = ProfileBuilder::default();
    for name in types {
        let value_type = builder.value_type(name.as_bytes(), b"count");
        builder.header.sample_types.push(value_type);
    }
    builder.header.time_nanos = time;
    builder.sample(&[], values, &mut []).unwrap();
    encode_proto(&builder.finish())
}

fn sum_of(options: MergeOptions, files: &[Vec<u8>]) -> Partial {
    let mut partial = Partial::new(options);
    for (at, file) in files.iter().enumerate() {
        partial
            .add(&format!("file{at}"), file, &Limits::default())
            .unwrap();
    }
    partial
}

#[test]
fn files_that_measure_different_things_are_named_with_what_they_measure() {
    let files = [
        of(&["cpu"], &[1], 0),
        of(&["space"], &[1], 0),
        of(&["cpu"], &[1], 0),
    ];
    let error = sum_of(MergeOptions::default(), &files)
        .finish()
        .unwrap_err()
        .to_string();
    for part in [
        "2 of 3 have [cpu/count]",
        "file0, file2",
        "1 of 3 have [space/count]",
        "file1",
        "intersect_types",
    ] {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
}

#[test]
fn what_all_files_share_is_merged_when_asked_for() {
    let options = MergeOptions {
        intersect_types: true,
        ..MergeOptions::default()
    };
    let files = [
        of(&["a", "b", "c"], &[1, 2, 4], 0),
        of(&["c", "x", "a"], &[8, 16, 32], 0),
    ];
    let merged = finished(sum_of(options, &files));
    assert!(merged.types_differ);
    let names: Vec<_> = merged.combined.iter().map(|one| one.r#type.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!(merged.profile.samples.values, [[33], [12]]);
    let nothing = sum_of(options, &[of(&["a"], &[1], 0), of(&["b"], &[1], 0)]).finish();
    assert!(
        nothing
            .unwrap_err()
            .to_string()
            .contains("no sample type in common")
    );
}

#[test]
fn snapshots_are_added_averaged_or_the_last_ones_as_asked() {
    let types = &["alloc_space", "inuse_space"];
    let files = [
        of(types, &[10, 7], 3),
        of(types, &[20, 8], 5),
        of(types, &[30, 9], 5),
    ];
    let with = |snapshots| {
        let options = MergeOptions {
            snapshots,
            ..MergeOptions::default()
        };
        let merged = finished(sum_of(options, &files));
        let how: Vec<_> = merged.combined.iter().map(|one| one.how).collect();
        (merged.profile.samples.values, how)
    };
    assert_eq!(
        with(Snapshots::Sum),
        (vec![vec![60], vec![24]], vec!["sum", "sum"])
    );
    assert_eq!(
        with(Snapshots::Mean),
        (vec![vec![60], vec![8]], vec!["sum", "mean"])
    );
    assert_eq!(
        with(Snapshots::Last),
        (vec![vec![60], vec![17]], vec!["sum", "last"])
    );
}

#[test]
fn a_mean_adds_up_however_small_its_parts_are() {
    // Ten goroutines, each somewhere else in each of ten snapshots: ten on average, though each place has a tenth of one.
    let files: Vec<Vec<u8>> = (0..10u8)
        .map(|file| {
            let mut builder = ProfileBuilder::default();
            let goroutine = builder.value_type(b"goroutine", b"count");
            builder.header.sample_types = vec![goroutine];
            for place in 0..10u8 {
                let mut labels = [builder.label(b"place", &[b'a' + file, b'a' + place])];
                builder.sample(&[], &[1], &mut labels).unwrap();
            }
            encode_proto(&builder.finish())
        })
        .collect();
    let options = MergeOptions {
        snapshots: Snapshots::Mean,
        ..MergeOptions::default()
    };
    let merged = finished(sum_of(options, &files));
    assert_eq!(merged.profile.samples.values[0].iter().sum::<i64>(), 10);
}

/// Stacks of up to thirteen frames over a few functions, many with a common leaf, each with some texts as label.
fn large(from: u64, to: u64) -> Profile {
    let mut builder = ProfileBuilder::default();
    let cpu = builder.value_type(b"cpu", b"nanoseconds");
    builder.header.sample_types = vec![cpu];
    let locations: Vec<_> = (0..7u8)
        .map(|name| {
            let function = Function {
                name: builder.string(&[b'g' - name]),
                ..Function::default()
            };
            let line = Line {
                function: builder.function(function),
                line: 1,
                column: 0,
            };
            builder.location(Location::default(), &[line]).unwrap()
        })
        .collect();
    for number in from..to {
        let (mut rest, mut stack) = (number % 6_007, vec![locations[0]; 8]);
        while rest > 0 {
            stack.push(locations[rest as usize % 7]);
            rest /= 7;
        }
        let mut labels = [builder.label(b"request", format!("{}", number % 5).as_bytes())];
        builder.sample(&stack, &[number as i64 + 1], &mut labels).unwrap();
    }
    builder.finish()
}

#[test]
fn what_is_large_enough_for_two_threads_comes_out_the_same_from_any_side() {
    let parts = [(0, 25_000), (10_000, 40_000)].map(|(from, to)| large(from, to));
    let [one, other] = [[0, 1], [1, 0]].map(|order| {
        let steps = order.map(|at| (parts[at].clone(), Step::Apart));
        finished(merged(MergeOptions::default(), &steps)).profile
    });
    assert!(one.samples.len() > 1 << 14, "{}", one.samples.len());
    assert_eq!(encode_proto(&one), encode_proto(&other));
    let [first, second] = &parts;
    assert_eq!(sorted(&one), sorted(&merge(&[first, second]).unwrap()));
    let order: Vec<(Vec<String>, String)> = (0..one.samples.len())
        .map(|sample| {
            let frames = one.stacks.frames(one.samples.stack[sample]).map(|location| {
                let function = one.functions.get(one.locations.lines(location)[0].function);
                one.strings.text(function.name).into_owned()
            });
            let label = one.label_sets.get(one.samples.label_set[sample])[0];
            (frames.collect(), spelled(&one, label.value))
        })
        .collect();
    assert!(order.is_sorted(), "by stacks, leaf first, then by the label");
}

#[test]
fn partials_that_were_made_otherwise_do_not_combine() {
    let mut one = Partial::default();
    let other = Partial::new(MergeOptions {
        snapshots: Snapshots::Last,
        ..MergeOptions::default()
    });
    assert!(
        one.absorb(other)
            .unwrap_err()
            .to_string()
            .contains("different options")
    );
}

#[test]
fn a_partial_of_nothing_changes_nothing() {
    let file = of(&["cpu"], &[3], 1);
    let alone = finished(sum_of(MergeOptions::default(), std::slice::from_ref(&file)));
    let mut with_nothing = sum_of(MergeOptions::default(), std::slice::from_ref(&file));
    with_nothing.absorb(Partial::default()).unwrap();
    let mut nothing = Partial::default();
    nothing.absorb(sum_of(MergeOptions::default(), &[file])).unwrap();
    assert_eq!(finished(with_nothing), alone);
    assert_eq!(finished(nothing), alone);
    assert_eq!(alone.profile.samples.values, [[3]]);
}

#[test]
fn bytes_that_are_no_partial_are_refused() {
    let limits = Limits::default();
    let whole = sum_of(MergeOptions::default(), &[of(&["a"], &[1], 1)])
        .to_bytes()
        .unwrap();
    assert!(Partial::from_bytes(&whole, &limits).is_ok());
    let mut refused = 0;
    for cut in 0..whole.len() {
        refused += usize::from(Partial::from_bytes(&whole[..cut], &limits).is_err());
    }
    assert!(refused > whole.len() / 2, "{refused} of {}", whole.len());
    assert!(Partial::from_bytes(b"", &limits).is_err());
    assert!(Partial::from_bytes(b"pprof partial merge 2\n", &limits).is_err());
}

#[test]
fn a_sum_past_64_bits_wraps_and_says_so() {
    let files = [of(&["a"], &[i64::MAX], 0), of(&["a"], &[2], 0)];
    let merged = finished(sum_of(MergeOptions::default(), &files));
    assert_eq!(merged.profile.samples.values, [[i64::MIN + 1]]);
    assert!(merged.profile.notes.iter().any(|note| note.code == "overflow"));
}
