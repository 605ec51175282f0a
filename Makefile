# The two commands: `make run` runs the product, `make test` passes its tests.
SHELL := /bin/bash
UV := $(shell command -v uv 2>/dev/null)
PY := .venv/bin/python

.PHONY: help run test check bench lint lock stop wipe i18n

help: ## say what there is
	@grep -E '^[a-z0-9]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

run: ## start the product on http://127.0.0.1:8000 (PORT= chooses another)
	@# Two at once in one checkout prepare it one after the other.
	@flock -o Makefile $(MAKE) --no-print-directory ready
	@exec $(PY) scripts/run.py

test: packages .venv/.dev build ## lint, types, contracts, translations, migrations and tests, on own servers (T="tests/reports -k vote": these alone)
	@scripts/test.sh $(if $(T),only $(T))

check: packages .venv/.dev build ## as test, without what starts browsers, kills servers or copies databases
	@scripts/test.sh check

bench: packages .venv/.dev build ## measure side by side, on own servers (BENCH="search bounds pages api_page posting imports viewport tiles truth live lookback spread spreaders front city lighthouse faults"; FAULTS= chooses among faults)
	@scripts/bench.sh $(BENCH)

lint: packages .venv/.dev ## mend what can be mended, say the rest
	.venv/bin/ruff format ugc scripts tests benchmarks
	.venv/bin/ruff check --fix ugc scripts tests benchmarks

lock: ## pin what requirements*.in name (needs uv; UPGRADE=--upgrade takes newer versions)
	$(LOCK) requirements.in -o requirements.lock
	$(LOCK) requirements-dev.in -c requirements.lock -o requirements-dev.lock
lock: LOCK = @UV_CUSTOM_COMPILE_COMMAND='make lock' uv pip compile -q --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url $(UPGRADE)

stop: ## stop every `make run` of this checkout, and what a killed one left
	@python3 scripts/run.py stop
	@scripts/stack.sh down

wipe: stop ## delete the database, mail and photos of this checkout
	@scripts/stack.sh wipe

i18n: packages .venv/.dev ## bring the catalogues of translations up to date
	$(PY) scripts/i18n.py update

# One step after the other, whatever -j says.
.NOTPARALLEL:
.PHONY: ready packages build
ready: packages .venv/.run build

packages:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "✗ python3 must be Python 3.11 or newer"; exit 1; }
	@scripts/stack.sh packages

build:
	@$(PY) scripts/frontend.py
	@$(PY) scripts/i18n.py compile

.venv/bin/python:
	@echo "· making the virtual environment"
ifeq ($(UV),)
	@python3 -m venv .venv || { rm -rf .venv; exit 1; }
else
	@uv venv -q --python python3 .venv
endif

define install
	@echo "· installing the libraries of $(1)"
	@$(if $(UV),:,$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null)
	@$(if $(UV),uv pip install -q --python $(PY) --require-hashes -r $(1),$(PY) -m pip install -q --disable-pip-version-check --no-compile --require-hashes -r $(1))
	@$(PY) scripts/link.py
	@# Compiled beside what comes next; pip does it before, on one core. Templates of code may not compile.
	@nice $(PY) -m compileall -q .venv/lib >/dev/null 2>&1 &
endef

.venv/.run: requirements.lock scripts/link.py | .venv/bin/python
	$(call install,requirements.lock)
	@touch $@

.venv/.dev: requirements-dev.lock scripts/link.py | .venv/bin/python
	$(call install,requirements-dev.lock)
	@touch $@ .venv/.run
