/* SPDX-License-Identifier: MIT */
/*
 * What driver, booter and GSP firmware share in memory at boot, written by hand from
 * src/nvidia/arch/nvalloc/common/inc/gsp/gsp_fw_wpr_meta.h (OGKM 535.261.03, the same at 595.45.04),
 * under the vendor's names. Little-endian, as the host must be.
 */
#ifndef MODEL_GSP_ABI_H
#define MODEL_GSP_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define GSP_FW_WPR_META_MAGIC	 0xdc3aae21371a60b3ull
#define GSP_FW_WPR_META_REVISION 1u
#define GSP_FW_WPR_META_VERIFIED 0xa0a0a0a0a0a0a0a0ull

/* Where the driver has put what the booter needs, and where in VRAM all of it shall go. */
struct gsp_fw_wpr_meta {
	uint64_t magic;
	uint64_t revision;
	/* In system memory, by bus address. */
	uint64_t sysmemAddrOfRadix3Elf;
	uint64_t sizeOfRadix3Elf;
	uint64_t sysmemAddrOfBootloader;
	uint64_t sizeOfBootloader;
	uint64_t bootloaderCodeOffset;
	uint64_t bootloaderDataOffset;
	uint64_t bootloaderManifestOffset;
	uint64_t sysmemAddrOfSignature;
	uint64_t sizeOfSignature;
	/* In VRAM, from low to high. */
	uint64_t gspFwRsvdStart;
	uint64_t nonWprHeapOffset;
	uint64_t nonWprHeapSize;
	uint64_t gspFwWprStart; /* the booter puts this structure here */
	uint64_t gspFwHeapOffset;
	uint64_t gspFwHeapSize;
	uint64_t gspFwOffset;	/* the image, sizeOfRadix3Elf */
	uint64_t bootBinOffset; /* the bootloader, sizeOfBootloader */
	uint64_t frtsOffset;
	uint64_t frtsSize;
	uint64_t gspFwWprEnd;
	uint64_t fbSize;
	uint64_t vgaWorkspaceOffset;
	uint64_t vgaWorkspaceSize;
	uint64_t bootCount;
	uint64_t later[5]; /* what firmware patches in, by version */
	uint64_t verified;
};
static_assert(sizeof(struct gsp_fw_wpr_meta) == 256, "the structure is exactly 256 bytes");
static_assert(offsetof(struct gsp_fw_wpr_meta, bootCount) == 200, "26th word");

/* Three levels of tables of u64, each entry the bus address of the next table or of a page. */
#define RADIX3_PAGE    4096u
#define RADIX3_ENTRIES (RADIX3_PAGE / 8)

/* The head of a signature section, the same in every release and for every chip. */
#define GSP_SIGNATURE_SIZE  0x1000u
#define GSP_SIGNATURE_MAGIC 0x00020001u

#endif /* MODEL_GSP_ABI_H */
