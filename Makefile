# Each verb sets up what it needs. PYTHON is any Python from 3.10 to 3.12.
PYTHON ?= python3
VENV := .venv/bin
READY := .venv/.ready

.PHONY: run test check emulator bench package clean

run: $(READY) ## The main job on the embedded emulator; EVENT=events/x.json for one event, JSON=1 for one JSON document
	@$(VENV)/python -m cli.demo $(if $(EVENT),--event $(EVENT)) $(if $(JSON),--json)

test: $(READY) ## Everything that can be proven here
	$(VENV)/pytest

check: $(READY) ## Formatting, lint, types, import contracts, docs
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy .
	$(VENV)/lint-imports
	$(VENV)/pytest tests/docs

emulator: $(READY) ## A local Alibaba Cloud; see docs/emulator.md
	@$(VENV)/python -m emulator --json --functions s.yaml --code .

bench: $(READY) ## Measure; writes bench/results.json
	$(VENV)/python -m bench

package: $(READY) ## Stage build/, which `s deploy` uploads
	$(VENV)/python -m tools.package

clean:
	rm -rf .venv build

$(READY): requirements.txt pyproject.toml
	@test -d .venv || $(PYTHON) -m venv .venv
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
