/* emit.c - revisions, and the memory of what was told.
 *
 * An incident's id is fixed when it opens, by the record at whose arrival that happened; its match_id is a
 * function of the settled completing event alone. Both are SipHash under an all-zero key, so that two runs
 * name things alike.
 */
#include "engine/state/emit.h"
#include "engine/state/derive.h"
#include "engine/state/doubt.h"
#include "engine/state/gathered.h"
#include "engine/state/judge.h"
#include "engine/state/unknown.h"

static const uint64_t plain_key[2];

/* ---- names -------------------------------------------------------------------------------------------- */

/* There is one tenant so far, and it has no name. */
static void incident_name(char out[33], const struct keyed *k, struct text identity, int64_t salt)
{
    uint64_t parts[7] = {(uint64_t)salt};
    struct text rule = k->rule->name;
    struct hash128 h[3] = {hash_128(plain_key, rule.at, rule.len), hash_128(plain_key, k->key.at, k->key.len),
                           hash_128(plain_key, identity.at, identity.len)};
    memcpy(parts + 1, h, sizeof h);
    hash128_print(hash_128(plain_key, parts, sizeof parts), out);
}

void group_name(char out[33], const struct keyed *k, struct group *g)
{
    incident_name(out, k, group_completing(k->rule->plan, g)->hit->evidence.identity, 0);
}

static bool id_is_taken(const struct keyed *k, uint64_t h)
{
    for (uint32_t i = 0; i < k->n_named && i < NAMED_MOST; i++)
        if (k->named[i] == h) return true;
    return false;
}

/* A record may open two incidents of a key, or one once more after it was retracted: later ones are salted.
 */
static void name_incident(struct keyed *k, struct emitted *e, struct text identity)
{
    uint64_t h;
    int64_t salt = 0;
    do {
        incident_name(e->id, k, identity, salt++);
        h = hash_64(plain_key, e->id, sizeof e->id);
    } while (id_is_taken(k, h));
    k->named[k->n_named++ % NAMED_MOST] = h;
}

/* ---- what makes a difference -------------------------------------------------------------------------- */

struct digest {
    uint64_t h;
};

static void digest_bytes(struct digest *d, const void *at, size_t len)
{
    uint64_t parts[2] = {d->h, hash_64(plain_key, at, len)};
    d->h = hash_64(plain_key, parts, sizeof parts);
}
static void digest_int(struct digest *d, uint64_t i)
{
    digest_bytes(d, &i, sizeof i);
}

static uint64_t digest_shown(const struct rule_plan *p, struct group *g, const struct verdict *v)
{
    struct digest d = {1};
    const struct alternative *a = &p->alternatives[g->alternative];
    digest_int(&d, (uint64_t)v->score << 8 | (uint64_t)v->severity);
    digest_bytes(&d, v->title.at, v->title.len);
    digest_int(&d, g->exists);
    digest_int(&d, group_is_blinded(p, g));
    for (uint32_t q = 0; q < a->n_places; q++) {
        struct text id = group_takes(g)[q].hit->hit->evidence.identity;
        digest_bytes(&d, id.at, id.len);
    }
    for (uint32_t i = 0; i < v->n_actions; i++) digest_int(&d, v->action_hashes[i]);
    return d.h | 1;
}

static uint64_t digest_settled(const struct keyed *k, struct group *g, const struct verdict *v)
{
    struct digest d = {digest_shown(k->rule->plan, g, v)};
    digest_int(&d, (uint64_t)g->newest);
    for (uint32_t i = 0; i < k->rule->plan->rule->n_steps; i++) digest_int(&d, known_events(k, g, i).count);
    for (uint32_t i = 0; i < v->n_reasons; i++)
        digest_int(&d, (uint64_t)v->reasons[i].points << 1 | v->reasons[i].is_unknown);
    return d.h | 1;
}

/* ---- an incident in the batch's memory ---------------------------------------------------------------- */

static void *batch_memory(const struct occasion *o, size_t size)
{
    void *at = o->out->memory(o->out->world, size);
    return at ? memset(at, 0, size) : NULL;
}

static struct text batch_text(const struct occasion *o, struct text t)
{
    char *at = t.len ? o->out->memory(o->out->world, t.len) : NULL;
    if (!at) return (struct text){NULL, 0};
    memcpy(at, t.at, t.len);
    return (struct text){at, t.len};
}

static struct value batch_value(const struct occasion *o, struct value v)
{
    if (v.kind == VALUE_STRING || v.kind == VALUE_JSON) {
        struct text t = batch_text(o, value_text(v));
        v.s = t.at, v.len = t.len;
    } else if (v.kind == VALUE_NET) {
        struct ip_net *net = batch_memory(o, sizeof *net);
        if (net) *net = *v.net;
        v.net = net;
    } else if (v.kind == VALUE_LIST) {
        struct value *items = batch_memory(o, v.len * sizeof *items);
        for (uint32_t i = 0; items && i < v.len; i++) items[i] = batch_value(o, v.items[i]);
        v.items = items;
        if (!items) v.len = 0;
    }
    return v;
}

static const struct evidence *batch_evidence(const struct occasion *o, const struct kept *k)
{
    struct evidence *e = batch_memory(o, sizeof *e);
    const struct evidence *from = &k->hit->evidence;
    if (!e) return NULL;
    *e = (struct evidence){batch_text(o, from->identity), batch_text(o, from->service),
                           batch_text(o, from->action),   batch_text(o, from->region),
                           batch_text(o, from->account),  batch_text(o, from->source_ip),
                           batch_text(o, from->error),    batch_text(o, from->rule),
                           batch_text(o, from->match_id), from->time,
                           from->is_ahead,                from->is_late,
                           from->is_failed};
    return e;
}

static bool comes_before(const struct kept *a, const struct kept *b)
{
    return a->hit->second != b->hit->second ? a->hit->second < b->hit->second : kept_order(a, b) < 0;
}

/* The first and last eight of the known events, and the witness's, in order. Returns how many. */
static uint32_t choose_events(const struct known_events *known, const struct kept *witness,
                              const struct kept *out[SHOWN_MOST + 1])
{
    uint32_t n = 0, half = SHOWN_MOST / 2;
    for (uint32_t i = 0; i < known->len; i++)
        if (known->len <= SHOWN_MOST || i < half || i >= known->len - half) out[n++] = known->at[i];
    if (!witness) return n;
    uint32_t i = n;
    while (i && comes_before(witness, out[i - 1])) i--;
    if (i && kept_order(out[i - 1], witness) == 0) return n;
    memmove(out + i + 1, out + i, (n - i) * sizeof *out);
    out[i] = witness;
    return n + 1;
}

static void fill_step(const struct occasion *o, const struct keyed *k, struct group *g, uint32_t step,
                      struct incident *i)
{
    const struct kept *events[SHOWN_MOST + 1];
    struct known_events known = known_events(k, g, step);
    uint32_t n = choose_events(&known, group_witness(k->rule->plan, g, step), events);
    if (!n) return;
    struct incident_step *s = &i->steps[i->n_steps++];
    *s = (struct incident_step){.step = step,
                                .count = known.count > n ? known.count : n,
                                .first = events[0]->hit->second,
                                .last = events[n - 1]->hit->second};
    s->events = batch_memory(o, n * sizeof *s->events);
    for (uint32_t e = 0; s->events && e < n; e++) {
        s->events[s->n_events++] = batch_evidence(o, events[e]);
        i->capped |= events[e]->hit->capped;
    }
}

static void fill_accounts(const struct occasion *o, struct incident *i)
{
    uint32_t room = 0;
    for (uint32_t s = 0; s < i->n_steps; s++) room += i->steps[s].n_events;
    i->accounts = batch_memory(o, (room + 1) * sizeof *i->accounts);
    for (uint32_t s = 0; s < i->n_steps && i->accounts; s++)
        for (uint32_t e = 0; e < i->steps[s].n_events; e++) {
            struct text account = i->steps[s].events[e]->account;
            uint32_t n = 0;
            while (n < i->n_accounts && !text_equal(i->accounts[n], account)) n++;
            if (n == i->n_accounts && account.len) i->accounts[i->n_accounts++] = account;
        }
}

static void fill_verdict(const struct occasion *o, const struct verdict *v, struct incident *i)
{
    i->severity = v->severity;
    i->score = v->score;
    i->title = batch_text(o, v->title);
    i->reasons = batch_memory(o, (v->n_reasons + 1) * sizeof *i->reasons);
    for (uint32_t r = 0; i->reasons && r < v->n_reasons; r++) {
        i->reasons[i->n_reasons] = v->reasons[r];
        i->reasons[i->n_reasons++].why = batch_text(o, v->reasons[r].why);
    }
    i->probes = v->n_probes ? batch_memory(o, v->n_probes * sizeof *i->probes) : NULL;
    for (; i->probes && i->n_probes < v->n_probes; i->n_probes++)
        i->probes[i->n_probes] = batch_value(o, v->probes[i->n_probes]);
    i->actions = batch_memory(o, (v->n_actions + 1) * sizeof *i->actions);
    for (uint32_t a = 0; i->actions && a < v->n_actions; a++) {
        struct incident_action *to = &i->actions[i->n_actions++];
        *to = v->actions[a];
        to->refusal = batch_text(o, to->refusal);
        to->args = batch_memory(o, (to->n_args + 1) * sizeof *to->args);
        if (!to->args) to->n_args = 0;
        for (uint32_t n = 0; n < to->n_args; n++) to->args[n] = batch_value(o, v->actions[a].args[n]);
    }
}

static void fill_blinded(const struct occasion *o, const struct keyed *k, struct group *g, struct incident *i)
{
    char room[512];
    struct scratch scratch = {room, 0, sizeof room};
    struct words w = words_begin(&scratch);
    if (!g->blinded) return;
    words_of_blinded(&w, k->rule->plan, g);
    i->missing = batch_text(o, words_end(&w));
    i->blinded_step = g->blinded->hit->step;
    i->blinded_by = batch_evidence(o, g->blinded);
}

static void fill_group(const struct occasion *o, const struct keyed *k, struct group *g, struct incident *i)
{
    const struct rule_plan *p = k->rule->plan;
    const struct alternative *a = &p->alternatives[g->alternative];
    i->tie = g->tied;
    i->blinded = g->doubt || group_is_blinded(p, g);
    fill_blinded(o, k, g, i);
    i->capped = g->capped || g->opened <= k->capped_until || g->opened <= k->rule->unkeyed.lost_until;
    i->start = g->start, i->opened = g->opened, i->end = g->newest;
    i->completing = batch_text(o, group_completing(p, g)->hit->evidence.identity);
    i->witness = batch_memory(o, (a->n_places + 1) * sizeof *i->witness);
    for (uint32_t q = 0; i->witness && q < a->n_places; q++)
        i->witness[i->n_witness++] = batch_text(o, group_takes(g)[q].hit->hit->evidence.identity);
    i->steps = batch_memory(o, (p->rule->n_steps + 1) * sizeof *i->steps);
    for (uint32_t step = 0; i->steps && step < p->rule->n_steps; step++) fill_step(o, k, g, step, i);
    fill_accounts(o, i);
}

/* ---- telling ------------------------------------------------------------------------------------------ */

static void remember_actions(struct state *s, struct emitted *e, const struct verdict *v)
{
    for (uint32_t i = 0; i < v->n_actions; i++) {
        if (!v->actions[i].is_new) continue;
        if (e->len == e->cap) e->actions = slab_grow(&s->slab, e->actions, sizeof *e->actions, &e->cap);
        e->actions[e->len++] = v->action_hashes[i];
    }
}

/* One revision. g and v NULL: the group is gone, and only the name is told. */
static void tell(struct state *s, struct keyed *k, struct emitted *e, enum incident_state state,
                 struct group *g, const struct verdict *v, const char *merged_into, const struct occasion *o)
{
    struct incident i = {.ir = s->plan->ir,
                         .rule = k->rule->plan->number,
                         .depth = k->rule->plan->rule->depth,
                         .cause = o->cause,
                         .by_watermark = o->by_watermark,
                         .revision = ++e->revision,
                         .state = state,
                         .severity = (enum ir_severity)e->severity,
                         .score = e->score};
    memcpy(i.id, e->id, sizeof i.id);
    memcpy(i.match_id, e->match_id, sizeof i.match_id);
    memcpy(i.predecessor, e->predecessor, sizeof i.predecessor);
    if (merged_into) memcpy(i.merged_into, merged_into, sizeof i.merged_into);
    i.key = batch_text(o, k->key);
    i.opened = i.start = i.end = e->anchor;
    if (v) fill_verdict(o, v, &i);
    if (g) fill_group(o, k, g, &i);
    if (v) {
        remember_actions(s, e, v);
        e->severity = (uint8_t)v->severity;
        e->score = v->score;
        e->shown = digest_shown(k->rule->plan, g, v);
    }
    e->is_settled = state == INCIDENT_SETTLED;
    o->out->incident(o->out->world, &i);
}

static void drop_incident(struct state *s, struct keyed *k, uint32_t at)
{
    struct emitted *e = &k->incidents.at[at];
    memcpy(k->last_id, e->id, sizeof k->last_id);
    slab_put(&s->slab, e->actions, e->cap * sizeof *e->actions);
    memmove(e, e + 1, (--k->incidents.len - at) * sizeof *e);
    s->counts.incidents_open--;
}

void emitted_free(struct state *s, struct keyed *k)
{
    while (k->incidents.len) drop_incident(s, k, k->incidents.len - 1);
    SLAB_FREE(&s->slab, k->incidents);
}

/* Incidents stand in order of their anchors. */
static struct emitted *open_incident(struct state *s, struct keyed *k, struct group *g,
                                     const struct occasion *o)
{
    uint32_t i = k->incidents.len;
    struct emitted new = {.anchor = g->opened, .claimed = true};
    struct text identity =
        o->identity.len ? o->identity : group_completing(k->rule->plan, g)->hit->evidence.identity;
    name_incident(k, &new, identity);
    (void)SLAB_PUSH(&s->slab, k->incidents);
    for (; i && k->incidents.at[i - 1].anchor > g->opened; i--) k->incidents.at[i] = k->incidents.at[i - 1];
    memcpy(new.predecessor, i ? k->incidents.at[i - 1].id : k->last_id, sizeof new.predecessor);
    k->incidents.at[i] = new;
    s->counts.incidents_open++;
    return &k->incidents.at[i];
}

/* The incident that this group goes on with; others that fall into it are merged. NULL: none. (Openings are
 * more than `once` apart, so as long as that stays the same there is one at most.) */
static struct emitted *claim(struct state *s, struct keyed *k, struct group *g, const struct occasion *o)
{
    struct emitted *mine = NULL;
    for (uint32_t i = 0; i < k->incidents.len;) {
        struct emitted *e = &k->incidents.at[i];
        if (e->claimed || e->anchor < g->opened || e->anchor > g->end) {
            i++;
        } else if (!mine) {
            mine = e;
            e->claimed = true;
            e->anchor = g->opened;
            i++;
        } else {
            tell(s, k, e, INCIDENT_MERGED, NULL, NULL, mine->id, o);
            drop_incident(s, k, i);
        }
    }
    return mine;
}

static bool is_incident(const struct keyed *k, const struct verdict *v)
{
    return v->score >= k->rule->plan->rule->open_at && !v->swallowed;
}

/* An incident that was told is taken back only when it is settled, as a score falls only then. */
static void review_group(struct state *s, struct keyed *k, struct group *g, struct emitted *e,
                         const struct occasion *o)
{
    struct verdict v;
    judge_group(s, k, g, e, false, &v);
    if (e) {
        if (digest_shown(k->rule->plan, g, &v) != e->shown) tell(s, k, e, INCIDENT_UPDATED, g, &v, NULL, o);
    } else if (is_incident(k, &v)) {
        e = open_incident(s, k, g, o);
        judge_group(s, k, g, e, false, &v);
        tell(s, k, e, INCIDENT_OPEN, g, &v, NULL, o);
    }
}

static void retract_unclaimed(struct state *s, struct keyed *k, const struct occasion *o)
{
    for (uint32_t i = 0; i < k->incidents.len;) {
        if (k->incidents.at[i].claimed) {
            i++;
            continue;
        }
        tell(s, k, &k->incidents.at[i], INCIDENT_RETRACTED, NULL, NULL, NULL, o);
        drop_incident(s, k, i);
    }
}

void emit_changes(struct state *s, struct keyed *k, struct fold *now, bool all, const struct occasion *o)
{
    for (uint32_t i = 0; i < k->incidents.len; i++) k->incidents.at[i].claimed = false;
    for (uint32_t i = 0; i < now->groups.len; i++) {
        struct group *g = groups_at(k->rule->plan, &now->groups, i);
        struct emitted *e = claim(s, k, g, o);
        if (all || g->touched) review_group(s, k, g, e, o);
    }
    retract_unclaimed(s, k, o);
}

/* ---- settling and closing ----------------------------------------------------------------------------- */

static uint32_t find_incident(const struct keyed *k, const struct group *g)
{
    uint32_t i = 0;
    while (i < k->incidents.len && k->incidents.at[i].anchor != g->opened) i++;
    return i;
}

/* A group is counted under the exception that took it when it was last settled. */
static void count_swallowed(const struct keyed *k, struct group *g, uint32_t by, const struct occasion *o)
{
    const struct ir_exception *all = k->rule->plan->rule->exceptions;
    if (by == g->swallowed) return;
    if (g->swallowed && o->out->swallowed) o->out->swallowed(o->out->world, all[g->swallowed - 1].number, -1);
    if (by && o->out->swallowed) o->out->swallowed(o->out->world, all[by - 1].number, 1);
    g->swallowed = by;
}

static void settle(struct state *s, struct keyed *k, struct group *g, const struct occasion *o)
{
    struct verdict v;
    uint32_t at = find_incident(k, g);
    struct emitted *e = at < k->incidents.len ? &k->incidents.at[at] : NULL;
    judge_group(s, k, g, e, true, &v);
    count_swallowed(k, g, v.swallowed, o);
    if (!is_incident(k, &v)) {
        if (!e) return;
        e->score = v.score;
        tell(s, k, e, INCIDENT_RETRACTED, g, &v, NULL, o);
        drop_incident(s, k, at);
        return;
    }
    if (!e) {
        e = open_incident(s, k, g, o);
        judge_group(s, k, g, e, true, &v);
        tell(s, k, e, INCIDENT_OPEN, g, &v, NULL, o);
        judge_group(s, k, g, e, true, &v);
    }
    uint64_t settled = digest_settled(k, g, &v);
    if (e->is_settled && settled == e->settled) return;
    e->settled = settled;
    group_name(e->match_id, k, g);
    tell(s, k, e, INCIDENT_SETTLED, g, &v, NULL, o);
}

void emit_settled(struct state *s, struct keyed *k, const struct occasion *o)
{
    struct fold *now = keyed_now(k);
    for (uint32_t i = 0; i < k->base.groups.len; i++) {
        struct group *g = groups_at(k->rule->plan, &k->base.groups, i);
        const struct group *later = groups_find(k->rule->plan, &now->groups, g->opened);
        uint32_t at = find_incident(k, g);
        bool is_settled = !g->dirty && (at == k->incidents.len || k->incidents.at[at].is_settled);
        if (is_settled || g->doubt || (later && later->newest > k->committed)) continue;
        g->dirty = false;
        settle(s, k, g, o);
    }
}

static void close_incident(struct state *s, struct keyed *k, struct group *g, bool capped,
                           const struct occasion *o)
{
    struct verdict v;
    uint32_t at = find_incident(k, g);
    if (at == k->incidents.len) return;
    g->capped |= capped;
    judge_group(s, k, g, &k->incidents.at[at], true, &v);
    tell(s, k, &k->incidents.at[at], INCIDENT_CLOSED, g, &v, NULL, o);
    drop_incident(s, k, at);
}

static void remove_group(struct keyed *k, struct fold *f, int64_t opened)
{
    for (uint32_t i = 0; i < f->groups.len; i++)
        if (groups_at(k->rule->plan, &f->groups, i)->opened == opened) {
            groups_remove(k->rule->plan, &f->groups, i);
            return;
        }
}

void emit_closed(struct state *s, struct keyed *k, const struct occasion *o)
{
    for (uint32_t i = 0; i < k->base.groups.len;) {
        struct group *g = groups_at(k->rule->plan, &k->base.groups, i);
        int64_t opened = g->opened;
        if (g->end + k->rule->plan->linger > k->committed) {
            i++;
            continue;
        }
        close_incident(s, k, g, false, o);
        if (k->rule->plan->wait) waiting_drop(s, k, g->end);
        remove_group(k, &k->base, opened);
        remove_group(k, &k->before, opened);
        remove_group(k, &k->after, opened);
        for (uint32_t n = 0; n < k->waypoints.len; n++) remove_group(k, &k->waypoints.at[n].fold, opened);
        gathered_drop(s, k, opened);
        told_drop(s, k, opened);
    }
}

void emit_evicted(struct state *s, struct keyed *k, const struct occasion *o)
{
    struct fold *now = keyed_now(k);
    for (uint32_t i = 0; i < now->groups.len; i++)
        close_incident(s, k, groups_at(k->rule->plan, &now->groups, i), true, o);
}

const char *incident_state_name(enum incident_state s)
{
    static const char *const names[] = {
        [INCIDENT_OPEN] = "open",     [INCIDENT_UPDATED] = "updated",     [INCIDENT_SETTLED] = "settled",
        [INCIDENT_CLOSED] = "closed", [INCIDENT_RETRACTED] = "retracted", [INCIDENT_MERGED] = "merged"};
    return names[s];
}
