"""An imitation of the parts of Datadog's API that this project calls, for tests.

It speaks HTTP/1.1 on loopback, and `python -m tests.fake_datadog` serves it to anybody.

The marks in docstrings say how surely the real service behaves so: [A] its owner's code or documents, [B]
several clients agree, [C] one client, [D] inferred, [?] unknown. Whatever is not sure is a switch in
`variants.Variants`.
"""

from tests.fake_datadog.app import FakeDatadog
from tests.fake_datadog.clock import Clock
from tests.fake_datadog.faults import Fault
from tests.fake_datadog.store import Event, Metric, Profile
from tests.fake_datadog.variants import CHOICES, Variants

__all__ = ["CHOICES", "Clock", "Event", "FakeDatadog", "Fault", "Metric", "Profile", "Variants"]
