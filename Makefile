# `make demo` and `make test` are all that a fresh Debian 12 needs, as root.
PYTEST = .venv/bin/pytest
SIMULATION = PYTHONPATH=tests .venv/bin/python -m simulation
SECONDS = 60
SEED = 1

# Of what runs in containers: acknowledged writes and files have to survive the loss of a page cache, too.
ON_MACHINES_TOO = files_survive or of_one_head_and_then_of_the_other

.PHONY: help demo check test simulate test-all bench deb deb-bookworm deb-trixie docs clean bootstrap

help:
	@echo "make demo      boot virtual servers, configure the cluster, show its status"
	@echo "make check     lint, types, architecture, unit tests (under a minute)"
	@echo "make simulate  the database agent in a simulated world: SECONDS=… SEED=…"
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
	@$(PYTEST) -n 2 tests/unit tests/command tests/architecture tests/simulation
	@$(SIMULATION) --steps 20000

# For as long as one likes, from any seed: make simulate SECONDS=3600 SEED=1000000
simulate: bootstrap
	@$(SIMULATION) --seconds $(SECONDS) --seed $(SEED)

# Each test module has labs of its own, and waits most of the time: two at once take little more than half of the time.
test: check deb-bookworm
	@$(PYTEST) -n 2 --dist loadfile -m "lab and not matrix" tests/lab

# Everything on Debian 12, then what both releases must do on Debian 13; random faults; the table of what was seen.
# Three labs at once take a third of the time.
test-all: check deb
	@rm -rf test-logs/faults
	@$(PYTEST) -n 3 --dist loadfile -m "(lab or matrix) and not machine" tests/lab
	@$(PYTEST) -m machine tests/lab
	@LIVE_LAB_SCHEME=full LIVE_LAB_SLOWNESS=5 $(PYTEST) -k "bookworm and ($(ON_MACHINES_TOO))" tests/lab/test_failover.py
	@LIVE_LAB_RELEASE=trixie $(PYTEST) -n 3 --dist loadfile -m "lab and not matrix" tests/lab/test_configure.py tests/lab/test_failover.py tests/lab/access
	@./lab down --name csoak >/dev/null
	@./lab soak --name csoak --rounds 10 --seed 1
	@./lab down --name csoak
	@.venv/bin/python tools/fault_docs.py --take test-logs/faults

bench: bootstrap deb-bookworm
	@.venv/bin/python -m bench

deb: deb-bookworm deb-trixie

deb-bookworm deb-trixie: deb-%: bootstrap
	@packaging/build --release $* --out dist >/dev/null

docs: bootstrap
	@.venv/bin/python tools/parameter_docs.py
	@.venv/bin/python tools/fault_docs.py
	@.venv/bin/python tools/simulation_docs.py

clean:
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis test-logs bench/failed
