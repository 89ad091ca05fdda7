# SPDX-License-Identifier: MIT
# The hosted port; model.c plugs tests/model in.
hv-hosted-src := $(addprefix hv/hosted/,machine.c sched.c memory.c evtchn.c grant.c grant_map.c \
		 xs.c xs_tree.c xs_tx.c xs_ops.c xs_watch.c pci.c pci_dom.c model.c)
