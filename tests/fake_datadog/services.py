"""The services of the default scenario.

`checkout` (Go, prod on two hosts and staging) goes from 1.4.1 to 1.4.2 six hours ago in prod, and one of its
functions becomes four times as expensive; `ranker` (Python), `web` (Node), `legacy` (Java).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from tests.fake_datadog.clock import DAY
from tests.fake_datadog.runtimes import RUNTIMES, golang, node, python
from tests.fake_datadog.runtimes.workload import Work, cores
from tests.fake_datadog.store import Event, Metric, Profile, Service

HOUR = 3600.0
DEPLOYED = 6 * HOUR
"""Seconds before the scenario's now at which 1.4.2 came to prod."""
_WORKS: dict[str, Sequence[Work]] = {"go": golang.WORKS, "python": python.WORKS, "node": node.WORKS}


@dataclass(frozen=True)
class Series:
    """Uploads of one process, one after another.

    Attributes:
        service: Name of the service.
        runtime: Datadog's family.
        env: Environment.
        version: Version.
        host: Host.
        start: Epoch seconds at which the first begins.
        end: Epoch seconds at which the last ends at the latest.
        period: Seconds that each takes.
        every: Seconds from one to the next.
        first_seq: Sequence number of the first: 0 where the process began.
        encoding: How the tracer compresses.
        pod: Name of the pod, if any.
        process: Which process it is: another has other noise.
    """

    service: str
    runtime: str
    env: str
    version: str
    host: str
    start: float
    end: float
    period: float = 60
    every: float = 60
    first_seq: int = 0
    encoding: str = "zstd"
    pod: str = ""
    process: str = "1"

    def profiles(self) -> Iterable[Profile]:
        """Give its profiles; their files are made when asked for."""
        works = _WORKS.get(self.runtime)
        for place in range(int((self.end - self.start - self.period) // self.every) + 1):
            start = self.start + place * self.every
            profile = Profile(
                self.service, self.env, self.version, self.host, self.runtime, start, start + self.period,
                seq=self.first_seq + place, pod=self.pod, encoding=self.encoding,
                process=self.process,
            )  # fmt: skip
            yield replace(profile, cores=cores(profile, works)) if works else profile


@lru_cache(maxsize=8)
def default_profiles(now: float) -> tuple[Profile, ...]:
    """Give the profiles of a day before `now` and of two hours after, which the clock has to bring.

    The clock of each host is a little off, so that no two profiles have the same time by accident.
    """
    begin, end = now - DAY, now + 2 * HOUR
    found: list[Series] = []
    for host, off in (("checkout-1", 7.25), ("checkout-2", 31.5)):
        deployed = now - DEPLOYED + off
        go = Series(
            "checkout", "go", "prod", "1.4.1", host, begin + off, deployed, first_seq=5760, pod=f"{host}-7d9f"
        )
        found += [go, replace(go, version="1.4.2", start=deployed, end=end, first_seq=0)]
    moved = now - 20 * HOUR
    staging = Series(
        "checkout", "go", "staging", "1.4.1", "checkout-s1", begin, moved, every=300, first_seq=100
    )
    found += [staging, replace(staging, version="1.4.2", start=moved, end=end, first_seq=0)]
    found += [
        Series("ranker", "python", "prod", "0.9.0", "ranker-1", begin + 3, end, every=300, first_seq=40),
        Series(
            "web", "node", "prod", "3.2.0", "web-1", begin + 11, end, every=300, first_seq=9, encoding="gzip"
        ),
        Series("legacy", "java", "prod", "8.1", "legacy-1", begin + 19, end, every=300, first_seq=77),
    ]
    return tuple(profile for series in found for profile in series.profiles())


def default_events(now: float) -> tuple[Event, ...]:
    """Give the deployments, an alert that follows one of them, and what has nothing to do with either."""
    prod, staging = now - DEPLOYED, now - 20 * HOUR
    return (
        Event(
            staging, "Deployed checkout 1.4.2 to staging",
            tags=("env:staging", "version:1.4.2"), service="checkout",
        ),
        Event(
            prod, "Deployed checkout 1.4.2 to prod", tags=("env:prod", "version:1.4.2"), service="checkout"
        ),
        Event(
            prod + 900, "[Triggered] checkout: CPU is high", "checkout uses more CPU than usual",
            ("env:prod", "monitor"), "checkout", "error", "alert",
        ),
        Event(
            now - 3 * HOUR, "Deployed ranker 0.9.0 to prod", tags=("env:prod", "version:0.9.0"),
            service="ranker"
        ),
        Event(
            now - 30 * HOUR, "Deployed checkout 1.4.1 to prod",
            tags=("env:prod", "version:1.4.1"), service="checkout",
        ),
    )  # fmt: skip


def default_metrics(now: float) -> tuple[Metric, ...]:
    """Give series with holes; CPU rises with the deployment."""
    deployed = now - DEPLOYED

    def holed(value: Callable[[int], float]) -> Callable[[int], float | None]:
        return lambda time: None if time // 60 % 17 == 3 else value(time)

    def wave(low: float, high: float) -> Callable[[int], float]:
        return lambda time: low + (high - low) * (time // 60 % 30) / 29

    found: list[Metric] = []
    for host, more in (("checkout-1", 0.0), ("checkout-2", 0.05)):
        tags = ("service:checkout", "env:prod", f"host:{host}")
        found += [
            Metric("go.mem.heap", tags, holed(wave(180e6, 240e6)), unit="byte"),
            Metric(
                "container.cpu.usage", tags, holed(lambda t, more=more: (0.9 if t < deployed else 1.4) + more)
            ),
            Metric("trace.http.request.hits", tags, holed(wave(40, 90)), unit="request"),
        ]
    ranker = ("service:ranker", "env:prod", "host:ranker-1")
    found.append(Metric("runtime.python.mem.rss", ranker, holed(wave(300e6, 310e6)), unit="byte"))
    found.append(Metric("ranker.queue.depth", ranker, lambda _: None))
    return tuple(found)


def default_catalog() -> tuple[Service, ...]:
    """Give who owns what."""
    return (
        Service("checkout", "payments", "go", "https://github.com/example/checkout"),
        Service("ranker", "search", "python", "https://github.com/example/ranker"),
        Service("web", "front", "nodejs", "https://github.com/example/web"),
        Service("legacy", "payments", "java"),
    )


def one_of_each(now: float) -> tuple[Profile, ...]:
    """Give an hour of a service for every runtime, named after it."""
    found: list[Profile] = []
    for runtime in RUNTIMES:
        family = "native" if runtime == "host" else runtime
        series = Series(
            f"shop-{runtime}", family, "prod", "1.0.0", f"{runtime}-1", now - HOUR, now, every=300
        )
        found += [replace(profile, make=RUNTIMES[runtime]) for profile in series.profiles()]
    return tuple(found)
