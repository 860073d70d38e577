# Every target works on a fresh machine: `setup` installs what is missing, and is over at once when nothing is.
.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-long test-addresses soak faults alerts dashboards deploy-check demo-containers lint \
	format types fuzz audit bench bench-hops bench-pipeline bench-steps bench-memory bench-geo bench-traces bench-old-way \
	bench-scaling load reference a-day clean
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
JOBS := 2
# Set in many a container, where it has each process of a test run compile the project, and rewrite each test, anew.
export PYTHONDONTWRITEBYTECODE :=

help: ## show this
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-21s %s\n", $$1, $$2 }'

setup: ## install what the project needs: .venv, and on Debian PostgreSQL, RabbitMQ, Redis, PgBouncer, Prometheus
	@bash local/setup.sh

demo: setup ## run the fleet against a simulated Telegram; EMPLOYEES=200 make demo for a smaller crowd
	@$(BIN)/python -m local.demo

up: setup ## run the fleet with your own bot, whose token stands in .env
	@$(BIN)/python -m local.up

test: lint types ## check everything and test it with real engines, but for the long stories
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not long and not story"

test-long: setup ## the long stories: whole companies, a played day, proofs on large tables
	$(BIN)/pytest -m long

soak: setup ## random kills, freezes, floods for 20 minutes, and a verdict; make soak MINUTES=3 SEED=7 for a short one
	@$(BIN)/python -m tests.soak

faults: setup ## break the fleet in each way that we know of, and judge it; ONLY=kill-worker for one
	@ONLY="$(ONLY)" ENGINES=$(ENGINES) RUNS=$(RUNS) SEED=$(SEED) WRITE=$(WRITE) $(BIN)/python -m tests.faults

alerts: setup ## see each alert fire in a real Prometheus; ONLY=no-sender for one, WRITE=1 for docs/runbooks
	@ONLY="$(ONLY)" SEED=$(SEED) WRITE=$(WRITE) $(BIN)/python -m tests.alerts

dashboards: setup ## put each dashboard's queries to a real Prometheus of a real fleet; WRITE=1 for docs/img too
	$(BIN)/pytest -q -m story tests/dashboards

deploy-check: setup ## judge the image, docker-compose.yml and the manifests, with tools of their own
	@bash local/tools.sh deploy
	$(BIN)/pytest tests/deploy -m "not story"

demo-containers: setup ## play the demo in containers, and kill a Redis that leads; EMPLOYEES=200 for a smaller crowd
	@bash local/tools.sh deploy
	EMPLOYEES="$(EMPLOYEES)" $(BIN)/pytest -q -s -m story tests/deploy

lint: setup ## check the style, and that imports run one way
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

format: setup ## format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

types: setup ## check the types
	$(BIN)/mypy

fuzz: setup ## throw bytes at everything that reads them; make fuzz SECONDS=600 for longer
	@$(BIN)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS))

audit: setup ## ask whether a locked package has a known vulnerability; status 3 where the index does not say
	@$(BIN)/python -m tests.audit

bench: setup ## measure the sender beside usual limiters; CHECKINS=60 for a short run, WRITE=1 for docs/performance.md
	@$(BIN)/python -m bench.sender $(if $(CHECKINS),--checkins $(CHECKINS)) $(if $(WRITE),--write)

bench-hops: setup ## measure each hop beside its limit; OPERATIONS=500 for a short run, WRITE=1 for docs/performance.md
	@$(BIN)/python -m bench.hops $(if $(OPERATIONS),--operations $(OPERATIONS)) $(if $(WRITE),--write)

bench-pipeline: setup ## check-ins a second without the cap, who uses what, a profile; CHECKINS=500, WRITE=1 as above
	@$(BIN)/python -m bench.pipeline $(if $(CHECKINS),--checkins $(CHECKINS)) $(if $(WRITE),--write)

bench-steps: setup ## what each change made cheaper, from the history; CHECKINS=100 for a short run, WRITE=1 as above
	@$(BIN)/python -m bench.steps $(if $(CHECKINS),--checkins $(CHECKINS)) $(if $(WRITE),--write)

bench-memory: setup ## each service's memory against what waits; MOST=1000 for a short run, WRITE=1 as above
	@$(BIN)/python -m bench.memory $(if $(MOST),--most $(MOST)) $(if $(WRITE),--write)

bench-geo: setup ## measure addresses beside the usual way; PEOPLE=100 for a short run, WRITE=1 for docs/addresses.md
	@$(BIN)/python -m bench.geo $(if $(PEOPLE),--people $(PEOPLE)) $(if $(WRITE),--write)

bench-traces: setup ## measure what traces cost; SECONDS=10 for a short run, SHARE=1 for all of them, WRITE=1 for docs/tracing.md
	@$(BIN)/python -m bench.traces $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SHARE),--share $(SHARE)) $(if $(WRITE),--write)

load: setup ## let locust post a morning; USERS=1000, SECONDS=60, SHAPE=everyone|ramp|day, HOST=http://127.0.0.1:8080
	@bash local/tools.sh load
	@$(BIN)/python -m tests.load $(if $(USERS),--users $(USERS)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(SHAPE),--shape $(SHAPE)) $(if $(PROCESSES),--processes $(PROCESSES)) $(if $(PEOPLE),--people $(PEOPLE)) \
		$(if $(filter command,$(firstword $(origin HOST))),--host $(HOST)) $(if $(OWN_FLEET),--own-fleet)

bench-old-way: setup ## measure the fleet beside one process of aiogram; EMPLOYEES=60, WRITE=1 for docs/performance.md
	@$(BIN)/python -m bench.old_way $(if $(EMPLOYEES),--employees $(EMPLOYEES)) $(if $(WRITE),--write)

bench-scaling: setup ## more workers, sessions, people; DAYS=1000 is ten million sessions, WRITE=1 for docs/performance.md
	@$(BIN)/python -m bench.scaling $(if $(DAYS),--days $(DAYS)) $(if $(CHECKINS),--checkins $(CHECKINS)) \
		$(if $(WRITE),--write)

test-addresses: setup ## a thousand check-ins and a geocoder, with kills, freezes and failures; seven minutes
	ADDRESS_PEOPLE=1000 $(BIN)/pytest -q -s tests/integration/test_company_addresses.py

reference: setup ## write docs/configuration.md anew from the settings, docs/scale.md from the plan, dashboards from their source
	@$(BIN)/python -m ops.reference --write
	@$(BIN)/python -m ops.plan.page --write
	@$(BIN)/python -m dashboards --write

a-day: setup ## write docs/a-day.md anew from a played day
	@WRITE_DOCS=1 $(BIN)/pytest -q tests/integration/test_a_day.py

clean: ## delete what the project made, .venv included
	rm -rf .venv .local .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
