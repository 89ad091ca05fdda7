/* SPDX-License-Identifier: MIT */
/*
 * pci.c - pcifront: PCI functions that the toolstack passed through, reached by way of pciback.
 *
 * A PV domain has no configuration space of its own. It shares one page with pciback in dom0
 * (struct xen_pci_sharedinfo of xen/io/pciif.h) and asks for one access at a time: fill in op, set
 * XEN_PCIF_active, send an event, wait until pciback has cleared the bit. One connection
 * (device/pci/0) serves all functions; it is made by the first hv_pci_open() and kept until the
 * domain ends, because pciback does not take a second one (Linux drivers/xen/xen-pciback/xenbus.c).
 *
 * Memory BARs are mapped by mmio.c; interrupts are in pci_irq.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/xen/xen.h"

#include "hv/xen/pci.h"
#include "hv/xenbus.h"

#define OP_TIMEOUT	  (2 * HV_S)  /* Linux's pcifront waits as long */
#define HANDSHAKE_TIMEOUT (10 * HV_S) /* hv.h */
#define GOODBYE_TIMEOUT	  (1 * HV_S)
#define POLL_STATE	  (20 * HV_MS)
#define FUNCTIONS_MAX	  8

static struct {
	struct xenbus_dev dev;
	struct xen_pci_sharedinfo *page;
	hv_gref_t ref;
	hv_port_t port;
	bool connected;
	bool closed; /* there is no second connection */
	struct hv_pci functions[FUNCTIONS_MAX];
	unsigned int count;
} front;

/* ---------------------------------------------------------------- one operation */

static uint32_t flags(void)
{
	return HV_READ_ONCE(front.page->flags);
}

static bool op_done(void *arg)
{
	(void)arg;
	return !(flags() & XEN_PCIF_active);
}

int hv_xen_pci_op(struct hv_pci *pci, struct xen_pci_op *op)
{
	if (!front.page)
		return -ENODEV; /* after hv_xen_pci_stop() */
	op->domain = pci->bdf.domain;
	op->bus = pci->bdf.bus;
	op->devfn = pci->bdf.devfn;
	/* An operation that timed out may still be in pciback's hands: the page is not ours yet. */
	if (hv_xen_block_until(op_done, NULL, OP_TIMEOUT))
		goto timeout;
	memcpy(&front.page->op, op, sizeof(*op));
	hv_wmb(); /* the operation before the flag */
	__atomic_fetch_or(&front.page->flags, XEN_PCIF_active, __ATOMIC_SEQ_CST);
	hv_evtchn_send(front.port);
	if (hv_xen_block_until(op_done, NULL, OP_TIMEOUT))
		goto timeout;
	hv_rmb(); /* the flag before the answer */
	memcpy(op, &front.page->op, sizeof(*op));
	return hv_pci_op_error(op->err);
timeout:
	hv_log(HV_ERR, "pci %s: pciback does not answer operation %u", pci->name, op->cmd);
	return -ETIMEDOUT;
}

/* pciback asks for error recovery (AER) with the same event. */
static void on_event(hv_port_t port, void *arg)
{
	struct xen_pcie_aer_op op;

	(void)arg;
	if (!(flags() & XEN_PCIB_active))
		return; /* an answer that hv_xen_pci_op() has taken already */
	hv_rmb();
	memcpy(&op, &front.page->aer_op, sizeof(op));
	hv_log(HV_ERR,
	       "pci %04x:%02x:%02x.%x: bus error reported by dom0 (operation %u): device lost",
	       op.domain, op.bus, op.devfn >> 3 & 31, op.devfn & 7, op.cmd);
	hv_pci_op_aer(&op);
	memcpy(&front.page->aer_op, &op, sizeof(op));
	hv_wmb(); /* the answer before the flag */
	__atomic_fetch_and(&front.page->flags, ~XEN_PCIB_active, __ATOMIC_SEQ_CST);
	hv_evtchn_send(port);
}

/* ---------------------------------------------------------------- the connection */

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* Polls pciback's state: this may run where no handler may, so no watch can help. */
static int wait_back(bool (*reached)(uint64_t state), uint64_t timeout)
{
	uint64_t end = hv_now() + timeout;
	uint64_t state;

	for (;;) {
		int ret = xenbus_read_u64(HV_XS_NONE, front.dev.peer, "state",
					  XenbusStateReconfigured, &state);

		if (ret)
			return ret;
		if (reached(state))
			return 0;
		if (hv_now() >= end)
			return -ETIMEDOUT;
		hv_xen_block_until(never, NULL, POLL_STATE);
	}
}

static bool is_connected(uint64_t state)
{
	return state == XenbusStateConnected;
}

static bool is_closing(uint64_t state)
{
	return state == XenbusStateClosing || state == XenbusStateClosed;
}

static bool is_closed(uint64_t state)
{
	return state == XenbusStateClosed;
}

/* The three facts pciback needs, seen together or not at all. */
static int publish(void)
{
	int ret;

	do {
		hv_xs_tx tx;

		ret = hv_xs_tx_begin(&tx);
		if (ret)
			return ret;
		ret = xenbus_write_u64(tx, front.dev.own, "pci-op-ref", front.ref);
		if (!ret)
			ret = xenbus_write_u64(tx, front.dev.own, "event-channel", front.port);
		if (!ret)
			ret = xenbus_write_str(tx, front.dev.own, "magic", XEN_PCI_MAGIC);
		if (ret)
			hv_xs_tx_end(tx, false);
		else
			ret = hv_xs_tx_end(tx, true);
	} while (ret == -EAGAIN);
	return ret;
}

static int read_functions(void)
{
	uint64_t n;
	int ret = xenbus_read_u64(HV_XS_NONE, front.dev.peer, "num_devs", FUNCTIONS_MAX, &n);

	if (ret)
		return ret;
	front.count = (unsigned int)n;
	for (unsigned int i = 0; i < front.count; i++) {
		struct hv_pci *pci = &front.functions[i];
		char key[16], text[24];

		snprintf(key, sizeof(key), "vdev-%u", i);
		ret = xenbus_read_str(HV_XS_NONE, front.dev.peer, key, text, sizeof(text));
		if (!ret)
			ret = hv_pci_op_bdf(text, &pci->bdf);
		if (ret) {
			hv_log(HV_ERR, "%s/%s: not a PCI address (%d)", front.dev.peer, key, -ret);
			return ret;
		}
		snprintf(pci->name, sizeof(pci->name), "%04x:%02x:%02x.%x",
			 pci->bdf.domain & 0xffff, pci->bdf.bus, pci->bdf.devfn >> 3,
			 pci->bdf.devfn & 7);
	}
	return 0;
}

/* Gives back page, grant and port. The page is leaked if pciback still has it mapped. */
static void release(void)
{
	if (front.port)
		hv_evtchn_close(front.port);
	if (!front.ref || !hv_grant_end(front.ref))
		hv_pages_free(front.page, 1);
	front.port = 0;
	front.ref = 0;
	front.page = NULL;
}

static int connect(void)
{
	int ret;

	if (front.closed)
		return -ENODEV;
	ret = xenbus_open(&front.dev, "device/pci/0", "backend");
	if (ret)
		return ret == -ENOENT ? -ENODEV : ret;
	front.page = hv_pages_alloc(1);
	if (!front.page)
		return -ENOMEM;
	/* pciback gives a domain up at once that does not say it answers error recovery. */
	front.page->flags = XEN_PCIB_AERHANDLER;
	ret = hv_grant_give(front.dev.peer_dom, front.page, 0, &front.ref);
	if (ret)
		goto fail;
	ret = hv_evtchn_alloc(front.dev.peer_dom, on_event, NULL);
	if (ret < 0)
		goto fail;
	front.port = (hv_port_t)ret;
	ret = publish();
	if (!ret)
		ret = xenbus_set_state(&front.dev, XenbusStateInitialised);
	if (!ret)
		ret = wait_back(is_connected, HANDSHAKE_TIMEOUT);
	if (!ret)
		ret = read_functions();
	if (!ret)
		ret = xenbus_set_state(&front.dev, XenbusStateConnected);
	if (ret) {
		xenbus_error(&front.dev, ret, "pcifront: no connection");
		goto fail;
	}
	front.connected = true;
	return 0;
fail:
	release();
	return ret;
}

void hv_xen_pci_stop(void)
{
	if (!front.connected)
		return;
	for (unsigned int i = 0; i < front.count; i++) {
		struct hv_pci *pci = &front.functions[i];
		uint32_t command;

		/* A device that goes on writing would write into memory that is no longer ours. */
		if (pci->open && !hv_pci_cfg_read(pci, PCI_COMMAND, 2, &command))
			hv_pci_cfg_write(pci, PCI_COMMAND, 2, command & ~PCI_COMMAND_MASTER);
		hv_pci_close(pci);
	}
	front.connected = false;
	front.closed = true;
	if (!xenbus_set_state(&front.dev, XenbusStateClosing))
		wait_back(is_closing, GOODBYE_TIMEOUT);
	if (!xenbus_set_state(&front.dev, XenbusStateClosed))
		wait_back(is_closed, GOODBYE_TIMEOUT);
	release();
}

int hv_pci_open(unsigned int index, struct hv_pci **out)
{
	struct hv_pci *pci;
	uint32_t type;
	int ret = front.connected ? 0 : connect();

	if (ret)
		return ret;
	if (index >= front.count)
		return -ENODEV;
	pci = &front.functions[index];
	if (pci->open)
		return -EBUSY;
	ret = hv_pci_cfg_read(pci, PCI_HEADER_TYPE, 1, &type);
	if (ret)
		return ret;
	if (type & 0x7f) {
		hv_log(HV_ERR, "pci %s: header type %#x refused: not an endpoint", pci->name, type);
		return -ENODEV;
	}
	pci->open = true;
	*out = pci;
	return 0;
}

void hv_pci_close(struct hv_pci *pci)
{
	if (!pci->open)
		return;
	hv_pci_irq_disable(pci);
	pci->open = false;
}

const char *hv_pci_name(const struct hv_pci *pci)
{
	return pci->name;
}

/* ---------------------------------------------------------------- configuration space */

int hv_pci_cfg_read(struct hv_pci *pci, unsigned int offset, unsigned int size, uint32_t *value)
{
	struct xen_pci_op op = {
		.cmd = XEN_PCI_OP_conf_read,
		.offset = (int32_t)offset,
		.size = (int32_t)size,
	};
	int ret;

	if (!hv_pci_op_access_ok(offset, size))
		return -EINVAL;
	ret = hv_xen_pci_op(pci, &op);
	if (!ret)
		*value = size == 4 ? op.value : op.value & ((1u << 8 * size) - 1);
	return ret;
}

int hv_pci_cfg_write(struct hv_pci *pci, unsigned int offset, unsigned int size, uint32_t value)
{
	struct xen_pci_op op = {
		.cmd = XEN_PCI_OP_conf_write,
		.offset = (int32_t)offset,
		.size = (int32_t)size,
		.value = value,
	};

	return hv_pci_op_access_ok(offset, size) ? hv_xen_pci_op(pci, &op) : -EINVAL;
}

/* pciback plays the all-ones trick on a copy; the device's decoding is never disturbed. */
static int read_bars(struct hv_pci *pci)
{
	for (unsigned int i = 0; i < HV_PCI_BARS; i++) {
		unsigned int reg = PCI_BAR0 + 4 * i;
		int ret = hv_pci_cfg_read(pci, reg, 4, &pci->bar_value[i]);

		if (!ret)
			ret = hv_pci_cfg_write(pci, reg, 4, UINT32_MAX);
		if (!ret)
			ret = hv_pci_cfg_read(pci, reg, 4, &pci->bar_mask[i]);
		if (!ret)
			ret = hv_pci_cfg_write(pci, reg, 4, pci->bar_value[i]);
		if (ret)
			return ret;
	}
	pci->bars_known = true;
	return 0;
}

int hv_pci_bar(struct hv_pci *pci, unsigned int n, struct hv_pci_bar *out)
{
	int ret = pci->bars_known ? 0 : read_bars(pci);

	if (ret)
		return ret;
	ret = hv_pci_op_bar(pci->bar_value, pci->bar_mask, n, out);
	if (ret == -EIO)
		hv_log(HV_ERR, "pci %s: BAR%u reads %#x, sized %#x: refused", pci->name, n,
		       pci->bar_value[n], pci->bar_mask[n]);
	return ret;
}
