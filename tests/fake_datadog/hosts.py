"""What answers depending on the host that a client thinks it talks to."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fake_datadog.messages import HTML, Request, Response

SITES: dict[str, str] = {
    "datadoghq.com": "app.datadoghq.com",
    "us3.datadoghq.com": "us3.datadoghq.com",
    "us5.datadoghq.com": "us5.datadoghq.com",
    "datadoghq.eu": "app.datadoghq.eu",
    "ap1.datadoghq.com": "ap1.datadoghq.com",
    "ap2.datadoghq.com": "ap2.datadoghq.com",
    "uk1.datadoghq.com": "uk1.datadoghq.com",
    "ddog-gov.com": "app.ddog-gov.com",
    "us2.ddog-gov.com": "us2.ddog-gov.com",
    "datad0g.com": "dd.datad0g.com",
}
"""Site to the host of its UI, which serves the profiling routes too [A]; that of its API is `api.` and the
site [A]."""


@dataclass(frozen=True)
class Host:
    """Whose host a name is.

    Attributes:
        site: Its site; `None` when it is none of Datadog's, such as loopback.
        role: `api`, `app`, or `bare` for the site itself where that is no UI.
    """

    site: str | None
    role: str


def host_of(header: str) -> Host:
    """Read a `Host` header.

    `app.` before a site whose UI has no such prefix leads to that UI as well: datadog-pgo calls it for every
    site [D].
    """
    name = header.lower().rpartition(":")[0] if ":" in header else header.lower()
    for site, ui in SITES.items():
        if name == f"api.{site}":
            return Host(site, "api")
        if name in (ui, f"app.{site}"):
            return Host(site, "app")
        if name == site:
            return Host(site, "bare")
    return Host(None, "api")


def answer_of(request: Request) -> Response | None:
    """Answer what never reaches a route: the bare host of a site, and `/`.

    The bare host of US1 and others is a marketing site or nothing [A]; that it redirects to `www.` is
    assumed [D]. `/` of the API host leads to a public page [A], with or without keys.
    """
    if request.host_role == "bare":
        location = f"https://www.{request.site}{request.path}"
        return Response(301, b"<html><body>Moved</body></html>", {"Location": location, "Content-Type": HTML})
    if request.path == "/":
        return Response(307, b"", {"Location": "https://docs.datadoghq.com/api/"})
    return None
