/* SPDX-License-Identifier: MIT */
/*
 * client.c - a whole conversation with a firmware whose release was not known when this was compiled.
 *
 *	scramble-client PACK MEMORY-FD DOORBELL-FD INTERRUPT-FD
 *
 * Each step says what it has seen; the first thing that is not as agreed ends the program with 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fwq/sequencer.h"
#include "fwq/status.h"
#include "hv/hv.h"
#include "tests/peer/scramble/agreed.h"
#include "tests/peer/scramble/client.h"

#define BAR0_SIZE 0x1000000u

struct fwq_rm rm;
struct fwq_clients clients;
struct seen seen;

static struct fwq_caller caller; /* for what no client of RM's says */
static uint64_t buf[8192];

/* ---------------------------------------------------------------- events */

static void check_script(const uint8_t *payload, uint32_t len)
{
	static const struct fwq_sequencer_op want[] = {
		{.kind = FWQ_SEQUENCER_CORE_RESET},
		{.kind = FWQ_SEQUENCER_REG_WRITE, .addr = A_WRITE_ADDR, .val = A_WRITE_VAL},
		{.kind = FWQ_SEQUENCER_REG_MODIFY,
		 .addr = A_MODIFY_ADDR,
		 .mask = A_MODIFY_MASK,
		 .val = A_MODIFY_VAL},
		{.kind = FWQ_SEQUENCER_DELAY, .delay_us = A_DELAY},
		{.kind = FWQ_SEQUENCER_CORE_START},
		{.kind = FWQ_SEQUENCER_REG_POLL,
		 .addr = A_POLL_ADDR,
		 .mask = A_POLL_MASK,
		 .val = A_POLL_VAL,
		 .timeout_us = A_POLL_TIMEOUT,
		 .error = A_POLL_ERROR},
		{.kind = FWQ_SEQUENCER_CORE_WAIT_FOR_HALT},
		{.kind = FWQ_SEQUENCER_REG_STORE, .addr = A_STORE_ADDR, .index = A_STORE_INDEX},
		{.kind = FWQ_SEQUENCER_CORE_RESUME},
	};
	const unsigned int n = sizeof(want) / sizeof(want[0]);
	struct fwq_sequencer_op op;
	struct fwq_sequencer seq;

	if (fwq_sequencer_open(&pack, payload, len, BAR0_SIZE, &seq))
		fail("script: %s: word %u, 0x%x", seq.why, seq.where, seq.value);
	for (; fwq_sequencer_next(&seq, &op); seen.commands++)
		if (seen.commands == n || memcmp(&op, &want[seen.commands], sizeof(op)) != 0)
			fail("command %u of the script is another one", seen.commands);
	same("commands of the script", seen.commands, n);
}

static void check_bytes(const char *what, const struct fwq_bytes *b, const char *want)
{
	if (b->len != strlen(want) + 1 || memcmp(b->at, want, b->len) != 0)
		fail("%s: %u bytes that nobody wrote", what, b->len);
}

static void check_channel(const struct fwq_event_rc *rc)
{
	same("RC engine", rc->engine, a_value("nv2080EngineType", 0, 4));
	same("RC channel", rc->channel, a_value("chid", 0, 4));
	same("RC exception", rc->exception, a_value("exceptType", 0, 4));
	same("RC scope", rc->scope, a_value("scope", 0, 4));
	same("RC partition", rc->partition, a_value("partitionAttributionId", 0, 2));
	same("RC function", rc->gfid, a_value("gfid", 0, 4));
	check_bytes("RC journal", &rc->journal, A_JOURNAL);
	seen.channels++;
}

static void check_error(const struct fwq_event_error *e)
{
	same("Xid", e->xid, a_value("exceptType", 0, 4));
	same("Xid's runlist", e->runlist, a_value("runlistId", 0, 4));
	same("Xid's channel", e->channel, a_value("chid", 0, 4));
	if (strcmp(e->text, A_XID_TEXT) != 0)
		fail("Xid says `%s`", e->text);
	seen.errors++;
}

static void on_event(struct fwq_rpc *from, uint32_t function, const uint8_t *payload, uint32_t len)
{
	struct fwq_event e;
	int ret = fwq_event_decode(&pack, function, payload, len, &e);

	(void)from;
	if (ret)
		fail("event 0x%x (%s): error %d", function, e.name ? e.name : "unknown", ret);
	switch (e.kind) {
	case FWQ_EVENT_RUN_CPU_SEQUENCER:
		check_script(payload, len);
		break;
	case FWQ_EVENT_INIT_DONE:
		seen.init_done++;
		break;
	case FWQ_EVENT_POST_EVENT:
		fwq_clients_post(&clients, &e.post);
		break;
	case FWQ_EVENT_OS_ERROR_LOG:
		check_error(&e.error);
		break;
	case FWQ_EVENT_RC_TRIGGERED:
		check_channel(&e.rc);
		break;
	case FWQ_EVENT_VGPU_GSP_PLUGIN_TRIGGERED:
		same("plugin's function", e.plugin.gfid, a_value("gfid", 0, 4));
		same("plugin's notifier", e.plugin.notify_index, a_value("notifyIndex", 0, 4));
		seen.triggers++;
		break;
	case FWQ_EVENT_UCODE_LIBOS_PRINT:
		same("printing engine", e.print.engine, 7);
		check_bytes("print", &e.print.bytes, A_PRINT);
		seen.prints++;
		break;
	case FWQ_EVENT_LOCKDOWN_NOTICE:
		same("lockdown", e.lockdown, 1);
		seen.lockdowns++;
		break;
	default:
		fail("event 0x%x (%s), which nobody sent", function, e.name ? e.name : "unknown");
	}
}

void wait_for(const unsigned int *count, unsigned int at_least, const char *what)
{
	uint64_t end = hv_now() + 5 * HV_S;

	while (*count < at_least) {
		if (fwq_clients_poll(&clients) < 0)
			fail("the queues are broken, waiting for %s", what);
		if (*count < at_least && hv_now() > end)
			fail("no %s: %llu records, %llu bad", what,
			     (unsigned long long)rpc.q->stats.received,
			     (unsigned long long)rpc.q->stats.bad_records);
		if (*count < at_least)
			hv_delay(HV_MS);
	}
}

/* ---------------------------------------------------------------- boot */

static unsigned int sent;

static void on_sent(struct fwq_call *c, int err)
{
	if (err)
		fail("function %u: error %d", c->function, err);
	sent++;
}

static void one_way(enum fwq_number function, uint32_t len)
{
	struct fwq_call c = {.function = (uint32_t)pack.number[function],
			     .request = buf,
			     .request_len = len,
			     .one_way = true,
			     .timeout = 5 * HV_S,
			     .done = on_sent};
	unsigned int before = sent;
	int ret = fwq_rpc_submit(&rpc, &caller, &c, hv_now());

	if (ret || sent == before)
		fail("%s: error %d", fwq_number_name(function), ret);
}

static void queue_system_info(void)
{
	fill(FWQ_S_GspSystemInfo, buf, 0);
	one_way(FWQ_N_NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO,
		fwq_sizeof(&pack, FWQ_S_GspSystemInfo));
}

static void queue_registry(void)
{
	static const struct {
		const char *name;
		uint32_t data;
	} keys[] = {{A_REGISTRY_NAME_0, A_REGISTRY_DATA_0}, {A_REGISTRY_NAME_1, A_REGISTRY_DATA_1}};
	const uint32_t n = sizeof(keys) / sizeof(keys[0]);
	uint32_t step = fwq_sizeof(&pack, FWQ_S_PACKED_REGISTRY_ENTRY), end;
	uint8_t *text = (uint8_t *)buf, *entry;

	memset(buf, 0, sizeof(buf));
	entry = SPAN(PACKED_REGISTRY_TABLE, entries, buf);
	end = (uint32_t)(entry - text) + n * step;
	for (uint32_t i = 0; i < n; i++, entry += step) {
		PUT(PACKED_REGISTRY_ENTRY, nameOffset, entry, end);
		PUT(PACKED_REGISTRY_ENTRY, type, entry, 1); /* DWORD */
		PUT(PACKED_REGISTRY_ENTRY, data, entry, keys[i].data);
		PUT(PACKED_REGISTRY_ENTRY, length, entry, 4);
		memcpy(text + end, keys[i].name, strlen(keys[i].name) + 1);
		end += (uint32_t)strlen(keys[i].name) + 1;
	}
	PUT(PACKED_REGISTRY_TABLE, size, buf, end);
	PUT(PACKED_REGISTRY_TABLE, numEntries, buf, n);
	one_way(FWQ_N_NV_VGPU_MSG_FUNCTION_SET_REGISTRY, end);
}

static void boot(void)
{
	queue_system_info();
	queue_registry();
	machine_boot();
	wait_for(&seen.init_done, 1, "INIT_DONE");
	printf("client: init: %u sequencer commands, then INIT_DONE\n", seen.commands);
}

/* ---------------------------------------------------------------- calls that are no client's */

static void plain(enum fwq_number function, enum fwq_struct payload, bool filled)
{
	struct fwq_rm_call call;
	char text[FWQ_RM_TEXT];
	uint8_t *p;
	int ret;

	fwq_rm_call_init(&call, &rm, &caller, buf, sizeof(buf), NULL, NULL);
	p = fwq_rm_params(&call, payload);
	if (!p)
		fail("no room for %s", fwq_struct_name(payload));
	if (filled)
		fill(payload, p, 0);
	ret = fwq_rm_rpc(&call, function, payload);
	if (ret)
		fail("%s", fwq_rm_text(&call, ret, text));
	same("length of an answer", call.params_len, fwq_sizeof(&pack, payload));
	check(payload, p, 0);
	printf("client: %s: %u bytes\n", fwq_number_name(function), call.params_len);
}

static void report(void)
{
	const struct fwq_queue_stats *s = &rpc.q->stats;

	same("records and replies that were bad, old, lost or strange",
	     s->bad_records + s->old + s->gaps + rpc.stats.unexpected + rpc.stats.stray +
		     rpc.stats.bad_headers + rpc.stats.cut_replies + rm.stats.malformed +
		     clients.stats.unknown_events + clients.stats.lost_clients,
	     0);
	printf("client: unloaded: %llu calls, %llu events; %llu records out, %llu in\n",
	       (unsigned long long)rpc.stats.calls, (unsigned long long)rpc.stats.events,
	       (unsigned long long)s->sent, (unsigned long long)s->received);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: scramble-client PACK MEMORY-FD DOORBELL-FD INTERRUPT-FD\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	machine_pack(argv[1]);
	printf("client: release %s\n", pack.version);
	machine_start(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), on_event);
	fwq_rpc_caller_add(&rpc, &caller);
	if (fwq_rm_init(&rm, &rpc, &pack) || fwq_clients_init(&clients, &rm))
		fail("the pack is not good enough for RM's clients");
	boot();
	plain(FWQ_N_NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO, FWQ_S_GspStaticConfigInfo, false);
	plain(FWQ_N_NV_VGPU_MSG_FUNCTION_UPDATE_BAR_PDE, FWQ_S_rpc_update_bar_pde_v, true);
	plain(FWQ_N_NV_VGPU_MSG_FUNCTION_SET_PAGE_DIRECTORY, FWQ_S_rpc_set_page_directory_v, true);
	plain(FWQ_N_NV_VGPU_MSG_FUNCTION_UNSET_PAGE_DIRECTORY, FWQ_S_rpc_unset_page_directory_v,
	      true);
	converse();
	plain(FWQ_N_NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER, FWQ_S_rpc_unloading_guest_driver_v,
	      true);
	report();
	return 0;
}
