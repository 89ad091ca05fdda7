#!/bin/sh
# SPDX-License-Identifier: MIT
# In the Linux test guest: looks at the render node, holds it open over a loss of the driver domain, lets a
# self-test by DMA finish, and unloads and loads the module; answers below data/ like tests/xen/images/worker.h.
xs=/usr/bin/xenstore

# Waits until the node is there and answers.
check() {
	for _ in $(seq 100); do
		line=$(drmcheck) && break
		sleep 0.2
	done
	echo "$line"
}

$xs write data/drm "$(check)"
drmcheck hold >/tmp/hold &
while ! grep -q back /tmp/hold; do
	$xs write data/hold "$(tail -n 1 /tmp/hold)"
	sleep 0.3
done
$xs write data/hold back
$xs write data/again "$(check)"
par=/sys/module/xen_vgpu_front/parameters
echo 1 >$par/selftest_go
if [ "$(cat $par/selftest_dma)" = Y ]; then
	while :; do
		ring=$(dmesg | sed -n 's/.*xen-vgpu: selftest: //p' | tail -n 1)
		case $ring in *verified* | *FAILED* | *MISMATCH*) break ;; esac
		sleep 0.2
	done
	$xs write data/ring "$ring rung=$(cat /sys/bus/xen/devices/vgpu-0/stats/doorbells)"
fi
echo vgpu-0 >/sys/bus/xen/drivers/xen-vgpu/unbind
$xs write data/unbound "$(drmcheck)"
rmmod xen_vgpu_front && insmod /lib/xvgpu/xen-vgpu-front.ko
$xs write data/reloaded "$(check)"
$xs write data/oops "$(dmesg | grep -c -E 'BUG:|WARNING:|Oops')"
