/* SPDX-License-Identifier: MIT */
/*
 * calls.h - a conversation of calls, replies and events with NVIDIA's code.
 */
#ifndef TESTS_PEER_MSGQ_CALLS_H
#define TESTS_PEER_MSGQ_CALLS_H

#include <stdint.h>

/* n calls; prints what was seen, or ends the program with what is wrong. */
void calls(uint64_t n);

#endif /* TESTS_PEER_MSGQ_CALLS_H */
