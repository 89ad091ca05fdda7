#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes what the test machine boots: BUILD/bed/xen, BUILD/bed/vmlinux and BUILD/bed/dom0.cpio.gz.
#
# usage: tests/bed/dom0.sh [BUILD]        (default: build/ below the project's root)
#
# Xen and the kernel are Debian's own files, and dom0 is an initramfs with busybox and Xen's tools
# (dom0.list says what is in it, dom0-init what runs). What a test needs besides is appended as a
# second archive at run time, by bed.py. Nothing is done when nothing has changed.

set -eu
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/parts.sh"

xen=$(find_part /boot/xen-4.17-amd64.gz)
vmlinuz=$(find_part "/boot/vmlinuz-$kernel")
stamp="$(dpkg-query -W -f '${Package}=${Version} ' xen-utils-4.17 xenstore-utils busybox-static \
	libxenmisc4.17 libc6) $(cat "$xen" "$vmlinuz" "$here"/dom0* "$here/image.py" \
	"$here/vmlinux.py" "$here/xl.conf" | cksum)"

if [ "$(cat "$out/dom0.stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

echo "dom0: making $out/dom0.cpio.gz (Linux $kernel)"
rm -f "$out/dom0.stamp"
# QEMU's multiboot loader wants the hypervisor unpacked.
zcat "$xen" >"$out/xen.tmp"
mv "$out/xen.tmp" "$out/xen"
/usr/bin/python3 "$here/vmlinux.py" "$vmlinuz" "$out/vmlinux.tmp"
mv "$out/vmlinux.tmp" "$out/vmlinux"
/usr/bin/python3 "$here/image.py" "$here/dom0.list" "$out/dom0.cpio.gz" \
	bed="$here" busybox="$busybox" xen=/usr/lib/xen-4.17 modules="$modules"
echo "$stamp" >"$out/dom0.stamp"
