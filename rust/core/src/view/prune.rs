//! `drop_frames`, `keep_frames` and `prune_from`: cutting stacks below a function.

use super::View;
use crate::ids::StringId;
use crate::pattern::Pattern;
use std::borrow::Cow;

/// A function name without a leading dot and without its argument list.
///
/// Parentheses that belong to the name (`(anonymous namespace)`, `operator()`) do not start an argument list.
fn simplify(name: &[u8]) -> &[u8] {
    const RESERVED: [&[u8]; 2] = [b"(anonymous namespace)", b"operator()"];
    let name = name.strip_prefix(b".").unwrap_or(name);
    let mut at = 0;
    while let Some(rest) = name.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(reserved) = RESERVED.iter().find(|reserved| rest.starts_with(reserved)) {
            at += reserved.len();
        } else if rest[0] == b'(' {
            return &name[..at];
        } else {
            at += 1;
        }
    }
    name
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Nothing matches.
    Keep,
    /// The location goes, with all below it.
    Here,
    /// The location stays, what is below it goes.
    Beneath,
}

impl View<'_> {
    /// Applies the profile's own `drop_frames` and `keep_frames`.
    pub fn remove_uninteresting(&mut self) {
        let header = self.header();
        if header.drop_frames.is_empty() {
            return;
        }
        let whole = |expression: StringId| format!("^({})$", self.profile.strings.text(expression));
        let Ok(drop) = Pattern::new("drop_frames", &whole(header.drop_frames)) else {
            return;
        };
        let keep = if header.keep_frames.is_empty() {
            None
        } else {
            match Pattern::new("keep_frames", &whole(header.keep_frames)) {
                Ok(keep) => Some(keep),
                Err(_) => return,
            }
        };
        self.prune(&drop, keep.as_ref());
    }

    /// Whether each function is named by `matches`, asked once a name; functions without a name never are.
    fn matching_functions(&self, matches: impl Fn(&[u8]) -> bool) -> Vec<bool> {
        let mut answers: Vec<Option<bool>> = vec![None; self.strings.len()];
        let mut answer = |name: StringId| {
            !name.is_empty()
                && *answers[name.index()].get_or_insert_with(|| matches(simplify(self.strings.get(name))))
        };
        self.functions.name.iter().map(|&name| answer(name)).collect()
    }

    /// Cuts every stack at the frame nearest to the root that matches `drop` and not `keep`, that frame included.
    ///
    /// Frames at the root that all match are left alone, so that no stack is emptied from its root.
    pub fn prune(&mut self, drop: &Pattern, keep: Option<&Pattern>) {
        let functions = self
            .matching_functions(|name| drop.is_match(name) && !keep.is_some_and(|keep| keep.is_match(name)));
        if !functions.contains(&true) {
            return;
        }
        let mut cuts = vec![Cut::Keep; self.locations.len()];
        let locations = self.locations.with_lines(|location, lines, into| {
            match lines.iter().rposition(|line| functions[line.function.index()]) {
                None => into.extend_from_slice(lines),
                Some(last) if last + 1 == lines.len() => {
                    cuts[location.index()] = Cut::Here;
                    into.extend_from_slice(lines);
                }
                Some(last) => {
                    cuts[location.index()] = Cut::Beneath;
                    into.extend_from_slice(&lines[last + 1..]);
                }
            }
        });
        self.locations = Cow::Owned(locations);
        self.map_stacks(|frames| {
            let Some(user) = frames
                .iter()
                .rposition(|location| cuts[location.index()] == Cut::Keep)
            else {
                return;
            };
            let Some(at) = frames[..user]
                .iter()
                .rposition(|location| cuts[location.index()] != Cut::Keep)
            else {
                return;
            };
            let first = if cuts[frames[at].index()] == Cut::Here {
                at + 1
            } else {
                at
            };
            frames.drain(..first);
        });
    }

    /// Cuts what is below the matching frame nearest to the leaf; that frame stays.
    pub fn prune_from(&mut self, pattern: &Pattern) {
        let functions = self.matching_functions(|name| pattern.is_match(name));
        let mut matched = vec![false; self.locations.len()];
        let locations = self.locations.with_lines(|location, lines, into| {
            let first = lines.iter().position(|line| functions[line.function.index()]);
            matched[location.index()] = first.is_some();
            into.extend_from_slice(&lines[first.unwrap_or(0)..]);
        });
        self.locations = Cow::Owned(locations);
        self.map_stacks(|frames| {
            if let Some(first) = frames.iter().position(|location| matched[location.index()]) {
                frames.drain(..first);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::simplify;

    #[test]
    fn argument_lists_go_and_reserved_parentheses_stay() {
        assert_eq!(simplify(b".foo"), b"foo");
        assert_eq!(simplify(b"foo(int)"), b"foo");
        assert_eq!(
            simplify(b"(anonymous namespace)::foo(int)"),
            b"(anonymous namespace)::foo"
        );
        assert_eq!(simplify(b"A::operator()(int)"), b"A::operator()");
        assert_eq!(simplify(b"main.(*T).run"), b"main.");
    }
}
