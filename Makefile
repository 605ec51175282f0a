# The two commands: `make run` runs the product, `make test` passes its tests.
SHELL := /bin/bash
UV := $(shell command -v uv 2>/dev/null)
PY := .venv/bin/python

.PHONY: help run test bench lint stop wipe i18n

help: ## say what there is
	@grep -E '^[a-z0-9]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

run: .venv/.run build ## start the product on http://127.0.0.1:8000 (PORT= chooses another)
	@exec $(PY) scripts/run.py

test: .venv/.dev build ## lint, types, contracts, translations, migrations and tests, on own servers
	@scripts/test.sh

bench: .venv/.dev build ## measure side by side, on own servers (BENCH="api_page posting imports live")
	@scripts/bench.sh $(BENCH)

lint: .venv/.dev ## mend what can be mended, say the rest
	.venv/bin/ruff format ugc scripts tests benchmarks
	.venv/bin/ruff check --fix ugc scripts tests benchmarks

stop: ## stop what a killed `make run` left
	@scripts/stack.sh down

wipe: stop ## delete the database, mail and photos of this checkout
	@scripts/stack.sh wipe

i18n: .venv/.dev ## bring the catalogues of translations up to date
	$(PY) scripts/i18n.py update

.PHONY: build
build:
	@$(PY) scripts/frontend.py
	@$(PY) scripts/i18n.py compile

.venv/bin/python:
	@echo "· making the virtual environment"
ifeq ($(UV),)
	@python3 -c 'import ensurepip' 2>/dev/null || { \
	  echo "· installing python3-venv"; \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; \
	  elif sudo -n true 2>/dev/null; then sudo -n apt-get update -qq && sudo -n apt-get install -y -qq python3-venv >/dev/null; \
	  else echo "✗ type this once: sudo apt-get install -y python3-venv"; exit 1; fi; }
	@python3 -m venv .venv
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
