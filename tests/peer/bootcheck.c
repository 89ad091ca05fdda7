/* SPDX-License-Identifier: MIT */
/*
 * bootcheck.c - boots a real firmware archive on the GPU model, in one process: start, what the firmware
 * says, unload, and the same again without a reset. For tests/peer/test_boot.py, which reads the lines.
 *
 *     bootcheck ARCHIVE CHIP [FAULT]  CHIP as in struct model_config; FAULT as for model_fault_set():
 *                                     then the start must fail
 *
 * The board lets in only images that the vendor signed. No vendor instruction runs: FWSEC, booters and
 * GSP-RM are stand-ins; files, layouts and the bytes that DMA delivers are real.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/boot/boot.h"
#include "gpu/core/boot/pack_choice.h"
#include "hv/hosted/hosted.h"
#include "tests/common/sha256.h"
#include "tests/model/model.h"

#define MINUTE (60 * HV_S)

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "bootcheck: %s:%d: %s\n", __FILE__, __LINE__, #cond);      \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static struct {
	bool over;
	int err;
} result;

static struct fwq_pack room;

static void done(struct gpu_boot *b, int err, void *arg)
{
	(void)b;
	(void)arg;
	result.over = true;
	result.err = err;
}

static bool is_over(void *arg)
{
	(void)arg;
	return result.over;
}

static int wait_done(void)
{
	MUST(!hv_loop_until(is_over, NULL, MINUTE));
	result.over = false;
	return result.err;
}

static void *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	void *data;
	long len;

	MUST(f && !fseek(f, 0, SEEK_END));
	len = ftell(f);
	MUST(len > 0);
	rewind(f);
	data = malloc((size_t)len);
	MUST(data && fread(data, 1, (size_t)len, f) == (size_t)len);
	fclose(f);
	*size = (size_t)len;
	return data;
}

static void show(struct gpu_boot *b, const struct model *model, const struct gpu_info *board)
{
	const struct gpu_static_info *info = gpu_boot_info(b);
	uint8_t digest[SHA256_SIZE];
	char text[SHA256_HEX];

	MUST(!model_fwimage_hash(model, digest));
	sha256_hex(digest, text);
	printf("image %s\n", text);
	printf("board %s, %s\n", board->chip, info->name);
	for (unsigned int i = 0; i < info->regions; i++)
		printf("region %#" PRIx64 " to %#" PRIx64 "%s\n", info->region[i].base,
		       info->region[i].limit, info->region[i].usable ? "" : ", not usable");
}

static void run(const struct gpu_firmware *fw, const struct fwq_pack *pack, struct gpu *gpu,
		struct model *model, const char *fault)
{
	struct model_stats before, after;
	struct gpu_boot *b;

	if (gpu_boot_new(gpu, fw, pack, false, &b)) {
		printf("refused: %s is not for %s\n", fw->family->name, gpu_info(gpu)->chip);
		exit(1);
	}
	if (fault) {
		MUST(!model_fault_set(model, fault));
		MUST(!gpu_boot_start(b, done, NULL));
		printf("failed %d %s\n", wait_done(), gpu_boot_error(b));
		MUST(!model_fault_set(model, "none"));
	}
	for (unsigned int i = 0; i < 2; i++) {
		model_stats_get(model, &before);
		MUST(!gpu_boot_start(b, done, NULL));
		if (wait_done()) {
			fprintf(stderr, "bootcheck: %s\n", gpu_boot_error(b));
			exit(1);
		}
		show(b, model, gpu_info(gpu));
		MUST(!gpu_boot_stop(b, done, NULL));
		if (wait_done()) {
			fprintf(stderr, "bootcheck: %s\n", gpu_boot_error(b));
			exit(1);
		}
		model_stats_get(model, &after);
		printf("unloaded, %" PRIu64 " unknown registers read, %" PRIu64 " written\n",
		       after.unknown_reads - before.unknown_reads,
		       after.unknown_writes - before.unknown_writes);
	}
	gpu_boot_free(b);
}

int main(int argc, char **argv)
{
	struct hosted *h = hosted_new();
	struct hosted_domain_config config = {.name = "gpudom"};
	struct model_config board = {0};
	struct hosted_pci *slot;
	const struct fwq_pack *pack;
	struct gpu_error why;
	struct gpu_firmware fw;
	struct gpu_blob archive = {"archive", NULL, 0};
	struct model *model;
	struct hv_pci *pci;
	struct gpu *gpu;
	const void *module;
	void *file;
	int dom;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: bootcheck ARCHIVE CHIP [FAULT]\n");
		return 2;
	}
	file = read_file(argv[1], &config.module_size);
	config.module = file;
	board.chip = argv[2];
	slot = hosted_pci_model(h, &board, &model);
	dom = hosted_domain_new(h, &config);
	MUST(slot && dom > 0 && !hosted_pci_assign(slot, (hv_domid_t)dom));
	free(file);
	hosted_enter(h, (hv_domid_t)dom);
	MUST(hv_module(&module, &archive.size));
	archive.data = module;
	if (gpu_firmware_open(&archive, &fw, &why) || gpu_pack_choose(&fw, &room, &pack, &why)) {
		fprintf(stderr, "bootcheck: %s\n", why.text);
		return 1;
	}
	printf("version %s%s\n", fw.gsp.version, pack == &room ? ", pack of the archive" : "");
	MUST(!hv_pci_open(0, &pci) && !gpu_attach(pci, &gpu));
	run(&fw, pack, gpu, model, argc > 3 ? argv[3] : NULL);
	gpu_detach(gpu);
	hv_pci_close(pci);
	hosted_leave();
	MUST(!hosted_iommu_refused(h));
	hosted_free(h);
	return 0;
}
