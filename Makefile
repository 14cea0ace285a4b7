# make demo   appraise the shipped BALMYS-19 case: verdict in the terminal, page in build/demo/
# make test   everything CI runs
# make check  format, lint, types
# make bench  benchmarks beside their peers: a table, and build/bench.json (ONLY=prefix runs a part)
# make docs   rewrite the generated reference pages

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# system libraries and fonts of the PDF writer
DEBIAN := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core
# what the tests of the ledger and the app start themselves, on loopback, and stop
SERVERS := postgresql chromium

.PHONY: demo test check bench docs lock examples system clean

demo: $(READY)
	@$(BIN)/onearm appraise examples/balmys19 --out build/demo

# the same examples every time; plain pytest draws new ones. Worksteal: a worker that is done takes from the other
test: system check
	@$(BIN)/pytest -n auto --dist worksteal --hypothesis-profile=ci

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(READY)
	@$(BIN)/python bench/run.py $(ONLY)

docs: $(READY)
	@$(BIN)/python docs/write_reference.py

examples: $(READY)
	@$(BIN)/python examples/virtual-balmys/pick.py

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("onearm needs Python 3.11 or later, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@echo "making the environment in $(VENV) (once, about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

system:
	@missing=; for p in $(DEBIAN) $(SERVERS); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
	  echo "On Debian: apt-get install$$missing"; \
	  echo "Elsewhere: Pango, HarfBuzz (with its subset library) and the DejaVu fonts; PostgreSQL 15 or later; Chromium."; \
	  echo "Tests that need a server or a browser that is not here are counted as skipped."; \
	  for p in $(DEBIAN); do case "$$missing" in *$$p*) exit 1;; esac; done; \
	fi

# needs pip-tools in PATH; runs only when a dependency changes
lock:
	@$(BIN)/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb')); print('\n'.join(['editables', *p['build-system']['requires'], *p['project']['dependencies'], *p['project']['optional-dependencies']['test']]))" > build/requirements.in
	@pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-annotate \
	  --no-header --strip-extras --allow-unsafe -o requirements.txt build/requirements.in
	@sed -i '1i # Made by `make lock`: every version with its hashes, no index named.' requirements.txt

clean:
	@rm -rf $(VENV) build
