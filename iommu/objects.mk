# SPDX-License-Identifier: MIT
# What the device may reach; paths from the project's root.
iommu-src := iommu/iommu.c
