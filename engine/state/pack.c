/* pack.c - see pack.h. */
#include "engine/state/pack.h"
#include "engine/state/held.h"
#include "engine/state/key_tape.h"
#include "engine/state/keyed.h"

#include <assert.h>
#include <stdlib.h>

#define PACKED_HITS_MOST 4 /* a key that keeps more is busy, or gains little */
#define PACKED_RUNS_MOST 4
#define FORGET_FROM      (16u << 10) /* bytes of the arena that walks work in */

static char *behind(const struct keyed *k)
{
    return (char *)(uintptr_t)k + offsetof(struct keyed, key);
}

static size_t packed_size(const struct keyed *k)
{
    return offsetof(struct keyed, key) + k->packed;
}

/* ---- looking ------------------------------------------------------------------------------------------ */

struct text key_text(const struct keyed *k)
{
    if (!k->packed) return k->key;
    struct tape t = tape_reader(behind(k), k->packed, NULL);
    struct text key;
    TAPE(&t, key);
    return key;
}

struct text key_bytes(const struct keyed *k)
{
    struct text key = key_text(k);
    const char *from = key.at + key.len;
    return (struct text){from, (uint32_t)(behind(k) + k->packed - from)};
}

uint32_t key_live(const struct keyed *k)
{
    return k->packed ? k->packed_runs : k->base.runs.len + k->base.waiting.len;
}

uint32_t key_half_built(const struct keyed *k)
{
    return k->packed ? k->packed_runs : keyed_now_of(k)->runs.len;
}

/* ---- moving ------------------------------------------------------------------------------------------- */

/* Everybody who knows of the key learns where it lies. */
static void move(struct state *s, struct keyed *from, struct keyed *to)
{
    memcpy(to, from, offsetof(struct keyed, packed));
    table_moved(&s->keys, from, to);
    timer_moved(&s->timers, &to->timer);
    share_moved(&to->holding);
    *(to->previous ? &to->previous->next : &to->rule->first) = to;
    if (to->next) to->next->previous = to;
    from->timer.place = 0;
    if (s->folded == from) s->folded = NULL;
}

static bool is_quiet(const struct keyed *k)
{
    return !k->tail.len && !k->history.len && !k->incidents.len && !k->gathered.len && !k->told.len &&
           !k->waypoints.len && !k->window && !k->unsaid && !k->base.groups.len && !k->base.waiting.len &&
           k->base.runs.len <= PACKED_RUNS_MOST && k->n_kept <= PACKED_HITS_MOST;
}

static bool is_worth_it(const struct keyed *k)
{
    return !k->packed && is_quiet(k) && k->base.runs.len;
}

static void write_on(struct state *s, struct tape *t, struct keyed *k)
{
    if (!t->arena && !(t->arena = arena_new(0))) abort();
    t->len = 0;
    TAPE(t, k->key);
    key_tape(s, t, k, k->rule->plan->rule, true);
    if (arena_used(t->arena) > FORGET_FROM) arena_reset(t->arena);
}

void key_rest(struct state *s, struct keyed *k)
{
    struct tape *t = &s->packing;
    if (!is_worth_it(k)) return;
    write_on(s, t, k);
    if (t->is_broken) abort();
    struct keyed *small = slab_get(&s->slab, offsetof(struct keyed, key) + t->len);
    move(s, k, small);
    small->packed = (uint32_t)t->len;
    small->packed_runs = k->base.runs.len;
    memcpy(behind(small), t->bytes, t->len);
    keyed_free(s, k);
    held_packed(s, small, packed_size(small));
}

struct keyed *key_whole(struct state *s, struct keyed *k)
{
    if (!k->packed) return k;
    struct tape t = tape_reader(behind(k), k->packed, s->packing.arena);
    struct keyed *whole = slab_get(&s->slab, sizeof *whole);
    struct text key;
    TAPE(&t, key);
    move(s, k, whole);
    whole->key = slab_text(&s->slab, key);
    key_tape(s, &t, whole, whole->rule->plan->rule, true);
    assert(!t.is_broken && t.at == t.end);
    held_unpacked(s, whole, k, packed_size(k));
    slab_put(&s->slab, k, packed_size(k));
    return whole;
}
