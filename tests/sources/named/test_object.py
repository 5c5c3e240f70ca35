"""`source=object`, against an imitation of S3."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from pprof_mcp.errors import (
    HostNotAllowedError,
    InvalidArgumentError,
    NotConfiguredError,
    ProfileTooLargeError,
    SourceFailedError,
    SourceNotFoundError,
)
from pprof_mcp.sources.net.settings import NetSettings

from tests.imitations.s3 import S3
from tests.sources.named.calling import call, download
from tests.sources.named.conftest import described, fetching
from tests.sources.named.test_pyroscope import GO
from tests.support import DATA

CPU = (GO / "cpu.pb.gz").read_bytes()
OBJECTS = {
    "ci/run-7/cpu.pb.gz": CPU,
    "ci/run-7/heap.pb.gz": (GO / "heap.after.pb.gz").read_bytes(),
    "ci/run-7/deep/cpu.pb.gz": (GO / "mutex.after.pb.gz").read_bytes(),
    "ci/run-7/log.txt": b"not a profile",
    "ci/run-70/cpu.pb.gz": CPU,
    "bundle.zip": (DATA / "bundle.zip").read_bytes(),
    "odd name \u00e9.pb.gz": CPU,
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    pytest.importorskip("obstore")
    with S3("profiles", OBJECTS) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def test_all_objects_below_a_folder_are_one_bundle(s3: S3) -> None:
    session = fetching(server=True, PPROF_MCP_BUCKETS="s3://profiles/ci/")
    found = download(session, "object", url="s3://profiles/ci/run-7/")
    assert described(found) == {"cpu.pb.gz": "cpu", "cpu-2.pb.gz": "mutex", "heap.pb.gz": "heap"}
    assert [other.name for other in found.others] == ["log.txt"]
    assert call(session, "pprof.top", profile=f"{found.bundle}#cpu").rows
    assert not [one for one in s3.asked if "run-70" in one.path]


def test_one_object_and_a_zip_are_opened_as_what_they_are(s3: S3) -> None:
    del s3
    session = fetching(server=False)
    assert download(session, "object", url="s3://profiles/ci/run-7/cpu.pb.gz").kinds == ["cpu"]
    assert download(session, "object", url="s3://profiles/odd name \u00e9.pb.gz").kinds == ["cpu"]
    assert len(download(session, "object", url="s3://profiles/bundle.zip").kinds) == 5


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("", "s3://profiles/ci/run-7/cpu.pb.gz"),
        ("s3://profiles/ci/run-7", "s3://profiles/ci/run-70/cpu.pb.gz"),
        ("s3://profiles/ci/", "s3://profiles/bundle.zip"),
        ("s3://profiles", "s3://profiles2/x"),
        ("gs://profiles/", "s3://profiles/x"),
    ],
)
def test_a_server_reads_no_bucket_or_folder_that_is_not_allowed(s3: S3, allowed: str, url: str) -> None:
    with pytest.raises(HostNotAllowedError, match="no bucket that may be read"):
        download(fetching(server=True, PPROF_MCP_BUCKETS=allowed), "object", url=url)
    assert s3.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3://",
        "s3:///x",
        "file:///etc/passwd",
        "memory:///x",
        "http://h/x",
        "s3://b/../x",
        "s3://b/x?y",
        "/x",
    ],
)
def test_what_is_no_address_of_an_object_is_refused(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"(?i)url|through"):
        download(fetching(server=False), "object", url=url)


def test_what_is_not_there_is_told(s3: S3) -> None:
    del s3
    session = fetching(server=False)
    for url in ("s3://profiles/nothing.pb.gz", "s3://profiles/nothing/"):
        with pytest.raises(SourceNotFoundError, match="there is no"):
            download(session, "object", url=url)


def test_no_access_is_told_without_the_key(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    del s3
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAWRONG")
    for url in ("s3://profiles/bundle.zip", "s3://profiles/ci/"):
        with pytest.raises(SourceFailedError, match="can not be read") as caught:
            download(fetching(server=False), "object", url=url)
        told = str(caught.value) + str(caught.value.details)
        assert "secret-of-the-bucket" not in told
        assert "AWS_" in caught.value.hint


def test_a_large_object_is_refused(s3: S3) -> None:
    del s3
    session = fetching(server=False, net=NetSettings(download_bytes=100))
    with pytest.raises(ProfileTooLargeError, match="larger than 100 bytes"):
        download(session, "object", url="s3://profiles/bundle.zip")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(NotConfiguredError, match="extra `object`") as caught:
        download(fetching(server=False), "object", url="s3://profiles/bundle.zip")
    assert "pip install 'pprof-mcp[object]'" in caught.value.hint
