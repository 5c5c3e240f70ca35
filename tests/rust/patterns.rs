//! Expressions mean what they mean to Go, and what Go refuses is refused in its words.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets a surprise should stop"
)]

use pprof_core::ErrorKind;
use pprof_core::pattern::Pattern;
use proptest::prelude::*;

fn pattern(source: &str) -> Pattern {
    Pattern::new("focus", source).unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// What is said of an expression that is refused.
fn refusal(source: &str) -> String {
    match Pattern::new("focus", source) {
        Ok(_) => panic!("{source} is accepted"),
        Err(error) => match *error.kind {
            ErrorKind::InvalidPattern {
                option,
                pattern,
                detail,
            } => {
                assert_eq!((option.as_str(), pattern.as_str()), ("focus", source));
                detail
            }
            other => panic!("{source}: {other:?}"),
        },
    }
}

/// Asserts that an expression matches all of `yes` and none of `no`.
fn assert_matches(source: &str, yes: &[&str], no: &[&str]) {
    let pattern = pattern(source);
    for text in yes {
        assert!(
            pattern.is_match(text.as_bytes()),
            "{source} does not match {text:?}"
        );
    }
    for text in no {
        assert!(!pattern.is_match(text.as_bytes()), "{source} matches {text:?}");
    }
}

#[test]
fn names_of_functions_are_found_as_people_write_them() {
    assert_matches("runtime", &["runtime.main", "net/http/runtime"], &["main.run"]);
    assert_matches(
        r"runtime\.(mallocgc|gcBgMarkWorker)$",
        &["runtime.mallocgc"],
        &["runtime.mallocgc.func1"],
    );
    assert_matches(r"\(\*T\)\.run", &["main.(*T).run"], &["main.T.run"]);
    assert_matches("^main$|^main[.]", &["main", "main.run"], &["domain"]);
    assert_matches("std::vec<int>", &["std::vec<int>::push"], &["std::vec"]);
}

#[test]
fn perl_classes_and_boundaries_are_ascii() {
    assert_matches(r"^\d$", &["7"], &["٧", "a"]);
    assert_matches(r"^\w$", &["_", "z"], &["é", "日"]);
    assert_matches(r"^\s$", &[" ", "\t", "\x0c"], &["\x0b", "\u{a0}"]);
    assert_matches(r"^\W$", &["é", "-"], &["a"]);
    assert_matches(r"a\b", &["aé", "a.b"], &["ab"]);
    assert_matches(r"^(?i)\w$", &["ſ", "\u{212a}"], &["é"]);
}

#[test]
fn no_place_inside_a_character_counts_as_no_boundary() {
    // Between the two bytes of é neither side is a word; Go never looks there.
    assert_matches(r"\B", &["", "é", "xx", "--", "xé"], &["x", "xéx"]);
}

#[test]
fn brackets_and_set_signs_inside_a_class_are_text() {
    assert_matches("^[a&&b]+$", &["a&b", "&&"], &["~"]);
    assert_matches("^[+--]$", &["+", ",", "-"], &["."]);
    assert_matches("^[a~~b]$", &["~", "a"], &["-"]);
    assert_matches("^[[a]$", &["[", "a"], &["]"]);
    assert_matches("^[]a]$", &["]", "a"], &["["]);
    assert_matches("^[^]a]$", &["b", "é", "\n"], &["]", "a"]);
    assert_matches("^[[:alpha:]-]$", &["x", "-"], &["1", "["]);
    assert_matches("^[[:^alpha:]]$", &["1", "é"], &["x"]);
    assert_matches(r"^[^\D3]$", &["2"], &["3", "x"]);
    assert_matches(r"^[\]\\]$", &["]", "\\"], &["["]);
}

#[test]
fn braces_that_repeat_nothing_are_text() {
    assert_matches("^a{$", &["a{"], &["a"]);
    assert_matches("^a{,2}$", &["a{,2}"], &["aa"]);
    assert_matches("^a{02}$", &["a{02}"], &["aa"]);
    assert_matches("^{1x}$", &["{1x}"], &["x"]);
    assert_matches("^a{2,}$", &["aa", "aaaa"], &["a"]);
    assert_matches("^(?:ab){2}$", &["abab"], &["abb"]);
    assert_matches("^ab{2}$", &["abb"], &["abab"]);
}

#[test]
fn escaped_signs_are_text_and_escapes_are_read_as_go_reads_them() {
    assert_matches(r"^\<a\>\_\%\-$", &["<a>_%-"], &["a"]);
    assert_matches(r"^\012\x41\x{1F600}\0$", &["\nA😀\0"], &["A"]);
    assert_matches(r"^\a\f\v\t\r\n$", &["\x07\x0c\x0b\t\r\n"], &[""]);
    assert_matches(r"^\Qa.*(\E+$", &["a.*(", "a.*(("], &["ab("]);
    assert_matches(r"\Qa\", &[r"a\"], &["a"]);
    assert_matches(r"a\z", &["ba"], &["a\n"]);
}

#[test]
fn flags_hold_to_the_end_of_their_group() {
    assert_matches("a(?i)b(?-i)c", &["abc", "aBc"], &["ABc", "abC"]);
    assert_matches("(?:(?i)a)b", &["Ab"], &["AB"]);
    assert_matches("(?i:k)", &["K", "\u{212a}"], &["x"]);
    assert_matches("(?i)[^k]", &["x"], &["k", "K", "\u{212a}"]);
    assert_matches("a.b", &["a-b"], &["a\nb"]);
    assert_matches("(?s)a.b", &["a\nb"], &[]);
    assert_matches("^b$", &["b"], &["a\nb\nc"]);
    assert_matches("(?m)^b$", &["a\nb\nc"], &["ab"]);
    assert_matches("(?U)^a+?$", &["aa"], &["b"]);
    assert_matches("a*(?i)*b", &["b", "aab", "B"], &["a"]);
}

#[test]
fn names_of_groups_and_of_unicode_classes_are_known() {
    assert_matches("(?P<first>a)(?<second>b)", &["ab"], &["a"]);
    assert_matches(r"^\p{Greek}\pL\PN$", &["σaa"], &["aaa", "σ1a"]);
    assert_matches(r"^\p{^Lu}\P{^Lu}$", &["aA"], &["AA"]);
    assert_matches(r"^\p{uppercase_letter}\p{Old Italic}$", &["A𐌀"], &["AA"]);
}

#[test]
fn bytes_that_are_not_utf8_read_as_replacement_characters() {
    let text = b"a\xff\xc3b";
    assert!(pattern("^a..b$").is_match(text));
    assert!(pattern("\u{fffd}{2}").is_match(text));
    assert!(!pattern("^a.b$").is_match(text));
    assert!(pattern("[^a-z]").is_match(text));
    assert!(!pattern(r"^[\x{D800}-\x{DFFF}]$").is_match(b"\xed\xa0\x80"));
}

#[test]
fn what_go_refuses_is_refused_in_its_words() {
    for (source, wanted) in [
        ("a**", "invalid nested repetition operator: `**`"),
        ("a*?+", "invalid nested repetition operator: `*?+`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a|+?", "missing argument to repetition operator: `+?`"),
        ("(?i)?", "missing argument to repetition operator: `?`"),
        ("[a", "missing closing ]: `[a`"),
        ("x[]", "missing closing ]: `[]`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("[a--b]", "invalid character class range: `a--`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\p{Foo}b", r"invalid character class range: `\p{Foo}`"),
        (r"\pXb", r"invalid character class range: `\pX`"),
        (r"\p{Greek", r"invalid character class range: `\p{Greek`"),
        (r"a\", "trailing backslash at end of expression: ``"),
        (r"\8", r"invalid escape sequence: `\8`"),
        (r"(a)\1", r"invalid escape sequence: `\1`"),
        (r"\Z", r"invalid escape sequence: `\Z`"),
        (r"\C", r"invalid escape sequence: `\C`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        (r"\xg1", r"invalid escape sequence: `\xg1`"),
        (r"[a-\d]", r"invalid escape sequence: `\d`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?!a)", "invalid or unsupported Perl syntax: `(?!`"),
        ("(?<=a)", "invalid named capture: `(?<=a)`"),
        ("(?<!a>b)", "invalid named capture: `(?<!a>`"),
        ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?u)a", "invalid or unsupported Perl syntax: `(?u`"),
        ("(?R)a", "invalid or unsupported Perl syntax: `(?R`"),
        ("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`"),
        ("(?>a)", "invalid or unsupported Perl syntax: `(?>`"),
        ("(?P<n-m>a)", "invalid named capture: `(?P<n-m>`"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("((a{10}){10}){11}", "invalid repeat count: `{11}`"),
        (
            "a{99999999999999999999}",
            "invalid repeat count: `{99999999999999999999}`",
        ),
    ] {
        assert_eq!(refusal(source), format!("error parsing regexp: {wanted}"));
    }
}

#[test]
fn depth_and_size_are_bounded_as_in_go() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(pattern(&nested(999)).is_match(b"a"));
    assert_eq!(
        refusal(&nested(1000)),
        format!(
            "error parsing regexp: expression nests too deeply: `{}`",
            nested(1000)
        )
    );
    // Groups that only group are not levels, whatever their number.
    let grouped = format!("{}a{}", "(?:".repeat(2_000), ")".repeat(2_000));
    assert!(pattern(&grouped).is_match(b"a"));
    let starred = format!("{}a{}", "(?:".repeat(900), "b?)".repeat(900));
    assert!(pattern(&starred).is_match(b"a"));
    let large = format!("({}){{1000}}", "(a|bc)".repeat(700));
    assert_eq!(
        refusal(&large),
        format!("error parsing regexp: expression too large: `{large}`")
    );
    assert!(pattern(r"^\p{Greek}{1000}$").is_match("σ".repeat(1000).as_bytes()));
    assert!(pattern(&"a".repeat(10_000)).is_match(&[b'a'; 10_000]));
}

/// Pieces of which expressions are made, good and bad.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "K",
        "é",
        "(",
        ")",
        "(?:",
        "(?i)",
        "(?s:",
        "(?P<n>",
        "(?=",
        "(?x)",
        "|",
        "^",
        "$",
        ".",
        "*",
        "+?",
        "?",
        "{2}",
        "{,3}",
        "{1001}",
        "[a-z]",
        "[^",
        "]",
        "[[:alpha:]]",
        "[[:",
        "&&",
        "--",
        "\\",
        r"\d",
        r"\W",
        r"\b",
        r"\B",
        r"\Q",
        r"\E",
        r"\x{D800}",
        r"\012",
        r"\pL",
        r"\p{",
        r"\<",
        "-",
        "#",
        " ",
        "\n",
    ];
    prop_oneof![4 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is refused is refused by the rules of the syntax: the engine never finds fault with a translation.
    #[test]
    fn any_expression_is_compiled_or_refused_in_gos_words(pieces in proptest::collection::vec(piece(), 0..12)) {
        let source = pieces.concat();
        if let Err(error) = Pattern::new("focus", &source) {
            let ErrorKind::InvalidPattern { detail, .. } = *error.kind else {
                return Err(TestCaseError::fail(error.to_string()));
            };
            prop_assert!(detail.starts_with("error parsing regexp: ") && detail.ends_with('`'), "{}", detail);
        }
    }

    #[test]
    fn quoted_text_matches_itself(text in any::<String>(), around in any::<(String, String)>()) {
        prop_assume!(!text.contains(r"\E"));
        let pattern = Pattern::new("focus", &format!(r"\Q{text}\E"))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let longer = [around.0, text, around.1].concat();
        prop_assert!(pattern.is_match(longer.as_bytes()));
    }

    #[test]
    fn a_byte_that_is_no_text_is_matched_as_a_replacement_character(
        pieces in proptest::collection::vec(piece(), 0..5),
        text in proptest::collection::vec(prop_oneof![Just(b'a'), Just(0xc3), any::<u8>()], 0..12),
    ) {
        if let Ok(pattern) = Pattern::new("focus", &pieces.concat()) {
            prop_assert_eq!(pattern.is_match(&text), pattern.is_match(replaced(&text).as_bytes()));
        }
    }
}

/// The text with one U+FFFD for each byte that no character takes up, found by trying every length.
fn replaced(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    while !bytes.is_empty() {
        let character =
            (1..=bytes.len().min(4)).find_map(|length| std::str::from_utf8(&bytes[..length]).ok());
        text.push_str(character.unwrap_or("\u{fffd}"));
        bytes = &bytes[character.map_or(1, str::len)..];
    }
    text
}
