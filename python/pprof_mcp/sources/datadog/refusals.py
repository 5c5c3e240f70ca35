"""What Datadog's refusals mean: which key, site or permission is wrong, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable

from pprof_mcp.errors import (
    ForbiddenError,
    NotConfiguredError,
    ProfileGoneError,
    SourceError,
    UnauthorizedError,
    WrongHostError,
)
from pprof_mcp.sources.datadog.settings import DatadogSettings
from pprof_mcp.sources.net.asking import Answer, facts, refusal

READ_PROFILES = "continuous_profiler_read"
"""Permission to list, download and explore profiles; in the role Datadog Read Only."""
QUERY_SERIES = "timeseries_query"
READ_METRICS = "metrics_read"
READ_EVENTS = "events_read"

UNOPENED_DAYS = 8
"""Days a profile is kept that nobody opened in the web application; a year when someone did.

Source: Datadog's documents.
"""

_PERMISSION = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)*_(?:read|query|write)\b")
"""How Datadog spells permissions."""


def check_configured(settings: DatadogSettings) -> None:
    """Refuse to ask without keys.

    Raises:
        NotConfiguredError: One is missing.
    """
    missing = [
        name for name, key in (("DD_API_KEY", settings.api_key), ("DD_APP_KEY", settings.app_key)) if not key
    ]
    if missing:
        raise NotConfiguredError(
            f"Datadog can not be asked: {' and '.join(missing)} not set",
            hint="Set DD_API_KEY, DD_APP_KEY and DD_SITE in the environment of this program.",
            details={"missing": missing},
        )


def explained(
    answer: Answer, site: str, permission: str, api_key_is_valid: Callable[[], bool | None]
) -> SourceError:
    """Give the error for an answer that is no good.

    Args:
        answer: The answer.
        site: Whose site was asked.
        permission: What the keys need for this.
        api_key_is_valid: Asks whether the API key is one of this site; None when that can not be told.
    """
    if answer.status not in (401, 403):
        return refusal(answer)
    said = f": {answer.words}" if answer.words else ""
    told = {**facts(answer), "site": site}
    what = f"{answer.request.what} ({answer.status})"
    named = _PERMISSION.search(answer.words)
    if named or "permission" in answer.words.lower() or "scope" in answer.words.lower():
        needed = named[0] if named else permission
        return ForbiddenError(
            f"the application key lacks the permission {needed} for {what}{said}",
            hint=f"Give the key in DD_APP_KEY the scope {needed}, or an unscoped key to a role that has it.",
            details={**told, "permission": needed},
        )
    valid = api_key_is_valid()
    if valid is False:
        return UnauthorizedError(
            f"the API key is unknown on {site} ({answer.status}){said}",
            hint=f"Check DD_API_KEY, and DD_SITE ({site}): a key works on the site it is of, and no other.",
            details={**told, "key": "DD_API_KEY"},
        )
    if valid is None:
        return UnauthorizedError(
            f"{answer.request.host} does not accept the keys for {what}{said}",
            hint=f"Check DD_API_KEY, DD_APP_KEY and DD_SITE ({site}), with datadog.doctor.",
            details=told,
        )
    return ForbiddenError(
        f"the API key is good on {site}, but the application key is wrong there, or lacks the permission "
        f"{permission} for {what}{said}",
        hint=f"Check DD_APP_KEY: of the same organisation and site, with {permission} or unscoped.",
        details={**told, "key": "DD_APP_KEY", "permission": permission},
    )


def gone(answer: Answer, profile_id: str) -> ProfileGoneError:
    """Say that a profile is not there, most likely no longer."""
    return ProfileGoneError(
        f"Datadog has no file of profile {profile_id[:80]} ({answer.status}): unknown, or no longer kept",
        hint=f"Profiles that nobody opened are kept {UNOPENED_DAYS} days; list again and pick a newer one.",
        details={**facts(answer), "profile_id": profile_id[:200]},
    )


def unknown_route(answer: Answer, site: str, hosts: list[str]) -> WrongHostError:
    """Say that no host of a site knows a route."""
    return WrongHostError(
        f"no host of {site} knows the way to {answer.request.what} ({answer.status} from {', '.join(hosts)})",
        hint="Check DD_SITE and PPROF_MCP_DD_BASE_URL, with datadog.doctor; the route may also have moved.",
        details={**facts(answer), "site": site, "hosts": hosts},
    )
