/* SPDX-License-Identifier: MIT */
/*
 * test_hosted_xenstore.c - the hosted xenstore where several domains meet: ownership, the delete
 * rule, quotas, special watches, and what is left when a domain dies. (What one unprivileged domain
 * can see is held against real xenstored by tests/conformance.)
 */
#include "tests/unit/hosted_test.h"

static char buf[4096];

/* As dom0: a node with an owner and one reader. */
static void give_node(struct hosted *h, const char *path, hv_domid_t owner, hv_domid_t reader)
{
	const struct hv_xs_perm perms[2] = {{.dom = owner}, {.dom = reader, .read = true}};

	assert_int_equal(hosted_xs_printf(h, path, "x"), 0);
	AS(h, 0)
	assert_int_equal(hv_xs_set_perms(HV_XS_NONE, path, perms, 2), 0);
}

static void homes_are_as_libxl_makes_them(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "alice"), b = hosted_test_domain(h, "bob");

	assert_string_equal(hosted_xs_str(h, "/local/domain/1/name"), "alice");
	AS(h, a)
	{
		assert_int_equal(hv_xs_read(HV_XS_NONE, "domid", buf, sizeof(buf)), 1);
		assert_string_equal(buf, "1");
		assert_int_equal(hv_xs_write(HV_XS_NONE, "data/x", "1"), 0);
		assert_int_equal(hv_xs_write(HV_XS_NONE, "device/x", "1"), -EACCES);
		assert_int_equal(hv_xs_write(HV_XS_NONE, "/vm/1/x", "1"), -EACCES);
	}
	AS(h, b)
	assert_int_equal(hv_xs_read(HV_XS_NONE, "/local/domain/1/name", buf, sizeof(buf)), -EACCES);
}

static void a_grant_of_read_is_no_grant_of_write(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a"), b = hosted_test_domain(h, "b");

	give_node(h, "/shared", a, b);
	AS(h, a)
	assert_int_equal(hv_xs_write(HV_XS_NONE, "/shared", "1"), 0);
	AS(h, b)
	{
		assert_int_equal(hv_xs_read(HV_XS_NONE, "/shared", buf, sizeof(buf)), 1);
		assert_int_equal(hv_xs_write(HV_XS_NONE, "/shared", "2"), -EACCES);
		assert_int_equal(hv_xs_write(HV_XS_NONE, "/shared/below", "2"), -EACCES);
		assert_int_equal(hv_xs_rm(HV_XS_NONE, "/shared"), -EACCES);
	}
}

/*
 * What a frontend can do to its directory: delete it, since it owns it, but not make it again in
 * dom0's directory. And whoever may write a directory deletes everything in it, whoever owns that.
 */
static void the_delete_rule(void **state)
{
	struct hosted *h = *state;
	hv_domid_t f = hosted_test_domain(h, "front"), b = hosted_test_domain(h, "back");

	give_node(h, "/local/domain/1/device/vgpu/0", f, b);
	assert_int_equal(hosted_xs_printf(h, "/local/domain/1/device/vgpu/0/secret", "s"), 0);
	AS(h, 0)
	{
		const struct hv_xs_perm dom0 = {.dom = 0};

		assert_int_equal(hv_xs_set_perms(HV_XS_NONE, "/local/domain/1/device/vgpu/0/secret",
						 &dom0, 1),
				 0);
	}
	AS(h, f)
	{
		assert_int_equal(hv_xs_read(HV_XS_NONE, "device/vgpu/0/secret", buf, sizeof(buf)),
				 -EACCES);
		assert_int_equal(hv_xs_rm(HV_XS_NONE, "device/vgpu/0/secret"), -EACCES);
		assert_int_equal(hv_xs_rm(HV_XS_NONE, "device/vgpu"), -EACCES);
		assert_int_equal(hv_xs_rm(HV_XS_NONE, "device/vgpu/0"), 0);
		assert_int_equal(hv_xs_write(HV_XS_NONE, "device/vgpu/0", "mine"), -EACCES);
	}
	assert_null(hosted_xs_str(h, "/local/domain/1/device/vgpu/0/secret"));
}

static void new_nodes_belong_to_an_unprivileged_creator(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a"), b = hosted_test_domain(h, "b");
	struct hv_xs_perm perms[3] = {{.dom = a}, {.dom = b, .read = true, .write = true}};

	AS(h, a)
	{
		assert_int_equal(hv_xs_write(HV_XS_NONE, "data/box", "x"), 0);
		assert_int_equal(hv_xs_set_perms(HV_XS_NONE, "data/box", perms, 2), 0);
	}
	AS(h, b)
	{
		assert_int_equal(hv_xs_write(HV_XS_NONE, "/local/domain/1/data/box/n", "x"), 0);
		assert_int_equal(
			hv_xs_get_perms(HV_XS_NONE, "/local/domain/1/data/box/n", perms, 3), 2);
		assert_int_equal(perms[0].dom, b);
		/* Writers may not change permissions, owners may not give nodes away. */
		assert_int_equal(hv_xs_set_perms(HV_XS_NONE, "/local/domain/1/data/box", perms, 1),
				 -EACCES);
		perms[0].dom = a;
		assert_int_equal(
			hv_xs_set_perms(HV_XS_NONE, "/local/domain/1/data/box/n", perms, 1),
			-EPERM);
	}
	assert_int_equal(hosted_xs_printf(h, "/local/domain/2/data/box", "x"), 0);
	AS(h, 0)
	{
		assert_int_equal(hv_xs_get_perms(HV_XS_NONE, "/local/domain/2/data/box", perms, 3),
				 1);
		assert_int_equal(perms[0].dom, b); /* dom0 passes the owner on */
	}
}

static void node_quota(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	struct hosted_usage used;
	char path[64];
	unsigned int i;
	int ret = 0;

	AS(h, a)
	{
		for (i = 0; i < 2000 && !ret; i++) {
			/* A directory per 50 nodes: a node with its child names must stay small. */
			snprintf(path, sizeof(path), "data/d%u/%u", i / 50, i);
			ret = hv_xs_write(HV_XS_NONE, path, "");
		}
		assert_int_equal(ret, -ENOSPC);
	}
	hosted_usage(h, a, &used);
	assert_int_equal(used.nodes, HOSTED_XS_NODES);
	AS(h, a)
	{
		assert_int_equal(hv_xs_rm(HV_XS_NONE, "data/d0/0"), 0);
		assert_int_equal(hv_xs_write(HV_XS_NONE, "data/d0/0", ""), 0);
		assert_int_equal(hv_xs_write(HV_XS_NONE, "data/d0/new", ""), -ENOSPC);
	}
	/* Others are not hurt, and dom0 has no quota. */
	for (i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "/many/d%u/%u", i / 50, i);
		assert_int_equal(hosted_xs_printf(h, path, "x"), 0);
	}
}

static void node_quota_in_a_transaction(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	char path[64];
	hv_xs_tx tx;

	AS(h, a)
	{
		for (unsigned int i = 0; i < 900; i++) {
			snprintf(path, sizeof(path), "data/d%u/%u", i / 50, i);
			assert_int_equal(hv_xs_write(HV_XS_NONE, path, ""), 0);
		}
		assert_int_equal(hv_xs_tx_begin(&tx), 0);
		for (unsigned int i = 0; i < 120; i++) {
			snprintf(path, sizeof(path), "data/t/%u", i);
			assert_int_equal(hv_xs_write(tx, path, ""), 0);
		}
		assert_int_equal(hv_xs_tx_end(tx, true), -ENOSPC);
		assert_int_equal(hv_xs_read(HV_XS_NONE, "data/t/1", buf, sizeof(buf)), -ENOENT);
	}
}

static void watch_quota(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	struct hosted_xs *xs = hosted_xs_of(h);
	uint32_t n = 0;

	while (n < 1000 && hosted_xs_watch(xs, a, "data", n) == 0)
		n++;
	assert_int_equal(n, HOSTED_XS_WATCHES + 1);
	assert_int_equal(hosted_xs_watch(xs, a, "data", n), -E2BIG);
	assert_int_equal(hosted_xs_watch(xs, a, "data", 5), -EEXIST);
	assert_int_equal(hosted_xs_unwatch(xs, a, "data", 5), 0);
	assert_int_equal(hosted_xs_unwatch(xs, a, "data", 5), -ENOENT);
	assert_int_equal(hosted_xs_watch(xs, a, "data", 5), 0);
}

static void values_may_hide_a_nul(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");

	assert_int_equal(hosted_xs_write(hosted_xs_of(h), a, HV_XS_NONE, "data/v",
					 "1\0"
					 "2",
					 3),
			 0);
	AS(h, a)
	assert_int_equal(hv_xs_read(HV_XS_NONE, "data/v", buf, sizeof(buf)), -EINVAL);
}

static void conflicts_between_domains(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	hv_xs_tx tx, tx0;

	AS(h, a)
	{
		assert_int_equal(hv_xs_tx_begin(&tx), 0);
		assert_int_equal(hv_xs_write(tx, "data/a", "1"), 0);
	}
	assert_int_equal(hosted_xs_printf(h, "/local/domain/1/data/b", "sibling"), 0);
	AS(h, a)
	assert_int_equal(hv_xs_tx_end(tx, true), -EAGAIN);
	/* Ids belong to a connection. */
	AS(h, 0)
	assert_int_equal(hv_xs_tx_begin(&tx0), 0);
	AS(h, a)
	assert_int_equal(hv_xs_tx_end(tx0, true), -ENOENT);
	/* Two that read what the other writes: the first wins. */
	AS(h, a)
	{
		assert_int_equal(hv_xs_tx_begin(&tx), 0);
		assert_int_equal(hv_xs_read(tx, "data/b", buf, sizeof(buf)), 7);
		assert_int_equal(hv_xs_write(tx, "error", "1"), 0);
	}
	AS(h, 0)
	{
		assert_int_equal(hv_xs_read(tx0, "/local/domain/1/error", buf, sizeof(buf)), 0);
		assert_int_equal(hv_xs_write(tx0, "/local/domain/1/data/b", "2"), 0);
		assert_int_equal(hv_xs_tx_end(tx0, true), 0);
	}
	AS(h, a)
	assert_int_equal(hv_xs_tx_end(tx, true), -EAGAIN);
}

static void quota_counts_follow_transactions(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	struct hosted_usage before, after;
	hv_xs_tx tx;

	hosted_usage(h, a, &before);
	AS(h, a)
	{
		assert_int_equal(hv_xs_tx_begin(&tx), 0);
		assert_int_equal(hv_xs_write(tx, "data/p/q/r", "1"), 0);
		assert_int_equal(hv_xs_rm(tx, "data/p/q"), 0);
		assert_int_equal(hv_xs_write(tx, "data/s", "1"), 0);
		assert_int_equal(hv_xs_tx_end(tx, true), 0);
	}
	hosted_usage(h, a, &after);
	assert_int_equal(after.nodes, before.nodes + 2); /* p and s */
	AS(h, a)
	{
		assert_int_equal(hv_xs_tx_begin(&tx), 0);
		assert_int_equal(hv_xs_rm(tx, "data/p"), 0);
		assert_int_equal(hv_xs_tx_end(tx, false), 0);
		assert_int_equal(hv_xs_rm(HV_XS_NONE, "data/p"), 0);
		assert_int_equal(hv_xs_rm(HV_XS_NONE, "data/s"), 0);
	}
	hosted_usage(h, a, &after);
	assert_int_equal(after.nodes, before.nodes);
}

/* ---------------------------------------------------------------- watches */

struct seen {
	struct hv_xs_watch w;
	unsigned int calls;
	char last[256];
};

static void note(struct hv_xs_watch *w, const char *changed)
{
	struct seen *s = w->arg;

	s->calls++;
	snprintf(s->last, sizeof(s->last), "%s", changed);
}

static void start_watch(struct hosted *h, hv_domid_t dom, struct seen *s, const char *path)
{
	*s = (struct seen){.w = {.path = path, .fn = note, .arg = s}};
	AS(h, dom)
	assert_int_equal(hv_xs_watch(&s->w), 0);
	SETTLE(h);
	assert_int_equal(s->calls, 1);
	s->calls = 0;
}

static void stop_watch(struct hosted *h, hv_domid_t dom, struct seen *s)
{
	AS(h, dom)
	hv_xs_unwatch(&s->w);
}

static void only_those_who_may_read_are_told(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a"), b = hosted_test_domain(h, "b");
	const struct hv_xs_perm shut[1] = {{.dom = a}};
	struct seen s;

	give_node(h, "/shared", a, b);
	start_watch(h, b, &s, "/shared");
	AS(h, a)
	hv_xs_write(HV_XS_NONE, "/shared", "1");
	SETTLE(h);
	assert_int_equal(s.calls, 1);
	/* Who loses the right to read is told of that, and of nothing later. */
	AS(h, a)
	assert_int_equal(hv_xs_set_perms(HV_XS_NONE, "/shared", shut, 1), 0);
	SETTLE(h);
	assert_int_equal(s.calls, 2);
	AS(h, a)
	hv_xs_write(HV_XS_NONE, "/shared", "2");
	SETTLE(h);
	assert_int_equal(s.calls, 2);
	stop_watch(h, b, &s);
}

static void a_flood_of_one_change_is_one_event(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	struct seen s;

	start_watch(h, 0, &s, "/local/domain/1/data");
	AS(h, a)
	{
		for (unsigned int i = 0; i < 1000; i++)
			assert_int_equal(hv_xs_write(HV_XS_NONE, "data/x", i & 1 ? "1" : "2"), 0);
	}
	assert_int_equal(hosted_xs_events(hosted_xs_of(h), 0), 1);
	SETTLE(h);
	assert_int_equal(s.calls, 1);
	assert_string_equal(s.last, "/local/domain/1/data/x");
	stop_watch(h, 0, &s);
}

static void relative_watches_report_relative_paths(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	struct seen s;

	start_watch(h, a, &s, "data");
	assert_string_equal(s.last, "data");
	assert_int_equal(hosted_xs_printf(h, "/local/domain/1/data/from-dom0", "1"), 0);
	SETTLE(h);
	assert_string_equal(s.last, "data/from-dom0");
	stop_watch(h, a, &s);
}

static void births_and_deaths_are_told_to_dom0_only(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	struct seen in0, out0, out_a;
	const struct hv_xs_perm let_a[2] = {{.dom = 0}, {.dom = a, .read = true}};
	hv_domid_t b;

	start_watch(h, 0, &in0, "@introduceDomain");
	start_watch(h, 0, &out0, "@releaseDomain");
	start_watch(h, a, &out_a, "@releaseDomain");
	b = hosted_test_domain(h, "b");
	SETTLE(h);
	assert_int_equal(in0.calls, 1);
	hosted_domain_destroy(h, b);
	SETTLE(h);
	assert_int_equal(out0.calls, 1);
	assert_int_equal(out_a.calls, 0);
	/* dom0 may let others know. */
	AS(h, a)
	assert_int_equal(hv_xs_set_perms(HV_XS_NONE, "@releaseDomain", let_a, 2), -EACCES);
	AS(h, 0)
	assert_int_equal(hv_xs_set_perms(HV_XS_NONE, "@releaseDomain", let_a, 2), 0);
	hosted_domain_destroy(h, hosted_test_domain(h, "c"));
	SETTLE(h);
	assert_int_equal(out0.calls, 2);
	assert_int_equal(out_a.calls, 1);
	stop_watch(h, 0, &in0);
	stop_watch(h, 0, &out0);
	stop_watch(h, a, &out_a);
}

static void a_shutdown_is_a_release_too(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	struct seen s;

	start_watch(h, 0, &s, "@releaseDomain");
	AS(h, a)
	hv_exit(0);
	SETTLE(h);
	assert_int_equal(s.calls, 1);
	assert_non_null(hosted_xs_str(h, "/local/domain/1/name")); /* not destroyed yet */
	stop_watch(h, 0, &s);
}

/* ---------------------------------------------------------------- death */

static void the_dead_leave_the_backends_nodes(void **state)
{
	struct hosted *h = *state;
	hv_domid_t f = hosted_test_domain(h, "front"), b = hosted_test_domain(h, "back");
	struct hv_xs_perm perms[3];
	struct seen s;

	give_node(h, "/local/domain/1/device/vgpu/0", f, b);
	give_node(h, "/local/domain/2/backend/vgpu/1/0", b, f);
	give_node(h, "/xvgpu/2/1/0", 0, b);
	start_watch(h, b, &s, "/local/domain/1/device/vgpu/0");
	hosted_domain_destroy(h, f);
	SETTLE(h);
	assert_int_equal(s.calls, 1);
	assert_null(hosted_xs_str(h, "/local/domain/1"));
	assert_null(hosted_xs_str(h, "/libxl/1"));
	assert_non_null(hosted_xs_str(h, "/local/domain/2/backend/vgpu/1/0"));
	assert_non_null(hosted_xs_str(h, "/xvgpu/2/1/0"));
	/* The reader's entry is void: a new domain gains nothing from it. */
	AS(h, b)
	{
		assert_int_equal(hv_xs_get_perms(HV_XS_NONE, "backend/vgpu/1/0", perms, 3), 2);
		stop_watch(h, b, &s);
	}
	hosted_domain_destroy(h, b);
	assert_null(hosted_xs_str(h, "/local/domain/2"));
	assert_non_null(hosted_xs_str(h, "/xvgpu/2/1/0")); /* dom0's */
}

static void nodes_owned_elsewhere_go_with_their_owner(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a"), b = hosted_test_domain(h, "b");

	give_node(h, "/tool/of-a", a, b);
	AS(h, a)
	assert_int_equal(hv_xs_write(HV_XS_NONE, "/tool/of-a/deep/er", "1"), 0);
	hosted_domain_destroy(h, a);
	assert_null(hosted_xs_str(h, "/tool/of-a"));
	assert_null(hosted_xs_str(h, "/tool/of-a/deep/er"));
}

static void planted_failures_reach_the_caller(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a");
	hv_xs_tx tx;

	hosted_fail_nth(h, a, HOSTED_FAIL_XENSTORE, 2);
	AS(h, a)
	{
		assert_int_equal(hv_xs_write(HV_XS_NONE, "data/x", "1"), 0);
		assert_int_equal(hv_xs_write(HV_XS_NONE, "data/x", "2"), -EIO);
		assert_int_equal(hv_xs_read(HV_XS_NONE, "data/x", buf, sizeof(buf)), 1);
		assert_string_equal(buf, "1");
		hosted_fail_nth(h, a, HOSTED_FAIL_XENSTORE, 2);
		assert_int_equal(hv_xs_tx_begin(&tx), 0);
		assert_int_equal(hv_xs_tx_end(tx, true), -EIO);
		assert_int_equal(hv_xs_tx_end(tx, true), -ENOENT); /* closed all the same */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTED_TEST(homes_are_as_libxl_makes_them),
		HOSTED_TEST(a_grant_of_read_is_no_grant_of_write),
		HOSTED_TEST(the_delete_rule),
		HOSTED_TEST(new_nodes_belong_to_an_unprivileged_creator),
		HOSTED_TEST(node_quota),
		HOSTED_TEST(node_quota_in_a_transaction),
		HOSTED_TEST(watch_quota),
		HOSTED_TEST(values_may_hide_a_nul),
		HOSTED_TEST(conflicts_between_domains),
		HOSTED_TEST(quota_counts_follow_transactions),
		HOSTED_TEST(only_those_who_may_read_are_told),
		HOSTED_TEST(a_flood_of_one_change_is_one_event),
		HOSTED_TEST(relative_watches_report_relative_paths),
		HOSTED_TEST(births_and_deaths_are_told_to_dom0_only),
		HOSTED_TEST(a_shutdown_is_a_release_too),
		HOSTED_TEST(the_dead_leave_the_backends_nodes),
		HOSTED_TEST(nodes_owned_elsewhere_go_with_their_owner),
		HOSTED_TEST(planted_failures_reach_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
