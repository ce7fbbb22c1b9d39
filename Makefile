# `make demo` shows it, `make test` proves it; both set up everything they need, as often as they are said.

PYTHON ?= python3
BIN := .venv/bin
UV := .cache/uv/bin/uv
READY := .venv/.ready

# Behind a company's TLS proxy the certificates are the system's; Python comes from this machine.
export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
# Tests start our programs hundreds of times: without bytecode each start compiles the whole package.
unexport PYTHONDONTWRITEBYTECODE

# Folders whose tests take a whole engine, the tutorial's port or both cores to themselves.
WHOLE := $(wildcard tests/system tests/notebooks tests/scoring/processes tests/scoring_diff)
# Kills, full disks, power cuts: root, and file systems of their own.
FAULTS := tests/faults
# What more `make soak` does at length: registries on bad lines or that lie, hostile archives and folders.
LONG := tests/registry/test_flaky.py tests/registry/test_cuts.py tests/registry/test_evil.py \
    tests/oci/test_unpack.py tests/oci/test_layer.py tests/builder/test_hostile_sources.py

# Every framework, served: minutes, and gigabytes of wheels. `make test` has a short form beside it.
FRAMEWORKS := $(patsubst %,tests/frameworks/test_%.py,every model_versions without_script frame_in_a_notebook)

# Client programs against a running service, by the compilers and interpreters of their languages. `make test` runs five.
CLIENTS := tests/clients/test_live.py
# Empty: all that are tried (tests/clients/tools.py).
LANGUAGES :=

# The side panel of JupyterLab, built from TypeScript; its compiled half is no part of the repository.
LAB := jupyter_modelpack/labextension
PANEL := $(LAB)/package.json
PANEL_SOURCES := $(wildcard labextension/src/*.ts labextension/style/* labextension/schema/* labextension/*.json)

.PHONY: help demo test lint docs unit real faults soak frameworks clients whole bench services down lock clean panel wheel

help:
	@echo "make demo   package a model and score it, in a notebook that runs before your eyes"
	@echo "make test   everything that must hold before a change lands"
	@echo "make docs   the manual, in docs/_build/html"
	@echo "make lint | docs | unit | real | faults | whole   parts of that"
	@echo "make soak   the faults at length, twenty minutes of scoring, with a scoreboard"
	@echo "make frameworks  tensorflow, torch, jax and a dozen more, served: gigabytes of wheels, 20 GB of disk"
	@echo "make clients     client programs in eight languages against a service, with their compilers: a minute"
	@echo "make bench  time packaging beside docker build: minutes, and a machine with nothing else to do"
	@echo "make down   end the Docker engine and the registry that the tests started"
	@echo "make panel | wheel   build the side panel of JupyterLab; the package with it (both need npm)"
	@echo "make lock   resolve the dependencies again"

# Where nothing is said about it, the demo keeps to itself.
demo: export MODELPACK_HOME ?= $(CURDIR)/.cache/demo
demo: $(READY)
	@if [ -z "$$MODELPACK_BASE_IMAGE" ]; then \
	    $(BIN)/python -m tests.services.packages mmdebstrap \
	        || { echo "Or name an image that has Python: MODELPACK_BASE_IMAGE=python:3.11-slim make demo"; exit 1; }; \
	    $(BIN)/modelpack base; \
	fi
	@$(BIN)/python -m tests.notebooks.transcript notebooks/01-package-a-model.ipynb

test: $(READY)
	$(MAKE) --no-print-directory services
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory docs
	$(MAKE) --no-print-directory unit
	$(MAKE) --no-print-directory real
	$(MAKE) --no-print-directory clients LANGUAGES="python curl javascript typescript java"
	$(MAKE) --no-print-directory faults
	$(MAKE) --no-print-directory whole

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.10 -p jupyter_modelpack.scoring
	$(BIN)/lint-imports --no-logo --no-cache

# A warning is a mistake of the manual: a link that leads nowhere, a name that is no more.
docs: $(READY)
	$(BIN)/sphinx-build -q -W --keep-going -j auto -b html docs docs/_build/html

# A browser has an event loop that other tests must not meet: a process of its own.
BROWSER := tests/browser

# Tests run in a random order that is the same everywhere, so that what failed fails again; `make unit SEED=$RANDOM` is
# another, and `make soak` takes a new one each time.
SEED ?= 180822288
PYTEST := $(BIN)/pytest --randomly-seed=$(SEED)

# A file stays with one worker (loadfile): its tests may share a server, and a name in the engine.

# Memory for the folders of quick tests, where there is enough of it: on a disk they wait for writes that nobody needs a
# moment later. Empty, it is the folder for temporary files.
MEMORY := $(shell findmnt -no OPTIONS /dev/shm 2>/dev/null | grep -qv noexec && \
    df -k --output=avail /dev/shm | awk 'NR > 1 && $$1 > 2000000 { print "/dev/shm" }')

# What needs no engine, no registry, no package index and no server of its own. Three workers for two cores: one of them
# waits for a process most of the time.
unit: export PYTEST_DEBUG_TEMPROOT := $(MEMORY)
unit: $(READY)
	$(PYTEST) -p no:nbval -n 3 --dist loadfile -m "not real" $(patsubst %,--ignore=%,$(WHOLE) $(FAULTS) $(BROWSER) $(FRAMEWORKS) $(CLIENTS))

real: $(READY)
	$(PYTEST) -n 2 --dist loadfile -m real $(patsubst %,--ignore=%,$(WHOLE) $(FAULTS) $(BROWSER) $(FRAMEWORKS) $(CLIENTS))

whole: $(READY)
	$(PYTEST) $(WHOLE)
	$(PYTEST) $(BROWSER)

faults: $(READY)
	$(PYTEST) -n 2 --timeout 600 $(FAULTS)

soak: $(READY)
	MODELPACK_SOAK=1 $(BIN)/pytest -n 2 --timeout 3600 $(FAULTS) $(LONG)
	$(BIN)/python -m tests.benchmarks.scoring_soak 1200

clients: $(READY)
	$(BIN)/python -m tests.clients.tools $(LANGUAGES)
	MODELPACK_CLIENTS="$(LANGUAGES)" $(PYTEST) $(CLIENTS)

frameworks: $(READY)
	$(PYTEST) -v --timeout 1800 --durations 0 $(FRAMEWORKS)

services: $(READY)
	$(BIN)/python -m tests.services up

down:
	@[ ! -d .services ] || $(BIN)/python -m tests.services down

bench: $(READY)
	$(BIN)/python -m tests.services up
	$(BIN)/python -m tests.benchmarks.packaging
	$(BIN)/python -m tests.benchmarks.panels
	$(PYTEST) -q -s tests/browser/lab/test_crowd.py tests/browser/lab/test_tabs.py
	$(BIN)/python -m tests.benchmarks.memory
	$(BIN)/python -m tests.benchmarks.scoring

lock: $(UV)
	$(UV) pip compile -q --no-emit-index-url --no-header --no-annotate --generate-hashes \
	    --extra dev --python-version 3.11 pyproject.toml -o requirements.lock
	awk '/^[^ ]/ { ours = /^(httptools|orjson)==/ } ours' requirements.lock > jupyter_modelpack/builder/lock/server_hashes.txt

panel: $(PANEL)

# What JupyterLab loads is linked to where this builds it: no reinstallation, only a reload of the page.
$(PANEL): $(PANEL_SOURCES) | $(READY)
	@command -v npm >/dev/null || { \
	    echo "The side panel of JupyterLab is built with npm, which is not on this machine."; \
	    echo "Install Node.js 20 or newer with npm, and say it again."; exit 1; }
	cd labextension && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; }
	cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build:prod
	@touch $@

wheel: $(PANEL)
	rm -rf dist
	$(UV) build --wheel

clean: down
	rm -rf .venv .cache .services labextension/node_modules labextension/lib $(LAB)

# uv by pip into a folder: needs neither ensurepip nor the right to change the system's Python.
$(UV): requirements.lock
	mkdir -p .cache
	awk '/^[^ ]/ { uv = /^uv==/ } uv' requirements.lock > .cache/uv.lock
	$(PYTHON) -m pip install -q --disable-pip-version-check --root-user-action=ignore --upgrade \
	    --require-hashes --target .cache/uv -r .cache/uv.lock
	@touch $@

$(READY): $(UV) requirements.lock pyproject.toml
	[ -x $(BIN)/python ] || $(UV) venv -q --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	$(UV) pip sync -q --python $(BIN)/python requirements.lock
	mkdir -p $(LAB)
	SKIP_JUPYTER_BUILDER=1 $(UV) pip install -q --python $(BIN)/python --no-deps --editable .
	rm -rf .venv/share/jupyter/labextensions/jupyter-modelpack
	ln -s $(CURDIR)/$(LAB) .venv/share/jupyter/labextensions/jupyter-modelpack
	@touch $@
