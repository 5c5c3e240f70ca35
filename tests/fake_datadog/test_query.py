"""The event-search syntax: what matches, what does not balance."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_datadog.query import Fields, QueryError, parse

FIELDS: Fields = {
    "service": ["checkout"],
    "env": ["prod"],
    "host": ["i-0a.usw2.example", "alias"],
    "version": ["1.4.2"],
    "profile-id": ["AZ_-x="],
    "note": ["two words", 'a "quoted" (one)', "star*"],
    "@metrics.core_cpu_cores": ["1.5"],
}


@pytest.mark.parametrize(
    "query",
    [
        "", "   ", "*", "service:checkout", "service:check*", "service:*", "service:c?eckout",
        "-service:ranker", "NOT service:ranker", "service:checkout env:prod",
        "service:checkout AND env:prod", "service:ranker OR env:prod",
        "(service:ranker OR env:prod) version:1.4.2", "-(service:ranker env:prod)",
        "env:staging OR service:checkout version:1.4.2", "host:*usw2* -version:1.2.3", "host:alias",
        "profile-id:(x OR AZ_-x=)", 'service:"checkout"', 'note:"two words"', r'note:"a \"quoted\" (one)"',
        r"note:two\ words", r"note:star\*", "checkout", '"two words"', "@metrics.core_cpu_cores:*",
        "-nothing:*", "--service:x OR env:prod", "-ranker", "((((env:prod))))", "service:(checkout)",
        "service:CHECKOUT OR *",
    ],
)  # fmt: skip
def test_what_is_so_matches(query: str) -> None:
    assert parse(query)(FIELDS)


@pytest.mark.parametrize(
    "query",
    [
        "service:ranker", "service:check", "-service:checkout", "-service:*", "nothing:*", "nothing:x",
        "service:checkout -env:prod", "service:checkout env:staging", "service:(a OR b)",
        'service:"check*"', r"service:check\*", "service:ranker OR env:staging", "ranker", "-checkout",
        "service:Checkout", "NOT (service:checkout OR env:staging)", r"note:sta\*", '"*"',
        "checkout ranker",
    ],
)  # fmt: skip
def test_what_is_not_so_does_not_match(query: str) -> None:
    assert not parse(query)(FIELDS)


@pytest.mark.parametrize(
    "query",
    [
        "(", ")", "()", "(env:prod", "env:prod)", '"', 'service:"x', "service:", ":x", "service: x",
        "service:(a", "service:()", "service:(a b)", "service:(OR)", "OR", "env:prod OR", "OR env:prod",
        "AND", "a AND", "-", "NOT", "a:b:c", '"a":b', "x\\", "service:(a OR (b))",
        "(" * 5000 + "a" + ")" * 5000, "-()", "a ()",
    ],
)  # fmt: skip
def test_what_does_not_balance_is_an_error(query: str) -> None:
    with pytest.raises(QueryError):
        parse(query)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='ab:()"-*?\\ @OR', max_size=14))
def test_any_text_is_read_or_refused(query: str) -> None:
    try:
        test = parse(query)
    except QueryError:
        return
    assert test(FIELDS) in (True, False)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_a_quoted_value_matches_itself_and_nothing_else(value: str, other: str) -> None:
    test = parse(f"name:{quoted(value)}")
    assert test({"name": [value]})
    assert test({"name": [other]}) == (value == other)


LETTERS = st.text("ab", min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(st.text("ab*?", min_size=1, max_size=4), LETTERS)
def test_wildcards_are_those_of_shells(pattern: str, value: str) -> None:
    assert parse(f"name:{pattern}")({"name": [value]}) == fnmatch.fnmatchcase(value, pattern)


TERMS = st.tuples(st.sampled_from("xyz"), st.sampled_from("012"))
Tree = tuple[str, "Tree | str", "Tree | str"]
TREES = st.recursive(
    TERMS.map(lambda term: ("is", *term)),
    lambda inner: st.one_of(
        st.tuples(st.just("and"), inner, inner),
        st.tuples(st.just("or"), inner, inner),
        st.tuples(st.just("not"), inner, st.just("")),
    ),
    max_leaves=12,
)


def written(tree: Tree) -> str:
    kind, left, right = tree
    if kind == "is":
        return f"{left}:{right}"
    assert isinstance(left, tuple)
    if kind == "not":
        return f"-({written(left)})"
    assert isinstance(right, tuple)
    return f"({written(left)}{' OR ' if kind == 'or' else ' '}{written(right)})"


def holds(tree: Tree, values: dict[str, str]) -> bool:
    kind, left, right = tree
    if kind == "is":
        return values.get(str(left)) == right
    assert isinstance(left, tuple)
    if kind == "not":
        return not holds(left, values)
    assert isinstance(right, tuple)
    sides = holds(left, values), holds(right, values)
    return any(sides) if kind == "or" else all(sides)


@settings(max_examples=300, deadline=None)
@given(TREES, st.dictionaries(st.sampled_from("xyz"), st.sampled_from("012")))
def test_any_combination_means_what_logic_says(tree: Tree, values: dict[str, str]) -> None:
    assert parse(written(tree))({name: [value] for name, value in values.items()}) == holds(tree, values)
