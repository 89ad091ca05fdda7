/* SPDX-License-Identifier: MIT */
/*
 * entry.S - where Xen enters this domain: event upcall, faults, failsafe.
 *
 * Xen delivers onto the running stack (hence -mno-red-zone everywhere) and leaves there, from rsp
 * upwards: rcx, r11, [error code,] rip, cs, rflags, rsp, ss (xen: arch/x86/x86_64/entry.S,
 * create_bounce_frame). The cs pushed for kernel mode has privilege level 0; iretq needs the real
 * 3. rflags may be restored as pushed: in ring 3 iretq leaves the interrupt flag alone.
 *
 * The upcall does nothing but count. Events are held masked (evtchn_upcall_mask = 1) except while
 * the domain sleeps in SCHEDOP_block, whose end the upcall is; pending bits are collected by the
 * loop (evtchn.c). Xen sets the mask when it makes the upcall, and the upcall leaves it set: it is
 * never interrupted by another one, so the usual fix-up of a critical region between unmasking and
 * iretq is not needed, and no code of ours or newlib's ever runs on top of interrupted code.
 */

	.text

	.globl hv_xen_upcall
hv_xen_upcall:
	incq	hv_xen_upcall_count(%rip)
	pop	%rcx
	pop	%r11
	orb	$3, 8(%rsp)
	iretq

/*
 * A fault. The frame that hv_xen_trap() gets is struct hv_xen_frame (traps.h): general registers
 * below vector and error code below Xen's frame.
 */
.macro trap vector, has_error=0
	.globl hv_xen_trap_\vector
hv_xen_trap_\vector:
	pop	%rcx
	pop	%r11
	.if	!\has_error
	push	$0
	.endif
	push	$\vector
	jmp	trap_common
.endm

	trap 0
	trap 1
	trap 3
	trap 4
	trap 5
	trap 6
	trap 7
	trap 10, 1
	trap 11, 1
	trap 12, 1
	trap 13, 1
	trap 14, 1
	trap 16
	trap 17, 1
	trap 18
	trap 19

trap_common:
	push	%rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	hv_xen_trap		/* does not return */
	ud2

/* Xen could not load our segment registers, which we never change. */
	.globl hv_xen_failsafe
hv_xen_failsafe:
	cld
	and	$-16, %rsp
	call	hv_xen_failsafe_panic	/* does not return */
	ud2

	.section .note.GNU-stack, "", @progbits
