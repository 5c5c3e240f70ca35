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
    /// One more than the number of the group in which the node was last seen: cum counts once a sample.
    seen: u32,
}

/// The sums of each row of the node table. Which other nodes are shown does not change them: flat belongs to the innermost
/// line of the leaf, and cum to every node of a stack.
pub(super) fn sums(stacks: &Stacks, table: &NodeTable, groups: &[Group]) -> Result<Vec<Sum>> {
    let mut shares = in_shares(groups, |share| of_share(stacks, table, share))?.into_iter();
    let mut sums = shares.next().unwrap_or_default();
    for share in shares {
        for (sum, more) in sums.iter_mut().zip(share) {
            sum.flat.add(more.flat);
            sum.cum.add(more.cum);
        }
    }
    Ok(sums)
}

fn of_share(stacks: &Stacks, table: &NodeTable, groups: &[Group]) -> Result<Vec<Sum>> {
    let mut sums = vec![Sum::default(); table.infos.len()];
    let mut frames = Vec::new();
    for (number, group) in (1u32..).zip(groups) {
        interrupt::check_at(number as usize)?;
        let weight = group.weight;
        let mut see = |row: u32| {
            let sum = &mut sums[row as usize];
            if sum.seen != number {
                sum.seen = number;
                sum.cum.add(weight);
            }
        };
        stacks.read(group.stack, &mut frames);
        for &location in &frames {
            match table.only(location) {
                Some(row) => see(row),
                None => table.of(location).iter().copied().for_each(&mut see),
            }
        }
        let leaf = frames.first();
        if let Some(&innermost) = leaf.and_then(|&leaf| table.of(leaf).first()) {
            sums[innermost as usize].flat.add(weight);
        }
    }
    Ok(sums)
}
