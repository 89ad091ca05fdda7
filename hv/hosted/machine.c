/* SPDX-License-Identifier: MIT */
/*
 * machine.c - the machine and the life of its domains, as the toolstack (xl, libxl) handles it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/hosted/internal.h"

#define LOG_MAX	  (1u << 20) /* bytes of a domain's log that are kept; later lines are dropped */
#define NEST_MAX  16
#define WORDS_MAX 32

/* The domain whose code runs, in the whole process: the library is single-threaded. */
static struct hosted_domain *cur;
static struct hosted_domain *nest[NEST_MAX];
static unsigned int nested;

void hosted_misuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("hosted: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

void *hosted_zalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		hosted_misuse("the host has no memory for %zu * %zu bytes", n, size);
	return p;
}

void *hosted_table(size_t n, size_t size)
{
	void *p = mmap(NULL, n * size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		hosted_misuse("the host has no memory for %zu * %zu bytes", n, size);
	return p;
}

void hosted_table_free(void *table, size_t n, size_t size)
{
	if (table)
		munmap(table, n * size);
}

struct hosted_domain *hosted_cur(void)
{
	if (!cur)
		hosted_misuse("hv.h was called outside any domain (hosted_enter() missing?)");
	return cur;
}

struct hosted_domain *hosted_set_cur(struct hosted_domain *d)
{
	struct hosted_domain *before = cur;

	cur = d;
	return before;
}

struct hosted_domain *hosted_find(struct hosted *h, hv_domid_t dom)
{
	for (unsigned int i = 0; i < HOSTED_DOMS; i++) {
		if (h->doms[i] && h->doms[i]->id == dom)
			return h->doms[i];
	}
	return NULL;
}

static struct hosted_domain *must_find(struct hosted *h, hv_domid_t dom)
{
	struct hosted_domain *d = hosted_find(h, dom);

	if (!d)
		hosted_misuse("there is no domain %u", dom);
	return d;
}

/* ---------------------------------------------------------------- the machine */

static int add_domain(struct hosted *h, const struct hosted_domain_config *c);

struct hosted *hosted_new(void)
{
	struct hosted *h = hosted_zalloc(1, sizeof(*h));
	const struct hosted_domain_config dom0 = {.name = "Domain-0", .pages = 1024};
	size_t size = (size_t)HOSTED_FRAMES * HV_PAGE_SIZE;

	h->memfd = memfd_create("hosted", MFD_CLOEXEC);
	if (h->memfd < 0 || ftruncate(h->memfd, (off_t)size))
		hosted_misuse("cannot make machine memory: %s", strerror(errno));
	h->mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, h->memfd, 0);
	if (h->mem == MAP_FAILED)
		hosted_misuse("cannot map machine memory: %s", strerror(errno));
	h->frames = hosted_table(HOSTED_FRAMES, sizeof(*h->frames));
	h->xs = hosted_xs_new();
	h->echo = getenv("HOSTED_LOG") != NULL;
	add_domain(h, &dom0);
	return h;
}

void hosted_free(struct hosted *h)
{
	if (!h)
		return;
	/* A failed assertion jumps out of whatever the test was in. */
	nested = 0;
	cur = NULL;
	hosted_sched_reset();
	/* dom0 last: it is the toolstack for the others. */
	for (unsigned int i = HOSTED_DOMS; i--;) {
		if (h->doms[i])
			hosted_domain_destroy(h, h->doms[i]->id);
	}
	hosted_pci_free_all(h);
	hosted_xs_free(h->xs);
	munmap(h->mem, (size_t)HOSTED_FRAMES * HV_PAGE_SIZE);
	close(h->memfd);
	hosted_table_free(h->frames, HOSTED_FRAMES, sizeof(*h->frames));
	free(h);
}

struct hosted_xs *hosted_xs_of(struct hosted *h)
{
	return h->xs;
}

uint64_t hosted_now(const struct hosted *h)
{
	return h->now;
}

void hosted_shuffle(struct hosted *h, uint64_t seed)
{
	h->shuffle = seed;
}

void hosted_catch_panics(struct hosted *h, bool on)
{
	h->catch_panics = on;
}

/* ---------------------------------------------------------------- domains */

static void split_words(struct hosted_domain *d, const char *cmdline)
{
	char *text, *save = NULL;

	d->argv = hosted_zalloc(WORDS_MAX + 1, sizeof(*d->argv));
	text = strdup(cmdline ? cmdline : "");
	if (!text)
		hosted_misuse("the host has no memory");
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (d->argc == WORDS_MAX)
			hosted_misuse("domain %s: more than %d words", d->name, WORDS_MAX);
		d->argv[d->argc++] = strdup(w);
	}
	free(text);
}

static int add_domain(struct hosted *h, const struct hosted_domain_config *c)
{
	struct hosted_domain *d;
	unsigned int slot = 0;
	int ret;

	while (slot < HOSTED_DOMS && h->doms[slot])
		slot++;
	if (slot == HOSTED_DOMS)
		return -ENOMEM;
	d = hosted_zalloc(1, sizeof(*d));
	d->h = h;
	d->id = h->next_domid;
	ret = hosted_mem_init(d, c->pages ? c->pages : 4096, c->module, c->module_size);
	if (ret) {
		free(d);
		return ret;
	}
	h->next_domid++;
	d->name = strdup(c->name);
	d->start = c->start;
	d->started = !c->start;
	split_words(d, c->cmdline);
	d->created = h->now;
	d->wake_at = UINT64_MAX;
	d->log = hosted_zalloc(1, 1);
	hosted_evtchn_init(d, c->max_ports ? c->max_ports : 1023);
	hosted_grant_init(d, c->max_grants ? c->max_grants : 64 * 512 - HOSTED_GRANT_FIRST);
	hosted_maps_init(d, c->max_maps ? c->max_maps : 1024 * 256);
	h->doms[slot] = d;
	hosted_xs_domain_add(h->xs, d->id);
	hosted_home_create(d);
	return d->id;
}

int hosted_domain_new(struct hosted *h, const struct hosted_domain_config *config)
{
	int dom;

	if (!config->name)
		return -EINVAL;
	dom = add_domain(h, config);
	if (dom > 0)
		hosted_xs_special(h->xs, "@introduceDomain");
	return dom;
}

void hosted_domain_destroy(struct hosted *h, hv_domid_t dom)
{
	struct hosted_domain *d = must_find(h, dom);
	struct hosted_domain *before;

	for (unsigned int i = 0; i < nested; i++) {
		if (nest[i] == d)
			hosted_misuse("domain %u is destroyed while the test is inside it", dom);
	}
	if (cur == d)
		hosted_misuse("domain %u destroys itself", dom);
	before = hosted_set_cur(NULL);
	hosted_fiber_free(d);
	/* libxl takes the devices away first, then Xen tears the domain down. */
	hosted_pci_domain_gone(h, dom);
	hosted_evtchn_free(d);
	hosted_maps_free(d);
	hosted_grant_free(d);
	hosted_mem_free(d);
	for (unsigned int i = 0; i < HOSTED_DOMS; i++) {
		if (h->doms[i] == d)
			h->doms[i] = NULL;
	}
	hosted_home_remove(h, dom);
	for (int i = 0; i < d->argc; i++)
		free(d->argv[i]);
	free(d->argv);
	free(d->name);
	free(d->log);
	free(d);
	hosted_set_cur(before);
}

enum hosted_state hosted_domain_state(struct hosted *h, hv_domid_t dom, int *exit_code)
{
	struct hosted_domain *d = hosted_find(h, dom);

	if (!d)
		return HOSTED_GONE;
	if (exit_code)
		*exit_code = d->common.exit_code;
	return d->state;
}

void hosted_enter(struct hosted *h, hv_domid_t dom)
{
	struct hosted_domain *d = must_find(h, dom);

	if (nested == NEST_MAX)
		hosted_misuse("hosted_enter() nested more than %d times", NEST_MAX);
	nest[nested++] = hosted_set_cur(d);
}

void hosted_leave(void)
{
	if (!nested)
		hosted_misuse("hosted_leave() without hosted_enter()");
	hosted_set_cur(nest[--nested]);
}

void hosted_usage(struct hosted *h, hv_domid_t dom, struct hosted_usage *out)
{
	struct hosted_domain *d = hosted_find(h, dom);

	memset(out, 0, sizeof(*out));
	if (!d)
		return;
	out->pages = d->pages_used - d->module_pages;
	out->grants = d->grants_given;
	for (uint32_t i = 0; i < d->grants_fresh; i++) {
		if (d->grants[i].pins_ro || d->grants[i].pins_rw)
			out->grants_mapped++;
	}
	out->maps = d->maps_used;
	out->ports = d->ports_used;
	out->nodes = hosted_xs_nodes_owned(h->xs, dom);
	out->watches = hosted_xs_watches_set(h->xs, dom);
}

/* ---------------------------------------------------------------- what hv.h asks of a port */

struct hv_common *hv_common(void)
{
	return &hosted_cur()->common;
}

hv_domid_t hv_domid(void)
{
	return hosted_cur()->id;
}

uint64_t hv_copied(void)
{
	return 0; /* the processes' copies are the C library's */
}

uint64_t hv_upcalls(void)
{
	return hosted_cur()->upcalls;
}

void hv_panic(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!cur)
		hosted_misuse("panic outside any domain: %s", text);
	hv_log(HV_ERR, "panic: %s", text);
	if (cur->h->catch_panics && hosted_on_fiber(cur))
		hosted_fiber_crash(cur);
	hosted_misuse("domain %u (%s) panicked: %s", cur->id, cur->name, text);
}

/* ---------------------------------------------------------------- log */

void hv_port_puts(const char *line)
{
	struct hosted_domain *d = hosted_cur();
	size_t len = strlen(line) + 1;

	if (d->h->echo)
		fprintf(stderr, "d%u %s: %s\n", d->id, d->name, line);
	if (d->log_len + len + 1 > d->log_size) {
		size_t size = d->log_size ? 2 * d->log_size : 4096;

		if (size > LOG_MAX)
			return;
		d->log = realloc(d->log, size);
		if (!d->log)
			hosted_misuse("the host has no memory");
		d->log_size = size;
	}
	memcpy(d->log + d->log_len, line, len - 1);
	d->log[d->log_len + len - 1] = '\n';
	d->log[d->log_len + len] = '\0';
	d->log_len += len;
}

const char *hosted_log(struct hosted *h, hv_domid_t dom)
{
	return must_find(h, dom)->log;
}

unsigned int hosted_log_count(struct hosted *h, hv_domid_t dom, const char *text)
{
	const char *p = hosted_log(h, dom);
	unsigned int n = 0;

	while ((p = strstr(p, text))) {
		n++;
		p = strchr(p, '\n');
		if (!p)
			break;
		p++;
	}
	return n;
}

void hosted_log_clear(struct hosted *h, hv_domid_t dom)
{
	struct hosted_domain *d = must_find(h, dom);

	d->log[0] = '\0';
	d->log_len = 0;
}

void hosted_log_echo(struct hosted *h, bool on)
{
	h->echo = on;
}

/* ---------------------------------------------------------------- planted failures */

bool hosted_fails(struct hosted_domain *d, enum hosted_fail kind)
{
	return ++d->fail[kind].calls == d->fail[kind].fail_at;
}

void hosted_fail_nth(struct hosted *h, hv_domid_t dom, enum hosted_fail kind, unsigned int n)
{
	struct hosted_domain *d = must_find(h, dom);

	d->fail[kind].calls = 0;
	d->fail[kind].fail_at = n;
}

unsigned int hosted_fail_calls(struct hosted *h, hv_domid_t dom, enum hosted_fail kind)
{
	return must_find(h, dom)->fail[kind].calls;
}
