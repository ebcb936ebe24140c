# landcast. `make run` and `make test` need Python 3.11 or newer, make and a package index; nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run serve test test-slow test-all chaos chaos-all conformance check docs bench revision constraints clean

VENV := .venv
BIN := $(VENV)/bin
# Compiled modules are kept, also where the environment says otherwise: hundreds of tests start a process of their own.
unexport PYTHONDONTWRITEBYTECODE
# Empty (make run CONSTRAINTS=) takes the newest versions, and whichever build of torch the package index prefers.
CONSTRAINTS := constraints.txt
# Files of tests are dealt out to this many processes, which need about 2 GB each.
PROCESSES := 2
INSTALL := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),-c $(CONSTRAINTS))

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

run: $(VENV)/.ready ## order all products for the sample region, or ARCHIVE=path-or-URL REGION=file.geojson
	@$(BIN)/landcast run $(if $(ARCHIVE),--archive '$(ARCHIVE)') $(if $(REGION),--region '$(REGION)')

serve: $(VENV)/.ready ## start the service with its map page and stay up
	@$(BIN)/landcast serve $(if $(ARCHIVE),--archive '$(ARCHIVE)')

test: $(VENV)/.ready-dev ## run the test suite, but for the tests marked slow
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile -m "not slow"

test-slow: $(VENV)/.ready-dev ## run the tests marked slow
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile -m slow

test-all: $(VENV)/.ready-dev ## run all tests
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile

chaos: $(VENV)/.ready-dev ## break a service of real processes in every known way, and print the table of what came of it
	@$(BIN)/python -m tests.chaos

chaos-all: $(VENV)/.ready-dev ## the same with the rows that take long
	@$(BIN)/python -m tests.chaos --all

conformance: $(VENV)/.ready-dev $(VENV)-conformance/.ready ## run the real clients of the field against a service, and print the table of what they find
	@$(BIN)/python -m tests.conformance

check: $(VENV)/.ready-dev ## format, lint, types, import rules, openapi.yaml, pages made from the code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m service.openapi --check
	@$(BIN)/python -m cli.products_page --check
	@$(BIN)/python -m cli.files_page --check

docs: $(VENV)/.ready-dev ## build the site of the pages in site/, warnings as errors, without the network
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

revision: $(VENV)/.ready-dev ## write the next revision of the ledger's tables: make revision MESSAGE='table of keys'
	@$(BIN)/python .ci/revision.py '$(MESSAGE)'
	@$(BIN)/ruff check --quiet --fix workers/queue/migrations/versions
	@$(BIN)/ruff format --quiet workers/queue/migrations/versions

constraints: $(VENV)/.ready-dev ## write constraints.txt from what is installed in .venv
	@$(BIN)/python .ci/constraints.py > constraints.txt.new && mv constraints.txt.new constraints.txt

bench: $(VENV)/.ready-dev ## run the benchmarks of the CPU in under ten minutes; a JSON record of each goes to results/benchmarks
	@$(BIN)/python -m benchmarks.bench

clean: ## remove the environment and everything generated
	rm -rf $(VENV) $(VENV)-conformance .landcast results site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)-conformance/.ready: tests/conformance/requirements.txt | $(BIN)/python
	@echo "Installing the clients into $(VENV)-conformance: about 500 MB"
	@$(BIN)/python -m venv $(VENV)-conformance
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(VENV)-conformance/bin/python -m pip install --quiet -r tests/conformance/requirements.txt
	@touch $@

$(BIN)/python:
	@for p in "$$PYTHON" python3 python3.13 python3.12 python3.11; do \
	  [ -n "$$p" ] && "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && exec "$$p" .ci/environment.py $(VENV); \
	done; echo "landcast needs Python 3.11 or newer, and none was found on the PATH; install it or name it: make run PYTHON=/path/to/python3" >&2; exit 1

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing landcast into $(VENV): about 2 GB, several minutes the first time"
	@$(INSTALL) -e .
	@touch $@

$(VENV)/.ready-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing landcast and its test tools into $(VENV): about 2 GB, several minutes the first time"
	@$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.ready
