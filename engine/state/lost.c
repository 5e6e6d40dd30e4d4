/* lost.c - two arrays by hash. Hashes come from SipHash under a secret key: nobody can aim at a place. */
#include "engine/state/lost.h"

#define LOST_PLACES 4096u /* a power of two */

struct lost_key {
    struct hash128 key;
    int64_t until;
};

/* Low bits: partitions have taken the top ones of keys. */
static uint32_t place_of(struct hash128 h)
{
    return (uint32_t)h.lo & (LOST_PLACES - 1);
}

static void make_places(struct lost *l)
{
    if (l->owners) return;
    l->owners = slab_get(l->slab, LOST_PLACES * sizeof *l->owners);
    l->keys = slab_get(l->slab, LOST_PLACES * sizeof *l->keys);
    for (uint32_t i = 0; i < LOST_PLACES; i++) l->owners[i] = l->keys[i].until = INT64_MIN;
}

void lost_note(struct lost *l, struct hash128 owner, struct hash128 key, int64_t until)
{
    make_places(l);
    int64_t *of_owner = &l->owners[place_of(owner)];
    struct lost_key *mine = &l->keys[place_of(key)];
    if (*of_owner < until) *of_owner = until;
    if (hash128_equal(mine->key, key) && mine->until > until) return;
    *mine = (struct lost_key){key, until};
}

int64_t lost_until(const struct lost *l, struct hash128 owner, struct hash128 key)
{
    if (!l->owners) return INT64_MIN;
    int64_t until = l->owners[place_of(owner)];
    const struct lost_key *of_key = &l->keys[place_of(key)];
    return hash128_equal(of_key->key, key) && of_key->until > until ? of_key->until : until;
}

static void until_tape(struct tape *t, int64_t *until)
{
    bool is_set = *until != INT64_MIN;
    TAPE(t, is_set);
    if (is_set) TAPE(t, *until);
}

void lost_tape(struct lost *l, struct tape *t)
{
    bool any = l->owners != NULL;
    TAPE(t, any);
    if (any) make_places(l);
    for (uint32_t i = 0; any && i < LOST_PLACES; i++) {
        until_tape(t, &l->owners[i]);
        until_tape(t, &l->keys[i].until);
        TAPE(t, l->keys[i].key);
    }
}
