"""Rule packs: tables of rules about names, kept as data beside the code."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@cache
def pack(name: str) -> dict[str, Any]:
    """Read the pack of a name.

    Args:
        name: Its file in `pprof_mcp/data/rules`, without `.toml`.
    """
    text = files("pprof_mcp").joinpath("data", "rules", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def any_of(patterns: Sequence[str]) -> re.Pattern[str] | None:
    """Compile patterns, of which one has to match; None when there are none."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None
