/* baseline.c - lives of keys, accounts and values; the tail; answers as of a second. */
#include "engine/state/baseline.h"

#define DAY  INT64_C(86400)
#define HOUR INT64_C(3600)

/* Sightings with no gap longer than `keep`. */
struct life {
    int64_t first, last; /* seconds; is_there false: never seen */
    bool is_there;
    uint32_t n_days;
    uint32_t
        *days; /* [baseline->days] ascending: the first blocks with a sighting; NULL where none are counted */
    uint32_t n_blocks; /* of the key's life, with a sighting: where rarity is asked */
    int64_t block_end; /* first second behind the last of them */
};

enum memory_kind { OF_KEY, OF_ACCOUNT, OF_VALUE };

/* What is remembered under one hash: of a key, of an account, or of a value of a key. */
struct memory {
    struct hash128 id;
    struct timer timer;
    struct baseline_state *of;
    struct memory *previous, *next; /* of the baseline */
    struct share_member holding;    /* whose it is: who showed it first */
    struct life now;
    struct {
        int64_t *at; /* ascending */
        uint32_t len, cap;
    } tail;
    uint32_t days_most;    /* 0 for keys and accounts */
    struct hash128 key_id; /* of a value: the memory of its key */
    uint8_t kind;          /* enum memory_kind */
};

struct baseline_state {
    struct text name;
    uint64_t fingerprint[2];
    uint32_t id; /* part of its memories' hashes: stays the same over reloads */
    const struct ir_baseline *ir;
    struct memory *memories;      /* newest first */
    bool asks_since, asks_rarity; /* some rule does */
};

void baselines_init(struct baselines *b, struct slab *slab, uint64_t values_most,
                    const struct state_listener *listener)
{
    *b = (struct baselines){.slab = slab,
                            .table = {.slab = slab},
                            .timers = {.slab = slab},
                            .lost = {.slab = slab},
                            .values_most = values_most,
                            .learnt = INT64_MIN,
                            .listener = listener};
    shares_init(&b->shares, slab);
    for (uint32_t i = 0; i < STATE_ASK_MOVES; i++) b->moves[i] = INT64_MIN;
}

/* ---- lives -------------------------------------------------------------------------------------------- */

static uint32_t block_of(const struct life *l, int64_t second)
{
    return (uint32_t)((second - l->first) / DAY);
}

static bool day_is_marked(const struct life *l, int64_t second, uint32_t days_most)
{
    if (l->n_days == days_most) return true;
    for (uint32_t i = 0; i < l->n_days; i++)
        if (l->days[i] == block_of(l, second)) return true;
    return false;
}

/* Whether a sighting goes on with this life. */
static bool goes_on(const struct life *l, int64_t second, int64_t keep)
{
    return l->is_there && second >= l->first && second - l->last <= keep;
}

static void live_on(struct life *l, int64_t second, uint32_t days_most)
{
    if (!day_is_marked(l, second, days_most)) l->days[l->n_days++] = block_of(l, second);
    if (l->last < second) l->last = second;
}

/* Begins anew in the days array that `l` has. */
static void start_life(struct life *l, int64_t second, uint32_t days_most)
{
    *l = (struct life){.first = second, .last = second, .is_there = true, .days = l->days};
    live_on(l, second, days_most);
}

/* ---- memories ----------------------------------------------------------------------------------------- */

static struct hash128 memory_id(const struct baseline_state *bs, enum memory_kind kind, const struct touch *t)
{
    static const uint64_t plain[2]; /* the parts are hashes under the secret key already */
    uint64_t parts[5] = {(uint64_t)bs->id << 2 | kind, t->key.hi, t->key.lo, t->value.hi, t->value.lo};
    return hash_128(plain, parts, kind == OF_VALUE ? sizeof parts : 3 * sizeof *parts);
}

/* How well known it is: bits of its age in days. */
static uint8_t rank_of(const struct memory *m)
{
    int64_t age = m->now.last - m->now.first;
    uint8_t rank = age >= HOUR;
    if (m->kind != OF_VALUE) return SHARE_RANKS - 1;
    for (int64_t days = age / DAY; days && rank < SHARE_RANKS - 2; days /= 2) rank++;
    return rank;
}

static void forget(struct baselines *b, struct memory *m)
{
    struct baseline_state *bs = m->of;
    *(m->previous ? &m->previous->next : &bs->memories) = m->next;
    if (m->next) m->next->previous = m->previous;
    share_leave(&b->shares, &m->holding);
    timer_set(&b->timers, &m->timer, NEVER);
    table_remove(&b->table, m);
    slab_put(b->slab, m->now.days, m->days_most * sizeof *m->now.days);
    SLAB_FREE(b->slab, m->tail);
    slab_put(b->slab, m, sizeof *m);
    b->values--;
}

static struct memory *memory_with(struct share_member *holding)
{
    return (struct memory *)((char *)holding - offsetof(struct memory, holding));
}

/* Its sightings may still lie in its tail. */
static int64_t last_sighting(const struct memory *m)
{
    return m->tail.len ? m->tail.at[m->tail.len - 1] : m->now.last;
}

static void evict(struct baselines *b, struct memory *m, const struct touch *t)
{
    const struct share *principal = share_of(&m->holding, OWNER_PRINCIPAL);
    struct state_eviction e = {.cap = "values",
                               .rule = IR_NONE,
                               .baseline = (uint32_t)(m->of->ir - b->first),
                               .account = principal->as.of->name,
                               .principal = principal->name,
                               .owner = principal->id,
                               .n = 1,
                               .cause = t->seq,
                               .second = t->second};
    if (b->listener->evicted) b->listener->evicted(b->listener->world, &e);
    lost_note(&b->lost, principal->id, m->kind == OF_VALUE ? m->key_id : m->id,
              last_sighting(m) + m->of->ir->keep);
    forget(b, m);
    b->evicted++;
}

static void make_room(struct baselines *b, const struct touch *t)
{
    while (b->values > b->values_most) evict(b, memory_with(share_next(&b->shares)), t);
}

static struct memory *remember(struct baselines *b, struct baseline_state *bs, struct hash128 id,
                               enum memory_kind kind, const struct owner *owner)
{
    uint32_t days_most = kind == OF_VALUE ? bs->ir->days : 0;
    struct memory *m = slab_get(b->slab, sizeof *m);
    m->id = id;
    m->of = bs;
    m->kind = (uint8_t)kind;
    m->days_most = days_most;
    if (days_most) m->now.days = slab_get(b->slab, days_most * sizeof *m->now.days);
    if ((m->next = bs->memories)) m->next->previous = m;
    bs->memories = m;
    share_join(&b->shares, &m->holding, owner, 1, rank_of(m));
    table_put(&b->table, m);
    b->values++;
    return m;
}

/* When it must be looked at next; and how well known it is now. */
static void set_timer(struct baselines *b, struct memory *m)
{
    timer_set(&b->timers, &m->timer, m->tail.len ? m->tail.at[0] : m->now.last + m->of->ir->keep + 1);
    share_change(&b->shares, &m->holding, 1, rank_of(m));
}

static void tail_insert(struct baselines *b, struct memory *m, int64_t second)
{
    uint32_t i = m->tail.len;
    while (i && m->tail.at[i - 1] > second) i--;
    if (i && m->tail.at[i - 1] == second) return;
    (void)SLAB_PUSH(b->slab, m->tail);
    memmove(m->tail.at + i + 1, m->tail.at + i, (m->tail.len - 1 - i) * sizeof *m->tail.at);
    m->tail.at[i] = second;
}

/* ---- what a life was and is ---------------------------------------------------------------------------- */

static struct life life_before(struct baselines *b, const struct memory *m, int64_t second, uint32_t *days);

/* Where the life of m's key began that goes on at this second. */
static int64_t key_began(struct baselines *b, const struct memory *m, const struct life *l, int64_t second)
{
    if (m->kind != OF_VALUE) return l->first;
    uint32_t none;
    struct life key = life_before(b, table_get(&b->table, m->key_id), second + 1, &none);
    return key.is_there && key.first <= l->first ? key.first : l->first; /* else the table was full */
}

/* A late sighting of an earlier block is not counted. */
static void count_block(struct baselines *b, const struct memory *m, struct life *l, int64_t second)
{
    if (l->n_blocks && second < l->block_end) return;
    int64_t began = key_began(b, m, l, second);
    l->n_blocks++;
    l->block_end = began + ((second - began) / DAY + 1) * DAY;
}

/* One more sighting. One before the last life began comes too late for it. */
static void sight(struct baselines *b, const struct memory *m, struct life *l, int64_t second)
{
    if (goes_on(l, second, m->of->ir->keep))
        live_on(l, second, m->days_most);
    else if (!l->is_there || second > l->last)
        start_life(l, second, m->days_most);
    else
        return;
    if (m->of->asks_rarity && m->kind != OF_ACCOUNT) count_block(b, m, l, second);
}

/* The life as of a second: what was seen before it. Not there: nothing, or too long ago. */
static struct life life_before(struct baselines *b, const struct memory *m, int64_t second, uint32_t *days)
{
    struct life l = {.is_there = false};
    if (!m) return l;
    if (m->now.is_there && m->now.first < second) l = m->now;
    if (l.n_days) memcpy(days, l.days, l.n_days * sizeof *days);
    l.days = days;
    for (uint32_t i = 0; i < m->tail.len && m->tail.at[i] < second; i++) sight(b, m, &l, m->tail.at[i]);
    if (l.is_there && second - l.last > m->of->ir->keep) l.is_there = false;
    return l;
}

/* Whether each sighting is news. */
static bool is_traced(const struct memory *m)
{
    return m->kind == OF_VALUE ? m->of->asks_rarity
                               : m->kind == OF_KEY && (m->of->asks_since || m->of->asks_rarity);
}

static void learn(struct baselines *b, struct memory *m, int64_t second)
{
    if (second <= b->learnt) {
        sight(b, m, &m->now, second);
    } else if (!is_traced(m) && goes_on(&m->now, second, m->of->ir->keep) &&
               day_is_marked(&m->now, second, m->days_most)) {
        if (m->now.last < second) m->now.last = second; /* nothing new: it only stays alive */
        share_change(&b->shares, &m->holding, 1, rank_of(m));
        return;
    } else {
        tail_insert(b, m, second);
    }
    set_timer(b, m);
}

/* ---- answers ------------------------------------------------------------------------------------------ */

static struct answer answer_history(struct baselines *b, const struct baseline_state *bs,
                                    const struct touch *t, struct life *l)
{
    uint32_t none;
    enum memory_kind kind = t->is_account ? OF_ACCOUNT : OF_KEY;
    *l = life_before(b, table_get(&b->table, memory_id(bs, kind, t)), t->second, &none);
    bool is_mature = l->is_there && t->second - l->first >= bs->ir->warmup;
    return (struct answer){.is_known = is_mature || bs->ir->warmup == 0,
                           .has_history = l->is_there,
                           .since = l->is_there && l->last < t->second ? t->second - l->last : 0};
}

/* Blocks with a sighting before the one that the second is in. */
static uint32_t earlier_blocks(const struct life *l, int64_t second)
{
    return l->is_there && l->n_blocks ? l->n_blocks - (second < l->block_end) : 0;
}

static double rarity(const struct life *key, const struct life *value, int64_t second)
{
    uint32_t all = earlier_blocks(key, second), with = earlier_blocks(value, second);
    return all ? 100.0 * (all - (with < all ? with : all)) / all : -1;
}

static struct answer answer_touch(struct baselines *b, const struct baseline_state *bs, const struct touch *t)
{
    uint32_t inside[8], days_most = bs->ir->days, earlier = 0;
    uint32_t *days = days_most > 8 ? slab_get(b->slab, days_most * sizeof *days) : inside;
    struct life key, l = life_before(b, table_get(&b->table, memory_id(bs, OF_VALUE, t)), t->second, days);
    struct answer a = answer_history(b, bs, t, &key);
    for (uint32_t i = 0; l.is_there && i < l.n_days; i++) earlier += l.days[i] < block_of(&l, t->second);
    a.is_new = earlier < days_most;
    a.is_seen = l.is_there;
    a.age = l.is_there ? t->second - l.first : 0;
    a.rarity = rarity(&key, &l, t->second);
    if (days != inside) slab_put(b->slab, days, days_most * sizeof *days);
    return a;
}

static void learn_as(struct baselines *b, struct baseline_state *bs, enum memory_kind kind,
                     const struct touch *t)
{
    struct hash128 id = memory_id(bs, kind, t);
    struct memory *m = table_get(&b->table, id);
    if (!m) m = remember(b, bs, id, kind, t->owner);
    if (kind == OF_VALUE) m->key_id = memory_id(bs, OF_KEY, t);
    learn(b, m, t->second);
}

static struct answer answer(struct baselines *b, const struct baseline_state *bs, const struct touch *t)
{
    struct life life;
    struct answer a = t->is_account ? answer_history(b, bs, t, &life) : answer_touch(b, bs, t);
    struct hash128 key = memory_id(bs, t->is_account ? OF_ACCOUNT : OF_KEY, t);
    a.is_capped = t->second <= lost_until(&b->lost, share_id(t->principal, OWNER_PRINCIPAL), key);
    return a;
}

struct answer baselines_touch(struct baselines *b, const struct touch *t)
{
    struct baseline_state *bs = b->at[t->baseline];
    struct answer a = {.is_known = false};
    if (t->asks) a = answer(b, bs, t);
    if (!t->learns) return a;
    learn_as(b, bs, t->is_account ? OF_ACCOUNT : OF_KEY, t);
    if (!t->is_account) learn_as(b, bs, OF_VALUE, t);
    make_room(b, t);
    return a;
}

/* ---- the watermark ------------------------------------------------------------------------------------ */

static void learn_tail(struct baselines *b, struct memory *m)
{
    uint32_t n = 0;
    while (n < m->tail.len && m->tail.at[n] <= b->learnt) sight(b, m, &m->now, m->tail.at[n++]);
    if (n) memmove(m->tail.at, m->tail.at + n, (m->tail.len - n) * sizeof *m->tail.at);
    m->tail.len -= n;
    if (!m->tail.len) SLAB_FREE(b->slab, m->tail);
    if (!m->tail.len && m->now.last + m->of->ir->keep < b->learnt)
        forget(b, m);
    else
        set_timer(b, m);
}

void baselines_learn(struct baselines *b, int64_t watermark)
{
    uint32_t newest = (b->move + STATE_ASK_MOVES - 1) % STATE_ASK_MOVES;
    if (watermark <= b->moves[newest]) return;
    b->learnt = b->moves[b->move]; /* the oldest of the ring */
    b->moves[b->move] = watermark;
    b->move = (b->move + 1) % STATE_ASK_MOVES;
    for (struct timer *t; (t = timers_pop(&b->timers, b->learnt));)
        learn_tail(b, (struct memory *)((char *)t - offsetof(struct memory, timer)));
}

/* ---- reload ------------------------------------------------------------------------------------------- */

static struct baseline_state *take_over(struct baseline_state **old, uint32_t n, const struct ir_baseline *ir)
{
    for (uint32_t i = 0; i < n; i++) {
        struct baseline_state *bs = old[i];
        if (!bs || !text_equal(bs->name, ir->name) ||
            memcmp(bs->fingerprint, ir->fingerprint, sizeof bs->fingerprint))
            continue;
        old[i] = NULL;
        return bs;
    }
    return NULL;
}

static void note_questions(struct baseline_state *const *at, const struct ir *ir)
{
    for (uint32_t r = 0; r < ir->n_rules; r++)
        for (uint32_t i = 0; i < ir->rules[r].n_asks; i++) {
            const struct ir_ask *ask = &ir->rules[r].asks[i];
            at[ask->baseline]->asks_since |= ask->kind == IR_ASK_SINCE;
            at[ask->baseline]->asks_rarity |= ask->kind == IR_ASK_RARITY;
        }
}

void baselines_adopt(struct baselines *b, const struct ir *ir)
{
    struct baseline_state **at = slab_get(b->slab, ir->n_baselines * sizeof *at);
    b->first = ir->baselines;
    for (uint32_t i = 0; i < ir->n_baselines; i++) {
        struct baseline_state *bs = take_over(b->at, b->n, &ir->baselines[i]);
        if (!bs) {
            bs = slab_get(b->slab, sizeof *bs);
            bs->name = slab_text(b->slab, ir->baselines[i].name);
            memcpy(bs->fingerprint, ir->baselines[i].fingerprint, sizeof bs->fingerprint);
            bs->id = b->next_id++;
        }
        bs->ir = &ir->baselines[i];
        bs->asks_since = bs->asks_rarity = false;
        at[i] = bs;
    }
    for (uint32_t i = 0; i < b->n; i++) {
        struct baseline_state *bs = b->at[i];
        if (!bs) continue;
        while (bs->memories) forget(b, bs->memories);
        slab_put(b->slab, (char *)bs->name.at, bs->name.len);
        slab_put(b->slab, bs, sizeof *bs);
    }
    slab_put(b->slab, b->at, b->n * sizeof *b->at);
    note_questions(at, ir);
    b->at = at, b->n = ir->n_baselines;
}

/* ---- as bytes ------------------------------------------------------------------------------------------ */

static void life_tape(struct tape *t, struct life *l)
{
    TAPE(t, l->first), TAPE(t, l->last), TAPE(t, l->is_there);
    TAPE(t, l->n_blocks), TAPE(t, l->block_end);
    l->n_days = tape_count(t, l->n_days);
    if (t->reads) l->days = arena_alloc(t->arena, l->n_days * sizeof *l->days);
    for (uint32_t i = 0; i < l->n_days; i++) TAPE(t, l->days[i]);
}

/* A memory without its place among others: what is read lies in the arena. */
static void memory_tape(struct tape *t, struct memory *m)
{
    uint8_t rank = m->holding.rank;
    TAPE(t, m->id), TAPE(t, m->kind), TAPE(t, m->key_id), TAPE(t, m->timer.due), TAPE(t, rank);
    if (t->reads) m->holding.rank = rank;
    life_tape(t, &m->now);
    m->tail.len = tape_count(t, m->tail.len);
    if (t->reads) m->tail.at = arena_alloc(t->arena, m->tail.len * sizeof *m->tail.at);
    for (uint32_t i = 0; i < m->tail.len; i++) TAPE(t, m->tail.at[i]);
    (void)tape_check(t, m->kind <= OF_VALUE && m->holding.rank < SHARE_RANKS);
}

/* What was read finds its place: with its owner, and when it is due. */
static void place_memory(struct baselines *b, struct tape *t, struct baseline_state *bs,
                         const struct memory *m, const struct owner *owner)
{
    if (!tape_check(t, m->now.n_days <= (m->kind == OF_VALUE ? bs->ir->days : 0) &&
                           !table_get(&b->table, m->id)))
        return;
    struct memory *mine = remember(b, bs, m->id, m->kind, owner);
    uint32_t *days = mine->now.days;
    mine->key_id = m->key_id;
    mine->now = m->now;
    mine->now.days = days;
    if (m->now.n_days) memcpy(days, m->now.days, m->now.n_days * sizeof *days);
    for (uint32_t i = 0; i < m->tail.len; i++) *SLAB_PUSH(b->slab, mine->tail) = m->tail.at[i];
    timer_set(&b->timers, &mine->timer, m->timer.due);
    share_change(&b->shares, &mine->holding, 1, m->holding.rank);
}

struct memories_tape {
    struct baselines *b;
    struct tape *t;
    const struct share *last; /* whose the memory before this one was */
};

static void write_memory(void *world, struct share_member *holding)
{
    struct memories_tape *w = world;
    struct memory *m = memory_with(holding);
    uint32_t number = (uint32_t)(m->of->ir - w->b->first);
    struct owner owner = share_owner(holding);
    bool is_same = holding->of == w->last;
    TAPE(w->t, number), TAPE(w->t, is_same);
    if (!is_same) owner_tape(w->t, &owner);
    memory_tape(w->t, m);
    w->last = holding->of;
}

static void read_memories(struct baselines *b, struct tape *t, const uint32_t *now, uint32_t n_now,
                          uint64_t n)
{
    struct owner owner = {.name = {{NULL, 0}}};
    for (uint64_t i = 0; i < n && !t->is_broken; i++) {
        struct memory m = {.id = {0, 0}};
        uint32_t number = 0;
        bool is_same = false;
        tape_forget(t);
        TAPE(t, number), TAPE(t, is_same);
        if (!is_same) owner_tape(t, &owner);
        memory_tape(t, &m);
        if (!tape_check(t, number < n_now) || t->is_broken) return;
        if (now[number] != IR_NONE) place_memory(b, t, b->at[now[number]], &m, &owner);
    }
}

/* The numbers that go into memories' hashes: those of before stay, and what is new gets others. */
static void ids_tape(struct baselines *b, struct tape *t, const uint32_t *now, uint32_t n_now)
{
    bool *is_old = arena_alloc(t->arena, b->n * sizeof *is_old);
    uint32_t n = tape_count(t, b->n);
    TAPE(t, b->next_id);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = t->reads ? 0 : b->at[i]->id;
        TAPE(t, id);
        if (!t->reads || !tape_check(t, i < n_now) || now[i] == IR_NONE) continue;
        b->at[now[i]]->id = id;
        is_old[now[i]] = true;
    }
    for (uint32_t i = 0; t->reads && i < b->n; i++)
        if (!is_old[i]) b->at[i]->id = b->next_id++;
}

void baselines_tape(struct baselines *b, struct tape *t, const uint32_t *now, uint32_t n_now)
{
    uint64_t n = b->values;
    ids_tape(b, t, now, n_now);
    for (uint32_t i = 0; i < STATE_ASK_MOVES; i++) TAPE(t, b->moves[i]);
    TAPE(t, b->move), TAPE(t, b->learnt), TAPE(t, b->evicted), TAPE(t, n);
    if (!tape_check(t, b->move < STATE_ASK_MOVES)) b->move = 0;
    lost_tape(&b->lost, t);
    if (t->reads)
        read_memories(b, t, now, n_now, n);
    else
        shares_each(&b->shares, write_memory, &(struct memories_tape){b, t, NULL});
}
