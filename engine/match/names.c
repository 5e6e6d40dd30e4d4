/* names.c - see names.h. */
#include "engine/match/names.h"

#include <stdlib.h>

#define SLOTS (NAMES_MOST * 2)

struct name {
    uint64_t hash;
    uint32_t bytes;          /* offset of service and action, one after the other */
    uint32_t service_len, action_len;
    uint32_t first, n;       /* wants */
};

struct name_memory {
    const struct plan *plan;
    struct name entries[NAMES_MOST];
    uint16_t slots[SLOTS];   /* number of an entry + 1, or 0 */
    uint32_t n_entries;
    uint32_t bytes_len;
    struct wants wants;      /* of all entries */
    struct wants resolved;   /* of the name at hand */
    bool is_full;
    uint32_t epoch_looks, epoch_misses; /* since it was last judged */
    struct name_memory_counts counts;
    char bytes[NAME_BYTES_MOST];
};

_Static_assert(NAMES_MOST < UINT16_MAX, "a slot holds the number of an entry");

struct name_memory *name_memory_new(const struct plan *p)
{
    struct name_memory *n = calloc(1, sizeof *n);
    if (!n) abort();
    n->plan = p;
    return n;
}

void name_memory_free(struct name_memory *n)
{
    if (!n) return;
    free(n->wants.at);
    free(n->resolved.at);
    free(n);
}

static void forget_all(struct name_memory *n)
{
    memset(n->slots, 0, sizeof n->slots);
    n->n_entries = n->bytes_len = n->wants.len = 0;
    n->is_full = false;
}

static bool is_name(const struct name_memory *n, const struct name *e, uint64_t hash, struct text service,
                    struct text action)
{
    struct text mine = {n->bytes + e->bytes, e->service_len};
    struct text my_action = {mine.at + mine.len, e->action_len};
    return e->hash == hash && text_equal(mine, service) && text_equal(my_action, action);
}

/* The slot of this name, or the free one where it belongs. */
static uint16_t *find_slot(struct name_memory *n, uint64_t hash, struct text service, struct text action)
{
    uint32_t i = (uint32_t)hash % SLOTS;
    while (n->slots[i] && !is_name(n, &n->entries[n->slots[i] - 1], hash, service, action))
        i = (i + 1) % SLOTS;
    return &n->slots[i];
}

static bool has_room(const struct name_memory *n, size_t bytes)
{
    return n->n_entries < NAMES_MOST && n->bytes_len + bytes <= NAME_BYTES_MOST &&
           n->wants.len + n->resolved.len <= NAME_WANTS_MOST;
}

static void put_bytes(struct name_memory *n, struct text t)
{
    if (t.len) memcpy(n->bytes + n->bytes_len, t.at, t.len);
    n->bytes_len += t.len;
}

static void remember(struct name_memory *n, uint16_t *slot, uint64_t hash, struct text service, struct text action)
{
    struct name *e = &n->entries[n->n_entries++];
    *e = (struct name){hash, n->bytes_len, service.len, action.len, n->wants.len, n->resolved.len};
    *slot = (uint16_t)n->n_entries;
    put_bytes(n, service);
    put_bytes(n, action);
    for (uint32_t i = 0; i < n->resolved.len; i++) wants_push(&n->wants, n->resolved.at[i]);
}

/* Of a full table: does it still hold what recurs? */
static void judge(struct name_memory *n)
{
    if (++n->epoch_looks < NAMES_EPOCH) return;
    if (n->is_full && n->epoch_misses > NAMES_EPOCH / 2) forget_all(n);
    n->epoch_looks = n->epoch_misses = 0;
}

struct wants_view name_memory_look_up(struct name_memory *n, struct text service, struct text action)
{
    judge(n);
    uint64_t hash = plan_hash_name(n->plan, service, action);
    uint16_t *slot = find_slot(n, hash, service, action);
    if (*slot) {
        const struct name *e = &n->entries[*slot - 1];
        n->counts.found++;
        return (struct wants_view){e->n ? n->wants.at + e->first : NULL, e->n};
    }
    plan_resolve(n->plan, service, action, &n->resolved);
    n->counts.missed++;
    n->epoch_misses++;
    bool is_odd = (size_t)service.len + action.len > NAME_LEN_MOST;
    if (!is_odd && !has_room(n, (size_t)service.len + action.len)) n->is_full = true;
    if (is_odd || n->is_full)
        n->counts.bypassed++;
    else
        remember(n, slot, hash, service, action);
    return (struct wants_view){n->resolved.at, n->resolved.len};
}

struct name_memory_counts name_memory_count(const struct name_memory *n)
{
    return n->counts;
}
