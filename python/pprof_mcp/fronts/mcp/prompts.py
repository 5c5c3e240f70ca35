"""Prompts over MCP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.fronts.mcp.failures import invalid
from pprof_mcp.fronts.mcp.spelling import Spelling
from pprof_mcp.registry.prompts import Prompt


class Prompts:
    """Lists and writes prompts.

    Args:
        prompts: The prompts.
        spelling: How tools are called here.
    """

    def __init__(self, prompts: Sequence[Prompt], spelling: Spelling) -> None:
        self._prompts = {prompt.name: prompt for prompt in prompts}
        self._spelling = spelling
        self.listed = [_listed(prompt) for prompt in prompts]

    def named(self, name: str) -> Prompt:
        """Give a prompt.

        Raises:
            InvalidArgumentError: There is none of that name.
        """
        found = self._prompts.get(name)
        if found is None:
            raise InvalidArgumentError(
                f"there is no prompt {name[:80]!r}",
                hint=f"Prompts: {', '.join(self._prompts)}.",
                details={"argument": "name", "available": list(self._prompts)},
            )
        return found

    async def list_prompts(
        self, _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        """Give all prompts, always in the same order."""
        return types.ListPromptsResult(prompts=self.listed)

    async def get_prompt(
        self, _context: ServerRequestContext[Any], params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """Write the message of a prompt.

        Raises:
            MCPError: There is no such prompt, or an argument is missing, unknown or too long.
        """
        try:
            prompt = self.named(params.name)
            text = self._spelling.text(prompt.text(params.arguments or {}))
        except InvalidArgumentError as problem:
            raise invalid(problem) from problem
        content = types.TextContent(type="text", text=text)
        message = types.PromptMessage(role="user", content=content)
        return types.GetPromptResult(description=prompt.description, messages=[message])


def _listed(prompt: Prompt) -> types.Prompt:
    return types.Prompt(
        name=prompt.name,
        title=prompt.title,
        description=prompt.description,
        arguments=[
            types.PromptArgument(name=item.name, description=item.description, required=item.required)
            for item in prompt.arguments
        ],
    )
