/* SPDX-License-Identifier: MIT */
/*
 * abigen - makes an ABI pack from an unpacked vendor source tree.
 *
 *	abigen DIR-OF-THIS-FILE VENDOR-TREE OUT.abi
 *
 * It compiles one probe against the vendor's own headers: `headers`, an initialised variable for every
 * wanted macro, and nothing else. Layouts and enumerators are then read from the probe's DWARF (gcc is
 * told to keep unused types), macros from the initialised variables in its data. Numbers that the
 * vendor keeps in a .c file are read there as text. No vendor code runs. What is wanted stands in
 * `wanted`; what this version lacks is left out of the pack.
 *
 * A developer's tool: it ends with a message at the first thing that goes wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fwq/abigen/dwarf.h"

static const char *home; /* the folder of headers, flags, recipes */
static const char *tree;
static FILE *out;

static const struct number {
	const char *name;
	const char *file; /* the vendor's .c file, or NULL: a macro or enumerator */
	const char *text;
} numbers[] = {
#define NUMBER(n)		{#n, NULL, NULL},
#define SOURCE(n, path, before) {#n, path, before},
#include "fwq/abigen/wanted"
};

static const struct layout {
	const char *type;
	const char *path; /* NULL: the structure itself */
} layouts[] = {
#define STRUCT(t)	   {#t, NULL},
#define FIELD(t, id, path) {#t, #path},
#include "fwq/abigen/wanted"
};

static const char *const steps[] = {
#define STEP(n) #n,
#include "fwq/abigen/wanted"
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void abigen_die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "abigen: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

/* The whole file DIR/NAME as a string, or NULL when there is no such file. The caller frees it. */
static char *read_text(const char *dir, const char *name)
{
	char path[4096];
	char *text = NULL;
	size_t size = 0;
	FILE *f, *m;
	int c;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		return NULL;
	m = open_memstream(&text, &size);
	if (!m)
		abigen_die("no memory for %s", path);
	while ((c = getc(f)) != EOF)
		putc(c, m);
	fclose(f);
	fclose(m);
	return text;
}

static char *must_read(const char *dir, const char *name)
{
	char *text = read_text(dir, name);

	if (!text)
		abigen_die("%s/%s: %s", dir, name, strerror(errno));
	return text;
}

static void write_probe(const char *path)
{
	char *headers = must_read(home, "headers");
	FILE *f = fopen(path, "w");

	if (!f)
		abigen_die("%s: %s", path, strerror(errno));
	fputs(headers, f);
	fputs("const char abigen_version[] = NV_VERSION_STRING;\n", f);
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (!numbers[i].file)
			fprintf(f,
				"#ifdef %s\nconst unsigned long long abigen_n_%s = "
				"(unsigned long long)(%s);\n#endif\n",
				numbers[i].name, numbers[i].name, numbers[i].name);
	if (fclose(f))
		abigen_die("%s: %s", path, strerror(errno));
	free(headers);
}

/* Linked, though it never runs: only the linker resolves the references inside DWARF. */
static void compile(const char *probe, const char *object)
{
	static const char *const fixed[] = {
		"gcc",
		"-w",
		"-gdwarf-4",
		"-O0",
		"-fno-eliminate-unused-debug-types",
		"-ffreestanding",
		"-fno-pic",
		"-no-pie",
		"-nostdlib",
		"-Wl,-e,0",
		"-Wl,--unresolved-symbols=ignore-all",
	};
	char *flags = must_read(home, "flags");
	const char *argv[256];
	size_t n = 0;
	int status;
	pid_t child;

	for (; n < COUNT(fixed); n++)
		argv[n] = fixed[n];
	for (char *p = strtok(flags, " \n"); p; p = strtok(NULL, " \n")) {
		if (n + 5 > COUNT(argv))
			abigen_die("%s/flags: too many", home);
		argv[n++] = p;
	}
	argv[n++] = "-o";
	argv[n++] = object;
	argv[n++] = probe;
	argv[n] = NULL;
	child = fork();
	if (child == 0) {
		if (chdir(tree) == 0)
			execvp(argv[0], (char **)argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		abigen_die("the probe does not compile against %s", tree);
	free(flags);
}

static bool source_number(const struct number *n, uint64_t *value)
{
	char *text = read_text(tree, n->file), *at, *end;
	bool found = false;

	at = text ? strstr(text, n->text) : NULL;
	if (at) {
		at += strlen(n->text);
		at += strspn(at, " =");
		*value = strtoull(at, &end, 0);
		found = end != at;
	}
	free(text);
	return found;
}

static void put_numbers(struct abigen_object *o)
{
	char symbol[256];
	uint64_t value;

	for (size_t i = 0; i < COUNT(numbers); i++) {
		const struct number *n = &numbers[i];
		bool found;

		snprintf(symbol, sizeof(symbol), "abigen_n_%s", n->name);
		if (n->file)
			found = source_number(n, &value);
		else
			found = abigen_symbol(o, symbol, &value, sizeof(value)) ||
				abigen_enumerator(o, n->name, &value);
		if (found)
			fprintf(out, "number %s 0x%" PRIx64 "\n", n->name, value);
	}
}

static void put_layouts(struct abigen_object *o)
{
	struct abigen_place place;

	for (size_t i = 0; i < COUNT(layouts); i++) {
		const struct layout *l = &layouts[i];

		if (!abigen_place(o, l->type, l->path, &place))
			continue;
		if (l->path)
			fprintf(out, "field %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", l->type,
				l->path, place.offset, place.size, place.count);
		else
			fprintf(out, "struct %s %" PRIu64 "\n", l->type, place.size);
	}
}

static void check_step(const char *step)
{
	for (size_t i = 0; i < COUNT(steps); i++)
		if (!strcmp(steps[i], step))
			return;
	abigen_die("%s/recipes: no step %s in `wanted`", home, step);
}

static void put_recipes(struct abigen_object *o)
{
	char *text = must_read(home, "recipes");
	char word[4][64];
	bool take = true;
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct abigen_place place;
		int n = sscanf(line, "%63s %63s %63s %63s", word[0], word[1], word[2], word[3]);

		if (n < 1 || word[0][0] == '#')
			continue;
		if (n == 2 && !strcmp(word[0], "transport")) {
			fprintf(out, "transport %s\n", word[1]);
		} else if (n == 3 && !strcmp(word[0], "boot")) {
			take = abigen_place(o, word[2], NULL, &place);
			if (take)
				fprintf(out, "boot %s\n", word[1]);
		} else if (n == 3 && !strcmp(word[0], "file")) {
			if (take)
				fprintf(out, "file %s %s\n", word[1], word[2]);
		} else if ((n == 3 || n == 4) && !strcmp(word[0], "step")) {
			check_step(word[2]);
			if (take && (n == 3 || abigen_place(o, word[3], NULL, &place)))
				fprintf(out, "step %s %s\n", word[1], word[2]);
		} else {
			abigen_die("%s/recipes: cannot read `%s`", home, line);
		}
	}
	free(text);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/abigen.XXXXXX", probe[64], object[64], version[32] = "";
	struct abigen_object *o;

	if (argc != 4) {
		fprintf(stderr, "usage: abigen DIR-OF-LISTS VENDOR-TREE OUT.abi\n");
		return 2;
	}
	home = argv[1];
	tree = argv[2];
	if (!mkdtemp(dir))
		abigen_die("%s: %s", dir, strerror(errno));
	snprintf(probe, sizeof(probe), "%s/probe.c", dir);
	snprintf(object, sizeof(object), "%s/probe.o", dir);
	write_probe(probe);
	compile(probe, object);
	o = abigen_open(object);
	if (!abigen_symbol(o, "abigen_version", version, sizeof(version) - 1) || !version[0])
		abigen_die("%s: no NV_VERSION_STRING", tree);

	out = fopen(argv[3], "w");
	if (!out)
		abigen_die("%s: %s", argv[3], strerror(errno));
	fprintf(out,
		"# Facts read from the vendor's headers by abigen; docs/abi-packs.md says how.\n"
		"abi 1\nversion %s\n",
		version);
	put_recipes(o);
	put_numbers(o);
	put_layouts(o);
	fprintf(out, "end\n");
	if (fclose(out))
		abigen_die("%s: %s", argv[3], strerror(errno));
	abigen_close(o);
	unlink(probe);
	unlink(object);
	rmdir(dir);
	return 0;
}
