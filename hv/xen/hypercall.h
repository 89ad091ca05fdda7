/* SPDX-License-Identifier: MIT */
/*
 * hypercall.h - how this domain calls Xen.
 *
 * A 64-bit PV domain calls Xen with the syscall instruction: number in rax, arguments in rdi, rsi,
 * rdx, r10, r8, result in rax; syscall itself destroys rcx and r11 (xen/arch-x86/xen-x86_64.h;
 * Xen's docs/guest-guide/x86/hypercall-abi.rst). The instruction stands inline instead of in Xen's
 * hypercall page, whose bare "ret"s carry no speculation defence (XSA-466).
 *
 * Every call is counted here, by number and sub-operation, before it is made.
 *
 * Results are raw: negative means a Xen error number. Callers pass them through hv_xen_errno().
 */
#ifndef HV_XEN_HYPERCALL_H
#define HV_XEN_HYPERCALL_H

/* Xen's headers use these types and do not ask for them. */
#include <stddef.h>
#include <stdint.h>

#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

#include "hv/common/common.h"

/* Unused arguments are passed as 0; Xen looks only at those the call defines. */
static inline long hv_hypercall(unsigned int nr, unsigned int sub, uint64_t a1, uint64_t a2,
				uint64_t a3, uint64_t a4)
{
	register uint64_t r10 __asm__("r10");
	register uint64_t r8 __asm__("r8");
	long ret = nr;

	hv_common_count(nr, sub);
	/* Only now: a call in between would be free to use these registers. */
	r10 = a4;
	r8 = 0;
	__asm__ volatile("syscall"
			 : "+a"(ret), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
			 :
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long hv_hypercall_event(unsigned int op, void *arg)
{
	return hv_hypercall(__HYPERVISOR_event_channel_op, op, op, (uintptr_t)arg, 0, 0);
}

static inline long hv_hypercall_sched(unsigned int op, void *arg)
{
	return hv_hypercall(__HYPERVISOR_sched_op, op, op, (uintptr_t)arg, 0, 0);
}

static inline long hv_hypercall_vcpu(unsigned int op, void *arg)
{
	return hv_hypercall(__HYPERVISOR_vcpu_op, op, op, 0, (uintptr_t)arg, 0);
}

static inline long hv_hypercall_grant(unsigned int op, void *args, unsigned int n)
{
	return hv_hypercall(__HYPERVISOR_grant_table_op, op, op, (uintptr_t)args, n, 0);
}

static inline long hv_hypercall_memory(unsigned int op, void *arg)
{
	return hv_hypercall(__HYPERVISOR_memory_op, op, op, (uintptr_t)arg, 0, 0);
}

static inline long hv_hypercall_physdev(unsigned int op, void *arg)
{
	return hv_hypercall(__HYPERVISOR_physdev_op, op, op, (uintptr_t)arg, 0, 0);
}

static inline long hv_hypercall_console_write(const char *text, unsigned int len)
{
	return hv_hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, CONSOLEIO_write, len,
			    (uintptr_t)text, 0);
}

/* One page-table entry of the running address space; the page table must exist. */
static inline long hv_hypercall_update_va(uintptr_t va, uint64_t pte, uint64_t flags)
{
	return hv_hypercall(__HYPERVISOR_update_va_mapping, 0, va, pte, flags, 0);
}

/* Checked page-table writes; `owner` is who owns the frames mapped (DOMID_SELF, DOMID_IO). */
static inline long hv_hypercall_mmu_update(struct mmu_update *reqs, unsigned int n, domid_t owner)
{
	return hv_hypercall(__HYPERVISOR_mmu_update, 0, (uintptr_t)reqs, n, 0, owner);
}

#endif /* HV_XEN_HYPERCALL_H */
