/* SPDX-License-Identifier: MIT */
/*
 * sched.c - who runs when: domains on stacks of their own, rounds over them, virtual time.
 *
 * A domain's stack is a fiber. It is left only in yield(), which the event loop calls when it has
 * drained what was due: the hosted form of SCHEDOP_block. One round resumes every domain that has
 * something to do; time moves only when a whole round found nobody.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "hv/hosted/internal.h"
#include "hv/hosted/xen_abi.h"

#ifdef HOSTED_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

#define WORK_PER_SLICE 64
#define ROUNDS_MAX     100000u /* per step of hosted_advance(): more is a livelock */

struct fiber {
	void *sp;      /* while it does not run */
	void *back_sp; /* of whoever resumed it */
	void *stack;
	void *fake, *back_fake; /* AddressSanitizer's: ours, the resumer's */
	const void *back_bottom;
	size_t back_size;
};

/*
 * Stores the stack pointer at *save and goes on at the one given: the callee-saved registers of the
 * x86-64 ABI lie on top of it, then the address to return to. (swapcontext() would make a system call
 * each time and has AddressSanitizer print a warning.)
 */
void hosted_switch(void **save, void *to);
__asm__(".text\n"
	".globl hosted_switch\n"
	".type hosted_switch, @function\n"
	"hosted_switch:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size hosted_switch, . - hosted_switch\n");

/* The fiber that runs now, NULL on the process's own stack. */
static struct hosted_domain *running;

bool hosted_on_fiber(const struct hosted_domain *d)
{
	return running == d && d;
}

void hosted_sched_reset(void)
{
	running = NULL;
}

/* ---------------------------------------------------------------- fibers */

/* From a fiber to whoever resumed it. `last`: never to be resumed again. */
static void fiber_leave(struct hosted_domain *d, bool last)
{
	struct fiber *f = d->fiber;

	running = NULL;
#ifdef HOSTED_ASAN
	__sanitizer_start_switch_fiber(last ? NULL : &f->fake, f->back_bottom, f->back_size);
#else
	(void)last;
#endif
	hosted_switch(&f->sp, f->back_sp);
#ifdef HOSTED_ASAN
	__sanitizer_finish_switch_fiber(f->fake, &f->back_bottom, &f->back_size);
#endif
	running = d;
}

static void fiber_resume(struct hosted_domain *d)
{
	struct fiber *f = d->fiber;
	struct hosted_domain *before = hosted_set_cur(d);

	if (running)
		hosted_misuse("domain %u pumps the machine from inside", running->id);
	running = d;
#ifdef HOSTED_ASAN
	/* What the domain allocates dies with it: no leak of ours (hosted.h). */
	__lsan_disable();
	__sanitizer_start_switch_fiber(&f->back_fake, f->stack, HOSTED_STACK_SIZE);
#endif
	hosted_switch(&f->back_sp, f->sp);
#ifdef HOSTED_ASAN
	__sanitizer_finish_switch_fiber(f->back_fake, NULL, NULL);
	__lsan_enable();
#endif
	hosted_set_cur(before);
}

static void domain_main(void);

static void fiber_new(struct hosted_domain *d)
{
	struct fiber *f = hosted_zalloc(1, sizeof(*f));
	uintptr_t *sp;

	f->stack = mmap(NULL, HOSTED_STACK_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->stack == MAP_FAILED)
		hosted_misuse("the host has no memory for a stack");
	mprotect(f->stack, HV_PAGE_SIZE, PROT_NONE); /* an overflow must not go unseen */
	/* Seven words for hosted_switch() to take off, and a zero where domain_main() would return to. */
	sp = (uintptr_t *)((char *)f->stack + HOSTED_STACK_SIZE) - 8;
	sp[6] = (uintptr_t)domain_main;
	f->sp = sp;
	d->fiber = f;
}

void hosted_fiber_free(struct hosted_domain *d)
{
	if (!d->fiber)
		return;
	if (running == d)
		hosted_misuse("domain %u destroys itself", d->id);
#ifdef HOSTED_ASAN
	/* Frames that never returned left their red zones behind. */
	__asan_unpoison_memory_region(d->fiber->stack, HOSTED_STACK_SIZE);
#endif
	munmap(d->fiber->stack, HOSTED_STACK_SIZE);
	free(d->fiber);
	d->fiber = NULL;
}

/* ---------------------------------------------------------------- a domain's event loop */

/* Something is due for the domain now. */
static bool due(struct hosted_domain *d)
{
	struct hosted_domain *before;
	uint64_t deadline;

	if (d->state != HOSTED_RUNNING)
		return false;
	if (!d->started)
		return d->start != NULL;
	if (d->common.exiting || d->common.work_head || d->wake_at <= d->h->now)
		return true;
	before = hosted_set_cur(d);
	deadline = hv_common_next_deadline();
	hosted_set_cur(before);
	return (deadline != UINT64_MAX && deadline + d->created <= d->h->now) ||
	       hosted_evtchn_due(d) || hosted_watch_due(d);
}

/* One pass over everything that is due. True when anything ran. */
static bool slice(struct hosted_domain *d)
{
	bool any;

	if (d->upcall)
		d->upcalls++;
	d->upcall = false;
	any = hosted_evtchn_run(d);
	any |= hosted_watch_run(d);
	any |= hv_common_run_timers();
	any |= hv_common_run_work(WORK_PER_SLICE);
	return any;
}

/* Gives the processor away; when nothing is due, until something is, as SCHEDOP_block does. */
static void yield(struct hosted_domain *d)
{
	if (hosted_cur() != d)
		hosted_misuse("domain %u waits inside hosted_enter() of domain %u", d->id,
			      hosted_cur()->id);
	if (!due(d))
		hv_common_count(__HYPERVISOR_sched_op, SCHEDOP_block);
	fiber_leave(d, false);
}

/* The domain's code ends here; what it holds stays until it is destroyed. */
static void __attribute__((noreturn)) domain_end(struct hosted_domain *d)
{
	if (d->state == HOSTED_RUNNING)
		d->state = HOSTED_SHUTDOWN;
	/* xenstored hears of it through VIRQ_DOM_EXC and tells the watchers (check_domains()). */
	hosted_xs_special(d->h->xs, "@releaseDomain");
	fiber_leave(d, true);
	hosted_misuse("domain %u came back from its end", d->id);
}

void hosted_fiber_crash(struct hosted_domain *d)
{
	d->state = HOSTED_CRASHED;
	domain_end(d);
}

static void domain_main(void)
{
	struct hosted_domain *d = running;
	int ret = 0;

#ifdef HOSTED_ASAN
	__sanitizer_finish_switch_fiber(NULL, &d->fiber->back_bottom, &d->fiber->back_size);
#endif
	if (d->start && !d->started) {
		d->started = true;
		ret = d->start(d->argc, d->argv);
	}
	d->started = true;
	if (ret < 0)
		hv_exit(ret);
	for (;;) {
		slice(d);
		if (d->common.exiting)
			break;
		yield(d);
	}
	domain_end(d);
}

/* ---------------------------------------------------------------- rounds */

/* xorshift64: cheap, and the same everywhere. */
static uint64_t shuffle_next(struct hosted *h)
{
	h->shuffle ^= h->shuffle << 13;
	h->shuffle ^= h->shuffle >> 7;
	h->shuffle ^= h->shuffle << 17;
	return h->shuffle;
}

static bool resume_if_due(struct hosted_domain *d)
{
	if (!d || !due(d))
		return false;
	if (!d->fiber)
		fiber_new(d);
	fiber_resume(d);
	return true;
}

/* True when anybody ran. */
static bool round_robin(struct hosted *h)
{
	unsigned int first = 0;
	bool any = false;

	if (h->shuffle)
		first = (unsigned int)(shuffle_next(h) % HOSTED_DOMS);
	for (unsigned int i = 0; i < HOSTED_DOMS; i++)
		any |= resume_if_due(h->doms[(first + i) % HOSTED_DOMS]);
	return any;
}

/* Earliest time at which anybody has something to do, or UINT64_MAX. */
static uint64_t next_deadline(struct hosted *h)
{
	uint64_t next = UINT64_MAX;

	for (unsigned int i = 0; i < HOSTED_DOMS; i++) {
		struct hosted_domain *d = h->doms[i], *before;
		uint64_t t;

		if (!d || d->state != HOSTED_RUNNING)
			continue;
		before = hosted_set_cur(d);
		t = hv_common_next_deadline();
		hosted_set_cur(before);
		if (t < UINT64_MAX - d->created && t + d->created < next)
			next = t + d->created;
		if (d->wake_at < next)
			next = d->wake_at;
	}
	return next;
}

int hosted_run(struct hosted *h, unsigned int max_rounds)
{
	while (max_rounds--) {
		if (!round_robin(h))
			return 0;
	}
	return -EBUSY;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static uint64_t add_time(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

int hosted_run_until(struct hosted *h, bool (*done)(void *arg), void *arg, uint64_t ns)
{
	uint64_t end = add_time(h->now, ns);
	unsigned int rounds = 0;

	for (;;) {
		uint64_t next;

		if (done(arg))
			return 0;
		if (round_robin(h)) {
			if (++rounds == ROUNDS_MAX)
				return -EBUSY;
			continue;
		}
		next = next_deadline(h);
		if (next > end)
			break;
		if (next <= h->now)
			hosted_misuse("a deadline passed and nobody ran");
		rounds = 0;
		h->now = next;
	}
	if (end != UINT64_MAX)
		h->now = end > h->now ? end : h->now;
	return done(arg) ? 0 : -ETIMEDOUT;
}

int hosted_advance(struct hosted *h, uint64_t ns)
{
	int ret = hosted_run_until(h, never, NULL, ns);

	return ret == -ETIMEDOUT ? 0 : ret;
}

/* ---------------------------------------------------------------- hv.h */

uint64_t hv_now(void)
{
	struct hosted_domain *d = hosted_cur();

	return d->h->now - d->created;
}

void hv_delay(uint64_t ns)
{
	HV_CHECK(ns <= HV_MS);
	hosted_cur()->h->now += ns;
}

/* The condition of a domain that the test acts as. */
struct outside_wait {
	struct hosted_domain *d;
	bool (*done)(void *arg);
	void *arg;
};

static bool outside_done(void *arg)
{
	struct outside_wait *w = arg;

	return w->d->common.exiting || w->done(w->arg);
}

static int loop_outside(struct hosted_domain *d, bool (*done)(void *arg), void *arg,
			uint64_t timeout)
{
	struct outside_wait w = {d, done, arg};
	int ret = hosted_run_until(d->h, outside_done, &w, timeout);

	if (ret == -EBUSY)
		hosted_misuse("domain %u: the machine never gets idle (livelock)", d->id);
	if (ret)
		return ret;
	return done(arg) ? 0 : -ESHUTDOWN;
}

int hv_loop_until(bool (*done)(void *arg), void *arg, uint64_t timeout)
{
	struct hosted_domain *d = hosted_cur();
	uint64_t outer = d->wake_at;
	uint64_t end = add_time(d->h->now, timeout);

	if (!hosted_on_fiber(d))
		return loop_outside(d, done, arg, timeout);
	for (;;) {
		if (done(arg) || (slice(d) && done(arg)))
			return 0;
		if (d->common.exiting)
			return -ESHUTDOWN;
		if (d->h->now >= end)
			return -ETIMEDOUT;
		d->wake_at = end;
		yield(d);
		d->wake_at = outer;
	}
}
