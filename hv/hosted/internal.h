/* SPDX-License-Identifier: MIT */
/*
 * internal.h - the hosted machine's parts as its own files see them.
 *
 * Frames are the machine's memory, numbered from 0; frame f lies at offset f pages in one memfd, so
 * that any page can be mapped at several addresses with different rights. Its bus address is
 * hosted_bus_addr(f). Neighbouring frames are swapped on the bus: pages that are neighbours in a
 * domain's address space are not for a device, as under Xen, unless they came from hv_dma_alloc().
 */
#ifndef HV_HOSTED_INTERNAL_H
#define HV_HOSTED_INTERNAL_H

#include "hv/common/common.h"
#include "hv/hosted/hosted.h"
#include "hv/hosted/xs_store.h"

#if defined(__SANITIZE_ADDRESS__)
#define HOSTED_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOSTED_ASAN 1
#endif
#endif

#define HOSTED_DOMS	    256		   /* living domains at a time */
#define HOSTED_FRAMES	    (1u << 18)	   /* 1 GiB of machine memory, used as it is touched */
#define HOSTED_BUS_BASE	    0x100000000ull /* bus address of frame 0 */
#define HOSTED_GRANT_WINDOW 4096	   /* pages a domain can have host-mapped; as hv/xen/mm.h */
#define HOSTED_GRANT_FIRST  8		   /* references 0..7 are Xen's (grant_table.h) */
#define HOSTED_STACK_SIZE   (1u << 20)
#define HOSTED_FRAME_NONE   UINT32_MAX
#define HOSTED_ORPHAN	    0xffffu /* owner of a frame whose domain is gone */

struct frame {
	bool used;
	hv_domid_t owner;
	uint32_t maps;	 /* grant maps by anybody, on any domain's behalf */
	uint32_t grants; /* offers of the owner that name it */
};

enum port_state { PORT_FREE, PORT_UNBOUND, PORT_INTERDOMAIN, PORT_PIRQ };

struct port {
	enum port_state state;
	bool pending, masked;
	hv_domid_t remote; /* UNBOUND: who may bind; INTERDOMAIN: the peer */
	hv_port_t remote_port;
	hv_event_fn fn;
	void *arg;
};

/* A grant entry: what the domain wrote (offer), and what Xen remembers while it is mapped (active). */
struct grant {
	unsigned int flags; /* HOSTED_GRANT_*; 0: not offered */
	hv_domid_t to;
	uint32_t frame;
	uint32_t next_free;
	bool given; /* handed out by hv_grant_give() */
	uint32_t pins_ro, pins_rw;
	hv_domid_t active_to;
	uint32_t active_frame;
};

/* A maptrack entry: one grant map held. Handles are indexes. */
struct map {
	bool used;
	hv_domid_t dom;
	hv_gref_t ref;
	uint32_t frame;
	unsigned int flags; /* HV_MAP_* */
	uint32_t slot;	    /* in the grant window, with HV_MAP_HOST */
	uint32_t next_free;
};

/* How a mapped frame is reachable for the mapper's devices. */
struct reach {
	uint32_t rd, wr;
};

struct hosted_domain {
	struct hosted *h;
	hv_domid_t id;
	char *name;
	hv_start_fn start;
	char **argv;
	int argc;
	enum hosted_state state;
	struct hv_common common;
	uint64_t created;
	uint64_t upcalls;
	bool upcall; /* an event arrived since the last slice */

	/* sched.c */
	struct fiber *fiber;
	uint64_t wake_at; /* end of the wait in hv_loop_until(), machine time */
	bool started;

	/* memory.c */
	uint8_t *mem;
	uint32_t frame0;
	unsigned int npages, pages_used, page_hint;
	uint8_t *page_state; /* enum page_state of each */
	const uint8_t *module;
	size_t module_size;
	unsigned int module_pages; /* the last of npages; they count as used */

	/* evtchn.c */
	struct port *ports;
	hv_port_t max_port;
	unsigned int ports_used, ports_pending;

	/* grant.c */
	struct grant *grants;
	uint32_t grants_max, grants_fresh, grants_free, grants_given;
	struct map *maps;
	uint32_t maps_max, maps_size, maps_free, maps_used;
	struct reach *reach; /* by frame */
	uint8_t *window;
	uint32_t *window_free;
	uint32_t window_top, window_fresh;

	/* xs.c */
	struct hv_xs_watch *watches;
	uint32_t next_token;

	struct {
		unsigned int calls, fail_at;
	} fail[HOSTED_FAIL_KINDS];

	char *log;
	size_t log_len, log_size;
};

struct hosted {
	struct hosted_domain *doms[HOSTED_DOMS];
	hv_domid_t next_domid;
	uint64_t now;
	uint64_t shuffle;
	bool catch_panics, echo;
	int memfd;
	uint8_t *mem; /* all frames, for the machine's own use */
	struct frame *frames;
	uint32_t frame_hint;
	struct hosted_xs *xs;
	struct hosted_pci *pci;
	unsigned int pci_slots;
	uint64_t iommu_refused;
};

/* ---- machine.c */
struct hosted_domain *hosted_cur(void); /* the running or entered domain; panics without one */
struct hosted_domain *hosted_set_cur(struct hosted_domain *d); /* returns the one before */
struct hosted_domain *hosted_find(struct hosted *h, hv_domid_t dom);
/* True when a test wants this call to fail. */
bool hosted_fails(struct hosted_domain *d, enum hosted_fail kind);
/* A test or this library is used wrongly: says so and aborts. */
void hosted_misuse(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void *hosted_zalloc(size_t n, size_t size); /* aborts when the host is out of memory */
/* The same for large tables that are mostly empty: costs only what is touched. */
void *hosted_table(size_t n, size_t size);
void hosted_table_free(void *table, size_t n, size_t size);

/* ---- sched.c */
void hosted_fiber_free(struct hosted_domain *d);
/* Ends the running domain, which is on its own stack, as crashed. */
void hosted_fiber_crash(struct hosted_domain *d) __attribute__((noreturn));
/* The domain's code runs on its own stack now. */
bool hosted_on_fiber(const struct hosted_domain *d);

/* Nobody runs any more, whatever became of the code that did. */
void hosted_sched_reset(void);

/* ---- memory.c */
/* The module, if size is not 0, is copied into further pages. */
int hosted_mem_init(struct hosted_domain *d, unsigned int pages, const void *module, size_t size);
void hosted_mem_free(struct hosted_domain *d);
uint64_t hosted_bus_addr(uint32_t frame);
uint32_t hosted_bus_frame(uint64_t addr); /* HOSTED_FRAME_NONE: no memory there */
uint8_t *hosted_frame_ptr(struct hosted *h, uint32_t frame);
/* Frame behind an address in the domain's own memory, or HOSTED_FRAME_NONE. */
uint32_t hosted_frame_of(const struct hosted_domain *d, const void *va);
void hosted_frame_map(struct hosted *h, uint32_t frame);   /* one more grant map */
void hosted_frame_unmap(struct hosted *h, uint32_t frame); /* one less; frees an orphan */

/* ---- evtchn.c */
void hosted_evtchn_init(struct hosted_domain *d, hv_port_t max_port);
void hosted_evtchn_free(struct hosted_domain *d);
int hosted_evtchn_new(struct hosted_domain *d, enum port_state state, hv_event_fn fn, void *arg);
void hosted_evtchn_raise(struct hosted_domain *d, hv_port_t port);
bool hosted_evtchn_due(const struct hosted_domain *d);
bool hosted_evtchn_run(struct hosted_domain *d);

/* ---- grant.c, grant_map.c */
void hosted_grant_init(struct hosted_domain *d, uint32_t max_grants);
void hosted_grant_free(struct hosted_domain *d);
/*
 * Xen's check before a map or a copy by domain `who` of d's entry: 0 and the frame, or a negative
 * errno. Nothing is pinned yet.
 */
int hosted_grant_check(struct hosted_domain *d, hv_gref_t ref, hv_domid_t who, bool write,
		       uint32_t *frame);
void hosted_grant_pin(struct hosted_domain *d, hv_gref_t ref, hv_domid_t who, bool write,
		      uint32_t frame);
void hosted_grant_unpin(struct hosted_domain *d, hv_gref_t ref, bool write);
void hosted_maps_init(struct hosted_domain *d, uint32_t max_maps);
void hosted_maps_free(struct hosted_domain *d);
/* The address lies in the window where granted pages appear: not the domain's own memory. */
bool hosted_in_window(const struct hosted_domain *d, const void *va);

/* ---- xs.c */
void hosted_home_create(struct hosted_domain *d);
void hosted_home_remove(struct hosted *h, hv_domid_t dom);
bool hosted_watch_due(struct hosted_domain *d);
bool hosted_watch_run(struct hosted_domain *d);

/* ---- pci.c */
void hosted_pci_domain_gone(struct hosted *h, hv_domid_t dom);
void hosted_pci_free_all(struct hosted *h);

#endif /* HV_HOSTED_INTERNAL_H */
