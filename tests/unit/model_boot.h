/* SPDX-License-Identifier: MIT */
/*
 * A driver's side of the GSP boot, as short as it can be, for tests of the model: reset a falcon,
 * load it by DMA, start it, with everything a test may want to get wrong in one structure.
 *
 * Sequence and registers: nouveau falcon/ga102.c, falcon/gm200.c, gsp/fwsec.c, gsp/r535.c. The
 * images are made up: the model is told to let unsigned ones in.
 */
#ifndef MODEL_BOOT_H
#define MODEL_BOOT_H

#include "tests/model/fixture.h"
#include "tests/model/gsp_abi.h"

#define GSP  0x110000u
#define SEC2 0x840000u

/* Offsets from a falcon's base. */
#define MAILBOX0 0x0040u
#define MAILBOX1 0x0044u
#define HWCFG2	 0x00f4u
#define CPUCTL	 0x0100u
#define RISCV	 0x1388u
#define BCR_CTRL 0x1668u

#define WPR2_LO	     0x1fa824u
#define WPR2_HI	     0x1fa828u
#define FRTS_SCRATCH 0x001438u
#define SB_SCRATCH   0x001454u

/* What lies where in the machine's memory; see MEM_BASE. */
#define AT_UCODE      0x0000u
#define AT_META	      0x7000u
#define AT_RADIX0     0x8000u
#define AT_RADIX1     0x9000u
#define AT_RADIX2     0xa000u
#define AT_BOOTLOADER 0xb000u
#define AT_SIGNATURE  0xc000u
#define AT_IMAGE      0xd000u
#define IMAGE_SIZE    0x3000u
#define AT_LIBOS      0x10000u
#define AT_RMARGS     0x11000u
#define AT_LOGS	      0x12000u /* three */
#define LOG_SIZE      0x2000u
#define AT_SHARED     0x20000u /* page table, command queue, message queue */
#define CMDQ	      0x1000u
#define MSGQ	      0x9000u
#define SLOTS	      7u
#define SHARED_PAGES  (1 + 2 * (1 + SLOTS))

#define RELEASE	   "535.113.01"
#define RELEASE_AT 0x1800u /* in the image */

#define MIB	   0x100000ull
#define FB_SIZE	   (960 * MIB) /* 1 GiB of chips, with ECC */
#define VGA_START  (959 * MIB)
#define FRTS_START (958 * MIB)
#define BOOT_START (FRTS_START - 0x1000)
#define ELF_START  ((BOOT_START - IMAGE_SIZE) & ~0xffffull)
#define HEAP_START (940 * MIB)
#define WPR_START  (939 * MIB)

/* A ucode image and all that the boot ROM is told about it. */
struct ucode {
	uint32_t falcon;
	uint32_t code_size, data_size, boot_vector;
	uint32_t signature, engines, id, algorithm;
	uint32_t mailbox0, mailbox1;
};

static inline int boot_machine_up(void **state)
{
	const struct model_config config = {.vram_bytes = 1ull << 30, .allow_unsigned = true};
	struct machine *mc = calloc(1, sizeof(*mc));

	if (!mc || model_create(&config, &machine_ops, mc, &mc->gpu))
		return -1;
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	*state = mc;
	return 0;
}

#define boot_test(fn) cmocka_unit_test_setup_teardown(fn, boot_machine_up, machine_down)

static inline uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static inline void set32(uint8_t *p, uint32_t value)
{
	memcpy(p, &value, 4);
}

static inline bool poll(struct machine *mc, uint32_t reg, uint32_t mask, uint32_t value)
{
	for (int i = 0; i < 100; i++)
		if ((rd(mc, reg) & mask) == value)
			return true;
	return false;
}

/* Engine reset; false if the memories never get clean. */
static inline bool falcon_reset(struct machine *mc, uint32_t base)
{
	wr(mc, base + 0x3c0, 1);
	wr(mc, base + 0x3c0, 0);
	return poll(mc, base + HWCFG2, 0x1000, 0);
}

static inline void falcon_dma(struct machine *mc, uint32_t base, uint64_t from, uint32_t offset,
			      uint32_t to, uint32_t size, uint32_t command)
{
	wr(mc, base + 0x110, (uint32_t)(from >> 8));
	wr(mc, base + 0x128, (uint32_t)(from >> 40));
	for (uint32_t done = 0; done < size; done += 256) {
		wr(mc, base + 0x114, to + done);
		wr(mc, base + 0x11c, offset + done);
		wr(mc, base + 0x118, command);
		assert_true(poll(mc, base + 0x118, 2, 2));
	}
}

/* Code and then data, from AT_UCODE; a size of 0 leaves it away. */
static inline void falcon_load(struct machine *mc, const struct ucode *u)
{
	uint32_t base = u->falcon;
	uint32_t vector = u->boot_vector & ~0xffu;

	wr(mc, base + 0x624, rd(mc, base + 0x624) | 0x80);
	wr(mc, base + 0x10c, 0);
	wr(mc, base + 0x600, 5);
	/* Tags follow the offset, which starts at the boot vector. */
	falcon_dma(mc, base, MEM_BASE + AT_UCODE - vector, vector, 0, u->code_size, 0x614);
	falcon_dma(mc, base, MEM_BASE + AT_UCODE + u->code_size, 0, 0, u->data_size, 0x600);
}

/* What the boot ROM is told; then starts. False if the falcon does not halt. */
static inline bool falcon_start(struct machine *mc, const struct ucode *u)
{
	uint32_t base = u->falcon;

	wr(mc, base + 0x1210, u->signature);
	wr(mc, base + 0x119c, u->engines);
	wr(mc, base + 0x1198, u->id);
	wr(mc, base + 0x1180, u->algorithm);
	wr(mc, base + MAILBOX0, u->mailbox0);
	wr(mc, base + MAILBOX1, u->mailbox1);
	wr(mc, base + 0x104, u->boot_vector);
	wr(mc, base + CPUCTL, 2);
	return poll(mc, base + CPUCTL, 0x10, 0x10);
}

/* ---- FWSEC, from the ROM ---- */

static inline void rom_read(struct machine *mc, uint8_t *rom, uint32_t size)
{
	for (uint32_t i = 0; i < size; i += 4)
		set32(rom + i, rd(mc, 0x300000 + i));
}

/*
 * FWSEC with a command, as a driver prepares it: found through the tables, patched, in memory at
 * AT_UCODE. `frts` is where the region shall be.
 */
static inline struct ucode fwsec_prepare(struct machine *mc, uint32_t command, uint64_t frts)
{
	static uint8_t rom[0x6000];
	struct ucode u = {.falcon = GSP, .engines = 0x400, .algorithm = 1};
	uint8_t *desc, *data, *appif;
	uint32_t size, mapper = 0, in;

	rom_read(mc, rom, sizeof(rom));
	/* Where the tables lead: test_model_vbios.c goes the long way. */
	desc = rom + 0x3400 + 0x100;
	size = le32(desc) >> 16;
	u.code_size = le32(desc + 20);
	u.data_size = le32(desc + 32);
	u.signature = le32(desc + 8);
	u.id = desc[38];
	memcpy(mc->mem + AT_UCODE, desc + size, u.code_size + u.data_size);

	data = mc->mem + AT_UCODE + u.code_size;
	/* Version 1 of two: what the fuse asks for. */
	memcpy(data + u.signature, desc + 44 + 384, 384);
	appif = data + le32(desc + 12);
	for (uint32_t i = 0; i < appif[3]; i++)
		if (le32(appif + appif[1] + i * appif[2]) == 4)
			mapper = le32(appif + appif[1] + i * appif[2] + 4);
	assert_int_not_equal(mapper, 0);
	set32(data + mapper + 0x2c, command);
	in = le32(data + mapper + 8);
	set32(data + in, 1);
	set32(data + in + 4, 24);
	set32(data + in + 20, 2);
	set32(data + in + 24, 1);
	set32(data + in + 28, 20);
	set32(data + in + 32, (uint32_t)(frts >> 12));
	set32(data + in + 36, 0x100);
	set32(data + in + 40, 2);
	return u;
}

static inline bool run(struct machine *mc, const struct ucode *u)
{
	if (!falcon_reset(mc, u->falcon))
		return false;
	falcon_load(mc, u);
	return falcon_start(mc, u);
}

static inline bool fwsec(struct machine *mc, uint32_t command, uint64_t frts)
{
	struct ucode u = fwsec_prepare(mc, command, frts);

	return run(mc, &u);
}

/* ---- the booters ---- */

static inline struct ucode booter_prepare(struct machine *mc, uint32_t data_size)
{
	struct ucode u = {
		.falcon = SEC2,
		.code_size = 0x300,
		.data_size = data_size,
		.boot_vector = 0x100,
		.signature = 0x10,
		.engines = 1,
		.id = 3,
		.algorithm = 1,
	};

	memset(mc->mem + AT_UCODE, 0, u.code_size + data_size);
	memset(mc->mem + AT_UCODE, 0xc0, u.code_size);
	memset(mc->mem + AT_UCODE + u.code_size + u.signature, 0x51, 384);
	return u;
}

/* The firmware's arguments, and empty queues. */
static inline void arguments_prepare(struct machine *mc)
{
	static const char *const names[] = {"LOGINIT", "LOGINTR", "LOGRM", "RMARGS"};
	struct libos_memory_region_init_argument *args = (void *)(mc->mem + AT_LIBOS);
	struct message_queue_init_arguments *rmargs = (void *)(mc->mem + AT_RMARGS);
	struct msgq_tx_header *tx = (void *)(mc->mem + AT_SHARED + CMDQ);
	uint64_t *pages = (void *)(mc->mem + AT_SHARED);

	memset(mc->mem + AT_LIBOS, 0, MEM_SIZE - AT_LIBOS);
	for (uint32_t i = 0; i < 4; i++) {
		for (const char *p = names[i]; *p; p++)
			args[i].id8 = args[i].id8 << 8 | (uint8_t)*p;
		args[i].pa = MEM_BASE + (i < 3 ? AT_LOGS + i * LOG_SIZE : AT_RMARGS);
		args[i].size = i < 3 ? LOG_SIZE : 0x1000;
		args[i].kind = 1;
		args[i].loc = 1;
		for (uint32_t j = 0; i < 3 && j < LOG_SIZE / 4096; j++)
			((uint64_t *)(void *)(mc->mem + args[i].pa - MEM_BASE))[1 + j] =
				args[i].pa + 4096ull * j;
	}
	rmargs->sharedMemPhysAddr = MEM_BASE + AT_SHARED;
	rmargs->pageTableEntryCount = SHARED_PAGES;
	rmargs->cmdQueueOffset = CMDQ;
	rmargs->statQueueOffset = MSGQ;
	for (uint32_t i = 0; i < SHARED_PAGES; i++)
		pages[i] = MEM_BASE + AT_SHARED + 4096ull * i;
	*tx = (struct msgq_tx_header){
		.size = (SLOTS + 1) * 4096,
		.msgSize = 4096,
		.msgCount = SLOTS,
		.flags = 1,
		.rxHdrOff = 32,
		.entryOff = 4096,
	};
}

/* A good GspFwWprMeta with all it points to; the image is a pattern with a version in it. */
static inline struct gsp_fw_wpr_meta *meta_prepare(struct machine *mc)
{
	struct gsp_fw_wpr_meta *meta = (void *)(mc->mem + AT_META);
	uint64_t *radix0 = (void *)(mc->mem + AT_RADIX0), *radix1 = (void *)(mc->mem + AT_RADIX1);
	uint64_t *radix2 = (void *)(mc->mem + AT_RADIX2);

	radix0[0] = MEM_BASE + AT_RADIX1;
	radix1[0] = MEM_BASE + AT_RADIX2;
	for (uint32_t i = 0; i < IMAGE_SIZE / 4096; i++)
		radix2[i] = MEM_BASE + AT_IMAGE + 4096ull * i;
	for (uint32_t i = 0; i < IMAGE_SIZE; i++)
		mc->mem[AT_IMAGE + i] = (uint8_t)(i * 7 + i / 251);
	memcpy(mc->mem + AT_IMAGE + RELEASE_AT, RELEASE, sizeof(RELEASE));
	set32(mc->mem + AT_SIGNATURE, 0x00020001);

	*meta = (struct gsp_fw_wpr_meta){
		.magic = 0xdc3aae21371a60b3,
		.revision = 1,
		.sysmemAddrOfRadix3Elf = MEM_BASE + AT_RADIX0,
		.sizeOfRadix3Elf = IMAGE_SIZE,
		.sysmemAddrOfBootloader = MEM_BASE + AT_BOOTLOADER,
		.sizeOfBootloader = 0x1000,
		.bootloaderCodeOffset = 0x400,
		.bootloaderDataOffset = 0x800,
		.sysmemAddrOfSignature = MEM_BASE + AT_SIGNATURE,
		.sizeOfSignature = 0x1000,
		.gspFwRsvdStart = WPR_START - MIB,
		.nonWprHeapOffset = WPR_START - MIB,
		.nonWprHeapSize = MIB,
		.gspFwWprStart = WPR_START,
		.gspFwHeapOffset = HEAP_START,
		.gspFwHeapSize = 8 * MIB,
		.gspFwOffset = ELF_START,
		.bootBinOffset = BOOT_START,
		.frtsOffset = FRTS_START,
		.frtsSize = MIB,
		.gspFwWprEnd = VGA_START,
		.fbSize = FB_SIZE,
		.vgaWorkspaceOffset = VGA_START,
		.vgaWorkspaceSize = MIB,
	};
	return meta;
}

/* The GSP waits on its RISC-V core, with the address of its arguments. */
static inline bool gsp_reset_to_riscv(struct machine *mc)
{
	if (!falcon_reset(mc, GSP))
		return false;
	wr(mc, GSP + BCR_CTRL, rd(mc, GSP + BCR_CTRL) | 0x111);
	wr(mc, GSP + MAILBOX0, (uint32_t)(MEM_BASE + AT_LIBOS));
	wr(mc, GSP + MAILBOX1, (uint32_t)((MEM_BASE + AT_LIBOS) >> 32));
	return true;
}

static inline bool gsp_select_riscv(struct machine *mc)
{
	arguments_prepare(mc);
	return gsp_reset_to_riscv(mc);
}

/* MAILBOX0 afterwards; the address of the structure, if the boot ROM refused. */
static inline uint32_t booter_load(struct machine *mc)
{
	struct ucode u = booter_prepare(mc, 0x6200);

	u.mailbox0 = (uint32_t)(MEM_BASE + AT_META);
	u.mailbox1 = (uint32_t)((MEM_BASE + AT_META) >> 32);
	return run(mc, &u) ? rd(mc, SEC2 + MAILBOX0) : ~0u;
}

static inline uint32_t booter_unload(struct machine *mc)
{
	struct ucode u = booter_prepare(mc, 0x4d00);

	u.mailbox0 = 0xff;
	u.mailbox1 = 0xff;
	return run(mc, &u) ? rd(mc, SEC2 + MAILBOX0) : ~0u;
}

static inline bool riscv_active(struct machine *mc)
{
	return rd(mc, GSP + RISCV) & 0x80;
}

static inline void assert_no_wpr2(struct machine *mc)
{
	assert_int_equal(rd(mc, WPR2_LO), 0x1ffffe00);
	assert_int_equal(rd(mc, WPR2_HI), 0);
}

#endif /* MODEL_BOOT_H */
