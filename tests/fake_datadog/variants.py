"""What is not surely known of the real service, each as a switch: a client must cope with every setting."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass
class Variants:
    """One setting for each doubtful fact; the first value named is the default.

    Attributes:
        id_field: Where a listed profile has its profile id: `id` [A], `profile-id` [C], `profile_id` [?]
            among the attributes; `both`: the first two [C]; `top:profile-id`, `top:profile_id`: beside
            `attributes` [?].
        tags_form: `tags`, a list [A]; `tag`, an object of lists [C]; `both`; `none` [?].
        duration_form: `float` of nanoseconds [A]; `int`; `text`; `absent` [?].
        has_named_attributes: Whether `service`, `env`, `version`, `host`, `start` and `end` are attributes
            [C].
        has_metrics: Whether `custom.metrics` is there [A]; without it is [?].
        timestamp: Is it the `end` or the `start` of the profile [?].
        time_form: How times are written: `millis`, `whole`, `offset`, `nanos` [B]; `basic`, `naive`,
            `epoch`, `epoch_text`, `epoch_nanos` [?].
        window_end: Whether `to` itself is outside, `exclusive`, or inside, `inclusive` [?].
        empty_list: `data`: an empty list [B]; `body`: 200 without a body, seen on sibling routes [A]; `null`
            and `absent`: no list [?].
        default_limit: How many are listed when nothing is said: about 50 [C].
        max_limit: The largest limit; 500 is known to work [C], more is [?].
        over_limit: A larger one is cut down, `clamp`, or refused, `400` [?].
        expired: Download of an expired profile: `404` [D], `empty_zip` [D], `410` [?].
        lists_expired: Whether a profile is listed after its file has expired [D].
        download_opens: Whether a download counts as opening, so that the profile is kept for a year [?].
        download_hosts: Hosts that serve downloads: `any`; that of the UI alone, where the API host says 404
            with a page, `app`, or as to any unknown route, `app_json` [?].
        encoding: How downloads are compressed: `uploaded`, as the tracer sent them; `raw`, `gzip`,
            `gzip_twice`, `zstd`, `lz4` for all [?].
        folder: Folder that the entries of a zip lie in; both known clients look at base names alone [B].
        has_event_json: Whether `event.json` is in the zip [?].
        zip_method: `deflated` or `stored` [?].
        has_descriptors: Whether sizes stand behind the data, as when a zip is streamed [?].
        trailing: Bytes behind the zip [?].
        download_type: Content type of a download: `application/zip` or another [B].
        error_form: Body of an error: `strings` [A], `objects` [A], `text` (objects, `text/plain`) [A],
            `jsonapi` [A], `message` [A], `html` [A], `empty` [A].
        scope_words: Wording of a missing permission: `plain`, `missing`, `requires` [?].
        refuses_scoped_keys: Whether unlisted routes refuse scoped application keys even with the scope [A].
        is_pup_enabled: Whether the organisation has the pup routes [A].
        json_form: `plain`; `bom` before it; `vnd`: `application/vnd.api+json`; `text`: `text/plain` [?].
        rate_headers: Spelling of the rate-limit headers: `X-RateLimit-` or `x-ratelimit-` [A]; `none` on
            success [?].
        has_unknown_fields: Whether answers have fields that nobody knows [?].
        aggregate_depth: Levels of a recursion in flame graphs; more than 128 are known [C].
        ignores_endpoint: Whether `@endpoint:` in an aggregate's query is silently ignored [C].
        has_profile_facets: Whether profiles can be grouped by `service` and `env` in queries [D]; else 400.
    """

    id_field: str = "id"
    tags_form: str = "tags"
    duration_form: str = "float"
    has_named_attributes: bool = True
    has_metrics: bool = True
    timestamp: str = "end"
    time_form: str = "millis"
    window_end: str = "exclusive"
    empty_list: str = "data"
    default_limit: int = 50
    max_limit: int = 500
    over_limit: str = "clamp"
    expired: str = "404"
    lists_expired: bool = True
    download_opens: bool = False
    download_hosts: str = "any"
    encoding: str = "uploaded"
    folder: str = ""
    has_event_json: bool = False
    zip_method: str = "deflated"
    has_descriptors: bool = False
    trailing: str = ""
    download_type: str = "application/zip"
    error_form: str = "strings"
    scope_words: str = "plain"
    refuses_scoped_keys: bool = False
    is_pup_enabled: bool = True
    json_form: str = "plain"
    rate_headers: str = "X-RateLimit-"
    has_unknown_fields: bool = False
    has_profile_facets: bool = True
    aggregate_depth: int = 150
    ignores_endpoint: bool = True

    def set(self, **changes: Any) -> None:
        """Change some; an unknown name or value is an error, so that no test switches nothing.

        Raises:
            ValueError: There is no such switch or setting.
        """
        known: dict[str, object] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in changes.items():
            if type(known.get(name)) is not type(value):
                raise ValueError(f"no switch {name!r} that could be {value!r}; there are: {', '.join(known)}")
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(f"{name} cannot be {value!r}; it can be: {', '.join(CHOICES[name])}")
            setattr(self, name, value)


CHOICES: dict[str, tuple[str, ...]] = {
    "id_field": ("id", "profile-id", "profile_id", "both", "top:profile-id", "top:profile_id"),
    "tags_form": ("tags", "tag", "both", "none"),
    "duration_form": ("float", "int", "text", "absent"),
    "timestamp": ("end", "start"),
    "time_form": (
        *("millis", "whole", "offset", "nanos"),
        *("basic", "naive", "epoch", "epoch_text", "epoch_nanos"),
    ),
    "window_end": ("exclusive", "inclusive"),
    "empty_list": ("data", "body", "null", "absent"),
    "over_limit": ("clamp", "400"),
    "expired": ("404", "empty_zip", "410"),
    "download_hosts": ("any", "app", "app_json"),
    "encoding": ("uploaded", "raw", "gzip", "gzip_twice", "zstd", "lz4"),
    "zip_method": ("deflated", "stored"),
    "error_form": ("strings", "objects", "text", "jsonapi", "message", "html", "empty"),
    "scope_words": ("plain", "missing", "requires"),
    "json_form": ("plain", "bom", "vnd", "text"),
    "rate_headers": ("X-RateLimit-", "x-ratelimit-", "none"),
}
"""Every setting of the switches that are words: what a parametrised test goes through."""
