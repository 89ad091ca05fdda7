/* SPDX-License-Identifier: MIT */
/*
 * sequence_counts.h - all that can be counted of a driver domain, its GPU, the machine and the process: the same
 * whenever no guest is there. Included after gpu/gpudom.c.
 */
#ifndef TESTS_STRESS_SEQUENCE_COUNTS_H
#define TESTS_STRESS_SEQUENCE_COUNTS_H

#include "tests/stress/sequence_ends.h"
#include "tests/unit/bed_counts.h"

/* Numbers in xenstore grow longer; a single forgotten structure is larger, and 20 comparisons make 20 of it. */
#define HEAP_SLACK 64u

/* AddressSanitizer's own, as <sanitizer/allocator_interface.h> has it, which gcc does not bring. */
size_t __sanitizer_get_current_allocated_bytes(void);

struct start {
	struct counts counts;
	/* Of the process, so of the model and the machine too; 0: since the first comparison, for some is made once. */
	size_t heap;
};

static inline void begin(struct start *start)
{
	bed_count(&bed, &start->counts);
	start->heap = 0;
}

static inline void compare(struct start *start)
{
	size_t heap = __sanitizer_get_current_allocated_bytes();
	struct counts now;
	char why[96];

	bed_count(&bed, &now);
	MUST(bed_same_counts(&start->counts, &now, why, sizeof(why)), "%s", why);
	if (!start->heap)
		start->heap = heap;
	MUST(heap <= start->heap + HEAP_SLACK, "heap: %zu bytes, at the start %zu", heap,
	     start->heap);
	MUST(!hosted_iommu_refused(bed.h), "the IOMMU refused something");
	MUST(hosted_domain_state(bed.h, bed.gpudom, NULL) == HOSTED_RUNNING, "the driver domain");
}

#endif /* TESTS_STRESS_SEQUENCE_COUNTS_H */
