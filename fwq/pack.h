/* SPDX-License-Identifier: MIT */
/*
 * pack.h - ABI packs: the facts of one exact firmware version as data.
 *
 * A pack says where each field of the firmware's structures lies and what its numbers are. Code names
 * a field by an identifier made from the vendor's own name; the identifier is an index into the pack's
 * tables, so a look-up costs one load, and a misspelt name does not compile. A name that this version
 * lacks is a case the caller must state: it asks fwq_has_field() or gives a default, and the accessors
 * refuse the rest with -ENOENT.
 *
 * Packs are text (docs/abi-packs.md) and untrusted: fwq_pack_parse() checks every line before the pack
 * can be used. Data that a pack describes is untrusted as well: accessors check bounds on each call.
 */
#ifndef FWQ_PACK_H
#define FWQ_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fwq_number {
#define NUMBER(n) FWQ_N_##n,
#include "fwq/abigen/wanted"
	FWQ_NUMBERS
};

enum fwq_struct {
#define STRUCT(t) FWQ_S_##t,
#include "fwq/abigen/wanted"
	FWQ_STRUCTS
};

enum fwq_field {
#define FIELD(t, id, path) FWQ_F_##t##__##id,
#include "fwq/abigen/wanted"
	FWQ_FIELDS
};

enum fwq_step {
#define STEP(n) FWQ_STEP_##n,
#include "fwq/abigen/wanted"
	FWQ_STEPS
};

/* A transport family is code; a pack only names it. */
enum fwq_transport { FWQ_TRANSPORT_SHARED_QUEUE };

/* How firmware is started: by SEC2's booter (Turing, Ampere, Ada) or by the FSP (Hopper and later). */
enum fwq_boot { FWQ_BOOT_SEC2, FWQ_BOOT_FSP, FWQ_BOOTS };

#define FWQ_PACK_TEXT_MAX    (256u << 10) /* bytes of a pack's text */
#define FWQ_PACK_STRUCT_MAX  (1u << 20) /* bytes of one structure: the largest known has 694,280 */
#define FWQ_PACK_VERSION_MAX 31u	/* characters of a version string */
#define FWQ_PACK_FILES_MAX   8u		/* files of one boot recipe */
#define FWQ_PACK_STEPS_MAX   32u	/* steps of one boot recipe */
#define FWQ_PACK_NAME_MAX    31u	/* characters of a file's name */

#define FWQ_ABSENT UINT32_MAX

/* Where a field lies, in bytes. */
struct fwq_place {
	uint32_t offset; /* FWQ_ABSENT: this version has no such field */
	uint32_t size;	 /* of all elements together; 0 for a flexible array */
	uint32_t count;	 /* elements: 1 for what is no array, 0 for a flexible array */
};

struct fwq_recipe {
	bool present;
	uint8_t files, steps;				      /* how many */
	char file[FWQ_PACK_FILES_MAX][FWQ_PACK_NAME_MAX + 1]; /* such as "booter_load" */
	uint8_t step[FWQ_PACK_STEPS_MAX];		      /* enum fwq_step, in order */
};

struct fwq_pack {
	char version[FWQ_PACK_VERSION_MAX + 1];
	enum fwq_transport transport;
	struct fwq_recipe boot[FWQ_BOOTS];
	uint64_t number[FWQ_NUMBERS];
	bool has_number[FWQ_NUMBERS];
	uint32_t size[FWQ_STRUCTS]; /* FWQ_ABSENT: this version has no such structure */
	struct fwq_place field[FWQ_FIELDS];
};

/* One line, without the name of the file: "line 12: field X.y lies outside the 24 bytes of X". */
struct fwq_pack_error {
	char text[160];
};

/*
 * Reads `len` bytes of text into *pack, a structure of the caller's. The text is only read, needs no
 * end mark and must not change meanwhile (a caller that cannot promise that copies it first). Unknown
 * names are skipped, so a pack made for a newer program still loads. 0; or -EINVAL with the first thing
 * that is wrong in *error, and *pack is not usable.
 */
int fwq_pack_parse(const void *text, size_t len, struct fwq_pack *pack,
		   struct fwq_pack_error *error);

/*
 * Does the pack have everything in needed.h, each field with its width? Only a complete pack may be
 * given to the direct accessors of view.h. 0; -EINVAL, and *error names the first thing missing.
 */
int fwq_pack_complete(const struct fwq_pack *pack, struct fwq_pack_error *error);

/* Both: what every user of a pack calls. */
int fwq_pack_load(const void *text, size_t len, struct fwq_pack *pack,
		  struct fwq_pack_error *error);

/* The vendor's name of an identifier, for messages; of a field: "type.path". */
const char *fwq_number_name(enum fwq_number n);
const char *fwq_struct_name(enum fwq_struct s);
const char *fwq_field_name(enum fwq_field f);
const char *fwq_step_name(enum fwq_step s);

static inline bool fwq_has_number(const struct fwq_pack *p, enum fwq_number n)
{
	return p->has_number[n];
}

static inline bool fwq_has_struct(const struct fwq_pack *p, enum fwq_struct s)
{
	return p->size[s] != FWQ_ABSENT;
}

static inline bool fwq_has_field(const struct fwq_pack *p, enum fwq_field f)
{
	return p->field[f].offset != FWQ_ABSENT;
}

/* A number, or what the caller says stands for it in versions that lack it. */
static inline uint64_t fwq_number_or(const struct fwq_pack *p, enum fwq_number n, uint64_t absent)
{
	return p->has_number[n] ? p->number[n] : absent;
}

/* A structure's size in bytes, fixed part only; 0 when this version has no such structure. */
static inline uint32_t fwq_sizeof(const struct fwq_pack *p, enum fwq_struct s)
{
	return p->size[s] == FWQ_ABSENT ? 0 : p->size[s];
}

/*
 * Reads or writes element `i` of a field in a structure that starts at `at` within `buf` of `len`
 * bytes; little-endian whatever the host. i is 0 for what is no array. An element has 1, 2, 4 or 8
 * bytes. 0; -ENOENT: this version lacks the field; -ERANGE: i is beyond the array, or the element
 * beyond the buffer; -EOVERFLOW (put): value does not fit; -EINVAL: the field is no number.
 */
int fwq_get(const struct fwq_pack *p, enum fwq_field f, const void *buf, size_t len, size_t at,
	    uint32_t i, uint64_t *value);
int fwq_put(const struct fwq_pack *p, enum fwq_field f, void *buf, size_t len, size_t at,
	    uint32_t i, uint64_t value);

/*
 * The bytes of a field, for strings, nested structures and flexible arrays: *offset within buf and
 * *size, which for a flexible array is everything up to the end of buf. 0, -ENOENT, -ERANGE.
 */
int fwq_span(const struct fwq_pack *p, enum fwq_field f, size_t len, size_t at, size_t *offset,
	     size_t *size);

#endif /* FWQ_PACK_H */
