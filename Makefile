# SPDX-License-Identifier: MIT
#
# xen-vgpu. Two commands matter: `make run` and `make check`. Each does all its own set-up on a fresh
# Debian 12. `make help` lists the rest. Everything made lands below $(O).

O	?= build
PY	:= /usr/bin/python3
export O PY
export BUILD := $(abspath $(O))
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

ifeq ($(V),1)
Q :=
else
Q := @
endif
, := ,
say = @printf '  %-7s %s\n' $(1) $(2)

# ---------------------------------------------------------------- what exists where
# Each folder names its own sources, as paths from here, in objects.mk.

include hv/common/objects.mk hv/xen/objects.mk hv/hosted/objects.mk hv/dom0/objects.mk
include fwq/objects.mk iommu/objects.mk gpu/core/objects.mk gpu/vgpu/objects.mk guest-frontend/bare/objects.mk
include tests/model/objects.mk tests/conformance/objects.mk tests/core-client/objects.mk

gpudom-src	:= gpu/gpudom.c $(gpu-vgpu-src) $(gpu-core-src) $(fwq-src) $(iommu-src)
platform-src	:= hv/xenbus.c $(hv-common-src) $(hv-xen-src)
guest-src	:= $(front-bare-src) tests/common/sha256.c $(addprefix tests/xen/,dma.c mover.c attacks.c garbage.c flood.c forged.c life.c)

# Test images for Xen: one file in tests/xen/images each; they may use whatever they link.
image-names	:= $(patsubst tests/xen/images/%.c,%,$(wildcard tests/xen/images/*.c))
image-lib-src	:= $(guest-src) $(gpu-core-src) $(fwq-src) $(iommu-src)

hosted-lib-src	:= hv/xenbus.c $(hv-common-src) $(hv-hosted-src) $(fwq-src) $(iommu-src) \
		   $(gpu-core-src) $(gpu-vgpu-src) $(guest-src) $(model-src) $(conformance-src)
unit-names	:= $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))
stress-names	:= $(patsubst tests/stress/test_%.c,%,$(wildcard tests/stress/test_*.c))
fuzz-names	:= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

# ---------------------------------------------------------------- set-up and configuration

deps	:= $(O)/.deps
config	:= $(O)/config/.config
autoconf:= $(O)/include/generated/autoconf.h
newlib	:= $(O)/newlib/lib/libc.a
KENV	= KCONFIG_CONFIG=$(config)

$(deps): packaging/deps.list packaging/deps.sh
	@mkdir -p $(O)
	$(Q)sh packaging/deps.sh
	@touch $@

$(config): configs/defconfig Kconfig | $(deps)
	@mkdir -p $(@D)
	$(Q)if [ -e $@ ]; then $(KENV) $(PY) -m olddefconfig Kconfig >/dev/null; \
	    else $(KENV) $(PY) -m defconfig --kconfig Kconfig $(if $(CONFIG),$(CONFIG),configs/defconfig) >/dev/null; fi
	@touch $@

$(autoconf): $(config)
	@mkdir -p $(@D)
	$(Q)KCONFIG_CONFIG=$(config) $(PY) -m genconfig --header-path $@ Kconfig

$(newlib): hv/xen/newlib.sh | $(deps)
	$(Q)sh hv/xen/newlib.sh
	@touch $@

menuconfig: $(config)
	$(Q)KCONFIG_CONFIG=$(config) $(PY) -m menuconfig Kconfig

defconfig: | $(deps)
	@mkdir -p $(dir $(config))
	$(Q)KCONFIG_CONFIG=$(config) $(PY) -m defconfig --kconfig Kconfig configs/defconfig

allyesconfig allnoconfig: | $(deps)
	@mkdir -p $(dir $(config))
	$(Q)KCONFIG_CONFIG=$(config) $(PY) -m $@ Kconfig

# ---------------------------------------------------------------- compilers

warn	:= -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
common	:= -std=gnu11 -g $(warn) -I. -Iinclude -I$(O)/include -include $(autoconf) -MMD -MP

xen-cflags	= $(common) -O2 -DHV_PORT_XEN $(hv-xen-cflags) -isystem $(O)/newlib/include
hosted-cflags	= $(common) -O1 -D_GNU_SOURCE \
		  -fno-omit-frame-pointer $(shell pkg-config --cflags glib-2.0 2>/dev/null)
hosted-libs	= $(shell pkg-config --libs glib-2.0 2>/dev/null) -lcmocka -lpthread
sanitize	:= -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzz-cc		:= clang
fuzz-flags	:= -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
		   -fprofile-instr-generate -fcoverage-mapping

$(O)/xen/%.o: %.c $(autoconf) | $(newlib)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(xen-cflags) -c $< -o $@

$(O)/xen/%.o: %.S $(autoconf)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(xen-cflags) -D__ASSEMBLY__ -c $< -o $@

# Test images are always built with poisoned pages.
$(O)/xen-test/%.o: %.c $(autoconf) | $(newlib)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(xen-cflags) -UCONFIG_HV_POISON -DCONFIG_HV_POISON=1 -c $< -o $@

$(O)/xen-test/%.o: %.S $(autoconf)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(xen-cflags) -D__ASSEMBLY__ -c $< -o $@

$(O)/asan/%.o: %.c $(autoconf) | $(deps)
	$(call say,"CC(asan)",$<)
	@mkdir -p $(@D)
	$(Q)gcc $(hosted-cflags) $(sanitize) -c $< -o $@

$(O)/fuzz/%.o: %.c $(autoconf) | $(deps)
	$(call say,"CC(fuzz)",$<)
	@mkdir -p $(@D)
	$(Q)$(fuzz-cc) $(hosted-cflags) $(fuzz-flags) -c $< -o $@

$(O)/dom0/%.o: %.c $(autoconf) | $(deps)
	$(call say,"CC(dom0)",$<)
	@mkdir -p $(@D)
	$(Q)gcc $(common) -O2 -D_GNU_SOURCE -c $< -o $@

include fwq/abi.mk

# ---------------------------------------------------------------- products

objs = $(addsuffix .o,$(basename $(addprefix $(O)/$(1)/,$(2))))
link-image = gcc -nostdlib -static -no-pie -Wl,-T,hv/xen/image.lds -Wl,--build-id=none -Wl,--gc-sections \
	     -Wl,-z,noexecstack -o $@ $(filter %.o %.a,$^) $(newlib) -lgcc

$(O)/gpudom: $(call objs,xen,$(gpudom-src) $(platform-src)) hv/xen/image.lds $(newlib)
	$(call say,LINK,$@)
	$(Q)$(link-image)
	$(Q)objcopy --only-keep-debug $@ $@.debug && strip --strip-debug $@

$(O)/images/%: $(O)/xen-test/tests/xen/images/%.o $(call objs,xen-test,$(platform-src)) \
	       $(O)/xen-test/images.a hv/xen/image.lds $(newlib)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(link-image)

$(O)/images/conformance: $(call objs,xen-test,$(conformance-src) $(conformance-xen-src) $(platform-src)) \
	       hv/xen/image.lds $(newlib)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(link-image)

$(O)/xen-test/images.a: $(call objs,xen-test,$(image-lib-src))
	$(Q)rm -f $@; ar rcs $@ $^

$(O)/xvgpu: $(call objs,dom0,$(xvgpu-src))
	$(call say,LINK,$@)
	$(Q)gcc -o $@ $^ $(xvgpu-libs)

$(O)/xvgpu-model.so: $(model-src) $(model-qemu-src) $(wildcard tests/model/*.h) $(O)/qemu/include.flags
	$(call say,"LINK",$@)
	$(Q)gcc -shared -fPIC -O2 -g -std=gnu11 -D_GNU_SOURCE $(warn) -Wno-missing-prototypes -Wno-unused-parameter \
		-I. $$(sed 's/-I/-isystem /g' $(O)/qemu/include.flags) \
		$$(pkg-config --cflags glib-2.0) $(filter %.c,$^) -o $@ $$(pkg-config --libs glib-2.0)

$(O)/insns.so: tests/bed/insns.c $(O)/qemu/include.flags
	$(call say,"LINK",$@)
	$(Q)gcc -shared -fPIC -O2 -g -std=gnu11 -D_GNU_SOURCE -fvisibility=hidden $(warn) -isystem $(O)/qemu/include $< -o $@

$(O)/qemu/include.flags: tests/bed/qemu-src.sh | $(deps)
	$(Q)sh tests/bed/qemu-src.sh
	@touch $@

$(O)/linux/xen-vgpu-front.ko: $(wildcard guest-frontend/linux/*) include/xen/io/vgpuif.h | $(deps)
	$(call say,KBUILD,$@)
	$(Q)sh guest-frontend/linux/build.sh
	@touch $@

all: $(O)/gpudom $(O)/xvgpu images linux-module

images: $(addprefix $(O)/images/,$(image-names) conformance)
linux-module: $(O)/linux/xen-vgpu-front.ko

# ---------------------------------------------------------------- unit tests and fuzzers

$(O)/asan/hosted.a: $(call objs,asan,$(hosted-lib-src))
	$(Q)rm -f $@; ar rcs $@ $^

$(O)/asan/xvgpu.a: $(call objs,asan,$(filter-out hv/dom0/main.c,$(xvgpu-src)))
	$(Q)rm -f $@; ar rcs $@ $^

# Those that put a core of their own below gpu/vgpu (tests/unit/core_fake.h): its calls end there.
core-fake	:= $(addprefix $(O)/unit/,vgpu_space vgpu_channels) $(O)/fuzzers/vgpu_ring
core-calls	:= $(shell sed -n 's/.*__wrap_gpu_\([a-z_]*\).*/\1/p' tests/unit/core_fake_calls.h | sort -u)
$(core-fake): wrap = $(addprefix -Wl$(,)--wrap=gpu_,$(core-calls))

$(O)/unit/%: $(O)/asan/tests/unit/test_%.o $(O)/asan/hosted.a $(O)/asan/xvgpu.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(sanitize) $(wrap) -o $@ $^ $(hosted-libs) $(xvgpu-libs)

$(O)/stress/%: $(O)/asan/tests/stress/test_%.o $(O)/asan/hosted.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(sanitize) -o $@ $^ $(hosted-libs)

$(O)/unit/conformance: $(call objs,asan,$(conformance-hosted-src)) $(O)/asan/hosted.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(sanitize) -o $@ $^ $(hosted-libs)

# The client's part is an archive of its own: tests/core-client/calls.py looks at what it calls.
$(O)/asan/core-client.a: $(call objs,asan,$(core-client-src))
	$(Q)rm -f $@; ar rcs $@ $^

$(O)/unit/core_client: $(O)/asan/tests/core-client/test_client.o $(O)/asan/core-client.a $(O)/asan/hosted.a
	$(call say,LINK,$@)
	$(Q)gcc $(sanitize) -o $@ $^ $(hosted-libs)

$(O)/fuzz/hosted.a: $(call objs,fuzz,$(hosted-lib-src) $(filter-out hv/dom0/main.c,$(xvgpu-src)))
	$(Q)rm -f $@; ar rcs $@ $^

$(O)/fuzzers/%: $(O)/fuzz/tests/fuzz/fuzz_%.o $(O)/fuzz/hosted.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(fuzz-cc) -fsanitize=fuzzer,address,undefined -fprofile-instr-generate $(wrap) -o $@ $^ $(hosted-libs) $(xvgpu-libs)

unit: $(addprefix $(O)/unit/,$(unit-names) conformance core_client)
stress: $(addprefix $(O)/stress/,$(stress-names))
fuzzers: $(addprefix $(O)/fuzzers/,$(fuzz-names))

# ---------------------------------------------------------------- proofs
# CBMC over the real sources (docs/proofs.md): PROOFS="ring send" chooses; proof-long has the wide cases too.

proof: | $(deps)
	$(Q)$(PY) tests/proof/run.py $(PROOFS)

proof-long: | $(deps)
	$(Q)$(PY) tests/proof/run.py --long $(PROOFS)

# ---------------------------------------------------------------- tests against others' code
# Compiled programs that tests/peer/test_*.py use; the vendor's part is fetched and built by the scripts.
peer: $(O)/abigen $(O)/peer/msgq.a $(O)/dom0/tests/peer/access.o $(O)/scramble-client \
	$(O)/fwcheck $(O)/bootcheck $(O)/chipcheck $(O)/xvgpu $(O)/xvgpu-model.so $(O)/vkcopy $(O)/vkcopy-test

# A Vulkan program for the Linux that judges the model; the one that is tested here can have a bad driver.
vkcopy-src	:= $(addprefix tests/peer/vkcopy/,main.c device.c pattern.c verify.c lost.c)

$(O)/vkcopy: $(call objs,dom0,$(vkcopy-src))
	$(call say,LINK,$@)
	$(Q)gcc -o $@ $^ -lvulkan

$(O)/vkcopy-test: $(call objs,asan,$(vkcopy-src) tests/peer/vkcopy/spoil.c)
	$(call say,LINK,$@)
	$(Q)gcc $(sanitize) -o $@ $^ -lvulkan

# The client of tests/peer/scramble knows no release: it is linked without the built-in packs.
$(O)/scramble-client: $(call objs,asan,$(addprefix tests/peer/scramble/,client.c client_calls.c client_machine.c) \
		      $(filter-out fwq/packs.c $(O)/gen/%,$(fwq-src)))
	$(call say,LINK,$@)
	$(Q)gcc $(sanitize) -o $@ $^

$(O)/peer/msgq.a: $(call objs,asan,$(fwq-src) $(addprefix tests/peer/msgq/,interop.c calls.c pair.c glue.c))
	@mkdir -p $(@D)
	$(Q)rm -f $@; ar rcs $@ $^

$(O)/bootcheck: $(O)/asan/tests/peer/bootcheck.o $(O)/asan/hosted.a
	$(call say,LINK,$@)
	$(Q)gcc $(sanitize) -o $@ $^ $(hosted-libs)

$(O)/chipcheck: $(call objs,asan,tests/peer/chipcheck.c tests/model/chip.c) $(O)/asan/hosted.a
	$(call say,LINK,$@)
	$(Q)gcc $(sanitize) -o $@ $^ $(hosted-libs)

$(O)/fwcheck: $(call objs,asan,tests/peer/fwcheck.c $(gpu-files-src))
	$(call say,LINK,$@)
	$(Q)gcc $(sanitize) -o $@ $^

# Stock nouveau boots firmware on the GPU model (docs/model.md); CASES="clean image-byte" chooses.
peer-nouveau: $(O)/xvgpu-model.so $(O)/insns.so $(O)/vkcopy
	$(Q)$(PY) tests/peer/nouveau_boot.py $(CASES)

# docs/judged.md: which part of the model which driver has used, and what the vendor's headers know.
judged: $(O)/xvgpu-model.so $(O)/insns.so $(O)/vkcopy
	$(Q)$(PY) tests/peer/judged.py $(JUDGED_ARGS)

# ---------------------------------------------------------------- the test machine

bed-parts := $(O)/bed/dom0.cpio.gz $(O)/bed/guest.cpio.gz
bed-src	:= $(addprefix tests/bed/,parts.sh image.py vmlinux.py)

$(O)/bed/dom0.cpio.gz: $(bed-src) $(wildcard tests/bed/dom0*) tests/bed/xl.conf | $(deps)
	$(Q)sh tests/bed/dom0.sh
	@touch $@

$(O)/bed/guest.cpio.gz: $(bed-src) $(wildcard tests/bed/guest*) | $(deps)
	$(Q)sh tests/bed/guest-linux.sh
	@touch $@

$(O)/drmcheck: tests/xen/linux/drmcheck.c include/uapi/drm/xen_vgpu_drm.h $(autoconf) | $(deps)
	$(call say,LINK,$@)
	$(Q)gcc $(common) -O2 -D_GNU_SOURCE $$(pkg-config --cflags libdrm) -MF $@.d -o $@ $< -ldrm

$(O)/crash: tests/xen/dom0/crash.c $(autoconf) | $(deps)
	$(call say,LINK,$@)
	$(Q)gcc $(common) -O2 -D_GNU_SOURCE -MF $@.d -o $@ $< -lxenctrl -lxenforeignmemory

# Another hypervisor, Debian 13's, with dom0's tools of that release; XEN=4.20 has tests use it.
xen420	:= $(O)/xen-4.20

$(xen420)/bed/dom0.cpio.gz: tests/bed/xen-4.20.sh $(bed-src) $(wildcard tests/bed/dom0*) tests/bed/xl.conf | $(deps)
	$(Q)sh tests/bed/xen-4.20.sh
	@touch $@

xen420-link = gcc $(filter-out -MMD -MP,$(common)) -O2 -D_GNU_SOURCE -isystem $(xen420)/root/usr/include $(filter %.c,$^) -o $@ \
	      -L$(xen420)/root/usr/lib/x86_64-linux-gnu -Wl,--allow-shlib-undefined

$(xen420)/xvgpu: $(xvgpu-src) $(wildcard hv/dom0/*.h) $(xen420)/bed/dom0.cpio.gz $(autoconf)
	$(call say,LINK,$@)
	$(Q)$(xen420-link) $(xvgpu-libs)

$(xen420)/crash: tests/xen/dom0/crash.c $(xen420)/bed/dom0.cpio.gz $(autoconf)
	$(call say,LINK,$@)
	$(Q)$(xen420-link) -lxenctrl -lxenforeignmemory

xen-4.20: system $(xen420)/bed/dom0.cpio.gz $(xen420)/xvgpu $(xen420)/crash

bed: $(bed-parts) $(O)/xvgpu-model.so $(O)/insns.so $(O)/drmcheck $(O)/crash

# What a whole-system test needs.
system: all bed

run: system
	$(Q)$(PY) tests/xen/run.py $(RUN_ARGS)

isolation: system
	$(Q)ISOLATION=all $(PY) tests/xen/test_isolation.py

# With other firmware than in make check: VERSION=570.144.
submit: system
	$(Q)VERSION=$(VERSION) $(PY) tests/xen/test_submit.py

release: system
	$(Q)RELEASE=all $(PY) tests/xen/test_release.py

# How two guests share the GPU, under each policy.
fair: system
	$(Q)$(PY) tests/xen/fair.py

stress-xen: system
	$(Q)STRESS=all $(PY) tests/xen/test_sequences.py

garbage: $(O)/stress/garbage
	$(Q)GARBAGE=$(or $(GARBAGE),1000000) $<

# FIRMWARE=DIR (default: Debian's packages), VERSION=, SOURCE=DIR, PACK=FILE: see tests/xen/boot_gsp.py.
boot-gsp: $(O)/gpudom $(O)/xvgpu bed
	$(Q)$(PY) tests/xen/boot_gsp.py $(if $(FIRMWARE),--firmware "$(FIRMWARE)") $(if $(VERSION),--version "$(VERSION)") \
		$(if $(SOURCE),--source "$(SOURCE)") $(if $(PACK),--pack "$(PACK)")

check: | $(deps)
	$(Q)$(PY) tests/check.py

# All that make check has only a part of, and the tests on Xen once more on another Xen.
check-all: check garbage isolation release fair stress-xen xen-4.20
	$(Q)DEEP=1 $(PY) tests/lint.py
	$(Q)VERSION=570.144 $(PY) tests/xen/test_submit.py
	$(Q)XEN=4.20 $(PY) tests/check.py xen

check-unit: unit
	$(Q)$(PY) tests/check.py unit

check-stress: stress
	$(Q)$(PY) tests/check.py stress

check-peer: peer
	$(Q)$(PY) tests/check.py peer

check-xen: system
	$(Q)$(PY) tests/check.py xen

# Long fuzzing of every target: FUZZ_SECONDS each.
fuzz: fuzzers
	$(Q)FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) $(PY) tests/check.py fuzz

# The bench: fwq/ as it goes into gpudom, around it a program for this machine; NVIDIA's part is compiled by the
# script, with the same code generation flags.
$(O)/bench/fwq.a: $(call objs,xen,$(fwq-src)) \
		  $(call objs,dom0,tests/bench/bench_fwq.c tests/peer/msgq/pair.c tests/peer/msgq/glue.c)
	@mkdir -p $(@D)
	$(Q)rm -f $@; ar rcs $@ $^
	$(Q)echo '$(filter -f% -m%,$(hv-xen-cflags))' >$(@D)/flags

# Our queues beside NVIDIA's (docs/bench.md), then what moving data costs: counted, not timed, see the
# lines that start with "costs:".
bench: bench-fwq bench-mmu bench-vram bench-submit bench-nvk system
	$(Q)$(PY) tests/xen/test_costs.py

bench-fwq: $(O)/bench/fwq.a $(O)/xen/hv/xen/memcpy.o
	$(Q)$(PY) tests/bench/bench_fwq.py

# Page tables beside NVIDIA's mmu_walk and plain stores.
$(O)/bench/mmu.a: $(call objs,xen,gpu/core/mmu/pool.c gpu/core/mmu/space.c gpu/core/mmu/ways.c gpu/core/mmu/write.c) $(call objs,dom0,tests/bench/bench_mmu.c)
	@mkdir -p $(@D)
	$(Q)rm -f $@; ar rcs $@ $^
	$(Q)echo '$(filter -f% -m%,$(hv-xen-cflags))' >$(@D)/flags

bench-mmu: $(O)/bench/mmu.a
	$(Q)$(PY) tests/bench/bench_mmu.py

# Ranges of VRAM with many of them out, beside a bitmap and malloc.
$(O)/bench/vram.a: $(call objs,xen,gpu/core/extent.c) $(call objs,dom0,tests/bench/bench_vram.c)
	@mkdir -p $(@D)
	$(Q)rm -f $@; ar rcs $@ $^

bench-vram: $(O)/bench/vram.a
	$(Q)$(PY) tests/bench/bench_vram.py

# Submissions of a guest with the whole driver domain, hosted and counted, beside a ring of requests and plain stores.
$(O)/counted/%.o: %.c $(autoconf) | $(deps)
	$(call say,"CC(counted)",$<)
	@mkdir -p $(@D)
	$(Q)gcc $(hosted-cflags) -O2 -c $< -o $@

$(O)/bench/bench_submit: $(call objs,counted,tests/bench/bench_submit.c $(filter-out gpu/gpudom.c,$(hosted-lib-src)))
	@mkdir -p $(@D)
	$(Q)gcc -o $@ $^ $(hosted-libs)

bench-submit: $(O)/bench/bench_submit
	$(Q)$(PY) tests/bench/bench_submit.py

# What Mesa's NVK on nouveau spends with the whole GPU: the baseline for slices.
bench-nvk: $(O)/xvgpu-model.so $(O)/insns.so $(O)/vkcopy
	$(Q)$(PY) tests/bench/bench_nvk.py

# ---------------------------------------------------------------- tidiness

c-files	= $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')

format: | $(deps)
	$(Q)clang-format -i $(c-files)

lint: $(autoconf) | $(deps)
	$(Q)$(PY) tests/lint.py $(LINT_ARGS)

clean:
	$(Q)rm -rf $(O)

help:
	@echo 'make run          set everything up, then show the main job on real Xen (QEMU, no KVM needed)'
	@echo 'make boot-gsp     boot real GSP firmware on real Xen against the GPU model: FIRMWARE=DIR VERSION= SOURCE=DIR PACK=FILE'
	@echo 'make isolation    every hostile submission on real Xen (make check tries each third)'
	@echo 'make submit       what guests submit by themselves on real Xen, with any firmware of Debian'"'"'s: VERSION='
	@echo 'make fair         how two busy guests share the GPU on real Xen, under each policy'
	@echo 'make release      every step of letting go of a guest times out once on real Xen (make check tries one)'
	@echo 'make stress-xen   1000 random sequences of sixteen guests on real Xen (make check tries 100): SEED='
	@echo 'make garbage      a million random submissions, hosted (make check tries 20000): SEED= GARBAGE='
	@echo 'make check        set everything up, then run every test; ends with "N passed, N failed, N skipped"'
	@echo 'make check-all    that, all of which it has only a part, and the tests on Xen again on Debian 13'"'"'s Xen 4.20: hours'
	@echo 'make check-unit   unit tests only (seconds)     make check-xen   whole-system tests only'
	@echo 'make check-peer   tests against headers and code of others'
	@echo 'make check-stress  thousands of random requests of sixteen guests: SEED= SEQUENCES='
	@echo 'make peer-nouveau  Debian'"'"'s unmodified nouveau boots firmware on the GPU model, whole and with planted faults'
	@echo 'make judged       docs/judged.md anew, from traces of such runs'
	@echo 'make proof        CBMC proofs of memory safety    make proof-long   the same with wider bounds'
	@echo 'make fuzz         long fuzzing, FUZZ_SECONDS per target (600)'
	@echo 'make bench        firmware queues beside those of NVIDIA; counted costs of moving data, by gpudom and by Xen'
	@echo 'make bench-fwq    only the queues: needs no QEMU   make bench-nvk   only a native driver with the whole GPU'
	@echo 'make bench-mmu    only page tables, bench-vram: ranges of VRAM; need no QEMU; DOC=1: their tables into docs/bench.md too'
	@echo 'make all          gpudom, xvgpu, guest images and the Linux frontend, below build/'
	@echo 'make menuconfig   choose chips and features     make defconfig   back to the shipped choice'
	@echo 'make abi         an ABI pack from a vendor source tree: SRC=DIR OUT=FILE'
	@echo 'make format       clang-format                  make lint        clang-format, clang-tidy, cppcheck'
	@echo 'make clean        remove build/'
	@echo 'Variables: O=DIR output folder, V=1 show commands, FRESH=1 recall no results, RUN_ARGS=--fault'

.PHONY: all run isolation submit release fair stress-xen garbage boot-gsp check check-all xen-4.20 check-unit check-stress check-peer peer peer-nouveau judged proof proof-long check-xen fuzz bench bench-fwq bench-mmu bench-nvk unit stress fuzzers images linux-module bed system \
	menuconfig defconfig allyesconfig allnoconfig format lint clean help

-include $(shell find $(O)/xen $(O)/xen-test $(O)/asan $(O)/fuzz $(O)/dom0 $(O)/counted -name '*.d' 2>/dev/null)
