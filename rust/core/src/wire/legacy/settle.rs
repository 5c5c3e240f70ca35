//! The final order of mappings and locations, and which location is in which mapping.

use super::cover::Cover;
use super::draft::{Draft, DraftMapping};
use super::massage::massage;

/// Where the main binary is loaded unless it is position-independent.
const EXPECTED_START: u64 = 0x40_0000;

impl Draft {
    /// Takes up the memory map, then numbers the locations and gives each its mapping.
    pub(super) fn settle(&mut self, mut mappings: Vec<DraftMapping>) {
        massage(&mut mappings);
        self.mappings = mappings;
        self.number_locations();
        self.mend_main_mapping();
        self.assign_mappings();
    }

    /// Locations in the order in which samples name them; those that no sample names any more are left out.
    fn number_locations(&mut self) {
        let mut seen = vec![false; self.locations.len()];
        let mut order = Vec::with_capacity(self.locations.len());
        for sample in 0..self.len() {
            for &row in self.stack(sample) {
                if let Some(seen @ false) = seen.get_mut(row as usize) {
                    *seen = true;
                    order.push(row);
                }
            }
        }
        self.order = order;
    }

    /// Undoes what remapping the text of the main binary onto huge pages does to its mapping.
    fn mend_main_mapping(&mut self) {
        if let [first, second, ..] = self.mappings.as_slice()
            && first.file.starts_with(b"/anon_hugepage")
            && first.limit == second.start
        {
            self.mappings.remove(0);
        }
        if let Some(main) = self.mappings.first_mut()
            && main.start.wrapping_sub(main.offset) == EXPECTED_START
        {
            main.start = EXPECTED_START;
            main.offset = 0;
        }
    }

    /// The mapping of a location is the first that holds its address. Failing that, it is the first whose
    /// file would hold it if it were mapped from its beginning, and that mapping is widened; failing that, a
    /// mapping of everything, made once and put last. Address 0 has none.
    fn assign_mappings(&mut self) {
        let mut cover = Cover::new(&self.mappings);
        let mut fake = None;
        for &row in &self.order {
            let Some(location) = self.locations.get_mut(row as usize) else {
                continue;
            };
            let address = location.address;
            if address == 0 {
                continue;
            }
            location.mapping = cover.holding(address).or(fake);
            if location.mapping.is_some() {
                continue;
            }
            location.mapping = cover.holding_from_beginning(address);
            if let Some(index) = location.mapping
                && let Some(mapping) = self.mappings.get_mut(index as usize)
            {
                mapping.start = mapping.start.wrapping_sub(mapping.offset);
                mapping.offset = 0;
                cover.widen(index, mapping.start, mapping.limit);
                continue;
            }
            fake = Some(self.mappings.len() as u32);
            location.mapping = fake;
            self.mappings.push(DraftMapping {
                limit: u64::MAX,
                ..DraftMapping::default()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn mapping(start: u64, limit: u64, offset: u64, file: &str) -> DraftMapping {
        DraftMapping {
            start,
            limit,
            offset,
            file: file.into(),
            build_id: Vec::new(),
        }
    }

    fn settled(addresses: &[u64], mappings: Vec<DraftMapping>) -> (Vec<Option<u32>>, Vec<DraftMapping>) {
        let mut draft = Draft::new(1, &Limits::default());
        draft.sample(addresses.iter().copied(), &[1], None).unwrap();
        draft.settle(mappings);
        (
            draft.locations.iter().map(|location| location.mapping).collect(),
            draft.mappings,
        )
    }

    #[test]
    fn addresses_outside_all_mappings_share_one_made_for_them() {
        let (of, mappings) = settled(&[0x10, 0, 0x99, 5, u64::MAX], vec![mapping(0x10, 0x20, 0, "/a")]);
        assert_eq!(of, [Some(0), None, Some(1), Some(1), Some(1)]);
        assert_eq!(mappings[1], mapping(0, u64::MAX, 0, ""));
    }

    #[test]
    fn a_mapping_grows_down_to_the_beginning_of_its_file_but_not_once_there_is_a_made_one() {
        let map = || vec![mapping(0x5000, 0x6000, 0x1000, "/a")];
        let (of, mappings) = settled(&[0x4800, 0x4100], map());
        assert_eq!(
            (of, mappings),
            (vec![Some(0), Some(0)], vec![mapping(0x4000, 0x6000, 0, "/a")])
        );
        let (of, mappings) = settled(&[0x9000, 0x4800], map());
        assert_eq!(of, [Some(1), Some(1)]);
        assert_eq!(mappings[0], mapping(0x5000, 0x6000, 0x1000, "/a"));
    }

    #[test]
    fn the_main_binary_is_moved_to_where_it_is_expected() {
        let (_, mappings) = settled(&[0x40_0001], vec![mapping(0x40_1000, 0x50_0000, 0x1000, "/a")]);
        assert_eq!(mappings, [mapping(0x40_0000, 0x50_0000, 0, "/a")]);
    }

    #[test]
    fn a_huge_page_copy_in_front_is_dropped_if_the_next_mapping_joins_it() {
        let map = |limit| {
            vec![
                mapping(0x10, limit, 0, "/anon_hugepage (deleted)"),
                mapping(0x20, 0x30, 8, "/a.so"),
            ]
        };
        assert_eq!(settled(&[0x10], map(0x20)).1[0].file, b"/a.so");
        let kept = settled(&[0x10], map(0x1f)).1;
        assert_eq!(kept[0].file, b"/anon_hugepage (deleted)");
        assert_eq!(kept.len(), 2);
    }
}
