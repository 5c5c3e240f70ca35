# Every target prepares what it needs: a fresh clone wants only Python 3.10 or newer, Rust and GNU make.
# `make check` is what CI runs. Settings: PYTHON (default python3), PYTEST_ARGS, NAME, TARGET, SECONDS_EACH,
# ROWS, RUNS, UPDATE.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Cargo and pytest use all cores by themselves, and their output is read in order.
.NOTPARALLEL:
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
PYTEST_ARGS ?=
# Seconds that `make fuzz` spends on each target.
SECONDS_EACH ?= 60

VENV := .venv
PY := $(VENV)/bin/python
# The installer that reads uv.lock; pinned so that two machines read it alike.
UV_VERSION := 0.13.9
UV := UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON=$(PY) UV_PYTHON_DOWNLOADS=never $(VENV)/bin/uv
INSTALLED := $(VENV)/.installed
# maturin develop puts it here; its age tells whether Rust has changed since. UV_OFFLINE: nothing beside the lock file comes in.
NATIVE := python/pprof_mcp/_native.abi3.so

# Sources alone: a build must not see its own results as news.
RUST_SOURCES := $(shell find rust/core rust/python -type f \( -name '*.rs' -o -name '*.toml' -o -name '*.proto' \) \
	-not -path '*/target/*' 2>/dev/null)
# The binding crate is an extension module: it has no test of its own to link, Python drives it instead.
TESTED_CRATES := --workspace --exclude pprof-python
# A workspace of its own, built where everything is.
BENCH_CRATE := --manifest-path benches/core/Cargo.toml --target-dir target/bench/build

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---------------------------------------------------------------------------------------------- preparing

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "make: no '$(PYTHON)' here; name a Python 3.10 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 10) else f"make: $(PYTHON) is Python {v[0]}.{v[1]}; 3.10 or newer is needed: make PYTHON=python3.12 ...")'
	@command -v cargo >/dev/null || { echo "make: no cargo here; install Rust from https://rustup.rs" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml uv.lock | $(PY)
	@[ "$$($(VENV)/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = $(UV_VERSION) ] \
		|| $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) sync --quiet --frozen --inexact --no-install-project --all-extras --compile-bytecode
	@touch $@

$(NATIVE): $(INSTALLED) Cargo.toml Cargo.lock $(RUST_SOURCES)
	UV_OFFLINE=1 VIRTUAL_ENV=$(abspath $(VENV)) $(VENV)/bin/maturin develop --release --uv
	@touch $@

.PHONY: setup
setup: $(NATIVE) ## Make .venv, install the locked tools, build the native module

.PHONY: build
build: $(NATIVE) ## Build the wheel and the source archive into dist/
	$(VENV)/bin/maturin build --release --out dist --interpreter $(PY)
	$(VENV)/bin/maturin sdist --out dist

.PHONY: lock
lock: $(INSTALLED) ## Bring uv.lock up to date with pyproject.toml
	$(UV) lock

# ------------------------------------------------------------------------------------------------- using

.PHONY: demo
demo: $(NATIVE) ## Let an MCP client analyse the bundle that comes with the project
	$(PY) -m pprof_mcp.dev.demo

.PHONY: demo-datadog
demo-datadog: $(NATIVE) ## The same with Datadog, which an imitation on this machine plays
	$(PY) -m tests.fake_datadog.demo

.PHONY: gen
gen: $(NATIVE) ## Write again what is generated: tool table, reference pages, the catalogue of tools
	$(PY) -m pprof_mcp.dev.generate

.PHONY: new-tool
new-tool: $(NATIVE) ## Start a tool: make new-tool NAME=pprof.x
	@[ -n "$(NAME)" ] || { echo "make: which tool? make new-tool NAME=pprof.x" >&2; exit 2; }
	$(PY) -m pprof_mcp.dev.new_tool "$(NAME)"

# ---------------------------------------------------------------------------------------------- checking

.PHONY: check
check: lint test ## Everything that must hold: lint, then test (what CI runs)

.PHONY: lint
lint: lint-rust lint-py lint-gen ## Formats, lints, types, stubs, lock files, generated files

.PHONY: lint-rust
lint-rust: $(INSTALLED)
	cargo fmt --all --check
	@if [ -f rust/fuzz/Cargo.toml ]; then cargo fmt --manifest-path rust/fuzz/Cargo.toml --check; fi
	PYO3_PYTHON=$(abspath $(PY)) cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo fmt --manifest-path benches/core/Cargo.toml --check
	cargo clippy $(BENCH_CRATE) --all-targets --locked -- -D warnings

.PHONY: lint-py
lint-py: $(NATIVE)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright
	MYPYPATH=python $(PY) -m mypy.stubtest pprof_mcp._native

.PHONY: lint-gen
lint-gen: $(NATIVE)
	$(UV) lock --check --offline
	$(PY) -m pprof_mcp.dev.generate --check

.PHONY: fmt
fmt: $(INSTALLED) ## Format Rust and Python
	cargo fmt --all
	cargo fmt --manifest-path benches/core/Cargo.toml
	@if [ -f rust/fuzz/Cargo.toml ]; then cargo fmt --manifest-path rust/fuzz/Cargo.toml; fi
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .

.PHONY: test
test: test-rust test-py ## Rust tests, then Python tests

.PHONY: test-rust
test-rust: ## Tests of the core alone
	cargo test $(TESTED_CRATES) --locked
	cargo test $(BENCH_CRATE) --locked

.PHONY: test-py
test-py: $(NATIVE) ## Tests of everything above it: make test-py PYTEST_ARGS='-k top'
	$(PY) -m pytest $(PYTEST_ARGS)

.PHONY: audit
audit: ## Licences and sources of all crates, by deny.toml (needs cargo-deny)
	@command -v cargo-deny >/dev/null || { echo "make: cargo-deny is missing: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny --locked check bans licenses sources

# ---------------------------------------------------------------------------------------------- measuring

CORPUS := target/bench/corpus
PEERS := target/bench/peers
WORKLOADS := cargo run --quiet --release $(BENCH_CRATE) --bin workloads -- $(CORPUS)
BENCH_SOURCES := $(wildcard benches/core/Cargo.toml benches/core/src/*.rs benches/core/src/bin/*.rs)
# Rows of the table, all when empty, and runs of each.
ROWS ?=
RUNS ?= 5
COMPARE := $(PY) -m benches.python.peers --corpus $(CORPUS) --runs $(RUNS) $(if $(ROWS),--rows $(ROWS))

$(CORPUS)/one1.pb.gz: $(BENCH_SOURCES)
	$(WORKLOADS) one1

$(CORPUS)/.made: $(BENCH_SOURCES)
	$(WORKLOADS)
	@touch $@

.PHONY: bench
bench: $(NATIVE) $(CORPUS)/one1.pb.gz ## Time the core, then whole tool calls
	cargo bench $(BENCH_CRATE)
	$(PY) -m pytest benches --benchmark-enable --benchmark-only --timeout=0 $(PYTEST_ARGS)

.PHONY: bench-workloads
bench-workloads: $(CORPUS)/.made ## Write the workloads into target/bench/corpus (1.1 GB, half a minute)

.PHONY: bench-alone
bench-alone: $(NATIVE) $(CORPUS)/.made ## Time whole processes without google/pprof: [ROWS='top-one1 server'] [RUNS=5]
	$(COMPARE)

.PHONY: bench-peers
bench-peers: $(NATIVE) $(CORPUS)/.made ## Beside google/pprof (needs Go); all rows: docs/benchmarks.md. [ROWS=...] [RUNS=5]
	@command -v go >/dev/null || { echo "make: no go here; install it from https://go.dev/dl, or measure this side alone: make bench-alone" >&2; exit 1; }
	@mkdir -p $(PEERS)
	cd benches/peers && go build -trimpath -o $(abspath $(PEERS))/merge ./cmd/merge
	cd benches/peers && go build -trimpath -o $(abspath $(PEERS))/pprof github.com/google/pprof
	$(COMPARE) --peers $(PEERS) --page docs/benchmarks.md

.PHONY: bench-window
bench-window: $(NATIVE) ## Peak memory of merging 5, 50 and 200 profiles of a window from an imitation of Datadog
	$(PY) -m benches.python.window

.PHONY: bench-counts
bench-counts: $(INSTALLED) ## Count instructions against benches/counts.json (needs valgrind): [UPDATE=1]
	cargo build --release $(BENCH_CRATE) --bin stage
	$(PY) -m benches.python.counts target/bench/build/release/stage $(if $(UPDATE),--update)

.PHONY: fuzz
fuzz: ## Feed random bytes to the core: make fuzz [TARGET=decode] [SECONDS_EACH=60]
	@command -v cargo-fuzz >/dev/null || { echo "make: cargo-fuzz is missing: cargo install --locked cargo-fuzz" >&2; exit 1; }
	@rustup run nightly rustc --version >/dev/null 2>&1 || { echo "make: cargo-fuzz needs a nightly Rust: rustup toolchain install nightly" >&2; exit 1; }
	@targets="$(TARGET)"; [ -n "$$targets" ] || targets=$$(cargo +nightly fuzz list --fuzz-dir rust/fuzz); \
	for target in $$targets; do \
		cargo +nightly fuzz run --fuzz-dir rust/fuzz "$$target" -- -max_total_time=$(SECONDS_EACH) -timeout=1; \
	done

.PHONY: clean
clean: ## Remove everything that was built, .venv too
	rm -rf $(VENV) target rust/fuzz/target dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks
	rm -f python/pprof_mcp/_native*.so python/pprof_mcp/_native*.pyd
	find python tests benches -name __pycache__ -type d -prune -exec rm -rf {} +
