/* SPDX-License-Identifier: MIT */
/*
 * client_machine.c - stands for gpudom and its machine: DMA memory is a file that the responder maps as
 * well, bus addresses are places in it, the doorbell and the interrupt are event counters, time is the
 * host's. And what boot builds in memory before it starts a firmware: libos arguments, RMARGS, queues.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fwq/queue.h"
#include "fwq/rpc.h"
#include "hv/hv.h"
#include "tests/peer/scramble/agreed.h"
#include "tests/peer/scramble/client.h"

#define PAGE  HV_PAGE_SIZE
#define EXTRA 3u  /* pages beside the queues: libos arguments, RMARGS, one that nobody uses */
#define STEP  37u /* a page's neighbour lies this many pages away */

struct fwq_pack pack;
struct fwq_rpc rpc;

static struct fwq_params params;
static struct fwq_link_mem link_mem;
static struct fwq_queue queue;
static int doorbell_fd, interrupt_fd;

void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "client: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

void same(const char *what, uint64_t have, uint64_t want)
{
	if (have != want)
		fail("%s is 0x%llx, not 0x%llx", what, (unsigned long long)have,
		     (unsigned long long)want);
}

/* ---------------------------------------------------------------- the platform, as far as fwq needs it */

void hv_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}

uint64_t hv_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * HV_S + (uint64_t)t.tv_nsec;
}

/* Sleeps until the interrupt, but not longer than ns. */
void hv_delay(uint64_t ns)
{
	struct pollfd p = {.fd = interrupt_fd, .events = POLLIN};
	struct timespec t = {.tv_nsec = (long)ns};
	uint64_t count;

	if (ppoll(&p, 1, &t, NULL) == 1 && read(interrupt_fd, &count, sizeof(count)) < 0)
		fail("the interrupt is gone");
}

static void ring(void *arg)
{
	uint64_t one = 1;

	(void)arg;
	if (write(doorbell_fd, &one, sizeof(one)) != sizeof(one))
		fail("the doorbell is gone");
}

/* ---------------------------------------------------------------- the pack */

void machine_pack(const char *path)
{
	static char text[FWQ_PACK_TEXT_MAX + 1];
	struct fwq_pack_error error;
	FILE *f = fopen(path, "r");
	size_t len;

	if (!f)
		fail("%s: %s", path, strerror(errno));
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	if (fwq_pack_load(text, len, &pack, &error))
		fail("%s: %s", path, error.text);
	if (fwq_params_from_pack(&pack, &params))
		fail("%s: no parameters for the queues", path);
}

void put(enum fwq_field f, void *at, size_t len, uint64_t value)
{
	int ret = fwq_put(&pack, f, at, len, 0, 0, value);

	if (ret)
		fail("%s = 0x%llx: error %d", fwq_field_name(f), (unsigned long long)value, ret);
}

uint64_t get(enum fwq_field f, const void *at, size_t len)
{
	uint64_t value;
	int ret = fwq_get(&pack, f, at, len, 0, 0, &value);

	if (ret)
		fail("%s: error %d", fwq_field_name(f), ret);
	return value;
}

uint8_t *span(enum fwq_field f, void *at, size_t len, size_t *size)
{
	size_t offset, bytes;
	int ret = fwq_span(&pack, f, len, 0, &offset, &bytes);

	if (ret)
		fail("%s: error %d", fwq_field_name(f), ret);
	if (size)
		*size = bytes;
	return (uint8_t *)at + offset;
}

/* The width of a number, or of an array's elements; 0 for what is none, or in no structure of `type`. */
static uint32_t width(enum fwq_struct type, enum fwq_field f, const char **path)
{
	const struct fwq_place *place = &pack.field[f];
	size_t n = strlen(fwq_struct_name(type));
	uint32_t size;

	if (place->offset == FWQ_ABSENT || !place->count ||
	    strncmp(fwq_field_name(f), fwq_struct_name(type), n) != 0 ||
	    fwq_field_name(f)[n] != '.')
		return 0;
	*path = fwq_field_name(f) + n + 1;
	size = place->size / place->count;
	return size == 1 || size == 2 || size == 4 || size == 8 ? size : 0;
}

void fill(enum fwq_struct type, void *at, uint32_t i)
{
	const char *path;
	uint32_t size;

	for (enum fwq_field f = 0; f < FWQ_FIELDS; f++) {
		size = width(type, f, &path);
		for (uint32_t k = 0; size && k < pack.field[f].count; k++)
			if (fwq_put(&pack, f, at, fwq_sizeof(&pack, type), 0, k,
				    a_value(path, i + k, size)))
				fail("%s[%u] cannot be written", fwq_field_name(f), k);
	}
}

void check(enum fwq_struct type, const void *at, uint32_t i)
{
	const char *path;
	uint64_t have = 0;
	uint32_t size;

	for (enum fwq_field f = 0; f < FWQ_FIELDS; f++) {
		size = width(type, f, &path);
		for (uint32_t k = 0; size && k < pack.field[f].count; k++)
			if (fwq_get(&pack, f, at, fwq_sizeof(&pack, type), 0, k, &have) ||
			    have != a_value(path, i + k, size))
				fail("%s[%u] is 0x%llx, not 0x%llx", fwq_field_name(f), k,
				     (unsigned long long)have, a_value(path, i + k, size));
	}
}

/* ---------------------------------------------------------------- memory */

/* Page i of ours is this page of the file: all different, neighbours never side by side. */
static uint32_t scattered(uint32_t i, uint32_t pages)
{
	return (uint32_t)((uint64_t)i * STEP % pages);
}

static void build_arguments(uint8_t *libos, uint8_t *rmargs, uint64_t rmargs_addr)
{
	uint32_t table = fwq_params_table_pages(&params) * PAGE;
	uint8_t *q;

	PUT(LibosMemoryRegionInitArgument, id8, libos, 0x524d41524753ull); /* RMARGS */
	PUT(LibosMemoryRegionInitArgument, pa, libos, rmargs_addr);
	PUT(LibosMemoryRegionInitArgument, size, libos, PAGE);
	PUT(LibosMemoryRegionInitArgument, kind, libos,
	    pack.number[FWQ_N_LIBOS_MEMORY_REGION_CONTIGUOUS]);
	PUT(LibosMemoryRegionInitArgument, loc, libos,
	    pack.number[FWQ_N_LIBOS_MEMORY_REGION_LOC_SYSMEM]);

	fill(FWQ_S_GSP_ARGUMENTS_CACHED, rmargs, 0);
	q = SPAN(GSP_ARGUMENTS_CACHED, messageQueueInitArguments, rmargs);
	PUT(MESSAGE_QUEUE_INIT_ARGUMENTS, sharedMemPhysAddr, q, link_mem.link.page_addr[0]);
	PUT(MESSAGE_QUEUE_INIT_ARGUMENTS, pageTableEntryCount, q, fwq_params_pages(&params));
	PUT(MESSAGE_QUEUE_INIT_ARGUMENTS, cmdQueueOffset, q, table);
	PUT(MESSAGE_QUEUE_INIT_ARGUMENTS, statQueueOffset, q, table + params.cmd_size);
}

void machine_start(int memory, int doorbell, int interrupt,
		   void (*event)(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload,
				 uint32_t len))
{
	uint32_t used = fwq_params_pages(&params), pages = used + EXTRA;
	uint64_t *addr;
	uint8_t *at;
	void *stage;

	doorbell_fd = doorbell;
	interrupt_fd = interrupt;
	while (pages % STEP == 0)
		pages++;
	addr = calloc(pages, sizeof(*addr));
	at = mmap(NULL, (size_t)pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stage = aligned_alloc(8, (params.record_max + 7u) & ~7u);
	if (!addr || at == MAP_FAILED || !stage || ftruncate(memory, (off_t)pages * PAGE))
		fail("no memory");
	for (uint32_t i = 0; i < pages; i++) {
		/* The last page of ours is the file's first: where the libos arguments are agreed to be. */
		uint32_t place = scattered(pages - 1 - i, pages);

		addr[i] = A_DMA_BASE + (uint64_t)place * PAGE;
		if (mmap(at + (size_t)i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, memory, (off_t)place * PAGE) == MAP_FAILED)
			fail("page %u: %s", i, strerror(errno));
	}
	if (fwq_link_mem_init(&link_mem, &params, at, addr, used, ring, NULL) ||
	    fwq_queue_init(&queue, &params, &link_mem.link, stage, params.record_max))
		fail("the queues cannot be laid out");
	fwq_rpc_init(&rpc, &queue, event, NULL);
	build_arguments(at + (size_t)(pages - 1) * PAGE, at + (size_t)used * PAGE, addr[used]);
}

void machine_boot(void)
{
	ring(NULL);
}
