"""How the names of tools are spelled towards clients."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pprof_mcp.settings import NameMode


class Spelling:
    """Writes dotted names as they are advertised.

    Args:
        names: Dotted names of all tools.
        mode: How they are advertised.
    """

    def __init__(self, names: Iterable[str], mode: NameMode) -> None:
        self.mode: NameMode = mode
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        # What stands in quotes or in a path was given by someone and is no name of a tool.
        alternatives = "|".join(re.escape(name) for name in longest_first) or r"(?!)"
        self._names = re.compile(rf"""(?<![\w./\\'"-])(?:{alternatives})(?![\w/'"-])""")

    def name(self, dotted: str) -> str:
        """Spell one name."""
        return dotted if self.mode == "dotted" else dotted.replace(".", "_")

    def text(self, text: str) -> str:
        """Spell the names of tools inside a text."""
        return self._names.sub(lambda found: self.name(found.group()), text)
