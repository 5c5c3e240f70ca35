//! Which mapping holds an address, for many of both.

use super::draft::DraftMapping;

/// No mapping.
const NONE: u32 = u32::MAX;

/// Answers for the first mapping in the list that holds an address, also where mappings overlap.
///
/// A segment tree over all addresses at which a mapping begins or ends: a mapping is noted in the few nodes
/// that make up its range, and the nodes above an address hold all mappings that hold it. So time grows with
/// the logarithm of the number of mappings, which a profile may have in any number.
#[derive(Debug)]
pub(super) struct Cover {
    /// Where segments begin, ascending.
    edges: Vec<u64>,
    /// The first mapping that holds the whole node.
    holding: Vec<u32>,
    /// The mappings that would hold the whole node if their files were mapped from the beginning, the first
    /// one last.
    from_beginning: Vec<Vec<u32>>,
    widened: Vec<bool>,
}

impl Cover {
    pub(super) fn new(mappings: &[DraftMapping]) -> Self {
        let mut edges: Vec<u64> = mappings
            .iter()
            .flat_map(|m| [m.start, m.limit, m.start.wrapping_sub(m.offset)])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let nodes = 2 * edges.len();
        let mut cover = Self {
            edges,
            holding: vec![NONE; nodes],
            from_beginning: vec![Vec::new(); nodes],
            widened: vec![false; mappings.len()],
        };
        for (index, mapping) in mappings.iter().enumerate().rev() {
            let index = index as u32;
            cover.hold(index, mapping.start, mapping.limit);
            if mapping.offset != 0 {
                for node in cover.nodes(mapping.start.wrapping_sub(mapping.offset), mapping.start) {
                    if let Some(list) = cover.from_beginning.get_mut(node) {
                        list.push(index);
                    }
                }
            }
        }
        cover
    }

    fn hold(&mut self, index: u32, start: u64, limit: u64) {
        for node in self.nodes(start, limit) {
            if let Some(first) = self.holding.get_mut(node) {
                *first = index.min(*first);
            }
        }
    }

    /// The nodes that make up a range; both its ends are edges.
    fn nodes(&self, start: u64, limit: u64) -> Vec<usize> {
        let leaf = |address| self.edges.partition_point(|&edge| edge < address) + self.edges.len();
        let (mut left, mut right) = (leaf(start), leaf(limit));
        let mut nodes = Vec::new();
        while left < right {
            if left % 2 == 1 {
                nodes.push(left);
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                nodes.push(right);
            }
            left /= 2;
            right /= 2;
        }
        nodes
    }

    /// The nodes above an address, its leaf first.
    fn above(&self, address: u64) -> impl Iterator<Item = usize> + use<> {
        let leaf = self.edges.partition_point(|&edge| edge <= address).checked_sub(1);
        let leaf = leaf.map_or(0, |segment| segment + self.edges.len());
        std::iter::successors(Some(leaf), |node| Some(node / 2)).take_while(|&node| node > 0)
    }

    /// The first mapping that holds `address`.
    pub(super) fn holding(&self, address: u64) -> Option<u32> {
        let first = self
            .above(address)
            .filter_map(|node| self.holding.get(node))
            .min();
        first.copied().filter(|&index| index != NONE)
    }

    /// The first mapping that would hold `address` if its file were mapped from the beginning, and does not
    /// yet.
    pub(super) fn holding_from_beginning(&mut self, address: u64) -> Option<u32> {
        let mut first = None;
        for node in self.above(address) {
            let Some(list) = self.from_beginning.get_mut(node) else {
                continue;
            };
            while let Some(&index) = list.last()
                && self.widened.get(index as usize).is_some_and(|&widened| widened)
            {
                list.pop();
            }
            first = list.last().copied().into_iter().chain(first).min();
        }
        first
    }

    /// Notes that a mapping has been widened to its beginning.
    pub(super) fn widen(&mut self, index: u32, start: u64, limit: u64) {
        self.hold(index, start, limit);
        if let Some(widened) = self.widened.get_mut(index as usize) {
            *widened = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rule as it reads, for comparison: look at every mapping.
    fn plain(mappings: &mut [DraftMapping], address: u64) -> (Option<usize>, bool) {
        let held = mappings
            .iter()
            .position(|m| m.start <= address && address < m.limit);
        if held.is_some() {
            return (held, false);
        }
        let from_beginning = mappings
            .iter()
            .position(|m| m.offset != 0 && m.start.wrapping_sub(m.offset) <= address && address < m.start);
        if let Some(index) = from_beginning {
            mappings[index].start -= mappings[index].offset;
            mappings[index].offset = 0;
        }
        (from_beginning, true)
    }

    proptest! {
           #[test]
           fn every_answer_is_that_of_looking_at_every_mapping(
               rows in prop::collection::vec((0u64..40, 0u64..40, 0u64..12), 0..12),
               addresses in prop::collection::vec(0u64..45, 0..40),
           ) {
               let mut mappings: Vec<DraftMapping> = rows
                   .into_iter()
                   .map(|(start, limit, offset)| {
    DraftMapping { start, limit, offset, ..DraftMapping::default() } })
                   .collect();
               let mut cover = Cover::new(&mappings);
               for address in addresses {
                   let held = cover.holding(address);
                   let answer = held.or_else(|| cover.holding_from_beginning(address));
                   let (expected, second) = plain(&mut mappings, address);
                   prop_assert_eq!(answer.map(|index| index as usize), expected);
                   if let (Some(index), true) = (answer, second) {
                       prop_assert!(held.is_none());
                       cover.widen(index, mappings[index as usize].start, mappings[index as usize].limit);
                   }
               }
           }
       }
}
