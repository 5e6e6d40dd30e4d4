/* when.h - the time of a record, for ordering it before it is decoded. */
#ifndef CSR_ENGINE_IO_WHEN_H
#define CSR_ENGINE_IO_WHEN_H

#include "engine/event/columns.h"

/* Nanoseconds since 1970 UTC. columns: of a line of values, NULL of an object. False if the record has no time where its source writes it, or none that can be read:
 * the decoder will most likely set it aside. */
bool record_time(struct text record, const struct columns *columns, int64_t *time);

/* The minute of delivery in the name of a file that CloudTrail delivered, as a second:
 * ACCOUNT_CloudTrail_REGION_YYYYMMDDThhmmZ_RANDOM.json[.gz]. False: it is no such name. */
bool delivery_stamp(struct text file_name, int64_t *second);

/* A name that CloudTrail gives to what is no log: digests. */
bool is_digest_name(struct text file_name);

#endif
