# SPDX-License-Identifier: GPL-2.0-or-later
# The commands of the project; `make help` lists them.

SHELL := /bin/bash
KERNELS ?= 6.1 6.12
comma := ,
space := $(subst ,, )

# The module's sources, without what a build leaves among them.
KERNEL_SOURCES = $(shell cd kernel && find . -type f \( -name '*.[chS]' -o -name Kbuild -o -name Makefile -o -name '*.sh' -o -name '*.mk' \) \
	! -name '*.mod.c' ! -name '.*')

# For the native programs and the benchmarks; the lab names its own.
PACKAGES := clang lld zlib1g-dev rsync socat ca-certificates git sqlite3

SIMULATE = tests/simulation/InterMezzo.Simulation/bin/Release/net10.0/simulate

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup packages sdk lab-setup lab-debug-kernel module build restore test crash simulate demo bench clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 18

setup: packages sdk lab-setup ## install all that a bare Debian 12 lacks (as root)

packages:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f '$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || echo $$p; done); \
	[ -z "$$missing" ] || { apt-get -q -o DPkg::Lock::Timeout=600 update && \
		DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends $$missing; }

sdk:
	@scripts/sdk

lab-setup: ## what the lab needs: QEMU, guests' kernels and their headers
	@scripts/lab setup --kernels $(subst $(space),$(comma),$(KERNELS))

lab-debug-kernel: ## build the lab's kernel that looks for bugs, once; then: make module KERNELS=debug
	@scripts/lab setup --kernels debug

module: lab-setup $(KERNELS:%=module-%) ## build the kernel module: build/kernel-VERSION/intermezzo.ko

# kbuild leaves its results beside the sources: each kernel builds in a copy, and a file is copied only when it differs.
module-%:
	@for file in $(KERNEL_SOURCES); do \
		cmp -s kernel/$$file build/kernel-$*/$$file || install -D -m 644 kernel/$$file build/kernel-$*/$$file || exit; \
	done
	$(MAKE) -C build/kernel-$* KDIR=$$(scripts/lab kernel $* --headers)

restore:
	dotnet restore InterMezzo.sln

build: restore ## build the programs and publish them: build/lento, build/intermezzo-ctl
	dotnet build InterMezzo.sln -c Release --no-restore
	dotnet publish lento/Lento/Lento.csproj -c Release -r linux-x64 -o build/lento
	dotnet publish lento/IntermezzoCtl/IntermezzoCtl.csproj -c Release -r linux-x64 -o build/intermezzo-ctl

test: setup module ## set up, build, run all tests
	scripts/test

crash: module ## N=200 power cuts; PAIRS=all: one at each flush of each pair of operations; also SEED=, FS="ext3 ext4", KERNEL="6.1 6.12", PER_LOAD=
	@N='$(N)' PAIRS='$(PAIRS)' SEED='$(SEED)' FS='$(FS)' KERNEL='$(KERNEL)' PER_LOAD='$(PER_LOAD)' tests/lab/crash/$(if $(PAIRS),pairs,crash).py

simulate: restore ## SEEDS=N or FROM-TO, OPTIONS=--permits: histories of replicas on simulated machines; see README
	dotnet build tests/simulation/InterMezzo.Simulation -c Release --no-restore -v quiet
	$(SIMULATE) --seeds '$(or $(SEEDS),20000)' $(OPTIONS) --shrink 3

demo: setup module build ## set up, build, show it: a server and a laptop, cable pulled, power cut, equal again
	scripts/demo

bench: setup module build ## set up, build, measure
	scripts/bench

clean: ## stop the lab's guests, remove what was built
	[ ! -d .lab ] || scripts/lab clean
	rm -rf build
	find lento tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
