/* SPDX-License-Identifier: MIT */
/*
 * time.c - Xen's system time, read without a hypercall, and the single-shot timer.
 *
 * Xen keeps (tsc_timestamp, system_time, scale) in the shared page and makes `version` odd while it
 * changes them: time = system_time + ((tsc - tsc_timestamp) << shift) * mul / 2^32 (xen.h, struct
 * vcpu_time_info). Recalibration may make that step back by a few ns; hv_now() does not.
 */
#include "hv/xen/hypercall.h"
#include "hv/xen/time.h"

static uint64_t boot; /* system time when the domain started */
static uint64_t last; /* latest value of hv_now() */
static uint64_t armed_at = UINT64_MAX;
static hv_port_t timer_port;

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	/* lfence: not before what precedes it in the program */
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static uint64_t system_time(void)
{
	const volatile struct vcpu_time_info *t = &hv_xen_shared_info->vcpu_info[0].time;
	uint64_t delta, base;
	uint32_t version, mul;
	int8_t shift;

	do {
		version = t->version;
		hv_rmb();
		delta = rdtsc() - t->tsc_timestamp;
		base = t->system_time;
		mul = t->tsc_to_system_mul;
		shift = t->tsc_shift;
		hv_rmb();
	} while ((version & 1) || version != t->version);
	delta = shift < 0 ? delta >> -shift : delta << shift;
	return base + (uint64_t)((unsigned __int128)delta * mul >> 32);
}

uint64_t hv_now(void)
{
	uint64_t now = system_time() - boot;

	if ((int64_t)(now - last) > 0)
		last = now;
	return last;
}

void hv_delay(uint64_t ns)
{
	uint64_t start = hv_now();

	HV_CHECK(ns <= HV_MS);
	while (hv_now() - start < ns)
		__asm__ volatile("pause");
}

void hv_xen_time_wall(uint64_t *seconds, uint32_t *ns)
{
	const volatile struct shared_info *s = hv_xen_shared_info;
	uint64_t since, base;
	uint32_t version, base_ns;

	do {
		version = s->wc_version;
		hv_rmb();
		base = (uint64_t)s->wc_sec_hi << 32 | s->wc_sec;
		base_ns = s->wc_nsec;
		hv_rmb();
	} while ((version & 1) || version != s->wc_version);
	since = hv_now() + boot + base_ns;
	*seconds = base + since / HV_S;
	*ns = since % HV_S;
}

/* Only the wake-up matters; the loop looks at its timers after every one. */
static void timer_fired(hv_port_t port, void *arg)
{
	(void)port;
	(void)arg;
}

hv_port_t hv_xen_time_port(void)
{
	return timer_port;
}

void hv_xen_time_spent(void)
{
	armed_at = UINT64_MAX;
}

void hv_xen_time_wake_at(uint64_t deadline)
{
	struct vcpu_set_singleshot_timer op = {.timeout_abs_ns = deadline + boot};

	/*
	 * Never, or in some 290 years. An earlier wake-up that is still armed costs less than
	 * stopping it: it finds no work.
	 */
	if (deadline > INT64_MAX)
		return;
	/*
	 * Armed for that time already, and not spent? Whether it is spent only its event tells: Xen
	 * fires by its own clock, which may be ahead of hv_now() (TIMER_SLOP of common/timer.c, or
	 * processors whose clocks drift apart).
	 */
	if (deadline == armed_at)
		return;
	/* A time that has passed fires at once. */
	HV_CHECK(hv_hypercall_vcpu(VCPUOP_set_singleshot_timer, &op) == 0);
	armed_at = deadline;
}

void hv_xen_time_init(void)
{
	int port;

	boot = system_time();
	/* Xen starts a PV vCPU with a 10 ms tick for kernels of old. */
	HV_CHECK(hv_hypercall_vcpu(VCPUOP_stop_periodic_timer, NULL) == 0);
	port = hv_xen_bind_virq(VIRQ_TIMER, timer_fired, NULL);
	HV_CHECK(port > 0);
	timer_port = (hv_port_t)port;
}
