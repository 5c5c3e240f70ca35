"""Keys: who may call, and for what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.fake_datadog.messages import Request, Response, error
from tests.fake_datadog.variants import Variants

READ = "continuous_profiler_read"
PGO = "continuous_profiler_pgo_read"
QUERIES = "timeseries_query"
METRICS = "metrics_read"
EVENTS = "events_read"
CATALOG = "apm_service_catalog_read"

_SCOPE_WORDS = {
    "plain": "Forbidden: this key lacks the permission {scope}",
    "missing": "Failed permission authorization checks: missing {scope}",
    "requires": "This endpoint requires the {scope} permission.",
}


@dataclass(frozen=True)
class AppKey:
    """An application key.

    Attributes:
        scopes: What it may do; `None` for an unscoped key, which may do what its owner may.
    """

    scopes: frozenset[str] | None = None


@dataclass
class Keys:
    """The keys of one organisation.

    Attributes:
        site: Where they are valid: keys are per site, another site's are unknown [A].
        api: API keys.
        app: Application keys.
        tokens: Bearer tokens.
    """

    site: str = "datadoghq.com"
    api: list[str] = field(default_factory=lambda: ["c0ffee" * 4 + "12345678"])
    app: dict[str, AppKey] = field(default_factory=lambda: {"badc0de5" * 5: AppKey()})
    tokens: dict[str, AppKey] = field(default_factory=dict[str, AppKey])

    def add_api(self) -> str:
        """Make another API key."""
        self.api.append(f"{0xA0000000 + len(self.api):08x}" * 4)
        return self.api[-1]

    def add_app(self, scopes: Iterable[str] | None = None) -> str:
        """Make another application key.

        Args:
            scopes: What it may do; everything by default.
        """
        key = f"{0xB0000000 + len(self.app):08x}" * 5
        self.app[key] = AppKey(None if scopes is None else frozenset(scopes))
        return key

    def name(self, header: str, value: str) -> str:
        """Give what the log says instead of a key: its index, never its text."""
        known = self.api if header == "dd-api-key" else list(self.app)
        return f"<{header} {known.index(value)}>" if value in known else f"<{header} unknown>"

    def add_token(self, scopes: Iterable[str]) -> str:
        """Make a bearer token."""
        token = f"ddpat_{0xC0000000 + len(self.tokens):08x}"
        self.tokens[token] = AppKey(frozenset(scopes))
        return token

    def refusal(
        self, request: Request, scope: str | None, variants: Variants, *, takes_tokens: bool = False
    ) -> Response | None:
        """Say why a request may not be answered, or give `None`.

        Both keys are needed on every read route [A]; the old routes refuse bearer tokens with 401 [A].

        Args:
            request: The request.
            scope: The permission that its route needs; `None` when the API key is enough.
            variants: Forms of the refusal.
            takes_tokens: Whether the route takes bearer tokens.
        """
        form = variants.error_form
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = self.tokens.get(credentials) if takes_tokens else None
            if token is None or scope is None:
                return error(401, "Unauthorized", form)
            return self._lack(token, scope, "", variants)
        if request.headers.get("dd-api-key") not in self.api or request.site not in (None, self.site):
            return error(403, "Forbidden", form)
        if scope is None:
            return None
        key = self.app.get(request.headers.get("dd-application-key", ""))
        if key is None:
            return error(403, "Forbidden", form)
        return self._lack(key, scope, request.path, variants)

    def _lack(self, key: AppKey, scope: str, path: str, variants: Variants) -> Response | None:
        if key.scopes is None:
            return None
        if scope not in key.scopes:
            return error(403, _SCOPE_WORDS[variants.scope_words].format(scope=scope), variants.error_form)
        is_unlisted = path.startswith(("/api/unstable/", "/api/ui/", "/profiling/"))
        if variants.refuses_scoped_keys and is_unlisted:
            return error(403, "Forbidden", variants.error_form)
        return None
