/* SPDX-License-Identifier: MIT */
/*
 * family.h - which firmware files belong to which chips.
 *
 * Several chips share one set of files, kept under the name of the first of them: nouveau's folder
 * nvidia/ga104/gsp is a link to nvidia/ga102/gsp. NVIDIA's own package has two images only, gsp_tu10x
 * and gsp_ga10x, and the signature for each family is a section of its own in the image.
 *
 * Source: Debian's firmware-nvidia-graphics and firmware-nvidia-gsp; signature names: nouveau,
 * nvkm/subdev/gsp/{tu102,tu116,ga100,ga102,ad102}.c (sig_section).
 */
#ifndef GPU_BOOT_FAMILY_H
#define GPU_BOOT_FAMILY_H

struct gpu_family {
	const char *name;      /* of nouveau's folder: "ga102" */
	const char *image;     /* of NVIDIA's image: "ga10x" for gsp_ga10x.bin */
	const char *signature; /* section of the image: ".fwsignature_ga10x" */
	const char *source;    /* suffix of NVIDIA's source files for it: "GA102" */
};

/* Chips whose GSP is started by SEC2's booter: Turing, Ampere, Ada; ends with a NULL name. */
extern const struct gpu_family gpu_families[];

/* The family called `name`, or NULL. */
const struct gpu_family *gpu_family_find(const char *name);

#endif /* GPU_BOOT_FAMILY_H */
