/* SPDX-License-Identifier: MIT */
/*
 * push.h - push buffers and GPFIFO entries, for whoever submits work: the driver domain's own channel, guests,
 * tests. Words are put behind each other into memory of the caller's; nothing else is needed.
 *
 * A GPFIFO is a ring of entries of 8 bytes, each naming a push buffer by virtual address and length. In a
 * push buffer a header says which method, of which subchannel, and how many words of data follow for it
 * and the methods after it. Virtual addresses are 40 bits wide.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, class/clc56f.h (AMPERE_CHANNEL_GPFIFO_A), clc7b5.h
 * (AMPERE_DMA_COPY_B), cla140.h (KEPLER_INLINE_TO_MEMORY_B), clc797.h; manuals/ampere/ga100/dev_ram.ref.txt
 * (subchannels); NVIDIA/open-gpu-doc, manuals/volta/gv100/dev_pbdma.ref.txt, dev_userd.ref.txt.
 */
#ifndef NV_PUSH_H
#define NV_PUSH_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* USERD, byte offsets: Host writes how far it is, the owner up to where the entries go. */
#define PUSH_USERD_GP_GET 0x88u
#define PUSH_USERD_GP_PUT 0x8cu

/* Host's methods: of any subchannel. */
#define NVC56F_SET_OBJECT	   0x00u
#define NVC56F_NON_STALL_INTERRUPT 0x20u
#define NVC56F_MEM_OP_A		   0x28u /* to MEM_OP_D, 0x34 */
#define NVC56F_SEM_ADDR_LO	   0x5cu /* then ADDR_HI, PAYLOAD_LO, PAYLOAD_HI, EXECUTE */
#define NVC56F_WFI		   0x78u

#define NVC56F_SEM_EXECUTE_ACQUIRE	      0x0u
#define NVC56F_SEM_EXECUTE_RELEASE	      0x1u
#define NVC56F_SEM_EXECUTE_ACQ_CIRC_GEQ	      0x3u
#define NVC56F_SEM_EXECUTE_ACQUIRE_SWITCH_TSG (1u << 12)
#define NVC56F_SEM_EXECUTE_RELEASE_WFI	      (1u << 20)
#define NVC56F_WFI_SCOPE_ALL		      1u

/* The copy class: on subchannel 4 it is reached on runlists of copy engines and of graphics alike. */
#define PUSH_COPY_SUBCHANNEL		      4u
#define NVC7B5				      0xc7b5u
#define NVC7B5_SET_SRC_PHYS_MODE	      0x260u
#define NVC7B5_SET_DST_PHYS_MODE	      0x264u
#define NVC7B5_LAUNCH_DMA		      0x300u
#define NVC7B5_OFFSET_IN_UPPER		      0x400u /* then IN_LOWER, OUT_UPPER, OUT_LOWER, PITCH_IN, */
#define NVC7B5_SET_REMAP_CONST_A	      0x700u /* PITCH_OUT, LINE_LENGTH_IN, LINE_COUNT */
#define NVC7B5_SET_REMAP_COMPONENTS	      0x708u
#define NVC7B5_LAUNCH_DMA_NON_PIPELINED	      0x2u
#define NVC7B5_LAUNCH_DMA_FLUSH		      (1u << 2)
#define NVC7B5_LAUNCH_DMA_INTERRUPT	      (2u << 5) /* INTERRUPT_TYPE_NON_BLOCKING */
#define NVC7B5_LAUNCH_DMA_SRC_PITCH	      (1u << 7)
#define NVC7B5_LAUNCH_DMA_DST_PITCH	      (1u << 8)
#define NVC7B5_LAUNCH_DMA_MULTI_LINE	      (1u << 9)
#define NVC7B5_LAUNCH_DMA_REMAP		      (1u << 10)
#define NVC7B5_LAUNCH_DMA_SRC_PHYSICAL	      (1u << 12)
#define NVC7B5_LAUNCH_DMA_DST_PHYSICAL	      (1u << 13)
#define NVC7B5_SET_REMAP_COMPONENTS_4_BYTES   (3u << 16) /* of one component, which is: */
#define NVC7B5_SET_REMAP_COMPONENTS_X_CONST_A 4u

/*
 * Classes of graphics, each on a subchannel of its own on the runlist of graphics: 3D, compute, inline-to-memory, 2D.
 * 3D and compute have the methods of inline-to-memory too, and release semaphores themselves.
 */
#define PUSH_3D			0u
#define PUSH_COMPUTE		1u
#define PUSH_INLINE		2u
#define PUSH_2D			3u
#define NVA140			0xa140u
#define NVA140_LINE_LENGTH_IN	0x180u /* then LINE_COUNT, OFFSET_OUT_UPPER, OFFSET_OUT, PITCH_OUT */
#define NVA140_LAUNCH_DMA	0x1b0u
#define NVA140_LOAD_INLINE_DATA 0x1b4u
#define NVA140_LAUNCH_DMA_PITCH 0x1u
/* Of 3D and compute: A to D, the last of which goes. */
#define NVC797_SET_REPORT_SEMAPHORE_A	       0x1b00u
#define NVC797_SET_REPORT_SEMAPHORE_D_ONE_WORD (1u << 28)
#define NVC797_SET_REPORT_SEMAPHORE_D_RELEASE  0u

/* A push buffer that is being written. */
struct push {
	uint32_t *words;
	uint32_t n, room; /* words */
	bool full;	  /* something did not fit: it is not complete */
};

static inline void push_word(struct push *p, uint32_t word)
{
	if (p->n == p->room)
		p->full = true;
	else
		p->words[p->n++] = word;
}

/* The header of `count` words of data for this method and those that follow it. */
static inline void push_method(struct push *p, uint32_t subchannel, uint32_t method, uint32_t count)
{
	push_word(p, 1u << 29 | count << 16 | subchannel << 13 | method / 4);
}

/* A method with one word. */
static inline void push_one(struct push *p, uint32_t subchannel, uint32_t method, uint32_t data)
{
	push_method(p, subchannel, method, 1);
	push_word(p, data);
}

/* Says which class the subchannel is used as. */
static inline void push_set_object(struct push *p, uint32_t subchannel, uint32_t class_id)
{
	push_one(p, subchannel, NVC56F_SET_OBJECT, class_id);
}

static inline void push_places(struct push *p, uint64_t from, uint64_t to)
{
	push_word(p, (uint32_t)(from >> 32));
	push_word(p, (uint32_t)from);
	push_word(p, (uint32_t)(to >> 32));
	push_word(p, (uint32_t)to);
}

/* Copies `lines` lines of `bytes` each, pitch bytes apart on both sides; `more` goes into LAUNCH_DMA too. */
static inline void push_copy_with(struct push *p, uint64_t from, uint64_t to, uint32_t pitch,
				  uint32_t bytes, uint32_t lines, uint32_t more)
{
	push_method(p, PUSH_COPY_SUBCHANNEL, NVC7B5_OFFSET_IN_UPPER, 8);
	push_places(p, from, to);
	push_word(p, pitch);
	push_word(p, pitch);
	push_word(p, bytes);
	push_word(p, lines);
	push_one(p, PUSH_COPY_SUBCHANNEL, NVC7B5_LAUNCH_DMA,
		 NVC7B5_LAUNCH_DMA_NON_PIPELINED | NVC7B5_LAUNCH_DMA_FLUSH |
			 NVC7B5_LAUNCH_DMA_SRC_PITCH | NVC7B5_LAUNCH_DMA_DST_PITCH |
			 NVC7B5_LAUNCH_DMA_MULTI_LINE | more);
}

static inline void push_copy(struct push *p, uint64_t from, uint64_t to, uint32_t pitch,
			     uint32_t bytes, uint32_t lines)
{
	push_copy_with(p, from, to, pitch, bytes, lines, 0);
}

/* Fills `words` words from a virtual address on. */
static inline void push_fill(struct push *p, uint64_t to, uint32_t value, uint32_t words)
{
	push_one(p, PUSH_COPY_SUBCHANNEL, NVC7B5_SET_REMAP_CONST_A, value);
	push_one(p, PUSH_COPY_SUBCHANNEL, NVC7B5_SET_REMAP_COMPONENTS,
		 NVC7B5_SET_REMAP_COMPONENTS_4_BYTES | NVC7B5_SET_REMAP_COMPONENTS_X_CONST_A);
	/* The length of a line is in components then; nothing is read. */
	push_copy_with(p, to, to, 4 * words, words, 1, NVC7B5_LAUNCH_DMA_REMAP);
}

static inline void push_semaphore(struct push *p, uint64_t va, uint32_t payload, uint32_t execute)
{
	push_method(p, 0, NVC56F_SEM_ADDR_LO, 5);
	push_word(p, (uint32_t)va);
	push_word(p, (uint32_t)(va >> 32));
	push_word(p, payload);
	push_word(p, 0);
	push_word(p, execute);
}

/* Writes the 32-bit value to va, a multiple of 4, when everything before is done. */
static inline void push_release(struct push *p, uint64_t va, uint32_t payload)
{
	push_semaphore(p, va, payload, NVC56F_SEM_EXECUTE_RELEASE | NVC56F_SEM_EXECUTE_RELEASE_WFI);
}

/*
 * The same, and then the engine's interrupt: who sleeps until something has ended looks again. (The copy class has
 * both in one LAUNCH_DMA; Host's order is that of its methods, as in nouveau's gv100_fence.c.)
 */
static inline void push_release_awaken(struct push *p, uint64_t va, uint32_t payload)
{
	push_release(p, va, payload);
	push_one(p, 0, NVC56F_NON_STALL_INTERRUPT, 0);
}

/* Waits until the 32-bit value at va has reached the payload; others run meanwhile. */
static inline void push_acquire(struct push *p, uint64_t va, uint32_t payload)
{
	push_semaphore(p, va, payload,
		       NVC56F_SEM_EXECUTE_ACQ_CIRC_GEQ | NVC56F_SEM_EXECUTE_ACQUIRE_SWITCH_TSG);
}

/* Writes `n` words, which come along, to a virtual address; by a class that has the methods of inline-to-memory. */
static inline void push_inline(struct push *p, uint32_t subchannel, uint64_t to,
			       const uint32_t *words, uint32_t n)
{
	push_method(p, subchannel, NVA140_LINE_LENGTH_IN, 5);
	push_word(p, 4 * n);
	push_word(p, 1);
	push_word(p, (uint32_t)(to >> 32));
	push_word(p, (uint32_t)to);
	push_word(p, 4 * n);
	push_one(p, subchannel, NVA140_LAUNCH_DMA, NVA140_LAUNCH_DMA_PITCH);
	for (uint32_t i = 0; i < n; i++)
		push_one(p, subchannel, NVA140_LOAD_INLINE_DATA, words[i]);
}

/* 3D or compute writes the 32-bit value to va, a multiple of 4. */
static inline void push_report(struct push *p, uint32_t subchannel, uint64_t va, uint32_t payload)
{
	push_method(p, subchannel, NVC797_SET_REPORT_SEMAPHORE_A, 4);
	push_word(p, (uint32_t)(va >> 32));
	push_word(p, (uint32_t)va);
	push_word(p, payload);
	push_word(p,
		  NVC797_SET_REPORT_SEMAPHORE_D_RELEASE | NVC797_SET_REPORT_SEMAPHORE_D_ONE_WORD);
}

/* Waits until the engines have done what they were told. */
static inline void push_wfi(struct push *p)
{
	push_one(p, 0, NVC56F_WFI, NVC56F_WFI_SCOPE_ALL);
}

/* The GPFIFO entry of a push buffer of this many bytes, both multiples of 4. */
static inline uint64_t push_entry(uint64_t va, uint32_t bytes)
{
	return (uint64_t)(bytes / 4) << 42 | (va & 0xfffffffffcull);
}

#endif /* NV_PUSH_H */
