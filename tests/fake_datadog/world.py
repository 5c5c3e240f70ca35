"""Everything the server knows, in one place that routes can see."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fake_datadog.auth import Keys
from tests.fake_datadog.clock import Clock
from tests.fake_datadog.store import Profile, Store
from tests.fake_datadog.variants import Variants


@dataclass
class World:
    """The parts of the server that answers are made from."""

    clock: Clock
    keys: Keys
    store: Store
    variants: Variants

    def timestamp(self, profile: Profile) -> float:
        """Time by which a profile is listed: its end or its start; which, is not known [?]."""
        return profile.end if self.variants.timestamp == "end" else profile.start
