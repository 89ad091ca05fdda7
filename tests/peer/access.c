/* SPDX-License-Identifier: MIT */
/*
 * access.c - fields through a pack beside the same fields of a C structure, for test_access.py to count.
 *
 * Every field that fwq/needed.h promises gets a reader and a writer of either kind, each a function of
 * its own. The structures have the widths right and the offsets anyhow: a constant offset costs the same
 * wherever it is.
 */
#include "fwq/view.h"

#define NEEDED(bits, type, id)                                                                     \
	struct fixed__##type##__##id {                                                             \
		uint64_t before;                                                                   \
		uint##bits##_t field;                                                              \
	};                                                                                         \
	uint##bits##_t pack_rd__##type##__##id(const struct fwq_pack *pack, const void *at);       \
	uint##bits##_t fixed_rd__##type##__##id(const void *at);                                   \
	void pack_wr__##type##__##id(const struct fwq_pack *pack, void *at, uint##bits##_t v);     \
	void fixed_wr__##type##__##id(void *at, uint##bits##_t v);                                 \
                                                                                                   \
	uint##bits##_t pack_rd__##type##__##id(const struct fwq_pack *pack, const void *at)        \
	{                                                                                          \
		return fwq_rd(pack, type, id, at);                                                 \
	}                                                                                          \
	uint##bits##_t fixed_rd__##type##__##id(const void *at)                                    \
	{                                                                                          \
		return ((const struct fixed__##type##__##id *)at)->field;                          \
	}                                                                                          \
	void pack_wr__##type##__##id(const struct fwq_pack *pack, void *at, uint##bits##_t v)      \
	{                                                                                          \
		fwq_wr(pack, type, id, at, v);                                                     \
	}                                                                                          \
	void fixed_wr__##type##__##id(void *at, uint##bits##_t v)                                  \
	{                                                                                          \
		((struct fixed__##type##__##id *)at)->field = v;                                   \
	}
#include "fwq/needed.h"
