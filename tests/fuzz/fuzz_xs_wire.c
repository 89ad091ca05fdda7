/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xs_wire.c - a daemon that answers with anything, against the xenstore client of hv/xen.
 *
 * The input is a script of steps: which request the client makes next, how the "daemon" answers
 * (well framed with arbitrary payload, watch events of arbitrary path, raw bytes, bad indices) and
 * when queued events are handled. Whatever comes, the client must end each call with a result, read
 * nothing outside the message, and after a broken stream refuse everything with -EIO.
 *
 * COVERS: hv/xen/xs_wire.c hv/xen/xs_ring.c hv/xen/xs.c hv/xen/xs_watch.c
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The real sources, statics and all. NOLINTBEGIN(bugprone-suspicious-include) */
#include "hv/common/parse.c"
#include "hv/xen/xs_wire.c"
#include "hv/xen/xs_ring.c"
#include "hv/xen/xs_watch.c"
#include "hv/xen/xs.c"
/* NOLINTEND(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---------------------------------------------------------------- the script */

static const uint8_t *script;
static size_t left;

static unsigned int byte(void)
{
	if (!left)
		return 0;
	left--;
	return *script++;
}

/* A string of up to 255 bytes from the script, NUL behind it; NULs inside are the script's own. */
static size_t bytes(char *out)
{
	size_t n = byte();

	if (n > left)
		n = left;
	memcpy(out, script, n);
	out[n] = 0;
	script += n;
	left -= n;
	return n;
}

/* ---------------------------------------------------------------- the port's other half */

static struct xenstore_domain_interface page;
static struct start_info info = {.store_mfn = 42, .store_evtchn = 9};
struct start_info *hv_xen_start_info = &info;
static struct hv_work *work;

void *hv_xen_mfn_to_va(uint64_t mfn)
{
	return mfn == 42 ? &page : NULL;
}

int hv_xen_event_attach(hv_port_t port, hv_event_fn fn, void *arg)
{
	(void)port;
	(void)fn;
	(void)arg;
	return 0;
}

int hv_evtchn_send(hv_port_t port)
{
	(void)port;
	return 0;
}

void hv_work_queue(struct hv_work *w)
{
	if (w->queued)
		return;
	w->queued = true;
	w->next = work;
	work = w;
}

void hv_log(enum hv_log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap); /* ASan looks at the arguments */
	va_end(ap);
}

void hv_panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static void put(const void *data, size_t len)
{
	for (size_t i = 0; i < len && page.rsp_prod - page.rsp_cons < XENSTORE_RING_SIZE; i++)
		memcpy(&page.rsp[MASK_XENSTORE_IDX(page.rsp_prod++)], (const char *)data + i, 1);
}

static void put_message(uint32_t type, uint32_t req_id, const char *data, size_t len)
{
	struct xsd_sockmsg hdr = {type, req_id, 0, (uint32_t)len};

	put(&hdr, sizeof(hdr));
	put(data, len);
}

/* The request under way, as far as it has come; xs.c sends one at a time. */
static struct xsd_sockmsg asked;
static size_t asked_got;

static void take_request(void)
{
	while (page.req_cons != page.req_prod &&
	       page.req_prod - page.req_cons <= XENSTORE_RING_SIZE) {
		char c = page.req[MASK_XENSTORE_IDX(page.req_cons++)];

		if (asked_got < sizeof(asked))
			((char *)&asked)[asked_got] = c;
		asked_got++;
		if (asked_got >= sizeof(asked) && asked_got == sizeof(asked) + asked.len)
			asked_got = 0;
	}
}

/* Answers as xenstored gives them, for the script to start from. */
static const struct {
	const char *text;
	size_t len;
} sane[] = {
#define SANE(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
	SANE("OK\0"),	 SANE("7\0"),	SANE("n1\0r0\0b65535\0w3\0"),
	SANE("a\0bc\0"), SANE("value"), SANE(""),
};

/* More events than the queue holds: one watch fires under many names, the others in between. */
static void flood(uint32_t token)
{
	char event[64];

	for (unsigned int i = 0; i < QUEUE_MAX + 8 && !xs.dead; i++) {
		size_t n = (size_t)snprintf(event, sizeof(event), "flood/%u%c%u", i, 0,
					    i % 8 ? token : i / 8 % 8);

		put_message(XS_WATCH_EVENT, 0, event, n + 1);
		on_event(9, NULL);
	}
}

/* One step of the daemon: takes what was asked and does what the script says. */
static void daemon_step(void)
{
	char text[256], event[300];
	const char *error;
	size_t n;

	take_request();
	switch (byte() % 8) {
	case 0:
		n = byte() % (sizeof(sane) / sizeof(sane[0]));
		put_message(asked.type, asked.req_id, sane[n].text, sane[n].len);
		break;
	case 1:
		n = bytes(text);
		put_message(asked.type, asked.req_id, text, n);
		break;
	case 2:
		n = bytes(text);
		put_message(XS_ERROR, asked.req_id, text, n);
		break;
	case 3:
		error = xsd_errors[byte() % (sizeof(xsd_errors) / sizeof(xsd_errors[0]))].errstring;
		put_message(XS_ERROR, asked.req_id, error, strlen(error) + 1);
		break;
	case 4:
		bytes(text);
		n = (size_t)snprintf(event, sizeof(event), "%s%c%u", text, 0, byte() % 8);
		put_message(XS_WATCH_EVENT, 0, event, n + 1);
		break;
	case 5:
		n = bytes(text);
		put_message(XS_WATCH_EVENT, byte(), text, n);
		break;
	case 6:
		n = bytes(text);
		put(text, n);
		break;
	default:
		if (byte() % 4 == 0)
			page.rsp_prod += byte() << 4;
		if (byte() % 4 == 0)
			page.req_cons += byte() << 4;
	}
}

int hv_xen_block_until(bool (*ready)(void *arg), void *arg, uint64_t timeout)
{
	(void)timeout;
	for (unsigned int i = 0; !ready(arg); i++) {
		if (!left) /* the script is over: let the call end */
			page.rsp_prod = xs.ring.rsp_cons + XENSTORE_RING_SIZE + 1;
		daemon_step();
		if (i == 8)
			return -ETIMEDOUT;
	}
	return 0;
}

/* ---------------------------------------------------------------- the client's side */

#define WATCHES 4

static struct hv_xs_watch watch[WATCHES];
static char watch_paths[WATCHES][256];

static void on_watch(struct hv_xs_watch *w, const char *changed)
{
	if (strlen(changed) >= HV_XS_PATH_MAX)
		abort();
	if (byte() % 8 == 0)
		hv_xs_unwatch(w);
}

static void watch_or_unwatch(unsigned int i)
{
	if (watch[i].token) {
		hv_xs_unwatch(&watch[i]);
		return;
	}
	bytes(watch_paths[i]);
	watch[i].path = watch_paths[i];
	watch[i].fn = on_watch;
	hv_xs_watch(&watch[i]);
}

static void client_step(void)
{
	char path[256], value[256], *out;
	struct hv_xs_perm *perms;
	unsigned int n, op = byte() % 13;
	hv_xs_tx tx = byte() % 3;
	int ret;

	if (op < 7)
		bytes(path);
	n = byte() % 64;
	out = malloc(n + 1); /* exactly sized, so that ASan sees one byte too many */
	perms = calloc(n % 4 + 1, sizeof(*perms));
	switch (op) {
	case 0:
		ret = hv_xs_read(tx, path, out, n);
		if (ret >= 0 && strlen(out) != (size_t)ret)
			abort();
		break;
	case 1:
		bytes(value);
		hv_xs_write(tx, path, value);
		break;
	case 2:
		hv_xs_rm(tx, path);
		break;
	case 3:
		ret = hv_xs_ls(tx, path, out, n);
		for (const char *c = out; ret > 0; ret--)
			c += strlen(c) + 1;
		break;
	case 4:
		hv_xs_get_perms(tx, path, perms, n % 4);
		break;
	case 5:
		hv_xs_set_perms(tx, path, perms, n % 4);
		break;
	case 6:
		if (strlen(path)) { /* a value that fills the ring several times over */
			char *big = calloc(1, XENSTORE_PAYLOAD_MAX + 1);

			memset(big, 'v', XENSTORE_PAYLOAD_MAX - byte());
			hv_xs_write(tx, path, big);
			free(big);
		}
		break;
	case 7:
		hv_xs_tx_begin(&tx);
		break;
	case 8:
		hv_xs_tx_end(tx, n & 1);
		break;
	case 9:
		watch_or_unwatch(n % WATCHES);
		break;
	case 10:
		for (unsigned int i = 0; i < n; i++)
			daemon_step();
		on_event(9, NULL);
		break;
	case 11:
		flood(n % 8);
		break;
	default:
		if (work) {
			struct hv_work *w = work;

			work = w->next;
			w->queued = false;
			w->fn(w);
		}
	}
	free(out);
	free(perms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	script = data;
	left = size;
	memset(&page, 0, sizeof(page));
	memset(&xs, 0, sizeof(xs));
	memset(&watches, 0, sizeof(watches));
	memset(watch, 0, sizeof(watch));
	asked_got = 0;
	work = NULL;
	page.req_prod = page.req_cons = byte() * 0x01010101u;
	page.rsp_prod = page.rsp_cons = byte() * 0x01010101u;
	info.store_mfn = byte() ? 42 : 0;
	if (hv_xen_xs_start() == -ENODEV)
		return 0;
	while (left)
		client_step();
	if (xs.dead && hv_xs_rm(0, "a") != -EIO)
		abort();
	return 0;
}
