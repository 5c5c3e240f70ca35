"""Golden pairs of request and response, one for each route.

`python -m tests.fake_datadog.contract` writes them again. They say what this imitation takes the real
service for. Whoever has an account can compare: `{profile_id}` and `{event_id}` stand for those of a profile
that was listed. Of a zip the names of its entries are kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.fake_datadog.app import FakeDatadog
from tests.fake_datadog.calling import call, one
from tests.fake_datadog.clock import NOW, iso

FILE = Path(__file__).with_name("contract.json")
_FILTER = {"from": iso(NOW - 3600), "to": iso(NOW), "query": "service:checkout env:prod"}
_LISTED = {"filter": _FILTER, "sort": {"field": "timestamp", "order": "desc"}, "limit": 1}
_PUP = "/api/unstable/profiling/pup"
_DOWNLOAD = "/profiles/{profile_id}/download?eventId={event_id}"
_SECONDS = f"from={int(NOW - 180)}&to={int(NOW)}"
_COUNT = {
    "name": "a", "data_source": "profiles", "indexes": ["*"], "search": {"query": "env:prod"},
    "compute": {"aggregation": "count"}, "group_by": [{"facet": "service", "limit": 10}],
}  # fmt: skip
_ATTRIBUTES = {
    "from": int(NOW - 1200) * 1000, "to": int(NOW) * 1000,
    "formulas": [{"formula": "a"}], "queries": [_COUNT],
}  # fmt: skip
_INFO = "/profiling/api/v1/profiles/{profile_id}/info?eventId={event_id}&eventScope=profile"
_SCALAR = {"data": {"type": "scalar_request", "attributes": _ATTRIBUTES}}

REQUESTS: dict[str, tuple[str, str, object]] = {
    "validate": ("GET", "/api/v1/validate", None),
    "list": ("POST", "/api/unstable/profiles/list", _LISTED),
    "download": ("GET", "/api/ui/profiling" + _DOWNLOAD, None),
    "gopgo": ("POST", "/api/unstable/profiles/gopgo", {"queries": [_LISTED]}),
    "pup_list": ("POST", f"{_PUP}/profiles/list", {**_LISTED, "sort": {"field": "start", "order": "asc"}}),
    "pup_download": ("GET", _PUP + _DOWNLOAD, None),
    "pup_services": ("POST", f"{_PUP}/services", {"filter": _FILTER}),
    "pup_profile_types": ("POST", f"{_PUP}/profile-types", {"filter": _FILTER}),
    "pup_flamegraph": (
        "POST",
        f"{_PUP}/explore/flamegraph",
        {"filter": {**_FILTER, "query": "service:web"}, "profileType": "cpu-time"},
    ),
    "aggregate": (
        "POST",
        "/profiling/api/v1/aggregate",
        {
            "query": "service:web", "from": iso(NOW - 900), "to": iso(NOW), "profileType": "cpu-time",
            "aggregationFunction": "sum", "attribute": "line", "limit": 2,
        },
    ),
    "info": ("GET", _INFO, None),
    "scalar": ("POST", "/api/v2/query/scalar", _SCALAR),
    "timeseries": (
        "POST",
        "/api/v2/query/timeseries",
        {"data": {"type": "timeseries_request", "attributes": {**_ATTRIBUTES, "interval": 300_000}}},
    ),
    "metrics_query": ("GET", f"/api/v1/query?{_SECONDS}&query=avg:go.mem.heap%7Bservice:checkout%7D", None),
    "metric_names": ("GET", "/api/v2/metrics?page[size]=2", None),
    "metric_tags": ("GET", "/api/v2/metrics/go.mem.heap/all-tags", None),
    "active_metrics": ("GET", f"/api/v1/metrics?from={int(NOW - 3600)}", None),
    "metric_search": ("GET", "/api/v1/search?q=metrics:go.", None),
    "events_search": (
        "POST",
        "/api/v2/events/search",
        {"filter": {"from": "now-1d", "to": "now", "query": "service:checkout"}, "page": {"limit": 1}},
    ),
    "events": ("GET", "/api/v2/events?filter[from]=now-1d&filter[query]=service:ranker&page[limit]=1", None),
    "definitions": ("GET", "/api/v2/services/definitions?page[size]=1&page[number]=0", None),
    "entities": ("GET", "/api/v2/catalog/entity?page[offset]=0&page[limit]=1", None),
    "apm_services": ("GET", "/api/v2/apm/services?filter[env]=prod", None),
}  # fmt: skip


def recorded() -> list[dict[str, Any]]:
    """Ask the imitation everything and give the pairs."""
    pairs: list[dict[str, Any]] = []
    with FakeDatadog() as fake:
        fake.variants.set(aggregate_depth=0)
        profile = one(fake)
        for name, (method, template, body) in REQUESTS.items():
            ids = {"{profile_id}": profile.profile_id, "{event_id}": profile.event_id}
            target = template
            for mark, text in ids.items():
                target = target.replace(mark, quote(text, safe=""))
            reply = call(fake, method, target, body)
            kind = reply.headers.get("content-type", "")
            is_zip = "json" not in kind
            pairs.append(
                {
                    "route": name,
                    "request": {"method": method, "target": template, "body": body},
                    "response": {
                        "status": reply.status,
                        "type": kind,
                        "entries" if is_zip else "json": sorted(reply.entries) if is_zip else reply.json,
                    },
                }
            )
    return pairs


def written() -> str:
    """The text of the file: one pair a line, so that a change shows which route it is of."""
    lines = ",\n".join(json.dumps(pair, ensure_ascii=False) for pair in recorded())
    return f"[\n{lines}\n]\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")
