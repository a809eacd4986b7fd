# `make demo` and `make test` are all that a fresh Debian 12 needs, as root.
PYTEST = .venv/bin/pytest

.PHONY: help demo check test test-all bench deb docs clean bootstrap

help:
	@echo "make demo      boot virtual servers, configure the cluster, show its status"
	@echo "make check     lint, types, architecture, unit tests (under a minute)"
	@echo "make test      check, and the lab scenarios that protect data"
	@echo "make test-all  check, and every lab scenario on both Debian releases"
	@echo "make bench     measure, and write bench/results/"
	@echo "make deb       build the packages into dist/"
	@echo "make docs      write the generated parts of docs/"

bootstrap:
	@tools/bootstrap

demo: bootstrap
	@tools/demo

check: bootstrap
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(PYTEST) -n 2 tests/unit tests/command tests/architecture

test: check
	@$(PYTEST) -m "lab and not matrix" tests/lab

test-all: check
	@$(PYTEST) -m "lab or matrix" tests/lab

bench: bootstrap
	@.venv/bin/python -m bench

deb: bootstrap
	@packaging/build --release bookworm --out dist
	@packaging/build --release trixie --out dist

docs: bootstrap
	@.venv/bin/python tools/parameter_docs.py

clean:
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis test-logs bench/work
