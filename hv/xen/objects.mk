# SPDX-License-Identifier: MIT
# The bare-metal Xen PV port: its sources, and the flags for every object of an image on it, the
# image's own and hv/common included.
hv-xen-src := \
	hv/xen/boot.S hv/xen/entry.S \
	hv/xen/start.c hv/xen/traps.c hv/xen/errno.c hv/xen/caps.c hv/xen/module.c \
	hv/xen/mm.c hv/xen/pages.c hv/xen/dma.c hv/xen/mmio.c hv/xen/gnttab.c \
	hv/xen/evtchn.c hv/xen/time.c hv/xen/loop.c hv/xen/console.c hv/xen/libc.c hv/xen/memcpy.c \
	hv/xen/xs.c hv/xen/xs_ring.c hv/xen/xs_watch.c hv/xen/xs_wire.c hv/xen/shutdown.c \
	hv/xen/pci.c hv/xen/pci_op.c hv/xen/pci_irq.c

# Only newlib's headers, gcc's own and Xen's public ones: of the build machine's /usr/include nothing
# but the xen folder may be seen, so it is reached through a folder that holds nothing else.
hv-xen-headers := $(O)/xen-headers

# -mno-red-zone: Xen delivers events and faults on the running stack.
# -fno-omit-frame-pointer: the backtrace of a fault walks frame pointers.
# __LINUX_ERRNO_EXTENSIONS__: newlib hides ESHUTDOWN, which hv.h uses, without it.
# Nothing of ours runs on top of interrupted code (see entry.S), so SSE is allowed everywhere.
hv-xen-cflags = -nostdinc -isystem $(shell gcc -print-file-name=include) \
	-isystem $(hv-xen-headers) -D__XEN_INTERFACE_VERSION__=0x00040e00 \
	-D__LINUX_ERRNO_EXTENSIONS__ \
	-fno-pic -fno-pie -mno-red-zone -fno-stack-protector -fcf-protection=none \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-asynchronous-unwind-tables \
	-ffunction-sections -fdata-sections

$(hv-xen-headers)/xen:
	@mkdir -p $(@D)
	$(Q)ln -sfn /usr/include/xen $@

# Every object waits for the configuration header, and so for this folder too.
$(O)/include/generated/autoconf.h: | $(hv-xen-headers)/xen
