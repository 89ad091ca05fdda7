/* SPDX-License-Identifier: MIT */
/*
 * boot.S - what the domain builder reads (ELF notes) and the first instructions.
 *
 * At entry (xen: tools/libs/guest/xg_dom_x86.c, vcpu_x86_64): ring 3, paging on, rsi = address of
 * the start_info page, rsp = top of the builder's one-page stack, events masked.
 *
 * PADDR_OFFSET equal to VIRT_BASE says that physical addresses in the ELF file are virtual ones, so
 * the image lands at pseudo-physical page 0.
 */
#include <xen/elfnote.h>

#include "hv/xen/stack.h"

.macro note type, value:vararg
	.section .note.Xen, "a", @note
	.balign 4
	.long 2f - 1f
	.long 4f - 3f
	.long \type
1:	.asciz "Xen"
2:	.balign 4
3:	\value
4:	.balign 4
.endm

	note XEN_ELFNOTE_GUEST_OS,	.asciz "xen-vgpu"
	note XEN_ELFNOTE_LOADER,	.asciz "generic"
	note XEN_ELFNOTE_XEN_VERSION,	.asciz "xen-3.0"
	note XEN_ELFNOTE_VIRT_BASE,	.quad hv_xen_image_start
	note XEN_ELFNOTE_PADDR_OFFSET,	.quad hv_xen_image_start
	note XEN_ELFNOTE_ENTRY,		.quad hv_xen_entry

	.section .text.entry, "ax", @progbits
	.globl hv_xen_entry
hv_xen_entry:
	cld
	mov	%rsi, %rdi		/* struct start_info * */
	mov	%rsp, %rsi		/* end of what the builder has used */
	mov	$hv_xen_stack + HV_XEN_STACK_SIZE, %rsp
	/* x87 and SSE at their defaults; newlib's printf needs them. */
	fninit
	ldmxcsr	mxcsr_default(%rip)
	xor	%ebp, %ebp		/* backtraces end here */
	call	hv_xen_start
	ud2

	.section .rodata, "a", @progbits
	.balign 4
mxcsr_default:
	.long 0x1f80			/* all exceptions masked, round to nearest */

/*
 * The page below the stack is taken out of the address space by mm.c: running over the end then
 * ends the domain at once (Xen cannot deliver the fault on that same stack) and cannot overwrite
 * data silently.
 */
	.section .bss.page_aligned, "aw", @nobits
	.balign 4096
	.globl hv_xen_stack_guard, hv_xen_stack
hv_xen_stack_guard:
	.skip 4096
hv_xen_stack:
	.skip HV_XEN_STACK_SIZE

	.section .note.GNU-stack, "", @progbits
