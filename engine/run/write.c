/* write.c - the writer: a batch whose rounds are done is merged, given out and its slot freed, in order of
 * batches.
 *
 * Invariants
 * 1. Order within a batch: sequence of the causing record (the watermark's causes behind its last
 *    record's), rule, key, and for one key the order in which its partition said it. None of it depends on
 *    shards or tables.
 * 2. `written` is published after the last look at the batch: whoever sees it may fill the slot again.
 * 3. A set is retired when the first batch with the next one is written: no batch in flight has it any
 *    more, and what a partition adopted since refers to the new one.
 */
#include "engine/run/batch.h"

#include "engine/run/atomic.h"

#include <stdlib.h>

/* ---- order --------------------------------------------------------------------------------------------- */

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_incidents(const struct incident *a, const struct incident *b)
{
    int order = compare_u64(a->cause, b->cause);
    if (!order) order = a->by_watermark - b->by_watermark;
    if (!order) order = compare_u64(a->rule, b->rule);
    if (!order) order = text_compare(a->key, b->key);
    return order;
}

/* Merges the runs from[low .. middle) and from[middle .. high) into to[low .. high); of equals the left one
 * first. */
static void merge_runs(struct incident **from, struct incident **to, uint32_t low, uint32_t middle,
                       uint32_t high)
{
    uint32_t left = low, right = middle;
    for (uint32_t i = low; i < high; i++) {
        bool takes_left = left < middle && (right == high || compare_incidents(from[left], from[right]) <= 0);
        to[i] = takes_left ? from[left++] : from[right++];
    }
}

/* Stable. The result is in w->merged; w->spare is as long. */
static void sort_incidents(struct writer *w)
{
    uint32_t n = w->merged.len;
    for (uint32_t width = 1; width < n; width *= 2) {
        for (uint32_t low = 0; low < n; low += 2 * width) {
            uint32_t middle = low + width < n ? low + width : n;
            uint32_t high = middle + width < n ? middle + width : n;
            merge_runs(w->merged.at, w->spare.at, low, middle, high);
        }
        struct incidents other = w->merged;
        w->merged = w->spare;
        w->spare = other;
        w->merged.len = n;
    }
}

/* Room for n in both lists of the writer. */
static bool make_room(struct writer *w, uint32_t n)
{
    return vec_room((void **)&w->merged.at, &w->merged.cap, n, sizeof *w->merged.at) &&
           vec_room((void **)&w->spare.at, &w->spare.cap, n, sizeof *w->spare.at);
}

static bool merge_incidents(struct run *r, struct batch *b)
{
    struct writer *w = &r->writer;
    w->merged.len = 0;
    for (uint32_t s = 0; s < r->n_shards; s++) {
        const struct yield *y = &b->yields[s];
        uint32_t n = w->merged.len + y->incidents.len;
        if (!make_room(w, n)) return false;
        if (y->incidents.len)
            memcpy(w->merged.at + w->merged.len, y->incidents.at, y->incidents.len * sizeof *w->merged.at);
        w->merged.len = n;
    }
    sort_incidents(w);
    return true;
}

/* ---- giving out ---------------------------------------------------------------------------------------- */

static void write_incidents(struct run *r, struct batch *b)
{
    struct writer *w = &r->writer;
    if (!merge_incidents(r, b)) flag_raise(&r->no_memory);
    for (uint32_t i = 0; i < w->merged.len && !w->is_mute; i++) {
        const struct incident *one = w->merged.at[i];
        w->counts.revisions++;
        w->counts.incidents += one->revision == 1;
        if (!r->o.out.incident || r->o.out.incident(r->o.out.world, one)) continue;
        w->is_mute = true;
        flag_raise(&r->halts);
    }
}

static void write_aside(struct run *r, const struct batch *b, uint32_t i)
{
    const struct input_record *record = &b->records[i];
    struct run_aside a = {b->origins[i], record->bytes, record->line, record->number, b->asides[i]};
    r->writer.counts.aside++;
    if (r->o.out.aside) r->o.out.aside(r->o.out.world, &a);
}

/* Each record is exactly one of the four. Late is judged by the watermark before the batch, as state does. */
static void account_records(struct run *r, const struct batch *b)
{
    struct run_counts *c = &r->writer.counts;
    int64_t passed = r->writer.watermark.passed;
    c->in += b->n;
    for (uint32_t i = 0; i < b->n; i++) {
        if (b->asides[i] == ASIDE_NOT_USED)
            c->evaluated++, c->not_used++;
        else if (b->asides[i] != ASIDE_NONE)
            write_aside(r, b, i);
        else if (b->duplicates[i])
            c->duplicate++;
        else if (b->seconds[i] <= passed)
            c->late++;
        else
            c->evaluated++;
    }
}

/* What exceptions took: of records that were no duplicates, and of groups that have settled. */
static void account_taken(struct run *r, const struct batch *b)
{
    uint64_t *counts = r->writer.swallowed;
    if (!counts) return;
    for (uint32_t i = 0; i < b->taken.len; i++)
        if (!b->duplicates[b->taken.at[i].record]) counts[b->taken.at[i].exception]++;
    for (uint32_t s = 0; s < r->n_shards; s++)
        for (uint32_t i = 0; i < b->yields[s].swallowed.len; i++)
            counts[b->yields[s].swallowed.at[i].exception] += (uint64_t)b->yields[s].swallowed.at[i].change;
}

static void sum_states(struct run *r, const struct batch *b, struct state_counts *sum)
{
    const size_t fields = sizeof *sum / sizeof(uint64_t);
    *sum = (struct state_counts){0};
    for (uint32_t s = 0; s < r->n_shards; s++)
        for (size_t i = 0; i < fields; i++)
            ((uint64_t *)sum)[i] += ((const uint64_t *)&b->yields[s].counts)[i];
}

static void sum_yields(struct run *r, const struct batch *b)
{
    struct writer *w = &r->writer;
    w->waits = false;
    for (uint32_t s = 0; s < r->n_shards; s++) {
        const struct yield *y = &b->yields[s];
        w->counts.hits += y->hits;
        w->waits |= y->waits;
        if (y->is_broken || b->is_broken) flag_raise(&r->no_memory);
    }
    w->counts.bytes_read = b->bytes_read;
    w->counts.bytes_all = b->bytes_all;
    w->counts.generation = b->rules->generation;
}

/* ---- what exceptions took ---------------------------------------------------------------------------------- */

/* The number in `old` of an exception of the same rule and name; IR_NONE: there is none. */
static uint32_t same_exception(const struct ir *old, struct text rule, struct text name)
{
    for (uint32_t i = 0; i < old->n_rules; i++)
        for (uint32_t e = 0; e < old->rules[i].n_exceptions && text_equal(old->rules[i].name, rule); e++)
            if (text_equal(old->rules[i].exceptions[e].name, name)) return old->rules[i].exceptions[e].number;
    return IR_NONE;
}

/* Counts go with the names over a reload. */
static void count_for(struct run *r, const struct ir *old, const struct ir *new)
{
    struct writer *w = &r->writer;
    uint64_t *counts = calloc(new->n_exceptions + 1, sizeof *counts);
    if (!counts) flag_raise(&r->no_memory);
    for (uint32_t i = 0; counts && old && w->swallowed && i < new->n_rules; i++)
        for (uint32_t e = 0; e < new->rules[i].n_exceptions; e++) {
            const struct ir_exception *to = &new->rules[i].exceptions[e];
            uint32_t from = same_exception(old, new->rules[i].name, to->name);
            if (from != IR_NONE) counts[to->number] = w->swallowed[from];
        }
    free(w->swallowed);
    w->swallowed = counts;
    w->counts.ir = new;
    w->counts.swallowed = counts;
}

/* ---- reload -------------------------------------------------------------------------------------------- */

static void write_adoption(struct run *r, const struct batch *b)
{
    struct writer *w = &r->writer;
    struct state_adoption sum = b->yields[0].adoption;
    for (uint32_t s = 1; s < r->n_shards; s++)
        sum.half_built_dropped += b->yields[s].adoption.half_built_dropped;
    if (r->o.out.adopted) r->o.out.adopted(r->o.out.world, b->rules->owner, b->rules->generation, &sum);
    count_for(r, w->rules ? w->rules->ir : NULL, b->rules->ir);
    /* Never full: it has room for all sets that may be alive. */
    if (w->rules) ring_put(&r->retired, w->rules); /* invariant 3 */
    w->rules = b->rules;
}

static void write_batch(struct run *r, struct batch *b)
{
    struct writer *w = &r->writer;
    const struct run_out *out = &r->o.out;
    sum_yields(r, b);
    if (flag_is_up(&r->no_memory)) w->is_mute = true; /* what follows may be wrong */
    if (b->adopts) write_adoption(r, b);
    account_records(r, b);
    account_taken(r, b);
    watermark_fold(&w->watermark, b);
    w->counts.watermark = w->watermark.passed;
    write_incidents(r, b);
    if (b->counts) {
        sum_states(r, b, &w->counts.states);
        if (out->counted) out->counted(out->world, &w->counts);
    }
    if (out->written) out->written(out->world, &w->counts);
}

static bool is_done(const struct run *r, uint64_t number)
{
    for (uint32_t s = 0; s < r->n_shards; s++)
        if (cursor_read(&r->shards[s].done[ROUND_HIT]) <= number) return false; /* orders the yields */
    return true;
}

bool run_write(struct run *r)
{
    bool any = false;
    if (!token_take(&r->writing)) return false;
    while (is_done(r, r->written)) {
        write_batch(r, run_batch(r, r->written));
        cursor_publish(&r->written, r->written + 1); /* invariant 2 */
        any = true;
    }
    token_leave(&r->writing);
    if (!any) return false;
    if (cursor_read(&r->last) == cursor_read(&r->written))
        run_wake_all(r);
    else
        run_progressed(r);
    return true;
}
