#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds newlib, the C library of the bare-metal port, from Debian's newlib-source.
#
# usage: hv/xen/newlib.sh [BUILD]        (default: build/ below the project's root)
#
# Result: BUILD/newlib/include and BUILD/newlib/lib/libc.a. Nothing is done when the result is
# there already and was made from this package version, by this compiler, with this script.
#
# Why these compiler options:
#  -mno-red-zone      Xen delivers events and faults of a PV kernel on the running stack, so what
#                     lies below the stack pointer can be overwritten at any instruction.
#  -fno-pic -ffreestanding -fno-stack-protector
#                     there is no loader, no libc below this one and no canary in %fs.
#  -fno-omit-frame-pointer
#                     the port's backtrace walks frame pointers through libc as well.
#  -ffunction-sections -fdata-sections
#                     so that --gc-sections drops what an image does not use.
# The library does use SSE registers: the x86-64 ABI passes doubles in them, so a printf() that
# knows %f cannot be built without. This is safe as long as whatever runs on top of interrupted
# code (the port's trap and upcall entry) is compiled with -mgeneral-regs-only, calls nothing of
# this library and so leaves those registers alone.

set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-${BUILD:-$root/build}}
mkdir -p "$build/log"
build=$(cd "$build" && pwd)
out=$build/newlib
log=$build/log/newlib.log

die() { echo "newlib: $*" >&2; exit 1; }

version=$(dpkg-query -W -f '${Version}' newlib-source 2>/dev/null) ||
	die "the package newlib-source is missing; run packaging/deps.sh"
tarball=$(ls /usr/src/newlib/newlib-*.tar.xz 2>/dev/null) ||
	die "no tarball in /usr/src/newlib; reinstall the package newlib-source"
stamp="$version $(gcc -dumpfullversion) $(cksum <"$0")"

if [ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

echo "newlib: building $version (about a minute, log in $log)"
# The flags of a make that calls this script are not for the makes below.
unset MAKEFLAGS MFLAGS MAKELEVEL
rm -rf "$build/newlib.tmp"
mkdir -p "$build/newlib.tmp/obj"
cd "$build/newlib.tmp"
tar -xf "$tarball" --strip-components=1 --one-top-level=src
cd obj

cflags="-O2 -g -ffreestanding -fno-pic -mno-red-zone -fno-stack-protector \
-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fcf-protection=none \
-ffunction-sections -fdata-sections"

# --enable-newlib-io-c99-formats: without it printf() does not know %zu, %jd and %hhx.
# MAKEINFO=true: nobody reads the manual from here.
{
	../src/configure --target=x86_64-elf --prefix=/ --disable-multilib \
		--disable-newlib-supplied-syscalls --disable-libgloss --disable-newlib-mb \
		--enable-newlib-io-long-long --enable-newlib-io-c99-formats \
		CC_FOR_TARGET=gcc AR_FOR_TARGET=ar AS_FOR_TARGET=as LD_FOR_TARGET=ld \
		RANLIB_FOR_TARGET=ranlib NM_FOR_TARGET=nm STRIP_FOR_TARGET=strip \
		READELF_FOR_TARGET=readelf CFLAGS_FOR_TARGET="$cflags" MAKEINFO=true &&
	make -j2 MAKEINFO=true all-target-newlib &&
	make MAKEINFO=true DESTDIR="$build/newlib.tmp/inst" install-target-newlib
} >"$log" 2>&1 || die "the build failed, see the end of $log"

# configure put the result below the target's name; the port wants one flat place.
cd "$build/newlib.tmp/inst/x86_64-elf"
[ -s lib/libc.a ] || die "no libc.a came out, see $log"
rm -f lib/libg.a
echo "$stamp" >stamp
rm -rf "$out"
mv "$PWD" "$out"
rm -rf "$build/newlib.tmp"
