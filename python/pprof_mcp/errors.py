"""Every error a caller can meet, as one tree of exceptions.

Each class has a stable `code` for programs, a `hint` (what to do next) and an exit status for the shell::

    PprofMcpError
    ├── InputError (also ValueError)      the request can be corrected                2
    │   ├── InvalidArgumentError          invalid_argument
    │   ├── InvalidPatternError           invalid_pattern
    │   ├── NoMatchesError                no_matches
    │   ├── UnknownSampleTypeError        unknown_sample_type
    │   ├── WrongProfileKindError         wrong_profile_kind
    │   ├── HandleNotFoundError           handle_not_found
    │   ├── HandleExpiredError            handle_expired
    │   └── ResultTooLargeError           result_too_large
    ├── ProfileError                      the bytes, or what they mean                3
    │   ├── DecodeError (also ValueError)
    │   │   ├── NotAProfileError          not_a_profile
    │   │   ├── EmptyInputError           empty_input
    │   │   ├── TruncatedProfileError     truncated_profile
    │   │   └── ConcatenatedProfileError  concatenated_profile
    │   ├── InvalidProfileError           invalid_profile
    │   ├── ProfileTooLargeError          profile_too_large
    │   └── IncompatibleProfilesError     incompatible_profiles
    ├── SourceError                       where profiles come from, and go            4
    │   ├── SourceNotFoundError           source_not_found
    │   ├── UnreadableError               unreadable
    │   ├── PathNotAllowedError           path_not_allowed
    │   ├── NotConfiguredError            not_configured
    │   ├── UnauthorizedError             unauthorized
    │   ├── ForbiddenError                forbidden
    │   ├── ProfileGoneError              profile_gone
    │   ├── WrongHostError                wrong_host
    │   ├── HostNotAllowedError           host_not_allowed
    │   ├── RateLimitedError              rate_limited
    │   ├── NetworkError                  network_failed
    │   ├── TimedOutError                 timed_out
    │   ├── RefusedError                  request_refused
    │   ├── SourceFailedError             source_failed
    │   ├── BadAnswerError                bad_answer
    │   ├── ClusterError                  cluster_failed
    │   └── BaselineError                 baseline_unusable
    ├── CancelledError                    cancelled: whoever asked wants no answer  130
    └── InternalError                     internal_error: a defect of this program   70

A filter that matches nothing, an empty profile or a missing kind is a result with a warning, not an error.
"""

from __future__ import annotations

# This module is on the way of the drop-in command, which loads nothing it can do without: typing is only for
# checkers.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import ClassVar

Detail = str | int | float | bool | list[str] | None
"""What one entry of `details` may hold: plain data, so that every front can pass it on."""


MOST_TEXT = 900
"""Characters of a message, a hint or a detail: names in profiles have any length (chosen: a paragraph)."""
MOST_ENTRY = 200
"""Characters of an entry of a list (chosen)."""
MOST_ENTRIES = 60
"""Entries of a list (chosen: above the parameters of any tool and the sample types of any profiler)."""


def _text(text: str, most: int = MOST_TEXT) -> str:
    """Give a short text that any encoding can carry: file names may hold bytes that are no UTF-8."""
    if len(text) > most:
        text = f"{text[: most * 2 // 3]} … {text[-(most // 3) :]}"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _carried(value: Detail) -> Detail:
    if isinstance(value, list):
        shown = [_text(item, MOST_ENTRY) for item in value[:MOST_ENTRIES]]
        left = len(value) - len(shown)
        return [*shown, f"… {left} more"] if left else shown
    return _text(value) if isinstance(value, str) else value


class PprofMcpError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        message: One sentence: what was given, what was expected, what exists.
        hint: What to do next; never empty for an error a caller can meet.
        details: The same facts as data.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    default_hint: ClassVar[str] = ""

    def __init__(
        self, message: str, *, hint: str | None = None, details: Mapping[str, Detail] | None = None
    ) -> None:
        self.message = _text(message)
        super().__init__(self.message)
        self.hint = self.default_hint if hint is None else _text(hint)
        self.details: dict[str, Detail] = {key: _carried(value) for key, value in (details or {}).items()}


class InputError(PprofMcpError, ValueError):
    """The request can not be met as it was put; a corrected one can."""

    exit_status = 2


class InvalidArgumentError(InputError):
    """An argument is unknown, missing, of the wrong type or out of range."""

    code = "invalid_argument"
    default_hint = "Correct the argument and call again."


class InvalidPatternError(InputError):
    """A regular expression does not compile."""

    code = "invalid_pattern"
    default_hint = (
        "Patterns follow Go's RE2 syntax: no lookaround, no backreferences; "
        "escape literal ( ) [ ] * + . with \\."
    )


class NoMatchesError(InputError):
    """A report about matching functions found none."""

    code = "no_matches"
    default_hint = (
        "List the names that exist with pprof.top; matching is case-sensitive, (?i) turns that off."
    )


class UnknownSampleTypeError(InputError):
    """The profile has no such sample type."""

    code = "unknown_sample_type"
    default_hint = "Use one of the sample types listed, by name or number."


class WrongProfileKindError(InputError):
    """The profile, or the bundle, is not of the kind that was asked for."""

    code = "wrong_profile_kind"
    default_hint = "See which kinds there are with profiles.open."


class HandleNotFoundError(InputError):
    """No profile or bundle was opened under this handle."""

    code = "handle_not_found"
    default_hint = "List the handles with profiles.handles, or open the file with profiles.open."


class HandleExpiredError(InputError):
    """The handle existed, but what it stood for is no longer kept."""

    code = "handle_expired"
    default_hint = "Open it again with profiles.open."


class ResultTooLargeError(InputError):
    """Even the smallest part of the answer is over the size an answer may have."""

    code = "result_too_large"
    default_hint = "Narrow the question: a filter such as focus, a smaller max_depth, fewer edges."


class ProfileError(PprofMcpError):
    """The bytes are no good profile, or profiles do not go together."""

    exit_status = 3


class DecodeError(ProfileError, ValueError):
    """The bytes can not be read as a profile."""


class NotAProfileError(DecodeError):
    """The bytes are of another format."""

    code = "not_a_profile"
    default_hint = "Give a pprof file (protobuf, raw or compressed, or a legacy text form)."


class EmptyInputError(DecodeError):
    """There are no bytes at all."""

    code = "empty_input"
    default_hint = "The file is empty: was the profile written to the end? Record it again."


class TruncatedProfileError(DecodeError):
    """The bytes end too early."""

    code = "truncated_profile"
    default_hint = "The file is cut off: copy or record it again."


class ConcatenatedProfileError(DecodeError):
    """Two profiles lie one behind the other in one file."""

    code = "concatenated_profile"
    default_hint = "Split the file, then combine the parts with pprof.merge."


class InvalidProfileError(ProfileError):
    """The form is known, its content breaks a rule of the format."""

    code = "invalid_profile"
    default_hint = (
        "The program that wrote the file made a broken profile; record it again or report it there."
    )


class ProfileTooLargeError(ProfileError):
    """A limit on the input was passed."""

    code = "profile_too_large"
    default_hint = (
        "Raise the limit named in the message by its environment variable, if the file is to be trusted."
    )


class IncompatibleProfilesError(ProfileError):
    """Profiles that can not be combined."""

    code = "incompatible_profiles"
    default_hint = "Combine profiles of one kind only; pprof.meta shows the sample types of each."


class SourceError(PprofMcpError):
    """A place where profiles come from or go to did not deliver."""

    exit_status = 4


class SourceNotFoundError(SourceError):
    """Nothing there: no such file, entry or profile."""

    code = "source_not_found"
    default_hint = "Check the path; relative paths start at the working directory of the process."


class UnreadableError(SourceError):
    """There is something, but it can not be read."""

    code = "unreadable"
    default_hint = "Check the permissions; to leave out what can not be read, use keep_going."


class PathNotAllowedError(SourceError):
    """The path lies outside the folders that may be touched."""

    code = "path_not_allowed"
    default_hint = (
        "Allow its folder with --allow-root or PPROF_MCP_ROOTS, or copy the file under an allowed one."
    )


class NotConfiguredError(SourceError):
    """A source is to be asked, and its address or keys were never set."""

    code = "not_configured"
    default_hint = "Set what the message names in the environment of the server, and start it again."


class UnauthorizedError(SourceError):
    """A source knows the key, token or password not."""

    code = "unauthorized"
    default_hint = "Check the keys, and that they are of the site or server that is asked."


class ForbiddenError(SourceError):
    """A source knows who asks, but does not allow it."""

    code = "forbidden"
    default_hint = "Give the key the permission that is named, or use another key."


class ProfileGoneError(SourceError):
    """A source has no such profile, or no longer."""

    code = "profile_gone"
    default_hint = "List the profiles again and choose a newer one: sources keep them for days only."


class WrongHostError(SourceError):
    """What answers at the address is not the source."""

    code = "wrong_host"
    default_hint = "Check the site or address that is configured; a login page or proxy may be in between."


class HostNotAllowedError(SourceError):
    """A host, or what its name leads to, or a bucket, is not among those that may be asked."""

    code = "host_not_allowed"
    default_hint = (
        "The operator allows hosts in PPROF_MCP_HOSTS and buckets in PPROF_MCP_BUCKETS; ask for it."
    )


class RateLimitedError(SourceError):
    """A source wants to be asked less, for longer than a call may wait."""

    code = "rate_limited"
    default_hint = "Ask again after the time that is named, or for less at once."


class NetworkError(SourceError):
    """A source can not be reached, or the connection broke."""

    code = "network_failed"
    default_hint = (
        "Check name, port, proxy (HTTPS_PROXY, NO_PROXY) and certificates (SSL_CERT_FILE), then ask again."
    )


class TimedOutError(SourceError):
    """A source did not answer in time."""

    code = "timed_out"
    default_hint = "Ask again, or for less at once."


class RefusedError(SourceError):
    """A source does not take the request as it was put."""

    code = "request_refused"
    default_hint = "Correct what the message names."


class SourceFailedError(SourceError):
    """A source failed by itself, also when asked again."""

    code = "source_failed"
    default_hint = "Ask again later; the fault is on the side of the source."


class BadAnswerError(SourceError):
    """A source answered with what can not be understood: no JSON, another form, broken content."""

    code = "bad_answer"
    default_hint = "Ask again; when it stays so, the source is of another version or something is in between."


class ClusterError(SourceError):
    """A cluster that was to merge profiles is not there, does not fit, or was lost."""

    code = "cluster_failed"
    default_hint = "See that the scheduler and its workers run, and what their logs say."


class BaselineError(SourceError):
    """The file of stored baselines can not be used; nothing in it was changed."""

    code = "baseline_unusable"
    default_hint = "Check the file, or name another in PPROF_MCP_BASELINES."


class CancelledError(PprofMcpError):
    """The computation was stopped before its end; nothing was written."""

    code = "cancelled"
    exit_status = 130
    default_hint = "Ask again if the answer is wanted after all."


class InternalError(PprofMcpError):
    """A defect of this program."""

    code = "internal_error"
    exit_status = 70
    default_hint = (
        "This is a defect of pprof-mcp; please report it with the command and, if possible, the profile."
    )


def all_classes() -> Iterator[type[PprofMcpError]]:
    """Give every class of the tree, parents before children."""
    waiting: list[type[PprofMcpError]] = [PprofMcpError]
    while waiting:
        current = waiting.pop(0)
        yield current
        waiting.extend(current.__subclasses__())


def by_code() -> dict[str, type[PprofMcpError]]:
    """Map each stable code to its class; classes that only group others have none."""
    return {cls.code: cls for cls in all_classes() if "code" in vars(cls) and cls is not PprofMcpError}


def from_native(
    code: str, message: str, place: str | None = None, details: Mapping[str, object] | None = None
) -> PprofMcpError:
    """Build the exception for an error of the Rust core.

    Args:
        code: One of `_native.error_codes()`.
        message: The sentence for people, without the place.
        place: Where in the input, such as `byte 17 of the input`.
        details: Facts as data; what is not plain data is dropped.

    Returns:
        The exception, to be raised by the caller. An unknown code gives `InternalError`, with the code in its
        details.
    """
    kept = {key: plain for key, value in (details or {}).items() if (plain := _plain(value)) is not None}
    if place is not None:
        kept["place"] = place
        message = f"{message} (at {place})"
    cls = by_code().get(code)
    if cls is None:
        return InternalError(message, details={**kept, "unknown_code": code})
    if cls is UnknownSampleTypeError and kept.get("available") == []:
        return cls(
            _NO_TYPES, hint="Record it again: nothing can be told of values without a type.", details=kept
        )
    return cls(message, hint=_native_hint(cls, kept), details=kept)


_NO_TYPES = "the profile has no sample types, so its values have no meaning"


def _plain(value: object) -> Detail:
    """Give the value if it is plain data, None for anything else."""
    if isinstance(value, list):
        return [str(item) for item in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value if isinstance(value, (str, int, float, bool)) else None


def _native_hint(cls: type[PprofMcpError], details: Mapping[str, Detail]) -> str | None:
    if cls is ProfileTooLargeError and isinstance(details.get("setting"), str):
        return f"If the input is to be trusted, raise PPROF_MCP_LIMIT_{str(details['setting']).upper()}."
    return None
