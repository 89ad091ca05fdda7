/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the GPU model share: the state of one board and the few calls between its
 * blocks. Nothing outside tests/model/ includes this file.
 */
#ifndef MODEL_INTERNAL_H
#define MODEL_INTERNAL_H

#include "chip.h"
#include "model.h"

#define MODEL_CFG_HEADER   256 /* bytes of configuration space that are not zero */
#define MODEL_LEAVES	   8   /* NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_LEAF__SIZE_1 */
#define MODEL_MAX_FAULTS   32
#define MODEL_FALCON_BLOCK 256	   /* bytes: IMEM tag granularity and largest DMA */
#define MODEL_FALCON_MEM   0x10000 /* bytes of IMEM, and of DMEM */

/* Inclusive bit field masks, as the vendor headers name them: 31:28 is BITS(31, 28). */
#define BIT(n)	     (1u << (n))
#define BITS(hi, lo) ((~0u >> (31 - (hi))) & (~0u << (lo)))

/* What faults.c can break; its table says what each one takes. */
enum model_fault_kind {
	MODEL_FLIP_VRAM_READ,
	MODEL_FLIP_VRAM_WRITE,
	MODEL_FLIP_ROM,
	MODEL_FLIP_REG,
	MODEL_FLIP_UCODE,
	MODEL_FLIP_IMAGE,
	MODEL_GFW_PROGRESS,
	MODEL_FRTS_ERROR,
	MODEL_SB_ERROR,
	MODEL_BOOTER_LOAD_ERROR,
	MODEL_BOOTER_UNLOAD_ERROR,
	MODEL_WPR2_OFF_BY,
	MODEL_WPR2_STUCK,
	MODEL_NEVER_HALTS,
	MODEL_NEVER_SCRUBBED,
	MODEL_RISCV_DEAD,
	MODEL_GSP_SILENT,
	MODEL_GSP_DEAF,
	MODEL_RPC_RESULT,
	MODEL_FLIP_RPC,
	MODEL_SEQUENCER_ADDRESS,
	MODEL_FLR_KEEPS_WPR2,
	MODEL_TLB_KEEPS,
	MODEL_TLB_STUCK,
	MODEL_ALLOC_REFUSED,
	MODEL_CONTROL_REFUSED,
	MODEL_FLIP_CONTROL,
	MODEL_FLIP_ANSWER,
	MODEL_VECTOR_LOST,
	MODEL_FLIP_PTE,
	MODEL_FLIP_COPY,
	MODEL_FLIP_SEMAPHORE,
	MODEL_GP_GET_STUCK,
	MODEL_ALLOC_SILENT,
	MODEL_CONTROL_SILENT,
	MODEL_FREE_SILENT,
	MODEL_FREE_REFUSED,
};

struct model_fault {
	enum model_fault_kind kind;
	uint64_t value;
};

struct model_msix_entry {
	uint32_t addr_lo, addr_hi, data, control;
};

/* What the boot ROM has verified and let run on a falcon. */
enum model_ucode { MODEL_UCODE_NONE, MODEL_UCODE_FWSEC, MODEL_BOOTER_LOAD, MODEL_BOOTER_UNLOAD };

struct model_intr {
	uint32_t leaf[MODEL_LEAVES], leaf_en[MODEL_LEAVES], top_en;
	bool line; /* the tree's output, as last seen */
	struct model_msix_entry msix[MODEL_MSIX_VECTORS];
	uint32_t pba; /* one pending bit a vector */
};

struct model_fb {
	uint8_t *vram;
	uint64_t size;	 /* usable bytes */
	uint32_t range;	 /* NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE */
	uint32_t window; /* NV_PBUS_BAR0_WINDOW */
	uint32_t bar1_block, bar2_block;
	uint32_t flush_lo, flush_hi; /* system memory flush page */
	uint64_t wpr2_lo, wpr2_hi;   /* write-protected region 2, end excluded; hi 0: none */
	void *bar_ram[2];	     /* last answers of model_bar_ram(): BAR 1, BAR 3 */
	uint32_t invalidate[3];	     /* NV_VF_PRIV_MMU_INVALIDATE_PDB, _UPPER_PDB, the rest */
	unsigned int bar_faults;     /* logged */
	struct model_tlb *tlb;
};

/* What tells one falcon from another. */
struct model_falcon_kind {
	const char *name;
	uint32_t base;	 /* in BAR 0; the second page of registers is 0x1000 further */
	uint32_t engine; /* its bit in BROM_ENGIDMASK */
	bool boot_rom;	 /* and HWCFG2's newer bits, and the second page that goes with it */
	bool riscv;	 /* shares its unit with a RISC-V core */
};

/* All but `kind` is lost when the engine is reset. */
struct model_falcon {
	const struct model_falcon_kind *kind;
	uint8_t imem[MODEL_FALCON_MEM], dmem[MODEL_FALCON_MEM];
	uint16_t imem_tag[MODEL_FALCON_MEM / MODEL_FALCON_BLOCK];
	bool imem_secure[MODEL_FALCON_MEM / MODEL_FALCON_BLOCK];
	/* Written since the reset; whoever verifies an image wants all of it. */
	bool imem_loaded[MODEL_FALCON_MEM / MODEL_FALCON_BLOCK];
	bool dmem_loaded[MODEL_FALCON_MEM / MODEL_FALCON_BLOCK];
	bool in_reset, running, riscv_active;
	uint64_t halts_at; /* ns, while running */
	enum model_ucode resident;
	uint64_t scrubbed_at, dma_idle_at; /* ns: when the unit will report itself done */
	uint32_t irqstat, irqmask, irqmode, irqdest, itfen;
	uint32_t mailbox[2], os, rm, debuginfo, bootvec, cpuctl_alias;
	uint32_t dmactl, trf_base, trf_base1, trf_moffs, trf_fboffs, trf_cmd;
	uint32_t imemc, imemt, dmemc;
	uint32_t transcfg[8], fbif_ctl;
	uint32_t mod_sel, ucode_id, engid_mask, paraaddr, bcr;
	uint32_t pgsp_mailbox[4], queue_head[8], queue_tail[8];
};

/* The firmware that the booter was given last. */
struct model_firmware {
	bool received;	     /* the digest is valid */
	bool started;	     /* and the GSP runs it, or did until it was reset */
	uint8_t digest[32];  /* SHA-256 of the image as it came through radix3 */
	const char *release; /* NULL unless the image is a known one */
	uint64_t addr, size; /* of the image in VRAM */
};

struct model {
	const struct model_bus_ops *ops;
	void *ctx;
	const struct model_chip *chip;
	struct model_config config; /* with defaults filled in; pointers are not kept */
	struct model_stats stats;
	bool live;    /* created: the embedder may be called back about BARs */
	bool touched; /* a BAR was accessed since the last reset */

	uint8_t cfg[MODEL_CFG_HEADER];
	uint8_t cfg_rw[MODEL_CFG_HEADER];  /* bits that software can write */
	uint8_t cfg_w1c[MODEL_CFG_HEADER]; /* bits that software clears by writing 1 */

	uint32_t pmc_enable, device_enable;
	uint32_t sw_scratch[64];
	uint32_t boot_stage; /* NV_PGC6_BSI_SECURE_SCRATCH_14 */

	struct model_intr intr;
	struct model_fb fb;
	struct model_falcon gsp, sec2;
	struct model_vbios *vbios;
	struct model_gsp *gsp_rm;
	struct model_firmware firmware;
	struct model_host *host;
	struct model_trace_set *trace;

	struct model_fault faults[MODEL_MAX_FAULTS];
	unsigned int nr_faults;

	/* One bit a register: an access to an unknown one is logged the first time only. */
	uint8_t *seen_reads, *seen_writes;
	unsigned int unknown_logged;
};

/* bus.c */
void model_log(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint64_t model_time(const struct model *m);
void model_milestone(struct model *m, const char *name);
void model_host_reset(struct model *m);
uint32_t model_reg_read(struct model *m, uint32_t addr);
void model_reg_write(struct model *m, uint32_t addr, uint32_t value);
/*
 * DMA by an engine, any length. -EIO if bus mastering is off, else the platform's errno. Stops at
 * the first refused page; what came before it has been moved.
 */
int model_dma(struct model *m, bool write, uint64_t addr, void *buf, size_t len);

/* pci.c */
void model_pci_reset(struct model *m);
bool model_pci_memory_on(const struct model *m);
bool model_pci_master_on(const struct model *m);
bool model_pci_msi(const struct model *m, uint64_t *addr, uint32_t *data);
bool model_pci_msix_on(const struct model *m);
bool model_pci_msix_masked(const struct model *m);
/* The function saw its own read request fail on the bus: PCI_STATUS bit 13. */
void model_pci_master_abort(struct model *m);

/*
 * Register blocks. `addr` is the offset in BAR 0, a multiple of 4. True if the register exists; a
 * write to a read-only register exists and does nothing.
 */
bool model_intr_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_intr_write(struct model *m, uint32_t addr, uint32_t value);
bool model_fb_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_fb_write(struct model *m, uint32_t addr, uint32_t value);
bool model_falcon_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_falcon_write(struct model *m, uint32_t addr, uint32_t value);
bool model_brom_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_brom_write(struct model *m, uint32_t addr, uint32_t value);
bool model_vbios_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_gsp_events_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_gsp_events_write(struct model *m, uint32_t addr, uint32_t value);
bool model_vbios_write(struct model *m, uint32_t addr, uint32_t value);

/* intr.c */
void model_intr_reset(struct model *m);
void model_intr_raise(struct model *m, uint32_t vector);
void model_intr_update(struct model *m); /* after anything that can let a message out */

/* fb.c */
int model_fb_create(struct model *m);
void model_fb_destroy(struct model *m);
void model_fb_reset(struct model *m);
void model_fb_update(struct model *m); /* after a change of BAR modes or faults */
/* The GPU's own access to VRAM, without planted faults. -ERANGE outside usable VRAM. */
int model_vram_access(struct model *m, bool write, uint64_t addr, void *buf, size_t len);
/*
 * Write-protected region 2: only what runs in a secure mode moves it, reads it, writes it. `hi` is
 * the first byte after it; 0 takes it away.
 */
void model_wpr2_set(struct model *m, uint64_t lo, uint64_t hi);
bool model_in_wpr2(const struct model *m, uint64_t addr, uint64_t len);
/* An access by the CPU to VRAM: planted faults show, write protection holds. */
bool model_cpu_vram_access(struct model *m, bool write, uint64_t addr, void *buf, size_t len);
/* What binds a BAR to an instance block, or to none: NV_PBUS_BAR1_BLOCK, _BAR2_BLOCK. */
void model_bar_bind(struct model *m, int bar, uint32_t block);
/* An access through a window; false if nothing answers there. */
bool model_pramin_access(struct model *m, bool write, uint32_t offset, void *buf, size_t len);
void model_window_access(struct model *m, bool write, int bar, uint64_t offset, void *buf,
			 size_t len);

/* falcon.c, falcon_dma.c */
void model_falcon_reset(struct model *m, struct model_falcon *f);
void model_falcon_dma(struct model *m, struct model_falcon *f); /* carries out trf_cmd */
uint32_t model_load32(const uint8_t *p);
void model_store32(uint8_t *p, uint32_t value);

/* brom.c: runs the stand-in for what was loaded, or refuses it, as the chip's hardware does. */
void model_brom_start(struct model *m, struct model_falcon *f);

/* fwsec.c, booter.c: stand-ins for vendor code, called when it is started. */
void model_fwsec_run(struct model *m);
void model_booter_load(struct model *m);
void model_booter_resume(struct model *m);
void model_booter_unload(struct model *m);

/*
 * gsp.c: the stand-in for the firmware on the RISC-V core. Start: false if it cannot, and then it
 * does not run. `image` is what the booter put into VRAM.
 */
int model_gsp_create(struct model *m);
void model_gsp_destroy(struct model *m);
bool model_gsp_start(struct model *m, const uint8_t *image, uint64_t size);
void model_gsp_stop(struct model *m);	/* the engine was reset */
void model_gsp_forget(struct model *m); /* nothing is to be resumed */
bool model_gsp_resume(struct model *m); /* false if it does not wait for that */
void model_gsp_doorbell(struct model *m);
void model_gsp_unloaded(struct model *m); /* the driver asked it to end */

/* host.c */
int model_host_create(struct model *m, const char *costs);
void model_host_destroy(struct model *m);
void model_host_channels_reset(struct model *m);

/* faults.c: inverts the bits that a planted fault of this kind touches in [addr, addr + len). */
void model_fault_apply(const struct model *m, enum model_fault_kind kind, uint64_t addr,
		       uint8_t *buf, size_t len);
/* The value of the first planted fault of this kind; false if there is none. */
bool model_fault_value(const struct model *m, enum model_fault_kind kind, uint64_t *value);

#endif /* MODEL_INTERNAL_H */
