# SPDX-License-Identifier: MIT
# Firmware queues; paths from the project's root.
fwq-src := fwq/params.c fwq/link_mem.c fwq/queue.c fwq/rpc.c fwq/sync.c fwq/pack.c fwq/pack_text.c fwq/packs.c $(O)/gen/fwq_packs.c \
	   fwq/status.c fwq/event.c fwq/sequencer.c fwq/reply.c fwq/rm.c fwq/client.c fwq/subscription.c
