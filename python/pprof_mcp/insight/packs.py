"""Rule packs: tables of rules about names, kept as data beside the code."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, cast

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports] - installed where it is needed


@cache
def pack(name: str) -> dict[str, Any]:
    """Read the pack of a name.

    Args:
        name: Its file in `pprof_mcp/data/rules`, without `.toml`.
    """
    text = (files("pprof_mcp") / "data" / "rules" / f"{name}.toml").read_text(encoding="utf-8")
    return read_toml(text)


def read_toml(text: str) -> dict[str, Any]:
    """Read any TOML.

    Raises:
        ValueError: It is none.
    """
    return cast("dict[str, Any]", tomllib.loads(text))  # pyright: ignore[reportUnknownMemberType]


def any_of(patterns: Sequence[str]) -> re.Pattern[str] | None:
    """Compile patterns, of which one has to match; None when there are none."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None
