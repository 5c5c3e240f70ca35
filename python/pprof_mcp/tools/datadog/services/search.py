"""datadog.services.search: which services have profiles, by a name that is roughly known."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprof_mcp.captures import MOST_HOURS
from pprof_mcp.insight.naming import Match, MatchType, bare, rank
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.registry.spec import Effects
from pprof_mcp.results import LeftOut, NextCall, Result, Row, next_call, page_of
from pprof_mcp.session.session import Session
from pprof_mcp.sources.datadog.services import Directory, FoundBy, Known
from pprof_mcp.sources.times import text

MOST_ENVIRONMENTS = 10
MOST_VERSIONS = 5
"""Names of one service at most. Source: chosen."""
_NAMED = 5


class ServiceRow(Row):
    """A service that may be meant."""

    columns = ("service", "environments", "runtimes", "versions", "profiles", "match_type", "score")
    spare = ("score", "versions")

    service: str = Field(description="Its name.")
    environments: list[str] = Field(description="Environments with profiles, the most profiles first.")
    versions: list[str] = Field(description="Versions with profiles, sorted; the last ones.")
    runtimes: list[str] = Field(description="Languages or runtimes, sorted.")
    profiles: int = Field(description="Profiles in the window; with found_by=list those looked at.")
    score: float = Field(description="How surely it is meant, 0 to 1.")
    match_type: MatchType = Field(description="What it has in common with the query; any without a query.")


class ServicesResult(Result):
    """Services, the likeliest first."""

    query: str = Field(description="What was asked for.")
    env: str = Field(description="Beginning of the environment; empty for any.")
    dd_site: str = Field(description="Site of Datadog.")
    hours: float = Field(description="How far back profiles were looked at.")
    found_by: FoundBy = Field(
        description="query: measures of profiles, all services; list: profiles looked through, most of them."
    )
    cached: bool = Field(description="Whether the services were known from a call some minutes ago.")
    cached_at: str | None = Field(description="When they were asked for, if that was before; else null.")
    total: int = Field(description="Services that were compared with the query.")
    matches: list[ServiceRow] = Field(description="The services.")
    left_out: LeftOut = Field(description="Services before and behind these.")
    cursor: str | None = Field(description="Pass it as `cursor` for more; null at the end.")


@tool(
    "datadog.services.search",
    title="Find a service in Datadog",
    since="0.1",
    toolset="datadog",
    example={"query": "chekout", "env": "prod"},
    effects=Effects(open_world=True),
)
def search(
    query: Annotated[
        str, Field(max_length=200, description="Name, roughly; default all."), Cli(positional=True)
    ] = "",
    *,
    env: Annotated[str, Field(max_length=200, description="Beginning of the environment.")] = "",
    hours: Annotated[float, Field(gt=0, le=MOST_HOURS, description="Window back from now.")] = 24,
    refresh: Annotated[bool, Field(description="Ask even what was asked some minutes ago.")] = False,
    site: Annotated[str, Field(max_length=100, description="Datadog site; default DD_SITE.")] = "",
    limit: Annotated[int, Field(ge=1, le=200, description="Services at most.")] = 10,
    cursor: Annotated[str, Field(max_length=12, description="`cursor` of the last answer.")] = "",
    session: Session = INJECTED,
) -> ServicesResult:
    """Find services that have profiles in Datadog, by a name that is roughly known.

    With environments, versions and runtimes, as datadog.profiles.list and others take them. `checkout prod`
    finds a service in an environment.
    """
    services = session.remote.services
    page = page_of(cursor, limit)
    directory, was_known = services.directory(site, hours, refresh=refresh)
    warnings = list(directory.warnings)
    there = {name: known for name, known in directory.services.items() if _environments(known, env)}
    wanted, within = _parted(query.strip(), there)
    if within:
        warnings.append(f"{within!r} was read as the environment")
        there = {name: known for name, known in there.items() if within in known.profiles}
    found = _all(there, env) if not query.strip() else rank(wanted, there)
    shown = found[page.offset : page.offset + page.limit]
    warnings += services.learn_versions(directory, [match.name for match in shown], site)
    if not found:
        warnings.append(_nothing(directory, query, env, there))
    return ServicesResult(
        warnings=warnings,
        next=_next(shown, there, within or env),
        query=query,
        env=env,
        dd_site=directory.site,
        hours=hours,
        found_by=directory.found_by,
        cached=was_known,
        cached_at=text(directory.asked_at) if was_known else None,
        total=len(there),
        matches=[_row(match, there[match.name], env) for match in shown],
        left_out=LeftOut(rows=len(found) - len(shown)),
        cursor=page.cursor(len(shown), len(found)),
    )


def _environments(known: Known, env: str) -> list[str]:
    """Give the environments that begin so, the most profiles first; an unnamed one counts where any does."""
    start = env.strip().casefold()
    fitting = [name for name in known.profiles if name.casefold().startswith(start)]
    return sorted(fitting, key=lambda name: (-known.profiles[name], name))


def _parted(query: str, there: dict[str, Known]) -> tuple[str, str]:
    """Divide a query of several words into a service and an environment that there is."""
    words = query.split()
    if len(words) < 2:
        return query, ""
    environments = {name.casefold(): name for known in there.values() for name in known.profiles if name}
    place = next((at for at in reversed(range(len(words))) if words[at].casefold() in environments), None)
    if place is None:
        return query, ""
    return " ".join(words[:place] + words[place + 1 :]), environments[words[place].casefold()]


def _count(known: Known, env: str) -> int:
    return sum(known.profiles[name] for name in _environments(known, env))


def _all(there: dict[str, Known], env: str) -> list[Match]:
    names = sorted(there, key=lambda name: (-_count(there[name], env), name))
    return [Match(name, 1.0, "any") for name in names]


def _row(match: Match, known: Known, env: str) -> ServiceRow:
    return ServiceRow(
        service=match.name,
        environments=[name for name in _environments(known, env) if name][:MOST_ENVIRONMENTS],
        versions=sorted(known.versions)[-MOST_VERSIONS:],
        runtimes=sorted(known.runtimes),
        profiles=_count(known, env),
        score=match.score,
        match_type=match.kind,
    )


def _nothing(directory: Directory, query: str, env: str, there: dict[str, Known]) -> str:
    if not directory.services:
        return "no service has profiles in this window: check site and keys, or widen hours"
    if not there:
        names = sorted({name for known in directory.services.values() for name in known.profiles if name})
        return f"no environment begins with {env!r}; there are: {', '.join(names[:_NAMED]) or 'none'}"
    if not bare(query):
        return f"{query!r} has no letter or digit to compare"
    most = ", ".join(match.name for match in _all(there, env)[:_NAMED])
    return f"no service is like {query!r}; there are {len(there)}, such as {most}"


def _next(shown: list[Match], there: dict[str, Known], env: str) -> list[NextCall]:
    if not shown:
        return []
    name = shown[0].name
    arguments = {"service": name}
    if env and (environments := [one for one in _environments(there[name], env) if one]):
        arguments["env"] = environments[0]
    return [next_call("datadog.profiles.list", "Its profiles.", **arguments)]
