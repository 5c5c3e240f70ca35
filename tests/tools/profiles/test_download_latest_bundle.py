"""What profiles.download_latest_bundle must get right."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from pprof_mcp.errors import (
    BadAnswerError,
    HandleExpiredError,
    InvalidArgumentError,
    PathNotAllowedError,
    PprofMcpError,
    ProfileGoneError,
    TimedOutError,
    WrongHostError,
)
from pprof_mcp.registry.discover import load
from pprof_mcp.registry.run import run
from pprof_mcp.results.capture import CaptureResult
from pprof_mcp.session.session import Session
from pprof_mcp.sources.fence import Fence
from pprof_mcp.sources.net.together import together

from tests.cases import Cases
from tests.datadog import WINDOW, session_of
from tests.fake_datadog import CHOICES, FakeDatadog, Profile
from tests.fake_datadog.bundles import bundle_of

CASES = Cases(
    good=[
        {"service": "checkout", "env": "prod", **WINDOW},
        {"service": "ranker", **WINDOW},
        {"service": "legacy", **WINDOW},
    ],
    wrong=[("profile_id", "AZ"), ("service", "nobody"), ("from", "soon")],
)


def downloaded(session: Session, service: str = "checkout", **more: object) -> CaptureResult:
    found = run(load("profiles.download_latest_bundle"), {"service": service, **more}, session=session)
    assert isinstance(found, CaptureResult)
    return found


def newest(fake: FakeDatadog, service: str = "checkout", env: str = "prod") -> Profile:
    return max(
        (one for one in fake.store.visible() if (one.service, one.env) == (service, env)),
        key=lambda one: one.end,
    )


def test_the_newest_comes_with_all_that_is_known_of_it(asking: Session, fake: FakeDatadog) -> None:
    found = downloaded(asking, env="prod")
    expected = newest(fake)
    assert (found.profile_id, found.event_id) == (expected.profile_id, expected.event_id)
    assert (found.service, found.env, found.version) == ("checkout", "prod", "1.4.2")
    assert (found.host, found.runtime, found.seq) == (expected.host, "go", expected.seq)
    assert f"pod_name:{expected.pod}" in found.tags
    assert (found.start, found.end) == ("2026-09-01T11:58:31.500Z", "2026-09-01T11:59:31.500Z")
    assert found.metrics["go_num_goroutine"] > 0
    assert [row.name for row in found.files] == [
        "cpu.pprof", "delta-block.pprof", "delta-heap.pprof", "delta-mutex.pprof", "goroutines.pprof"
    ]  # fmt: skip
    assert {other.name for other in found.others} == {"metrics.json"}
    for row in found.files:
        assert asking.profile(row.handle).kind == row.type
        assert row.bytes > 0
    assert asking.profile(f"{found.bundle}#cpu").handle == found.files[0].handle
    assert len(fake.log.requests) == 2


@pytest.mark.parametrize("encoding", CHOICES["encoding"])
@pytest.mark.parametrize("event", [True, False])
def test_every_compression_is_read_also_beside_the_profiles(
    asking: Session, fake: FakeDatadog, encoding: str, event: bool
) -> None:
    fake.variants.set(encoding=encoding, has_event_json=event)
    found = downloaded(asking, env="prod")
    assert len(found.files) == 5
    assert found.metrics["go_num_goroutine"] > 0
    assert found.endpoints == ({"GET /cart": 4200, "POST /checkout": 1300} if event else {})
    assert not found.warnings


@pytest.mark.parametrize(
    ("name", "value"),
    [("folder", "profile-1/"), ("zip_method", "stored"), ("has_descriptors", True), ("trailing", "bytes"),
     ("download_type", "text/html")],
)  # fmt: skip
def test_every_form_of_a_zip_is_read(asking: Session, fake: FakeDatadog, name: str, value: object) -> None:
    fake.variants.set(**{name: value})
    found = downloaded(asking, env="prod")
    assert found.kinds[:2] == ["cpu", "heap"]
    assert found.metrics["go_num_goroutine"] > 0


def test_other_languages_are_told_by_sample_types(asking: Session) -> None:
    python = downloaded(asking, "ranker")
    assert python.files[0].type == "cpu"
    assert {"wall", "heap", "exceptions"} <= set(python.kinds)
    assert python.libraries > 0
    assert downloaded(asking, "web").runtime == "node"


def test_a_recording_that_is_no_pprof_is_said_to_be_one(asking: Session) -> None:
    found = downloaded(asking, "legacy")
    assert (found.files, found.kinds, found.next) == ([], [], [])
    assert any("JFR" in warning for warning in found.warnings)
    assert found.others[0].name == "main.jfr"


def test_two_ids_need_no_service_and_bring_what_the_bundle_says(asking: Session, fake: FakeDatadog) -> None:
    fake.variants.set(has_event_json=True)
    one = newest(fake)
    found = downloaded(asking, "", profile_id=one.profile_id, event_id=one.event_id)
    assert (found.service, found.env, found.version, found.host) == ("checkout", "prod", "1.4.2", one.host)
    assert (found.from_ts, found.to_ts) == (None, None)
    assert found.start is not None
    assert found.start.startswith("2026-09-01T11:58:31.5")
    assert [entry.route for entry in fake.log.requests] == ["download"]


def test_two_ids_that_were_listed_bring_what_the_list_told(asking: Session, fake: FakeDatadog) -> None:
    run(load("datadog.profiles.pick"), {"service": "checkout", "env": "prod"}, session=asking)
    one = newest(fake)
    found = downloaded(asking, "", profile_id=one.profile_id, event_id=one.event_id)
    assert (found.service, found.env, found.version, found.host) == ("checkout", "prod", "1.4.2", one.host)
    assert found.timestamp == "2026-09-01T11:59:31.500Z"
    assert "service:checkout" in found.tags


@pytest.mark.parametrize(
    "given", [{"profile_id": "a"}, {"event_id": "a"}, {"profile_id": "..", "event_id": "a"},
              {"profile_id": "a b", "event_id": "a"}, {"profile_id": "a", "event_id": "ü"}, {}],
)  # fmt: skip
def test_ids_that_can_not_be_are_refused_before_anything_is_asked(
    asking: Session, fake: FakeDatadog, given: dict[str, str]
) -> None:
    with pytest.raises(InvalidArgumentError):
        downloaded(asking, "", **given)
    assert not fake.log.requests


def test_ids_are_only_ever_ids(asking: Session, fake: FakeDatadog) -> None:
    for wild in ("../../../v1/validate", "a/b?c=d#e", "%2e%2e", "a&eventId=b", ".%2F.."):
        with pytest.raises(ProfileGoneError):
            downloaded(asking, "", profile_id=wild, event_id=wild)
        last = fake.log.requests[-1]
        assert last.route == "download", last.path
        assert last.query == {"eventId": wild}


def test_what_was_downloaded_is_not_downloaded_again(
    asking: Session, fake: FakeDatadog, tmp_path: Path
) -> None:
    first = downloaded(asking, env="prod")
    again = downloaded(asking, env="prod")
    other = downloaded(session_of(fake, tmp_path), env="prod")
    assert first == again == other
    assert len(fake.log.of("download")) == 1


def test_downloads_of_the_same_at_one_time_are_one(asking: Session, fake: FakeDatadog) -> None:
    one = newest(fake)
    ids = {"profile_id": one.profile_id, "event_id": one.event_id}
    found = together([lambda: downloaded(asking, "", **ids)] * 6, workers=6)
    assert len({one.bundle for one in found if isinstance(one, CaptureResult)}) == 1
    assert len(found) == 6
    assert len(fake.log.of("download")) == 1


def test_handles_survive_when_memory_was_needed(fake: FakeDatadog, tmp_path: Path) -> None:
    session = session_of(fake, tmp_path, PPROF_MCP_STORE_BYTES="1")
    found = downloaded(session, env="prod")
    downloaded(session, "ranker")
    for row in found.files:
        assert session.profile(row.handle).shared.meta["samples"] == row.samples
    assert len(fake.log.of("download")) == 2


def test_a_download_that_is_gone_from_the_disk_ends_its_handles_with_a_reason(
    fake: FakeDatadog, tmp_path: Path
) -> None:
    session = session_of(fake, tmp_path, PPROF_MCP_STORE_BYTES="1")
    found = downloaded(session, env="prod")
    for path in (tmp_path / "downloads").iterdir():
        path.unlink()
    with pytest.raises(HandleExpiredError, match="can not be read again"):
        session.profile(found.files[0].handle)
    assert downloaded(session, env="prod").bundle == found.bundle


FAULTS = {
    "cut": {"kind": "short_body", "at": 100},
    "chunked": {"kind": "cut_chunked", "at": 100},
    "silent end": {"kind": "no_length", "at": 100},
    "reset": {"kind": "reset_mid_body", "at": 100},
    "no answer": {"kind": "reset_before_headers"},
    "500": {"kind": "status", "status": 500},
    "429": {"kind": "status", "status": 429, "headers": {"X-RateLimit-Reset": "0"}},
    "no zip": {"kind": "status", "status": 200, "body": "PK\x03\x04 this is none"},
    "empty": {"kind": "status", "status": 200, "body": ""},
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_fault_in_between_is_not_noticed(asking: Session, fake: FakeDatadog, name: str) -> None:
    fake.fault(route="download", **FAULTS[name])
    assert len(downloaded(asking, env="prod").files) == 5
    assert len(fake.log.of("download")) == 2


@pytest.mark.parametrize("name", ["no zip", "silent end", "empty"])
def test_what_stays_broken_is_an_error_and_leaves_nothing(
    asking: Session, fake: FakeDatadog, tmp_path: Path, name: str
) -> None:
    fake.fault(route="download", times=0, **FAULTS[name])
    with pytest.raises(BadAnswerError, match="broken or no zip"):
        downloaded(asking, env="prod")
    assert len(fake.log.of("download")) == 2
    assert os.listdir(tmp_path / "downloads") == []  # noqa: PTH208


def test_a_bit_that_flipped_is_noticed(asking: Session, fake: FakeDatadog) -> None:
    broken = bytearray(bundle_of(newest(fake), fake.variants))
    broken[200] ^= 1
    fake.fault(kind="status", route="download", status=200, body=broken.decode("latin-1"))
    # The imitation sends texts as UTF-8, which breaks it further; a zip it is no more either way.
    assert len(downloaded(asking, env="prod").files) == 5


@pytest.mark.parametrize("form", CHOICES["expired"])
def test_a_profile_that_is_no_longer_kept_is_told(asking: Session, fake: FakeDatadog, form: str) -> None:
    fake.variants.set(expired=form)
    one = newest(fake)
    fake.store.profiles[fake.store.profiles.index(one)] = replace(one, expires_at=fake.clock() - 1)
    with pytest.raises(ProfileGoneError, match="kept"):
        downloaded(asking, "", profile_id=one.profile_id, event_id=one.event_id)


@pytest.mark.parametrize("status", [200, 404])
def test_a_login_page_is_no_bundle(asking: Session, fake: FakeDatadog, status: int) -> None:
    fake.fault(kind="status", route="download", status=status, body="<!DOCTYPE html><html>log in", times=0)
    with pytest.raises(WrongHostError):
        downloaded(asking, env="prod")


def test_a_bundle_over_the_limit_is_not_kept(fake: FakeDatadog, tmp_path: Path) -> None:
    with pytest.raises(BadAnswerError, match="more than 1000 bytes"):
        downloaded(session_of(fake, tmp_path, PPROF_MCP_DOWNLOAD_BYTES="1000"), env="prod")
    assert len(fake.log.of("download")) == 1


def test_a_redirect_is_not_followed_with_keys(asking: Session, fake: FakeDatadog) -> None:
    with FakeDatadog("empty") as elsewhere:
        target = {"Location": f"{elsewhere.url}/login"}
        fake.fault(kind="status", route="download", status=302, headers=target)
        with pytest.raises(WrongHostError, match="sends the download of a profile on to 127"):
            downloaded(asking, env="prod")
        assert elsewhere.log.requests == []


def test_the_first_of_a_process_is_pointed_out(asking: Session, fake: FakeDatadog) -> None:
    first = next(one for one in fake.store.visible() if one.service == "checkout" and one.seq == 0)
    found = downloaded(asking, "", profile_id=first.profile_id, event_id=first.event_id)
    assert found.seq is None, "a download by ids is told nothing but the ids"
    moment = {"from": f"{first.end - 1:.3f}", "to": f"{first.end + 1:.3f}"}
    found = downloaded(asking, host=first.host, **moment)
    assert found.seq == 0
    assert any("first of its process" in warning for warning in found.warnings)


def test_files_are_written_under_names_that_lead_nowhere(
    asking: Session, fake: FakeDatadog, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    fake.store.add(replace(newest(fake), service="../../evil", env="a/b"))
    found = downloaded(asking, "..*evil", out_dir=str(out))
    assert len(found.written) == 6
    assert sorted(found.written) == sorted(str(path) for path in out.iterdir())
    assert all(Path(path).name.startswith("evil_a-b_20260901T115931Z_") for path in found.written)
    assert downloaded(asking, "..*evil", out_dir=str(out)).written == found.written
    assert asking.profile(found.written[0]).kind == "cpu"


def test_nothing_is_asked_when_nothing_may_be_written(fake: FakeDatadog, tmp_path: Path) -> None:
    session = session_of(fake, tmp_path, fence=Fence([tmp_path / "downloads"]))
    with pytest.raises(PathNotAllowedError):
        downloaded(session, env="prod", out_dir=str(tmp_path))
    assert not fake.log.requests


def test_keys_are_in_no_answer_and_no_file(asking: Session, fake: FakeDatadog, tmp_path: Path) -> None:
    found = downloaded(asking, env="prod")
    texts = [json.dumps(found.model_dump()), repr(asking.settings), repr(asking.remote.profiles.__dict__)]
    for path in tmp_path.rglob("*"):
        texts.append(path.name)
        if path.is_file():
            texts.append(path.read_bytes().decode("latin-1"))
    assert len(texts) > 4
    for text in texts:
        assert fake.api_key not in text
        assert fake.app_key not in text


def test_errors_of_a_download_tell_no_ids_of_keys(fake: FakeDatadog, tmp_path: Path) -> None:
    session = session_of(fake, tmp_path, DD_APP_KEY="c" * 40)
    with pytest.raises(PprofMcpError) as caught:
        downloaded(session, env="prod")
    assert "cccc" not in f"{caught.value.message} {caught.value.hint} {caught.value.details}"
    assert not isinstance(caught.value, TimedOutError)
