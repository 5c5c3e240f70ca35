"""Which labels of a profile are worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_VALUES = 2_000
"""Labels with more values than this name single events, not groups (chosen)."""

EVENT_KEYS = frozenset(
    {"span id", "local root span id", "end timestamp ns", "timestamp ns", "trace id", "async id", "goid"}
)
"""Labels that tell single events apart, in the spelling of `canonical`.

Source: specified by the tracers of Datadog and OpenTelemetry.
"""


@dataclass(frozen=True)
class LabelKey:
    """A label key of a profile.

    Attributes:
        key: The key.
        numeric: Whether its values are numbers.
        values: Different values.
        samples: Samples that have it.
    """

    key: str
    numeric: bool
    values: int
    samples: int


def canonical(key: str) -> str:
    """Spell a key as most runtimes do: tracers differ in `thread_id`, `thread.id`, `thread id`."""
    return key.lower().replace("_", " ").replace(".", " ")


def as_spelled(key: str, there: Iterable[str]) -> str:
    """Give a key as a profile spells it; as it is when the profile has none like it.

    Args:
        key: The key that was asked for.
        there: Keys of the profile.
    """
    known = sorted(set(there))
    if key in known:
        return key
    return next((one for one in known if canonical(one) == canonical(key)), key)


def worth_grouping_by(keys: Sequence[LabelKey]) -> list[str]:
    """Choose the keys that split the samples into groups a person could name.

    Args:
        keys: All keys of the profile.

    Returns:
        Text keys with at least two and at most `MOST_VALUES` values, those on most samples first.

    Source:
        Chosen: numbers are sizes and ids; one value splits nothing; very many values are events.
    """
    fitting = [
        item
        for item in keys
        if not item.numeric and 2 <= item.values <= MOST_VALUES and canonical(item.key) not in EVENT_KEYS
    ]
    return [item.key for item in sorted(fitting, key=lambda item: (-item.samples, item.key))]
