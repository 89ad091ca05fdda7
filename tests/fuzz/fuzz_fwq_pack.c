/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fwq_pack.c - an ABI pack with any content, then every accessor over a small buffer.
 *
 * COVERS: fwq/pack.c fwq/pack_text.c
 *
 * Whatever the text says, the parser reads nothing beyond it and ends with a one-line message; and what
 * it accepts, no accessor follows out of the buffer, for any field, element and start.
 */
#include <stdlib.h>
#include <string.h>

#include "fwq/pack.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_field(const struct fwq_pack *pack, enum fwq_field f, uint8_t *buf, size_t len)
{
	static const size_t starts[] = {0, 1, 32, SIZE_MAX};
	size_t offset, span;
	uint64_t value;

	for (unsigned int s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		size_t at = starts[s];

		for (uint32_t i = 0; i < 3; i++) {
			if (fwq_get(pack, f, buf, len, at, i, &value))
				continue;
			must(fwq_put(pack, f, buf, len, at, i, value) == 0);
			(void)fwq_put(pack, f, buf, len, at, i, UINT64_MAX);
		}
		if (!fwq_span(pack, f, len, at, &offset, &span)) {
			must(offset <= len && span <= len - offset);
			memset(buf + offset, 0x5a, span);
		}
	}
	must(fwq_field_name(f)[0] != '?');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fwq_pack pack;
	struct fwq_pack_error error;
	uint8_t *buf;

	if (fwq_pack_load(data, size, &pack, &error)) {
		must(error.text[0] && strlen(error.text) < sizeof(error.text) &&
		     !strchr(error.text, '\n'));
		/* A sound pack that lacks something needed is refused; these accessors can take it. */
		if (fwq_pack_parse(data, size, &pack, &error))
			return 0;
	}
	must(!error.text[0] && pack.version[0]);
	buf = calloc(1, 64);
	must(buf != NULL);
	for (unsigned int f = 0; f < FWQ_FIELDS; f++)
		use_field(&pack, f, buf, 64);
	for (unsigned int i = 0; i < FWQ_BOOTS; i++)
		for (unsigned int s = 0; s < pack.boot[i].steps; s++)
			must(fwq_step_name(pack.boot[i].step[s])[0] != '?');
	must(fwq_number_name(FWQ_N_MSGQ_VERSION)[0] != '?' &&
	     fwq_struct_name(FWQ_S_msgqTxHeader)[0] != '?');
	free(buf);
	return 0;
}
