/* SPDX-License-Identifier: MIT */
/*
 * Planted faults: named ways in which this board is broken, for tests that must fail.
 *
 * A fault is a name and a number. A new one is a line in the table below and a call of
 * model_fault_apply() or model_fault_value() where it bites. Stray reads happen once, when asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "trace.h"

#define BAR0 MODEL_BAR_REGS_SIZE

/* Values are below `limit`; 0 stands for the size of VRAM. */
static const struct {
	const char *name;
	enum model_fault_kind kind;
	uint64_t limit;
} names[] = {
	{"flip-vram-read", MODEL_FLIP_VRAM_READ, 0},
	{"flip-vram-write", MODEL_FLIP_VRAM_WRITE, 0},
	{"flip-rom", MODEL_FLIP_ROM, 0x100000},
	{"flip-reg", MODEL_FLIP_REG, BAR0},
	{"flip-ucode", MODEL_FLIP_UCODE, BAR0},
	{"flip-image", MODEL_FLIP_IMAGE, 1ull << 30},
	{"gfw-progress", MODEL_GFW_PROGRESS, 0x100},
	{"frts-error", MODEL_FRTS_ERROR, 0x10000},
	{"sb-error", MODEL_SB_ERROR, 0x10000},
	{"booter-load-error", MODEL_BOOTER_LOAD_ERROR, 1ull << 32},
	{"booter-unload-error", MODEL_BOOTER_UNLOAD_ERROR, 1ull << 32},
	{"wpr2-off-by", MODEL_WPR2_OFF_BY, 0x1000000},
	{"wpr2-stuck", MODEL_WPR2_STUCK, 2},
	{"never-halts", MODEL_NEVER_HALTS, BAR0},
	{"never-scrubbed", MODEL_NEVER_SCRUBBED, BAR0},
	{"riscv-dead", MODEL_RISCV_DEAD, 2},
	{"gsp-silent", MODEL_GSP_SILENT, 0x10000},
	{"gsp-deaf", MODEL_GSP_DEAF, 2},
	{"rpc-result", MODEL_RPC_RESULT, 1ull << 32},
	{"flip-rpc", MODEL_FLIP_RPC, 0x10000},
	{"sequencer-address", MODEL_SEQUENCER_ADDRESS, 1ull << 32},
	{"flr-keeps-wpr2", MODEL_FLR_KEEPS_WPR2, 2},
	{"tlb-keeps", MODEL_TLB_KEEPS, 2},
	{"tlb-stuck", MODEL_TLB_STUCK, 2},
	{"alloc-refused", MODEL_ALLOC_REFUSED, 0x10000},
	{"control-refused", MODEL_CONTROL_REFUSED, 1ull << 32},
	{"flip-control", MODEL_FLIP_CONTROL, ~0ull},
	{"flip-answer", MODEL_FLIP_ANSWER, 1ull << 48},
	{"vector-lost", MODEL_VECTOR_LOST, 32ull * MODEL_LEAVES},
	{"flip-pte", MODEL_FLIP_PTE, 1ull << 49},
	{"flip-copy", MODEL_FLIP_COPY, 1ull << 32},
	{"flip-semaphore", MODEL_FLIP_SEMAPHORE, 64},
	{"gp-get-stuck", MODEL_GP_GET_STUCK, 2},
	{"alloc-silent", MODEL_ALLOC_SILENT, 0x10000},
	{"control-silent", MODEL_CONTROL_SILENT, 1ull << 32},
	{"free-silent", MODEL_FREE_SILENT, 0x10000},
	{"free-refused", MODEL_FREE_REFUSED, 0x10000},
};

/* One "name=value" of `len` bytes. */
static int parse(const struct model *m, const char *text, size_t len, struct model_fault *out)
{
	char word[64];
	char *value, *end;

	if (len >= sizeof(word))
		return -EINVAL;
	memcpy(word, text, len);
	word[len] = '\0';
	value = strchr(word, '=');
	if (!value || !value[1])
		return -EINVAL;
	*value++ = '\0';
	errno = 0;
	out->value = strtoull(value, &end, 0);
	if (errno || *end || value[0] == '-')
		return -EINVAL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t limit = names[i].limit ? names[i].limit : m->fb.size;

		if (!strcmp(word, names[i].name)) {
			out->kind = names[i].kind;
			return out->value < limit ? 0 : -EINVAL;
		}
	}
	return -EINVAL;
}

int model_fault_set(struct model *m, const char *text)
{
	struct model_fault faults[MODEL_MAX_FAULTS];
	unsigned int nr = m->nr_faults;

	memcpy(faults, m->faults, sizeof(faults));
	while (*text) {
		size_t len = strcspn(text, " ");

		if (len == 4 && !memcmp(text, "none", 4)) {
			nr = 0;
		} else if (len) {
			if (nr == MODEL_MAX_FAULTS || parse(m, text, len, &faults[nr])) {
				model_log(m, "planted fault refused: %s", text);
				return -EINVAL;
			}
			nr++;
		}
		text += len;
		text += strspn(text, " ");
	}
	memcpy(m->faults, faults, sizeof(faults));
	m->nr_faults = nr;
	model_fb_update(m);
	return 0;
}

int model_stray_read(struct model *m, uint64_t addr)
{
	uint8_t dropped[64];

	return model_dma(m, false, addr, dropped, sizeof(dropped));
}

void model_fault_apply(const struct model *m, enum model_fault_kind kind, uint64_t addr,
		       uint8_t *buf, size_t len)
{
	for (unsigned int i = 0; i < m->nr_faults; i++) {
		const struct model_fault *f = &m->faults[i];

		if (f->kind == kind && f->value >= addr && f->value - addr < len) {
			buf[f->value - addr] ^= 1;
			model_trace(m, MODEL_TRACE_FAULT, kind);
		}
	}
}

bool model_fault_value(const struct model *m, enum model_fault_kind kind, uint64_t *value)
{
	for (unsigned int i = 0; i < m->nr_faults; i++) {
		if (m->faults[i].kind == kind) {
			*value = m->faults[i].value;
			model_trace(m, MODEL_TRACE_FAULT, kind);
			return true;
		}
	}
	return false;
}
