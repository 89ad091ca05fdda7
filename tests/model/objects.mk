# The GPU model: one library for every embedder, and the QEMU device built on it.
model-src := tests/model/model.c tests/model/bus.c tests/model/pci.c tests/model/intr.c \
	tests/model/fb.c tests/model/falcon.c tests/model/falcon_dma.c tests/model/faults.c
model-qemu-src := tests/model/qemu.c
