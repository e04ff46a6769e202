// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes of a record: checksums, validation, fields.
 *
 * What is read from the log is not trusted: kml_record_ok() comes first, and
 * kml_field() only finds what lies within a record that passed it.
 */
#include <linux/crc32c.h>
#include "kml.h"

static_assert(sizeof(struct kml_record) == 168);
static_assert(sizeof(struct kml_result) == 48);
static_assert(sizeof(struct kml_object) == 40);
static_assert(sizeof(struct kml_attr) == 72);
static_assert(offsetof(struct kml_record, result) == 72);
static_assert(KML_CHUNK % KML_RECORD_MAX == 0);

/* The standard CRC-32C of @data, continued from @crc (0 at the start). */
u32 kml_crc32c(u32 crc, const void *data, size_t len)
{
	return ~crc32c(~crc, data, len);
}

/*
 * Of a whole record, its crc and result taken as zero. A call costs more than
 * the bytes: two of them.
 */
u32 kml_record_crc(const void *record, u32 len)
{
	struct kml_record head = *(const struct kml_record *)record;

	head.crc = 0;
	memset(&head.result, 0, sizeof(head.result));
	return kml_crc32c(kml_crc32c(0, &head, sizeof(head)), record + sizeof(head),
			  len - sizeof(head));
}

u32 kml_result_crc(const struct kml_result *result, u64 recno)
{
	struct kml_result copy = *result;

	copy.crc = 0;
	return kml_crc32c((u32)recno, &copy, sizeof(copy));
}

/* Could a record (or PAD) of @len bytes stand at @offset? */
bool kml_len_ok(u64 offset, u32 len)
{
	return len >= KML_PAD_MIN && len <= KML_RECORD_MAX && len % KML_ALIGN == 0 &&
	       offset % KML_ALIGN == 0 && len <= KML_CHUNK - offset % KML_CHUNK;
}

static bool kml_pad_ok(u64 offset, const struct kml_record *record, u32 len)
{
	const u8 *bytes = (const u8 *)record;

	return !record->flags && len == KML_CHUNK - offset % KML_CHUNK &&
	       !memchr_inv(bytes + 12, 0, len - 16);
}

static bool kml_fields_ok(const struct kml_record *record, u32 len)
{
	u32 at = sizeof(*record), end = len - sizeof(__le32);
	u32 n = le32_to_cpu(record->fields);

	for (; n; n--) {
		const struct kml_field *field = (const void *)record + at;
		u32 size;

		if (end - at < sizeof(*field))
			return false;
		at += sizeof(*field);
		size = le32_to_cpu(field->len);
		if (size > end - at || ALIGN(size, 8) > end - at)
			return false;
		at += ALIGN(size, 8);
	}
	return end - at < KML_ALIGN;
}

/* Is what stands at @offset, of which @avail bytes are here, a whole record? */
bool kml_record_ok(u64 offset, const void *bytes, u32 avail)
{
	const struct kml_record *record = bytes;
	u32 len, op;

	if (avail < KML_PAD_MIN)
		return false;
	len = le32_to_cpu(record->len);
	op = le16_to_cpu(record->op);
	if (!kml_len_ok(offset, len) || len > avail)
		return false;
	if (*(const __le32 *)(bytes + len - sizeof(__le32)) != record->len ||
	    le16_to_cpu(record->version) != KML_VERSION)
		return false;
	if (op == KML_OP_PAD)
		return kml_pad_ok(offset, record, len);
	return op && op <= KML_OP_MAX && len >= sizeof(*record) + sizeof(__le32) &&
	       le32_to_cpu(record->crc) == kml_record_crc(record, len) &&
	       kml_fields_ok(record, len);
}

/* How a record that passed kml_record_ok() ended. */
u32 kml_state(const struct kml_record *record)
{
	u32 crc = kml_result_crc(&record->result, le64_to_cpu(record->recno));

	if (le32_to_cpu(record->result.crc) != crc)
		return KML_INTENT;
	return le32_to_cpu(record->result.state);
}

/*
 * The first field of @type of a record that passed kml_record_ok(), or NULL.
 * @len: in: bytes it must have at least, out: bytes it has.
 */
const void *kml_field(const struct kml_record *record, u16 type, u32 *len)
{
	const void *at = record + 1;
	u32 n = le32_to_cpu(record->fields);

	for (; n; n--) {
		const struct kml_field *field = at;
		u32 size = le32_to_cpu(field->len);

		if (le16_to_cpu(field->type) == type) {
			if (size < *len)
				return NULL;
			*len = size;
			return field + 1;
		}
		at += sizeof(*field) + ALIGN(size, 8);
	}
	return NULL;
}
