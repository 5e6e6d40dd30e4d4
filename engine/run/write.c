/* write.c - the writer: a batch whose rounds are done is merged, given out and its slot freed, in order of
 * batches.
 *
 * Invariants
 * 1. Order within a batch: sequence of the causing record (the watermark's causes behind its last
 *    record's), depth, rule, key, and for one key the order in which its partition said it. None of it
 * depends on shards or tables.
 * 2. `written` is published after the last look at the batch: whoever sees it may fill the slot again.
 * 3. A set is retired when the first batch with the next one is written: no batch in flight has it any
 *    more, and what a partition adopted since refers to the new one.
 */
#include "engine/run/batch.h"

#include "engine/run/atomic.h"

#include <assert.h>
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
    if (!order) order = compare_u64(a->depth, b->depth);
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
        if (w->ledger.before) w->ledger.before[one->rule].incidents += one->revision == 1;
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

/* ---- feeds --------------------------------------------------------------------------------------------- */

/* Its names in one piece of memory, at kind.at. False: no memory. */
static bool write_new_feed(struct writer *w, const struct showing *s)
{
    size_t len = s->kind.len + s->account.len + s->region.len;
    char *names = malloc(len + 1);
    struct run_feed *f = names ? VEC_PUSH(&w->feeds) : NULL;
    if (!f) free(names);
    if (!f) return false;
    *f = (struct run_feed){.source = s->source, .newest = INT64_MIN, .max_lag = s->max_lag};
    struct text *to[] = {&f->kind, &f->account, &f->region};
    const struct text from[] = {s->kind, s->account, s->region};
    for (size_t i = 0; i < 3; i++) {
        *to[i] = (struct text){names, from[i].len};
        if (from[i].len) memcpy(names, from[i].at, from[i].len);
        names += from[i].len;
    }
    return true;
}

static struct run_feed *feed_of(struct writer *w, const struct batch *b, uint32_t record)
{
    return &w->feeds.at[b->showings.at[b->showing_of[record]].number];
}

/* What a record says of its feed. */
static void account_feed(struct writer *w, const struct batch *b, uint32_t i)
{
    struct run_feed *f = feed_of(w, b, i);
    f->records++;
    if (b->is_ahead[i]) return;
    if (b->seconds[i] > f->newest) f->newest = b->seconds[i];
    if (b->seconds[i] > w->counts.newest) w->counts.newest = b->seconds[i];
}

/* False: no memory. */
static bool write_feeds(struct run *r, const struct batch *b)
{
    struct writer *w = &r->writer;
    for (uint32_t i = 0; i < b->showings.len; i++)
        if (b->showings.at[i].is_new && !write_new_feed(w, &b->showings.at[i])) return false;
    for (uint32_t i = 0; i < b->n; i++)
        if (b->asides[i] == ASIDE_NONE) account_feed(w, b, i);
    w->counts.feeds = w->feeds.at;
    w->counts.n_feeds = w->feeds.len;
    for (uint32_t i = 0; i < b->turns.len; i++) {
        struct run_feed *f = &w->feeds.at[b->turns.at[i].number];
        f->lags = b->turns.at[i].lags;
        if (r->o.out.feed) r->o.out.feed(r->o.out.world, &w->counts, f);
    }
    return true;
}

/* ---- records ------------------------------------------------------------------------------------------- */

static void account_evaluated(struct run *r, const struct batch *b, uint32_t i)
{
    r->writer.counts.evaluated++;
    if (!b->is_ahead[i]) return;
    r->writer.counts.ahead++;
    feed_of(&r->writer, b, i)->ahead++;
}

/* Each record is exactly one of the four. Late is judged by the watermark before the batch, as state does. */
static void account_records(struct run *r, const struct batch *b)
{
    struct run_counts *c = &r->writer.counts;
    c->in += b->n;
    for (uint32_t i = 0; i < b->n; i++) {
        if (b->asides[i] == ASIDE_NOT_USED)
            c->evaluated++, c->not_used++;
        else if (b->asides[i] != ASIDE_NONE)
            write_aside(r, b, i);
        else if (b->sighted[i] == SIGHTED_AGAIN)
            c->duplicate++;
        else if (b->seconds[i] <= b->before)
            c->late++, feed_of(&r->writer, b, i)->late++;
        else
            account_evaluated(r, b, i);
    }
}

static void account_late_hits(struct run *r, const struct batch *b)
{
    uint64_t *counts = r->writer.late;
    for (uint32_t s = 0; counts && s < r->n_shards; s++)
        for (uint32_t i = 0; i < b->yields[s].late.len; i++) counts[b->yields[s].late.at[i]]++;
}

/* What exceptions took: of records that were no duplicates, and of groups that have settled. */
static void account_taken(struct run *r, const struct batch *b)
{
    uint64_t *counts = r->writer.swallowed;
    if (!counts) return;
    for (uint32_t i = 0; i < b->taken.len; i++)
        if (b->sighted[b->taken.at[i].record] != SIGHTED_AGAIN) counts[b->taken.at[i].exception]++;
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

/* What the rules did, of about now, and what they hold behind this batch. */
static void sum_rules(struct run *r, const struct batch *b)
{
    struct writer *w = &r->writer;
    struct ledger *l = &w->ledger;
    ledger_sum(l, b->rules, r->n_shards);
    for (uint32_t s = 0; s < r->n_shards && l->now; s++)
        for (uint32_t i = 0; i < b->rules->ir->n_rules && b->yields[s].held; i++)
            run_add_held(&l->now[i].held, &b->yields[s].held[i]);
    run_show_ledger(w);
}

static void sum_yields(struct run *r, const struct batch *b)
{
    struct writer *w = &r->writer;
    w->waits = false;
    for (uint32_t s = 0; s < r->n_shards; s++) {
        const struct yield *y = &b->yields[s];
        w->counts.hits += y->hits;
        w->counts.derived += y->n_derived;
        w->waits |= y->waits;
        if (y->is_broken || b->is_broken) flag_raise(&r->no_memory);
    }
    w->counts.bytes_read = b->bytes_read;
    w->counts.bytes_all = b->bytes_all;
    w->counts.generation = b->rules->generation;
}

/* ---- what was given up --------------------------------------------------------------------------------- */

static void tell_notices(struct run *r, bool all)
{
    struct writer *w = &r->writer;
    if (w->rules && !w->is_mute) notices_tell(&w->notices, w->rules->ir, w->counts.newest, all);
}

/* Numbers of rules are those of the batch's set: what was counted under another one was told before. */
static void count_evictions(struct run *r, const struct batch *b)
{
    struct notices *n = &r->writer.notices;
    for (uint32_t s = 0; s < r->n_shards; s++)
        for (uint32_t i = 0; i < b->yields[s].evictions.len; i++) {
            const struct state_eviction *e = &b->yields[s].evictions.at[i].what;
            if (notices_count(n, e)) continue;
            tell_notices(r, true);
            if (!notices_count(n, e)) flag_raise(&r->no_memory);
        }
}

void run_tell_rest(struct run *r)
{
    tell_notices(r, true);
}

/* ---- what exceptions took ------------------------------------------------------------------------------ */

/* The number in `old` of an exception of the same rule and name; IR_NONE: there is none. */
static uint32_t same_exception(const struct ir *old, struct text rule, struct text name)
{
    for (uint32_t i = 0; i < old->n_rules; i++)
        for (uint32_t e = 0; e < old->rules[i].n_exceptions && text_equal(old->rules[i].name, rule); e++)
            if (text_equal(old->rules[i].exceptions[e].name, name)) return old->rules[i].exceptions[e].number;
    return IR_NONE;
}

uint32_t run_same_rule(const struct ir *ir, struct text name, uint32_t hint)
{
    for (uint32_t i = 0; i < ir->n_rules; i++) {
        uint32_t at = (hint + i) % ir->n_rules;
        if (text_equal(ir->rules[at].name, name)) return at;
    }
    return IR_NONE;
}

static void carry_counts(const struct writer *w, const struct ir *old, const struct ir *new,
                         uint64_t *swallowed, uint64_t *late)
{
    for (uint32_t i = 0, hint = 0; i < new->n_rules; i++) {
        uint32_t same = run_same_rule(old, new->rules[i].name, hint);
        if (same == IR_NONE) continue;
        hint = same + 1;
        late[i] = w->late[same];
        for (uint32_t e = 0; e < new->rules[i].n_exceptions; e++) {
            const struct ir_exception *to = &new->rules[i].exceptions[e];
            uint32_t from = same_exception(old, new->rules[i].name, to->name);
            if (from != IR_NONE) swallowed[to->number] = w->swallowed[from];
        }
    }
}

/* Counts go with the names over a reload. */
void run_count_for(struct run *r, const struct ir *old, const struct ir *new)
{
    struct writer *w = &r->writer;
    uint64_t *swallowed = calloc(new->n_exceptions + 1, sizeof *swallowed);
    uint64_t *late = calloc(new->n_rules + 1, sizeof *late);
    if (!swallowed || !late) flag_raise(&r->no_memory);
    if (swallowed && late && old && w->swallowed && w->late) carry_counts(w, old, new, swallowed, late);
    free(w->swallowed);
    free(w->late);
    w->swallowed = swallowed;
    w->late = late;
    w->counts.ir = new;
    w->counts.swallowed = swallowed;
    w->counts.late_hits = late;
}

/* ---- reload -------------------------------------------------------------------------------------------- */

static void write_adoption(struct run *r, const struct batch *b)
{
    struct writer *w = &r->writer;
    struct state_adoption sum = b->yields[0].adoption;
    for (uint32_t s = 1; s < r->n_shards; s++)
        sum.half_built_dropped += b->yields[s].adoption.half_built_dropped;
    if (r->o.out.adopted) r->o.out.adopted(r->o.out.world, b->rules->owner, b->rules->generation, &sum);
    run_count_for(r, w->rules ? w->rules->ir : NULL, b->rules->ir);
    if (!ledger_adopt(&w->ledger, w->rules, b->rules, r->n_shards)) flag_raise(&r->no_memory);
    w->counts.rules = NULL; /* until somebody asks */
    /* Never full: it has room for all sets that may be alive. */
    if (w->rules) ring_put(&r->retired, w->rules); /* invariant 3 */
    w->rules = b->rules;
}

/* Of all shards' keys the one that is next in order of rules (one reading of the key behind another). */
static struct run_key *take_next_key(const struct run *r, const struct batch *b)
{
    struct run_key **least = NULL;
    for (uint32_t s = 0; s < r->n_shards; s++)
        for (uint32_t i = 0; i < b->yields[s].keys.len; i++) {
            struct run_key **k = &b->yields[s].keys.at[i];
            if (*k && (!least || (*k)->is.rule < (*least)->is.rule)) least = k;
        }
    struct run_key *next = least ? *least : NULL;
    if (least) *least = NULL;
    return next;
}

static void tell_keys(const struct run *r, const struct batch *b)
{
    const struct run_out *out = &r->o.out;
    for (struct run_key *k; (k = take_next_key(r, b));)
        out->key(out->world, b->question, &r->writer.counts, k);
    out->key(out->world, b->question, &r->writer.counts, NULL);
}

static void write_batch(struct run *r, struct batch *b)
{
    struct writer *w = &r->writer;
    const struct run_out *out = &r->o.out;
    if (b->keeps) run_keep_whole(r);
    sum_yields(r, b);
    if (flag_is_up(&r->no_memory)) w->is_mute = true; /* what follows may be wrong */
    if (b->adopts) tell_notices(r, true), write_adoption(r, b);
    if (!flag_is_up(&r->no_memory)) {
        if (write_feeds(r, b))
            account_records(r, b);
        else
            flag_raise(&r->no_memory);
    }
    account_taken(r, b);
    account_late_hits(r, b);
    count_evictions(r, b);
    w->counts.watermark = b->passed;
    write_incidents(r, b);
    if (b->ticks) tell_notices(r, false);
    if (b->counts) {
        sum_states(r, b, &w->counts.states);
        sum_rules(r, b);
        if (out->counted) out->counted(out->world, &w->counts);
    }
    if (b->question && out->key) tell_keys(r, b);
    assert(run_adds_up(&w->counts) || w->is_mute); /* product.md, promise 2 */
    if (out->written) out->written(out->world, &w->counts);
}

static bool is_done(const struct run *r, uint64_t number)
{
    for (uint32_t s = 0; s < r->n_shards; s++)
        if (cursor_read(&r->shards[s].done[ROUND_LAST]) <= number) return false; /* orders the yields */
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
