/* frame.c - counting braces outside of strings.
 *
 * Invariants
 * 1. `at` only moves forward, and only over whole records, the rests of cut ones, and what stands between
 *    records.
 * 2. A line that begins with a brace while a record is open ends that record, if records stand one a line: a
 *    broken line costs its own record and no other.
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

/* ---- one record ---------------------------------------------------------------------------------------- */

enum { PLAIN, QUOTE, OPEN, CLOSE };

static const unsigned char classes[256] = {
    ['"'] = QUOTE, ['{'] = OPEN, ['['] = OPEN, ['}'] = CLOSE, [']'] = CLOSE};

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

static bool may_start(const char *at, const char *end, struct text with)
{
    size_t left = (size_t)(end - at);
    return memcmp(at, with.at, left < with.len ? left : with.len) == 0;
}

static bool begins_line(const struct frame *f, const char *at)
{
    return at > f->bytes.at ? at[-1] == '\n' : f->at_line_start;
}

/* Passes bytes until the record that is open ends. NULL: it goes on behind the end. */
static const char *pass_object(struct frame *f, const char *at)
{
    const char *end = frame_end(f);
    while (at < end) {
        if (f->in_string) {
            if (!(at = pass_string(f, at, end))) return NULL;
            if (f->in_string) return at;
        }
        while (at < end && classes[(unsigned char)*at] == PLAIN) at++;
        if (at == end) return NULL;
        switch (classes[(unsigned char)*at]) {
        case QUOTE:
            f->in_string = true;
            if (f->depth == 1 && (may_start(at + 1, end, TEXT("CloudTrailEvent\"")) ||
                                  may_start(at + 1, end, TEXT("detail-type\""))))
                f->has_envelope = true;
            break;
        case OPEN:
            if (f->depth && !f->in_records && *at == '{' && begins_line(f, at)) return at;
            f->depth++;
            break;
        default:
            if (f->depth == 1) return at + 1;
            f->depth--;
        }
        at++;
    }
    return NULL;
}

/* What is no object goes to the end of its line; in an array, where lists are passed like objects, to the next
 * comma outside of a text. */
static const char *pass_garbage(struct frame *f, const char *at)
{
    const char *end = frame_end(f);
    for (; at < end; at++) {
        if (f->in_string && !(at = pass_string(f, at, end))) return NULL;
        if (at == end || *at == '\n' || (f->in_records && (*at == ',' || *at == ']'))) break;
        f->in_string = f->in_records && *at == '"';
    }
    return at < end ? at : NULL;
}

static const char *pass_open(struct frame *f)
{
    const char *at = f->bytes.at + f->at + f->passed;
    return f->in_garbage ? pass_garbage(f, at) : pass_object(f, at);
}

static bool is_open(const struct frame *f)
{
    return f->depth || f->in_garbage;
}

static void close_record(struct frame *f)
{
    f->passed = f->depth = 0;
    f->in_string = f->in_escape = f->in_garbage = f->has_envelope = f->at_line_start = false;
}

/* The record at `at`, which is open. False: more bytes are needed to see its end. */
static bool take_record(struct frame *f, struct text *record, bool *has_envelope)
{
    const char *from = f->bytes.at + f->at, *to = pass_open(f), *end = frame_end(f);
    if (!to && !f->is_last) {
        f->passed = (uint32_t)(end - from);
        return false;
    }
    *has_envelope = to && f->has_envelope;
    *record = (struct text){from, (uint32_t)((to ? to : end) - from)};
    while (record->len && (record->at[record->len - 1] == '\n' || record->at[record->len - 1] == '\r'))
        record->len--;
    frame_move(f, to ? to : end);
    f->passed = 0;
    if (to) close_record(f); /* else its rest may still come */
    return true;
}

/* The rest of a record that was given out cut off. False: it has not ended yet. */
static bool pass_rest(struct frame *f)
{
    if (!is_open(f) || f->passed) return true;
    const char *to = pass_open(f);
    if (!to) f->at_line_start = begins_line(f, frame_end(f));
    frame_move(f, to ? to : frame_end(f));
    if (to) close_record(f);
    return to != NULL;
}

/* ---- containers ---------------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

enum opening { NO_ARRAY, ARRAY, NEEDS_MORE };

/* Whether {"Records":[ stands here: *at then moves behind it. */
static enum opening array_opens(const char **at, const char *end)
{
    static const char *const names[] = {"\"Records\"", "\"records\"", "\"Events\""};
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

/* Behind the bracket of an array: what else its object has is passed over like the rest of a record. */
static bool close_array(struct frame *f, const char *at)
{
    const char *end = frame_end(f), *next = skip_blanks(at + 1, end);
    if (next == end && !f->is_last) return false;
    f->in_records = false;
    f->depth = f->in_object && next < end && *next == ',';
    frame_move(f, f->in_object && next < end && *next == '}' ? next + 1 : at + 1);
    return !f->depth || pass_rest(f);
}

static bool open_array(struct frame *f, enum opening *opening)
{
    const char *at = f->bytes.at + f->at;
    f->in_object = *at == '{';
    *opening = array_opens(&at, frame_end(f));
    if (*opening != ARRAY) return false;
    f->in_records = true;
    frame_move(f, at);
    return true;
}

/* Behind blanks and byte order marks (of files that were put one behind the other). False: the bytes end
 * there, or in what may become a mark. */
static bool pass_blanks(struct frame *f)
{
    const struct text mark = TEXT("\xef\xbb\xbf");
    const char *end = frame_end(f), *at = skip_blanks(f->bytes.at + f->at, end);
    while (text_starts((struct text){at, (uint32_t)(end - at)}, mark)) at = skip_blanks(at + mark.len, end);
    frame_move(f, at);
    return at < end && (f->is_last || end - at >= mark.len || !may_start(at, end, mark));
}

/* Moves to the first byte of the next record, into arrays and out of them. False: there is none yet. */
static bool seek_record(struct frame *f)
{
    while (pass_blanks(f)) {
        enum opening opening;
        const char *at = f->bytes.at + f->at;
        if (f->in_records && *at == ',') {
            frame_move(f, at + 1);
        } else if (f->in_records && *at == ']') {
            if (!close_array(f, at)) return false;
        } else if (f->in_records) {
            return true;
        } else if (!open_array(f, &opening)) {
            return opening != NEEDS_MORE || f->is_last;
        }
    }
    return false;
}

/* ---- envelopes ----------------------------------------------------------------------------------------- */

struct envelope {
    struct text detail, lookup; /* texts of the members' values, at NULL if there is none */
    bool is_opened; /* what stands in detail is the record */
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
        else if (text_equal(name.text, TEXT("detail-type")))
            e->is_opened = text_ends(value, TEXT("via CloudTrail\"")) || text_equal(value, TEXT("\"GuardDuty Finding\""));
    }
    return !s.fault;
}

/* What is inside. Envelopes of other sources (Health, Config) are records themselves. */
static struct text envelope_open(struct text record)
{
    struct envelope e;
    if (!envelope_read(record, &e)) return record;
    if (e.detail.at && e.is_opened) return e.detail;
    if (!e.lookup.at) return record;
    struct text raw = {e.lookup.at + 1, e.lookup.len - 2};
    char *in_place = (char *)raw.at; /* frame.h: bytes are writable */
    return (struct text){in_place, json_unescape(raw, in_place)};
}

/* ---- lines of values ----------------------------------------------------------------------------------- */

/* What was no object may be a line of names, which is no record but says what the next lines are, or one of those. */
static bool is_line_of_names(struct frame *f, struct text record)
{
    const struct columns *named = columns_of_header(f->known, record);
    if (named) f->columns = named;
    if (!named) f->record_columns = f->columns ? f->columns : columns_of_line(record);
    return named != NULL;
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

/* The same as frame_next; *is_line says that the record is no object. */
static bool next_piece(struct frame *f, struct text *record, uint64_t *at_line, bool *is_line)
{
    bool has_envelope = false;
    if (!pass_rest(f)) return false;
    if (!is_open(f)) {
        if (!seek_record(f)) return false;
        char first = f->bytes.at[f->at];
        f->in_garbage = first != '{' && !(f->in_records && first == '[');
    }
    *at_line = f->line;
    *is_line = f->in_garbage && !f->in_records;
    if (!take_record(f, record, &has_envelope)) return false;
    if (has_envelope) *record = envelope_open(*record);
    return true;
}

bool frame_next(struct frame *f, struct text *record, uint64_t *at_line)
{
    bool is_line;
    f->record_columns = NULL;
    while (next_piece(f, record, at_line, &is_line))
        if (!is_line || !f->known || !is_line_of_names(f, *record)) return f->given++, true;
    return false;
}
