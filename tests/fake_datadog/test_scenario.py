"""Scenarios from files, and the command that serves them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fake_datadog import Clock, FakeDatadog
from tests.fake_datadog.calling import LIST, call, download, listed, one, window
from tests.fake_datadog.clock import NOW

ROOT = Path(__file__).resolve().parent.parent.parent
CART: dict[str, Any] = {
    "base": "empty",
    "now": "2026-09-01T12:00:00Z",
    "seed": 3,
    "clock": {"skew": 5, "ingest_delay": 60},
    "site": "datadoghq.eu",
    "variants": {"id_field": "profile-id", "encoding": "lz4"},
    "limits": [{"name": "events", "limit": 1, "routes": ["events_search"]}],
    "services": [
        {"service": "cart", "runtime": "go", "env": "prod", "version": "1", "host": "a", "from": -600},
        {
            "service": "mail", "runtime": "php", "env": "prod", "version": "2", "host": "b",
            "from": -900, "to": -300, "every": 300, "encoding": "gzip",
        },
    ],
    "events": [{"at": -600, "title": "Deployed cart", "service": "cart", "tags": ["env:prod"]}],
    "metrics": [{"name": "cart.size", "tags": ["service:cart"], "values": [1, None, 3], "unit": "byte"}],
    "faults": [{"route": "list", "nth": 2, "kind": "rate_limited", "form": "epoch"}],
}  # fmt: skip


def test_a_file_says_everything(tmp_path: Path) -> None:
    path = tmp_path / "cart.json"
    path.write_text(json.dumps(CART), encoding="utf-8")
    with FakeDatadog(path) as fake:
        rows = listed(fake)
        assert sorted(row["attributes"]["service"] for row in rows) == ["cart"] * 9 + ["mail"] * 2
        assert all("profile-id" in row["attributes"] for row in rows)
        assert call(fake, "POST", LIST, window()).status == 429
        profile = one(fake, "service:mail")
        assert download(fake, profile).entries["profile.pprof"].startswith(b"\x04\x22\x4d\x18")
        replies = [call(fake, "POST", "/api/v2/events/search", {}) for _ in range(2)]
        assert [reply.status for reply in replies] == [200, 429]
        answer = call(
            fake, "GET", f"/api/v1/query?from={int(NOW - 360)}&to={int(NOW)}&query=max:cart.size%7B*%7D"
        )
        values = [value for _, value in answer.json["series"][0]["pointlist"]]
        assert set(values) == {1.0, None, 3.0}
        assert fake.clock.skew == 5
        assert fake.keys.site == "datadoghq.eu"


def test_the_same_file_gives_the_same_bytes_and_another_seed_others() -> None:
    def bundle(seed: int) -> bytes:
        with FakeDatadog({**CART, "seed": seed}) as fake:
            return download(fake, one(fake, "service:cart")).body

    assert bundle(3) == bundle(3) != bundle(4)


@pytest.mark.parametrize(
    "change",
    [
        {"base": "full"},
        {"colour": 1},
        {"now": "noon"},
        {"clock": {"speed": 2}},
        {"variants": {"colour": 1}},
        {"faults": [{"kind": "fire"}]},
        {"faults": {"kind": "status"}},
        {"faults": [{"kind": "status", "colour": 1}]},
        {"services": [{"service": "cart"}]},
        {"metrics": [{"name": "x"}]},
        {"events": [3]},
    ],
)
def test_a_wrong_scenario_is_an_error(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"scenario is wrong|no switch|no fault"):
        FakeDatadog({**CART, **change})


def test_time_goes_on_for_the_default_services(fake: FakeDatadog) -> None:
    before = {row["id"] for row in listed(fake, limit=500, end=7200)}
    fake.clock.forward(3600)
    after = {row["id"] for row in listed(fake, limit=500, end=7200)}
    assert before < after


def test_a_clock_may_be_real() -> None:
    with FakeDatadog("default", clock=Clock(is_real=True)) as fake:
        newest = max(profile.end for profile in fake.store.visible())
        assert 0 <= fake.clock() - newest < 400


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no Ctrl-C to one process alone")
def test_the_command_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "cart.json"
    path.write_text(json.dumps(CART), encoding="utf-8")
    command = [sys.executable, "-m", "tests.fake_datadog", "--port", "0", "--scenario", str(path)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            names = dict(item.split("=") for item in server.stdout.readline().split())
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
            connection.request("GET", "/api/v1/validate", headers={"DD-API-KEY": names["DD_API_KEY"]})
            assert json.load(connection.getresponse()) == {"valid": True}
            connection.close()
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait() == 0


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text('{"colour": 1}', encoding="utf-8")
    for file in (path, tmp_path / "missing.json"):
        command = [sys.executable, "-m", "tests.fake_datadog", "--scenario", str(file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
