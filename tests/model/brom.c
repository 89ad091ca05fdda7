/* SPDX-License-Identifier: MIT */
/*
 * The falcons' boot ROM: what stands between "start the CPU" and code in heavy-secure mode.
 *
 * From GA10x on a driver loads code into IMEM as secure pages, data with a signature of 384 bytes into
 * DMEM, and tells the boot ROM where the signature is (PARAADDR), for which engines the image was
 * signed (ENGIDMASK), which ucode it claims to be (UCODE_ID) and the algorithm (MOD_SEL). The boot
 * ROM checks the signature and that the version has not been revoked by fuses, then jumps.
 *
 * Vendor code cannot run, so the jump leads to a stand-in: which one follows from the falcon, the
 * ucode id, and the image that was found there. Vendor signatures cannot be computed: signed.c knows
 * the images that carry a good one. What is refused halts without having run.
 *
 * The signature must cover all that was loaded: secure pages from the entry on without a gap, and no
 * page of code beside them.
 */
#include <string.h>

#include <glib.h>

#include "falcon_regs.h"
#include "host_regs.h"
#include "internal.h"
#include "secure.h"
#include "vbios.h"

#define BLOCKS		(MODEL_FALCON_MEM / MODEL_FALCON_BLOCK)
#define BOOTER_UCODE_ID 3u

struct loaded {
	uint32_t code, code_len; /* in IMEM */
	uint32_t data_len;	 /* in DMEM, from 0 */
	const uint8_t *signature;
};

bool model_brom_read(struct model *m, uint32_t addr, uint32_t *value)
{
	for (uint32_t i = 0; m->chip->fuses && i < NV_FUSE_OPT_FPF_UCODE_VERSION__SIZE_1; i++) {
		if (addr != NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION + 4 * i &&
		    addr != NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION + 4 * i)
			continue;
		*value = FUSE_UCODE_VERSION;
		return true;
	}
	return false;
}

bool model_brom_write(struct model *m, uint32_t addr, uint32_t value)
{
	uint32_t ignored;

	(void)value;
	return model_brom_read(m, addr, &ignored);
}

bool model_all_zero(const uint8_t *p, uint32_t len)
{
	while (len--)
		if (*p++)
			return false;
	return true;
}

/* Length of a run of blocks that were loaded. */
static uint32_t run(const bool *loaded, uint32_t first)
{
	uint32_t n = first;

	while (n < BLOCKS && loaded[n])
		n++;
	return (n - first) * MODEL_FALCON_BLOCK;
}

static const char *find_code(const struct model_falcon *f, struct loaded *l)
{
	uint32_t first = 0, n = 0;

	while (first < BLOCKS &&
	       !(f->imem_loaded[first] && f->imem_tag[first] == f->bootvec / MODEL_FALCON_BLOCK))
		first++;
	if (first == BLOCKS || f->bootvec % MODEL_FALCON_BLOCK)
		return "no code at the boot vector";
	if (!f->imem_secure[first])
		return "the code is not in secure pages";
	l->code = first * MODEL_FALCON_BLOCK;
	l->code_len = run(f->imem_loaded, first);
	for (uint32_t i = 0; i < BLOCKS; i++)
		n += f->imem_loaded[i];
	if (n != l->code_len / MODEL_FALCON_BLOCK)
		return "there is a gap in the code";
	for (uint32_t i = 0; i < n; i++)
		if (!f->imem_secure[first + i] || f->imem_tag[first + i] != f->imem_tag[first] + i)
			return "a page of the code is not secure, or has the wrong tag";
	return NULL;
}

static const char *find_signature(const struct model_falcon *f, struct loaded *l)
{
	l->data_len = run(f->dmem_loaded, 0);
	if (f->mod_sel != MOD_SEL_ALGO_RSA3K)
		return "MOD_SEL is not RSA3K";
	if (!(f->engid_mask & f->kind->engine))
		return "ENGIDMASK is of another engine";
	if (f->paraaddr % 4 || f->paraaddr > MODEL_FALCON_MEM ||
	    l->data_len < f->paraaddr + RSA3K_SIGNATURE_SIZE)
		return "PARAADDR points to no signature";
	l->signature = f->dmem + f->paraaddr;
	if (model_all_zero(l->signature, RSA3K_SIGNATURE_SIZE))
		return "the signature is empty";
	return NULL;
}

bool model_fwsec_data_ok(const struct model *m, const uint8_t *data)
{
	const uint8_t *rom = model_vbios_fwsec(m) + FWSEC_CODE_SIZE;

	for (uint32_t i = 0; i < FWSEC_DATA_SIZE; i++) {
		bool patched =
			(m->chip->boot_rom && i >= FWSEC_SIGNATURE_OFFSET &&
			 i < FWSEC_SIGNATURE_OFFSET + RSA3K_SIGNATURE_SIZE) ||
			(i >= FWSEC_CMD_IN_OFFSET && i < FWSEC_CMD_IN_OFFSET + FWSEC_CMD_IN_SIZE) ||
			(i >= FWSEC_MAPPER_OFFSET + MAPPER_INIT_CMD &&
			 i < FWSEC_MAPPER_OFFSET + MAPPER_INIT_CMD + 4);

		if (!patched && data[i] != rom[i])
			return false;
	}
	return true;
}

static const char *check_fwsec(const struct model *m, const struct model_falcon *f,
			       const struct loaded *l)
{
	const uint8_t *rom = model_vbios_fwsec(m);

	if (f->ucode_id != FWSEC_UCODE_ID)
		return "UCODE_ID is not FWSEC's";
	if (l->code_len != FWSEC_CODE_SIZE || l->data_len < FWSEC_DATA_SIZE ||
	    memcmp(f->imem + l->code, rom, FWSEC_CODE_SIZE) != 0)
		return "the code is not FWSEC's";
	if (f->paraaddr != FWSEC_SIGNATURE_OFFSET ||
	    memcmp(l->signature, model_vbios_signature(m, FUSE_UCODE_VERSION),
		   RSA3K_SIGNATURE_SIZE) != 0)
		return "the signature is not that of FWSEC in the version that the fuses ask for";
	if (!model_fwsec_data_ok(m, f->dmem))
		return "FWSEC's data has been changed where it may not be";
	return NULL;
}

enum model_ucode model_booter_of(const struct model *m, const uint8_t digest[32], uint32_t data_len)
{
	bool any = m->config.allow_unsigned;

	if (data_len == m->chip->load_data &&
	    (any || model_signed(m, MODEL_SIGNED_BOOTER_LOAD, digest)))
		return MODEL_BOOTER_LOAD;
	if (data_len == m->chip->unload_data &&
	    (any || model_signed(m, MODEL_SIGNED_BOOTER_UNLOAD, digest)))
		return MODEL_BOOTER_UNLOAD;
	return MODEL_UCODE_NONE;
}

static enum model_ucode booter_in(const struct model *m, const struct model_falcon *f,
				  const struct loaded *l)
{
	uint8_t digest[32];
	gsize len = sizeof(digest);
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_checksum_update(sum, f->imem + l->code, (gssize)l->code_len);
	g_checksum_update(sum, l->signature, RSA3K_SIGNATURE_SIZE);
	g_checksum_get_digest(sum, digest, &len);
	g_checksum_free(sum);
	return model_booter_of(m, digest, l->data_len);
}

static const char *verify(struct model *m, struct model_falcon *f)
{
	struct loaded l = {0};
	const char *why;

	why = find_code(f, &l);
	if (!why)
		why = find_signature(f, &l);
	if (why)
		return why;
	if (f == &m->gsp) {
		why = check_fwsec(m, f, &l);
		f->resident = why ? MODEL_UCODE_NONE : MODEL_UCODE_FWSEC;
		return why;
	}
	if (f->ucode_id != BOOTER_UCODE_ID)
		return "UCODE_ID is not a booter's";
	f->resident = booter_in(m, f, &l);
	return f->resident == MODEL_UCODE_NONE ? "the image has no signature of the vendor's"
					       : NULL;
}

void model_brom_start(struct model *m, struct model_falcon *f)
{
	const char *why;

	/* The loader stays on SEC2: what it started asks for it again, see booter.c. */
	if (f->resident == MODEL_BOOTER_LOAD && m->fb.wpr2_hi && m->firmware.started) {
		model_booter_resume(m);
		return;
	}
	why = f->kind->boot_rom ? verify(m, f) : model_hs_verify(m, f);
	if (why) {
		model_log(m, "%s %s: image refused: %s (boot vector 0x%x, ucode id %u)",
			  f->kind->name, f->kind->boot_rom ? "boot ROM" : "falcon", why, f->bootvec,
			  f->ucode_id);
		return;
	}
	switch (f->resident) {
	case MODEL_UCODE_FWSEC:
		model_fwsec_run(m);
		break;
	case MODEL_BOOTER_LOAD:
		model_booter_load(m);
		break;
	case MODEL_BOOTER_UNLOAD:
		model_booter_unload(m);
		break;
	case MODEL_UCODE_NONE:
		break;
	}
}
