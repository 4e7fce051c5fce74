# Everything is installed into .venv, once: the files .venv/installed* are its receipts, and while they are newer than
# pyproject.toml and constraints.txt nothing is fetched again. PYTHON=... chooses the Python that .venv is made with.

PYTHON ?= python3
VENV := .venv
INSTALL := PYTHON="$(PYTHON)" tools/install.sh $(VENV)
# The build backend is installed like everything else, at a pinned version, and so not fetched in an isolated build.
EDITABLE := --no-build-isolation --editable
PINS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test lint bench study clean distclean

help: ## this list
	@echo "soilcue: soil microbial carbon use efficiency across scales"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r call does; do \
		printf '%-18s %s\n' "  $$call" "$$does"; done

run: $(VENV)/installed ## the main job: writes atlas.nc and atlas.html here
	$(VENV)/bin/soilcue atlas

test: $(VENV)/installed-test ## all tests; make test ARGS="-k mimics" for some
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: $(VENV)/installed-lint ## style and types: ruff, mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(VENV)/installed ## speed, side by side with SciPy, NumPy and, where it is installed, numba
	@for benchmark in $$(grep -l __main__ benchmarks/*.py); do echo "$$benchmark"; $(VENV)/bin/python "$$benchmark" || exit; done

study: $(VENV)/installed ## longer studies with stored seeds (tens of minutes): they rewrite their tables in studies/
	@for table in studies/*.md; do script="$${table%.md}.py"; echo "$$script"; $(VENV)/bin/python "$$script" || exit; done

clean: ## remove what was written here: outputs, caches, built packages
	rm -rf atlas.nc atlas.html .atlas.parts .soilcue.lock dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## clean, and remove .venv
	rm -rf $(VENV)

$(VENV)/installed: $(PINS)
	@echo "Installing soilcue into $(VENV) (1 to 3 minutes the first time; pip is silent meanwhile)."
	@$(INSTALL) hatchling editables
	@$(INSTALL) $(EDITABLE) .
	@touch $@

$(VENV)/installed-test $(VENV)/installed-lint: $(VENV)/installed-%: $(VENV)/installed
	@echo "Installing what make $* needs into $(VENV) (about a minute the first time)."
	@$(INSTALL) $(EDITABLE) '.[$*]'
	@touch $@
