/* SPDX-License-Identifier: MIT */
/*
 * fuzz_front_ring.c - the bare front against a backend that writes whatever the input says.
 *
 * COVERS: guest-frontend/bare/ring.c guest-frontend/bare/events.c guest-frontend/bare/import.c guest-frontend/bare/spaces.c guest-frontend/bare/channels.c
 *
 * The input is a program: each step is an operation byte and its arguments. Some steps are the
 * guest's (submit, copy, import, bind, make and ring channels, flush, forget, close), the others the backend's
 * (write bytes anywhere in the ring or event page, move the indices, answer honestly, send events, change
 * state, re-plug). Whatever
 * happens, no memory is touched wrongly, every request ends exactly once, and when the device is
 * destroyed and the backend has let go, the guest holds nothing.
 */
#include <stdlib.h>

#define FB_VRAM	 (64u << 10)
#define FB_PAGES 1100 /* four buffers and a little */
#include "tests/unit/front_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p, *end;
};

static unsigned int byte(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static uint32_t word(struct input *in)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < 4; i++)
		v |= byte(in) << 8 * i;
	return v;
}

static struct fb fb;
static struct front_buf *taken[FRONT_BUFS_MAX];

/* One for each request of a run. */
#define REQUESTS 256
static struct request {
	bool ended;
	bool forgotten;
	int ticket;
	int buf; /* index into taken[] of the buffer it uses, or -1 */
} requests[REQUESTS];
static unsigned int submitted;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_front_ring: %s\n%s", what, hosted_log(fb.h, fb.guest));
		abort();
	}
}

static void request_ended(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
			  void *arg)
{
	struct request *request = arg;

	(void)dev;
	must(status <= 0, "positive status");
	must(rsp || status == -ENODEV, "no response, but the connection lives");
	must(!request->ended && !request->forgotten, "an end that nobody waits for");
	request->ended = true;
}

static bool flying(int buf)
{
	for (unsigned int i = 0; i < submitted; i++)
		if (requests[i].buf == buf && !requests[i].ended && !requests[i].forgotten)
			return true;
	return false;
}

static void forget(unsigned int ticket)
{
	for (unsigned int i = 0; i < submitted; i++) {
		struct request *r = &requests[i];

		if (r->ended || r->forgotten || r->ticket != (int)ticket)
			continue;
		r->forgotten = true;
		if (r->buf >= 0)
			taken[r->buf] = NULL; /* put back when the request ends */
		front_forget(fb.dev, r->ticket);
	}
}

/* Calls that wait for their answer, which may be as wrong as the input likes. */
static struct front_import *imports[4];

static void check_wait(int ret)
{
	must(ret <= 0, "positive result");
	must(ret != -ESHUTDOWN, "the loop was left");
}

/* Ends at the third look. */
static bool look_twice(void *arg)
{
	uint32_t *looks = arg;

	return (*looks)++ >= 2;
}

static void work_step(struct input *in)
{
	struct xenvgpu_channel_create_req desc = {.space = FBW_SPACE, .engine_class = FBW_COPY};
	struct xenvgpu_bind binds[XENVGPU_MAX_BINDS + 1] = {{.operation = XENVGPU_BIND_MAP}};
	unsigned int what = byte(in) % 8, n = byte(in), done;
	struct xenvgpu_space_create_resp space = {0};
	struct xenvgpu_class_list_resp classes = {0};
	struct front_import **import = &imports[n % 4];
	uint32_t got = 0;
	int ret = 0;

	switch (what) {
	case 0:
		if (*import) {
			ret = front_import_free(fb.dev, *import);
			if (ret != -EBUSY)
				*import = NULL;
			break;
		}
		ret = front_mem_import(fb.dev, 1 + n % 64, n >> 7, import);
		must(ret || (*import)->handle, "an import without a handle");
		break;
	case 1:
		ret = front_class_list(fb.dev, &classes);
		must(classes.n <= XENVGPU_CLASSES_MAX, "more classes than fit");
		break;
	case 2:
		ret = front_space_create(fb.dev, &space);
		must(ret || space.va_start < space.va_end, "an empty space");
		break;
	case 3:
		ret = front_space_destroy(fb.dev, FBW_SPACE);
		break;
	case 4:
		n %= XENVGPU_MAX_BINDS + 2;
		binds[0].handle = n == 1 ? 0x100 + byte(in) : 0;
		ret = front_bind(fb.dev, FBW_SPACE, binds, n, &done);
		must(done <= n && (ret || done == n), "a wrong count of changes");
		break;
	case 5:
		ret = front_channel_create(fb.dev, &desc, &got);
		must(ret || got < XENVGPU_MAX_CHANNELS, "a channel out of range");
		break;
	case 6:
		ret = front_channel_destroy(fb.dev, n);
		break;
	default:
		if (n >= 0xc0) {
			ret = front_channel_wait(fb.dev, n - 0xc0, look_twice, &got, HV_MS);
			break;
		}
		ret = front_channel_ring(fb.dev, n, word(in));
		if (!ret)
			ret = front_channel_get(fb.dev, n, &got);
	}
	check_wait(ret);
}

static void guest_step(struct input *in)
{
	struct xenvgpu_request req = {0};
	unsigned int what = byte(in) % 10;
	struct request *r = &requests[submitted];
	int ret = -1, n;

	if (submitted == REQUESTS)
		return;
	*r = (struct request){.buf = -1};
	guest_in(&fb);
	switch (what) {
	case 0:
		front_flush(fb.dev);
		break;
	case 1:
		forget(byte(in) % XENVGPU_RING_SLOTS);
		break;
	case 2:
		n = (int)(byte(in) % FRONT_BUFS_MAX);
		if (taken[n] && !flying(n)) {
			front_buf_put(fb.dev, taken[n]);
			taken[n] = NULL;
		}
		break;
	case 3:
		n = (int)(byte(in) % FRONT_BUFS_MAX);
		req.operation = byte(in) % 2 ? XENVGPU_OP_MEM_WRITE : XENVGPU_OP_MEM_READ;
		if (!taken[n])
			taken[n] = front_buf_get(fb.dev);
		if (!taken[n])
			break;
		r->buf = n;
		ret = front_copy(fb.dev, req.operation, FB_HANDLE, word(in) & 0x1fffc, taken[n],
				 word(in) & 0xfffc, request_ended, r);
		break;
	case 4:
		if (!(byte(in) % 8))
			front_close(fb.dev);
		break;
	case 8:
	case 9:
		work_step(in);
		break;
	default:
		req.operation = (uint8_t)(XENVGPU_OP_INFO + byte(in) % 4);
		req.op.ping.cookie = byte(in);
		ret = front_submit(fb.dev, &req, request_ended, r);
		if (what == 7)
			front_flush(fb.dev);
	}
	if (ret >= 0) {
		r->ticket = ret;
		submitted++;
	}
	guest_out(&fb);
}

static struct {
	unsigned int at; /* byte of the response, or one beyond: the status */
	uint8_t value;
} mutation;

static bool answer_nearly(struct fb *f, const struct xenvgpu_request *req)
{
	struct xenvgpu_response rsp;

	f->hook = NULL;
	fb_answer(f, req, &rsp);
	if (mutation.at < sizeof(rsp))
		((uint8_t *)&rsp)[mutation.at] ^= mutation.value;
	else
		rsp.status = -(int32_t)mutation.value;
	fb_put(f, &rsp);
	return true;
}

static void back_step(struct input *in)
{
	unsigned int what = byte(in) % 13, at, n;
	uint8_t *page;

	if (what < 10 && !fb.mapped)
		return;
	hosted_enter(fb.h, fb.back);
	switch (what) {
	case 0: /* anything anywhere */
	case 1:
		page = what ? fb.map[1].va : fb.map[0].va;
		at = word(in) % HV_PAGE_SIZE;
		for (n = byte(in) % 65; n && at < HV_PAGE_SIZE; n--)
			page[at++] = (uint8_t)byte(in);
		break;
	case 2: /* the next answer is nearly right */
		mutation.at = byte(in) % (sizeof(struct xenvgpu_response) + 1);
		mutation.value = (uint8_t)byte(in);
		fb.hook = answer_nearly;
		break;
	case 3:
		fb_serve(&fb);
		break;
	case 4:
		fb_push(&fb);
		break;
	case 5:
		fb.rsp_prod += word(in);
		break;
	case 6:
		fb_events(&fb)->in_prod += byte(in);
		hv_evtchn_send(fb.port);
		break;
	case 7:
		at = fb_events(&fb)->in_prod++ % XENVGPU_NUM_EVENTS;
		memset(&fb_events(&fb)->event[at], 0, sizeof(struct xenvgpu_event));
		n = byte(in); /* a reason, or a channel */
		fb_events(&fb)->event[at].type = n < 4 ? XENVGPU_EVT_LOST : XENVGPU_EVT_CHANNEL;
		fb_events(&fb)->event[at].op.lost.reason = n < 4 ? n : n - 4;
		hv_evtchn_send(fb.port);
		break;
	case 8: /* events with nothing to say */
		for (n = byte(in) % 64; n; n--) {
			hv_evtchn_send(fb.port);
			hosted_leave();
			fb_run(&fb);
			hosted_enter(fb.h, fb.back);
		}
		break;
	case 9:
		fb.deaf = byte(in) % 2;
		break;
	case 11: /* something the guest needs runs out, once */
		at = byte(in) % 4;
		hosted_fail_nth(fb.h, fb.guest,
				at == 0	  ? HOSTED_FAIL_PAGES
				: at == 1 ? HOSTED_FAIL_GRANT_GIVE
				: at == 2 ? HOSTED_FAIL_GRANT_MAP
					  : HOSTED_FAIL_EVTCHN,
				byte(in) % 4);
		break;
	case 10:
		n = byte(in) % 9;
		hosted_leave();
		fb_back_state(&fb, n);
		hosted_enter(fb.h, fb.back);
		break;
	default: /* plug again, connect */
		hosted_leave();
		fb_detach(&fb);
		fb_plug(&fb);
		fb_run(&fb);
		fb_connect(&fb);
		hosted_enter(fb.h, fb.back);
	}
	hosted_leave();
}

static void stopped(struct front_dev *dev, const struct xenvgpu_event *evt, void *arg)
{
	(void)dev;
	(void)arg;
	must(evt->op.channel.channel < XENVGPU_MAX_CHANNELS, "news of no channel");
}

/* A machine serves many runs, for making one takes longer than a run. */
static void start(void)
{
	static unsigned int runs;

	if (runs++ % 1000 == 0) {
		hosted_free(fb.h);
		fb_new(&fb);
	}
	fb.deaf = false;
	fb.hook = NULL;
	for (enum hosted_fail i = 0; i < HOSTED_FAIL_KINDS; i++)
		hosted_fail_nth(fb.h, fb.guest, i, 0);
	fb_plug(&fb);
	guest_in(&fb);
	must(!front_open(0, NULL, NULL, &fb.dev), "cannot open");
	front_on_channel_stopped(fb.dev, stopped, NULL);
	front_set_timeout(fb.dev, 50 * HV_MS);
	guest_out(&fb);
	fb_run(&fb);
	must(!fb_connect(&fb), "cannot connect at first");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct hosted_usage u;

	submitted = 0;
	memset(taken, 0, sizeof(taken));
	memset(imports, 0, sizeof(imports));
	start();
	while (in.p < in.end) {
		unsigned int who = byte(&in);

		if (who % 4 == 0)
			hosted_advance(fb.h, (uint64_t)(who >> 2) * HV_MS);
		else if (who % 4 == 1)
			back_step(&in);
		else
			guest_step(&in);
		if (who & 0x80)
			fb_run(&fb);
	}
	fb_detach(&fb);
	guest_in(&fb);
	front_close(fb.dev);
	must(!front_pending(fb.dev), "requests are pending in a closed device");
	for (unsigned int i = 0; i < submitted; i++)
		must(requests[i].ended || requests[i].forgotten, "a request never ended");
	for (unsigned int i = 0; i < FRONT_BUFS_MAX; i++)
		if (taken[i])
			front_buf_put(fb.dev, taken[i]);
	front_destroy(fb.dev);
	fb.dev = NULL;
	guest_out(&fb);
	hosted_usage(fb.h, fb.guest, &u);
	must(!u.pages && !u.grants && !u.ports && !u.maps && !u.watches,
	     "something is left behind");
	hosted_log_clear(fb.h, fb.guest);
	return 0;
}
