"""Whose code a function is: the user's own, third-party, or the standard library's and runtime's."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Literal

from pprof_mcp.insight.frames import go_package

Origin = Literal["own", "third_party", "standard", "unknown"]

GO_STANDARD = frozenset({
    "archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug",
    "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index",
    "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect",
    "regexp", "runtime", "slices", "sort", "strconv", "strings", "structs", "sync", "syscall", "testing",
    "text", "time", "type:", "unicode", "unique", "unsafe", "vendor", "weak",
})  # fmt: skip
"""First elements of import paths of Go's standard library. Source: the folders of its `src`."""

_GO_MODULE = re.compile(r"(?:^|/pkg/mod/|/)(?P<package>[^@]+)@(?P<version>v[^/]+)/")
_GO_VENDORED = re.compile(r"(?:^|/)vendor/(?P<package>[^/]+\.[^/]+/[^/]+/[^/]+|[^/]+\.[^/]+/[^/]+)/")

_THIRD_PARTY = {
    "python": re.compile(r"(?:site|dist)-packages/(?P<package>[^/]+?)(?:\.py)?(?:/|$)"),
    "node": re.compile(r"(?:^|.*/)node_modules/(?P<package>@[^/]+/[^/]+|[^/]+)/"),
    "ruby": re.compile(r"(?:^|.*/)gems/(?P<package>[^/]+)-(?P<version>\d[^/]*)/"),
    "php": re.compile(
        r"(?:^|/)(?:vendor/(?P<package>[^/]+/[^/]+)/|(?P<wordpress>wp-(?:includes|admin)|wp-content/plugins/[^/]+)/)"
    ),
    "native": re.compile(r"/\.cargo/registry/src/[^/]+/(?P<package>[^/]+)-(?P<version>\d[^/]*)/"),
}
"""Where package managers put what they install. Source: pip, npm, RubyGems, Composer, Cargo."""

_STANDARD_FILE = {
    "python": re.compile(r"(?:^|/)lib(?:64)?/python\d[^/]*/|^<frozen |^<string>$|^$"),
    "node": re.compile(r"^node:|^internal/|^$"),
    "ruby": re.compile(r"(?:^|/)lib/ruby/\d|^<internal:"),
    "native": re.compile(r"^/rustc/|/rustlib/src/|^/usr/|^/build/glibc|^\.\./(?:sysdeps|nptl|csu)/|^\./"),
}
"""Where runtimes and system libraries come from. Source: CPython, Node, Ruby, rustc, glibc."""

_STANDARD_NAME = {
    "java": re.compile(r"^(?:java|javax|jdk|sun|com\.sun|kotlin|scala)[./]"),
    "dotnet": re.compile(r"^(?:System|Microsoft|Interop)[.!]"),
    "node": re.compile(r"^\("),
    "php": re.compile(r"^[a-z0-9_]+$|^[\w-]+\|"),
}
"""Names of standard libraries where files do not tell. Source: the runtimes' own packages."""

_JAVA_THIRD_PARTY = re.compile(r"^(?P<package>(?:org|io|com|net)[./][a-z0-9_]+(?:[./][a-z0-9_]+)?)[./]")
"""Well-known frameworks; everything else of the JVM counts as the user's own. Source: chosen."""
_JAVA_KNOWN = re.compile(
    r"^(?:org[./](?:apache|springframework|hibernate|eclipse|jboss|slf4j|postgresql)|io[./](?:netty|grpc|"
    r"micrometer|vertx)|com[./](?:google|fasterxml|zaxxer|mysql|datadog)|net[./]bytebuddy)[./]"
)


_DOTNET_KNOWN = re.compile(
    r"^(?P<package>Newtonsoft\.Json|Serilog|NLog|Npgsql|Dapper|AutoMapper|MassTransit|Grpc|Google\.\w+|OpenTelemetry|"
    r"StackExchange\.\w+|MongoDB|RabbitMQ|Swashbuckle|Polly|FluentValidation|MediatR|Pyroscope|Datadog|Castle)[.!]"
)
"""Packages of NuGet that many programs use; namespaces say no more. Source: chosen."""

_PYTHON_KNOWN = frozenset({
    "aiohttp", "celery", "click", "django", "fastapi", "flask", "gunicorn", "jinja2", "kombu", "numpy",
    "pandas", "pyroscope", "requests", "rest_framework", "sqlalchemy", "starlette", "tornado", "urllib3",
    "uvicorn", "werkzeug",
})  # fmt: skip
"""Packages of PyPI that many programs use, for paths that begin with the package. Source: chosen."""


@dataclass(frozen=True)
class Whose:
    """Whose code a function is.

    Attributes:
        origin: own, third_party, standard, or unknown where there is neither a name nor a file.
        package: Module or package of third-party code.
        version: Its version, where the path says it.
    """

    origin: Origin
    package: str | None = None
    version: str | None = None


_OWN = Whose("own")
_STANDARD = Whose("standard")


def origin_of(name: str, file: str, runtime: str | None) -> Whose:
    """Tell whose code a function is.

    Args:
        name: The function; empty when unknown.
        file: Its source file; empty when unknown.
        runtime: Where the profile comes from, as `runtime_of` says.

    Source:
        Specified where paths of package managers or import paths decide. A dependency that was built without
        file names counts as own.
    """
    file = file.replace("\\", "/")
    if not name and not file:
        return Whose("unknown")
    if runtime == "go" or (runtime is None and not file):
        return _go(name, file)
    if runtime == "java":
        return _java(name)
    found = _THIRD_PARTY[runtime].search(file) if runtime in _THIRD_PARTY else None
    if runtime == "dotnet":
        found = _DOTNET_KNOWN.match(name)
    whose = _third(found) if found else _python(file) if runtime == "python" else None
    if whose is not None:
        return whose
    for table, text in ((_STANDARD_FILE, file), (_STANDARD_NAME, name)):
        pattern = table.get(runtime or "")
        if (
            pattern is not None
            and pattern.search(text)
            and not (table is _STANDARD_NAME and file and runtime != "dotnet")
        ):
            return _STANDARD
    # Every runtime has frames of its own in C or C++.
    is_foreign = runtime not in (None, "native") and file.endswith((".c", ".cc", ".cpp", ".h"))
    return _STANDARD if is_foreign else _OWN


def is_own(name: str, file: str, runtime: str | None) -> bool:
    """Tell whether a function is the user's own, as `origin_of` does."""
    return origin_of(name, file, runtime).origin == "own"


def package_of(name: str, file: str, runtime: str | None) -> str:
    """Name the package, module or folder that a function belongs to.

    Args:
        name: The function.
        file: Its source file; empty when unknown.
        runtime: Where the profile comes from, as `runtime_of` says.
    """
    if runtime == "go" or (runtime is None and not file):
        return go_package(name) or name
    if runtime in ("java", "dotnet"):
        return name.rpartition(".")[0].rpartition(".")[0] or name
    return file.replace("\\", "/") or name.rpartition("::")[0] or name


def _third(found: re.Match[str]) -> Whose:
    named = found.groupdict()
    package = named["package"] or (
        "wordpress" if (named.get("wordpress") or "").count("/") == 0 else named["wordpress"]
    )
    return Whose("third_party", package, named.get("version"))


def _python(file: str) -> Whose | None:
    """Judge a path that begins with its package, as profilers write that cut folders off."""
    top = file.partition("/")[0].removesuffix(".py")
    if top in sys.stdlib_module_names:
        return _STANDARD
    return Whose("third_party", top) if top in _PYTHON_KNOWN and "/" in file else None


def _go(name: str, file: str) -> Whose:
    # Most files have neither: that is told faster than by a pattern.
    found = _GO_MODULE.search(file) if "@v" in file else None
    if found is None and "vendor/" in file:
        found = _GO_VENDORED.search(file)
    if found:
        package = re.sub(r"!([a-z])", lambda letter: letter[1].upper(), found["package"])
        package = package.rpartition("/pkg/mod/")[2].removeprefix("/")
        return Whose("third_party", package, found.groupdict().get("version"))
    if name.startswith("main."):
        return _OWN
    if file and not file.endswith(".go"):
        return _STANDARD
    package = go_package(name) or name.partition(".")[0]
    return _STANDARD if package.partition("/")[0] in GO_STANDARD or not name else _OWN


def _java(name: str) -> Whose:
    if _STANDARD_NAME["java"].search(name):
        return _STANDARD
    if _JAVA_KNOWN.search(name) and (found := _JAVA_THIRD_PARTY.search(name)):
        return Whose("third_party", found["package"].replace("/", "."))
    return _OWN
