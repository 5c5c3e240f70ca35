//! `-traces`: every sample with its labels and its stack, leaf first.

use super::context::{GraphRules, Report, label};
use super::labels::profile_labels;
use super::out::{pad_left, spaces};
use crate::aggregate::{Names, NodeInfo};
use crate::error::Result;
use crate::ids::{LabelSetId, LocationId};
use crate::interrupt;
use crate::table::LabelValue;

const SEPARATOR: &[u8] = b"-----------+-------------------------------------------------------\n";

/// Frames of all locations as lines, without the value in front.
struct FrameLines {
    text: Vec<u8>,
    /// End of each line in `text`.
    ends: Vec<usize>,
    /// End of each location's lines in `ends`.
    locations: Vec<usize>,
}

impl FrameLines {
    fn new(locations: impl Iterator<Item = Vec<NodeInfo>>, names: Names<'_>) -> Self {
        let mut lines = Self {
            text: Vec::new(),
            ends: Vec::new(),
            locations: Vec::new(),
        };
        for infos in locations {
            for (position, info) in infos.iter().enumerate() {
                lines.text.extend_from_slice(b"   ");
                lines.text.extend_from_slice(&names.printable(info));
                lines.text.extend_from_slice(if position + 1 == infos.len() {
                    b"\n"
                } else {
                    b" (inline)\n"
                });
                lines.ends.push(lines.text.len());
            }
            lines.locations.push(lines.ends.len());
        }
        lines
    }

    fn of(&self, location: LocationId) -> impl Iterator<Item = &[u8]> {
        let start = |ends: &[usize], row: usize| if row == 0 { 0 } else { ends[row - 1] };
        let rows = start(&self.locations, location.index())..self.locations[location.index()];
        rows.map(move |row| &self.text[start(&self.ends, row)..self.ends[row]])
    }
}

pub(super) fn print(report: &Report<'_, '_>, out: &mut Vec<u8>) -> Result<()> {
    out.extend(profile_labels(report).join(&b'\n'));
    out.push(b'\n');
    let view = report.view;
    let keep = <[u8]>::to_vec;
    let builder = report.graph_builder(GraphRules::default(), &keep);
    let lines = FrameLines::new(
        view.locations().ids().map(|id| {
            let rows = builder.rows_of(id).iter();
            rows.map(|&row| builder.infos()[row as usize])
                .collect::<Vec<NodeInfo>>()
        }),
        builder.names(),
    );
    let mut labels: Vec<Option<Vec<u8>>> = vec![None; view.label_sets().len()];
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        let mut frames = view
            .stacks()
            .frames(sample.stack)
            .flat_map(|location| lines.of(location))
            .peekable();
        if frames.peek().is_none() {
            continue;
        }
        out.extend_from_slice(SEPARATOR);
        let set = &mut labels[sample.label_set.index()];
        out.extend_from_slice(set.get_or_insert_with(|| label_lines(report, sample.label_set)));
        let (value, divisor) = report.value.of(view.values(), sample.row);
        let value = if divisor == 0 {
            value
        } else {
            value.wrapping_div(divisor)
        };
        for (position, frame) in frames.enumerate() {
            if position == 0 {
                pad_left(out, &report.format(value), 10);
            } else {
                spaces(out, 10);
            }
            out.extend_from_slice(frame);
        }
    }
    out.extend_from_slice(SEPARATOR);
    Ok(())
}

/// The labels of a sample, a line a key: text first, then numbers, each kind in the order of its lines.
fn label_lines(report: &Report<'_, '_>, set: LabelSetId) -> Vec<u8> {
    let strings = report.view.strings();
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for group in report.view.label_sets().groups(set) {
        let Some(first) = group.first() else { continue };
        let values: Vec<Vec<u8>> = group
            .iter()
            .map(|one| match one.value {
                LabelValue::Str(value) => strings.get(value).to_vec(),
                LabelValue::Num(value, _) => label(value, report.units.get(first.key).as_bytes(), b"auto"),
            })
            .collect();
        let mut line = Vec::new();
        pad_left(&mut line, strings.get(first.key), 10);
        line.extend_from_slice(b":  ");
        line.extend(values.join(&b' '));
        line.push(b'\n');
        if first.is_num() {
            numbers.push(line);
        } else {
            texts.push(line);
        }
    }
    texts.sort();
    numbers.sort();
    [texts.concat(), numbers.concat()].concat()
}
