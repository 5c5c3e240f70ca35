"""What profiles.download must get right, whatever the source."""

from __future__ import annotations

import pytest
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.capture import CaptureResult
from pprof_mcp.session.session import Session
from pprof_mcp.sources import named

from tests.cases import Cases
from tests.datadog import WINDOW
from tests.fake_datadog import FakeDatadog

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", **WINDOW},
        {"source": "datadog", "service": "web", **WINDOW},
    ],
    wrong=[("source", "pigeon"), ("source", "datadog"), ("event_id", "x")],
)


def downloaded(session: Session, **given: object) -> CaptureResult:
    found = run(load("profiles.download"), given, session=session)
    assert isinstance(found, CaptureResult)
    return found


def test_a_service_alone_means_datadog(asking: Session, fake: FakeDatadog) -> None:
    found = downloaded(asking, service="checkout", env="staging")
    assert (found.source, found.env, found.dd_site) == ("datadog", "staging", "datadoghq.com")
    assert found == downloaded(asking, source="datadog", service="checkout", env="staging")
    assert len(fake.log.of("download")) == 1


def test_nothing_said_is_an_error_that_says_what_each_source_takes(asking: Session) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        downloaded(asking)
    assert all(f"{name}: " in caught.value.hint for name in named.names())


def test_every_source_is_a_file_that_keeps_to_the_form() -> None:
    assert "datadog" in named.names()
    taken = {item.name for item in load("profiles.download").parameters} - {"source", "out_dir"}
    for name in named.names():
        source = named.load(name)
        assert source.SUMMARY.endswith(".")
        assert taken >= source.TAKES
        assert callable(source.fits)
        assert callable(source.fetch)
