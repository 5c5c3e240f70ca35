//! `tagroot` and `tagleaf`: frames made of label values.

use super::View;
use crate::ids::{LocationId, StackId, StringId};
use crate::table::{
    Function, Label, LabelValue, Line, Location, Locations, StacksBuilder, Strings, StringsBuilder,
};
use crate::unit::scaled_label;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// The values of one key in a label set, as a pseudo frame names them.
fn values(labels: &[Label], key: StringId, strings: &Strings, unit: &str) -> Vec<Vec<u8>> {
    let of_key = || labels.iter().filter(move |label| label.key == key);
    let has_units = of_key().any(|label| matches!(label.value, LabelValue::Num(_, unit) if !unit.is_empty()));
    of_key()
        .map(|label| match label.value {
            LabelValue::Str(text) => strings.get(text).to_vec(),
            LabelValue::Num(value, from) if has_units => {
                scaled_label(value, &strings.text(from), unit).into_bytes()
            }
            LabelValue::Num(value, _) => scaled_label(value, "", "").into_bytes(),
        })
        .collect()
}

/// Locations made so far, by function name and file name (the label key).
struct PseudoFrames {
    strings: StringsBuilder,
    locations: FxHashMap<(StringId, StringId), LocationId>,
}

impl View<'_> {
    /// Adds a frame for each key of `root_keys` at the root and of `leaf_keys` at the leaf of every stack.
    ///
    /// The first root key becomes the outermost frame, the last leaf key the innermost. A sample without the label gets
    /// a frame without a name. Numbers are written in `unit`. Tells whether any sample had a root label, and a leaf label.
    pub fn add_label_frames(
        &mut self,
        root_keys: &[String],
        leaf_keys: &[String],
        unit: &str,
    ) -> (bool, bool) {
        if root_keys.is_empty() && leaf_keys.is_empty() {
            return (false, false);
        }
        let strings = self.strings.clone().into_owned();
        let key_ids: Vec<(&String, Option<StringId>)> = root_keys
            .iter()
            .chain(leaf_keys)
            .map(|key| (key, strings.find(key.as_bytes())))
            .collect();
        let (root_keys, leaf_keys) = key_ids.split_at(root_keys.len());
        let mut pseudo = PseudoFrames {
            strings: StringsBuilder::from(strings.clone()),
            locations: FxHashMap::default(),
        };
        let mut frames: FxHashMap<(u32, bool), (Vec<LocationId>, bool)> = FxHashMap::default();
        let mut stacks = StacksBuilder::default();
        let mut joined = Vec::new();
        let mut stack_column = self.stack.to_vec();
        let (mut root_matched, mut leaf_matched) = (false, false);
        let rows: Vec<_> = self.samples().collect();
        for sample in rows {
            for (keys, is_root) in [(root_keys, true), (leaf_keys, false)] {
                frames.entry((sample.label_set.0, is_root)).or_insert_with(|| {
                    let labels = self.label_sets.get(sample.label_set);
                    let mut matched = false;
                    let mut made = Vec::with_capacity(keys.len());
                    for &(key, id) in keys.iter().rev() {
                        let values = id
                            .map(|id| values(labels, id, &strings, unit))
                            .unwrap_or_default();
                        matched |= !values.is_empty();
                        let name = values.join(&b","[..]);
                        made.push(pseudo.location(
                            &name,
                            key,
                            self.functions.to_mut(),
                            self.locations.to_mut(),
                        ));
                    }
                    (made, matched)
                });
            }
            let (roots, root) = &frames[&(sample.label_set.0, true)];
            let (leaves, leaf) = &frames[&(sample.label_set.0, false)];
            root_matched |= root;
            leaf_matched |= leaf;
            joined.clear();
            joined.extend_from_slice(leaves);
            joined.extend(self.stacks.frames(sample.stack));
            joined.extend_from_slice(roots);
            stack_column[sample.row as usize] = stacks.intern(joined.iter().copied());
        }
        if stacks.is_empty() {
            return (false, false);
        }
        // Samples that a filter dropped before keep a row of the new table, though nothing reads it.
        let rows = stacks.len() as u32;
        for stack in &mut stack_column {
            *stack = StackId(stack.0.min(rows - 1));
        }
        self.stacks = Cow::Owned(stacks.finish());
        self.stack = Cow::Owned(stack_column);
        self.strings = Cow::Owned(pseudo.strings.finish());
        (root_matched, leaf_matched)
    }
}

impl PseudoFrames {
    fn location(
        &mut self,
        name: &[u8],
        key: &str,
        functions: &mut crate::table::Functions,
        locations: &mut Locations,
    ) -> LocationId {
        let name = self.strings.intern(name);
        let filename = self.strings.intern(key.as_bytes());
        *self.locations.entry((name, filename)).or_insert_with(|| {
            let function = functions.push(Function {
                name,
                filename,
                ..Function::default()
            });
            locations.push(
                Location::default(),
                &[Line {
                    function,
                    ..Line::default()
                }],
            )
        })
    }
}
