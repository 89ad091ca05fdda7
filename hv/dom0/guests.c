/* SPDX-License-Identifier: MIT */
/*
 * guests.c - create, register, unregister: guests that have slices from their start.
 *
 * create: everything is checked before anything is made; the guest is made paused, gets its nodes in
 * one transaction and only then runs, so its first look at its devices finds them all. The lock is
 * held throughout, so the daemon (which hears of the new domain at once) finds the work done.
 *
 * register: only a record; from then on the daemon does the plugging whenever a domain of that name
 * appears. create leaves such a record too, for the life of the guest, so that a guest which
 * reboots (xl destroys it and makes it anew) gets its slices back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "commands.h"
#include "doorbell.h"
#include "lock.h"
#include "records.h"
#include "session.h"
#include "xl.h"

/* Words of xl's command line that make sense for a guest which create itself unpauses. */
static const char *const xl_options[] = {"-q", "--quiet", "-e",
					 "-d", "-i",	  "--ignore-global-affinity-masks"};
#define MAX_WORDS 32

struct create {
	const char *file;
	bool paused; /* -p: stay so */
	int n_options, n_vars;
	const char *options[MAX_WORDS];
	char *vars[MAX_WORDS];
	struct xvgpu_guest guest;
	struct xvgpu_slice slices[XVGPU_MAX_DEVICES];
	bool recorded; /* we wrote a record */
};

static enum xvgpu_exit parse_words(struct create *c, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool option = false;

		for (size_t o = 0; o < sizeof(xl_options) / sizeof(xl_options[0]); o++)
			option |= !strcmp(argv[i], xl_options[o]);
		if (c->n_options == MAX_WORDS || c->n_vars == MAX_WORDS)
			return xvgpu_usage("create", "%s: too many words", argv[i]);
		if (!strcmp(argv[i], "-p"))
			c->paused = true;
		else if (option)
			c->options[c->n_options++] = argv[i];
		else if (argv[i][0] == '-')
			return xvgpu_usage(
				"create", "%s: not one of xl's options that create takes", argv[i]);
		else if (strchr(argv[i], '='))
			c->vars[c->n_vars++] = argv[i];
		else if (!c->file)
			c->file = argv[i];
		else
			return xvgpu_usage("create", "%s: one config file only", argv[i]);
	}
	return c->file ? XVGPU_EXIT_OK : xvgpu_usage("create", "no config file");
}

/* Puts "FILE:LINE: vgpu: " before what admission says about one entry. */
static int admit(struct xvgpu_session *session, const char *file, const struct xvgpu_guest *guest,
		 struct xvgpu_slice *slices, struct xvgpu_err *err)
{
	struct xvgpu_spec specs[XVGPU_MAX_DEVICES];
	struct xvgpu_err inner;
	int rc, at = 0;

	memcpy(specs, guest->specs, sizeof(specs));
	rc = xvgpu_spec_slots(specs, guest->n, 0, err);
	if (rc)
		return rc;
	rc = xvgpu_admit(session->xs, &session->domains, &session->profiles, specs, guest->n,
			 slices, &at, &inner);
	if (rc)
		xvgpu_fail(err, rc, "%s:%ld: vgpu: %s", file, guest->line[at], inner.text);
	return rc;
}

/* Before there is a domain; what it then is, is looked at again. */
static int check_type(const char *file, const struct xvgpu_guest *guest, struct xvgpu_err *err)
{
	for (int i = 0; i < guest->n; i++)
		if (guest->specs[i].direct && !guest->pvh)
			return xvgpu_fail(err, -EINVAL,
					  "%s:%ld: vgpu: doorbell=direct: only for a PVH guest "
					  "(type=\"pvh\")",
					  file, guest->line[i]);
	return 0;
}

static bool same_slices(const struct xvgpu_guest *a, const struct xvgpu_guest *b)
{
	char text[2][XVGPU_SPEC_TEXT_MAX];

	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++) {
		xvgpu_spec_format(&a->specs[i], text[0], sizeof(text[0]));
		xvgpu_spec_format(&b->specs[i], text[1], sizeof(text[1]));
		if (strcmp(text[0], text[1]) != 0)
			return false;
	}
	return true;
}

/* Leaves a record for the guest's life, unless it is registered with the same slices. */
static int record(struct create *c, const char *uuid, struct xvgpu_err *err)
{
	struct xvgpu_record record = {.guest = c->guest, .for_life = true};
	int rc;

	xvgpu_print(record.guest.uuid, sizeof(record.guest.uuid), "%s", uuid);
	if (xvgpu_print(record.source, sizeof(record.source), "%s", c->file))
		return xvgpu_fail(err, -EINVAL, "%s: path too long", c->file);
	rc = xvgpu_record_write(&record, err);
	c->recorded = rc == 0;
	return rc;
}

static int check_record(const struct create *c, bool *registered, struct xvgpu_err *err)
{
	struct xvgpu_record *old = malloc(sizeof(*old));
	int rc;

	*registered = false;
	if (!old)
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	rc = xvgpu_record_read(c->guest.name, old, err);
	if (rc == 0 && !old->for_life) {
		*registered = true;
		if (!same_slices(&old->guest, &c->guest))
			rc = xvgpu_fail(err, -EEXIST,
					"%s: registered with other slices (from %s); register it "
					"again or unregister it",
					c->guest.name, old->source);
	}
	free(old);
	return rc == -ENOENT ? 0 : rc;
}

static int xl_create(const struct create *c, struct xvgpu_err *err)
{
	const char *args[3 + 2 * MAX_WORDS + 1];
	int n = 0;

	args[n++] = "create";
	args[n++] = c->file;
	args[n++] = "-p";
	for (int i = 0; i < c->n_options; i++)
		args[n++] = c->options[i];
	for (int i = 0; i < c->n_vars; i++)
		args[n++] = c->vars[i];
	args[n] = NULL;
	return xvgpu_xl(err, args);
}

/* Undoes what is there of a guest that could not be finished; domid is 0 when it is not known. */
static void undo(struct create *c, struct xvgpu_session *session, unsigned int domid)
{
	const char *destroy[] = {"destroy", c->guest.name, NULL};
	struct xvgpu_err err;

	if (xvgpu_xl(&err, destroy))
		xvgpu_say("%s", err.text);
	for (int i = 0; domid && i < c->guest.n; i++)
		xvgpu_unplug(session->xs, &c->slices[i], XVGPU_OUT);
	if (c->recorded && xvgpu_record_remove(c->guest.name, &err))
		xvgpu_say("%s", err.text);
}

/* From a paused domain without slices to one with them that runs. */
static int finish(struct create *c, struct xvgpu_session *session, bool registered,
		  unsigned int *domid, struct xvgpu_err *err)
{
	const char *unpause[] = {"unpause", c->guest.name, NULL};
	const struct xvgpu_domain *dom;
	int rc = xvgpu_session_refresh(session, err);

	if (rc)
		return rc;
	dom = xvgpu_domain_by_name(&session->domains, c->guest.name);
	if (!dom)
		return xvgpu_fail(err, -EIO, "%s: xl made no such domain", c->guest.name);
	*domid = dom->domid;
	for (int i = 0; i < c->guest.n; i++)
		c->slices[i].front = dom->domid;
	if (!registered)
		rc = record(c, dom->uuid, err);
	if (!rc)
		rc = xvgpu_plug(session->xs, dom, c->slices, c->guest.n, err);
	if (!rc && !c->paused)
		rc = xvgpu_xl(err, unpause);
	return rc;
}

static int create(struct create *c, struct xvgpu_session *session, struct xvgpu_err *err)
{
	unsigned int domid = 0;
	bool registered;
	int rc;

	rc = xvgpu_guest_read(c->file, c->vars, c->n_vars, &c->guest, err);
	if (!rc)
		rc = check_type(c->file, &c->guest, err);
	if (!rc)
		rc = admit(session, c->file, &c->guest, c->slices, err);
	if (!rc)
		rc = check_record(c, &registered, err);
	if (!rc && xvgpu_domain_by_name(&session->domains, c->guest.name))
		rc = xvgpu_fail(err, -EEXIST, "%s: a domain of this name is running",
				c->guest.name);
	if (!rc)
		rc = xl_create(c, err); /* which leaves nothing when it fails */
	if (rc)
		return rc;
	rc = finish(c, session, registered, &domid, err);
	if (rc)
		undo(c, session, domid);
	return rc;
}

enum xvgpu_exit xvgpu_cmd_create(int argc, char **argv)
{
	struct create c = {.file = NULL};
	enum xvgpu_exit usage = parse_words(&c, argc, argv);
	struct xvgpu_session session;
	struct xvgpu_err err;
	int rc;

	if (usage)
		return usage;
	rc = xvgpu_session_open(&session, &err);
	if (!rc) {
		rc = create(&c, &session, &err);
		if (!rc)
			xvgpu_poke(session.xs);
		xvgpu_session_close(&session);
	}
	if (rc)
		xvgpu_say("%s", err.text);
	else if (!xvgpu_daemon_runs())
		xvgpu_say("%s runs, but no xvgpu daemon does: its slices will not survive a reboot",
			  c.guest.name);
	return xvgpu_exit_code(rc);
}

/*
 * What can be known without the driver domain running: profiles exist and allow what is asked,
 * backends are driver domains of this machine.
 */
static int check_spec(const struct xvgpu_profiles *profiles, const struct xvgpu_spec *spec,
		      struct xvgpu_err *err)
{
	struct xvgpu_spec copy = *spec;
	char config[XVGPU_PATH_MAX];
	struct xvgpu_err inner;
	int rc = xvgpu_profiles_apply(profiles, &copy, err);

	if (rc)
		return rc;
	if (xvgpu_gpudom_read(spec->backend, config, &inner))
		return xvgpu_fail(err, -ENODEV,
				  "backend=%s: no such driver domain (xvgpu init "
				  "makes one)",
				  spec->backend);
	return 0;
}

static int register_guest(const char *file, struct xvgpu_record *record, struct xvgpu_err *err)
{
	struct xvgpu_profiles *profiles = calloc(1, sizeof(*profiles));
	struct xvgpu_err inner;
	char *full;
	int rc;

	if (!profiles)
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	rc = xvgpu_profiles_read(profiles, err);
	if (!rc)
		rc = xvgpu_guest_read(file, NULL, 0, &record->guest, err);
	if (!rc)
		rc = check_type(file, &record->guest, err);
	for (int i = 0; !rc && i < record->guest.n; i++) {
		rc = check_spec(profiles, &record->guest.specs[i], &inner);
		if (rc)
			xvgpu_fail(err, rc, "%s:%ld: vgpu: %s", file, record->guest.line[i],
				   inner.text);
	}
	free(profiles);
	if (rc)
		return rc;
	full = realpath(file, NULL);
	if (!full || xvgpu_print(record->source, sizeof(record->source), "%s", full))
		rc = xvgpu_fail(err, -EINVAL, "%s: not a path that can be kept", file);
	free(full);
	return rc ? rc : xvgpu_record_write(record, err);
}

/* Lets a running daemon know; without Xen (or daemon) there is nobody to tell. */
static void tell_daemon(void)
{
	struct xs_handle *xs = xvgpu_daemon_runs() ? xs_open(0) : NULL;

	if (xs) {
		xvgpu_poke(xs);
		xs_close(xs);
	}
}

enum xvgpu_exit xvgpu_cmd_register(int argc, char **argv)
{
	struct xvgpu_record record = {.for_life = false};
	struct xvgpu_err err;
	int rc, lock;

	if (argc != 2 || argv[1][0] == '-')
		return xvgpu_usage("register", "give one config file");
	rc = lock = xvgpu_lock(&err);
	if (lock >= 0) {
		rc = register_guest(argv[1], &record, &err);
		xvgpu_unlock(lock);
	}
	if (rc < 0) {
		xvgpu_say("%s", err.text);
		return xvgpu_exit_code(rc);
	}
	tell_daemon();
	return XVGPU_EXIT_OK;
}

enum xvgpu_exit xvgpu_cmd_unregister(int argc, char **argv)
{
	struct xvgpu_err err;
	int rc, lock;

	if (argc != 2 || argv[1][0] == '-')
		return xvgpu_usage("unregister", "give one guest's name");
	rc = lock = xvgpu_lock(&err);
	if (lock >= 0) {
		rc = xvgpu_record_remove(argv[1], &err);
		xvgpu_unlock(lock);
	}
	if (rc < 0)
		xvgpu_say("%s", err.text);
	return xvgpu_exit_code(rc < 0 ? rc : 0);
}
