#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes BUILD/bed/guest.cpio.gz, the initramfs of a Linux guest (PV or PVH) on the test machine.
#
# usage: tests/bed/guest-linux.sh [BUILD]        (default: build/ below the project's root)
#
# guest.list says what is in it and guest-init what runs. A test appends an archive with the
# frontend's module (/lib/xvgpu/NAME.ko) and, if it wants, a script (/etc/xvgpu/run.sh); see
# image.append(). The kernel is the one of dom0, BUILD/bed/vmlinux.

set -eu
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/parts.sh"

stamp="$(dpkg-query -W -f '${Package}=${Version} ' busybox-static) $kernel \
$(cat "$here"/guest* "$here/image.py" "$modules/modules.builtin" | cksum)"

if [ "$(cat "$out/guest.stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

echo "guest-linux: making $out/guest.cpio.gz (Linux $kernel)"
rm -f "$out/guest.stamp"
/usr/bin/python3 "$here/image.py" "$here/guest.list" "$out/guest.cpio.gz" \
	bed="$here" busybox="$busybox" modules="$modules"
echo "$stamp" >"$out/guest.stamp"
