//! The functions of a profile with what they cost: what rules about names are asked of.

use super::query::{Filters, SampleTypeName};
use super::stacks::{lines_of, prepare_frames, sums_by_stack};
use super::text;
use crate::error::Result;
use crate::ids::FunctionId;
use crate::interrupt;
use crate::profile::Profile;
use serde::{Deserialize, Serialize};

/// What to list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FunctionsQuery {
    /// The shared filters; the granularity does not matter.
    #[serde(flatten)]
    pub filters: Filters,
}

/// The answer: one entry a function in each list, in the order of the function table.
#[derive(Debug, Clone, Serialize)]
pub struct FunctionList {
    /// What the values count.
    pub sample_type: SampleTypeName,
    /// Sum of the absolute values of all samples.
    pub total: i64,
    /// Names.
    pub name: Vec<String>,
    /// Source files; empty when unknown.
    pub file: Vec<String>,
    /// Base name of the binary that the first location of the function is in; empty when unknown.
    pub binary: Vec<String>,
    /// Values of samples at whose leaf the function is.
    pub flat: Vec<i64>,
    /// Values of samples that the function is in, each counted once.
    pub cum: Vec<i64>,
    /// What limits the answer.
    pub warnings: Vec<String>,
}

/// Every function with its flat and cum, whether samples are in it or not.
///
/// # Errors
///
/// As [`super::filtered`].
pub fn functions(profile: &Profile, query: &FunctionsQuery) -> Result<FunctionList> {
    let prepared = prepare_frames(profile, &query.filters)?;
    let view = &prepared.view;
    let table = view.functions();
    let (mut flat, mut cum) = (vec![0i64; table.len()], vec![0i64; table.len()]);
    let mut seen = vec![usize::MAX; table.len()];
    let sums = sums_by_stack(view, prepared.value.undivided())?;
    for (number, sum) in sums.iter().enumerate() {
        interrupt::check_at(number)?;
        for (line, is_leaf) in lines_of(view, sum.stack) {
            let row = line.function.index();
            if is_leaf {
                flat[row] = flat[row].wrapping_add(sum.value);
            }
            if seen[row] != number {
                seen[row] = number;
                cum[row] = cum[row].wrapping_add(sum.value);
            }
        }
    }
    let strings = view.strings();
    let ids = || (0..table.len()).map(FunctionId::from_index);
    let mut binary = vec![String::new(); table.len()];
    for location in view.locations().ids() {
        let Some(mapping) = view.locations().get(location).mapping else {
            continue;
        };
        for line in view.locations().lines(location) {
            let name = &mut binary[line.function.index()];
            if name.is_empty() {
                let file = strings.text(view.mappings().get(mapping).file);
                file.rsplit(['/', '\\']).next().unwrap_or("").clone_into(name);
            }
        }
    }
    Ok(FunctionList {
        sample_type: prepared.sample_type.clone(),
        total: prepared.total,
        name: ids().map(|id| text(strings.get(table.get(id).name))).collect(),
        file: ids()
            .map(|id| text(strings.get(table.get(id).filename)))
            .collect(),
        binary,
        flat,
        cum,
        warnings: prepared.warnings,
    })
}
