# Everything sets itself up in $(VENV). `make demo` shows the main job, `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
WHEELHOUSE := $(VENV)/wheelhouse
PYTEST_ARGS ?=
BIN := $(VENV)/bin
PYTEST = $(BIN)/python -m pytest -n auto --dist worksteal

CORE := api/retry applying/applier inventory/disk inventory/file inventory/format inventory/journaled inventory/merge \
	kinds/* model/* planning/* schema/*
comma := ,
empty :=
space := $(empty) $(empty)

# The compiled files are what makes every run after the first one quick, and each `devinops` that a test starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: core demo test test-all crash-matrix crash-sample fuzz mutation lint format schemas architecture messages benchmark clean

demo: $(VENV)/.demo
	@$(BIN)/devinops demo

test: $(VENV)/.test
	$(PYTEST) $(PYTEST_ARGS)

# With the tests marked `matrix`: packaging, pre-commit, generated requests, many cases of one idea.
test-all: $(VENV)/.test $(WHEELHOUSE)/.done
	$(PYTEST) -m 'not crash' $(PYTEST_ARGS)

# Kills at every request, and each fault at every request; the sample takes every request and every fault.
crash-matrix: $(VENV)/.test
	CRASH_MATRIX=all $(PYTEST) -m crash tests/crash $(PYTEST_ARGS)

crash-sample: $(VENV)/.test
	$(PYTEST) -m crash tests/crash $(PYTEST_ARGS)

# All that Hypothesis makes up: many examples, other ones each time. `make test` tries a hundred, always the same.
fuzz: $(VENV)/.test
	FUZZ_EXAMPLES=3000 $(PYTEST) -m 'hypothesis and not matrix' $(PYTEST_ARGS)

# Changes the deciding modules in every small way; fails where no test notices and tests/mutants.yaml gives no reason.
mutation: $(VENV)/.mutation
	rm -rf mutants
	$(BIN)/mutmut run
	$(BIN)/python -m tests.testing.mutants

# The modules whose every branch is tested; CI fails where that is no longer so.
core:
	@echo '$(subst $(space),$(comma),$(CORE:%=devinops/%.py))'

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

schemas: $(VENV)/.test
	$(BIN)/devinops schema --directory schemas

# Every text that people see, to be read aloud after a change of words.
messages: $(VENV)/.test
	@$(BIN)/python -m tests.testing.messages

architecture: $(VENV)/.test
	$(BIN)/python -m tests.testing.architecture

benchmark: $(VENV)/.test
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist mutants *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "devinops needs Python 3.11 or newer; $(PYTHON) is older: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "$(PYTHON) has no venv module: install it (Debian: apt-get install python3-venv)"; exit 1; }

# Stamps: set-up is done again only when what is installed changes.
$(VENV)/.demo: setup.cfg pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[emulator]'
	@touch $@

$(VENV)/.test: setup.cfg pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) for the tests …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@ $(VENV)/.demo

$(VENV)/.mutation: setup.cfg pyproject.toml $(VENV)/.test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutation]'
	@touch $@

# The hook test installs devinops through pre-commit itself; it takes packages from here and nowhere else.
$(WHEELHOUSE)/.done: setup.cfg pyproject.toml $(VENV)/.test
	@echo "filling $(WHEELHOUSE) …"
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --wheel-dir $(WHEELHOUSE) . 'setuptools>=70.1'
	@rm -f $(WHEELHOUSE)/devinops-*.whl
	@touch $@
