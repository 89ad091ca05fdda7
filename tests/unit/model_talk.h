/* SPDX-License-Identifier: MIT */
/*
 * A driver's end of the firmware's queues, for tests of the model: it says anything, also what no
 * driver should, and listens with care.
 */
#ifndef MODEL_TALK_H
#define MODEL_TALK_H

#include "model_boot.h"

#define DOORBELL (GSP + 0xc00)

#define SYSTEM_INFO 72u
#define REGISTRY    73u
#define STATIC_INFO 65u
#define UNLOADING   47u
#define INIT_DONE   0x1001u
#define SEQUENCER   0x1002u

/* One side of a conversation. */
struct talk {
	struct machine *mc;
	uint32_t write, sequence; /* of commands */
	uint32_t read, received;  /* of messages */
};

struct message {
	struct gsp_msg_queue_element element;
	struct rpc_message_header rpc;
	uint8_t payload[4096 * SLOTS];
};

static inline uint8_t *queue(struct talk *t, uint32_t offset)
{
	return t->mc->mem + AT_SHARED + offset;
}

static inline uint32_t fold(const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	/* The fold of a sum of 64-bit words is the sum of 32-bit words. */
	for (uint32_t i = 0; i < len; i++)
		sum ^= (uint32_t)p[i] << 8 * (i % 4);
	return sum;
}

static inline void make(struct talk *t, struct message *msg, uint32_t function, const void *payload,
			uint32_t len)
{
	uint32_t total = 80 + len;

	memset(msg, 0, sizeof(*msg));
	if (len)
		memcpy(msg->payload, payload, len);
	msg->rpc.header_version = 0x03000000;
	msg->rpc.signature = 0x43505256;
	msg->rpc.length = 32 + len;
	msg->rpc.function = function;
	msg->rpc.rpc_result = ~0u;
	msg->rpc.rpc_result_private = ~0u;
	msg->element.seqNum = t->sequence;
	msg->element.elemCount = (total + 4095) / 4096;
	msg->element.checkSum = fold(msg, total);
}

/* Into the queue as it is, whatever it is. */
static inline void put(struct talk *t, const struct message *msg)
{
	uint32_t slots = (80 + msg->rpc.length - 32 + 4095) / 4096;

	if (slots > SLOTS)
		slots = 1;
	for (uint32_t i = 0; i < slots; i++)
		memcpy(queue(t, CMDQ + 4096 + (t->write + i) % SLOTS * 4096),
		       (const uint8_t *)msg + 4096ul * i, 4096);
	t->write = (t->write + slots) % SLOTS;
	t->sequence++;
	set32(queue(t, CMDQ + 16), t->write);
}

static inline void tell(struct talk *t, uint32_t function, const void *payload, uint32_t len)
{
	struct message msg = {0};

	make(t, &msg, function, payload, len);
	put(t, &msg);
	wr(t->mc, DOORBELL, 0);
}

/* The next message, checked; false if there is none. */
static inline bool hear(struct talk *t, struct message *msg)
{
	if (le32(queue(t, MSGQ + 16)) == t->read)
		return false;
	memcpy(msg, queue(t, MSGQ + 4096 + t->read * 4096), 4096);
	assert_int_equal(msg->element.elemCount, (48 + msg->rpc.length + 4095) / 4096);
	for (uint32_t i = 1; i < msg->element.elemCount; i++)
		memcpy((uint8_t *)msg + 4096ul * i,
		       queue(t, MSGQ + 4096 + (t->read + i) % SLOTS * 4096), 4096);
	assert_int_equal(msg->element.seqNum, t->received);
	assert_int_equal(fold(msg, 48 + msg->rpc.length), 0);
	assert_int_equal(msg->rpc.header_version, 0x03000000);
	assert_int_equal(msg->rpc.signature, 0x43505256);
	t->received++;
	t->read = (t->read + msg->element.elemCount) % SLOTS;
	set32(queue(t, CMDQ + 32), t->read);
	return true;
}

static inline void assert_heard(struct talk *t, struct message *msg, uint32_t function)
{
	memset(msg, 0, sizeof(*msg));
	assert_true(hear(t, msg));
	assert_int_equal(msg->rpc.function, function);
}

/* Carries out the firmware's program, but for the operation number `skip`; how many there were. */
static inline int sequence(struct talk *t, const struct message *msg, int skip)
{
	const uint8_t *op = msg->payload + 40, *end = op + 4ul * le32(msg->payload + 4);
	static const uint32_t arguments[] = {2, 3, 5, 1, 2, 0, 0, 0, 0};
	struct machine *mc = t->mc;
	int n = 0;

	assert_true(le32(msg->payload + 4) < le32(msg->payload));
	assert_int_equal(msg->rpc.length, 32 + 40 + 4 * le32(msg->payload + 4));
	for (; op < end; op += 4 + 4 * arguments[le32(op)], n++) {
		uint32_t addr = le32(op + 4);

		assert_true(le32(op) <= 8);
		if (n == skip)
			continue;
		switch (le32(op)) {
		case 0:
			wr(mc, addr, le32(op + 8));
			break;
		case 1:
			wr(mc, addr, (rd(mc, addr) & ~le32(op + 8)) | le32(op + 12));
			break;
		case 2:
			poll(mc, addr, le32(op + 8), le32(op + 12));
			break;
		case 5:
			assert_true(falcon_reset(mc, GSP));
			break;
		case 7:
			assert_true(poll(mc, GSP + CPUCTL, 0x10, 0x10));
			break;
		case 8:
			assert_true(gsp_reset_to_riscv(mc));
			wr(mc, SEC2 + CPUCTL, 2);
			assert_true(poll(mc, SEC2 + CPUCTL, 0x10, 0x10));
			break;
		}
	}
	assert_ptr_equal(op, end);
	return n;
}

/* Where the board's BARs are, in a structure of this size. */
static inline void tell_system(struct talk *t, uint32_t size)
{
	uint8_t info[1024] = {0};

	set32(info, 0xc0000000);
	set32(info + 12, 0x8);
	set32(info + 16, 0x10000000);
	set32(info + 20, 0x8);
	tell(t, SYSTEM_INFO, info, size);
}

static inline void tell_registry(struct talk *t)
{
	static const uint32_t table[] = {8, 0};

	tell(t, REGISTRY, table, sizeof(table));
}

static inline void place_bars(struct machine *mc)
{
	model_cfg_write(mc->gpu, PCI_BASE_ADDRESS_0, 0xc0000000, 4);
	model_cfg_write(mc->gpu, PCI_BASE_ADDRESS_1, 0, 4);
	model_cfg_write(mc->gpu, PCI_BASE_ADDRESS_2, 0x8, 4);
	model_cfg_write(mc->gpu, PCI_BASE_ADDRESS_3, 0x10000000, 4);
	model_cfg_write(mc->gpu, PCI_BASE_ADDRESS_4, 0x8, 4);
}

/* Ready for the booter, with the arguments in place. */
static inline struct talk talk_prepare(struct machine *mc)
{
	struct talk t = {.mc = mc};

	place_bars(mc);
	assert_true(fwsec(mc, 0x15, FRTS_START));
	meta_prepare(mc);
	assert_true(gsp_select_riscv(mc));
	return t;
}

static inline void assert_sequenced(struct talk *t, struct message *msg)
{
	assert_heard(t, msg, SEQUENCER);
	sequence(t, msg, -1);
	assert_int_equal(rd(t->mc, SEC2 + MAILBOX0), 0);
	assert_true(riscv_active(t->mc));
}

/* The firmware of a release, up; `system_info` is the size of its GspSystemInfo. */
static inline struct talk talk_boot_release(struct machine *mc, const char *release,
					    uint32_t system_info)
{
	struct talk t = talk_prepare(mc);
	struct message msg;

	memcpy(mc->mem + AT_IMAGE + RELEASE_AT, release, strlen(release) + 1);
	assert_int_equal(booter_load(mc), 0);
	assert_true(riscv_active(mc));
	tell_system(&t, system_info);
	tell_registry(&t);
	assert_sequenced(&t, &msg);
	assert_heard(&t, &msg, INIT_DONE);
	return t;
}

static inline struct talk talk_boot(struct machine *mc)
{
	return talk_boot_release(mc, RELEASE, 664);
}

/* ---- RM calls, each with the status that it ends with ---- */

#define RM_FREE	   10u
#define RM_CONTROL 76u
#define RM_ALLOC   103u

/* Parameters are exchanged for those of the answer. */
static inline uint32_t call(struct talk *t, uint32_t function, const uint32_t *header,
			    uint32_t header_words, uint32_t status_word, void *params,
			    uint32_t size)
{
	static uint8_t question[4096 * 4];
	struct message msg;

	memcpy(question, header, 4ul * header_words);
	if (size)
		memcpy(question + 4ul * header_words, params, size);
	tell(t, function, question, 4 * header_words + size);
	assert_heard(t, &msg, function);
	assert_int_equal(msg.rpc.rpc_result, 0);
	assert_int_equal(msg.rpc.length, 32 + 4 * header_words + size);
	if (size)
		memcpy(params, msg.payload + 4ul * header_words, size);
	return le32(msg.payload + 4ul * status_word);
}

static inline uint32_t rm_alloc(struct talk *t, uint32_t client, uint32_t parent, uint32_t object,
				uint32_t class_id, void *params, uint32_t size)
{
	const uint32_t header[8] = {client, parent, object, class_id, ~0u, size};

	return call(t, RM_ALLOC, header, 8, 4, params, size);
}

static inline uint32_t rm_control(struct talk *t, uint32_t client, uint32_t object, uint32_t cmd,
				  void *params, uint32_t size)
{
	const uint32_t header[6] = {client, object, cmd, ~0u, size};

	return call(t, RM_CONTROL, header, 6, 3, params, size);
}

static inline uint32_t rm_free(struct talk *t, uint32_t client, uint32_t object)
{
	const uint32_t header[4] = {client, 0, object, ~0u};

	return call(t, RM_FREE, header, 4, 3, NULL, 0);
}

/* A client with a device and a subdevice. */
#define CLIENT	  0xc1d00001u
#define DEVICE	  0xde1d0001u
#define SUBDEVICE 0x5d1d0001u

static inline void rm_client(struct talk *t)
{
	uint8_t device[56] = {0}, subdevice[4] = {0};

	assert_int_equal(rm_alloc(t, CLIENT, 0, CLIENT, 0, NULL, 0), 0);
	assert_int_equal(rm_alloc(t, CLIENT, CLIENT, DEVICE, 0x80, device, sizeof(device)), 0);
	assert_int_equal(
		rm_alloc(t, CLIENT, DEVICE, SUBDEVICE, 0x2080, subdevice, sizeof(subdevice)), 0);
}

#endif /* MODEL_TALK_H */
