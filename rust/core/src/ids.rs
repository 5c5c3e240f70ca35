//! Row numbers of the tables, one type each, so that a function can not be passed where a location is meant.
//!
//! An id is the position of a row in its table, counted from zero. The ids written in a file are another thing:
//! they are kept beside the rows (see [`crate::table::FileIds`]).

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u32);

        impl $name {
            /// The row number, for indexing a column.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of row `index`.
            ///
            /// Tables refuse to grow past `u32::MAX` rows, so an index that came from a table always fits.
            #[must_use]
            pub const fn from_index(index: usize) -> Self {
                Self(index as u32)
            }
        }
    )+};
}

ids! {
    /// A row of the string table; [`StringId::EMPTY`] is always the empty string.
    StringId,
    /// A row of the function table.
    FunctionId,
    /// A row of the mapping table.
    MappingId,
    /// A row of the location table.
    LocationId,
    /// A row of the stack table.
    StackId,
    /// A row of the label-set table; [`LabelSetId::EMPTY`] is always the set without labels.
    LabelSetId,
}

impl StringId {
    /// The empty string, present in every string table.
    pub const EMPTY: Self = Self(0);

    /// Whether this is the empty string.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl LabelSetId {
    /// The set without labels, present in every label-set table.
    pub const EMPTY: Self = Self(0);
}
