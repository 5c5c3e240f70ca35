"""Which hosts may be asked: by name before anything is sent, by address before anything is connected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from pprof_mcp.errors import HostNotAllowedError, InvalidArgumentError, NetworkError
from pprof_mcp.sources.hosts import Hosts, read_rules


def hosts(text: str) -> Hosts:
    return Hosts(read_rules(text))


def leading_to(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda _host, _port: addresses


@pytest.mark.parametrize(
    ("rules", "url"),
    [
        ("localhost:6060", "http://localhost:6060/debug/pprof/"),
        ("localhost:6060", "http://127.0.0.1:6060/debug/pprof/"),
        ("localhost:6060", "http://[::1]:6060/"),
        ("LOCALHOST:6060", "http://LocalHost.:6060/"),
        ("a.example, b.example:8080", "https://a.example/x"),
        ("a.example b.example:8080", "http://b.example:8080/x"),
        ("*.svc.cluster.local:6060", "http://shop.prod.svc.cluster.local:6060/"),
        ("10.1.2.3:*", "http://10.1.2.3:9999/"),
        ("[fd00::1]:6060", "http://[fd00:0::1]:6060/"),
        ("*:*", "https://anything.example:1/"),
    ],
)
def test_what_the_operator_names_may_be_asked(rules: str, url: str) -> None:
    target = hosts(rules).check(url)
    assert target.rule is not None


@pytest.mark.parametrize(
    ("rules", "url"),
    [
        ("", "http://localhost:6060/"),
        ("localhost:6060", "http://localhost:6061/"),
        ("localhost", "http://localhost:6060/"),
        ("a.example", "http://a.example.evil/"),
        ("a.example", "http://xa.example/"),
        ("*.a.example", "http://a.example/"),
        ("*.a.example", "http://b.example/?x=.a.example"),
        ("*.a.example", "http://b.example#.a.example"),
        ("10.1.2.3", "http://10.1.2.4/"),
        ("10.1.2.3", "http://167838211/"),
    ],
)
def test_nothing_else_may_be_asked_and_the_error_says_what_may(rules: str, url: str) -> None:
    with pytest.raises(HostNotAllowedError) as caught:
        hosts(rules).check(url)
    assert all(part in caught.value.message for part in rules.replace(",", " ").split())
    assert "PPROF_MCP_HOSTS" in caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "ftp://localhost/x",
        "file:///etc/passwd",
        "localhost:6060",
        "http://",
        "http://user:secretpassword@localhost:6060/",
        "http://localhost:99999/",
        "http://localhost:6060\\@evil.example/",
        "http://local host/",
        "http://b\u00fccher.example/",
        "http://evil.example\uff0f.a.example/",
        "http://[::1/",
        "http://localhost/" + "x" * 2_000,
    ],
)
def test_what_is_no_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Hosts(None).check(url)
    assert "secretpassword" not in caught.value.message


@pytest.mark.parametrize(
    ("rules", "found", "good"),
    [
        ("shop.example", ["93.184.216.34"], ["93.184.216.34"]),
        ("shop.example", ["10.1.2.3"], ["10.1.2.3"]),
        ("shop.example", ["127.0.0.1"], []),
        ("shop.example", ["::1", "10.1.2.3"], ["10.1.2.3"]),
        ("shop.example", ["169.254.169.254"], []),
        ("shop.example", ["::ffff:169.254.169.254"], []),
        ("shop.example", ["fe80::1%eth0"], []),
        ("shop.example", ["0.0.0.0"], []),  # noqa: S104 - nothing is bound
        ("*", ["10.1.2.3"], []),
        ("*", ["192.168.0.1", "93.184.216.34"], ["93.184.216.34"]),
        ("*", ["fd00:ec2::254"], []),
        ("*.example", ["10.1.2.3"], ["10.1.2.3"]),
    ],
)
def test_a_name_may_not_lead_into_this_machine_or_where_clouds_keep_credentials(
    rules: str, found: list[str], good: list[str]
) -> None:
    allowed = hosts(rules)
    target = allowed.check("http://shop.example/")
    if good:
        assert allowed.addresses(target, leading_to(*found)) == good
        return
    with pytest.raises(HostNotAllowedError, match="leads to"):
        allowed.addresses(target, leading_to(*found))


def test_what_is_named_by_its_address_may_be_asked_there() -> None:
    for rule, address in (("169.254.1.2", "169.254.1.2"), ("localhost", "127.0.0.1"), ("localhost", "::1")):
        allowed = hosts(rule)
        target = allowed.check(f"http://{rule}/")
        assert allowed.addresses(target, leading_to(address)) == [address]


def test_localhost_that_leads_elsewhere_is_not_this_machine() -> None:
    allowed = hosts("localhost")
    with pytest.raises(HostNotAllowedError):
        allowed.addresses(allowed.check("http://localhost/"), leading_to("169.254.169.254"))


def test_a_name_that_nobody_knows_is_said_so() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError(f"{host}:{port}: Name or service not known")

    allowed = hosts("shop.example")
    with pytest.raises(NetworkError, match="not known to the name service"):
        allowed.addresses(allowed.check("http://shop.example/"), unknown)


@pytest.mark.parametrize(
    "text", ["a b/c", "http://a", "a:0", "a:99999", "a:b", "*a", "a.*", "user@a", "[::1"]
)
def test_a_wrong_setting_is_told(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="PPROF_MCP_HOSTS"):
        read_rules(text)
