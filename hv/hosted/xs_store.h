/* SPDX-License-Identifier: MIT */
/*
 * xs_store.h - xenstored's behaviour as a library: one call per message, on behalf of a domain.
 *
 * The rules are those of C xenstored of Xen 4.17 (tools/xenstore/xenstored_{core,domain,watch,
 * transaction}.c, stable-4.17), the quirks included: what counts is that code which works here works
 * there. Left out: the memory quota and the limit on outstanding requests (one call at a time here).
 *
 * hv.h's hv_xs_* are built on it; tests use it to act as any domain, dom0 above all.
 */
#ifndef HV_HOSTED_XS_STORE_H
#define HV_HOSTED_XS_STORE_H

#include "hv/hosted/hosted.h"

struct hosted_xs;

/* Quotas of an unprivileged domain; dom0 has none. Defaults of xenstored_core.c. */
#define HOSTED_XS_NODES	      1000 /* nodes owned */
#define HOSTED_XS_WATCHES     128  /* refused when more than this many are set already */
#define HOSTED_XS_ENTRY	      2048 /* bytes of a node: 24 + 8 * perms + value + child names */
#define HOSTED_XS_TXS	      10   /* refused when more than this many are open already */
#define HOSTED_XS_PERMS	      5	   /* entries in a node's permissions */
#define HOSTED_XS_TX_NODES    1024 /* nodes touched in one transaction */
#define HOSTED_XS_REL_MAX     2048 /* path below /local/domain/N/, or any other whole path */
#define HOSTED_XS_PAYLOAD_MAX 4096

struct hosted_xs *hosted_xs_new(void);
void hosted_xs_free(struct hosted_xs *xs);
/* A machine's store. */
struct hosted_xs *hosted_xs_of(struct hosted *h);

/* A domain exists and may connect; it is gone (its nodes, watches and transactions go too). */
void hosted_xs_domain_add(struct hosted_xs *xs, hv_domid_t dom);
void hosted_xs_domain_del(struct hosted_xs *xs, hv_domid_t dom);
/* Fires a special watch: "@introduceDomain" or "@releaseDomain". */
void hosted_xs_special(struct hosted_xs *xs, const char *name);

/*
 * As hv_xs_*, for domain dom. Results are 0 or more, or xenstored's error as a negative number
 * (-EPERM when an unprivileged domain gives a node away, -E2BIG for too many watches, ...).
 */
int hosted_xs_read(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path, char *buf,
		   size_t size);
int hosted_xs_write(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path,
		    const void *value, size_t len);
int hosted_xs_rm(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path);
int hosted_xs_ls(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path, char *buf,
		 size_t size);
int hosted_xs_get_perms(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path,
			struct hv_xs_perm *perms, unsigned int max);
int hosted_xs_set_perms(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path,
			const struct hv_xs_perm *perms, unsigned int n);
int hosted_xs_tx_begin(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx *tx);
int hosted_xs_tx_end(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, bool commit);
int hosted_xs_watch(struct hosted_xs *xs, hv_domid_t dom, const char *path, uint32_t token);
int hosted_xs_unwatch(struct hosted_xs *xs, hv_domid_t dom, const char *path, uint32_t token);

/* The oldest undelivered event. True and *token and path filled, or false when there is none. */
bool hosted_xs_event(struct hosted_xs *xs, hv_domid_t dom, uint32_t *token,
		     char path[HV_XS_PATH_MAX]);
unsigned int hosted_xs_events(struct hosted_xs *xs, hv_domid_t dom);

unsigned int hosted_xs_nodes_owned(struct hosted_xs *xs, hv_domid_t dom);
unsigned int hosted_xs_watches_set(struct hosted_xs *xs, hv_domid_t dom);

/* For tests, as dom0 and outside transactions: write, formatted; read into a static buffer or NULL. */
int hosted_xs_printf(struct hosted *h, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
const char *hosted_xs_str(struct hosted *h, const char *path);

#endif /* HV_HOSTED_XS_STORE_H */
