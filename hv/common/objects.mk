# SPDX-License-Identifier: MIT
# What both ports of hv.h share; paths from the project's root.
hv-common-src := hv/common/log.c hv/common/loop.c hv/common/counters.c hv/common/parse.c
