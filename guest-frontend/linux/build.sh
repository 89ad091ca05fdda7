#!/bin/sh
# SPDX-License-Identifier: MIT OR GPL-2.0-only
#
# Builds BUILD/linux/xen-vgpu-front.ko for Debian 12's kernel.
#
# usage: guest-frontend/linux/build.sh [BUILD]	(default: $BUILD, else build/ below the root)
#
# Kbuild writes next to its sources, so it is given a copy of them: the tree stays clean. Files that
# have not changed are not copied again, so make sees only what is new. KDIR overrides the kernel's
# build directory, W and C are handed on (W=1: more warnings, C=1: sparse).

set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${1:-${BUILD:-$root/build}}
src=$build/linux/src
mkdir -p "$src"
build=$(cd "$build" && pwd)
src=$build/linux/src

if [ -z "${KDIR:-}" ]; then
	KDIR=/usr/src/linux-headers-$("$root/packaging/deps.sh" --kernel)
fi

# copy FILE TARGET
copy() {
	if ! cmp -s "$1" "$src/$2"; then
		mkdir -p "$(dirname "$src/$2")"
		cp "$1" "$src/$2"
	fi
}

for file in "$here"/*.c "$here"/*.h "$here"/Kbuild; do
	copy "$file" "$(basename "$file")"
done
copy "$here/shim/xen/io/ring.h" shim/xen/io/ring.h
copy "$root/include/xen/io/vgpuif.h" include/xen/io/vgpuif.h
copy "$root/include/uapi/drm/xen_vgpu_drm.h" include/uapi/drm/xen_vgpu_drm.h
copy "$root/tests/xen/pattern.h" pattern.h
copy "$root/include/nv/push.h" include/nv/push.h

# The make that may have called us has flags of its own (O=, for one) that mean other things here.
unset MAKEFLAGS MAKELEVEL MAKEOVERRIDES O V
# The kernel image that BTF would need is not in the headers package.
make -s -C "$KDIR" M="$src" CONFIG_DEBUG_INFO_BTF_MODULES= ${W:+W="$W"} ${C:+C="$C"} modules
cp "$src/xen-vgpu-front.ko" "$build/linux/xen-vgpu-front.ko"
