"""The event-search syntax in which profiles and events are asked for [B].

Side by side is AND, `OR` and parentheses, `-` or `NOT` before what must not be, `*` and `?` inside values,
quotes, `@name` for attributes and measures, `name:` for tags, `name:(a OR b)`. Whatever does not balance is
an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Fields = Mapping[str, Sequence[str]]
"""Values by the name that a query gives them; an attribute's name begins with `@`."""
Test = Callable[[Fields], bool]

_SPECIAL = set(' \t\n\r():"')
DEEPEST = 100
"""Chosen: parentheses within one another, far above what anyone writes, far below Python's own limit."""


class QueryError(ValueError):
    """A query that cannot be read; the server answers 400."""


@dataclass(frozen=True)
class _Token:
    kind: str
    """`(`, `)`, `:` or `word`."""
    text: str = ""
    is_quoted: bool = False
    is_joined: bool = False
    """Whether nothing stood before it: `a:b` is one term, `a: b` is none."""


def parse(query: str) -> Test:
    """Read a query.

    Args:
        query: Its text; an empty one matches everything.

    Returns:
        Whether fields match.

    Raises:
        QueryError: It does not balance, or something is missing.
    """
    reader = _Reader(_tokens(query))
    if reader.is_at_end:
        return lambda _: True
    test = reader.any_of(0)
    if not reader.is_at_end:
        raise QueryError(f"unexpected {reader.here()!r}")
    return test


def _tokens(query: str) -> list[_Token]:
    found: list[_Token] = []
    at, is_joined = 0, False
    while at < len(query):
        sign = query[at]
        if sign.isspace():
            at, is_joined = at + 1, False
            continue
        if sign in "():":
            found.append(_Token(sign, sign, is_joined=is_joined))
            at += 1
        elif sign == '"':
            text, at = _quoted(query, at + 1)
            found.append(_Token("word", text, is_quoted=True, is_joined=is_joined))
        else:
            text, at = _word(query, at)
            found.append(_Token("word", text, is_joined=is_joined))
        is_joined = True
    return found


def _quoted(query: str, at: int) -> tuple[str, int]:
    text = ""
    while at < len(query):
        if query[at] == '"':
            return text, at + 1
        if query[at] == "\\":
            at += 1
        text += query[at : at + 1]
        at += 1
    raise QueryError("unbalanced quotes")


def _word(query: str, at: int) -> tuple[str, int]:
    # Escaped signs stay escaped: `\*` is a star and no wildcard.
    start = at
    while at < len(query) and query[at] not in _SPECIAL:
        at += 2 if query[at] == "\\" else 1
    if at > len(query):
        raise QueryError("a backslash at the end")
    return query[start:at], at


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def is_at_end(self) -> bool:
        return self.at == len(self.tokens)

    def here(self) -> str:
        return "end of query" if self.is_at_end else self.tokens[self.at].text

    def meets(self, kind: str, text: str | None = None, ahead: int = 0) -> bool:
        if self.at + ahead >= len(self.tokens):
            return False
        token = self.tokens[self.at + ahead]
        return token.kind == kind and (text is None or (token.text == text and not token.is_quoted))

    def take(self) -> _Token:
        if self.is_at_end:
            raise QueryError("unexpected end of query")
        self.at += 1
        return self.tokens[self.at - 1]

    def any_of(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise QueryError("too many parentheses")
        tests = [self.all_of(depth)]
        while self.meets("word", "OR"):
            self.take()
            tests.append(self.all_of(depth))
        return tests[0] if len(tests) == 1 else lambda fields: any(test(fields) for test in tests)

    def all_of(self, depth: int) -> Test:
        tests = [self.one(depth)]
        while not (self.is_at_end or self.meets(")") or self.meets("word", "OR")):
            if self.meets("word", "AND"):
                self.take()
            tests.append(self.one(depth))
        return tests[0] if len(tests) == 1 else lambda fields: all(test(fields) for test in tests)

    def one(self, depth: int) -> Test:
        is_negated = False
        while self.meets("word", "-") or self.meets("word", "NOT"):
            self.take()
            is_negated = not is_negated
        if self.meets("("):
            self.take()
            test = self.any_of(depth + 1)
            self.close()
        else:
            negated, test = self.term()
            is_negated ^= negated
        return (lambda fields: not test(fields)) if is_negated else test

    def close(self) -> None:
        if not self.meets(")"):
            raise QueryError("unbalanced parentheses")
        self.take()

    def term(self) -> tuple[bool, Test]:
        token = self.take()
        if token.kind != "word" or (not token.is_quoted and token.text in ("OR", "AND")):
            raise QueryError(f"unexpected {token.text!r}")
        if not self.meets(":"):
            negated = not token.is_quoted and token.text.startswith("-")
            return negated, _free(token, negated)
        colon = self.take()
        negated = token.text.startswith("-")
        name = token.text[negated:]
        if not name or token.is_quoted or not colon.is_joined:
            raise QueryError("a colon without a name before it")
        if self.meets("(") and self.tokens[self.at].is_joined:
            self.take()
            patterns = [self.value(name)]
            while not self.meets(")"):
                if not self.meets("word", "OR"):
                    raise QueryError(f"expected OR or ) in the values of {name!r}")
                self.take()
                patterns.append(self.value(name))
            self.close()
        else:
            if self.is_at_end or not self.tokens[self.at].is_joined:
                raise QueryError(f"no value after {name!r}:")
            patterns = [self.value(name)]
        return negated, _has(name, patterns)

    def value(self, name: str) -> re.Pattern[str]:
        token = self.take()
        if token.kind != "word" or (token.text in ("OR", "AND") and not token.is_quoted):
            raise QueryError(f"no value after {name!r}:")
        if self.meets(":") and self.tokens[self.at].is_joined:
            raise QueryError(f"a colon in the value of {name!r}: quote it")
        return _pattern(token)


def _has(name: str, patterns: Sequence[re.Pattern[str]]) -> Test:
    return lambda fields: any(
        pattern.fullmatch(value) for value in fields.get(name, ()) for pattern in patterns
    )


def _free(token: _Token, is_negated: bool) -> Test:
    """A word without a name: `*` is everything, another is looked for in every tag value."""
    text = token.text[is_negated:]
    if not text and not token.is_quoted:
        raise QueryError("nothing after -")
    pattern = _pattern(_Token("word", text, token.is_quoted))
    if pattern.fullmatch(""):
        return lambda _: True
    return lambda fields: any(pattern.fullmatch(value) for values in fields.values() for value in values)


def _pattern(token: _Token) -> re.Pattern[str]:
    if token.is_quoted:
        return re.compile(re.escape(token.text))
    out = ""
    signs = iter(token.text)
    for sign in signs:
        if sign == "\\":
            out += re.escape(next(signs))
        else:
            out += {"*": ".*", "?": "."}.get(sign) or re.escape(sign)
    return re.compile(out, re.DOTALL)
