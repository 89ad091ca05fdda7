/* SPDX-License-Identifier: MIT */
/*
 * Planted faults: named ways in which this board is broken, for tests that must fail.
 *
 * A fault is a name and a number. A new one is a line in the table below and a call of
 * model_fault_apply() where it bites. Stray reads happen once, when asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static const struct {
	const char *name;
	enum model_fault_kind kind;
} names[] = {
	{"flip-vram-read", MODEL_FLIP_VRAM_READ},
	{"flip-vram-write", MODEL_FLIP_VRAM_WRITE},
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
	if (errno || *end || value[0] == '-' || out->value >= m->fb.size)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(word, names[i].name)) {
			out->kind = names[i].kind;
			return 0;
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

		if (f->kind == kind && f->value >= addr && f->value - addr < len)
			buf[f->value - addr] ^= 1;
	}
}
