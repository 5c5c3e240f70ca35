//! Samples grouped by what the caller knows about functions: the walk that rules about names share.
//!
//! The caller marks functions, once each, by rows of the table that [`super::functions()`] lists. A mark says of a
//! function which kind of thing it does (waiting for a channel, encoding JSON), whether it is plumbing that is never a place
//! of interest, and whether it is the user's own code. Every stack is then read once: its kind is the first one from the leaf,
//! its site the first frame behind that which is worth naming, its owner the first frame of the user's own code.

mod answer;
mod question;

pub use answer::{Group, GroupStack, Groups, GroupsLeftOut, KindSums, MarkedFrame, Part, Spot};
pub use question::{GroupsQuery, Pick, Site, mark};

use super::group_labels::LabelSums;
use super::query::{Filters, Prepared, SampleTypeName, prepare};
use super::spread::Spread;
use super::text;
use crate::aggregate::clean_path;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{LocationId, StackId, StringId};
use crate::interrupt;
use crate::profile::Profile;
use crate::table::Line;
use rustc_hash::FxHashMap;

/// A frame by its location and the position of its line there.
#[derive(Debug, Clone, Copy)]
struct Frame {
    location: LocationId,
    line: Option<Line>,
}

/// What tells spots apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct SpotKey {
    function: StringId,
    file: StringId,
    line: i64,
}

/// What is known of a stack.
struct Read {
    kind: u8,
    by: StringId,
    leaf: u8,
    /// The kinds in it, ascending.
    within: Vec<u8>,
    /// Those nearer to the leaf than the owner, ascending.
    below: Vec<u8>,
    site: Option<SpotKey>,
    owner: Option<SpotKey>,
    caller: Option<SpotKey>,
    root: Option<SpotKey>,
}

#[derive(Default)]
struct Sums {
    values: Vec<i64>,
    samples: u64,
    events: f64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        add(&mut self.values, &other.values);
        self.samples += other.samples;
        self.events += other.events;
    }
}

fn add(into: &mut Vec<i64>, values: &[i64]) {
    if into.is_empty() {
        into.resize(values.len(), 0);
    }
    for (sum, value) in into.iter_mut().zip(values) {
        *sum = sum.wrapping_add(*value);
    }
}

struct Reader<'p, 'v> {
    prepared: &'v Prepared<'p>,
    marks: &'v [u16],
    query: &'v GroupsQuery,
}

impl Reader<'_, '_> {
    fn frames(&self, stack: StackId, into: &mut Vec<Frame>) {
        let view = &self.prepared.view;
        into.clear();
        for location in view.stacks().frames(stack) {
            let lines = view.locations().lines(location);
            if lines.is_empty() {
                into.push(Frame { location, line: None });
            }
            into.extend(lines.iter().map(|&line| Frame {
                location,
                line: Some(line),
            }));
        }
    }

    fn mark(&self, frame: Frame) -> u16 {
        let row = frame.line.map(|line| line.function.index());
        row.and_then(|row| self.marks.get(row)).copied().unwrap_or(0)
    }

    fn spot(&self, frame: Frame) -> SpotKey {
        let view = &self.prepared.view;
        if let Some(line) = frame.line {
            let function = view.functions().get(line.function);
            return SpotKey {
                function: function.name,
                file: function.filename,
                line: if self.query.lines { line.line } else { 0 },
            };
        }
        let mapping = view.locations().get(frame.location).mapping;
        SpotKey {
            function: StringId::EMPTY,
            file: mapping.map_or(StringId::EMPTY, |mapping| view.mappings().get(mapping).file),
            line: 0,
        }
    }

    /// A spot in words.
    fn tell(&self, key: SpotKey) -> Spot {
        let strings = self.prepared.view.strings();
        let file = clean_path(strings.get(key.file));
        if key.function.is_empty() {
            let file = text(&file);
            let binary = file.rsplit(['/', '\\']).next().unwrap_or("");
            return Spot {
                function: format!("[{}]", if binary.is_empty() { "unknown" } else { binary }),
                file: String::new(),
                line: 0,
            };
        }
        Spot {
            function: text(strings.get(key.function)),
            file: text(&file),
            line: key.line,
        }
    }

    /// What orders spots: their words, whatever the order of the tables.
    fn order(&self, key: Option<SpotKey>) -> Option<(&[u8], &[u8], i64)> {
        let strings = self.prepared.view.strings();
        key.map(|key| (strings.get(key.function), strings.get(key.file), key.line))
    }

    /// The frame that gives the kind.
    fn pick(&self, frames: &[Frame]) -> Option<usize> {
        let kind_of = |frame: &Frame| self.mark(*frame) as u8;
        match self.query.pick {
            Pick::First => frames.iter().position(|frame| kind_of(frame) != 0).map(|first| {
                let is_wrapped = |at: &usize| {
                    let caller = frames.get(at + 1);
                    caller.is_some_and(|frame| kind_of(frame) != 0 && self.mark(*frame) & mark::WRAPS != 0)
                };
                (first..frames.len()).find(|at| !is_wrapped(at)).unwrap_or(first)
            }),
            Pick::Leading => {
                let is_lead = |frame: &Frame| kind_of(frame) != 0 || self.mark(*frame) & mark::PLUMBING != 0;
                let lead = frames.iter().take_while(|frame| is_lead(frame)).count();
                frames.get(..lead)?.iter().rposition(|frame| kind_of(frame) != 0)
            }
            Pick::Least => {
                let of_some = |(at, frame)| Some((kind_of(frame), at)).filter(|&(kind, _)| kind != 0);
                frames
                    .iter()
                    .enumerate()
                    .filter_map(of_some)
                    .min()
                    .map(|(_, at)| at)
            }
        }
    }

    /// What is known of a stack; `given` is the kind that a label gave it, 0 for none.
    fn read(&self, frames: &[Frame], given: u8) -> Read {
        let kind_of = |frame: &Frame| self.mark(*frame) as u8;
        let is_plumbing = |frame: &Frame| self.mark(*frame) & mark::PLUMBING != 0;
        let is_own = |frame: &&Frame| self.mark(**frame) & mark::OWN != 0;
        let at = if given == 0 { self.pick(frames) } else { None };
        let nearest = frames.iter().position(|frame| is_own(&frame));
        let kinds_of = |frames: &[Frame]| {
            let mut kinds: Vec<u8> = frames.iter().map(kind_of).filter(|&kind| kind != 0).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        };
        let within = kinds_of(frames);
        let below = kinds_of(&frames[..nearest.unwrap_or(frames.len())]);
        let owner = nearest.map(|at| self.spot(frames[at]));
        let root = frames.iter().rev().find(|frame| !is_plumbing(frame));
        let root = root.or(frames.last()).map(|&frame| self.spot(frame));
        let from = at.unwrap_or(0);
        let worth = |frame: &Frame| !is_plumbing(frame);
        let behind = || {
            let behind = frames.get(from..).unwrap_or_default();
            let free = behind
                .iter()
                .position(|frame| worth(frame) && kind_of(frame) == 0);
            let place = free.or_else(|| behind.iter().position(worth)).unwrap_or(0);
            (!behind.is_empty()).then_some(from + place)
        };
        let place = match self.query.site {
            Site::None => None,
            Site::Behind => behind(),
            Site::Own => frames.iter().position(|frame| is_own(&frame)),
            Site::Root => frames.iter().rposition(worth).or(frames.len().checked_sub(1)),
        };
        let site = place.map(|place| self.spot(frames[place]));
        let others = frames
            .get(place.map_or(0, |place| place + 1)..)
            .unwrap_or_default();
        let caller = others
            .iter()
            .filter(is_own)
            .map(|&frame| self.spot(frame))
            .find(|spot| site.is_none_or(|site| site.function != spot.function));
        Read {
            kind: at.map_or(given, |at| kind_of(&frames[at])),
            by: at.map_or(StringId::EMPTY, |at| self.spot(frames[at]).function),
            leaf: frames.first().map_or(0, kind_of),
            within,
            below,
            site,
            owner,
            caller: caller.or(owner),
            root,
        }
    }

    fn parts(&self, sums: FxHashMap<SpotKey, Vec<i64>>) -> Vec<Part> {
        let index = self.prepared.value.index;
        let mut parts: Vec<(SpotKey, Vec<i64>)> = sums.into_iter().collect();
        parts.sort_by(|(left, l), (right, r)| {
            let heavier = r[index].unsigned_abs().cmp(&l[index].unsigned_abs());
            heavier.then_with(|| self.order(Some(*left)).cmp(&self.order(Some(*right))))
        });
        parts
            .into_iter()
            .take(self.query.names)
            .map(|(key, values)| Part {
                spot: self.tell(key),
                values,
            })
            .collect()
    }

    fn stack(&self, stack: StackId, sums: &Sums) -> GroupStack {
        let mut frames = Vec::new();
        self.frames(stack, &mut frames);
        let with_lines = GroupsQuery {
            lines: true,
            ..self.query.clone()
        };
        let teller = Reader {
            query: &with_lines,
            ..*self
        };
        GroupStack {
            values: sums.values.clone(),
            samples: sums.samples,
            depth: frames.len(),
            frames: frames
                .iter()
                .take(self.query.max_depth)
                .map(|&frame| MarkedFrame {
                    spot: teller.tell(teller.spot(frame)),
                    mark: self.mark(frame),
                })
                .collect(),
        }
    }

    /// The words of a stack, for an order that does not depend on tables.
    fn words(&self, stack: StackId) -> Vec<(&[u8], &[u8], i64)> {
        let mut frames = Vec::new();
        self.frames(stack, &mut frames);
        let strings = self.prepared.view.strings();
        let word = |frame: &Frame| {
            let key = self.spot(*frame);
            let line = frame.line.map_or(0, |line| line.line);
            (strings.get(key.function), strings.get(key.file), line)
        };
        frames.iter().map(word).collect()
    }

    fn group(&self, key: (u8, Option<SpotKey>), members: &[(usize, StackId)], found: &Found) -> Group {
        let index = self.prepared.value.index;
        let mut all = Sums::default();
        let [mut owners, mut callers, mut roots] = [(); 3].map(|()| FxHashMap::default());
        for &(at, _) in members {
            all.add(&found.sums[at]);
            if self.query.names == 0 {
                continue;
            }
            let read = &found.reads[at];
            for (spot, into) in [
                (read.owner, &mut owners),
                (read.caller, &mut callers),
                (read.root, &mut roots),
            ] {
                if let Some(spot) = spot {
                    add(into.entry(spot).or_default(), &found.sums[at].values);
                }
            }
        }
        let weight = |at: usize| found.sums[at].values[index].unsigned_abs();
        // Enough of the heaviest to show, and one to name the kind by; equal ones by their words.
        let least = usize::from(!self.query.any_kind);
        let wanted = self.query.stacks.max(least).min(members.len());
        let mut heaviest: Vec<(usize, StackId)> = if wanted == 0 { Vec::new() } else { members.to_vec() };
        if wanted < heaviest.len() {
            heaviest.select_nth_unstable_by(wanted - 1, |l, r| weight(r.0).cmp(&weight(l.0)));
            let least = weight(heaviest[wanted - 1].0);
            heaviest = members
                .iter()
                .copied()
                .filter(|member| weight(member.0) >= least)
                .collect();
        }
        heaviest.sort_by_cached_key(|&(at, stack)| (std::cmp::Reverse(weight(at)), self.words(stack)));
        heaviest.truncate(wanted);
        let by = heaviest
            .first()
            .map_or(StringId::EMPTY, |&(at, _)| found.reads[at].by);
        Group {
            kind: key.0,
            by: text(self.prepared.view.strings().get(by)),
            site: key.1.map(|key| self.tell(key)),
            values: all.values,
            samples: all.samples,
            events: all.events,
            stack_count: members.len(),
            owners: self.parts(owners),
            callers: self.parts(callers),
            roots: self.parts(roots),
            labels: Vec::new(),
            stacks: heaviest
                .iter()
                .take(self.query.stacks)
                .map(|&(at, stack)| self.stack(stack, &found.sums[at]))
                .collect(),
        }
    }
}

/// Stacks of a group, by their positions in what was found.
type Members = Vec<(usize, StackId)>;

/// What was found, by stack and the kind that a label gave it.
struct Found {
    stacks: Vec<StackId>,
    given: Vec<u8>,
    reads: Vec<Read>,
    sums: Vec<Sums>,
}

fn find(reader: &Reader<'_, '_>) -> Result<Found> {
    let view = &reader.prepared.view;
    let mut by_stack: FxHashMap<(StackId, u8), Sums> = FxHashMap::default();
    let columns = view.values();
    let given = reader.query.kind_label.by_set(view);
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        let sums = by_stack
            .entry((sample.stack, given[sample.label_set.index()]))
            .or_default();
        if sums.values.is_empty() {
            sums.values.resize(columns.len(), 0);
        }
        for (sum, column) in sums.values.iter_mut().zip(columns) {
            *sum = sum.wrapping_add(column[sample.row as usize]);
        }
        sums.samples += 1;
        if let Some(sampling) = reader.query.sampling {
            let value = |index: usize| columns[index][sample.row as usize];
            sums.events += sampling.events(value(sampling.objects), value(sampling.bytes));
        }
    }
    let mut pairs: Vec<((StackId, u8), Sums)> = by_stack.into_iter().collect();
    pairs.sort_unstable_by_key(|(key, _)| *key);
    let mut frames = Vec::new();
    let mut reads = Vec::with_capacity(pairs.len());
    for (number, ((stack, given), _)) in pairs.iter().enumerate() {
        interrupt::check_at(number)?;
        reader.frames(*stack, &mut frames);
        reads.push(reader.read(&frames, *given));
    }
    let (keys, sums): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let (stacks, given) = keys.into_iter().unzip();
    Ok(Found {
        stacks,
        given,
        reads,
        sums,
    })
}

/// Tells the labels of groups that are shown; `members` are those of each.
fn add_labels<'m>(
    reader: &Reader<'_, '_>,
    found: &Found,
    members: impl Iterator<Item = &'m Members>,
    groups: &mut [Group],
) -> Result<()> {
    let (view, query) = (&reader.prepared.view, reader.query);
    let mut group_of: FxHashMap<(StackId, u8), usize> = FxHashMap::default();
    for (group, members) in members.enumerate() {
        group_of.extend(
            members
                .iter()
                .map(|&(at, stack)| ((stack, found.given[at]), group)),
        );
    }
    let given = query.kind_label.by_set(view);
    let values = &view.values()[reader.prepared.value.index];
    let mut sums = LabelSums::new(view, &query.labels);
    for (number, sample) in view.samples().enumerate() {
        interrupt::check_at(number)?;
        let set = sample.label_set.index();
        if let Some(&group) = group_of.get(&(sample.stack, given[set])) {
            sums.count(group, set, values[sample.row as usize]);
        }
    }
    for (at, group) in groups.iter_mut().enumerate() {
        group.labels = sums.of(view, at, query.names);
    }
    Ok(())
}

fn kinds(reader: &Reader<'_, '_>, found: &Found) -> Vec<KindSums> {
    let mut kinds: Vec<KindSums> = (0..=u8::MAX)
        .map(|kind| KindSums {
            kind,
            ..KindSums::default()
        })
        .collect();
    let mut occurs = [false; 256];
    let mut owners: Vec<FxHashMap<SpotKey, Vec<i64>>> = vec![FxHashMap::default(); kinds.len()];
    for (read, sums) in found.reads.iter().zip(&found.sums) {
        let kind = &mut kinds[usize::from(read.kind)];
        add(&mut kind.first, &sums.values);
        kind.samples += sums.samples;
        occurs[usize::from(read.kind)] = true;
        add(&mut kinds[usize::from(read.leaf)].leaf, &sums.values);
        occurs[usize::from(read.leaf)] = true;
        for &kind in &read.within {
            add(&mut kinds[usize::from(kind)].within, &sums.values);
            occurs[usize::from(kind)] = true;
        }
        for &kind in &read.below {
            let at = usize::from(kind);
            add(&mut kinds[at].below, &sums.values);
            kinds[at].below_samples += sums.samples;
            kinds[at].below_events += sums.events;
            if let Some(owner) = read.owner {
                add(owners[at].entry(owner).or_default(), &sums.values);
            }
        }
    }
    for (kind, owners) in kinds.iter_mut().zip(owners) {
        kind.owners = reader.parts(owners);
    }
    let width = found.sums.first().map_or(0, |sums| sums.values.len());
    kinds.retain(|kind| occurs[usize::from(kind.kind)]);
    for kind in &mut kinds {
        for values in [&mut kind.first, &mut kind.leaf, &mut kind.within, &mut kind.below] {
            values.resize(width, 0);
        }
    }
    kinds
}

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
    let filters = Filters {
        granularity: "addresses".to_owned(),
        ..query.filters.clone()
    };
    let prepared = prepare(profile, &filters)?;
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
    let sample_types = profile.header.sample_types.iter().enumerate();
    Ok(Groups {
        sample_types: sample_types
            .map(|(index, sample_type)| SampleTypeName {
                type_: profile.strings.text(sample_type.type_).into_owned(),
                unit: profile.strings.text(sample_type.unit).into_owned(),
                index,
            })
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
