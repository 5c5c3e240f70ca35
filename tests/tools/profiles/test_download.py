"""What profiles.download must get right, whatever the source."""

from __future__ import annotations

import pytest
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.capture import CaptureResult
from pprof_mcp.session.session import Session
from pprof_mcp.settings import load as load_settings
from pprof_mcp.sources import named
from pprof_mcp.sources.remote import Remote

from tests.cases import BUNDLE, Cases
from tests.datadog import WINDOW
from tests.fake_datadog import FakeDatadog

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", **WINDOW},
        {"source": "datadog", "service": "web", **WINDOW},
        {"url": BUNDLE},
    ],
    wrong=[
        ("source", "pigeon"),
        ("source", "datadog"),
        ("source", "pyroscope"),
        ("event_id", "x"),
        ("seconds", 0),
        ("url", "http://localhost:0/x"),
    ],
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


PARCA = {"PPROF_MCP_PARCA_URL": "http://parca.example:7070"}
KEY = {"DD_API_KEY": "k" * 32}


@pytest.mark.parametrize(
    ("given", "places", "source"),
    [
        ({"url": "http://localhost:6060"}, {}, "http"),
        ({"url": "https://shop.example/cpu.pb.gz", "kinds": ["cpu"]}, {}, "http"),
        ({"url": "s3://bucket/x/"}, {}, "object"),
        ({"url": "captures/"}, {}, "files"),
        ({"service": "shop"}, {}, "datadog"),
        ({"service": "shop"}, PARCA, "parca"),
        ({"service": "shop"}, {**PARCA, **KEY}, "datadog"),
        ({"service": "shop", "kinds": ["cpu"]}, {**PARCA, **KEY}, "parca"),
        ({"query": "{}"}, {"PPROF_MCP_PYROSCOPE_URL": "http://pyroscope.example:4040"}, "pyroscope"),
        ({"service": "shop"}, {"PPROF_MCP_GCP_PROJECT": "p"}, "gcp"),
    ],
)
def test_arguments_tell_the_source(given: dict[str, object], places: dict[str, str], source: str) -> None:
    assert named.choose(named.AUTO, named.Wanted(given), Remote(load_settings(places))) == source


def test_an_argument_of_another_source_is_refused_with_those_it_takes(asking: Session) -> None:
    with pytest.raises(InvalidArgumentError, match="source=http takes no env") as caught:
        downloaded(asking, source="http", url="http://localhost:1", env="prod")
    assert "deltas, kinds, seconds, url" in caught.value.hint


def test_every_source_is_a_file_that_keeps_to_the_form() -> None:
    assert "datadog" in named.names()
    taken = {item.name for item in load("profiles.download").parameters} - {"source", "out_dir"}
    for name in named.names():
        source = named.load(name)
        assert source.SUMMARY.endswith(".")
        assert taken >= source.TAKES
        assert callable(source.fits)
        assert callable(source.fetch)
