#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the test machine with Debian 13's Xen 4.20: BUILD/xen-4.20/bed/ has what BUILD/bed has for Debian 12's.
#
# usage: tests/bed/xen-4.20.sh [BUILD]        (default: build/ below the project's root)
#
# Tools of one Xen do not work on another, so all of dom0's come from Debian 13, with their libraries down to libc:
# packages are fetched and unpacked below BUILD/xen-4.20/root, never installed. Against that xvgpu is linked
# too. Linux and busybox stay those of the machine.

set -eu
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/parts.sh"

top=$build/xen-4.20
packages="xen-hypervisor-4.20-amd64 xen-utils-4.20 xenstore-utils libxenmisc4.20 libxen-dev
	libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1
	libxenstore4 libxentoolcore1 libxentoollog1 libyajl2 libuuid1 libext2fs2t64 libcom-err2
	liblzma5 libzstd1 zlib1g libbz2-1.0 liblzo2-2 libfdt1 libgcc-s1 libc6"

mkdir -p "$top/deb" "$top/bed"
self=$here/$(basename "$0")
cd "$top/deb"
# shellcheck disable=SC2086 # words are wanted
/usr/bin/python3 "$here/apt.py" --dir "$top/apt" --suites trixie download $packages >"$top/apt.log" 2>&1 ||
	die "packages of Debian 13 cannot be had; see $top/apt.log"
stamp="$(ls) $(cat "$here"/dom0* "$self" "$here/image.py" "$here/xl.conf" | cksum) $kernel"
if [ "$(cat "$top/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi
echo "xen-4.20: making $top/bed/dom0.cpio.gz (Linux $kernel)"
rm -rf "$top/stamp" "$top/root"
mkdir "$top/root"
for package in $packages; do
	# The newest, if one of before is still there.
	newest=$(find . -name "${package}_*.deb" | sort -V | tail -n 1)
	dpkg-deb -x "$newest" "$top/root"
done
zcat "$top/root/boot/xen-4.20-amd64.gz" >"$top/bed/xen"
/usr/bin/python3 "$here/vmlinux.py" "$(find_part "/boot/vmlinuz-$kernel")" "$top/bed/vmlinux"
/usr/bin/python3 "$here/image.py" "$here/dom0.list" "$top/bed/dom0.cpio.gz" root="$top/root" \
	bed="$here" busybox="$busybox" xen=/usr/lib/xen-4.20 modules="$modules"
echo "$stamp" >"$top/stamp"
