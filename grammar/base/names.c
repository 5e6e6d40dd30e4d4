/* names.c - the table of interned names (open addressing, SipHash-1-3) and the search for a near name.
 *
 * Rule packs come from strangers, so the hash has a random key: a file cannot be made to collide.
 */
#include "grammar/base/names.h"

#include <sys/random.h>

struct slot {
    uint64_t hash; /* 0: empty */
    struct text name;
};

struct names {
    struct arena *arena;
    uint64_t key[2];
    struct slot *slots;
    uint32_t used, size; /* size is a power of two, kept at most three quarters full */
};

#define NAMES_FIRST 256u

static void sip_round(uint64_t v[4])
{
#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))
    v[0] += v[1], v[1] = ROTL(v[1], 13), v[1] ^= v[0], v[0] = ROTL(v[0], 32);
    v[2] += v[3], v[3] = ROTL(v[3], 16), v[3] ^= v[2];
    v[0] += v[3], v[3] = ROTL(v[3], 21), v[3] ^= v[0];
    v[2] += v[1], v[1] = ROTL(v[1], 17), v[1] ^= v[2], v[2] = ROTL(v[2], 32);
#undef ROTL
}

static uint64_t hash_name(const uint64_t key[2], struct text t)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                     key[1] ^ 0x7465646279746573};
    uint32_t at = 0;
    for (bool is_last = false; !is_last; at += 8) {
        uint64_t word = 0;
        is_last = t.len - at < 8;
        memcpy(&word, t.at ? t.at + at : "", is_last ? t.len - at : 8);
        if (is_last) word |= (uint64_t)t.len << 56;
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(v);
    uint64_t hash = v[0] ^ v[1] ^ v[2] ^ v[3];
    return hash ? hash : 1;
}

struct names *names_new(struct arena *a)
{
    struct names *n = ARENA_NEW(a, struct names);
    n->arena = a;
    n->size = NAMES_FIRST;
    n->slots = ARENA_ARRAY(a, struct slot, n->size);
    /* Without entropy the fixed key still gives right answers. */
    if (getrandom(n->key, sizeof n->key, GRND_NONBLOCK) != sizeof n->key) n->key[0] = n->key[1] = 0;
    return n;
}

/* The slot of the name, or the empty one where it belongs. */
static struct slot *find_slot(const struct names *n, uint64_t hash, struct text t)
{
    for (uint64_t i = hash;; i++) {
        struct slot *s = &n->slots[i & (n->size - 1)];
        if (!s->hash || (s->hash == hash && text_equal(s->name, t))) return s;
    }
}

static void names_double(struct names *n)
{
    struct slot *old = n->slots;
    uint32_t old_size = n->size;
    n->slots = ARENA_ARRAY(n->arena, struct slot, old_size * 2ull);
    n->size = old_size * 2;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i].hash) *find_slot(n, old[i].hash, old[i].name) = old[i];
}

struct text names_put(struct names *n, struct text t)
{
    uint64_t hash = hash_name(n->key, t);
    struct slot *s = find_slot(n, hash, t);
    if (s->hash) return s->name;
    if (n->used >= n->size / 4 * 3) {
        names_double(n);
        s = find_slot(n, hash, t);
    }
    *s = (struct slot){hash, arena_text(n->arena, t.at, t.len)};
    n->used++;
    return s->name;
}

/* ---- did you mean ---- */

#define NEAR_LONGEST 64u
#define EDIT         2u /* one letter more, less, other, or two swapped */
#define CASE_ALONE   1u /* the same letters, however many differ in case */

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment over three rows, without regard to case. Both at most NEAR_LONGEST long. */
static uint32_t edit_distance(struct text a, struct text b)
{
    uint32_t rows[3][NEAR_LONGEST + 1];
    uint32_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (uint32_t j = 0; j <= b.len; j++) above[j] = j * EDIT;
    for (uint32_t i = 1; i <= a.len; i++) {
        row[0] = i * EDIT;
        for (uint32_t j = 1; j <= b.len; j++) {
            uint32_t other = lower(a.at[i - 1]) == lower(b.at[j - 1]) ? 0 : EDIT;
            row[j] = least(above[j - 1] + other, least(above[j], row[j - 1]) + EDIT);
            if (i > 1 && j > 1 && lower(a.at[i - 1]) == lower(b.at[j - 2]) &&
                lower(a.at[i - 2]) == lower(b.at[j - 1]))
                row[j] = least(row[j], before[j - 2] + EDIT);
        }
        uint32_t *spare = before;
        before = above, above = row, row = spare;
    }
    return above[b.len];
}

void nearest_try(struct nearest *n, struct text candidate)
{
    uint32_t len = n->wanted.len;
    if (!len || !candidate.len || len > NEAR_LONGEST || candidate.len > NEAR_LONGEST) return;
    uint32_t limit = (len < 3 ? 1 : len / 3) * EDIT;
    uint32_t apart = len > candidate.len ? len - candidate.len : candidate.len - len;
    if (apart * EDIT > limit) return;
    uint32_t distance = edit_distance(n->wanted, candidate);
    if (!distance && !text_equal(n->wanted, candidate)) distance = CASE_ALONE;
    bool is_other_letter = len == 1 && distance > CASE_ALONE;
    if (distance > limit || is_other_letter || (n->best.at && distance >= n->distance)) return;
    n->best = candidate;
    n->distance = distance;
}
