/* SPDX-License-Identifier: MIT */
/*
 * client.h - the driver's end of the conversation: the machine around fwq (client_machine.c), boot and
 * events (client.c), and calls (client_calls.c). One binary for every release: what it knows of one is
 * in the pack that it is given.
 */
#ifndef SCRAMBLE_CLIENT_H
#define SCRAMBLE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "fwq/client.h"

/* Says what went wrong and ends with exit code 1. */
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void same(const char *what, uint64_t have, uint64_t want);

/* ---- client_machine.c */
extern struct fwq_pack pack;
extern struct fwq_rpc rpc;

/* Reads and checks the pack. */
void machine_pack(const char *path);
/*
 * Lays out memory in the file `memory`: the queues, RMARGS, the libos arguments; pages lie scattered
 * in it. event() gets the firmware's events.
 */
void machine_start(int memory, int doorbell, int interrupt,
		   void (*event)(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload,
				 uint32_t len));
/* Lets the firmware boot. */
void machine_boot(void);

/* A field of the structure at `at`, which is one that every release of the test has. */
#define PUT(type, field, at, value)                                                                \
	put(FWQ_F_##type##__##field, at, fwq_sizeof(&pack, FWQ_S_##type), value)
#define GET(type, field, at) get(FWQ_F_##type##__##field, at, fwq_sizeof(&pack, FWQ_S_##type))
void put(enum fwq_field f, void *at, size_t len, uint64_t value);
uint64_t get(enum fwq_field f, const void *at, size_t len);
/* The bytes of a field. */
#define SPAN(type, field, at)                                                                      \
	span(FWQ_F_##type##__##field, at, fwq_sizeof(&pack, FWQ_S_##type), NULL)
uint8_t *span(enum fwq_field f, void *at, size_t len, size_t *size);

/*
 * Gives every number of a structure that the pack names, arrays included, what agreed.h says, or checks
 * that it has that; i is the structure's place in a table.
 */
void fill(enum fwq_struct type, void *at, uint32_t i);
void check(enum fwq_struct type, const void *at, uint32_t i);

/* ---- client.c */
extern struct fwq_rm rm;
extern struct fwq_clients clients;

/* What the firmware told unasked, so far. */
struct seen {
	unsigned int commands, init_done, errors, channels, triggers, prints, lockdowns;
};
extern struct seen seen;

/* Polls until *count is at_least. */
void wait_for(const unsigned int *count, unsigned int at_least, const char *what);

/* ---- client_calls.c */
/* Everything between boot and the end. */
void converse(void);

#endif /* SCRAMBLE_CLIENT_H */
