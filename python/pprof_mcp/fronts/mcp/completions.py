"""What a client offers while an argument of a prompt or an address is typed: handles and sample types.

Only what is open is looked at: nothing is read, and no handle lives longer for having been offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.fronts.mcp import addresses
from pprof_mcp.fronts.mcp.failures import invalid
from pprof_mcp.fronts.mcp.prompts import Prompts
from pprof_mcp.registry.prompts import Completes
from pprof_mcp.registry.spec import View
from pprof_mcp.session.handles import PREFIX, Record
from pprof_mcp.session.session import Session

MOST = 100
"""Source: specified; an answer holds no more values."""

SAMPLE_INDEX = "sample_index"


class Completions:
    """Completes arguments.

    Args:
        session: Where handles live.
        views: Whose templates have variables.
        prompts: Whose arguments can be completed.
    """

    def __init__(self, session: Session, views: Sequence[View], prompts: Prompts) -> None:
        self._session = session
        self._views = {addresses.template(view): view for view in views}
        self._prompts = prompts

    async def complete(
        self, _context: ServerRequestContext[Any], params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """Complete one argument; the best matches come first.

        Raises:
            MCPError: There is no such prompt, template or argument.
        """
        given = (params.context.arguments if params.context else None) or {}
        typed = params.argument.value
        try:
            if isinstance(params.ref, types.PromptReference):
                values = self._of_prompt(params.ref.name, params.argument.name, typed, given)
            else:
                values = self._of_template(params.ref.uri, params.argument.name, typed, given)
        except InvalidArgumentError as problem:
            raise invalid(problem) from problem
        completion = types.Completion(values=values[:MOST], total=len(values), has_more=len(values) > MOST)
        return types.CompleteResult(completion=completion)

    def _of_prompt(self, prompt: str, argument: str, typed: str, given: Mapping[str, str]) -> list[str]:
        arguments = self._prompts.named(prompt).arguments
        wanted = next((item for item in arguments if item.name == argument), None)
        if wanted is None:
            raise _unknown(argument, [item.name for item in arguments])
        if wanted.completes is Completes.SAMPLE_TYPE:
            handles = [item.name for item in arguments if item.completes is Completes.PROFILE]
            return self._sample_types(typed, [given[name] for name in handles if given.get(name)])
        if wanted.completes is None:
            return []
        records = self._session.records()
        if wanted.completes is Completes.PROFILE:
            records = [record for record in records if not record.is_bundle]
        return [record.handle for record in _matching(records, typed)]

    def _of_template(self, uri: str, argument: str, typed: str, given: Mapping[str, str]) -> list[str]:
        view = self._views.get(uri)
        if view is None:
            raise InvalidArgumentError(
                f"there is no template {uri[:200]!r}",
                hint=f"Templates: {', '.join(self._views)}.",
                details={"argument": "uri", "available": list(self._views)},
            )
        if argument == addresses.HANDLE:
            of_bundles = view.of == "bundle"
            records = [record for record in self._session.records() if record.is_bundle == of_bundles]
            return [record.handle.removeprefix(PREFIX) for record in _matching(records, typed)]
        if argument not in view.variables:
            raise _unknown(argument, [addresses.HANDLE, *view.variables])
        if argument != SAMPLE_INDEX:
            return []
        handle = given.get(addresses.HANDLE)
        return self._sample_types(typed, [PREFIX + handle.removeprefix(PREFIX)] if handle else [])

    def _sample_types(self, typed: str, references: Sequence[str]) -> list[str]:
        """Give the sample types of what is named, or of all that is open when nothing is."""
        records = self._session.records()
        if references:
            records = [record for reference in references for record in _named(records, reference)]
        every = dict.fromkeys(name for record in records for name in record.sample_types)
        return _by_match(every, typed)


def _named(records: Sequence[Record], reference: str) -> list[Record]:
    """Find what a reference names: a handle, a member of a bundle, or a path that was opened."""
    handle, _, selector = reference.partition("#")
    for record in records:
        if record.handle == handle and record.is_bundle:
            members = dict(record.members)
            named = {members[selector]} if selector in members else set(members.values())
            found = [member for member in records if member.handle in named]
            of_kind = [member for member in found if selector in member.kinds]
            return of_kind or found
    return [record for record in records if reference == record.reference or handle == record.handle]


def _matching(records: Iterable[Record], typed: str) -> list[Record]:
    """Choose and sort records: by the handle's digits, then kind or file name, then any part of the path."""
    wanted = typed.lower()

    def rank(record: Record) -> int | None:
        kind, path = record.kinds[0].lower(), record.reference.lower()
        file = path.replace("\\", "/").rpartition("/")[2]
        if record.handle.startswith(wanted) or record.handle.removeprefix(PREFIX).startswith(wanted):
            return 0
        if kind.startswith(wanted) or file.startswith(wanted):
            return 1
        return 2 if wanted in path else None

    ranked = [(found, record) for record in records if (found := rank(record)) is not None]
    # A bundle stands for all its profiles; else what was used last is most likely meant.
    ranked.sort(key=lambda pair: (pair[0], not pair[1].is_bundle, -pair[1].used, pair[1].handle))
    return [record for _, record in ranked]


def _by_match(names: Iterable[str], typed: str) -> list[str]:
    wanted = typed.lower()
    found = [name for name in names if wanted in name.lower()]
    return sorted(found, key=lambda name: (not name.lower().startswith(wanted), name))


def _unknown(argument: str, valid: Sequence[str]) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"there is no argument {argument[:60]!r}",
        hint=f"Arguments: {', '.join(valid)}.",
        details={"argument": argument[:60], "available": list(valid)},
    )
