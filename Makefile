# SPDX-License-Identifier: GPL-3.0-or-later
# The commands of the house; each line's `##` text is its help. What a target does stands in Python, not here.

PYTHON ?= python3
BIN := .venv/bin
TOOLCHAIN := $(PYTHON) scripts/toolchain

.DEFAULT_GOAL := help
.PHONY: help up down setup status test check lint types fast bench golden sdk conformance lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

up: setup ## the whole regency in the lab: clusters, hosts, Pulumi, Ansible, verified, probed, with a map
	$(BIN)/awan lab up --all

down: ## stop the lab; its state stays (`awan lab reset` forgets it)
	$(BIN)/awan lab down

setup: ## Python environment, Pulumi, Debian packages and the hosts' base image; a second run does nothing
	@$(TOOLCHAIN)

status: ## which tools are there, what is missing, and the command that brings it
	@$(TOOLCHAIN) status

test: setup ## every test that this machine can run; says what it left out and why
	$(BIN)/pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

check: setup lint types ## lint, types, import contracts, plain and lab tests, the site files, generated files fresh
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -m "not hosts"
	$(BIN)/awan check

lint: setup ## ruff, yamllint, ansible-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .
	PATH="$(CURDIR)/$(BIN):$$PATH" ansible-lint --offline --strict

types: setup ## mypy, strict
	$(BIN)/mypy

fast: setup ## the plain tests alone, with branch coverage of network_plan
	$(BIN)/pytest -m "not lab and not hosts" --cov --cov-report=term-missing:skip-covered

bench: setup ## benchmarks, written to build/bench.json
	$(BIN)/python -m scripts.bench

golden: setup ## rewrite the goldens; read the difference before you commit it
	AWAN_GOLDEN=write $(BIN)/pytest -m "not lab and not hosts" tests/network_plan/render

sdk: setup ## write the provider's schema and the SDK from its definitions
	$(BIN)/python -m pve_provider.generate

conformance: setup ## what the provider relies on in PVE: against the lab, or ENDPOINT=… FINGERPRINT=… TOKEN=…
	$(BIN)/python -m scripts.conformance

lock: ## write requirements/*.txt from the .in files
	$(TOOLCHAIN) lock

clean: ## remove what runs made in the clone (not the tools' cache)
	$(if $(wildcard $(BIN)/awan),-$(BIN)/awan lab down)
	rm -rf build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage
