/* SPDX-License-Identifier: MIT */
/*
 * The list of signed images for GA102, by SHA-256: what is in firmware-nvidia-graphics 20250410 and
 * 20260916 (Debian trixie and sid), firmware-nvidia-gsp 535.261.03 and 550.163.01, and in
 * NVIDIA/open-gpu-kernel-modules at the tags 535.113.01, 535.261.03, 550.163.01, 570.144, 575.64.05,
 * 580.95.05 and 595.45.04 (g_bindata_kgspGetBinArchive{BooterLoad,BooterUnload}Ucode_GA102.c,
 * ...GspRmBoot_GA102.c). Both sources agree where both have an image. Of the booters' two production
 * signatures the second, for boards without the fuse, is all zero in every release.
 */
#include <stdbool.h>
#include <string.h>

#include "signed.h"

static const struct {
	enum model_signed_kind kind;
	const char *sha256;
	const char *release;
} images[] = {
	{MODEL_SIGNED_BOOTER_LOAD, /* and 535.261.03 */
	 "e67c0684c3d91d5b37e62653a38101c1d5342eb3042aed127131461144e301fe", "535.113.01"},
	{MODEL_SIGNED_BOOTER_LOAD,
	 "2a620dc663220b33b8cd1b7ef8056c7a0a7e8d55f09d5fd5e1d650ed0cb5b84f", "550.163.01"},
	{MODEL_SIGNED_BOOTER_LOAD, /* and 575.64.05, 580.95.05, 595.45.04 */
	 "0e09973cb1c72cac866a95df8b6b9e9f148b1c746cd740ce92efb1e2602620cc", "570.144"},
	{MODEL_SIGNED_BOOTER_UNLOAD, /* and 535.261.03 */
	 "62fa65bb1608f3e1a82b8bd21689e0306d8424920f83c55d126f9142a00bb0e0", "535.113.01"},
	{MODEL_SIGNED_BOOTER_UNLOAD,
	 "ea682d96d3a5443d59fe047bf75f9e93906cad024eb970ea48145f8fa18851ae", "550.163.01"},
	{MODEL_SIGNED_BOOTER_UNLOAD, /* and 575.64.05, 580.95.05, 595.45.04 */
	 "0cddf834eb946b55cfe4585fbd82df6b7d50f3d050bc3ea50ad680e8c685e0ee", "570.144"},
	{MODEL_SIGNED_BOOTLOADER,
	 "a1af02f2eb7969986b0ea2863f066db34ec42bfb1aa1fa3f4d8cae1c7644df90", "535.113.01"},
	{MODEL_SIGNED_BOOTLOADER, /* and all later ones */
	 "3df651acb174fd5f5561a1996965b192f50c5d763168446ed0d4ead19d895768", "535.261.03"},
	{MODEL_SIGNED_GSP_IMAGE, "1f1a5a16b56990ff184bf12af176567baa683902b047dfead7a398482e4a2f41",
	 "535.113.01"},
	{MODEL_SIGNED_GSP_SIGNATURE,
	 "f549bfbb3c241180cb3c0107d545c80f5f882a320603d7388645e20dd52259d8", "535.113.01"},
	{MODEL_SIGNED_GSP_IMAGE, "c62832c8cadead84afb4abf29790234b0e65cc82b40f33d58be40370e5c3d897",
	 "535.261.03"},
	{MODEL_SIGNED_GSP_SIGNATURE,
	 "abbd0f6e963ec77ff4826779620b9ffa59353cd67931283ef935c5076d40a17b", "535.261.03"},
	{MODEL_SIGNED_GSP_IMAGE, "c371d78a49986a07c25ed1e152e5338ce07727ec7a3ffec427fe038f534680a8",
	 "550.163.01"},
	{MODEL_SIGNED_GSP_SIGNATURE,
	 "c9df01d9b09038eaf3c5f74f1bda1e274bc5230074b1245ca61e474eda6bf8f8", "550.163.01"},
	{MODEL_SIGNED_GSP_IMAGE, "574c85ded65d056b79c68d4ec849e7360066f521031122b2184744da21e55c28",
	 "570.144"},
	{MODEL_SIGNED_GSP_SIGNATURE,
	 "38a70fc20c45cb15ac28c958d127b976a59f6dec5fb2403724e096271178e76e", "570.144"},
};

static bool same(const char *hex, const uint8_t digest[32])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 32; i++)
		if (hex[2 * i] != digits[digest[i] >> 4] ||
		    hex[2 * i + 1] != digits[digest[i] & 15])
			return false;
	return true;
}

const char *model_signed(enum model_signed_kind kind, const uint8_t digest[32])
{
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		if (images[i].kind == kind && same(images[i].sha256, digest))
			return images[i].release;
	return NULL;
}
