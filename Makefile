# `make help` lists the targets. Go is all that `make demo` needs; `make test` installs the
# rest where it may, and says loudly what it skipped.

GO        ?= go
FUZZTIME  ?= 15s
CHAOSTIME ?= 5m
TOOL      := $(GO) tool -modfile=tools/go.mod
TAG       ?= latest
COMPOSE   := $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
PYTHON    := /usr/bin/python3

# Stamped into the binary and the images' labels; the commit's time, so that two builds agree.
export VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
export REVISION ?= $(shell git rev-parse --quiet --verify HEAD 2>/dev/null)
export CREATED  ?= $(shell git log -1 --format=%cI 2>/dev/null)
# The scenarios load the machine and look at the clock, so one package runs at a time; what they try, binary and images,
# is nothing that the cache of go test knows of.
SCENARIOS := $(GO) test -count=1 -p 1 -timeout 30m ./e2e/...
BUILD_ARGS := --build-arg VERSION --build-arg REVISION --build-arg CREATED

.DEFAULT_GOAL := build
.PHONY: help build demo check test race e2e e2e-init compare-init bench bench-held zero-loss fuzz scripts chaos setup image up down clean
.PHONY: format lint walls generated compile-race example shape

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

build: ## the static binary ./percore
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o percore ./entrypoint

demo: build ## the main job on the built-in worker: http://127.0.0.1:8080
	./percore demo

check: format lint walls generated compile-race ## all that can be said without running percore

format:
	@files=$$($(TOOL) gofumpt -l .) && if [ -n "$$files" ]; then echo "not gofumpt's format:" $$files; exit 1; fi

lint:
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(GO) vet -C tools ./...
	@if command -v shellcheck >/dev/null; then shellcheck e2e/*.sh e2e/images/*.sh .ci/run; fi

walls:
	$(GO) test -count=1 ./archtest
	$(GO) test -C tools ./...
	@$(GO) run -C tools ./floors -max 11 ../lbproxy ../reaper/fleet
	@$(GO) run -C tools ./floors -max 35 ../reaper/...
	$(GO) run -C tools ./floors -max 9 ../reaper/fleet ../lbproxy
	$(GO) run -C tools ./ratio -check

# Which order the files of a package have stands in its doc.go; tools/floors says how.
shape: ## what each package is like: its tests, its largest types, the uses between files that run upwards
	@$(GO) run -C tools ./floors ../...
	@$(GO) run -C tools ./ratio

generated:
	$(GO) mod tidy -diff
	@$(GO) run ./entrypoint env --markdown | diff -u docs/configuration.md - \
		|| { echo "docs/configuration.md is stale: go generate ./entrypoint/config/..."; exit 1; }
	@$(GO) run ./entrypoint/licenses/internal/gen - | diff -u entrypoint/licenses/THIRD_PARTY_LICENSES - \
		|| { echo "THIRD_PARTY_LICENSES is stale: go generate ./entrypoint/licenses"; exit 1; }

# The race detector takes a C compiler; `make setup` installs one where it may.
compile-race:
	@if command -v gcc >/dev/null; then $(GO) test -race -run '^$$' ./... >/dev/null && echo "compiles with -race"; \
	else echo "******** SKIPPED: compiling with -race takes gcc ********"; fi

test: setup example ## every test, with its own set-up
	$(GO) test -timeout 20m $$($(GO) list ./... | grep -v /e2e)
	$(SCENARIOS)
	@e2e/setup.sh skipped

race: setup ## every test which needs no container, under the race detector
	$(GO) test -race -timeout 15m $$($(GO) list ./... | grep -v /e2e)

e2e: setup ## the scenarios alone
	$(SCENARIOS) -v
	@e2e/setup.sh skipped

e2e-init: setup ## what an init has to do, tried on INIT, such as INIT="tini --"; percore by default
	PERCORE_E2E_INIT="$(INIT)" $(GO) test -count=1 -v -timeout 10m -run TestScenarios ./e2e/initsuite

compare-init: setup ## the table of inits in docs/init.md
	$(GO) test -count=1 -timeout 1h -run TestCompare ./e2e/initsuite -compare

example:
	@if $(PYTHON) -c 'import tornado' 2>/dev/null; \
	then cd examples/tornado && $(PYTHON) -B -m unittest -q --buffer main_test; fi

bench: build ## side by side with nginx, HAProxy, net/http and a C relay
	e2e/setup.sh bench
	$(GO) run ./bench

bench-held: build ## bodies that are held for slow clients, beside nginx
	e2e/setup.sh bench
	$(GO) run ./bench -rows held -subjects percore,nginx

zero-loss: ## lost requests beside supervisord, nginx, HAProxy and gunicorn: docs/zero-loss.md, docs/kept-connections.md
	e2e/setup.sh bench
	$(GO) run ./bench/zeroloss -markdown docs/zero-loss.md
	$(GO) run ./bench/kept -markdown docs/kept-connections.md

fuzz: ## each fuzz target for FUZZTIME
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

scripts: ## the byte-exact conversations of lbproxy/testdata, cut in two at every byte
	$(GO) test -count=1 -timeout 15m -run TestScripts ./lbproxy -everywhere

chaos: ## the front door between peers that misbehave, for CHAOSTIME
	$(GO) test -count=1 -timeout 0 -run 'TestChaos$$' ./lbproxy -chaos.time=$(CHAOSTIME)

setup: ## what the tests need: Debian packages, base images
	e2e/setup.sh test

image: ## the images percore and percore-tornado
	e2e/images/stand-in.sh
	docker build $(BUILD_ARGS) --target percore --tag percore:$(TAG) .
	docker build $(BUILD_ARGS) --target tornado --tag percore-tornado:$(TAG) .

up: ## the Tornado stack on http://127.0.0.1:8080
	e2e/images/stand-in.sh
	$(COMPOSE) up --build --detach

down: ## stop the Tornado stack
	$(COMPOSE) down

clean: ## remove what was built here
	rm -rf percore .bench .e2e
