/* SPDX-License-Identifier: MIT */
/*
 * iommu - a driver domain that aims the GPU's own DMA unit at memory, to see what the IOMMU allows.
 *
 * The device may reach this domain's memory and grants this domain has mapped; nothing else. Each
 * case does one falcon DMA read and compares what arrived in the falcon's data memory. Cases are
 * 200 ms apart, for Xen disables a device after a burst of faults. Input: data/grant, written by
 * dom0, "DOMID REF MACHINE-ADDRESS" of the page of tests/xen/images/granter.c. Answers:
 * data/case-NAME "ok" or "FAILED: why"; at the end data/done.
 */
#include "gpu/core/core.h"
#include "iommu/iommu.h"
#include "worker.h"

#define BLOCK 256u

static struct gpu *gpu;

/* One DMA read of a block at addr. True when the pattern of `first` arrived, false when nothing did. */
static int arrives(uint64_t addr, uint32_t first, bool *arrived)
{
	static uint32_t blank[BLOCK / 4];
	uint32_t got[BLOCK / 4], marker[BLOCK / 4];
	uint32_t *own = hv_pages_alloc(1);
	bool same = true;
	int err;

	/* Put a marker there first, so that stale data cannot pass for new data. */
	for (uint32_t i = 0; i < BLOCK / 4; i++)
		marker[i] = 0xdead0000u | i;
	memcpy(own, marker, sizeof(marker));
	err = gpu_falcon_dma_load(gpu, hv_dma_addr(own), 0, BLOCK);
	if (!err)
		err = gpu_falcon_dmem_read(gpu, 0, got, BLOCK);
	hv_pages_free(own, 1);
	if (err)
		return err;
	if (memcmp(got, marker, BLOCK) != 0)
		return -EILSEQ;
	nap(200 * HV_MS);

	err = gpu_falcon_dma_load(gpu, addr, 0, BLOCK);
	hv_log(HV_INFO, "dma from 0x%llx: %d", (unsigned long long)addr, err);
	err = gpu_falcon_dmem_read(gpu, 0, got, BLOCK);
	if (err)
		return err;
	for (uint32_t i = 0; i < BLOCK / 4; i++)
		same &= got[i] == (first | i);
	*arrived = same;
	if (!same && memcmp(got, marker, BLOCK) != 0 && memcmp(got, blank, BLOCK) != 0)
		hv_log(HV_WARN, "neither pattern nor marker: %08x %08x", got[0], got[1]);
	nap(200 * HV_MS);
	return 0;
}

static void one_case(const char *name, uint64_t addr, uint32_t first, bool expected)
{
	bool arrived = false;
	char node[48];
	int err = arrives(addr, first, &arrived);

	snprintf(node, sizeof(node), "case-%s", name);
	if (err)
		answer(node, "FAILED: error %d", err);
	else if (arrived != expected)
		answer(node, "FAILED: the data %s", arrived ? "arrived" : "did not arrive");
	else
		answer(node, "ok");
}

static int iommu_start(int argc, char **argv)
{
	struct iommu_account *account;
	struct iommu_range *range;
	struct hv_pci *pci;
	uint32_t *own = hv_pages_alloc(1);
	unsigned int dom, ref;
	unsigned long long addr;
	char text[64];
	int err;

	(void)argc;
	(void)argv;
	err = hv_pci_open(0, &pci);
	if (!err)
		err = gpu_attach(pci, &gpu);
	if (err || !own) {
		answer("done", "FAILED: no GPU: %d", err);
		return err;
	}
	answer("ready", "%s", gpu_info(gpu)->chip);
	err = wait_told("start", 120 * HV_S);
	if (err)
		return err;
	if (hv_xs_read(HV_XS_NONE, "data/grant", text, sizeof(text)) < 0 ||
	    sscanf(text, "%u %u 0x%llx", &dom, &ref, &addr) != 3) {
		answer("done", "FAILED: no data/grant");
		return -EINVAL;
	}

	for (uint32_t i = 0; i < HV_PAGE_SIZE / 4; i++)
		own[i] = 0x77000000u | i;
	one_case("own-page", hv_dma_addr(own), 0x77000000u, true);
	one_case("offered-not-mapped", addr, 0x6e000000u, false);

	account = iommu_account_new((hv_domid_t)dom, 16);
	err = account ? iommu_range_new(account, 1, IOMMU_RO, &range) : -ENOMEM;
	if (!err)
		err = iommu_map(range, &ref, 1);
	if (err) {
		answer("done", "FAILED: iommu_map: %d", err);
		return err;
	}
	one_case("mapped", iommu_addr(range, 0), 0x6e000000u, true);
	answer("same-address", "%s", iommu_addr(range, 0) == addr ? "ok" : "FAILED");
	err = iommu_unmap(range, 1);
	if (err)
		answer("case-unmap", "FAILED: %d", err);
	one_case("unmapped-again", addr, 0x6e000000u, false);
	iommu_account_free(account, 1);
	answer("done", "%s", gpu_is_lost(gpu) ? "FAILED: GPU lost" : "ok");
	return wait_told("end", 300 * HV_S);
}

HV_IMAGE(iommu_start);
