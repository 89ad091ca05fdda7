# SPDX-License-Identifier: MIT
# The virtual GPU's front end for bare-metal guests. raw.c is for hostile test guests; nothing else calls
# it, so the linker leaves it out.
front-bare-src := \
	guest-frontend/bare/call.c \
	guest-frontend/bare/channels.c \
	guest-frontend/bare/events.c \
	guest-frontend/bare/front.c \
	guest-frontend/bare/import.c \
	guest-frontend/bare/pool.c \
	guest-frontend/bare/raw.c \
	guest-frontend/bare/ring.c \
	guest-frontend/bare/spaces.c
