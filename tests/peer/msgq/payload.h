/* SPDX-License-Identifier: MIT */
/*
 * payload.h - what message n of one direction is: known to both ends without a word between them.
 *
 * Function, length and every byte of the payload follow from the direction and n, so a receiver that
 * counts messages can tell one that is lost, repeated, out of order, cut or changed.
 */
#ifndef TESTS_PEER_MSGQ_PAYLOAD_H
#define TESTS_PEER_MSGQ_PAYLOAD_H

#include <stdint.h>
#include <string.h>

#define PAYLOAD_STEP 0x9e3779b97f4a7c15ull

static inline uint64_t payload_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static inline uint64_t payload_key(uint32_t direction, uint64_t n)
{
	return payload_mix(PAYLOAD_STEP * (n + 1) ^ (uint64_t)direction << 56);
}

/*
 * Elements that message n fills: mostly one, every number up to 16 often. Within them the length is
 * random, but every eighth message ends exactly at, or just behind, the boundary of an element.
 */
static inline uint32_t payload_len(uint32_t direction, uint64_t n, uint32_t element,
				   uint32_t headers)
{
	uint64_t r = payload_key(direction, n);
	uint32_t elements = 1, low, high;

	if (r % 8 == 0)
		elements = 1 + (uint32_t)(r >> 8) % 16;
	else if (r % 8 < 3)
		elements = 1 + (uint32_t)(r >> 8) % 4;
	low = elements == 1 ? 0 : (elements - 1) * element - headers + 1;
	high = elements * element - headers;
	switch ((r >> 24) % 16) {
	case 0:
		return low;
	case 1:
		return high;
	default:
		return low + (uint32_t)(r >> 32) % (high - low + 1);
	}
}

static inline uint32_t payload_function(uint32_t direction, uint64_t n)
{
	return (uint32_t)(payload_key(direction, n) >> 40 & 0x3f) + 1;
}

/* Bytes [from, from + len) of the payload; from is a multiple of 8. */
static inline void payload_write(uint64_t key, uint32_t from, uint8_t *to, uint32_t len)
{
	uint64_t v = key + PAYLOAD_STEP * (from / 8), w;

	for (; len >= 8; len -= 8, to += 8, v += PAYLOAD_STEP) {
		w = v ^ v >> 29;
		memcpy(to, &w, 8);
	}
	w = v ^ v >> 29;
	memcpy(to, &w, len);
}

/* The first byte of `at` that is not as it should be, or len. */
static inline uint32_t payload_check(uint64_t key, const uint8_t *at, uint32_t len)
{
	uint64_t v = key, w, got;
	uint32_t i;

	for (i = 0; i + 8 <= len; i += 8, v += PAYLOAD_STEP) {
		memcpy(&got, at + i, 8);
		if (got != (v ^ v >> 29))
			break;
	}
	w = v ^ v >> 29;
	for (uint32_t k = 0; k < 8 && i < len; k++, i++)
		if (at[i] != (uint8_t)(w >> 8 * k))
			break;
	return i;
}

#endif /* TESTS_PEER_MSGQ_PAYLOAD_H */
