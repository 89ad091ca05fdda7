/* SPDX-License-Identifier: MIT */
/*
 * What the booter's stand-in answers in SEC2's MAILBOX0. The vendor's codes are not public; public
 * sources only test for 0. These are the model's own, one for each thing that can be wrong.
 */
#ifndef MODEL_BOOTER_H
#define MODEL_BOOTER_H

#include "gsp_abi.h"
#include "internal.h"

enum {
	BOOTER_OK,
	BOOTER_META_UNREADABLE = 0x101, /* no structure where the mailboxes point */
	BOOTER_META_MAGIC,
	BOOTER_META_REVISION,
	BOOTER_META_VERIFIED,  /* already, by somebody */
	BOOTER_SYSMEM_ADDRESS, /* null or not aligned to a page */
	BOOTER_LAYOUT_ORDER,
	BOOTER_LAYOUT_ALIGN,
	BOOTER_LAYOUT_FB,     /* not this board's framebuffer */
	BOOTER_WPR2,	      /* is not where the layout has FRTS */
	BOOTER_BOOTLOADER,    /* unreadable, offsets outside of it, or not signed */
	BOOTER_SIGNATURE,     /* unreadable or not one */
	BOOTER_RADIX3,	      /* a table or page cannot be reached */
	BOOTER_IMAGE,	      /* not signed, or with a signature of another image */
	BOOTER_GSP_CORE,      /* the GSP is in reset, or its RISC-V core not selected */
	BOOTER_GSP_ACTIVE,    /* still runs */
	BOOTER_GSP_ARGUMENTS, /* mailboxes empty */
	BOOTER_NOT_WAITING,   /* the firmware, for its resumption */
	BOOTER_SUSPEND,	      /* asked to save the region: not modelled */
};

/*
 * Copies the image that the radix3 tables describe to its place in VRAM, through DMA, and takes its
 * SHA-256. False if a table or page could not be read; then what came before it has been copied.
 */
bool model_radix3_read(struct model *m, const struct gsp_fw_wpr_meta *meta, uint8_t digest[32]);

#endif /* MODEL_BOOTER_H */
