"""What the environment says about the places profiles are fetched from, besides Datadog.

All of it is the operator's: no tool takes an address that is not allowed here, and none takes a token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.hosts import Rule, read_rules, rule_of
from pprof_mcp.sources.net.secret import Secret

PYROSCOPE_URL = "PPROF_MCP_PYROSCOPE_URL"
PARCA_URL = "PPROF_MCP_PARCA_URL"
GCP_PROJECT = "PPROF_MCP_GCP_PROJECT"
GCP_TOKEN = "PPROF_MCP_GCP_TOKEN"  # noqa: S105 - the name of a variable
GCP_URL = "https://cloudprofiler.googleapis.com"
HOST_HEADERS = "PPROF_MCP_HOST_HEADERS"
BUCKETS = "PPROF_MCP_BUCKETS"

_HEADER = re.compile(r"(\S+)\s+([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*:\s*(.+)", re.DOTALL)
_SCHEME = re.compile(r"(Bearer|Basic|Token|ApiKey)\s+(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class HostHeader:
    """A header that one host gets, such as its token or its tenant.

    Attributes:
        rule: The host.
        name: The header.
        value: What it holds, taken for a secret.
    """

    rule: Rule
    name: str
    value: Secret


@dataclass(frozen=True)
class PlaceSettings:
    """Where profiles may be fetched from.

    Attributes:
        hosts: Hosts that may be asked.
        headers: What is sent along to some.
        pyroscope: Address of a Pyroscope, empty for none.
        parca: Address of a Parca, empty for none.
        gcp_project: The project whose Cloud Profiler is asked, empty for none.
        gcp_token: An access token for it.
        gcp_url: Where it is.
        buckets: Beginnings of the URLs of objects that may be read: `s3://bucket/folder/`.
    """

    hosts: tuple[Rule, ...] = ()
    headers: tuple[HostHeader, ...] = ()
    pyroscope: str = ""
    parca: str = ""
    gcp_project: str = ""
    gcp_token: Secret = field(default_factory=lambda: Secret(""))
    gcp_url: str = GCP_URL
    buckets: tuple[str, ...] = ()

    @property
    def have_services(self) -> bool:
        """Whether one of them keeps profiles of services."""
        return bool(self.pyroscope or self.parca or self.gcp_project)

    @property
    def configured(self) -> tuple[Rule, ...]:
        """Rules for the servers that are named by themselves, which need no entry among the hosts."""
        named = (
            (self.pyroscope, PYROSCOPE_URL),
            (self.parca, PARCA_URL),
            (self.gcp_url, "PPROF_MCP_GCP_URL"),
        )
        return tuple(rule_of(url, name) for url, name in named if url)


PLACE_VARIABLES: tuple[tuple[str, str, str, str], ...] = (
    (
        "PPROF_MCP_HOSTS",
        "hosts, separated by commas",
        "none",
        (
            "Hosts the server may fetch profiles from: `localhost:6060`, `*.svc.cluster.local:6060`, "
            "`10.1.2.3:*`. In a shell every host may be named."
        ),
    ),
    (
        HOST_HEADERS,
        "`HOST NAME: VALUE`, separated by `;`",
        "none",
        (
            "Headers that a host gets, such as `localhost:6060 Authorization: Bearer TOKEN` or "
            "`pyroscope:4040 X-Scope-OrgID: TENANT`."
        ),
    ),
    (PYROSCOPE_URL, "address", "none", "The Grafana Pyroscope that `source=pyroscope` asks."),
    (PARCA_URL, "address", "none", "The Parca that `source=parca` asks."),
    (GCP_PROJECT, "project id", "none", "The Google Cloud project whose Cloud Profiler `source=gcp` asks."),
    (GCP_TOKEN, "token", "none", "Access token for it, as `gcloud auth print-access-token` prints one."),
    ("PPROF_MCP_GCP_URL", "address", GCP_URL, "Where Cloud Profiler is."),
    (
        BUCKETS,
        "URLs, separated by commas",
        "none",
        (
            "Buckets and folders the server may read objects from: `s3://profiles/ci/`. In a shell every one "
            "may be named."
        ),
    ),
)
"""Name, kind, default and description of each variable."""


def read_places(given: Mapping[str, str]) -> PlaceSettings:
    """Read the settings.

    Args:
        given: Variables by name.

    Raises:
        InvalidArgumentError: A variable has a value it can not have.
    """
    settings = PlaceSettings(
        hosts=read_rules(given.get("PPROF_MCP_HOSTS", "")),
        headers=tuple(_header(one) for one in re.split(r"[;\n]", given.get(HOST_HEADERS, "")) if one.strip()),
        pyroscope=given.get(PYROSCOPE_URL, "").strip().rstrip("/"),
        parca=given.get(PARCA_URL, "").strip().rstrip("/"),
        gcp_project=given.get(GCP_PROJECT, "").strip(),
        gcp_token=Secret(given.get(GCP_TOKEN, ""), "Bearer"),
        gcp_url=given.get("PPROF_MCP_GCP_URL", "").strip().rstrip("/") or GCP_URL,
        buckets=tuple(_bucket(one) for one in re.split(r"[,\s]+", given.get(BUCKETS, "")) if one),
    )
    # Looked at here, so that a wrong address is told when the program starts.
    _ = settings.configured
    return settings


def _header(text: str) -> HostHeader:
    found = _HEADER.fullmatch(text.strip())
    if not found:
        # Not even quoted: it may hold a token.
        raise InvalidArgumentError(
            f"an entry of {HOST_HEADERS} is no host with a header",
            hint="Write it as HOST NAME: VALUE, such as localhost:6060 Authorization: Bearer TOKEN.",
            details={"argument": HOST_HEADERS},
        )
    host, name, value = found.groups()
    (rule,) = read_rules(host.replace(",", "_"), HOST_HEADERS)
    known = _SCHEME.fullmatch(value.strip())
    secret = Secret(known[2], known[1]) if known else Secret(value)
    return HostHeader(rule, name, secret)


def _bucket(text: str) -> str:
    scheme, mark, rest = text.partition("://")
    if not mark or not rest or not scheme.isalnum():
        raise InvalidArgumentError(
            f"{BUCKETS} holds {text!r}, which is no bucket",
            hint="Write it as s3://bucket/folder/, gs://bucket/ or az://container/.",
            details={"argument": BUCKETS},
        )
    return text
