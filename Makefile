# Two commands: `make serve` and `make test`. Everything else is for those who build.
URL ?= http://$(or $(HOST),127.0.0.1):$(or $(PORT),8000)
PYTHON ?= python3

VENV := .venv
FULL := .venv-engines
BIN := $(VENV)/bin

.PHONY: serve test check format test-engines bench smoke clean

serve: $(VENV)/.base
	$(if $(HOST),STTS_SERVER__HOST=$(HOST)) $(if $(PORT),STTS_SERVER__PORT=$(PORT)) exec $(BIN)/python server_v2.py

test: $(VENV)/.dev check
	$(BIN)/python -m pytest -m "not engines"

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test-engines: $(FULL)/.full
	STTS_REQUIRE_ENGINES=1 $(FULL)/bin/python -m pytest -m engines

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

smoke: $(VENV)/.base
	$(BIN)/python -m clients.smoke $(URL) $(if $(KEY),--key $(KEY))

clean:
	rm -rf $(VENV) $(FULL) build .mypy_cache .ruff_cache .hypothesis

$(VENV)/.base: requirements/base.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements/base.txt
	touch $@

$(VENV)/.dev: requirements/dev.txt requirements/test.txt $(VENV)/.base
	$(BIN)/python -m pip install --quiet -r requirements/dev.txt
	touch $@

$(FULL)/.full: requirements.txt requirements/base.txt requirements/chatterbox.txt requirements/whisper.txt requirements/test.txt
	test -d $(FULL) || $(PYTHON) -m venv $(FULL)
	$(FULL)/bin/python -m pip install --quiet "setuptools<81"
	$(FULL)/bin/python -m pip install --quiet -r requirements.txt -r requirements/test.txt
	touch $@
