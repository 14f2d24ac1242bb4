# Each verb sets up what it needs. PYTHON is Python 3.11 or 3.12.
PYTHON ?= python3
VENV := .venv/bin
READY := .venv/.ready
INSTALL := $(VENV)/uv pip install --quiet --python $(VENV)/python --build-constraints tools/build-constraints.txt

.PHONY: install run test check soak emulator bench package lock audit clean

install: $(READY) ## The console, .venv/bin/cab; every other verb does this too

run: $(READY) ## The main job on the embedded emulator; EVENT=events/x.json for one event, JSON=1 for one JSON document
	@$(VENV)/python -m cli.demo $(if $(EVENT),--event $(EVENT)) $(if $(JSON),--json)

TWO := --numprocesses 2 --dist loadfile --no-loadscope-reorder
test: $(READY) ## Everything that can be proven here, file by file in two processes; DONE=tests/docs for all but those
	$(VENV)/pytest $(TWO) $(if $(DONE),--ignore $(DONE))

check: $(READY) ## Formatting, lint, types, import contracts, docs
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy .
	$(VENV)/lint-imports
	$(VENV)/pytest $(TWO) tests/docs

soak: $(READY) ## For hours: every call, every guess, far more samples; SEED=n chooses them, and brings a failure back
	$(VENV)/pytest --soak --timeout 0 $(if $(SEED),--seed $(SEED)) tests/matrix tests/security tests/flows tests/emulator/test_malformed*.py

emulator: $(READY) ## A local Alibaba Cloud; see docs/emulator.md
	@[ ! -t 2 ] || echo 'Once the line below is there, in another terminal, in this folder: .venv/bin/cab --local status (Ctrl-C ends it)' >&2
	@$(VENV)/python -m emulator --json --functions s.yaml --code . --ready .emulator.json

bench: $(READY) ## Measure; writes bench/results.json
	$(VENV)/python -m bench

package: $(READY) ## Stage build/, which `s deploy` uploads
	$(VENV)/python -m tools.package

LOCK := $(VENV)/uv pip compile --universal --generate-hashes --no-annotate --no-emit-index-url --quiet \
	  --custom-compile-command "make lock"
lock: $(READY) ## requirements.lock from requirements.txt, and requirements-dev.lock, of all that is used here, from pyproject.toml
	$(LOCK) requirements.txt --python-version 3.10 --output-file requirements.lock
	$(LOCK) pyproject.toml --extra dev --python-version 3.11 --constraint requirements.lock --output-file requirements-dev.lock

audit: $(READY) ## Known vulnerabilities in what is shipped and used here; apart from the tests, since a new advisory must not break them
	$(VENV)/uv tool run pip-audit==2.10.1 --requirement requirements.lock --requirement requirements-dev.lock --require-hashes --disable-pip

clean:
	rm -rf .venv build dist

$(READY): requirements-dev.lock pyproject.toml
	@$(VENV)/python -c 'import pip' 2>/dev/null || rm -rf .venv
	@echo 'Setting up .venv with pinned packages: half a minute to two, once …' >&2
	@test -d .venv || $(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo 'Python cannot make a virtual environment. On Debian: apt-get install python3-venv' >&2; exit 1; }
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > .venv/uv.lock
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.lock
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@$(INSTALL) --no-deps --editable .
	@touch $@
