/* SPDX-License-Identifier: MIT */
/*
 * gnttab.c - version 1 grant tables (xen/grant_table.h), both sides.
 *
 * Giving: our table is an array of 8-byte entries in frames that Xen owns and shares with us, 512 a
 * frame, grown on demand. Only Xen and we write there. A free entry has flags 0, which Xen takes
 * for "no grant", and holds the next free reference in its frame field: the free list costs no
 * memory. References below 8 are reserved by the toolstack.
 *
 * Mapping: into a window of pages whose page tables exist for good (mm.h), or for devices only,
 * which leaves the CPU's page tables alone and just enters the page in the IOMMU.
 */
#include <errno.h>

#include "hv/xen/gnttab.h"
#include "hv/xen/hypercall.h"
#include "hv/xen/mm.h"

#define PER_FRAME (HV_PAGE_SIZE / (unsigned int)sizeof(struct grant_entry_v1))

static struct grant_entry_v1 *const table = (struct grant_entry_v1 *)HV_XEN_GRANT_TABLE;
static unsigned int frames, max_frames;
static hv_gref_t free_ref; /* 0: none */
static unsigned int given, mapped;

/* Stack of free window slots. */
static uint16_t slots[HV_XEN_GRANTS_PAGES];
static unsigned int free_slots;

/* GNTST_* (grant_table.h) to errno. */
static int status_errno(int16_t status)
{
	switch (status) {
	case GNTST_okay:
		return 0;
	case GNTST_bad_domain:
		return -ESRCH;
	case GNTST_no_device_space:
	case GNTST_no_space:
		return -ENOSPC;
	case GNTST_eagain:
		return -EAGAIN;
	case GNTST_bad_gntref:
	case GNTST_bad_handle:
	case GNTST_bad_virt_addr:
	case GNTST_bad_dev_addr:
	case GNTST_bad_copy_arg:
	case GNTST_address_too_big:
		return -EINVAL;
	default: /* GNTST_general_error: not granted to us, or not for writing */
		return -EACCES;
	}
}

/* ---------------------------------------------------------------- giving */

/* One more frame of our table, its entries on the free list. -ENOSPC at Xen's limit. */
static int grow(void)
{
	xen_pfn_t list[HV_XEN_GRANT_FRAMES];
	struct gnttab_setup_table op = {.dom = DOMID_SELF, .nr_frames = frames + 1};
	hv_gref_t first, ref;
	int err;

	if (frames == max_frames)
		return -ENOSPC;
	set_xen_guest_handle(op.frame_list, list);
	err = hv_xen_errno(hv_hypercall_grant(GNTTABOP_setup_table, &op, 1));
	if (err != 0 || op.status != GNTST_okay)
		return -ENOSPC;
	err = hv_xen_map_page(HV_XEN_GRANT_TABLE + frames * (uintptr_t)HV_PAGE_SIZE,
			      list[frames] << HV_PAGE_SHIFT | PTE_DATA);
	if (err != 0)
		return -ENOSPC;
	first = frames == 0 ? GNTTAB_NR_RESERVED_ENTRIES : frames * PER_FRAME;
	frames++;
	for (ref = frames * PER_FRAME; ref-- > first;) {
		table[ref].frame = free_ref;
		free_ref = ref;
	}
	return 0;
}

void hv_xen_gnttab_init(void)
{
	struct gnttab_query_size size = {.dom = DOMID_SELF};
	unsigned int i;

	HV_CHECK(hv_hypercall_grant(GNTTABOP_query_size, &size, 1) == 0);
	max_frames =
		size.max_nr_frames < HV_XEN_GRANT_FRAMES ? size.max_nr_frames : HV_XEN_GRANT_FRAMES;
	HV_CHECK(grow() == 0);
	for (i = 0; i < HV_XEN_GRANTS_PAGES; i++)
		slots[i] = HV_XEN_GRANTS_PAGES - 1 - i;
	free_slots = HV_XEN_GRANTS_PAGES;
}

int hv_grant_give(hv_domid_t to, void *page, unsigned int flags, hv_gref_t *out)
{
	struct grant_entry_v1 *entry;
	uint64_t mfn = hv_xen_va_to_mfn(page);

	if ((uintptr_t)page % HV_PAGE_SIZE != 0 || mfn == 0 || (flags & ~HV_GRANT_RO) != 0)
		hv_panic("%p is granted to domain %u, flags %#x: not a whole page of ours", page,
			 to, flags);
	/* A version 1 entry holds 32 bits: memory below 16 TiB. */
	if (mfn > UINT32_MAX)
		return -ENOSPC;
	if (free_ref == 0) {
		int err = grow();

		if (err != 0)
			return err;
	}
	*out = free_ref;
	entry = &table[free_ref];
	free_ref = entry->frame;
	entry->domid = to;
	entry->frame = mfn;
	hv_wmb(); /* the entry is complete before it is valid */
	HV_WRITE_ONCE(entry->flags, GTF_permit_access | (flags & HV_GRANT_RO ? GTF_readonly : 0));
	given++;
	return 0;
}

int hv_grant_end(hv_gref_t ref)
{
	struct grant_entry_v1 *entry;
	uint16_t flags;

	if (ref < GNTTAB_NR_RESERVED_ENTRIES || ref >= frames * PER_FRAME)
		hv_panic("grant reference %u is ended, which was not given", ref);
	entry = &table[ref];
	flags = HV_READ_ONCE(entry->flags);
	do {
		if ((flags & GTF_type_mask) != GTF_permit_access)
			hv_panic("grant reference %u is ended, which was not given", ref);
		if (flags & (GTF_reading | GTF_writing))
			return -EBUSY;
		/* Xen may be setting one of them right now: then look again. */
	} while (!__atomic_compare_exchange_n(&entry->flags, &flags, 0, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	entry->frame = free_ref;
	free_ref = ref;
	given--;
	return 0;
}

bool hv_xen_gnttab_offers(uint64_t mfn)
{
	hv_gref_t ref;

	for (ref = GNTTAB_NR_RESERVED_ENTRIES; given > 0 && ref < frames * PER_FRAME; ref++)
		if (table[ref].frame == mfn && HV_READ_ONCE(table[ref].flags) != 0)
			return true;
	return false;
}

/* ---------------------------------------------------------------- mapping */

static void *slot_va(unsigned int slot)
{
	return (void *)(HV_XEN_GRANTS + (uintptr_t)slot * HV_PAGE_SIZE);
}

static void slot_free(void *va)
{
	slots[free_slots++] = ((uintptr_t)va - HV_XEN_GRANTS) >> HV_PAGE_SHIFT;
}

/*
 * Checks one entry and takes its window slot; true when it goes to Xen. An entry is mapped exactly
 * when va or dev_addr is set (machine address 0 is never granted).
 */
static bool map_prepare(struct hv_grant_map *map, struct gnttab_map_grant_ref *op)
{
	const unsigned int known = HV_MAP_HOST | HV_MAP_DEVICE | HV_MAP_RO;

	map->va = NULL;
	map->dev_addr = 0;
	map->status = -EINVAL;
	if (map->ref == 0 || (map->flags & ~known) != 0 ||
	    (map->flags & (HV_MAP_HOST | HV_MAP_DEVICE)) == 0)
		return false;
	*op = (struct gnttab_map_grant_ref){
		.flags = (map->flags & HV_MAP_HOST ? GNTMAP_host_map : 0) |
			 (map->flags & HV_MAP_DEVICE ? GNTMAP_device_map : 0) |
			 (map->flags & HV_MAP_RO ? GNTMAP_readonly : 0),
		.ref = map->ref,
		.dom = map->dom,
	};
	if (map->flags & HV_MAP_HOST) {
		if (free_slots == 0) {
			map->status = -ENOSPC;
			return false;
		}
		map->va = slot_va(slots[--free_slots]);
		op->host_addr = (uintptr_t)map->va;
	}
	return true;
}

static void map_finish(struct hv_grant_map *map, const struct gnttab_map_grant_ref *op)
{
	map->status = status_errno(op->status);
	if (map->status == 0) {
		map->handle = op->handle;
		if (map->flags & HV_MAP_DEVICE)
			map->dev_addr = op->dev_bus_addr;
		mapped++;
	} else if (map->va) {
		slot_free(map->va);
		map->va = NULL;
	}
}

static int first_error(int err, int status)
{
	return err != 0 ? err : status;
}

int hv_grant_map(struct hv_grant_map *maps, unsigned int n)
{
	struct gnttab_map_grant_ref ops[HV_GRANT_BATCH];
	struct hv_grant_map *target[HV_GRANT_BATCH];
	unsigned int done = 0;
	int err = 0;

	while (done < n) {
		unsigned int i, used = 0;
		unsigned int end = n - done > HV_GRANT_BATCH ? done + HV_GRANT_BATCH : n;
		unsigned int start = done;

		for (; done < end; done++)
			if (map_prepare(&maps[done], &ops[used]))
				target[used++] = &maps[done];
		if (used > 0)
			HV_CHECK(hv_hypercall_grant(GNTTABOP_map_grant_ref, ops, used) == 0);
		for (i = 0; i < used; i++)
			map_finish(target[i], &ops[i]);
		for (i = start; i < end; i++)
			err = first_error(err, maps[i].status);
	}
	return err;
}

int hv_grant_unmap(struct hv_grant_map *maps, unsigned int n)
{
	struct gnttab_unmap_grant_ref ops[HV_GRANT_BATCH];
	struct hv_grant_map *target[HV_GRANT_BATCH];
	unsigned int done = 0;
	int err = 0;

	while (done < n) {
		unsigned int i, used = 0;
		unsigned int end = n - done > HV_GRANT_BATCH ? done + HV_GRANT_BATCH : n;
		unsigned int start = done;

		for (; done < end; done++) {
			struct hv_grant_map *map = &maps[done];

			map->status = -EINVAL;
			if (!map->va && map->dev_addr == 0)
				continue; /* not mapped, or not any more */
			ops[used] = (struct gnttab_unmap_grant_ref){
				.host_addr = (uintptr_t)map->va,
				.dev_bus_addr = map->dev_addr,
				.handle = map->handle,
			};
			target[used++] = map;
		}
		if (used > 0)
			HV_CHECK(hv_hypercall_grant(GNTTABOP_unmap_grant_ref, ops, used) == 0);
		for (i = 0; i < used; i++) {
			struct hv_grant_map *map = target[i];

			map->status = status_errno(ops[i].status);
			if (map->status != 0)
				continue;
			if (map->va)
				slot_free(map->va);
			map->va = NULL;
			map->dev_addr = 0;
			mapped--;
		}
		for (i = start; i < end; i++)
			err = first_error(err, maps[i].status);
	}
	return err;
}

/* ---------------------------------------------------------------- copying */

static bool in_window(const void *va)
{
	return (uintptr_t)va >= HV_XEN_GRANTS &&
	       (uintptr_t)va < (uintptr_t)slot_va(HV_XEN_GRANTS_PAGES);
}

static bool copy_prepare(struct hv_grant_copy *copy, struct gnttab_copy *op)
{
	unsigned int local_offset = (uintptr_t)copy->local % HV_PAGE_SIZE;
	uint64_t mfn = hv_xen_va_to_mfn(copy->local);

	copy->status = -EINVAL;
	if (copy->ref == 0 || mfn == 0 || copy->offset + copy->len > (int)HV_PAGE_SIZE ||
	    local_offset + copy->len > HV_PAGE_SIZE)
		return false;
	/* The local side is named by frame, which Xen takes for the caller's own pages only. */
	copy->status = -EACCES;
	if (in_window(copy->local))
		return false;
	*op = (struct gnttab_copy){.len = copy->len};
	if (copy->to_grant) {
		op->source.u.gmfn = mfn;
		op->source.domid = DOMID_SELF;
		op->source.offset = local_offset;
		op->dest.u.ref = copy->ref;
		op->dest.domid = copy->dom;
		op->dest.offset = copy->offset;
		op->flags = GNTCOPY_dest_gref;
	} else {
		op->source.u.ref = copy->ref;
		op->source.domid = copy->dom;
		op->source.offset = copy->offset;
		op->dest.u.gmfn = mfn;
		op->dest.domid = DOMID_SELF;
		op->dest.offset = local_offset;
		op->flags = GNTCOPY_source_gref;
	}
	return true;
}

int hv_grant_copy(struct hv_grant_copy *copies, unsigned int n)
{
	struct gnttab_copy ops[HV_GRANT_BATCH];
	struct hv_grant_copy *target[HV_GRANT_BATCH];
	unsigned int done = 0;
	int err = 0;

	while (done < n) {
		unsigned int i, used = 0;
		unsigned int end = n - done > HV_GRANT_BATCH ? done + HV_GRANT_BATCH : n;
		unsigned int start = done;

		for (; done < end; done++)
			if (copy_prepare(&copies[done], &ops[used]))
				target[used++] = &copies[done];
		if (used > 0)
			HV_CHECK(hv_hypercall_grant(GNTTABOP_copy, ops, used) == 0);
		for (i = 0; i < used; i++)
			target[i]->status = status_errno(ops[i].status);
		for (i = start; i < end; i++)
			err = first_error(err, copies[i].status);
	}
	return err;
}

unsigned int hv_grants_given(void)
{
	return given;
}

unsigned int hv_grants_mapped(void)
{
	return mapped;
}
