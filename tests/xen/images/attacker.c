/* SPDX-License-Identifier: MIT */
/*
 * attacker - a hostile guest that submits to the GPU what no driver would, case by case (tests/xen/attacks.c).
 *
 * With step=NAME it is an honest guest that goes to this step of a slice's life (tests/xen/life.c), says so in
 * data/step, and stays there until it is killed: "in flight" means that it does so over and over.
 *
 * Other words: foreign=ADDRESS is where the neighbour's USERD is; first=N begins with case N, every=N takes each N-th from there on. After data/go=start each answer is
 * in data/case-NAME: "ok", or what came of it. A channel that is busy for ever is kept so from data/busy=NAME
 * until data/go=NAME. Then garbage=N random submissions, of which data/garbage tells. data/done follows all that.
 */
#include "guest-frontend/bare/raw.h"
#include "hv/xen/xen.h"
#include "tests/xen/attacks.h"
#include "tests/xen/garbage.h"
#include "tests/xen/life.h"
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

static void say_and_be_deaf(struct life *life)
{
	answer("step", "%s", life_steps[life->goal].name);
	for (;;)
		(void)hv_xen_block_until(never, NULL, UINT64_MAX);
}

static int live_until(const char *name)
{
	static struct life life = {.deaf = say_and_be_deaf};
	const unsigned int n = life_find(name);
	const struct life_step *step = &life_steps[n];
	int err = n < life_steps_nr ? life_go(&life, n) : -EINVAL;

	if (err)
		answer("step", "FAILED: %s: %d%s", life.doing ? life.doing : name, err,
		       life.dirty ? ", memory that is not zero" : "");
	else
		answer("step", "%s", name);
	while (!err && step->keep) {
		err = step->keep(&life);
		if (err)
			answer("step", "FAILED: staying at %s: %d", name, err);
	}
	return wait_told("end", 900 * HV_S);
}

/* A PV guest's page tables name the machine's frames, of what others have granted too. */
static uint64_t address_of_userd(struct front_dev *dev, uint32_t channel)
{
	return hv_dma_addr(front_raw_userd(dev, channel));
}

static int attacker_start(int argc, char **argv)
{
	const char *step = order_text(argc, argv, "step", NULL);
	struct front_dev *dev;
	unsigned int first = (unsigned int)order_number(argc, argv, "first", 0);
	unsigned int every = (unsigned int)order_number(argc, argv, "every", 1);
	int err;

	if (step)
		return live_until(step);
	err = front_open(0, NULL, NULL, &dev);
	if (!err) {
		front_set_timeout(dev, 60 * HV_S); /* an emulated machine may be slow */
		err = front_wait_connected(dev, 120 * HV_S);
	}
	answer("phase", err ? "FAILED: no connection" : "connected");
	err = wait_told("start", 300 * HV_S);
	forged_known =
		(struct forged_known){address_of_userd, order_number(argc, argv, "foreign", 0)};
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
