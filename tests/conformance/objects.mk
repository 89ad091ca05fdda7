# SPDX-License-Identifier: MIT
# One suite for hv.h, run by both ports: the cases, and a runner for each.
conformance-src := $(addprefix tests/conformance/,suite.c cases_memory.c cases_events.c \
		   cases_grants.c cases_xenstore.c cases_watches.c cases_loop.c cases_pci.c)
conformance-hosted-src := tests/conformance/runner_hosted.c
conformance-xen-src := tests/conformance/runner_xen.c
