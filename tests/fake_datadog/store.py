"""What the imitation server holds: profiles, metrics, events, catalogue."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from tests.fake_datadog.clock import Clock

Files = Mapping[str, bytes]
"""Name to bytes, not yet compressed as the tracer would."""


@dataclass(frozen=True)
class Profile:
    """One upload of one process.

    Attributes:
        service: Name of the service.
        env: Environment.
        version: Version of the service.
        host: Host.
        runtime: Datadog's family: `go`, `python`, `node`, `java`, `ruby`, `php`, `dotnet`, `native`.
        start: Epoch seconds.
        end: Epoch seconds.
        seq: Which upload of its process it is, from 0.
        process: Names the process; its runtime id follows from it.
        pod: Name of the pod, if any.
        more_tags: Tags besides those that follow from the above.
        cores: Measure `core_cpu_cores`; `None` for what has none.
        make: Makes its files when they are asked for; what its runtime's profiler writes, by default.
        encoding: How the tracer compressed them.
        available_at: Epoch seconds from which it is seen; `None`: its end and the clock's delay.
        expires_at: Epoch seconds from which its file is gone; `None`: as the clock's retention says.
        is_opened: Whether someone looked at it in the UI, so that it is kept for a year.
    """

    service: str
    env: str
    version: str
    host: str
    runtime: str
    start: float
    end: float
    seq: int = 1
    process: str = "1"
    pod: str = ""
    more_tags: tuple[str, ...] = ()
    cores: float | None = None
    make: Callable[[Profile], Files] | None = field(default=None, repr=False)
    encoding: str = "zstd"
    available_at: float | None = None
    expires_at: float | None = None
    is_opened: bool = False

    @cached_property
    def _digest(self) -> bytes:
        identity = (self.service, self.env, self.version, self.host, self.runtime, self.process, self.start)
        return hashlib.sha256(repr(identity).encode()).digest()

    @cached_property
    def event_id(self) -> str:
        """Long, URL-safe Base64; some have `-`, `_` or `=`, so that clients must encode them."""
        padding = "=" * (self._digest[0] % 3)
        return "AwAAAZ" + base64.urlsafe_b64encode(self._digest + b"fake").decode().rstrip("=")[:44] + padding

    @cached_property
    def profile_id(self) -> str:
        """Short, 22 to 24 signs."""
        padding = "=" * (self._digest[1] % 3)
        return "AZ" + base64.urlsafe_b64encode(self._digest[::-1]).decode()[:20] + padding

    @cached_property
    def runtime_id(self) -> str:
        identity = (self.service, self.env, self.version, self.host, self.process)
        text = hashlib.sha256(repr(identity).encode()).hexdigest()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """All tags, as `name:value`."""
        found = [
            *(f"service:{self.service}", f"env:{self.env}", f"version:{self.version}", f"host:{self.host}"),
            *(f"runtime:{self.runtime}", f"language:{self.runtime}", f"runtime-id:{self.runtime_id}"),
            *(f"profile_seq:{self.seq}", "runtime_os:linux", "process_id:1"),
        ]
        if self.pod:
            found += [f"pod_name:{self.pod}", f"kube_deployment:{self.service}"]
        return (*found, *self.more_tags)

    @cached_property
    def fields(self) -> dict[str, list[str]]:
        """What a query may ask for."""
        found: dict[str, list[str]] = {"profile-id": [self.profile_id], "id": [self.event_id]}
        for tag in self.tags:
            name, _, value = tag.partition(":")
            found.setdefault(name, []).append(value)
            found.setdefault(f"@{name}", []).append(value)
        if self.cores is not None:
            found["@metrics.core_cpu_cores"] = found["@prof_core_cpu_cores"] = [repr(self.cores)]
        return found

    @property
    def files(self) -> Files:
        """Its files, made anew."""
        from tests.fake_datadog.runtimes import RUNTIMES

        return (self.make or RUNTIMES[self.runtime])(self)


@dataclass(frozen=True)
class Event:
    """Something that happened, such as a deployment."""

    time: float
    title: str
    message: str = ""
    tags: tuple[str, ...] = ()
    service: str = ""
    status: str = "info"
    source: str = "deployment"

    @cached_property
    def id(self) -> str:
        digest = hashlib.sha256(repr((self.time, self.title, self.tags)).encode()).digest()
        return "AwAAAY" + base64.urlsafe_b64encode(digest).decode()[:40]

    @cached_property
    def fields(self) -> dict[str, list[str]]:
        """What a query may ask for."""
        found: dict[str, list[str]] = {"status": [self.status], "source": [self.source]}
        for tag in (*self.tags, *([f"service:{self.service}"] if self.service else [])):
            name, _, value = tag.partition(":")
            found.setdefault(name, []).append(value)
        return found


@dataclass(frozen=True)
class Metric:
    """One series.

    Attributes:
        name: Name of the metric.
        tags: Its tags.
        value: Value at an epoch second; `None` is a hole, and holes are real [A].
        interval: Seconds from point to point.
        unit: Name of its unit, if any.
    """

    name: str
    tags: tuple[str, ...]
    value: Callable[[int], float | None] = field(repr=False)
    interval: int = 60
    unit: str = ""


@dataclass(frozen=True)
class Service:
    """A service as people describe it."""

    name: str
    team: str
    language: str
    repository: str = ""


@dataclass
class Store:
    """Everything held, in memory."""

    clock: Clock
    profiles: list[Profile] = field(default_factory=list[Profile])
    events: list[Event] = field(default_factory=list[Event])
    metrics: list[Metric] = field(default_factory=list[Metric])
    services: list[Service] = field(default_factory=list[Service])
    _places: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def add(self, *added: Profile | Event | Metric | Service) -> None:
        """Hold more."""
        for item in added:
            if isinstance(item, Profile):
                self.profiles.append(item)
            elif isinstance(item, Event):
                self.events.append(item)
            elif isinstance(item, Metric):
                self.metrics.append(item)
            else:
                self.services.append(item)

    def find(self, profile_id: str, event_id: str) -> Profile | None:
        """Give the visible profile that has both ids."""
        for at in range(len(self._places), len(self.profiles)):
            profile = self.profiles[at]
            self._places[profile.profile_id, profile.event_id] = at
        at = self._places.get((profile_id, event_id), -1)
        return self.profiles[at] if at >= 0 and self.is_visible(self.profiles[at]) else None

    def opened(self, profile: Profile) -> None:
        """Keep a profile for a year, as looking at it does."""
        at = self._places[profile.profile_id, profile.event_id]
        self.profiles[at] = replace(profile, is_opened=True)

    def is_visible(self, profile: Profile) -> bool:
        """Whether it has come in."""
        available = profile.available_at
        return self.clock() >= (profile.end + self.clock.ingest_delay if available is None else available)

    def is_expired(self, profile: Profile) -> bool:
        """Whether its file is gone: 8 days after its end, a year when it was opened [A]."""
        kept = self.clock.opened_retention if profile.is_opened else self.clock.retention
        return self.clock() >= (profile.end + kept if profile.expires_at is None else profile.expires_at)

    def visible(self, *, with_expired: bool = True) -> Iterable[Profile]:
        """Go through what has come in."""
        for profile in self.profiles:
            if self.is_visible(profile) and (with_expired or not self.is_expired(profile)):
                yield profile
