/* SPDX-License-Identifier: MIT */
/*
 * dwarf.h - what abigen asks of a compiled probe: where a field lies, what an enumerator or an
 * initialised variable is worth. elfutils' libdw does the reading.
 */
#ifndef FWQ_ABIGEN_DWARF_H
#define FWQ_ABIGEN_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct abigen_object;

/* Where a field lies in its structure. */
struct abigen_place {
	uint64_t offset; /* bytes */
	uint64_t size;	 /* bytes, all elements together */
	uint64_t count;	 /* elements; 1 for what is no array, 0 for a flexible array */
};

/* Opens a linked program with DWARF; ends the program when that fails. */
struct abigen_object *abigen_open(const char *path);
void abigen_close(struct abigen_object *o);

/* Copies at most `size` bytes of an initialised variable; false when there is none of that name. */
bool abigen_symbol(struct abigen_object *o, const char *name, void *to, size_t size);

/* An enumerator of any enumeration in the probe. */
bool abigen_enumerator(struct abigen_object *o, const char *name, uint64_t *value);

/* A structure (path NULL) or a field of it such as "a.b"; false when this version has none. */
bool abigen_place(struct abigen_object *o, const char *type, const char *path,
		  struct abigen_place *place);

void abigen_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* FWQ_ABIGEN_DWARF_H */
