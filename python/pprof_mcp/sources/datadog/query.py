"""Texts of searches, made so that a value is only ever a value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pprof_mcp.errors import InvalidArgumentError

MOST_VALUE = 200
"""Characters of a tag's value. Source: Datadog cuts tags there."""
MOST_SERVICE = 100
"""Characters of a service's name. Source: the same."""
_PLAIN = re.compile(r"[\w./*?-]+")
_TAG = re.compile(r"[\w./:*-]+")
"""What a scope can hold without being more than a value."""
_WORDS = {"or", "and", "not"}


@dataclass(frozen=True)
class Which:
    """Which profiles are meant.

    Attributes:
        service: Name of the service.
        env: Environment; any when empty.
        host: Host, with `*` for any part; any when empty.
        version: Version; any when empty.
        terms: More of a search, in Datadog's own language.
    """

    service: str
    env: str = ""
    host: str = ""
    version: str = ""
    terms: str = ""

    def text(self) -> str:
        """Write it as a search: everything must hold.

        Raises:
            InvalidArgumentError: A value holds control characters, or `terms` would break out of its place.
        """
        given = {"service": self.service, "env": self.env, "version": self.version, "host": self.host}
        for name, value in given.items():
            _check(name, value)
        given |= {"service": normal(self.service, MOST_SERVICE), "env": normal(self.env)}
        found = [f"{name}:{_quoted(value.strip())}" for name, value in given.items() if value.strip()]
        if self.terms.strip():
            found.append(_enclosed(self.terms))
        return " ".join(found) or "*"


def tags_of(**given: str) -> dict[str, str]:
    """Give values of tags as Datadog stores them; those that are empty are left out.

    Raises:
        InvalidArgumentError: No tag can have such a value.
    """
    found: dict[str, str] = {}
    for name, value in given.items():
        _check(name, value)
        if not value.strip():
            continue
        found[name] = normal(value, MOST_SERVICE if name == "service" else MOST_VALUE)
        if not _TAG.fullmatch(found[name]):
            raise InvalidArgumentError(
                f"{name}: {value[:60]!r} can be no value of a tag", details={"argument": name}
            )
    return found


def scope(tags: Mapping[str, str]) -> str:
    """Write tags as the scope of a query of metrics."""
    return ",".join(f"{name}:{value}" for name, value in tags.items()) or "*"


def terms(tags: Mapping[str, str]) -> str:
    """Write that all of some tags are there."""
    return " AND ".join(f"{name}:{_quoted(value)}" for name, value in tags.items())


def any_of(name: str, values: Iterable[str]) -> str:
    """Write that a tag has one of some values."""
    return f"{name}:({' OR '.join(_quoted(value) for value in values)})"


def normal(name: str, most: int = MOST_VALUE) -> str:
    """Write a tag's value as Datadog stores it: lower case, `_` for what a tag can not hold.

    Source: Datadog's documents on tags. `*` stays, since it is no part of any value but of the question.
    """
    kept = "".join(sign if sign.isalnum() or sign in "_-:./*" else "_" for sign in name.strip().lower())
    return re.sub("_{2,}", "_", kept).strip("_")[:most] or name.strip()


def _check(name: str, value: str) -> None:
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in value):
        raise InvalidArgumentError(
            f"{name}: {value[:60]!r} holds control characters", details={"argument": name}
        )
    if len(value) > MOST_VALUE:
        raise InvalidArgumentError(
            f"{name} has {len(value)} characters; no tag has more than {MOST_VALUE}",
            details={"argument": name},
        )


def _quoted(value: str) -> str:
    """Write a value: as it is when it can be nothing else, else in quotes."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not value.startswith("-"):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _enclosed(terms: str) -> str:
    """Put search terms in parentheses that they can not close."""
    depth = 0
    is_quoted = is_escaped = False
    for sign in terms:
        if is_escaped:
            is_escaped = False
        elif sign == "\\":
            is_escaped = True
        elif sign == '"':
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += (sign == "(") - (sign == ")")
            if depth < 0:
                break
    if depth or is_quoted or is_escaped:
        raise InvalidArgumentError(
            f"query: {terms[:80]!r} has parentheses or quotes without their counterpart",
            hint='Write terms such as runtime:go -version:1.2 or kube_deployment:"a b".',
            details={"argument": "query"},
        )
    return f"({terms.strip()})"
