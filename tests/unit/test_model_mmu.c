/* SPDX-License-Identifier: MIT */
/*
 * The model's page tables, seen through BAR 1, and what the firmware makes of the BARs.
 */
#include "model_talk.h"
#include "page_tables.h"

#include "tests/model/mmu.h"

/* Beside the others, for big pages; and what is mapped. */
#define BIG  0x16000u
#define DATA 0x200000u

#define UPDATE_PDE 70u

/* Bits of what invalidates. */
#define ALL_VA	0x1u
#define ALL_PDB 0x2u

static void put64(struct machine *mc, uint64_t addr, uint64_t value)
{
	put64_at(model_vram_ptr(mc->gpu), addr, value);
}

/* An address space with tables for its first 2 MiB, nothing mapped; BAR 1 goes through it. */
static void space_new(struct machine *mc)
{
	memset((uint8_t *)model_vram_ptr(mc->gpu) + INSTANCE, 0, BIG + 0x1000 - INSTANCE);
	put64(mc, INSTANCE + 0x200, PD3 | 0xc00);
	put64(mc, INSTANCE + 0x208, 0xfffffff);
	tables_link(model_vram_ptr(mc->gpu));
	put64(mc, PD0, pde(BIG));
	wr(mc, 0x001704, 0x80000000 | INSTANCE >> 12);
}

/* What a driver does after a change of tables: NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE. */
static void invalidate(struct machine *mc, uint64_t directory, uint32_t how)
{
	wr(mc, 0xb830a0, (uint32_t)(directory >> 8));
	wr(mc, 0xb830a4, (uint32_t)(directory >> 40));
	wr(mc, 0xb830b0, 0x80000000 | how);
}

static uint32_t bar_read(struct machine *mc, uint64_t va)
{
	return (uint32_t)model_mmio_read(mc->gpu, MODEL_BAR_FB, va, 4);
}

static uint32_t vram(struct machine *mc, uint64_t addr)
{
	return le32((uint8_t *)model_vram_ptr(mc->gpu) + addr);
}

/* One address space by the walker itself: what it says of any address. */
static void walk(struct machine *mc, uint64_t va, enum mmu_fault fault, struct mmu_page *page)
{
	struct mmu_addr instance = {.addr = INSTANCE};
	struct mmu_space space;

	assert_int_equal(model_mmu_bind(mc->gpu, instance, &space), MMU_OK);
	assert_int_equal(model_mmu_walk(mc->gpu, &space, va, page), fault);
}

static void test_page_sizes(void **state)
{
	struct machine *mc = *state;
	uint8_t buf[0x3000], back[0x3000];
	struct mmu_page page;

	space_new(mc);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i ^ i >> 8);
	/* Small pages, not in order. */
	put64(mc, SMALL, pte(DATA + 0x2000));
	put64(mc, SMALL + 8, pte(DATA));
	put64(mc, SMALL + 16, pte(DATA + 0x5000));
	model_bar_write(mc->gpu, MODEL_BAR_FB, 0x123, buf, 0x2800);
	assert_memory_equal((uint8_t *)model_vram_ptr(mc->gpu) + DATA + 0x2123, buf, 0xedd);
	assert_memory_equal((uint8_t *)model_vram_ptr(mc->gpu) + DATA, buf + 0xedd, 0x1000);
	assert_memory_equal((uint8_t *)model_vram_ptr(mc->gpu) + DATA + 0x5000, buf + 0x1edd,
			    0x2800 - 0x1edd);
	model_bar_read(mc->gpu, MODEL_BAR_FB, 0x123, back, 0x2800);
	assert_memory_equal(back, buf, 0x2800);
	/* A big page hides the small ones below it, and only those. */
	put64(mc, BIG, pte(DATA + 0x10000));
	put64(mc, SMALL + 8 * 16, pte(DATA));
	invalidate(mc, PD3, ALL_VA);
	assert_int_equal(bar_read(mc, 0x1004), vram(mc, DATA + 0x11004));
	assert_int_equal(bar_read(mc, 0x10004), vram(mc, DATA + 4));
	/* 2 MiB, by the lowest directory's second entry. */
	put64(mc, PD0 + 16, pte(DATA));
	put64(mc, PD0 + 24, 0);
	assert_int_equal(bar_read(mc, 0x212344), vram(mc, DATA + 0x12344));
	/* Further up every level's index counts, too. */
	put64(mc, PD1 + 8, pde(PD0));
	put64(mc, INSTANCE + 0x208, ~0ull);
	walk(mc, (1ull << 29) + 0x1004, MMU_OK, &page);
	assert_true(page.at.addr == DATA + 0x11004);
}

static void test_faults(void **state)
{
	struct machine *mc = *state;
	struct mmu_page page;
	unsigned int logged;

	space_new(mc);
	put64(mc, INSTANCE + 0x208, ~0ull);
	walk(mc, 0, MMU_FAULT_PTE, &page);
	walk(mc, 1ull << 21, MMU_FAULT_PDE, &page);
	walk(mc, 1ull << 29, MMU_FAULT_PDE, &page);
	walk(mc, 1ull << 38, MMU_FAULT_PDE, &page);
	walk(mc, 1ull << 47, MMU_FAULT_PDE, &page);
	walk(mc, 1ull << 49, MMU_FAULT_VA_LIMIT, &page);
	put64(mc, INSTANCE + 0x208, 0xfff);
	put64(mc, SMALL, pte(DATA));
	put64(mc, SMALL + 8, pte(DATA));
	walk(mc, 0xfff, MMU_OK, &page);
	assert_true(page.at.addr == DATA + 0xfff && page.len == 1 && !page.at.sysmem);
	walk(mc, 0x1000, MMU_FAULT_VA_LIMIT, &page);
	put64(mc, INSTANCE + 0x208, ~0ull);
	/* A peer's memory is not there. A big page that says so keeps the small ones away. */
	put64(mc, SMALL, pte(DATA) | 2);
	invalidate(mc, PD3, ALL_VA);
	walk(mc, 0, MMU_FAULT_UNSUPPORTED_APERTURE, &page);
	put64(mc, BIG, 0x20);
	put64(mc, SMALL, pte(DATA));
	walk(mc, 0, MMU_FAULT_PTE, &page);
	/* Tables where nothing is. */
	put64(mc, PD1, pde(1ull << 36));
	invalidate(mc, PD3, ALL_VA);
	walk(mc, 0, MMU_FAULT_REGION, &page);
	/* Through the BAR: no answer, and a line in the log. */
	logged = mc->nr_log;
	assert_int_equal(bar_read(mc, 4), 0xbad0b000);
	assert_int_equal(mc->nr_log, logged + 1);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 4, 1, 4);
	/* An instance block with tables of another kind, or outside of memory. */
	put64(mc, INSTANCE + 0x200, PD3 | 0x800);
	assert_int_equal(bar_read(mc, 0), 0xbad0b000);
	wr(mc, 0x001704, 0x8fffffff);
	assert_int_equal(bar_read(mc, 0), 0xbad0b000);
}

static void test_sparse(void **state)
{
	struct machine *mc = *state;
	struct mmu_page page;

	space_new(mc);
	put64(mc, INSTANCE + 0x208, ~0ull);
	put64(mc, SMALL, 8);
	put64(mc, BIG + 8, 8);
	put64(mc, PD0 + 16, 8);
	put64(mc, PD1 + 8, 8);
	walk(mc, 0x10, MMU_OK, &page);
	assert_true(page.sparse && page.len == 0xff0);
	walk(mc, 0x12345, MMU_OK, &page);
	assert_true(page.sparse && page.len == 0x20000 - 0x12345);
	walk(mc, 0x200000, MMU_OK, &page);
	assert_true(page.sparse && page.len == 0x200000);
	walk(mc, 1 << 29, MMU_OK, &page);
	assert_true(page.sparse && page.len == 1 << 29);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0x10, 0x1234, 4);
	assert_int_equal(bar_read(mc, 0x10), 0);
}

static void test_rights(void **state)
{
	const struct mmu_request user_read = {.access = MMU_READ};
	const struct mmu_request user_write = {.access = MMU_WRITE};
	const struct mmu_request kernel_read = {.access = MMU_READ, .privileged = true};
	struct machine *mc = *state;
	struct mmu_space space = {.directory = {.addr = PD3}};
	uint64_t where = 0;
	uint8_t buf[0x20] = {0};

	space_new(mc);
	put64(mc, SMALL, pte(DATA) | 0x40);
	put64(mc, SMALL + 8, pte(DATA + 0x1000) | 0x20);
	assert_int_equal(model_mmu_access(mc->gpu, &space, user_read, 0, buf, 4, &where), MMU_OK);
	assert_int_equal(le32(buf), vram(mc, DATA));
	assert_int_equal(model_mmu_access(mc->gpu, &space, user_write, 8, buf, 4, &where),
			 MMU_FAULT_RO);
	assert_int_equal(where, 8);
	/* Across the border: what comes before it is moved. */
	memset(buf, 0, sizeof(buf));
	assert_int_equal(model_mmu_access(mc->gpu, &space, user_read, 0xff0, buf, 0x20, &where),
			 MMU_FAULT_PRIV);
	assert_int_equal(where, 0x1000);
	assert_int_equal(le32(buf + 12), vram(mc, DATA + 0xffc));
	assert_int_equal(le32(buf + 16), 0);
	assert_int_equal(model_mmu_access(mc->gpu, &space, kernel_read, 0xff0, buf, 0x20, NULL),
			 MMU_OK);
	assert_int_equal(le32(buf + 16), vram(mc, DATA + 0x1000));
}

/* Tables and pages in system memory, by DMA. */
static void test_system_memory(void **state)
{
	struct machine *mc = *state;
	uint64_t table = MEM_BASE + 0x1000, entry = (MEM_BASE + 0x3000) >> 4 | 5;

	space_new(mc);
	put64(mc, PD0, 0);
	put64(mc, PD0 + 8, table >> 4 | 4);
	memcpy(mc->mem + 0x1000, &entry, 8);
	set32(mc->mem + 0x3010, 0x12345678);
	assert_int_equal(bar_read(mc, 0x10), 0x12345678);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0x14, 0xcafe, 4);
	assert_int_equal(le32(mc->mem + 0x3014), 0xcafe);
	mc->refuse_reads = true;
	assert_int_equal(bar_read(mc, 0x10), 0xbad0b000);
	mc->refuse_reads = false;
	/* The instance block too. */
	memcpy(mc->mem + 0x2200, (uint8_t *)model_vram_ptr(mc->gpu) + INSTANCE + 0x200, 16);
	wr(mc, 0x001704, 0xa0000000 | (uint32_t)((MEM_BASE + 0x2000) >> 12));
	assert_int_equal(bar_read(mc, 0x14), 0xcafe);
}

/* What was used stays, whatever the tables say, until it is invalidated: the right way. */
static void test_remembered(void **state)
{
	struct machine *mc = *state;
	struct mmu_page page;

	space_new(mc);
	put64(mc, SMALL, pte(DATA));
	put64(mc, BIG + 8, pte(DATA + 0x10000));
	put64(mc, PD0 + 16, pte(DATA));
	put64(mc, SMALL + 8, 8); /* sparse */
	for (int i = 0; i < 2; i++) {
		walk(mc, 0x10, MMU_OK, &page);
		assert_true(page.at.addr == DATA + 0x10 && page.len == 0xff0);
		walk(mc, 0x1ffff, MMU_OK, &page);
		assert_true(page.at.addr == DATA + 0x1ffff && page.len == 1);
		walk(mc, 0x212345, MMU_OK, &page);
		assert_true(page.at.addr == DATA + 0x12345 && page.len == 0x200000 - 0x12345);
		walk(mc, 0x1008, MMU_OK, &page);
		assert_true(page.sparse && page.len == 0xff8);
		put64(mc, SMALL, 0);
		put64(mc, SMALL + 8, 0);
		put64(mc, BIG + 8, 0);
		put64(mc, PD0 + 16, 0);
	}
	/* Of another directory, or no address at all: nothing is forgotten. */
	invalidate(mc, PD2, ALL_VA);
	invalidate(mc, PD3 | 1ull << 40, ALL_VA);
	invalidate(mc, PD3 | 2 << 8, ALL_VA); /* in system memory */
	invalidate(mc, PD3, 0);
	walk(mc, 0x10, MMU_OK, &page);
	/* Of the limit nothing is remembered, nor of faults. */
	put64(mc, INSTANCE + 0x208, 0);
	walk(mc, 0x1000, MMU_FAULT_VA_LIMIT, &page);
	put64(mc, INSTANCE + 0x208, 0xfffffff);
	walk(mc, 0x2000, MMU_FAULT_PTE, &page);
	put64(mc, SMALL + 16, pte(DATA));
	walk(mc, 0x2000, MMU_OK, &page);
	invalidate(mc, PD3, ALL_VA);
	walk(mc, 0x10, MMU_FAULT_PTE, &page);
	walk(mc, 0x1008, MMU_FAULT_PTE, &page);
	walk(mc, 0x10000, MMU_FAULT_PTE, &page);
	walk(mc, 0x200000, MMU_FAULT_PDE, &page);
	put64(mc, SMALL, pte(DATA));
	walk(mc, 0x10, MMU_OK, &page);
	put64(mc, SMALL, 0);
	invalidate(mc, 0, ALL_VA | ALL_PDB);
	walk(mc, 0x10, MMU_FAULT_PTE, &page);
	/* The planted fault: a board that does not. */
	put64(mc, SMALL, pte(DATA));
	walk(mc, 0x10, MMU_OK, &page);
	put64(mc, SMALL, 0);
	assert_int_equal(model_fault_set(mc->gpu, "tlb-keeps=1"), 0);
	invalidate(mc, PD3, ALL_VA);
	walk(mc, 0x10, MMU_OK, &page);
	model_flr(mc->gpu);
	walk(mc, 0x10, MMU_FAULT_PTE, &page);
}

static void test_invalidate(void **state)
{
	struct machine *mc = *state;

	wr(mc, 0xb830a0, 0x1234560);
	wr(mc, 0xb830a4, 0x7);
	wr(mc, 0xb830b0, 0x80000001);
	assert_int_equal(rd(mc, 0xb830a0), 0x1234560);
	assert_int_equal(rd(mc, 0xb830a4), 7);
	assert_int_equal(rd(mc, 0xb830b0), 1); /* done */
	model_flr(mc->gpu);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(rd(mc, 0xb830a0), 0);
}

/* Barriers are counted with the invalidations that have one. The planted fault: a board that never gets done. */
static void test_invalidations_counted(void **state)
{
	struct machine *mc = *state;
	struct model_stats stats;

	wr(mc, 0xb830b0, 0x80000001);
	wr(mc, 0xb830b0, 0x80000041);
	wr(mc, 0xb830b0, 0x41); /* not triggered */
	model_stats_get(mc->gpu, &stats);
	assert_int_equal(stats.invalidations, 2);
	assert_int_equal(stats.barriers, 1);
	assert_int_equal(model_fault_set(mc->gpu, "tlb-stuck=1"), 0);
	wr(mc, 0xb830b0, 0x80000041);
	assert_int_equal(rd(mc, 0xb830b0), 0x80000041);
	model_stats_get(mc->gpu, &stats);
	assert_int_equal(stats.invalidations, 2);
	assert_int_equal(model_fault_set(mc->gpu, "none"), 0);
	wr(mc, 0xb830b0, 0x80000041);
	assert_int_equal(rd(mc, 0xb830b0), 0x41);
}

/* Planted faults of VRAM reach through the tables. */
static void test_planted(void **state)
{
	struct machine *mc = *state;

	space_new(mc);
	put64(mc, SMALL, pte(DATA));
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0, 0x10, 4);
	assert_int_equal(model_fault_set(mc->gpu, "flip-vram-read=0x200000"), 0);
	assert_int_equal(bar_read(mc, 0), 0x11);
	assert_int_equal(model_fault_set(mc->gpu, "none flip-vram-write=0x200001"), 0);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0, 0x10, 4);
	assert_int_equal(bar_read(mc, 0), 0x110);
	/* The entry's lowest bit of the address, for a page of each size. */
	assert_int_equal(model_fault_set(mc->gpu, "none flip-pte=0x3ffc flip-pte=0x10000"), 0);
	put64(mc, SMALL + 8 * 2, pte(DATA));
	put64(mc, SMALL + 8 * 3, pte(DATA));
	assert_int_equal(bar_read(mc, 0x2004), vram(mc, DATA + 4));
	assert_int_equal(bar_read(mc, 0x3004), vram(mc, DATA + 0x1004));
	assert_int_equal(model_fault_set(mc->gpu, "none flip-pte=0x1f000"), 0);
	put64(mc, BIG + 8, pte(DATA));
	assert_int_equal(bar_read(mc, 0x10004), vram(mc, DATA + 0x10004));
}

static uint32_t update_pde(struct talk *t, uint32_t bar, uint64_t entry, uint64_t shift)
{
	const uint64_t info[3] = {bar, entry, shift};
	struct message msg;

	tell(t, UPDATE_PDE, info, sizeof(info));
	assert_heard(t, &msg, UPDATE_PDE);
	return msg.rpc.rpc_result;
}

/* What the firmware gives BAR 1 and BAR 3, and takes away when it ends. */
static void test_firmware(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	static const uint8_t params[8];
	uint64_t bar1, bar2;
	struct message msg;

	tell(&t, STATIC_INFO, NULL, 0);
	assert_heard(&t, &msg, STATIC_INFO);
	memcpy(&bar1, msg.payload + 2088, 8);
	memcpy(&bar2, msg.payload + 2096, 8);
	assert_true(bar1 % 4096 == 0 && bar2 % 4096 == 0 && bar1 != bar2);
	/* In the memory that the firmware keeps, and outside of what nobody may touch. */
	assert_true(bar1 >= FB_SIZE - 256 * MIB && bar2 < WPR_START);
	assert_true(rd(mc, 0x001704) & 0x80000000);
	assert_false(rd(mc, 0x001714) & 0x80000000);
	assert_int_equal(bar_read(mc, 0), 0xbad0b000);
	space_new(mc);
	put64(mc, SMALL, pte(DATA));
	wr(mc, 0x001704, 0x80000000 | (uint32_t)((bar1 - 4096) >> 12));
	put64(mc, bar1, pde(PD2));
	assert_int_equal(bar_read(mc, 8), vram(mc, DATA + 8));

	assert_int_equal(update_pde(&t, 1, pde(PD2), 38), 0x1f);
	assert_int_equal(update_pde(&t, 2, pde(PD2), 47), 0x1f);
	assert_int_equal(update_pde(&t, 1, pde(PD2), 47), 0);
	assert_true(rd(mc, 0x001714) & 0x80000000);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_INST, 8, 4), vram(mc, DATA + 8));
	assert_int_equal(update_pde(&t, 1, 0, 47), 0);
	assert_false(rd(mc, 0x001714) & 0x80000000);
	assert_int_equal(update_pde(&t, 0, 0, 47), 0);
	assert_int_equal(bar_read(mc, 8), 0xbad0b000);
	tell(&t, UPDATE_PDE, params, 8);
	assert_heard(&t, &msg, UPDATE_PDE);
	assert_int_equal(msg.rpc.rpc_result, 0x1f);

	tell(&t, UNLOADING, params, sizeof(params));
	assert_heard(&t, &msg, UNLOADING);
	assert_int_equal(rd(mc, 0x001704), 0);
	assert_int_equal(bar_read(mc, 8), vram(mc, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_page_sizes),
		boot_test(test_faults),
		boot_test(test_sparse),
		boot_test(test_rights),
		boot_test(test_system_memory),
		boot_test(test_invalidate),
		boot_test(test_invalidations_counted),
		boot_test(test_remembered),
		boot_test(test_planted),
		boot_test(test_firmware),
	};

	return cmocka_run_group_tests_name("model: MMU", tests, NULL, NULL);
}
