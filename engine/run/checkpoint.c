/* checkpoint.c - where a run stands between two batches, as tapes, and another run that goes on from there.
 *
 *     NAME  the rule set: names and fingerprints (state.h)
 *     DEAL  the dealer's place: sequence, period, clock
 *     TIME  the watermark and its feeds
 *     WRIT  the writer's counts
 *     PART  the partitions of one shard, and the questions that they have put
 *
 * A batch that keeps is like one that adopts rules: a shard begins with it when it has done everything before
 * it (batch.h, invariant 8), and before it begins it writes down its partitions. The dealer, the timer and
 * the writer do so when they come to the batch. So nobody waits, and no batch is in flight in any part: the
 * writer, who comes last, has a state of the run that lies between two batches.
 *
 * Invariants
 * 1. A part is written by the holder of what it says, and read by the writer behind the cursors that hand the
 * batch on. One checkpoint at a time: the dealer begins none before the writer has lowered the flag.
 * 2. Batches are numbered from 0 again in the run that goes on; sequences, periods and the clock of an input
 * that was watched go on. All rounds of batches before are done, so no period waits for any (dealer.ends is
 * 0).
 * 3. Parts say which partitions they hold: the number of shards may be another.
 */
#include "engine/run/batch.h"

#include "engine/run/atomic.h"

#include <stdlib.h>

/* ---- walks --------------------------------------------------------------------------------------------- */

static void dealer_tape(struct tape *t, struct dealer *d)
{
    TAPE(t, d->next_seq), TAPE(t, d->period), TAPE(t, d->opens_period);
    TAPE(t, d->watched), TAPE(t, d->last_clock);
    (void)tape_check(t, d->next_seq > 0);
}

static void fresh_tape(struct tape *t, struct feeds *f)
{
    uint32_t n = tape_count(t, f->len);
    for (uint32_t i = 0; i < n && !t->is_broken; i++) {
        struct feed_seen one = t->reads ? (struct feed_seen){.newest = 0} : f->at[i];
        TAPE(t, one.feed), TAPE(t, one.newest);
        if (t->reads) (void)tape_check(t, feeds_note(f, one.feed, one.newest));
    }
}

static void question_tape(struct tape *t, struct question *q)
{
    TAPE(t, q->ask.partition), TAPE(t, q->ask.ticket);
    touch_tape(t, &q->ask.touch);
    tape_bytes(t, q->fingerprint, sizeof q->fingerprint);
}

/* A question that is read finds its baseline by the fingerprint: its generation is none that there is. */
static void questions_tape(struct tape *t, struct questions *qs)
{
    uint32_t n = tape_count(t, qs->len);
    for (uint32_t i = 0; i < n && !t->is_broken; i++) {
        struct question read = {.generation = 0}, *q = t->reads ? &read : &qs->at[i];
        question_tape(t, q);
        if (t->reads && tape_check(t, (q = VEC_PUSH(qs)) != NULL)) *q = read;
    }
}

/* Everything of a partition. */
static void partition_tape(struct run *r, struct tape *t, uint32_t depth, uint32_t partition,
                           const struct state_names *names, struct state_adoption *lost)
{
    struct state *s = r->partitions[depth][partition];
    state_tape(s, t, names, lost);
    for (uint32_t slot = 0; slot < ASK_SLOTS; slot++)
        questions_tape(t, &r->questions[slot][depth][partition]);
}

static void write_partitions(struct run *r, struct tape *t, uint32_t shard)
{
    static const struct state_names as_it_is;
    uint32_t n = 0;
    for (uint32_t p = shard; p < STATE_PARTITIONS; p += r->n_shards) n += IR_DEPTHS;
    TAPE(t, n);
    for (uint32_t p = shard; p < STATE_PARTITIONS; p += r->n_shards)
        for (uint32_t d = 0; d < IR_DEPTHS; d++) {
            TAPE(t, d), TAPE(t, p);
            partition_tape(r, t, d, p, &as_it_is, NULL);
        }
}

static void read_partitions(struct run *r, struct tape *t, const struct state_names *names,
                            struct state_adoption *lost)
{
    uint32_t n = 0;
    TAPE(t, n);
    for (uint32_t i = 0; i < n && !t->is_broken; i++) {
        uint32_t d = 0, p = 0;
        TAPE(t, d), TAPE(t, p);
        if (tape_check(t, d < IR_DEPTHS && p < STATE_PARTITIONS)) partition_tape(r, t, d, p, names, lost);
    }
}

/* How far feeds have come is the same in all shards that have done the same batches. */
static void shards_feeds_tape(struct tape *t, struct shard *s)
{
    for (uint32_t d = 0; d < IR_DEPTHS; d++) fresh_tape(t, &s->feeds[d]);
}

static void counts_tape(struct tape *t, struct run_counts *c)
{
    uint64_t *counts[] = {&c->in,    &c->evaluated, &c->late,    &c->duplicate, &c->aside,    &c->not_used,
                          &c->ahead, &c->hits,      &c->derived, &c->incidents, &c->revisions};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) TAPE(t, *counts[i]);
    TAPE(t, c->watermark), TAPE(t, c->newest);
}

/* Names in one piece of memory, at kind.at (write.c). */
static bool own_names(struct run_feed *f)
{
    struct text *names[] = {&f->kind, &f->account, &f->region};
    char *at = malloc((size_t)f->kind.len + f->account.len + f->region.len + 1);
    for (size_t i = 0; at && i < 3; i++) {
        if (names[i]->len) memcpy(at, names[i]->at, names[i]->len);
        names[i]->at = at;
        at += names[i]->len;
    }
    return at != NULL;
}

static void feed_tape(struct tape *t, struct run_feed *f)
{
    TAPE(t, f->kind), TAPE(t, f->account), TAPE(t, f->region), TAPE(t, f->source);
    TAPE(t, f->newest), TAPE(t, f->max_lag), TAPE(t, f->records), TAPE(t, f->late), TAPE(t, f->ahead);
    TAPE(t, f->lags);
}

static void feeds_tape(struct tape *t, struct writer *w)
{
    uint32_t n = tape_count(t, w->feeds.len);
    for (uint32_t i = 0; i < n && !t->is_broken; i++) {
        struct run_feed read = {.newest = 0}, *f = t->reads ? &read : &w->feeds.at[i];
        feed_tape(t, f);
        if (!t->reads || !tape_check(t, (f = VEC_PUSH(&w->feeds)) != NULL)) continue;
        *f = (struct run_feed){.newest = 0};
        if (tape_check(t, own_names(&read))) *f = read;
    }
    w->counts.feeds = w->feeds.at;
    w->counts.n_feeds = w->feeds.len;
}

/* Counts by number, of which there must be n. False: there are not, or no memory. */
static bool numbers_tape(struct tape *t, uint64_t **at, uint32_t n)
{
    uint32_t len = tape_count(t, n);
    if (!tape_check(t, len == n)) return false;
    if (t->reads) *at = calloc((size_t)n + 1, sizeof **at);
    if (!tape_check(t, *at != NULL)) return false;
    for (uint32_t i = 0; i < n; i++) TAPE(t, (*at)[i]);
    return true;
}

/* names: of the rules that counts and notices are of. */
static bool writer_tape(struct tape *t, struct writer *w, const struct state_names *names)
{
    counts_tape(t, &w->counts);
    feeds_tape(t, w);
    notices_tape(&w->notices, t, names);
    return numbers_tape(t, &w->swallowed, names->ir->n_exceptions) &&
           numbers_tape(t, &w->late, names->ir->n_rules);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static struct tape *begin_part(struct part *p)
{
    tape_release(&p->tape);
    if (!p->arena) p->arena = arena_new(0);
    if (p->arena) arena_reset(p->arena);
    p->tape = tape_writer(p->arena);
    p->tape.is_broken = !p->arena;
    return p->arena ? &p->tape : NULL;
}

void run_keep_dealer(struct run *r)
{
    struct tape *t = begin_part(&r->checkpoint.dealer);
    flag_raise(&r->checkpoint.is_under_way);
    if (t) dealer_tape(t, &r->dealer);
}

void run_keep_time(struct run *r)
{
    struct tape *t = begin_part(&r->checkpoint.time);
    if (t) watermark_tape(&r->watermark, t);
}

void run_keep_shard(struct run *r, uint32_t shard)
{
    struct tape *t = begin_part(&r->checkpoint.shards[shard]);
    if (!t) return;
    shards_feeds_tape(t, &r->shards[shard]);
    write_partitions(r, t, shard);
}

static void keep_writer(struct run *r)
{
    struct state_names names;
    struct tape *t = begin_part(&r->checkpoint.names);
    if (t) state_names_tape(t, r->writer.rules->ir, &names);
    struct tape *mine = t ? begin_part(&r->checkpoint.writer) : NULL;
    if (mine) (void)writer_tape(mine, &r->writer, &names);
}

/* False: there was no memory for it. */
static bool add_section(struct tape_section *out, uint32_t *n, const char *kind, const struct part *p)
{
    out[*n] = (struct tape_section){.bytes = p->tape.bytes, .len = p->tape.len};
    memcpy(out[(*n)++].kind, kind, 4);
    return !p->tape.is_broken;
}

static void free_part(struct part *p)
{
    tape_release(&p->tape);
    arena_free(p->arena);
    *p = (struct part){.arena = NULL};
}

void run_keep_whole(struct run *r)
{
    struct tape_section sections[4 + STATE_PARTITIONS];
    struct checkpoint *c = &r->checkpoint;
    uint32_t n = 0;
    keep_writer(r);
    bool whole = add_section(sections, &n, "NAME", &c->names);
    whole &= add_section(sections, &n, "DEAL", &c->dealer);
    whole &= add_section(sections, &n, "TIME", &c->time);
    whole &= add_section(sections, &n, "WRIT", &c->writer);
    for (uint32_t s = 0; s < r->n_shards; s++) whole &= add_section(sections, &n, "PART", &c->shards[s]);
    r->o.keeping.whole(r->o.keeping.world, sections, whole ? n : 0);
    for (uint32_t s = 0; s < r->n_shards; s++) free_part(&c->shards[s]); /* as large as all state */
    flag_lower(&c->is_under_way);
}

void run_keep(struct run *r)
{
    if (!r->o.keeping.whole || !r->writer.rules) return;
    r->o.keeping.begin(r->o.keeping.world);
    run_keep_dealer(r);
    run_keep_time(r);
    for (uint32_t s = 0; s < r->n_shards; s++) run_keep_shard(r, s);
    run_keep_whole(r);
}

void checkpoint_release(struct run *r)
{
    struct checkpoint *c = &r->checkpoint;
    struct part *all[] = {&c->names, &c->dealer, &c->time, &c->writer};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free_part(all[i]);
    for (uint32_t s = 0; s < STATE_PARTITIONS; s++) free_part(&c->shards[s]);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static const struct tape_section *section_of(const struct tape_section *at, uint32_t n, const char *kind)
{
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(at[i].kind, kind)) return &at[i];
    return NULL;
}

/* What is published becomes the rules of all before there is a batch. */
static void adopt_first(struct run *r)
{
    struct rules *rules = ring_get(&r->published);
    struct state_adoption nothing;
    r->dealer.rules = r->writer.rules = rules;
    for (uint32_t d = 0; d < IR_DEPTHS; d++)
        for (uint32_t p = 0; p < STATE_PARTITIONS; p++)
            state_adopt(r->partitions[d][p], rules->state_plan, &nothing);
    if (!ledger_adopt(&r->writer.ledger, NULL, rules, r->n_shards)) flag_raise(&r->no_memory);
}

/* Counts are read by the numbers of the old rules, and go with the names from there. */
static void read_writer(struct run *r, struct tape *t, const struct state_names *names)
{
    struct writer *w = &r->writer;
    bool whole = writer_tape(t, w, names);
    run_count_for(r, whole ? names->ir : NULL, w->rules->ir);
    w->counts.generation = w->rules->generation;
}

static void read_part(struct run *r, struct tape *t, const struct state_names *names,
                      struct state_adoption *lost)
{
    struct shard all = {.token = 0};
    shards_feeds_tape(t, &all);
    for (uint32_t d = 0; d < IR_DEPTHS; d++) {
        for (uint32_t s = 0; s < r->n_shards; s++)
            (void)tape_check(t, feeds_fold(&r->shards[s].feeds[d], &all.feeds[d]));
        free(all.feeds[d].at);
    }
    read_partitions(r, t, names, lost);
}

/* Reads one section with what is there for its kind. */
static bool read_section(struct run *r, const struct tape_section *s, const struct state_names *names,
                         struct state_adoption *lost)
{
    struct arena *arena = arena_new(0);
    if (!s || !arena) return false;
    struct tape t = tape_reader(s->bytes, s->len, arena);
    if (!strcmp(s->kind, "DEAL"))
        dealer_tape(&t, &r->dealer);
    else if (!strcmp(s->kind, "TIME"))
        watermark_tape(&r->watermark, &t);
    else if (!strcmp(s->kind, "WRIT"))
        read_writer(r, &t, names);
    else
        read_part(r, &t, names, lost);
    bool whole = !t.is_broken && t.at == t.end;
    arena_free(arena);
    return whole;
}

static bool read_sections(struct run *r, const struct tape_section *at, uint32_t n,
                          const struct state_names *names, struct state_adoption *lost)
{
    uint32_t parts = 0;
    bool whole = read_section(r, section_of(at, n, "DEAL"), names, lost) &&
                 read_section(r, section_of(at, n, "TIME"), names, lost) &&
                 read_section(r, section_of(at, n, "WRIT"), names, lost);
    for (uint32_t i = 0; whole && i < n; i++) {
        if (strcmp(at[i].kind, "PART") != 0) continue;
        whole = read_section(r, &at[i], names, lost);
        parts++;
    }
    r->dealer.first = r->dealer.next_seq;
    return whole && parts;
}

bool run_restore(struct run *r, const struct tape_section *sections, uint32_t n)
{
    const struct tape_section *name = section_of(sections, n, "NAME");
    struct arena *arena = arena_new(0);
    struct state_adoption what = {0}, lost = {0};
    struct state_names names;
    bool whole = name && arena;
    adopt_first(r);
    const struct rules *rules = r->dealer.rules;
    if (whole) {
        struct tape t = tape_reader(name->bytes, name->len, arena);
        state_names_tape(&t, rules->ir, &names);
        whole = !t.is_broken && t.at == t.end && read_sections(r, sections, n, &names, &lost);
        state_names_count(&names, rules->ir, &what);
        what.half_built_dropped = lost.half_built_dropped;
    }
    if (whole && r->o.out.adopted) r->o.out.adopted(r->o.out.world, rules->owner, rules->generation, &what);
    arena_free(arena);
    return whole;
}
