/* SPDX-License-Identifier: MIT */
/*
 * fwq_event_check.h - what must be true of a decoded event and of its log line, whatever was decoded.
 */
#ifndef TESTS_FUZZ_FWQ_EVENT_CHECK_H
#define TESTS_FUZZ_FWQ_EVENT_CHECK_H

#include <string.h>

#include "fwq/event.h"
#include "tests/fuzz/must.h"

/* The bytes are part of the payload. */
static inline void check_bytes(struct fwq_bytes b, const uint8_t *payload, uint32_t len)
{
	must(!b.len || (b.at >= payload && b.at <= payload + len));
	must(!b.len || b.len <= len - (uint32_t)(b.at - payload));
}

static inline void check_text(const char *s, size_t max)
{
	size_t n = strlen(s);

	must(n <= max);
	for (size_t i = 0; i < n; i++)
		must(s[i] >= ' ' && s[i] <= '~');
}

static inline void check_event(const struct fwq_event *ev, const uint8_t *payload, uint32_t len)
{
	static const size_t sizes[] = {FWQ_EVENT_LINE_MAX, 20, 1};
	char line[FWQ_EVENT_LINE_MAX];

	must(ev->kind < FWQ_EVENT_KINDS && ev->len == len);
	must(!ev->name == (ev->kind == FWQ_EVENT_UNKNOWN));
	switch (ev->kind) {
	case FWQ_EVENT_RUN_CPU_SEQUENCER:
		check_bytes(ev->script, payload, len);
		break;
	case FWQ_EVENT_POST_EVENT:
		check_bytes(ev->post.event_data, payload, len);
		break;
	case FWQ_EVENT_RC_TRIGGERED:
		check_bytes(ev->rc.journal, payload, len);
		break;
	case FWQ_EVENT_OS_ERROR_LOG:
		check_text(ev->error.text, FWQ_EVENT_TEXT_MAX);
		break;
	case FWQ_EVENT_UCODE_LIBOS_PRINT:
		check_bytes(ev->print.bytes, payload, len);
		break;
	case FWQ_EVENT_POST_NOCAT_RECORD:
		check_bytes(ev->record, payload, len);
		break;
	case FWQ_EVENT_LOAD_EXEC_GENERIC_BOOTLOADER:
		check_bytes(ev->bootloader.descriptor, payload, len);
		break;
	default:
		break;
	}
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = fwq_event_log(ev, line, sizes[i]);

		must(n < sizes[i] && n == strlen(line));
		must(i || n < FWQ_EVENT_LINE_MAX - 1); /* nothing is cut off a whole line */
		check_text(line, FWQ_EVENT_LINE_MAX);
	}
}

#endif /* TESTS_FUZZ_FWQ_EVENT_CHECK_H */
