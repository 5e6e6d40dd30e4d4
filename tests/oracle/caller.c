/* caller.c - a caller of engine/state in a hundred lines. */
#include "tests/oracle/caller.h"

#include <stdio.h>
#include <stdlib.h>

static struct answer give_answer(void *world, uint32_t number, struct hash128 key)
{
    struct caller *c = world;
    (void)key;
    return c->now ? c->now(c->world, number) : (struct answer){0};
}

static char *give_memory(void *world, size_t size)
{
    return arena_alloc(((struct caller *)world)->arena, size);
}

static void keep_ask(void *world, const struct settle_ask *ask)
{
    struct caller *c = world;
    *ARENA_PUSH(c->arena, c->asks) = *ask;
}

static void keep_incident(void *world, const struct incident *i)
{
    struct caller *c = world;
    struct told *t = ARENA_PUSH(c->arena, c->told);
    memset(t, 0, sizeof *t);
    memcpy(t->id, i->id, sizeof t->id);
    memcpy(t->match_id, i->match_id, sizeof t->match_id);
    memcpy(t->merged_into, i->merged_into, sizeof t->merged_into);
    memcpy(t->predecessor, i->predecessor, sizeof t->predecessor);
    t->state = i->state, t->revision = i->revision, t->score = i->score, t->severity = i->severity;
    t->tied = i->tie, t->capped = i->capped, t->blinded = i->blinded, t->start = i->start,
    t->opened = i->opened, t->end = i->end;
    t->cause = i->cause;
    snprintf(t->title, sizeof t->title, TEXT_FMT, TEXT_ARG(i->title));
    snprintf(t->completing, sizeof t->completing, TEXT_FMT, TEXT_ARG(i->completing));
    for (uint32_t n = 0, len = 0; n < i->n_witness; n++)
        len += (uint32_t)snprintf(t->witness + len, sizeof t->witness - len, TEXT_FMT " ",
                                  TEXT_ARG(i->witness[n]));
    for (uint32_t n = 0; n < i->n_steps; n++) {
        t->steps |= UINT64_C(1) << i->steps[n].step;
        t->count[i->steps[n].step] = i->steps[n].count;
        t->shown[i->steps[n].step] = i->steps[n].n_events;
    }
    t->n_actions = i->n_actions;
    for (uint32_t n = 0; n < i->n_actions; n++) {
        t->n_new_actions += i->actions[n].is_new;
        t->n_refused += i->actions[n].is_refused;
    }
    for (uint32_t n = 0; n < i->n_reasons; n++) t->n_unknown += i->reasons[n].is_unknown;
}

void caller_init(struct caller *c, struct arena *arena, struct state *state)
{
    *c = (struct caller){.state = state, .arena = arena};
    c->out = (struct state_out){c, give_answer, keep_incident, keep_ask, give_memory};
}

void caller_answer(struct caller *c)
{
    while (c->asked < c->asks.len) {
        struct settle_ask ask = c->asks.at[c->asked++];
        struct answer a = c->for_good ? c->for_good(c->world, &ask.touch) : state_touch(c->state, &ask.touch);
        state_settled(c->state, ask.ticket, &a, &c->out);
    }
}

void caller_finish(struct caller *c)
{
    for (int i = 0; i < 4; i++) {
        caller_answer(c);
        state_watermark(c->state, INT64_MAX, UINT64_MAX, &c->out);
    }
    caller_answer(c);
    struct state_counts n = {0};
    state_count(c->state, &n);
    if (!state_adds_up(&n)) { /* product.md, promise 2 */
        fprintf(stderr, "the accounts of half-built matches do not add up\n");
        abort();
    }
}

const struct told *caller_last(const struct caller *c, const char *id, enum incident_state state)
{
    const struct told *last = NULL;
    for (uint32_t i = 0; i < c->told.len; i++)
        if (c->told.at[i].state == state && !strcmp(c->told.at[i].id, id)) last = &c->told.at[i];
    return last;
}
