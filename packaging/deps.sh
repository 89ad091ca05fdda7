#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs what deps.list names and the machine lacks; when nothing is missing, it ends at once.
#
# usage: packaging/deps.sh [BUILD]	(default: build/ below the project's root)
#        packaging/deps.sh --kernel	prints the kernel release that modules are built for
#
# Runs as root or through sudo. The log of apt is BUILD/log/deps.log.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
list=$here/deps.list

die() { echo "deps: $*" >&2; exit 1; }

# The newest installed kernel headers of Debian 12's kernel, e.g. "6.1.0-56-amd64".
kernel_release() {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'linux-headers-6.1.*[0-9]-amd64' \
		2>/dev/null | sed -n 's/^installed linux-headers-//p' | sort -V | tail -n 1
}

if [ "${1:-}" = --kernel ]; then
	release=$(kernel_release)
	[ -n "$release" ] || die "no kernel headers of Debian 12 (linux-headers-amd64) are installed"
	echo "$release"
	exit 0
fi

build=${1:-${BUILD:-$here/../build}}
mkdir -p "$build/log"
build=$(cd "$build" && pwd)
log=$build/log/deps.log
sysroot=$build/sysroot
updated=no

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

# Says what went wrong while apt did "$1", and what to do about it.
apt_failed() {
	tail -n 5 "$log" >&2
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		die "this user may not install packages and there is no sudo; as root: apt-get install $1"
	fi
	die "apt-get could not fetch or install $1. The log is $log. This needs Debian 12 with a" \
		"reachable mirror in /etc/apt; try \`apt-get update && apt-get install $1\` as root," \
		"then run the same command again"
}

update_once() {
	[ $updated = no ] || return 0
	echo "deps: apt-get update"
	as_root apt-get -q update >>"$log" 2>&1 || apt_failed "$1"
	updated=yes
}

# A failing script of some package (boot loader, initramfs) must not stop us if the files are there,
# so what counts is what is missing afterwards, not apt's exit status.
install_packages() {
	update_once "$*"
	echo "deps: installing $* (log in $log)"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
		-o DPkg::Lock::Timeout=300 install "$@" >>"$log" 2>&1 || true
}

# Names in the list: `plain` ones to install, or the `unpack` ones.
names() {
	sed 's/#.*//' "$list" |
		awk -v kind="$1" 'NF == 1 && kind == "plain" { print $1 } NF == 2 && $1 == kind { print $2 }'
}

missing() {
	# shellcheck disable=SC2046 # one word for each package
	present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(names plain) 2>/dev/null |
		sed -n 's/^\(installed\|unpacked\|half-configured\|triggers-[a-z]*\) //p')
	for name in $(names plain); do
		echo "$present" | grep -qxF "$name" || echo "$name"
	done
}

# Whether a package's files are there, installed or unpacked: "$1" is a path that tells.
have_file() {
	[ -e "$1" ] || [ -e "$sysroot$1" ]
}

# The path that tells whether an `unpack` package is there.
telltale() {
	case $1 in
	xen-hypervisor-*) echo "/boot/xen-${1#xen-hypervisor-}.gz" ;;
	linux-image-*) echo "/lib/modules/${1#linux-image-}/kernel" ;;
	*) die "$list: do not know how to recognise $1" ;;
	esac
}

fetch_and_unpack() {
	update_once "$1"
	echo "deps: fetching $1 into $sysroot (not installed)"
	mkdir -p "$sysroot/.fetch"
	(
		cd "$sysroot/.fetch"
		rm -f ./*.deb
		apt-get -q download "$1" >>"$log" 2>&1 && dpkg-deb -x ./*.deb "$sysroot"
	) || return 1
	rm -rf "$sysroot/.fetch"
}

: >"$log"
wanted=$(missing)
if [ -n "$wanted" ]; then
	# shellcheck disable=SC2086 # one word for each package
	install_packages $wanted
	wanted=$(missing | tr '\n' ' ')
	[ -z "$wanted" ] || apt_failed "$wanted"
fi

for name in $(names unpack); do
	full=$(echo "$name" | sed "s/@KERNEL@/$(kernel_release)/")
	have_file "$(telltale "$full")" && continue
	if ! fetch_and_unpack "$full"; then
		# The mirror may have dropped the kernel that the installed headers are for.
		[ "$name" != "$full" ] || apt_failed "$full"
		install_packages linux-headers-amd64
		full=$(echo "$name" | sed "s/@KERNEL@/$(kernel_release)/")
		have_file "$(telltale "$full")" || fetch_and_unpack "$full" || apt_failed "$full"
	fi
done
