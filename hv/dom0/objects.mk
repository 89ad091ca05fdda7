# SPDX-License-Identifier: MIT
# xvgpu, the dom0 tool. Its libraries are those of the Xen release it is built for: libxlutil and
# libxenctrl change with each, libxenstore does not.
# (= and not :=, since gpu-files-src is read later.)
xvgpu-src	= $(addprefix hv/dom0/,main.c message.c clock.c spec.c xlcfg.c config.c profiles.c status.c \
		   records.c lock.c store.c nodes.c domains.c domain-find.c admit.c session.c pci.c frame.c doorbell.c xl.c \
		   init.c guests.c attach.c list.c counters.c top.c keeper.c keeper-driver.c keeper-guest.c daemon.c \
		   firmware.c firmware-find.c firmware-read.c firmware-build.c firmware-bindata.c \
		   firmware-set.c edit.c) \
		   $(gpu-files-src) fwq/pack.c fwq/pack_text.c
xvgpu-libs	:= -lxlutil -lxenctrl -lxenstore -lz
