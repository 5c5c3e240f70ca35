//! Flat and cum of all nodes, in one pass over the stacks.

use super::graph::{Group, Weight};
use super::node::NodeTable;
use super::shares::in_shares;
use crate::error::Result;
use crate::interrupt;
use crate::table::Stacks;

/// What was spent in a node, and in a node and all it called.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) flat: Weight,
    pub(super) cum: Weight,
}

/// The sums of each row of the node table. Which other nodes are shown does not change them: flat belongs to the innermost
/// line of the leaf, and cum to every node of a stack.
pub(super) fn sums(stacks: &Stacks, table: &NodeTable, groups: &[Group]) -> Result<Vec<Sum>> {
    let mut sums = vec![Sum::default(); table.infos.len()];
    for share in in_shares(groups, |share| {
        of_share(stacks, table, share, |weight| weight.value)
    })? {
        for (sum, (walked, flat)) in sums.iter_mut().zip(share) {
            sum.flat.value = sum.flat.value.wrapping_add(flat);
            sum.cum.value = sum.cum.value.wrapping_add(walked.cum);
        }
    }
    // Means are rare: what divides them is summed by itself, so that there is less memory to go through else.
    if groups.iter().any(|group| group.weight.divisor != 0) {
        for share in in_shares(groups, |share| {
            of_share(stacks, table, share, |weight| weight.divisor)
        })? {
            for (sum, (walked, flat)) in sums.iter_mut().zip(share) {
                sum.flat.divisor = sum.flat.divisor.wrapping_add(flat);
                sum.cum.divisor = sum.cum.divisor.wrapping_add(walked.cum);
            }
        }
    }
    Ok(sums)
}

/// A node while stacks are walked.
#[derive(Debug, Clone, Copy, Default)]
struct Walked {
    cum: i64,
    /// One more than the number of the group in which the node was last seen: cum counts once a sample.
    seen: u32,
}

/// Cum and flat of one number of the weights.
fn of_share(
    stacks: &Stacks,
    table: &NodeTable,
    groups: &[Group],
    number_of: fn(Weight) -> i64,
) -> Result<impl Iterator<Item = (Walked, i64)> + use<>> {
    let mut walked = vec![Walked::default(); table.infos.len()];
    let mut flats = vec![0i64; table.infos.len()];
    let (mut frames, mut rows) = (Vec::new(), Vec::new());
    for (number, group) in (1u32..).zip(groups) {
        interrupt::check_at(number as usize)?;
        let weight = number_of(group.weight);
        stacks.read(group.stack, &mut frames);
        table.read(&frames, &mut rows);
        for &row in &rows {
            let node = &mut walked[row as usize];
            // Without a branch: nobody can foretell recursion.
            let is_new = node.seen != number;
            node.seen = number;
            node.cum = node.cum.wrapping_add(weight & -i64::from(is_new));
        }
        if let Some(&innermost) = rows.first() {
            let flat = &mut flats[innermost as usize];
            *flat = flat.wrapping_add(weight);
        }
    }
    Ok(walked.into_iter().zip(flats))
}
