/* SPDX-License-Identifier: MIT */
/*
 * keeper.h - what the daemon does, apart from waiting.
 *
 * The keeper compares what should be (records, trusted copies) with what is (domains, nodes) and
 * takes the next step wherever the two differ. It does so in passes over everything: an event only
 * tells it to look, never what happened, so a lost, repeated or forged event does no harm, and a
 * daemon that starts late, or again, picks up where things are.
 *
 * What it believes: Xen's list of domains; nodes that dom0 owns; of a driver domain, what that
 * domain says about itself. Nothing that a guest can write.
 *
 * Times are milliseconds of a monotonic clock.
 */
#ifndef XVGPU_KEEPER_H
#define XVGPU_KEEPER_H

#include "domains.h"
#include "nodes.h"
#include "profiles.h"
#include "records.h"

#define XVGPU_MAX_DRIVERS 16

/* Waits and limits, in milliseconds. */
#define XVGPU_RESYNC 30000 /* between two passes when nothing happens */
/*
 * That a driver domain which has shut down may stay. xl's own process destroys it, but libxl waits
 * up to 10 s for each step of taking a PCI device away (LIBXL_DESTROY_TIMEOUT).
 */
#define XVGPU_LINGER	   45000
#define XVGPU_START_TIME   60000 /* in which a driver domain must say that it is running */
#define XVGPU_START_WINDOW 60000 /* in which there may be at most … */
#define XVGPU_START_MAX	   5	 /* … so many starts, or in a row without serving */
#define XVGPU_CLOSE_TIME   10000 /* that a driver domain has to close a dead guest's slice */
#define XVGPU_CLOSE_LOOK   100	 /* between two looks at that */
/*
 * Between taking a front's nodes away and making new ones: a Linux guest hears of both through
 * one watch and looks for the node then; if it is there again, the guest keeps the old device
 * (drivers/xen/xenbus/xenbus_probe.c, xenbus_dev_changed).
 */
#define XVGPU_REPLUG_GAP 1500
#define XVGPU_FORGET	 60000 /* after a guest made by `create` has gone, its record is dropped */

enum xvgpu_phase {
	XVGPU_ABSENT,	/* never seen since the host started: not ours to start */
	XVGPU_STARTING, /* we started it, and wait for state=running */
	XVGPU_UP,	/* exists */
	XVGPU_DOWN,	/* died: to be started again */
	XVGPU_STOPPED,	/* told us state=stopping before it went: stays away */
	XVGPU_GAVE_UP,	/* died too often */
};

/* A driver domain, by name. */
struct xvgpu_driver_state {
	char name[XVGPU_NAME_MAX];
	char config[XVGPU_PATH_MAX];
	enum xvgpu_phase phase;
	unsigned int domid;		  /* 0: there is none now */
	bool listed;			  /* still registered, as of this pass */
	bool running;			  /* said state=running in this life */
	bool stopping;			  /* said state=stopping in this life */
	bool stuck;			  /* said state=needs-reset since the last reset */
	uint64_t stopped_at;		  /* since when it is shut down; 0: it is not */
	uint64_t deadline;		  /* of XVGPU_STARTING */
	uint64_t retry;			  /* of XVGPU_DOWN: not before */
	uint64_t starts[XVGPU_START_MAX]; /* times of the latest starts; 0: none */
	int tries;			  /* starts since it last served */
};

/* What is remembered of one slice between passes. */
struct xvgpu_note {
	unsigned int front, index, back; /* index XVGPU_MAX_DEVICES: the guest as a whole */
	enum {
		XVGPU_NOTE_FREE,
		XVGPU_NOTE_OUT,	    /* plugged out at `when` */
		XVGPU_NOTE_CLOSING, /* its guest is gone; asked to close at `when` */
		XVGPU_NOTE_REFUSED, /* text has been told */
	} kind;
	uint64_t when;
	bool used; /* in this pass */
	char text[256];
};
#define XVGPU_MAX_NOTES 1024

struct xvgpu_missing {
	char name[XVGPU_NAME_MAX];
	uint64_t since; /* 0: it is there */
	bool listed;
};

struct xvgpu_keeper {
	struct xs_handle *xs;
	bool start; /* also start driver domains that are XVGPU_ABSENT */
	uint64_t now, wake;
	struct xvgpu_domains domains;
	struct xvgpu_profiles profiles;
	bool profiles_bad, drivers_bad; /* the error has been told */
	bool pages_left;		/* a guest has a doorbell page that it must not have */
	int n_drivers, n_missing;
	struct xvgpu_driver_state driver[XVGPU_MAX_DRIVERS];
	struct xvgpu_note note[XVGPU_MAX_NOTES];
	struct xvgpu_missing missing[XVGPU_MAX_RECORDS];
};

/*
 * One pass at time `now`; the caller holds the lock. Returns when the next one is wanted at the
 * latest. Watches that it sets have the token "xvgpu".
 */
uint64_t xvgpu_keeper_pass(struct xvgpu_keeper *k, uint64_t now);

/* ---- between the keeper's files ---- */

#define XVGPU_TOKEN "xvgpu"

/*
 * keeper-driver.c: looks at one driver domain and ends it if it must; starts one that is down. Both
 * leave k->domains fresh.
 */
void xvgpu_keep_driver(struct xvgpu_keeper *k, struct xvgpu_driver_state *d);
void xvgpu_start_driver(struct xvgpu_keeper *k, struct xvgpu_driver_state *d);
struct xvgpu_driver_state *xvgpu_keeper_driver(struct xvgpu_keeper *k, const char *name);

/*
 * keeper-guest.c: takes back doorbell pages of driver domains that are not there, or that no slice is to have; as long as
 * that fails (k->pages_left), no driver domain is started. k->domains is fresh.
 */
void xvgpu_keep_pages(struct xvgpu_keeper *k);
/* keeper-guest.c: plugs the slices of every guest in or out; drops what gone guests left. */
void xvgpu_keep_guests(struct xvgpu_keeper *k);
void xvgpu_keep_orphans(struct xvgpu_keeper *k);
void xvgpu_keep_records(struct xvgpu_keeper *k);

/* Asks for a pass at time `when`. */
void xvgpu_keeper_wake(struct xvgpu_keeper *k, uint64_t when);
void xvgpu_keeper_refresh(struct xvgpu_keeper *k); /* k->domains */

#endif /* XVGPU_KEEPER_H */
