/* SPDX-License-Identifier: MIT */
/*
 * sequencer.h - the scripts that the firmware asks the CPU to run while it boots.
 *
 * RUN_CPU_SEQUENCER carries a list of register accesses, waits and falcon operations: the firmware
 * cannot reset the core it runs on. This decodes and checks; gpu/core/boot executes. A script is
 * checked as a whole before its first command is handed out, so that none is left half done because
 * of its end.
 *
 * On the wire a command is one word of opcode and exactly the words of its payload. The script may
 * reach any register inside the limit: the firmware is the device's own, this protects gpudom and Xen from
 * it, not the device.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules rmgspseq.h, kernel_gsp.c (kgspExecuteSequencerBuffer);
 * nouveau r535/gsp.c (r535_gsp_msg_run_cpu_sequencer). Both take times in microseconds, though a
 * comment in rmgspseq.h says milliseconds. 595 has no sequencer.
 */
#ifndef FWQ_SEQUENCER_H
#define FWQ_SEQUENCER_H

#include <stdint.h>

#include "fwq/pack.h"

/* Limits of ours; no source states any. */
#define FWQ_SEQUENCER_COMMANDS_MAX 4096u
#define FWQ_SEQUENCER_DELAY_MAX	   4000000u  /* us, all delays of a script together */
#define FWQ_SEQUENCER_POLL_MAX	   30000000u /* us, one poll */
#define FWQ_SEQUENCER_POLL_DEFAULT 4000000u  /* us, for a time-out of 0: as in nouveau */

enum fwq_sequencer_kind {
	FWQ_SEQUENCER_REG_WRITE,  /* register addr = val */
	FWQ_SEQUENCER_REG_MODIFY, /* register addr = (it & ~mask) | val */
	FWQ_SEQUENCER_REG_POLL,	  /* until (register addr & mask) == val, for timeout_us at most */
	FWQ_SEQUENCER_DELAY,	  /* delay_us */
	FWQ_SEQUENCER_REG_STORE,  /* save area [index] = register addr */
	FWQ_SEQUENCER_CORE_RESET,
	FWQ_SEQUENCER_CORE_START,
	FWQ_SEQUENCER_CORE_WAIT_FOR_HALT,
	FWQ_SEQUENCER_CORE_RESUME,
	FWQ_SEQUENCER_KINDS
};

/* One command; what its kind does not use is 0. */
struct fwq_sequencer_op {
	enum fwq_sequencer_kind kind;
	uint32_t addr; /* bytes from the start of BAR0: a multiple of 4, inside the limit */
	uint32_t mask, val;
	uint32_t timeout_us;
	uint32_t error; /* the firmware's number for a poll that times out, for the log */
	uint32_t delay_us;
	uint32_t index; /* below the pack's count of regSaveArea */
};

/* A checked script and the place in it. Owned by the caller; the first three fields are ours. */
struct fwq_sequencer {
	const struct fwq_pack *pack;
	const uint8_t *script;
	uint32_t len, at; /* bytes: of the script, of the next command in it */

	uint32_t commands;
	uint32_t delays_us; /* of all delays */

	/* After an error of open: one clause for the log, the word of the script, the value refused. */
	const char *why;
	uint32_t where, value;
};

/*
 * Checks the script in a RUN_CPU_SEQUENCER payload that nobody else can write any more and that
 * outlives *seq. bar0_size is the limit for registers, in bytes (16 MiB for the chips known). 0;
 * -EOPNOTSUPP: this release has no sequencer; -EPROTO: cut off, an unknown opcode, a register
 * unaligned or outside, an index outside the save area, waits or commands above our limits.
 */
int fwq_sequencer_open(const struct fwq_pack *pack, const void *payload, uint32_t len,
		       uint32_t bar0_size, struct fwq_sequencer *seq);

/* The next command of a script that was opened without an error; false at its end. */
bool fwq_sequencer_next(struct fwq_sequencer *seq, struct fwq_sequencer_op *op);

#endif /* FWQ_SEQUENCER_H */
