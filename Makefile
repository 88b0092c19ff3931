# People, hooks and CI call the same targets. `make help` lists them.
PYTHON ?= python3
PORT   ?= 8000
JOBS   ?= logical
ARGS   ?=
CHECKS ?=

V   := .venv/bin
RUN := $(V)/python -m registry

# A stamp carries the checksum of what it installed: a second run costs nothing, a changed lock installs anew.
sum     = $(shell cksum < requirements/$(1).txt | cut -d' ' -f1)
RUNTIME := .venv/.runtime-$(call sum,runtime)
DEV     := .venv/.dev-$(call sum,dev)
# The lock names everything: nothing is resolved again, where a release newer than a pin would stop the install.
PIP     := $(V)/python -m pip --disable-pip-version-check --quiet install --no-input --require-hashes --no-deps
CHECKED := $(V)/python -m pip --disable-pip-version-check check

.DEFAULT_GOAL := help
.PHONY: help venv peers demo demo-connectors test check openapi manual migrate bench mutants lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

venv: $(DEV)  ## everything for work on the code, into .venv

$(V)/python:
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('Python 3.11 or newer is needed: make venv PYTHON=python3.11')"
	$(PYTHON) -m venv .venv

$(RUNTIME): | $(V)/python
	$(PIP) -r requirements/runtime.txt
	@$(CHECKED) >/dev/null || $(CHECKED)
	@rm -f .venv/.runtime-* && touch $@

$(DEV): | $(V)/python
	$(PIP) -r requirements/dev.txt
	@$(CHECKED) >/dev/null || $(CHECKED)
	@rm -f .venv/.runtime-* .venv/.dev-* && touch $(RUNTIME) $@

peers: tests/peers/node_modules/.package-lock.json  ## what the tests meet and comes from npm: an OpenID provider, axe

tests/peers/node_modules/.package-lock.json: tests/peers/package-lock.json
	npm ci --prefix tests/peers --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

demo: $(RUNTIME)  ## a filled registry on PORT (8000), in a directory of its own
	@$(RUN) demo --port $(PORT) $(ARGS)

demo-connectors: $(DEV)  ## a desk, a database, a bucket, a directory and a page, observed, changed, and laid beside the record
	$(V)/python -m tests.connectors.demonstration

test: $(DEV)  ## the whole suite on SQLite and PostgreSQL (JOBS=2 ARGS=…)
	$(V)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: $(DEV)  ## style, types, import rules, and that what is generated is current
	$(V)/ruff check .
	$(V)/ruff format --check .
	$(V)/mypy
	$(V)/lint-imports
	$(RUN) openapi --check
	$(RUN) checks-docs --check
	$(RUN) migrate --check

openapi: $(DEV)  ## write openapi/registry.json anew
	$(RUN) openapi

manual: $(DEV)  ## write docs/checks anew, a page for each check
	$(RUN) checks-docs

migrate: $(RUNTIME)  ## bring the database of REGISTRY_DATABASE up to date
	$(RUN) migrate

bench: $(DEV)  ## measure the paths that matter against a server of its own, then the checks
	$(V)/python -m tests.bench $(ARGS)
	$(V)/python -m tests.bench.checks $(CHECKS)
	$(V)/python -m tests.bench.connectors

mutants: $(DEV)  ## how many small changes of the checks, the law and retention the tests notice: an hour
	$(V)/python -m tests.mutants $(ARGS)

LOCK := env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(V)/uv pip compile --quiet --generate-hashes --no-emit-index-url \
	--no-header --no-strip-extras --universal --python-version 3.11 --no-build
lock: $(DEV)  ## write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for newer releases)
	$(LOCK) $(ARGS) -o requirements/runtime.txt pyproject.toml
	$(LOCK) $(ARGS) -c requirements/runtime.txt --extra dev -o requirements/dev.txt pyproject.toml

clean:  ## remove what can be made anew, the environment too; var/ (data) stays
	rm -rf .venv tests/peers/node_modules build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find registry tests -name __pycache__ -type d -prune -exec rm -rf {} +
