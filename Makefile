# Everything runs from here; `make help` lists the targets. Works with the make of macOS (3.81).
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# The interpreter that .venv is made from: the first that is in range and can make one.
PYTHON ?=
PYTHONS := python3.12 python3.11 python3.10 python3
USABLE := import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))

.DEFAULT_GOAL := help
.PHONY: help setup compile demo test test-deep bench-gas proof prove mutation mutation-sample coverage lint fmt lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

setup: ## Install everything into .venv and node_modules (a second run does nothing)
	@if [ -x .venv/bin/python ] && .venv/bin/python -c '$(USABLE)' 2>/dev/null; then \
		default=.venv/bin/python; \
	fi; \
	for python in "$(PYTHON)" $$default $(PYTHONS); do \
		if [ -n "$$python" ] && "$$python" -c '$(USABLE)' >/dev/null 2>&1; then \
			exec "$$python" scripts/_setup.py; \
		fi; \
		if [ -n "$$python" ] && [ "$$python" = "$(PYTHON)" ]; then \
			echo "PYTHON=$(PYTHON) does not run, is not Python 3.10 to 3.12 or lacks the venv module: name another, or none." >&2; \
			exit 1; \
		fi; \
	done; \
	if python3 -c '' >/dev/null 2>&1; then exec python3 scripts/_setup.py; fi; \
	echo "No Python was found: install Python 3.10, 3.11 or 3.12 with its venv module and run \`make setup\` again." >&2; \
	exit 1

# Ape looks at 500 files under contracts/ and no more. Where the project lies in a folder for temporary files it leaves
# its copies of the libraries there, which would fill that number: they go once they have been used.
compile: setup ## Compile the contracts, all of them when anything has changed
	@.venv/bin/python scripts/_build.py
	@rm -rf contracts/.cache

demo: compile ## See a market live through a crash on a local chain
	@.venv/bin/ape run demo

# Ape's plugin starts a chain for every run: what needs none, or starts its own, runs without it. Two things go on at once.
APE := tests/unit tests/integration tests/exploits tests/invariants
BESIDE := tests/scripts tests/fork tests/gas tests/sims
ALONE := tests/differential tests/machine tests/lemmas tests/static tests/mutation tests/coverage
PYTEST := .venv/bin/python -m pytest -p no:ape_test -q

test: compile ## Run every test: contracts on anvil and in process, and beside them simulations, scripts and forks
	@rm -rf .build/seen
	@$(PYTEST) $(BESIDE) > .build/beside.log 2>&1 & beside=$$!; \
	.venv/bin/ape test $(APE) -q; contracts=$$?; \
	$(PYTEST) $(ALONE); alone=$$?; \
	wait $$beside; others=$$?; cat .build/beside.log; \
	if [ $$contracts -ne 0 ]; then echo "make test: the contract tests failed" >&2; fi; \
	if [ $$alone -ne 0 ]; then echo "make test: the tests in process failed" >&2; fi; \
	if [ $$others -ne 0 ]; then echo "make test: the tests of simulations and scripts failed" >&2; fi; \
	[ "$$contracts$$alone$$others" = 000 ]

test-deep: compile ## Look for counterexamples in ten million contract calls, on all cores (an hour and more)
	@WEIR_DEEP=1 $(PYTEST) -x tests/machine
	@.venv/bin/python -m tests.machine.deep

# The peers and their compilers serve nothing else: they have a folder, a lock file and a node_modules of their own.
PEERS := tests/gas/peers

bench-gas: compile $(PEERS)/node_modules/.package-lock.json ## Measure gas beside Aave v3.6 and Morpho Blue on one chain
	@.venv/bin/python -m tests.gas.bench

# Written last by npm, so that a broken-off install is done again.
$(PEERS)/node_modules/.package-lock.json: $(PEERS)/package-lock.json | setup
	@cd $(PEERS) && npm ci --ignore-scripts --no-audit --no-fund

# Slither and Halmos need other versions of what Ape stands on: they have a lock file and an environment of their own.
PROVERS := .build/proof

prove: compile $(PROVERS)/.done ## Prove the arithmetic's lemmas, permissions and words; look over the contracts with Slither
	@$(PYTEST) tests/lemmas tests/static
	@.venv/bin/python -m tests.static.slither
	@.venv/bin/python -m tests.symbolic.run

# Written last, so that a broken-off install is done again.
$(PROVERS)/.done: tests/static/requirements.lock | setup
	@.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Halmos needs Python 3.11 or 3.12.")'
	@.venv/bin/python -m venv --clear $(PROVERS)
	@$(PROVERS)/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

mutation: compile ## How many small faults in the core the tests notice (hours; goes on where it was broken off)
	@.venv/bin/python -m tests.mutation

mutation-sample: compile ## The same of forty, drawn at random, judged in process
	@.venv/bin/python -m tests.mutation --sample 40 --machine-only

coverage: compile ## Which lines and branches of the core the tests reach
	@.venv/bin/python -m tests.coverage

proof: prove ## The table of all proofs: what is quick is done anew, deep run, mutation and coverage as last recorded
	@.venv/bin/python -m tests.proof

SOLIDITY := contracts $(PEERS)/contracts tests/symbolic/proofs tests/static/bad

lint: setup ## Check style and types, change nothing
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy sims
	@.venv/bin/forge fmt --check $(SOLIDITY)

fmt: setup ## Format Python and Solidity
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .
	@.venv/bin/forge fmt $(SOLIDITY)

# uv works out one lock for all supported Pythons and platforms; it lives in its own environment.
lock: setup ## Work out requirements.lock and package-lock.json anew
	@.venv/bin/python -m venv --clear .build/uv && .build/uv/bin/python -m pip install --quiet uv
	@.build/uv/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.10 \
		--generate-hashes --no-emit-index-url --no-header --upgrade --quiet -o requirements.lock
	@.build/uv/bin/uv pip compile tests/static/requirements.in --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --upgrade --quiet -o tests/static/requirements.lock
	@rm -rf .build/uv
	@for folder in . $(PEERS); do \
		(cd $$folder && npm install --package-lock-only --ignore-scripts --no-audit --no-fund \
			--omit-lockfile-registry-resolved) || exit 1; \
	done
	@.venv/bin/python scripts/_setup.py --lock

clean: ## Remove what compiling, testing and setup have made
	rm -rf .venv node_modules $(PEERS)/node_modules .build .anvil contracts/.cache out .mypy_cache .pytest_cache .ruff_cache .hypothesis
