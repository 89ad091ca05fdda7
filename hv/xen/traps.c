/* SPDX-License-Identifier: MIT */
/*
 * traps.c - the report that a fault or a panic leaves behind.
 *
 * Registers and a backtrace go to the console as plain addresses, to be resolved with
 * `addr2line -fe IMAGE ADDRESS...`; then the domain ends with SHUTDOWN_crash, which xl treats as
 * on_crash says. A fault while reporting ends it at once. A stack overflow cannot be reported from
 * here: the guard page is hit, Xen finds no stack to deliver the fault on, ends the domain and
 * prints its registers in Xen's own log.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hv/xen/console.h"
#include "hv/xen/hypercall.h"
#include "hv/xen/mm.h"
#include "hv/xen/stack.h"
#include "hv/xen/traps.h"
#include "hv/xen/xen.h"

#define BACKTRACE_MAX 24

/* entry.S */
void hv_xen_upcall(void);
void hv_xen_failsafe(void);
/* clang-format off */
#define TRAPS                                                                                      \
	TRAP(0) TRAP(1) TRAP(3) TRAP(4) TRAP(5) TRAP(6) TRAP(7) TRAP(10) TRAP(11) TRAP(12)         \
	TRAP(13) TRAP(14) TRAP(16) TRAP(17) TRAP(18) TRAP(19)
/* clang-format on */
#define TRAP(n) void hv_xen_trap_##n(void);
TRAPS
#undef TRAP

void hv_xen_trap(const struct hv_xen_frame *frame) __attribute__((noreturn));
void hv_xen_failsafe_panic(void) __attribute__((noreturn));

uint64_t hv_xen_upcall_count;

uint64_t hv_upcalls(void)
{
	return HV_READ_ONCE(hv_xen_upcall_count);
}

void hv_xen_traps_init(void)
{
	/* Bit 2 of flags: events stay masked. Level 3: may be raised by an instruction (int3). */
	static const struct trap_info table[] = {
#define TRAP(n) {n, 4 | ((n) == 3 || (n) == 4 ? 3 : 0), FLAT_KERNEL_CS, (uintptr_t)hv_xen_trap_##n},
		TRAPS
#undef TRAP
		{0},
	};
	struct callback_register event = {
		.type = CALLBACKTYPE_event,
		.address = (uintptr_t)hv_xen_upcall,
	};
	struct callback_register failsafe = {
		.type = CALLBACKTYPE_failsafe,
		.flags = CALLBACKF_mask_events,
		.address = (uintptr_t)hv_xen_failsafe,
	};
	long ret;

	ret = hv_hypercall(__HYPERVISOR_set_trap_table, 0, (uintptr_t)table, 0, 0, 0);
	HV_CHECK(ret == 0);
	ret = hv_hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, CALLBACKOP_register,
			   (uintptr_t)&event, 0, 0);
	HV_CHECK(ret == 0);
	ret = hv_hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, CALLBACKOP_register,
			   (uintptr_t)&failsafe, 0, 0);
	HV_CHECK(ret == 0);
}

static void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void report(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	hv_port_puts(line);
}

/*
 * True the first time. A second entry means that reporting failed: say just that. A third, that
 * even this failed.
 */
static bool report_begin(void)
{
	struct sched_shutdown crash = {.reason = SHUTDOWN_crash};
	static unsigned int entries;

	entries++;
	if (entries > 2)
		hv_hypercall_sched(SCHEDOP_shutdown, &crash);
	hv_xen_console_direct();
	if (entries == 2)
		hv_port_puts("panic: another fault while reporting one");
	return entries == 1;
}

/*
 * Frames as gcc builds them with -fno-omit-frame-pointer: [rbp] is the caller's rbp, [rbp + 8] the
 * address it will return to. Frames lie on our stack and ascend; anything else ends the walk.
 */
static void backtrace(uintptr_t rbp)
{
	uintptr_t low = (uintptr_t)hv_xen_stack;
	uintptr_t high = low + HV_XEN_STACK_SIZE;
	unsigned int i;

	for (i = 0; i < BACKTRACE_MAX; i++) {
		const uint64_t *frame = (const uint64_t *)rbp;

		if (rbp < low || rbp > high - 16 || rbp % 8 != 0)
			return;
		report("  #%u %016lx", i, frame[1]);
		low = rbp + 8;
		rbp = frame[0];
	}
}

static const char *trap_name(uint64_t vector)
{
	static const char *const names[] = {
		[0] = "divide error",
		[1] = "debug",
		[3] = "breakpoint",
		[4] = "overflow",
		[5] = "bounds",
		[6] = "invalid opcode",
		[7] = "no FPU",
		[10] = "invalid TSS",
		[11] = "segment not present",
		[12] = "stack fault",
		[13] = "general protection",
		[14] = "page fault",
		[16] = "x87 error",
		[17] = "alignment check",
		[18] = "machine check",
		[19] = "SIMD error",
	};

	return vector < sizeof(names) / sizeof(names[0]) && names[vector] ? names[vector] : "?";
}

void hv_xen_trap(const struct hv_xen_frame *f)
{
	if (report_begin()) {
		report("panic: %s (vector %lu), error %lx, cr2 %016lx", trap_name(f->vector),
		       f->vector, f->error,
		       hv_xen_shared_info ? hv_xen_shared_info->vcpu_info[0].arch.cr2 : 0);
		report("rip %016lx rsp %016lx rflags %08lx", f->rip, f->rsp, f->rflags);
		report("rax %016lx rbx %016lx rcx %016lx", f->rax, f->rbx, f->rcx);
		report("rdx %016lx rsi %016lx rdi %016lx", f->rdx, f->rsi, f->rdi);
		report("rbp %016lx r8  %016lx r9  %016lx", f->rbp, f->r8, f->r9);
		report("r10 %016lx r11 %016lx r12 %016lx", f->r10, f->r11, f->r12);
		report("r13 %016lx r14 %016lx r15 %016lx", f->r13, f->r14, f->r15);
		report("backtrace:");
		report("  at %016lx", f->rip);
		backtrace(f->rbp);
	}
	hv_xen_shutdown(SHUTDOWN_crash);
}

void hv_xen_failsafe_panic(void)
{
	hv_panic("Xen could not restore our segment registers");
}

void hv_panic(const char *fmt, ...)
{
	char line[512] = "panic: ";
	size_t used = strlen(line);
	va_list ap;

	if (report_begin()) {
		va_start(ap, fmt);
		vsnprintf(line + used, sizeof(line) - used, fmt, ap);
		va_end(ap);
		hv_port_puts(line);
		report("backtrace:");
		backtrace((uintptr_t)__builtin_frame_address(0));
	}
	hv_xen_shutdown(SHUTDOWN_crash);
}
