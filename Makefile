# make run | test | test-fast | test-pythons | check | translations | schemas | dist | bench | clean ; PYTHON, HOST, PORT may be given
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# Numbers of projects, and seconds for each cell of a table.
BENCH_SIZES ?= 1000 10000
BENCH_SECONDS ?= 3
# Where Pythons besides the usual one are looked for.
PYTHONS ?= $(shell for version in 3.12 3.13; do \
	for python in python$$version $(HOME)/.pyenv/versions/$$version.*/bin/python; do \
	$$python -c '' 2>/dev/null && echo $$python && break; done; done)
VENV := .venv
BIN := $(VENV)/bin
WEB := smartregion/web
EDITOR := $(WEB)/static/vendor/yasqe.js
JUDGES := tests/browser/judges/node_modules/.package-lock.json
ENGLISH := $(WEB)/translations/en/LC_MESSAGES/messages.mo
READERS := tests/conformance/readers/node_modules/.package-lock.json

# Tests start hundreds of programs; without cached bytecode each would compile all modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast test-pythons check setup translations schemas dist bench clean

run: setup
	$(BIN)/smartregion run --host $(HOST) --port $(PORT)

test: setup $(JUDGES) $(READERS)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/conformance/test_hostile_queries.py
	$(BIN)/python -m pytest tests/conformance/test_hostile_queries.py

# Fast tests for editing: no browser, no attacks, no builds of many releases, no installation.
test-fast: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not browser and not nginx" -q

# The same under the other Pythons that are installed, each in an environment of its own.
test-pythons:
	@for python in $(PYTHONS); do \
		version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "Python $$version"; \
		$(MAKE) --no-print-directory test-fast PYTHON=$$python VENV=.venv-$$version || exit 1; \
	done

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/ready $(EDITOR) $(ENGLISH)

$(VENV)/ready: setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "Creating the environment in $(VENV) (once; needs a minute)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test,dev,frontend]"
	@touch $@

$(ENGLISH): $(ENGLISH:.mo=.po) | $(VENV)/ready
	@$(BIN)/pybabel -q compile -d $(WEB)/translations

# Node comes from PyPI. Without an npm registry the service runs, and the query page is a plain form.
$(EDITOR): frontend/package.json frontend/package-lock.json frontend/.npmrc frontend/build.mjs frontend/yasqe.js | $(VENV)/ready
	@echo "Building the query editor (once; needs a few seconds)"
	@$(BIN)/npm ci --prefix frontend --ignore-scripts --loglevel error && $(BIN)/node frontend/build.mjs \
		|| echo "The query editor could not be built; the query page is a plain form until make setup succeeds." >&2

# Independent checkers of pages; tests that need them are skipped if they are not available.
$(JUDGES): tests/browser/judges/package.json tests/browser/judges/package-lock.json | $(VENV)/ready
	@$(BIN)/npm ci --prefix tests/browser/judges --ignore-scripts --loglevel error \
		|| echo "axe-core and the Nu HTML checker could not be had; their tests are skipped." >&2

# Independent parsers of published files, likewise.
$(READERS): tests/conformance/readers/package.json tests/conformance/readers/package-lock.json | $(VENV)/ready
	@$(BIN)/npm ci --prefix tests/conformance/readers --ignore-scripts --loglevel error \
		|| echo "jsonld, jsonld-streaming-parser and Comunica could not be had; their tests are skipped." >&2

# Extracts the German texts from code and templates, and compiles the translations.
translations: setup
	@mkdir -p build
	$(BIN)/pybabel -q extract -F $(WEB)/babel.cfg -k _ -k gettext -k lazy_gettext -k ngettext:1,2 --sort-output --no-location -o build/messages.pot $(WEB)
	$(BIN)/pybabel -q update -i build/messages.pot -d $(WEB)/translations --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 1000
	$(BIN)/pybabel -q compile -d $(WEB)/translations

# JSON Schemas of the files of a release that are read back.
schemas: setup
	$(BIN)/python -m publish.releases.contents docs/schemas

# Wheel and sdist in dist/.
dist: setup
	$(BIN)/python -m build

bench: setup
	$(BIN)/python -m benchmarks.build $(BENCH_SIZES) $(BENCH_OPTIONS)
	$(BIN)/python -m benchmarks.queries $(BENCH_SIZES) --seconds $(BENCH_SECONDS)

clean:
	rm -rf $(VENV) .venv-3.* build dist frontend/node_modules tests/browser/judges/node_modules tests/conformance/readers/node_modules $(dir $(EDITOR)) $(ENGLISH) *.egg-info
