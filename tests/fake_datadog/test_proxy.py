"""The proxy, with and without a password."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from tests.fake_datadog import FakeDatadog
from tests.fake_datadog.calling import LIST, keys, window
from tests.fake_datadog.proxy import Proxy

RIGHT = {"Proxy-Authorization": "Basic " + base64.b64encode(b"me:s3cret").decode()}


def connected(
    proxy: Proxy, host: str, headers: Mapping[str, str] | None = None
) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(proxy.url).port, timeout=30)
    connection.set_tunnel(host, 443, dict(headers or {}))
    return connection


def test_a_tunnel_leads_to_the_server_whatever_host_is_asked_for(fake: FakeDatadog) -> None:
    with Proxy(fake.port) as proxy:
        connection = connected(proxy, "api.datadoghq.com")
        for _ in range(2):
            connection.request("POST", LIST, json.dumps(window(limit=1)), keys(fake))
            assert json.loads(connection.getresponse().read())["data"]
        connection.close()
        assert [(asked.method, asked.target) for asked in proxy.requests] == [
            ("CONNECT", "api.datadoghq.com:443")
        ]
        assert not any(name.startswith("dd-") for name in proxy.requests[0].headers)
    assert fake.log.requests[0].headers["host"] == "api.datadoghq.com:443"


def test_a_whole_url_is_passed_on(fake: FakeDatadog) -> None:
    with Proxy(fake.port) as proxy:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(proxy.url).port, timeout=30)
        connection.request("GET", "http://api.datadoghq.com/api/v1/validate", headers=keys(fake))
        assert connection.getresponse().status == 200
        connection.close()
    assert fake.log.requests[0].path == "/api/v1/validate"


def test_a_password_is_asked_for(fake: FakeDatadog) -> None:
    with Proxy(fake.port, "me", "s3cret") as proxy:
        assert urlsplit(proxy.url).password == "s3cret"
        for headers in ({}, {"Proxy-Authorization": "Basic bm86bm8="}):
            with pytest.raises(OSError, match="407"):
                connected(proxy, "api.datadoghq.com", headers).request("GET", "/")
        connection = connected(proxy, "api.datadoghq.com", RIGHT)
        connection.request("GET", "/api/v1/validate", headers=keys(fake))
        assert connection.getresponse().status == 200
        connection.close()
        assert [asked.had_credentials for asked in proxy.requests] == [False, False, True]
        assert "s3cret" not in repr(proxy.requests)
    assert len(fake.log.requests) == 1


def test_nonsense_is_refused(fake: FakeDatadog) -> None:
    with (
        Proxy(fake.port) as proxy,
        socket.create_connection(("127.0.0.1", urlsplit(proxy.url).port or 0), timeout=30) as connection,
    ):
        connection.sendall(b"GET /no/host HTTP/1.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
