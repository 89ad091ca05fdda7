/* SPDX-License-Identifier: MIT */
/*
 * xs.c - the xenstore client: one request at a time over the shared ring, watches from the loop.
 *
 * A request is sent and its answer awaited at once (hv_xen_block_until(), no handler runs
 * meanwhile), so there is never more than one outstanding and any answer that does not fit it means
 * that the stream is broken. The connection is then dead for good: every later call is -EIO, which
 * is logged once. Watch events may come in between; they go to xs_watch.c.
 *
 * xenstored is part of the trusted base, so an answer is awaited without a time-out, but a silent
 * daemon is reported every XS_SLOW.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/xen/xen.h"
#include "hv/xen/xs_ring.h"
#include "hv/xen/xs_watch.h"
#include "hv/xen/xs_wire.h"

#define XS_SLOW (10 * HV_S)

static struct {
	struct xs_ring ring;
	hv_port_t port;
	uint32_t req_id; /* of the request under way, or of the last one */
	bool waiting;	 /* an answer is outstanding */
	bool answered;	 /* it is in ring.hdr, ring.payload until the next hv_xs_ring_get() */
	bool dead;
} xs;

static struct xs_buf buf; /* the one request under construction */

static const char *type_name(uint32_t type)
{
	static const char *const names[] = {
		[XS_DIRECTORY] = "directory",
		[XS_READ] = "read",
		[XS_GET_PERMS] = "get-perms",
		[XS_WATCH] = "watch",
		[XS_UNWATCH] = "unwatch",
		[XS_TRANSACTION_START] = "transaction-start",
		[XS_TRANSACTION_END] = "transaction-end",
		[XS_WRITE] = "write",
		[XS_RM] = "rm",
		[XS_SET_PERMS] = "set-perms",
		[XS_RESET_WATCHES] = "reset-watches",
	};

	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : "request";
}

static int broken(const char *why)
{
	if (!xs.dead)
		hv_log(HV_ERR, "xenstore: connection lost: %s (message type %u, id %u, length %u)",
		       why, xs.ring.hdr.type, xs.ring.hdr.req_id, xs.ring.hdr.len);
	xs.dead = true;
	return -EIO;
}

/* Takes a complete message that is not the awaited answer. */
static void take_event(void)
{
	const char *path;
	uint32_t token;

	if (xs.ring.hdr.type != XS_WATCH_EVENT)
		broken("an answer that nobody asked for");
	else if (hv_xs_wire_event(xs.ring.payload, xs.ring.hdr.len, &path, &token))
		broken("malformed watch event");
	else
		hv_xen_xs_watch_event(path, token);
}

/*
 * Reads what is in the response ring, up to the answer awaited. What stands behind the answer waits
 * for on_event(): hv_xen_block_until() keeps the event that announced it.
 */
static void pump(void)
{
	bool freed = false;

	while (!xs.dead && !xs.answered) {
		int ret = hv_xs_ring_get(&xs.ring, &freed);

		if (ret < 0)
			broken("ring index or length out of range");
		if (ret <= 0)
			break;
		if (xs.waiting && xs.ring.hdr.type != XS_WATCH_EVENT)
			xs.answered = true;
		else
			take_event();
	}
	if (freed)
		hv_evtchn_send(xs.port);
}

static void on_event(hv_port_t port, void *arg)
{
	(void)port;
	(void)arg;
	pump();
}

static bool is_answered(void *arg)
{
	(void)arg;
	pump();
	return xs.answered || xs.dead;
}

struct part {
	const char *data;
	size_t len;
};

/* The ring took something, or never will. An answer before the request is out is a violation. */
static bool is_put(void *arg)
{
	struct part *p = arg;
	int n;

	pump();
	if (xs.answered)
		broken("an answer before its request");
	if (xs.dead)
		return true;
	n = hv_xs_ring_put(&xs.ring, p->data, p->len);
	if (n < 0)
		broken("ring index out of range");
	if (n <= 0)
		return n < 0;
	p->data += n;
	p->len -= (size_t)n;
	hv_evtchn_send(xs.port);
	return true;
}

/* Waits for ready() with a word to the log whenever xenstored keeps us waiting for long. */
static void await(bool (*ready)(void *arg), void *arg, uint32_t type)
{
	unsigned int seconds = 0;

	while (hv_xen_block_until(ready, arg, XS_SLOW)) {
		seconds += (unsigned int)(XS_SLOW / HV_S);
		hv_log(HV_WARN,
		       "xenstore: no answer to %s %.64s for %u s (ring: %u bytes not taken by "
		       "xenstored, %u not by us)",
		       type_name(type), buf.data, seconds,
		       HV_READ_ONCE(xs.ring.page->req_prod) - HV_READ_ONCE(xs.ring.page->req_cons),
		       HV_READ_ONCE(xs.ring.page->rsp_prod) - HV_READ_ONCE(xs.ring.page->rsp_cons));
	}
}

/*
 * Sends `buf` as one request and waits for the answer, which is then in xs.ring until the next
 * request. 0 or -errno.
 */
static int request(hv_xs_tx tx, uint32_t type)
{
	struct xsd_sockmsg hdr = {.type = type, .tx_id = tx, .len = (uint32_t)buf.len};
	struct part parts[] = {{(const char *)&hdr, sizeof(hdr)}, {buf.data, buf.len}};
	int ret;

	if (buf.overflow)
		return -E2BIG;
	if (xs.dead)
		return -EIO;
	HV_CHECK(!xs.waiting);
	hdr.req_id = ++xs.req_id;
	xs.waiting = true;
	for (unsigned int i = 0; i < 2; i++)
		while (parts[i].len && !xs.dead)
			await(is_put, &parts[i], type);
	await(is_answered, NULL, type);
	xs.waiting = false;
	xs.answered = false;
	if (xs.dead)
		return -EIO;
	ret = hv_xs_wire_reply(&xs.ring.hdr, xs.ring.payload, type, xs.req_id);
	return ret == -EPROTO ? broken("an answer that does not fit its request") : ret;
}

/* A request whose payload starts with a path. */
static int start_path(const char *path)
{
	if (!path[0])
		return -EINVAL;
	hv_xs_buf_reset(&buf);
	hv_xs_buf_str(&buf, path);
	return 0;
}

static int simple(hv_xs_tx tx, uint32_t type, const char *path)
{
	int ret = start_path(path);

	return ret ? ret : request(tx, type);
}

int hv_xs_read(hv_xs_tx tx, const char *path, char *out, size_t size)
{
	int ret = simple(tx, XS_READ, path);

	return ret ? ret : hv_xs_wire_text(xs.ring.payload, xs.ring.hdr.len, out, size);
}

int hv_xs_write(hv_xs_tx tx, const char *path, const char *value)
{
	int ret = start_path(path);

	if (ret)
		return ret;
	hv_xs_buf_raw(&buf, value, strlen(value));
	return request(tx, XS_WRITE);
}

int hv_xs_rm(hv_xs_tx tx, const char *path)
{
	return simple(tx, XS_RM, path);
}

int hv_xs_ls(hv_xs_tx tx, const char *path, char *out, size_t size)
{
	int ret = simple(tx, XS_DIRECTORY, path);

	return ret ? ret : hv_xs_wire_list(xs.ring.payload, xs.ring.hdr.len, out, size);
}

int hv_xs_get_perms(hv_xs_tx tx, const char *path, struct hv_xs_perm *perms, unsigned int max)
{
	int ret = simple(tx, XS_GET_PERMS, path);

	return ret ? ret : hv_xs_wire_perms(xs.ring.payload, xs.ring.hdr.len, perms, max);
}

int hv_xs_set_perms(hv_xs_tx tx, const char *path, const struct hv_xs_perm *perms, unsigned int n)
{
	int ret = n ? start_path(path) : -EINVAL;

	if (ret)
		return ret;
	hv_xs_buf_perms(&buf, perms, n);
	return request(tx, XS_SET_PERMS);
}

int hv_xs_tx_begin(hv_xs_tx *tx)
{
	int ret;

	hv_xs_buf_reset(&buf);
	hv_xs_buf_str(&buf, "");
	ret = request(HV_XS_NONE, XS_TRANSACTION_START);
	return ret ? ret : hv_xs_wire_tx(xs.ring.payload, xs.ring.hdr.len, tx);
}

int hv_xs_tx_end(hv_xs_tx tx, bool commit)
{
	hv_xs_buf_reset(&buf);
	hv_xs_buf_str(&buf, commit ? "T" : "F");
	return request(tx, XS_TRANSACTION_END);
}

int hv_xen_xs_watch_request(bool add, const char *path, uint32_t token)
{
	char text[16];
	int ret = start_path(path);

	if (ret)
		return ret;
	snprintf(text, sizeof(text), "%u", token);
	hv_xs_buf_str(&buf, text);
	return request(HV_XS_NONE, add ? XS_WATCH : XS_UNWATCH);
}

int hv_xen_xs_start(void)
{
	void *page = hv_xen_mfn_to_va(hv_xen_start_info->store_mfn);
	int ret;

	if (!page)
		return -ENODEV;
	hv_xs_ring_init(&xs.ring, page);
	xs.port = hv_xen_start_info->store_evtchn;
	ret = hv_xen_event_attach(xs.port, on_event, NULL);
	if (ret)
		return ret;
	hv_xs_buf_reset(&buf);
	hv_xs_buf_str(&buf, "");
	return request(HV_XS_NONE, XS_RESET_WATCHES);
}
