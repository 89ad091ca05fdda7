#!/bin/sh
# SPDX-License-Identifier: MIT
# In the Linux test guest: passes the harness's orders (xenstore node data/go) on to the frontend's
# self-test, and its result back.
xs=/usr/bin/xenstore
par=/sys/module/xen_vgpu_front/parameters

result() { dmesg | sed -n 's/.*xen-vgpu: selftest: //p' | tail -n 1; }

$xs write data/phase started
while ! dmesg | grep -q 'xen-vgpu: selftest: .*written'; do
	case $(result) in *FAILED* | *MISMATCH*) break ;; esac
	sleep 0.2
done
$xs write data/phase "$(result)"
while [ "$($xs read data/go 2>/dev/null)" != read ]; do sleep 0.2; done
echo 1 >$par/selftest_go
while :; do
	case $(result) in *verified* | *FAILED* | *MISMATCH*) break ;; esac
	sleep 0.2
done
stats=/sys/bus/xen/devices/vgpu-0/stats
$xs write data/result "$(result) requests=$(cat $stats/requests) batches=$(cat $stats/batches) \
sends=$(cat $stats/notifies) doorbells=$(cat $stats/doorbells) wakeups=$(cat $stats/interrupts) grants=$(cat $stats/grants)"
