/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space, the standard part (PCI Local Bus Specification 3.0, chapter 6).
 */
#ifndef GPU_REGS_PCI_H
#define GPU_REGS_PCI_H

#define PCI_VENDOR_ID		0x00u
#define PCI_DEVICE_ID		0x02u
#define PCI_COMMAND		0x04u
#define PCI_COMMAND_MEMORY	(1u << 1)
#define PCI_COMMAND_MASTER	(1u << 2)
#define PCI_REVISION_ID		0x08u
#define PCI_SUBSYSTEM_VENDOR_ID 0x2cu

#define PCI_VENDOR_NVIDIA 0x10deu

#endif /* GPU_REGS_PCI_H */
