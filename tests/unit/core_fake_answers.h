/* SPDX-License-Identifier: MIT */
/*
 * core_fake_answers.h - what the core of core_fake.h keeps, what a test told it to do wrong, and its answers, which come from
 * the loop.
 */
#ifndef TESTS_UNIT_CORE_FAKE_ANSWERS_H
#define TESTS_UNIT_CORE_FAKE_ANSWERS_H

#include <glib.h>

#include "tests/unit/vgpu_bed.h"

enum fake_call {
	FAKE_TENANT_NEW,
	FAKE_TENANT_END,
	FAKE_VM_NEW,
	FAKE_VM_FREE,
	FAKE_MAP,
	FAKE_UNMAP,
	FAKE_RESERVE,
	FAKE_RELEASE,
	FAKE_COMMIT,
	FAKE_CHANNEL_NEW,
	FAKE_CHANNEL_FREE,
	FAKE_CALLS
};

#define FAKE_ENGINES                                                                               \
	4 /* a channel's follows from where its GPFIFO is: 64 KiB further, the next engine */
#define FAKE_VA_START	0x200000ull
#define FAKE_VA_END	(1ull << 40)
#define FAKE_KEPT_START (1ull << 39)
#define FAKE_KEPT_END	(FAKE_KEPT_START + (1ull << 30))
#define FAKE_CONTEXT	0x40000ull /* bytes of a graphics channel, unless a test says otherwise */
#define FAKE_GRAPHICS	0xc7c0u	   /* AMPERE_COMPUTE_B */
#define FAKE_CLASS	0xc7b5u	   /* AMPERE_DMA_COPY_B */

struct gpu_rm {
	int unused;
};

/* An answer that is under way. */
struct fake_answer {
	struct hv_work work;
	struct fake_answer *next;
	enum fake_call call;
	void *of; /* the tenant, space or channel */
	struct gpu_tenant *tenant;
	int err;
	void (*done)(int err, void *arg);
	void *arg;
};

struct fake_page {
	uint64_t addr;
	enum gpu_aperture aperture;
	unsigned int flags;
};

struct gpu_vm {
	struct gpu_vm *next;
	struct gpu_tenant *tenant;
	GHashTable *pages[3]; /* by page size: va to struct fake_page */
	GHashTable *reserved[3];
	GArray *stale; /* bus addresses unmapped since the last commit */
	bool gone;
	void (*ready)(struct gpu_vm *vm, int err, void *arg);
};

struct gpu_channel {
	struct gpu_channel *next;
	struct gpu_tenant *tenant;
	struct gpu_channel_desc desc;
	bool gone;
	unsigned int rings, engine;
	void (*ready)(struct gpu_channel *channel, int err, void *arg);
};

struct gpu_tenant {
	struct gpu_tenant *next;
	struct gpu_range vram;
	struct gpu_vm *vms;
	struct gpu_channel *channels;
	uint32_t weight;
	uint64_t time; /* of engines; a test sets it */
	void (*worked)(void *arg);
	void *worked_arg;
	bool ending, gone;
	void (*ready)(struct gpu_tenant *tenant, int err, void *arg);
};

static struct {
	struct gpu_rm rm;
	struct gpu_tenant *tenants;
	struct fake_answer *answers;
	int refuse[FAKE_CALLS];		       /* what the call itself returns; 0: goes on */
	unsigned int refuse_after[FAKE_CALLS]; /* calls that are good before */
	int fail[FAKE_CALLS];		       /* what the answer says */
	bool silent[FAKE_CALLS];	       /* the answer waits for fake_speak() */
	bool late;			       /* answers come after the tenant's end began, too */
	unsigned int calls[FAKE_CALLS];
	unsigned int rings;
	void (*awaken)(uint64_t engines, void *arg);
	void *awaken_arg;
	unsigned int slots; /* the policy's: fixed-share if there are any */
	struct gpu_turn_stats turns;
	uint64_t context; /* 0: no graphics */
} fake;

/* ---------------------------------------------------------------- answers */

static inline void fake_tell(struct hv_work *w)
{
	struct fake_answer *a = (struct fake_answer *)w, **link = &fake.answers;
	struct fake_answer answer = *a;

	while (*link != a)
		link = &(*link)->next;
	*link = a->next;
	free(a);
	if (answer.tenant->gone ||
	    (answer.tenant->ending && answer.call != FAKE_TENANT_END && !fake.late))
		return;
	switch (answer.call) {
	case FAKE_TENANT_NEW:
		answer.tenant->gone = answer.err != 0;
		answer.tenant->ready(answer.of, answer.err, answer.arg);
		break;
	case FAKE_VM_NEW:
		((struct gpu_vm *)answer.of)->gone = answer.err != 0;
		((struct gpu_vm *)answer.of)->ready(answer.of, answer.err, answer.arg);
		break;
	case FAKE_CHANNEL_NEW:
		((struct gpu_channel *)answer.of)->gone = answer.err != 0;
		((struct gpu_channel *)answer.of)->ready(answer.of, answer.err, answer.arg);
		break;
	case FAKE_VM_FREE:
		((struct gpu_vm *)answer.of)->gone = true;
		answer.done(answer.err, answer.arg);
		break;
	case FAKE_CHANNEL_FREE:
		((struct gpu_channel *)answer.of)->gone = true;
		answer.done(answer.err, answer.arg);
		break;
	default:
		answer.tenant->gone = true;
		answer.done(answer.err, answer.arg);
		break;
	}
}

static inline void fake_answer(enum fake_call call, struct gpu_tenant *tenant, void *of,
			       void (*done)(int err, void *arg), void *arg)
{
	struct fake_answer *a = calloc(1, sizeof(*a));

	a->work.fn = fake_tell;
	a->call = call;
	a->tenant = tenant;
	a->of = of;
	a->done = done;
	a->arg = arg;
	a->err = fake.fail[call];
	a->next = fake.answers;
	fake.answers = a;
	if (!fake.silent[call])
		hv_work_queue(&a->work);
}

static inline int fake_refused(enum fake_call call)
{
	fake.calls[call]++;
	if (fake.refuse[call] && !fake.refuse_after[call])
		return fake.refuse[call];
	fake.refuse_after[call] -= fake.refuse_after[call] != 0;
	return 0;
}

#endif /* TESTS_UNIT_CORE_FAKE_ANSWERS_H */
