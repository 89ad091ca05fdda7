/* SPDX-License-Identifier: MIT */
/*
 * The radix3 tables through which the booter finds the firmware image in system memory.
 *
 * Pages of 4 KiB. Level 0 is a page whose first entry is the address of level 1; level 1 has an entry
 * for each page of level 2; level 2 has one for each page of the image. An entry is the bus address
 * of a page. Sources: OGKM kernel_gsp.c, kgspCreateRadix3; nouveau's comment at nvkm_gsp_radix3_sg.
 */
#include <glib.h>

#include "booter.h"

struct walk {
	struct model *m;
	uint64_t level2[RADIX3_ENTRIES]; /* the page in use, number `page2` */
	uint64_t level1[RADIX3_ENTRIES];
	uint64_t page2;
};

static bool read_table(struct model *m, uint64_t addr, uint64_t *table, int level)
{
	if (!addr || addr % RADIX3_PAGE || model_dma(m, false, addr, table, RADIX3_PAGE)) {
		model_log(m, "radix3: level %d at 0x%llx cannot be read", level,
			  (unsigned long long)addr);
		return false;
	}
	return true;
}

static bool read_page(struct walk *w, uint64_t page, uint8_t *buf, uint32_t len)
{
	uint64_t addr, table = page / RADIX3_ENTRIES;

	if (w->page2 != table) {
		if (!read_table(w->m, w->level1[table], w->level2, 2))
			return false;
		w->page2 = table;
	}
	addr = w->level2[page % RADIX3_ENTRIES];
	if (!addr || addr % RADIX3_PAGE || model_dma(w->m, false, addr, buf, len)) {
		model_log(w->m, "radix3: page %llu of the image, at 0x%llx, cannot be read",
			  (unsigned long long)page, (unsigned long long)addr);
		return false;
	}
	return true;
}

bool model_radix3_read(struct model *m, const struct gsp_fw_wpr_meta *meta, uint8_t digest[32])
{
	uint64_t size = meta->sizeOfRadix3Elf;
	struct walk w = {.m = m, .page2 = UINT64_MAX};
	gsize digest_len = 32;
	bool ok = false;
	GChecksum *sum;

	if (size > (uint64_t)RADIX3_ENTRIES * RADIX3_ENTRIES * RADIX3_PAGE ||
	    !read_table(m, meta->sysmemAddrOfRadix3Elf, w.level1, 0) ||
	    !read_table(m, w.level1[0], w.level1, 1))
		return false;
	sum = g_checksum_new(G_CHECKSUM_SHA256);
	for (uint64_t done = 0; done < size; done += RADIX3_PAGE) {
		uint32_t len = size - done < RADIX3_PAGE ? (uint32_t)(size - done) : RADIX3_PAGE;
		uint8_t page[RADIX3_PAGE];

		ok = read_page(&w, done / RADIX3_PAGE, page, len);
		if (!ok)
			break;
		model_fault_apply(m, MODEL_FLIP_IMAGE, done, page, len);
		model_vram_access(m, true, meta->gspFwOffset + done, page, len);
		g_checksum_update(sum, page, (gssize)len);
	}
	g_checksum_get_digest(sum, digest, &digest_len);
	g_checksum_free(sum);
	return ok;
}
