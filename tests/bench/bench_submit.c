/* SPDX-License-Identifier: MIT */
/*
 * bench_submit.c - what a guest's submissions cost, counted; bench_submit.py runs it under valgrind.
 *
 *    bench_submit ours BATCH BATCHES      a guest with the bare front and the whole driver domain, on the model
 *    bench_submit ring BATCH BATCHES      as if each copy were a request on a shared ring: Xen's own ring.h
 *    bench_submit stores BATCH BATCHES    only the words of ours, stored one after the other
 *
 * A batch is BATCH copies of 4 KiB, published with one doorbell, and waited for. Prints event sends and doorbells of the guest's
 * (ours), notifications both ways (ring), then bytes that the guest's CPU stored for its batches.
 */
#include "tests/unit/submit_bed.h"

/* What ring.h asks of its user, on x86. */
#define mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define rmb() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define wmb() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#include <xen/io/ring.h>

#define COPY_WORDS    11u
#define RELEASE_WORDS 8u /* and the interrupt */

/* ---------------------------------------------------------------- ours */

static void ours(unsigned int batch, unsigned int batches)
{
	uint64_t sends, rings;
	struct fixture *f;
	struct user *u;
	void *state;

	submit_setup(&state);
	f = state;
	u = enter(f, 0);
	assert_int_equal(mover_open(&u->mover, u->front, OBJECT, true), 0);
	sends = front_stats(u->front)->ring_sends;
	rings = front_stats(u->front)->rings;
	for (unsigned int i = 0; i < batches; i++) {
		for (unsigned int n = 0; n < batch; n++)
			assert_int_equal(dma_copy(&u->mover.dma, u->mover.object_va + n * 0x1000ull,
						  u->mover.buf_va + n * 0x1000ull, 0x1000),
					 0);
		assert_int_equal(dma_submit(&u->mover.dma), 0);
		assert_int_equal(dma_wait(&u->mover.dma, 10 * HV_S), 0);
	}
	/* Push buffer, GPFIFO entry, GP_PUT, doorbell bit. */
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", front_stats(u->front)->ring_sends - sends,
	       front_stats(u->front)->rings - rings,
	       (uint64_t)batches * (4ul * (COPY_WORDS * batch + RELEASE_WORDS) + 8 + 4 + 4));
	leave(f);
	submit_teardown(&state);
}

/* ---------------------------------------------------------------- a ring of requests */

struct ping_request {
	uint64_t from, to;
	uint32_t bytes, id;
};

struct ping_response {
	uint32_t id, status;
};

DEFINE_RING_TYPES(ping, struct ping_request, struct ping_response);

static uint8_t page[HV_PAGE_SIZE] __attribute__((aligned(HV_PAGE_SIZE)));

__attribute__((noinline)) static unsigned int guest_asks(struct ping_front_ring *front,
							 unsigned int n)
{
	int notify;

	for (unsigned int i = 0; i < n; i++) {
		struct ping_request *request =
			RING_GET_REQUEST(front, front->req_prod_pvt + i); /* NOLINT */

		*request = (struct ping_request){0x1000ull * i, 0x2000ull * i, 0x1000, i};
	}
	front->req_prod_pvt += n;
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(front, notify);
	return notify != 0;
}

__attribute__((noinline)) static unsigned int domain_answers(struct ping_back_ring *back)
{
	int more, notify;

	do {
		while (RING_HAS_UNCONSUMED_REQUESTS(back)) {
			struct ping_request request;

			RING_COPY_REQUEST(back, back->req_cons, &request);
			back->req_cons++;
			*RING_GET_RESPONSE(back, back->rsp_prod_pvt) =
				(struct ping_response){request.id, request.bytes != 0x1000};
			back->rsp_prod_pvt++;
		}
		RING_FINAL_CHECK_FOR_REQUESTS(back, more);
	} while (more);
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(back, notify);
	return notify != 0;
}

__attribute__((noinline)) static void guest_looks(struct ping_front_ring *front)
{
	int more;

	do {
		while (RING_HAS_UNCONSUMED_RESPONSES(front)) {
			struct ping_response response;

			response = *RING_GET_RESPONSE(front, front->rsp_cons);
			front->rsp_cons++;
			if (response.status)
				abort();
		}
		RING_FINAL_CHECK_FOR_RESPONSES(front, more);
	} while (more);
}

static void ring(unsigned int batch, unsigned int batches)
{
	struct ping_sring *shared = (void *)page;
	unsigned int asked = 0, answered = 0;
	struct ping_front_ring front;
	struct ping_back_ring back;

	SHARED_RING_INIT(shared);
	FRONT_RING_INIT(&front, shared, sizeof(page));
	BACK_RING_INIT(&back, shared, sizeof(page));
	for (unsigned int i = 0; i < batches; i++) {
		asked += guest_asks(&front, batch);
		answered += domain_answers(&back);
		guest_looks(&front);
	}
	printf("%u %u %" PRIu64 "\n", asked, answered,
	       (uint64_t)batches * (sizeof(struct ping_request) * batch + 8));
}

/* ---------------------------------------------------------------- stores */

__attribute__((noinline)) static void stores(unsigned int batch, unsigned int batches)
{
	volatile uint32_t *words = (void *)page;
	unsigned int n = COPY_WORDS * batch + RELEASE_WORDS + 4;

	for (unsigned int i = 0; i < batches; i++) {
		for (unsigned int k = 0; k < n; k++)
			words[k] = i + k;
	}
	printf("0 0 %" PRIu64 "\n", 4ul * n * batches);
}

int main(int argc, char **argv)
{
	unsigned int batch = argc == 4 ? (unsigned int)strtoul(argv[2], NULL, 0) : 0;
	unsigned int batches = argc == 4 ? (unsigned int)strtoul(argv[3], NULL, 0) : 0;

	if (!batch || batch > 64) {
		fprintf(stderr, "bench_submit ours|ring|stores BATCH(1..64) BATCHES\n");
		return 1;
	}
	if (!strcmp(argv[1], "ours"))
		ours(batch, batches);
	else if (!strcmp(argv[1], "ring"))
		ring(batch, batches);
	else
		stores(batch, batches);
	return 0;
}
