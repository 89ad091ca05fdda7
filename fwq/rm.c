/* SPDX-License-Identifier: MIT */
/*
 * rm.c - writes RM headers, and judges the replies to them.
 *
 * The four calls differ in data only: a form says which structure is the header, which of its fields
 * the caller gives and the reply must repeat, and where the status is. Fields that no form names are
 * zero: flags, and what only some versions have (rmctrlFlags, rmctrlAccessRight).
 *
 * Order that matters: nothing of a call is touched after it was submitted or its done() was called,
 * because both may end it, and its owner may then use it again or free it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fwq/rm.h"
#include "fwq/status.h"
#include "fwq/view.h"
#include "hv/hv.h"

struct fwq_rm_form {
	const char *name;
	enum fwq_number function;
	enum fwq_struct header;
	unsigned int params; /* the enum fwq_field where they begin; FWQ_FIELDS: it has none */
	enum fwq_field status;
	enum fwq_field field[4]; /* echo, in this order; all are in needed.h, 32 bits wide */
	unsigned int fields;
	bool whole; /* a success brings all parameters */
};

static const struct fwq_rm_form alloc_form = {
	.name = "alloc",
	.function = FWQ_N_NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC,
	.header = FWQ_S_rpc_gsp_rm_alloc_v,
	.params = FWQ_F_rpc_gsp_rm_alloc_v__params,
	.status = FWQ_F_rpc_gsp_rm_alloc_v__status,
	.field = {FWQ_F_rpc_gsp_rm_alloc_v__hClient, FWQ_F_rpc_gsp_rm_alloc_v__hObject,
		  FWQ_F_rpc_gsp_rm_alloc_v__hClass, FWQ_F_rpc_gsp_rm_alloc_v__hParent},
	.fields = 4,
	/* NVIDIA's own driver gives a length without the parameters, so may the reply. */
	.whole = false,
};

static const struct fwq_rm_form control_form = {
	.name = "control",
	.function = FWQ_N_NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL,
	.header = FWQ_S_rpc_gsp_rm_control_v,
	.params = FWQ_F_rpc_gsp_rm_control_v__params,
	.status = FWQ_F_rpc_gsp_rm_control_v__status,
	.field = {FWQ_F_rpc_gsp_rm_control_v__hClient, FWQ_F_rpc_gsp_rm_control_v__hObject,
		  FWQ_F_rpc_gsp_rm_control_v__cmd, FWQ_F_rpc_gsp_rm_control_v__paramsSize},
	.fields = 4,
	.whole = true,
};

static const struct fwq_rm_form free_form = {
	.name = "free",
	.function = FWQ_N_NV_VGPU_MSG_FUNCTION_FREE,
	.header = FWQ_S_rpc_free_v,
	.params = FWQ_FIELDS,
	.status = FWQ_F_rpc_free_v__params_status,
	/* hObjectParent stays 0, as in both known drivers. */
	.field = {FWQ_F_rpc_free_v__params_hRoot, FWQ_F_rpc_free_v__params_hObjectOld},
	.fields = 2,
};

static const struct fwq_rm_form dup_form = {
	.name = "dup",
	.function = FWQ_N_NV_VGPU_MSG_FUNCTION_DUP_OBJECT,
	.header = FWQ_S_rpc_dup_object_v,
	.params = FWQ_FIELDS,
	.status = FWQ_F_rpc_dup_object_v__params_status,
	.field = {FWQ_F_rpc_dup_object_v__params_hClient, FWQ_F_rpc_dup_object_v__params_hObject,
		  FWQ_F_rpc_dup_object_v__params_hParent},
	.fields = 3,
};

/* Parameters begin behind the last field; a header without them ends with its structure. */
static uint32_t header_len(const struct fwq_pack *pack, const struct fwq_rm_form *form)
{
	return form->params == FWQ_FIELDS ? fwq_sizeof(pack, form->header)
					  : pack->field[form->params].offset;
}

/*
 * A structure's padding may lie behind the offset of its flexible array. Messages are as long as
 * NVIDIA's driver has them, sizeof(header) + paramsSize, so that many bytes follow the parameters.
 */
static uint32_t tail_len(const struct fwq_pack *pack, const struct fwq_rm_form *form)
{
	return fwq_sizeof(pack, form->header) - header_len(pack, form);
}

/* Is every field of the form inside what we send and receive as its header? */
static bool form_fits(const struct fwq_pack *pack, const struct fwq_rm_form *form)
{
	uint32_t len = header_len(pack, form);

	if (len > FWQ_RM_ROOM || tail_len(pack, form) > FWQ_RM_TAIL) /* FWQ_ABSENT is */
		return false;
	for (unsigned int i = 0; i < form->fields; i++)
		if (pack->field[form->field[i]].offset + 4 > len)
			return false;
	return pack->field[form->status].offset + 4 <= len;
}

int fwq_rm_init(struct fwq_rm *rm, struct fwq_rpc *rpc, const struct fwq_pack *pack)
{
	*rm = (struct fwq_rm){.rpc = rpc, .pack = pack};
	if (form_fits(pack, &alloc_form) && form_fits(pack, &control_form) &&
	    form_fits(pack, &free_form) && form_fits(pack, &dup_form))
		return 0;
	return -EINVAL;
}

void fwq_rm_call_init(struct fwq_rm_call *call, struct fwq_rm *rm, struct fwq_caller *caller,
		      void *buf, uint32_t size, void (*done)(struct fwq_rm_call *call, int err),
		      void *arg)
{
	HV_CHECK(size >= FWQ_RM_SIZE(0));
	*call = (struct fwq_rm_call){.rm = rm,
				     .caller = caller,
				     .buf = buf,
				     .size = size,
				     .done = done,
				     .arg = arg,
				     .timeout = FWQ_RM_TIMEOUT};
}

static uint32_t params_room(const struct fwq_rm_call *call)
{
	return call->size - FWQ_RM_SIZE(0);
}

void *fwq_rm_params(struct fwq_rm_call *call, enum fwq_struct params)
{
	uint32_t len = fwq_sizeof(call->rm->pack, params);

	if (!len || len > params_room(call))
		return NULL;
	return memset(call->buf + FWQ_RM_ROOM, 0, len);
}

int fwq_rm_fill(struct fwq_rm_call *call, enum fwq_struct params, const struct fwq_value *values,
		unsigned int n)
{
	const struct fwq_pack *pack = call->rm->pack;
	void *buf = fwq_rm_params(call, params);
	int err = buf ? 0 : -ENOENT;

	for (unsigned int i = 0; i < n && !err; i++)
		err = fwq_put(pack, values[i].field, buf, fwq_sizeof(pack, params), 0, 0,
			      values[i].value);
	return err;
}

/* ---------------------------------------------------------------- replies */

static uint32_t header_get(const struct fwq_rm_call *call, enum fwq_field field)
{
	return fwq_get32(call->buf + FWQ_RM_ROOM - call->header +
			 call->rm->pack->field[field].offset);
}

static bool echoes(const struct fwq_rm_call *call)
{
	for (unsigned int i = 0; i < call->form->fields; i++)
		if (header_get(call, call->form->field[i]) != call->echo[i])
			return false;
	return true;
}

/* The call was answered: is it an answer, and which? */
static int judge(struct fwq_rm_call *call)
{
	const struct fwq_call *c = &call->call;
	const struct fwq_rm_form *form = call->form;
	struct fwq_rm *rm = call->rm;
	bool whole = c->reply_len >= call->header;
	bool sane = !form || (whole && echoes(call));
	uint32_t params = whole ? c->reply_len - call->header : 0;
	int err;

	call->params_len = params < call->params ? params : call->params;
	if (!c->result && !sane)
		goto malformed;
	/* As in _issueRpcAndWait() the RPC's result decides; the header's status may then say more. */
	if (form && whole)
		call->status = header_get(call, form->status);
	err = fwq_status_errno(rm->pack, call->status);
	if (c->result && !err) {
		call->status = c->result;
		err = fwq_status_errno(rm->pack, call->status);
	}
	if (err) {
		call->refused = true;
		rm->stats.refused++;
		return err;
	}
	/* Warnings come with all that a success has. */
	if (sane && (!form || !form->whole || call->params_len == call->params))
		return 0;
malformed:
	rm->stats.malformed++;
	return -EPROTO;
}

static void on_done(struct fwq_call *c, int err)
{
	struct fwq_rm_call *call = c->arg;

	call->busy = false;
	call->done(call, err ? err : judge(call));
}

/* ---------------------------------------------------------------- calls */

/*
 * Write the header. values are the form's fields; the last of a control is its paramsSize, so that a
 * reply with another one is none.
 */
static int begin(struct fwq_rm_call *call, const struct fwq_rm_form *form, enum fwq_number what,
		 const uint32_t *values)
{
	const struct fwq_pack *pack = call->rm->pack;
	uint8_t *at;

	if (call->busy)
		return -EBUSY;
	call->form = form;
	call->what = what;
	call->header = header_len(pack, form);
	at = call->buf + FWQ_RM_ROOM - call->header;
	memset(at, 0, call->header);
	for (unsigned int i = 0; i < form->fields; i++) {
		call->echo[i] = values[i];
		fwq_put32(at + pack->field[form->field[i]].offset, values[i]);
	}
	return 0;
}

/* Send the header and `params` bytes behind it. */
static int send(struct fwq_rm_call *call, enum fwq_number function, uint32_t params)
{
	struct fwq_rm *rm = call->rm;
	uint32_t tail = call->form ? tail_len(rm->pack, call->form) : 0;
	uint32_t len = call->header + params + tail;
	uint8_t *at = call->buf + FWQ_RM_ROOM - call->header;
	int ret;

	memset(call->buf + FWQ_RM_ROOM + params, 0, tail);
	call->params = params;
	call->status = call->params_len = 0;
	call->refused = false;
	call->call = (struct fwq_call){.function = (uint32_t)rm->pack->number[function],
				       .request = at,
				       .request_len = len,
				       .reply = at,
				       .reply_size = len,
				       .timeout = call->timeout,
				       .done = on_done,
				       .arg = call};
	rm->stats.calls++;
	if (!call->done) {
		ret = fwq_rpc_call_sync(rm->rpc, call->caller, &call->call);
		return ret ? ret : judge(call);
	}
	call->busy = true;
	ret = fwq_rpc_submit(rm->rpc, call->caller, &call->call, hv_now());
	if (ret)
		call->busy = false;
	return ret;
}

/* The size of parameters that are in the buffer; -ENOENT, -EMSGSIZE. */
static int params_size(const struct fwq_rm_call *call, enum fwq_struct params, uint32_t *size)
{
	const struct fwq_pack *pack = call->rm->pack;

	*size = 0;
	if (params == FWQ_RM_NO_PARAMS)
		return 0;
	if (!fwq_has_struct(pack, params))
		return -ENOENT;
	*size = fwq_sizeof(pack, params);
	return *size > params_room(call) ? -EMSGSIZE : 0;
}

int fwq_rm_alloc(struct fwq_rm_call *call, uint32_t client, uint32_t parent, uint32_t object,
		 enum fwq_number class, enum fwq_struct params)
{
	const struct fwq_pack *pack = call->rm->pack;
	const uint32_t values[4] = {client, object, (uint32_t)pack->number[class], parent};
	uint32_t size;
	int ret = fwq_has_number(pack, class) ? params_size(call, params, &size) : -ENOENT;

	if (!ret)
		ret = begin(call, &alloc_form, class, values);
	if (ret)
		return ret;
	fwq_wr(pack, rpc_gsp_rm_alloc_v, paramsSize, call->buf + FWQ_RM_ROOM - call->header, size);
	return send(call, alloc_form.function, size);
}

int fwq_rm_control(struct fwq_rm_call *call, uint32_t client, uint32_t object, enum fwq_number cmd,
		   enum fwq_struct params)
{
	const struct fwq_pack *pack = call->rm->pack;
	uint32_t values[4] = {client, object, (uint32_t)pack->number[cmd], 0};
	int ret = fwq_has_number(pack, cmd) ? params_size(call, params, &values[3]) : -ENOENT;

	if (!ret)
		ret = begin(call, &control_form, cmd, values);
	return ret ? ret : send(call, control_form.function, values[3]);
}

int fwq_rm_free(struct fwq_rm_call *call, uint32_t client, uint32_t object)
{
	const uint32_t values[2] = {client, object};
	int ret = begin(call, &free_form, free_form.function, values);

	return ret ? ret : send(call, free_form.function, 0);
}

int fwq_rm_dup(struct fwq_rm_call *call, uint32_t client, uint32_t parent, uint32_t object,
	       uint32_t client_src, uint32_t object_src)
{
	const struct fwq_pack *pack = call->rm->pack;
	const uint32_t values[3] = {client, object, parent};
	int ret = begin(call, &dup_form, dup_form.function, values);
	uint8_t *at;

	if (ret)
		return ret;
	at = call->buf + FWQ_RM_ROOM - call->header;
	fwq_wr(pack, rpc_dup_object_v, params_hClientSrc, at, client_src);
	fwq_wr(pack, rpc_dup_object_v, params_hObjectSrc, at, object_src);
	return send(call, dup_form.function, 0);
}

int fwq_rm_rpc(struct fwq_rm_call *call, enum fwq_number function, enum fwq_struct payload)
{
	uint32_t size;
	int ret = fwq_has_number(call->rm->pack, function) ? params_size(call, payload, &size)
							   : -ENOENT;

	if (!ret && call->busy)
		ret = -EBUSY;
	if (ret)
		return ret;
	call->form = NULL;
	call->what = function;
	call->header = 0;
	return send(call, function, size);
}

/* ---------------------------------------------------------------- messages */

const char *fwq_rm_text(const struct fwq_rm_call *call, int err, char text[FWQ_RM_TEXT])
{
	const char *status = fwq_status_name(call->rm->pack, call->status);
	const char *what = fwq_number_name(call->what);
	int n;

	if (!call->form)
		n = snprintf(text, FWQ_RM_TEXT, "%s: ", what);
	else if (call->form->params == FWQ_FIELDS)
		n = snprintf(text, FWQ_RM_TEXT, "%s %08x of client %08x: ", call->form->name,
			     call->echo[1], call->echo[0]);
	else
		n = snprintf(text, FWQ_RM_TEXT, "%s %s %08x of client %08x: ", call->form->name,
			     what, call->echo[1], call->echo[0]);
	if (n < 0 || n >= (int)FWQ_RM_TEXT)
		return text;
	if (call->status)
		snprintf(text + n, FWQ_RM_TEXT - (size_t)n, "%s (%#x)", status ? status : "status",
			 call->status);
	else
		snprintf(text + n, FWQ_RM_TEXT - (size_t)n, "error %d", err);
	return text;
}
