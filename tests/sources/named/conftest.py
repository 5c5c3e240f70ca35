"""Sessions that fetch, as a shell has them and as a server has them, and a Go program that runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pprof_mcp.session.session import Session
from pprof_mcp.settings import Settings, store_folder
from pprof_mcp.sources.fence import Fence
from pprof_mcp.sources.net.client import Http
from pprof_mcp.sources.net.limiter import Limiter
from pprof_mcp.sources.net.proxies import Proxies
from pprof_mcp.sources.net.settings import NetSettings
from pprof_mcp.sources.places import read_places
from pprof_mcp.sources.remote import Remote

PROGRAM = Path(__file__).resolve().parent.parent.parent / "programs" / "goserver"
StartGo = Callable[..., "Running"]


class Running:
    """A Go program that serves its profiles.

    Attributes:
        index: Address of its index.
        host: Host and port.
    """

    def __init__(self, index: str) -> None:
        self.index = index
        self.host = index.split("/")[2]


_MADE: list[Http] = []


def impatient(proxies: Proxies, limiter: Limiter) -> Http:
    """The client, but it does not wait before it asks again."""
    made = Http(proxies=proxies, limiter=limiter, sleep=lambda _: None, random=lambda: 0.0)
    _MADE.append(made)
    return made


@pytest.fixture(autouse=True)
def connections_end_with_the_test() -> Iterator[None]:
    """No connection outlives its test."""
    yield
    while _MADE:
        _MADE.pop().close()


def fetching(
    *, server: bool, net: NetSettings | None = None, roots: Sequence[Path] = (), **variables: str
) -> Session:
    """A session with places to fetch from.

    Args:
        server: Whether only what the operator allows may be asked.
        net: How the network is used.
        roots: Folders a server may read and write besides its own.
        variables: What the operator says.
    """
    settings = Settings(places=read_places(variables), net=net or NetSettings())
    fence = Fence([store_folder(), *roots]) if server else Fence.unrestricted()
    return Session(
        fence=fence, settings=settings, remote=Remote(settings, connect=impatient, restricted=server)
    )


@pytest.fixture(scope="session")
def go_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built program."""
    built = tmp_path_factory.mktemp("go") / "goserver"
    command = ["go", "build", "-o", str(built), "."]
    subprocess.run(command, cwd=PROGRAM, check=True, capture_output=True, timeout=110)
    return built


@contextmanager
def running(program: Path, *arguments: str) -> Generator[Running, None, None]:
    """Run the program; it ends with its standard input."""
    with subprocess.Popen(
        [program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield Running(process.stdout.readline().strip())
        finally:
            process.stdin.close()
            process.wait(timeout=30)


@pytest.fixture
def start_go(go_program: Path) -> Iterator[StartGo]:
    """Starts the program with arguments, for as long as the test runs."""
    with ExitStack() as stack:

        def start(*arguments: str) -> Running:
            return stack.enter_context(running(go_program, *arguments))

        yield start


@pytest.fixture(scope="module")
def go(go_program: Path) -> Iterator[Running]:
    """The program, running for the tests of a file."""
    with running(go_program) as program:
        yield program


def described(result: Any) -> dict[str, str]:
    """Kind of each profile of a result, by name."""
    return {row.name: row.type for row in result.files}
