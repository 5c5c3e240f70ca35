//! Function names short enough for a box in a picture.

use regex::bytes::Regex;
use std::sync::LazyLock;

/// The expressions by which names are shortened. They are constants, so each of them compiles.
///
/// Source: pprof's own, which decide what a name is shortened to.
struct Rules {
    cpp_anonymous: Option<Regex>,
    go_version: Option<Regex>,
    /// Go, Java, C++; the first that matches leaves its group.
    languages: [Option<Regex>; 3],
}

const CPP_ANONYMOUS: &str = r"^\(anonymous namespace\)::";
const GO_VERSION: &str = r"^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$";
const GO: &str = r"^(?:[\w\-\.]+/)+([^.]+\..+)";
const JAVA: &str = r"^(?:[a-z]\w*\.)*([A-Z][\w\$]*\.(?:<init>|[a-z][\w\$]*(?:\$\d+)?))(?:(?:\()|$)";
const CPP: &str = r"^(?:[_a-zA-Z]\w*::)+(_*[A-Z]\w*::~?[_a-zA-Z]\w*(?:<.*>)?)";

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    // Words and digits are ASCII only, and names are bytes.
    let compile = |expression: &str| Regex::new(&format!("(?-u){expression}")).ok();
    Rules {
        cpp_anonymous: compile(CPP_ANONYMOUS),
        go_version: compile(GO_VERSION),
        languages: [GO, JAVA, CPP].map(compile),
    }
});

/// A name without Go's import path and major version, Java's package and arguments, C++'s namespaces.
#[must_use]
pub fn shorten_function_name(name: &[u8]) -> Vec<u8> {
    let rules = &*RULES;
    let mut name = name.to_vec();
    if let Some(found) = rules.cpp_anonymous.as_ref().and_then(|regex| regex.find(&name)) {
        name.drain(..found.end());
    }
    if let Some(groups) = rules.go_version.as_ref().and_then(|regex| regex.captures(&name)) {
        let group = |number| groups.get(number).map_or(&b""[..], |group| group.as_bytes());
        name = [group(1), group(2)].concat();
    }
    let shortened = rules.languages.iter().flatten().find_map(|regex| {
        let group = regex.captures(&name)?.get(1)?;
        Some(group.as_bytes().to_vec())
    });
    shortened.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        assert!(RULES.cpp_anonymous.is_some() && RULES.go_version.is_some());
        assert!(RULES.languages.iter().all(Option::is_some));
    }

    #[test]
    fn names_lose_what_only_says_where_they_are_from() {
        for (name, short) in [
            ("root", "root"),
            ("github.com/org/module/v2/pkg.(*T).Run", "pkg.(*T).Run"),
            ("example.com/module/v10.Func", "module.Func"),
            ("main.main", "main.main"),
            ("java.util.concurrent.ThreadPool.run", "ThreadPool.run"),
            ("com.x.Outer$Inner.<init>(int)", "Outer$Inner.<init>"),
            ("com.x.Foo.lambda$1(Bar)", "Foo.lambda$1"),
            ("std::Foo::bar", "Foo::bar"),
            ("(anonymous namespace)::Foo::bar", "Foo::bar"),
            ("ns1::ns2::Foo::~Foo", "Foo::~Foo"),
            ("ns::Foo::bar<a::b>", "Foo::bar<a::b>"),
            ("foo::bar", "foo::bar"),
            ("/v2/x", "/x"),
        ] {
            assert_eq!(shorten_function_name(name.as_bytes()), short.as_bytes(), "{name}");
        }
    }
}
