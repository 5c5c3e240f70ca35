"""What the rules about overhead must be: complete, explained, and each of use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pprof_mcp.insight.frames import folded, language_of, package_path, plain_name
from pprof_mcp.insight.overhead import (
    Entry,
    Overhead,
    Rule,
    Rules,
    knowledge_of,
    overhead_knowledge,
    severity,
)

KNOWLEDGE = overhead_knowledge()
RUNTIMES = ("dotnet", "go", "java", "native", "node", "php", "python", "ruby")
EVERYWHERE = {
    "tracing", "logging", "metrics", "rpc", "protobuf", "json", "serialisation", "http", "tls", "compression",
    "database", "reflection", "gc", "allocation", "scheduler", "syscalls",
}  # fmt: skip


def every_rule() -> Iterator[tuple[str, Entry, Rule]]:
    for runtime, entries in KNOWLEDGE.packs.items():
        for entry in entries:
            for rule in entry.rules:
                yield runtime, entry, rule


def test_there_is_a_pack_for_every_runtime_and_none_lacks_a_common_category() -> None:
    assert tuple(sorted(KNOWLEDGE.packs)) == RUNTIMES
    for runtime, entries in KNOWLEDGE.packs.items():
        found = [entry.category for entry in entries]
        assert len(found) == len(set(found)), runtime
        assert set(found) >= EVERYWHERE, runtime


def test_every_category_of_every_pack_is_explained_in_sentences_of_its_own() -> None:
    looked_at = 0
    for runtime, entries in KNOWLEDGE.packs.items():
        for entry in entries:
            looked_at += 1
            for text in (*entry.causes, *entry.ways_out):
                assert len(text) >= 5, (runtime, entry.category)
                assert text[-1] in ".;", (runtime, entry.category, text)
            assert not set(entry.causes) & set(entry.ways_out)
    assert looked_at > 120


def test_every_rule_finds_its_example_which_no_earlier_rule_takes() -> None:
    looked_at = 0
    rules = {runtime: Rules(entries) for runtime, entries in KNOWLEDGE.packs.items()}
    for runtime, entry, rule in every_rule():
        name, _, file = rule.example.partition(" @ ")
        found = rules[runtime].find(name, file, language_of(name, file, runtime))
        assert found == (entry.category, rule), (runtime, entry.category, rule.example)
        looked_at += 1
    assert looked_at > 200


def test_a_rule_that_an_earlier_one_hides_is_noticed() -> None:
    first, second = (Rule(name=pattern, path="", example="a.b.c") for pattern in (r"a\.", r"a\.b"))
    hidden = Rules([Entry("json", (first, second), ("x.",), ("y.",))])
    assert hidden.find("a.b.c", "", "go") == ("json", first)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rules": []}, "without rules"),
        ({"causes": []}, "without rules, causes or ways out"),
        ({"id": "nonsense"}, "no such category"),
        ({"rules": [{"name": "a", "path": "b", "example": "c"}]}, "names or about files"),
        ({"rules": [{"name": "(a)", "example": "a"}]}, "group of its own"),
    ],
)
def test_data_that_is_not_whole_is_refused(change: dict[str, Any], message: str) -> None:
    categories = {"category": [{"id": "json", "title": "JSON", "summary": "Texts."}]}
    good = {"id": "json", "rules": [{"name": "a", "example": "a"}], "causes": ["Why."], "ways_out": ["What."]}
    assert knowledge_of(categories, {"go": {"category": [good]}}).packs["go"]
    with pytest.raises(ValueError, match=message):
        knowledge_of(categories, {"go": {"category": [{**good, **change}]}})


@pytest.mark.parametrize(
    ("runtime", "name", "file", "category"),
    [
        (
            "go",
            "example.com/shop/vendor/github.com/prometheus/client_golang/prometheus.(*Gauge).Set",
            "",
            "metrics",
        ),
        ("go", "example.com/shop/encoding/json.Marshal", "", None),
        ("go", "encoding/jsonx.Marshal", "", None),
        ("go", "example.com/shop/reflect.Value", "", None),
        ("go", "malloc", "", "allocation"),
        ("java", "com/fasterxml/jackson/core/JsonFactory.createParser", "", "json"),
        ("java", "com.fasterxml.jackson.core.JsonFactory.createParser", "", "json"),
        ("java", "libjvm.so.G1ParTask::work", "", "gc"),
        ("java", "libc.so.6.__libc_read", "", "syscalls"),
        ("java", "com.example.javax.sql.Thing", "", None),
        ("python", "dumps", "/usr/lib/python3.12/json/__init__.py", "json"),
        ("python", "dumps", "/srv/app/jsonlike/__init__.py", None),
        ("node", "_writeRaw", "node:_http_outgoing", "http"),
        ("node", "render", "/srv/app/views.js", None),
        ("dotnet", "System.Text.Json!JsonSerializer.Serialize", "System.Text.Json", "json"),
        ("php", "json|json_encode", "", "json"),
        ("php", "App\\Json::encode", "/srv/src/Json.php", None),
        ("ruby", "generate", "/usr/local/bundle/gems/json-2.7.1/lib/json/common.rb", "json"),
        ("native", "serde_json::to_vec", "", "json"),
        ("native", "inflate_fast", "", "compression"),
        (None, "encoding/json.Marshal", "", "json"),
        (None, "SSL_read", "", "tls"),
    ],
)
def test_names_are_told_as_each_runtime_spells_them(
    runtime: str | None, name: str, file: str, category: str | None
) -> None:
    assert Overhead(KNOWLEDGE, runtime)(name, file) == category


def test_no_verdict_is_passed_on_few_samples_or_where_little_was_used() -> None:
    assert severity(26.0, 200) == "high"
    assert severity(16.0, 200) == "medium"
    assert severity(40.0, 4) == "low"
    assert severity(90.0, 10_000, matters=False) == "low"
    assert severity(0.0, 0) == "low"


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        ("a/b.(*T).Handler.labelled.func1.1", "go", "a/b.(*T).Handler.labelled"),
        ("a/b.Map[go.shape.int,go.shape.[]uint8].func2", "go", "a/b.Map[...]"),
        ("a/b.(*T).Get-fm", "go", "a/b.(*T).Get"),
        ("main.main", "go", "main.main"),
        ("outer.<locals>.inner", "python", "outer"),
        ("App.lambda$run$0", "java", "App.run"),
        ("Ns!Type.<Invoke>d__6.MoveNext", "dotnet", "Ns!Type.Invoke"),
        ("ledger::post::{{closure}}", "native", "ledger::post"),
        ("anything", "ruby", "anything"),
    ],
)
def test_closures_fold_into_the_function_that_they_are_written_in(
    name: str, language: str, expected: str
) -> None:
    assert folded(name, language) == expected


def test_names_and_files_are_spelled_alike() -> None:
    assert plain_name("java/util/HashMap.get", "java") == "java.util.HashMap.get"
    assert plain_name("lib/server.py:-1 - car", "python") == "car"
    assert plain_name("libpthread-2.31.so.pread", "native") == "pread"
    assert package_path("C:\\x\\node_modules\\pino\\lib\\a.js", "node") == "pino/lib/a.js"
    assert package_path("/gems/json-2.6.3/lib/json.rb", "ruby") == "json/lib/json.rb"
