/* SPDX-License-Identifier: MIT */
/*
 * test_pci_op.c - what pciback says about a device, believed only when it makes sense.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The real sources, statics and all. NOLINTBEGIN(bugprone-suspicious-include) */
#include "hv/xen/pci_op.c"
/* NOLINTEND(bugprone-suspicious-include) */

/* hv/xen/errno.c is about newlib; here the numbers are Linux's already. */
int hv_xen_errno(long ret)
{
	return (int)ret;
}

static void addresses_are_exact(void **state)
{
	static const char *const bad[] = {
		"",
		"0000:00:00.0",
		"0000:00:00.000",
		"0000:00:20.00",
		"0000:00:00.08",
		"0000.00:00.00",
		"0000:00.00.00",
		"0000:00:00:00",
		"000g:00:00.00",
		"0000:0x:00.00",
		" 000:00:00.00",
		"0000:00:00.00 ",
	};
	struct hv_pci_bdf bdf = {9, 9, 9};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hv_pci_op_bdf(bad[i], &bdf), -EINVAL);
	assert_int_equal(bdf.domain, 9);
	assert_int_equal(hv_pci_op_bdf("abCD:fe:1f.07", &bdf), 0);
	assert_int_equal(bdf.domain, 0xabcd);
	assert_int_equal(bdf.bus, 0xfe);
	assert_int_equal(bdf.devfn, 0xff);
}

static void accesses_are_aligned_and_inside(void **state)
{
	(void)state;
	assert_true(hv_pci_op_access_ok(0, 4));
	assert_true(hv_pci_op_access_ok(4095, 1));
	assert_true(hv_pci_op_access_ok(4094, 2));
	assert_true(hv_pci_op_access_ok(4092, 4));
	assert_false(hv_pci_op_access_ok(4096, 1));
	assert_false(hv_pci_op_access_ok(0xfffffffc, 4));
	assert_false(hv_pci_op_access_ok(1, 2));
	assert_false(hv_pci_op_access_ok(2, 4));
	assert_false(hv_pci_op_access_ok(0, 0));
	assert_false(hv_pci_op_access_ok(0, 3));
	assert_false(hv_pci_op_access_ok(0, 8));
}

static void errors_become_errno(void **state)
{
	(void)state;
	assert_int_equal(hv_pci_op_error(XEN_PCI_ERR_success), 0);
	assert_int_equal(hv_pci_op_error(XEN_PCI_ERR_dev_not_found), -ENODEV);
	assert_int_equal(hv_pci_op_error(XEN_PCI_ERR_invalid_offset), -EINVAL);
	assert_int_equal(hv_pci_op_error(XEN_PCI_ERR_access_denied), -EACCES);
	assert_int_equal(hv_pci_op_error(XEN_PCI_ERR_not_implemented), -EOPNOTSUPP);
	assert_int_equal(hv_pci_op_error(XEN_PCI_ERR_op_failed), -EIO);
	assert_int_equal(hv_pci_op_error(-ENOSPC), -ENOSPC);
	assert_int_equal(hv_pci_op_error(1), -EIO);
	assert_int_equal(hv_pci_op_error(INT32_MAX), -EIO);
}

/* A 32-bit BAR, a 64-bit one of 16 GiB, a small one, an I/O BAR. */
static const uint32_t value[6] = {0xfea00000, 0x0000000c, 0x00000040,
				  0xe0000004, 0x00000000, 0xc001};
static const uint32_t mask[6] = {0xfff00000, 0x0000000c, 0xfffffffc,
				 0xffff0004, 0xffffffff, 0xffffff81};

static void bars_have_address_and_size(void **state)
{
	struct hv_pci_bar bar;

	(void)state;
	assert_int_equal(hv_pci_op_bar(value, mask, 0, &bar), 0);
	assert_true(bar.addr == 0xfea00000 && bar.size == 0x100000 && !bar.prefetchable);
	assert_int_equal(hv_pci_op_bar(value, mask, 1, &bar), 0);
	assert_true(bar.addr == 0x4000000000ull && bar.size == 0x400000000ull && bar.prefetchable);
	assert_int_equal(hv_pci_op_bar(value, mask, 2, &bar), 0);
	assert_true(bar.addr == 0 && bar.size == 0); /* upper half */
	assert_int_equal(hv_pci_op_bar(value, mask, 3, &bar), 0);
	assert_true(bar.addr == 0xe0000000 && bar.size == 0x10000);
	assert_int_equal(hv_pci_op_bar(value, mask, 4, &bar), 0);
	assert_true(bar.size == 0);
	assert_int_equal(hv_pci_op_bar(value, mask, 5, &bar), 0);
	assert_true(bar.size == 0); /* I/O port */
	assert_int_equal(hv_pci_op_bar(value, mask, 6, &bar), -EINVAL);
}

static void bars_that_make_no_sense_are_refused(void **state)
{
	uint32_t v[6] = {0xfea00000}, m[6] = {0xfff00000};
	struct hv_pci_bar bar;

	(void)state;
	m[0] = 0xff700000; /* not a power of two */
	assert_int_equal(hv_pci_op_bar(v, m, 0, &bar), -EIO);
	m[0] = 0xff000000; /* address not a multiple of the size */
	assert_int_equal(hv_pci_op_bar(v, m, 0, &bar), -EIO);
	m[0] = 0; /* 4 GiB in 32 bits: no address but 0 is a multiple */
	assert_int_equal(hv_pci_op_bar(v, m, 0, &bar), -EIO);
	v[5] = 0xe0000004; /* 64-bit, and no register follows */
	assert_int_equal(hv_pci_op_bar(v, m, 5, &bar), -EIO);
	v[0] = 0xe0000004;
	v[1] = 1;
	m[0] = m[1] = 0; /* nothing is decoded */
	assert_int_equal(hv_pci_op_bar(v, m, 0, &bar), -EIO);
	v[0] = v[1] = 0; /* pciback's picture of a BAR that is not there */
	m[0] = 0xffffffff;
	assert_int_equal(hv_pci_op_bar(v, m, 0, &bar), 0);
	assert_true(bar.size == 0);
}

static void msi_needs_a_number(void **state)
{
	struct xen_pci_op op = {0};
	uint32_t pirq = 1;

	(void)state;
	assert_int_equal(hv_pci_op_msi(&op, &pirq), -EIO);
	op.value = 0xffffffff; /* -1: xen_pirq_from_irq() failed in dom0 */
	assert_int_equal(hv_pci_op_msi(&op, &pirq), -EIO);
	op.value = 55;
	assert_int_equal(hv_pci_op_msi(&op, &pirq), 0);
	assert_int_equal(pirq, 55);
}

static void msix_numbers_are_all_there_and_different(void **state)
{
	struct xen_pci_op op = {.msix_entries = {{50, 0}, {49, 1}, {51, 2}}};
	uint32_t pirqs[3];

	(void)state;
	assert_int_equal(hv_pci_op_msix(&op, 3, pirqs), 0);
	assert_int_equal(pirqs[1], 49);
	assert_int_equal(hv_pci_op_msix(&op, 0, pirqs), 0);
	assert_int_equal(hv_pci_op_msix(&op, SH_INFO_MAX_VEC + 1, pirqs), -EIO);
	op.value = 1; /* "only one could be had" */
	assert_int_equal(hv_pci_op_msix(&op, 3, pirqs), -EIO);
	op.value = 0;
	op.msix_entries[2].vector = 50;
	assert_int_equal(hv_pci_op_msix(&op, 3, pirqs), -EIO);
	op.msix_entries[2].vector = 0;
	assert_int_equal(hv_pci_op_msix(&op, 3, pirqs), -EIO);
	op.msix_entries[2].vector = 51;
	op.msix_entries[1].entry = 2;
	assert_int_equal(hv_pci_op_msix(&op, 3, pirqs), -EIO);
}

static void error_recovery_is_declined(void **state)
{
	struct xen_pcie_aer_op op = {.cmd = XEN_PCI_OP_aer_detected, .err = 2, .devfn = 3};

	(void)state;
	hv_pci_op_aer(&op);
	assert_int_equal(op.err, ERS_RESULT_DISCONNECT);
	assert_int_equal(op.devfn, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_exact),
		cmocka_unit_test(accesses_are_aligned_and_inside),
		cmocka_unit_test(errors_become_errno),
		cmocka_unit_test(bars_have_address_and_size),
		cmocka_unit_test(bars_that_make_no_sense_are_refused),
		cmocka_unit_test(msi_needs_a_number),
		cmocka_unit_test(msix_numbers_are_all_there_and_different),
		cmocka_unit_test(error_recovery_is_declined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
