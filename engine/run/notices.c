/* notices.c - counts by cap, rule and owner; lines of JSON. */
#include "engine/run/notices.h"

#include "engine/base/time.h"

#include <stdio.h>
#include <stdlib.h>

#define SLOTS (2 * NOTICES_MOST)
#define QUIET INT64_C(60) /* seconds between two notices about the same */

bool notices_init(struct notices *n)
{
    n->at = calloc(NOTICES_MOST, sizeof *n->at);
    n->index = calloc(SLOTS, sizeof *n->index);
    return n->at && n->index;
}

static void forget(struct notices *n)
{
    for (uint32_t i = 0; i < n->len; i++) free((char *)(uintptr_t)n->at[i].what.account.at);
    n->len = 0;
    memset(n->index, 0, SLOTS * sizeof *n->index);
}

void notices_release(struct notices *n)
{
    if (n->at && n->index) forget(n);
    free(n->at);
    free(n->index);
    json_out_release(&n->line);
}

/* ---- counting ------------------------------------------------------------------------------------------ */

static bool is_about(const struct notice *n, const struct state_eviction *e)
{
    return n->what.rule == e->rule && n->what.baseline == e->baseline && !strcmp(n->what.cap, e->cap) &&
           hash128_equal(n->what.owner, e->owner);
}

/* Both names in one block, which begins with the account's. */
static bool keep_names(struct state_eviction *e)
{
    char *at = malloc(e->account.len + e->principal.len + 1);
    if (!at) return false;
    if (e->account.len) memcpy(at, e->account.at, e->account.len);
    if (e->principal.len) memcpy(at + e->account.len, e->principal.at, e->principal.len);
    e->account.at = at;
    e->principal.at = at + e->account.len;
    return true;
}

/* The place in the index of a notice like this, or the empty one where it would stand. */
static uint32_t *slot_of(struct notices *n, const struct state_eviction *e)
{
    uint64_t hash = e->owner.lo ^ (uint64_t)e->rule << 32 ^ (uint64_t)e->baseline << 16 ^ (uint64_t)e->cap[0];
    uint32_t slot = (uint32_t)(hash ^ hash >> 32) % SLOTS;
    while (n->index[slot] && !is_about(&n->at[n->index[slot] - 1], e)) slot = (slot + 1) % SLOTS;
    return &n->index[slot];
}

bool notices_count(struct notices *n, const struct state_eviction *e)
{
    uint32_t *slot = slot_of(n, e);
    if (*slot) {
        n->at[*slot - 1].what.n += e->n;
        return true;
    }
    if (n->len == NOTICES_MOST) return false;
    struct notice *mine = &n->at[n->len];
    *mine = (struct notice){.what = *e, .told = INT64_MIN};
    if (!keep_names(&mine->what)) return false;
    *slot = ++n->len;
    return true;
}

/* ---- telling ------------------------------------------------------------------------------------------- */

void notice_json(struct json_out *o, const struct ir *ir, const struct state_eviction *e, struct text id,
                 int64_t second)
{
    char time[32];
    json_out_reset(o);
    json_open(o, '{');
    json_member_text(o, "type", TEXT("notice"));
    json_member_text(o, "notice", TEXT("evicted"));
    json_member_text(o, "api", TEXT("csr:evicted"));
    json_member_text(o, "id", id);
    json_member_text(o, "time", (struct text){time, time_print(second * 1000000000, time)});
    json_member_text(o, "cap", text_of(e->cap));
    json_member_text(o, "rule", e->rule == IR_NONE ? TEXT("") : ir->rules[e->rule].name);
    json_member_text(o, "baseline", e->baseline == IR_NONE ? TEXT("") : ir->baselines[e->baseline].name);
    json_member_text(o, "account", e->account);
    json_member_text(o, "principal", e->principal);
    json_member_uint(o, "count", e->n);
    json_close(o, '}');
}

static void put_line(struct notices *n, const struct ir *ir, const struct state_eviction *e, int64_t second)
{
    char id[64];
    int len =
        snprintf(id, sizeof id, "csr:evicted/%lld/%llu", (long long)second, (unsigned long long)++n->told);
    notice_json(&n->line, ir, e, (struct text){id, (uint32_t)len}, second);
}

static int compare(const void *a, const void *b)
{
    const struct state_eviction *x = &(*(struct notice *const *)a)->what,
                                *y = &(*(struct notice *const *)b)->what;
    if (x->rule != y->rule) return x->rule < y->rule ? -1 : 1;
    if (x->baseline != y->baseline) return x->baseline < y->baseline ? -1 : 1;
    int order = text_compare(x->account, y->account);
    if (!order) order = text_compare(x->principal, y->principal);
    return order ? order : strcmp(x->cap, y->cap);
}

void notices_tell(struct notices *n, const struct ir *ir, int64_t second, bool all)
{
    struct notice *due[NOTICES_MOST];
    uint32_t len = 0;
    for (uint32_t i = 0; i < n->len; i++) {
        struct notice *one = &n->at[i];
        bool is_due = all || one->told == INT64_MIN || second - one->told >= QUIET;
        if (one->what.n && is_due) due[len++] = one;
    }
    if (len) qsort(due, len, sizeof *due, compare);
    for (uint32_t i = 0; i < len; i++) {
        put_line(n, ir, &due[i]->what, second);
        due[i]->what.n = 0;
        due[i]->told = second;
        if (n->tell && !n->line.failed) n->tell(n->world, json_out_text(&n->line));
    }
    if (all) forget(n);
}

/* ---- as bytes ------------------------------------------------------------------------------------------ */

/* The name as the table of caps has it, which lives as long as the program. NULL: there is none such. */
static const char *cap_named(struct text name)
{
    for (size_t i = 0; cap_at(i); i++)
        if (text_equal(text_of(cap_at(i)->name), name)) return cap_at(i)->name;
    return NULL;
}

static void eviction_tape(struct tape *t, struct state_eviction *e)
{
    struct text cap = text_of(t->reads ? "" : e->cap);
    TAPE(t, cap), TAPE(t, e->rule), TAPE(t, e->baseline), TAPE(t, e->account), TAPE(t, e->principal);
    TAPE(t, e->owner), TAPE(t, e->n);
    if (t->reads) e->cap = cap_named(cap);
    (void)tape_check(t, e->cap != NULL);
}

/* False: what it was about is there no more. */
static bool renumber(uint32_t *number, const uint32_t *now, uint32_t n)
{
    if (*number == IR_NONE) return true;
    *number = *number < n ? now[*number] : IR_NONE;
    return *number != IR_NONE;
}

static void put_back(struct notices *n, struct tape *t, const struct notice *one)
{
    bool done = notices_count(n, &one->what);
    if (tape_check(t, done)) n->at[*slot_of(n, &one->what) - 1].told = one->told;
}

void notices_tape(struct notices *n, struct tape *t, const struct state_names *names)
{
    uint32_t len = tape_count(t, n->len);
    TAPE(t, n->told);
    for (uint32_t i = 0; i < len && !t->is_broken; i++) {
        struct notice read = {.told = 0}, *one = t->reads ? &read : &n->at[i];
        eviction_tape(t, &one->what);
        TAPE(t, one->told);
        if (t->reads && !t->is_broken && renumber(&read.what.rule, names->rules, names->ir->n_rules) &&
            renumber(&read.what.baseline, names->baselines, names->ir->n_baselines))
            put_back(n, t, &read);
    }
}
