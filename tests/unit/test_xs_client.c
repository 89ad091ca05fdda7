/* SPDX-License-Identifier: MIT */
/*
 * test_xs_client.c - the bare-metal port's xenstore client against a scripted daemon.
 *
 * The real xs.c and xs_watch.c run here over a ring page in memory. Where the port would sleep
 * (hv_xen_block_until), the daemon below takes one step: it reads what is in the request ring and
 * answers a complete request through the test's serve() function. So every interleaving of answers,
 * watch events and nonsense can be written down.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The real sources, statics and all. NOLINTBEGIN(bugprone-suspicious-include) */
#include "hv/xen/xs_wire.c"
#include "hv/xen/xs_ring.c"
#include "hv/xen/xs_watch.c"
#include "hv/xen/xs.c"
/* NOLINTEND(bugprone-suspicious-include) */

/* ---------------------------------------------------------------- the port's other half */

static struct xenstore_domain_interface page;
static struct start_info info;
struct start_info *hv_xen_start_info = &info;

static hv_event_fn handler;
static unsigned int sends, timeouts, error_lines, warnings;
static struct hv_work *work_queued;
static void (*serve)(const struct xsd_sockmsg *hdr, char *payload);
static void (*on_step)(void);

static char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1];
static size_t in_len;
static char out[64 * 1024];
static size_t out_len, out_sent;

void *hv_xen_mfn_to_va(uint64_t mfn)
{
	return mfn == 42 ? &page : NULL;
}

int hv_xen_event_attach(hv_port_t port, hv_event_fn fn, void *arg)
{
	(void)arg;
	assert_int_equal(port, 9);
	handler = fn;
	return 0;
}

int hv_evtchn_send(hv_port_t port)
{
	assert_int_equal(port, 9);
	sends++;
	return 0;
}

void hv_work_queue(struct hv_work *w)
{
	if (w->queued)
		return;
	w->next = work_queued;
	work_queued = w;
	w->queued = true;
}

void hv_log(enum hv_log_level level, const char *fmt, ...)
{
	va_list ap;
	char line[512];

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	error_lines += level == HV_ERR;
	warnings += level == HV_WARN;
}

void hv_panic(const char *fmt, ...)
{
	fail_msg("panic: %s", fmt);
	abort();
}

static void reply(uint32_t type, uint32_t req_id, const void *data, size_t len)
{
	struct xsd_sockmsg hdr = {type, req_id, 0, (uint32_t)len};

	assert_true(out_len + sizeof(hdr) + len <= sizeof(out));
	memcpy(out + out_len, &hdr, sizeof(hdr));
	memcpy(out + out_len + sizeof(hdr), data, len);
	out_len += sizeof(hdr) + len;
}

static void fire(const char *path, uint32_t token)
{
	char text[3100];
	int n = snprintf(text, sizeof(text), "%s%c%u", path, 0, token);

	reply(XS_WATCH_EVENT, 0, text, (size_t)n + 1);
}

static void daemon_sends(void)
{
	while (out_sent < out_len && page.rsp_prod - page.rsp_cons < XENSTORE_RING_SIZE) {
		page.rsp[MASK_XENSTORE_IDX(page.rsp_prod)] = out[out_sent++];
		page.rsp_prod++;
	}
}

static void daemon_step(void)
{
	struct xsd_sockmsg hdr;

	while (page.req_cons != page.req_prod && page.req_prod - page.req_cons <= 1024) {
		assert_true(in_len < sizeof(in));
		in[in_len++] = page.req[MASK_XENSTORE_IDX(page.req_cons)];
		page.req_cons++;
		if (in_len < sizeof(hdr))
			continue;
		memcpy(&hdr, in, sizeof(hdr));
		assert_true(hdr.len <= XENSTORE_PAYLOAD_MAX);
		if (in_len == sizeof(hdr) + hdr.len) {
			in_len = 0;
			in[sizeof(hdr) + hdr.len] = 0;
			serve(&hdr, in + sizeof(hdr));
		}
	}
	daemon_sends();
}

int hv_xen_block_until(bool (*ready)(void *arg), void *arg, uint64_t timeout)
{
	assert_true(timeout == 10 * HV_S);
	for (int i = 0; i < 100; i++) {
		if (ready(arg))
			return 0;
		if (on_step)
			on_step();
		if (timeouts) {
			timeouts--;
			return -ETIMEDOUT;
		}
		daemon_step();
	}
	fail_msg("the client waits for ever");
	return -ETIMEDOUT;
}

static void serve_ack(const struct xsd_sockmsg *hdr, char *payload)
{
	(void)payload;
	reply(hdr->type, hdr->req_id, "OK", 3);
}

static int start(void **state)
{
	(void)state;
	memset(&page, 0, sizeof(page));
	memset(&xs, 0, sizeof(xs));
	memset(&watches, 0, sizeof(watches));
	in_len = out_len = out_sent = 0;
	sends = timeouts = error_lines = warnings = 0;
	work_queued = NULL;
	on_step = NULL;
	serve = serve_ack;
	info.store_mfn = 42;
	info.store_evtchn = 9;
	page.req_prod = page.req_cons = page.rsp_prod = page.rsp_cons = 0xfffffe00u;
	return hv_xen_xs_start();
}

static void run_work(void)
{
	while (work_queued) {
		struct hv_work *w = work_queued;

		work_queued = w->next;
		w->queued = false;
		w->fn(w);
	}
}

/* ---------------------------------------------------------------- requests */

static struct xsd_sockmsg seen;
static char seen_payload[XENSTORE_PAYLOAD_MAX];
static const char *answer;
static size_t answer_len;

static void serve_answer(const struct xsd_sockmsg *hdr, char *payload)
{
	seen = *hdr;
	memcpy(seen_payload, payload, hdr->len);
	reply(hdr->type, hdr->req_id, answer, answer_len);
}

#define EXPECT(literal)                                                                            \
	do {                                                                                       \
		assert_int_equal(seen.len, sizeof(literal) - 1);                                   \
		assert_memory_equal(seen_payload, literal, sizeof(literal) - 1);                   \
	} while (0)
#define ANSWER(literal) (answer = (literal), answer_len = sizeof(literal) - 1)

static void each_request_has_its_wire_form(void **state)
{
	struct hv_xs_perm perms[2] = {{1, false, false}, {2, true, false}};
	char text[32];
	hv_xs_tx tx = 0;

	(void)state;
	serve = serve_answer;
	ANSWER("value");
	assert_int_equal(hv_xs_read(3, "a/b", text, sizeof(text)), 5);
	assert_string_equal(text, "value");
	assert_int_equal(seen.type, XS_READ);
	assert_int_equal(seen.tx_id, 3);
	EXPECT("a/b\0");
	ANSWER("OK\0");
	assert_int_equal(hv_xs_write(4, "a", "xyz"), 0);
	EXPECT("a\0xyz");
	assert_int_equal(hv_xs_write(0, "a", ""), 0);
	EXPECT("a\0");
	assert_int_equal(hv_xs_rm(0, "a"), 0);
	assert_int_equal(seen.type, XS_RM);
	assert_int_equal(hv_xs_set_perms(0, "a", perms, 2), 0);
	EXPECT("a\0n1\0r2\0");
	ANSWER("x\0yy\0");
	assert_int_equal(hv_xs_ls(0, "a", text, sizeof(text)), 2);
	ANSWER("n5\0b6\0");
	assert_int_equal(hv_xs_get_perms(0, "a", perms, 2), 2);
	assert_int_equal(perms[0].dom, 5);
	ANSWER("77\0");
	assert_int_equal(hv_xs_tx_begin(&tx), 0);
	assert_int_equal(tx, 77);
	ANSWER("OK\0");
	assert_int_equal(hv_xs_tx_end(tx, true), 0);
	assert_int_equal(seen.tx_id, 77);
	EXPECT("T\0");
	assert_int_equal(hv_xs_tx_end(tx, false), 0);
	EXPECT("F\0");
}

static void what_cannot_be_sent_is_not_sent(void **state)
{
	static char big[XENSTORE_PAYLOAD_MAX];
	unsigned int before = sends;
	char text[8];

	(void)state;
	assert_int_equal(hv_xs_read(0, "", text, sizeof(text)), -EINVAL);
	assert_int_equal(hv_xs_set_perms(0, "a", NULL, 0), -EINVAL);
	memset(big, 'v', sizeof(big) - 1);
	assert_int_equal(hv_xs_write(0, "a", big), -E2BIG);
	assert_int_equal(sends, before);
	big[sizeof(big) - 3] = 0; /* now it just fits, and needs the ring several times over */
	assert_int_equal(hv_xs_write(0, "a", big), 0);
}

static void serve_error(const struct xsd_sockmsg *hdr, char *payload)
{
	(void)payload;
	reply(XS_ERROR, hdr->req_id, answer, answer_len);
}

static void errors_come_back(void **state)
{
	char text[8];

	(void)state;
	serve = serve_error;
	ANSWER("ENOENT\0");
	assert_int_equal(hv_xs_read(0, "a", text, sizeof(text)), -ENOENT);
	ANSWER("EAGAIN\0");
	assert_int_equal(hv_xs_tx_end(1, true), -EAGAIN);
	ANSWER("EODD\0");
	assert_int_equal(hv_xs_rm(0, "a"), -EIO);
	serve = serve_ack; /* none of these broke the connection */
	assert_int_equal(hv_xs_rm(0, "a"), 0);
	assert_int_equal(error_lines, 0);
}

static void a_slow_daemon_is_reported_and_awaited(void **state)
{
	(void)state;
	timeouts = 2;
	assert_int_equal(hv_xs_rm(0, "a"), 0);
	assert_int_equal(warnings, 2);
}

/* ---------------------------------------------------------------- a daemon gone mad */

static void expect_dead(void)
{
	char text[8];

	assert_int_equal(hv_xs_rm(0, "a"), -EIO);
	assert_int_equal(error_lines, 1);
	assert_int_equal(hv_xs_read(0, "a", text, sizeof(text)), -EIO);
	handler(9, NULL);
	assert_int_equal(error_lines, 1); /* said once */
}

static void serve_wrong_id(const struct xsd_sockmsg *hdr, char *payload)
{
	(void)payload;
	reply(hdr->type, hdr->req_id + 1, "OK", 3);
}

static void serve_wrong_type(const struct xsd_sockmsg *hdr, char *payload)
{
	(void)payload;
	reply(XS_READ, hdr->req_id, "OK", 3);
}

static void serve_bad_event(const struct xsd_sockmsg *hdr, char *payload)
{
	(void)hdr;
	(void)payload;
	reply(XS_WATCH_EVENT, 0, "no end", 6);
}

static void serve_too_long(const struct xsd_sockmsg *hdr, char *payload)
{
	struct xsd_sockmsg bad = {hdr->type, hdr->req_id, 0, XENSTORE_PAYLOAD_MAX + 1};

	(void)payload;
	memcpy(out + out_len, &bad, sizeof(bad));
	out_len += sizeof(bad);
}

static void wrong_answers_end_the_connection(void **state)
{
	(void)state;
	serve = serve_wrong_id;
	expect_dead();
}

static void wrong_types_end_the_connection(void **state)
{
	(void)state;
	serve = serve_wrong_type;
	expect_dead();
}

static void malformed_events_end_the_connection(void **state)
{
	(void)state;
	serve = serve_bad_event;
	expect_dead();
}

static void long_answers_end_the_connection(void **state)
{
	(void)state;
	serve = serve_too_long;
	expect_dead();
}

static void unasked_answers_end_the_connection(void **state)
{
	(void)state;
	reply(XS_READ, 1, "x", 1);
	daemon_sends();
	handler(9, NULL);
	expect_dead();
}

static void early_answers_end_the_connection(void **state)
{
	(void)state;
	reply(XS_RM, 2, "OK", 3); /* the right id, before the request is out */
	daemon_sends();
	expect_dead();
}

static void bad_rsp_index(void)
{
	page.rsp_prod = page.rsp_cons + XENSTORE_RING_SIZE + 1;
}

static void bad_req_index(void)
{
	page.req_cons = page.req_prod + 1;
}

static void bad_response_index_ends_the_connection(void **state)
{
	(void)state;
	bad_rsp_index();
	expect_dead();
}

static void bad_request_index_ends_the_connection(void **state)
{
	(void)state;
	bad_req_index();
	expect_dead();
}

static void an_index_gone_bad_while_waiting_ends_the_connection(void **state)
{
	(void)state;
	on_step = bad_rsp_index;
	expect_dead();
}

/* ---------------------------------------------------------------- watches */

static unsigned int fired;
static char last[128];

static void count(struct hv_xs_watch *w, const char *changed)
{
	(void)w;
	fired++;
	snprintf(last, sizeof(last), "%s", changed);
}

/* As xenstored does: the answer, then the first event at once. */
static void serve_watch(const struct xsd_sockmsg *hdr, char *payload)
{
	reply(hdr->type, hdr->req_id, "OK", 3);
	if (hdr->type == XS_WATCH)
		fire(payload, (uint32_t)atoi(payload + strlen(payload) + 1));
}

static void poke(void)
{
	daemon_sends();
	handler(9, NULL);
}

static void watches_fire_from_the_loop(void **state)
{
	struct hv_xs_watch w = {.path = "dir", .fn = count};

	(void)state;
	fired = 0;
	serve = serve_watch;
	assert_int_equal(hv_xs_watch(&w), 0);
	poke();
	assert_int_equal(fired, 0); /* not from inside the call */
	run_work();
	assert_int_equal(fired, 1);
	assert_string_equal(last, "dir");
	fire("dir/x", w.token);
	fire("dir/x", w.token); /* queued already */
	fire("dir/y", w.token);
	fire("dir/z", w.token + 1); /* nobody's */
	poke();
	run_work();
	assert_int_equal(fired, 3);
	assert_string_equal(last, "dir/y");
	fire("dir/x", w.token);
	poke();
	hv_xs_unwatch(&w); /* what is queued is dropped with it */
	run_work();
	assert_int_equal(fired, 3);
	hv_xs_unwatch(&w); /* harmless */
	assert_int_equal(error_lines + warnings, 0);
}

static void events_between_request_and_answer_are_kept(void **state)
{
	struct hv_xs_watch w = {.path = "dir", .fn = count};

	(void)state;
	serve = serve_watch;
	assert_int_equal(hv_xs_watch(&w), 0);
	run_work();
	fired = 0;
	fire("dir/before", w.token);
	daemon_sends();
	serve = serve_ack;
	assert_int_equal(hv_xs_rm(0, "a"), 0);
	assert_int_equal(fired, 0);
	run_work();
	assert_true(fired >= 1);
	hv_xs_unwatch(&w);
}

static void a_flood_becomes_one_event_per_watch(void **state)
{
	struct hv_xs_watch a = {.path = "a", .fn = count}, b = {.path = "b", .fn = count};
	char path[200];

	(void)state;
	serve = serve_watch;
	assert_int_equal(hv_xs_watch(&a), 0);
	assert_int_equal(hv_xs_watch(&b), 0);
	poke();
	run_work();
	fired = 0;
	fire("b/first", b.token);
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "a/%d", i);
		fire(path, a.token);
		poke();
	}
	poke();
	assert_true(watches.queued <= QUEUE_MAX);
	run_work();
	assert_true(fired <= QUEUE_MAX);
	assert_true(fired >= 2);
	assert_int_equal(watches.queued, 0);
	memset(path, 'p', sizeof(path) - 1); /* too long for the queue: the watch's own path */
	path[sizeof(path) - 1] = 0;
	fire(path, b.token);
	poke();
	run_work();
	assert_string_equal(last, "b");
	assert_int_equal(error_lines, 0);
}

static struct hv_xs_watch self;

static void remove_self(struct hv_xs_watch *w, const char *changed)
{
	(void)changed;
	fired++;
	hv_xs_unwatch(w);
}

static void a_handler_may_remove_its_watch(void **state)
{
	(void)state;
	fired = 0;
	serve = serve_watch;
	self = (struct hv_xs_watch){.path = "s", .fn = remove_self};
	assert_int_equal(hv_xs_watch(&self), 0);
	fire("s/1", self.token);
	poke();
	run_work();
	assert_int_equal(fired, 1);
	assert_null(watches.list);
}

static void refused_watches_leave_nothing(void **state)
{
	struct hv_xs_watch w = {.path = "dir", .fn = count};
	static struct hv_xs_watch many[WATCHES_MAX];

	(void)state;
	serve = serve_error;
	ANSWER("EACCES\0");
	assert_int_equal(hv_xs_watch(&w), -EACCES);
	assert_null(watches.list);
	w.path = "";
	assert_int_equal(hv_xs_watch(&w), -EINVAL);
	assert_int_equal(watches.count, 0);
	serve = serve_ack;
	w.path = "dir";
	for (int i = 0; i < WATCHES_MAX; i++) {
		many[i] = (struct hv_xs_watch){.path = "m", .fn = count};
		assert_int_equal(hv_xs_watch(&many[i]), 0);
	}
	assert_int_equal(hv_xs_watch(&w), -ENOSPC);
	assert_int_equal(hv_xs_watch(&many[0]), -EEXIST);
	hv_xs_unwatch(&many[3]);
	watches.last_token = UINT32_MAX; /* tokens wrap past 0 ... */
	assert_int_equal(hv_xs_watch(&w), 0);
	assert_int_equal(w.token, 1);
	hv_xs_unwatch(&w);
	watches.last_token = many[0].token - 1; /* ... and past those in use */
	assert_int_equal(hv_xs_watch(&w), 0);
	assert_int_equal(w.token, many[2].token + 1);
	for (int i = 0; i < WATCHES_MAX; i++)
		hv_xs_unwatch(&many[i]);
	hv_xs_unwatch(&w);
	assert_null(watches.list);
}

static void a_failed_unwatch_is_only_logged(void **state)
{
	struct hv_xs_watch w = {.path = "dir", .fn = count};

	(void)state;
	assert_int_equal(hv_xs_watch(&w), 0);
	serve = serve_error;
	ANSWER("ENOENT\0");
	hv_xs_unwatch(&w);
	assert_int_equal(warnings, 1);
	assert_null(watches.list);
}

static void no_ring_no_start(void **state)
{
	(void)state;
	info.store_mfn = 1;
	assert_int_equal(hv_xen_xs_start(), -ENODEV);
}

#define T(fn) cmocka_unit_test_setup(fn, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_request_has_its_wire_form),
		T(what_cannot_be_sent_is_not_sent),
		T(errors_come_back),
		T(a_slow_daemon_is_reported_and_awaited),
		T(wrong_answers_end_the_connection),
		T(wrong_types_end_the_connection),
		T(malformed_events_end_the_connection),
		T(long_answers_end_the_connection),
		T(unasked_answers_end_the_connection),
		T(early_answers_end_the_connection),
		T(bad_response_index_ends_the_connection),
		T(bad_request_index_ends_the_connection),
		T(an_index_gone_bad_while_waiting_ends_the_connection),
		T(watches_fire_from_the_loop),
		T(events_between_request_and_answer_are_kept),
		T(a_flood_becomes_one_event_per_watch),
		T(a_handler_may_remove_its_watch),
		T(refused_watches_leave_nothing),
		T(a_failed_unwatch_is_only_logged),
		T(no_ring_no_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
