/* SPDX-License-Identifier: MIT */
/*
 * view.h - direct access to fields that every pack has.
 *
 * The list in needed.h becomes one inline reader and writer per field. They check nothing: the pack
 * was found complete when it was loaded (fwq_pack_complete()), which also says that the field lies
 * inside its structure, and the caller has made sure once per message that fwq_sizeof(type) bytes are
 * at `at`. So an access is a load of the offset and a load of the field, one instruction more than
 * with a C structure. A name that is misspelt or not in the list does not compile. Fields that some
 * versions lack, or whose width differs, go through fwq_get() and fwq_put().
 */
#ifndef FWQ_VIEW_H
#define FWQ_VIEW_H

#include "fwq/pack.h"

/* Firmware is little-endian, and so is every host of ours: x86-64. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fields are read as they lie");

/* A number: fwq_num(pack, NV01_ROOT). */
#define fwq_num(pack, name) fwq_num__##name(pack)
/* A field of a structure at any alignment: fwq_rd(pack, rpc_free_v, params_hRoot, at). */
#define fwq_rd(pack, type, id, at)	  fwq_rd__##type##__##id(pack, at)
#define fwq_wr(pack, type, id, at, value) fwq_wr__##type##__##id(pack, at, value)

#define NEEDED_NUMBER(name)                                                                        \
	static inline uint32_t fwq_num__##name(const struct fwq_pack *p)                           \
	{                                                                                          \
		return (uint32_t)p->number[FWQ_N_##name];                                          \
	}
#define NEEDED(bits, type, id)                                                                     \
	static inline uint##bits##_t fwq_rd__##type##__##id(const struct fwq_pack *p,              \
							    const void *at)                        \
	{                                                                                          \
		uint##bits##_t v;                                                                  \
                                                                                                   \
		__builtin_memcpy(&v, (const uint8_t *)at + p->field[FWQ_F_##type##__##id].offset,  \
				 sizeof(v));                                                       \
		return v;                                                                          \
	}                                                                                          \
	static inline void fwq_wr__##type##__##id(const struct fwq_pack *p, void *at,              \
						  uint##bits##_t v)                                \
	{                                                                                          \
		__builtin_memcpy((uint8_t *)at + p->field[FWQ_F_##type##__##id].offset, &v,        \
				 sizeof(v));                                                       \
	}
#include "fwq/needed.h"

#endif /* FWQ_VIEW_H */
