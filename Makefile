# What a person types: run, test, check, bench. Everything else follows from requirements*.lock and vendor/.
#
#   make run                  set up, and serve Headwater with its demonstration at http://127.0.0.1:8000
#   make test [ARGS=…]        set up, and pass the tests
#   make check                style, types, floors, migrations, house tests
#   make bench [NAME=…]       measure; one line of JSON for each figure
#   make assets               rebuild the front-end assets from pinned npm packages (needs Node)
#   make wheel                build the wheel into dist/

PYTHON3 ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) vendor/pip-25.3-py3-none-any.whl/pip --disable-pip-version-check -qq

# Compiled modules make every start after the first one quick.
unexport PYTHONDONTWRITEBYTECODE
# The tests and the programs must see this checkout, whatever the caller's shell points at.
unexport PYTHONPATH PYTHONHOME

# Enough of an environment to look at the code without an installation.
LOOKING := HEADWATER_HOME=/nonexistent HEADWATER_SECRET_KEY=only-to-look DATABASE_URL=postgresql://nobody@/nowhere

.PHONY: run test check bench assets wheel setup setup-dev clean

run: setup
	@exec $(PY) -m headwater up --demo

setup: $(VENV)/runtime.stamp

setup-dev: $(VENV)/dev.stamp

# Debian packages venv and ensurepip apart, so the environment is made without pip, and the wheel in vendor/ is used.
$(VENV)/bin/python:
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Headwater needs Python 3.11 or later; $(PYTHON3) is older. Try: make PYTHON3=python3.12 …" >&2; exit 1; }
	@$(PYTHON3) -m venv --without-pip $(VENV)

# A relative path, so that a moved checkout still works.
$(VENV)/runtime.stamp: requirements.lock | $(VENV)/bin/python
	@echo "Installing what Headwater needs (about a minute the first time)…"
	@$(PIP) install --require-hashes --no-deps --no-compile -r requirements.lock
	@echo ../../../../src > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/headwater.pth"
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m headwater "$$@"\n' > $(VENV)/bin/headwater
	@chmod +x $(VENV)/bin/headwater
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	@echo "Installing what the tests need…"
	@$(PIP) install --require-hashes --no-deps --no-compile -r requirements-dev.lock
	@touch $@

test: setup-dev
	@$(PY) -m tests.chromium
	@$(PY) -m pytest -p tests.sharing -n 2 --no-loadscope-reorder $(ARGS)

check: setup-dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(LOOKING) $(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(PY) -m tests.migrations
	@$(PY) -m pytest -q tests/house

bench: setup-dev
	@$(PY) -m bench $(NAME)

assets:
	cd assets && npm ci && npm run build

wheel: setup-dev
	@$(PY) -m hatchling build -t wheel -d dist

clean:
	rm -rf $(VENV) dist build
