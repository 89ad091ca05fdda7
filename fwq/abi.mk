# SPDX-License-Identifier: MIT
# ABI packs: their parser, and `make abi`, which makes one from a vendor's source tree (docs/abi-packs.md).
fwq-pack-src	:= fwq/pack.c

abigen-src	:= fwq/abigen/abigen.c fwq/abigen/dwarf.c
abigen-lists	:= $(addprefix fwq/abigen/,wanted headers flags recipes)

$(O)/abigen: $(abigen-src) fwq/abigen/dwarf.h $(abigen-lists) | $(O)/.deps
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu11 -g -O1 $(warn) -D_GNU_SOURCE -I. -o $@ $(abigen-src) -ldw -lelf

abi: $(O)/abigen
	@test -n "$(SRC)" -a -n "$(OUT)" || { echo 'usage: make abi SRC=VENDOR-TREE OUT=FILE.abi' >&2; exit 2; }
	$(Q)$(O)/abigen fwq/abigen $(SRC) $(OUT)

.PHONY: abi
