"""Laws of decoding, filtering, merging and comparing, on profiles nobody thought of."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pprof_mcp import _native
from pprof_mcp.errors import PprofMcpError

from tests.property.naive import NAMES, NaiveProfile, profiles

signed = profiles(st.integers(-(10**9), 10**9))
indexes = st.sampled_from((0, 1))
names = st.sampled_from(NAMES)


def decoded(profile: NaiveProfile) -> _native.Profile:
    return _native.Profile.decode(profile.encode())


def top(profile: _native.Profile, **options: Any) -> dict[str, Any]:
    return json.loads(_native.top(profile, json.dumps(options)))


def values(profile: _native.Profile, **options: Any) -> dict[str, tuple[int, int]]:
    """Flat and cum by name."""
    return {row["name"]: (row["flat"], row["cum"]) for row in top(profile, **options)["rows"]}


def is_answered(content: bytes) -> bool:
    """Whether bytes are a profile that can be written again, or an error with a code and a message."""
    try:
        return len(_native.Profile.decode(content).encode()) > 0
    except PprofMcpError as error:
        return bool(error.code and error.message)


def same_samples(one: _native.Profile, other: _native.Profile) -> bool:
    """Whether all answers agree, for both sample types."""
    return all(
        values(one, sample_index=str(index)) == values(other, sample_index=str(index))
        and json.loads(_native.tags(one, json.dumps({"sample_index": str(index)})))
        == json.loads(_native.tags(other, json.dumps({"sample_index": str(index)})))
        and json.loads(_native.traces(one, json.dumps({"sample_index": str(index)})))["rows"]
        == json.loads(_native.traces(other, json.dumps({"sample_index": str(index)})))["rows"]
        for index in (0, 1)
    )


@given(signed, indexes)
def test_flat_and_cum_are_those_of_a_model_without_tables(profile: NaiveProfile, index: int) -> None:
    assert values(decoded(profile), sample_index=str(index)) == profile.flat_cum(index)


@given(signed, indexes, names, names)
def test_focus_and_ignore_select_the_samples_that_the_model_selects(
    profile: NaiveProfile, index: int, focus: str, ignore: str
) -> None:
    exactly = {"focus": f"^{_escape(focus)}$", "ignore": f"^{_escape(ignore)}$"}
    expected = profile.flat_cum(index, **exactly)
    assert values(decoded(profile), sample_index=str(index), **exactly) == expected


@given(signed, names)
def test_focus_and_ignore_of_one_pattern_part_the_samples_with_a_stack(
    profile: NaiveProfile, name: str
) -> None:
    native, pattern = decoded(profile), f"^{_escape(name)}$"
    both = Counter(_flats(native, focus=pattern))
    both.update(_flats(native, ignore=pattern))
    everything = Counter(_flats(native))
    assert {k: v for k, v in both.items() if v} == {k: v for k, v in everything.items() if v}


@given(signed, indexes)
def test_the_sum_of_flat_is_the_sum_of_the_samples_with_a_stack(profile: NaiveProfile, index: int) -> None:
    expected = sum(sample.values[index] for sample in profile.samples if sample.stack)
    for granularity in ("functions", "filefunctions", "files", "lines", "addresses"):
        answer = top(decoded(profile), sample_index=str(index), granularity=granularity)
        assert sum(row["flat"] for row in answer["rows"]) == expected, granularity


@given(profiles(), indexes)
def test_flat_is_no_more_than_cum_where_nothing_is_negative(profile: NaiveProfile, index: int) -> None:
    answer = top(decoded(profile), sample_index=str(index))
    assert all(0 <= row["flat"] <= row["cum"] <= answer["total"] for row in answer["rows"])


@given(signed)
def test_encoding_and_decoding_again_changes_nothing(profile: NaiveProfile) -> None:
    first = decoded(profile)
    plain = first.encode(compress=False)
    again = _native.Profile.decode(plain)
    assert same_samples(first, again)
    assert again.encode(compress=False) == plain
    assert again.encode() == first.encode()
    assert _native.Profile.decode(first.encode()).sha256() == first.sha256()


@given(signed, st.randoms(use_true_random=False))
def test_the_order_of_samples_changes_no_answer(profile: NaiveProfile, shuffle: random.Random) -> None:
    shuffled = list(profile.samples)
    shuffle.shuffle(shuffled)
    one, other = decoded(profile), decoded(replace(profile, samples=tuple(shuffled)))
    for index in ("0", "1"):
        spec = json.dumps({"sample_index": index})
        assert _native.top(one, spec) == _native.top(other, spec)
        assert _native.tags(one, spec) == _native.tags(other, spec)


@given(profiles(), st.integers(2, 1000), indexes)
def test_scaling_all_values_scales_every_row(profile: NaiveProfile, factor: int, index: int) -> None:
    plain = values(decoded(profile), sample_index=str(index))
    scaled = values(decoded(profile.scaled(factor)), sample_index=str(index))
    assert scaled == {name: (flat * factor, cum * factor) for name, (flat, cum) in plain.items()}


@given(signed, signed)
def test_merging_is_commutative(one: NaiveProfile, other: NaiveProfile) -> None:
    a, b = decoded(one), decoded(other)
    assert same_samples(_native.merge([a, b]), _native.merge([b, a]))


@given(signed, signed, signed)
def test_merging_is_associative(one: NaiveProfile, two: NaiveProfile, three: NaiveProfile) -> None:
    a, b, c = decoded(one), decoded(two), decoded(three)
    left = _native.merge([_native.merge([a, b]), c])
    right = _native.merge([a, _native.merge([b, c])])
    assert same_samples(left, right)
    assert same_samples(left, _native.merge([a, b, c]))


@given(st.lists(signed, min_size=1, max_size=6), st.randoms(use_true_random=False), st.booleans())
def test_any_partition_in_any_order_merges_to_the_same_bytes(
    given_profiles: list[NaiveProfile], chance: random.Random, in_one: bool
) -> None:
    inputs = [(str(at), profile.encode()) for at, profile in enumerate(given_profiles)]
    whole, _ = _native.merge_inputs(inputs)
    assert whole is not None
    shuffled = list(inputs)
    chance.shuffle(shuffled)
    parts: dict[int, list[tuple[str, bytes]]] = {}
    for one in shuffled:
        parts.setdefault(chance.randrange(3), []).append(one)
    partials = [_native.merge_partly(part, threads=1 + chance.randrange(2))[0] for part in parts.values()]
    chance.shuffle(partials)
    if in_one:
        partials = [_native.combine_partials(partials)]
    finished, _ = _native.finish_partials(partials)
    assert finished.encode(False) == whole.encode(False)


@given(signed, signed, indexes)
def test_merging_adds(one: NaiveProfile, other: NaiveProfile, index: int) -> None:
    together = replace(one, samples=one.samples + other.samples)
    merged = values(_native.merge([decoded(one), decoded(other)]), sample_index=str(index))
    assert merged == together.flat_cum(index)


@given(signed, st.booleans())
def test_a_profile_minus_itself_is_empty(profile: NaiveProfile, diff_base: bool) -> None:
    native = decoded(profile)
    difference = _native.diff(native, native, diff_base=diff_base)
    for index in ("0", "1"):
        assert not any(flat or cum for flat, cum in values(difference, sample_index=index).values())
    rows = json.loads(_native.diff_top(native, native, "{}"))["rows"]
    assert rows == []


@given(profiles(), profiles())
def test_a_comparison_and_a_subtraction_agree(one: NaiveProfile, other: NaiveProfile) -> None:
    base, profile = decoded(one), decoded(other)
    compared = json.loads(_native.diff_top(base, profile, "{}"))
    subtracted = values(_native.diff(base, profile))
    found = {row["name"]: (row["delta_flat"], row["delta_cum"]) for row in compared["rows"]}
    assert {k: v for k, v in found.items() if any(v)} == {k: v for k, v in subtracted.items() if any(v)}


def compared_paths(base: NaiveProfile, profile: NaiveProfile, **options: Any) -> dict[str, Any]:
    return json.loads(_native.diff_paths(decoded(base), decoded(profile), json.dumps(options)))


@given(
    signed,
    signed,
    indexes,
    st.sampled_from(("functions", "filefunctions", "files", "lines")),
    st.none() | names,
)
def test_paths_compare_as_in_a_model_without_tables(
    base: NaiveProfile, profile: NaiveProfile, index: int, granularity: str, name: str | None
) -> None:
    focus = f"^{_escape(name)}$" if name else ""
    before, after = (side.paths(index, granularity, focus) for side in (base, profile))
    found = compared_paths(base, profile, sample_index=str(index), granularity=granularity, focus=focus)
    assert {
        tuple(row["frames"]): (row["status"], row["base_value"], row["value"], row["delta"])
        for row in found["rows"]
    } == {
        path: (
            "changed" if path in before and path in after else "new" if path in after else "gone",
            before.get(path, 0),
            after.get(path, 0),
            after.get(path, 0) - before.get(path, 0),
        )
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path)
    }
    assert len(found["rows"]) == found["new"] + found["gone"] + found["changed"]
    assert len(found["rows"]) + found["same"] == len(before.keys() | after.keys())
    order = [
        (-abs(row["delta"]), [name.encode() for name in reversed(row["frames"])]) for row in found["rows"]
    ]
    assert [size for size, _ in order] == sorted(size for size, _ in order)


@given(profiles(), profiles(), indexes)
def test_the_changes_of_all_paths_are_the_change_of_the_total(
    base: NaiveProfile, profile: NaiveProfile, index: int
) -> None:
    found = compared_paths(base, profile, sample_index=str(index))
    assert sum(row["delta"] for row in found["rows"]) == found["delta_total"]


@given(signed, signed, st.sampled_from(("functions", "lines")))
def test_the_other_way_round_paths_change_by_as_much_with_the_other_sign(
    base: NaiveProfile, profile: NaiveProfile, granularity: str
) -> None:
    forth = compared_paths(base, profile, granularity=granularity)
    back = compared_paths(profile, base, granularity=granularity)
    turned = {"new": "gone", "gone": "new", "changed": "changed"}
    assert [(row["frames"], row["delta"], row["status"]) for row in forth["rows"]] == [
        (row["frames"], -row["delta"], turned[row["status"]]) for row in back["rows"]
    ]
    assert (forth["new"], forth["gone"], forth["same"]) == (back["gone"], back["new"], back["same"])
    assert compared_paths(base, base, granularity=granularity)["rows"] == []


@given(signed, signed, st.integers(0, 5), st.integers(1, 5), st.integers(1, 4))
def test_any_page_of_paths_is_a_part_of_all_and_says_what_it_leaves_out(
    base: NaiveProfile, profile: NaiveProfile, offset: int, limit: int, max_depth: int
) -> None:
    whole = compared_paths(base, profile)["rows"]
    page = compared_paths(base, profile, offset=offset, limit=limit, max_depth=max_depth)
    shown = whole[offset : offset + limit]
    cut = [
        row | {"frames": row["frames"][-max_depth:], "truncated": row["depth"] > max_depth} for row in shown
    ]
    assert page["rows"] == cut
    left = sum(row["delta"] for row in whole) - sum(row["delta"] for row in shown)
    assert page["left_out"] == {"rows": len(whole) - len(shown), "delta": left}


@given(st.binary(max_size=300))
def test_any_bytes_are_a_profile_or_an_error_of_ours(content: bytes) -> None:
    assert is_answered(content)


@settings(max_examples=30)
@given(profiles())
def test_every_truncation_is_a_profile_or_an_error_of_ours(profile: NaiveProfile) -> None:
    content = profile.encode()
    for end in range(len(content)):
        assert is_answered(content[:end])


@pytest.mark.parametrize("wrong", ["{", "[]", '{"limit": "x"}', '{"granularity": "rooms"}'])
def test_options_that_are_none_are_an_error_of_ours(wrong: str) -> None:
    profile = decoded(NaiveProfile(samples=()))
    with pytest.raises(PprofMcpError):
        _native.top(profile, wrong)


def _flats(profile: _native.Profile, **options: Any) -> dict[str, int]:
    return {name: flat for name, (flat, _) in values(profile, **options).items()}


def _escape(name: str) -> str:
    return "".join("\\" + c if c in r"\.+*?()[]{}|^$" else c for c in name)
