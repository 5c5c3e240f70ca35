//! Samples grouped by what the caller knows about functions: the walk that rules about names share.
//!
//! The caller marks functions, once each, by rows of the table that [`super::functions()`] lists. A mark says of a
//! function which kind of thing it does (waiting for a channel, encoding JSON), whether it is plumbing that is never a place
//! of interest, and whether it is the user's own code. Every stack is then read once: its kind is the first one from the leaf,
//! its site the first frame behind that which is worth naming, its owner the first frame of the user's own code.

mod answer;
mod question;
mod rows;
mod stack;
mod sums;

pub use answer::{Group, Groups, GroupsLeftOut, Spot};
pub use question::{GroupsQuery, Pick, Site, mark};

use super::query::{Prepared, SampleTypeName};
use super::spread::Spread;
use super::stacks::prepare_frames;
use crate::error::{Error, ErrorKind, Result};
use crate::profile::Profile;
use rows::{Members, add_labels};
use rustc_hash::FxHashMap;
use stack::{Reader, SpotKey};
use sums::{Sums, add, find, kinds};

/// Refuses marks of another profile, and a sampling of sample types that there are not.
fn check(query: &GroupsQuery, marks: &[u16], prepared: &Prepared<'_>) -> Result<()> {
    let functions = prepared.view.functions().len();
    if marks.len() != functions {
        return Err(Error::new(ErrorKind::InvalidArgument {
            argument: "marks",
            detail: format!("{} marks for {functions} functions", marks.len()),
        }));
    }
    let types = prepared.view.header().sample_types.len();
    match query.sampling {
        Some(sampling) if sampling.objects.max(sampling.bytes) >= types => {
            Err(Error::new(ErrorKind::InvalidArgument {
                argument: "sampling",
                detail: format!("there are {types} sample types"),
            }))
        }
        _ => Ok(()),
    }
}

/// Samples grouped by kind and site. `marks` has an entry for each function, in the order of [`super::functions()`] under the
/// same filters.
///
/// # Errors
///
/// As [`super::filtered`]; marks of another profile.
pub fn groups(profile: &Profile, query: &GroupsQuery, marks: &[u16]) -> Result<Groups> {
    let prepared = prepare_frames(profile, &query.filters)?;
    check(query, marks, &prepared)?;
    let reader = Reader {
        prepared: &prepared,
        marks,
        query,
    };
    let found = find(&reader)?;
    let index = prepared.value.index;
    let mut by_key: FxHashMap<(u8, Option<SpotKey>), (i64, Members)> = FxHashMap::default();
    let (mut all, mut without_owner) = (Sums::default(), Vec::new());
    let (mut grouped, mut stack_weights) = (Vec::new(), Vec::new());
    for (at, (read, sums)) in found.reads.iter().zip(&found.sums).enumerate() {
        let kind = if query.any_kind { 0 } else { read.kind };
        all.add(sums);
        if read.owner.is_none() {
            add(&mut without_owner, &sums.values);
        }
        if !query.only.is_empty() && !query.only.contains(&read.kind) {
            continue;
        }
        let group = by_key.entry((kind, read.site)).or_default();
        group.0 = group.0.wrapping_add(sums.values[index]);
        group.1.push((at, found.stacks[at]));
        stack_weights.push(sums.values[index].unsigned_abs());
        add(&mut grouped, &sums.values);
    }
    let mut order: Vec<_> = by_key.into_iter().collect();
    order.sort_by(|(left, (l, _)), (right, (r, _))| {
        let heavier = r.unsigned_abs().cmp(&l.unsigned_abs());
        heavier
            .then_with(|| left.0.cmp(&right.0))
            .then_with(|| reader.order(left.1).cmp(&reader.order(right.1)))
    });
    let group_count = order.len();
    let group_spread = Spread::of(order.iter().map(|(_, (value, _))| value.unsigned_abs()).collect());
    let mut shown: Vec<Group> = order
        .iter()
        .skip(query.offset)
        .take(query.limit)
        .map(|(key, (_, members))| reader.group(*key, members, &found))
        .collect();
    if !query.labels.is_empty() {
        let members = order.iter().skip(query.offset).take(query.limit);
        add_labels(
            &reader,
            &found,
            members.map(|(_, (_, members))| members),
            &mut shown,
        )?;
    }
    let width = profile.header.sample_types.len();
    all.values.resize(width, 0);
    without_owner.resize(width, 0);
    grouped.resize(width, 0);
    let mut left = grouped;
    for group in &shown {
        for (left, value) in left.iter_mut().zip(&group.values) {
            *left = left.wrapping_sub(*value);
        }
    }
    Ok(Groups {
        sample_types: (0..width)
            .map(|index| SampleTypeName::of(profile, index))
            .collect(),
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        totals: all.values,
        samples: all.samples,
        stack_count: found.stacks.len(),
        without_owner,
        kinds: kinds(&reader, &found),
        group_count,
        group_spread,
        grouped_stacks: stack_weights.len(),
        stack_spread: Spread::of(stack_weights),
        left_out: GroupsLeftOut {
            rows: group_count - shown.len(),
            values: left,
        },
        groups: shown,
        warnings: prepared.warnings.clone(),
    })
}

#[cfg(test)]
mod tests;
