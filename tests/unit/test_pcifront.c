/* SPDX-License-Identifier: MIT */
/*
 * test_pcifront.c - the bare-metal port's pcifront against a scripted pciback.
 *
 * The real pci.c, pci_irq.c and pci_op.c run here. Where the port would sleep (hv_xen_block_until),
 * the pciback below looks at the shared page, as the real one does after an event: it plays a
 * device's configuration space with BAR sizing, answers error codes on demand, or says nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Instead of hypercall.h, whose one instruction would be a system call here. */
#define HV_XEN_HYPERCALL_H
#include <xen/xen.h>
#include <xen/physdev.h>

static unsigned int eois;
static long hv_hypercall_physdev(unsigned int op, void *arg);

/* The real sources, statics and all. NOLINTBEGIN(bugprone-suspicious-include) */
#include "hv/xen/pci_op.c"
#include "hv/xen/pci.c"
#include "hv/xen/pci_irq.c"
/* NOLINTEND(bugprone-suspicious-include) */
#include "tests/unit/fake_store.h"

#define BACK  "/local/domain/0/backend/pci/7/0"
#define FRONT "device/pci/0"

/* ---------------------------------------------------------------- the port's other half */

static _Alignas(HV_PAGE_SIZE) char page_memory[HV_PAGE_SIZE];
static void *page;
static unsigned int pages_out, grants_out, ports_open, sends;
static int grant_error, evtchn_error, page_error, bind_error_at;
static bool grant_busy;
static uint64_t now;
static hv_event_fn front_fn;
static struct {
	hv_event_fn fn;
	void *arg;
	unsigned int pirq;
} bound[32];

static long hv_hypercall_physdev(unsigned int op, void *arg)
{
	assert_int_equal(op, PHYSDEVOP_eoi);
	assert_int_equal(((struct physdev_eoi *)arg)->irq, bound[20].pirq);
	eois++;
	return 0;
}

int hv_xen_errno(long ret)
{
	return (int)ret;
}

uint64_t hv_now(void)
{
	return now;
}

void *hv_pages_alloc(unsigned int n)
{
	assert_int_equal(n, 1);
	if (page_error)
		return NULL;
	pages_out++;
	page = memset(page_memory, 0, HV_PAGE_SIZE);
	return page;
}

void hv_pages_free(void *va, unsigned int n)
{
	assert_ptr_equal(va, page);
	pages_out -= n;
	page = NULL;
}

int hv_grant_give(hv_domid_t to, void *va, unsigned int flags, hv_gref_t *out)
{
	assert_int_equal(to, 0);
	assert_ptr_equal(va, page);
	assert_int_equal(flags, 0);
	if (grant_error)
		return grant_error;
	grants_out++;
	*out = 77;
	return 0;
}

int hv_grant_end(hv_gref_t ref)
{
	assert_int_equal(ref, 77);
	if (grant_busy)
		return -EBUSY;
	grants_out--;
	return 0;
}

int hv_evtchn_alloc(hv_domid_t remote, hv_event_fn fn, void *arg)
{
	assert_int_equal(remote, 0);
	assert_null(arg);
	if (evtchn_error)
		return evtchn_error;
	front_fn = fn;
	ports_open++;
	return 11;
}

void hv_evtchn_close(hv_port_t port)
{
	assert_true(port == 11 || bound[port].fn);
	if (port < 32)
		bound[port].fn = NULL;
	ports_open--;
}

int hv_evtchn_send(hv_port_t port)
{
	assert_int_equal(port, 11);
	sends++;
	return 0;
}

int hv_xen_bind_pirq(unsigned int pirq, hv_event_fn fn, void *arg)
{
	int port = 20;

	if (bind_error_at && !--bind_error_at)
		return -EINVAL;
	while (bound[port].fn)
		port++;
	bound[port].fn = fn;
	bound[port].arg = arg;
	bound[port].pirq = pirq;
	ports_open++;
	return port;
}

void hv_log(enum hv_log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

void hv_log_dom(hv_domid_t dom, enum hv_log_level level, const char *fmt, ...)
{
	(void)dom;
	(void)level;
	(void)fmt;
}

/* ---------------------------------------------------------------- pciback */

static uint32_t config[64];
static bool sizing[HV_PCI_BARS], silent, mute_handshake, stay_open;
static int32_t next_error;
static uint32_t next_cmd_error; /* the error is for this operation only; 0: for any */
static uint32_t msix_value;
static unsigned int ops, msi_on, msix_on;

static uint32_t bar_of(unsigned int i)
{
	/* BAR0: 16 MiB; BAR1/2: 64-bit, 32 GiB; BAR3: refused by hv_pci_op_bar() */
	static const uint32_t mask[HV_PCI_BARS] = {0xff000000, 0x0000000c, 0xfffffff8,
						   0xff700000, 0xffffffff, 0xffffffff};

	return sizing[i] ? mask[i] : config[4 + i];
}

static void conf_read(struct xen_pci_op *op)
{
	unsigned int reg = (unsigned int)op->offset / 4;
	uint32_t v = reg >= 4 && reg < 10 ? bar_of(reg - 4) : config[reg];

	op->value = v >> 8 * (op->offset % 4); /* the bytes above are for the front to cut off */
}

static void conf_write(struct xen_pci_op *op)
{
	unsigned int reg = (unsigned int)op->offset / 4;

	if (reg >= 4 && reg < 10)
		sizing[reg - 4] = op->value == UINT32_MAX;
	else if (op->offset == PCI_COMMAND)
		config[reg] = (config[reg] & ~0xffffu) | op->value;
}

static void pciback_step(void)
{
	struct xen_pci_sharedinfo *sh = page;
	struct xen_pci_op *op = &sh->op;
	int32_t error = 0;

	if (!sh || !(sh->flags & XEN_PCIF_active) || silent)
		return;
	assert_true(sends > 0);
	assert_true(sh->flags & XEN_PCIB_AERHANDLER);
	assert_int_equal(op->domain, 0);
	assert_int_equal(op->bus, 2);
	ops++;
	if (!next_cmd_error || next_cmd_error == op->cmd) {
		error = next_error;
		next_error = 0;
		next_cmd_error = 0;
	}
	op->err = error;
	switch (error ? UINT32_MAX : op->cmd) {
	case XEN_PCI_OP_conf_read:
		conf_read(op);
		break;
	case XEN_PCI_OP_conf_write:
		conf_write(op);
		break;
	case XEN_PCI_OP_enable_msi:
		msi_on++;
		op->value = 99;
		break;
	case XEN_PCI_OP_disable_msi:
		msi_on--;
		break;
	case XEN_PCI_OP_enable_msix:
		msix_on++;
		for (unsigned int i = 0; i < op->value; i++)
			op->msix_entries[i].vector = (uint16_t)(100 + i);
		op->value = msix_value;
		break;
	case XEN_PCI_OP_disable_msix:
		msix_on--;
		break;
	default:
		break;
	}
	sh->flags &= ~(uint32_t)XEN_PCIF_active;
}

/* pciback's state follows the front's, as its frontend_changed() does. */
static void pciback_states(void)
{
	const char *state = get(FRONT "/state");

	if (mute_handshake)
		return;
	if (!strcmp(state, "3") && !strcmp(get(BACK "/state"), "3"))
		set(BACK "/state", "4");
	if (!strcmp(state, "5") && !stay_open)
		set(BACK "/state", "5");
	if (!strcmp(state, "6") && !stay_open)
		set(BACK "/state", "6");
}

int hv_xen_block_until(bool (*ready)(void *arg), void *arg, uint64_t timeout)
{
	for (int i = 0; i < 3; i++) {
		if (ready(arg))
			return 0;
		pciback_step();
		pciback_states();
	}
	now += timeout;
	return -ETIMEDOUT;
}

static int fresh(void **state)
{
	(void)state;
	store_reset();
	memset(&front, 0, sizeof(front));
	memset(bound, 0, sizeof(bound));
	memset(config, 0, sizeof(config));
	memset(sizing, 0, sizeof(sizing));
	grant_error = evtchn_error = page_error = bind_error_at = 0;
	grant_busy = silent = mute_handshake = stay_open = false;
	next_error = 0;
	next_cmd_error = msix_value = 0;
	pages_out = grants_out = ports_open = sends = ops = msi_on = msix_on = eois = 0;
	config[0] = 0x223510de;
	config[1] = 0x00100006;
	config[4] = 0xfc000000;
	config[5] = 0x0000000c;
	config[6] = 0x00000040;
	config[7] = 0xfe000000;
	config[9] = 0xc001;
	config[13] = 0x60; /* capabilities: power management at 0x60, then MSI at 0x68 */
	config[24] = 0x00036801;
	config[26] = 0x00800005;
	set(FRONT "/backend", BACK);
	set(FRONT "/backend-id", "0");
	set(FRONT "/state", "1");
	set(BACK "/state", "3");
	set(BACK "/num_devs", "2");
	set(BACK "/vdev-0", "0000:02:00.00");
	set(BACK "/vdev-1", "0000:02:00.01");
	return 0;
}

/* ---------------------------------------------------------------- the connection */

static struct hv_pci *opened(void)
{
	struct hv_pci *pci = NULL;

	assert_int_equal(hv_pci_open(0, &pci), 0);
	return pci;
}

static void stopped(void)
{
	hv_xen_pci_stop();
	assert_int_equal(pages_out + grants_out + ports_open, 0);
	assert_int_equal(open_txs, 0);
}

static void the_handshake_is_pcifronts(void **state)
{
	struct hv_pci *a, *b, *c;

	(void)state;
	a = opened();
	assert_string_equal(hv_pci_name(a), "0000:02:00.0");
	assert_string_equal(get(FRONT "/pci-op-ref"), "77");
	assert_string_equal(get(FRONT "/event-channel"), "11");
	assert_string_equal(get(FRONT "/magic"), "7");
	assert_string_equal(get(FRONT "/state"), "4");
	assert_int_equal(hv_pci_open(1, &b), 0);
	assert_string_equal(hv_pci_name(b), "0000:02:00.1");
	assert_int_equal(hv_pci_open(2, &c), -ENODEV);
	assert_int_equal(hv_pci_open(0, &c), -EBUSY);
	hv_pci_close(a);
	hv_pci_close(a); /* harmless */
	assert_int_equal(hv_pci_open(0, &a), 0);
	stopped();
	assert_string_equal(get(FRONT "/state"), "6");
	assert_int_equal(config[1] & 6, 2); /* bus mastering is off, decoding as it was */
	assert_int_equal(hv_pci_open(0, &a), -ENODEV); /* pciback takes nobody twice */
	assert_int_equal(hv_pci_cfg_read(a, 0, 4, &config[40]), -ENODEV);
	hv_xen_pci_stop();
}

static void no_device_no_connection(void **state)
{
	struct hv_pci *pci;

	(void)state;
	unset(FRONT "/backend");
	assert_int_equal(hv_pci_open(0, &pci), -ENODEV);
	hv_xen_pci_stop();
	set(FRONT "/backend", "/local/domain/1/x"); /* not dom0's tree */
	assert_int_equal(hv_pci_open(0, &pci), -EINVAL);
}

static void a_handshake_that_fails_leaves_nothing(void **state)
{
	static const struct {
		const char *path, *value;
		int error;
	} cases[] = {
		{BACK "/num_devs", "nine", -EINVAL}, {BACK "/num_devs", "9", -EINVAL},
		{BACK "/num_devs", NULL, -ENOENT},   {BACK "/vdev-1", "0000:02:00.1", -EINVAL},
		{BACK "/vdev-1", NULL, -ENOENT},     {BACK "/state", NULL, -ENOENT},
		{BACK "/state", "x", -EINVAL},
	};
	struct hv_pci *pci;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fresh(state);
		if (cases[i].value)
			set(cases[i].path, cases[i].value);
		else
			unset(cases[i].path);
		assert_int_equal(hv_pci_open(0, &pci), cases[i].error);
		assert_int_equal(pages_out + grants_out + ports_open + open_txs, 0);
	}
}

static void a_silent_pciback_times_out(void **state)
{
	struct hv_pci *pci;

	(void)state;
	mute_handshake = true;
	now = 5;
	assert_int_equal(hv_pci_open(0, &pci), -ETIMEDOUT);
	assert_true(now >= 10 * HV_S && now < 11 * HV_S);
	assert_int_equal(pages_out + grants_out + ports_open, 0);
}

static void shortages_are_unwound(void **state)
{
	struct hv_pci *pci;

	(void)state;
	page_error = 1;
	assert_int_equal(hv_pci_open(0, &pci), -ENOMEM);
	page_error = 0;
	grant_error = -ENOSPC;
	assert_int_equal(hv_pci_open(0, &pci), -ENOSPC);
	assert_int_equal(pages_out, 0);
	grant_error = 0;
	evtchn_error = -ENOSPC;
	assert_int_equal(hv_pci_open(0, &pci), -ENOSPC);
	assert_int_equal(pages_out + grants_out, 0);
	evtchn_error = 0;
	tx_error = -EIO;
	assert_int_equal(hv_pci_open(0, &pci), -EIO);
	tx_error = 0;
	write_error = -ENOSPC;
	assert_int_equal(hv_pci_open(0, &pci), -ENOSPC);
	write_error = 0;
	assert_int_equal(pages_out + grants_out + ports_open + open_txs, 0);
	conflicts = 2; /* somebody interferes with the transaction: done again */
	assert_int_equal(hv_pci_open(0, &pci), 0);
	stopped();
}

static void a_page_still_mapped_is_leaked_not_reused(void **state)
{
	(void)state;
	opened();
	grant_busy = true;
	hv_xen_pci_stop();
	assert_int_equal(pages_out, 1);
	assert_int_equal(ports_open, 0);
}

static void a_goodbye_nobody_hears_still_ends(void **state)
{
	(void)state;
	opened();
	stay_open = true;
	stopped();
	assert_string_equal(get(FRONT "/state"), "6");
}

static void bridges_are_refused(void **state)
{
	struct hv_pci *pci;

	(void)state;
	config[3] = 0x00810000; /* header type 1, multi-function */
	assert_int_equal(hv_pci_open(0, &pci), -ENODEV);
	config[3] = 0x00800000;
	hv_pci_close(opened());
	next_error = XEN_PCI_ERR_dev_not_found;
	assert_int_equal(hv_pci_open(0, &pci), -ENODEV);
	stopped();
}

/* ---------------------------------------------------------------- configuration space */

static void configuration_is_read_in_all_widths(void **state)
{
	struct hv_pci *pci = opened();
	unsigned int before = ops;
	uint32_t v = 1;

	(void)state;
	assert_int_equal(hv_pci_cfg_read(pci, 0, 4, &v), 0);
	assert_int_equal(v, 0x223510de);
	assert_int_equal(hv_pci_cfg_read(pci, 0, 2, &v), 0);
	assert_int_equal(v, 0x10de);
	assert_int_equal(hv_pci_cfg_read(pci, 1, 1, &v), 0);
	assert_int_equal(v, 0x10);
	assert_int_equal(ops, before + 3);
	assert_int_equal(hv_pci_cfg_read(pci, 1, 2, &v), -EINVAL);
	assert_int_equal(hv_pci_cfg_write(pci, 4096, 1, 0), -EINVAL);
	assert_int_equal(ops, before + 3);
	next_error = XEN_PCI_ERR_access_denied;
	assert_int_equal(hv_pci_cfg_write(pci, 0, 4, 0), -EACCES);
	stopped();
}

static void an_operation_lost_blocks_only_for_its_time(void **state)
{
	struct hv_pci *pci = opened();
	struct xen_pci_sharedinfo *sh = (void *)page_memory;
	uint32_t v = 0;

	(void)state;
	silent = true;
	now = 0;
	assert_int_equal(hv_pci_cfg_read(pci, 0, 4, &v), -ETIMEDOUT);
	assert_true(now == 2 * HV_S);
	/* The page is pciback's until it answers: no second operation over the first. */
	sh->op.value = 0x5a5a5a5a;
	assert_int_equal(hv_pci_cfg_write(pci, 0, 4, 1), -ETIMEDOUT);
	assert_int_equal(sh->op.value, 0x5a5a5a5a);
	silent = false; /* the late answer comes, and all is well again */
	assert_int_equal(hv_pci_cfg_read(pci, 0, 4, &v), 0);
	assert_int_equal(v, 0x223510de);
	stopped();
}

static void bars_are_sized_once_and_restored(void **state)
{
	struct hv_pci *pci = opened();
	struct hv_pci_bar bar = {0};
	unsigned int before;

	(void)state;
	assert_int_equal(hv_pci_bar(pci, 0, &bar), 0);
	assert_true(bar.addr == 0xfc000000 && bar.size == 0x1000000);
	before = ops;
	assert_int_equal(hv_pci_bar(pci, 1, &bar), 0);
	assert_true(bar.addr == 0x4000000000ull && bar.size == 0x800000000ull && bar.prefetchable);
	assert_int_equal(hv_pci_bar(pci, 2, &bar), 0);
	assert_true(bar.size == 0);
	assert_int_equal(hv_pci_bar(pci, 3, &bar), -EIO);
	assert_int_equal(hv_pci_bar(pci, 5, &bar), 0);
	assert_true(bar.size == 0);
	assert_int_equal(hv_pci_bar(pci, 6, &bar), -EINVAL);
	assert_int_equal(ops, before);
	for (unsigned int i = 0; i < HV_PCI_BARS; i++)
		assert_false(sizing[i]);
	stopped();
}

static void bars_that_cannot_be_read_are_tried_again(void **state)
{
	struct hv_pci *pci = opened();
	struct hv_pci_bar bar = {0};

	(void)state;
	next_error = XEN_PCI_ERR_op_failed;
	assert_int_equal(hv_pci_bar(pci, 0, &bar), -EIO);
	assert_int_equal(hv_pci_bar(pci, 0, &bar), 0);
	assert_true(bar.size == 0x1000000);
	stopped();
}

/* ---------------------------------------------------------------- interrupts */

static unsigned int fired;
static void *fired_arg;
static struct hv_pci *off_in_handler;

static void on_irq(hv_port_t port, void *arg)
{
	(void)port;
	fired++;
	fired_arg = arg;
	if (off_in_handler)
		hv_pci_irq_disable(off_in_handler);
}

static void msi_without_mask_bits_wants_its_eoi(void **state)
{
	struct hv_pci *pci = opened();
	void *args[] = {&fired};

	(void)state;
	off_in_handler = NULL;
	fired = 0;
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, on_irq, args), 0);
	assert_int_equal(bound[20].pirq, 99);
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, on_irq, args), -EBUSY);
	bound[20].fn(20, bound[20].arg);
	assert_int_equal(fired, 1);
	assert_ptr_equal(fired_arg, &fired);
	assert_int_equal(eois, 1);
	off_in_handler = pci; /* a handler that switches its interrupt off */
	bound[20].fn(20, bound[20].arg);
	assert_int_equal(eois, 1);
	assert_int_equal(msi_on, 0);
	off_in_handler = NULL;
	config[26] |= 0x01000000; /* now maskable */
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, on_irq, args), 0);
	bound[20].fn(20, bound[20].arg);
	assert_int_equal(eois, 1);
	hv_pci_irq_disable(pci);
	hv_pci_irq_disable(pci); /* harmless */
	assert_int_equal(msi_on, 0);
	stopped();
}

static void a_broken_capability_list_is_no_loop(void **state)
{
	struct hv_pci *pci = opened();
	void *args[] = {&fired};

	(void)state;
	config[24] = 0x00036001; /* points at itself */
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, on_irq, args), 0);
	bound[20].fn(20, bound[20].arg);
	assert_int_equal(eois, 1); /* when in doubt */
	stopped();
	assert_int_equal(msi_on, 0);
}

static void msix_vectors_have_their_own_arguments(void **state)
{
	struct hv_pci *pci = opened();
	void *args[] = {&fired, &eois, &ops};

	(void)state;
	off_in_handler = NULL;
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 3, on_irq, args), 0);
	assert_int_equal(bound[22].pirq, 102);
	bound[21].fn(21, bound[21].arg);
	assert_ptr_equal(fired_arg, &eois);
	assert_int_equal(eois, 0); /* MSI-X always has mask bits */
	hv_pci_irq_disable(pci);
	assert_int_equal(msix_on, 0);
	assert_int_equal(ports_open, 1);
	stopped();
}

static void interrupts_refused_are_unwound(void **state)
{
	struct hv_pci *pci = opened();
	void *args[] = {&fired, &fired, &fired};

	(void)state;
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSI, 2, on_irq, args), -EINVAL);
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 0, on_irq, args), -EINVAL);
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, HV_PCI_VECTORS_MAX + 1, on_irq, args),
			 -EINVAL);
	config[1] &= ~2u; /* memory decoding off */
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 3, on_irq, args), -ENXIO);
	config[1] |= 2;
	next_cmd_error = XEN_PCI_OP_enable_msix;
	next_error = -ENOSPC;
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 3, on_irq, args), -ENOSPC);
	msix_value = 2; /* "two could be had" */
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 3, on_irq, args), -EIO);
	assert_int_equal(msix_on, 0);
	msix_value = 0;
	bind_error_at = 3;
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 3, on_irq, args), -EINVAL);
	assert_int_equal(msix_on, 0);
	assert_int_equal(ports_open, 1);
	assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 3, on_irq, args), 0);
	stopped();
}

/* ---------------------------------------------------------------- error recovery */

static void questions_about_errors_are_answered(void **state)
{
	struct xen_pci_sharedinfo *sh;

	(void)state;
	opened();
	sh = (void *)page_memory;
	sh->aer_op = (struct xen_pcie_aer_op){.cmd = XEN_PCI_OP_aer_detected, .err = 2};
	sends = 0;
	front_fn(11, NULL); /* not asked */
	assert_int_equal(sends, 0);
	sh->flags |= XEN_PCIB_active;
	front_fn(11, NULL);
	assert_int_equal(sh->flags, XEN_PCIB_AERHANDLER);
	assert_int_equal(sh->aer_op.err, 4);
	assert_int_equal(sends, 1);
	stopped();
}

#define T(fn) cmocka_unit_test_setup(fn, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_handshake_is_pcifronts),
		T(no_device_no_connection),
		T(a_handshake_that_fails_leaves_nothing),
		T(a_silent_pciback_times_out),
		T(shortages_are_unwound),
		T(a_page_still_mapped_is_leaked_not_reused),
		T(a_goodbye_nobody_hears_still_ends),
		T(bridges_are_refused),
		T(configuration_is_read_in_all_widths),
		T(an_operation_lost_blocks_only_for_its_time),
		T(bars_are_sized_once_and_restored),
		T(bars_that_cannot_be_read_are_tried_again),
		T(msi_without_mask_bits_wants_its_eoi),
		T(a_broken_capability_list_is_no_loop),
		T(msix_vectors_have_their_own_arguments),
		T(interrupts_refused_are_unwound),
		T(questions_about_errors_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
