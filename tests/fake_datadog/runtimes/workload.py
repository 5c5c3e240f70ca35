"""What a made-up service does: stacks and how much each weighs.

All numbers follow from the identity of a profile alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.fake_datadog.clock import DAY
from tests.fake_datadog.pprofs import Frame
from tests.fake_datadog.store import Profile

TICK = 10_000_000
"""Nanoseconds between two CPU samples of a busy thread."""


@dataclass(frozen=True)
class Work:
    """One stack and its weight.

    Attributes:
        stack: `function:line` from the root on, with `;` between.
        cpu: CPU samples a second at usual traffic, 100 being one core.
        endpoint: The endpoint served, if any.
        allocated: Objects allocated a second.
        size: Bytes of one object.
        live: Objects held.
        waits: How often it waits a second.
        wait: Nanoseconds of one wait.
        factors: By version, how much more it does.
    """

    stack: str
    cpu: float = 0
    endpoint: str = ""
    allocated: float = 0
    size: int = 0
    live: int = 0
    waits: float = 0
    wait: int = 0
    factors: tuple[tuple[str, float], ...] = ()

    def factor(self, version: str) -> float:
        return dict(self.factors).get(version, 1)


def frames(stack: str, file: str) -> list[Frame]:
    """Read a stack.

    Args:
        stack: As in `Work.stack`.
        file: Pattern of the file: `{package}` is what stands before the last part of the name.
    """
    found: list[Frame] = []
    for text in stack.split(";"):
        name, _, line = text.rpartition(":")
        package = name[: name.find(".", name.rfind("/") + 1)] if "." in name else name
        found.append((name, file.format(package=package), int(line)))
    return found


def seconds(profile: Profile) -> float:
    return profile.end - profile.start


def chance(profile: Profile, purpose: str) -> random.Random:
    """A source of numbers that are the same for the same profile and purpose."""
    return random.Random(f"{profile.event_id}/{purpose}")  # noqa: S311 - numbers, not secrets


def traffic(profile: Profile) -> float:
    """How busy a process is: a wave over the day and a little noise; staging has a twelfth."""
    wave = 1 + 0.25 * math.sin(2 * math.pi * profile.start / DAY)
    noise = 0.96 + 0.08 * chance(profile, "traffic").random()
    return wave * noise * (1 if profile.env == "prod" else 1 / 12)


def ticks(profile: Profile, works: Sequence[Work]) -> int:
    """CPU samples of a process in all."""
    weight = sum(work.cpu * work.factor(profile.version) for work in works)
    return round(weight * traffic(profile) * seconds(profile))


def cores(profile: Profile, works: Sequence[Work]) -> float:
    """Cores used, exactly what the samples of the CPU profile add up to."""
    return round(ticks(profile, works) * TICK / (seconds(profile) * 1e9), 6)


def shared(profile: Profile, works: Sequence[Work]) -> list[int]:
    """CPU samples of each stack; their sum is `ticks`."""
    noise = chance(profile, "cpu")
    weights = [work.cpu * work.factor(profile.version) * (0.95 + 0.1 * noise.random()) for work in works]
    total, whole = ticks(profile, works), sum(weights)
    shares = [total * weight / whole for weight in weights]
    counts = [int(share) for share in shares]
    by_rest = sorted(range(len(works)), key=lambda place: counts[place] - shares[place])
    for place in by_rest[: total - sum(counts)]:
        counts[place] += 1
    return counts


def amount(profile: Profile, purpose: str, a_second: float) -> int:
    """A count over the profile's period with a little noise."""
    noise = 0.95 + 0.1 * chance(profile, purpose).random()
    return round(a_second * traffic(profile) * seconds(profile) * noise)


def spans(profile: Profile, purpose: str) -> tuple[int, int]:
    """A span id and the id of its local root."""
    source = chance(profile, purpose)
    return int(source.random() * 2**53) + 1, int(source.random() * 2**53) + 1
