/* SPDX-License-Identifier: MIT */
/*
 * The time in which the firmware runs: a session learns the engines, logs what the firmware reports, and
 * notices that it has died. The stand-in of the model is made to say what it says.
 */
#include "fwq/view.h"
#include "gpu/core/boot/boot_int.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_pci.h"
#include "gpu/core/rm/session.h"
#include "tests/model/gsp.h"
#include "tests/unit/boot_bed.h"

static const char *const versions[] = {"535.113.01", "535.261.03", "550.163.01", "570.144"};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

struct session {
	struct boot_bed *bed;
	struct gpu_rm *rm;
	bool over, lost;
	int err;
};

static void ready(struct gpu_rm *rm, int err, void *arg)
{
	struct session *s = arg;

	(void)rm;
	assert_false(s->over);
	s->over = true;
	s->err = err;
}

static bool is_over(void *arg)
{
	return ((struct session *)arg)->over;
}

static void on_lost(struct gpu *gpu, void *arg)
{
	(void)gpu;
	((struct session *)arg)->lost = true;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void not_called(hv_port_t port, void *arg)
{
	(void)arg;
	fail_msg("interrupt on port %u", port);
}

static void pass(uint64_t ns)
{
	assert_int_equal(hv_loop_until(never, NULL, ns), -ETIMEDOUT);
}

/* Firmware that runs, and a session that has begun; its first calls are on their way. */
static struct session begun(const char *version)
{
	struct session s = {.bed = boot_bed_up(version)};

	assert_int_equal(gpu_boot_new(s.bed->gpu, &s.bed->fw, s.bed->pack, false, &s.bed->boot), 0);
	if (bed_start(s.bed))
		fail_msg("%s", gpu_boot_error(s.bed->boot));
	return s;
}

static void begin(struct session *s)
{
	s->over = false;
	assert_int_equal(gpu_rm_new(s->bed->gpu, s->bed->boot, ready, s, &s->rm), 0);
}

static int wait_ready(struct session *s)
{
	assert_int_equal(hv_loop_until(is_over, s, 60 * HV_S), 0);
	return s->err;
}

static void end(struct session *s)
{
	gpu_rm_stop(s->rm);
	if (gpu_boot_state(s->bed->boot) == GPU_BOOT_RUNNING && !gpu_is_lost(s->bed->gpu))
		assert_int_equal(bed_stop(s->bed), 0);
	else if (gpu_boot_state(s->bed->boot) == GPU_BOOT_RUNNING)
		assert_int_equal(gpu_boot_stop_now(s->bed->boot), -ENODEV);
	gpu_boot_free(s->bed->boot);
	s->bed->boot = NULL;
	gpu_rm_free(s->rm);
	boot_bed_down(s->bed);
}

static bool says(const struct session *s, const char *text)
{
	return hosted_log_count(s->bed->h, s->bed->dom, text) > 0;
}

static void engines_of_every_version(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VERSIONS; i++) {
		struct session s = begun(versions[i]);
		const struct gpu_engines *e;

		begin(&s);
		assert_int_equal(wait_ready(&s), 0);
		e = gpu_rm_engines(s.rm);
		assert_int_equal(e->n, 11);
		assert_string_equal(e->engine[0].name, "graphics");
		assert_int_equal(e->engine[0].pbdmas, 2);
		assert_string_equal(e->engine[3].name, "ce2");
		assert_int_equal(e->engine[3].runlist, 1);
		assert_int_equal(e->engine[3].type, 0x0b); /* RM_ENGINE_TYPE_COPY2 */
		end(&s);
	}
}

/* An Xid as GSP-RM reports it, in the layout of the version. */
static void send_xid(struct session *s, uint32_t len)
{
	const struct fwq_pack *pack = s->bed->pack;
	uint32_t size = fwq_sizeof(pack, FWQ_S_rpc_os_error_log_v);
	uint8_t payload[1024] = {0};
	static const char text[] = "a channel\nwas bad";

	assert_true(size <= sizeof(payload));
	assert_int_equal(
		fwq_put(pack, FWQ_F_rpc_os_error_log_v__exceptType, payload, size, 0, 0, 31), 0);
	for (uint32_t i = 0; i < sizeof(text); i++)
		assert_int_equal(fwq_put(pack, FWQ_F_rpc_os_error_log_v__errString, payload, size,
					 0, i, (uint8_t)text[i]),
				 0);
	model_gsp_send(s->bed->model, fwq_num(pack, NV_VGPU_MSG_EVENT_OS_ERROR_LOG), 0, 0, payload,
		       len ? len : size);
}

static void what_firmware_reports_is_logged(void **state)
{
	struct session s = begun("570.144");

	(void)state;
	begin(&s);
	assert_int_equal(wait_ready(&s), 0);
	send_xid(&s, 0);
	assert_false(says(&s, "Xid 31"));
	pass(HV_S / 2);
	assert_true(says(&s, "firmware: OS_ERROR_LOG (0x1006): Xid 31"));
	assert_true(says(&s, "a channel was bad"));
	assert_int_equal(gpu_rm_stats(s.rm)->events, 1);
	send_xid(&s, 4);
	pass(HV_S / 2);
	assert_true(says(&s, "event 0x1006 of 4 bytes is not one"));
	assert_int_equal(gpu_rm_stats(s.rm)->garbled, 1);
	end(&s);
}

/* Guests can make firmware report: the console must not drown. */
static void a_flood_of_reports_is_braked(void **state)
{
	struct session s = begun("570.144");
	unsigned int sent = 0;

	(void)state;
	begin(&s);
	assert_int_equal(wait_ready(&s), 0);
	while (sent < 200) {
		for (unsigned int i = 0; i < 20; i++, sent++)
			send_xid(&s, 0);
		pass(150 * HV_MS);
	}
	assert_int_equal(gpu_rm_stats(s.rm)->events, 200);
	assert_true(hosted_log_count(s.bed->h, s.bed->dom, "Xid 31") <= 3 * HV_LOG_BURST);
	end(&s);
}

/* The GSP interrupts: what it says is heard at once, and between its words nobody needs to look. */
static void messages_interrupt(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VERSIONS; i++) {
		struct session s = begun(versions[i]);
		const struct gpu_rm_stats *stats;
		uint64_t before, first;

		begin(&s);
		assert_int_equal(wait_ready(&s), 0);
		stats = gpu_rm_stats(s.rm);
		first = stats->interrupts; /* those of the session's own calls */
		for (unsigned int n = 1; n <= 3; n++) {
			send_xid(&s, 0);
			pass(HV_MS);
			assert_int_equal(stats->interrupts, first + n);
			assert_int_equal(stats->events, n);
		}
		before = stats->polls;
		pass(10 * HV_S);
		assert_in_range(stats->polls - before, 9, 11);
		end(&s);
	}
}

/* The function's interrupt cannot be had: the timer looks, ten times a second. */
static void without_interrupts_it_looks(void **state)
{
	struct session s = begun("570.144");
	void *args[] = {&s};
	uint64_t before;

	(void)state;
	assert_int_equal(hv_pci_irq_enable(s.bed->pci, HV_PCI_MSI, 1, not_called, args), 0);
	begin(&s);
	assert_int_equal(wait_ready(&s), 0);
	assert_true(says(&s, "no interrupt on vector 155"));
	send_xid(&s, 0);
	pass(HV_S / 2);
	assert_int_equal(gpu_rm_stats(s.rm)->events, 1);
	assert_int_equal(gpu_rm_stats(s.rm)->interrupts, 0);
	before = gpu_rm_stats(s.rm)->polls;
	pass(10 * HV_S);
	assert_in_range(gpu_rm_stats(s.rm)->polls - before, 95, 105);
	hv_pci_irq_disable(s.bed->pci);
	end(&s);
}

static void dies(struct session *s, const char *why)
{
	uint32_t command = model_cfg_read(s->bed->model, PCI_COMMAND, 2);

	assert_false(s->lost);
	assert_true(command & PCI_COMMAND_MASTER);
	pass(3 * HV_S / 2);
	assert_true(s->lost);
	if (!says(s, why))
		fail_msg("not said: %s", why);
	command = model_cfg_read(s->bed->model, PCI_COMMAND, 2);
	assert_false(command & PCI_COMMAND_MASTER);
}

static void a_broken_queue_costs_the_gpu(void **state)
{
	struct session s = begun("535.113.01");
	const struct fwq_pack *pack = s.bed->pack;

	(void)state;
	gpu_on_lost(s.bed->gpu, on_lost, &s);
	begin(&s);
	assert_int_equal(wait_ready(&s), 0);
	fwq_wr(pack, msgqTxHeader, writePtr, s.bed->boot->channel.queue.msg, 0xdeadbeef);
	dies(&s, "lost: its firmware's queue is broken");
	end(&s);
}

static void a_halted_core_costs_the_gpu(void **state)
{
	struct session s = begun("570.144");

	(void)state;
	gpu_on_lost(s.bed->gpu, on_lost, &s);
	begin(&s);
	assert_int_equal(wait_ready(&s), 0);
	gpu_falcon_wr32(&s.bed->boot->gsp, NV_PFALCON_FALCON_ENGINE,
			NV_PFALCON_FALCON_ENGINE_RESET);
	gpu_falcon_wr32(&s.bed->boot->gsp, NV_PFALCON_FALCON_ENGINE, 0);
	dies(&s, "lost: its firmware has halted");
	end(&s);
}

/* Dead before anything is known: whoever waits for the session is told. */
static void death_during_the_beginning(void **state)
{
	struct session s = begun("570.144");

	(void)state;
	begin(&s);
	fwq_wr(s.bed->pack, msgqTxHeader, writePtr, s.bed->boot->channel.queue.msg, 0xdeadbeef);
	assert_true(wait_ready(&s) < 0);
	assert_true(gpu_is_lost(s.bed->gpu));
	end(&s);
}

static void silence_and_refusal_are_told(void **state)
{
	struct session s = begun("570.144");

	(void)state;
	assert_int_equal(model_fault_set(s.bed->model, "gsp-silent=103"), 0);
	begin(&s);
	assert_int_equal(wait_ready(&s), -ETIMEDOUT);
	assert_true(says(&s, "no RM client: its root: error 110"));
	assert_int_equal(model_fault_set(s.bed->model, "none"), 0);
	end(&s);

	s = begun("570.144");
	assert_int_equal(model_fault_set(s.bed->model, "rpc-result=0x56"), 0);
	begin(&s);
	assert_true(wait_ready(&s) < 0);
	assert_true(says(&s, "no RM client: its root: error "));
	assert_int_equal(model_fault_set(s.bed->model, "none"), 0);
	end(&s);
}

/* Ended at any moment of its beginning, nothing is called later and nothing is left. */
static void ended_at_any_moment(void **state)
{
	struct session s = begun("535.113.01");

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		begin(&s);
		hv_loop_until(is_over, &s, i * HV_MS / 2);
		gpu_rm_stop(s.rm);
		assert_int_equal(bed_stop(s.bed), 0);
		gpu_rm_free(s.rm);
		assert_int_equal(bed_start(s.bed), 0);
	}
	begin(&s);
	assert_int_equal(wait_ready(&s), 0);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_of_every_version),
		cmocka_unit_test(what_firmware_reports_is_logged),
		cmocka_unit_test(a_flood_of_reports_is_braked),
		cmocka_unit_test(messages_interrupt),
		cmocka_unit_test(without_interrupts_it_looks),
		cmocka_unit_test(a_broken_queue_costs_the_gpu),
		cmocka_unit_test(a_halted_core_costs_the_gpu),
		cmocka_unit_test(death_during_the_beginning),
		cmocka_unit_test(silence_and_refusal_are_told),
		cmocka_unit_test(ended_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
