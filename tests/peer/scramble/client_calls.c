/* SPDX-License-Identifier: MIT */
/*
 * client_calls.c - two clients of RM's, their objects, controls, subscriptions and refusals, and a message
 * that needs many records. Calls are asynchronous, as in gpudom; run() polls until one has ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fwq/status.h"
#include "hv/hv.h"
#include "tests/peer/scramble/agreed.h"
#include "tests/peer/scramble/client.h"

#define ROOM  (1u << 20) /* for parameters */
#define QUOTA 16u

static struct fwq_client one, two;
static struct fwq_rm_call call; /* of client one */

static unsigned int ended;
static int last_err;

/* ---------------------------------------------------------------- waiting */

static int wait_ended(int ret)
{
	if (ret)
		return ret;
	wait_for(&ended, 1, "end of a call");
	ended = 0;
	return last_err;
}

static void call_done(struct fwq_rm_call *c, int err)
{
	(void)c;
	last_err = err;
	ended++;
}

static void client_done(struct fwq_client *c, int err)
{
	(void)c;
	last_err = err;
	ended++;
}

static void object_done(struct fwq_object *o, int err)
{
	(void)o;
	last_err = err;
	ended++;
}

static void subscription_done(struct fwq_subscription *s, int err)
{
	(void)s;
	last_err = err;
	ended++;
}

static void must(const char *what, const struct fwq_rm_call *c, int ret)
{
	char text[FWQ_RM_TEXT];

	if (ret && c)
		fail("%s: %s", what, fwq_rm_text(c, ret, text));
	if (ret)
		fail("%s: error %d", what, ret);
}

static void *params(struct fwq_rm_call *c, enum fwq_struct type)
{
	void *p = fwq_rm_params(c, type);

	if (!p)
		fail("no room for %s", fwq_struct_name(type));
	return p;
}

/* A control of client one, its parameters filled before. */
static void control(uint32_t object, enum fwq_number cmd, enum fwq_struct type)
{
	must("control", &call, wait_ended(fwq_client_control(&one, &call, object, cmd, type)));
	same("bytes of an answer", call.params_len, fwq_sizeof(&pack, type));
}

static void filled_control(uint32_t object, enum fwq_number cmd, enum fwq_struct type)
{
	uint8_t *p = params(&call, type);

	fill(type, p, 0);
	control(object, cmd, type);
	check(type, p, 0);
}

/* ---------------------------------------------------------------- objects */

static uint8_t object_buf[3][FWQ_RM_SIZE(2048)] __attribute__((aligned(8)));
static struct fwq_object vaspace, group, channel;

static uint8_t *make(struct fwq_object *o, unsigned int n, uint32_t parent, enum fwq_number class,
		     enum fwq_struct type)
{
	uint8_t *p;

	fwq_object_init(o, &one, object_buf[n], sizeof(object_buf[n]), object_done, NULL);
	p = params(&o->call, type);
	fill(type, p, 0);
	must("object", &o->call, wait_ended(fwq_object_alloc(o, parent, class, type)));
	return p;
}

static void objects(void)
{
	uint32_t dup = FWQ_OBJECT(FWQ_OBJECTS_MAX); /* beyond what clients use themselves */
	uint64_t before = a_value("vaBase", 0, 8);
	uint8_t *p;

	must("first client", &one.call,
	     wait_ended(fwq_client_create(&clients, &one, QUOTA, client_done, NULL)));
	must("second client", &two.call,
	     wait_ended(fwq_client_create(&clients, &two, QUOTA, client_done, NULL)));
	fwq_rm_call_init(&call, &rm, &one.caller, malloc(FWQ_RM_SIZE(ROOM)), FWQ_RM_SIZE(ROOM),
			 call_done, NULL);
	if (!call.buf)
		fail("no memory");
	p = make(&vaspace, 0, FWQ_DEVICE, FWQ_N_FERMI_VASPACE_A,
		 FWQ_S_NV_VASPACE_ALLOCATION_PARAMETERS);
	same("vaBase", GET(NV_VASPACE_ALLOCATION_PARAMETERS, vaBase, p), ~before);
	make(&group, 1, FWQ_DEVICE, FWQ_N_KEPLER_CHANNEL_GROUP_A,
	     FWQ_S_NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS);
	make(&channel, 2, group.handle, FWQ_N_TURING_CHANNEL_GPFIFO_A,
	     FWQ_S_NV_CHANNEL_ALLOC_PARAMS);
	must("dup", &call,
	     wait_ended(
		     fwq_rm_dup(&call, two.handle, FWQ_DEVICE, dup, one.handle, vaspace.handle)));
	printf("client: objects: two clients with device and subdevice; address space, its dup, "
	       "channel group, channel\n");
}

/* ---------------------------------------------------------------- controls */

/* Each of the first n elements of a table that the firmware has filled. */
static void check_table(uint8_t *at, enum fwq_struct type, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++, at += fwq_sizeof(&pack, type))
		check(type, at, i);
}

static void regions(void)
{
	uint8_t *p = params(&call, FWQ_S_NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS);

	control(FWQ_SUBDEVICE, FWQ_N_NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO,
		FWQ_S_NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS);
	same("regions", GET(NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS, numFBRegions, p),
	     A_REGIONS);
	check_table(SPAN(NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS, fbRegion, p),
		    FWQ_S_NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO, A_REGIONS);
}

static void interrupts(void)
{
	uint8_t *p = params(&call, FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS);

	control(FWQ_SUBDEVICE, FWQ_N_NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE,
		FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS);
	same("interrupts", GET(NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS, tableLen, p),
	     A_INTERRUPTS);
	check_table(SPAN(NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS, table, p),
		    FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY, A_INTERRUPTS);
}

static void devices(void)
{
	uint8_t *p = params(&call, FWQ_S_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS);

	PUT(NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS, baseIndex, p, A_DEVICE_BASE);
	control(FWQ_SUBDEVICE, FWQ_N_NV2080_CTRL_CMD_FIFO_GET_DEVICE_INFO_TABLE,
		FWQ_S_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS);
	same("devices", GET(NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS, numEntries, p),
	     A_DEVICES);
	same("more devices", GET(NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS, bMore, p), 1);
	check_table(SPAN(NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS, entries, p),
		    FWQ_S_NV2080_CTRL_FIFO_DEVICE_ENTRY, A_DEVICES);
	wait_for(&seen.lockdowns, 1, "the events that follow");
	same("channel errors", seen.channels, 1);
	same("plugin triggers", seen.triggers, 1);
	same("prints", seen.prints, 1);
}

static void promote(void)
{
	uint32_t step = fwq_sizeof(&pack, FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ENTRY);
	uint8_t *p = params(&call, FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS);
	uint8_t *at = SPAN(NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS, promoteEntry, p);

	fill(FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS, p, 0);
	PUT(NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS, entryCount, p, A_BUFFERS);
	for (uint32_t i = 0; i < A_BUFFERS; i++, at += step)
		fill(FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ENTRY, at, i);
	control(FWQ_SUBDEVICE, FWQ_N_NV2080_CTRL_CMD_GPU_PROMOTE_CTX,
		FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS);
}

static void controls(void)
{
	regions();
	interrupts();
	devices();
	promote();
	filled_control(FWQ_SUBDEVICE, FWQ_N_NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS,
		       FWQ_S_NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS);
	filled_control(FWQ_SUBDEVICE,
		       FWQ_N_NV2080_CTRL_CMD_VGPU_MGR_INTERNAL_BOOTLOAD_GSP_VGPU_PLUGIN_TASK,
		       FWQ_S_NV2080_CTRL_VGPU_MGR_INTERNAL_BOOTLOAD_GSP_VGPU_PLUGIN_TASK_PARAMS);
	filled_control(channel.handle, FWQ_N_NVA06F_CTRL_CMD_BIND, FWQ_S_NVA06F_CTRL_BIND_PARAMS);
	filled_control(channel.handle, FWQ_N_NVA06F_CTRL_CMD_GPFIFO_SCHEDULE,
		       FWQ_S_NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS);
	filled_control(group.handle, FWQ_N_NVA06C_CTRL_CMD_SET_TIMESLICE,
		       FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS);
	filled_control(group.handle, FWQ_N_NVA06C_CTRL_CMD_PREEMPT,
		       FWQ_S_NVA06C_CTRL_PREEMPT_PARAMS);
	printf("client: controls: ten, values both ways; RC_TRIGGERED and three other events\n");
}

static void event_within_a_call(void)
{
	uint8_t *p = params(&call, FWQ_S_NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE_PARAMS);

	same("error logs so far", seen.errors, 0);
	control(FWQ_SUBDEVICE, FWQ_N_NV2080_CTRL_CMD_GPU_GET_VMMU_SEGMENT_SIZE,
		FWQ_S_NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE_PARAMS);
	same("error logs within the call", seen.errors, 1);
	check(FWQ_S_NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE_PARAMS, p, 0);
	printf("client: an Xid within a call: %s\n", A_XID_TEXT);
}

/* ---------------------------------------------------------------- subscriptions */

static struct fwq_subscription sub_one, sub_two;
static unsigned int posts_one, posts_two;

static void on_post(struct fwq_subscription *sub, const struct fwq_event_post *p)
{
	const char *status = fwq_status_name(&pack, p->status);

	same("data", p->data, a_value("data", 0, 4));
	same("info16", p->info16, a_value("info16", 0, 2));
	if (!status || strcmp(status, "NV_WARN_MORE_PROCESSING_REQUIRED") != 0 ||
	    fwq_status_errno(&pack, p->status))
		fail("status 0x%x of an event", p->status);
	if (p->event_data.len != sizeof(A_NOTIFY_TEXT) ||
	    memcmp(p->event_data.at, A_NOTIFY_TEXT, sizeof(A_NOTIFY_TEXT)) != 0)
		fail("the notifier says something else");
	if (sub == &sub_one)
		posts_one++;
	else
		posts_two++;
}

static void subscriptions(void)
{
	must("subscription", &sub_one.object.call,
	     wait_ended(
		     fwq_subscribe(&sub_one, &one, A_NOTIFIER, on_post, subscription_done, NULL)));
	wait_for(&posts_one, 1, "POST_EVENT to one");
	must("second subscription", &sub_two.object.call,
	     wait_ended(
		     fwq_subscribe(&sub_two, &two, A_NOTIFIER, on_post, subscription_done, NULL)));
	wait_for(&posts_two, 1, "POST_EVENT to all");
	same("notifications of the first", posts_one, 2);
	printf("client: events: two subscribers; one notified alone, then both\n");
}

/* ---------------------------------------------------------------- refusals */

static void refused(const char *what, int ret, int err, const char *name)
{
	const char *have = fwq_status_name(&pack, call.status);

	if (ret != err || (name && (!have || strcmp(have, name) != 0)))
		fail("%s: error %d, status 0x%x (%s), not %d (%s)", what, ret, call.status,
		     have ? have : "unknown", err, name ? name : "unknown");
}

static void refusals(void)
{
	const enum fwq_number segment = FWQ_N_NV2080_CTRL_CMD_GPU_GET_VMMU_SEGMENT_SIZE;
	const enum fwq_struct subdevice = FWQ_S_NV2080_ALLOC_PARAMETERS;
	const uint32_t h = one.handle, nothing = 0x77;

	refused("class",
		wait_ended(fwq_rm_alloc(&call, h, FWQ_DEVICE, nothing, FWQ_N_TURING_DMA_COPY_A,
					FWQ_RM_NO_PARAMS)),
		-EINVAL, "NV_ERR_INVALID_CLASS");
	params(&call, subdevice);
	refused("parent",
		wait_ended(fwq_rm_alloc(&call, h, h, nothing, FWQ_N_NV20_SUBDEVICE_0, subdevice)),
		-EINVAL, "NV_ERR_INVALID_OBJECT_PARENT");
	refused("size of an alloc",
		wait_ended(fwq_rm_alloc(&call, h, FWQ_DEVICE, nothing, FWQ_N_FERMI_VASPACE_A,
					FWQ_RM_NO_PARAMS)),
		-EINVAL, "NV_ERR_INVALID_PARAM_STRUCT");
	params(&call, subdevice);
	refused("handle twice",
		wait_ended(fwq_rm_alloc(&call, h, FWQ_DEVICE, FWQ_SUBDEVICE, FWQ_N_NV20_SUBDEVICE_0,
					subdevice)),
		-EEXIST, "NV_ERR_INSERT_DUPLICATE_NAME");
	refused("control",
		wait_ended(fwq_rm_control(&call, h, FWQ_SUBDEVICE,
					  FWQ_N_NV2080_CTRL_CMD_GSP_GET_FEATURES,
					  FWQ_RM_NO_PARAMS)),
		-EOPNOTSUPP, "NV_ERR_NOT_SUPPORTED");
	refused("size of a control",
		wait_ended(fwq_rm_control(&call, h, FWQ_SUBDEVICE, segment, FWQ_RM_NO_PARAMS)),
		-EINVAL, "NV_ERR_INVALID_PARAM_STRUCT");
	refused("object", wait_ended(fwq_rm_control(&call, h, nothing, segment, FWQ_RM_NO_PARAMS)),
		-EINVAL, "NV_ERR_INVALID_OBJECT_HANDLE");
	refused("free of nothing", wait_ended(fwq_rm_free(&call, h, nothing)), -EINVAL,
		"NV_ERR_INVALID_OBJECT_HANDLE");
	refused("function",
		wait_ended(fwq_rm_rpc(&call, FWQ_N_NV_VGPU_MSG_FUNCTION_NOP, FWQ_RM_NO_PARAMS)),
		-EIO, NULL);
	printf("client: refusals: nine, each with its errno and the vendor's name\n");
}

/* ---------------------------------------------------------------- the large message */

static void large(void)
{
	enum fwq_struct type = FWQ_S_NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS;
	uint8_t *p = params(&call, type), *bytes;
	uint64_t out = rpc.q->stats.sent, in = rpc.q->stats.received;
	unsigned int posts = posts_one + posts_two;
	size_t n;

	PUT(NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS, discardVgpuTypes, p, 1);
	PUT(NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS, vgpuInfoCount, p,
	    pack.number[FWQ_N_NVA081_MAX_VGPU_TYPES_PER_PGPU]);
	bytes = span(FWQ_F_NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS__vgpuInfo, p,
		     fwq_sizeof(&pack, type), &n);
	for (size_t i = 0; i < n; i++)
		bytes[i] = A_LARGE_OUT(i);
	control(FWQ_SUBDEVICE, FWQ_N_NV2080_CTRL_CMD_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE, type);
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != A_LARGE_BACK(i))
			fail("byte %zu of %zu is 0x%02x, not 0x%02x", i, n, bytes[i],
			     A_LARGE_BACK(i));
	same("discardVgpuTypes",
	     GET(NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS, discardVgpuTypes, p), 0);
	same("notifications within the answer", posts_one + posts_two, posts + 1);
	printf("client: a message of %u bytes: %llu records out, %llu back, an event between "
	       "them\n",
	       fwq_sizeof(&pack, type), (unsigned long long)(rpc.q->stats.sent - out),
	       (unsigned long long)(rpc.q->stats.received - in - 1));
}

/* ---------------------------------------------------------------- the end */

static void destroy(struct fwq_client *client)
{
	fwq_client_destroy(client, client_done, NULL);
	must("end of a client", &client->call, wait_ended(0));
}

static void free_all(void)
{
	must("end of a subscription", &sub_two.object.call,
	     wait_ended(fwq_unsubscribe(&sub_two, subscription_done)));
	must("free", &channel.call, wait_ended(fwq_object_free(&channel)));
	destroy(&two);
	destroy(&one);
	free(call.buf);
	printf("client: freed: a subscription, an object, both clients with the rest\n");
}

void converse(void)
{
	objects();
	controls();
	event_within_a_call();
	subscriptions();
	refusals();
	large();
	free_all();
}
