/* SPDX-License-Identifier: MIT */
/*
 * traps.h - faults end the domain with a report; nothing in this domain recovers from one.
 */
#ifndef HV_XEN_TRAPS_H
#define HV_XEN_TRAPS_H

#include <stdint.h>

/* As pushed by entry.S, lowest address first. */
struct hv_xen_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Registers the fault handlers and the event upcall with Xen. */
void hv_xen_traps_init(void);

#endif /* HV_XEN_TRAPS_H */
