/* SPDX-License-Identifier: MIT */
/*
 * The CPU sequencer: in the middle of its start the firmware has the driver do what it cannot do
 * itself, above all reset the core it runs on. The driver gets a program of register operations that
 * ends with the core's resumption, through SEC2 (booter.c); only then the start goes on.
 *
 * The stand-in's program uses every kind of operation but the start of falcon code, on a scratch
 * register, and looks at that register when it is back: a driver that skipped an operation is found.
 *
 * Sources: OGKM rmgspseq.h (operations, arguments), g_rpc-structures.h
 * (rpc_run_cpu_sequencer_v17_00); nouveau gsp/r535.c, r535_gsp_msg_run_cpu_sequencer.
 */
#include "gsp.h"
#include "host_regs.h"

enum {
	OP_REG_WRITE,  /* address, value */
	OP_REG_MODIFY, /* address, mask, value */
	OP_REG_POLL,   /* address, mask, value, timeout, error */
	OP_DELAY_US,   /* microseconds */
	OP_REG_STORE,  /* address, index in the save area */
	OP_CORE_RESET,
	OP_CORE_START,
	OP_CORE_WAIT_FOR_HALT,
	OP_CORE_RESUME,
};

#define SCRATCH		0x3fu
#define SCRATCH_ADDR	(NV_PBUS_SW_SCRATCH_0 + 4 * SCRATCH)
#define WRITTEN		0x5e900000u
#define MODIFIED	0x42u
#define POLL_TIMEOUT_US 1000u
#define POLL_ERROR	1u
#define SAVE_AREA_WORDS 8u
#define MAX_WORDS	64u

static const struct {
	uint32_t op, nr, args[5];
} program[] = {
	{OP_REG_WRITE, 2, {SCRATCH_ADDR, WRITTEN}},
	{OP_REG_MODIFY, 3, {SCRATCH_ADDR, 0xff, MODIFIED}},
	{OP_REG_POLL, 5, {SCRATCH_ADDR, 0xff, MODIFIED, POLL_TIMEOUT_US, POLL_ERROR}},
	{OP_DELAY_US, 1, {10}},
	{OP_REG_STORE, 2, {SCRATCH_ADDR, 0}},
	{OP_CORE_RESET, 0, {0}},
	{OP_CORE_WAIT_FOR_HALT, 0, {0}},
	{OP_CORE_RESUME, 0, {0}},
};

void model_gsp_sequence(struct model *m)
{
	uint32_t payload[2 + SAVE_AREA_WORDS + MAX_WORDS] = {0};
	uint32_t *words = payload + 2 + SAVE_AREA_WORDS;
	uint32_t n = 0;
	uint64_t addr;

	for (size_t i = 0; i < sizeof(program) / sizeof(program[0]); i++) {
		words[n++] = program[i].op;
		for (uint32_t j = 0; j < program[i].nr; j++)
			words[n++] = program[i].args[j];
	}
	if (model_fault_value(m, MODEL_SEQUENCER_ADDRESS, &addr))
		words[1] = (uint32_t)addr; /* of the first operation */
	payload[0] = MAX_WORDS;		   /* bufferSizeDWord: RM wants it above cmdIndex */
	payload[1] = n;			   /* cmdIndex: where the program ends */
	m->sw_scratch[SCRATCH] = 0;
	model_gsp_send(m, NV_VGPU_MSG_EVENT_GSP_RUN_CPU_SEQUENCER, 0, 0, payload,
		       (2 + SAVE_AREA_WORDS + n) * 4);
}

bool model_gsp_sequence_done(const struct model *m)
{
	return m->sw_scratch[SCRATCH] == (WRITTEN | MODIFIED);
}
