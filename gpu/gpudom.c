/* SPDX-License-Identifier: MIT */
/*
 * gpudom.c - the driver domain: puts the parts together. The only file that sees them all.
 *
 * It ends in good order when the toolstack asks it to (control/shutdown, which the port watches):
 * guests are told, their slices released, and the GPU let go of with bus mastering off.
 *
 * With a module (xl: ramdisk=, an archive that `xvgpu firmware pack` made) it starts the GPU's firmware
 * first, and serves when that is up. The archive's pages stay: a restart of the firmware reads them in place.
 *
 * Command line words: pci=N (which passed-through function is the GPU; default 0), log=debug, and how slices share engines:
 * schedule=best-effort (the default), schedule=equal-share, or schedule=fixed-share with slots=N (gpu_policy_set()).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gpu/core/boot/boot.h"
#include "gpu/core/boot/pack_choice.h"
#include "gpu/core/core.h"
#include "gpu/core/rm/session.h"
#include "gpu/vgpu/vgpu.h"
#include "hv/common/parse.h"
#include "hv/hv.h"

#define PCI_INDEX_MAX 31

static struct {
	struct hv_pci *pci;
	struct gpu *gpu;
	struct vgpu_back *back;
	size_t archive; /* bytes of the module */
	struct gpu_firmware fw;
	struct fwq_pack pack; /* the archive's, if it brings one */
	struct gpu_boot *boot;
	struct gpu_rm *rm;
	enum gpu_policy policy;
	unsigned int slots;
} gpudom;

static int parse_schedule(const char *name)
{
	for (unsigned int i = GPU_BEST_EFFORT; i <= GPU_FIXED_SHARE; i++) {
		if (!strcmp(name, gpu_policy_name(i))) {
			gpudom.policy = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int check_slots(void)
{
	if ((gpudom.policy == GPU_FIXED_SHARE) == (gpudom.slots != 0))
		return 0;
	hv_log(HV_ERR,
	       "gpudom: command line: schedule=%s with slots=%u: fixed-share, and no other, has "
	       "1..%u",
	       gpu_policy_name(gpudom.policy), gpudom.slots, GPU_SLOTS_MAX);
	return -EINVAL;
}

static int parse_words(int argc, char **argv, unsigned int *pci)
{
	uint64_t n;

	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];

		if (!strncmp(word, "pci=", 4) &&
		    !hv_parse_u64(word + 4, strlen(word + 4), PCI_INDEX_MAX, &n)) {
			*pci = (unsigned int)n;
		} else if (!strcmp(word, "log=debug")) {
			hv_log_debug(true);
		} else if (!strncmp(word, "slots=", 6) &&
			   !hv_parse_u64(word + 6, strlen(word + 6), GPU_SLOTS_MAX, &n)) {
			gpudom.slots = (unsigned int)n;
		} else if (strncmp(word, "schedule=", 9) != 0 || parse_schedule(word + 9)) {
			hv_log(HV_ERR,
			       "gpudom: command line word \"%s\" is not pci=0..%d, log=debug, "
			       "schedule=best-effort|equal-share|fixed-share or slots=0..%u",
			       word, PCI_INDEX_MAX, GPU_SLOTS_MAX);
			return -EINVAL;
		}
	}
	return check_slots();
}

static void banner(void)
{
	const struct gpu_info *info = gpu_info(gpudom.gpu);
	struct hv_pci_bar bar;

	hv_log(HV_INFO, "gpudom: %s (%04x:%04x, NV_PMC_BOOT_0 %08" PRIx32 ") at %s", info->chip,
	       info->pci_vendor, info->pci_device, info->pmc_boot_0, hv_pci_name(gpudom.pci));
	for (unsigned int i = 0; i < 6; i++) {
		if (!hv_pci_bar(gpudom.pci, i, &bar) && bar.size)
			hv_log(HV_INFO, "gpudom: BAR%u %#" PRIx64 "+%#" PRIx64 "%s", i, bar.addr,
			       bar.size, bar.prefetchable ? " prefetchable" : "");
	}
	hv_log(HV_INFO,
	       "gpudom: VRAM %" PRIu64 " MiB, %" PRIu64 " MiB for slices; %u KiB of memory free",
	       info->vram_size >> 20, info->vram_usable >> 20,
	       hv_pages_free_count() * (HV_PAGE_SIZE / 1024));
	if (!hv_iommu_caps().translated)
		hv_log(HV_WARN, "gpudom: no IOMMU confines the device: guests are not protected");
}

static void stop(void)
{
	if (gpudom.back)
		vgpu_back_stop(gpudom.back);
	if (gpudom.rm)
		gpu_rm_stop(gpudom.rm);
	if (gpudom.boot) {
		/* An error is logged, and the next start looks for what is left. */
		if (gpu_boot_state(gpudom.boot) == GPU_BOOT_RUNNING &&
		    !gpu_boot_stop_now(gpudom.boot))
			hv_log(HV_INFO, "gpudom: firmware unloaded");
		gpu_boot_free(gpudom.boot);
	}
	if (gpudom.rm)
		gpu_rm_free(gpudom.rm);
	if (gpudom.gpu)
		gpu_detach(gpudom.gpu);
	if (gpudom.back) /* now that the device reaches no memory any more */
		vgpu_back_free(gpudom.back);
	if (gpudom.pci)
		hv_pci_close(gpudom.pci);
	memset(&gpudom, 0, sizeof(gpudom));
}

static int serve(void)
{
	int err = vgpu_back_start(gpudom.gpu, gpudom.rm, &gpudom.back);

	if (err) {
		hv_log(HV_ERR, "gpudom: back end not started: error %d", -err);
		return err;
	}
	hv_log(HV_INFO, "gpudom: serving backend/vgpu");
	return 0;
}

static void firmware_banner(void)
{
	const struct gpu_static_info *info = gpu_boot_info(gpudom.boot);
	const struct gpu_boot_cost *cost = gpu_boot_cost(gpudom.boot);

	hv_log(HV_INFO, "gpudom: firmware %s runs: %s", gpudom.fw.gsp.version, info->name);
	hv_log(HV_INFO, "gpudom: ABI pack %s", gpudom.fw.abi.data ? "of the archive" : "built in");
	for (unsigned int i = 0; i < info->regions; i++)
		hv_log(HV_INFO, "gpudom: VRAM %#" PRIx64 " to %#" PRIx64 "%s", info->region[i].base,
		       info->region[i].limit, info->region[i].usable ? "" : ": the firmware's");
	hv_log(HV_INFO,
	       "gpudom: from the domain's start until its INIT_DONE: %" PRIu64
	       " hypercalls, %" PRIu64 " bytes copied, its image of %zu bytes used in place",
	       cost->hypercalls, cost->copied, gpudom.fw.gsp.image.size);
}

static void engines_banner(void)
{
	const struct gpu_engines *engines = gpu_rm_engines(gpudom.rm);

	for (unsigned int i = 0; i < engines->n; i++)
		hv_log(HV_INFO, "gpudom: engine %s on runlist %" PRIu32 ", %u PBDMA",
		       engines->engine[i].name, engines->engine[i].runlist,
		       engines->engine[i].pbdmas);
	hv_log(HV_INFO, "gpudom: %u engines; %u KiB of memory free, %zu KiB hold the archive",
	       engines->n, hv_pages_free_count() * (HV_PAGE_SIZE / 1024), gpudom.archive / 1024);
}

static int schedule(struct gpu_rm *rm)
{
	int err = gpu_policy_set(rm, gpudom.policy, gpudom.slots);

	if (err)
		hv_log(HV_ERR, "gpudom: schedule=%s cannot be had: error %d",
		       gpu_policy_name(gpudom.policy), -err);
	else if (gpudom.slots)
		hv_log(HV_INFO, "gpudom: schedule %s, %u slots of %u us",
		       gpu_policy_name(gpudom.policy), gpudom.slots, GPU_SLOT_US);
	else
		hv_log(HV_INFO, "gpudom: schedule %s", gpu_policy_name(gpudom.policy));
	return err;
}

static void firmware_answers(struct gpu_rm *rm, int err, void *arg)
{
	(void)arg;
	if (!err) {
		engines_banner();
		err = schedule(rm);
	}
	if (!err)
		err = serve();
	if (err)
		hv_exit(-err);
}

static void firmware_up(struct gpu_boot *boot, int err, void *arg)
{
	(void)boot;
	(void)arg;
	if (!err) {
		firmware_banner();
		err = gpu_vram_limit(gpudom.gpu, gpu_boot_usable_end(gpudom.boot));
		if (!err)
			err = gpu_rm_new(gpudom.gpu, gpudom.boot, firmware_answers, NULL,
					 &gpudom.rm);
	} else if (err == -EBUSY) {
		hv_log(HV_ERR, "gpudom: ends, so that dom0 resets the function");
		/* For `xvgpu daemon`; a person reads the line above. */
		err = hv_xs_write(HV_XS_NONE, "data/xvgpu", "state=needs-reset");
		if (err)
			hv_log(HV_WARN, "data/xvgpu not written: error %d", -err);
		err = -EBUSY;
	}
	if (err)
		hv_exit(-err);
}

/* From the module to a start that is under way. */
static int start_firmware(const struct gpu_blob *archive)
{
	const struct fwq_pack *pack;
	struct gpu_error why;
	int err = gpu_firmware_open(archive, &gpudom.fw, &why);

	if (!err)
		err = gpu_pack_choose(&gpudom.fw, &gpudom.pack, &pack, &why);
	if (err) {
		hv_log(HV_ERR, "gpudom: firmware: %s", why.text);
		return err;
	}
	err = gpu_boot_new(gpudom.gpu, &gpudom.fw, pack, false, &gpudom.boot);
	if (!err)
		err = gpu_boot_start(gpudom.boot, firmware_up, NULL);
	return err;
}

static int bring_up(unsigned int pci)
{
	struct gpu_blob archive = {"archive", NULL, 0};
	const void *module;
	int err = hv_pci_open(pci, &gpudom.pci);

	if (err) {
		hv_log(HV_ERR,
		       "gpudom: PCI function %u: error %d: is the GPU in this domain's pci= list?",
		       pci, -err);
		return err;
	}
	err = gpu_attach(gpudom.pci, &gpudom.gpu);
	if (err) {
		hv_log(HV_ERR, "gpudom: GPU at %s not usable: error %d", hv_pci_name(gpudom.pci),
		       -err);
		return err;
	}
	banner();
	hv_on_exit(stop);
	if (!hv_module(&module, &archive.size))
		return serve();
	archive.data = module;
	gpudom.archive = archive.size;
	return start_firmware(&archive);
}

static int gpudom_start(int argc, char **argv)
{
	unsigned int pci = 0;
	int err = parse_words(argc, argv, &pci);

	if (!err)
		err = bring_up(pci);
	if (err)
		stop();
	return err;
}

HV_IMAGE(gpudom_start);
