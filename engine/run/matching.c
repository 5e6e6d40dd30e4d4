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
    uint32_t record; /* at hand, in the batch */
};

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
    return share->touches.len - 1;
}

static void put_hit(void *world, const struct hit *h)
{
    struct matching *m = world;
    struct share *share = &m->batch->shares[run_shard(m->run, h->key_hash)];
    void *memory = pool_take(&m->batch->memory, hit_size(h));
    struct hit **mine = memory ? VEC_PUSH(&share->hits) : NULL;
    if (mine)
        *mine = hit_copy(memory, h);
    else
        m->batch->is_broken = true;
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

/* language.md B4: a record dated more than 5m ahead of its arrival is matched and moves no watermark. */
static bool moves_watermark(const struct input_record *record, int64_t second)
{
    return record->stamp == 0 || second - record->stamp <= AHEAD_MOST;
}

static void put_feed(void *world, struct hash128 feed, int64_t second)
{
    struct matching *m = world;
    struct batch *b = m->batch;
    if (moves_watermark(&b->records[m->record], second) && !feeds_note(&b->feeds, feed, second))
        b->is_broken = true;
}

static void reset_batch(struct run *r, struct batch *b)
{
    b->taken.len = b->feeds.len = 0;
    b->newest = INT64_MIN;
    b->is_broken = false;
    pool_reset(&b->memory);
    memset(b->duplicates, 0, b->n * sizeof *b->duplicates);
    for (uint32_t s = 0; s < r->n_shards; s++)
        b->shares[s].sightings.len = b->shares[s].touches.len = b->shares[s].hits.len = 0;
}

static enum aside match_one(struct matcher *m, struct matching *at, const struct match_out *out)
{
    struct batch *b = at->batch;
    const struct input_record *record = &b->records[at->record];
    struct event event;
    if (record->aside != ASIDE_NONE) return record->aside;
    uint64_t seq = b->first_seq + at->record;
    enum aside why = record->columns ? match_line(m, record->bytes, record->columns, seq, out, &event)
                                     : match_record(m, record->bytes, seq, out, &event);
    if (why != ASIDE_NONE) return why;
    b->seconds[at->record] = event.second;
    if (event.second > b->newest && moves_watermark(record, event.second)) b->newest = event.second;
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
                            .swallowed = put_taken};
    reset_batch(r, b);
    for (; at.record < b->n; at.record++) b->asides[at.record] = (uint8_t)match_one(m, &at, &out);
    /* Everything above, before any shard's rounds of this batch. */
    cursor_publish_or_plant(PLANT_MATCHED, &b->matched, b->number + 1);
    run_progressed(r);
}
