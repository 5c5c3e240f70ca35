"""repo.services.discover: the programs and services of a checkout."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.insight.services import declared_services
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.results import Cursor, LeftOut, Result, Row, page_of
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.sources.manifest import MAX_DEPTH, MAX_FOLDERS, SKIPPED, entries, read_text

How = Literal["declared", "guessed"]

_READ = re.compile(
    r"^(?:Dockerfile.*|docker-compose.*\.ya?ml|compose.*\.ya?ml|Procfile|.*\.env|.*\.ya?ml|main\.go|app\.py)$"
)
"""Files that may name a service. Source: chosen, after where tracers are told their names."""


class ServiceRow(Row):
    """A program, and the service it runs as."""

    columns = ("service", "how", "binary", "path", "evidence")

    service: str = Field(description="Name of the service.")
    how: How = Field(description="declared: a file sets it; guessed: it is the name of the program.")
    binary: str | None = Field(description="The program; null where only the service is known.")
    path: str = Field(description="Folder of the program, below repo_root.")
    evidence: str = Field(description="The file that says so, below repo_root.")


class ServicesResult(Result):
    """Services of a checkout, by name."""

    repo_root: str = Field(description="The folder that was looked through.")
    folders: int = Field(description="Folders looked at.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next services; null at the end.")
    services: list[ServiceRow] = Field(description="The services.")
    left_out: LeftOut = Field(description="Services before and behind these.")


@tool(
    "repo.services.discover",
    title="Services of a checkout",
    since="0.1",
    toolset="sources",
    example={"repo_root": "."},
)
def discover(
    repo_root: Annotated[
        str,
        Field(min_length=1, max_length=4_096, description="Folder of the checkout."),
        Cli(positional=True),
    ] = ".",
    *,
    limit: Annotated[int, Field(ge=1, le=500, description="Services at most.")] = 30,
    cursor: Cursor = "",
    session: Session = INJECTED,
) -> ServicesResult:
    """List the programs in a checkout and the services they run as.

    Use it to learn the name under which a service's profiles are kept. Declared names come from DD_SERVICE
    and OTEL_SERVICE_NAME in Dockerfiles, compose files, manifests of Kubernetes, .env files and code; guessed
    ones are the names of programs (main packages, entry points, compose services). To find the project of a
    profile use pprof.detect_repo.
    """
    page = page_of(cursor, limit)
    root = Path(repo_root)
    if not session.fence.resolve(root).is_dir():
        raise InvalidArgumentError(
            f"repo_root {repo_root!r} is no folder",
            hint="Name the folder of a checkout under the allowed folders.",
            details={"argument": "repo_root"},
        )
    walk = _Walk(session.fence, root)
    rows = sorted(walk.services(), key=lambda row: (row.service, row.path, row.evidence))
    shown = rows[page.offset : page.offset + page.limit]
    warnings: list[str] = []
    if not rows:
        warnings.append(f"no program and no service name found in {walk.folders} folders")
    if walk.folders >= MAX_FOLDERS:
        warnings.append(f"stopped after {MAX_FOLDERS} folders")
    return ServicesResult(
        warnings=warnings,
        next=[],
        repo_root=repo_root,
        folders=walk.folders,
        cursor=page.cursor(len(shown), len(rows)),
        services=shown,
        left_out=LeftOut(rows=len(rows) - len(shown)),
    )


class _Walk:
    """Looks through the folders near the top of a checkout."""

    def __init__(self, fence: Fence, root: Path) -> None:
        self._fence = fence
        self._root = root
        self.folders = 0

    def services(self) -> list[ServiceRow]:
        """Find services; a declared name of a folder replaces the guesses about it."""
        declared: dict[tuple[str, str], ServiceRow] = {}
        guessed: dict[tuple[str, str], ServiceRow] = {}
        for folder, files in self._folders():
            place = self._below(folder)
            for path in files:
                text = read_text(self._fence, path)
                if text is None:
                    continue
                evidence = self._below(path)
                for name in declared_services(text):
                    row = ServiceRow(service=name, how="declared", binary=None, path=place, evidence=evidence)
                    declared.setdefault((name, place), row)
                for name in _programs(path, text):
                    row = ServiceRow(service=name, how="guessed", binary=name, path=place, evidence=evidence)
                    guessed.setdefault((name, place), row)
        places = {place for _, place in declared}
        for (_, place), row in guessed.items():
            if place in places:
                for key, known in declared.items():
                    if key[1] == place and known.binary is None:
                        declared[key] = known.model_copy(update={"binary": row.binary})
        return [*declared.values(), *(row for (_, place), row in guessed.items() if place not in places)]

    def _folders(self) -> Iterator[tuple[Path, list[Path]]]:
        level = [self._root]
        for _ in range(MAX_DEPTH + 1):
            deeper: list[Path] = []
            for folder in level:
                if self.folders >= MAX_FOLDERS:
                    return
                self.folders += 1
                inside = entries(self._fence, folder)
                yield folder, [path for path in inside if _is_read(path)]
                deeper.extend(path for path in inside if _is_folder(path))
            level = deeper

    def _below(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _is_folder(path: Path) -> bool:
    return path.name not in SKIPPED and not path.name.startswith(".") and "." not in path.name


def _is_read(path: Path) -> bool:
    return bool(_READ.match(path.name)) or path.name in (
        "pyproject.toml",
        "package.json",
        "go.mod",
        "Cargo.toml",
    )


def _programs(path: Path, text: str) -> Iterator[str]:
    """Programs that a file stands for."""
    if path.name == "main.go" and re.search(r"^package main\b", text, re.MULTILINE):
        yield path.parent.name or path.resolve().parent.name
    elif path.name == "pyproject.toml":
        section = re.search(r"^\[project\.scripts\]\s*$((?:(?!^\[).*\n?)*)", text, re.MULTILINE)
        yield from re.findall(r"^[\"']?([\w.-]+)[\"']?\s*=", section[1] if section else "", re.MULTILINE)
    elif path.name == "package.json":
        yield from _node_programs(text)
    elif path.name == "Procfile":
        yield from re.findall(r"^([\w-]+):\s*\S", text, re.MULTILINE)
    elif "compose" in path.name:
        section = re.search(r"^services:\s*$((?:(?:[ \t].*)?\n?)*)", text, re.MULTILINE)
        body = section[1] if section else ""
        indents = [len(line) - len(line.lstrip()) for line in body.splitlines() if line.strip()]
        if indents:
            yield from re.findall(rf"^ {{{min(indents)}}}([\w.-]+):\s*$", body, re.MULTILINE)


def _node_programs(text: str) -> Iterator[str]:
    try:
        data = json.loads(text)
    except ValueError:
        return
    if not isinstance(data, dict):
        return
    package = cast("dict[str, Any]", data)
    commands = package.get("bin")
    if isinstance(commands, dict):
        yield from sorted(str(name) for name in cast("dict[str, Any]", commands))
    elif "start" in (package.get("scripts") or {}) and isinstance(package.get("name"), str):
        yield package["name"]
