# Two commands do all the set-up: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
INSTALL = $(UV) pip install --quiet --python $(BIN)/python --require-hashes

.DEFAULT_GOAL := help
.PHONY: help setup setup-test setup-hub demo test test-hub lint types fast bench bench-hub quality golden soak lock schemas servers servers-down clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

setup: $(VENV)/.base ## prepare .venv, whose bin/vocero is the command
	@deploy/local/packages.sh apertium

setup-test: $(VENV)/.test
	@deploy/local/packages.sh apertium chromium servers clients

demo: setup ## the main job on the shipped sample, nothing else needed
	@$(BIN)/vocero demo

test: setup-test lint types ## everything, two files at a time: lint, types, unit, contract, agents, integration, faults, browser
	@$(BIN)/pytest -n 2 --dist loadfile --durations 15

fast: setup-test ## the tests that start no server and no browser
	@$(BIN)/pytest -m "unit or contract and not integration"

lint: $(VENV)/.test ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.test ## mypy, strict
	@$(BIN)/mypy

test-hub: setup-hub ## the tests that need sentence-transformers and torch (5.6 GB)
	@.venv-hub/bin/python -m pytest tests -m "unit or contract and not integration" -k "hub or parity or minilm"

bench: $(VENV)/.test ## speed of enrichers, chain, workers and stores, in one run; BENCH="topics spikes alerts" for other tables
	@$(BIN)/python -m benchmarks $(BENCH)

bench-hub: setup-hub ## speed of the hub profile's models, on a GPU where there is one
	@.venv-hub/bin/python -m benchmarks hub

soak: setup-test ## random kills of workers, broker and store for 30 minutes; SOAK="--posts 5000 --minutes 3" for less
	@$(BIN)/python -m tests.faults.soak $(SOAK)

quality: $(VENV)/.test ## how right language, translation, sentiment and intent are, on labelled posts
	@$(BIN)/python -m benchmarks quality

golden: $(VENV)/.test ## take what the enrichers say of the golden posts as right, and show what changed
	@$(BIN)/python benchmarks/golden.py --write

servers: ## start a real Kafka and a real Elasticsearch on loopback, without Docker
	@deploy/local/kafka-up.sh && deploy/local/es-up.sh

servers-down: ## stop them
	@deploy/local/down.sh kafka es

schemas: $(VENV)/.test ## write the JSON Schema files again from the types
	@$(BIN)/python -m schemas.export

lock: $(VENV)/.test ## resolve the dependencies again
	@deploy/lock.sh $(UV)

clean: ## remove everything that make made, but for downloads shared with other projects
	@rm -rf $(VENV) .venv-hub .vocero .servers dist vocero-report.html

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "vocero needs Python 3.11 or newer: set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "this Python cannot make virtual environments: on Debian, apt-get install python3-venv" >&2; exit 1; }

$(UV): requirements/uv.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

$(VENV)/.base: requirements/base.txt pyproject.toml $(UV)
	@echo "setup: a locked Python environment in $(VENV) (about 130 MB to download, 400 MB on disk, no torch)"
	@$(INSTALL) -r requirements/base.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.base
	@echo "setup: the test tools (about 150 MB to download)"
	@$(INSTALL) -r requirements/test.txt
	@touch $@

setup-hub: .venv-hub/.hub
.venv-hub/.hub: requirements/hub.txt pyproject.toml $(UV)
	@echo "setup: sentence-transformers and torch in .venv-hub (about 3 GB to download, 5.6 GB on disk)"
	@$(PYTHON) -m venv .venv-hub
	@$(UV) pip install --quiet --python .venv-hub/bin/python --require-hashes -r requirements/hub.txt
	@$(UV) pip install --quiet --python .venv-hub/bin/python --no-deps --no-build-isolation --editable .
	@touch $@
