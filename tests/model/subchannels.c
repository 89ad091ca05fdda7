/* SPDX-License-Identifier: MIT */
/*
 * Which engine a method reaches: Host goes by the runlist and the method's subchannel alone. SET_OBJECT
 * changes nothing; it has the engine check that it speaks the class.
 *
 * On the runlist of graphics, subchannels 0 to 3 are the 3D, compute, inline-to-memory and 2D classes and
 * 4 is a copy engine. On another runlist, 0 to 4 are its engine. 5 to 7 are for software to carry out,
 * and RM has no such software. Before the graphics engine gets a method it has the channel's context (gr_context.h).
 *
 * Sources: NVIDIA/open-gpu-doc manuals/ampere/ga100/dev_ram.ref.txt (subchannels), dev_pbdma.ref.txt
 * (NV_UDMA_OBJECT).
 */
#include "engines.h"
#include "graphics.h"
#include "host.h"
#include "rm.h"

#define SUBCHANNEL_COPY	  4u /* on the runlist of graphics */
#define FIRST_OF_SOFTWARE 5u

static const uint32_t graphics_classes[MODEL_GR_SUBCHANNELS] = {
	AMPERE_B,
	AMPERE_COMPUTE_B,
	KEPLER_INLINE_TO_MEMORY_B,
	FERMI_TWOD_A,
};

uint32_t model_subchannel_class(uint32_t runlist, uint32_t subchannel)
{
	static const uint32_t others[] = {AMPERE_DMA_COPY_B, NVC7B0_VIDEO_DECODER,
					  NVC7B7_VIDEO_ENCODER, NVC7FA_VIDEO_OFA};

	if (subchannel >= FIRST_OF_SOFTWARE)
		return 0;
	if (model_rm_runlist_executes(runlist, AMPERE_B))
		return subchannel == SUBCHANNEL_COPY ? AMPERE_DMA_COPY_B
						     : graphics_classes[subchannel];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (model_rm_runlist_executes(runlist, others[i]))
			return others[i];
	return 0;
}

static bool is_graphics(uint32_t class_id)
{
	for (size_t i = 0; i < MODEL_GR_SUBCHANNELS; i++)
		if (graphics_classes[i] == class_id)
			return true;
	return false;
}

enum host_result model_set_object(struct model *m, struct model_channel *ch, uint32_t subchannel,
				  uint32_t data)
{
	uint32_t class_id = model_subchannel_class(ch->runlist, subchannel);

	if (!class_id || class_id != model_chip_class(m->chip, data & 0xffff))
		return model_channel_fail(m, ch, "SET_OBJECT 0x%08x on subchannel %u", data,
					  subchannel);
	return !is_graphics(class_id) || model_context_load(m, ch) ? HOST_DONE : HOST_ERROR;
}

enum host_result model_engine_method(struct model *m, struct model_channel *ch, uint32_t subchannel,
				     uint32_t class_id, uint32_t method, uint32_t data)
{
	if (subchannel >= FIRST_OF_SOFTWARE)
		return model_channel_fail(m, ch, "method 0x%04x on subchannel %u, for software",
					  method, subchannel);
	if (is_graphics(class_id))
		return model_context_load(m, ch)
			       ? model_graphics_method(m, ch, subchannel, class_id, method, data)
			       : HOST_ERROR;
	if (class_id == AMPERE_DMA_COPY_B)
		return model_ce_method(m, ch, method, data);
	model_method_ignored(m, ch);
	return HOST_DONE;
}
