"""The options of a merge, declared once: the tool, its command and the quick command read them here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Option:
    """One option.

    Args:
        name: Its name in Python and in JSON.
        description: What it does.
        flags: Spellings in a shell besides `--` and the name with hyphens.
        choices: The values it can have, the default first; none for a switch or a file.
        takes: What stands behind it in a shell; empty for a switch.
    """

    __slots__ = ("choices", "description", "flags", "name", "takes")

    def __init__(
        self,
        name: str,
        description: str,
        *,
        flags: Sequence[str] = (),
        choices: Sequence[str] = (),
        takes: str = "",
    ) -> None:
        self.name = name
        self.description = description
        self.flags = tuple(flags)
        self.choices = tuple(choices)
        self.takes = takes


OUTPUT_PATH = Option(
    "output_path", "File to write, gzip-compressed; empty: none.", flags=("-o", "--output"), takes="FILE"
)
OVERWRITE = Option("overwrite", "Replace the file if it exists.")
KEEP_GOING = Option(
    "keep_going", "Merge the rest when an input is missing or broken; what failed is listed and counted."
)
INTERSECT_TYPES = Option(
    "intersect_types",
    "Merge the sample types that all inputs share; without it, different ones are an error.",
)
OVER_TIME = Option(
    "over_time",
    "The profiles are of one process, one after the other: snapshots are not added up, see `snapshots`.",
)
SNAPSHOTS = Option(
    "snapshots",
    "What becomes of values that are snapshots (memory in use, goroutines): their `sum` over all profiles, "
    "their `mean`, or those of the `last` profile. `auto` is mean with over_time, else sum. All others are "
    "added.",
    choices=("auto", "sum", "mean", "last"),
    takes="HOW",
)

OPTIONS = (OUTPUT_PATH, OVERWRITE, KEEP_GOING, INTERSECT_TYPES, OVER_TIME, SNAPSHOTS)
"""All of them, in the order of help texts."""


def combination(snapshots: str, *, over_time: bool) -> str:
    """Give what becomes of snapshots: `sum`, `mean` or `last`.

    Source of the default: a delta counts what happened and adds up, a snapshot counts what is there; over
    hosts at one time both add up, over the time of one process snapshots do not (specified).
    """
    if snapshots == "auto":
        return "mean" if over_time else "sum"
    return snapshots
