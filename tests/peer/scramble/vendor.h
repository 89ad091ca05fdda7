/* SPDX-License-Identifier: MIT */
/*
 * vendor.h - the vendor's headers, as the responder includes them. Which release they belong to is
 * decided by the include path; nothing else tells the responder what the release looks like.
 */
#ifndef SCRAMBLE_VENDOR_H
#define SCRAMBLE_VENDOR_H

#include "nvtypes.h"
#include "nvUnixVersion.h"
#include "vgpu/rpc_headers.h"
#define RPC_STRUCTURES
#define RPC_GENERIC_UNION
#include "g_rpc-structures.h"
#define RPC_MESSAGE_STRUCTURES
#define RPC_MESSAGE_GENERIC_UNION
#include "g_rpc-message-header.h"
#include "os/os.h"
#include "gpu/gpu.h"
#include "gpu/gsp/gsp_init_args.h"
#include "gpu/gsp/gsp_static_config.h"
#include "gpu/gsp/message_queue.h"
#include "gpu/gsp/message_queue_priv.h"
#include "msgq/msgq_priv.h"
#include "libos_init_args.h"
#include "rmgspseq.h"
#include "nvos.h"
#include "g_allclasses.h"
#include "class/cl0000.h"
#include "class/cl0005.h"
#include "class/cl0080.h"
#include "class/cl2080.h"
#include "alloc/alloc_channel.h"
#include "ctrl/ctrl2080.h"
#include "ctrl/ctrla06c.h"
#include "ctrl/ctrla06f.h"

#endif /* SCRAMBLE_VENDOR_H */
