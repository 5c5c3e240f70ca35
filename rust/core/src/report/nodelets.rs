//! The small boxes of a picture: the labels of the samples at a place.

use super::context::{Report, label};
use super::out::put;
use crate::aggregate::trim::MAX_NODELETS;
use crate::aggregate::{Node, Tag, Weight, sort_tags};
use crate::unit::{scale, truncated};

/// Writes the boxes of the place `N<number>`; tells whether there are any.
///
/// A place without callees shows what went through it, since its callees may have been dropped; any other only what
/// was spent in it.
pub(super) fn put_nodelets(report: &Report<'_, '_>, node: &Node, number: usize, out: &mut Vec<u8>) -> bool {
    let flat = !node.outs.is_empty();
    let before = out.len();
    let mut texts: Vec<Tag> = node.tags.labels.values().cloned().collect();
    sort_tags(&mut texts, flat);
    texts.truncate(MAX_NODELETS);
    let numbers_of = |text: &[u8]| -> Vec<Tag> {
        node.tags
            .numeric
            .get(text)
            .map(|tags| tags.values().cloned().collect())
            .unwrap_or_default()
    };
    for (position, tag) in texts.iter().enumerate() {
        let value = if flat { tag.flat.get() } else { tag.cum.get() };
        if value == 0 {
            continue;
        }
        let (source, id) = (format!("N{number}"), format!("N{number}_{position}"));
        put_box(report, tag, value, &source, &id, "", out);
        put_numbers(report, numbers_of(&tag.name), flat, &id, out);
    }
    put_numbers(report, numbers_of(b""), flat, &format!("N{number}"), out);
    out.len() > before
}

fn put_box(
    report: &Report<'_, '_>,
    tag: &Tag,
    value: i64,
    source: &str,
    id: &str,
    style: &str,
    out: &mut Vec<u8>,
) {
    let weight = report.format(value);
    put(out, format_args!("{id} [label = \""));
    out.extend_from_slice(&tag.name);
    put(
        out,
        format_args!("\" id=\"{id}\" fontsize=8 shape=box3d tooltip=\""),
    );
    out.extend_from_slice(&weight);
    put(out, format_args!("\"]\n{source} -> {id} [label=\" "));
    out.extend_from_slice(&weight);
    out.extend_from_slice(b"\" weight=100 tooltip=\"");
    out.extend_from_slice(&weight);
    out.extend_from_slice(b"\" labeltooltip=\"");
    out.extend_from_slice(&weight);
    put(out, format_args!("\"{style}]\n"));
}

fn put_numbers(report: &Report<'_, '_>, tags: Vec<Tag>, flat: bool, source: &str, out: &mut Vec<u8>) {
    for (position, tag) in collapsed(tags, flat).iter().enumerate() {
        let (flat_value, cum_value) = (tag.flat.get(), tag.cum.get());
        let (value, style) = if flat || flat_value == cum_value {
            (flat_value, "")
        } else {
            (cum_value, " style=\"dotted\"")
        };
        if value != 0 {
            put_box(
                report,
                tag,
                value,
                source,
                &format!("N{source}_{position}"),
                style,
                out,
            );
        }
    }
}

/// At most [`MAX_NODELETS`] tags: the heaviest, each with the numbers nearest to it, named by their range.
fn collapsed(mut tags: Vec<Tag>, flat: bool) -> Vec<Tag> {
    sort_tags(&mut tags, flat);
    if tags.len() <= MAX_NODELETS {
        return tags;
    }
    let rest = tags.split_off(MAX_NODELETS);
    let mut groups: Vec<Vec<Tag>> = tags.into_iter().map(|tag| vec![tag]).collect();
    for tag in rest {
        let mut nearest = 0;
        let mut smallest = f64::INFINITY;
        for (position, group) in groups.iter().enumerate() {
            let distance = group.first().map_or(f64::INFINITY, |other| distance(&tag, other));
            if distance < smallest {
                (nearest, smallest) = (position, distance);
            }
        }
        if let Some(group) = groups.get_mut(nearest) {
            group.push(tag);
        }
    }
    let mut collapsed: Vec<Tag> = groups.iter().map(|group| merged(group)).collect();
    sort_tags(&mut collapsed, flat);
    collapsed
}

fn distance(tag: &Tag, other: &Tag) -> f64 {
    (tag.value as f64 - scale(other.value, &other.unit, &tag.unit).0).abs()
}

/// One tag for several, named by the smallest and the largest of them.
fn merged(group: &[Tag]) -> Tag {
    let Some(first) = group.first() else {
        return Tag::default();
    };
    let (mut smallest, mut largest) = (first, first);
    let (mut flat, mut cum) = (first.flat, first.cum);
    for tag in group.iter().skip(1) {
        if truncated(scale(tag.value, &tag.unit, &smallest.unit).0) < smallest.value {
            smallest = tag;
        }
        if truncated(scale(tag.value, &tag.unit, &largest.unit).0) > largest.value {
            largest = tag;
        }
        flat.add(tag.flat);
        cum.add(tag.cum);
    }
    let printed = |tag: &Tag| label(tag.value, tag.unit.as_bytes(), b"auto");
    let name = if group.len() == 1 {
        printed(first)
    } else {
        [printed(smallest), b"..".to_vec(), printed(largest)].concat()
    };
    let whole = |weight: Weight| Weight {
        value: weight.get(),
        divisor: 0,
    };
    Tag {
        name,
        flat: whole(flat),
        cum: whole(cum),
        ..Tag::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(value: i64, flat: i64) -> Tag {
        let weight = Weight {
            value: flat,
            divisor: 0,
        };
        Tag {
            name: value.to_string().into_bytes(),
            unit: "bytes".to_owned(),
            value,
            flat: weight,
            cum: weight,
        }
    }

    #[test]
    fn light_numbers_join_the_nearest_heavy_one() {
        let tags = vec![
            tag(1024, 50),
            tag(2048, 40),
            tag(8192, 30),
            tag(65_536, 20),
            tag(1100, 1),
            tag(60_000, 2),
        ];
        let names: Vec<Vec<u8>> = collapsed(tags, true).into_iter().map(|tag| tag.name).collect();
        assert_eq!(names, [&b"1kB..1.07kB"[..], b"2kB", b"8kB", b"58.59kB..64kB"]);
    }

    #[test]
    fn few_numbers_keep_their_names() {
        let names: Vec<Vec<u8>> = collapsed(vec![tag(1, 1), tag(2, 9)], true)
            .into_iter()
            .map(|t| t.name)
            .collect();
        assert_eq!(names, [b"2", b"1"]);
    }
}
