/* when.c - see when.h.
 *
 * CloudTrail's time is found by its member's name, not by parsing: nearly every record names it once. Only where the name
 * stands several times (a request may hold a copy of another record) the record is walked for the one at its top. Records
 * of other sources are walked for the names that these give their time.
 */
#include "engine/io/when.h"

#include "engine/base/jsontext.h"
#include "engine/base/time.h"

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

/* What a number is made of. */
static const char *skip_number(const char *at, const char *end)
{
    while (at < end && ((unsigned char)(*at - '0') < 10 || *at == '.' || *at == '-' || *at == '+' || *at == 'e' || *at == 'E'))
        at++;
    return at;
}

/* The text or number behind a member's name: `at` is behind the name. */
static bool value_behind(const char *at, const char *end, struct text *value)
{
    at = skip_blanks(at, end);
    if (at == end || *at++ != ':') return false;
    at = skip_blanks(at, end);
    if (at == end) return false;
    bool is_text = *at == '"';
    at += is_text;
    const char *close = is_text ? memchr(at, '"', (size_t)(end - at)) : skip_number(at, end);
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

static bool trail_time(struct text record, int64_t *time)
{
    const char *name = find(record, TIME_NAME);
    if (name && find(from(record, name + TIME_NAME.len), TIME_NAME)) name = find_at_top(record);
    struct text value;
    return name && value_behind(name + TIME_NAME.len, record.at + record.len, &value) &&
           time_parse(value, time);
}

/* What other sources call it, in the order of their schemas: an earlier name is meant where a record has several. Where
 * none of them stands, it is the first member that is written like a date, whatever it is called. */
static const char *const OTHER_NAMES[] = {
    "published", "requestReceivedTimestamp", "stageTimestamp", "updatedAt", "@timestamp", "created_at",
    "timestamp", "start",                    "time",           "lastUpdatedTime", "startTime",
};
#define N_OTHER_NAMES (sizeof OTHER_NAMES / sizeof *OTHER_NAMES)
#define ANY_DATE      N_OTHER_NAMES
#define NO_TIME       (N_OTHER_NAMES + 1)

static bool is_like_date(struct text json)
{
    return json.len > 12 && *json.at == '"' && json.at[5] == '-' && json.at[8] == '-';
}

static size_t rank_of(struct text name, struct text value)
{
    for (size_t rank = 0; rank < N_OTHER_NAMES; rank++)
        if (text_equal(text_of(OTHER_NAMES[rank]), name)) return rank;
    return is_like_date(value) ? ANY_DATE : NO_TIME;
}

static struct text without_quotes(struct text json)
{
    return json.len >= 2 && *json.at == '"' ? (struct text){json.at + 1, json.len - 2} : json;
}

static bool other_time(struct text record, int64_t *time)
{
    struct json_scan s = json_scan_of(record);
    struct json_object o;
    struct json_string name;
    struct text value;
    size_t best = NO_TIME;
    int64_t one;
    if (!json_object_begin(&s, &o)) return false;
    while (json_object_next(&s, &o, &name) && json_value_text(&s, &value)) {
        size_t rank = rank_of(name.text, value);
        if (rank >= best || !time_parse(without_quotes(value), &one)) continue;
        best = rank;
        *time = one;
    }
    return best < NO_TIME;
}

/* Of a flow: when it began. */
static bool line_time(struct text line, const struct columns *columns, int64_t *time)
{
    struct text value;
    for (uint32_t i = 0; i < columns->n && columns_next(&line, &value); i++)
        if (text_equal(columns->names[i], TEXT("start"))) return time_parse(value, time);
    return false;
}

bool record_time(struct text record, const struct columns *columns, int64_t *time)
{
    if (columns) return line_time(record, columns, time);
    return trail_time(record, time) || other_time(record, time);
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
