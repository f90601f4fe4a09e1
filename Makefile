# One command per job; `make help` lists them. Everything happens in .venv, made once from requirements.lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.made-from-lock
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DATA ?= ../shared/data
UV ?= $(firstword $(wildcard $(BIN)/uv) uv)

.DEFAULT_GOAL := help
.PHONY: help run test bench soak lock clean

help: ## List these commands
	@sed -n 's/^\([a-z]*\): .*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-6s %s\n", $$1, $$2 }'

run: $(READY) ## Replay the sample newswire: stories, assignments and dead letters go to out/
	@mkdir -p out
	@$(BIN)/wirewatch replay samples/newswire.jsonl --events out/events.jsonl \
		--assignments out/assignments.jsonl --dead-letters out/dead-letters.jsonl

# pytest comes last, so that its closing line is the last word.
test: $(READY) ## Check style, types, layers and behaviour
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest

bench: $(READY) ## Measure speed beside what else there is (takes minutes; DATA=folder of throughput_mix)
	@mkdir -p out
	@$(BIN)/python -m tests.benchmarks.speed $(DATA) --json out/bench.json

# Pins that still fit are kept; `make lock LOCK_OPTIONS=--upgrade` takes the newest of everything. Setuptools is in it
# because the project itself is then built with it, without fetching anything that no hash vouches for.
soak: $(READY) ## Kill run, publish, the broker and Flink many times (needs Java and Maven; prints its seed)
	@$(BIN)/pytest -m soak -s

lock: ## Pin every dependency with its hashes in requirements.lock, from pyproject.toml (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pip install uv, or say where it is: UV=..." >&2; exit 1; }
	@echo 'setuptools>=77' | $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
		--extra bench --no-annotate --no-emit-index-url --custom-compile-command 'make lock' $(LOCK_OPTIONS) \
		--output-file requirements.lock pyproject.toml -
	@! grep -n '://' requirements.lock || { echo "requirements.lock names an address, see above" >&2; exit 1; }
	@echo "requirements.lock: $$(grep -c '==' requirements.lock) packages pinned"

clean: ## Remove the environment, the output and every cache
	@rm -rf $(VENV) out build pipeline/detection/*.so *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Editable, so that tests and tools see this tree. The project comes without its dependencies (no hash vouches for
# them), hence the check that the lock holds them all.
$(READY): requirements.lock pyproject.toml $(wildcard pipeline/detection/native/*)
	@command -v $(PYTHON) >/dev/null || { echo "no '$(PYTHON)' found: install Python 3.11, or say where it is: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "'$(PYTHON)' is not Python 3.11 or later; say where one is: make PYTHON=python3.11" >&2; exit 1; }
	@echo "Making $(VENV) from requirements.lock; this takes a few minutes the first time"
	@$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@! $(BIN)/python -m pip check | grep '^wirewatch ' || { \
		echo "requirements.lock is older than pyproject.toml: run make lock" >&2; exit 1; }
	@$(BIN)/python -c 'import sys; from pipeline.detection.kernels import ARE_COMPILED; sys.exit(not ARE_COMPILED)' || \
		echo "No C compiler (or no headers of Python) was found: detection takes twice as long. Install them and run make clean" >&2
	@touch $@
