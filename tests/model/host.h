/* SPDX-License-Identifier: MIT */
/*
 * Host: the part of the GPU that fetches what channels are told to do, and hands methods to engines.
 * RM puts channels on runlists; software writes USERD and rings the doorbell.
 *
 * host.c has channels and their GPFIFOs, runlist.c decides which one runs and for how long, pushbuffer.c
 * takes push buffers apart, host_methods.c carries out what Host does itself, subchannels.c finds the engine for the
 * rest: ce.c is the copy engine, graphics.c the graphics engine.
 */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include "graphics.h"
#include "internal.h"
#include "mmu.h"
#include "runlist.h"

#define MODEL_CHANNELS	 512   /* at a time, of all runlists */
#define MODEL_CHIDS	 2048  /* of a runlist: NV_CHRAM_CHANNEL__SIZE_1 (ga100/dev_runlist.h) */
#define MEM_OP_A	 0x28u /* bytes, as methods are numbered (clc56f.h) */
#define MEM_OP_D	 0x34u
#define MODEL_CE_METHODS 0x800 /* bytes of the copy class's methods */

/* What a method, or an entry, comes to. */
enum host_result {
	HOST_DONE,
	HOST_WAIT, /* a semaphore does not have its value yet: the same again later */
	HOST_MORE, /* the channel's turn is over: the same again, when it has another */
	HOST_ERROR,
};

/* What is reported of a channel: ROBUST_CHANNEL_* (OGKM nverror.h). */
enum host_error { HOST_GR_ERROR = 13, HOST_MMU_FAULT = 31, HOST_PBDMA_ERROR = 32 };

/* A push buffer that is being taken apart. */
struct pushbuffer {
	uint64_t at, end; /* virtual addresses */
	bool subroutine;  /* not for TOP_LEVEL_GET */
	uint32_t method, subchannel, left;
	enum { PB_HEADER, PB_INC, PB_NON_INC, PB_ONE_INC } mode;
	/* Words fetched and not yet used. */
	uint32_t words[256], nr, next;
};

/* OPERATION of SEM_EXECUTE (OGKM clc56f.h). */
enum { SEM_ACQUIRE, SEM_RELEASE, SEM_STRICT_GEQ, SEM_CIRC_GEQ, SEM_AND, SEM_NOR, SEM_REDUCTION };

/* What a channel waits for, at most. */
struct acquire {
	uint64_t va, payload;
	unsigned int op, size; /* of the value: 4 or 8 */
	bool switches;	       /* another group may have its turn meanwhile */
};

struct model_channel {
	bool used, scheduled;
	bool pending; /* the doorbell was rung, and not all of its entries are done */
	bool failed;  /* Host has taken it off: see what the log says */
	bool stopped; /* by DISABLE_CHANNELS: until it is enabled again, though on the runlist */
	uint32_t runlist, chid;
	uint32_t engine; /* in model_engines */
	struct mmu_addr instance;
	uint32_t client, handle; /* of RM's object */
	uint32_t vaspace;	 /* RM's, of the same client */
	uint64_t fault_address;	 /* of the MMU fault that ended it */
	uint32_t fault_type;
	struct model_group *group;
	struct model_channel *next; /* of the group */

	/* From RAMFC, at the first use after it was scheduled. */
	bool loaded, privileged, physical; /* the latter: of copies */
	struct mmu_space space;
	struct mmu_addr userd;
	uint64_t gp_base;
	uint32_t gp_entries, gp_get;

	bool waiting; /* as when it looked last: the event and the time */
	struct acquire acquire;
	uint64_t looked, looked_at;

	bool busy;		/* an entry is in work */
	uint32_t reference;	/* SET_REFERENCE */
	uint64_t top_level_get; /* with its VALID */
	struct pushbuffer pb;
	uint32_t semaphore[4];	 /* SEMAPHOREA to SEMAPHORED */
	uint32_t sem_execute[5]; /* SEM_ADDR_LO to SEM_EXECUTE */
	uint32_t mem_op[4];	 /* MEM_OP_A to MEM_OP_D */
	struct model_gr_subchannel gr[MODEL_GR_SUBCHANNELS];
	uint32_t ce[MODEL_CE_METHODS / 4];
	struct {
		bool busy;
		uint32_t x, y; /* the next piece of it */
	} copy;
};

struct model_host {
	struct model_channel channels[MODEL_CHANNELS];
	struct model_group groups[MODEL_GROUPS];
	struct model_runlist runlists[MODEL_RUNLISTS];
	uint64_t busy[MODEL_ENGINES]; /* ps */
	uint64_t costs[MODEL_COSTS];  /* ps */
	uint64_t now;		      /* ps: the global time */
	uint64_t origin;	      /* with follow_clock: the embedder's time at power-on, ns */
	struct model_group *resident; /* the graphics engine has its state; NULL: nobody's */
	uint64_t marks;		      /* given to states */
	/* Switches; and what was not as it had been left. */
	uint64_t contexts_loaded, context_errors;
	uint64_t events;      /* counts what may have changed a semaphore */
	uint32_t last;	      /* the runlist that ran last */
	bool kicked, running; /* in model_run() */
	bool all_look;	      /* at their semaphores, however short ago they did */
	/* Of the step that is done: where it ends at the latest; the channel yields to its group. */
	uint64_t step_end;
	uint32_t work, step_work;
	bool yields;
};

/* NULL: no such channel. */
struct model_channel *model_channel_find(struct model *m, uint32_t runlist, uint32_t chid);
/*
 * A new one, not yet scheduled, in a group of its own, or in this one. NULL: the id is taken, or no room.
 */
struct model_channel *model_channel_new(struct model *m, uint32_t runlist, uint32_t chid);
struct model_channel *model_channel_new_in(struct model *m, struct model_group *g, uint32_t chid);
/* Off its runlist, whatever it was doing; with it a group of its own. */
void model_channel_free(struct model *m, struct model_channel *ch);
void model_channel_schedule(struct model *m, struct model_channel *ch, bool enable);
/* Whether it may run; it loses its turn, if it has it. */
void model_channel_stop(struct model *m, struct model_channel *ch, bool stop);
/* Goes on with its entries until there are none, it waits or fails, or its turn is over. */
void model_channel_run(struct model *m, struct model_channel *ch);
/*
 * Takes a channel off, with its group: it fetches no more. The reason is logged, and RM reports the error.
 * Always HOST_ERROR.
 */
enum host_result model_channel_error(struct model *m, struct model_channel *ch,
				     enum host_error error, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* What is wrong is what it was told to do; and that as the graphics engine finds it. */
#define model_channel_fail(m, ch, ...)	model_channel_error(m, ch, HOST_PBDMA_ERROR, __VA_ARGS__)
#define model_graphics_fail(m, ch, ...) model_channel_error(m, ch, HOST_GR_ERROR, __VA_ARGS__)
/* The MMU has found this fault in what it did: it is taken off. `of` comes behind "read" or "write" in the log. */
void model_channel_mmu_fault(struct model *m, struct model_channel *ch, bool write, const char *of,
			     uint64_t va, enum mmu_fault fault);
/* Memory at a virtual address of the channel; a fault takes it off. */
bool model_channel_memory(struct model *m, struct model_channel *ch, bool write, uint64_t va,
			  void *buf, size_t len);

/* The rest of the push buffer. */
enum host_result model_pushbuffer_run(struct model *m, struct model_channel *ch);
/* Whether what it waits for has come. */
bool model_acquired(struct model *m, struct model_channel *ch);
/* The channel looks at that semaphore, and waits for it if need be. */
enum host_result model_acquire(struct model *m, struct model_channel *ch, struct acquire what);
/* A method below 0x100: Host's own. */
enum host_result model_host_method(struct model *m, struct model_channel *ch, uint32_t subchannel,
				   uint32_t method, uint32_t data);
/* Its MEM_OP_A to MEM_OP_D. */
enum host_result model_mem_op(struct model *m, struct model_channel *ch, uint32_t method,
			      uint32_t data);
/* The class of the engine that a subchannel reaches; 0: none. */
uint32_t model_subchannel_class(uint32_t runlist, uint32_t subchannel);
/* SET_OBJECT. */
enum host_result model_set_object(struct model *m, struct model_channel *ch, uint32_t subchannel,
				  uint32_t data);
/* Of an engine's; `class_id` is the subchannel's. */
enum host_result model_engine_method(struct model *m, struct model_channel *ch, uint32_t subchannel,
				     uint32_t class_id, uint32_t method, uint32_t data);
enum host_result model_ce_method(struct model *m, struct model_channel *ch, uint32_t method,
				 uint32_t data);
enum host_result model_graphics_method(struct model *m, struct model_channel *ch,
				       uint32_t subchannel, uint32_t class_id, uint32_t method,
				       uint32_t data);
enum host_result model_inline_method(struct model *m, struct model_channel *ch,
				     struct model_inline *in, uint32_t class_id, uint32_t method,
				     uint32_t data);
/* A semaphore of a class of graphics: written, in one word or with the time, or one word reduced. */
struct graphics_release {
	uint64_t va;
	uint32_t payload;
	bool one_word, reduce, is_signed;
	uint32_t op; /* ..._REDUCTION_OP of the class */
};
enum host_result model_graphics_release(struct model *m, struct model_channel *ch,
					const struct graphics_release *r);
/*
 * Writes a semaphore: `words` words of payload, then, in the long form, the time in the second half of
 * 16 bytes.
 */
bool model_semaphore_write(struct model *m, struct model_channel *ch, uint64_t va, uint64_t payload,
			   unsigned int words, bool with_time);
/* What a reduction makes of a value; `size` is 4 or 8. False for one that does not exist. */
bool model_semaphore_reduce(unsigned int op, bool is_signed, unsigned int size, uint64_t *value,
			    uint64_t operand);
/* The channel's engine has finished something: its non-stalling interrupt. */
void model_channel_notify(struct model *m, const struct model_channel *ch);

/*
 * RAMFC, the start of an instance block: what Host knows of a channel. Byte offsets, as nouveau
 * engine/fifo/gv100.c (gv100_chan_ramfc_write) and ga100.c write them.
 */
#define RAMFC_SIZE	      0x200u
#define RAMFC_USERD	      0x008u /* physical: TARGET 1:0, address 31:9, then 7:0 = 39:32 */
#define RAMFC_SIGNATURE	      0x010u
#define RAMFC_GP_BASE	      0x048u /* virtual: 31:3, then 7:0 = 39:32, log2 of the entries in 20:16 */
#define RAMFC_HCE_CTRL	      0x0e4u
#define RAMFC_HCE_CTRL_PRIV   0x20u
#define RAMFC_CHID	      0x0e8u
#define RAMFC_CONFIG	      0x0f4u
#define RAMFC_SIGNATURE_VALUE 0xfaceu
#define RAMFC_CONFIG_VALUE    0x1000u
#define RAMFC_CONFIG_PRIV     0x0100u

/* USERD: 512 bytes (NVIDIA/open-gpu-doc ga100/dev_ram.ref.txt, NV_RAMUSERD). */
#define USERD_SIZE	       0x200u
#define USERD_PUT	       0x40u
#define USERD_GET	       0x44u
#define USERD_REF	       0x48u
#define USERD_PUT_HI	       0x4cu
#define USERD_TOP_LEVEL_GET    0x58u
#define USERD_TOP_LEVEL_GET_HI 0x5cu
#define USERD_GET_HI	       0x60u
/* From PUT to GET_HI. */
#define USERD_PROGRESS	     USERD_PUT
#define USERD_PROGRESS_WORDS 9u
#define USERD_WORD(offset)   (((offset)-USERD_PROGRESS) / 4)
#define USERD_GP_GET	     0x88u
#define USERD_GP_PUT	     0x8cu

/* gsp_events.c: RM reports it to the driver. */
void model_gsp_channel_failed(struct model *m, const struct model_channel *ch,
			      enum host_error error);

bool model_runlist_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_runlist_write(struct model *m, uint32_t addr, uint32_t value);
bool model_host_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_host_write(struct model *m, uint32_t addr, uint32_t value);

#endif /* MODEL_HOST_H */
