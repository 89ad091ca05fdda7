/* SPDX-License-Identifier: MIT */
/*
 * stack.h - the one stack of the domain, for C and assembly.
 *
 * 64 KiB: the deepest user is newlib's printf with long double (about 6 KiB) below a handler.
 */
#ifndef HV_XEN_STACK_H
#define HV_XEN_STACK_H

#define HV_XEN_STACK_SIZE 65536

#ifndef __ASSEMBLER__
extern char hv_xen_stack_guard[4096];
extern char hv_xen_stack[HV_XEN_STACK_SIZE];
#endif

#endif /* HV_XEN_STACK_H */
