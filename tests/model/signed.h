/* SPDX-License-Identifier: MIT */
/*
 * Which vendor images have a signature that this board's keys would accept.
 *
 * Hardware verifies signatures with keys that no public source holds. But whether an image is signed
 * is a fact about its bytes, and the images that the vendor published are known: they are listed
 * here by digest. A byte changed, a piece missing, a signature of another chip or version: not
 * listed, refused, as hardware would.
 */
#ifndef MODEL_SIGNED_H
#define MODEL_SIGNED_H

#include <stddef.h>
#include <stdint.h>

struct model;

enum model_signed_kind {
	MODEL_SIGNED_BOOTER_LOAD,   /* code, plain and secure, then the signature */
	MODEL_SIGNED_BOOTER_UNLOAD, /* likewise */
	MODEL_SIGNED_BOOTLOADER,    /* GSP-RM's boot image for the RISC-V core, manifest included */
	MODEL_SIGNED_GSP_IMAGE,	    /* .fwimage */
	MODEL_SIGNED_GSP_SIGNATURE, /* .fwsignature_ga10x and the like */
	MODEL_KNOWN_LOADER, /* of FWSEC, where there is no boot ROM: not signed, but known */
};

/*
 * The release that has an image of this kind with this SHA-256, or NULL. Of images that several
 * releases share, the first of them; a GSP image and its signature name the same one. Only images for
 * this board's chip count.
 */
const char *model_signed(const struct model *m, enum model_signed_kind kind,
			 const uint8_t digest[32]);

#endif /* MODEL_SIGNED_H */
