"""pprof.detect_repo: which project a profile is of, and where its sources lie here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import Unpack

from pprof_mcp import _native
from pprof_mcp.filters import Filters
from pprof_mcp.insight.modules import Candidate, own_modules
from pprof_mcp.insight.runtime import runtime_of
from pprof_mcp.profile import Profile
from pprof_mcp.registry import INJECTED, Cli, tool
from pprof_mcp.reports import ask, exactly
from pprof_mcp.results import NextCall, Result, Row, next_call
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.sources.manifest import Manifest, manifests

Confidence = Literal["high", "medium", "low", "none"]


class ModuleRow(Row):
    """A module or project that own code of the profile seems to be of."""

    columns = ("path", "cum_share_pct", "functions")

    path: str = Field(description="Import path of a module, or the folder its files share.")
    cum_share_pct: float = Field(
        description="Its part of the cum of all own functions, in percent: how sure the guess is."
    )
    functions: int = Field(description="Its functions in the profile.")


class DetectRepoResult(Result):
    """A project and where it lies."""

    profile: str = Field(description="The profile, as it was given.")
    runtime: str | None = Field(
        description="go, python, ruby, node, java, php, dotnet, native; null: unknown."
    )
    module_paths: list[ModuleRow] = Field(description="Candidates, heaviest first, at most 5.")
    detected_root: str | None = Field(description="Folder of the sources; null when none was found.")
    manifest: str | None = Field(description="The file there that names the project.")
    confidence: Confidence = Field(
        description="high: a manifest names the module; medium: a module above or below it; low: only a "
        "folder of that name; none: nothing found."
    )
    detection_notes: list[str] = Field(description="What was looked at, and why this was chosen.")


@tool(
    "pprof.detect_repo",
    title="Find the project of a profile",
    since="0.1",
    toolset="sources",
    example={"profile": "handle:0123456789abcdef"},
)
def detect_repo(
    profile: Profile,
    *,
    search_paths: Annotated[
        list[str],
        Cli(("--search-path",)),
        Field(max_length=20, description="Folders to search; the allowed folders when none is given."),
    ] = [],  # noqa: B006 - read only
    session: Session = INJECTED,
    **filters: Unpack[Filters],
) -> DetectRepoResult:
    """Guess the user's own modules from a profile, and find their sources here.

    Use it before pprof.list and pprof.trace_source, which take the folder as source_paths. Modules are
    weighted by what their functions cost. Folders are searched for manifests (go.mod, pyproject.toml,
    package.json, Cargo.toml, composer.json, pom.xml) under the allowed folders only.
    """
    found = ask(_native.functions, profile, filters)
    rows = list(zip(found["name"], found["file"], found["cum"], strict=True))
    runtime = runtime_of((file, cum) for _, file, cum in rows)
    candidates = own_modules(rows, runtime)
    roots = _roots(session.fence, search_paths)
    notes = [f"searched {', '.join(str(root) for root in roots)}"]
    match, confidence = _match(candidates, manifests(session.fence, roots))
    if match:
        notes.append(f"{match.file} in {match.folder} names {match.name}")
    elif candidates:
        notes.append(f"no manifest names {candidates[0].path}")
    total = sum(candidate.weight for candidate in candidates)
    root = str(match.folder) if match else None
    warnings = list(found["warnings"])
    if not candidates:
        warnings.append("no function of the profile is the user's own code: are there names in it?")
    return DetectRepoResult(
        warnings=warnings,
        next=_next(profile, rows, candidates, root),
        profile=profile.reference,
        runtime=runtime,
        module_paths=[
            ModuleRow(
                path=candidate.path,
                cum_share_pct=round(candidate.weight / total * 100, 2) if total else 0,
                functions=candidate.functions,
            )
            for candidate in candidates
        ],
        detected_root=root,
        manifest=str(match.folder / match.file) if match else None,
        confidence=confidence,
        detection_notes=notes,
    )


def _roots(fence: Fence, given: list[str]) -> list[Path]:
    if given:
        return [Path(path) for path in given]
    # A shell has no fence: what lies around the working folder is meant.
    return list(fence.roots) if fence.roots is not None else [Path.cwd(), *Path.cwd().parents[:1]]


def _match(candidates: Sequence[Candidate], found: Iterable[Manifest]) -> tuple[Manifest | None, Confidence]:
    """Choose the manifest that fits the heaviest candidate best; the first that comes of several."""
    everything = list(found)
    for candidate in candidates:
        for confidence, fits in _FITS.items():
            for manifest in everything:
                if fits(candidate.path, manifest):
                    return manifest, confidence
    return None, "none"


_FITS: dict[Confidence, Callable[[str, Manifest], bool]] = {
    "high": lambda path, manifest: manifest.name == path,
    "medium": lambda path, manifest: (
        path.startswith(f"{manifest.name}/") or manifest.name.startswith(f"{path}/")
    ),
    "low": lambda path, manifest: (
        path.rstrip("/").rpartition("/")[2] in (manifest.name, manifest.folder.name)
    ),
}


def _next(
    profile: Profile, rows: list[tuple[str, str, int]], candidates: list[Candidate], root: str | None
) -> list[NextCall]:
    if not candidates or root is None:
        return []
    own = [row for row in rows if row[0].startswith((candidates[0].path, "main."))]
    if not own:
        return []
    name = min(own, key=lambda row: (-abs(row[2]), row[0]))[0]
    return [
        next_call(
            "pprof.trace_source",
            "The heaviest own function with its source.",
            profile=profile.reference,
            function=exactly(name),
            source_paths=[root],
        )
    ]
