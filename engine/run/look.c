/* look.c - what is held for a key, looked up by the worker that owns its partition, at the end of a batch.
 *
 * The question travels in a batch like everything else, so nothing is read that somebody else may be writing,
 * and nobody waits. Whoever asks writes the key's parts as texts: what a rule calls "7" may be a text or a
 * number there. Each reading of each part is tried, and each gives one hash for each rule.
 */
#include "engine/run/batch.h"

#include "engine/base/number.h"

#define READINGS_MOST 4 /* of one part */

struct look {
    const struct run *run;
    const struct batch *batch;
    uint32_t shard, depth;
    struct yield *yield;
    struct value readings[KEY_PARTS_MOST][READINGS_MOST];
    uint32_t n_readings[KEY_PARTS_MOST];
    struct ip_net nets[KEY_PARTS_MOST];
    char bytes[PLAN_KEY_MOST];
    struct run_key *key; /* at hand */
};

static uint32_t read_part(struct text t, struct ip_net *net, struct value out[READINGS_MOST])
{
    uint32_t n = 0;
    out[n++] = value_string(t);
    if (text_equal(t, TEXT("true")) || text_equal(t, TEXT("false"))) out[n++] = value_bool(t.len == 4);
    n += number_parse(t, &out[n]);
    if (ip_parse(t, net)) out[n++] = (struct value){.kind = VALUE_NET, .net = net};
    return n;
}

/* ---- what is found ------------------------------------------------------------------------------------- */

static void *copy_of(struct yield *y, const void *bytes, size_t size)
{
    void *copy = pool_take(&y->memory, size);
    if (copy && size) memcpy(copy, bytes, size);
    return copy;
}

static void keep_match(void *world, const struct state_view *v)
{
    struct look *l = world;
    if (l->key->n_matches == KEY_MATCHES_MOST) return;
    uint16_t *taken = copy_of(l->yield, v->taken, v->n_places * sizeof *taken);
    int64_t *last = copy_of(l->yield, v->last, v->n_places * sizeof *last);
    if (!taken || !last) return;
    l->key->matches[l->key->n_matches++] =
        (struct run_match){v->automaton, v->places, v->n_places, v->before, taken, last, v->start};
}

static void look_up(struct look *l, struct hash128 hash)
{
    struct state *s = l->run->partitions[l->depth][state_partition(hash)];
    struct run_match matches[KEY_MATCHES_MOST];
    struct run_key found = {.matches = matches};
    l->key = &found;
    if (!state_look(s, hash, &found.is, keep_match, l)) return;
    found.matches = copy_of(l->yield, matches, found.n_matches * sizeof *matches);
    found.is.key.at = copy_of(l->yield, found.is.key.at, found.is.key.len);
    struct run_key *mine = found.matches && found.is.key.at ? copy_of(l->yield, &found, sizeof found) : NULL;
    struct run_key **place = mine ? VEC_PUSH(&l->yield->keys) : NULL;
    if (place) *place = mine; /* else one is not told: whoever asks is no reason to end a run */
}

/* ---- every reading of every rule's key ----------------------------------------------------------------- */

static void look_for_rule(struct look *l, uint32_t rule, uint32_t part, size_t len)
{
    const struct run_question *q = l->batch->question;
    if (part == q->n_parts || part == KEY_PARTS_MOST) {
        struct text bytes = {l->bytes, (uint32_t)len};
        struct hash128 hash = plan_key_hash(l->batch->rules->plan, rule, bytes);
        if (run_shard(l->run, hash) == l->shard) look_up(l, hash);
        return;
    }
    for (uint32_t i = 0; i < l->n_readings[part]; i++) {
        struct value v = l->readings[part][i];
        if (len + value_key_size(v) > sizeof l->bytes) continue;
        char *end = value_key_put(l->bytes + len, v);
        look_for_rule(l, rule, part + 1, (size_t)(end - l->bytes));
    }
}

void run_look(const struct run *r, const struct batch *b, uint32_t shard, uint32_t depth, struct yield *y)
{
    struct look l = {.run = r, .batch = b, .shard = shard, .depth = depth, .yield = y};
    for (uint32_t i = 0; i < b->question->n_parts; i++)
        l.n_readings[i] = read_part(b->question->parts[i], &l.nets[i], l.readings[i]);
    for (uint32_t i = 0; i < b->rules->ir->n_rules; i++) {
        const struct ir_rule *rule = &b->rules->ir->rules[i];
        if (rule->depth == depth && rule->n_by == b->question->n_parts) look_for_rule(&l, i, 0, 0);
    }
}
