/* SPDX-License-Identifier: MIT */
/*
 * hv.h - the one interface between xen-vgpu and the platform it runs on.
 *
 * Two ports implement it: hv/xen (a bare-metal Xen PV domain) and hv/hosted (several such domains
 * inside one Linux process, for tests, fuzzers and benches). One conformance suite,
 * tests/conformance, holds both to the same behaviour.
 *
 * Execution model. A domain is single-threaded: one event loop calls one handler at a time, so no
 * code above this line needs a lock. An interrupt (the Xen upcall) only marks work; handlers run
 * from the loop. A handler never waits for a guest or for firmware; it may talk to xenstore, whose
 * answers are awaited (xenstored is part of the trusted base).
 *
 * Errors are negative errno values unless a function says otherwise. Sizes are in bytes, times in
 * nanoseconds, addresses given to a device are "bus addresses" (machine addresses under Xen).
 */
#ifndef HV_H
#define HV_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HV_PAGE_SHIFT 12
#define HV_PAGE_SIZE  4096u

typedef uint16_t hv_domid_t; /* Xen domain id */
typedef uint32_t hv_gref_t;  /* grant reference; 0 is never given out by us and never accepted */
typedef uint32_t hv_port_t;  /* local event channel port; 0 is never valid */

/*
 * A value that another domain may change at any time is read through this, exactly once, into
 * private memory, before it is checked and used.
 */
#define HV_READ_ONCE(x)	    (*(const volatile __typeof__(x) *)&(x))
#define HV_WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* Memory barriers towards other domains (x86: stores are ordered, loads are ordered). */
#define hv_mb()	 __sync_synchronize()
#define hv_rmb() __asm__ volatile("" ::: "memory")
#define hv_wmb() __asm__ volatile("" ::: "memory")
/* Loads so far before everything that follows; everything so far before stores that follow (x86 does). */
#define hv_acquire() __asm__ volatile("" ::: "memory")
#define hv_release() __asm__ volatile("" ::: "memory")

/* ---------------------------------------------------------------- start, end, panic */

/*
 * An image names its start function once, at file scope: HV_IMAGE(gpudom_start). The port calls it
 * with the words of the domain's command line when everything below works. It registers handlers
 * and returns 0, after which the event loop runs until hv_exit(); a negative value ends the domain
 * at once with that error. The hosted port is given start functions at run time instead.
 */
typedef int (*hv_start_fn)(int argc, char **argv);
#ifdef HV_PORT_XEN
#define HV_IMAGE(fn) const hv_start_fn hv_image_start = (fn)
#else
#define HV_IMAGE(fn) _Static_assert(sizeof(&(fn)) == sizeof(hv_start_fn), "hosted: start is passed")
#endif

/* Ask the event loop to end the domain after the running handler; code 0 is a clean shutdown. */
void hv_exit(int code);

/*
 * fn runs from the loop once when the domain is to end in good order (hv_exit(0), or the toolstack's
 * request, which the port answers with it), so that it can let go of what it holds; then it ends.
 */
void hv_on_exit(void (*fn)(void));

/* This domain's own id. */
hv_domid_t hv_domid(void);

/* Broken invariant of our own (never for outside input): log, dump what is known, crash the domain. */
void hv_panic(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
#define HV_CHECK(cond)                                                                             \
	do {                                                                                       \
		if (!(cond))                                                                       \
			hv_panic("%s:%d: broken: %s", __FILE__, __LINE__, #cond);                  \
	} while (0)

/* ---------------------------------------------------------------- log */

enum hv_log_level { HV_ERR, HV_WARN, HV_INFO, HV_DEBUG };

/* HV_DEBUG lines are printed only after hv_log_debug(true). */
void hv_log_debug(bool on);

/* One line (no newline needed) to the domain's console. Never fails; long lines are cut at 511. */
void hv_log(enum hv_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The same for anything another domain can provoke: at most HV_LOG_BURST lines per domain and
 * second; what is held back is counted and the count is printed when the domain may log again.
 */
#define HV_LOG_BURST 5u
void hv_log_dom(hv_domid_t dom, enum hv_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---------------------------------------------------------------- event loop, work, time */

/* Deferred work: queued once until it has run; FIFO. The caller owns the structure. */
struct hv_work {
	void (*fn)(struct hv_work *w);
	struct hv_work *next; /* port's */
	bool queued;	      /* port's */
};
void hv_work_queue(struct hv_work *w);
void hv_work_cancel(struct hv_work *w);

/* One-shot timer; arming an armed timer moves it. The caller owns the structure. */
struct hv_timer {
	void (*fn)(struct hv_timer *t);
	uint64_t deadline;     /* hv_now() time; port's once armed */
	struct hv_timer *next; /* port's */
	bool armed;	       /* port's */
};
void hv_timer_arm(struct hv_timer *t, uint64_t deadline);
void hv_timer_cancel(struct hv_timer *t);

/* Monotonic time in ns since the domain started. */
uint64_t hv_now(void);

/* Busy wait for device settle times, at most 1 ms. */
void hv_delay(uint64_t ns);

#define HV_US 1000ull
#define HV_MS 1000000ull
#define HV_S  1000000000ull

/*
 * Run the event loop until done(arg) is true (0), the time is over (-ETIMEDOUT) or the domain is
 * asked to end (-ESHUTDOWN). For start functions, bare guests and tests; never called by a handler
 * of the driver domain.
 */
int hv_loop_until(bool (*done)(void *arg), void *arg, uint64_t timeout);

/* ---------------------------------------------------------------- memory */

/* n virtually contiguous zeroed pages, or NULL. In test images freed pages are poisoned. */
void *hv_pages_alloc(unsigned int n);
void hv_pages_free(void *va, unsigned int n);
/* Pages not handed out now; for leak checks and status. */
unsigned int hv_pages_free_count(void);

/* Bus address at which a device this domain owns reaches va (valid within va's page only). */
uint64_t hv_dma_addr(const void *va);

/* Bus-contiguous zeroed memory for a device; size is rounded up to pages, at most 1 MiB. */
struct hv_dma {
	void *va;
	uint64_t addr;
	size_t size;
};
int hv_dma_alloc(size_t size, struct hv_dma *out); /* 0, -ENOMEM, -EINVAL */
void hv_dma_free(struct hv_dma *dma);

/*
 * The one module the domain was started with (xl: ramdisk=), where it was loaded: page-aligned, to be
 * read only, each of its pages reachable for devices at its hv_dma_addr(). Bytes between its end and
 * the end of its last page are undefined. False when the domain has none.
 */
bool hv_module(const void **data, size_t *size);

/* ---------------------------------------------------------------- event channels */

typedef void (*hv_event_fn)(hv_port_t port, void *arg);

/*
 * Handlers run from the loop with the port's pending bit already cleared; events that arrive in
 * between coalesce. alloc: a port that `remote` may bind. bind: connect to remote's port.
 * Both return a port > 0 or -errno (-ENOSPC, -EINVAL, -EACCES, -ESRCH). New ports are unmasked.
 */
int hv_evtchn_alloc(hv_domid_t remote, hv_event_fn fn, void *arg);
int hv_evtchn_bind(hv_domid_t remote, hv_port_t remote_port, hv_event_fn fn, void *arg);
void hv_evtchn_close(hv_port_t port);
int hv_evtchn_send(hv_port_t port); /* one hypercall; 0 or -errno */
void hv_evtchn_mask(hv_port_t port);
void hv_evtchn_unmask(hv_port_t port); /* an event that came while masked is delivered now */

/* ---------------------------------------------------------------- grants */

/* Offer one of our pages to a domain. The page must be whole and hold nothing else. */
#define HV_GRANT_RO 1u
int hv_grant_give(hv_domid_t to, void *page, unsigned int flags, hv_gref_t *out); /* 0, -ENOSPC */

/*
 * Withdraw an offer. -EBUSY: the peer still has it mapped; the entry and the page then stay as they
 * are, and the caller must not reuse the page (try again later, or leak it).
 */
int hv_grant_end(hv_gref_t ref);

/* Mapping other domains' pages. The caller sets dom, ref, flags; the port fills the rest. */
#define HV_MAP_HOST   1u /* into our address space, at va */
#define HV_MAP_DEVICE 2u /* into the IOMMU for our devices, at dev_addr */
#define HV_MAP_RO     4u
struct hv_grant_map {
	hv_domid_t dom;
	hv_gref_t ref;
	unsigned int flags;
	int status;	   /* 0 or -errno for this entry */
	uint32_t handle;   /* port's */
	void *va;	   /* with HV_MAP_HOST */
	uint64_t dev_addr; /* with HV_MAP_DEVICE */
};

#define HV_GRANT_BATCH 32u
/*
 * Batched: one hypercall for up to HV_GRANT_BATCH entries. 0 when every status is 0; otherwise the first error,
 * and the caller unmaps the entries whose status is 0. A map outlives the withdrawal of the offer.
 */
int hv_grant_map(struct hv_grant_map *maps, unsigned int n);
int hv_grant_unmap(struct hv_grant_map *maps, unsigned int n);

/* Copies between one of our buffers and a granted page; neither side crosses a page boundary. */
struct hv_grant_copy {
	hv_domid_t dom;
	hv_gref_t ref;
	bool to_grant; /* direction: local -> granted page, else granted page -> local */
	uint16_t offset;
	uint16_t len;
	void *local;
	int status;
};
int hv_grant_copy(struct hv_grant_copy *copies,
		  unsigned int n); /* as hv_grant_map; one hypercall */

/* Grant entries given and maps held now; for leak checks. */
unsigned int hv_grants_given(void);
unsigned int hv_grants_mapped(void);

/* ---------------------------------------------------------------- xenstore */

typedef uint32_t hv_xs_tx;
#define HV_XS_NONE     0u   /* outside any transaction */
#define HV_XS_PATH_MAX 3072 /* absolute path limit of xenstored, NUL included */
#define HV_XS_DATA_MAX 2048 /* longest value an unprivileged domain may write */

/*
 * Paths are absolute, or relative to /local/domain/<own id>. Values are text: read() refuses an
 * embedded NUL (-EINVAL) and a value of `size` bytes or more (-E2BIG), always terminates buf on
 * success, and returns the length. Other errors: -ENOENT, -EACCES, -ENOSPC (quota), -EIO.
 */
int hv_xs_read(hv_xs_tx tx, const char *path, char *buf, size_t size);
int hv_xs_write(hv_xs_tx tx, const char *path, const char *value);
int hv_xs_rm(hv_xs_tx tx, const char *path);
/* Child names, NUL-separated, into buf; returns how many, or -E2BIG. */
int hv_xs_ls(hv_xs_tx tx, const char *path, char *buf, size_t size);

struct hv_xs_perm {
	hv_domid_t dom; /* entry 0: the owner, whose bits are the default for everybody else */
	bool read, write;
};
/* Returns the number of entries (at most max are filled). */
int hv_xs_get_perms(hv_xs_tx tx, const char *path, struct hv_xs_perm *perms, unsigned int max);
int hv_xs_set_perms(hv_xs_tx tx, const char *path, const struct hv_xs_perm *perms, unsigned int n);

int hv_xs_tx_begin(hv_xs_tx *tx);
int hv_xs_tx_end(hv_xs_tx tx, bool commit); /* -EAGAIN: somebody interfered; do it again */

/*
 * Watches fire once on registration, then after every change at or below path, from the loop, and
 * may fire spuriously: the handler re-reads. The caller owns the structure and the path string.
 */
struct hv_xs_watch {
	const char *path;
	void (*fn)(struct hv_xs_watch *w, const char *changed);
	void *arg;
	struct hv_xs_watch *next; /* port's */
	uint32_t token;		  /* port's */
};
int hv_xs_watch(struct hv_xs_watch *w);
void hv_xs_unwatch(struct hv_xs_watch *w);

/* ---------------------------------------------------------------- PCI functions and MMIO */

struct hv_pci; /* one PCI function passed through to this domain */

/* The index'th function; waits up to 10 s for the toolstack's handshake. 0, -ENODEV, -ETIMEDOUT. */
int hv_pci_open(unsigned int index, struct hv_pci **out);
void hv_pci_close(struct hv_pci *pci); /* disables its interrupts; mappings must be gone */
const char *hv_pci_name(const struct hv_pci *pci); /* "0000:00:00.0", as seen in this domain */

/*
 * Aligned accesses of 1, 2 or 4 bytes, by dom0's pciback, which lets only some fields be written. -ETIMEDOUT:
 * dom0 has not answered for seconds.
 */
int hv_pci_cfg_read(struct hv_pci *pci, unsigned int offset, unsigned int size, uint32_t *value);
int hv_pci_cfg_write(struct hv_pci *pci, unsigned int offset, unsigned int size, uint32_t value);

struct hv_pci_bar {
	uint64_t addr; /* machine address */
	uint64_t size; /* 0: not implemented, I/O port, or the upper half of a 64-bit BAR */
	bool prefetchable;
};
int hv_pci_bar(struct hv_pci *pci, unsigned int n, struct hv_pci_bar *out);

/*
 * Message-signalled interrupts. vectors must be 1 for HV_PCI_MSI. fn gets arg and a port; port -
 * first is not defined, so one handler per vector: arg of vector i is args[i]. 0 or -errno
 * (-ENXIO when memory decoding is off, -ENOSPC).
 */
enum hv_pci_irq { HV_PCI_MSI, HV_PCI_MSIX };
#define HV_PCI_VECTORS_MAX 8u
int hv_pci_irq_enable(struct hv_pci *pci, enum hv_pci_irq kind, unsigned int vectors,
		      hv_event_fn fn, void *const *args);
void hv_pci_irq_disable(struct hv_pci *pci);

enum hv_mmio_cache { HV_MMIO_UC, HV_MMIO_WC };
struct hv_mmio {
	struct hv_pci *pci;
	unsigned int bar;
	uint64_t offset; /* of the window within the BAR */
	size_t size;
	volatile uint8_t *va; /* hv/xen only; NULL when hosted */
};
/* offset and size are page-aligned and inside the BAR. 0, -EINVAL, -ENOMEM, -EACCES. */
int hv_mmio_map(struct hv_pci *pci, unsigned int bar, uint64_t offset, size_t size,
		enum hv_mmio_cache cache, struct hv_mmio *out);
void hv_mmio_unmap(struct hv_mmio *m);

/* off is inside the window (checked, a violation is a panic: offsets are ours) and aligned. */
uint32_t hv_mmio_read32(const struct hv_mmio *m, size_t off);
void hv_mmio_write32(const struct hv_mmio *m, size_t off, uint32_t value);
/* Bulk: 4-byte aligned offset and length; ordered before any later register access. */
void hv_mmio_read(const struct hv_mmio *m, size_t off, void *dst, size_t len);
void hv_mmio_write(const struct hv_mmio *m, size_t off, const void *src, size_t len);
void hv_mmio_zero(const struct hv_mmio *m, size_t off, size_t len);

/* ---------------------------------------------------------------- what the platform offers, costs */

struct hv_iommu_caps {
	bool translated; /* device DMA is confined to what this domain owns or has mapped */
	bool pv_iommu;	 /* several contexts per domain (Xen's proposed iommu_op); absent today */
};
struct hv_iommu_caps hv_iommu_caps(void);

/*
 * Every hypercall is counted by number (__HYPERVISOR_*) and sub-operation (0 where there is none).
 * The hosted port counts what the Xen port would have issued for grants and events, so costs can be
 * gated in unit tests too. The walk visits counters that are not zero, in ascending order.
 */
uint64_t hv_hypercalls(unsigned int nr, unsigned int sub);
uint64_t hv_hypercalls_total(void);
void hv_hypercalls_walk(void (*fn)(unsigned int nr, unsigned int sub, uint64_t n, void *arg),
			void *arg);
/*
 * Bytes that memcpy() has moved since the start; 0 in the hosted port, which does not count. What the
 * compiler copies in line (structures) is not in it.
 */
uint64_t hv_copied(void);
/* Upcalls taken since the start (times the domain was interrupted for events). */
uint64_t hv_upcalls(void);

#endif /* HV_H */
