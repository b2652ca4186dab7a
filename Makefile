# Two commands matter: `make run` (a demo bank, walked and served) and `make test` (everything CI runs).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Tests run in as many processes as there are processors, four at most: each starts a PostgreSQL.
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal

.PHONY: run test faults fix lock clean
.DELETE_ON_ERROR:

$(VENV)/.run: requirements/run.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is wanted; found $$($(PYTHON) -V). Set PYTHON=/path/to/python3.11."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "python3 cannot make a virtual environment here. On Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements/test.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/test.lock
	@touch $@

run: $(VENV)/.run
	$(BIN)/creditbank demo --home bank/demo

# Branches covered: all of the law and the ledger, 90 % of the whole.
test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) --cov --cov-report=
	$(BIN)/coverage report --fail-under=90
	$(BIN)/coverage report --include='creditbank/rules/*,creditbank/ledger/*' --fail-under=100

# Rounds of faults on each database; prints the seed, which SEED= gives back.
ROUNDS ?= 200
SEED ?= 0
faults: $(VENV)/.test
	CREDITBANK_TEST_FAULT_ROUNDS=$(ROUNDS) CREDITBANK_TEST_FAULT_SEED=$(SEED) $(BIN)/python -m pytest -q -n 0 tests/faults/test_rounds.py

fix: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python tools/write_problems.py
	$(BIN)/python tools/release_rules.py

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	  --extra build --no-strip-extras pyproject.toml -o requirements/run.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	  --extra build --extra test --no-strip-extras pyproject.toml -o requirements/test.lock

clean:
	rm -rf $(VENV)
