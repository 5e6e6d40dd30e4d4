/* matching.c - a batch through the match stage: what each shard will have to look at.
 *
 * The worker that dealt a batch matches it, while its text is in that processor's cache. Everything goes into
 * arrays of the batch, one for each shard, in order of records.
 */
#include "engine/run/batch.h"

#include "engine/run/atomic.h"

/* Where callbacks of the match stage find themselves. */
struct matching {
    struct run *run;
    struct batch *batch;
    uint32_t record;                  /* at hand, in the batch */
    uint32_t showing;                 /* of the last record that is no aside */
    const struct owner *owner, *copy; /* of the record: the matcher's, and in the batch's memory */
};

/* language.md B4: a record dated more than 5m ahead of its arrival is matched and moves no watermark. */
static bool is_ahead(const struct input_record *record, int64_t second)
{
    return record->stamp && second - record->stamp > AHEAD_MOST;
}

static void put_sighting(void *world, struct hash128 identity, int64_t second)
{
    struct matching *m = world;
    struct share *share = &m->batch->shares[run_shard(m->run, identity)];
    struct sighting *s = VEC_PUSH(&share->sightings);
    if (s)
        *s = (struct sighting){m->record, second, identity};
    else
        m->batch->is_broken = true;
}

/* One for all touches and hits of a record. */
static const struct owner *keep_owner(struct matching *m, const struct owner *o)
{
    if (o == m->owner) return m->copy;
    void *memory = pool_take(&m->batch->memory, owner_size(o));
    m->owner = o;
    m->copy = memory ? owner_copy(memory, o) : NULL;
    m->batch->is_broken |= !memory;
    return m->copy;
}

static uint32_t put_touch(void *world, const struct touch *t)
{
    struct matching *m = world;
    struct share *share = &m->batch->shares[run_shard(m->run, t->key)];
    struct touch *mine = VEC_PUSH(&share->touches);
    if (!mine) {
        m->batch->is_broken = true;
        return 0;
    }
    *mine = *t;
    mine->owner = keep_owner(m, t->owner);
    return share->touches.len - 1;
}

static void give_hit(struct matching *m, uint32_t shard, const struct hit *h, const struct owner *owner)
{
    struct share *share = &m->batch->shares[shard];
    void *memory = pool_take(&m->batch->memory, hit_size(h));
    struct hit **mine = memory ? VEC_PUSH(&share->hits[run_depth(m->batch->rules, h->rule)]) : NULL;
    if (!mine) {
        m->batch->is_broken = true;
        return;
    }
    *mine = hit_copy(memory, h);
    (*mine)->evidence.is_ahead = is_ahead(&m->batch->records[m->record], h->second);
    (*mine)->owner = owner;
}

/* One that lacks a part of its key may be of a key of any partition. */
static void put_hit(void *world, const struct hit *h)
{
    struct matching *m = world;
    const struct owner *owner = keep_owner(m, h->owner);
    if (!h->lacks) give_hit(m, run_shard(m->run, h->key_hash), h, owner);
    for (uint32_t s = 0; h->lacks && s < m->run->n_shards; s++) give_hit(m, s, h, owner);
}

static void put_taken(void *world, uint32_t exception)
{
    struct matching *m = world;
    struct taken *mine = VEC_PUSH(&m->batch->taken);
    if (mine)
        *mine = (struct taken){m->record, exception};
    else
        m->batch->is_broken = true;
}

static void put_feed(void *world, struct hash128 feed, int64_t second)
{
    struct matching *m = world;
    struct batch *b = m->batch;
    if (!is_ahead(&b->records[m->record], second) && !feeds_note(&b->feeds, feed, second))
        b->is_broken = true;
}

/* ---- whose delivery ------------------------------------------------------------------------------------ */

/* In this order: what the run was told, the source's own word, its kind's. */
static int64_t disorder_of(const struct run *r, const struct input_source *source,
                           const struct ir_schema *kind)
{
    if (r->o.lateness >= 0) return r->o.lateness;
    return source && source->disorder >= 0 ? source->disorder : kind->disorder;
}

static int64_t max_lag_of(const struct run *r, const struct input_source *source)
{
    if (r->o.max_lag > 0) return r->o.max_lag;
    return source && source->max_lag > 0 ? source->max_lag : MAX_LAG_DEFAULT;
}

static struct text cut(struct text name)
{
    return name.len > FEED_NAME_MOST ? (struct text){name.at, FEED_NAME_MOST} : name;
}

static bool is_same_feed(const struct showing *a, const struct showing *b)
{
    return a->source == b->source && text_equal(a->kind, b->kind) && text_equal(a->account, b->account) &&
           text_equal(a->region, b->region);
}

/* Each name with its length before it, so that no two lists of names are the same bytes. */
static struct hash128 hash_showing(const struct run *r, const struct showing *s)
{
    const struct text names[] = {s->kind, s->account, s->region};
    char bytes[sizeof s->source + 3 * (1 + FEED_NAME_MOST)], *at = bytes;
    memcpy(at, &s->source, sizeof s->source);
    at += sizeof s->source;
    for (size_t i = 0; i < 3; i++) {
        *at++ = (char)names[i].len;
        if (names[i].len) memcpy(at, names[i].at, names[i].len);
        at += names[i].len;
    }
    return hash_128(r->o.secret, bytes, (size_t)(at - bytes));
}

/* The number of the feed in the batch, which is made if the batch has not seen it. */
static uint32_t number_of(struct run *r, struct batch *b, struct showing *s)
{
    uint32_t mask = run_showing_places(r) - 1, i;
    s->id = hash_showing(r, s);
    for (i = (uint32_t)s->id.lo & mask; b->showing_places[i]; i = (i + 1) & mask)
        if (hash128_equal(b->showings.at[b->showing_places[i] - 1].id, s->id))
            return b->showing_places[i] - 1;
    struct showing *mine = VEC_PUSH(&b->showings);
    if (!mine) {
        b->is_broken = true;
        return 0;
    }
    *mine = *s;
    if (!pool_text(&b->memory, &mine->account) || !pool_text(&b->memory, &mine->region)) b->is_broken = true;
    b->showing_places[i] = b->showings.len;
    return b->showings.len - 1;
}

/* Most records are of the same feed as the one before. */
static void put_delivery(void *world, uint32_t schema, struct text account, struct text region)
{
    struct matching *m = world;
    struct batch *b = m->batch;
    const struct ir_schema *of = &b->rules->ir->schemas[schema];
    const struct input_source *source = b->records[m->record].source;
    struct showing s = {.source = source ? source->number : 0,
                        .kind = cut(of->feed),
                        .account = cut(account),
                        .region = cut(region),
                        .disorder = disorder_of(m->run, source, of),
                        .max_lag = max_lag_of(m->run, source)};
    if (!b->showings.len || !is_same_feed(&b->showings.at[m->showing], &s))
        m->showing = number_of(m->run, b, &s);
    b->showing_of[m->record] = m->showing;
}

static void reset_batch(struct run *r, struct batch *b)
{
    b->taken.len = b->feeds.len = b->showings.len = b->turns.len = 0;
    b->is_broken = false;
    pool_reset(&b->memory);
    memset(b->sighted, 0, b->n * sizeof *b->sighted);
    memset(b->showing_places, 0, run_showing_places(r) * sizeof *b->showing_places);
    for (uint32_t s = 0; s < r->n_shards; s++) {
        b->shares[s].sightings.len = b->shares[s].touches.len = 0;
        for (uint32_t d = 0; d < IR_DEPTHS; d++) b->shares[s].hits[d].len = 0;
    }
}

static enum aside match_one(struct matcher *m, struct matching *at, const struct match_out *out)
{
    struct batch *b = at->batch;
    at->owner = at->copy = NULL; /* the matcher may put the next one in the same place */
    const struct input_record *record = &b->records[at->record];
    struct event event;
    if (record->aside != ASIDE_NONE) return record->aside;
    uint64_t seq = b->first_seq + at->record;
    enum aside why = record->columns ? match_line(m, record->bytes, record->columns, seq, out, &event)
                                     : match_record(m, record->bytes, seq, out, &event);
    if (why != ASIDE_NONE) return why;
    b->seconds[at->record] = event.second;
    b->is_ahead[at->record] = is_ahead(record, event.second);
    return ASIDE_NONE;
}

void run_match(struct run *r, struct batch *b, struct matcher *m)
{
    struct matching at = {.run = r, .batch = b};
    struct match_out out = {.world = &at,
                            .identity = put_sighting,
                            .touch = put_touch,
                            .hit = put_hit,
                            .feed = put_feed,
                            .delivery = put_delivery,
                            .swallowed = put_taken};
    reset_batch(r, b);
    for (; at.record < b->n; at.record++) b->asides[at.record] = (uint8_t)match_one(m, &at, &out);
    /* Everything above, before any shard's rounds of this batch. */
    cursor_publish_or_plant(PLANT_MATCHED, &b->matched, b->number + 1);
    run_progressed(r);
}
