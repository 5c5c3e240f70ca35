//! Merging: samples that look alike are added.

use super::naive::{Label, Line, Location, Sample};
use super::random::in_order;
use pprof_core::combine::DiffMode;

/// A location wherever its binary was loaded: size in pages, offset and name of the binary, and the offset in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    binary: Option<(u64, u64, String)>,
    address: u64,
    lines: Vec<Line>,
}

/// A sample as merging sees it.
pub type Alike = (Vec<Frame>, Vec<Label>, Vec<i64>);

fn frame(location: Location) -> Frame {
    let Location {
        mapping,
        address,
        lines,
        ..
    } = location;
    let start = mapping.as_ref().map_or(0, |mapping| mapping.start);
    let binary = mapping.map(|mapping| {
        let name = if mapping.build_id.is_empty() {
            mapping.file
        } else {
            mapping.build_id
        };
        (
            (mapping.limit - mapping.start).div_ceil(0x1000),
            mapping.offset,
            name,
        )
    });
    Frame {
        binary,
        address: address - start,
        lines,
    }
}

/// The samples without what merging does not look at.
pub fn alike(samples: Vec<Sample>) -> Vec<Alike> {
    let seen = |sample: Sample| {
        (
            sample.stack.into_iter().map(frame).collect(),
            sample.labels,
            sample.values,
        )
    };
    samples.into_iter().map(seen).collect()
}

/// The samples added up, in the order in which they first come; what adds up to zeros is gone.
pub fn added(samples: Vec<Sample>) -> Vec<Alike> {
    let mut sums: Vec<Alike> = Vec::new();
    for (frames, labels, values) in alike(samples)
        .into_iter()
        .filter(|(.., values)| values.iter().any(|v| *v != 0))
    {
        match sums.iter_mut().find(|sum| sum.0 == frames && sum.1 == labels) {
            Some(sum) => sum
                .2
                .iter_mut()
                .zip(values)
                .for_each(|(sum, value)| *sum += value),
            None => sums.push((frames, labels, values)),
        }
    }
    sums.retain(|(.., values)| values.iter().any(|value| *value != 0));
    sums
}

/// A sample of the base, to be added.
pub fn negated(mut sample: Sample, mode: DiffMode) -> Sample {
    sample.values.iter_mut().for_each(|value| *value = -*value);
    if mode == DiffMode::DiffBase {
        sample
            .labels
            .retain(|label| !matches!(label, Label::Text(key, _) if key == "pprof::base"));
        sample
            .labels
            .push(Label::Text("pprof::base".to_owned(), "true".to_owned()));
        sample.labels = in_order(sample.labels);
    }
    sample
}
