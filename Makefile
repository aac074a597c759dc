# Two commands are enough: `make run` and `make test`. Everything else is listed by `make help`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready-$(shell cat requirements.txt requirements-dev.txt constraints.txt | cksum | cut -d' ' -f1)

export PYTHONPATH := $(CURDIR)
unexport PYTHONDONTWRITEBYTECODE # what one of hundreds of processes compiles, all others have

.DEFAULT_GOAL := help
.PHONY: help run test lint unit demo bench mutants rehearse plan deploy destroy store backup restore drill clean

help: ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10
	@echo
	@echo "run reads PORT, SPEED, START and MOTCUA_HOME: see README.md"

run: $(READY) ## start everything on http://127.0.0.1:8000; Ctrl-C saves and ends
	@$(BIN)/python -m infra.local run

test: lint unit ## all checks and tests (within 10 minutes)

lint: $(READY)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary

unit: $(READY)
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --durations 10

demo: $(READY) ## drive seven dossiers through a running `make run` (start that with SPEED=3600)
	@$(BIN)/python -m infra.demo

bench: $(READY) ## what each operation costs, and 100,000 simulated dossiers
	@$(BIN)/python -m bench --simulate 100000

mutants: $(READY) ## can the tests fail? mutates the rules and the protocol (about 30 minutes)
	@$(BIN)/python -m tests.simulator.mutants
	@$(BIN)/python -m bench.mutation

rehearse: $(READY) ## deploy to emulators, live through changes, go back, end (about seven minutes)
	@$(BIN)/python -m infra.rehearsal

plan: $(READY) ## what `make deploy` would change: make plan STAGE=staging
	@$(BIN)/python -m infra.deploy plan $(STAGE)

deploy: $(READY) ## bring a stage to what the files here say: make deploy STAGE=staging
	@$(BIN)/python -m infra.deploy deploy $(STAGE)

destroy: $(READY) ## end a stage's service; its data stays: make destroy STAGE=dev YES=--yes
	@$(BIN)/python -m infra.deploy destroy $(STAGE) $(YES)

store: $(READY) ## a stand-in for the province's own store, for the three below
	@$(BIN)/python -m infra.local.store

# They work on the local cloud, or on STAGE; `python -m infra.backup --help` has more.
WHERE = $(if $(STAGE),--stage $(STAGE))

backup: $(READY) ## export the record to the province's own store (docs/operate-backup.md)
	@$(BIN)/python -m infra.backup export $(WHERE)

# PUBLIC_KEY=file, and RUN=number or AT=time where not the newest run is meant.
CHOSEN = $(WHERE) $(if $(PUBLIC_KEY),--public-key $(PUBLIC_KEY)) $(if $(RUN),--run $(RUN)) $(if $(AT),--at $(AT))

restore: $(READY) ## bring it back into an empty deployment; reads PUBLIC_KEY, RUN or AT, YES=--yes
	@$(BIN)/python -m infra.backup restore $(CHOSEN) $(YES)

drill: $(READY) ## restore into an emulator, look at everything, throw it away; reads the same
	@$(BIN)/python -m infra.backup drill $(CHOSEN)

clean: ## remove the environment and the local cloud's state
	rm -rf $(VENV) .local .build

# Made anew whenever a requirement changes. Only wheels: nothing is built on your machine.
$(READY): requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make run PYTHON=python3.11"; exit 1; }
	@echo "Preparing $(VENV): about a minute, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --only-binary :all: \
	  -r requirements-dev.txt | sed -un 's/^\(Collecting\|Installing\|Successfully\) \([^ ]*\).*/  \1 \2/p'
	@touch $@
