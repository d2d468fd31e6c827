# The two commands: `make reproduce` and `make test`. Both make the environment if it is missing, if its lock
# or pyproject.toml has changed, or if the folder was moved. Only Python 3.11 or newer, with pip, is needed.
#
#   make reproduce STUDY=smoke    another study            make fresh    train again from nothing
#   make gallery                  run all quick studies, and build their page, docs/gallery and docs/records.md
#   make test-all                 what CI runs             make lint     formatters, linters, types
#   make test-long                what CI has no time for
#   make lock                     renew envs/lock.txt
#
# On Linux, torch from PyPI comes with CUDA. TORCH_INDEX names another index, e.g. that of the wheels without it:
#   make reproduce TORCH_INDEX=https://download.pytorch.org/whl/cpu

STUDY ?= digits
CORES ?= 2
TESTS ?= not slow
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
    "$$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

# Tests draw, too; what Matplotlib keeps for that stays here, and not in a home.
export MPLCONFIGDIR ?= $(CURDIR)/.snakemake/cache/matplotlib

# Where it is set, as in many images of containers, each process would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
CPU_INDEX := https://download.pytorch.org/whl/cpu
# Scripts of an environment hold its path, so the record of what it was made from holds it, too.
MADE_FROM = $(CURDIR) $(shell cat pyproject.toml envs/torch.txt envs/lock.txt | cksum)

.PHONY: reproduce fresh gallery lint lock environment
.PHONY: test test-all test-slow test-long test-slurm test-environments test-in-process test-installed

reproduce: environment
	@$(BIN)/python -m lawbook run $(STUDY) --cores $(CORES)

fresh: environment
	$(BIN)/python -m lawbook cache clear --yes
	$(BIN)/python -m lawbook run $(STUDY) --cores $(CORES) -- --forceall

gallery: environment
	@$(BIN)/python -m lawbook gallery --quick --docs docs --cores $(CORES)

# Workers begin with half of the tests each, so that what a module makes once is seldom made twice.
test: environment
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "$(TESTS)"

test-slow: environment
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "slow and not slurm and not environments and not long"

# Before a release, and after a change of what is typed: every command of every document, the tutorial, many faults, the
# programs that read exports.
test-long: environment
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "long and not environments"
	$(BIN)/python -m pytest -m "long and environments" tests/environments

# Needs root and Debian, or says that it skips: it installs and starts a Slurm of one node.
test-slurm: environment
	$(BIN)/python -m pytest -m slurm tests/slurm

# Makes an environment of the lowest versions, and one for each other Python there is, in build/environments.
test-environments: environment
	$(BIN)/python -m pytest -m "environments and not long" tests/environments

# Beside each other: the last waits for downloads, and for Slurm, more than it computes.
test-all: environment
	$(MAKE) --jobs=3 --output-sync=target lint test-in-process test-installed

test-in-process:
	$(MAKE) test TESTS="not slurm and not environments and not long"

test-installed:
	$(MAKE) test-slurm
	$(MAKE) test-environments

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

environment:
	@test "$$(cat .venv/made-from 2>/dev/null)" = "$(MADE_FROM)" || $(MAKE) .venv

# Always from nothing: an environment that is half there is worse than none. Python compiles what is imported when it
# is: pip would compile all of torch and the rest, which takes as long as unpacking them.
.PHONY: .venv
.venv:
	@test -n "$(PYTHON)" || { echo "Error: no Python 3.11 or newer is on PATH; set PYTHON=..." >&2; exit 2; }
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile $(TORCH_INDEX:%=--index-url %) -r envs/torch.txt
	$(BIN)/python -m pip install --quiet --no-compile -r envs/lock.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@echo "$(MADE_FROM)" > .venv/made-from

# Exact public versions: no hashes, no local version suffix, no torch and what only its CUDA wheels bring.
lock:
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet $(TORCH_INDEX:%=--index-url %) -r envs/torch.txt
	build/lock/bin/python -m pip install --quiet --upgrade "setuptools>=77"
	build/lock/bin/python -m pip install --quiet ".[train,workflow,dev]" snakemake-executor-plugin-slurm
	build/lock/bin/python -m pip freeze --all --exclude lawbook --exclude pip --exclude torch --exclude triton \
	    | sed -e '/^nvidia/d' -e '/^cuda/d' -e 's/+[A-Za-z0-9.]*$$//' > envs/lock.txt
	{ sed '/^      - /d' envs/lawbook.yaml; sed 's/^/      - /' envs/torch.txt envs/lock.txt; } > build/lawbook.yaml
	mv build/lawbook.yaml envs/lawbook.yaml
	sed 's|^  - pip:$$|&\n      - --extra-index-url $(CPU_INDEX)|' envs/lawbook.yaml > envs/lawbook-cpu.yaml
	sed $$(sed -n -E 's/^(ruff|snakefmt)==.*/-e s|\1==[0-9.]*|&|/p' envs/lock.txt) .pre-commit-config.yaml > build/hooks.yaml
	mv build/hooks.yaml .pre-commit-config.yaml
