from collections.abc import Callable, Sequence
from typing import TypeAlias, TypedDict, TypeVar, final

_T = TypeVar("_T")

__all__ = [
    "Cancellation",
    "Profile",
    "build_info",
    "combine_partials",
    "default_limits",
    "diff",
    "diff_top",
    "error_codes",
    "finish_partials",
    "functions",
    "groups",
    "is_program",
    "merge",
    "merge_inputs",
    "merge_partly",
    "paths",
    "peek",
    "pgo",
    "prepare_source",
    "report",
    "sniff",
    "tags",
    "top",
    "traces",
    "zip_entries",
]

@final
class Profile:
    @staticmethod
    def decode(data: bytes, limits: dict[str, int] | None = None) -> Profile: ...
    def encode(self, compress: bool = True) -> bytes: ...
    def sha256(self) -> str: ...
    @property
    def heap_bytes(self) -> int: ...
    @property
    def sample_count(self) -> int: ...
    def meta(self) -> bytes: ...
    def filter(self, spec: str) -> tuple[Profile, list[str]]: ...
    def innermost(self, count: int) -> Profile: ...
    def sample_index(self, name: str) -> int: ...

@final
class Cancellation:
    def __new__(cls) -> Cancellation: ...
    @staticmethod
    def current() -> Cancellation | None: ...
    def cancel(self) -> None: ...
    @property
    def is_cancelled(self) -> bool: ...
    def run(self, call: Callable[[], _T]) -> _T: ...

def top(profile: Profile, spec: str) -> bytes: ...
def peek(profile: Profile, spec: str) -> bytes: ...
def tags(profile: Profile, spec: str) -> bytes: ...
def traces(profile: Profile, spec: str) -> bytes: ...
def paths(profile: Profile, spec: str) -> bytes: ...
def functions(profile: Profile, spec: str) -> bytes: ...
def groups(profile: Profile, spec: str, marks: bytes) -> bytes: ...
def pgo(profile: Profile, spec: str) -> bytes: ...
def diff_top(base: Profile, profile: Profile, spec: str) -> bytes: ...
def merge(profiles: Sequence[Profile]) -> Profile: ...

class _Failed(TypedDict):
    name: str
    code: str
    message: str

class _Combined(TypedDict):
    type: str
    unit: str
    how: str
    is_snapshot: bool

class _Outcome(TypedDict):
    inputs: int
    failures: list[_Failed]
    combined: list[_Combined]
    types_differ: bool
    times: list[int]
    samples: int
    duration_nanos: int
    period_type: str
    notes: list[str]

_Source: TypeAlias = str | bytes | Profile | Callable[[], bytes | Profile]
_Watch: TypeAlias = Callable[[int, int, int, int], object]

def merge_inputs(
    inputs: Sequence[tuple[str, _Source]],
    *,
    intersect_types: bool = False,
    snapshots: str = "sum",
    keep_going: bool = False,
    threads: int = 0,
    limits: dict[str, int] | None = None,
    watch: _Watch | None = None,
) -> tuple[Profile | None, _Outcome]: ...
def merge_partly(
    inputs: Sequence[tuple[str, _Source]],
    *,
    intersect_types: bool = False,
    snapshots: str = "sum",
    keep_going: bool = False,
    threads: int = 0,
    limits: dict[str, int] | None = None,
    watch: _Watch | None = None,
) -> tuple[bytes, bytes]: ...
def combine_partials(partials: Sequence[bytes], limits: dict[str, int] | None = None) -> bytes: ...
def finish_partials(
    partials: Sequence[bytes], limits: dict[str, int] | None = None
) -> tuple[Profile, bytes]: ...
def diff(base: Profile, profile: Profile, *, diff_base: bool = False, normalize: bool = False) -> Profile: ...
def report(
    profile: Profile, spec: str, read_source: Callable[[str], bytes | str] | None = None
) -> tuple[bytes, list[str]]: ...
def prepare_source(profile: Profile, program: str = "", build_id: str = "") -> Profile: ...
def zip_entries(data: bytes, limits: dict[str, int] | None = None) -> list[tuple[str, bytes]]: ...
def sniff(data: bytes) -> str: ...
def is_program(data: bytes) -> bool: ...
def error_codes() -> list[str]: ...
def default_limits() -> dict[str, int]: ...
def build_info() -> dict[str, str]: ...
