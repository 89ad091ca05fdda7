/* SPDX-License-Identifier: MIT */
/*
 * dwarf.c - reads layouts, enumerators and initialised variables out of a compiled and linked probe.
 *
 * A type is found by the name of its typedef or tag; typedefs and qualifiers are then followed to the
 * structure. A path is resolved name by name, into unnamed members where needed. Array sizes come from
 * the subranges: a flexible array has none and gets count 0.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fwq/abigen/dwarf.h"

struct abigen_object {
	Dwarf *dw;
	Dwarf_Die unit; /* a probe is one compilation unit */
	int fd;
};

struct abigen_object *abigen_open(const char *path)
{
	struct abigen_object *o = calloc(1, sizeof(*o));
	Dwarf_Off next;
	size_t header;

	elf_version(EV_CURRENT);
	if (!o)
		abigen_die("no memory");
	o->fd = open(path, O_RDONLY);
	o->dw = o->fd < 0 ? NULL : dwarf_begin(o->fd, DWARF_C_READ);
	if (!o->dw || dwarf_nextcu(o->dw, 0, &next, &header, NULL, NULL, NULL) ||
	    !dwarf_offdie(o->dw, header, &o->unit))
		abigen_die("%s: no DWARF in it", path);
	return o;
}

void abigen_close(struct abigen_object *o)
{
	dwarf_end(o->dw);
	close(o->fd);
	free(o);
}

bool abigen_symbol(struct abigen_object *o, const char *name, void *to, size_t size)
{
	Elf *elf = dwarf_getelf(o->dw);
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *symbols = elf_getdata(scn, NULL);
		GElf_Shdr shdr;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB || !symbols)
			continue;
		for (int i = 0; i < (int)(shdr.sh_size / shdr.sh_entsize); i++) {
			GElf_Sym sym;
			GElf_Shdr holder;
			Elf_Data *data;
			Elf_Scn *in;
			const char *have;

			if (!gelf_getsym(symbols, i, &sym))
				continue;
			have = elf_strptr(elf, shdr.sh_link, sym.st_name);
			if (!have || strcmp(have, name) != 0 || sym.st_shndx >= SHN_LORESERVE)
				continue;
			in = elf_getscn(elf, sym.st_shndx);
			data = elf_getdata(in, NULL);
			if (size > sym.st_size)
				size = sym.st_size;
			if (!gelf_getshdr(in, &holder) || !data || !data->d_buf ||
			    sym.st_value - holder.sh_addr + size > data->d_size)
				return false;
			memcpy(to, (const char *)data->d_buf + (sym.st_value - holder.sh_addr),
			       size);
			return true;
		}
	}
	return false;
}

static bool named(Dwarf_Die *die, const char *name)
{
	const char *have = dwarf_diename(die);

	return have && !strcmp(have, name);
}

bool abigen_enumerator(struct abigen_object *o, const char *name, uint64_t *value)
{
	Dwarf_Die type, one;
	Dwarf_Attribute attr;
	Dwarf_Sword number;
	Dwarf_Word word;

	if (dwarf_child(&o->unit, &type))
		return false;
	do {
		if (dwarf_tag(&type) != DW_TAG_enumeration_type || dwarf_child(&type, &one))
			continue;
		do {
			if (!named(&one, name))
				continue;
			if (!dwarf_attr(&one, DW_AT_const_value, &attr))
				abigen_die("enumerator %s has no value", name);
			/* Only this form has a sign; a data1 of 203 is not -53. */
			if (dwarf_whatform(&attr) == DW_FORM_sdata) {
				if (dwarf_formsdata(&attr, &number))
					abigen_die("enumerator %s has no value", name);
				*value = (uint64_t)number;
				return true;
			}
			if (dwarf_formudata(&attr, &word))
				abigen_die("enumerator %s has no value", name);
			*value = word;
			return true;
		} while (!dwarf_siblingof(&one, &one));
	} while (!dwarf_siblingof(&type, &type));
	return false;
}

/* Follows typedefs and qualifiers from *die to what they stand for. */
static bool peel(Dwarf_Die *die)
{
	Dwarf_Attribute attr;

	for (;;) {
		switch (dwarf_tag(die)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
			if (!dwarf_attr_integrate(die, DW_AT_type, &attr) ||
			    !dwarf_formref_die(&attr, die))
				return false;
			break;
		default:
			return true;
		}
	}
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type) &&
	       peel(type);
}

static bool aggregate(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return (tag == DW_TAG_structure_type || tag == DW_TAG_union_type) &&
	       !dwarf_hasattr(die, DW_AT_declaration);
}

static bool find_type(struct abigen_object *o, const char *name, Dwarf_Die *type)
{
	Dwarf_Die die;

	if (dwarf_child(&o->unit, &die))
		return false;
	do {
		if (!named(&die, name))
			continue;
		*type = die;
		if (peel(type) && aggregate(type))
			return true;
	} while (!dwarf_siblingof(&die, &die));
	return false;
}

static uint64_t offset_of(Dwarf_Die *member)
{
	Dwarf_Attribute attr;
	Dwarf_Word offset = 0;

	if (dwarf_hasattr(member, DW_AT_bit_size))
		abigen_die("%s is a bit field", dwarf_diename(member));
	if (dwarf_attr(member, DW_AT_data_member_location, &attr) &&
	    dwarf_formudata(&attr, &offset))
		abigen_die("%s lies nowhere", dwarf_diename(member));
	return offset;
}

/* A member of a structure by name, also inside its unnamed members; adds its offset. */
static bool find_member(Dwarf_Die *type, const char *name, size_t len, uint64_t *offset,
			Dwarf_Die *found)
{
	Dwarf_Die member, inner;

	if (dwarf_child(type, &member))
		return false;
	do {
		const char *have = dwarf_diename(&member);

		if (dwarf_tag(&member) != DW_TAG_member)
			continue;
		if (have && strlen(have) == len && !memcmp(have, name, len)) {
			*offset += offset_of(&member);
			*found = member;
			return true;
		}
		if (!have && type_of(&member, &inner) && aggregate(&inner)) {
			uint64_t base = *offset + offset_of(&member);

			if (find_member(&inner, name, len, &base, found)) {
				*offset = base;
				return true;
			}
		}
	} while (!dwarf_siblingof(&member, &member));
	return false;
}

static uint64_t elements(Dwarf_Die *array)
{
	Dwarf_Attribute attr;
	Dwarf_Die range;
	Dwarf_Word n;
	uint64_t count = 1;

	if (dwarf_child(array, &range))
		return 0;
	do {
		if (dwarf_tag(&range) != DW_TAG_subrange_type)
			continue;
		if (dwarf_attr(&range, DW_AT_count, &attr) && !dwarf_formudata(&attr, &n))
			count *= n;
		else if (dwarf_attr(&range, DW_AT_upper_bound, &attr) &&
			 !dwarf_formudata(&attr, &n))
			count *= n + 1;
		else
			return 0;
	} while (!dwarf_siblingof(&range, &range));
	return count;
}

bool abigen_place(struct abigen_object *o, const char *type, const char *path,
		  struct abigen_place *place)
{
	Dwarf_Die die, member, element;
	Dwarf_Word size;

	*place = (struct abigen_place){.count = 1};
	if (!find_type(o, type, &die))
		return false;
	while (path) {
		const char *dot = strchr(path, '.');

		if (!find_member(&die, path, dot ? (size_t)(dot - path) : strlen(path),
				 &place->offset, &member))
			return false;
		if (!type_of(&member, &die))
			abigen_die("%s.%s has no type", type, path);
		path = dot ? dot + 1 : NULL;
	}
	if (dwarf_tag(&die) == DW_TAG_array_type) {
		if (!type_of(&die, &element) || dwarf_aggregate_size(&element, &size))
			abigen_die("%s: an array of what?", type);
		place->count = elements(&die);
		place->size = place->count * size;
		return true;
	}
	if (dwarf_aggregate_size(&die, &size))
		abigen_die("%s: of what size?", type);
	place->size = size;
	return true;
}
