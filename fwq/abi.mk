# SPDX-License-Identifier: MIT
# ABI packs: their parser, and `make abi`, which makes one from a vendor's source tree (docs/abi-packs.md).
abigen-src	:= fwq/abigen/abigen.c fwq/abigen/dwarf.c
abigen-lists	:= $(addprefix fwq/abigen/,wanted headers flags recipes)

$(O)/abigen: $(abigen-src) fwq/abigen/dwarf.h $(abigen-lists) | $(O)/.deps
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu11 -g -O1 $(warn) -D_GNU_SOURCE -I. -o $@ $(abigen-src) -ldw -lelf

# The packs that are built in: all in fwq/abi, or the versions that CONFIG_FWQ_PACKS names.
$(O)/builtin: fwq/abigen/builtin.c fwq/pack.c fwq/pack_text.c $(wildcard fwq/*.h) fwq/abigen/wanted | $(O)/.deps
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu11 -g -O1 $(warn) -I. -o $@ fwq/abigen/builtin.c fwq/pack.c fwq/pack_text.c

$(O)/gen/fwq_packs.c: $(O)/builtin $(wildcard fwq/abi/*.abi) $(autoconf)
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)set -e; chosen=$$(sed -n 's/^#define CONFIG_FWQ_PACKS "\(.*\)"/\1/p' $(autoconf)); \
	    if [ "$$chosen" ]; then set -- $$(printf 'fwq/abi/%s.abi ' $$chosen); else set -- fwq/abi/*.abi; fi; \
	    $(O)/builtin "$$@" >$@

abi: $(O)/abigen
	@test -n "$(SRC)" -a -n "$(OUT)" || { echo 'usage: make abi SRC=VENDOR-TREE OUT=FILE.abi' >&2; exit 2; }
	$(Q)$(O)/abigen fwq/abigen $(SRC) $(OUT)

.PHONY: abi
