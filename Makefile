# Leading Edge: everything a developer or a visitor types. Needs GNU make and Python 3.11 or newer, nothing else.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 5000
LMS_PORT ?= 5001
MANNER ?= strict
PYTEST_ARGS ?=
MESSAGE ?= what changed

# The first Python that is new enough; PYTHON=/path/to/python3 names another one.
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if "$$p" $(NEW_ENOUGH) >/dev/null 2>&1; then echo "$$p"; break; fi; done)
endif

PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
READY := $(VENV)/.ready-to-run
READY_TO_TEST := $(VENV)/.ready-to-test
DEV_MARK := \#\#\# development

.DEFAULT_GOAL := help
.PHONY: demo demo-reset test lint format bench browser lock migration help

demo: $(READY) ## Run the tool beside a small LMS (PORT=, LMS_PORT= other ports; MANNER=canvas, moodle or strict)
	@$(BIN)/python -m lti_tool.cli demo --port $(PORT) --lms-port $(LMS_PORT) --manner $(MANNER)

demo-reset: ## Forget the demo's data; the next make demo starts afresh
	@rm -rf .demo && echo "The demo's data is gone. Type: make demo"

# Four at a time even on two cores: much of a test is waiting for a browser, a database or a socket.
test: lint browser ## Everything that must be true: lint, types, tests on both databases and in a browser
	@$(BIN)/python -m pytest -n 4 --dist worksteal $(PYTEST_ARGS)

lint: $(READY_TO_TEST) ## Style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY_TO_TEST) ## Format the code as make lint wants it
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(READY_TO_TEST) ## Measure speed against a plain pylti1p3 example
	@$(BIN)/python -m tests.bench

migration: $(READY_TO_TEST) ## Draft the next database migration from the models (MESSAGE="what changed")
	@$(BIN)/python -m lti_tool.models.migrations.drafting "$(MESSAGE)" && $(BIN)/ruff format lti_tool/models/migrations

lock: ## Resolve the dependencies anew into requirements.lock (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv. Type: python3 -m pip install uv"; exit 1; }
	@mkdir -p build
	@printf 'hatchling>=1.27\neditables>=0.5\n' > build/tools.in
	@set -e; resolve() { uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links "$$@" >/dev/null; }; \
	resolve pyproject.toml build/tools.in --extra dev --upgrade --output-file build/all.txt; \
	resolve pyproject.toml build/tools.in --constraint build/all.txt --output-file build/runtime.txt
	@{ echo "# Every package, pinned and hashed, for Python 3.11 to 3.14 on Linux and macOS. Made by: make lock"; \
	echo "### runtime"; cat build/runtime.txt; echo "$(DEV_MARK)"; \
	awk 'NR == FNR { if (/^[^ ]/) known[$$0]; next } /^[^ ]/ { skip = ($$0 in known) } !skip' \
		build/runtime.txt build/all.txt; } > requirements.lock
	@echo "requirements.lock holds $$(grep -c '^[a-z]' requirements.lock) packages."

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

browser:
	@if [ -n "$$LTI_TOOL_TEST_BROWSER" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
		|| command -v google-chrome >/dev/null || command -v google-chrome-stable >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; \
	else \
		echo "The browser tests need Chromium. Type: sudo apt-get install chromium"; \
		echo "(on macOS: brew install --cask chromium), or name one: LTI_TOOL_TEST_BROWSER=/path/to/chromium make test"; \
		exit 1; \
	fi

$(VENV)/.made:
	@[ -n "$(PYTHON)" ] && $(PYTHON) $(NEW_ENOUGH) || { \
		echo "This needs Python 3.11 or newer, and $(or $(PYTHON),none of the Pythons here) is not."; \
		echo "Install one, or name one: PYTHON=/path/to/python3.12 make $(or $(MAKECMDGOALS),demo)"; exit 1; }
	@echo "Making an environment in $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV) || { \
		echo "Python could not make an environment. On Debian or Ubuntu, type: sudo apt-get install python3-venv"; exit 1; }
	@touch $@

$(READY): $(VENV)/.made requirements.lock pyproject.toml
	@echo "Installing what the tool needs (half a minute, the first time) ..."
	@sed '/^$(DEV_MARK)/,$$d' requirements.lock > $(VENV)/runtime.txt
	@$(PIP) install -qq --require-hashes --requirement $(VENV)/runtime.txt
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_TO_TEST): $(READY)
	@echo "Installing what the tests need (a minute, the first time) ..."
	@$(PIP) install -qq --require-hashes --requirement requirements.lock
	@touch $@
