# make run | test | check ; PYTHON, HOST, PORT may be given
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check setup bench clean

run: setup
	$(BIN)/smartregion build --base $${SMARTREGION_BASE:-http://localhost:$(PORT)/}
	$(BIN)/smartregion serve --host $(HOST) --port $(PORT)

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/conformance/test_hostile_queries.py
	$(BIN)/python -m pytest tests/conformance/test_hostile_queries.py

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/ready

$(VENV)/ready: setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "Creating the environment in $(VENV) (once; needs a minute)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test,dev]"
	@touch $@

bench: setup
	$(BIN)/python -m benchmarks.build
	$(BIN)/python -m benchmarks.queries 1000 10000

clean:
	rm -rf $(VENV) build *.egg-info
