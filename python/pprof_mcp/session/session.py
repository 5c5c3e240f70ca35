"""A session: from a reference to a profile, and what is remembered between calls."""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from pprof_mcp import _native
from pprof_mcp.errors import (
    HandleExpiredError,
    InvalidArgumentError,
    PprofMcpError,
    ProfileTooLargeError,
    SourceNotFoundError,
)
from pprof_mcp.profile import Profile, Shared
from pprof_mcp.session.bundle import Bundle, Member, Other
from pprof_mcp.session.handles import (
    BUNDLE,
    PREFIX,
    HandleTable,
    Origin,
    Record,
    digest_of_members,
    expired,
    handle_of,
)
from pprof_mcp.session.opening import Opened, Opener
from pprof_mcp.session.reading import Reader
from pprof_mcp.session.store import ProfileStore
from pprof_mcp.settings import Settings
from pprof_mcp.sources.fence import Fence
from pprof_mcp.sources.remote import Remote

if TYPE_CHECKING:
    from pprof_mcp.merging.inputs import Inputs
    from pprof_mcp.session.baselines import Baselines
    from pprof_mcp.session.inputs import Given

STDIN = "-"

T = TypeVar("T")

REMEMBERED = 8
"""Answers that are kept for the next question about the same (chosen: each takes some 100 kB)."""


class Session:
    """Resolves references, hands out handles, keeps decoded profiles. Safe to use from several threads.

    Args:
        fence: Decides which files may be touched.
        settings: Limits and sizes.
        clock: Seconds, for the age of handles; only differences matter.
        stdin: Gives the bytes that the reference `-` stands for; without it there is no such reference.
        lasting: Whether handles outlive the call; those of a shell command end with it.
        remote: The sources that are reached over the network; those of the settings when not given.
    """

    def __init__(
        self,
        *,
        fence: Fence,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.monotonic,
        stdin: Callable[[], bytes] | None = None,
        lasting: bool = True,
        remote: Remote | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.fence = fence
        self.clock = clock
        self.lasting = lasting
        self.remote = remote or Remote(self.settings, restricted=fence.roots is not None)
        self._stdin = stdin
        self._opener = Opener(Reader(fence, self.settings.limits))
        self._table = HandleTable(self.settings.handle_ttl, clock)
        self._store = ProfileStore(self.settings.store_bytes)
        self._lock = threading.RLock()
        self._keys = itertools.count(1)
        self._remembered: OrderedDict[Hashable, object] = OrderedDict()

    def new_key(self) -> str:
        """Give a key for a profile that comes from no file."""
        return f"made|{next(self._keys)}"

    # -- references

    def profile(self, reference: str) -> Profile:
        """Give the profile a reference stands for.

        Args:
            reference: A path, a URL of an allowed host, `handle:...`, `-` on the command line, or one of them
                that is a bundle with `#kind` or `#name` behind it.

        Raises:
            PprofMcpError: It stands for no profile, or the file is no good one.
        """
        if reference.startswith(PREFIX):
            handle, _, selector = reference.partition("#")
            record = self._use(handle)
            if record.is_bundle:
                bundle = self._bundle_of(record)
                chosen = bundle.select(selector) if selector else bundle.only()
                return chosen.named(reference)
            return self._check_kind(self._profile_of(record), selector).named(reference)
        opened, selector = self._open_with_selector(reference)
        if isinstance(opened, Profile):
            return self._check_kind(opened, selector).named(reference)
        if selector:
            return self._keep_one(opened, selector).named(reference)
        return self._keep_all(opened).only().named(reference)

    def bundle(self, reference: str | Sequence[str]) -> Bundle:
        """Give the bundle a reference stands for; a single profile is a bundle of one.

        Args:
            reference: A bundle handle, a directory, a zip, a glob, a file, or a list of references to
                profiles.

        Raises:
            PprofMcpError: As `profile`; an empty list.
        """
        if not isinstance(reference, str):
            return self._bundle_of_list(list(reference))
        if reference.startswith(PREFIX):
            whole = "#" not in reference and self._use(reference)
            if whole and whole.is_bundle:
                return self._bundle_of(whole)
            return self._bundle_of_list([reference])
        opened, selector = self._open_with_selector(reference)
        if isinstance(opened, Profile):
            return self._bundle_of_list([reference])
        if selector:
            chosen = self._keep_one(opened, selector)
            return self._bundle([(reference, chosen)], (), reference)
        return self._keep_all(opened)

    def open(self, reference: str) -> Profile | Bundle:
        """Give what a reference stands for: a profile for a file, a bundle for a directory, zip or glob.

        Args:
            reference: As for `profile` and `bundle`.

        Raises:
            PprofMcpError: As `profile`.
        """
        if reference.startswith(PREFIX):
            whole = "#" not in reference and self._use(reference).is_bundle
            return self.bundle(reference) if whole else self.profile(reference)
        opened, selector = self._open_with_selector(reference)
        if isinstance(opened, Profile):
            return self.profile(reference)
        if selector:
            return self._keep_one(opened, selector).named(reference)
        return self._keep_all(opened)

    def open_bytes(self, data: bytes) -> Profile | Bundle:
        """Give what is in memory: a profile, or a bundle for a zip.

        Raises:
            PprofMcpError: It is neither, or over a limit.
        """
        opened = self._opener.open_bytes(data, "bytes", self.new_key(), self._keep)
        return opened if isinstance(opened, Profile) else self._keep_all(opened)

    def inputs(self, given: Sequence[Given], *, keep_going: bool = False) -> Inputs:
        """Give what references stand for as the inputs of a merge; nothing is decoded yet.

        Args:
            given: Files, folders, zips, globs, handles of profiles and bundles, `-` for a list of paths on
                the standard input of a command, or profiles and bundles themselves.
            keep_going: Whether what can not be found is to fail when its turn comes, and not here.

        Raises:
            PprofMcpError: One stands for nothing.
        """
        from pprof_mcp.session.inputs import gather

        return gather(given, self, self._opener.reader, keep_going=keep_going, stdin=self._stdin)

    # -- handles

    def handle_of(self, profile: Profile) -> str:
        """Give the handle of a profile, entering it when it has none."""
        return self._enter(profile, profile.shared.key, None, "a profile made in Python").handle

    def add(self, native: _native.Profile, made_by: str) -> Profile:
        """Keep a computed profile under a handle.

        Args:
            native: The profile.
            made_by: How it was made, such as `pprof.merge of 3 profiles`; told when the handle has expired.
        """
        profile = Profile(Shared(native, self.new_key()), self)
        record = self._enter(profile, profile.shared.key, None, made_by)
        return profile.named(record.handle)

    def reference_of_bundle(self, bundle: Bundle) -> str | list[str]:
        """Name a bundle for a later call; a command knows no handles of commands before it."""
        if self.lasting:
            return bundle.handle
        if ", " not in bundle.reference and not bundle.reference.startswith(PREFIX):
            return bundle.reference
        # It may have been given as a list, of which the reference is only a description.
        return [self.reference_of(member.handle) for member in bundle]

    def reference_of(self, handle: str) -> str:
        """Give what names a profile in a later call: its handle, or its file where handles do not last."""
        return handle if self.lasting else self.source_of(handle)

    def source_of(self, handle: str) -> str:
        """Give the file that a profile was read from, as it was given; its handle when it was made here."""
        record = self._use(handle)
        return record.origin.reference if record.origin else handle

    def records(self) -> list[Record]:
        """Give all living handles, sorted."""
        with self._lock:
            self._forget(self._table.sweep())
            return self._table.all()

    @property
    def changes(self) -> int:
        """How often a handle has come or gone so far."""
        with self._lock:
            self._forget(self._table.sweep())
            return self._table.changes

    def release(self, handle: str) -> Record | None:
        """Forget a handle and free what it stands for; None when there is no such handle."""
        with self._lock:
            record = self._table.drop(handle, "it was released")
            if record is not None:
                self._forget([record])
                self._remembered.clear()
            return record

    def release_all(self) -> list[str]:
        """Forget every handle and free everything; give the handles that are gone."""
        with self._lock:
            gone = [record.handle for record in self._table.all()]
            for handle in gone:
                self._table.drop(handle, "it was released")
            self._store.clear()
            self._remembered.clear()
            return gone

    @property
    def kept_bytes(self) -> int:
        """Memory that decoded profiles take now."""
        with self._lock:
            return self._store.size

    @cached_property
    def baselines(self) -> Baselines:
        """The stored runs."""
        from pprof_mcp.session.baselines import Baselines
        from pprof_mcp.settings import baseline_file

        return Baselines(baseline_file(self.settings, in_store=self.fence.roots is not None))

    def remembered(self, key: Hashable, make: Callable[[], T], *, is_good: Callable[[T], bool]) -> T:
        """Give what was made under a key before, or make it now: an answer in parts is worked out once.

        Args:
            key: Says everything that the answer depends on.
            make: Works it out; what it gives must not change, and must not hold profiles.
            is_good: Whether it is worth keeping.
        """
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                return cast("T", self._remembered[key])
        made = make()
        if is_good(made):
            with self._lock:
                self._remembered[key] = made
                while len(self._remembered) > REMEMBERED:
                    self._remembered.popitem(last=False)
        return made

    # -- files

    def attachment(self, bundle: Bundle, name: str) -> bytes | None:
        """Give the content of something in a bundle that is no profile, such as `metrics.json`.

        Args:
            bundle: The bundle.
            name: Its name, without the folder it may lie in.

        Returns:
            The content; None when the bundle has none of that name, or it can not be read any more.
        """
        there = sorted(other.name for other in bundle.others if other.name.rpartition("/")[2] == name)
        if not there:
            return None
        try:
            return self._opener.attachment(bundle.reference, there[0])
        except PprofMcpError:
            return None

    def check_write(self, path: str, *, overwrite: bool = False) -> None:
        """Refuse before the work what `write` would refuse after it.

        Raises:
            PprofMcpError: As `write`.
        """
        self.fence.check_write(path, overwrite=overwrite)

    def write(self, path: str, data: bytes, *, overwrite: bool = False) -> str:
        """Write a file through the fence, whole or not at all.

        Returns:
            Where it lies now.

        Raises:
            SourceError: It may not or can not be written.
        """
        with self.fence.open_write(path, overwrite=overwrite) as file:
            file.write(data)
        return path

    # -- within

    def _use(self, handle: str) -> Record:
        with self._lock:
            self._forget(self._table.sweep())
            return self._table.use(handle)

    def _forget(self, records: Sequence[Record]) -> None:
        still = {record.key for record in self._table.all()}
        for record in records:
            if record.key not in still:
                self._store.remove(record.key)

    def _enter(self, profile: Profile, key: str, origin: Origin | None, reference: str) -> Record:
        digest = profile.shared.digest
        kinds = profile.shared.kinds
        size = profile.native.heap_bytes
        with self._lock:
            if self._store.get(key) is None:
                self._store.put(key, profile, size)
            known = self._table.get(handle_of(digest))
            if known is not None and known.key != key:
                # The same content from another place: one of the two is enough.
                self._store.remove(known.key)
            if origin is None:
                origin = self._opener.origin(key)
            return self._table.add(
                Record(
                    handle=handle_of(digest),
                    digest=digest,
                    key=key,
                    kinds=kinds,
                    reference=origin.reference if origin else reference,
                    sample_types=tuple(str(item["type"]) for item in profile.shared.meta["sample_types"]),
                    origin=origin,
                    size=size,
                )
            )

    def _profile_of(self, record: Record) -> Profile:
        with self._lock:
            kept = self._store.get(record.key)
        if kept is not None:
            return kept
        if record.origin is None:
            self.release(record.handle)
            raise expired(
                record, "the memory for decoded profiles was needed for others (PPROF_MCP_STORE_BYTES)"
            )
        again = self._again(record, record.origin)
        if again.shared.digest != record.digest:
            self.release(record.handle)
            raise expired(record, f"{record.origin.reference} has other content now")
        return again

    def _again(self, record: Record, origin: Origin) -> Profile:
        try:
            opened = self._open(origin.path)
            if isinstance(opened, Profile):
                return opened
            return self._keep_one(opened, origin.entry or "")
        except HandleExpiredError:
            raise
        except PprofMcpError as problem:
            self.release(record.handle)
            raise expired(record, f"it can not be read again ({problem.message})") from problem

    def _open_with_selector(self, reference: str) -> tuple[Profile | Opened, str]:
        if "://" in reference:
            return self._fetched(reference)
        try:
            return self._open(reference), ""
        except SourceNotFoundError:
            path, mark, selector = reference.rpartition("#")
            if not mark or not path or not selector:
                raise
        return self._open(path), selector

    def _open(self, path: str) -> Profile | Opened:
        """Open a path: a profile at once, or what a bundle holds, its profiles not yet entered."""
        if path == STDIN:
            return self._from_stdin()
        return self._opener.open(path, self._kept, self._keep)

    def _fetched(self, reference: str) -> tuple[Profile | Opened, str]:
        """Fetch what a URL means, as far as the operator allows; what is behind `#` is not the server's."""
        from pprof_mcp.sources.named import by_url

        url, _, selector = reference.partition("#")
        path = by_url(url, selector, self.remote)
        return self._opener.open(str(path), self._kept, self._keep), selector

    def _kept(self, key: str) -> Profile | None:
        with self._lock:
            return self._store.get(key)

    def _keep(self, shared: Shared) -> Profile:
        profile = Profile(shared, self)
        with self._lock:
            self._store.put(shared.key, profile, shared.native.heap_bytes)
        return profile

    def _from_stdin(self) -> Profile:
        if self._stdin is None:
            raise InvalidArgumentError(
                "'-' is standard input, which only the command line has",
                hint="Give a path or a handle.",
                details={"argument": "profile"},
            )
        data = self._stdin()
        most = self._opener.reader.input_bytes
        if len(data) > most:
            raise ProfileTooLargeError(
                f"standard input is larger than {most} bytes",
                details={"what": "bytes", "limit": most, "setting": "input_bytes"},
            )
        return self._keep(Shared(self._opener.decode(data), "stdin"))

    def _check_kind(self, profile: Profile, selector: str) -> Profile:
        if not selector or selector in profile.kinds:
            return profile
        handle = self.handle_of(profile)
        member = Member(profile.reference, handle, profile.kinds, lambda: profile)
        return Bundle(handle, profile.reference, (member,)).select(selector)

    def _keep_one(self, opened: Opened, selector: str) -> Profile:
        for item in opened.items:
            if item.name == selector:
                return item.profile
        return self._keep_all(opened).select(selector)

    def _keep_all(self, opened: Opened) -> Bundle:
        pairs = [(item.name, item.profile) for item in opened.items]
        return self._bundle(pairs, opened.others, opened.path)

    def _bundle_of_list(self, references: list[str]) -> Bundle:
        if not references:
            raise InvalidArgumentError(
                "the list of profiles is empty",
                hint="Name at least one profile.",
                details={"argument": "bundle"},
            )
        return self._bundle([(one, self.profile(one)) for one in references], (), ", ".join(references[:5]))

    def _bundle(
        self, pairs: Sequence[tuple[str, Profile]], others: tuple[Other, ...], reference: str
    ) -> Bundle:
        entered = [(name, self._enter(profile, profile.shared.key, None, name)) for name, profile in pairs]
        members = tuple((name, record.handle) for name, record in entered)
        digest = digest_of_members(members)
        with self._lock:
            record = self._table.add(
                Record(
                    handle=handle_of(digest),
                    digest=digest,
                    key="",
                    kinds=(BUNDLE,),
                    reference=reference,
                    members=members,
                    others=tuple((other.name, other.reason) for other in others),
                    size=sum(item.size for _, item in entered),
                )
            )
        # The same profiles may have been opened elsewhere before, beside other files.
        return replace(self._bundle_of(record), reference=reference, others=others)

    def _bundle_of(self, record: Record) -> Bundle:
        members: list[Member] = []
        others = [Other(name, reason) for name, reason in record.others]
        for name, handle in record.members:
            try:
                kinds = self._use(handle).kinds
            except (HandleExpiredError, PprofMcpError) as problem:
                others.append(Other(name, problem.message))
                continue
            members.append(Member(name, handle, kinds, self._loader(handle)))
        return Bundle(record.handle, record.reference, tuple(members), tuple(others))

    def _loader(self, handle: str) -> Callable[[], Profile]:
        return lambda: self._profile_of(self._use(handle)).named(handle)


@cache
def default_session() -> Session:
    """Give the session of this process, for the Python face: any file the caller names may be read."""
    from pprof_mcp.settings import load

    return Session(fence=Fence.unrestricted(), settings=load())
