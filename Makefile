# Each verb sets up what it needs. PYTHON is Python 3.11 or 3.12.
PYTHON ?= python3
VENV := .venv/bin
READY := .venv/.ready

.PHONY: install run test check soak emulator bench package lock audit clean

install: $(READY) ## The console, .venv/bin/cab; every other verb does this too

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

soak: $(READY) ## For hours: every call, every guess, far more samples; SEED=n chooses them, and brings a failure back
	$(VENV)/pytest --soak --timeout 0 $(if $(SEED),--seed $(SEED)) tests/matrix tests/security tests/flows tests/emulator/test_malformed.py

emulator: $(READY) ## A local Alibaba Cloud; see docs/emulator.md
	@$(VENV)/python -m emulator --json --functions s.yaml --code . --ready .emulator.json

bench: $(READY) ## Measure; writes bench/results.json
	$(VENV)/python -m bench

package: $(READY) ## Stage build/, which `s deploy` uploads
	$(VENV)/python -m tools.package

lock: $(READY) ## requirements.lock from requirements.txt
	$(VENV)/uv pip compile requirements.txt --universal --python-version 3.10 --generate-hashes --no-annotate \
	  --no-emit-index-url --custom-compile-command "make lock" --quiet --output-file requirements.lock

audit: $(READY) ## Known vulnerabilities in what is shipped; apart from the tests, since a new advisory must not break them
	$(VENV)/uv tool run pip-audit==2.10.1 --requirement requirements.lock --require-hashes --disable-pip

clean:
	rm -rf .venv build dist

$(READY): requirements.lock pyproject.toml
	@$(VENV)/python -c 'import pip' 2>/dev/null || rm -rf .venv
	@test -d .venv || $(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo 'Python cannot make a virtual environment. On Debian: apt-get install python3-venv' >&2; exit 1; }
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check 'uv==0.13.9'
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --require-hashes --requirement requirements.lock
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --editable '.[dev]'
	@touch $@
