/* fuzz_unpack.c - packed files and what is framed from them: any bytes give records or an end, within bounds. */
#include "engine/io/files.h"
#include "engine/io/when.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct block_queue q = {0};
    struct block *b = block_new(len);
    if (!b) return 0;
    if (len) memcpy(b->bytes, bytes, len);
    b->len = len;
    struct file *f = file_of_block(b, &q);
    struct file_record r;
    int64_t time;
    for (enum file_result result; f && (result = file_next(f, &r)) != FILE_END;) {
        if (result == FILE_BROKEN) continue;
        record_time(r.bytes, r.columns, &time);
        block_given(&q, r.block);
    }
    file_close(f);
    block_queue_free(&q);
    return 0;
}
