/*
 * What every pack must have, because code reads it through the direct accessors of view.h: numbers,
 * and one-element fields of a fixed width in bits. fwq_pack_complete() checks the list once per pack.
 * Like fwq/abigen/wanted this is one list for several readers, so it has no include guard.
 *
 *   NEEDED_NUMBER(name)         fwq_num(pack, name)
 *   NEEDED(bits, type, id)      fwq_rd(pack, type, id, at), fwq_wr(pack, type, id, at, value)
 */
#ifndef NEEDED_NUMBER
#define NEEDED_NUMBER(name)
#endif
#ifndef NEEDED
#define NEEDED(bits, type, id)
#endif

/* ---- the transport */
NEEDED_NUMBER(defaultCommandQueueSize)
NEEDED_NUMBER(defaultStatusQueueSize)
NEEDED_NUMBER(MSGQ_VERSION)
NEEDED_NUMBER(MSGQ_FLAGS_SWAP_RX)
NEEDED_NUMBER(RM_PAGE_SIZE)
NEEDED_NUMBER(NV_VGPU_MSG_HEADER_VERSION_MAJOR_TOT)
NEEDED_NUMBER(NV_VGPU_MSG_HEADER_VERSION_MINOR_TOT)
NEEDED_NUMBER(NV_VGPU_MSG_SIGNATURE_VALID)
NEEDED_NUMBER(NV_VGPU_MSG_RESULT_RPC_PENDING)
NEEDED(32, msgqTxHeader, version)
NEEDED(32, msgqTxHeader, size)
NEEDED(32, msgqTxHeader, msgSize)
NEEDED(32, msgqTxHeader, msgCount)
NEEDED(32, msgqTxHeader, writePtr)
NEEDED(32, msgqTxHeader, flags)
NEEDED(32, msgqTxHeader, rxHdrOff)
NEEDED(32, msgqTxHeader, entryOff)
NEEDED(32, msgqRxHeader, readPtr)
NEEDED(32, GSP_MSG_QUEUE_ELEMENT, checkSum)
NEEDED(32, GSP_MSG_QUEUE_ELEMENT, seqNum)
NEEDED(32, GSP_MSG_QUEUE_ELEMENT, elemCount)
NEEDED(32, rpc_message_header_v, header_version)
NEEDED(32, rpc_message_header_v, signature)
NEEDED(32, rpc_message_header_v, length)
NEEDED(32, rpc_message_header_v, function)
NEEDED(32, rpc_message_header_v, rpc_result)
NEEDED(32, rpc_message_header_v, rpc_result_private)
NEEDED(32, rpc_message_header_v, sequence)

/* ---- functions, events, classes */
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_FREE)
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_DUP_OBJECT)
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER)
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO)
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD)
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO)
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_SET_REGISTRY)
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL)
NEEDED_NUMBER(NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC)
NEEDED_NUMBER(NV_VGPU_MSG_EVENT_FIRST_EVENT)
NEEDED_NUMBER(NV_VGPU_MSG_EVENT_GSP_INIT_DONE)
NEEDED_NUMBER(NV_VGPU_MSG_EVENT_POST_EVENT)
NEEDED_NUMBER(NV_VGPU_MSG_EVENT_RC_TRIGGERED)
NEEDED_NUMBER(NV_VGPU_MSG_EVENT_MMU_FAULT_QUEUED)
NEEDED_NUMBER(NV_VGPU_MSG_EVENT_OS_ERROR_LOG)
NEEDED_NUMBER(NV01_ROOT)
NEEDED_NUMBER(NV01_DEVICE_0)
NEEDED_NUMBER(NV20_SUBDEVICE_0)
NEEDED_NUMBER(NV01_EVENT_KERNEL_CALLBACK_EX)
NEEDED_NUMBER(NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION)

/* ---- calls */
NEEDED(32, rpc_gsp_rm_control_v, hClient)
NEEDED(32, rpc_gsp_rm_control_v, hObject)
NEEDED(32, rpc_gsp_rm_control_v, cmd)
NEEDED(32, rpc_gsp_rm_control_v, status)
NEEDED(32, rpc_gsp_rm_control_v, paramsSize)
NEEDED(32, rpc_gsp_rm_alloc_v, hClient)
NEEDED(32, rpc_gsp_rm_alloc_v, hParent)
NEEDED(32, rpc_gsp_rm_alloc_v, hObject)
NEEDED(32, rpc_gsp_rm_alloc_v, hClass)
NEEDED(32, rpc_gsp_rm_alloc_v, status)
NEEDED(32, rpc_gsp_rm_alloc_v, paramsSize)
NEEDED(32, rpc_gsp_rm_alloc_v, flags)
NEEDED(32, rpc_free_v, params_hRoot)
NEEDED(32, rpc_free_v, params_hObjectParent)
NEEDED(32, rpc_free_v, params_hObjectOld)
NEEDED(32, rpc_free_v, params_status)
NEEDED(32, rpc_dup_object_v, params_hClient)
NEEDED(32, rpc_dup_object_v, params_hParent)
NEEDED(32, rpc_dup_object_v, params_hObject)
NEEDED(32, rpc_dup_object_v, params_hClientSrc)
NEEDED(32, rpc_dup_object_v, params_hObjectSrc)
NEEDED(32, rpc_dup_object_v, params_flags)
NEEDED(32, rpc_dup_object_v, params_status)

#undef NEEDED_NUMBER
#undef NEEDED
