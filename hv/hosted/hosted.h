/* SPDX-License-Identifier: MIT */
/*
 * hosted.h - a whole Xen machine inside one Linux process, for tests, fuzzers and benches.
 *
 * A `struct hosted` is a machine: memory, an IOMMU, a xenstore, dom0 and any number of domains, each
 * of which sees the same hv.h as on Xen and is held to the same rules. Nothing here runs by itself:
 * a test creates domains, pumps them with hosted_run() or hosted_advance(), and looks at the result.
 *
 * How domains run. A domain with a start function has a stack of its own and runs in slices: its
 * event loop handles what is pending and gives the processor back when there is nothing left, as
 * SCHEDOP_block does. hv_loop_until() in a domain's code gives it back too, so bare guest code works
 * unchanged, and its condition is looked at again only after something of that domain ran (under Xen
 * a domain that waits for memory to change without an event would sleep for ever, here it does too).
 * A test may also act as a domain from the outside, between hosted_enter() and hosted_leave(); its
 * hv_loop_until() pumps all domains, the entered one included, and moves time.
 *
 * Re-entrancy rules. hosted_run(), hosted_advance() and hosted_run_until() are for the outside: never
 * inside a domain's own code. The running domain cannot be destroyed by its own code. Everything is
 * single-threaded. Domains share the process, so code that runs in two domains must keep no state in
 * static variables.
 *
 * Time is virtual and starts at 0: it stands still while code runs and moves by hv_delay(),
 * hosted_advance() and waiting. Code that polls hv_now() without hv_delay() would spin for ever.
 *
 * Memory from malloc() belongs to the process. What a domain's own code (on its own stack) allocated
 * is not reported as leaked, for a domain may die at any moment without freeing anything. What code
 * called by the test between hosted_enter() and hosted_leave() allocated is reported as usual.
 */
#ifndef HV_HOSTED_H
#define HV_HOSTED_H

#include "hv/hv.h"

struct hosted;

/* A machine with dom0 (domain id 0), which is the toolstack and has no code of its own. */
struct hosted *hosted_new(void);
/*
 * Ends everything, dom0 included, from wherever a failed assertion jumped away: domains entered are
 * left, a domain that was running counts as stopped. NULL is fine.
 */
void hosted_free(struct hosted *h);

/* ---------------------------------------------------------------- domains */

/* Zero means the default. The strings are copied. */
struct hosted_domain_config {
	const char *name;	 /* as xl's name=; required */
	hv_start_fn start;	 /* NULL: the test acts as this domain; its handlers still run */
	const char *cmdline;	 /* split at blanks into the words that start gets */
	unsigned int pages;	 /* memory; 4096 */
	const void *module;	 /* copied to where hv_module() shows it, in memory of its own */
	size_t module_size;	 /* bytes; 0: none */
	unsigned int max_grants; /* entries; 32,768 - 8 (Xen's default of 64 frames) */
	unsigned int max_maps;	 /* maptrack entries; 262,144 (Xen's default of 1024 frames) */
	unsigned int max_ports;	 /* highest event channel; 1023 (xl's default) */
};

/*
 * Creates a domain as xl does: its home in xenstore, then @introduceDomain. It first runs when the
 * machine is pumped. The domain id (never used twice), or -EINVAL, -ENOMEM.
 */
int hosted_domain_new(struct hosted *h, const struct hosted_domain_config *config);

/*
 * As `xl destroy`: whatever it was doing stops at once. Its grants and ports die (peers' ports become
 * unbound), its maps are dropped, its PCI functions go back, pages that others still have mapped stay
 * until they unmap; its home in xenstore and every node it owned are removed, @releaseDomain fires.
 */
void hosted_domain_destroy(struct hosted *h, hv_domid_t dom);

enum hosted_state {
	HOSTED_RUNNING,
	HOSTED_SHUTDOWN, /* hv_exit(), or its start function failed: resources stay until destroyed */
	HOSTED_CRASHED, /* hv_panic() */
	HOSTED_GONE,	/* no such domain (any more) */
};
/* *exit_code (may be NULL) is the code of hv_exit() or the error of start. */
enum hosted_state hosted_domain_state(struct hosted *h, hv_domid_t dom, int *exit_code);

/* Act as a domain: hv.h's functions are its until hosted_leave(). Nests. */
void hosted_enter(struct hosted *h, hv_domid_t dom);
void hosted_leave(void);

/* A panic aborts the process unless this is on; then it crashes the domain if it has a stack. */
void hosted_catch_panics(struct hosted *h, bool on);

/* ---------------------------------------------------------------- running, time */

/* Runs all domains until nothing is due now. 0, or -EBUSY after max_rounds rounds. */
int hosted_run(struct hosted *h, unsigned int max_rounds);

/* The same, and lets ns of virtual time go by, stopping at every deadline on the way. */
int hosted_advance(struct hosted *h, uint64_t ns);

/* The same until done(arg) is true: 0, -ETIMEDOUT after ns of virtual time, -EBUSY. */
int hosted_run_until(struct hosted *h, bool (*done)(void *arg), void *arg, uint64_t ns);

/* Virtual time since the machine was made. */
uint64_t hosted_now(const struct hosted *h);

/* Rounds visit domains in a different order each time, decided by seed; 0: ascending ids. */
void hosted_shuffle(struct hosted *h, uint64_t seed);

/* ---------------------------------------------------------------- what a test may look at */

/* All lines the domain logged, each ended by a newline; owned by the machine, never NULL. */
const char *hosted_log(struct hosted *h, hv_domid_t dom);
/* Lines in it that contain text. */
unsigned int hosted_log_count(struct hosted *h, hv_domid_t dom, const char *text);
void hosted_log_clear(struct hosted *h, hv_domid_t dom);
/* Also print every line to stderr (the environment variable HOSTED_LOG=1 does so too). */
void hosted_log_echo(struct hosted *h, bool on);

/* What a domain holds: for residue checks. Zero for a domain that is gone. */
struct hosted_usage {
	unsigned int pages;	    /* handed out by hv_pages_alloc() and hv_dma_alloc() */
	unsigned int grants;	    /* entries given */
	unsigned int grants_mapped; /* of those, mapped by somebody */
	unsigned int maps;	    /* of others' pages */
	unsigned int ports;
	unsigned int nodes; /* xenstore nodes owned */
	unsigned int watches;
};
void hosted_usage(struct hosted *h, hv_domid_t dom, struct hosted_usage *out);
/* Page frames of domains that are gone, still mapped by living ones. */
unsigned int hosted_orphan_frames(struct hosted *h);

/* ---------------------------------------------------------------- hostile guests, faults */

/*
 * What a hostile guest does to its grant table by hand: overwrite a whole entry, mapped or not.
 * flags: bit 0 offered, bit 1 read-only. page must be the domain's own.
 */
#define HOSTED_GRANT_OFFERED 1u
#define HOSTED_GRANT_RO	     2u
int hosted_grant_poke(struct hosted *h, hv_domid_t dom, hv_gref_t ref, unsigned int flags,
		      hv_domid_t to, void *page);

/* Calls that can be made to fail, counted per domain. */
enum hosted_fail {
	HOSTED_FAIL_PAGES,	/* hv_pages_alloc, hv_dma_alloc */
	HOSTED_FAIL_GRANT_GIVE, /* hv_grant_give */
	HOSTED_FAIL_GRANT_MAP,	/* entries of hv_grant_map */
	HOSTED_FAIL_GRANT_COPY, /* entries of hv_grant_copy */
	HOSTED_FAIL_EVTCHN,	/* hv_evtchn_alloc, hv_evtchn_bind */
	HOSTED_FAIL_XENSTORE,	/* every xenstore call that has a result */
	HOSTED_FAIL_PCI,	/* hv_pci_open, hv_pci_irq_enable, hv_mmio_map */
	HOSTED_FAIL_KINDS
};
/* The nth call (1: the next) of this kind by this domain fails; 0: none does. Restarts the count. */
void hosted_fail_nth(struct hosted *h, hv_domid_t dom, enum hosted_fail kind, unsigned int n);
/* Calls of this kind since the domain's start or the last hosted_fail_nth(). */
unsigned int hosted_fail_calls(struct hosted *h, hv_domid_t dom, enum hosted_fail kind);

/* ---------------------------------------------------------------- PCI functions, IOMMU */

struct hosted_pci; /* a PCI function in a slot of the machine */

/* The device in the slot. Every offset is inside configuration space or the BAR. */
struct hosted_pci_ops {
	uint32_t (*cfg_read)(void *dev, unsigned int offset, unsigned int size);
	void (*cfg_write)(void *dev, unsigned int offset, uint32_t value, unsigned int size);
	uint32_t (*mmio_read32)(void *dev, unsigned int bar, uint64_t offset);
	void (*mmio_write32)(void *dev, unsigned int bar, uint64_t offset, uint32_t value);
	/* Many bytes at once; NULL: words are moved one by one. */
	void (*mmio_read)(void *dev, unsigned int bar, uint64_t offset, void *dst, size_t len);
	void (*mmio_write)(void *dev, unsigned int bar, uint64_t offset, const void *src,
			   size_t len);
	void (*reset)(void *dev); /* function-level reset */
	void (*free)(void *dev);  /* with the machine; may be NULL */
};

/* Puts a device into the machine, as the firmware does: BARs get addresses, decoding is off. */
struct hosted_pci *hosted_pci_new(struct hosted *h, const struct hosted_pci_ops *ops, void *dev);
/*
 * The GPU model (tests/model/model.h) in a slot; config may be NULL. *out is for the test to look at
 * and belongs to the machine. NULL when the model refuses the configuration.
 */
struct model;
struct model_config;
struct hosted_pci *hosted_pci_model(struct hosted *h, const struct model_config *config,
				    struct model **out);
/* Passes it through to a domain / takes it back (with a reset, as pciback does). 0, -EBUSY, -ESRCH. */
int hosted_pci_assign(struct hosted_pci *pci, hv_domid_t dom);
void hosted_pci_unassign(struct hosted_pci *pci);
/* dom0's reset through sysfs. */
void hosted_pci_reset(struct hosted_pci *pci);
/* dom0 is too busy to answer: until told otherwise the domain's reads of configuration space time out. */
void hosted_pci_unanswered(struct hosted_pci *pci, bool unanswered);
/* Times Xen took bus mastering away (facts: 10 refused accesses, none more than 10 ms apart). */
unsigned int hosted_pci_master_cleared(const struct hosted_pci *pci);

/*
 * For the device: DMA through the IOMMU, and its interrupt message. The owner's memory and pages it
 * has mapped are reachable, the latter for writing only if mapped so; anything else is refused with
 * -EFAULT and counted. len stays within one page.
 */
int hosted_pci_dma(struct hosted_pci *pci, uint64_t addr, void *buf, size_t len, bool to_device);
void hosted_pci_msi(struct hosted_pci *pci, uint64_t addr, uint32_t data);
/* Accesses refused so far, all devices. */
uint64_t hosted_iommu_refused(const struct hosted *h);

#endif /* HV_HOSTED_H */
