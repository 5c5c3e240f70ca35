//! Two profiles in one set of tables, to be compared.

use super::build::{Order, locations};
use super::merge::{Source, check_compatible};
use super::tables::{Keep, Tables};
use crate::error::Result;
use crate::ids::{LabelSetId, LocationId, StackId};
use crate::interrupt;
use crate::profile::{Header, Profile};
use crate::table::{ByteArena, FileIds, Functions, Mappings, Samples, Stacks, pack};
use crate::value_type::ValueType;

/// All samples of two profiles with equal sample types, their values side by side: those of `base` are in the first half
/// of the columns, those of `profile` in the second, and zeros in the other.
///
/// Strings, functions, mappings, locations and label sets are told apart by content, as when profiles are merged; where
/// a binary was loaded elsewhere, addresses are those of `profile`. Samples and stacks are not looked up, so each side
/// brings its own: measured, comparing took two to three times as long with it. Of the header only the sample types are
/// there, twice.
///
/// # Errors
///
/// Sample types or period types that differ; the work was cancelled.
pub fn side_by_side(base: &Profile, profile: &Profile) -> Result<Profile> {
    check_compatible(base, profile)?;
    let width = base.header.sample_types.len();
    let mut both = Both {
        samples: Samples::with_sample_types(2 * width),
        ..Both::default()
    };
    // Of equal mappings the first stands for both, as in pprof's differences.
    let mut sample_types = both.add(profile, width)?;
    sample_types.extend(both.add(base, 0)?);
    let Both {
        tables,
        stacks,
        samples,
    } = both;
    let order = Order {
        samples: Vec::new(),
        locations: (0..tables.locations.len() as u32).collect(),
        functions: (0..tables.functions.len() as u32).collect(),
        mappings: (0..tables.mappings.len() as u32).collect(),
    };
    let locations = locations(&tables, &order);
    let mut functions = Functions::default();
    for function in tables.functions {
        functions.push(function);
    }
    Ok(Profile {
        header: Header {
            sample_types,
            ..Header::default()
        },
        strings: tables.strings.finish(),
        functions,
        mappings: Mappings {
            ids: FileIds::Sequential,
            rows: tables.mappings,
        },
        locations,
        stacks: Stacks::from_arena(stacks),
        label_sets: tables.label_sets.finish(),
        samples,
        notes: Vec::new(),
    })
}

/// The result as it grows.
#[derive(Default)]
struct Both {
    tables: Tables,
    stacks: ByteArena,
    samples: Samples,
}

impl Both {
    /// Adds a profile, its values from the column `first` on, and gives its sample types.
    fn add(&mut self, side: &Profile, first: usize) -> Result<Vec<ValueType>> {
        let Self {
            tables,
            stacks,
            samples,
        } = self;
        let mut source = Source::new(side, Keep::First);
        let sets = side.label_sets.ids().map(|set| source.label_set(tables, set));
        let sets: Vec<LabelSetId> = sets.collect();
        let locations = side
            .locations
            .ids()
            .map(|location| source.location(tables, location));
        let locations: Vec<LocationId> = locations.collect();
        let are_same = locations
            .iter()
            .enumerate()
            .all(|(row, location)| location.index() == row);
        let known = stacks.len() as u32;
        let mut packed = Vec::new();
        for row in 0..side.stacks.len() {
            interrupt::check_at(row)?;
            let stack = StackId::from_index(row);
            if are_same {
                stacks.push(side.stacks.packed(stack));
                continue;
            }
            packed.clear();
            for location in side.stacks.frames(stack) {
                pack(locations[location.index()], &mut packed);
            }
            stacks.push(&packed);
        }
        let own = &side.samples;
        samples
            .stack
            .extend(own.stack.iter().map(|stack| StackId(known + stack.0)));
        samples
            .label_set
            .extend(own.label_set.iter().map(|set| sets[set.index()]));
        for (column, values) in samples.values.iter_mut().enumerate() {
            match column
                .checked_sub(first)
                .and_then(|column| own.values.get(column))
            {
                Some(own) => values.extend_from_slice(own),
                None => values.resize(values.len() + own.len(), 0),
            }
        }
        let sample_types = &side.header.sample_types;
        let mut string = |id| source.string(tables, id);
        Ok(sample_types
            .iter()
            .map(|sample_type| ValueType {
                type_: string(sample_type.type_),
                unit: string(sample_type.unit),
            })
            .collect())
    }
}
