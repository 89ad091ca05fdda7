/* SPDX-License-Identifier: MIT */
/*
 * cases_xenstore.c - reading, writing, permissions and transactions, below this domain's own
 * data/ct (libxl gives every domain a data node of its own).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/conformance/conformance.h"

static char buf[4096];

static void values_come_back(void)
{
	char abs[64];

	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/a", "hello") == 0);
	memset(buf, 'x', sizeof(buf));
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/a", buf, sizeof(buf)) == 5);
	CT_CHECK(strcmp(buf, "hello") == 0);
	snprintf(abs, sizeof(abs), "/local/domain/%u/data/ct/a", hv_domid());
	CT_CHECK(hv_xs_read(HV_XS_NONE, abs, buf, sizeof(buf)) == 5);
	CT_CHECK(hv_xs_write(HV_XS_NONE, abs, "") == 0);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/a", buf, sizeof(buf)) == 0 && buf[0] == '\0');
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/a", buf, sizeof(buf)) == -ENOENT);
}

static void reads_never_overrun(void)
{
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "12345678") == 0);
	memset(buf, 'x', 16);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct", buf, 8) == -E2BIG);
	CT_CHECK(buf[8] == 'x');
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct", buf, 0) == -E2BIG);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct", buf, 9) == 8 && buf[8] == '\0');
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void long_values_fit_or_are_refused(void)
{
	static char value[5000];

	memset(value, 'v', sizeof(value) - 1);
	value[1900] = '\0';
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", value) == 0);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct", buf, sizeof(buf)) == 1900);
	CT_CHECK(strcmp(buf, value) == 0);
	value[1900] = 'v';
	value[HV_XS_DATA_MAX] = '\0'; /* with the node's own few bytes it is over the quota */
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", value) == -ENOSPC);
	value[HV_XS_DATA_MAX] = 'v';
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", value) == -E2BIG); /* no message holds it */
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct", buf, sizeof(buf)) == 1900);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void malformed_paths_are_refused(void)
{
	static const char *const bad[] = {"data//ct",	 "data/ct/", "data/c t",
					  "data/ct\x01", "",	     "/local/domain//0"};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CT_CHECK(hv_xs_write(HV_XS_NONE, bad[i], "x") == -EINVAL);
		CT_CHECK(hv_xs_read(HV_XS_NONE, bad[i], buf, sizeof(buf)) == -EINVAL);
	}
	memset(buf, 'p', sizeof(buf) - 1);
	buf[sizeof(buf) - 1] = '\0';
	CT_CHECK(hv_xs_write(HV_XS_NONE, buf, "x") < 0);
}

static void children_are_listed(void)
{
	bool seen[3] = {false, false, false};
	const char *p = buf;

	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/one", "1") == 0);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/two", "2") == 0);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/three/deep", "3") == 0);
	CT_CHECK(hv_xs_ls(HV_XS_NONE, "data/ct", buf, sizeof(buf)) == 3);
	for (unsigned int i = 0; i < 3; i++, p += strlen(p) + 1) {
		seen[0] |= strcmp(p, "one") == 0;
		seen[1] |= strcmp(p, "two") == 0;
		seen[2] |= strcmp(p, "three") == 0;
	}
	CT_CHECK(seen[0] && seen[1] && seen[2]);
	CT_CHECK(hv_xs_ls(HV_XS_NONE, "data/ct", buf, 13) == -E2BIG);
	CT_CHECK(hv_xs_ls(HV_XS_NONE, "data/ct", buf, 14) == 3);
	CT_CHECK(hv_xs_ls(HV_XS_NONE, "data/ct/one", buf, sizeof(buf)) == 0);
	CT_CHECK(hv_xs_ls(HV_XS_NONE, "data/ct/none", buf, sizeof(buf)) == -ENOENT);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct/two") == 0);
	CT_CHECK(hv_xs_ls(HV_XS_NONE, "data/ct", buf, sizeof(buf)) == 2);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/three/deep", buf, sizeof(buf)) == -ENOENT);
}

static void removing_nothing_is_fine_where_something_could_be(void)
{
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct/none/deeper") == -ENOENT);
}

static void foreign_nodes_are_out_of_reach(void)
{
	CT_CHECK(hv_xs_read(HV_XS_NONE, "name", buf, sizeof(buf)) > 0); /* dom0's, readable */
	CT_CHECK(hv_xs_write(HV_XS_NONE, "name", "mine") == -EACCES);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "name") == -EACCES);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "ct", "new") == -EACCES); /* our home is dom0's too */
	CT_CHECK(hv_xs_write(HV_XS_NONE, "/local/domain/0/ct", "x") == -EACCES);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "/ct", "x") == -EACCES);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "/libxl", buf, sizeof(buf)) == -EACCES);
	/* Not told whether it exists. */
	CT_CHECK(hv_xs_read(HV_XS_NONE, "/libxl/none", buf, sizeof(buf)) == -EACCES);
}

static void permissions_are_kept_and_inherited(void)
{
	struct hv_xs_perm perms[3] = {
		{.dom = hv_domid()},
		{.dom = 0, .read = true},
	};

	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "x") == 0);
	CT_CHECK(hv_xs_set_perms(HV_XS_NONE, "data/ct", perms, 2) == 0);
	memset(perms, 0xff, sizeof(perms));
	CT_CHECK(hv_xs_get_perms(HV_XS_NONE, "data/ct", perms, 3) == 2);
	CT_CHECK(perms[0].dom == hv_domid() && !perms[0].read && !perms[0].write);
	CT_CHECK(perms[1].dom == 0 && perms[1].read && !perms[1].write);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/child", "x") == 0);
	CT_CHECK(hv_xs_get_perms(HV_XS_NONE, "data/ct/child", perms, 1) == 2);
	CT_CHECK(perms[0].dom == hv_domid());
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void permissions_change_by_the_owner_only(void)
{
	struct hv_xs_perm perms[6] = {{.dom = 0}};

	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "x") == 0);
	CT_CHECK(hv_xs_set_perms(HV_XS_NONE, "data/ct", perms, 1) < 0); /* not given away */
	CT_CHECK(hv_xs_set_perms(HV_XS_NONE, "data/ct", perms, 0) < 0);
	for (unsigned int i = 0; i < 6; i++)
		perms[i].dom = hv_domid();
	CT_CHECK(hv_xs_set_perms(HV_XS_NONE, "data/ct", perms, 6) < 0); /* quota: 5 */
	CT_CHECK(hv_xs_set_perms(HV_XS_NONE, "name", perms, 1) == -EACCES);
	CT_CHECK(hv_xs_set_perms(HV_XS_NONE, "data/none", perms, 1) < 0);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void transactions_are_all_or_nothing(void)
{
	hv_xs_tx tx;

	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/a", "old") == 0);
	CT_CHECK(hv_xs_tx_begin(&tx) == 0 && tx != HV_XS_NONE);
	CT_CHECK(hv_xs_write(tx, "data/ct/a", "new") == 0);
	CT_CHECK(hv_xs_write(tx, "data/ct/b", "more") == 0);
	CT_CHECK(hv_xs_read(tx, "data/ct/a", buf, sizeof(buf)) == 3 && !strcmp(buf, "new"));
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/a", buf, sizeof(buf)) == 3 && !strcmp(buf, "old"));
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/b", buf, sizeof(buf)) == -ENOENT);
	CT_CHECK(hv_xs_tx_end(tx, true) == 0);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/a", buf, sizeof(buf)) == 3 && !strcmp(buf, "new"));
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/b", buf, sizeof(buf)) == 4);
	CT_CHECK(hv_xs_tx_begin(&tx) == 0);
	CT_CHECK(hv_xs_rm(tx, "data/ct") == 0);
	CT_CHECK(hv_xs_read(tx, "data/ct/a", buf, sizeof(buf)) == -ENOENT);
	CT_CHECK(hv_xs_tx_end(tx, false) == 0);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/a", buf, sizeof(buf)) == 3);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void interference_is_noticed(void)
{
	hv_xs_tx tx;

	/* A value that the transaction read changes. */
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/a", "1") == 0);
	CT_CHECK(hv_xs_tx_begin(&tx) == 0);
	CT_CHECK(hv_xs_read(tx, "data/ct/a", buf, sizeof(buf)) == 1);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/a", "2") == 0);
	CT_CHECK(hv_xs_write(tx, "data/ct/b", "x") == 0);
	CT_CHECK(hv_xs_tx_end(tx, true) == -EAGAIN);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/b", buf, sizeof(buf)) == -ENOENT);
	/* A node that was absent appears. */
	CT_CHECK(hv_xs_tx_begin(&tx) == 0);
	CT_CHECK(hv_xs_read(tx, "data/ct/c", buf, sizeof(buf)) == -ENOENT);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/c", "x") == 0);
	CT_CHECK(hv_xs_write(tx, "data/ct/a", "3") == 0);
	CT_CHECK(hv_xs_tx_end(tx, true) == -EAGAIN);
	/* Undisturbed the second time. */
	CT_CHECK(hv_xs_tx_begin(&tx) == 0);
	CT_CHECK(hv_xs_write(tx, "data/ct/a", "3") == 0);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/other", "x") == 0);
	CT_CHECK(hv_xs_tx_end(tx, true) == 0);
	CT_CHECK(hv_xs_read(HV_XS_NONE, "data/ct/a", buf, sizeof(buf)) == 1 && buf[0] == '3');
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/other") == 0);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void transaction_ids_are_checked(void)
{
	hv_xs_tx tx;

	CT_CHECK(hv_xs_tx_end(0x7654321, true) == -ENOENT);
	CT_CHECK(hv_xs_write(0x7654321, "data/ct", "x") == -ENOENT);
	CT_CHECK(hv_xs_tx_begin(&tx) == 0);
	CT_CHECK(hv_xs_tx_end(tx, false) == 0);
	CT_CHECK(hv_xs_read(tx, "data", buf, sizeof(buf)) == -ENOENT);
}

static void open_transactions_are_limited(void)
{
	hv_xs_tx tx[32];
	unsigned int n = 0;
	int ret = 0;

	while (n < 32) {
		ret = hv_xs_tx_begin(&tx[n]);
		if (ret)
			break;
		n++;
	}
	CT_CHECK(ret == -ENOSPC && n >= 10);
	while (n--)
		CT_CHECK(hv_xs_tx_end(tx[n], false) == 0);
	CT_CHECK(hv_xs_tx_begin(&tx[0]) == 0);
	CT_CHECK(hv_xs_tx_end(tx[0], true) == 0);
}

/* The last one: an owned node in dom0's directory can be deleted, and is then gone for good. */
static void an_owner_deletes_but_does_not_recreate(void)
{
	if (hv_xs_read(HV_XS_NONE, "drivers", buf, sizeof(buf)) == -ENOENT)
		CT_DOES_NOT_APPLY("drivers was deleted by an earlier run in this domain");
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "drivers") == 0);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "drivers", "x") == -EACCES);
}

const struct ct_case ct_xenstore[] = {
	{"values_come_back", values_come_back},
	{"reads_never_overrun", reads_never_overrun},
	{"long_values_fit_or_are_refused", long_values_fit_or_are_refused},
	{"malformed_paths_are_refused", malformed_paths_are_refused},
	{"children_are_listed", children_are_listed},
	{"removing_nothing_is_fine_where_something_could_be",
	 removing_nothing_is_fine_where_something_could_be},
	{"foreign_nodes_are_out_of_reach", foreign_nodes_are_out_of_reach},
	{"permissions_are_kept_and_inherited", permissions_are_kept_and_inherited},
	{"permissions_change_by_the_owner_only", permissions_change_by_the_owner_only},
	{"transactions_are_all_or_nothing", transactions_are_all_or_nothing},
	{"interference_is_noticed", interference_is_noticed},
	{"transaction_ids_are_checked", transaction_ids_are_checked},
	{"open_transactions_are_limited", open_transactions_are_limited},
	{"an_owner_deletes_but_does_not_recreate", an_owner_deletes_but_does_not_recreate},
	{NULL, NULL},
};
