/* SPDX-License-Identifier: MIT */
/*
 * fwsec.c - reads FWSEC's descriptor and interface, and writes its commands (see fwsec.h).
 */
#include <errno.h>

#include "gpu/core/boot/fwsec.h"

/* FALCON_UCODE_DESC_V2. */
#define V2_ENTRY       0x0cu
#define V2_INTERFACE   0x10u
#define V2_IMEM_BASE   0x14u
#define V2_IMEM_SIZE   0x18u
#define V2_IMEM_VIRT   0x1cu
#define V2_SEC_BASE    0x20u
#define V2_SEC_SIZE    0x24u
#define V2_DMEM_OFFSET 0x28u
#define V2_DMEM_BASE   0x2cu
#define V2_DMEM_SIZE   0x30u
#define V2_SIZE	       0x3cu

/* FALCON_UCODE_DESC_V3; signatures follow. */
#define V3_STORED_SIZE	0x04u
#define V3_SIG_OFFSET	0x08u
#define V3_INTERFACE	0x0cu
#define V3_IMEM_BASE	0x10u
#define V3_IMEM_SIZE	0x14u
#define V3_DMEM_BASE	0x1cu
#define V3_DMEM_SIZE	0x20u
#define V3_ENGINE_ID	0x24u
#define V3_UCODE_ID	0x26u
#define V3_SIG_COUNT	0x27u
#define V3_SIG_VERSIONS 0x28u
#define V3_SIZE		0x2cu

/* Application interface, in DMEM: a header and entries of id and place. */
#define IF_VERSION	 0x00u
#define IF_HEADER_SIZE	 0x01u
#define IF_ENTRY_SIZE	 0x02u
#define IF_ENTRY_COUNT	 0x03u
#define IF_SIZE		 4u
#define IF_ENTRY	 8u
#define IF_ID_DMEMMAPPER 4u

/* FALCON_APPLICATION_INTERFACE_DMEM_MAPPER_V3. */
#define MAPPER_IN_OFFSET 0x08u
#define MAPPER_IN_SIZE	 0x0cu
#define MAPPER_INIT_CMD	 0x2cu
#define MAPPER_SIZE	 0x40u
#define CMD_FRTS	 0x15u
#define CMD_SB		 0x19u

/* The command's parameters: read_vbios, and for FRTS the region. */
#define READ_VBIOS_SIZE	 24u
#define READ_VBIOS_FLAGS 2u
#define REGION_SIZE	 20u
#define REGION_IN_FB	 2u

static int take_v2(const struct gpu_blob *desc, const struct gpu_blob *stored, struct gpu_fwsec *f,
		   struct gpu_error *err)
{
	const uint8_t *d = desc->data;
	uint64_t end;

	f->imem_offset = 0;
	f->imem_size = gpu_le32(d + V2_IMEM_SIZE);
	f->imem_base = gpu_le32(d + V2_IMEM_BASE);
	/* Given as a virtual address, like the entry; IMEM is filled by physical ones. */
	f->imem_sec_base = gpu_le32(d + V2_SEC_BASE) - gpu_le32(d + V2_IMEM_VIRT) + f->imem_base;
	f->imem_sec_size = gpu_le32(d + V2_SEC_SIZE);
	f->entry = gpu_le32(d + V2_ENTRY);
	f->dmem_offset = gpu_le32(d + V2_DMEM_OFFSET);
	f->dmem_size = gpu_le32(d + V2_DMEM_SIZE);
	f->dmem_base = gpu_le32(d + V2_DMEM_BASE);
	if (f->imem_sec_size > f->imem_size)
		return gpu_blob_fail(desc, err, "FWSEC: 0x%x secure of 0x%x bytes of code",
				     f->imem_sec_size, f->imem_size);
	end = (uint64_t)f->dmem_offset + f->dmem_size;
	return gpu_blob_part(stored, 0, end > f->imem_size ? end : f->imem_size, "FWSEC image",
			     &f->image, err);
}

static int take_v3(const struct gpu_blob *desc, const struct gpu_blob *stored, struct gpu_fwsec *f,
		   struct gpu_error *err)
{
	const uint8_t *d = desc->data;
	unsigned int count = 0;
	int ret = gpu_blob_part(stored, 0, gpu_le32(d + V3_STORED_SIZE), "FWSEC image", &f->image,
				err);

	if (ret)
		return ret;
	f->imem_offset = 0;
	f->imem_size = gpu_le32(d + V3_IMEM_SIZE);
	f->imem_base = gpu_le32(d + V3_IMEM_BASE);
	f->dmem_offset = f->imem_size;
	f->dmem_size = gpu_le32(d + V3_DMEM_SIZE);
	f->dmem_base = gpu_le32(d + V3_DMEM_BASE);
	f->sig_offset = gpu_le32(d + V3_SIG_OFFSET);
	f->engine_id_mask = gpu_le16(d + V3_ENGINE_ID);
	f->ucode_id = d[V3_UCODE_ID];
	f->sig_versions = gpu_le16(d + V3_SIG_VERSIONS);
	for (unsigned int bit = 0; bit < 16; bit++)
		count += f->sig_versions >> bit & 1;
	if (!count || count != d[V3_SIG_COUNT])
		return gpu_blob_fail(desc, err, "FWSEC: %u signatures for versions 0x%04x",
				     d[V3_SIG_COUNT], f->sig_versions);
	if (f->sig_offset > f->dmem_size || f->dmem_size - f->sig_offset < GPU_FWSEC_SIGNATURE)
		return gpu_blob_fail(desc, err, "FWSEC: signature at 0x%x of 0x%x bytes of data",
				     f->sig_offset, f->dmem_size);
	return gpu_blob_part(desc, V3_SIZE, (uint64_t)count * GPU_FWSEC_SIGNATURE,
			     "FWSEC signatures", &f->signatures, err);
}

/* The DMEM mapper, which says where commands go. */
static int take_mapper(const struct gpu_blob *dmem, uint32_t at, struct gpu_fwsec *f,
		       struct gpu_error *err)
{
	struct gpu_blob mapper, unused;
	int ret = gpu_blob_part(dmem, at, MAPPER_SIZE, "FWSEC DMEM mapper", &mapper, err);

	if (ret)
		return ret;
	f->init_command = at + MAPPER_INIT_CMD;
	f->command_buffer = gpu_le32(mapper.data + MAPPER_IN_OFFSET);
	f->command_buffer_size = gpu_le32(mapper.data + MAPPER_IN_SIZE);
	if (f->command_buffer_size < READ_VBIOS_SIZE + REGION_SIZE)
		return gpu_blob_fail(dmem, err, "FWSEC: command buffer of %u bytes, not %u",
				     f->command_buffer_size, READ_VBIOS_SIZE + REGION_SIZE);
	return gpu_blob_part(dmem, f->command_buffer, READ_VBIOS_SIZE + REGION_SIZE,
			     "FWSEC command buffer", &unused, err);
}

static int take_interface(uint32_t at, struct gpu_fwsec *f, struct gpu_error *err)
{
	struct gpu_blob dmem, head, table;
	int ret = gpu_blob_part(&f->image, f->dmem_offset, f->dmem_size, "FWSEC data", &dmem, err);

	if (!ret)
		ret = gpu_blob_part(&dmem, at, IF_SIZE, "FWSEC interface", &head, err);
	if (ret)
		return ret;
	if (head.data[IF_VERSION] != 1 || head.data[IF_HEADER_SIZE] < IF_SIZE ||
	    head.data[IF_ENTRY_SIZE] < IF_ENTRY)
		return gpu_blob_fail(
			&dmem, err, "FWSEC: interface version %u, header %u, entries %u bytes",
			head.data[IF_VERSION], head.data[IF_HEADER_SIZE], head.data[IF_ENTRY_SIZE]);
	ret = gpu_blob_part(&dmem, at,
			    (uint64_t)head.data[IF_HEADER_SIZE] +
				    (uint64_t)head.data[IF_ENTRY_SIZE] * head.data[IF_ENTRY_COUNT],
			    "FWSEC interface", &table, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < head.data[IF_ENTRY_COUNT]; i++) {
		const uint8_t *e = table.data + head.data[IF_HEADER_SIZE] +
				   (size_t)i * head.data[IF_ENTRY_SIZE];

		if (gpu_le32(e) == IF_ID_DMEMMAPPER)
			return take_mapper(&dmem, gpu_le32(e + 4), f, err);
	}
	return gpu_blob_fail(&dmem, err, "FWSEC: no DMEM mapper among %u interfaces",
			     head.data[IF_ENTRY_COUNT]);
}

int gpu_fwsec_open(const struct gpu_vbios *vbios, struct gpu_fwsec *out, struct gpu_error *err)
{
	struct gpu_vbios_ucode ucode;
	struct gpu_blob desc;
	int ret = gpu_vbios_ucode(vbios, GPU_VBIOS_FWSEC_PROD, &ucode, err);

	if (ret)
		return ret;
	*out = (struct gpu_fwsec){.version = ucode.version};
	if (ucode.version != 2 && ucode.version != 3)
		return gpu_blob_fail(&ucode.desc, err, "FWSEC: descriptor version %u",
				     ucode.version);
	ret = gpu_blob_part(&ucode.desc, 0, ucode.version == 2 ? V2_SIZE : V3_SIZE,
			    "FWSEC descriptor", &desc, err);
	if (ret)
		return ret;
	ret = ucode.version == 2 ? take_v2(&ucode.desc, &ucode.stored, out, err)
				 : take_v3(&ucode.desc, &ucode.stored, out, err);
	if (ret)
		return ret;
	return take_interface(
		gpu_le32(desc.data + (ucode.version == 2 ? V2_INTERFACE : V3_INTERFACE)), out, err);
}

int gpu_fwsec_signature(const struct gpu_fwsec *fwsec, uint32_t fuse_version, struct gpu_blob *out,
			struct gpu_error *err)
{
	uint64_t index = 0;

	if (fuse_version >= 16 || !(fwsec->sig_versions >> fuse_version & 1))
		return gpu_blob_fail(&fwsec->image, err,
				     "FWSEC: no signature for fuse version %u among 0x%04x",
				     fuse_version, fwsec->sig_versions);
	for (unsigned int bit = 0; bit < fuse_version; bit++)
		index += fwsec->sig_versions >> bit & 1;
	return gpu_blob_part(&fwsec->signatures, index * GPU_FWSEC_SIGNATURE, GPU_FWSEC_SIGNATURE,
			     "FWSEC signature", out, err);
}

static uint8_t *put_command(const struct gpu_fwsec *fwsec, uint8_t *dmem, uint32_t command)
{
	uint8_t *p = dmem + fwsec->command_buffer;

	gpu_put_le32(dmem + fwsec->init_command, command);
	/* read_vbios: version, size, address (u64), size, flags; nothing is to be read. */
	gpu_put_le32(p, 1);
	gpu_put_le32(p + 4, READ_VBIOS_SIZE);
	gpu_put_le32(p + 8, 0);
	gpu_put_le32(p + 12, 0);
	gpu_put_le32(p + 16, 0);
	gpu_put_le32(p + 20, READ_VBIOS_FLAGS);
	return p + READ_VBIOS_SIZE;
}

void gpu_fwsec_put_frts(const struct gpu_fwsec *fwsec, uint8_t *dmem, uint64_t addr, uint64_t size)
{
	uint8_t *region = put_command(fwsec, dmem, CMD_FRTS);

	gpu_put_le32(region, 1);
	gpu_put_le32(region + 4, REGION_SIZE);
	gpu_put_le32(region + 8, (uint32_t)(addr >> 12));
	gpu_put_le32(region + 12, (uint32_t)(size >> 12));
	gpu_put_le32(region + 16, REGION_IN_FB);
}

void gpu_fwsec_put_sb(const struct gpu_fwsec *fwsec, uint8_t *dmem)
{
	put_command(fwsec, dmem, CMD_SB);
}
