/* SPDX-License-Identifier: MIT */
/*
 * vm.c - address spaces: page tables of ours, and an object of RM's that knows where they begin.
 *
 * The object is of the kind that RM calls externally owned: RM puts neither tables nor addresses of its own
 * into it (OGKM gpu_vaspace.c, gvaspaceExternalRootDirCommit), and programs its directory for the channels
 * that have it. nouveau's spaces are of this kind since Linux 6.16 (nvkm/subdev/gsp/rm/r535/vmm.c), and so
 * are those of NVIDIA's UVM, whose driver tells the directory by the RPC that is used here
 * (deviceCtrlCmdDmaSetPageDirectory, nvGpuOpsSetPageDirectory). RM does not let go of a directory by itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gpu/core/gr/context.h"
#include "gpu/core/tenant.h"

/*
 * RM could give out addresses of 49 bits too. The first page of the largest size stays empty, so that null
 * pointers of a guest fault; RM's own spaces begin at 1 MiB for it (gvaspaceGetReservedVaspaceBase).
 */
#define VM_START 0x200000ull
#define VM_END	 (1ull << GPU_VA_BITS)

/* OGKM sdk/nvidia/inc/nvos.h */
#define NV_VASPACE_ALLOCATION_INDEX_GPU_NEW		0x0u
#define NV_VASPACE_ALLOCATION_FLAGS_IS_EXTERNALLY_OWNED (1u << 3)
/* ctrl0080dma.h; the aperture is in bits 1:0, and a subdevice is named by its number plus one */
#define NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_FLAGS_APERTURE_VIDMEM   0x0u
#define NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_FLAGS_ALL_CHANNELS_TRUE (1u << 3)
#define SUBDEVICE						   1u

static void advance(struct gpu_vm *vm);

/* ---------------------------------------------------------------- tables */

static int write_words(void *ctx, uint64_t addr, const uint64_t *words, unsigned int n)
{
	const struct gpu_vm *vm = ctx;

	return gpu_vram_write(vm->tenant->gpu, addr, words, n * sizeof(*words));
}

static int invalidate(void *ctx, uint64_t directory)
{
	const struct gpu_vm *vm = ctx;

	return gpu_tlb_invalidate(vm->tenant->gpu, directory);
}

static const struct gpu_mmu_ops ops = {.write = write_words, .invalidate = invalidate};

uint64_t gpu_vm_start(const struct gpu_vm *vm)
{
	(void)vm;
	return VM_START;
}

uint64_t gpu_vm_end(const struct gpu_vm *vm)
{
	(void)vm;
	return VM_END;
}

void gpu_vm_kept(const struct gpu_vm *vm, uint64_t *start, uint64_t *end)
{
	(void)vm;
	*start = GPU_KEPT_START;
	*end = GPU_KEPT_END;
}

/* What is below the start, and what is kept, is not the tenant's; space.c looks at all the rest. */
static int may_change(const struct gpu_vm *vm, uint64_t va, uint64_t size)
{
	if (vm->tenant->gpu->lost)
		return -ENODEV;
	if (va < VM_START || (va < GPU_KEPT_START && size > GPU_KEPT_START - va) ||
	    (va >= GPU_KEPT_START && va < GPU_KEPT_END))
		return -EINVAL;
	return 0;
}

/* Of all runs, or more than there is. */
static uint64_t map_size(const struct gpu_map *map)
{
	uint64_t size = 0;

	for (unsigned int i = 0; i < map->n && size <= VM_END; i++)
		size = map->runs[i].size > VM_END ? UINT64_MAX : size + map->runs[i].size;
	return size;
}

int gpu_vm_map(struct gpu_vm *vm, const struct gpu_map *map)
{
	int err = may_change(vm, map->va, map_size(map));

	return err ? err : gpu_space_map(&vm->space, map);
}

int gpu_vm_unmap(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page)
{
	int err = may_change(vm, va, size);

	return err ? err : gpu_space_unmap(&vm->space, va, size, page);
}

int gpu_vm_reserve(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page)
{
	int err = may_change(vm, va, size);

	return err ? err : gpu_space_reserve(&vm->space, va, size, page);
}

int gpu_vm_release(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page)
{
	int err = may_change(vm, va, size);

	return err ? err : gpu_space_release(&vm->space, va, size, page);
}

int gpu_vm_commit(struct gpu_vm *vm)
{
	return vm->tenant->gpu->lost ? -ENODEV : gpu_space_commit(&vm->space);
}

/* ---------------------------------------------------------------- what becomes of calls */

/* An end that the firmware has not confirmed: it refused, which leaves nothing unclear, or it is silent. */
static void unconfirmed(struct gpu_vm *vm, const struct fwq_rm_call *call, int err)
{
	vm->err = vm->err ? vm->err : err;
	gpu_rm_complain(vm->tenant->rm, call, err, "address space");
	if (!call->refused)
		gpu_give_up(vm->tenant->gpu, "its firmware did not end an address space");
}

static void not_made(struct gpu_vm *vm, const struct fwq_rm_call *call, int err)
{
	vm->why = err;
	vm->ending = true;
	gpu_rm_complain(vm->tenant->rm, call, err, "address space");
}

static void object_made(struct fwq_object *object, int err)
{
	struct gpu_vm *vm = object->arg;

	if (err)
		not_made(vm, &object->call, err);
	advance(vm);
}

static void directory_set(struct fwq_rm_call *call, int err)
{
	struct gpu_vm *vm = call->arg;

	vm->told = !err || !fwq_rm_undone(call);
	if (err)
		not_made(vm, call, err);
	advance(vm);
}

static void directory_unset(struct fwq_rm_call *call, int err)
{
	struct gpu_vm *vm = call->arg;

	vm->told = false;
	if (err)
		unconfirmed(vm, call, err);
	advance(vm);
}

static void end(struct gpu_vm *vm);

static void object_freed(struct fwq_object *object, int err)
{
	struct gpu_vm *vm = object->arg;

	vm->busy = false;
	if (err)
		unconfirmed(vm, &object->call, err);
	end(vm);
}

/* ---------------------------------------------------------------- calls */

#define COUNT(values) (sizeof(values) / sizeof((values)[0]))

/* The same as a call that ends with an error, but that the firmware has never seen. */
static void unsent(struct fwq_rm_call *call, enum fwq_number what)
{
	call->what = what;
	call->form = NULL;
	call->status = 0;
	call->refused = false;
	call->call.records = 0;
}

static void make(struct gpu_vm *vm)
{
	const struct fwq_value values[] = {
		{FWQ_F_NV_VASPACE_ALLOCATION_PARAMETERS__index,
		 NV_VASPACE_ALLOCATION_INDEX_GPU_NEW},
		{FWQ_F_NV_VASPACE_ALLOCATION_PARAMETERS__flags,
		 NV_VASPACE_ALLOCATION_FLAGS_IS_EXTERNALLY_OWNED},
	};
	struct fwq_object *object = &vm->object;
	int err;

	fwq_object_init(object, &vm->tenant->client, vm->buf, sizeof(vm->buf), object_made, vm);
	if (vm->tenant->names)
		fwq_object_name(object, vm->tenant->names->space);
	err = fwq_rm_fill(&object->call, FWQ_S_NV_VASPACE_ALLOCATION_PARAMETERS, values,
			  COUNT(values));
	if (!err)
		err = fwq_object_alloc(object, FWQ_DEVICE, FWQ_N_FERMI_VASPACE_A,
				       FWQ_S_NV_VASPACE_ALLOCATION_PARAMETERS);
	if (err) {
		unsent(&object->call, FWQ_N_FERMI_VASPACE_A);
		object_made(object, err);
	}
}

static void call_about_directory(struct gpu_vm *vm, enum fwq_number function, enum fwq_struct type,
				 const struct fwq_value *values, unsigned int n,
				 void (*done)(struct fwq_rm_call *call, int err))
{
	struct gpu_tenant *t = vm->tenant;
	int err;

	fwq_rm_call_init(&vm->call, gpu_rm_fwq(t->rm), &t->client.caller, vm->buf, sizeof(vm->buf),
			 done, vm);
	err = fwq_rm_fill(&vm->call, type, values, n);
	if (!err)
		err = fwq_rm_rpc(&vm->call, function, type);
	if (err) {
		unsent(&vm->call, function);
		done(&vm->call, err);
	}
}

static void set_directory(struct gpu_vm *vm)
{
	const struct fwq_value values[] = {
		{FWQ_F_rpc_set_page_directory_v__hClient, vm->tenant->client.handle},
		{FWQ_F_rpc_set_page_directory_v__hDevice, FWQ_DEVICE},
		{FWQ_F_rpc_set_page_directory_v__params_physAddress, gpu_vm_directory(vm)},
		{FWQ_F_rpc_set_page_directory_v__params_numEntries,
		 gpu_table_entries(GPU_TABLE_ROOT, GPU_PAGE_4K)},
		{FWQ_F_rpc_set_page_directory_v__params_flags,
		 NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_FLAGS_APERTURE_VIDMEM |
			 NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_FLAGS_ALL_CHANNELS_TRUE},
		{FWQ_F_rpc_set_page_directory_v__params_hVASpace, vm->object.handle},
		{FWQ_F_rpc_set_page_directory_v__params_subDeviceId, SUBDEVICE},
	};

	call_about_directory(vm, FWQ_N_NV_VGPU_MSG_FUNCTION_SET_PAGE_DIRECTORY,
			     FWQ_S_rpc_set_page_directory_v, values, COUNT(values), directory_set);
}

static void unset_directory(struct gpu_vm *vm)
{
	const struct fwq_value values[] = {
		{FWQ_F_rpc_unset_page_directory_v__hClient, vm->tenant->client.handle},
		{FWQ_F_rpc_unset_page_directory_v__hDevice, FWQ_DEVICE},
		{FWQ_F_rpc_unset_page_directory_v__params_hVASpace, vm->object.handle},
		{FWQ_F_rpc_unset_page_directory_v__params_subDeviceId, SUBDEVICE},
	};

	call_about_directory(vm, FWQ_N_NV_VGPU_MSG_FUNCTION_UNSET_PAGE_DIRECTORY,
			     FWQ_S_rpc_unset_page_directory_v, values, COUNT(values),
			     directory_unset);
}

static void unmake(struct gpu_vm *vm)
{
	int err;

	vm->object.done = object_freed;
	err = fwq_object_free(&vm->object);
	if (err) {
		unsent(&vm->object.call, FWQ_N_NV_VGPU_MSG_FUNCTION_FREE);
		object_freed(&vm->object, err);
	}
}

/* ---------------------------------------------------------------- one thing after the other */

/* The firmware has nothing to do with it any more; with the tenant's end the tables stay until its own. */
static void end(struct gpu_vm *vm)
{
	struct gpu_tenant *t = vm->tenant;
	int err = gpu_tlb_invalidate(t->gpu, gpu_vm_directory(vm));

	if (err) {
		vm->err = vm->err ? vm->err : err;
		gpu_give_up(t->gpu, "what it knows of an address space cannot be invalidated");
	}
	if (t->ending) {
		t->err = t->err ? t->err : vm->err;
		gpu_tenant_vm_quiet(t);
		return;
	}
	gpu_space_fini(&vm->space);
	t->nr_vms--;
	vm->gone = true;
	hv_work_queue(&vm->tell);
}

/* Nothing is under way: begin what comes next. */
static void advance(struct gpu_vm *vm)
{
	struct gpu_tenant *t = vm->tenant;

	vm->busy = false;
	if (gpu_rm_stopped(t->rm))
		return;
	if (t->ending)
		vm->ending = true;
	if (!vm->ending && vm->told) {
		hv_work_queue(&vm->tell);
		return;
	}
	vm->busy = true;
	if (!vm->ending && vm->object.state == FWQ_OBJECT_NONE) {
		make(vm);
	} else if (!vm->ending) {
		set_directory(vm);
	} else if (vm->told) {
		unset_directory(vm);
	} else if (!t->ending && vm->object.state != FWQ_OBJECT_NONE) {
		unmake(vm);
	} else {
		vm->busy = false;
		end(vm);
	}
}

static void unlink_vm(struct gpu_vm *vm)
{
	struct gpu_vm **link = &vm->tenant->vms;

	while (*link != vm)
		link = &(*link)->next;
	*link = vm->next;
}

static void tell(struct hv_work *w)
{
	struct gpu_vm *vm = (struct gpu_vm *)((char *)w - offsetof(struct gpu_vm, tell));
	void (*done)(int err, void *arg) = vm->done;
	void *arg = vm->done_arg;
	int err = vm->err;

	if (gpu_rm_stopped(vm->tenant->rm))
		return;
	if (!vm->gone) {
		vm->ready(vm, 0, vm->ready_arg);
		return;
	}
	unlink_vm(vm);
	if (!done)
		vm->ready(vm, vm->why, vm->ready_arg);
	free(vm);
	if (done)
		done(err, arg);
}

int gpu_vm_new(struct gpu_tenant *tenant, void (*ready)(struct gpu_vm *vm, int err, void *arg),
	       void *arg, struct gpu_vm **out)
{
	struct gpu_vm *vm;
	int err;

	if (tenant->ending || tenant->client.state != FWQ_CLIENT_LIVE || tenant->gpu->lost)
		return -EIO;
	if (tenant->nr_vms == GPU_SPACES_MAX)
		return -EDQUOT;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->tenant = tenant;
	vm->tell.fn = tell;
	vm->ready = ready;
	vm->ready_arg = arg;
	err = gpu_space_init(&vm->space, &tenant->pool, VM_END, &ops, vm);
	if (err) {
		free(vm);
		return err == -ENOMEM ? err : -EIO;
	}
	vm->next = tenant->vms;
	tenant->vms = vm;
	tenant->nr_vms++;
	*out = vm;
	advance(vm);
	return 0;
}

int gpu_vm_free(struct gpu_vm *vm, void (*done)(int err, void *arg), void *arg)
{
	HV_CHECK(!vm->done);
	if (vm->channels)
		return -EBUSY;
	vm->done = done;
	vm->done_arg = arg;
	if (vm->gone)
		return 0;
	hv_work_cancel(&vm->tell);
	vm->ending = true;
	if (!vm->busy)
		advance(vm);
	return 0;
}

/* ---------------------------------------------------------------- for the tenant's end */

void gpu_vms_forget(struct gpu_tenant *tenant)
{
	struct gpu_vm *next;

	for (struct gpu_vm *vm = tenant->vms; vm; vm = next) {
		next = vm->next;
		hv_work_cancel(&vm->tell);
		if (vm->gone) {
			unlink_vm(vm);
			free(vm);
		}
	}
}

void gpu_vms_end(struct gpu_tenant *tenant)
{
	for (struct gpu_vm *vm = tenant->vms; vm; vm = vm->next)
		if (!vm->busy && vm->told)
			advance(vm);
}

bool gpu_vms_quiet(const struct gpu_tenant *tenant)
{
	for (const struct gpu_vm *vm = tenant->vms; vm; vm = vm->next)
		if (vm->busy || vm->told)
			return false;
	return true;
}

void gpu_vms_free(struct gpu_tenant *tenant)
{
	while (tenant->vms) {
		struct gpu_vm *vm = tenant->vms;

		hv_work_cancel(&vm->tell);
		tenant->vms = vm->next;
		if (!vm->gone)
			gpu_space_fini(&vm->space);
		free(vm);
	}
}
