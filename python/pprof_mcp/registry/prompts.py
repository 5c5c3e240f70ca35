"""`@prompt`: a workflow as a message; one file under `prompts/` is one prompt, and its name is the file's.

A prompt is a function from texts to a text: its parameters become the prompt's arguments, its docstring the
description. Tools are named in it by their dotted names; a front spells them as it advertises them.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.registry.arguments import REFERENCE_LENGTH

PACKAGE = "pprof_mcp.prompts"
DESCRIPTION_LENGTH = 300
"""Longest description, in characters (chosen: a line or two of a menu)."""


class Completes(Enum):
    """What a client can offer while an argument is typed."""

    PROFILE = "profile"
    CAPTURE = "capture"
    SAMPLE_TYPE = "sample type"


@dataclass(frozen=True)
class PromptArgument:
    """One argument of a prompt.

    Attributes:
        name: Its name.
        description: What to give.
        required: Whether the prompt makes no sense without it.
        completes: What a client can offer for it; None when nobody can know.
    """

    name: str
    description: str
    required: bool
    completes: Completes | None


@dataclass(frozen=True)
class Prompt:
    """A prompt, described.

    Attributes:
        name: Its name, equal to that of its file under `prompts/`.
        title: For people, a few words.
        description: What it is for.
        arguments: Its arguments, in order.
        function: The function as written.
    """

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...]
    function: Callable[..., str]

    def text(self, given: Mapping[str, str]) -> str:
        """Write the message.

        Args:
            given: Arguments by name; an empty one counts as not given, since forms send what was left empty.

        Returns:
            Markdown. What was given stands in it as a JSON string, ready to be put into a call.

        Raises:
            InvalidArgumentError: An argument is missing, unknown or too long.
        """
        valid = [item.name for item in self.arguments]
        unknown = sorted(set(given) - set(valid))
        if unknown:
            raise InvalidArgumentError(
                f"the prompt {self.name} takes no argument {unknown[0][:60]!r}",
                hint=f"Valid names: {', '.join(valid)}.",
                details={"argument": unknown[0][:60], "available": valid},
            )
        missing = [item.name for item in self.arguments if item.required and not given.get(item.name)]
        if missing:
            described = next(item.description for item in self.arguments if item.name == missing[0])
            raise InvalidArgumentError(
                f"the prompt {self.name} needs the argument {missing[0]}",
                hint=f"{missing[0]}: {described}",
                details={"argument": missing[0]},
            )
        long = [name for name, value in given.items() if len(value) > REFERENCE_LENGTH]
        if long:
            raise InvalidArgumentError(
                f"{long[0]} has {len(given[long[0]])} characters, {REFERENCE_LENGTH} are allowed",
                details={"argument": long[0], "limit": REFERENCE_LENGTH},
            )
        quoted = {name: json.dumps(value, ensure_ascii=False) for name, value in given.items() if value}
        return inspect.cleandoc(self.function(**quoted)) + "\n"


def prompt(*, title: str) -> Callable[[Callable[..., str]], Prompt]:
    """Declare a prompt.

    Args:
        title: For people, a few words.

    Returns:
        The decorator. The function gets each argument as a quoted text, or empty when it was not given.

    Raises:
        TypeError: On decoration, when the function can not be described.
    """

    def declare(function: Callable[..., str]) -> Prompt:
        try:
            return _describe(function, title)
        except TypeError as problem:
            raise TypeError(f"prompt {function.__name__}: {problem}") from problem

    return declare


def _describe(function: Callable[..., str], title: str) -> Prompt:
    description = " ".join(inspect.cleandoc(function.__doc__ or "").split())
    if not 10 <= len(description) <= DESCRIPTION_LENGTH:
        raise TypeError(f"its docstring must have 10 to {DESCRIPTION_LENGTH} characters")
    hints = get_type_hints(function, include_extras=True)
    arguments = tuple(
        _argument(item, hints.get(item.name)) for item in inspect.signature(function).parameters.values()
    )
    return Prompt(function.__name__, title, description, arguments, function)


def _argument(item: inspect.Parameter, annotation: Any) -> PromptArgument:
    extras: tuple[Any, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        extras = tuple(rest)
    if annotation is not str or item.default not in (inspect.Parameter.empty, ""):
        raise TypeError(f"{item.name} must be a text, without a default or with an empty one")
    description = next((extra.description for extra in extras if isinstance(extra, FieldInfo)), None)
    if not description:
        raise TypeError(f"{item.name} has no description: write Annotated[str, Field(description=...)]")
    completes = next((extra for extra in extras if isinstance(extra, Completes)), None)
    return PromptArgument(item.name, description, item.default is inspect.Parameter.empty, completes)


@cache
def load_prompts() -> tuple[Prompt, ...]:
    """Import every prompt, sorted by name.

    Raises:
        TypeError: A file does not declare the prompt of its name.
    """
    package = importlib.import_module(PACKAGE)
    found: list[Prompt] = []
    for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        declared: Any = getattr(importlib.import_module(f"{PACKAGE}.{name}"), name, None)
        if not isinstance(declared, Prompt) or declared.name != name:
            raise TypeError(f"{PACKAGE}.{name} does not declare the prompt {name}")
        found.append(declared)
    return tuple(found)
