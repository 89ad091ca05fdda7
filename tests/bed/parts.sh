# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
#
# Read by dom0.sh and guest-linux.sh: where things are. Sets root, build (absolute), out, kernel
# and modules; $1 is the BUILD argument and may be empty.

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${1:-${BUILD:-$root/build}}
out=$build/bed
mkdir -p "$out"
build=$(cd "$build" && pwd)
out=$build/bed

die() { echo "$(basename "$0" .sh): $*" >&2; exit 1; }

# Prints where a file of the kernel or hypervisor package is: installed, or unpacked by deps.sh.
find_part() {
	for top in "" "$build/sysroot"; do
		if [ -e "$top$1" ]; then
			echo "$top$1"
			return
		fi
	done
	die "there is no $1; run packaging/deps.sh"
}

kernel=$("$root/packaging/deps.sh" --kernel) || exit 1
modules=$(find_part "/lib/modules/$kernel/kernel")
modules=${modules%/kernel}
busybox=$(command -v busybox) || die "busybox-static is missing; run packaging/deps.sh"
