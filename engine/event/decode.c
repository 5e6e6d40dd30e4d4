/* decode.c - one scan over a record, picking up what the rules read.
 *
 * The scan walks the record along the trie of slots; a member that is not in it is passed, but checked like
 * the rest. Then the record's schema is chosen and says what its identity, time and API name are.
 *
 * Invariants
 * 1. A record is evaluated only if all of it is JSON in UTF-8 within the limits, wherever the rules look.
 * 2. The table of names lies at the end of the scratch during the scan, texts at its beginning.
 * 3. Randomness (the key of the hash of names) decides how fast a hostile record is, never what comes out.
 */
#include "engine/event/decode.h"

#include "engine/base/hash.h"
#include "engine/base/jsontext.h"
#include "engine/base/number.h"
#include "engine/base/utf8.h"
#include "engine/event/trie.h"
#include "engine/ir/json_value.h"

#include <stdlib.h>
#include <unistd.h>

struct decoder {
    const struct ir *ir;
    struct arena *arena;
    struct trie trie;
};

/* One record on its way. */
struct decoding {
    const struct trie *trie;
    struct json_scan scan;
    struct json_names names;
    struct scratch *scratch;
    struct value *slots;
    bool is_wrapped;   /* inside EC2's <Call>Request: only slots that look through it are filled */
    bool is_omitted;   /* the object that was just passed says that its contents were left out */
    bool has_no_room;
};

static bool build_trie(struct decoder *d)
{
    uint64_t key[2] = {0x243f6a8885a308d3, 0x13198a2e03707344};
    if (setjmp(*arena_escape(d->arena))) return false;
    if (getentropy(key, sizeof key)) key[0] ^= (uintptr_t)d;
    trie_init(&d->trie, d->arena, d->ir, key);
    return true;
}

struct decoder *decoder_new(const struct ir *ir)
{
    struct decoder *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    d->ir = ir;
    d->arena = arena_new(0);
    if (d->arena && build_trie(d)) return d;
    decoder_free(d);
    return NULL;
}

void decoder_free(struct decoder *d)
{
    if (!d) return;
    arena_free(d->arena);
    free(d);
}

/* ---- slots --------------------------------------------------------------------------------------------- */

static void put_slot(struct decoding *d, const struct trie_node *node, struct value v)
{
    if (node->slot != IR_NONE && !d->is_wrapped) d->slots[node->slot] = v;
    if (node->unwrap_slot == IR_NONE) return;
    struct value *slot = &d->slots[node->unwrap_slot];
    if (!d->is_wrapped || slot->kind == VALUE_ABSENT) *slot = v; /* a member that stands unwrapped wins */
}

static void put_below(struct decoding *d, uint32_t node, struct value v)
{
    for (uint32_t i = node + 1; i <= d->trie->nodes[node].last; i++) put_slot(d, &d->trie->nodes[i], v);
}

static void put_value(struct decoding *d, uint32_t number, struct text json)
{
    const struct trie_node *node = &d->trie->nodes[number];
    bool is_wanted = node->slot != IR_NONE || node->unwrap_slot != IR_NONE;
    struct value v = value_absent();
    if (!is_wanted && (*json.at != '"' || node->last == number)) return;
    if (!json_value(json, d->scratch, &v)) d->has_no_room = true;
    if (is_wanted) put_slot(d, node, v);
    if (v.kind == VALUE_UNKNOWN) put_below(d, number, value_inside_withheld());
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

static bool walk_object(struct decoding *d, uint32_t node);

/* The value of a member that rules read. */
static bool walk_member(struct decoding *d, uint32_t number)
{
    const struct trie_node *node = &d->trie->nodes[number];
    bool is_object = json_peek(&d->scan) == '{', is_top = node->depth == 1;
    const char *from = d->scan.at;
    d->is_omitted = false;
    bool passed = is_object && (is_top || node->last > number) ? walk_object(d, number) : json_skip(&d->scan);
    if (!passed) return false;
    if (d->is_omitted && is_top) {
        put_slot(d, node, value_withheld());
        put_below(d, number, value_inside_withheld());
    } else {
        put_value(d, number, (struct text){from, (uint32_t)(d->scan.at - from)});
    }
    d->is_omitted = false;
    return true;
}

/* EC2's newer calls nest everything below requestParameters under "<Call>Request", answers under
 * "<Call>Response". */
static bool is_wrapper_name(struct text name)
{
    return text_ends(name, TEXT("Request")) || text_ends(name, TEXT("Response"));
}

/* Passes an object once more, or for the first time, for slots that look through it. */
static bool walk_wrapped(struct decoding *d, uint32_t node, bool is_again)
{
    uint32_t *slots = d->names.slots;
    bool was_wrapped = d->is_wrapped;
    d->is_wrapped = true;
    if (is_again) d->names.slots = NULL; /* its names were looked at before */
    bool passed = walk_object(d, node);
    d->names.slots = slots;
    d->is_wrapped = was_wrapped;
    d->is_omitted = false;
    return passed;
}

/* What CloudTrail leaves in place of parameters that were too large: {"omitted": true, …}. */
static bool says_omitted(const struct decoding *d, const struct trie_node *node, bool is_omitted_name)
{
    return is_omitted_name && node->depth == 1 && d->scan.end - d->scan.at >= 4 &&
           memcmp(d->scan.at, "true", 4) == 0;
}

static bool walk_named(struct decoding *d, uint32_t node, struct json_string *name, bool *is_omitted)
{
    const struct trie_node *here = &d->trie->nodes[node];
    uint32_t child = trie_child(d->trie, node, name->text, name->hash);
    bool is_wrapper = here->unwraps && here->depth == 1 && !d->is_wrapped && is_wrapper_name(name->text);
    bool is_omitted_name = text_equal(name->text, TEXT("omitted"));
    json_name_done(&d->scan, name);
    is_wrapper = json_peek(&d->scan) == '{' && is_wrapper;
    *is_omitted |= says_omitted(d, here, is_omitted_name);
    if (child == IR_NONE) return is_wrapper ? walk_wrapped(d, node, false) : json_skip(&d->scan);
    const char *from = d->scan.at;
    if (!walk_member(d, child)) return false;
    if (!is_wrapper) return true;
    d->scan.at = from;
    return walk_wrapped(d, node, true);
}

static bool walk_object(struct decoding *d, uint32_t node)
{
    struct json_object object;
    struct json_string name;
    bool is_omitted = false;
    if (!json_object_begin(&d->scan, &object)) return false;
    while (json_object_next(&d->scan, &object, &name))
        if (!walk_named(d, node, &name, &is_omitted)) return false;
    d->is_omitted = is_omitted;
    return !d->scan.fault;
}

/* ---- the scan ------------------------------------------------------------------------------------------ */

static enum aside aside_of_fault(enum json_fault fault)
{
    static const enum aside asides[] = {
        [JSON_FINE] = ASIDE_NONE,  [JSON_BROKEN] = ASIDE_NOT_JSON,   [JSON_DEEP] = ASIDE_TOO_DEEP,
        [JSON_TWICE] = ASIDE_TWICE, [JSON_NO_ROOM] = ASIDE_TOO_LARGE,
    };
    return asides[fault];
}

/* Takes the table of names from the end of the scratch. */
static bool names_take(struct decoding *d, uint32_t record_len)
{
    uint32_t size = json_names_size(record_len);
    size_t bytes = size * sizeof *d->names.slots, cap = d->scratch->cap & ~(size_t)7;
    if (cap < d->scratch->len || cap - d->scratch->len < bytes) return false;
    d->scratch->cap = cap - bytes;
    d->names.slots = (uint32_t *)(void *)(d->scratch->at + d->scratch->cap);
    d->names.mask = size - 1;
    memset(d->names.slots, 0, bytes);
    return true;
}

static enum aside scan_record(struct decoding *d)
{
    bool is_object = json_peek(&d->scan) == '{';
    if (is_object ? walk_object(d, 0) : json_skip(&d->scan)) json_end(&d->scan);
    if (d->scan.fault == JSON_NO_ROOM) d->has_no_room = true;
    if (d->scan.fault) return aside_of_fault(d->scan.fault);
    return is_object ? ASIDE_NONE : ASIDE_NO_SCHEMA;
}

/* ---- a line of values ---------------------------------------------------------------------------------- */

static struct value value_of_word(struct text word)
{
    struct value v;
    return columns_is_number(word) && number_parse(word, &v) ? v : value_string(word);
}

static enum aside scan_line(struct decoding *d, const struct columns *columns, struct text line)
{
    uint32_t n = 0;
    for (struct text word; columns_next(&line, &word); n++) {
        if (n == columns->n) return ASIDE_COLUMNS;
        if (text_equal(word, TEXT("-"))) continue;
        struct text name = columns->names[n];
        uint32_t node = trie_child(d->trie, 0, name, json_name_hash(d->trie->key, name));
        if (node != IR_NONE) put_slot(d, &d->trie->nodes[node], value_of_word(word));
    }
    return n == columns->n ? ASIDE_NONE : ASIDE_COLUMNS;
}

static enum aside line_slots(const struct decoder *dec, const struct columns *columns, struct text line,
                             struct value *slots)
{
    struct decoding d = {.trie = &dec->trie, .slots = slots};
    for (uint32_t i = 0; i < dec->ir->n_slots; i++) slots[i] = value_absent();
    return scan_line(&d, columns, line);
}

/* ---- an object ----------------------------------------------------------------------------------------- */

static enum aside decode_slots(const struct decoder *dec, struct eval *eval, struct text record,
                               struct value *slots)
{
    struct decoding d = {
        .trie = &dec->trie, .scan = json_scan_of(record), .scratch = eval->scratch, .slots = slots};
    size_t cap = eval->scratch->cap;
    d.scan.depth_most = EVENT_DEPTH_MOST;
    d.scan.scratch = eval->scratch;
    d.scan.names = &d.names;
    memcpy(d.names.key, dec->trie.key, sizeof d.names.key);
    for (uint32_t i = 0; i < dec->ir->n_slots; i++) slots[i] = value_absent();
    d.has_no_room = !names_take(&d, record.len);
    enum aside why = d.has_no_room ? ASIDE_TOO_LARGE : scan_record(&d);
    eval->scratch->cap = cap;
    eval->overflowed |= d.has_no_room;
    return why;
}

/* ---- the schema ---------------------------------------------------------------------------------------- */

static struct value event_leaf(struct eval *e, ir_node_id id, const struct ir_node *node)
{
    (void)id;
    const struct event *event = e->world;
    switch (node->op) {
    case IR_OP_SLOT: return event->slots[node->x];
    case IR_OP_EVENT_TIME: return (struct value){.kind = VALUE_TIME, .i = event->time};
    default: return value_absent(); /* what reads a match has no value here */
    }
}

static bool choose_schema(const struct ir *ir, struct eval *eval, struct event *event)
{
    for (uint32_t i = 0; i < ir->n_schemas; i++) {
        eval->schema = event->schema = i;
        if (ir->schemas[i].when == IR_NONE || eval_test(eval, ir->schemas[i].when) == TRI_TRUE) return true;
    }
    return false;
}

static bool is_not_used(const struct ir *ir, struct eval *eval)
{
    for (uint32_t i = 0; i < ir->n_unused; i++)
        if (eval_test(eval, ir->unused[i].when) == TRI_TRUE) return true;
    return false;
}

/* The text of a field that names something; empty if it has none. */
static struct text field_text(struct eval *eval, ir_node_id id)
{
    struct value v = id == IR_NONE ? value_absent() : eval_value(eval, id);
    if (v.kind == VALUE_STRING) return value_text(v);
    if (v.kind != VALUE_INT) return (struct text){0};
    char *room = scratch_take(eval->scratch, 32);
    if (!room) eval->overflowed = true;
    return room ? (struct text){room, number_print(v, room)} : (struct text){0};
}

/* A record that does not say its name is known by its bytes. */
static struct text identity_of_bytes(struct eval *eval, struct text record)
{
    const uint64_t zero[2] = {0, 0}; /* the same name in every run */
    char *hex = scratch_take(eval->scratch, 33);
    if (!hex) eval->overflowed = true;
    if (!hex) return (struct text){0};
    hash128_print(hash_128(zero, record.at, record.len), hex);
    return (struct text){hex, 32};
}

static bool read_time(struct eval *eval, ir_node_id id, struct event *event)
{
    struct value time = id == IR_NONE ? value_absent() : eval_value(eval, id);
    if (time.kind != VALUE_TIME) return false;
    event->time = time.i;
    event->second = time_second(time.i);
    return true;
}

/* Before the slots are filled. */
static enum aside begin_event(struct eval *eval, struct text record, struct event *event)
{
    eval_reset(eval);
    eval->leaf = event_leaf;
    eval->world = event;
    event->record = record;
    if (record.len > EVENT_BYTES_MOST) return ASIDE_TOO_LARGE;
    return utf8_valid(record) ? ASIDE_NONE : ASIDE_NOT_UTF8;
}

/* After. */
static enum aside finish_event(const struct decoder *d, struct eval *eval, struct event *event)
{
    if (!choose_schema(d->ir, eval, event)) return is_not_used(d->ir, eval) ? ASIDE_NOT_USED : ASIDE_NO_SCHEMA;
    const struct ir_schema *schema = &d->ir->schemas[event->schema];
    if (!read_time(eval, schema->time, event)) return ASIDE_NO_TIME;
    event->identity = field_text(eval, schema->identity);
    if (!event->identity.len) event->identity = identity_of_bytes(eval, event->record);
    event->service = field_text(eval, schema->service);
    event->action = field_text(eval, schema->action);
    return ASIDE_NONE;
}

enum aside decode_event(const struct decoder *d, struct eval *eval, struct text record, struct event *event)
{
    enum aside why = begin_event(eval, record, event);
    if (why == ASIDE_NONE) why = decode_slots(d, eval, record, event->slots);
    return why == ASIDE_NONE ? finish_event(d, eval, event) : why;
}

enum aside decode_line(const struct decoder *d, struct eval *eval, struct text line, const struct columns *columns,
                       struct event *event)
{
    enum aside why = begin_event(eval, line, event);
    if (why == ASIDE_NONE) why = line_slots(d, columns, line, event->slots);
    return why == ASIDE_NONE ? finish_event(d, eval, event) : why;
}

const char *aside_name(enum aside why)
{
    static const char *const names[ASIDES] = {
        [ASIDE_NONE] = "evaluated",
        [ASIDE_NOT_JSON] = "not JSON",
        [ASIDE_NOT_UTF8] = "not UTF-8",
        [ASIDE_TOO_LARGE] = "larger than 1 MiB",
        [ASIDE_TOO_DEEP] = "nested deeper than 64",
        [ASIDE_TWICE] = "a member named twice",
        [ASIDE_NO_SCHEMA] = "of no known kind",
        [ASIDE_NOT_USED] = "of a source that no rule uses",
        [ASIDE_NO_TIME] = "no time that can be read",
        [ASIDE_COLUMNS] = "other values than its file names",
        [ASIDE_UNREADABLE] = "the rest of the file cannot be read",
    };
    return names[why];
}
