/* costs.c - see costs.h. */
#include "engine/run/costs.h"

#include "engine/run/batch.h"

#include <stdlib.h>

bool shard_costs_init(struct shard_costs *c, const uint32_t *first, uint32_t n_rules)
{
    c->steps = calloc(first[n_rules] + 1, sizeof *c->steps);
    c->settling = calloc(n_rules + 1, sizeof *c->settling);
    return c->steps && c->settling;
}

void shard_costs_release(struct shard_costs *c)
{
    free(c->steps);
    free(c->settling);
}

void ledger_begin(struct ledger *l, uint32_t every)
{
    l->began = ticks_pair_now();
    l->look = ticks_of_a_look();
    l->event_every = every ? every : MATCH_SAMPLE;
    l->hit_every = every ? every : HIT_SAMPLE;
    l->move_every = every ? every : MOVE_SAMPLE;
}

void ledger_release(struct ledger *l)
{
    free(l->before);
    free(l->now);
    free(l->steps_before);
    free(l->steps_now);
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

/* Nanoseconds that all took, from those that were measured. */
struct scale {
    double tick; /* nanoseconds of a tick */
    uint64_t look;
    uint32_t every;
};

static uint64_t in_all(const struct scale *s, const struct ticks_spent *spent)
{
    uint64_t ticks = tally_read(&spent->ticks), looks = tally_read(&spent->looks) * s->look;
    return ticks > looks ? (uint64_t)((double)(ticks - looks) * s->tick * s->every) : 0;
}

static void add_matcher(struct ledger *l, const struct match_spent *spent, const uint32_t *first,
                        uint32_t n_rules, const struct scale *s)
{
    for (uint32_t i = 0; i < n_rules; i++) l->now[i].looked += tally_read(&spent->looked[i]);
    for (uint32_t i = 0; i < first[n_rules]; i++) l->steps_now[i].match_ns += in_all(s, &spent->steps[i]);
    for (int i = 0; i < MATCH_PARTS; i++) l->parts_now[i] += in_all(s, &spent->parts[i]);
}

static void add_shard(struct ledger *l, const struct shard_costs *c, const uint32_t *first, uint32_t n_rules,
                      const struct scale *hits, const struct scale *moves)
{
    for (uint32_t i = 0; i < n_rules; i++) l->now[i].settling_ns += in_all(moves, &c->settling[i]);
    for (uint32_t i = 0; i < first[n_rules]; i++) {
        l->steps_now[i].hits += tally_read(&c->steps[i].hits);
        l->steps_now[i].derived += tally_read(&c->steps[i].derived);
        l->steps_now[i].state_ns += in_all(hits, &c->steps[i].work);
    }
}

/* A rule has what its steps have, and what steps that it no longer has had. */
static void add_steps(struct ledger *l, const uint32_t *first, uint32_t n_rules)
{
    for (uint32_t i = 0; i < n_rules; i++) {
        struct run_rule *r = &l->now[i];
        r->state_ns += r->settling_ns;
        for (uint32_t step = first[i]; step < first[i + 1]; step++) {
            r->hits += l->steps_now[step].hits;
            r->derived += l->steps_now[step].derived;
            r->match_ns += l->steps_now[step].match_ns;
            r->state_ns += l->steps_now[step].state_ns;
        }
    }
}

void ledger_sum(struct ledger *l, const struct rules *rules, uint32_t n_shards)
{
    const uint32_t *first = rules->first_step, n = rules->ir->n_rules;
    double tick = ticks_length(l->began);
    const struct scale events = {tick, l->look, l->event_every}, hits = {tick, l->look, l->hit_every},
                       moves = {tick, l->look, l->move_every};
    if (!l->now) return;
    memcpy(l->now, l->before, n * sizeof *l->now);
    memcpy(l->steps_now, l->steps_before, first[n] * sizeof *l->steps_now);
    memcpy(l->parts_now, l->parts_before, sizeof l->parts_now);
    for (uint32_t i = 0; i < rules->n_matchers; i++)
        add_matcher(l, matcher_spent(rules->matchers[i]), first, n, &events);
    for (uint32_t s = 0; s < n_shards; s++) add_shard(l, &rules->costs[s], first, n, &hits, &moves);
    add_steps(l, first, n);
}

/* ---- reload -------------------------------------------------------------------------------------------- */

/* Of a rule that has other steps now only its own sums go on. */
static void carry_steps(struct run_rule *rule, struct run_step *to, const struct run_step *from, uint32_t n)
{
    memcpy(to, from, n * sizeof *to);
    rule->hits = rule->derived = rule->match_ns = rule->state_ns = 0;
}

static void carry(struct ledger *to, const struct ledger *from, const struct rules *old,
                  const struct rules *new)
{
    const uint32_t *was = old->first_step, *is = new->first_step;
    for (uint32_t i = 0, hint = 0; i < new->ir->n_rules; i++) {
        uint32_t same = run_same_rule(old->ir, new->ir->rules[i].name, hint), n = is[i + 1] - is[i];
        if (same == IR_NONE) continue;
        hint = same + 1;
        to->before[i] = from->now[same];
        to->before[i].held = (struct state_held){0};
        to->before[i].state_ns -= to->before[i].settling_ns; /* which is added to it again */
        if (was[same + 1] - was[same] == n)
            carry_steps(&to->before[i], to->steps_before + is[i], from->steps_now + was[same], n);
    }
}

bool ledger_adopt(struct ledger *l, const struct rules *old, const struct rules *rules, uint32_t n_shards)
{
    uint32_t n = rules->ir->n_rules + 1, steps = rules->first_step[rules->ir->n_rules] + 1;
    struct ledger next = *l;
    next.before = calloc(n, sizeof *next.before);
    next.now = calloc(n, sizeof *next.now);
    next.steps_before = calloc(steps, sizeof *next.steps_before);
    next.steps_now = calloc(steps, sizeof *next.steps_now);
    bool has_room = next.before && next.now && next.steps_before && next.steps_now;
    if (has_room && old && l->now) {
        ledger_sum(l, old, n_shards);
        memcpy(next.parts_before, l->parts_now, sizeof next.parts_before);
        carry(&next, l, old, rules);
    }
    if (has_room)
        ledger_release(l);
    else
        ledger_release(&next);
    if (has_room) *l = next;
    return has_room;
}
