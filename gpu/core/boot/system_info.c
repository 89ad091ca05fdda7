/* SPDX-License-Identifier: MIT */
/*
 * system_info.c - GspSystemInfo and the registry (see system_info.h).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "gpu/core/boot/system_info.h"
#include "gpu/core/gpu.h"
#include "gpu/core/regs_pci.h"

#define BAR_REGS 0u
#define BAR_FB	 1u
#define BAR_INST 3u

/* Where BAR0 shows configuration space (nouveau; NVIDIA, DEVICE_BASE(NV_PCFG)). */
#define CONFIG_MIRROR_BASE 0x088000u
#define CONFIG_MIRROR_SIZE 0x001000u

/* Highest address a program may have: RM keeps its own address spaces below. As Linux on x86-64. */
#define MAX_USER_VA 0x7ffffffff000ull

#define REGISTRY_TYPE_DWORD 1u /* REGISTRY_TABLE_ENTRY_TYPE_DWORD */

static int put(const struct fwq_pack *pack, enum fwq_field f, void *buf, size_t at, uint64_t value,
	       struct gpu_error *err)
{
	int ret = fwq_put(pack, f, buf, GPU_CALL_MAX, at, 0, value);

	if (ret)
		return gpu_fail(err, ret, "pack %s: %s = %#llx: error %d", pack->version,
				fwq_field_name(f), (unsigned long long)value, -ret);
	return 0;
}

/* bus 15:8, device 7:3, function 2:0 of a name such as 0000:00:00.0, our port's form (hv.h). */
static uint64_t pci_address(const char *name)
{
	uint64_t word[4] = {0}; /* domain, bus, device, function */
	unsigned int i = 0;

	for (; *name && i < 4; name++) {
		if (*name == ':' || *name == '.')
			i++;
		else
			word[i] = word[i] << 4 |
				  (*name <= '9' ? *name - '0' : (*name | 0x20) - 'a' + 10);
	}
	return word[1] << 8 | word[2] << 3 | word[3];
}

static uint64_t config(struct gpu *gpu, unsigned int offset, unsigned int size)
{
	uint32_t value = 0;

	return hv_pci_cfg_read(gpu->pci, offset, size, &value) ? 0 : value;
}

/* What this release has of it; what it must have, or nothing works, is not optional. */
static int put_system_info(struct gpu *gpu, const struct fwq_pack *pack,
			   const struct hv_pci_bar bar[3], void *buf, struct gpu_error *err)
{
	const struct {
		enum fwq_field field;
		uint64_t value;
		bool optional;
	} fields[] = {
		{FWQ_F_GspSystemInfo__gpuPhysAddr, bar[0].addr, false},
		{FWQ_F_GspSystemInfo__gpuPhysFbAddr, bar[1].addr, false},
		{FWQ_F_GspSystemInfo__gpuPhysInstAddr, bar[2].addr, false},
		{FWQ_F_GspSystemInfo__nvDomainBusDeviceFunc, pci_address(hv_pci_name(gpu->pci)),
		 false},
		{FWQ_F_GspSystemInfo__maxUserVa, MAX_USER_VA, false},
		{FWQ_F_GspSystemInfo__pciConfigMirrorBase, CONFIG_MIRROR_BASE, false},
		{FWQ_F_GspSystemInfo__pciConfigMirrorSize, CONFIG_MIRROR_SIZE, false},
		{FWQ_F_GspSystemInfo__PCIDeviceID, config(gpu, PCI_VENDOR_ID, 4), true},
		{FWQ_F_GspSystemInfo__PCISubDeviceID, config(gpu, PCI_SUBSYSTEM_VENDOR_ID, 4),
		 true},
		{FWQ_F_GspSystemInfo__PCIRevisionID, config(gpu, PCI_REVISION_ID, 1), true},
		{FWQ_F_GspSystemInfo__hostPageSize, HV_PAGE_SIZE, true},
	};

	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		int ret;

		if (fields[i].optional && !fwq_has_field(pack, fields[i].field))
			continue;
		ret = put(pack, fields[i].field, buf, 0, fields[i].value, err);
		if (ret)
			return ret;
	}
	return 0;
}

int gpu_system_info_write(struct gpu *gpu, const struct fwq_pack *pack, void *buf,
			  struct gpu_error *err)
{
	static const unsigned int number[3] = {BAR_REGS, BAR_FB, BAR_INST};
	uint32_t size = fwq_sizeof(pack, FWQ_S_GspSystemInfo);
	struct hv_pci_bar bar[3];
	int ret;

	for (unsigned int i = 0; i < 3; i++) {
		if (hv_pci_bar(gpu->pci, number[i], &bar[i]) || !bar[i].addr)
			return gpu_fail(err, -ENODEV, "BAR %u has no address", number[i]);
	}
	if (!size || size > GPU_CALL_MAX)
		return gpu_fail(err, -EINVAL, "pack %s: GspSystemInfo of %u bytes", pack->version,
				size);
	ret = put_system_info(gpu, pack, bar, buf, err);
	return ret ? ret : (int)size;
}

int gpu_registry_write(const struct fwq_pack *pack, void *buf, struct gpu_error *err)
{
	/* nouveau's r535_registry_entries: a reset through the bus may not lose the configuration. */
	static const struct {
		const char *name;
		uint32_t value;
	} keys[] = {{"RMSecBusResetEnable", 1}, {"RMForcePcieConfigSave", 1}};
	const unsigned int n = sizeof(keys) / sizeof(keys[0]);
	uint32_t entry = fwq_sizeof(pack, FWQ_S_PACKED_REGISTRY_ENTRY);
	size_t at, size, text;
	int ret = fwq_span(pack, FWQ_F_PACKED_REGISTRY_TABLE__entries, GPU_CALL_MAX, 0, &at, &size);

	if (ret || !entry || entry > 256)
		return gpu_fail(err, ret ? ret : -EINVAL, "pack %s: PACKED_REGISTRY_TABLE",
				pack->version);
	text = at + (size_t)n * entry;
	for (unsigned int i = 0; i < n && !ret; i++, at += entry) {
		size_t len = strlen(keys[i].name) + 1;

		if (text + len > GPU_CALL_MAX)
			return gpu_fail(err, -EINVAL, "pack %s: PACKED_REGISTRY_TABLE",
					pack->version);
		memcpy((uint8_t *)buf + text, keys[i].name, len);
		ret = put(pack, FWQ_F_PACKED_REGISTRY_ENTRY__nameOffset, buf, at, text, err);
		if (!ret)
			ret = put(pack, FWQ_F_PACKED_REGISTRY_ENTRY__type, buf, at,
				  REGISTRY_TYPE_DWORD, err);
		if (!ret)
			ret = put(pack, FWQ_F_PACKED_REGISTRY_ENTRY__data, buf, at, keys[i].value,
				  err);
		if (!ret)
			ret = put(pack, FWQ_F_PACKED_REGISTRY_ENTRY__length, buf, at,
				  sizeof(keys[i].value), err);
		text += len;
	}
	if (!ret)
		ret = put(pack, FWQ_F_PACKED_REGISTRY_TABLE__size, buf, 0, text, err);
	if (!ret)
		ret = put(pack, FWQ_F_PACKED_REGISTRY_TABLE__numEntries, buf, 0, n, err);
	return ret ? ret : (int)text;
}
