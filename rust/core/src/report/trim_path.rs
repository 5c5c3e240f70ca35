//! Cutting the part of a file name that only the machine of the build knows.

/// The entries of a list of directories; an empty list has none.
pub(super) fn split_list(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let given = !list.is_empty();
    list.split(|&byte| byte == b':').filter(move |_| given)
}

/// `path` without the part that is not to be shown or searched.
///
/// Without `trim` that is everything up to a directory named as the last part of one of `search`: of
/// `/build/42/service/main.go` and the search path `/home/me/service`, `main.go` is left. With `trim`, the first of its
/// prefixes that fits. `/proc/self/cwd/` is always cut.
pub(super) fn trim_path<'p>(path: &'p [u8], trim: &[u8], search: &[u8]) -> &'p [u8] {
    if trim.is_empty() {
        for directory in split_list(search) {
            let wanted = [b"/", crate::aggregate::base_name(directory), b"/"].concat();
            if let Some(at) = super::out::find(path, &wanted) {
                return &path[at + wanted.len()..];
            }
        }
    }
    let always: [&[u8]; 2] = [b"/proc/self/cwd/./", b"/proc/self/cwd/"];
    split_list(trim)
        .chain(always)
        .find_map(|prefix| {
            let rest = path.strip_prefix(prefix)?;
            if prefix.ends_with(b"/") {
                Some(rest)
            } else {
                rest.strip_prefix(b"/")
            }
        })
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_at_the_search_path_or_at_a_prefix() {
        for (path, trim, search, cut) in [
            ("/build/42/service/main.go", "", "/x:/home/me/service", "main.go"),
            (
                "/build/42/service/main.go",
                "/build",
                "/home/me/service",
                "42/service/main.go",
            ),
            (
                "/build/42/service/main.go",
                "/b:/build/42/",
                "",
                "service/main.go",
            ),
            ("/proc/self/cwd/./a.cc", "", "", "a.cc"),
            ("/proc/self/cwd/a.cc", "/x", "", "a.cc"),
            ("service/main.go", "", "service", "service/main.go"),
            ("/a/b", "", "", "/a/b"),
        ] {
            let got = trim_path(path.as_bytes(), trim.as_bytes(), search.as_bytes());
            assert_eq!(got, cut.as_bytes(), "{path} {trim} {search}");
        }
    }
}
