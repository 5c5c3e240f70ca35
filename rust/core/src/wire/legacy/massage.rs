//! Joins split mappings and puts the main binary first.

use super::draft::DraftMapping;
use super::pattern::{Pattern, compile};
use super::text::trim;

/// The names of shared libraries.
static LIBRARY: Pattern = Pattern::new(|| compile(r"[.]so$|[.]so[._][0-9]+"));

/// A regular expression for what the kernel appends to the names of removed files.
static DELETED: Pattern = Pattern::new(|| compile(r"\(deleted\)"));

/// Joins neighbours that are one mapping, then swaps the first that looks like the main binary to the front.
pub(super) fn massage(mappings: &mut Vec<DraftMapping>) {
    let mut joined: Vec<DraftMapping> = Vec::with_capacity(mappings.len());
    for mapping in mappings.drain(..) {
        match joined.last_mut() {
            Some(last) if is_continued_by(last, &mapping) => {
                last.limit = mapping.limit;
                if !mapping.file.is_empty() {
                    last.file = mapping.file;
                }
                if !mapping.build_id.is_empty() {
                    last.build_id = mapping.build_id;
                }
            }
            _ => joined.push(mapping),
        }
    }
    if let Some(main) = joined.iter().position(|mapping| is_main(&mapping.file)) {
        joined.swap(0, main);
    }
    *mappings = joined;
}

/// Whether `second` begins where `first` ends, in memory and, where both are known, in file, name and build
/// id.
fn is_continued_by(first: &DraftMapping, second: &DraftMapping) -> bool {
    let agree = |a: &[u8], b: &[u8]| a.is_empty() || b.is_empty() || a == b;
    let end = first.offset.wrapping_add(first.limit.wrapping_sub(first.start));
    agree(&first.file, &second.file)
        && agree(&first.build_id, &second.build_id)
        && first.limit == second.start
        && (first.offset == 0 || second.offset == 0 || end == second.offset)
}

/// Whether the name is one of a binary: neither missing, nor a library's, nor one of the kernel's in
/// brackets.
fn is_main(file: &[u8]) -> bool {
    let file = DELETED.replace_all(file, b"".as_slice());
    let file = trim(&file);
    !file.is_empty() && !file.starts_with(b"[") && !LIBRARY.is_match(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(start: u64, limit: u64, offset: u64, file: &str, build_id: &str) -> DraftMapping {
        DraftMapping {
            start,
            limit,
            offset,
            file: file.into(),
            build_id: build_id.into(),
        }
    }

    #[test]
    fn neighbours_that_agree_become_one_and_keep_every_name() {
        let mut mappings = vec![
            mapping(1, 2, 0, "", "id"),
            mapping(2, 5, 0, "/a", ""),
            mapping(5, 6, 0, "/b", ""),
        ];
        massage(&mut mappings);
        assert_eq!(
            mappings,
            [mapping(1, 5, 0, "/a", "id"), mapping(5, 6, 0, "/b", "")]
        );
    }

    #[test]
    fn neighbours_whose_offsets_do_not_continue_stay_apart() {
        let mut mappings = vec![
            mapping(0x10, 0x20, 0x10, "/a", ""),
            mapping(0x20, 0x30, 0x21, "/a", ""),
        ];
        massage(&mut mappings);
        assert_eq!(mappings.len(), 2);
        mappings[1].offset = 0x20;
        massage(&mut mappings);
        assert_eq!(mappings.len(), 1);
    }

    #[test]
    fn the_first_that_is_no_library_changes_places_with_the_first() {
        let names = [
            "/lib/a.so",
            "/lib/b.so.6",
            "[vdso]",
            " (deleted) ",
            "/bin/x",
            "/bin/y",
        ];
        let mut mappings: Vec<_> = (0..)
            .zip(names)
            .map(|(n, name)| mapping(n * 16, n * 16 + 8, 0, name, ""))
            .collect();
        massage(&mut mappings);
        let files: Vec<_> = mappings.iter().map(|mapping| mapping.file.as_slice()).collect();
        assert_eq!(files[0], b"/bin/x");
        assert_eq!(files[4], b"/lib/a.so");
        assert_eq!(files[5], b"/bin/y");
    }
}
