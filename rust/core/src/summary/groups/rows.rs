//! Tells groups: their sums, places, stacks and labels.

use super::super::group_labels::LabelSums;
use super::super::text;
use super::answer::{Group, GroupStack, MarkedFrame, Part, Spot};
use super::question::GroupsQuery;
use super::stack::{Reader, SpotKey};
use super::sums::{Found, Sums, add};
use crate::aggregate::clean_path;
use crate::error::Result;
use crate::ids::{StackId, StringId};
use crate::interrupt;
use rustc_hash::FxHashMap;

/// Stacks of a group, by their positions in what was found.
pub(super) type Members = Vec<(usize, StackId)>;

impl Reader<'_, '_> {
    /// A spot in words.
    pub(super) fn tell(&self, key: SpotKey) -> Spot {
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

    pub(super) fn parts(&self, sums: FxHashMap<SpotKey, Vec<i64>>) -> Vec<Part> {
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

    pub(super) fn stack(&self, stack: StackId, sums: &Sums) -> GroupStack {
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

    pub(super) fn group(
        &self,
        key: (u8, Option<SpotKey>),
        members: &[(usize, StackId)],
        found: &Found,
    ) -> Group {
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

/// Tells the labels of groups that are shown; `members` are those of each.
pub(super) fn add_labels<'m>(
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
