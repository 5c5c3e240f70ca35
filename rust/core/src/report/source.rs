//! Finding and reading source files.

use super::trim_path::{split_list, trim_path};
use crate::aggregate::clean_path;
use std::collections::BTreeMap;

/// Bytes of a line from which on a file is not read any further, as in pprof.
const LONGEST_LINE: usize = 65_535;

/// Where source files come from.
pub trait SourceFiles: Sync {
    /// The content of the file at `path`. A file that can be opened but not read (a directory) is empty.
    ///
    /// # Errors
    ///
    /// Why it can not be opened, as Go says it: `open /src/a.go: no such file or directory`.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// The lines of files read so far, by the name in the profile.
pub(super) struct SourceReader<'s> {
    files: &'s dyn SourceFiles,
    search_path: &'s str,
    trim_path: &'s str,
    read: BTreeMap<Vec<u8>, Result<SourceText, Vec<u8>>>,
}

/// A file in lines.
pub(super) struct SourceText {
    content: Vec<u8>,
    lines: Vec<(usize, usize)>,
}

impl SourceText {
    fn new(content: Vec<u8>) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        while start < content.len() {
            let length = content[start..]
                .iter()
                .position(|&byte| byte == b'\n')
                .unwrap_or(content.len() - start);
            if length > LONGEST_LINE {
                break;
            }
            let end = start + length;
            let visible = if content[start..end].ends_with(b"\r") {
                end - 1
            } else {
                end
            };
            lines.push((start, visible));
            start = end + 1;
        }
        Self { content, lines }
    }

    /// A line, counted from 1.
    pub(super) fn line(&self, number: i64) -> Option<&[u8]> {
        let row = usize::try_from(number).ok()?.checked_sub(1)?;
        let &(start, end) = self.lines.get(row)?;
        self.content.get(start..end)
    }
}

impl<'s> SourceReader<'s> {
    pub(super) fn new(files: &'s dyn SourceFiles, search_path: &'s str, trim_path: &'s str) -> Self {
        Self {
            files,
            search_path,
            trim_path,
            read: BTreeMap::new(),
        }
    }

    /// The text of a file named in the profile, or why there is none.
    pub(super) fn open(&mut self, name: &[u8]) -> Result<&SourceText, &[u8]> {
        if !self.read.contains_key(name) {
            let text = self.find(name).map(SourceText::new);
            self.read.insert(name.to_vec(), text);
        }
        self.known(name).unwrap_or(Err(b""))
    }

    /// As [`SourceReader::open`], if the file was opened before.
    pub(super) fn known(&self, name: &[u8]) -> Option<Result<&SourceText, &[u8]>> {
        self.read
            .get(name)
            .map(|text| text.as_ref().map_err(Vec::as_slice))
    }

    /// A name that is no text names no file: reading a similar one would show the wrong source.
    fn read_file(&self, path: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        match std::str::from_utf8(path) {
            Ok(path) => self.files.read(path).map_err(String::into_bytes),
            Err(_) => Err([b"open ", path, b": no such file or directory"].concat()),
        }
    }

    /// An absolute name is taken as it is; any other is looked for in every directory of the search path and in all
    /// directories above it.
    fn find(&self, name: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let search = self.search_path.as_bytes();
        let path = trim_path(name, self.trim_path.as_bytes(), search);
        if path.starts_with(b"/") {
            return self.read_file(path);
        }
        for directory in split_list(search) {
            let mut directory = directory.to_vec();
            loop {
                if let Ok(content) = self.read_file(&join(&directory, path)) {
                    return Ok(content);
                }
                let parent = parent(&directory);
                if parent == directory {
                    break;
                }
                directory = parent;
            }
        }
        Err([b"could not find file ", path, b" on path ", search].concat())
    }
}

fn join(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = [directory, path]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        Vec::new()
    } else {
        clean_path(&parts.join(&b'/')).into_owned()
    }
}

fn parent(directory: &[u8]) -> Vec<u8> {
    let end = directory
        .iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |slash| slash + 1);
    clean_path(&directory[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files(&'static [(&'static str, &'static str)]);

    impl SourceFiles for Files {
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            let found = self.0.iter().find(|(name, _)| *name == path);
            found
                .map(|(_, content)| content.as_bytes().to_vec())
                .ok_or_else(|| format!("open {path}: no such file or directory"))
        }
    }

    #[test]
    fn relative_names_are_searched_upwards() {
        let files = Files(&[("/home/me/lib/a.go", "one\ntwo\r\n\nfour")]);
        let mut reader = SourceReader::new(&files, "/nowhere:/home/me/project/deep", "");
        let text = reader.open(b"lib/a.go").map_err(<[u8]>::to_vec).unwrap();
        assert_eq!(text.line(1), Some(&b"one"[..]));
        assert_eq!(text.line(2), Some(&b"two"[..]));
        assert_eq!(text.line(3), Some(&b""[..]));
        assert_eq!(text.line(4), Some(&b"four"[..]));
        assert!(text.line(5).is_none() && text.line(0).is_none() && text.line(-1).is_none());
        assert_eq!(
            reader.open(b"lib/b.go").err().unwrap(),
            b"could not find file lib/b.go on path /nowhere:/home/me/project/deep"
        );
    }

    #[test]
    fn absolute_names_must_exist_as_they_are() {
        let files = Files(&[("/src/a.go", "x")]);
        let mut reader = SourceReader::new(&files, "/home/me", "/build");
        assert!(reader.open(b"/src/a.go").is_ok());
        assert_eq!(
            reader.open(b"/src/b.go").err().unwrap(),
            b"open /src/b.go: no such file or directory"
        );
    }

    #[test]
    fn a_file_ends_before_a_line_that_is_too_long() {
        let fits = [vec![b'x'; LONGEST_LINE], b"\nend".to_vec()].concat();
        assert_eq!(SourceText::new(fits).lines.len(), 2);
        let long = [b"a\n".to_vec(), vec![b'x'; LONGEST_LINE + 1], b"\nend".to_vec()].concat();
        assert_eq!(SourceText::new(long).lines.len(), 1);
    }

    #[test]
    fn parents_end_at_the_root_or_the_dot() {
        for (path, up) in [
            ("/a/b", "/a"),
            ("/a", "/"),
            ("/", "/"),
            ("a/b", "a"),
            ("a", "."),
            (".", "."),
            ("", "."),
        ] {
            assert_eq!(parent(path.as_bytes()), up.as_bytes(), "{path}");
        }
        assert_eq!(join(b"", b"x"), b"x");
        assert_eq!(join(b"/a/", b"../x"), b"/x");
    }
}
