# SPDX-License-Identifier: MIT
# The GPU core; paths from the project's root.
# Readers of firmware files: pure functions over bytes, which xvgpu uses too.
gpu-files-src := $(addprefix gpu/core/boot/,blob.c elf.c nvfw.c booter.c family.c gsp_image.c archive.c firmware.c)
gpu-core-src := gpu/core/attach.c gpu/core/vram.c gpu/core/extent.c gpu/core/bar1.c gpu/core/mmu/pool.c gpu/core/mmu/space.c gpu/core/mmu/ways.c gpu/core/mmu/write.c \
		gpu/core/falcon.c gpu/core/intr.c gpu/core/chip/chip.c $(addprefix gpu/core/chip/,tu10x.c ga100.c ga10x.c ad10x.c) \
		$(gpu-files-src) $(addprefix gpu/core/boot/,vbios.c fwsec.c ucode.c radix3.c layout.c channel.c libos.c \
		system_info.c script.c static_info.c steps.c steps_board.c steps_talk.c boot.c pack_choice.c) \
		$(addprefix gpu/core/rm/,engines.c vectors.c session.c complain.c) gpu/core/tenant.c gpu/core/vm.c gpu/core/tlb.c gpu/core/own.c gpu/core/scrub.c \
		$(addprefix gpu/core/fifo/,chids.c fifo.c awaken.c group.c params.c channel.c end.c turns.c usage.c) \
		$(addprefix gpu/core/gr/,context.c graphics.c standby.c)
