/* when.c - see when.h.
 *
 * The time is found by its member's name, not by parsing: nearly every record names it once. Only where the name stands
 * several times (a request may hold a copy of another record) the record is walked for the one at its top.
 */
#include "engine/io/when.h"

#include "engine/event/decode.h"

static const struct text TIME_NAME = {"\"eventTime\"", 11};

static const char *find(struct text in, struct text what)
{
    return memmem(in.at, in.len, what.at, what.len);
}

static struct text from(struct text t, const char *at)
{
    return (struct text){at, (uint32_t)(t.at + t.len - at)};
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

/* The text value behind a member's name: `at` is behind the name. */
static bool value_behind(const char *at, const char *end, struct text *value)
{
    at = skip_blanks(at, end);
    if (at == end || *at++ != ':') return false;
    at = skip_blanks(at, end);
    if (at == end || *at++ != '"') return false;
    const char *close = memchr(at, '"', (size_t)(end - at));
    if (!close) return false;
    *value = (struct text){at, (uint32_t)(close - at)};
    return true;
}

/* Behind the string that begins at `at`. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\') at++;
    return at < end ? at + 1 : end;
}

/* The name as a member of the record itself, not of what lies in it. */
static const char *find_at_top(struct text record)
{
    const char *at = record.at, *end = record.at + record.len;
    uint32_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            if (depth == 1 && text_starts(from(record, at), TIME_NAME)) return at;
            at = skip_string(at, end);
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') depth--;
        at++;
    }
    return NULL;
}

bool record_time(struct text record, int64_t *time)
{
    const char *name = find(record, TIME_NAME);
    if (name && find(from(record, name + TIME_NAME.len), TIME_NAME)) name = find_at_top(record);
    struct text value;
    return name && value_behind(name + TIME_NAME.len, record.at + record.len, &value) &&
           time_parse(value, time);
}

/* One piece of a file's name, up to the next '_'; *name moves behind that. */
static struct text next_piece(struct text *name)
{
    const char *bar = memchr(name->at, '_', name->len);
    if (!bar) return (struct text){name->at, 0};
    struct text piece = {name->at, (uint32_t)(bar - name->at)};
    *name = from(*name, bar + 1);
    return piece;
}

/* Whether t has the form: '9' any digit, all else itself. */
static bool has_form(struct text t, const char *form)
{
    if (t.len != strlen(form)) return false;
    for (uint32_t i = 0; i < t.len; i++)
        if (form[i] == '9' ? t.at[i] < '0' || t.at[i] > '9' : t.at[i] != form[i]) return false;
    return true;
}

bool delivery_stamp(struct text file_name, int64_t *second)
{
    struct text account = next_piece(&file_name), kind = next_piece(&file_name);
    struct text region = next_piece(&file_name), stamp = next_piece(&file_name);
    if (!has_form(account, "999999999999") || !text_equal(kind, TEXT("CloudTrail")) || !region.len)
        return false;
    if (!has_form(stamp, "99999999T9999Z") || !find(file_name, TEXT(".json"))) return false;
    const char *s = stamp.at;
    char time[] = {s[0], s[1], s[2], s[3], '-', s[4],  s[5],  '-', s[6], s[7],
                   'T',  s[9], s[10], ':', s[11], s[12], ':', '0', '0', 'Z'};
    int64_t nanoseconds;
    if (!time_parse((struct text){time, sizeof time}, &nanoseconds)) return false;
    *second = nanoseconds / 1000000000;
    return true;
}

bool is_digest_name(struct text file_name)
{
    struct text account = next_piece(&file_name), kind = next_piece(&file_name);
    return has_form(account, "999999999999") && text_equal(kind, TEXT("CloudTrail-Digest"));
}
