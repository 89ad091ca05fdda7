/* SPDX-License-Identifier: MIT */
/*
 * Engine time: who has his turn on a runlist, and what his work costs.
 *
 * A runlist serves one or more engines. Its channel groups have it in turn, each for a slice of model
 * time, one at a time; a group without work is passed over. runlist.c decides, costs.c charges.
 *
 * Model time advances by work alone, never by the host's clock: what engines do, and who waits for whom,
 * comes out the same however fast the host is. Each runlist has a clock of its own, as its engines run
 * beside the others; the global time is that of the work done last. It is counted in picoseconds.
 *
 * With follow_clock (model.h) it is the embedder's time instead. No work begins before its time has come, time
 * without work passes, and before software changes who may work, all that there was time for is done.
 */
#ifndef MODEL_RUNLIST_H
#define MODEL_RUNLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "engines.h"
#include "gr_context.h"

struct model;
struct model_channel;

#define MODEL_GROUPS	     512 /* at a time, of all runlists */
#define MODEL_GROUP_CHANNELS 128 /* NV_RAMRL_ENTRY_TSG_LENGTH_MAX (open-gpu-doc dev_ram.ref.txt) */
#define PS_PER_NS	     ((uint64_t)1000)

/* What is charged; costs.c has names and defaults. */
enum model_cost {
	COST_ENTRY,	  /* a GPFIFO entry fetched */
	COST_METHOD,	  /* a method executed, Host's or an engine's */
	COST_SEMAPHORE,	  /* a semaphore released, reduced or acquired */
	COST_CE_LAUNCH,	  /* a copy set going */
	COST_CE_BYTE,	  /* a byte that a copy engine writes */
	COST_INLINE_BYTE, /* a byte of the push buffer that an engine writes */
	COST_SWITCH,	  /* a group's context loaded in place of another's */
	COST_POLL,	  /* between two looks at a semaphore that is waited for */
	MODEL_COSTS,
};

/* A channel group, as RM calls it, or time slice group (TSG), as hardware does. */
struct model_group {
	bool used;
	bool own; /* of a single channel, made with it */
	uint32_t runlist, engine;
	uint32_t client, handle, space; /* RM's object, and that of its address space; 0: own */
	uint64_t timeslice_us;		/* as set */
	uint64_t slice;			/* ps, as hardware can have it */
	struct model_group *next;	/* on the runlist, in the order they came */
	struct model_channel *channels; /* in the order they came */
	struct model_channel *turn;	/* the channel that is tried first; NULL: the first */
	uint32_t nr_channels;
	struct model_context context;
	/* Since it was made. */
	uint64_t ps, bytes, entries, methods, ignored;
};

struct model_runlist {
	struct model_group *groups;
	struct model_group *current; /* its context is loaded */
	struct model_group *first;   /* the one tried first when that changes; NULL: the head */
	struct model_group *next;    /* chosen for the next step, which may be to do nothing: */
	bool stalled;
	bool idle;		      /* had nothing to do when last looked at */
	bool expired;		      /* the slice is over, whatever was used of it */
	uint64_t used, clock;	      /* ps: of the slice, and since power-on */
	uint64_t before;	      /* the clock when the quantum began */
	uint64_t switches, switching; /* their number, and the ps they took */
};

/*
 * A group on a runlist, with the default time slice and no channels. NULL: no room. A group ends with
 * model_group_free() when its last channel is gone.
 */
struct model_group *model_group_new(struct model *m, uint32_t runlist);
void model_group_free(struct model *m, struct model_group *g);
/* In or out: the list, the place where its turn stands. The runlist's slice is over. */
bool model_group_add(struct model *m, struct model_group *g, struct model_channel *ch);
void model_group_remove(struct model *m, struct model_channel *ch);
/* In units of about a microsecond, rounded down to what hardware can have; false: it cannot. */
bool model_group_set_timeslice(struct model_group *g, uint64_t us);
/* What a new runlist does: whoever has his turn loses the rest of it. */
void model_runlist_submit(struct model *m, uint32_t runlist);
/* The group that runs now goes behind all others, or its channel behind the group's others. */
void model_runlist_yield(struct model *m, struct model_channel *ch, bool group);

/* There may be something to do: the embedder is asked to call model_run(). */
void model_host_kick(struct model *m);
/* For embedders without kick: everything that can be done now, at the end of an access. */
void model_host_settle(struct model *m);

/* With follow_clock: software is about to change what engines may do, so they do what they had time for. */
void model_host_pass(struct model *m);

/* The channel that runs must stop here: its slice, or what may be done at a time, is over. */
bool model_turn_over(const struct model *m, const struct model_channel *ch);
/* `count` times a cost to the channel's runlist, engine and group. */
void model_charge(struct model *m, struct model_channel *ch, enum model_cost cost, uint32_t count);
/* What was done without cost in model time: it takes the host's time all the same. */
void model_work(struct model *m, uint32_t units);
/* A method that its engine does not execute. */
void model_method_ignored(struct model *m, struct model_channel *ch);

/* ps for each cost; `text` is NULL or "NAME=VALUE,..." (model.h). -EINVAL, and the item is logged. */
int model_costs_set(struct model *m, const char *text, uint64_t costs[MODEL_COSTS]);

#endif /* MODEL_RUNLIST_H */
