# Everything that one types here. It needs git, make and Python 3.11 to 3.13 with venv; the rest is installed into
# this folder from hashed locks.
VAR ?= var
ARGS ?=
SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := .venv/bin
# The first Python that is neither too old nor too new.
PYTHON := $(shell for each in python3 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$each && break; \
	done)
export ARGS

.PHONY: help run test check lock clean torture bench install install-tests python

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sort | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

run: install ## run everything: make run [PORT=8000] [VAR=var]
	@exec $(BIN)/python -m botplatform.supervisor --var "$(VAR)" $(if $(PORT),--port "$(PORT)")

test: install-tests ## check, then test everything: make test [ARGS='-k name']
	@$(BIN)/python tools/check.py test

check: install-tests ## style, layers and types alone
	@$(BIN)/python tools/check.py lint

torture: install-tests ## the long tests with faults injected: make torture [ARGS='-k name']
	@$(BIN)/python tools/check.py torture

bench: install-tests ## measure, beside other backtesters: make bench [ARGS='backtest peers sweep command --write']
	@$(BIN)/python -m benchmarks $(ARGS)

install: python ## install what `make run` needs
	@$(PYTHON) tools/install.py product

install-tests: python
	@$(PYTHON) tools/install.py tests

python:
	@test -n "$(PYTHON)" || { echo "Botplatform needs Python 3.11, 3.12 or 3.13: apt-get install python3 python3-venv"; exit 1; }

LOCK := .make/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock: install ## write the hashed locks anew from requirements/*.in and package.json
	$(LOCK) requirements/bootstrap.in -o requirements/bootstrap.txt
	$(LOCK) requirements/node.in -o requirements/node.txt
	$(LOCK) requirements/product.in -o requirements.txt
	$(LOCK) requirements/dev.in -o requirements-dev.txt
	$(LOCK) benchmarks/peers/vectorbt.in -o benchmarks/peers/vectorbt.txt
	$(LOCK) benchmarks/peers/backtesting.in -o benchmarks/peers/backtesting.txt
	npm install --package-lock-only
	@! grep -nE '"resolved"|--index-url|--find-links' package-lock.json requirements*.txt requirements/*.txt benchmarks/peers/*.txt

clean: ## remove what was installed and built, never VAR: make clean [YES=1]
	@test -n "$(YES)" || { read -rp "Remove .venv, .make, node_modules, build and caches? [y/N] " a && [ "$$a" = y ]; }
	rm -rf .venv .make node_modules build static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
