//! What counts as the same place: the attributes of a location that are kept.

use super::View;
use crate::ids::StringId;
use crate::table::Line;
use std::borrow::Cow;
use std::str::FromStr;

/// What counts as the same node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Granularity {
    /// Functions of one name.
    #[default]
    Functions,
    /// Functions of one name and file.
    FileFunctions,
    /// Source files.
    Files,
    /// Source lines.
    Lines,
    /// Addresses.
    Addresses,
}

impl Granularity {
    /// All names, for messages.
    pub const NAMES: [&'static str; 5] = ["functions", "filefunctions", "files", "lines", "addresses"];

    /// The name used in flags and arguments.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::FileFunctions => "filefunctions",
            Self::Files => "files",
            Self::Lines => "lines",
            Self::Addresses => "addresses",
        }
    }
}

impl FromStr for Granularity {
    type Err = crate::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "functions" => Ok(Self::Functions),
            "filefunctions" => Ok(Self::FileFunctions),
            "files" => Ok(Self::Files),
            "lines" => Ok(Self::Lines),
            "addresses" => Ok(Self::Addresses),
            _ => Err(crate::Error::new(crate::ErrorKind::InvalidArgument {
                argument: "granularity",
                detail: format!("{name:?} is none of {}", Self::NAMES.join(", ")),
            })),
        }
    }
}

impl View<'_> {
    /// Drops from functions, lines and locations all that `granularity` does not look at.
    ///
    /// With `noinlines`, inlined work is attributed to the function it was inlined into. Columns are dropped unless
    /// `showcolumns`. Addresses with inlines change nothing at all.
    pub fn aggregate(&mut self, granularity: Granularity, noinlines: bool, showcolumns: bool) {
        let (function, filename, line, address) = match granularity {
            Granularity::Addresses if !noinlines => return,
            Granularity::Addresses => (true, true, true, true),
            Granularity::Lines => (true, true, true, false),
            Granularity::Files => (false, true, false, false),
            Granularity::Functions => (true, false, false, false),
            Granularity::FileFunctions => (true, true, false, false),
        };
        for mapping in &mut self.mappings.to_mut().rows {
            mapping.has_inline_frames &= !noinlines;
            mapping.has_functions &= function;
            mapping.has_filenames &= filename;
            mapping.has_line_numbers &= line;
        }
        if !function || !filename {
            let functions = self.functions.to_mut();
            if !function {
                functions.name.fill(StringId::EMPTY);
                functions.system_name.fill(StringId::EMPTY);
            }
            if !filename {
                functions.filename.fill(StringId::EMPTY);
            }
        }
        let mut locations = self.locations.with_lines(|_, lines, into| {
            let first = if noinlines {
                lines.len().saturating_sub(1)
            } else {
                0
            };
            into.extend(lines[first..].iter().map(|l| Line {
                function: l.function,
                line: if line { l.line } else { 0 },
                column: if line && showcolumns { l.column } else { 0 },
            }));
        });
        if !address {
            for location in &mut locations.rows {
                location.address = 0;
            }
        }
        self.locations = Cow::Owned(locations);
    }
}
