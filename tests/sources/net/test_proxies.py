"""Which proxy is asked."""

from __future__ import annotations

import pytest
from pprof_mcp.errors import InvalidArgumentError
from pprof_mcp.sources.net.proxies import Proxies, read_proxies

TARGET = "https://api.datadoghq.eu/x"


def chosen(proxies: Proxies, url: str = TARGET) -> str | None:
    found = proxies.for_url(url)
    return None if found is None else found.reveal()


def test_the_more_special_setting_counts() -> None:
    given = {"PPROF_MCP_PROXY": "http://a:1", "HTTPS_PROXY": "http://c:1", "HTTP_PROXY": "http://d:1"}
    assert chosen(read_proxies(given, https="http://b:1")) == "http://a:1"
    del given["PPROF_MCP_PROXY"]
    assert chosen(read_proxies(given, https="http://b:1")) == "http://b:1"
    assert chosen(read_proxies(given)) == "http://c:1"
    assert chosen(read_proxies(given), "http://plain.example/") == "http://d:1"
    assert chosen(read_proxies({"https_proxy": "c:1"})) == "http://c:1"
    assert chosen(read_proxies({})) is None


@pytest.mark.parametrize(
    ("rules", "is_direct"),
    [
        ("*", True), ("datadoghq.eu", True), (".datadoghq.eu", True), ("*.datadoghq.eu", True),
        ("API.datadoghq.eu", True), ("other, api.datadoghq.eu", True), ("api.datadoghq.eu:443", True),
        ("api.datadoghq.eu:8443", False), ("doghq.eu", False), ("", False), ("eu.datadoghq", False),
    ],
)  # fmt: skip
def test_hosts_can_be_asked_directly(rules: str, is_direct: bool) -> None:
    proxies = read_proxies({"HTTPS_PROXY": "http://c:1", "NO_PROXY": rules})
    assert (chosen(proxies) is None) == is_direct
    assert (chosen(read_proxies({"HTTPS_PROXY": "http://c:1"}, bypass=rules)) is None) == is_direct


def test_addresses_can_be_asked_directly_by_their_network() -> None:
    proxies = read_proxies({"HTTPS_PROXY": "http://c:1", "NO_PROXY": "10.0.0.0/8 ::1"})
    assert chosen(proxies, "https://10.9.9.9/") is None
    assert chosen(proxies, "https://11.9.9.9/") == "http://c:1"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:99", "[::1]", "x.localhost"])
def test_this_machine_is_asked_directly_unless_the_proxy_is_meant_for_all(host: str) -> None:
    assert chosen(read_proxies({"HTTP_PROXY": "http://c:1"}), f"http://{host}/") is None
    assert chosen(read_proxies({"PPROF_MCP_PROXY": "http://c:1"}), f"http://{host}/") == "http://c:1"


@pytest.mark.parametrize("text", ["ftp://me:geheim@x", "http://", "http://me:geheim@:1", "http://x:port"])
def test_an_address_that_is_none_is_an_error_that_does_not_show_it(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_proxies({"HTTPS_PROXY": text})
    assert "geheim" not in caught.value.message
    assert "HTTPS_PROXY" in caught.value.message


def test_a_proxy_does_not_show_its_password() -> None:
    assert "geheim" not in repr(read_proxies({"HTTPS_PROXY": "http://me:geheim@x:1"}))
