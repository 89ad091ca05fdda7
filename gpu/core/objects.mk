# SPDX-License-Identifier: MIT
# The GPU core; paths from the project's root.
gpu-core-src := gpu/core/attach.c gpu/core/vram.c gpu/core/extent.c gpu/core/bar1.c \
		gpu/core/falcon.c gpu/core/chip/chip.c gpu/core/chip/ga102.c
