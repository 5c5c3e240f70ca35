"""One conversation about a service in Datadog: two real processes, two keys and an address between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from pprof_mcp.sources import times

from tests.datadog import SETTINGS
from tests.fake_datadog.runtimes.golang import REGRESSED

ROOT = Path(__file__).parents[3]
SERVICE = {"service": "checkout", "env": "prod"}
BEFORE, AFTER = "1.4.1", "1.4.2"
HOSTS = ("checkout-1", "checkout-2")
PER_HOST = 3
"""Profiles of a host on either side of the deployment: just enough for a step to be no chance."""
DEPLOYED = 900
"""Seconds since then."""
MOST_SECONDS = 100
"""Longest time of it all, so that a hang ends with a stack (chosen: ten are spent on the pace)."""

_SERIES = [
    {
        "service": "checkout", "runtime": "go", "env": "prod", "version": version, "host": host,
        "from": start, "to": start + 300 * PER_HOST, "every": 300, "first_seq": 100,
    }
    for host in HOSTS
    for version, start in ((BEFORE, -2 * DEPLOYED), (AFTER, -DEPLOYED))
]  # fmt: skip
SCENARIO = {
    "base": "empty",
    "now": "real",
    "services": _SERIES,
    "events": [{"at": -DEPLOYED, "title": "Deployed checkout 1.4.2", "service": "checkout"}],
}


@contextmanager
def imitation(folder: Path) -> Generator[dict[str, str], None, None]:
    """Run Datadog's imitation as a process; give the three variables that lead there."""
    scenario = folder / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO))
    command = [sys.executable, "-m", "tests.fake_datadog", "--scenario", str(scenario)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url, keys = process.stdout.readline().strip(), process.stdout.readline().split()
            yield {"PPROF_MCP_DD_BASE_URL": url, **dict(key.split("=", 1) for key in keys)}
        finally:
            process.terminate()


Heard = tuple[str, float, float | None]
"""Tool, what is done, of how much."""


@dataclass
class Talk:
    """What is asked and answered, each answer held against the schema that was listed."""

    client: Client
    schemas: dict[str, Any]
    heard: list[Heard] = field(default_factory=list[Heard])
    said: list[str] = field(default_factory=list[str])

    async def ask(self, tool: str, **given: object) -> Any:
        async def listen(progress: float, total: float | None, message: str | None) -> None:
            assert message
            self.heard.append((tool, progress, total))

        result = await self.client.call_tool(tool, given, progress_callback=listen)
        self.said.append(result.model_dump_json())
        assert not result.is_error, result.content
        validator: Any = jsonschema.Draft202012Validator(self.schemas[tool])
        validator.validate(result.structured_content)
        return result.structured_content

    async def follow(self, call: dict[str, Any]) -> Any:
        """Make a call that an answer suggests."""
        return await self.ask(call["tool"], **call["arguments"])


@pytest.mark.slow
def test_a_conversation_finds_what_a_deployment_made_slower(tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    work, cache, errors = (tmp_path / name for name in ("work", "cache", "errors"))
    work.mkdir()
    said: list[str] = []

    async def run(environment: dict[str, str]) -> None:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "pprof_mcp", "serve"],
            cwd=work,
            env={**own, **environment, "XDG_CACHE_HOME": str(cache)},
        )
        with anyio.fail_after(MOST_SECONDS), errors.open("w") as log:
            async with Client(stdio_client(server, errlog=log)) as client:
                tools = (await client.list_tools()).tools
                talk = Talk(client, {tool.name: tool.output_schema for tool in tools}, said=said)
                await converse(talk)

    with imitation(tmp_path) as environment:
        anyio.run(run, environment)
    kept = [path for path in cache.rglob("*") if path.is_file()]
    assert kept
    texts = [text.encode() for text in (*said, *map(str, kept))]
    for content in (*texts, errors.read_bytes(), *(path.read_bytes() for path in kept)):
        assert not any(environment[key].encode() in content for key in ("DD_API_KEY", "DD_APP_KEY"))
    assert not [path for path in kept if path.suffix == ".part"]


async def converse(talk: Talk) -> None:
    cores = await list_and_pick(talk)
    deployed = await aggregate(talk, cores)
    await compare(talk, deployed)
    await history(talk, deployed)
    await report(talk)


async def list_and_pick(talk: Talk) -> dict[str, dict[str, Any]]:
    """Give what was listed, by profile id."""
    listed = await talk.ask("datadog_profiles_list", **SERVICE, **{"from": "-3h"}, limit=50)
    rows = {row["profile_id"]: row for row in listed["candidates"]}
    assert len(rows) == listed["count"] == 2 * PER_HOST * len(HOSTS)
    assert listed["is_complete"]
    assert {(row["host"], row["version"]) for row in rows.values()} == {
        (host, version) for host in HOSTS for version in (BEFORE, AFTER)
    }
    picked = await talk.ask("datadog_profiles_pick", **SERVICE, **{"from": "-3h"}, strategy="busiest")
    busiest = max(rows.values(), key=cores_of)
    assert picked["candidate"] == busiest
    assert busiest["version"] == AFTER
    bundle = await talk.follow(picked["next"][0])
    assert (bundle["profile_id"], bundle["event_id"]) == (busiest["profile_id"], busiest["event_id"])
    assert (bundle["service"], bundle["version"], bundle["host"]) == ("checkout", AFTER, busiest["host"])
    assert {"cpu", "heap"} <= set(bundle["kinds"])
    cpu = next(file["handle"] for file in bundle["files"] if file["type"] == "cpu")
    top = await talk.ask("pprof_top", profile=cpu, sample_index="cpu")
    assert top["total"] == pytest.approx(cores_of(busiest) * 60e9, rel=1e-4)
    assert top["rows"][0]["name"] == REGRESSED
    return rows


async def aggregate(talk: Talk, rows: dict[str, dict[str, Any]]) -> str:
    """Give the time of the deployment, which no profile covers."""
    deployed = next(row["timestamp"] for row in reversed(rows.values()) if row["version"] == AFTER)
    moment = times.rfc_3339(deployed)
    assert moment is not None
    deployed = times.text(times.from_epoch(moment.timestamp() - 60))
    merged = await talk.ask("datadog_profiles_aggregate", **SERVICE, **{"from": deployed}, limit=6)
    assert (merged["profiles_merged"], merged["profiles_found"]) == (6, PER_HOST * len(HOSTS))
    assert merged["hosts"] == dict.fromkeys(HOSTS, PER_HOST)
    assert merged["versions"] == {AFTER: 6}
    assert merged["total_duration_seconds"] == 360
    top = await talk.follow(merged["next"][0])
    expected = sum(cores_of(rows[profile_id]) for profile_id in merged["profile_ids"])
    assert top["total"] == pytest.approx(expected * 60e9, rel=1e-4)
    heard = [heard[1:] for heard in talk.heard if heard[0] == "datadog_profiles_aggregate"]
    assert heard, "it says how far it is"
    assert all(0 < progress <= (total or 0) == 6 for progress, total in heard)
    return deployed


async def compare(talk: Talk, deployed: str) -> None:
    compared = await talk.ask(
        "datadog_profiles_compare_range",
        **SERVICE,
        before_from="-3h",
        before_to=deployed,
        after_from=deployed,
        limit=6,
    )
    event = await talk.ask("datadog_profiles_near_event", **SERVICE, event_query="source:deployment", limit=6)
    assert event["event"]["title"] == "Deployed checkout 1.4.2"
    assert event["event_time"] == deployed
    assert {row["host"] for row in event["hosts"]} == set(HOSTS)
    for found in (compared, event):
        assert (found["before"]["versions"], found["after"]["versions"]) == ({BEFORE: 6}, {AFTER: 6})
        first = found["deltas"][0]
        assert first["name"] == REGRESSED
        assert first["is_distinct"]
        # Four times the work, with the noise of each profile.
        assert 3.2 < first["ratio_flat"] < 4.8
        assert found["total"]["delta"] > 0


async def history(talk: Talk, deployed: str) -> None:
    found = await talk.ask(
        "datadog_function_history", **SERVICE, function=f"^{REGRESSED}$", **{"from": "-3h"}, limit=12
    )
    verdict = found["verdict"]
    assert (verdict["kind"], verdict["version_before"], verdict["version_after"]) == ("step", BEFORE, AFTER)
    assert verdict["last_before"] <= deployed < verdict["at"]
    assert verdict["before"] < verdict["low"] + verdict["before"] < verdict["after"]
    assert found["summary"]["found_in_profiles"] == 4 * PER_HOST


async def report(talk: Talk) -> None:
    found = await talk.ask("pprof_discover", **SERVICE)
    assert (found["service"], found["env"], found["version"]) == ("checkout", "prod", AFTER)
    assert REGRESSED in {one["function"] for one in found["recommendations"]}
    page = await talk.follow(found["next"][0])
    assert page["markdown"].startswith("# Profile report: checkout (prod)\n")
    assert page["recommendations"] >= len(found["recommendations"])


def cores_of(row: dict[str, Any]) -> float:
    """Give the CPU cores that a row tells."""
    return row["numeric_fields"]["core_cpu_cores"]
