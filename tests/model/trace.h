/* SPDX-License-Identifier: MIT */
/*
 * What of the model has been asked for since it was made: a set, kept so that it can be said which part
 * of it which driver has judged (docs/judged.md). Only what the model answers is noted.
 */
#ifndef MODEL_TRACE_H
#define MODEL_TRACE_H

#include "internal.h"

enum model_trace_kind {
	MODEL_TRACE_READ,    /* a register, by its offset in BAR 0 */
	MODEL_TRACE_WRITE,   /* likewise */
	MODEL_TRACE_RPC,     /* a message to the firmware, by its function */
	MODEL_TRACE_EVENT,   /* a message of the firmware, likewise */
	MODEL_TRACE_CLASS,   /* an object was made, of this class */
	MODEL_TRACE_CONTROL, /* an RM control was carried out */
	MODEL_TRACE_METHOD,  /* class << 16 | method, carried out; class 0 is Host */
	MODEL_TRACE_COUNTED, /* likewise, but only counted */
	MODEL_TRACE_PAGE,    /* an access through page tables: see below */
	MODEL_TRACE_FAULT,   /* a planted fault bit, or was looked at; by enum model_fault_kind */
	MODEL_TRACE_KINDS
};

/* MODEL_TRACE_PAGE: log2 of the page's size in 7:0, its PTE kind in 31:24. */
#define MODEL_TRACE_SYSMEM     0x100u
#define MODEL_TRACE_SPARSE     0x200u
#define MODEL_TRACE_READ_ONLY  0x400u
#define MODEL_TRACE_PRIVILEGED 0x800u
#define MODEL_TRACE_KIND_SHIFT 24

/* -ENOMEM, or 0. */
int model_trace_create(struct model *m);
void model_trace_destroy(struct model *m);

/* Notes it. Once the set is full, what is new is only counted. */
void model_trace(const struct model *m, enum model_trace_kind kind, uint32_t what);

#endif /* MODEL_TRACE_H */
