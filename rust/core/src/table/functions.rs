//! The function table.

use super::FileIds;
use crate::ids::{FunctionId, StringId};

/// One row of the function table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Function {
    /// Name for people.
    pub name: StringId,
    /// Name as the linker knows it (mangled).
    pub system_name: StringId,
    /// Source file.
    pub filename: StringId,
    /// First line in the source file; 0 when unknown.
    pub start_line: i64,
}

/// Functions as columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Functions {
    /// Ids in the file.
    pub ids: FileIds,
    /// [`Function::name`] of each row.
    pub name: Vec<StringId>,
    /// [`Function::system_name`] of each row.
    pub system_name: Vec<StringId>,
    /// [`Function::filename`] of each row.
    pub filename: Vec<StringId>,
    /// [`Function::start_line`] of each row.
    pub start_line: Vec<i64>,
}

impl Functions {
    /// Number of functions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.name.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_empty()
    }

    /// A row.
    #[must_use]
    pub fn get(&self, id: FunctionId) -> Function {
        let row = id.index();
        Function {
            name: self.name[row],
            system_name: self.system_name[row],
            filename: self.filename[row],
            start_line: self.start_line[row],
        }
    }

    /// Adds a row.
    pub fn push(&mut self, function: Function) -> FunctionId {
        let id = FunctionId::from_index(self.len());
        self.ids.push_next();
        self.name.push(function.name);
        self.system_name.push(function.system_name);
        self.filename.push(function.filename);
        self.start_line.push(function.start_line);
        id
    }
}
