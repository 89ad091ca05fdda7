# The GPU model: one library for every embedder, and the QEMU device built on it.
model-src := tests/model/model.c tests/model/bus.c tests/model/pci.c tests/model/intr.c \
	tests/model/fb.c tests/model/mmu.c tests/model/tlb.c tests/model/falcon.c tests/model/falcon_dma.c tests/model/faults.c \
	tests/model/chip.c tests/model/vbios.c tests/model/brom.c tests/model/hs.c tests/model/signed.c tests/model/fwsec.c \
	tests/model/booter.c tests/model/radix3.c tests/model/gsp.c tests/model/gsp_queue.c \
	tests/model/gsp_rpc.c tests/model/gsp_sequencer.c tests/model/gsp_events.c tests/model/rm_objects.c \
	tests/model/rm_controls.c tests/model/rm_engines.c tests/model/rm_bars.c tests/model/rm_channels.c tests/model/rm_spaces.c \
	tests/model/rm_graphics.c tests/model/rm_display.c tests/model/rm_groups.c tests/model/host.c \
	tests/model/runlist.c tests/model/runlist_regs.c tests/model/costs.c tests/model/engine_stats.c \
	tests/model/host_methods.c tests/model/trace.c tests/model/mem_op.c tests/model/pushbuffer.c tests/model/subchannels.c \
	tests/model/ce.c tests/model/surface.c tests/model/graphics.c tests/model/gr_context.c tests/model/inline.c tests/model/engines.c
model-qemu-src := tests/model/qemu.c tests/model/qemu_properties.c
