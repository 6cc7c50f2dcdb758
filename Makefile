# Each target sets up its own virtual environment on first use; nothing is assumed but Python 3.11+.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready
BENCH_READY := $(VENV)/.bench-ready

.PHONY: run test test-real test-servers test-postgresql browser servers lint bench clean
.DEFAULT_GOAL := run

run: $(READY)
	$(BIN)/ticket-pipeline dev

test: $(DEV_READY) browser
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# Whatever reads TICKET_PIPELINE_TEST_POSTGRESQL_URL, or asks for a fixture that does.
ON_POSTGRESQL := $(addprefix ticket_pipeline_tests/,store destinations/test_sql_postgresql.py audiences/test_sql.py \
  test_live_counters.py stories/test_convergence.py)

# Against real servers: pretix, Ghost and maildev, installed into .real/ once, PostgreSQL and Redis.
test-real: test-servers test-postgresql

test-servers: $(DEV_READY) browser servers
	TICKET_PIPELINE_TEST_REAL=1 $(BIN)/pytest -n 0 -rsfE --durations 5 ticket_pipeline_tests/real

test-postgresql: $(DEV_READY) servers
	$(BIN)/python -m ticket_pipeline_tests.real.with_postgresql \
	  $(BIN)/pytest -n auto --dist loadfile $(ON_POSTGRESQL)

# PostgreSQL and Redis, where they can be had; the tests that need them are skipped elsewhere and say so.
servers:
	@missing=; \
	{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || missing="postgresql"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	if test -n "$$missing" && test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  echo "Fetching for the tests: $$missing"; \
	  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; } \
	    >/dev/null 2>&1 || echo "There is none to be had: their tests are skipped"; \
	fi

# The browser tests look through a Chromium. Where there is none, and none can be had, they are skipped and say so.
browser:
	@if ! { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null && \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  echo "Fetching a Chromium for the browser tests"; \
	  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
	    >/dev/null 2>&1 || echo "There is none to be had: the browser tests are skipped"; \
	fi

lint: $(DEV_READY)
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
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(DEV_READY): $(READY)
	$(BIN)/pip install --quiet --constraint constraints.txt --group dev
	@touch $@

$(BENCH_READY): $(DEV_READY)
	$(BIN)/pip install --quiet --constraint constraints.txt --group bench
	@touch $@

# The reference is made from the code, then the site of the pages; a warning is an error.
.PHONY: docs
docs: $(DEV_READY)
	$(BIN)/python -m docs.generate
	$(BIN)/sphinx-build -W --keep-going --fresh-env -q docs docs/_build
	@echo "Built docs/_build/index.html"

.PHONY: schema
schema: $(DEV_READY)
	$(BIN)/python -c 'import json; from ticket_pipeline import config; print(json.dumps(config.json_schema(), indent=2))' \
	  > ticket_pipeline/pipeline.schema.json
