/* SPDX-License-Identifier: MIT */
/*
 * The model bus: how a GPU model is plugged into a machine.
 *
 * The model is a PCI function seen from its bus side. An embedder (the hosted port, the QEMU
 * device, a unit test) gives it memory to reach by DMA, a place to send interrupt messages and a
 * clock, and forwards configuration and BAR accesses. The model answers as the hardware does
 * according to public sources (docs/model.md) and never asks who its caller is.
 *
 * Not thread-safe: one call at a time. The exception is memory got from model_bar_ram() and
 * model_vram_ptr(), which may be read and written at any time, as VRAM may.
 *
 * Errors are negative errno values. A bus access has no error: hardware has none either. It reads
 * as ones where nothing answers and as 0xbad... where the GPU's own bus reports a failed access.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

/* PCI BAR numbers, as configuration space numbers them; 2 and 4 are the upper halves of 1 and 3. */
#define MODEL_BAR_REGS 0 /* 16 MiB of registers, 32-bit */
#define MODEL_BAR_FB   1 /* window on VRAM, 64-bit prefetchable ("BAR1") */
#define MODEL_BAR_INST 3 /* 32 MiB, 64-bit prefetchable; NVIDIA's "BAR2" */

#define MODEL_BAR_REGS_SIZE 0x01000000ull
#define MODEL_BAR_INST_SIZE 0x02000000ull

/*
 * Size of BAR 1 unless told. The board has 64 GiB, or 256 MiB in its display modes. The smaller is
 * the default: QEMU's q35 has a 32 GiB hole for 64-bit BARs, and a PV domain cannot afford page
 * tables for 64 GiB.
 */
#define MODEL_BAR1_DEFAULT 0x10000000ull

#define MODEL_CFG_SIZE	   4096 /* bytes of configuration space */
#define MODEL_MSIX_VECTORS 6

/*
 * What the embedder provides. Every callback gets the `ctx` of model_create(). None may call back
 * into the model, except where a comment says so. All but dma_read, dma_write, msi and time_ns may
 * be NULL.
 */
struct model_bus_ops {
	/*
	 * A memory read or write by the device at a bus address, at most 4 KiB and never across a
	 * 4 KiB boundary. 0, or a negative errno when the platform refuses it (an IOMMU, no memory
	 * there). Only called while PCI_COMMAND.MASTER is set.
	 */
	int (*dma_read)(void *ctx, uint64_t addr, void *buf, size_t len);
	int (*dma_write)(void *ctx, uint64_t addr, const void *buf, size_t len);
	/*
	 * A message-signalled interrupt: the 32-bit memory write that MSI or MSI-X makes, with the
	 * address and data that were programmed into the capability or the vector table. Masks and
	 * enables are already taken into account.
	 */
	void (*msi)(void *ctx, uint64_t addr, uint32_t data);
	/* Nanoseconds of a clock that never goes back. */
	uint64_t (*time_ns)(void *ctx);
	/* One line for a human, without newline. */
	void (*log)(void *ctx, const char *line);
	/*
	 * What model_bar_ram() answers for this BAR has changed. The old pointer stays valid, but
	 * an access through it would no longer mean what the hardware means. model_bar_ram() may be
	 * called.
	 */
	void (*bar_ram_changed)(void *ctx, int bar);
	/*
	 * Software started a function-level reset through configuration space; configuration space
	 * now has its reset values, so BARs and the command register read 0.
	 */
	void (*flr_done)(void *ctx);
	/*
	 * The board passed a point that costs are counted between: "first-touch", just before the
	 * first access to a BAR since power-on or reset is answered; "init-done", when GSP-RM has said
	 * that it is up; "line-written", when software wrote PCI's interrupt line register, which no
	 * device looks at, so that software can name moments of its own. model_stats_get() may be called.
	 */
	void (*milestone)(void *ctx, const char *name);
	/*
	 * Engines have something to do: model_run() is to be called soon, not from here. Without this
	 * callback what can be done is done before the access ends that brought the work.
	 */
	void (*kick)(void *ctx);
};

/* What a board is made of. Zero means the default. */
struct model_config {
	/*
	 * Which board, by its chip: ga102 (A40, the default), ad102 (L40), ga100 (A100), tu102 (Quadro
	 * RTX 8000), tu117 (T600); chip.c has what differs.
	 */
	const char *chip;
	/*
	 * Bytes of memory chips: as many as the board has, 48 GiB on an A40, unless told. Must be n << s MiB with n < 64.
	 * Host memory is used only for what is written.
	 */
	uint64_t vram_bytes;
	/* Size of the window on VRAM: a power of two from 64 MiB to 64 GiB; 256 MiB unless told. */
	uint64_t bar1_bytes;
	/*
	 * With ECC (the default) 1/16 of the memory holds check bits, on boards whose memory has no room
	 * of its own for them.
	 */
	bool no_ecc;
	/*
	 * Boards are sold with one of the two: capability 0x68 reads as a null capability on A100
	 * and L20 boards, MSI-X is hidden on GeForce and RTX boards. By default the model has both.
	 */
	bool hide_msi, hide_msix;
	/*
	 * Let booters, bootloaders and GSP images run that carry no signature of the vendor's, if
	 * they have the right shape: for tests that make their own. Real boards do not.
	 */
	bool allow_unsigned;
	/* Faults planted from the start: names as for model_fault_set(), separated by spaces. */
	const char *faults;
	/*
	 * What work costs in model time: "NAME=VALUE" separated by commas, decimal, up to 1000000. In
	 * nanoseconds: entry (a GPFIFO entry, 200 unless told), method (10), semaphore (500), ce-launch
	 * (1500), switch (of channel groups, 5000), poll (between two looks at a semaphore, 1000); in
	 * picoseconds: ce-byte-ps and inline-byte-ps (40, that is 25 GB/s). NULL: those.
	 */
	const char *costs;
	/*
	 * Engines' time goes with time_ns(), instead of with work alone: what costs more than has passed is
	 * done later, and time in which nothing can be done passes too. For embedders with `kick`. Whose
	 * channels software stops and lets go on, and what work was done for them by then, is logged.
	 */
	bool follow_clock;
};

/* The first item of `costs` that model_create() would refuse; NULL if it would take them all. */
const char *model_costs_refused(const char *text);

/* Counters since creation; a reset does not clear them. */
struct model_stats {
	uint64_t mmio_reads, mmio_writes;	/* accesses that reached the model, all BARs */
	uint64_t unknown_reads, unknown_writes; /* of those, to registers the model does not have */
	uint64_t dma_reads, dma_writes;		/* callbacks made, refused ones included */
	uint64_t dma_bytes;			/* bytes moved by the successful ones */
	uint64_t dma_errors;			/* refused by the platform, or bus mastering off */
	uint64_t msis;				/* interrupt messages sent */
	uint64_t flrs;				/* function-level resets */
	uint64_t methods_ignored;		/* of engines that do not execute */
	uint64_t invalidations;			/* of the MMU, by register */
	uint64_t barriers;			/* of those, with SYS_MEMBAR */
};

/*
 * Powers a board up. VRAM holds garbage (a pseudo-random pattern, never zero), as after power-on.
 * `ops` must outlive the model; `config` is copied, may be NULL. 0 and *out, or -EINVAL for a chip,
 * size, cost or fault it cannot have, or follow_clock without kick, -ENOMEM.
 */
int model_create(const struct model_config *config, const struct model_bus_ops *ops, void *ctx,
		 struct model **out);
void model_destroy(struct model *m);

/*
 * Accesses of 1, 2, 4 or 8 bytes, naturally aligned, offset from the start of the BAR; values are
 * in the low bytes. With PCI_COMMAND.MEMORY clear, or past the end, reads give ones and writes
 * vanish.
 */
uint64_t model_mmio_read(struct model *m, int bar, uint64_t offset, unsigned int size);
void model_mmio_write(struct model *m, int bar, uint64_t offset, uint64_t value, unsigned int size);

/*
 * The same for many bytes of BAR 1 or 3 at any alignment: what write-combined or string accesses
 * do, at memory speed where the BAR maps memory.
 */
void model_bar_read(struct model *m, int bar, uint64_t offset, void *buf, size_t len);
void model_bar_write(struct model *m, int bar, uint64_t offset, const void *buf, size_t len);

/*
 * If the start of this BAR is plain memory now, where it is and how long; else NULL. It changes
 * with the BAR mode registers and with planted faults: see bar_ram_changed. Owned by the model.
 */
void *model_bar_ram(struct model *m, int bar, uint64_t *len);

/*
 * Configuration space; 1, 2 or 4 bytes, naturally aligned, offset below MODEL_CFG_SIZE. A write may
 * start a function-level reset (PCIe device control bit 15).
 */
uint32_t model_cfg_read(struct model *m, unsigned int offset, unsigned int size);
void model_cfg_write(struct model *m, unsigned int offset, uint32_t value, unsigned int size);

/*
 * Reset from outside, by the bus or the machine: falcons, interrupts, BAR modes and configuration space get
 * their reset values; VRAM keeps its contents. Does not call flr_done.
 */
void model_flr(struct model *m);

/*
 * Has engines work: up to 100 us of model time on each runlist that has work, or as much as takes the
 * host about a millisecond. MODEL_BUSY: there is more, call again. MODEL_WAITS: some channel waits for a
 * semaphore, which software may write at any time: call again after a while. MODEL_IDLE: not before the
 * next kick. A call too many does no harm. With follow_clock: what there was time for since the last call.
 */
enum model_work_left { MODEL_IDLE, MODEL_WAITS, MODEL_BUSY };
enum model_work_left model_run(struct model *m);
/* The same, up to ns of model time. */
enum model_work_left model_run_for(struct model *m, uint64_t ns);

/* VRAM as the GPU addresses it: usable bytes (without ECC's share) and where they lie. */
uint64_t model_vram_size(const struct model *m);
void *model_vram_ptr(struct model *m);

/*
 * SHA-256 of a range of VRAM as it is stored: planted faults on reads do not show. -ERANGE if the
 * range is not inside usable VRAM.
 */
int model_vram_hash(struct model *m, uint64_t base, uint64_t len, uint8_t out[32]);

/*
 * SHA-256 of the GSP firmware image that the booter was given last, of the bytes as DMA through the
 * radix3 tables brought them. -ENOENT if there was none, or not all of it could be read.
 */
int model_fwimage_hash(const struct model *m, uint8_t out[32]);

/*
 * Plants faults, at any time. `text` is one or more "name=value" separated by spaces, numbers as
 * strtoull() base 0 takes them; "none" removes all. The names:
 *   flip-vram-read=OFFSET   bit 0 of this VRAM byte reads inverted through a BAR or PRAMIN
 *   flip-vram-write=OFFSET  a write of this byte through a BAR or PRAMIN stores bit 0 inverted
 *   flip-rom=OFFSET         bit 0 of this byte of the ROM reads inverted
 *   flip-reg=OFFSET         bit 0 of this byte of a register in BAR 0 reads inverted
 *   flip-ucode=BASE+OFFSET  bit 0 of this byte of IMEM arrives inverted, when loaded by DMA; BASE is
 *                           the falcon's, 0x110000 (GSP) or 0x840000 (SEC2)
 *   flip-image=OFFSET       bit 0 of this byte of the GSP image arrives inverted
 *   gfw-progress=VALUE      what the board's own firmware says of its start, 0xff being done
 *   frts-error=CODE         FWSEC answers FRTS with this error
 *   sb-error=CODE           and SB
 *   booter-load-error=CODE, booter-unload-error=CODE
 *   wpr2-off-by=BYTES       FWSEC sets up the write-protected region that much too high
 *   wpr2-stuck=1            the unloader leaves it
 *   never-halts=BASE        this falcon, once started
 *   never-scrubbed=BASE     this falcon's memories are cleared for ever after a reset
 *   riscv-dead=1            the GSP's RISC-V core does not start
 *   gsp-silent=FUNCTION     the firmware never sends this message
 *   gsp-deaf=1              it takes no message any more: nothing is done, nothing answered
 *   rpc-result=CODE         all its messages have this result
 *   flip-rpc=OFFSET         bit 0 of this byte of all its messages is inverted, after the checksum;
 *                           the element header's 48 bytes count
 *   sequencer-address=ADDR  the firmware has the driver write to this register
 *   flr-keeps-wpr2=1        the write-protected region outlives a function-level reset that software starts
 *                           in configuration space, but not model_flr()
 *   tlb-keeps=1             the MMU forgets no translation
 *   tlb-stuck=1             an invalidation by register does nothing and is never done
 * After the start of the firmware:
 *   alloc-refused=CLASS     RM has no resources for an object of this class
 *   control-refused=CMD     this control fails, with NV_ERR_GENERIC
 *   flip-control=CMD<<32|OFFSET
 *                           bit 0 of this byte of the control's answer is inverted
 *   flip-answer=FUNCTION<<32|OFFSET
 *                           the same for what follows the header of a message
 *   vector-lost=VECTOR      this interrupt vector is never raised
 *   flip-pte=VA             in every address space, the lowest address bit of the entry that maps the page of
 *                           this virtual address is inverted
 *   flip-copy=OFFSET        bit 0 of this byte of every line that a copy engine copies is inverted
 *   flip-semaphore=BIT      this bit of every semaphore's payload that a channel releases is inverted
 *   gp-get-stuck=1          Host does not write back GP_GET
 *   alloc-silent=CLASS      RM makes an object of this class, and does not answer
 *   control-silent=CMD      this control is carried out, and not answered
 *   free-silent=CLASS       an object of this class is freed, without an answer
 *   free-refused=CLASS      RM does not free objects of this class alone: NV_ERR_GENERIC
 * -EINVAL for an unknown name or a bad value; then nothing of `text` is planted.
 */
int model_fault_set(struct model *m, const char *text);

/*
 * A board gone wild: it reads 64 bytes at a bus address that nobody gave it, and drops them. 0, -EIO
 * while bus mastering is off, or what the platform answered.
 */
int model_stray_read(struct model *m, uint64_t addr);

void model_stats_get(const struct model *m, struct model_stats *out);

/*
 * Engine time as the members of a JSON object, without its braces: "time_ns" (the global model time),
 * "engines" (name, busy_ns), "runlists" (time_ns, switches, switching_ns) and "groups": for each channel
 * group that is there, 64 at most ("groups_left_out" counts the others), runlist, id, client, handle,
 * timeslice_us, channels, engine_ns, bytes, entries, methods, ignored. Then how many there are now: "objects"
 * (RM's, of all clients), "channels", "spaces", "directories" (of those), "directories_left" (of spaces
 * that are gone). To be freed with free(); NULL: no memory.
 */
char *model_engine_stats(const struct model *m);

/*
 * What of the model has been asked for since it was made, as JSON: an object with an array of numbers for
 * each kind that trace.h has, and how many did not find room ("dropped"). The caller frees it; NULL
 * without memory.
 */
char *model_trace_json(const struct model *m);

#endif /* MODEL_H */
