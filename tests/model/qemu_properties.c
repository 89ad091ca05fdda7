/* SPDX-License-Identifier: MIT */
/*
 * What a test sees of the QEMU device, and does to it, while the machine runs: properties that can be read
 * and set at any time, also over QMP with qom-get and qom-set.
 *
 * fault         planted faults, as model_fault_set() takes them; reads as last set
 * hash-range    "BASE,LEN" of VRAM
 * hash          SHA-256 of that range, hexadecimal
 * fwimage-hash  SHA-256 of the GSP image that the booter received last
 * stray-dma     "ADDRESS,COUNT": the board goes wild and makes that many reads; reads as those left
 * stats         counters, as JSON
 * trace         what has been asked for, as JSON
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qapi/error.h"

#include "tests/model/qemu.h"

/*
 * Between two stray reads. VT-d here has one fault record: a fault that comes before software has
 * emptied it is not seen. Xen takes bus mastering away after 10 faults with gaps under 10 ms.
 */
#define STRAY_INTERVAL_NS (3 * SCALE_MS)

/* "A,B", each as C writes numbers; nothing is stored unless both are good. */
static bool parse_pair(const char *text, uint64_t *a, uint64_t *b)
{
	uint64_t first, second;
	const char *end;

	if (strchr(text, '-') || qemu_strtou64(text, &end, 0, &first) || *end != ',' ||
	    qemu_strtou64(end + 1, NULL, 0, &second))
		return false;
	*a = first;
	*b = second;
	return true;
}

static char *get_fault(Object *obj, Error **errp)
{
	return g_strdup(XVGPU_MODEL(obj)->fault ?: "none");
}

static void set_fault(Object *obj, const char *value, Error **errp)
{
	XvgpuModel *s = XVGPU_MODEL(obj);

	/* Before there is a board, the name is checked when the board is made. */
	if (s->model && model_fault_set(s->model, value)) {
		error_setg(errp, "xvgpu-model: no such fault, or a value out of range: %s", value);
		return;
	}
	g_free(s->fault);
	s->fault = g_strdup(value);
}

static char *get_hash_range(Object *obj, Error **errp)
{
	return g_strdup(XVGPU_MODEL(obj)->hash_range ?: "");
}

static void set_hash_range(Object *obj, const char *value, Error **errp)
{
	XvgpuModel *s = XVGPU_MODEL(obj);

	if (!parse_pair(value, &s->hash_base, &s->hash_len)) {
		error_setg(errp, "xvgpu-model: hash-range is BASE,LEN in bytes, not %s", value);
		return;
	}
	g_free(s->hash_range);
	s->hash_range = g_strdup(value);
}

static char *hexadecimal(const uint8_t digest[32])
{
	GString *hex = g_string_new(NULL);

	for (size_t i = 0; i < 32; i++)
		g_string_append_printf(hex, "%02x", digest[i]);
	return g_string_free(hex, FALSE);
}

static char *get_fwimage_hash(Object *obj, Error **errp)
{
	XvgpuModel *s = XVGPU_MODEL(obj);
	uint8_t digest[32];

	if (!s->model || model_fwimage_hash(s->model, digest)) {
		error_setg(errp, "xvgpu-model: no GSP image has been received");
		return NULL;
	}
	return hexadecimal(digest);
}

static char *get_hash(Object *obj, Error **errp)
{
	XvgpuModel *s = XVGPU_MODEL(obj);
	uint8_t digest[32];

	if (!s->model || !s->hash_range ||
	    model_vram_hash(s->model, s->hash_base, s->hash_len, digest)) {
		error_setg(errp, "xvgpu-model: hash-range %s is not inside VRAM",
			   s->hash_range ?: "(not set)");
		return NULL;
	}
	return hexadecimal(digest);
}

void xvgpu_stray_read(void *opaque)
{
	XvgpuModel *s = opaque;

	if (!s->stray_left)
		return;
	s->stray_left--;
	model_stray_read(s->model, s->stray_addr);
	timer_mod(s->stray_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + STRAY_INTERVAL_NS);
}

static char *get_stray(Object *obj, Error **errp)
{
	return g_strdup_printf("%" PRIu64, XVGPU_MODEL(obj)->stray_left);
}

static void set_stray(Object *obj, const char *value, Error **errp)
{
	XvgpuModel *s = XVGPU_MODEL(obj);

	if (!s->model || !parse_pair(value, &s->stray_addr, &s->stray_left)) {
		error_setg(errp,
			   "xvgpu-model: stray-dma is ADDRESS,COUNT on a running machine, not %s",
			   value);
		return;
	}
	xvgpu_stray_read(s);
}

char *xvgpu_stats_json(XvgpuModel *s)
{
	struct model_stats st = {0};
	char *engines = NULL, *json;

	if (s->model) {
		model_stats_get(s->model, &st);
		engines = model_engine_stats(s->model);
	}
	json = g_strdup_printf(
		"{\"mmio_reads\": %" PRIu64 ", \"mmio_writes\": %" PRIu64
		", \"unknown_reads\": %" PRIu64 ", \"unknown_writes\": %" PRIu64
		", \"dma_reads\": %" PRIu64 ", \"dma_writes\": %" PRIu64 ", \"dma_bytes\": %" PRIu64
		", \"dma_errors\": %" PRIu64 ", \"msis\": %" PRIu64 ", \"flrs\": %" PRIu64
		", \"methods_ignored\": %" PRIu64 ", \"invalidations\": %" PRIu64
		", \"barriers\": %" PRIu64 "%s%s}",
		st.mmio_reads, st.mmio_writes, st.unknown_reads, st.unknown_writes, st.dma_reads,
		st.dma_writes, st.dma_bytes, st.dma_errors, st.msis, st.flrs, st.methods_ignored,
		st.invalidations, st.barriers, engines ? ", " : "", engines ?: "");
	free(engines);
	return json;
}

static char *get_stats(Object *obj, Error **errp)
{
	return xvgpu_stats_json(XVGPU_MODEL(obj));
}

static char *get_trace(Object *obj, Error **errp)
{
	XvgpuModel *s = XVGPU_MODEL(obj);
	char *json = s->model ? model_trace_json(s->model) : NULL;
	char *copy = g_strdup(json ?: "{}");

	free(json);
	return copy;
}

void xvgpu_add_properties(ObjectClass *klass)
{
	object_class_property_add_str(klass, "fault", get_fault, set_fault);
	object_class_property_set_description(klass, "fault", "planted faults, or none");
	object_class_property_add_str(klass, "hash-range", get_hash_range, set_hash_range);
	object_class_property_set_description(klass, "hash-range", "BASE,LEN of VRAM for hash");
	object_class_property_add_str(klass, "hash", get_hash, NULL);
	object_class_property_set_description(klass, "hash", "SHA-256 of hash-range");
	object_class_property_add_str(klass, "fwimage-hash", get_fwimage_hash, NULL);
	object_class_property_set_description(klass, "fwimage-hash",
					      "SHA-256 of the GSP image received last");
	object_class_property_add_str(klass, "stray-dma", get_stray, set_stray);
	object_class_property_set_description(klass, "stray-dma", "ADDRESS,COUNT of stray reads");
	object_class_property_add_str(klass, "stats", get_stats, NULL);
	object_class_property_set_description(klass, "stats", "counters, as JSON");
	object_class_property_add_str(klass, "trace", get_trace, NULL);
	object_class_property_set_description(klass, "trace", "what has been asked for, as JSON");
}
