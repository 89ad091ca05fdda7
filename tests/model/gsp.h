/* SPDX-License-Identifier: MIT */
/*
 * The stand-in for GSP-RM, the firmware on the GSP's RISC-V core: its state and the calls between its
 * parts. gsp.c is its life, gsp_queue.c the transport, gsp_rpc.c the answers,
 * gsp_sequencer.c what it has the driver do; the objects that it manages are in rm.h.
 */
#ifndef MODEL_GSP_H
#define MODEL_GSP_H

#include "gsp_abi.h"
#include "internal.h"
#include "rm.h"

#define GSP_MAX_PAGES	1024 /* of shared memory */
#define GSP_MAX_PAYLOAD (GSP_MSG_QUEUE_ELEMENT_SIZE_MAX - 48 - 32)

struct model_gsp {
	const struct gsp_layout *layout; /* NULL while no firmware runs */
	/* Shared memory: pages by bus address, and the two queues in it, as offsets. */
	uint64_t pages[GSP_MAX_PAGES];
	uint32_t nr_pages;
	uint64_t cmdq, msgq;
	uint32_t slots; /* of each queue */
	uint32_t cmdq_read, msgq_write;
	uint32_t cmdq_seq, msgq_seq; /* of the next message */
	bool system_info, registry, sequenced, init_done;
	bool silent; /* a planted fault: the call in work is not answered */
	/* The layout, while the driver has the core reset on the firmware's own wish. */
	const struct gsp_layout *paused;
	struct model_rm rm;
	/* The message in work. */
	_Alignas(8) uint8_t element[GSP_MSG_QUEUE_ELEMENT_SIZE_MAX];
};

/* gsp_queue.c: finds the queues and writes the header of ours. False, and a reason logged, if not. */
bool model_gsp_queue_start(struct model *m, uint64_t rmargs);
/*
 * The next message, as it lies in `element` behind the element's header. NULL if there is none, or
 * none that is whole: then the queue stands still, as the firmware's does.
 */
const struct rpc_message_header *model_gsp_receive(struct model *m);
/* Sends `len` bytes of payload. A full queue loses the message, which is logged. */
void model_gsp_send(struct model *m, uint32_t function, uint32_t result, uint32_t sequence,
		    const void *payload, uint32_t len);

/* gsp_events.c */
void model_gsp_interrupt(struct model *m); /* after a message */

/* gsp_sequencer.c: sends the program that ends with the core's resumption; whether all of it ran. */
void model_gsp_sequence(struct model *m);
bool model_gsp_sequence_done(const struct model *m);

/* gsp_rpc.c: the structures of a release; NULL if the model does not know it. */
const struct gsp_layout *model_gsp_layout(const char *release);
/* The release whose version string is in the image; NULL if none. */
const struct gsp_layout *model_gsp_layout_in(const uint8_t *image, uint64_t size);
void model_gsp_answer(struct model *m, const struct rpc_message_header *rpc);

#endif /* MODEL_GSP_H */
