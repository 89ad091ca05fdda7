/* SPDX-License-Identifier: MIT */
/*
 * hostile - a guest that tries to get more than its slice, on real Xen.
 *
 * Each case says in its name what is tried and passes only on the expected refusal. Between cases
 * the connection is made anew where the case has cost it. A victim with a slice of its own works on
 * meanwhile; the harness (tests/xen/test_hostile.py) watches it. Answers: data/case-NAME "ok" or
 * "FAILED: why", data/count, data/done.
 */
#include <xen/errno.h>

#include "guest-frontend/bare/raw.h"
#include "hv/xenbus.h"
#include "worker.h"

#define OWN "device/vgpu/0"

static struct front_dev *dev;
static struct front_raw raw;
static unsigned int cases;
static char why[256];

/* Fails the running case with a reason; the first one is kept. */
#define EXPECT(cond, ...)                                                                          \
	do {                                                                                       \
		if (!(cond) && !why[0])                                                            \
			snprintf(why, sizeof(why), __VA_ARGS__);                                   \
	} while (0)

/* ---------------------------------------------------------------- connection */

/* Connects afresh and takes the ring over. */
static int take_over(void)
{
	int err = 0;

	for (int attempt = 0; attempt < 20; attempt++) {
		if (dev)
			front_destroy(dev);
		dev = NULL;
		err = front_open(0, NULL, NULL, &dev);
		if (!err)
			err = front_wait_connected(dev, 5 * HV_S);
		if (!err)
			err = front_raw_take(dev, &raw);
		if (!err)
			return 0;
		nap(100 * HV_MS);
	}
	return err;
}

/*
 * Whether the back has closed this connection, waiting for it. The front tells: by the time one
 * looks at the nodes it may have connected again.
 */
static bool device_closed(void)
{
	for (int i = 0; i < 50 && !front_stats(dev)->losses; i++)
		nap(100 * HV_MS);
	return front_stats(dev)->losses != 0;
}

/* One request, raw; the answer's status. A silent back is -XEN_ETIMEDOUT. */
static int ask(struct xenvgpu_request *req, struct xenvgpu_response *rsp)
{
	static uint16_t id;
	struct xenvgpu_response mine;

	req->id = ++id;
	if (front_raw_call(&raw, req, &mine, 10 * HV_S))
		return -XEN_ETIMEDOUT;
	EXPECT(mine.id == req->id, "answer for id %u, asked %u", mine.id, req->id);
	if (rsp)
		*rsp = mine;
	return mine.status;
}

static int alloc(uint64_t size, uint32_t *handle)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_ALLOC};
	struct xenvgpu_response rsp;
	int status;

	req.op.mem_alloc.size = size;
	status = ask(&req, &rsp);
	*handle = status ? 0 : rsp.op.mem_alloc.handle;
	return status;
}

static int release(uint32_t handle)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_FREE};

	req.op.mem_free.handle = handle;
	return ask(&req, NULL);
}

static int copy(uint8_t op, uint32_t handle, hv_gref_t dir, uint64_t offset, uint32_t length)
{
	struct xenvgpu_request req = {.operation = op};

	req.op.mem_copy.handle = handle;
	req.op.mem_copy.gref_directory = dir;
	req.op.mem_copy.offset = offset;
	req.op.mem_copy.length = length;
	return ask(&req, NULL);
}

/* A directory and one data page, offered to the back; freed or leaked (if still mapped) after use. */
struct list {
	struct xenvgpu_page_directory *dir;
	uint8_t *data;
	hv_gref_t dir_ref, data_ref;
};

static void list_make(struct list *list, unsigned int data_flags)
{
	list->dir = hv_pages_alloc(1);
	list->data = hv_pages_alloc(1);
	if (!list->dir || !list->data ||
	    hv_grant_give(raw.back, list->dir, HV_GRANT_RO, &list->dir_ref) ||
	    hv_grant_give(raw.back, list->data, data_flags, &list->data_ref))
		hv_panic("no page or no grant entry for a page list");
	list->dir->gref[0] = list->data_ref;
}

static void list_free(struct list *list)
{
	if (!hv_grant_end(list->dir_ref))
		hv_pages_free(list->dir, 1);
	if (!hv_grant_end(list->data_ref))
		hv_pages_free(list->data, 1);
}

/* ---------------------------------------------------------------- cases */

static void handles_of_others(void)
{
	struct list list;

	list_make(&list, 0);
	for (uint32_t i = 0; i < 600; i++) {
		/* Small numbers first, then anything. We own no object at all. */
		uint32_t handle = i < 300 ? i : i * 2654435761u;

		EXPECT(release(handle) == -XEN_ENOENT, "MEM_FREE of handle %u not refused", handle);
		if (i % 8 == 0) {
			EXPECT(copy(XENVGPU_OP_MEM_READ, handle, list.dir_ref, 0, 4096) ==
				       -XEN_ENOENT,
			       "MEM_READ of handle %u not refused", handle);
			EXPECT(copy(XENVGPU_OP_MEM_WRITE, handle, list.dir_ref, 0, 4096) ==
				       -XEN_ENOENT,
			       "MEM_WRITE of handle %u not refused", handle);
		}
	}
	for (unsigned int i = 0; i < HV_PAGE_SIZE; i++)
		EXPECT(!list.data[i], "a refused read has written");
	list_free(&list);
}

static void offsets_and_lengths(void)
{
	static const struct {
		uint64_t offset;
		uint32_t length;
	} bad[] = {
		{0x10000, 4},
		{0xfffc, 8},
		{0, 0},
		{0, 0x10004},
		{1, 4},
		{0, 3},
		{~0ull - 3, 4},
		{~0ull - 3, 8},
		{1ull << 63, 4096},
		{0, 0xfffffffc},
		{0x10000000, 4096},
		{0, (1 << 20) + 4},
	};
	struct list list;
	uint32_t handle;

	list_make(&list, 0);
	EXPECT(!alloc(0x10000, &handle), "no memory");
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (uint8_t op = XENVGPU_OP_MEM_WRITE; op <= XENVGPU_OP_MEM_READ; op++) {
			int status = copy(op, handle, list.dir_ref, bad[i].offset, bad[i].length);

			EXPECT(status == -XEN_EINVAL, "op %#x offset %#llx length %#x: status %d",
			       op, (unsigned long long)bad[i].offset, bad[i].length, status);
		}
	EXPECT(!copy(XENVGPU_OP_MEM_WRITE, handle, list.dir_ref, 0xf000, 4096), "good one refused");
	EXPECT(!release(handle), "not freed");
	EXPECT(release(handle) == -XEN_ENOENT, "freed twice");
	EXPECT(copy(XENVGPU_OP_MEM_READ, handle, list.dir_ref, 0, 4096) == -XEN_ENOENT,
	       "use after free");
	list_free(&list);
}

static void sizes(void)
{
	static const uint64_t bad[] = {0, 1, 4096, 0xffff, 0x10001, ~0ull, 1ull << 63, ~0xffffull};
	struct xenvgpu_request req = {.operation = XENVGPU_OP_INFO};
	struct xenvgpu_response rsp;
	uint32_t handle;
	int status;

	EXPECT(!ask(&req, &rsp), "INFO refused");
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		status = alloc(bad[i], &handle);
		EXPECT(status == -XEN_EINVAL || status == -XEN_ENOMEM, "size %#llx: status %d",
		       (unsigned long long)bad[i], status);
	}
	status = alloc(rsp.op.info.vram_size + XENVGPU_MEM_ALIGN, &handle);
	EXPECT(status == -XEN_ENOMEM, "more than the quota: status %d", status);
}

static void reserved_bits(void)
{
	static const uint8_t used[][2] = {
		/* operation, bytes of its parameters */
		{XENVGPU_OP_INFO, 0},	  {XENVGPU_OP_PING, 8},	      {XENVGPU_OP_MEM_ALLOC, 12},
		{XENVGPU_OP_MEM_FREE, 4}, {XENVGPU_OP_MEM_WRITE, 20}, {XENVGPU_OP_MEM_READ, 20},
	};

	for (unsigned int i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		for (unsigned int bit = 0; bit < 5 * 8; bit++) {
			struct xenvgpu_request req = {.operation = used[i][0]};

			req.reserved[bit / 8] = (uint8_t)(1u << (bit % 8));
			EXPECT(ask(&req, NULL) == -XEN_EINVAL, "op %#x: reserved bit %u accepted",
			       used[i][0], bit);
		}
		/* struct xenvgpu_mem_alloc_req and mem_copy_req are padded to 8 bytes: also reserved. */
		for (unsigned int byte = used[i][1]; byte < 56; byte++) {
			struct xenvgpu_request req = {.operation = used[i][0]};

			if (used[i][0] == XENVGPU_OP_MEM_ALLOC)
				req.op.mem_alloc.size = XENVGPU_MEM_ALIGN;
			req.op.raw[byte] = 0x80;
			EXPECT(ask(&req, NULL) == -XEN_EINVAL, "op %#x: unused byte %u accepted",
			       used[i][0], byte);
		}
	}
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_ALLOC};

		req.op.mem_alloc.size = XENVGPU_MEM_ALIGN;
		req.op.mem_alloc.flags = 1u << bit;
		EXPECT(ask(&req, NULL) == -XEN_EINVAL, "MEM_ALLOC flag bit %u accepted", bit);
	}
}

static void unknown_operations(void)
{
	for (unsigned int op = 0; op < 256; op++) {
		struct xenvgpu_request req = {.operation = (uint8_t)op};

		if (op >= XENVGPU_OP_INFO && op <= XENVGPU_OP_MEM_READ)
			continue;
		EXPECT(ask(&req, NULL) == -XEN_EOPNOTSUPP, "operation %#x not refused", op);
	}
}

static void grant_references(void)
{
	struct list list, read_only;
	uint32_t handle;
	int status;

	EXPECT(!alloc(0x10000, &handle), "no memory");
	list_make(&list, 0);
	list_make(&read_only, HV_GRANT_RO);

	EXPECT(copy(XENVGPU_OP_MEM_WRITE, handle, 0, 0, 4096) == -XEN_EINVAL, "directory 0");
	for (uint32_t ref = 1; ref < 0x80000000u; ref = ref * 3 + 7) {
		if (ref == list.dir_ref || ref == read_only.dir_ref || ref == raw.ring_ref ||
		    ref == raw.event_ref || ref == list.data_ref || ref == read_only.data_ref)
			continue;
		status = copy(XENVGPU_OP_MEM_WRITE, handle, ref, 0, 4096);
		EXPECT(status < 0, "directory reference %u: status %d", ref, status);
		list.dir->gref[0] = ref;
		status = copy(XENVGPU_OP_MEM_READ, handle, list.dir_ref, 0, 4096);
		EXPECT(status == -XEN_EFAULT, "page reference %u: status %d", ref, status);
	}
	list.dir->gref[0] = 0;
	EXPECT(copy(XENVGPU_OP_MEM_WRITE, handle, list.dir_ref, 0, 4096) == -XEN_EINVAL, "page 0");
	list.dir->gref[0] = list.data_ref;
	list.dir->gref_dir_next_page = list.dir_ref;
	EXPECT(copy(XENVGPU_OP_MEM_WRITE, handle, list.dir_ref, 0, 4096) == -XEN_EINVAL,
	       "a second directory");
	list.dir->gref_dir_next_page = 0;
	EXPECT(copy(XENVGPU_OP_MEM_READ, handle, read_only.dir_ref, 0, 4096) == -XEN_EFAULT,
	       "wrote into a page that was offered for reading");
	/* Too few entries for the length: the rest of the directory is zero. */
	EXPECT(copy(XENVGPU_OP_MEM_READ, handle, list.dir_ref, 0, 8192) == -XEN_EINVAL,
	       "a list that is too short");
	EXPECT(!copy(XENVGPU_OP_MEM_READ, handle, list.dir_ref, 0, 4096), "good one refused");
	list_free(&list);
	list_free(&read_only);
	EXPECT(!release(handle), "not freed");
}

static void fresh_memory_is_zero(void)
{
	struct list list;
	uint32_t handle;

	list_make(&list, 0);
	for (unsigned int round = 0; round < 8; round++) {
		EXPECT(!alloc(0x40000, &handle), "no memory");
		for (uint64_t at = 0; at < 0x40000; at += 4096) {
			memset(list.data, 0x55, HV_PAGE_SIZE);
			EXPECT(!copy(XENVGPU_OP_MEM_READ, handle, list.dir_ref, at, 4096),
			       "no read");
			for (unsigned int i = 0; i < HV_PAGE_SIZE; i++)
				EXPECT(!list.data[i], "byte %#llx is %#x",
				       (unsigned long long)at + i, list.data[i]);
			memset(list.data, 0xaa, HV_PAGE_SIZE);
			EXPECT(!copy(XENVGPU_OP_MEM_WRITE, handle, list.dir_ref, at, 4096),
			       "no write");
		}
		EXPECT(!release(handle), "not freed");
	}
	list_free(&list);
}

static void too_many_objects(void)
{
	static uint32_t handles[XENVGPU_MAX_OBJECTS + 1];
	unsigned int n = 0;
	int status = 0;

	while (n <= XENVGPU_MAX_OBJECTS && !(status = alloc(XENVGPU_MEM_ALIGN, &handles[n])))
		n++;
	EXPECT(n <= XENVGPU_MAX_OBJECTS, "no limit on objects");
	EXPECT(status == -XEN_ENOSPC || status == -XEN_ENOMEM, "refused with %d", status);
	while (n--)
		EXPECT(!release(handles[n]), "not freed");
}

static void ring_rewritten_while_read(void)
{
	uint32_t prod = raw.req_prod;
	uint64_t end = hv_now() + 3 * HV_S;

	/* Slots flip between a good PING and garbage while the back copies them. */
	while (hv_now() < end && !why[0]) {
		for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++) {
			struct xenvgpu_request *slot = (void *)front_raw_slot(&raw, prod + i);

			memset(slot, 0, sizeof(*slot));
			slot->id = (uint16_t)i;
			slot->operation = XENVGPU_OP_PING;
		}
		prod += XENVGPU_RING_SLOTS;
		front_raw_publish(&raw, prod);
		for (unsigned int spin = 0; HV_READ_ONCE(raw.sring->rsp_prod) != prod; spin++) {
			volatile uint8_t *slot = front_raw_slot(&raw, spin);

			slot[2] = spin & 1 ? XENVGPU_OP_MEM_WRITE : XENVGPU_OP_PING;
			slot[3 + spin % 5] ^= 0xff;
			if (spin % 64 == 0) {
				EXPECT(hv_now() < end + 10 * HV_S, "the back no longer answers");
				if (why[0])
					return;
			}
		}
	}
	raw.req_prod = prod;
	raw.rsp_cons = prod;
}

static void ring_index_beyond(void)
{
	static const uint32_t beyond[] = {XENVGPU_RING_SLOTS + 1, 100, 0x7fffffff, 0x80000000,
					  0xffffffff};

	for (unsigned int i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		front_raw_publish(&raw, raw.req_prod + beyond[i]);
		EXPECT(device_closed(), "req_prod + %#x did not close the device", beyond[i]);
		EXPECT(!take_over(), "no new connection after req_prod + %#x", beyond[i]);
	}
}

static void event_flood(void)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_PING};

	for (unsigned int i = 0; i < 100000; i++)
		hv_evtchn_send(raw.port);
	nap(1500 * HV_MS); /* a back that backs off listens again by then */
	EXPECT(!ask(&req, NULL), "no answer after the flood");
}

static void policy_is_not_ours(void)
{
	char dir[64], node[96], text[64];
	struct hv_xs_perm open = {.dom = hv_domid(), .read = true, .write = true};
	static const char *const keys[] = {"vram", "profile", "weight"};

	snprintf(dir, sizeof(dir), "/xvgpu/%u/%u/0", raw.back, hv_domid());
	for (unsigned int i = 0; i < 3; i++) {
		snprintf(node, sizeof(node), "%s/%s", dir, keys[i]);
		EXPECT(hv_xs_write(HV_XS_NONE, node, "1099511627776") == -EACCES, "%s written",
		       node);
		EXPECT(hv_xs_rm(HV_XS_NONE, node) == -EACCES, "%s removed", node);
		EXPECT(hv_xs_set_perms(HV_XS_NONE, node, &open, 1) == -EACCES, "%s opened", node);
		EXPECT(hv_xs_read(HV_XS_NONE, node, text, sizeof(text)) == -EACCES, "%s read",
		       node);
	}
	while (strchr(dir + 1, '/')) { /* and no ancestor either */
		EXPECT(hv_xs_rm(HV_XS_NONE, dir) == -EACCES, "%s removed", dir);
		snprintf(node, sizeof(node), "%s/own", dir);
		EXPECT(hv_xs_write(HV_XS_NONE, node, "1") == -EACCES, "%s made", node);
		*strrchr(dir, '/') = 0;
	}
	EXPECT(hv_xs_rm(HV_XS_NONE, dir) == -EACCES, "%s removed", dir);
}

/* Our own directory is ours: deleting and re-making it must not change what we are entitled to. */
static void nodes_made_anew(void)
{
	char backend[XENBUS_DIR_MAX], id[16];
	struct xenvgpu_request req = {.operation = XENVGPU_OP_INFO};
	struct xenvgpu_response before, after;

	EXPECT(!ask(&req, &before), "no INFO");
	EXPECT(xenbus_read_str(HV_XS_NONE, OWN, "backend", backend, sizeof(backend)) >= 0,
	       "no backend");
	snprintf(id, sizeof(id), "%u", raw.back);
	static const char *const keys[] = {"backend",  "backend-id",	"state",	 "version",
					   "ring-ref", "event-channel", "event-page-ref"};
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char node[64];

		snprintf(node, sizeof(node), OWN "/%s", keys[i]);
		EXPECT(hv_xs_rm(HV_XS_NONE, node) == 0, "cannot remove own %s", node);
	}
	nap(500 * HV_MS);
	hv_xs_write(HV_XS_NONE, OWN "/backend", backend);
	hv_xs_write(HV_XS_NONE, OWN "/backend-id", id);
	hv_xs_write(HV_XS_NONE, OWN "/vram", "1099511627776");
	hv_xs_write(HV_XS_NONE, OWN "/profile", "huge");
	hv_xs_write(HV_XS_NONE, OWN "/state", "1");
	EXPECT(!take_over(), "no connection with nodes made anew");
	if (why[0])
		return;
	EXPECT(!ask(&req, &after), "no INFO");
	EXPECT(after.op.info.vram_size == before.op.info.vram_size, "quota is now %llu",
	       (unsigned long long)after.op.info.vram_size);
	/* A device that dom0 never made cannot even be named. */
	EXPECT(hv_xs_write(HV_XS_NONE, "device/vgpu/1/backend", backend) == -EACCES,
	       "made a device of its own");
}

static void garbage_in_own_nodes(void)
{
	static const char *const values[] = {
		"",   "-1",  "0",  "4294967296", "99999999999999999999",
		"1x", "0x1", "7 ", "%s%n",	 "../../0/domain"};
	static const char *const keys[] = {"ring-ref", "event-page-ref", "event-channel",
					   "version"};

	for (unsigned int k = 0; k < 4; k++)
		for (unsigned int v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			char node[64];

			/* Close, then claim to be Initialised with garbage in one key. */
			hv_xs_write(HV_XS_NONE, OWN "/state", "5");
			nap(20 * HV_MS);
			hv_xs_write(HV_XS_NONE, OWN "/state", "1");
			nap(20 * HV_MS);
			snprintf(node, sizeof(node), OWN "/%s", keys[k]);
			hv_xs_write(HV_XS_NONE, node, values[v]);
			hv_xs_write(HV_XS_NONE, OWN "/state", "3");
			nap(20 * HV_MS);
		}
	EXPECT(!take_over(), "no connection after garbage");
}

static void watch_flood(void)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_PING};
	char node[64];

	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(node, sizeof(node), OWN "/noise%u", i % 50);
		hv_xs_write(HV_XS_NONE, node, "x");
	}
	for (unsigned int i = 0; i < 50; i++) {
		snprintf(node, sizeof(node), OWN "/noise%u", i);
		hv_xs_rm(HV_XS_NONE, node);
	}
	EXPECT(!ask(&req, NULL), "no answer after the flood");
}

static void state_toggling(void)
{
	for (unsigned int i = 0; i < 200; i++) {
		char state[4];

		snprintf(state, sizeof(state), "%u", (i * 7 + i / 9) % 11);
		hv_xs_write(HV_XS_NONE, OWN "/state", state);
		if (i % 16 == 0)
			nap(10 * HV_MS);
	}
	EXPECT(!take_over(), "no connection after toggling");
}

/* The last case, for only dom0 can plug a device in again after this. */
static void own_directory_deleted(void)
{
	EXPECT(hv_xs_rm(HV_XS_NONE, OWN) == 0, "cannot remove the own directory");
	nap(500 * HV_MS);
	EXPECT(hv_xs_write(HV_XS_NONE, OWN "/state", "1") == -EACCES, "made it again");
}

static const struct {
	const char *name;
	void (*run)(void);
} table[] = {
	{"handles-of-others", handles_of_others},
	{"offsets-and-lengths", offsets_and_lengths},
	{"sizes", sizes},
	{"reserved-bits", reserved_bits},
	{"unknown-operations", unknown_operations},
	{"grant-references", grant_references},
	{"fresh-memory-is-zero", fresh_memory_is_zero},
	{"too-many-objects", too_many_objects},
	{"ring-rewritten-while-read", ring_rewritten_while_read},
	{"ring-index-beyond", ring_index_beyond},
	{"event-flood", event_flood},
	{"policy-is-not-ours", policy_is_not_ours},
	{"nodes-made-anew", nodes_made_anew},
	{"garbage-in-own-nodes", garbage_in_own_nodes},
	{"watch-flood", watch_flood},
	{"state-toggling", state_toggling},
	{"own-directory-deleted", own_directory_deleted},
};

static int hostile_start(int argc, char **argv)
{
	const char *only = order_text(argc, argv, "case", NULL);
	int err = wait_told("start", 120 * HV_S);

	if (!err)
		err = take_over();
	if (err) {
		answer("done", "FAILED: no connection: %d", err);
		return err;
	}
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char node[64];

		if (only && strcmp(only, table[i].name) != 0)
			continue;
		why[0] = 0;
		table[i].run();
		snprintf(node, sizeof(node), "case-%s", table[i].name);
		answer(node, "%s%s", why[0] ? "FAILED: " : "ok", why);
		cases++;
		if (why[0] && (err = take_over())) {
			answer("done", "FAILED: no connection after %s: %d", table[i].name, err);
			return err;
		}
	}
	answer("done", "%u cases", cases);
	return wait_told("end", 300 * HV_S);
}

HV_IMAGE(hostile_start);
