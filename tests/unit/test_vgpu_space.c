/* SPDX-License-Identifier: MIT */
/*
 * Memory of the guest's own and address spaces, under the real back driver: what is imported, bound and let
 * go of, and that nothing is let go of while the device might use it. The core below is a fake, which says
 * what it was asked to map and answers as badly as a test likes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/vgpu/device.h"
#include "tests/unit/vgpu_fixture.h"

#define VA    0x10000000ull
#define PAGE  ((uint64_t)HV_PAGE_SIZE)
#define PAGES 200u /* imported; the last of the buffer carries changes */

static unsigned int maps(struct fixture *f)
{
	struct hosted_usage usage;

	hosted_usage(f->bed.h, f->bed.gpudom, &usage);
	return usage.maps - f->bed.idle.maps - 2; /* ring, event page */
}

/* ---------------------------------------------------------------- without firmware */

static void without_firmware_nothing_is_served(void **state)
{
	struct xenvgpu_response rsp;
	struct bed bed;
	struct guest g;

	(void)state;
	bed_up(&bed, &bed_board);
	guest_new(&bed, &g);
	guest_plug(&g, VRAM);
	assert_string_equal(hosted_xs_str(bed.h, guest_back(&g, "feature-channels")), "0");
	guest_connect(&g);
	for (uint8_t op = XENVGPU_OP_MEM_IMPORT; op <= XENVGPU_OP_CHANNEL_DESTROY; op++) {
		struct xenvgpu_request req = bed_request(op);

		assert_int_equal(guest_call(&g, &req, &rsp), -XEN_EOPNOTSUPP);
	}
	bed_down(&bed);
}

static void classes_are_the_chips(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_request req = bed_request(XENVGPU_OP_CLASS_LIST);
	struct xenvgpu_response rsp;

	assert_string_equal(hosted_xs_str(f->bed.h, guest_back(&f->a, "feature-channels")), "1");
	assert_int_equal(guest_call(&f->a, &req, &rsp), 0);
	assert_int_equal(rsp.op.class_list.gpfifo, 0xc56f);
	assert_int_equal(rsp.op.class_list.n, 2);
	assert_int_equal(rsp.op.class_list.engine_class[0], FAKE_CLASS);
	assert_int_equal(rsp.op.class_list.engine_class[2], 0);
}

/* ---------------------------------------------------------------- imports */

static void imports_are_mapped_for_the_device_alone(void **state)
{
	struct fixture *f = *state;
	uint32_t handle, second;

	assert_int_equal(guest_import(&f->a, PAGES, 0, &handle), 0);
	assert_int_not_equal(handle, 0);
	assert_int_equal(maps(f), PAGES);
	assert_int_equal(stat_of(&f->a, "imported-pages"), PAGES);
	/* No view of our own: nothing of it can be copied, and the grants cannot be ended. */
	assert_int_equal(guest_copy(&f->a, XENVGPU_OP_MEM_READ, handle, 0, 4), -XEN_EINVAL);
	assert_int_equal(guest_copy(&f->a, XENVGPU_OP_MEM_WRITE, handle, 0, 4), -XEN_EINVAL);
	hosted_enter(f->bed.h, f->a.dom);
	assert_int_equal(hv_grant_end(f->a.buf_refs[PAGES - 1]), -EBUSY);
	hosted_leave();
	/* The same pages twice are two objects. */
	assert_int_equal(guest_import(&f->a, 1, XENVGPU_IMPORT_RO, &second), 0);
	assert_int_not_equal(handle, second);
	assert_int_equal(guest_free(&f->a, handle), 0);
	assert_int_equal(maps(f), 1);
	assert_int_equal(guest_free(&f->a, handle), -XEN_ENOENT);
	assert_int_equal(guest_free(&f->a, second), 0);
	assert_int_equal(maps(f), 0);
	leave(f);
}

static void bad_lists_are_refused(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t handle;

	g->dir->gref[7] = 0;
	assert_int_equal(guest_import(g, 8, 0, &handle), -XEN_EINVAL);
	assert_int_equal(guest_import(g, 7, 0, &handle), 0); /* what is not needed is ignored */
	assert_int_equal(guest_free(g, handle), 0);
	g->dir->gref[7] = 31000; /* never offered */
	assert_int_equal(guest_import(g, 8, 0, &handle), -XEN_EFAULT);
	assert_int_equal(handle, 0);
	g->dir->gref[7] = g->buf_refs[7];
	g->dir->gref_dir_next_page = g->dir_ref;
	assert_int_equal(guest_import(g, 8, 0, &handle), -XEN_EINVAL);
	g->dir->gref_dir_next_page = 0;
	assert_int_equal(guest_import(g, XENVGPU_GREFS_PER_DIR + 1, 0, &handle), -XEN_EINVAL);
	g->dir_ref = 31000;
	assert_int_equal(guest_import(g, 8, 0, &handle), -XEN_EFAULT);
	assert_int_equal(maps(f), 0);
	leave(f);
}

/* Directories that are linked, a reference that is bad in each of them: all or nothing. */
static void long_lists(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	const unsigned int n = 2 * XENVGPU_GREFS_PER_DIR + 5;
	struct xenvgpu_page_directory *dir[3] = {g->dir};
	hv_gref_t ref[3] = {g->dir_ref};
	uint32_t handle;

	hosted_enter(f->bed.h, g->dom);
	for (unsigned int i = 1; i < 3; i++) {
		dir[i] = hv_pages_alloc(1);
		assert_int_equal(hv_grant_give(f->bed.gpudom, dir[i], HV_GRANT_RO, &ref[i]), 0);
	}
	hosted_leave();
	for (unsigned int i = 0; i < 3 * XENVGPU_GREFS_PER_DIR; i++)
		dir[i / XENVGPU_GREFS_PER_DIR]->gref[i % XENVGPU_GREFS_PER_DIR] =
			g->buf_refs[i % BED_PAGES];
	dir[0]->gref_dir_next_page = ref[1];
	dir[1]->gref_dir_next_page = ref[2];
	assert_int_equal(guest_import(g, n, 0, &handle), 0);
	assert_int_equal(maps(f), n);
	assert_int_equal(guest_free(g, handle), 0);
	assert_int_equal(maps(f), 0);

	for (unsigned int bad = 0; bad < n; bad += 341) {
		uint32_t *entry =
			&dir[bad / XENVGPU_GREFS_PER_DIR]->gref[bad % XENVGPU_GREFS_PER_DIR];
		uint32_t good = *entry;

		*entry = 31000;
		assert_int_equal(guest_import(g, n, 0, &handle), -XEN_EFAULT);
		assert_int_equal(maps(f), 0);
		*entry = good;
	}
	dir[1]->gref_dir_next_page = 0; /* too short */
	assert_int_equal(guest_import(g, n, 0, &handle), -XEN_EINVAL);
	dir[1]->gref_dir_next_page = ref[0]; /* in a circle: as good as any */
	assert_int_equal(guest_import(g, n, 0, &handle), -XEN_EINVAL); /* the last has a next */
	assert_int_equal(maps(f), 0);
	leave(f);
}

static void limits_of_imports(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t handle[XENVGPU_MAX_OBJECTS];

	for (unsigned int i = 0; i < XENVGPU_GREFS_PER_DIR; i++)
		g->dir->gref[i] = g->buf_refs[i % BED_PAGES];
	g->dir->gref_dir_next_page = g->dir_ref; /* a list that never ends */
	assert_int_equal(guest_import(g, VGPU_IMPORT_PAGES, 0, &handle[0]), -XEN_EINVAL);
	g->dir->gref_dir_next_page = 0;
	for (unsigned int i = 0; i < VGPU_IMPORT_PAGES / 1000; i++)
		assert_int_equal(guest_import(g, 1000, 0, &handle[i]), 0);
	assert_int_equal(guest_import(g, VGPU_IMPORT_PAGES % 1000 + 1, 0, &handle[40]),
			 -XEN_ENOSPC);
	assert_int_equal(guest_import(g, VGPU_IMPORT_PAGES % 1000, 0, &handle[40]), 0);
	assert_int_equal(guest_import(g, 1, 0, &handle[41]), -XEN_ENOSPC);
	assert_int_equal(maps(f), VGPU_IMPORT_PAGES);
	/* All of it goes with the guest, in turns that let others in between. */
	guest_unplug(g);
	hosted_run(f->bed.h, 3);
	assert_true(maps(f) > VGPU_IMPORT_PAGES / 2);
	leave(f);

	guest_plug(g, VRAM);
	guest_new_port(g);
	guest_connect(g);
	for (unsigned int i = 0; i < XENVGPU_MAX_OBJECTS; i++)
		assert_int_equal(guest_import(g, 1, 0, &handle[i]), 0);
	assert_int_equal(guest_import(g, 1, 0, &handle[0]), -XEN_ENOSPC);
	assert_int_equal(guest_alloc(g, MIB, &handle[0]), -XEN_ENOSPC);
	leave(f);
}

/* Grants that are read-only can be imported so only, and be shown so only. */
static void read_only_pages(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_bind bind;
	uint32_t handle;
	uint8_t *page;

	hosted_enter(f->bed.h, g->dom);
	page = hv_pages_alloc(1);
	assert_int_equal(hv_grant_give(f->bed.gpudom, page, HV_GRANT_RO, &g->dir->gref[0]), 0);
	hosted_leave();
	assert_int_equal(guest_import(g, 1, 0, &handle), -XEN_EFAULT);
	assert_int_equal(guest_import(g, 1, XENVGPU_IMPORT_RO, &handle), 0);
	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_map(g, f->space.space, handle, XENVGPU_PAGE_4K, VA, PAGE),
			 -XEN_EACCES);
	bind = bed_map(handle, XENVGPU_PAGE_4K, VA, PAGE, 0);
	bind.flags = XENVGPU_BIND_RO;
	assert_int_equal(guest_bind(g, f->space.space, &bind, 1, NULL), 0);
	assert_int_equal(fake_check(&f->bed), 1);
	leave(f);
}

/* ---------------------------------------------------------------- spaces */

static void spaces_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_space_create_resp space[XENVGPU_MAX_SPACES + 1];
	struct xenvgpu_info_resp info;

	assert_int_equal(guest_space(&f->a, &space[0]), 0);
	assert_int_not_equal(space[0].space, 0);
	assert_int_equal(space[0].va_start, FAKE_VA_START);
	assert_int_equal(space[0].va_end, FAKE_VA_END);
	assert_int_equal(guest_info(&f->a, &info), 0);
	/* A sixteenth is for tables, and eight contexts for graphics. */
	assert_int_equal(info.vram_free, VRAM - MIB - 8 * FAKE_CONTEXT);
	for (unsigned int i = 1; i < XENVGPU_MAX_SPACES; i++) {
		assert_int_equal(guest_space(&f->a, &space[i]), 0);
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(space[i].space, space[j].space);
	}
	assert_int_equal(guest_space(&f->a, &space[XENVGPU_MAX_SPACES]), -XEN_ENOSPC);
	assert_int_equal(stat_of(&f->a, "spaces"), XENVGPU_MAX_SPACES);
	assert_int_equal(guest_space_destroy(&f->a, space[3].space), 0);
	assert_int_equal(guest_space_destroy(&f->a, space[3].space), -XEN_ENOENT);
	assert_int_equal(guest_space(&f->a, &space[4]), 0);
	assert_int_not_equal(space[3].space, space[4].space); /* a stale handle is known */
	assert_int_equal(guest_space_destroy(&f->a, 0), -XEN_ENOENT);
	assert_int_equal(guest_space_destroy(&f->a, UINT32_MAX), -XEN_ENOENT);
	/* One tenant, whatever spaces come and go, and until the end. */
	assert_int_equal(fake.calls[FAKE_TENANT_NEW], 1);
	leave(f);
}

static void spaces_need_room_for_tables(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_space_create_resp space;
	uint32_t handle;

	fake.context = 0;
	assert_int_equal(guest_alloc(&f->a, VRAM, &handle), 0);
	assert_int_equal(guest_space(&f->a, &space), -XEN_ENOMEM);
	assert_int_equal(guest_free(&f->a, handle), 0);
	assert_int_equal(guest_space(&f->a, &space), 0);
	assert_int_equal(guest_alloc(&f->a, VRAM, &handle), -XEN_ENOMEM);
	assert_int_equal(guest_alloc(&f->a, VRAM - MIB, &handle), 0);

	guest_plug(&f->b, MIB);
	guest_connect(&f->b);
	assert_int_equal(guest_space(&f->b, &space), 0);
	assert_int_equal(guest_alloc(&f->b, MIB / 2 + XENVGPU_MEM_ALIGN, &handle), -XEN_ENOMEM);
	assert_int_equal(guest_alloc(&f->b, MIB / 2, &handle), 0);
	guest_close(&f->b);
	guest_unplug(&f->b);
	guest_plug(&f->b, MIB / 4);
	guest_new_port(&f->b);
	guest_connect(&f->b);
	assert_int_equal(guest_space(&f->b, &space), -XEN_ENOMEM);
	guest_unplug(&f->b);
	bed_run(&f->bed);
	guest_plug(&f->b, 128 * MIB);
	guest_new_port(&f->b);
	guest_connect(&f->b);
	assert_int_equal(guest_space(&f->b, &space), 0);
	assert_int_equal(guest_alloc(&f->b, 124 * MIB, &handle), 0);
}

/* Every refusal and every bad answer on the way to a space: an error each time, and afterwards it works. */
static void creation_can_fail(void **state)
{
	static const enum fake_call calls[] = {FAKE_TENANT_NEW, FAKE_VM_NEW};
	static const struct {
		int err, status;
	} errors[] = {{-ENOMEM, -XEN_ENOMEM}, {-ENOSPC, -XEN_ENOSPC}, {-EDQUOT, -XEN_ENOSPC},
		      {-EIO, -XEN_EIO},	      {-ENODEV, -XEN_ENODEV}, {-EPROTO, -XEN_EIO}};
	struct fixture *f = *state;

	for (unsigned int c = 0; c < 2; c++) {
		for (unsigned int e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
			fake.refuse[calls[c]] = errors[e].err;
			assert_int_equal(guest_space(&f->a, &f->space), errors[e].status);
			assert_int_equal(f->space.space, 0);
			fake.refuse[calls[c]] = 0;
			fake.fail[calls[c]] = errors[e].err;
			assert_int_equal(guest_space(&f->a, &f->space), errors[e].status);
			fake.fail[calls[c]] = 0;
		}
	}
	assert_int_equal(guest_space(&f->a, &f->space), 0);
	fake.refuse[FAKE_VM_FREE] = -EBUSY;
	assert_int_equal(guest_space_destroy(&f->a, f->space.space), -XEN_EBUSY);
	fake.refuse[FAKE_VM_FREE] = 0;
	fake.fail[FAKE_VM_FREE] = -ETIMEDOUT;
	assert_int_equal(guest_space_destroy(&f->a, f->space.space), -XEN_EIO);
	fake.fail[FAKE_VM_FREE] = 0;
	assert_int_equal(guest_space_destroy(&f->a, f->space.space), -XEN_ENOENT);
	leave(f);
}

/* ---------------------------------------------------------------- binding */

static void bind_and_unbind(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t vram, pages, done;
	struct xenvgpu_bind bind[4];

	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_alloc(g, 4 * MIB, &vram), 0);
	assert_int_equal(guest_import(g, PAGES, 0, &pages), 0);
	bind[0] = bed_map(vram, XENVGPU_PAGE_64K, VA, 2 * MIB, MIB);
	bind[1] = bed_map(pages, XENVGPU_PAGE_4K, VA + 8 * MIB, PAGES * PAGE, 0);
	bind[2] = bed_map(vram, XENVGPU_PAGE_4K, VA + 16 * MIB, MIB, 0);
	bind[3] = bed_map(pages, XENVGPU_PAGE_4K, VA + 24 * MIB, 3 * PAGE, 5 * PAGE);
	assert_int_equal(guest_bind(g, f->space.space, bind, 4, &done), 0);
	assert_int_equal(done, 4);
	assert_int_equal(fake_mapped(GPU_PAGE_64K), 32);
	assert_int_equal(fake_mapped(GPU_PAGE_4K), PAGES + 256 + 3);
	assert_int_equal(fake_check(&f->bed), PAGES + 3);
	assert_int_equal(fake.calls[FAKE_COMMIT], 1);
	/* What is shown cannot be freed: not until the last of it is unbound. */
	assert_int_equal(guest_free(g, vram), -XEN_EBUSY);
	assert_int_equal(guest_free(g, pages), -XEN_EBUSY);
	assert_int_equal(guest_unmap(g, f->space.space, XENVGPU_PAGE_64K, VA, 2 * MIB), 0);
	assert_int_equal(guest_free(g, vram), -XEN_EBUSY);
	assert_int_equal(guest_unmap(g, f->space.space, XENVGPU_PAGE_4K, VA + 16 * MIB, MIB), 0);
	assert_int_equal(guest_free(g, vram), 0);
	assert_int_equal(
		guest_unmap(g, f->space.space, XENVGPU_PAGE_4K, VA + 8 * MIB, PAGES * PAGE), 0);
	assert_int_equal(guest_free(g, pages), -XEN_EBUSY);
	/* From the middle: what is left of it counts. */
	assert_int_equal(
		guest_unmap(g, f->space.space, XENVGPU_PAGE_4K, VA + 24 * MIB + PAGE, PAGE), 0);
	assert_int_equal(guest_unmap(g, f->space.space, XENVGPU_PAGE_4K, VA + 24 * MIB, PAGE), 0);
	assert_int_equal(guest_free(g, pages), -XEN_EBUSY);
	assert_int_equal(
		guest_unmap(g, f->space.space, XENVGPU_PAGE_4K, VA + 24 * MIB + 2 * PAGE, PAGE), 0);
	assert_int_equal(guest_free(g, pages), 0);
	assert_int_equal(maps(f), 0);
	leave(f);
}

static void changes_stop_at_the_first_that_fails(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_bind bind[3];
	struct xenvgpu_bind bad[16];
	uint32_t vram, pages, done;
	int status[16];
	unsigned int n = 0;

	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_alloc(g, 4 * MIB, &vram), 0);
	assert_int_equal(guest_import(g, 4, 0, &pages), 0);
	assert_int_equal(guest_map(g, f->space.space, vram, XENVGPU_PAGE_64K, VA, MIB), 0);
#define CASE(change, expected)                                                                     \
	do {                                                                                       \
		bad[n] = (change);                                                                 \
		status[n++] = (expected);                                                          \
	} while (0)
	CASE(bed_map(0, 16, VA + 2 * MIB, MIB, 0), -XEN_ENOENT);
	CASE(bed_map(vram ^ 0x100, 16, VA + 2 * MIB, MIB, 0), -XEN_ENOENT);
	CASE(bed_map(vram, 16, VA + 2 * MIB, MIB, 4 * MIB), -XEN_EINVAL);
	CASE(bed_map(vram, 16, VA + 2 * MIB, 4 * MIB, 0x10000), -XEN_EINVAL);
	CASE(bed_map(pages, 16, VA + 2 * MIB, 0x10000, 0), -XEN_EINVAL);
	CASE(bed_map(pages, 12, VA + 2 * MIB, 5 * PAGE, 0), -XEN_EINVAL);
	CASE(bed_map(vram, 16, VA + MIB - 0x10000, MIB, 0), -XEN_EEXIST);
	CASE(bed_map(vram, 12, VA + PAGE, PAGE, 0), -XEN_EEXIST);
	CASE(bed_map(vram, 16, FAKE_VA_START - 0x10000, MIB, 0), -XEN_EINVAL);
	CASE(bed_map(vram, 16, FAKE_VA_END - MIB, 2 * MIB, 0), -XEN_EINVAL);
	CASE(bed_bind(XENVGPU_BIND_UNMAP, 12, VA, MIB), -XEN_ENOENT); /* another page size */
	CASE(bed_bind(XENVGPU_BIND_UNMAP, 16, VA, MIB + 0x10000), -XEN_ENOENT);
	CASE(bed_bind(XENVGPU_BIND_UNMAP, 16, VA - 0x10000, MIB), -XEN_ENOENT);
	CASE(bed_bind(XENVGPU_BIND_RESERVE, 16, VA + MIB / 2, MIB), -XEN_EEXIST);
	CASE(bed_bind(XENVGPU_BIND_RELEASE, 16, VA, MIB), -XEN_ENOENT);
	CASE(bed_bind(9, 16, VA + 2 * MIB, MIB), -XEN_EINVAL);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int commits = fake.calls[FAKE_COMMIT];

		bind[0] = bed_map(vram, XENVGPU_PAGE_64K, VA + 16 * MIB, MIB, 0);
		bind[1] = bad[i];
		bind[2] = bed_map(vram, XENVGPU_PAGE_64K, VA + 32 * MIB, MIB, 0);
		assert_int_equal(guest_bind(g, f->space.space, bind, 3, &done), status[i]);
		assert_int_equal(done, 1);
		assert_int_equal(fake_mapped(GPU_PAGE_64K), 32);
		assert_int_equal(fake_mapped(GPU_PAGE_4K), 0);
		assert_int_equal(fake.calls[FAKE_COMMIT], commits + 1);
		assert_int_equal(
			guest_unmap(g, f->space.space, XENVGPU_PAGE_64K, VA + 16 * MIB, MIB), 0);
	}
	assert_int_equal(guest_map(g, 77, vram, XENVGPU_PAGE_64K, VA + MIB, MIB), -XEN_ENOENT);
	g->buf_refs[BED_PAGES - 1] = 31000;
	assert_int_equal(guest_map(g, f->space.space, vram, XENVGPU_PAGE_64K, VA + MIB, MIB),
			 -XEN_EFAULT);
	assert_int_equal(guest_free(g, pages), 0);
	leave(f);
}

static void reservations(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_bind bind[6];
	uint32_t vram, done;

	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_alloc(g, 4 * MIB, &vram), 0);
	bind[0] = bed_bind(XENVGPU_BIND_RESERVE, XENVGPU_PAGE_64K, VA, 64 * MIB);
	bind[1] = bed_map(vram, XENVGPU_PAGE_64K, VA + 32 * MIB, MIB, 0);
	bind[2] = bed_bind(XENVGPU_BIND_RELEASE, XENVGPU_PAGE_64K, VA, 32 * MIB);
	bind[3] = bed_bind(XENVGPU_BIND_RELEASE, XENVGPU_PAGE_64K, VA + 32 * MIB, 32 * MIB);
	assert_int_equal(guest_bind(g, f->space.space, bind, 4, &done), -XEN_EEXIST);
	assert_int_equal(done, 3);
	assert_int_equal(fake_reserved(GPU_PAGE_64K), 512);
	bind[0] = bed_bind(XENVGPU_BIND_UNMAP, XENVGPU_PAGE_64K, VA + 32 * MIB, MIB);
	bind[1] = bed_bind(XENVGPU_BIND_RESERVE, XENVGPU_PAGE_64K, VA + 48 * MIB, MIB);
	assert_int_equal(guest_bind(g, f->space.space, bind, 2, &done), -XEN_EEXIST);
	assert_int_equal(done, 1);
	bind[0] = bed_bind(XENVGPU_BIND_RELEASE, XENVGPU_PAGE_4K, VA + 32 * MIB, MIB);
	assert_int_equal(guest_bind(g, f->space.space, bind, 1, &done), -XEN_ENOENT);
	assert_int_equal(guest_bind(g, f->space.space, bind + 3, 1, &done), 0);
	assert_int_equal(fake_reserved(GPU_PAGE_64K), 0);
	assert_int_equal(guest_free(g, vram), 0);
	leave(f);
}

/* A change that is carried out in pieces and fails at any of them leaves nothing of itself. */
static void large_changes_are_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_bind bind[2];
	uint32_t pages, done;
	const unsigned int n = 1000;

	assert_int_equal(guest_space(g, &f->space), 0);
	for (unsigned int i = 0; i < n; i++)
		g->dir->gref[i] = g->buf_refs[i % BED_PAGES];
	assert_int_equal(guest_import(g, n, 0, &pages), 0);
	for (unsigned int after = 0; after < 2; after++) {
		bind[0] = bed_map(pages, XENVGPU_PAGE_4K, VA, (uint64_t)n * PAGE, 0);
		fake.refuse[FAKE_MAP] = -ENOMEM;
		fake.refuse_after[FAKE_MAP] = after;
		assert_int_equal(guest_bind(g, f->space.space, bind, 1, &done), -XEN_ENOMEM);
		assert_int_equal(done, 0);
		assert_int_equal(fake_mapped(GPU_PAGE_4K), 0);
		fake.refuse[FAKE_MAP] = 0;
		bind[0] = bed_bind(XENVGPU_BIND_RESERVE, XENVGPU_PAGE_2M, VA, 2000ull * 2 * MIB);
		fake.refuse[FAKE_RESERVE] = -EEXIST; /* a page size that does not go with others */
		fake.refuse_after[FAKE_RESERVE] = 3 * after;
		assert_int_equal(guest_bind(g, f->space.space, bind, 1, &done), -XEN_EEXIST);
		assert_int_equal(fake_reserved(GPU_PAGE_2M), 0);
		fake.refuse[FAKE_RESERVE] = 0;
	}
	/* Nothing is in the way of freeing, nor of doing it now. */
	bind[0] = bed_map(pages, XENVGPU_PAGE_4K, VA, (uint64_t)n * PAGE, 0);
	bind[1] = bed_bind(XENVGPU_BIND_UNMAP, XENVGPU_PAGE_4K, VA, (uint64_t)n * PAGE);
	assert_int_equal(guest_bind(g, f->space.space, bind, 2, &done), 0);
	assert_int_equal(done, 2);
	assert_int_equal(guest_free(g, pages), 0);
	leave(f);
}

/* Video memory that is a multiple of 2 MiB can be shown with such pages, whatever was allocated before it. */
static void large_pages(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t small, large;

	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_alloc(g, XENVGPU_MEM_ALIGN, &small), 0);
	assert_int_equal(guest_alloc(g, 4 * MIB, &large), 0);
	assert_int_equal(guest_map(g, f->space.space, small, XENVGPU_PAGE_2M, VA, 2 * MIB),
			 -XEN_EINVAL);
	assert_int_equal(guest_map(g, f->space.space, large, XENVGPU_PAGE_2M, VA, 4 * MIB), 0);
	assert_int_equal(fake_mapped(GPU_PAGE_2M), 2);
	leave(f);
}

/* As many intervals as there may be; alike neighbours are one. */
static void intervals_are_limited(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_bind bind[XENVGPU_MAX_BINDS];
	uint32_t pages, done, total = 0;
	uint64_t va = VA;

	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_import(g, 1, 0, &pages), 0);
	for (unsigned int round = 0; round < 64; round++, va += MIB) {
		for (unsigned int i = 0; i < XENVGPU_MAX_BINDS; i++)
			bind[i] = bed_map(pages, XENVGPU_PAGE_4K, va + (uint64_t)i * PAGE, PAGE, 0);
		assert_int_equal(guest_bind(g, f->space.space, bind, XENVGPU_MAX_BINDS, &done), 0);
		total++;
	}
	for (;;) {
		int ret;

		for (unsigned int i = 0; i < XENVGPU_MAX_BINDS; i++, va += 2 * PAGE)
			bind[i] = bed_map(pages, XENVGPU_PAGE_4K, va, PAGE, 0);
		ret = guest_bind(g, f->space.space, bind, XENVGPU_MAX_BINDS, &done);
		total += done;
		if (ret) {
			assert_int_equal(ret, -XEN_ENOSPC);
			break;
		}
		assert_true(total < VGPU_SPANS_MAX + 1);
	}
	assert_int_equal(total, VGPU_SPANS_MAX);
	assert_int_equal(guest_space_destroy(g, f->space.space), 0);
	assert_int_equal(guest_free(g, pages), 0);
	leave(f);
}

/* An address space that is destroyed lets go of what it showed; one of two does not. */
static void destroying_a_space_unbinds(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_space_create_resp other;
	uint32_t pages;

	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_space(g, &other), 0);
	assert_int_equal(guest_import(g, PAGES, 0, &pages), 0);
	assert_int_equal(guest_map(g, f->space.space, pages, 12, VA, PAGES * PAGE), 0);
	assert_int_equal(guest_map(g, other.space, pages, 12, VA, PAGE), 0);
	assert_int_equal(guest_space_destroy(g, f->space.space), 0);
	assert_int_equal(guest_free(g, pages), -XEN_EBUSY);
	assert_int_equal(guest_space_destroy(g, other.space), 0);
	assert_int_equal(guest_free(g, pages), 0);
	leave(f);
}

/* When the GPU does not follow any more, guest pages stay until the core says that all has ended. */
static void a_commit_can_fail(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t pages;

	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_import(g, PAGES, 0, &pages), 0);
	assert_int_equal(guest_map(g, f->space.space, pages, 12, VA, PAGES * PAGE), 0);
	fake.refuse[FAKE_COMMIT] = -ENODEV;
	assert_int_equal(guest_unmap(g, f->space.space, 12, VA, PAGES * PAGE), -XEN_ENODEV);
	assert_int_equal(guest_free(g, pages), -XEN_EBUSY);
	assert_int_equal(maps(f), PAGES);
	fake_check(&f->bed);
	leave(f);
}

/* ---------------------------------------------------------------- ends */

/* Whatever the core is slow with, a guest that goes away keeps its pages from going, and nobody else waits. */
static void a_slow_end_keeps_only_its_own(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t pages, vram;

	guest_plug(&f->b, MIB);
	guest_connect(&f->b);
	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_import(g, PAGES, 0, &pages), 0);
	assert_int_equal(guest_map(g, f->space.space, pages, 12, VA, PAGES * PAGE), 0);
	fake.silent[FAKE_TENANT_END] = true;
	guest_state(g, XenbusStateClosing);
	guest_state(g, XenbusStateClosed);
	assert_int_equal(back_state(g), XenbusStateClosing);
	assert_int_equal(fake_check(&f->bed), PAGES);
	/* It comes back before that has ended: it waits. */
	guest_state(g, XenbusStateInitialising);
	assert_int_equal(back_state(g), XenbusStateClosing);
	assert_int_equal(guest_ping(&f->b, 1), 0);
	fake_speak(&f->bed);
	assert_int_equal(fake_tenants(), 0);
	guest_new_port(g);
	guest_connect(g);
	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_import(g, PAGES, 0, &pages), 0);

	/* Its directory goes, and is made anew, meanwhile. */
	fake.silent[FAKE_TENANT_END] = true;
	guest_unplug(g);
	bed_run(&f->bed);
	guest_plug(g, VRAM);
	assert_int_equal(back_state(g), XenbusStateInitialising);
	assert_int_equal(maps(f), PAGES); /* it has no ring any more, but B has */
	assert_int_equal(guest_ping(&f->b, 2), 0);
	assert_int_equal(guest_alloc(&f->b, MIB, &vram), 0);
	fake_speak(&f->bed);
	guest_new_port(g);
	guest_connect(g);
	assert_int_equal(guest_space(g, &f->space), 0);
	guest_unplug(&f->b);
	leave(f);
}

/* The VRAM that a new guest needs is still an old one's: it gets it when that has ended. */
static void who_comes_next_waits_for_vram(void **state)
{
	struct fixture *f = *state;

	guest_unplug(&f->a);
	bed_run(&f->bed);
	guest_plug(&f->a, 150 * MIB);
	guest_new_port(&f->a);
	guest_connect(&f->a);
	assert_int_equal(guest_space(&f->a, &f->space), 0);
	fake.silent[FAKE_TENANT_END] = true;
	guest_unplug(&f->a);
	bed_run(&f->bed);
	guest_plug(&f->b, 150 * MIB);
	assert_int_equal(back_state(&f->b), XenbusStateInitialising);
	fake_speak(&f->bed);
	assert_int_equal(back_state(&f->b), XenbusStateInitWait);
	/* When nobody is about to go there is nothing to wait for. */
	guest_plug(&f->a, 150 * MIB);
	assert_int_equal(back_state(&f->a), XenbusStateClosed);
}

/* A guest dies while each call is under way; answers come late, or not before the end. */
static void death_at_each_call(void **state)
{
	static const enum fake_call calls[] = {FAKE_TENANT_NEW, FAKE_VM_NEW, FAKE_VM_FREE};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 2 * sizeof(calls) / sizeof(calls[0]); i++) {
		struct guest *g = calloc(1, sizeof(*g));
		struct xenvgpu_request req = bed_request(XENVGPU_OP_SPACE_CREATE);
		uint32_t pages;

		guest_new(&f->bed, g);
		guest_plug(g, VRAM);
		guest_connect(g);
		assert_int_equal(guest_import(g, PAGES, 0, &pages), 0);
		fake.late = i % 2;
		if (calls[i / 2] == FAKE_VM_FREE) {
			assert_int_equal(guest_space(g, &f->space), 0);
			req = bed_request(XENVGPU_OP_SPACE_DESTROY);
			req.op.space_destroy.space = f->space.space;
		}
		fake.silent[calls[i / 2]] = true;
		guest_put(g, &req);
		guest_push(g);
		bed_run(&f->bed);
		assert_int_equal(g->sring->rsp_prod, g->cons);
		fake.silent[FAKE_TENANT_END] = i >= 2;
		hosted_domain_destroy(f->bed.h, g->dom);
		guest_unplug(g);
		bed_run(&f->bed);
		fake_check(&f->bed);
		fake_speak(&f->bed);
		assert_int_equal(fake_tenants(), 1 - 1);
		free(g);
	}
	leave(f);
}

/* What dom0 has said of the slice is what the core is told of the tenant. */
static void weights_are_the_policys(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(guest_space(&f->a, &f->space), 0);
	assert_int_equal(fake.tenants->weight, 100);
	guest_policy(&f->b, "test", "16777216", "250");
	guest_nodes(&f->b);
	bed_run(&f->bed);
	guest_connect(&f->b);
	assert_int_equal(guest_space(&f->b, &f->space), 0);
	assert_int_equal(fake_tenants(), 2);
	assert_int_equal(fake.tenants->weight, 250);
	guest_unplug(&f->b);
	leave(f);
}

/* The driver domain stops while a call is under way, or with everything in use. */
static void stopping_with_everything_in_use(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct hosted_usage usage;
	uint32_t pages;

	assert_int_equal(guest_space(g, &f->space), 0);
	assert_int_equal(guest_import(g, PAGES, 0, &pages), 0);
	assert_int_equal(guest_map(g, f->space.space, pages, 12, VA, PAGES * PAGE), 0);
	hosted_enter(f->bed.h, f->bed.gpudom);
	vgpu_back_stop(f->bed.back);
	hosted_leave();
	/* The device might still: nothing goes before it is off the bus. */
	assert_int_equal(fake_check(&f->bed), PAGES);
	assert_int_equal(fake.calls[FAKE_TENANT_END], 0);
	hosted_enter(f->bed.h, f->bed.gpudom);
	gpu_detach(f->bed.gpu);
	vgpu_back_free(f->bed.back);
	hosted_leave();
	hosted_usage(f->bed.h, f->bed.gpudom, &usage);
	assert_int_equal(usage.maps, 0);
	assert_int_equal(back_state(g), XenbusStateClosed);
	fake_sweep(true);
	hosted_enter(f->bed.h, f->bed.gpudom);
	assert_int_equal(gpu_attach(f->bed.pci, &f->bed.gpu), 0);
	assert_int_equal(vgpu_back_start(f->bed.gpu, f->bed.rm, &f->bed.back), 0);
	hosted_leave();
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_firmware_nothing_is_served),
		T(classes_are_the_chips),
		T(weights_are_the_policys),
		T(imports_are_mapped_for_the_device_alone),
		T(bad_lists_are_refused),
		T(long_lists),
		T(limits_of_imports),
		T(read_only_pages),
		T(spaces_come_and_go),
		T(spaces_need_room_for_tables),
		T(creation_can_fail),
		T(bind_and_unbind),
		T(changes_stop_at_the_first_that_fails),
		T(reservations),
		T(large_changes_are_whole_or_not_at_all),
		T(large_pages),
		T(intervals_are_limited),
		T(destroying_a_space_unbinds),
		T(a_commit_can_fail),
		T(a_slow_end_keeps_only_its_own),
		T(who_comes_next_waits_for_vram),
		T(death_at_each_call),
		T(stopping_with_everything_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
