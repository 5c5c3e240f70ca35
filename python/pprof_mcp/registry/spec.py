"""What is known about a tool once it is declared; everything the fronts show comes from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel

from pprof_mcp.registry.arguments import Kind, Parameter
from pprof_mcp.results.base import Result
from pprof_mcp.toolsets import Toolset


@dataclass(frozen=True)
class Effects:
    """What a call does to the world; the hints of the protocol.

    Attributes:
        read_only: Nothing is written and nothing is forgotten.
        destructive: Something that can not be had again may be lost.
        idempotent: A second call with the same arguments changes nothing more.
        open_world: It talks to something besides this machine's files.
    """

    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False


@dataclass(frozen=True)
class View:
    """What a tool says about a handle when it is asked nothing else: something to read under an address.

    Attributes:
        name: Last part of the address.
        of: What the handle must stand for.
        variables: Parameters that an address may also set; all others keep their defaults.
        title: For people, a few words; the tool's own when empty.
        summary: What is read there; the tool's own when empty.
    """

    name: str
    of: Literal["profile", "bundle"] = "profile"
    variables: tuple[str, ...] = ()
    title: str = ""
    summary: str = ""


@dataclass(frozen=True)
class ToolSpec:
    """A tool, described.

    Attributes:
        name: Dotted name, equal to the path of its file under `tools/`.
        title: For people, a few words.
        summary: First line of the docstring, at most 90 characters.
        description: The whole docstring; what an agent chooses by.
        since: Version that brought it.
        example: Arguments of one good call, for pages.
        parameters: All parameters, filters expanded; the session is not among them.
        session_parameter: Name of the parameter that gets the session, if any.
        params_model: Checks arguments, refusing unknown ones.
        result_model: What it answers.
        function: The function as written.
        effects: What a call does to the world.
        module: Name of the module it is written in.
        view: How its answer about a handle is addressed; None when it is a tool only.
        toolset: The group it is served with.
        explains_shared: Whether the list of tools describes shared options here, for all tools.
    """

    name: str
    title: str
    summary: str
    description: str
    since: str
    example: Mapping[str, Any]
    parameters: tuple[Parameter, ...]
    session_parameter: str | None
    params_model: type[BaseModel]
    result_model: type[Result]
    function: Callable[..., Result]
    effects: Effects
    module: str
    view: View | None = None
    explains_shared: bool = False
    toolset: Toolset = "analysis"

    @property
    def advertised(self) -> str:
        """The name most clients can take: with underscores."""
        return self.name.replace(".", "_")

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments.

        Raises:
            TypeError: It is too vague to publish.
        """
        from pprof_mcp.registry import schema

        return self._checked(schema.of_arguments(self.params_model))

    @property
    def shared(self) -> frozenset[str]:
        """Names of the options that many analyses share."""
        return frozenset(item.name for item in self.parameters if item.shared)

    @cached_property
    def listed_schema(self) -> dict[str, Any]:
        """The same as the list of tools shows it, all of which a model reads before it asks anything.

        Options that many tools share are described once, by the tool that `explains_shared`, and in the
        server's instructions; the others give their types alone.

        Raises:
            TypeError: As `input_schema`.
        """
        from pprof_mcp.registry import schema

        if self.explains_shared:
            return self.input_schema
        return schema.undescribed(self.input_schema, self.shared)

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema of every answer, error answers included.

        Raises:
            TypeError: It is too vague to publish.
        """
        from pprof_mcp.registry import schema

        return self._checked(schema.of_answers(self.result_model))

    def _checked(self, made: dict[str, Any]) -> dict[str, Any]:
        # Here and not when the tool is declared: a command shows no schema and must not pay for one.
        from pprof_mcp.registry import schema

        found = schema.problems(made)
        if found:
            raise TypeError(f"tool {self.name}: {'; '.join(found)}")
        return made

    @cached_property
    def limit_parameter(self) -> str | None:
        """The parameter that bounds the list of the answer, if there is one to make smaller."""
        names = {parameter.name for parameter in self.parameters}
        if "cursor" not in names:
            return None
        return next((name for name in ("nodecount", "max_paths", "limit") if name in names), None)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the parameters without a default."""
        return tuple(parameter.name for parameter in self.parameters if parameter.required)

    def size_parameter(self, arguments: Mapping[str, Any]) -> str | None:
        """Give the parameter that makes this answer smaller: the bytes of a text, else the rows of a list."""
        return "max_bytes" if arguments.get("format") == "text" else self.limit_parameter

    def parameters_of(self, kind: Kind) -> tuple[Parameter, ...]:
        """Give the parameters of one kind."""
        return tuple(parameter for parameter in self.parameters if parameter.kind is kind)
