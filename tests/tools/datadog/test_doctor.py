"""What datadog.doctor must get right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.session.session import Session
from pprof_mcp.tools.datadog.doctor import DoctorResult

from tests.cases import Cases
from tests.datadog import session_of
from tests.fake_datadog import CHOICES, FakeDatadog

CASES = Cases(good=[{}, {"service": "nobody"}], wrong=[("site", "evil.example"), ("service", 5)])


def seen(session: Session, **more: object) -> DoctorResult:
    found = run(load("datadog.doctor"), more, session=session)
    assert isinstance(found, DoctorResult)
    return found


def failed(found: DoctorResult) -> str:
    (check,) = [check for check in found.checks if not check.ok]
    return f"{check.check}: {check.detail}"


def test_all_is_well_and_what_the_answers_look_like_is_told(asking: Session, fake: FakeDatadog) -> None:
    found = seen(asking)
    assert (found.ok, found.failed) == (True, False)
    assert [check.check for check in found.checks] == ["settings", "api_key", "list", "download", "clock"]
    assert found.dd_site == "datadoghq.com"
    assert found.list_host == found.download_host == fake.url.removeprefix("http://")
    assert found.id_field == "attributes.id"
    assert set(found.compression.values()) == {"zstd"}
    assert found.clock_skew_seconds == 0
    text = json.dumps(found.model_dump())
    assert fake.api_key not in text
    assert fake.app_key not in text


@pytest.mark.parametrize("field", CHOICES["id_field"])
def test_the_place_of_the_id_is_told(asking: Session, fake: FakeDatadog, field: str) -> None:
    fake.variants.set(id_field=field)
    expected = {"both": "attributes.id"}.get(field, f"attributes.{field}").removeprefix("attributes.top:")
    assert seen(asking).id_field == expected


@pytest.mark.parametrize("encoding", CHOICES["encoding"])
def test_the_compression_is_told(asking: Session, fake: FakeDatadog, encoding: str) -> None:
    fake.variants.set(encoding=encoding)
    found = seen(asking, service="checkout")
    assert found.ok
    forms = {"uploaded": "zstd", "gzip_twice": "gzip", "raw": "plain"}
    assert found.compression["cpu.pprof"] == forms.get(encoding, encoding)


def test_missing_keys_are_a_finding_not_an_error(fake: FakeDatadog, tmp_path: Path) -> None:
    found = seen(session_of(fake, tmp_path, DD_API_KEY=""))
    assert found.failed
    assert "DD_API_KEY not set" in failed(found)


def test_each_wrong_key_is_told_apart(fake: FakeDatadog, tmp_path: Path) -> None:
    assert "does not know DD_API_KEY" in failed(seen(session_of(fake, tmp_path, DD_API_KEY="a" * 32)))
    assert "DD_APP_KEY" in failed(seen(session_of(fake, tmp_path, DD_APP_KEY="b" * 40)))
    scoped = fake.keys.add_app(["metrics_read"])
    assert "continuous_profiler_read" in failed(seen(session_of(fake, tmp_path, DD_APP_KEY=scoped)))


@pytest.mark.parametrize(("skew", "side"), [(300.0, "behind"), (-300.0, "ahead of")])
def test_a_clock_that_is_off_is_told(asking: Session, fake: FakeDatadog, skew: float, side: str) -> None:
    fake.clock.skew = skew
    found = seen(asking)
    assert found.clock_skew_seconds == -skew
    assert side in failed(found)


def test_headers_about_limits_are_told_by_name(asking: Session, fake: FakeDatadog) -> None:
    fake.fault(kind="status", route="list", status=429, headers={"X-RateLimit-Reset": "3600"})
    found = seen(asking)
    assert failed(found).startswith("list: ")


def test_a_broken_download_is_a_finding(asking: Session, fake: FakeDatadog) -> None:
    fake.fault(kind="status", route="download", status=200, body="no zip", times=0)
    found = seen(asking)
    assert failed(found).startswith("download: ")
    assert found.list_host


def test_nobody_there_is_a_finding(asking: Session, fake: FakeDatadog) -> None:
    fake.stop()
    found = seen(asking)
    fake.start()
    assert "could not be asked" in failed(found)
