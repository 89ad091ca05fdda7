/* SPDX-License-Identifier: MIT */
/*
 * Video memory and the CPU's windows on it: PRAMIN (1 MiB of BAR 0 that NV_PBUS_BAR0_WINDOW moves),
 * BAR 1 and BAR 3.
 *
 * VRAM is one mapping of the host. At power-on it shows garbage, as real memory does, so that a
 * driver which forgets to clear is caught: one chunk of a pseudo-random pattern in a memory file,
 * mapped privately again and again. The host pays for a page only when somebody writes to it.
 *
 * In physical mode, the mode after reset, BAR 1 and BAR 3 show VRAM from address 0. In virtual mode
 * they go through the page tables of the instance block that they are bound to (mmu.c). An access that
 * the tables do not map gets no answer.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fb_regs.h"
#include "host_regs.h"
#include "internal.h"
#include "tlb.h"

#define MIB		  (1ull << 20)
#define GARBAGE_CHUNK	  (16 * MIB)
#define BAR_FAULTS_LOGGED 32

/* SplitMix64 (Steele, Lea, Flood 2014): every word of the pattern differs from its neighbours. */
static uint64_t garbage_word(uint64_t n)
{
	uint64_t z = (n + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) | 1; /* no word is zero */
}

static int garbage_file(void)
{
	uint64_t *words;
	int fd = memfd_create("vram-garbage", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, GARBAGE_CHUNK))
		goto fail;
	words = mmap(NULL, GARBAGE_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		goto fail;
	for (uint64_t i = 0; i < GARBAGE_CHUNK / sizeof(*words); i++)
		words[i] = garbage_word(i);
	munmap(words, GARBAGE_CHUNK);
	return fd;
fail:
	close(fd);
	return -ENOMEM;
}

/* n << s MiB with n < 64, as LOCAL_MEMORY_RANGE says it; 0 if it cannot. */
static uint32_t encode_range(uint64_t bytes)
{
	uint64_t mag = bytes / MIB;
	uint32_t scale = 0;

	while (mag >= 64 && mag % 2 == 0) {
		mag /= 2;
		scale++;
	}
	if (bytes % MIB || !mag || mag >= 64 || scale > 15)
		return 0;
	return (uint32_t)mag << LOCAL_MEMORY_RANGE_LOWER_MAG_SHIFT | scale;
}

int model_fb_create(struct model *m)
{
	uint64_t done;
	int fd;

	m->fb.range = encode_range(m->config.vram_bytes);
	if (!m->fb.range)
		return -EINVAL;
	m->fb.size = m->config.vram_bytes;
	if (!m->config.no_ecc && m->chip->inline_ecc) {
		m->fb.range |= LOCAL_MEMORY_RANGE_ECC_MODE_ENABLED;
		m->fb.size = m->fb.size / 16 * 15;
	}
	m->fb.vram = mmap(NULL, m->fb.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	if (m->fb.vram == MAP_FAILED) {
		m->fb.vram = NULL;
		return -ENOMEM;
	}
	fd = garbage_file();
	if (fd < 0)
		return fd;
	for (done = 0; done < m->fb.size; done += GARBAGE_CHUNK) {
		uint64_t len = m->fb.size - done;

		if (len > GARBAGE_CHUNK)
			len = GARBAGE_CHUNK;
		if (mmap(m->fb.vram + done, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED)
			break;
	}
	close(fd);
	return done < m->fb.size ? -ENOMEM : model_tlb_create(m);
}

void model_fb_destroy(struct model *m)
{
	if (m->fb.vram)
		munmap(m->fb.vram, m->fb.size);
	model_tlb_destroy(m);
}

void model_fb_reset(struct model *m)
{
	m->fb.window = 0;
	m->fb.bar1_block = 0;
	m->fb.bar2_block = BAR2_BLOCK_DEBUG_CYA_OFF;
	m->fb.flush_lo = 0;
	m->fb.flush_hi = 0;
	memset(m->fb.invalidate, 0, sizeof(m->fb.invalidate));
	m->fb.bar_faults = 0;
	model_tlb_reset(m);
	m->fb.wpr2_lo = 0;
	m->fb.wpr2_hi = 0;
	model_fb_update(m);
}

void model_bar_bind(struct model *m, int bar, uint32_t block)
{
	if (bar == MODEL_BAR_FB)
		m->fb.bar1_block = block & BAR1_BLOCK_WRITABLE;
	else
		m->fb.bar2_block = block;
	model_tlb_invalidate(m, NULL, NULL);
	model_fb_update(m);
}

/* Registers that not every chip has. */
static bool lacks(const struct model_chip *chip, uint32_t addr)
{
	return (addr == NV_PGC6_AON_SECURE_SCRATCH_GROUP_42 && !chip->usable_fb) ||
	       (addr == NV_PDISP_VGA_WORKSPACE_BASE && !chip->display) ||
	       (addr == NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI && !chip->flush_high);
}

bool model_fb_read(struct model *m, uint32_t addr, uint32_t *value)
{
	if (lacks(m->chip, addr))
		return false;
	switch (addr) {
	case NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE:
		*value = m->fb.range;
		return true;
	case NV_PGC6_AON_SECURE_SCRATCH_GROUP_42:
		*value = (uint32_t)(m->fb.size / MIB);
		return true;
	case NV_PDISP_VGA_WORKSPACE_BASE:
		*value = (uint32_t)((m->fb.size - VGA_WORKSPACE_SIZE) >> 16) << 8 |
			 VGA_WORKSPACE_BASE_STATUS_VALID;
		return true;
	case NV_PFB_NISO_FLUSH_SYSMEM_ADDR:
		*value = m->fb.flush_lo;
		return true;
	case NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI:
		*value = m->fb.flush_hi;
		return true;
	case NV_PFB_PRI_MMU_WPR2_ADDR_LO:
		*value = m->fb.wpr2_hi ? (uint32_t)(m->fb.wpr2_lo >> WPR2_ADDR_ALIGNMENT)
						 << WPR2_ADDR_VAL_SHIFT
				       : WPR2_ADDR_LO_NONE;
		return true;
	case NV_PFB_PRI_MMU_WPR2_ADDR_HI:
		*value = (uint32_t)(m->fb.wpr2_hi >> WPR2_ADDR_ALIGNMENT) << WPR2_ADDR_VAL_SHIFT;
		return true;
	case NV_VF_PRIV_BIND_STATUS:
		*value = 0;
		return true;
	case NV_PBUS_BAR0_WINDOW:
		*value = m->fb.window;
		return true;
	case NV_PBUS_BAR1_BLOCK:
	case NV_VF_PRIV_BAR1_BLOCK:
		*value = m->fb.bar1_block;
		return true;
	case NV_PBUS_BAR2_BLOCK:
	case NV_VF_PRIV_BAR2_BLOCK:
		*value = m->fb.bar2_block;
		return true;
	}
	return false;
}

bool model_fb_write(struct model *m, uint32_t addr, uint32_t value)
{
	uint32_t ignored;

	if (lacks(m->chip, addr))
		return false;
	switch (addr) {
	case NV_PFB_NISO_FLUSH_SYSMEM_ADDR:
		m->fb.flush_lo = value;
		return true;
	case NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI:
		m->fb.flush_hi = value & FLUSH_SYSMEM_ADDR_HI_ADR_63_40;
		return true;
	case NV_PBUS_BAR0_WINDOW:
		m->fb.window = value & (BAR0_WINDOW_BASE | BAR0_WINDOW_TARGET);
		return true;
	case NV_PBUS_BAR1_BLOCK:
	case NV_VF_PRIV_BAR1_BLOCK:
		model_bar_bind(m, MODEL_BAR_FB, value);
		return true;
	case NV_PBUS_BAR2_BLOCK:
	case NV_VF_PRIV_BAR2_BLOCK:
		model_bar_bind(m, MODEL_BAR_INST, value);
		return true;
	}
	return model_fb_read(m, addr, &ignored);
}

static bool in_vram(const struct model *m, uint64_t addr, uint64_t len)
{
	return len <= m->fb.size && addr <= m->fb.size - len;
}

bool model_in_wpr2(const struct model *m, uint64_t addr, uint64_t len)
{
	return addr < m->fb.wpr2_hi && addr + len > m->fb.wpr2_lo;
}

void model_wpr2_set(struct model *m, uint64_t lo, uint64_t hi)
{
	m->fb.wpr2_lo = lo;
	m->fb.wpr2_hi = hi;
	model_fb_update(m);
}

int model_vram_access(struct model *m, bool write, uint64_t addr, void *buf, size_t len)
{
	if (!in_vram(m, addr, len))
		return -ERANGE;
	if (write)
		memcpy(m->fb.vram + addr, buf, len);
	else
		memcpy(buf, m->fb.vram + addr, len);
	return 0;
}

bool model_cpu_vram_access(struct model *m, bool write, uint64_t addr, void *buf, size_t len)
{
	if (model_in_wpr2(m, addr, len) || model_vram_access(m, write, addr, buf, len))
		return false;
	if (write)
		model_fault_apply(m, MODEL_FLIP_VRAM_WRITE, addr, m->fb.vram + addr, len);
	else
		model_fault_apply(m, MODEL_FLIP_VRAM_READ, addr, buf, len);
	return true;
}

/* What a read sees where the framebuffer does not answer. */
static void fill_error(uint8_t *buf, uint64_t offset, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(PRI_ERROR_FB >> (8 * ((offset + i) % 4)));
}

bool model_pramin_access(struct model *m, bool write, uint32_t offset, void *buf, size_t len)
{
	uint64_t base = (uint64_t)(m->fb.window & BAR0_WINDOW_BASE) << BAR0_WINDOW_BASE_SHIFT;
	uint64_t addr = base + offset;
	bool ok = false;

	switch (m->fb.window & BAR0_WINDOW_TARGET) {
	case BAR0_WINDOW_TARGET_VID_MEM:
		ok = model_cpu_vram_access(m, write, addr, buf, len);
		break;
	case BAR0_WINDOW_TARGET_SYS_MEM_COHERENT:
	case BAR0_WINDOW_TARGET_SYS_MEM_NONCOHERENT:
		ok = model_dma(m, write, addr, buf, len) == 0;
		break;
	}
	if (!ok && !write)
		fill_error(buf, offset, len);
	return ok;
}

static uint32_t bar_block(const struct model *m, int bar)
{
	return bar == MODEL_BAR_FB ? m->fb.bar1_block : m->fb.bar2_block;
}

static bool physical(const struct model *m, int bar)
{
	return !(bar_block(m, bar) & BAR_BLOCK_MODE_VIRTUAL);
}

static bool virtual_access(struct model *m, bool write, int bar, uint64_t va, void *buf, size_t len)
{
	struct mmu_request request = {
		.access = write ? MMU_WRITE : MMU_READ,
		.privileged = true,
		.cpu = true,
	};
	uint32_t block = bar_block(m, bar);
	struct mmu_addr instance = {
		.sysmem = block & BAR_BLOCK_TARGET,
		.addr = (uint64_t)(block & BAR_BLOCK_PTR) << BAR_BLOCK_PTR_SHIFT,
	};
	struct mmu_space space;
	enum mmu_fault fault = model_mmu_bind(m, instance, &space);

	if (fault == MMU_OK)
		fault = model_mmu_access(m, &space, request, va, buf, len, &va);
	if (fault != MMU_OK && m->fb.bar_faults < BAR_FAULTS_LOGGED) {
		m->fb.bar_faults++;
		model_log(m, "BAR %d: %s at 0x%llx faults: 0x%02x", bar, write ? "write" : "read",
			  (unsigned long long)va, (unsigned int)fault);
	}
	return fault == MMU_OK;
}

void model_window_access(struct model *m, bool write, int bar, uint64_t offset, void *buf,
			 size_t len)
{
	if (physical(m, bar) ? model_cpu_vram_access(m, write, offset, buf, len)
			     : virtual_access(m, write, bar, offset, buf, len))
		return;
	if (!write)
		fill_error(buf, offset, len);
}

void *model_bar_ram(struct model *m, int bar, uint64_t *len)
{
	uint64_t size = bar == MODEL_BAR_FB ? m->config.bar1_bytes : MODEL_BAR_INST_SIZE;

	if (model_in_wpr2(m, 0, size))
		return NULL;
	if ((bar != MODEL_BAR_FB && bar != MODEL_BAR_INST) || !physical(m, bar) || m->nr_faults)
		return NULL;
	*len = size < m->fb.size ? size : m->fb.size;
	return m->fb.vram;
}

void model_fb_update(struct model *m)
{
	static const int bars[] = {MODEL_BAR_FB, MODEL_BAR_INST};

	for (int i = 0; i < 2; i++) {
		uint64_t len;
		void *ram = model_bar_ram(m, bars[i], &len);

		if (ram == m->fb.bar_ram[i])
			continue;
		m->fb.bar_ram[i] = ram;
		if (m->live && m->ops->bar_ram_changed)
			m->ops->bar_ram_changed(m->ctx, bars[i]);
	}
}

uint64_t model_vram_size(const struct model *m)
{
	return m->fb.size;
}

void *model_vram_ptr(struct model *m)
{
	return m->fb.vram;
}
