/* past.c - new, age, age_since, rarity and prevalence, sentence by sentence. */
#include "tests/oracle/past.h"

#include <stdlib.h>

#define DAY       INT64_C(86400)
#define SIGHTINGS 64

/* Sightings before a second, with no gap longer than `keep`: "unseen for longer than keep starts anew". */
struct life {
    int64_t at[SIGHTINGS]; /* ascending; n 0: not seen, or too long ago */
    uint32_t n;
};

enum of { OF_KEY, OF_VALUE, OF_ACCOUNT };

static bool shows(const struct past_record *r, const struct past_record *event, enum of of)
{
    if (of == OF_ACCOUNT) return r->account == event->account;
    return r->key == event->key && (of == OF_KEY || r->value == event->value);
}

static void insert(struct life *l, int64_t second)
{
    if (l->n == SIGHTINGS) abort();
    uint32_t i = l->n++;
    for (; i && l->at[i - 1] > second; i--) l->at[i] = l->at[i - 1];
    l->at[i] = second;
}

/* Records of the same second are not yet seen. */
static struct life look_back(const struct past *p, const struct past_record *event, enum of of)
{
    struct life all = {.n = 0}, l = {.n = 0};
    for (uint32_t i = 0; i < p->n; i++)
        if (p->records[i].second < event->second && shows(&p->records[i], event, of))
            insert(&all, p->records[i].second);
    for (uint32_t i = 0; i < all.n; i++) {
        if (l.n && all.at[i] - l.at[l.n - 1] > p->keep) l.n = 0;
        l.at[l.n++] = all.at[i];
    }
    if (l.n && event->second - l.at[l.n - 1] > p->keep) l.n = 0;
    return l;
}

/* Whether there is a sighting in a 24-hour block counted from `began`. */
static bool is_in_block(const struct life *l, int64_t began, int64_t block)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (l->at[i] >= began && (l->at[i] - began) / DAY == block) return true;
    return false;
}

/* "Unknown until the key (or, for a new key, its account) has `warmup` of history." */
static bool is_warm(const struct past *p, const struct past_record *event)
{
    struct life l = look_back(p, event, OF_KEY);
    if (!l.n) l = look_back(p, event, OF_ACCOUNT);
    return p->warmup == 0 || (l.n && event->second - l.at[0] >= p->warmup);
}

/* "In 24-hour blocks counted from the first sighting, fewer than `days` earlier blocks have a sighting." */
static bool is_new(const struct past *p, const struct past_record *event)
{
    struct life l = look_back(p, event, OF_VALUE);
    uint32_t earlier = 0;
    for (int64_t block = 0; l.n && block < (event->second - l.at[0]) / DAY; block++)
        earlier += is_in_block(&l, l.at[0], block);
    return earlier < p->days;
}

/* "Of the 24-hour blocks counted from the key's first record, the current one left out, in which the key was
 * seen, the percentage without the value; unknown if there is none." */
static struct value rarity(const struct past *p, const struct past_record *event)
{
    struct life key = look_back(p, event, OF_KEY), value = look_back(p, event, OF_VALUE);
    uint32_t seen = 0, without = 0;
    for (int64_t block = 0; key.n && block < (event->second - key.at[0]) / DAY; block++) {
        if (!is_in_block(&key, key.at[0], block)) continue;
        seen++;
        without += !is_in_block(&value, key.at[0], block);
    }
    if (!seen) return (struct value){.kind = VALUE_UNKNOWN};
    return (struct value){.kind = VALUE_FLOAT, .f = 100.0 * without / seen};
}

/* "How many other keys showed it." */
static struct value prevalence(const struct past *p, const struct past_record *event)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        struct past_record other = *event;
        bool is_first = true;
        other.key = p->records[i].key;
        for (uint32_t k = 0; k < i; k++) is_first &= p->records[k].key != other.key;
        n += is_first && other.key != event->key && look_back(p, &other, OF_VALUE).n > 0;
    }
    return value_int(n);
}

static struct value since(int64_t second, const struct life *l, bool last)
{
    if (!l->n) return value_absent();
    int64_t seconds = second - l->at[last ? l->n - 1 : 0];
    return (struct value){.kind = VALUE_DURATION, .i = seconds * INT64_C(1000000000)};
}

struct value past_answer(const struct past *p, const struct past_record *event, enum ir_ask_kind kind)
{
    if (!is_warm(p, event)) return (struct value){.kind = VALUE_UNKNOWN};
    struct life key = look_back(p, event, OF_KEY), value = look_back(p, event, OF_VALUE);
    switch (kind) {
    case IR_ASK_NEW: return value_bool(is_new(p, event));
    case IR_ASK_AGE: return since(event->second, &value, false);
    case IR_ASK_SINCE: return since(event->second, &key, true);
    case IR_ASK_RARITY: return rarity(p, event);
    default: return prevalence(p, event);
    }
}
