# Each target sets up its own virtual environment on first use; nothing is assumed but Python 3.11+.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready

.PHONY: run test test-real test-servers test-postgresql browser postgresql lint bench clean
.DEFAULT_GOAL := run

run: $(READY)
	$(BIN)/ticket-pipeline dev

test: $(READY) browser
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# Whatever reads TICKET_PIPELINE_TEST_POSTGRESQL_URL, or asks for a fixture that does.
ON_POSTGRESQL := $(addprefix ticket_pipeline_tests/,store destinations/test_sql_postgresql.py audiences/test_sql.py \
  test_live_counters.py)

# Against real servers: pretix, Ghost and maildev, installed into .real/ once, and a PostgreSQL of its own.
test-real: test-servers test-postgresql

test-servers: $(READY) browser postgresql
	TICKET_PIPELINE_TEST_REAL=1 $(BIN)/pytest -n 0 -rsfE --durations 5 ticket_pipeline_tests/real

test-postgresql: $(READY) postgresql
	$(BIN)/python -m ticket_pipeline_tests.real.with_postgresql \
	  $(BIN)/pytest -n auto --dist loadfile $(ON_POSTGRESQL)

postgresql:
	@if ! { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 && \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  echo "Fetching a PostgreSQL for its tests"; \
	  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; } \
	    >/dev/null 2>&1 || echo "There is none to be had: its tests are skipped"; \
	fi

# The browser tests look through a Chromium. Where there is none, and none can be had, they are skipped and say so.
browser:
	@if ! { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null && \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  echo "Fetching a Chromium for the browser tests"; \
	  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
	    >/dev/null 2>&1 || echo "There is none to be had: the browser tests are skipped"; \
	fi

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(BENCH_READY)
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .ticket-pipeline .ticket-pipeline.lock services logs .logs_queue

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "ticket_pipeline needs Python 3.11 or newer: make run PYTHON=/path/to/python3"; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV) || \
	  { echo "On Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --constraint constraints.txt --editable . --group dev
	@touch $@

$(BENCH_READY): $(READY)
	$(BIN)/pip install --quiet --constraint constraints.txt --group bench
	@touch $@

.PHONY: schema
schema: $(READY)
	$(BIN)/python -c 'import json; from ticket_pipeline import config; print(json.dumps(config.json_schema(), indent=2))' \
	  > ticket_pipeline/pipeline.schema.json
