"""Grafana Pyroscope: which profile types there are, and merged profiles of a window.

Source: `querier.v1.QuerierService` as published, asked by the Connect protocol: a POST to the name of the
method, messages in protobuf (`application/proto`) or JSON, a refusal as JSON with a code. Profiles come from
`SelectMergeStacktraces` with the format pprof; servers that know no such format ignore it, and are asked
by `SelectMergeProfile`, which newer ones are to drop. Times are in milliseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pprof_mcp.errors import (
    BadAnswerError,
    InvalidArgumentError,
    ProfileGoneError,
    RefusedError,
    SourceError,
    UnauthorizedError,
)
from pprof_mcp.sources import profile_types
from pprof_mcp.sources.gate import Gate
from pprof_mcp.sources.net.asking import Answer
from pprof_mcp.sources.protobuf import MalformedError, message, submessage

SERVICE = "querier.v1.QuerierService"
FORMAT_PPROF = 4
PPROF, PROFILE = 5, 1
"""The field of the answer that holds a profile, and the field in it that is the profile."""
UNKNOWN_METHOD = frozenset({404, 405, 415, 501})
_CONNECT = {"Connect-Protocol-Version": "1"}


@dataclass(frozen=True)
class Pyroscope:
    """A Pyroscope.

    Attributes:
        gate: Asks.
        base: Its address; behind Grafana that of the data source's proxy.
    """

    gate: Gate
    base: str

    def types(self, window: tuple[int, int]) -> list[str]:
        """Give the profile types of a window, sorted.

        Args:
            window: Beginning and end, in milliseconds since 1970.

        Raises:
            SourceError: It can not be asked, or does not answer as Pyroscope does.
        """
        start, end = (str(one) for one in window)
        answer = self._post_json("ProfileTypes", "the profile types", {"start": start, "end": end})
        rows: Any = answer.get("profileTypes") or []
        if not isinstance(rows, list):
            raise self._strange("the profile types")
        dicts = [cast("dict[str, Any]", row) for row in cast("list[Any]", rows) if isinstance(row, dict)]
        found = [str(row.get("ID", "")) for row in dicts]
        return sorted({one for one in found if profile_types.is_type(one)})

    def services(self, window: tuple[int, int]) -> list[str]:
        """Give the values of `service_name` in a window.

        Raises:
            SourceError: As `types`.
        """
        start, end = (str(one) for one in window)
        asked = {"name": "service_name", "start": start, "end": end}
        answer = self._post_json("LabelValues", "the services", asked)
        names: Any = answer.get("names") or []
        return sorted(str(name) for name in cast("list[Any]", names)) if isinstance(names, list) else []

    def profile(self, profile_type: str, selector: str, start: int, end: int) -> bytes:
        """Give the merged profile of a window.

        Args:
            profile_type: `name:type:unit:period type:period unit`.
            selector: Labels in braces: `{service_name="shop"}`.
            start: Milliseconds since 1970.
            end: The same.

        Returns:
            The profile; no bytes when nothing matched.

        Raises:
            InvalidArgumentError: The selector is not understood.
            SourceError: As `types`.
        """
        asked = ((1, profile_type), (2, selector), (3, start), (4, end))
        what = f"the profile {profile_type}"
        answer = self._post("SelectMergeStacktraces", what, message(*asked, (6, FORMAT_PPROF)))
        if answer.is_good:
            try:
                wrapped = submessage(answer.body, PPROF)
                if wrapped is not None or not answer.body:
                    return submessage(wrapped or b"", PROFILE) or b""
            except MalformedError:
                raise self._strange(what) from None
        elif answer.status not in UNKNOWN_METHOD:
            raise self._refusal(answer, selector)
        older = self._post("SelectMergeProfile", what, message(*asked))
        if not older.is_good:
            raise self._refusal(older, selector)
        return older.body

    def save(self, profile_type: str, selector: str, window: tuple[int, int], target: Path) -> None:
        """Write the merged profile of a window to a file.

        Raises:
            ProfileGoneError: Nothing matched.
            PprofMcpError: As `profile`.
        """
        content = self.profile(profile_type, selector, *window)
        if not content:
            raise ProfileGoneError(
                f"{self.base} has no {profile_type} profile that matches {selector} in the window",
                hint="Widen the window, or list what there is: service names are label values there.",
                details={"selector": selector, "type": profile_type},
            )
        target.write_bytes(content)

    def _post_json(self, method: str, what: str, content: dict[str, str]) -> dict[str, Any]:
        import json

        headers = {**_CONNECT, "Content-Type": "application/json", "Accept": "application/json"}
        body = json.dumps(content).encode()
        answer = self._asked(method, what, body, headers)
        if not answer.is_good:
            raise self._refusal(answer, "")
        found: Any = answer.json()
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise self._strange(what)
        return cast("dict[str, Any]", found)

    def _post(self, method: str, what: str, body: bytes) -> Answer:
        answer = self._asked(method, what, body, {**_CONNECT, "Content-Type": "application/proto"})
        if answer.is_good and answer.is_html:
            answer.json()
        return answer

    def _asked(self, method: str, what: str, body: bytes, headers: dict[str, str]) -> Answer:
        url = f"{self.base}/{SERVICE}/{method}"
        return self.gate.ask(self.gate.request(url, what, method="POST", body=body, headers=headers))

    def _refusal(self, answer: Answer, selector: str) -> Exception:
        code = ""
        if not answer.is_html:
            try:
                found: Any = answer.json()
                code = str(cast("dict[str, Any]", found).get("code", "")) if isinstance(found, dict) else ""
            except BadAnswerError:
                code = ""
        told = {"host": answer.request.host, "status": answer.status, "code": code}
        if code == "invalid_argument" and selector:
            return InvalidArgumentError(
                f"Pyroscope does not understand {selector}: {answer.words}",
                hint='Labels are written as {service_name="shop", region=~"eu-.*"}.',
                details={"argument": "query"},
            )
        if answer.status == 401 and "no org id" in answer.words:
            return UnauthorizedError(
                f"{answer.request.host} wants to know the tenant (X-Scope-OrgID)",
                hint="Set PPROF_MCP_HOST_HEADERS to `HOST X-Scope-OrgID: TENANT`.",
                details=told,
            )
        try:
            self.gate.checked(answer)
        except SourceError as problem:
            return problem
        return RefusedError(f"{answer.request.host} refused {answer.request.what}", details=told)

    def _strange(self, what: str) -> BadAnswerError:
        return BadAnswerError(
            f"{self.base} answered {what} with something that Pyroscope does not say",
            hint="Check the address: it ends before /querier.v1.QuerierService; the usual port is 4040.",
            details={"url": self.base},
        )
