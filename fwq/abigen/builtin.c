/* SPDX-License-Identifier: MIT */
/*
 * builtin.c - ABI packs to C tables, when the program is built.
 *
 *   builtin FILE.abi ... > fwq_packs.c
 *
 * Reads each pack with the parser that also reads packs at run time, and writes what that parser made
 * of it. A pack that is wrong, incomplete or there twice ends the build with one line that names it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fwq/pack.h"

static struct fwq_pack pack;

static void die(const char *file, const char *why)
{
	fprintf(stderr, "%s: %s\n", file, why);
	exit(1);
}

static void load(const char *file)
{
	static char text[FWQ_PACK_TEXT_MAX + 1];
	struct fwq_pack_error error;
	FILE *f = fopen(file, "r");
	size_t len;

	if (!f)
		die(file, "cannot be opened");
	len = fread(text, 1, sizeof(text), f);
	if (ferror(f))
		die(file, "cannot be read");
	fclose(f);
	if (fwq_pack_load(text, len, &pack, &error))
		die(file, error.text);
}

static void print_boot(const struct fwq_recipe *r, unsigned int n)
{
	printf("\t.boot[%u] = {\n\t\t.present = %d, .files = %u, .steps = %u,\n\t\t.file = {", n,
	       r->present, r->files, r->steps);
	for (unsigned int i = 0; i < r->files; i++)
		printf("\"%s\", ", r->file[i]);
	printf("},\n\t\t.step = {");
	for (unsigned int i = 0; i < r->steps; i++)
		printf("FWQ_STEP_%s, ", fwq_step_name((enum fwq_step)r->step[i]));
	printf("},\n\t},\n");
}

static void print_pack(void)
{
	printf("{\n\t.version = \"%s\",\n\t.transport = %d,\n", pack.version, pack.transport);
	for (unsigned int i = 0; i < FWQ_BOOTS; i++)
		if (pack.boot[i].present)
			print_boot(&pack.boot[i], i);
	printf("\t.number = {\n");
	for (unsigned int i = 0; i < FWQ_NUMBERS; i++)
		if (pack.has_number[i])
			printf("\t\t[%u] = 0x%llxull,\n", i, (unsigned long long)pack.number[i]);
	printf("\t},\n\t.has_number = {\n");
	for (unsigned int i = 0; i < FWQ_NUMBERS; i++)
		if (pack.has_number[i])
			printf("\t\t[%u] = true,\n", i);
	printf("\t},\n\t.size = {\n");
	for (unsigned int i = 0; i < FWQ_STRUCTS; i++)
		printf("\t\t0x%xu,\n", pack.size[i]);
	printf("\t},\n\t.field = {\n");
	for (unsigned int i = 0; i < FWQ_FIELDS; i++)
		printf("\t\t{0x%xu, %u, %u},\n", pack.field[i].offset, pack.field[i].size,
		       pack.field[i].count);
	printf("\t},\n},\n");
}

int main(int argc, char **argv)
{
	static char seen[64][FWQ_PACK_VERSION_MAX + 1];
	int n = argc - 1;

	if (n < 1 || n > 64)
		die("builtin", "give 1 to 64 packs");
	printf("/* Made by fwq/abigen/builtin.c. */\n#include \"fwq/packs.h\"\n\n"
	       "const struct fwq_pack fwq_packs[] = {\n");
	for (int i = 0; i < n; i++) {
		load(argv[i + 1]);
		for (int k = 0; k < i; k++)
			if (!strcmp(seen[k], pack.version))
				die(argv[i + 1], "another pack is of the same version");
		memcpy(seen[i], pack.version, sizeof(seen[i]));
		print_pack();
	}
	printf("};\nconst unsigned int fwq_packs_count = %d;\n", n);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
