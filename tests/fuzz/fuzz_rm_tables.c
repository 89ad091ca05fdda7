/* SPDX-License-Identifier: MIT */
/*
 * fuzz_rm_tables.c - any table of engines, in up to four pieces, or of interrupts, by the packs of the tree
 * and by packs that lie.
 *
 * COVERS: fwq/reply.c gpu/core/rm/engines.c gpu/core/rm/vectors.c
 *
 * Input: which pack, which table and how many lies about it, the lies, and the reply. What is missing of a
 * reply is repeated from the start; the reply's block ends where it does, so a read beyond it is seen.
 */
#include <errno.h>
#include <stdlib.h>

#include "gpu/core/rm/engines.h"
#include "gpu/core/rm/vectors.h"
#include "tests/fuzz/fwq_lying_pack.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INTERRUPTS 0x08u /* that table */
#define SHORT	   0x10u /* the reply is one byte too short */
#define PIECES	   4u

static const struct lie about[] = {
	LIE_ABOUT(NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS, baseIndex, entries),
	LIE_ABOUT(NV2080_CTRL_FIFO_DEVICE_ENTRY, engineData, engineName),
	LIE_ABOUT(NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS, tableLen, table),
	LIE_ABOUT(NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY, engineIdx, vectorNonStall),
};

static void engines(const struct fwq_pack *pack, bool honest, const uint8_t *reply, uint32_t len)
{
	static struct gpu_engines out;
	struct gpu_error why = {""};
	bool more = true;
	int ret = 0;

	out.n = 0;
	for (unsigned int i = 0; i < PIECES && more && !ret; i++) {
		unsigned int before = out.n;

		more = false;
		ret = gpu_engines_add(pack, reply, len, &out, &more, &why);
		must(ret == 0 || ret == -EPROTO || ret == -ENOENT);
		must(ret != -ENOENT || !honest);
		must(out.n >= before && out.n <= GPU_ENGINES_MAX);
		must(!ret || (why.text[0] && !strchr(why.text, '\n')));
	}
	for (unsigned int i = 0; i < out.n; i++) {
		must(out.engine[i].pbdmas <= GPU_ENGINE_PBDMAS);
		must(memchr(out.engine[i].name, 0, sizeof(out.engine[i].name)) != NULL);
		for (const char *p = out.engine[i].name; *p; p++)
			must(*p > ' ' && *p <= '~');
	}
}

static void interrupts(const struct fwq_pack *pack, const uint8_t *reply, uint32_t len)
{
	uint32_t vector = UINT32_MAX;
	struct gpu_engines all = {.n = 3, .engine = {{.mc = 15}, {.mc = 0}, {.mc = GPU_NO_MC}}};
	int ret = gpu_vector_of_gsp(pack, reply, len, &vector);

	all.engine[2].nonstall = 77;
	gpu_vectors_of_engines(pack, reply, len, &all);
	must(all.n == 3 && all.engine[2].nonstall == 77); /* who has no index is never found */
	must(ret == 0 || ret == -EPROTO || ret == -ENOENT);
	must((ret == 0) == (vector != UINT32_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fwq_pack *honest, *pack;
	uint8_t *reply, head;
	uint32_t len;

	if (size < 2)
		return 0;
	head = data[0];
	honest = &fwq_packs[head % 8 % fwq_packs_count];
	data++;
	size--;
	pack = lie_about(honest, head >> 5, about, sizeof(about) / sizeof(about[0]), &data, &size);
	if (!size)
		return 0;
	len = fwq_sizeof(pack, head & INTERRUPTS
				       ? FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS
				       : FWQ_S_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS);
	if (head & SHORT && len)
		len--;
	reply = repeated_reply(len, data, size);
	if (head & INTERRUPTS)
		interrupts(pack, reply, len);
	else
		engines(pack, pack == honest, reply, len);
	free(reply);
	return 0;
}
