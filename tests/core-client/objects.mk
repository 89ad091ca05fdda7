# SPDX-License-Identifier: MIT
# The second client of gpu/core/core.h: a host driver, and what it is tested by.
core-client-src := tests/core-client/card.c tests/core-client/vdev.c
