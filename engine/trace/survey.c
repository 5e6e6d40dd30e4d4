/* survey.c - how far each key came: a table by key, which forgets those that came least far when it is
 * full. */
#include "engine/trace/trace.h"

#include <stdlib.h>

static const uint64_t secret[2] = {1, 2}; /* a trace is nobody's attack, and the same in every run */

struct survey {
    struct arena *names; /* of keys */
    struct came *at;
    uint32_t len, cap;
    uint32_t *slots; /* open addressing: an entry plus one, or 0 */
    uint32_t n_slots;
    uint64_t forgotten;
};

struct survey *survey_new(void)
{
    struct survey *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->cap = KEYS_MOST;
    s->n_slots = 2 * KEYS_MOST;
    s->at = malloc(s->cap * sizeof *s->at);
    s->slots = calloc(s->n_slots, sizeof *s->slots);
    s->names = arena_new(0);
    if (s->at && s->slots && s->names) return s;
    survey_free(s);
    return NULL;
}

void survey_free(struct survey *s)
{
    if (!s) return;
    arena_free(s->names);
    free(s->at);
    free(s->slots);
    free(s);
}

int came_order(const struct came *x, const struct came *y)
{
    if (x->is_complete != y->is_complete) return x->is_complete ? 1 : -1;
    if (x->full != y->full) return x->full > y->full ? 1 : -1;
    return x->events == y->events ? 0 : x->events > y->events ? 1 : -1;
}

/* What came further stands first, then what is later, then by the key's bytes: the same order in every run.
 */
static int compare(const void *a, const void *b)
{
    const struct came *x = a, *y = b;
    int order = came_order(y, x);
    if (order) return order;
    if (x->second != y->second) return x->second > y->second ? -1 : 1;
    return text_compare(x->key, y->key);
}

void survey_sort(struct survey *s)
{
    qsort(s->at, s->len, sizeof *s->at, compare);
}

static uint32_t *slot_of(struct survey *s, struct text key)
{
    uint32_t i = (uint32_t)hash_64(secret, key.at, key.len) & (s->n_slots - 1);
    while (s->slots[i] && !text_equal(s->at[s->slots[i] - 1].key, key)) i = (i + 1) & (s->n_slots - 1);
    return &s->slots[i];
}

/* The half that came furthest stays. */
static void forget_half(struct survey *s)
{
    struct arena *names = arena_new(0), *old = s->names;
    survey_sort(s);
    s->forgotten += s->len - s->len / 2;
    s->len /= 2;
    memset(s->slots, 0, s->n_slots * sizeof *s->slots);
    if (names) s->names = names; /* else all names stay where they are */
    for (uint32_t i = 0; i < s->len; i++) {
        if (names) s->at[i].key = arena_text(names, s->at[i].key.at, s->at[i].key.len);
        *slot_of(s, s->at[i].key) = i + 1;
    }
    if (names) arena_free(old);
}

struct came *survey_key(struct survey *s, struct text key)
{
    uint32_t *slot = slot_of(s, key);
    if (*slot) return &s->at[*slot - 1];
    if (s->len == s->cap) {
        forget_half(s);
        slot = slot_of(s, key);
    }
    s->at[s->len] = (struct came){.key = arena_text(s->names, key.at, key.len), .second = INT64_MIN};
    *slot = ++s->len;
    return &s->at[s->len - 1];
}

uint32_t survey_len(const struct survey *s)
{
    return s->len;
}

struct came *survey_at(struct survey *s, uint32_t i)
{
    return &s->at[i];
}

uint64_t survey_forgotten(const struct survey *s)
{
    return s->forgotten;
}
