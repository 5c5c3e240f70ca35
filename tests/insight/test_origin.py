"""Whose code a function is."""

from __future__ import annotations

import pytest
from pprof_mcp.insight.origin import Whose, origin_of

OWN, STANDARD, UNKNOWN = Whose("own"), Whose("standard"), Whose("unknown")


@pytest.mark.parametrize(
    ("runtime", "name", "file", "whose"),
    [
        ("go", "example.com/shop/api.Serve", "example.com/shop/api/server.go", OWN),
        ("go", "main.main.func1", "/src/main.go", OWN),
        ("go", "runtime.mallocgc", "runtime/malloc.go", STANDARD),
        ("go", "encoding/json.Marshal", "/usr/local/go/src/encoding/json/encode.go", STANDARD),
        ("go", "go.uber.org/zap.(*Logger).Info", "/go/pkg/mod/go.uber.org/zap@v1.27.0/logger.go",
         Whose("third_party", "go.uber.org/zap", "v1.27.0")),
        ("go", "github.com/Azure/sdk/core.Do", "github.com/!azure/sdk@v1.2.3/core/do.go",
         Whose("third_party", "github.com/Azure/sdk", "v1.2.3")),
        ("go", "github.com/acme/lib/x.F", "/app/vendor/github.com/acme/lib/x/f.go",
         Whose("third_party", "github.com/acme/lib")),
        ("go", "_cgo_a1b2_Cfunc_sqlite3_step", "/app/sqlite3.c", STANDARD),
        ("go", "slices.SortFunc[go.shape.[]int]", "slices/sort.go", STANDARD),
        ("python", "get", "/lib/python3.11/site-packages/requests/api.py", Whose("third_party", "requests")),
        ("python", "loads", "/usr/lib/python3.11/json/__init__.py", STANDARD),
        ("python", "handle", "/app/shop/views.py", OWN),
        ("node", "next", "/app/node_modules/@nestjs/core/router.js", Whose("third_party", "@nestjs/core")),
        ("node", "next", "/app/node_modules/a/node_modules/b/i.js", Whose("third_party", "b")),
        ("node", "emit", "node:events", STANDARD),
        ("node", "(garbage collector)", "", STANDARD),
        ("ruby", "call", "/usr/lib/ruby/gems/3.2.0/gems/rack-2.2.7/lib/rack.rb",
         Whose("third_party", "rack", "2.2.7")),
        ("php", "Foo::bar", "/app/vendor/symfony/http-kernel/Kernel.php",
         Whose("third_party", "symfony/http-kernel")),
        ("php", "strlen", "", STANDARD),
        ("java", "java.util.HashMap.get", "HashMap.java", STANDARD),
        ("java", "org.springframework.web.Servlet.doGet", "Servlet.java",
         Whose("third_party", "org.springframework.web")),
        ("java", "com.acme.shop.Cart.add", "Cart.java", OWN),
        ("dotnet", "System.Text.Json.JsonSerializer.Serialize", "", STANDARD),
        ("native", "serde_json::to_vec", "/app/.cargo/registry/src/index/serde_json-1.0.150/src/ser.rs",
         Whose("third_party", "serde_json", "1.0.150")),
        ("native", "core::fmt::write", "/rustc/abc/library/core/src/fmt/mod.rs", STANDARD),
        ("native", "shop::price", "src/price.rs", OWN),
        ("go", "", "", UNKNOWN),
    ],
)  # fmt: skip
def test_paths_and_names_tell_whose_code_it_is(runtime: str, name: str, file: str, whose: Whose) -> None:
    assert origin_of(name, file, runtime) == whose
    assert origin_of(name, file.replace("/", "\\"), runtime) == whose
