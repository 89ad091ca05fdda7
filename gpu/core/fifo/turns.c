/* SPDX-License-Identifier: MIT */
/*
 * turns.c - fixed shares: takes tenants' channels off and puts them on, by a timer (see turns.h).
 *
 * A turn goes: begin_slot(), `on` answered (or nothing to put on), started(), the timer,
 * turn_over(), the channel that is being scheduled is, `off` answered (or nothing to take off), and
 * the next slot begins.
 */
#include <errno.h>
#include <inttypes.h>

#include "gpu/core/fifo/group.h"

static void arm(struct gpu_turns *t, uint64_t us)
{
	hv_timer_arm(&t->timer, hv_now() + us * HV_US);
}

/* ---------------------------------------------------------------- who is concerned */

/* It may run if nobody keeps it from that, as far as is known. */
static bool runs(const struct gpu_channel *ch)
{
	return ch->runs && !ch->faulted && ch->step <= GPU_CHANNEL_STOP;
}

static bool wants(const struct gpu_channel *ch)
{
	return ch->step == GPU_CHANNEL_LIVE && !ch->ending;
}

static bool anybody(const struct gpu_turns *t)
{
	for (unsigned int s = 0; s < t->slots; s++) {
		const struct gpu_tenant *o = t->owner[s];

		for (unsigned int i = 0; o && i < o->nr_slots; i++)
			if (o->channel[i] && (runs(o->channel[i]) || o->channel[i]->parked))
				return true;
	}
	return false;
}

/* ---------------------------------------------------------------- the call */

/* Who waits for his turn learns from the firmware's silence that there is none. */
static void given_up(struct gpu_turns *t, const char *why)
{
	t->running = false;
	gpu_give_up(gpu_rm_gpu(t->rm), why);
	for (unsigned int s = 0; s < t->slots; s++) {
		struct gpu_tenant *o = t->owner[s];

		for (unsigned int i = 0; o && i < o->nr_slots; i++)
			if (o->channel[i] && o->channel[i]->parked)
				gpu_channel_parked(o->channel[i]);
	}
}

static void release_named(struct gpu_tenant *tenant)
{
	for (unsigned int i = 0; tenant && i < tenant->nr_slots; i++)
		if (tenant->channel[i])
			tenant->channel[i]->named = false;
	if (tenant)
		gpu_channels_go_on(tenant);
}

/* Names the tenant's channels in a call. 0: there are none; 1: it is under way; or why not. */
static int name(struct gpu_turns *t, struct gpu_tenant *tenant, bool off)
{
	struct gpu_channel *which[GPU_CHANNELS_MAX];
	unsigned int n = 0;
	int err;

	for (unsigned int i = 0; i < tenant->nr_slots; i++) {
		struct gpu_channel *ch = tenant->channel[i];

		if (ch && runs(ch) && (off || wants(ch)))
			which[n++] = ch;
	}
	if (!n)
		return 0;
	t->call.refused = false;
	err = gpu_channels_put_stop(&t->call, t->buf, which, n, off);
	if (!err)
		err = fwq_client_control(gpu_rm_self(t->rm), &t->call, FWQ_SUBDEVICE,
					 FWQ_N_NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS,
					 FWQ_S_NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS);
	if (err)
		return err;
	for (unsigned int i = 0; i < n; i++)
		which[i]->named = true;
	t->busy = true;
	t->off = off;
	t->stats.calls++;
	return 1;
}

/* ---------------------------------------------------------------- a turn */

/* The next channel of whose turn it is that waits for that. */
static void unpark(struct gpu_turns *t)
{
	struct gpu_tenant *o = t->on;

	for (unsigned int i = 0; o && i < o->nr_slots; i++) {
		if (t->scheduling || t->over || t->on != o)
			return;
		if (o->channel[i] && o->channel[i]->parked)
			gpu_channel_parked(o->channel[i]);
	}
}

static void started(struct gpu_turns *t)
{
	uint64_t took = hv_now() - t->since;

	t->over = false;
	t->stats.switching += took;
	t->stats.late += took > GPU_SWITCH_US * HV_US;
	arm(t, GPU_SLOT_US);
	unpark(t);
}

static void begin_slot(struct gpu_turns *t)
{
	struct gpu_tenant *owner;
	int ret = 0;

	if (!anybody(t)) {
		t->running = false;
		return;
	}
	t->slot = (t->slot + 1) % t->slots;
	t->stats.slots++;
	owner = t->owner[t->slot];
	t->on = owner;
	if (owner)
		ret = name(t, owner, false);
	if (ret < 0)
		given_up(t, "a turn cannot begin");
	else if (!ret)
		started(t);
}

/* Its time is over; what still has to be waited for calls this again. */
static void turn_over(struct gpu_turns *t)
{
	int ret = 0;

	if (!t->over)
		t->since = hv_now();
	t->over = true;
	if (t->busy || t->scheduling)
		return;
	if (gpu_rm_gpu(t->rm)->lost) {
		given_up(t, "turns have ended with it");
		return;
	}
	if (t->on)
		ret = name(t, t->on, true);
	if (ret < 0) {
		given_up(t, "a turn cannot end");
	} else if (!ret) {
		t->on = NULL;
		begin_slot(t);
	}
}

static void off_came(struct gpu_turns *t, int err)
{
	if (!err) {
		t->refused = 0;
		t->on = NULL;
		begin_slot(t);
		return;
	}
	t->stats.refused++;
	if (++t->refused < GPU_TURN_TRIES)
		arm(t, GPU_SLOT_US);
	else
		given_up(t, "a tenant's channels do not come off");
}

static void came(struct fwq_rm_call *call, int err)
{
	struct gpu_turns *t = call->arg;
	struct gpu_tenant *tenant = t->on;

	t->busy = false;
	release_named(tenant);
	if (err)
		gpu_rm_complain(t->rm, call, err, "turn of slot %u", t->slot);
	if (err && !call->refused) {
		given_up(t, "its firmware does not change turns");
	} else if (t->off) {
		off_came(t, err);
	} else {
		t->stats.refused += err != 0;
		started(t);
	}
}

static void on_timer(struct hv_timer *timer)
{
	turn_over((struct gpu_turns *)((char *)timer - offsetof(struct gpu_turns, timer)));
}

/* ---------------------------------------------------------------- channels */

bool gpu_turns_may_schedule(struct gpu_turns *t, struct gpu_channel *ch)
{
	if (t->policy != GPU_FIXED_SHARE || ch->tenant->outside || ch->tenant->gpu->lost)
		return true;
	if (t->on == ch->tenant && !t->over && !t->busy && !t->scheduling) {
		t->scheduling = ch;
		return true;
	}
	if (!t->running) {
		t->running = true;
		t->since = hv_now();
		t->over = true;
		arm(t, 0);
	}
	return false;
}

void gpu_turns_scheduled(struct gpu_turns *t, struct gpu_channel *ch)
{
	if (t->scheduling != ch)
		return;
	t->scheduling = NULL;
	if (t->over)
		turn_over(t);
	else
		unpark(t);
}

/* ---------------------------------------------------------------- tenants */

int gpu_policy_set(struct gpu_rm *rm, enum gpu_policy policy, unsigned int slots)
{
	struct gpu_turns *t = &gpu_rm_fifo(rm)->turns;
	bool fixed = policy == GPU_FIXED_SHARE;

	if (t->tenants)
		return -EBUSY;
	if (policy > GPU_FIXED_SHARE || (fixed ? !slots || slots > GPU_SLOTS_MAX : slots))
		return -EINVAL;
	if (fixed && !fwq_has_number(gpu_rm_pack(rm), FWQ_N_NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS))
		return -EOPNOTSUPP;
	t->policy = policy;
	t->slots = slots;
	t->rm = rm;
	t->timer.fn = on_timer;
	fwq_rm_call_init(&t->call, gpu_rm_fwq(rm), &gpu_rm_self(rm)->caller, t->buf, sizeof(t->buf),
			 came, t);
	return 0;
}

const char *gpu_policy_name(enum gpu_policy policy)
{
	static const char *const names[] = {"best-effort", "equal-share", "fixed-share"};

	return names[policy];
}

enum gpu_policy gpu_policy_get(struct gpu_rm *rm, unsigned int *slots)
{
	*slots = gpu_rm_fifo(rm)->turns.slots;
	return gpu_rm_fifo(rm)->turns.policy;
}

const struct gpu_turn_stats *gpu_turn_stats(struct gpu_rm *rm)
{
	return &gpu_rm_fifo(rm)->turns.stats;
}

int gpu_turns_join(struct gpu_turns *t, struct gpu_tenant *tenant, bool outside)
{
	unsigned int s = 0;

	tenant->outside = outside;
	while (s < t->slots && t->owner[s])
		s++;
	if (t->policy == GPU_FIXED_SHARE && !outside) {
		if (s == t->slots)
			return -ENOSPC;
		t->owner[s] = tenant;
	}
	t->tenants++;
	return 0;
}

void gpu_turns_leave(struct gpu_turns *t, struct gpu_tenant *tenant)
{
	t->tenants--;
	for (unsigned int s = 0; s < t->slots; s++)
		if (t->owner[s] == tenant)
			t->owner[s] = NULL;
	if (t->on == tenant)
		t->on = NULL;
}

uint32_t gpu_turns_weight(const struct gpu_turns *t, uint32_t weight)
{
	return t->policy == GPU_EQUAL_SHARE ? GPU_WEIGHT_DEFAULT : weight;
}

void gpu_turns_stop(struct gpu_turns *t)
{
	hv_timer_cancel(&t->timer);
	t->running = false;
}
