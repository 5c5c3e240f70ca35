"""`@tool`: reads a function once and refuses, at import, what could not be described."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model
from typing_extensions import ParamSpec, TypeVar, Unpack, is_typeddict, override

from pprof_mcp.filters import SHARED
from pprof_mcp.registry.arguments import Kind, Parameter, parameter
from pprof_mcp.registry.spec import Effects, ToolSpec, View
from pprof_mcp.results.base import Result
from pprof_mcp.toolsets import Toolset

P = ParamSpec("P")
R = TypeVar("R", bound=Result)

PACKAGE = "pprof_mcp.tools."
SUMMARY_LENGTH = 90
DESCRIPTION_BYTES = 1_000


class Arguments(BaseModel):
    """Base of all parameter models: unknown arguments are refused."""

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, use_attribute_docstrings=False, defer_build=True
    )


class Tool(Generic[P, R]):
    """A declared tool, still a plain function to its callers.

    A call goes the way the fronts go: arguments are checked, references resolved, and the result is the same
    model.
    """

    def __init__(self, spec: ToolSpec) -> None:
        self.spec = spec
        self.__doc__ = spec.description
        self.__name__ = spec.name.rpartition(".")[2]
        self.__module__ = spec.module
        self.__wrapped__ = spec.function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it as a function, in the session of this process.

        Raises:
            PprofMcpError: As the tool says.
            TypeError: It has no such parameter.
        """
        from pprof_mcp.registry.run import run
        from pprof_mcp.session.session import default_session

        bound = inspect.signature(self.spec.function).bind_partial(*args, **kwargs)
        given = dict(bound.arguments)
        for name, item in inspect.signature(self.spec.function).parameters.items():
            if item.kind is inspect.Parameter.VAR_KEYWORD:
                given.update(given.pop(name, {}))
        session = given.pop(self.spec.session_parameter or "", None) or default_session()
        return cast("R", run(self.spec, given, session=session))

    @override
    def __repr__(self) -> str:
        return f"<tool {self.spec.name}>"


def tool(
    name: str,
    *,
    title: str,
    since: str,
    example: Mapping[str, Any],
    effects: Effects | None = None,
    view: View | None = None,
    explains_shared: bool = False,
    toolset: Toolset = "analysis",
) -> Callable[[Callable[P, R]], Tool[P, R]]:
    """Declare a tool.

    Args:
        name: Dotted name; must equal the file's path under `tools/` and end in the function's name.
        title: For people, a few words.
        since: Version that brings it.
        example: Arguments of one good call.
        effects: What a call does to the world; reading files only when not given.
        view: Offers its answer about each handle as something to read, too.
        toolset: The group it is served with.
        explains_shared: Describes the options that many tools share in the list of tools, for all of them.

    Returns:
        The decorator.

    Raises:
        TypeError: On decoration, when the function can not be described: a parameter without description or
            type, a docstring that is missing or too long, an answer that is no `Result`, a wrong name; a view
            of something that needs more than a handle. Fields of answers are looked at when the schema is
            made: at the start of a server, and by the contract tests.
    """

    def declare(function: Callable[P, R]) -> Tool[P, R]:
        told = _Told(name, title, since, example, effects or Effects(), view, explains_shared, toolset)
        try:
            return Tool(_describe(function, told))
        except TypeError as problem:
            raise TypeError(f"tool {name}: {problem}") from problem

    return declare


@dataclass(frozen=True)
class _Told:
    """What the decorator was told; the rest is read from the function."""

    name: str
    title: str
    since: str
    example: Mapping[str, Any]
    effects: Effects
    view: View | None
    explains_shared: bool
    toolset: Toolset


def _describe(function: Callable[..., Result], told: _Told) -> ToolSpec:
    _check_name(function, told.name)
    description = inspect.cleandoc(function.__doc__ or "")
    summary = description.partition("\n")[0]
    if not summary or len(summary) > SUMMARY_LENGTH or not summary.endswith("."):
        raise TypeError(
            f"the first line of its docstring must be a sentence of at most {SUMMARY_LENGTH} characters"
        )
    if len(description.encode()) > DESCRIPTION_BYTES:
        raise TypeError(f"its docstring is over {DESCRIPTION_BYTES} bytes; clients cut it")
    hints = get_type_hints(function, include_extras=True)
    result = hints.pop("return", None)
    if not (isinstance(result, type) and issubclass(result, Result) and result is not Result):
        raise TypeError("its return annotation must be a subclass of Result")
    every = _parameters(function, hints)
    shown = tuple(item for item in every if item.kind is not Kind.SESSION)
    spec = ToolSpec(
        name=told.name,
        title=told.title,
        summary=summary,
        description=description,
        since=told.since,
        example=told.example,
        parameters=shown,
        session_parameter=next((item.name for item in every if item.kind is Kind.SESSION), None),
        params_model=_params_model(told.name, shown),
        result_model=result,
        function=function,
        effects=told.effects,
        module=function.__module__,
        view=told.view,
        explains_shared=told.explains_shared,
        toolset=told.toolset,
    )
    _check_description(spec)
    return spec


def _check_description(spec: ToolSpec) -> None:
    found: list[str] = []
    unknown = spec.example.keys() - {item.name for item in spec.parameters}
    if unknown:
        found.append(f"its example has arguments it does not take: {', '.join(sorted(unknown))}")
    if spec.view is not None:
        found.extend(_problems_of_view(spec, spec.view))
    if found:
        raise TypeError("; ".join(found))


def _problems_of_view(spec: ToolSpec, view: View) -> list[str]:
    found: list[str] = []
    if not re.fullmatch(r"[a-z][a-z0-9_]*", view.name):
        found.append(f"{view.name!r} can not be the last part of an address")
    if len(spec.required) != 1:
        found.append("a view is told nothing but a handle, and this needs more or less than one argument")
    if not spec.effects.read_only:
        found.append("a view changes nothing")
    unknown = set(view.variables) - {item.name for item in spec.parameters}
    if unknown:
        found.append(f"its view has variables it does not take: {', '.join(sorted(unknown))}")
    return found


def _check_name(function: Callable[..., object], name: str) -> None:
    module = function.__module__
    if module.startswith(PACKAGE) and module.removeprefix(PACKAGE) != name:
        raise TypeError(f"its file says {module.removeprefix(PACKAGE)}; name and path must be equal")
    if function.__name__ != name.rpartition(".")[2]:
        raise TypeError(f"its function is called {function.__name__}")


def _parameters(function: Callable[..., object], hints: Mapping[str, Any]) -> tuple[Parameter, ...]:
    own: list[Parameter] = []
    shared: list[Parameter] = []
    for item in inspect.signature(function).parameters.values():
        if item.kind is inspect.Parameter.VAR_POSITIONAL:
            raise TypeError(f"*{item.name} can not be described")
        if item.kind is inspect.Parameter.VAR_KEYWORD:
            shared.extend(_expanded(item.name, hints.get(item.name)))
            continue
        default = ... if item.default is inspect.Parameter.empty else item.default
        own.append(parameter(item.name, hints.get(item.name), default))
    names = [item.name for item in own + shared]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise TypeError(f"parameters declared twice: {', '.join(sorted(twice))}")
    return (*own, *shared)


def _expanded(name: str, annotation: Any) -> list[Parameter]:
    options = get_args(annotation)[0] if get_origin(annotation) is Unpack else None
    if options is None or not is_typeddict(options):
        raise TypeError(f"**{name} must be Unpack of a TypedDict")
    hints = get_type_hints(options, include_extras=True)
    return [parameter(key, hint, ..., shared=key in SHARED) for key, hint in hints.items()]


def _params_model(name: str, parameters: tuple[Parameter, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {item.name: (item.field.annotation, item.field) for item in parameters}
    title = "".join(part.capitalize() for part in name.replace(".", "_").split("_")) + "Arguments"
    return create_model(title, __base__=Arguments, **fields)
