# The one front door: `make demo` and `make test` need nothing but Python >= 3.11 and git.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
.PHONY: demo readers test e2e many lint format schemas bench docs build clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

$(VENV)/.demo: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable ".[demo]"
	touch $@

demo: $(VENV)/.demo ## build a small organisation offline, scan it, leave its reports in demo/
	$(BIN)/keyproof demo demo

$(VENV)/readers/.installed: tests/readers.txt
	$(PYTHON) -m venv $(VENV)/readers
	$(VENV)/readers/bin/pip install --quiet --requirement tests/readers.txt
	touch $@

readers: ## programs that read our reports and pin other versions than we do; without a network their tests skip
	-$(MAKE) --no-print-directory $(VENV)/readers/.installed

test: lint readers ## lint, types, import contracts, then the whole suite
	$(BIN)/pytest -m "not many" --numprocesses auto --cov --cov-report=term:skip-covered

e2e: $(VENV)/.installed ## build a real kube-apiserver once (7 minutes, cached), then run the tests that need it
	tests/e2e/build_kube_apiserver.sh
	$(BIN)/pytest -m kubernetes

many: $(VENV)/.installed ## ten thousand secrets of each kind that is asked about one by one: a quarter of an hour
	$(BIN)/pytest -m many

lint: $(VENV)/.installed
	$(BIN)/ruff format --check src tests benchmarks hatch_build.py
	$(BIN)/ruff check src tests benchmarks hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed
	$(BIN)/ruff format src tests benchmarks hatch_build.py
	$(BIN)/ruff check --fix src tests benchmarks hatch_build.py

schemas: $(VENV)/.installed ## write the JSON Schemas anew from the models
	$(BIN)/python -m keyproof.wiring.generated

bench: $(VENV)/.installed ## needs public histories as arguments: make bench REPOSITORIES="path ..."
	$(BIN)/python benchmarks/history.py $(REPOSITORIES)

build: $(VENV)/.installed
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) demo dist .pytest_cache .mypy_cache .ruff_cache
