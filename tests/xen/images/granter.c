/* SPDX-License-Identifier: MIT */
/*
 * granter - a guest with one page that holds a known pattern and is offered to one domain.
 *
 * The other half of the IOMMU test: the device of the other domain must not reach this page unless
 * that domain has mapped the offer. Words: to=DOMID. Answers: data/grant "REF MACHINE-ADDRESS"; after
 * data/go=end, data/ended with what hv_grant_end() said.
 */
#include "worker.h"

static int granter_start(int argc, char **argv)
{
	hv_domid_t to = (hv_domid_t)order_number(argc, argv, "to", 0);
	uint32_t *page = hv_pages_alloc(1);
	hv_gref_t ref;
	int err;

	if (!page)
		return -ENOMEM;
	for (uint32_t i = 0; i < HV_PAGE_SIZE / 4; i++)
		page[i] = 0x6e000000u | i;
	err = hv_grant_give(to, page, HV_GRANT_RO, &ref);
	if (err)
		return err;
	answer("grant", "%u 0x%llx", ref, (unsigned long long)hv_dma_addr(page));
	err = wait_told("end", 300 * HV_S);
	if (err)
		return err;
	answer("ended", "%d", hv_grant_end(ref));
	return 0;
}

HV_IMAGE(granter_start);
