/* deal.c - dealing: the next records of the input become a batch with a number, a first sequence and a rule
 * set.
 *
 * The dealer is whichever worker holds the dealing token. It alone touches the input. It ends a batch when
 * the batch is full, at a tick, when control has published rules, and when the input is idle; it never waits
 * for more except for the linger of a live input, and when nothing is in flight.
 *
 * Invariants
 * 1. A batch is visible to others only by `dealt` (release), after all of the dealer's fields are written.
 * 2. The slot that is filled was written: written > number - slots was read with acquire, and orders all
 *    accesses of the slot's last batch before these.
 * 3. A batch that ends the input is dealt only when nothing is in flight, so that how many there are
 *    depends on what state asks alone.
 */
#include "engine/run/batch.h"

#include "engine/run/atomic.h"

#define LINGER_MS 1  /* a short batch of a live input is dealt after this */
#define WATCH_MS  50 /* an idle input is looked at for so long, then control and the clock */
#define SECOND    INT64_C(1000000000)

static bool must_stop(struct run *r)
{
    return flag_is_up(&r->halts) || flag_is_up(&r->no_memory) || (r->o.stop && flag_is_up(r->o.stop));
}

static bool is_live(const struct run *r)
{
    return r->o.clock != NULL;
}

/* No further batch: everybody leaves when this one is written. */
static struct batch *finish(struct run *r)
{
    cursor_publish(&r->last, r->dealt); /* orders nothing else: dealt is final */
    run_wake_all(r);
    return NULL;
}

/* Tells the input which records are done with: those of batches that are written. */
static void release_written(struct run *r, uint64_t written)
{
    struct dealer *d = &r->dealer;
    uint64_t n = (written == r->dealt ? d->next_seq : run_batch(r, written)->first_seq) - d->first;
    if (n == d->released) return;
    d->released = n;
    if (r->o.input->release) r->o.input->release(r->o.input->world, n);
}

static struct text origin_of(struct run *r, uint32_t origin)
{
    struct dealer *d = &r->dealer;
    if (!d->knows_origin || d->origin != origin) {
        struct input *in = r->o.input;
        d->origin_name = in->origin_name ? in->origin_name(in->world, origin) : (struct text){0};
        d->origin = origin;
        d->knows_origin = true;
    }
    return d->origin_name;
}

/* How many records this batch may hold: up to the next tick. */
static uint32_t room_of_batch(const struct run *r)
{
    uint32_t most = r->o.batch_records;
    if (is_live(r)) return most;
    uint32_t to_tick = TICK_RECORDS - (uint32_t)((r->dealer.next_seq - 1) % TICK_RECORDS);
    return most < to_tick ? most : to_tick;
}

/* Fills b->records. wait_ms: for the first of them. */
static void take_records(struct run *r, struct batch *b, int wait_ms)
{
    struct input *in = r->o.input;
    uint32_t most = room_of_batch(r);
    int64_t arrival = 0; /* asked for once */
    bool lingers = is_live(r);
    while (b->n < most && ring_is_empty(&r->published)) {
        struct input_record *record = &b->records[b->n];
        *record = (struct input_record){0};
        enum input_result got = in->next(in->world, record, b->n ? 0 : wait_ms);
        if (got == INPUT_IDLE && b->n && lingers) {
            lingers = false;
            got = in->next(in->world, record, LINGER_MS);
        }
        if (got == INPUT_END) r->dealer.is_at_end = true;
        if (got != INPUT_RECORD) break;
        if (!arrival && r->o.arrival) arrival = r->o.arrival(r->o.clock_world);
        if (!record->stamp) record->stamp = arrival;
        b->origins[b->n++] = origin_of(r, record->origin);
    }
}

/* The clock of a live input, by which idle feeds are moved. It runs while somebody looks: a second at most
 * between two looks, because records may have been waiting. */
static void take_clock(struct run *r, struct batch *b)
{
    struct dealer *d = &r->dealer;
    if (!is_live(r)) return;
    int64_t now = r->o.clock(r->o.clock_world), since = d->last_look ? now - d->last_look : 0;
    d->watched += since < SECOND ? since : SECOND;
    d->last_look = now;
    b->clock = d->watched / SECOND;
}

/* An empty batch once a second, so that it moves the watermark. */
static bool is_beat(const struct run *r, const struct batch *b)
{
    return r->dealer.next_seq > 1 && b->clock > r->dealer.last_clock;
}

/* Where the batch stands in the periods between ticks. */
static void stamp_period(struct run *r, struct batch *b)
{
    struct dealer *d = &r->dealer;
    b->ticks = is_live(r) || b->is_end || (b->n && (d->next_seq - 1) % TICK_RECORDS == 0);
    b->period = d->period;
    b->opens_period = d->opens_period;
    b->asks_after =
        b->opens_period && b->period >= ASK_PERIODS ? d->ends[(b->period - ASK_PERIODS) % ASK_SLOTS] : 0;
    d->opens_period = b->ticks;
    if (b->ticks) d->ends[d->period++ % ASK_SLOTS] = b->number + 1;
}

/* The batch is whole: its number, and the dealer's place behind it. */
static struct batch *hand_out(struct run *r, struct batch *b)
{
    if (b->keeps) run_keep_dealer(r);
    r->dealer.next_seq += b->n;
    r->dealer.last_clock = b->clock;
    stamp_period(r, b);
    if (r->o.input->progress) r->o.input->progress(r->o.input->world, &b->bytes_read, &b->bytes_all);
    cursor_publish(&r->dealt, b->number + 1); /* invariant 1 */
    return b;
}

/* Where the input stands is told before anything is taken for the batch. One with new rules does not keep: who reads a
 * checkpoint would have to know both sets. */
static bool begins_checkpoint(struct run *r, const struct batch *b)
{
    const struct run_keeping *k = &r->o.keeping;
    if (!k->is_due || b->adopts || !r->dealt || flag_is_up(&r->checkpoint.is_under_way)) return false;
    if (!k->is_due(k->world)) return false;
    k->begin(k->world);
    return true;
}

static struct batch *begin_batch(struct run *r)
{
    struct batch *b = run_batch(r, r->dealt);
    struct dealer *d = &r->dealer;
    b->number = r->dealt;
    b->first_seq = d->next_seq;
    b->n = 0;
    b->is_end = b->adopts = b->counts = false;
    b->question = NULL;
    b->clock = r->dealer.last_clock;
    b->in_order = r->o.input->is_in_order;
    /* What control wrote into the rules before publishing is visible: ring.h, invariant 2. */
    struct rules *next = ring_get(&r->published);
    if (next) d->rules = next;
    b->adopts = next != NULL;
    b->rules = d->rules;
    b->keeps = begins_checkpoint(r, b);
    return b;
}

/* Behind the last record: once to let the watermark pass everything, and again while settling waits for
 * answers. */
static struct batch *deal_end(struct run *r, struct batch *b)
{
    if (r->dealer.has_ended && !r->writer.waits)
        return finish(r); /* waits: written by the writer before `written` */
    r->dealer.has_ended = b->is_end = true;
    return hand_out(r, b);
}

static bool take_count_wish(struct run *r)
{
    if (!flag_is_up(&r->wants_count)) return false;
    flag_lower(&r->wants_count);
    return true;
}

/* NULL: nothing to deal at present. */
static struct batch *deal_batch(struct run *r, bool may_watch)
{
    uint64_t written = cursor_read(&r->written); /* invariant 2 */
    bool is_calm = written == r->dealt;
    if (cursor_read(&r->last) != UINT64_MAX || r->dealt - written >= r->n_slots) return NULL;
    release_written(r, written);
    if (must_stop(r)) return finish(r);
    if (r->dealer.is_at_end && !is_calm) return NULL; /* invariant 3 */
    struct batch *b = begin_batch(r);
    if (!r->dealer.is_at_end) {
        take_records(r, b, may_watch && is_calm && !b->adopts ? WATCH_MS : 0);
        take_clock(r, b);
        b->counts = take_count_wish(r);
        b->question = ring_get(&r->asked);
        if (b->n || b->adopts || b->counts || b->question || is_beat(r, b)) return hand_out(r, b);
        if (!r->dealer.is_at_end || !is_calm) return NULL;
    }
    return deal_end(r, b);
}

bool run_deal(struct run *r, struct worker *w, bool may_watch)
{
    if (!token_take(&r->dealing)) return false;
    struct batch *b = deal_batch(r, may_watch);
    token_leave(&r->dealing);
    if (!b) return false;
    run_progressed(r); /* the next one may be dealt while this one is matched */
    run_match(r, b, b->rules->matchers[w->index]);
    return true;
}
