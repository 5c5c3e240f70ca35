"""datadog.doctor: whether Datadog can be asked, and what it answers like."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import override

from pprof_mcp.registry import INJECTED, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import Result, Row
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.diagnosis import diagnose


class CheckRow(Row):
    """One check."""

    columns = ("check", "ok", "detail")

    check: str = Field(description="settings, api_key, list, download or clock.")
    ok: bool = Field(description="Whether it passed.")
    detail: str = Field(description="What was found, or what to do.")


class DoctorResult(Result):
    """What was found out."""

    ok: bool = Field(description="Whether all checks passed.")
    dd_site: str = Field(description="Site of Datadog that is configured.")
    hosts: list[str] = Field(description="Hosts the keys may be sent to, in the order they are tried.")
    has_proxy: bool = Field(description="Whether a proxy is in between.")
    checks: list[CheckRow] = Field(
        description="The checks, in their order; what follows a failure is left out."
    )
    list_host: str | None = Field(description="Host that listed profiles; null when none did.")
    download_host: str | None = Field(description="Host the download came from; null when none did.")
    id_field: str | None = Field(description="Where a list has the profile id; null when nothing is listed.")
    listed_fields: list[str] = Field(description="Measures that a listed profile has.")
    compression: dict[str, str] = Field(description="Form of each file of a bundle, by its name.")
    rate_limit_headers: list[str] = Field(
        description="Names of the headers about rate limits that were seen."
    )
    clock_skew_seconds: float | None = Field(
        description="This clock minus the server's; 0 below 5 s, null when the server tells no time."
    )

    @property
    @override
    def failed(self) -> bool:
        """Whether a check did not pass."""
        return not self.ok


@tool(
    "datadog.doctor",
    title="Check the way to Datadog",
    since="0.1",
    toolset="datadog",
    example={},
    effects=Effects(open_world=True),
)
def doctor(
    *,
    service: Annotated[str, Field(max_length=200, description="Service to try; default any.")] = "",
    site: Annotated[str, Field(max_length=100, description="Datadog site; default DD_SITE.")] = "",
    session: Session = INJECTED,
) -> DoctorResult:
    """Check keys, site, permissions and clock against Datadog, and say which form it answers in.

    Use it when another Datadog tool, such as datadog.profiles.list, fails. It lists one profile of the last
    hours and downloads one; no key is shown.
    """
    found = diagnose(session.remote, service, site)
    return DoctorResult(
        ok=all(check.ok for check in found.checks),
        dd_site=found.site,
        hosts=found.hosts,
        has_proxy=found.has_proxy,
        checks=[CheckRow(check=check.name, ok=check.ok, detail=check.detail) for check in found.checks],
        list_host=found.list_host or None,
        download_host=found.download_host or None,
        id_field=found.id_field or None,
        listed_fields=found.listed_fields,
        compression=found.compression,
        rate_limit_headers=found.rate_limit_headers,
        clock_skew_seconds=found.skew,
    )
