# Everything that is done with Switchboard from the command line. Needs Debian with Rust and Node; what else is missing is
# installed.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build test bench fmt lint types web need-build need-test need-bench

SERVER := target/release/switchboard

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: build ## Serves a demo city on http://localhost:8080 and https on every interface
	$(SERVER) seed --if-empty
	exec $(SERVER) serve

build: need-build web ## Builds the server with the web app in it
	cargo build --release --locked -p portal --bin switchboard

web: portal/web/dist/index.html

# Built again only when something of it changed: the server embeds it and would be linked anew.
portal/web/dist/index.html: portal/web/node_modules/.package-lock.json \
		$(shell find portal/web -name node_modules -prune -o -name dist -prune -o -type f -print)
	npm --prefix portal/web run build

portal/web/node_modules/.package-lock.json: portal/web/package-lock.json
	npm --prefix portal/web ci --no-audit --no-fund
	@touch $@

test: need-test ## Runs every test: Rust on both databases, web, real browser
	.ci/test $(only)

bench: need-bench build ## Measures every figure of the README with its peers; only=media, ws, store, sip or call for a part
	cargo build --release --locked -p tests --bin bench
	@rows=(); \
	if [ -z "$(only)" ] || [ "$(only)" = call ]; then \
		npm --prefix tests/e2e ci --no-audit --no-fund --silent && \
		SWITCHBOARD="$(CURDIR)/$(SERVER)" npm --prefix tests/e2e run --silent bench -- "$(CURDIR)/target/bench-call.json" && \
		rows=("$(CURDIR)/target/bench-call.json") || exit 1; \
	fi; \
	target/release/bench --only "$(only)" "$${rows[@]}"

types: ## Writes the TypeScript types that are made from the Rust ones
	cargo run -q --locked -p portal --bin switchboard -- export-types portal/web/src/gen
	npm --prefix portal/web exec -- openapi-typescript portal/web/src/gen/openapi.json -o portal/web/src/gen/api.ts

fmt: ## Formats all code
	cargo fmt
	npm --prefix portal/web run format

lint: ## Looks for what the compilers let pass
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	npm --prefix portal/web run lint

need-build:
	@.ci/need cc=build-essential cmake=cmake

need-test: need-build
	@.ci/need chromium=chromium '/usr/lib/postgresql/*/bin/initdb=postgresql' setpriv=util-linux \
		'/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc=fonts-noto-cjk' ip=iproute2 \
		baresip=baresip-core kamailio=kamailio '/usr/lib/*/kamailio/modules/tls.so=kamailio-tls-modules' \
		rtpengine=rtpengine-daemon sipp=sip-tester

need-bench: need-test
	@.ci/need janus=janus nats-server=nats-server rtpengine=rtpengine-daemon
