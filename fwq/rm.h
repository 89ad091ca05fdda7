/* SPDX-License-Identifier: MIT */
/*
 * rm.h - calls to GSP-RM, the resource manager inside the firmware.
 *
 * RM knows objects in trees. A client is the root of a tree, an object has a class and a handle that
 * we choose, a control is a method of an object. Alloc, free, dup and control are RPCs whose payload
 * is a header, of another size and layout in another version, and then parameters that depend on the
 * class or the control. The pack says where everything lies, so nobody above this file sees a header.
 *
 * One buffer per call, lent by the caller: room for any header, then the parameters. The header is
 * written into the end of the room, right before the parameters; the transport reads both in place
 * and puts the reply at the same place. Nothing is copied in between and nothing is allocated.
 *
 * A reply is not believed: it must be as long as its header, repeat the handles, class, control and
 * size that were asked for, and a control that succeeded must bring all of its parameters. Otherwise
 * the call ends with -EPROTO.
 *
 * Sources: nouveau nvkm/subdev/gsp/rm/r535/{alloc,ctrl,rpc}.c; NVIDIA/open-gpu-kernel-modules
 * src/nvidia/src/kernel/vgpu/rpc.c (rpcRmApiControl_GSP, rpcRmApiAlloc_GSP, rpcRmApiFree_GSP,
 * rpcRmApiDupObject_GSP, _issueRpcAndWait).
 */
#ifndef FWQ_RM_H
#define FWQ_RM_H

#include <stdbool.h>
#include <stdint.h>

#include "fwq/pack.h"
#include "fwq/rpc.h"

/*
 * A call's buffer: room for the header before the parameters, the parameters, and what a header's
 * padding may add behind them. The largest known header has 40 bytes; fwq_rm_init() checks the pack's.
 */
#define FWQ_RM_ROOM	    256u
#define FWQ_RM_TAIL	    8u
#define FWQ_RM_SIZE(params) (FWQ_RM_ROOM + (params) + FWQ_RM_TAIL)

/*
 * How long RM may take, in ns. NVIDIA's driver waits one and a half times its default of 4 s, and
 * at least 5.1 s with vGPU (_kgspRpcRecvPoll); nouveau waits 4 s.
 */
#define FWQ_RM_TIMEOUT 6000000000ull

/* For calls without parameters. */
#define FWQ_RM_NO_PARAMS FWQ_STRUCTS

struct fwq_rm_stats {
	uint64_t calls;
	uint64_t refused;   /* answered with an NV_STATUS that is an error */
	uint64_t malformed; /* replies that were not believed */
};

/* One session with the firmware. The caller owns it; the fields are for reading. */
struct fwq_rm {
	struct fwq_rpc *rpc;
	const struct fwq_pack *pack;
	struct fwq_rm_stats stats;
};

/*
 * One call, owned by the caller, to be used again after it has ended. The structure and the buffer
 * stay alone from the call until its end.
 */
struct fwq_rm_call {
	/* By fwq_rm_call_init(). */
	struct fwq_rm *rm;
	struct fwq_caller *caller; /* who takes turns with others: one for each guest */
	uint8_t *buf;
	uint32_t size; /* of buf */
	void (*done)(struct fwq_rm_call *call, int err);
	void *arg;
	uint64_t timeout; /* ns; may be changed between calls */

	/* What the firmware said, when err is 0 or the call was refused. */
	uint32_t status;     /* NV_STATUS, NV_OK or a warning after a success; see status.h */
	uint32_t params_len; /* bytes of parameters that the reply brought */

	/* The RM layer's. */
	struct fwq_call call;
	const struct fwq_rm_form *form; /* NULL: an RPC without an RM header */
	enum fwq_number what;		/* class, control or function */
	uint32_t header, params;	/* bytes of this version's header; of what we sent */
	uint32_t echo[4];		/* what the reply must repeat */
	bool busy, refused;
};

/*
 * rpc and pack stay the caller's and outlive rm; the pack is complete (fwq_pack_load()). -EINVAL: one
 * of its headers is longer than FWQ_RM_ROOM.
 */
int fwq_rm_init(struct fwq_rm *rm, struct fwq_rpc *rpc, const struct fwq_pack *pack);

/*
 * buf has `size` bytes, FWQ_RM_SIZE(the largest parameters). done(call, err) is called once for each
 * call that was accepted, as in rpc.h, with the call's fields set: 0; the errno of a refusal, status
 * says which; -EPROTO; or the transport's error (-ETIMEDOUT, -EIO, -ECANCELED, -EMSGSIZE). After an
 * error the parameters are anything.
 *
 * done NULL is for boot, before there is an event loop: each function below waits for the answer
 * and returns what done() would have been given.
 */
void fwq_rm_call_init(struct fwq_rm_call *call, struct fwq_rm *rm, struct fwq_caller *caller,
		      void *buf, uint32_t size, void (*done)(struct fwq_rm_call *call, int err),
		      void *arg);

/*
 * Room for the parameters, zeroed, to be filled by fwq_wr() before the call. NULL: this version has
 * no such structure, or the buffer is too small for it.
 */
void *fwq_rm_params(struct fwq_rm_call *call, enum fwq_struct params);

/* A field of a call's parameters, of which there is one, and what to put there. */
struct fwq_value {
	enum fwq_field field;
	uint64_t value;
};

/*
 * fwq_rm_params(), and these n fields in them. 0; -ENOENT: this version lacks the structure or one of the
 * fields, or the buffer is too small; or the error of fwq_put().
 */
int fwq_rm_fill(struct fwq_rm_call *call, enum fwq_struct params, const struct fwq_value *values,
		unsigned int n);

/* The parameters of the reply, call->params_len bytes. */
static inline const void *fwq_rm_reply(const struct fwq_rm_call *call)
{
	return call->buf + FWQ_RM_ROOM;
}

/*
 * The calls. Parameters are what fwq_rm_params() lent, of the type `params`; handles are RM's 32-bit
 * handles. 0: done() will be called, or was (the transport broke in between); or (done NULL) success.
 * -ENOENT: this version lacks the class, control, function or structure; -EMSGSIZE: the buffer is too
 * small; -EBUSY: the call has not ended; -EIO: the transport is broken; done() is not called then.
 */

/* Make `object` of a class below `parent`. The reply may come without parameters: see params_len. */
int fwq_rm_alloc(struct fwq_rm_call *call, uint32_t client, uint32_t parent, uint32_t object,
		 enum fwq_number class, enum fwq_struct params);

/* A method of an object; the reply brings all parameters, rewritten by RM. */
int fwq_rm_control(struct fwq_rm_call *call, uint32_t client, uint32_t object, enum fwq_number cmd,
		   enum fwq_struct params);

/* Free an object and everything below it; object == client frees the whole tree. */
int fwq_rm_free(struct fwq_rm_call *call, uint32_t client, uint32_t object);

/* Make `object` below `parent` another name of client_src's object_src; flags 0. */
int fwq_rm_dup(struct fwq_rm_call *call, uint32_t client, uint32_t parent, uint32_t object,
	       uint32_t client_src, uint32_t object_src);

/*
 * A plain RPC without an RM header: fwq_rm_params() holds its payload, as for
 * UNLOADING_GUEST_DRIVER, SET_PAGE_DIRECTORY, UNSET_PAGE_DIRECTORY, UPDATE_BAR_PDE and
 * GET_GSP_STATIC_INFO, which are all answered. The reply may be shorter: see params_len.
 */
int fwq_rm_rpc(struct fwq_rm_call *call, enum fwq_number function, enum fwq_struct payload);

/*
 * For an ended call: has the firmware certainly not done it? Either it said so, or it was never asked.
 * Otherwise, after an error, it may have.
 */
static inline bool fwq_rm_undone(const struct fwq_rm_call *call)
{
	return call->refused || !call->call.records;
}

/*
 * What an ended call was and how it ended, for a message to which the caller adds the guest:
 * "alloc NV01_DEVICE_0 de1d0000 of client c1d00001: NV_ERR_INVALID_CLIENT (0x23)". Returns text.
 */
#define FWQ_RM_TEXT 160u
const char *fwq_rm_text(const struct fwq_rm_call *call, int err, char text[FWQ_RM_TEXT]);

#endif /* FWQ_RM_H */
