/* SPDX-License-Identifier: MIT */
/*
 * Falcons: microcontrollers with memories for code (IMEM) and data (DMEM), ports through which the
 * CPU reaches both, mailboxes, a reset line, and a DMA unit (falcon_dma.c). The board has two that
 * matter at boot: the GSP's, which shares its unit with a RISC-V core, and SEC2's.
 *
 * Vendor instructions cannot run here. Starting the CPU hands what was loaded to the boot ROM
 * (brom.c), which refuses it or lets a stand-in act in its place. Either way the falcon halts soon
 * after, with the halt interrupt raised; what was refused leaves mailboxes and all else as they were.
 *
 * Engine reset clears the memories. The hardware takes a while for that and shows it in HWCFG2 and
 * DMACTL; so does the model, for SCRUB_NS. Interrupts of the falcons show in IRQSTAT; one of them, the
 * GSP's for a message, goes on to the interrupt tree (gsp_events.c).
 */
#include <string.h>

#include "falcon_regs.h"
#include "host_regs.h"
#include "internal.h"

#define SCRUB_NS 10000
#define RUN_NS	 500 /* from start to halt */

static bool is_broken(const struct model *m, const struct model_falcon *f,
		      enum model_fault_kind kind)
{
	uint64_t base;

	return model_fault_value(m, kind, &base) && base == f->kind->base;
}

void model_falcon_reset(struct model *m, struct model_falcon *f)
{
	const struct model_falcon_kind *kind = f->kind;

	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->dmactl = DMACTL_REQUIRE_CTX;
	f->fbif_ctl = FBIF_CTL_INIT;
	f->bcr = BCR_CTRL_BRFETCH;
	f->scrubbed_at = model_time(m) + SCRUB_NS;
}

static bool scrubbing(const struct model *m, const struct model_falcon *f)
{
	return model_time(m) < f->scrubbed_at || is_broken(m, f, MODEL_NEVER_SCRUBBED);
}

/* Time passes only where somebody looks: a falcon whose time has come is found halted. */
static void settle(const struct model *m, struct model_falcon *f)
{
	if (f->running && model_time(m) >= f->halts_at && !is_broken(m, f, MODEL_NEVER_HALTS)) {
		f->running = false;
		f->irqstat |= IRQSTAT_HALT;
	}
}

static void start_cpu(struct model *m, struct model_falcon *f)
{
	if (f->bcr & BCR_CTRL_CORE_SELECT_RISCV) {
		model_log(m, "%s falcon not started: the RISC-V core is selected", f->kind->name);
		return;
	}
	f->running = true;
	f->halts_at = model_time(m) + RUN_NS;
	if (scrubbing(m, f))
		model_log(m, "%s falcon started while its memory is cleared", f->kind->name);
	else
		model_brom_start(m, f);
}

uint32_t model_load32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

void model_store32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

/* The memory port's address moves on if its flag says so; the rest of the control word stays. */
static void advance(uint32_t *control, uint32_t flag)
{
	if (*control & flag)
		*control = (*control & ~MEMC_OFFS) | ((*control + 4) & MEMC_OFFS);
}

static uint32_t imem_data_read(struct model_falcon *f)
{
	uint32_t offset = f->imemc & MEMC_OFFS;
	uint32_t value = PRI_ERROR_CLIENT;

	if (offset < MODEL_FALCON_MEM)
		value = f->imem_secure[offset / MODEL_FALCON_BLOCK]
				? FALCON_SECURE_DATA
				: model_load32(f->imem + offset);
	advance(&f->imemc, MEMC_AINCR);
	return value;
}

static void imem_data_write(struct model_falcon *f, uint32_t value)
{
	uint32_t offset = f->imemc & MEMC_OFFS;

	if (offset < MODEL_FALCON_MEM) {
		model_store32(f->imem + offset, value);
		f->imem_tag[offset / MODEL_FALCON_BLOCK] = (uint16_t)f->imemt;
		f->imem_secure[offset / MODEL_FALCON_BLOCK] = f->imemc & IMEMC_SECURE;
		f->imem_loaded[offset / MODEL_FALCON_BLOCK] = true;
	}
	advance(&f->imemc, MEMC_AINCW);
}

static uint32_t dmem_data_read(struct model_falcon *f)
{
	uint32_t offset = f->dmemc & MEMC_OFFS;
	uint32_t value =
		offset < MODEL_FALCON_MEM ? model_load32(f->dmem + offset) : PRI_ERROR_CLIENT;

	advance(&f->dmemc, MEMC_AINCR);
	return value;
}

static void dmem_data_write(struct model_falcon *f, uint32_t value)
{
	uint32_t offset = f->dmemc & MEMC_OFFS;

	if (offset < MODEL_FALCON_MEM) {
		model_store32(f->dmem + offset, value);
		f->dmem_loaded[offset / MODEL_FALCON_BLOCK] = true;
	}
	advance(&f->dmemc, MEMC_AINCW);
}

/*
 * Registers that only hold what was written, and which bits of them hold it. NULL for all others.
 * `reg` is the offset from the falcon's base; the second page starts at 0x1000.
 */
static uint32_t *plain_register(struct model_falcon *f, uint32_t reg, uint32_t *mask)
{
	*mask = ~0u;
	switch (reg) {
	case NV_PFALCON_FALCON_IRQMODE:
		return &f->irqmode;
	case NV_PFALCON_FALCON_IRQDEST:
		return &f->irqdest;
	case NV_PFALCON_FALCON_MAILBOX0:
	case NV_PFALCON_FALCON_MAILBOX1:
		return &f->mailbox[(reg - NV_PFALCON_FALCON_MAILBOX0) / 4];
	case NV_PFALCON_FALCON_ITFEN:
		return &f->itfen;
	case NV_PFALCON_FALCON_OS:
		return &f->os;
	case NV_PFALCON_FALCON_RM:
		return &f->rm;
	case NV_PFALCON_FALCON_DEBUGINFO:
		return &f->debuginfo;
	case NV_PFALCON_FALCON_BOOTVEC:
		return &f->bootvec;
	case NV_PFALCON_FALCON_DMATRFBASE:
		return &f->trf_base;
	case NV_PFALCON_FALCON_DMATRFBASE1:
		*mask = DMATRFBASE1_BASE;
		return &f->trf_base1;
	case NV_PFALCON_FALCON_DMATRFMOFFS:
		*mask = DMATRFMOFFS_OFFS;
		return &f->trf_moffs;
	case NV_PFALCON_FALCON_DMATRFFBOFFS:
		return &f->trf_fboffs;
	case NV_PFALCON_FALCON_IMEMC_0:
		*mask = MEMC_OFFS | MEMC_AINCW | MEMC_AINCR | IMEMC_SECURE;
		return &f->imemc;
	case NV_PFALCON_FALCON_IMEMT_0:
		*mask = IMEMT_TAG;
		return &f->imemt;
	case NV_PFALCON_FALCON_DMEMC_0:
		*mask = MEMC_OFFS | MEMC_AINCW | MEMC_AINCR;
		return &f->dmemc;
	case NV_PFALCON_FBIF_CTL:
		return &f->fbif_ctl;
	case 0x1000 + NV_PFALCON2_FALCON_MOD_SEL:
		return f->kind->boot_rom ? &f->mod_sel : NULL;
	case 0x1000 + NV_PFALCON2_FALCON_BROM_CURR_UCODE_ID:
		return f->kind->boot_rom ? &f->ucode_id : NULL;
	case 0x1000 + NV_PFALCON2_FALCON_BROM_ENGIDMASK:
		return f->kind->boot_rom ? &f->engid_mask : NULL;
	case 0x1000 + NV_PFALCON2_FALCON_BROM_PARAADDR_0:
		return f->kind->boot_rom ? &f->paraaddr : NULL;
	}
	if (reg >= NV_PFALCON_FBIF_TRANSCFG_0 &&
	    reg < NV_PFALCON_FBIF_TRANSCFG_0 + 4 * NV_PFALCON_FBIF_TRANSCFG_SIZE_1) {
		*mask = TRANSCFG_WRITABLE;
		return &f->transcfg[(reg - NV_PFALCON_FBIF_TRANSCFG_0) / 4];
	}
	if (f->kind->base == NV_PGSP && reg >= NV_PGSP_MAILBOX_0 &&
	    reg < NV_PGSP_MAILBOX_0 + sizeof(f->pgsp_mailbox))
		return &f->pgsp_mailbox[(reg - NV_PGSP_MAILBOX_0) / 4];
	if (reg >= NV_PGSP_QUEUE_HEAD_0 && reg < NV_PGSP_QUEUE_HEAD_0 + 0x40) {
		uint32_t *queue = reg % 8 ? f->queue_tail : f->queue_head;

		return &queue[(reg - NV_PGSP_QUEUE_HEAD_0) / 8];
	}
	return NULL;
}

static struct model_falcon *falcon_at(struct model *m, uint32_t addr)
{
	struct model_falcon *falcons[] = {&m->gsp, &m->sec2};

	for (size_t i = 0; i < sizeof(falcons) / sizeof(falcons[0]); i++)
		if (addr - falcons[i]->kind->base < FALCON_PAGES)
			return falcons[i];
	return NULL;
}

bool model_falcon_read(struct model *m, uint32_t addr, uint32_t *value)
{
	struct model_falcon *f = falcon_at(m, addr);
	const uint32_t *plain;
	uint32_t reg, mask;

	if (!f)
		return false;
	reg = addr - f->kind->base;
	settle(m, f);
	if (reg == NV_PFALCON_FALCON_ENGINE) {
		*value = f->in_reset ? FALCON_ENGINE_RESET : 0;
		return true;
	}
	if (f->in_reset) {
		*value = PRI_ERROR_RESET;
		return true;
	}
	plain = plain_register(f, reg, &mask);
	if (plain) {
		*value = *plain;
		return true;
	}
	switch (reg) {
	case NV_PFALCON_FALCON_IRQSSET:
	case NV_PFALCON_FALCON_IRQSCLR:
	case NV_PFALCON_FALCON_IRQMSET:
	case NV_PFALCON_FALCON_IRQMCLR:
	case NV_PFALCON_FALCON_IDLESTATE:
		*value = 0;
		return true;
	case NV_PFALCON_FALCON_IRQSTAT:
		*value = f->irqstat;
		return true;
	case NV_PFALCON_FALCON_IRQMASK:
		*value = f->irqmask;
		return true;
	case NV_PFALCON_FALCON_HWCFG:
		*value = MODEL_FALCON_MEM / MODEL_FALCON_BLOCK |
			 MODEL_FALCON_MEM / MODEL_FALCON_BLOCK << HWCFG_DMEM_SIZE_SHIFT;
		return true;
	case NV_PFALCON_FALCON_HWCFG1:
		*value = HWCFG1_VALUE;
		return true;
	case NV_PFALCON_FALCON_HWCFG2:
		*value = f->kind->riscv ? HWCFG2_RISCV_ENABLE : 0;
		if (f->kind->boot_rom)
			*value |= HWCFG2_RESET_READY | (scrubbing(m, f) ? HWCFG2_MEM_SCRUBBING : 0);
		return true;
	case NV_PFALCON_FALCON_CPUCTL:
		*value = (f->running ? 0 : CPUCTL_HALTED) | f->cpuctl_alias;
		return true;
	case NV_PFALCON_FALCON_CPUCTL_ALIAS:
		*value = 0;
		return true;
	case NV_PFALCON_FALCON_DMACTL:
		*value = f->dmactl |
			 (scrubbing(m, f) ? DMACTL_DMEM_SCRUBBING | DMACTL_IMEM_SCRUBBING : 0);
		return true;
	case NV_PFALCON_FALCON_DMATRFCMD:
		*value = f->trf_cmd | (model_time(m) >= f->dma_idle_at ? DMATRFCMD_IDLE : 0);
		return true;
	case NV_PFALCON_FALCON_IMEMD_0:
		*value = imem_data_read(f);
		return true;
	case NV_PFALCON_FALCON_DMEMD_0:
		*value = dmem_data_read(f);
		return true;
	case 0x1000 + NV_PRISCV_RISCV_CPUCTL:
		*value = f->riscv_active ? RISCV_CPUCTL_ACTIVE_STAT : RISCV_CPUCTL_HALTED;
		return f->kind->boot_rom;
	case 0x1000 + NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS:
		*value = f->riscv_active ? RISCV_STATUS_ACTIVE_STAT : 0;
		return f->kind->riscv && !f->kind->boot_rom;
	case 0x1000 + NV_PRISCV_RISCV_BCR_CTRL:
		*value = f->bcr;
		return f->kind->boot_rom;
	}
	return false;
}

bool model_falcon_write(struct model *m, uint32_t addr, uint32_t value)
{
	struct model_falcon *f = falcon_at(m, addr);
	uint32_t reg, mask, ignored;
	uint32_t *plain;

	if (!f)
		return false;
	reg = addr - f->kind->base;
	settle(m, f);
	if (reg == NV_PFALCON_FALCON_ENGINE) {
		/*
		 * Both edges: the unit loses its state going in, and scrubs its memory coming out.
		 */
		if (f->in_reset != (bool)(value & FALCON_ENGINE_RESET)) {
			if (f == &m->gsp)
				model_gsp_stop(m);
			model_falcon_reset(m, f);
			f->in_reset = value & FALCON_ENGINE_RESET;
		}
		return true;
	}
	if (f->in_reset)
		return true;
	plain = plain_register(f, reg, &mask);
	if (plain) {
		*plain = value & mask;
		if (plain == m->gsp.queue_head)
			model_gsp_doorbell(m);
		return true;
	}
	switch (reg) {
	case NV_PFALCON_FALCON_IRQSSET:
		f->irqstat |= value;
		return true;
	case NV_PFALCON_FALCON_IRQSCLR:
		f->irqstat &= ~value;
		return true;
	case NV_PFALCON_FALCON_IRQMSET:
		f->irqmask |= value;
		return true;
	case NV_PFALCON_FALCON_IRQMCLR:
		f->irqmask &= ~value;
		return true;
	case NV_PFALCON_FALCON_CPUCTL:
		f->cpuctl_alias = value & CPUCTL_ALIAS_EN;
		if (value & CPUCTL_STARTCPU)
			start_cpu(m, f);
		return true;
	case NV_PFALCON_FALCON_CPUCTL_ALIAS:
		if (f->cpuctl_alias && (value & CPUCTL_STARTCPU))
			start_cpu(m, f);
		return true;
	case NV_PFALCON_FALCON_DMACTL:
		f->dmactl = value & DMACTL_REQUIRE_CTX;
		return true;
	case NV_PFALCON_FALCON_DMATRFCMD:
		f->trf_cmd = value & DMATRFCMD_WRITABLE;
		model_falcon_dma(m, f);
		return true;
	case NV_PFALCON_FALCON_IMEMD_0:
		imem_data_write(f, value);
		return true;
	case NV_PFALCON_FALCON_DMEMD_0:
		dmem_data_write(f, value);
		return true;
	case 0x1000 + NV_PRISCV_RISCV_BCR_CTRL:
		if (!f->kind->boot_rom)
			return false;
		/* Selecting a core takes effect at once, and the register says so. */
		f->bcr = (value & (BCR_CTRL_CORE_SELECT_RISCV | BCR_CTRL_BRFETCH)) | BCR_CTRL_VALID;
		return true;
	}
	return model_falcon_read(m, addr, &ignored);
}
