/* SPDX-License-Identifier: MIT */
/*
 * Stand-ins for the booters, the programs on SEC2 that bring GSP-RM up and down.
 *
 * booter_load gets the bus address of a GspFwWprMeta in the mailboxes. It checks it, copies bootloader
 * and image behind write protection, checks the signatures, widens write-protected region 2 from
 * FRTS (which FWSEC set up) to all of it, puts the structure at its start, marked as verified, and
 * starts the GSP's RISC-V core. Then it stays: GSP-RM, once it has the driver reset the GSP in the
 * middle of its start, has SEC2 started again to get back (booter_resume).
 *
 * booter_unload takes the region away when the GSP no longer runs.
 *
 * MAILBOX0 says how it went: 0, or a code of booter.h, and then nothing has changed but the VRAM that
 * had been copied to.
 *
 * Sources: gsp_fw_wpr_meta.h (layout, its order and alignments); OGKM kernel_gsp_booter_tu102.c and
 * kernel_gsp_tu102.c; nouveau gsp/r535.c (sizes and mailboxes of load, unload, resume).
 */
#include <string.h>

#include <glib.h>

#include "booter.h"
#include "falcon_regs.h"
#include "host_regs.h"
#include "signed.h"

#define KIB128 0x20000ull
#define KIB64  0x10000ull
#define KIB4   0x1000ull
/* Bigger than any; the buffer is the model's. nouveau's files have 0x5000 and 0x6000. */
#define BOOTLOADER_MAX 0x100000u
#define FRTS_REGION    5     /* among those of the layout */
#define UNLOAD_PLAIN   0xffu /* in both mailboxes: no memory to save to */

static void sha256(const void *data, size_t len, uint8_t digest[32])
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize digest_len = 32;

	g_checksum_update(sum, data, (gssize)len);
	g_checksum_get_digest(sum, digest, &digest_len);
	g_checksum_free(sum);
}

static uint32_t check_meta(const struct gsp_fw_wpr_meta *meta)
{
	if (meta->magic != GSP_FW_WPR_META_MAGIC)
		return BOOTER_META_MAGIC;
	if (meta->revision != GSP_FW_WPR_META_REVISION)
		return BOOTER_META_REVISION;
	if (meta->verified)
		return BOOTER_META_VERIFIED;
	if (!meta->sysmemAddrOfRadix3Elf || meta->sysmemAddrOfRadix3Elf % KIB4 ||
	    !meta->sysmemAddrOfBootloader || meta->sysmemAddrOfBootloader % KIB4 ||
	    !meta->sysmemAddrOfSignature || meta->sysmemAddrOfSignature % 256)
		return BOOTER_SYSMEM_ADDRESS;
	return BOOTER_OK;
}

/*
 * Regions in ascending order, none overlapping the next, the last inside the board; none empty but
 * FRTS, which some chips have not: there nobody has made WPR2 before.
 */
static uint32_t check_layout(const struct model *m, const struct gsp_fw_wpr_meta *meta)
{
	const struct {
		uint64_t start, size;
	} regions[] = {
		{meta->nonWprHeapOffset, meta->nonWprHeapSize},
		{meta->gspFwWprStart, sizeof(*meta)},
		{meta->gspFwHeapOffset, meta->gspFwHeapSize},
		{meta->gspFwOffset, meta->sizeOfRadix3Elf},
		{meta->bootBinOffset, meta->sizeOfBootloader},
		[FRTS_REGION] = {meta->frtsOffset, meta->frtsSize},
		{meta->vgaWorkspaceOffset, meta->vgaWorkspaceSize},
	};
	const size_t n = sizeof(regions) / sizeof(regions[0]);

	if (meta->fbSize != m->fb.size)
		return BOOTER_LAYOUT_FB;
	for (size_t i = 0; i < n; i++) {
		uint64_t next = i + 1 < n ? regions[i + 1].start : meta->fbSize;
		bool none = i == FRTS_REGION && !m->chip->frts;

		if (none != !regions[i].size || regions[i].start > next ||
		    regions[i].size > next - regions[i].start)
			return BOOTER_LAYOUT_ORDER;
	}
	if (meta->gspFwRsvdStart > meta->nonWprHeapOffset ||
	    meta->gspFwWprEnd < meta->frtsOffset + meta->frtsSize ||
	    meta->gspFwWprEnd > meta->vgaWorkspaceOffset)
		return BOOTER_LAYOUT_ORDER;
	if (meta->gspFwWprStart % KIB128 || meta->gspFwWprEnd % KIB128 ||
	    meta->gspFwOffset % KIB64 || meta->bootBinOffset % KIB4 || meta->frtsOffset % KIB128)
		return BOOTER_LAYOUT_ALIGN;
	if (!m->chip->frts)
		return m->fb.wpr2_hi ? BOOTER_WPR2 : BOOTER_OK;
	if (m->fb.wpr2_lo != meta->frtsOffset || m->fb.wpr2_hi != meta->frtsOffset + meta->frtsSize)
		return BOOTER_WPR2;
	return BOOTER_OK;
}

static uint32_t copy_bootloader(struct model *m, const struct gsp_fw_wpr_meta *meta)
{
	uint64_t size = meta->sizeOfBootloader;
	uint32_t ret = BOOTER_OK;
	uint8_t digest[32];
	void *buf;

	if (size > BOOTLOADER_MAX || meta->bootloaderCodeOffset >= size ||
	    meta->bootloaderDataOffset >= size || meta->bootloaderManifestOffset >= size)
		return BOOTER_BOOTLOADER;
	buf = g_malloc(size);
	if (model_dma(m, false, meta->sysmemAddrOfBootloader, buf, size)) {
		ret = BOOTER_BOOTLOADER;
	} else {
		sha256(buf, size, digest);
		if (!m->config.allow_unsigned && !model_signed(m, MODEL_SIGNED_BOOTLOADER, digest))
			ret = BOOTER_BOOTLOADER;
		else
			model_vram_access(m, true, meta->bootBinOffset, buf, size);
	}
	g_free(buf);
	return ret;
}

/* Copies the image and compares its signature with it. */
static uint32_t copy_image(struct model *m, const struct gsp_fw_wpr_meta *meta)
{
	uint8_t signature[GSP_SIGNATURE_SIZE], digest[32];
	const char *release, *signed_release;

	if (meta->sizeOfSignature != sizeof(signature) ||
	    model_dma(m, false, meta->sysmemAddrOfSignature, signature, sizeof(signature)) ||
	    model_load32(signature) != GSP_SIGNATURE_MAGIC)
		return BOOTER_SIGNATURE;
	if (!model_radix3_read(m, meta, m->firmware.digest))
		return BOOTER_RADIX3;
	m->firmware.received = true;

	sha256(signature, sizeof(signature), digest);
	signed_release = model_signed(m, MODEL_SIGNED_GSP_SIGNATURE, digest);
	release = model_signed(m, MODEL_SIGNED_GSP_IMAGE, m->firmware.digest);
	if (!release && !signed_release && m->config.allow_unsigned)
		return BOOTER_OK;
	if (!release || !signed_release || strcmp(release, signed_release) != 0)
		return BOOTER_IMAGE;
	m->firmware.release = release;
	return BOOTER_OK;
}

/* The GSP must wait, its RISC-V core selected, with the address of its arguments in the mailboxes. */
static uint32_t check_gsp(const struct model *m)
{
	if (m->gsp.in_reset || (m->chip->boot_rom && !(m->gsp.bcr & BCR_CTRL_CORE_SELECT_RISCV)))
		return BOOTER_GSP_CORE;
	if (m->gsp.riscv_active)
		return BOOTER_GSP_ACTIVE;
	if (!m->gsp.mailbox[0] && !m->gsp.mailbox[1])
		return BOOTER_GSP_ARGUMENTS;
	return BOOTER_OK;
}

static void start_gsp(struct model *m)
{
	uint64_t ignored;

	m->gsp.riscv_active = !model_fault_value(m, MODEL_RISCV_DEAD, &ignored) &&
			      model_gsp_start(m, m->fb.vram + m->firmware.addr, m->firmware.size);
}

static uint32_t load(struct model *m, struct gsp_fw_wpr_meta *meta)
{
	uint64_t addr = (uint64_t)m->sec2.mailbox[1] << 32 | m->sec2.mailbox[0], code;
	uint32_t ret;

	if (model_fault_value(m, MODEL_BOOTER_LOAD_ERROR, &code))
		return (uint32_t)code;
	if (model_dma(m, false, addr, meta, sizeof(*meta)))
		return BOOTER_META_UNREADABLE;
	ret = check_meta(meta);
	if (!ret)
		ret = check_layout(m, meta);
	if (!ret)
		ret = check_gsp(m);
	if (!ret)
		ret = copy_bootloader(m, meta);
	if (!ret)
		ret = copy_image(m, meta);
	return ret;
}

void model_booter_load(struct model *m)
{
	struct gsp_fw_wpr_meta meta = {0};

	memset(&m->firmware, 0, sizeof(m->firmware));
	m->sec2.mailbox[0] = load(m, &meta);
	if (m->sec2.mailbox[0]) {
		model_log(m, "booter stand-in: load refused: error 0x%x", m->sec2.mailbox[0]);
		return;
	}
	meta.verified = GSP_FW_WPR_META_VERIFIED;
	model_vram_access(m, true, meta.gspFwWprStart, &meta, sizeof(meta));
	model_wpr2_set(m, meta.gspFwWprStart, meta.gspFwWprEnd);
	m->firmware.started = true;
	m->firmware.addr = meta.gspFwOffset;
	m->firmware.size = meta.sizeOfRadix3Elf;
	model_log(m, "booter stand-in: firmware %s, %llu bytes, protected 0x%llx to 0x%llx",
		  m->firmware.release ? m->firmware.release : "(unknown release)",
		  (unsigned long long)meta.sizeOfRadix3Elf, (unsigned long long)meta.gspFwWprStart,
		  (unsigned long long)meta.gspFwWprEnd);
	start_gsp(m);
}

void model_booter_resume(struct model *m)
{
	m->sec2.mailbox[0] = check_gsp(m);
	if (m->sec2.mailbox[0]) {
		model_log(m, "booter stand-in: resume refused: error 0x%x", m->sec2.mailbox[0]);
		return;
	}
	if (!model_gsp_resume(m)) {
		m->sec2.mailbox[0] = BOOTER_NOT_WAITING;
		return;
	}
	m->boot_stage |= SCRATCH_14_BOOT_STAGE_3_HANDOFF;
	m->gsp.riscv_active = true;
}

static uint32_t unload(struct model *m)
{
	uint64_t code;

	if (model_fault_value(m, MODEL_BOOTER_UNLOAD_ERROR, &code))
		return (uint32_t)code;
	if (m->sec2.mailbox[0] != UNLOAD_PLAIN || m->sec2.mailbox[1] != UNLOAD_PLAIN)
		return BOOTER_SUSPEND;
	if (m->gsp.riscv_active)
		return BOOTER_GSP_ACTIVE;
	return BOOTER_OK;
}

void model_booter_unload(struct model *m)
{
	uint64_t ignored;

	m->sec2.mailbox[0] = unload(m);
	if (m->sec2.mailbox[0]) {
		model_log(m, "booter stand-in: unload refused: error 0x%x", m->sec2.mailbox[0]);
		return;
	}
	if (!model_fault_value(m, MODEL_WPR2_STUCK, &ignored))
		model_wpr2_set(m, 0, 0);
	m->firmware.started = false;
	model_gsp_forget(m);
	model_log(m, "booter stand-in: unloaded");
}
