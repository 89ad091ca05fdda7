/* SPDX-License-Identifier: MIT */
/*
 * The board's ROM and the one program in it that drivers start: FWSEC. vbios.c makes both; the boot
 * ROM and the stand-in compare what was loaded with what the ROM holds.
 *
 * Sources: PCI Firmware Specification (ROM header, PCI data structure); OGKM 535.261.03
 * kernel_gsp_fwsec.c and kernel_gsp_vbios_tu102.c; nouveau nvkm/subdev/bios/{image,npde,pcir,bit,
 * pmu,dcb}.c and nvkm/subdev/gsp/fwsec.c; nova-core vbios.rs and firmware/fwsec.rs.
 */
#ifndef MODEL_VBIOS_H
#define MODEL_VBIOS_H

#include <stdbool.h>
#include <stdint.h>

#define NV_PROM_DATA	 0x300000u /* tu102/dev_ext_devices.h */
#define NV_PROM_DATA_END 0x400000u

/* Four images, one behind the other. Table pointers are offsets as if the second were not there. */
#define VBIOS_PCAT_SIZE	  0x2000u /* code type 0x00: BIT and its tables */
#define VBIOS_EFI_SIZE	  0x0400u /* code type 0x03: a header, no program */
#define VBIOS_EXT1_SIZE	  0x1000u /* code type 0xe0: the falcon ucode table */
#define VBIOS_EXT2_SIZE	  0x2000u /* code type 0xe0: FWSEC */
#define VBIOS_EFI_OFFSET  VBIOS_PCAT_SIZE
#define VBIOS_EXT1_OFFSET (VBIOS_EFI_OFFSET + VBIOS_EFI_SIZE)
#define VBIOS_EXT2_OFFSET (VBIOS_EXT1_OFFSET + VBIOS_EXT1_SIZE)
#define VBIOS_SIZE	  (VBIOS_EXT2_OFFSET + VBIOS_EXT2_SIZE)

/*
 * FWSEC as its descriptor declares it: version 3, or 2 for falcons without boot ROM, which has no
 * signatures beside the program. Code and data follow the descriptor and its signatures; data starts
 * where code ends. Of version 2's code the beginning is not secure.
 */
#define FWSEC_DESC_OFFSET      0x100u /* in the last image */
#define FWSEC_DESC_SIZE	       44u
#define FWSEC_DESC_V2_SIZE     60u
#define FWSEC_PLAIN_SIZE       0x200u
#define FWSEC_UCODE_ID	       9u
#define FWSEC_CODE_SIZE	       0x800u
#define FWSEC_DATA_SIZE	       0x800u
#define FWSEC_SIGNATURES       2u
#define FWSEC_SIGNATURE_BITMAP 0x3u /* versions 0 and 1, lowest first */
#define RSA3K_SIGNATURE_SIZE   384u /* BCRT30_RSA3K_SIG_SIZE */

/* Offsets in FWSEC's data. The first three are what the descriptor and the tables in it point to. */
#define FWSEC_INTERFACE_OFFSET 0x020u
#define FWSEC_MAPPER_OFFSET    0x040u
#define FWSEC_SIGNATURE_OFFSET 0x100u /* PKCDataOffset */
#define FWSEC_CMD_IN_OFFSET    0x300u
#define FWSEC_CMD_IN_SIZE      0x040u

/* FALCON_APPLICATION_INTERFACE_DMEM_MAPPER_V3, offsets of the fields used. */
#define MAPPER_SIGNATURE	    0x00u
#define MAPPER_SIGNATURE_DMAP	    0x50414d44u
#define MAPPER_VERSION_SIZE	    0x04u /* u16 version, u16 size */
#define MAPPER_SIZE		    64u
#define MAPPER_CMD_IN_BUFFER_OFFSET 0x08u
#define MAPPER_CMD_IN_BUFFER_SIZE   0x0cu
#define MAPPER_INIT_CMD		    0x2cu
#define MAPPER_CMD_FRTS		    0x15u
#define MAPPER_CMD_SB		    0x19u

/*
 * How many versions of FWSEC and of the booters this board has revoked: versions below 1 are. A
 * ucode of version v is let in if bit v - 1 or none above it is blown (nouveau falcon/ga100.c).
 */
#define FUSE_UCODE_VERSION 1u

struct model_vbios {
	uint8_t rom[VBIOS_SIZE];
};

struct model;

/* Makes the image. 0 or -ENOMEM. */
int model_vbios_create(struct model *m);
void model_vbios_destroy(struct model *m);
/* FWSEC's code in the ROM, FWSEC_CODE_SIZE bytes; its data follows. */
const uint8_t *model_vbios_fwsec(const struct model *m);
/* The signature that belongs to this version of FWSEC; NULL if there is none. */
const uint8_t *model_vbios_signature(const struct model *m, unsigned int version);

#endif /* MODEL_VBIOS_H */
