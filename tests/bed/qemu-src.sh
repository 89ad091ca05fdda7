#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the headers of the installed QEMU, so that a device of our own can be compiled for it.
#
# usage: tests/bed/qemu-src.sh [BUILD]        (default: build/ below the project's root)
#
# Debian's qemu-system-x86_64 exports its symbols, so a shared object that registers a device type
# in a constructor and comes in through LD_PRELOAD adds a device to the stock binary. QEMU keeps no
# stable interface for that: structure layouts must be those of exactly this build. So this fetches
# the source package of the installed version, with Debian's patches, and keeps its headers.
#
# Result: BUILD/qemu/include.flags, the compiler's -I flags in one line, and BUILD/qemu/version,
# the upstream version ("7.2.22"), which the device must compare with the QEMU it finds itself in.
# Nothing is done when the result belongs to the installed version already.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${1:-${BUILD:-$root/build}}
mkdir -p "$build/log"
build=$(cd "$build" && pwd)
out=$build/qemu
log=$build/log/qemu-src.log

die() { echo "qemu-src: $*" >&2; exit 1; }

binary=$(dpkg-query -W -f '${Version}' qemu-system-x86 2>/dev/null) ||
	die "the package qemu-system-x86 is missing; run packaging/deps.sh"
version=$(dpkg-query -W -f '${source:Version}' qemu-system-x86)
stamp="$binary $out $(cksum <"$0")"

if [ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

echo "qemu-src: fetching the headers of QEMU $version (log in $log)"
tmp=$build/qemu.tmp
rm -rf "$tmp"
mkdir -p "$tmp/new/gen"
cd "$tmp"

/usr/bin/python3 "$here/apt.py" --dir "$build/apt" --types deb-src \
	source --download-only "qemu=$version" >"$log" 2>&1 ||
	die "cannot fetch the source of qemu $version, see $log. If the mirror has a newer" \
		"version only: apt-get install --only-upgrade qemu-system-x86 qemu-system-common"

# apt has checked the signature of the index that lists these files, and their hashes.
dpkg-source --no-check -x qemu_*.dsc src >>"$log" 2>&1 || die "cannot unpack the source, see $log"

# What QEMU's configure would have written, as far as headers ask for it.
gen=$tmp/new/gen
upstream=$(cat src/VERSION)
cat >"$gen/config-host.h" <<END
#define CONFIG_LINUX 1
#define CONFIG_POSIX 1
#define CONFIG_IOVEC 1
#define CONFIG_MADVISE 1
#define CONFIG_POSIX_MADVISE 1
#define CONFIG_ATOMIC64 1
#define CONFIG_INT128 1
#define CONFIG_TCG 1
#define HOST_X86_64 1
#define QEMU_VERSION "$upstream"
END
: >"$gen/config-target.h"
: >"$gen/config-poison.h"
(cd src && /usr/bin/python3 scripts/qapi-gen.py -o "$gen/qapi" -b qapi/qapi-schema.json) \
	>>"$log" 2>&1 || die "qapi-gen failed, see $log"
rm -f "$gen"/qapi/*.c "$gen"/qapi/*.trace-events

mv src/include src/linux-headers new/
echo "$upstream" >new/version
echo "-I$out/gen -I$out/gen/qapi -I$out/include -I$out/linux-headers" >new/include.flags
echo "$stamp" >new/stamp
rm -rf "$out"
mv new "$out"
cd "$build"
rm -rf "$tmp"
