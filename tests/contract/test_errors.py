"""One error tree for all fronts, and the core's codes all in it."""

from __future__ import annotations

import re

import pytest
from pprof_mcp import _native, errors
from pprof_mcp.registry.failure import FailureAnswer, failure_of, one_line


def test_every_code_of_the_core_has_a_class() -> None:
    codes = _native.error_codes()
    assert len(codes) >= 12
    for code in codes:
        problem = errors.from_native(code, "what happened", "byte 3", {"x": 1})
        assert problem.code == code
        assert problem.message == "what happened (at byte 3)"
        assert problem.details["place"] == "byte 3"


def test_every_class_with_a_code_is_the_cores_or_pythons_own() -> None:
    own = {"wrong_profile_kind", "handle_not_found", "handle_expired", "result_too_large", "source_not_found",
           "path_not_allowed", "cluster_failed", "baseline_unusable", "not_configured", "unauthorized",
           "forbidden", "profile_gone", "wrong_host", "host_not_allowed", "rate_limited", "network_failed",
           "timed_out", "request_refused", "source_failed", "bad_answer"}  # fmt: skip
    assert set(errors.by_code()) == own | set(_native.error_codes())


def test_codes_are_unique_and_never_change_their_form() -> None:
    with_code = [
        cls for cls in errors.all_classes() if "code" in vars(cls) and cls is not errors.PprofMcpError
    ]
    assert len(with_code) == len(errors.by_code()) >= 18
    for cls in with_code:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", cls.code)
        assert cls.default_hint, cls
        assert cls.__doc__


def test_exit_statuses_are_those_of_the_manual() -> None:
    expected = {errors.InputError: 2, errors.ProfileError: 3, errors.SourceError: 4, errors.InternalError: 70}
    looked_at = 0
    for cls in errors.by_code().values():
        for base, status in expected.items():
            if issubclass(cls, base):
                looked_at += 1
                assert cls.exit_status == status, cls
    assert looked_at >= 17


def test_an_unknown_code_of_the_core_becomes_an_internal_error() -> None:
    problem = errors.from_native("brand_new", "text")
    assert isinstance(problem, errors.InternalError)
    assert problem.details["unknown_code"] == "brand_new"


def test_what_is_no_plain_data_does_not_travel() -> None:
    problem = errors.from_native(
        "invalid_profile", "text", None, {"object": object(), "list": ["a"], "n": 1.5}
    )
    assert problem.details == {"list": ["a"], "n": 1.5}


@pytest.mark.parametrize("code", sorted(errors.by_code()))
def test_every_error_is_an_answer_of_the_same_form(code: str) -> None:
    problem = errors.by_code()[code]("what happened", details={"available": ["a", "b"], "limit": 3})
    answer = failure_of(problem)
    assert FailureAnswer.model_validate(answer.model_dump()) == answer
    assert answer.error.code == code
    assert one_line(problem) == f"{code}: what happened — {problem.hint}"


def test_a_decode_error_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="not a profile"):
        _native.Profile.decode(b"<html></html>")


def test_an_error_is_short_however_long_what_it_names_is() -> None:
    names = [f"{'x' * 5_000}{at}" for at in range(1_000)]
    problem = errors.UnknownSampleTypeError(
        f"it has {', '.join(names)}", hint="y" * 9_000, details={"available": names, "asked": "z" * 9_000}
    )
    assert len(problem.message) < 1_000 > len(problem.hint)
    assert problem.message.startswith("it has xxx")
    assert problem.message.endswith("x999")
    available = problem.details["available"]
    assert isinstance(available, list)
    assert available[-1] == "… 940 more"
    assert len(failure_of(problem).model_dump_json()) < 16_000
