# Everything a person or CI runs. `make help` lists it.
# Needs Python 3.11 or newer, Node 20 or newer and git; the first run fetches the locked packages.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

SCREENS := src/motet/web/screens/index.html
UI_SOURCES := $(shell find ui -type f -not -path '*/node_modules/*' -not -path '*/.*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run test check bench format lock install dev screens tools ui-test py-test clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

run: install screens ## Start everything, with a small brand to watch, and print the address
	$(BIN)/motet up --demo

test: dev screens tools ui-test py-test ## Run every test (installs chromium and postfix with apt when absent)

check: dev ui/node_modules/.stamp ## Lint, format check, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd ui && npm run --silent check

bench: dev tools ## Run the benchmarks, one after the other
	@for file in bench/*.py; do echo "$$file"; $(BIN)/python "$$file" || exit 1; done

format: dev ## Format the sources and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Make the lock files again from pyproject.toml (needs uv on the PATH)
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url pyproject.toml requirements/build.in -o requirements/run.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --extra dev -c requirements/run.txt \
		pyproject.toml requirements/build.in -o requirements/dev.txt

clean: ## Remove what these commands made (never motet-data)
	rm -rf $(VENV) ui/node_modules tests/clients/node_modules src/motet/web/screens .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# Python. A stamp stands for "this lock is installed"; dev.txt holds all of run.txt at the same versions.

install: $(VENV)/.run.stamp

dev: $(VENV)/.dev.stamp

$(VENV)/.venv.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Motet needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run.stamp: $(VENV)/.venv.stamp requirements/run.txt pyproject.toml
	$(PIP_INSTALL) --require-hashes -r requirements/run.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev.stamp: $(VENV)/.run.stamp requirements/dev.txt
	$(PIP_INSTALL) --use-pep517 --require-hashes -r requirements/dev.txt
	@touch $@

# The screens.

screens: $(SCREENS)

ui/node_modules/.stamp: ui/package.json ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(SCREENS): ui/node_modules/.stamp $(UI_SOURCES)
	cd ui && npm run --silent build
	@touch $@

# The tests. pytest runs last, so that its closing line is the last one.

tools: tests/clients/node_modules/.stamp
	@bash tests/tools/install.sh

# Libraries of others that send to us; the tests run them as they were published.
tests/clients/node_modules/.stamp: tests/clients/package.json tests/clients/package-lock.json
	cd tests/clients && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

ui-test: ui/node_modules/.stamp
	cd ui && npm test --silent

py-test: dev screens tools
	$(BIN)/pytest -n 2 --dist loadfile
