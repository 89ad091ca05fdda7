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

static inline struct talk talk_boot(struct machine *mc)
{
	struct talk t = talk_prepare(mc);
	struct message msg;

	assert_int_equal(booter_load(mc), 0);
	assert_true(riscv_active(mc));
	tell_system(&t, 664);
	tell_registry(&t);
	assert_sequenced(&t, &msg);
	assert_heard(&t, &msg, INIT_DONE);
	return t;
}

#endif /* MODEL_TALK_H */
