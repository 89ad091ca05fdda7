# SPDX-License-Identifier: MIT
# Firmware queues; paths from the project's root.
fwq-src := fwq/params.c fwq/link_mem.c fwq/queue.c fwq/rpc.c fwq/sync.c
