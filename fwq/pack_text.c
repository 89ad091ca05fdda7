/* SPDX-License-Identifier: MIT */
/*
 * pack_text.c - reads the text of an ABI pack.
 *
 * The text is cut into lines and words that point into it; nothing is allocated. Each line kind has
 * one function. What a line alone cannot show (a field of a structure that was never declared, a
 * recipe without steps, a missing end) is checked against what was read before, so a pack that was
 * accepted has every field inside its structure and every number in its place.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fwq/pack.h"

/* ---------------------------------------------------------------- names */

static const char *const number_names[] = {
#define NUMBER(n) #n,
#include "fwq/abigen/wanted"
};

static const char *const struct_names[] = {
#define STRUCT(t) #t,
#include "fwq/abigen/wanted"
};

static const struct {
	const char *full; /* type.path */
	const char *path;
	uint16_t owner; /* enum fwq_struct */
} field_names[] = {
#define FIELD(t, id, path) {#t "." #path, #path, FWQ_S_##t},
#include "fwq/abigen/wanted"
};

static const char *const step_names[] = {
#define STEP(n) #n,
#include "fwq/abigen/wanted"
};

static const char *const boot_names[] = {[FWQ_BOOT_SEC2] = "sec2", [FWQ_BOOT_FSP] = "fsp"};

const char *fwq_number_name(enum fwq_number n)
{
	return n < FWQ_NUMBERS ? number_names[n] : "?";
}

const char *fwq_struct_name(enum fwq_struct s)
{
	return s < FWQ_STRUCTS ? struct_names[s] : "?";
}

const char *fwq_field_name(enum fwq_field f)
{
	return f < FWQ_FIELDS ? field_names[f].full : "?";
}

const char *fwq_step_name(enum fwq_step s)
{
	return s < FWQ_STEPS ? step_names[s] : "?";
}

/* ---------------------------------------------------------------- words */

#define WORDS 6	 /* the longest line: field TYPE PATH OFFSET SIZE COUNT */
#define SHOWN 48 /* characters of a word that a message repeats */

struct word {
	const char *s;
	size_t len;
};

struct parser {
	struct fwq_pack *pack;
	struct fwq_pack_error *error;
	const char *at, *end;
	unsigned int line;
	struct word word[WORDS];
	unsigned int words;
	unsigned int next_number, next_struct, next_field; /* behind the name found last */
	bool begun, transport, ended;
};

static int fail(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct parser *p, const char *fmt, ...)
{
	int n = snprintf(p->error->text, sizeof(p->error->text), "line %u: ", p->line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error->text + n, sizeof(p->error->text) - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* printf arguments for %.*s: a word as far as a message shows it. */
static int shown(const struct word *w)
{
	return (int)(w->len < SHOWN ? w->len : SHOWN);
}

static bool is(const struct word *w, const char *s)
{
	return w->len == strlen(s) && !memcmp(w->s, s, w->len);
}

/*
 * Index of a word in a list of names, or `n`. The search begins at *next and leaves it behind what was
 * found: packs come in the order of the list, so it is nearly always there.
 */
static unsigned int find(const struct word *w, const char *const *names, unsigned int n,
			 unsigned int *next)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int at = (*next + i) % n;

		if (is(w, names[at])) {
			*next = at + 1;
			return at;
		}
	}
	return n;
}

/* The same for the field that words 1 and 2 name. */
static unsigned int find_field(struct parser *p)
{
	for (unsigned int i = 0; i < FWQ_FIELDS; i++) {
		unsigned int at = (p->next_field + i) % FWQ_FIELDS;

		if (is(&p->word[2], field_names[at].path) &&
		    is(&p->word[1], struct_names[field_names[at].owner])) {
			p->next_field = at + 1;
			return at;
		}
	}
	return FWQ_FIELDS;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

/* Decimal, or hexadecimal behind 0x: digits only, at most `max`. */
static bool number(const struct word *w, uint64_t max, uint64_t *out)
{
	bool hex = w->len > 2 && w->s[0] == '0' && w->s[1] == 'x';
	uint64_t value = 0, base = hex ? 16 : 10;

	for (size_t i = hex ? 2 : 0; i < w->len; i++) {
		uint64_t d = (uint64_t)digit(w->s[i]);

		if (d >= base || d > max || value > (max - d) / base)
			return false;
		value = value * base + d;
	}
	*out = value;
	return w->len > 0;
}

/*
 * Cuts the next line into words; comments and empty lines have none. 1 when there was a line, 0 at
 * the end of the text, or an error.
 */
static int next_line(struct parser *p)
{
	const char *s = p->at, *stop;

	p->words = 0;
	if (s == p->end)
		return 0;
	p->line++;
	stop = memchr(s, '\n', (size_t)(p->end - s));
	if (!stop)
		return fail(p, "no newline at the end: cut off?");
	p->at = stop + 1;
	if (s < stop && *s == '#')
		return 1;
	while (s < stop) {
		const char *start = s;

		while (s < stop && *s != ' ') {
			if (*s < '!' || *s > '~')
				return fail(p, "byte 0x%02x is no text", (unsigned char)*s);
			s++;
		}
		if (s == start || p->words == WORDS)
			return fail(p, s == start ? "more than one blank" : "too many words");
		p->word[p->words++] = (struct word){start, (size_t)(s - start)};
		if (s < stop && ++s == stop)
			return fail(p, "a blank at the end");
	}
	return 1;
}

/* ---------------------------------------------------------------- lines */

static int take_version(struct parser *p)
{
	const struct word *w = &p->word[1];

	if (p->pack->version[0])
		return fail(p, "a second version");
	if (w->len > FWQ_PACK_VERSION_MAX)
		return fail(p, "version of %zu characters; at most %u", w->len,
			    FWQ_PACK_VERSION_MAX);
	for (size_t i = 0; i < w->len; i++)
		if (digit(w->s[i]) > 9 && w->s[i] != '.')
			return fail(p, "version %.*s is not digits and dots", shown(w), w->s);
	memcpy(p->pack->version, w->s, w->len);
	return 0;
}

static int take_transport(struct parser *p)
{
	if (p->transport)
		return fail(p, "a second transport");
	if (!is(&p->word[1], "shared-queue"))
		return fail(p, "unknown transport %.*s", shown(&p->word[1]), p->word[1].s);
	p->pack->transport = FWQ_TRANSPORT_SHARED_QUEUE;
	p->transport = true;
	return 0;
}

/* The recipe that word 1 names; a line of a recipe that was not announced is an error. */
static struct fwq_recipe *recipe(struct parser *p)
{
	unsigned int first = 0, n = find(&p->word[1], boot_names, FWQ_BOOTS, &first);

	if (n == FWQ_BOOTS) {
		fail(p, "unknown boot %.*s", shown(&p->word[1]), p->word[1].s);
		return NULL;
	}
	return &p->pack->boot[n];
}

static int take_boot(struct parser *p)
{
	struct fwq_recipe *r = recipe(p);

	if (!r)
		return -EINVAL;
	if (r->present)
		return fail(p, "boot %.*s twice", shown(&p->word[1]), p->word[1].s);
	r->present = true;
	return 0;
}

static int take_file(struct parser *p)
{
	struct fwq_recipe *r = recipe(p);
	const struct word *w = &p->word[2];

	if (!r)
		return -EINVAL;
	if (!r->present || r->files == FWQ_PACK_FILES_MAX)
		return fail(p, r->present ? "more than %u files" : "file before its boot line (%u)",
			    r->files);
	if (w->len > FWQ_PACK_NAME_MAX)
		return fail(p, "file name of %zu characters; at most %u", w->len,
			    FWQ_PACK_NAME_MAX);
	/* It becomes part of a path. */
	for (size_t i = 0; i < w->len; i++)
		if (!(w->s[i] >= 'a' && w->s[i] <= 'z') && digit(w->s[i]) > 9 && w->s[i] != '_')
			return fail(p, "file name %.*s is not a-z, 0-9 and _", shown(w), w->s);
	memcpy(r->file[r->files++], w->s, w->len);
	return 0;
}

static int take_step(struct parser *p)
{
	struct fwq_recipe *r = recipe(p);
	unsigned int first = 0, step = find(&p->word[2], step_names, FWQ_STEPS, &first);

	if (!r)
		return -EINVAL;
	if (!r->present || r->steps == FWQ_PACK_STEPS_MAX)
		return fail(p, r->present ? "more than %u steps" : "step before its boot line (%u)",
			    r->steps);
	/* Unlike a name, a step cannot be skipped. */
	if (step == FWQ_STEPS)
		return fail(p, "unknown step %.*s", shown(&p->word[2]), p->word[2].s);
	r->step[r->steps++] = (uint8_t)step;
	return 0;
}

static int take_number(struct parser *p)
{
	const struct word *w = &p->word[1];
	unsigned int n = find(w, number_names, FWQ_NUMBERS, &p->next_number);
	uint64_t value;

	if (!number(&p->word[2], UINT64_MAX, &value))
		return fail(p, "%.*s is no number", shown(&p->word[2]), p->word[2].s);
	if (n == FWQ_NUMBERS)
		return 0;
	if (p->pack->has_number[n])
		return fail(p, "number %.*s twice", shown(w), w->s);
	p->pack->number[n] = value;
	p->pack->has_number[n] = true;
	return 0;
}

static int take_struct(struct parser *p)
{
	const struct word *w = &p->word[1];
	unsigned int s = find(w, struct_names, FWQ_STRUCTS, &p->next_struct);
	uint64_t size;

	if (!number(&p->word[2], FWQ_PACK_STRUCT_MAX, &size))
		return fail(p, "size %.*s of %.*s is no number up to %u", shown(&p->word[2]),
			    p->word[2].s, shown(w), w->s, FWQ_PACK_STRUCT_MAX);
	if (s == FWQ_STRUCTS)
		return 0;
	if (p->pack->size[s] != FWQ_ABSENT)
		return fail(p, "struct %.*s twice", shown(w), w->s);
	p->pack->size[s] = (uint32_t)size;
	return 0;
}

static int take_field(struct parser *p)
{
	uint64_t at[3]; /* offset, size, count */
	unsigned int f;
	uint32_t whole;

	for (unsigned int i = 0; i < 3; i++)
		if (!number(&p->word[3 + i], FWQ_PACK_STRUCT_MAX, &at[i]))
			return fail(p, "%.*s is no number up to %u", shown(&p->word[3 + i]),
				    p->word[3 + i].s, FWQ_PACK_STRUCT_MAX);
	f = find_field(p);
	if (f == FWQ_FIELDS)
		return 0;
	whole = p->pack->size[field_names[f].owner];
	if (whole == FWQ_ABSENT)
		return fail(p, "field %s before its struct line", field_names[f].full);
	if (p->pack->field[f].offset != FWQ_ABSENT)
		return fail(p, "field %s twice", field_names[f].full);
	if (at[0] + at[1] > whole)
		return fail(p, "field %s lies outside the %u bytes of its structure",
			    field_names[f].full, whole);
	if (at[2] ? at[1] % at[2] || !at[1] : at[1])
		return fail(p, "field %s: %llu elements in %llu bytes", field_names[f].full,
			    (unsigned long long)at[2], (unsigned long long)at[1]);
	p->pack->field[f] = (struct fwq_place){(uint32_t)at[0], (uint32_t)at[1], (uint32_t)at[2]};
	return 0;
}

static int take_end(struct parser *p)
{
	if (!p->pack->version[0] || !p->transport)
		return fail(p, "no %s line", p->transport ? "version" : "transport");
	for (unsigned int i = 0; i < FWQ_BOOTS; i++) {
		const struct fwq_recipe *r = &p->pack->boot[i];

		if (r->present && (!r->files || !r->steps))
			return fail(p, "boot %s has no %s", boot_names[i],
				    r->files ? "steps" : "files");
	}
	if (!p->pack->boot[FWQ_BOOT_SEC2].present && !p->pack->boot[FWQ_BOOT_FSP].present)
		return fail(p, "no boot recipe");
	p->ended = true;
	return 0;
}

static const struct {
	const char *kind;
	unsigned int words;
	int (*take)(struct parser *p);
} lines[] = {
	{"version", 2, take_version}, {"transport", 2, take_transport}, {"boot", 2, take_boot},
	{"file", 3, take_file},	      {"step", 3, take_step},		{"number", 3, take_number},
	{"struct", 3, take_struct},   {"field", 6, take_field},		{"end", 1, take_end},
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

static int take_line(struct parser *p)
{
	unsigned int i = 0;

	if (p->ended)
		return fail(p, "something behind `end`");
	if (!p->begun) {
		p->begun = p->words == 2 && is(&p->word[0], "abi") && is(&p->word[1], "1");
		return p->begun ? 0 : fail(p, "a pack begins with `abi 1`");
	}
	while (i < LINES && !is(&p->word[0], lines[i].kind))
		i++;
	if (i == LINES)
		return fail(p, "unknown line %.*s", shown(&p->word[0]), p->word[0].s);
	if (p->words != lines[i].words)
		return fail(p, "%s has %u words, not %u", lines[i].kind, lines[i].words, p->words);
	return lines[i].take(p);
}

int fwq_pack_parse(const void *text, size_t len, struct fwq_pack *pack,
		   struct fwq_pack_error *error)
{
	struct parser p = {
		.pack = pack, .error = error, .at = text, .end = (const char *)text + len};
	int ret;

	error->text[0] = 0;
	memset(pack, 0, sizeof(*pack));
	for (unsigned int i = 0; i < FWQ_STRUCTS; i++)
		pack->size[i] = FWQ_ABSENT;
	for (unsigned int i = 0; i < FWQ_FIELDS; i++)
		pack->field[i].offset = FWQ_ABSENT;
	if (len > FWQ_PACK_TEXT_MAX)
		return fail(&p, "%zu bytes; at most %u", len, FWQ_PACK_TEXT_MAX);
	while ((ret = next_line(&p)) > 0) {
		ret = p.words ? take_line(&p) : 0;
		if (ret)
			return ret;
	}
	if (ret)
		return ret;
	return p.ended ? 0 : fail(&p, "no `end`: cut off?");
}
