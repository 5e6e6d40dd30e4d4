/* frame.c - counting braces outside of strings.
 *
 * Invariants
 * 1. `at` only moves forward, and only over whole records, the rests of cut ones, and what stands between records.
 * 2. A line that begins with a brace while a record is open ends that record, if records stand one a line: a broken
 *    line costs its own record and no other.
 */
#include "engine/event/frame.h"

#include "engine/base/jsontext.h"

static const char *frame_end(const struct frame *f)
{
    return f->bytes.at + f->bytes.len;
}

/* Moves on, counting lines. */
static void frame_move(struct frame *f, const char *to)
{
    const char *at = f->bytes.at + f->at;
    while (at < to && (at = memchr(at, '\n', (size_t)(to - at)))) at++, f->line++;
    f->at = (uint32_t)(to - f->bytes.at);
}

/* ---- one record ----------------------------------------------------------------------------------------- */

enum { PLAIN, QUOTE, OPEN, CLOSE, LINE };

static const unsigned char classes[256] = {
    ['"'] = QUOTE, ['{'] = OPEN, ['['] = OPEN, ['}'] = CLOSE, [']'] = CLOSE, ['\n'] = LINE,
};

/* Passes the inside of a string. NULL: it goes on behind the end. */
static const char *pass_string(struct frame *f, const char *at, const char *end)
{
    if (f->in_escape && at < end) f->in_escape = false, at++;
    while ((at = json_string_stop(at, end)) < end) {
        if (*at == '"') {
            f->in_string = false;
            return at + 1;
        }
        if (*at == '\n' && !f->in_records) return at; /* no string holds a line's end: the record is broken */
        f->in_escape = *at == '\\' && at + 1 == end;
        at += *at == '\\' && !f->in_escape ? 2 : 1;
    }
    return NULL;
}

/* Names that an envelope has at its top. */
static bool hints_at_envelope(const char *name, const char *end)
{
    size_t left = (size_t)(end - name);
    return (left > 16 && memcmp(name, "CloudTrailEvent\"", 16) == 0) || (left > 12 && memcmp(name, "detail-type\"", 12) == 0);
}

/* Passes bytes until the record that is open ends, with the state of that in f. NULL: it goes on behind the end. */
static const char *pass_record(struct frame *f, const char *at, bool *envelope)
{
    const char *end = frame_end(f);
    while (at < end) {
        if (f->in_string) {
            if (!(at = pass_string(f, at, end))) return NULL;
            if (f->in_string) return at;
            continue;
        }
        while (at < end && classes[(unsigned char)*at] == PLAIN) at++;
        if (at == end) break;
        switch (classes[(unsigned char)*at++]) {
        case QUOTE:
            f->in_string = true;
            if (f->depth == 1 && hints_at_envelope(at, end)) *envelope = true;
            break;
        case OPEN: f->depth++; break;
        case CLOSE:
            if (--f->depth == 0) return at;
            break;
        default:
            if (!f->in_records && at < end && *at == '{') return at;
        }
    }
    return NULL;
}

static void close_record(struct frame *f)
{
    f->depth = 0;
    f->in_string = f->in_escape = false;
}

/* A record from `from`, or false if more bytes are needed to see its end. What is no object goes to the end of its
 * line, or in an array to the next comma. */
static bool take_record(struct frame *f, const char *from, struct text *record, bool *envelope)
{
    const char *end = frame_end(f), *to = from;
    if (*from == '{') {
        to = pass_record(f, from, envelope);
    } else {
        while (to < end && *to != '\n' && !(f->in_records && (*to == ',' || *to == ']'))) to++;
        if (to == end) to = NULL;
    }
    if (to || !f->is_last) close_record(f); /* else its rest may still come, and is passed over */
    if (!to && !f->is_last) return false;
    if (!to) to = end;
    *record = (struct text){from, (uint32_t)(to - from)};
    while (record->len && (record->at[record->len - 1] == '\n' || record->at[record->len - 1] == '\r')) record->len--;
    frame_move(f, to);
    return true;
}

/* ---- containers ----------------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

enum opening { NO_ARRAY, ARRAY, NEEDS_MORE };

/* Whether {"Records":[ stands here: *at then moves behind it. */
static enum opening array_opens(const char **at, const char *end)
{
    static const char *const names[] = {"\"Records\"", "\"Events\""};
    const char *from = skip_blanks(*at + 1, end);
    if (**at == '[') return *at += 1, ARRAY;
    if (**at != '{') return NO_ARRAY;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]), left = (size_t)(end - from);
        if (memcmp(from, names[i], left < len ? left : len)) continue;
        if (left < len) return NEEDS_MORE;
        const char *colon = skip_blanks(from + len, end);
        const char *bracket = colon < end && *colon == ':' ? skip_blanks(colon + 1, end) : colon;
        if (bracket == end) return NEEDS_MORE;
        if (bracket == colon || *bracket != '[') return NO_ARRAY;
        *at = bracket + 1;
        return ARRAY;
    }
    return NO_ARRAY;
}

/* Moves to the first byte of the next record, into arrays and out of them. False: there is none yet. */
static bool seek_record(struct frame *f)
{
    const char *end = frame_end(f);
    for (;;) {
        const char *at = skip_blanks(f->bytes.at + f->at, end);
        if (f->bytes.len && f->at == 0 && end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;
        frame_move(f, at);
        if (at == end) return false;
        if (f->in_records && *at == ',') {
            frame_move(f, at + 1);
        } else if (f->in_records && *at == ']') {
            const char *brace = skip_blanks(at + 1, end);
            if (brace == end && !f->is_last) return false;
            f->in_records = false;
            frame_move(f, brace < end && *brace == '}' ? brace + 1 : at + 1);
        } else if (f->in_records) {
            return true;
        } else {
            enum opening opening = array_opens(&at, end);
            if (opening == NEEDS_MORE && !f->is_last) return false;
            if (opening != ARRAY) return true;
            f->in_records = true;
            frame_move(f, at);
        }
    }
}

/* The rest of a record that was cut. False: it has not ended yet. */
static bool pass_rest(struct frame *f)
{
    bool envelope = false;
    if (f->depth == 0) return true;
    const char *to = pass_record(f, f->bytes.at + f->at, &envelope);
    frame_move(f, to ? to : frame_end(f));
    if (to) close_record(f);
    return to != NULL;
}

/* ---- envelopes ------------------------------------------------------------------------------------------ */

struct envelope {
    struct text detail, lookup; /* texts of the members' values, at NULL if there is none */
    bool via_cloudtrail;
};

static bool envelope_read(struct text record, struct envelope *e)
{
    struct json_scan s = json_scan_of(record);
    struct json_object o;
    struct json_string name;
    struct text value;
    *e = (struct envelope){0};
    if (!json_object_begin(&s, &o)) return false;
    while (json_object_next(&s, &o, &name) && json_value_text(&s, &value)) {
        if (text_equal(name.text, TEXT("detail")) && *value.at == '{') e->detail = value;
        else if (text_equal(name.text, TEXT("CloudTrailEvent")) && *value.at == '"') e->lookup = value;
        else if (text_equal(name.text, TEXT("detail-type"))) e->via_cloudtrail = text_ends(value, TEXT("via CloudTrail\""));
    }
    return !s.fault;
}

/* What is inside. Envelopes of other sources (GuardDuty, Health) are records themselves. */
static struct text envelope_open(struct text record)
{
    struct envelope e;
    if (!envelope_read(record, &e)) return record;
    if (e.detail.at && e.via_cloudtrail) return e.detail;
    if (!e.lookup.at) return record;
    struct text raw = {e.lookup.at + 1, e.lookup.len - 2};
    char *in_place = (char *)raw.at; /* frame.h: bytes are writable */
    return (struct text){in_place, json_unescape(raw, in_place)};
}

bool frame_next(struct frame *f, struct text *record, uint64_t *at_line)
{
    bool envelope = false;
    if (!pass_rest(f) || !seek_record(f)) return false;
    *at_line = f->line;
    if (!take_record(f, f->bytes.at + f->at, record, &envelope)) return false;
    if (envelope) *record = envelope_open(*record);
    return true;
}
