/* SPDX-License-Identifier: MIT */
/*
 * attacker - a hostile guest that submits to the GPU what no driver would, case by case (tests/xen/attacks.c).
 *
 * Words: first=N begins with case N, every=N takes each N-th from there on. After data/go=start each answer is
 * in data/case-NAME: "ok", or what came of it. A channel that is busy for ever is kept so from data/busy=NAME
 * until data/go=NAME. Then garbage=N random submissions, of which data/garbage tells. data/done follows all that.
 */
#include "tests/xen/attacks.h"
#include "tests/xen/garbage.h"
#include "worker.h"

static void keep_busy(const struct attack *attack, void *arg)
{
	(void)arg;
	if (!attack->endless)
		return;
	answer("busy", "%s", attack->name);
	(void)wait_told(attack->name, 300 * HV_S);
}

static int garbage(struct front_dev *dev, unsigned int n)
{
	static struct garbage g;
	int err = garbage_open(&g, dev, 6), end;

	if (!err)
		err = garbage_submit(&g, n, 100 * HV_MS);
	end = garbage_close(&g);
	answer("garbage", "%s done=%llu stopped=%llu busy=%llu", err || end ? "FAILED" : "ok",
	       (unsigned long long)g.done, (unsigned long long)g.stopped,
	       (unsigned long long)g.busy);
	return err ? err : end;
}

static int attacker_start(int argc, char **argv)
{
	struct front_dev *dev;
	unsigned int first = (unsigned int)order_number(argc, argv, "first", 0);
	unsigned int every = (unsigned int)order_number(argc, argv, "every", 1);
	int err = front_open(0, NULL, NULL, &dev);

	if (!err) {
		front_set_timeout(dev, 60 * HV_S); /* an emulated machine may be slow */
		err = front_wait_connected(dev, 120 * HV_S);
	}
	answer("phase", err ? "FAILED: no connection" : "connected");
	err = wait_told("start", 300 * HV_S);
	for (unsigned int i = first; i < attacks_nr && !err; i += every) {
		char why[96] = "ok", node[64];

		err = attack_run(&attacks[i], dev, keep_busy, NULL, why, sizeof(why));
		snprintf(node, sizeof(node), "case-%s", attacks[i].name);
		answer(node, "%s", why);
	}
	if (!err)
		err = garbage(dev, (unsigned int)order_number(argc, argv, "garbage", 0));
	answer("done", err ? "FAILED" : "ok");
	return wait_told("end", 900 * HV_S);
}

HV_IMAGE(attacker_start);
