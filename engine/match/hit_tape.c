/* hit_tape.c - hits, and what hangs on them, as bytes and back (tape.h): one walk each. */
#include "engine/base/tape.h"
#include "engine/match/hit.h"

#define UUID_LEN 36

static int hex_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "01234567-89ab-cdef-0123-456789abcdef" as sixteen bytes. False: it is not written so. */
static bool uuid_bytes(struct text id, uint8_t out[16])
{
    uint32_t n = 0;
    if (id.len != UUID_LEN) return false;
    for (uint32_t i = 0; i < UUID_LEN; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (id.at[i] != '-') return false;
            continue;
        }
        int digit = hex_of(id.at[i]);
        if (digit < 0) return false;
        out[n / 2] = (uint8_t)(out[n / 2] << 4 | digit);
        n++;
    }
    return true;
}

static struct text uuid_text(struct arena *arena, const uint8_t bytes[16])
{
    char *at = arena_alloc(arena, UUID_LEN);
    uint32_t n = 0;
    for (uint32_t i = 0; i < UUID_LEN; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        at[i] = is_dash ? '-' : "0123456789abcdef"[bytes[n / 2] >> (n % 2 ? 0 : 4) & 15];
        n += !is_dash;
    }
    return (struct text){at, UUID_LEN};
}

/* Identities are UUIDs nearly always. */
static void identity_tape(struct tape *t, struct text *id)
{
    uint8_t bytes[16] = {0};
    bool is_uuid = !t->reads && uuid_bytes(*id, bytes);
    TAPE(t, is_uuid);
    if (!is_uuid) {
        tape_text(t, id);
        return;
    }
    tape_bytes(t, bytes, sizeof bytes);
    if (t->reads) *id = uuid_text(t->arena, bytes);
}

/* Eight answers of yes or no. */
static void flags_tape(struct tape *t, bool *const flags[], uint32_t n)
{
    uint8_t bits = 0;
    for (uint32_t i = 0; i < n; i++) bits |= (uint8_t)(!t->reads && *flags[i]) << i;
    TAPE(t, bits);
    for (uint32_t i = 0; t->reads && i < n; i++) *flags[i] = bits >> i & 1;
}
#define FLAGS(t, ...)                                                                                        \
    flags_tape((t), (bool *const[]){__VA_ARGS__}, sizeof((bool *const[]){__VA_ARGS__}) / sizeof(bool *))

static void evidence_tape(struct tape *t, struct evidence *e)
{
    struct text *texts[] = {&e->service,   &e->action, &e->region, &e->account,
                            &e->source_ip, &e->error,  &e->rule,   &e->match_id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) tape_text(t, texts[i]);
    identity_tape(t, &e->identity);
    TAPE(t, e->time);
    FLAGS(t, &e->is_ahead, &e->is_late, &e->is_failed);
}

static void ask_tape(struct tape *t, struct hit_ask *a)
{
    TAPE(t, a->ask), TAPE(t, a->answer), TAPE(t, a->account_answer);
    TAPE(t, a->is_absent), TAPE(t, a->is_unknown);
    TAPE(t, a->key), TAPE(t, a->value), TAPE(t, a->account);
}

/* Room for what is about to be read. */
static void *room(struct tape *t, void *written, uint32_t n, size_t size)
{
    return t->reads ? arena_alloc(t->arena, n * size) : written;
}

static void arrays_tape(struct tape *t, struct hit *h)
{
    h->n_joins = tape_count(t, h->n_joins);
    h->joins = room(t, h->joins, h->n_joins, sizeof *h->joins);
    for (uint32_t i = 0; i < h->n_joins; i++) TAPE(t, h->joins[i]);
    h->n_asks = tape_count(t, h->n_asks);
    h->asks = room(t, h->asks, h->n_asks, sizeof *h->asks);
    for (uint32_t i = 0; i < h->n_asks; i++) ask_tape(t, &h->asks[i]);
    h->n_captures = tape_count(t, h->n_captures);
    h->captures = room(t, h->captures, h->n_captures, sizeof *h->captures);
    for (uint32_t i = 0; i < h->n_captures; i++) TAPE(t, h->captures[i]);
}

void hit_tape(struct tape *t, struct hit *h)
{
    if (t->reads) *h = (struct hit){.seq = 0};
    TAPE(t, h->seq), TAPE(t, h->second);
    TAPE(t, h->rule), TAPE(t, h->step), TAPE(t, h->group);
    FLAGS(t, &h->by_watermark, &h->is_gone, &h->is_replaced, &h->is_unsure, &h->capped, &h->blinded,
          &h->in_doubt, &h->is_alone);
    TAPE(t, h->principal), TAPE(t, h->lacks), TAPE(t, h->withheld);
    TAPE(t, h->key_hash), TAPE(t, h->key);
    arrays_tape(t, h);
    evidence_tape(t, &h->evidence);
}

void derived_tape(struct tape *t, struct derived *d)
{
    if (t->reads) *d = (struct derived){.cause = 0};
    TAPE(t, d->cause), TAPE(t, d->by_watermark);
    TAPE(t, d->is_gone), TAPE(t, d->is_replaced), TAPE(t, d->capped), TAPE(t, d->blinded);
    TAPE(t, d->rule), TAPE(t, d->key), TAPE(t, d->second);
    evidence_tape(t, &d->evidence);
    d->n_values = tape_count(t, d->n_values);
    d->values = room(t, d->values, d->n_values, sizeof *d->values);
    for (uint32_t i = 0; i < d->n_values; i++) TAPE(t, d->values[i]);
}

void owner_tape(struct tape *t, struct owner *o)
{
    for (int i = 0; i < OWNERS; i++) TAPE(t, o->id[i]), TAPE(t, o->name[i]);
}

void touch_tape(struct tape *t, struct touch *of)
{
    if (t->reads) *of = (struct touch){.seq = 0};
    TAPE(t, of->seq), TAPE(t, of->second), TAPE(t, of->baseline);
    TAPE(t, of->learns), TAPE(t, of->asks), TAPE(t, of->is_account);
    TAPE(t, of->key), TAPE(t, of->value), TAPE(t, of->principal);
}

void answer_tape(struct tape *t, struct answer *a)
{
    TAPE(t, a->is_known), TAPE(t, a->is_new), TAPE(t, a->is_seen), TAPE(t, a->has_history);
    TAPE(t, a->is_capped);
    TAPE(t, a->age), TAPE(t, a->since);
    TAPE(t, a->rarity);
}
