/* SPDX-License-Identifier: MIT */
/*
 * The GPU model as a PCI Express device of stock QEMU: a shared object that registers the type
 * "xvgpu-model" and comes in through LD_PRELOAD.
 *
 *   env LD_PRELOAD=build/xvgpu-model.so qemu-system-x86_64 -machine q35 \
 *       -device intel-iommu,intremap=on -device xvgpu-model,id=gpu0,addr=2 ...
 *
 * There is one truth about the device, the model. Its configuration space is what the guest reads;
 * QEMU's own copy only sees the same writes, for what QEMU does with them (placing BARs, bus
 * mastering). Capabilities therefore stand where the model has them, and MSI and MSI-X leave as
 * the memory write that the model makes, through the emulated interrupt remapping. DMA goes
 * through the emulated IOMMU, and a refusal there is an error here.
 *
 * BAR 1 and BAR 3 show VRAM at the speed of RAM, as long as the model says that they are plain
 * memory; else each access goes through the model.
 *
 * Engines work from a timer, a quantum at a time, so that CPUs run in between.
 *
 * Properties that are set once: chip (ga102, ad102, ga100, tu102, tu117), vram-mib, bar1-mib, ecc, msi,
 * msix, unsigned, costs (of work, in model time), follow-clock (that time is the machine's), log (a file for
 * the model's messages). The others, which a test reads and sets while the machine runs: qemu_properties.c.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-control.h"
#include "hw/pci/msi.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"

#include "tests/model/qemu.h"

#define CAP_EXP 0x78

/* Between two quanta, for CPUs that wait for QEMU's lock; and between two looks at semaphores. */
#define RUN_INTERVAL_NS	 (100 * SCALE_US)
#define LOOK_INTERVAL_NS SCALE_MS
#define BUSY_LONG_NS	 (200 * SCALE_MS)

/* ---- what the model asks of the machine ---- */

static int gpu_dma_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	return pci_dma_read(ctx, addr, buf, len) == MEMTX_OK ? 0 : -EIO;
}

static int gpu_dma_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	return pci_dma_write(ctx, addr, buf, len) == MEMTX_OK ? 0 : -EIO;
}

static void gpu_msi(void *ctx, uint64_t addr, uint32_t data)
{
	msi_send_message(ctx, (MSIMessage){.address = addr, .data = data});
}

static uint64_t gpu_time_ns(void *ctx)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void gpu_log(void *ctx, const char *line)
{
	XvgpuModel *s = ctx;

	if (s->log)
		fprintf(s->log, "%" PRIu64 " %s\n", gpu_time_ns(ctx), line);
}

static void gpu_bar_ram_changed(void *ctx, int bar)
{
	XvgpuModel *s = ctx;
	XvgpuWindow *w = bar == MODEL_BAR_FB ? &s->fb : &s->inst;
	uint64_t len;

	memory_region_set_enabled(&w->fast, model_bar_ram(s->model, bar, &len) != NULL);
}

static void gpu_flr_done(void *ctx)
{
	XvgpuModel *s = ctx;

	/* QEMU's copy of BARs and command register follows; the model itself is reset already. */
	s->in_flr = true;
	pci_device_reset(&s->parent);
	s->in_flr = false;
}

/*
 * The plugin tests/bed/insns.c, in the same process, finds this by name and puts a function here: it
 * is called with a milestone's name and the counters of that moment, as JSON.
 */
void (*xvgpu_model_on_milestone)(const char *name, const char *stats);

static void gpu_milestone(void *ctx, const char *name)
{
	g_autofree char *stats = NULL;

	if (!xvgpu_model_on_milestone)
		return;
	stats = xvgpu_stats_json(ctx);
	xvgpu_model_on_milestone(name, stats);
}

static void gpu_kick(void *ctx)
{
	XvgpuModel *s = ctx;

	timer_mod(s->run_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static void gpu_run(void *opaque)
{
	XvgpuModel *s = opaque;
	int64_t begin = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
	enum model_work_left left = model_run(s->model);
	int64_t end = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
	int64_t pause = left == MODEL_BUSY ? RUN_INTERVAL_NS : LOOK_INTERVAL_NS;

	/*
	 * CPUs that want a device, be it their timer, wait meanwhile: they have half of the time at least, and
	 * three quarters beside work that does not end.
	 */
	s->busy_ns = left == MODEL_BUSY ? s->busy_ns + (end - begin) : 0;
	pause = MAX(pause, (end - begin) * (s->busy_ns < BUSY_LONG_NS ? 1 : 3));
	if (left != MODEL_IDLE)
		timer_mod(s->run_timer, end + pause);
}

static const struct model_bus_ops gpu_ops = {
	.dma_read = gpu_dma_read,
	.dma_write = gpu_dma_write,
	.msi = gpu_msi,
	.time_ns = gpu_time_ns,
	.log = gpu_log,
	.bar_ram_changed = gpu_bar_ram_changed,
	.flr_done = gpu_flr_done,
	.milestone = gpu_milestone,
	.kick = gpu_kick,
};

/* ---- what the machine asks of the model ---- */

static uint64_t regs_read(void *opaque, hwaddr addr, unsigned int size)
{
	XvgpuModel *s = opaque;

	return model_mmio_read(s->model, MODEL_BAR_REGS, addr, size);
}

static void regs_write(void *opaque, hwaddr addr, uint64_t value, unsigned int size)
{
	XvgpuModel *s = opaque;

	s->touched = true;
	model_mmio_write(s->model, MODEL_BAR_REGS, addr, value, size);
}

static uint64_t window_read(void *opaque, hwaddr addr, unsigned int size)
{
	XvgpuWindow *w = opaque;

	return model_mmio_read(w->gpu->model, w->bar, addr, size);
}

static void window_write(void *opaque, hwaddr addr, uint64_t value, unsigned int size)
{
	XvgpuWindow *w = opaque;

	model_mmio_write(w->gpu->model, w->bar, addr, value, size);
}

static const MemoryRegionOps regs_ops = {
	.read = regs_read,
	.write = regs_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = {.min_access_size = 1, .max_access_size = 8},
	.impl = {.min_access_size = 1, .max_access_size = 8},
};

static const MemoryRegionOps window_ops = {
	.read = window_read,
	.write = window_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = {.min_access_size = 1, .max_access_size = 8},
	.impl = {.min_access_size = 1, .max_access_size = 8},
};

static uint32_t gpu_config_read(PCIDevice *dev, uint32_t addr, int len)
{
	return model_cfg_read(XVGPU_MODEL(dev)->model, addr, len);
}

static void gpu_config_write(PCIDevice *dev, uint32_t addr, uint32_t value, int len)
{
	XvgpuModel *s = XVGPU_MODEL(dev);

	s->touched = true;
	/* QEMU first: when the model acts on what was written, BARs and bus mastering are set. */
	pci_default_write_config(dev, addr, value, len);
	model_cfg_write(s->model, addr, value, len);
}

static void gpu_reset(DeviceState *dev)
{
	XvgpuModel *s = XVGPU_MODEL(dev);

	if (s->touched && !s->in_flr)
		model_flr(s->model);
	s->touched = false;
}

static void add_window(XvgpuModel *s, XvgpuWindow *w, int bar, uint64_t size)
{
	g_autofree char *name = g_strdup_printf("xvgpu-bar%d", bar);
	g_autofree char *slow = g_strdup_printf("xvgpu-bar%d-model", bar);
	g_autofree char *fast = g_strdup_printf("xvgpu-bar%d-vram", bar);
	Object *owner = OBJECT(s);
	uint64_t len = MIN(size, memory_region_size(&s->vram));

	w->gpu = s;
	w->bar = bar;
	memory_region_init(&w->container, owner, name, size);
	memory_region_init_io(&w->slow, owner, &window_ops, w, slow, size);
	memory_region_init_alias(&w->fast, owner, fast, &s->vram, 0, len);
	memory_region_add_subregion(&w->container, 0, &w->slow);
	memory_region_add_subregion_overlap(&w->container, 0, &w->fast, 1);
	gpu_bar_ram_changed(s, bar);
	pci_register_bar(&s->parent, bar,
			 PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64 |
				 PCI_BASE_ADDRESS_MEM_PREFETCH,
			 &w->container);
}

static void gpu_realize(PCIDevice *dev, Error **errp)
{
	XvgpuModel *s = XVGPU_MODEL(dev);
	struct model_config config = {
		.chip = s->chip,
		.vram_bytes = (uint64_t)s->vram_mib << 20,
		.bar1_bytes = (uint64_t)s->bar1_mib << 20,
		.no_ecc = !s->ecc,
		.hide_msi = !s->msi,
		.hide_msix = !s->msix,
		.allow_unsigned = s->allow_unsigned,
		.faults = s->fault,
		.costs = s->costs,
		.follow_clock = s->follow_clock,
	};
	const char *bad_cost = s->costs ? model_costs_refused(s->costs) : NULL;
	uint64_t bar1 = s->bar1_mib ? config.bar1_bytes : MODEL_BAR1_DEFAULT;
	int ret;

	if (bad_cost) {
		error_setg(errp,
			   "xvgpu-model: costs: \"%.*s\" is no NAME=VALUE of those in model.h",
			   (int)strcspn(bad_cost, ","), bad_cost);
		return;
	}
	if (s->log_path) {
		s->log = fopen(s->log_path, "w");
		if (!s->log) {
			error_setg_file_open(errp, errno, s->log_path);
			return;
		}
		setvbuf(s->log, NULL, _IOLBF, 0);
	}
	ret = model_create(&config, &gpu_ops, s, &s->model);
	if (ret) {
		error_setg_errno(
			errp, -ret,
			"xvgpu-model: no board with chip=%s vram-mib=%u bar1-mib=%u fault=%s "
			"(0: default)",
			s->chip ?: "ga102", s->vram_mib, s->bar1_mib, s->fault ?: "none");
		return;
	}
	memory_region_init_io(&s->regs, OBJECT(s), &regs_ops, s, "xvgpu-regs", MODEL_BAR_REGS_SIZE);
	pci_register_bar(dev, MODEL_BAR_REGS, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->regs);
	memory_region_init_ram_ptr(&s->vram, OBJECT(s), "xvgpu-vram",
				   MIN(MAX(bar1, MODEL_BAR_INST_SIZE), model_vram_size(s->model)),
				   model_vram_ptr(s->model));
	add_window(s, &s->fb, MODEL_BAR_FB, bar1);
	add_window(s, &s->inst, MODEL_BAR_INST, MODEL_BAR_INST_SIZE);

	s->run_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, gpu_run, s);
	s->stray_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, xvgpu_stray_read, s);

	/* For those parts of QEMU that read its own copy of configuration space. */
	for (int i = 0; i < PCI_CONFIG_SPACE_SIZE; i++)
		if (i < PCI_BASE_ADDRESS_0 || i >= PCI_SUBSYSTEM_VENDOR_ID)
			dev->config[i] = model_cfg_read(s->model, i, 1);
	dev->exp.exp_cap = CAP_EXP;
}

static void gpu_finalize(Object *obj)
{
	XvgpuModel *s = XVGPU_MODEL(obj);

	/* Not at unrealize: until now the machine may still look at VRAM. */
	timer_free(s->run_timer);
	timer_free(s->stray_timer);
	model_destroy(s->model);
	if (s->log)
		fclose(s->log);
	g_free(s->fault);
	g_free(s->hash_range);
}

static Property gpu_properties[] = {
	DEFINE_PROP_STRING("chip", XvgpuModel, chip),
	DEFINE_PROP_UINT32("vram-mib", XvgpuModel, vram_mib, 0),
	DEFINE_PROP_UINT32("bar1-mib", XvgpuModel, bar1_mib, 0),
	DEFINE_PROP_BOOL("ecc", XvgpuModel, ecc, true),
	DEFINE_PROP_BOOL("msi", XvgpuModel, msi, true),
	DEFINE_PROP_BOOL("msix", XvgpuModel, msix, true),
	DEFINE_PROP_BOOL("unsigned", XvgpuModel, allow_unsigned, false),
	DEFINE_PROP_STRING("costs", XvgpuModel, costs),
	DEFINE_PROP_BOOL("follow-clock", XvgpuModel, follow_clock, false),
	DEFINE_PROP_STRING("log", XvgpuModel, log_path),
	DEFINE_PROP_END_OF_LIST(),
};

static const VMStateDescription gpu_vmstate = {
	.name = TYPE_XVGPU_MODEL,
	.unmigratable = 1,
};

static void gpu_class_init(ObjectClass *klass, void *data)
{
	PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);
	DeviceClass *dc = DEVICE_CLASS(klass);

	pc->realize = gpu_realize;
	pc->config_read = gpu_config_read;
	pc->config_write = gpu_config_write;
	dc->reset = gpu_reset;
	dc->vmsd = &gpu_vmstate;
	dc->desc = "model of an NVIDIA A40 board";
	dc->hotpluggable = false;
	set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
	device_class_set_props(dc, gpu_properties);
	xvgpu_add_properties(klass);
}

static const TypeInfo gpu_info = {
	.name = TYPE_XVGPU_MODEL,
	.parent = TYPE_PCI_DEVICE,
	.instance_size = sizeof(XvgpuModel),
	.instance_finalize = gpu_finalize,
	.class_init = gpu_class_init,
	.interfaces = (InterfaceInfo[]){{INTERFACE_PCIE_DEVICE}, {}},
};

/*
 * QEMU has no stable interface for devices from outside: every structure above has the layout of
 * one version. Another one would not fail cleanly, so it is turned away before anything is shared.
 */
static void gpu_register(void)
{
	VersionInfo *v = qmp_query_version(&error_abort);
	g_autofree char *running = g_strdup_printf("%" PRId64 ".%" PRId64 ".%" PRId64,
						   v->qemu->major, v->qemu->minor, v->qemu->micro);

	qapi_free_VersionInfo(v);
	if (strcmp(running, QEMU_VERSION)) {
		/* Nothing of QEMU is up yet: neither its error reporting nor its exit handlers. */
		fprintf(stderr,
			"xvgpu-model.so was built for QEMU " QEMU_VERSION
			" and cannot be loaded into QEMU %s; rebuild it with that version "
			"installed\n",
			running);
		_exit(1);
	}
	type_register_static(&gpu_info);
}

type_init(gpu_register)
