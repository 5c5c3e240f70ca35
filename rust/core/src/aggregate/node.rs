//! What a node stands for, and the nodes of a view's locations.

use crate::ids::{LocationId, StringId};
use crate::table::{Line, Strings, StringsBuilder};
use crate::view::View;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::borrow::Cow;

/// One place of a program, at the granularity of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NodeInfo {
    /// Function name, in the view's strings.
    pub name: StringId,
    /// Address; 0 unless at address granularity.
    pub address: u64,
    /// Source file, cleaned, in the graph's file names.
    pub file: StringId,
    /// First line of the function; only kept with `objfile`.
    pub start_line: i64,
    /// Line; 0 unless at line granularity.
    pub line: i64,
    /// Column; 0 unless asked for.
    pub column: i64,
    /// The binary, in the view's strings; only for listings and for frames without a name.
    pub objfile: StringId,
}

/// The shortest path that names the same file: no `.`, no inner `..`, no double slashes. Empty becomes `.`.
///
/// Source: the rules of Go's `path/filepath.Clean` on Unix.
#[must_use]
pub fn clean_path(path: &[u8]) -> Cow<'_, [u8]> {
    let rooted = path.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(&last) if last != b".." => {
                    parts.pop();
                }
                None if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let mut clean = if rooted { vec![b'/'] } else { Vec::new() };
    clean.extend_from_slice(&parts.join(&b'/'));
    if clean.is_empty() {
        return Cow::Borrowed(b".");
    }
    if clean == path {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(clean)
    }
}

/// Nodes that are taken of any location, whether it has as many or not: few have more.
const TAKEN: usize = 4;

/// Gives every line of every location its node.
pub(super) struct NodeTable {
    pub(super) infos: Vec<NodeInfo>,
    /// Where each location's nodes start in `nodes`, and behind them where the last one's end.
    starts: Vec<u32>,
    /// And a few more, so that behind each start there are [`TAKEN`].
    nodes: Vec<u32>,
    /// Whether a node is the inlined line of some location.
    pub(super) inlined: Vec<bool>,
    pub(super) files: Strings,
}

/// What decides the attributes of a node.
pub(super) struct InfoRules<'a> {
    /// Keep binaries and start lines apart.
    pub(super) obj_names: bool,
    /// Changes a file name before it is cleaned.
    pub(super) trim_path: &'a dyn Fn(&[u8]) -> Vec<u8>,
}

/// Makes node infos, cleaning each file name once.
pub(super) struct Infos<'a, 'v, 'p> {
    view: &'v View<'p>,
    rules: InfoRules<'a>,
    files: StringsBuilder,
    clean: FxHashMap<StringId, StringId>,
}

impl<'a, 'v, 'p> Infos<'a, 'v, 'p> {
    pub(super) fn new(view: &'v View<'p>, rules: InfoRules<'a>) -> Self {
        Self {
            view,
            rules,
            files: StringsBuilder::default(),
            clean: FxHashMap::default(),
        }
    }

    fn file(&mut self, filename: StringId) -> StringId {
        if filename.is_empty() {
            return StringId::EMPTY;
        }
        let Self {
            view,
            rules,
            files,
            clean,
        } = self;
        *clean.entry(filename).or_insert_with(|| {
            let trimmed = (rules.trim_path)(view.strings().get(filename));
            if trimmed.is_empty() {
                StringId::EMPTY
            } else {
                files.intern(&clean_path(&trimmed))
            }
        })
    }

    /// The node of a line, or of a location without lines.
    pub(super) fn info(&mut self, location: LocationId, line: Option<&Line>) -> NodeInfo {
        let row = self.view.locations().get(location);
        let objfile = row
            .mapping
            .map_or(StringId::EMPTY, |mapping| self.view.mappings().get(mapping).file);
        let Some(line) = line else {
            return NodeInfo {
                address: row.address,
                objfile,
                ..NodeInfo::default()
            };
        };
        let function = self.view.functions().get(line.function);
        let mut info = NodeInfo {
            name: function.name,
            address: row.address,
            file: self.file(function.filename),
            line: line.line,
            column: line.column,
            ..NodeInfo::default()
        };
        if self.rules.obj_names || info.name.is_empty() {
            info.objfile = objfile;
            info.start_line = function.start_line;
        }
        info
    }

    pub(super) fn into_files(self) -> Strings {
        self.files.finish()
    }
}

impl NodeTable {
    pub(super) fn new(view: &View<'_>, rules: InfoRules<'_>) -> Self {
        let locations = view.locations();
        let mut infos = Infos::new(view, rules);
        let mut rows: FxHashMap<NodeInfo, u32> =
            FxHashMap::with_capacity_and_hasher(view.functions().len(), FxBuildHasher);
        // The last node of each function: without lines and addresses it is the only one.
        let mut latest = vec![u32::MAX; view.functions().len()];
        let mut table = Self {
            infos: Vec::new(),
            starts: Vec::with_capacity(locations.len() + 1),
            nodes: Vec::with_capacity(locations.line_count()),
            inlined: Vec::new(),
            files: Strings::default(),
        };
        for location in locations.ids() {
            let lines = locations.lines(location);
            table.starts.push(table.nodes.len() as u32);
            for position in 0..lines.len().max(1) {
                let info = infos.info(location, lines.get(position));
                let mut fresh = u32::MAX;
                let latest = lines
                    .get(position)
                    .map_or(&mut fresh, |line| &mut latest[line.function.index()]);
                if table.infos.get(*latest as usize) != Some(&info) {
                    *latest = *rows.entry(info).or_insert_with(|| {
                        table.infos.push(info);
                        table.inlined.push(false);
                        table.infos.len() as u32 - 1
                    });
                }
                let node = *latest;
                table.inlined[node as usize] |= position + 1 < lines.len();
                table.nodes.push(node);
            }
        }
        table.starts.push(table.nodes.len() as u32);
        table.nodes.extend([0; TAKEN]);
        table.files = infos.into_files();
        table
    }

    /// Replaces `into` by the nodes of the locations, each location's innermost first.
    pub(super) fn read(&self, locations: &[LocationId], into: &mut Vec<u32>) {
        into.clear();
        for location in locations {
            let row = location.index();
            let (start, end) = (self.starts[row] as usize, self.starts[row + 1] as usize);
            // Which location has inlined lines nobody can foretell, so four are taken and those too many given back.
            match self.nodes.get(start..).and_then(<[u32]>::first_chunk::<TAKEN>) {
                Some(taken) if end - start <= TAKEN => {
                    into.extend_from_slice(taken);
                    into.truncate(into.len() + (end - start) - TAKEN);
                }
                _ => into.extend_from_slice(self.of(*location)),
            }
        }
    }

    /// Number of locations.
    pub(super) fn locations(&self) -> usize {
        self.starts.len() - 1
    }

    /// The nodes of a location, innermost first.
    #[inline]
    pub(super) fn of(&self, location: LocationId) -> &[u32] {
        let row = location.index();
        &self.nodes[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileBuilder;
    use crate::table::{Function, Location};

    #[test]
    fn paths_are_cleaned_as_go_cleans_them() {
        for (path, clean) in [
            ("", "."),
            ("/", "/"),
            ("a//b/./c", "a/b/c"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("../../a/..", "../.."),
            ("/../a", "/a"),
            ("./a", "a"),
            ("a/", "a"),
            (
                "/usr/lib/go/src/runtime/proc.go",
                "/usr/lib/go/src/runtime/proc.go",
            ),
        ] {
            assert_eq!(clean_path(path.as_bytes()).as_ref(), clean.as_bytes(), "{path}");
        }
    }

    #[test]
    fn locations_have_their_nodes_however_many_lines_they_have() {
        let mut builder = ProfileBuilder::default();
        let lines: Vec<Line> = (0..7)
            .map(|number| {
                let name = builder.string(format!("f{number}").as_bytes());
                let function = builder.function(Function {
                    name,
                    ..Function::default()
                });
                Line {
                    function,
                    ..Line::default()
                }
            })
            .collect();
        let locations: Vec<LocationId> = [0, 7, 1, 5, 4, 2, 1]
            .into_iter()
            .map(|count| builder.location(Location::default(), &lines[..count]).unwrap())
            .collect();
        let profile = builder.finish();
        let rules = InfoRules {
            obj_names: false,
            trim_path: &<[u8]>::to_vec,
        };
        let table = NodeTable::new(&View::all(&profile), rules);
        let mut read = Vec::new();
        table.read(&locations, &mut read);
        let expected: Vec<u32> = locations
            .iter()
            .flat_map(|&location| table.of(location))
            .copied()
            .collect();
        assert_eq!(read.len(), 1 + 7 + 1 + 5 + 4 + 2 + 1);
        assert_eq!(read, expected);
    }
}
