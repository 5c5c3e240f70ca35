"""Keys and passwords: held so that none gets into a log, an error, an answer or a file name."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import NoReturn

from typing_extensions import override

HIDDEN = "****"
_LEAST_SHOWN = 16
"""Characters below which not even the last four are shown. Source: chosen; keys have 32 and more."""
_LEAST_SCRUBBED = 6
"""Characters below which a secret is not looked for in texts: it would hit words. Source: chosen."""

_NEAR_A_NAME = re.compile(
    r"""(?ix)
        ( (?: api | app | application | access | secret | auth ) [-_\s]? (?: key | token ) [^0-9a-z]{1,6}
        | (?: key | token | password | bearer | basic | authorization ) [^0-9a-z]{1,6} )
        ( (?= [a-z+/=_.~-]* [0-9] ) [0-9a-z+/=_.~-]{16,} )"""
)
"""Something long with a digit behind the name of a key: what servers echo when they refuse one."""
_HEX_KEY = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40})(?![0-9a-fA-F])")
"""The form of Datadog's API and application keys."""
_USER_INFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@]*@")


class Secret:
    """A key, token or password.

    Args:
        value: The secret; spaces, line ends and quotes around it go, since they come from pasting.
        scheme: What a header has before it, such as `Bearer`.
    """

    __slots__ = ("_value", "scheme")

    def __init__(self, value: str, scheme: str = "") -> None:
        self._value = value.strip().strip("'\"").strip()
        self.scheme = scheme

    def reveal(self) -> str:
        """Give the secret itself, for the header that carries it and nothing else."""
        return self._value

    def sent(self) -> str:
        """Give what a header holds: the secret behind its scheme."""
        return f"{self.scheme} {self._value}" if self.scheme else self._value

    @property
    def is_sendable(self) -> bool:
        """Whether a header can carry it: printable ASCII without spaces."""
        return bool(self._value) and all("!" <= sign <= "~" for sign in self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    @override
    def __repr__(self) -> str:
        return HIDDEN + (self._value[-4:] if len(self._value) >= _LEAST_SHOWN else "")

    @override
    def __format__(self, format_spec: str) -> str:
        return format(repr(self), format_spec)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    @override
    def __hash__(self) -> int:
        return hash((Secret, self._value))

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def scrubbed(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Take secrets out of a text that came from elsewhere.

    Args:
        text: What a server or library said.
        secrets: Those that may be in it; what only looks like a key goes too.
    """
    for secret in sorted((one.reveal() for one in secrets), key=len, reverse=True):
        if len(secret) >= _LEAST_SCRUBBED:
            text = text.replace(secret, HIDDEN)
    text = _HEX_KEY.sub(HIDDEN, text)
    text = _NEAR_A_NAME.sub(lambda found: found[1] + HIDDEN, text)
    return _USER_INFO.sub(rf"\g<1>{HIDDEN}@", text)
