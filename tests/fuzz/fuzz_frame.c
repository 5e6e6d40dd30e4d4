/* fuzz_frame.c - any bytes as input: framing ends, stays inside, and gives the same records however the bytes
 * come. */
#include "engine/event/frame.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct seen {
    char *text;
    size_t len, cap;
};

static void put(struct seen *s, const void *bytes, size_t len)
{
    if (s->len + len > s->cap) s->text = realloc(s->text, s->cap = 2 * (s->len + len));
    if (len) memcpy(s->text + s->len, bytes, len);
    s->len += len;
}

static void take_all(struct frame *f, struct seen *seen)
{
    struct text record;
    uint64_t line;
    while (frame_next(f, &record, &line)) {
        const char *end = f->bytes.at + f->at;
        if (record.at < f->bytes.at || record.at + record.len > end || record.len == 0) abort();
        put(seen, &line, sizeof line);
        put(seen, record.at, record.len);
        put(seen, "|", 1);
        struct json_out json = {0};
        if (f->record_columns) columns_json(f->record_columns, record, &json);
        put(seen, json.at, json.len);
        json_out_release(&json);
    }
}

/* Bytes in pieces of `step`, each time in memory of their own. */
static struct seen frame_pieces(const uint8_t *bytes, size_t all, size_t step)
{
    size_t given = 0, kept = 0;
    struct columns_set known = {0};
    struct frame f = {.bytes = {"", 0}, .line = 1, .known = &known};
    struct seen seen = {0};
    char *room = NULL;
    while (!f.is_last) {
        size_t more = all - given < step ? all - given : step;
        char *moved = malloc(kept + more + 1);
        memcpy(moved, f.bytes.at + f.at, kept);
        if (more) memcpy(moved + kept, bytes + given, more);
        free(room);
        room = moved;
        given += more;
        f.bytes = (struct text){room, (uint32_t)(kept + more)};
        f.at = 0;
        f.is_last = given == all;
        take_all(&f, &seen);
        kept = f.bytes.len - f.at;
    }
    columns_set_release(&known);
    free(room);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 1 || len > 1 << 16) return 0;
    struct seen whole = frame_pieces(bytes + 1, len - 1, len),
                pieces = frame_pieces(bytes + 1, len - 1, bytes[0] % 32 + 1);
    if (whole.len != pieces.len || (whole.len && memcmp(whole.text, pieces.text, whole.len))) {
        fprintf(stderr, "whole:\n%.*s\nin pieces:\n%.*s\n", (int)whole.len, whole.text, (int)pieces.len,
                pieces.text);
        abort();
    }
    free(whole.text);
    free(pieces.text);
    return 0;
}
