/* text.c - see text.h.
 *
 * What a text gave is a set of test numbers. The set of the text at hand is kept as a mark at each number, so
 * that asking for one is a look; the table keeps it as a short list. A set that is larger than RESULT_MOST is
 * not remembered.
 *
 * Invariants
 * 1. A group's marks hold for its `at`, `len` and `event` alone.
 * 2. The table knows texts by a keyed hash of 128 bits: whoever writes logs cannot make two texts share one.
 */
#include "engine/match/text.h"

#include <assert.h>
#include <hs/hs_runtime.h>
#include <stdlib.h>

#define SETS        1024u /* of the table */
#define WAYS        4u
#define RESULT_MOST 13
#define EPOCH       4096u  /* asked of the table between two judgements */
#define BYPASS      65536u /* texts that pass it by when fewer than an eighth recurred */

struct answered_by {
    uint32_t group; /* ir->patterns; IR_NONE: the test is not answered here */
    uint32_t number;
};

struct text_plan {
    const struct ir *ir;
    uint64_t secret[2];
    struct answered_by *answered; /* [n_nodes] */
    bool *answers;                /* [n_nodes] */
};

/* What the patterns of one database gave for one text. */
struct group {
    const char *at;
    uint32_t len;
    uint64_t event;
    uint32_t stamp;
    uint32_t *marks; /* [n_tests]: the test holds if its mark is the stamp */
};

struct result {
    struct hash128 key; /* zero: none */
    uint16_t n;
    uint16_t tests[RESULT_MOST];
};

struct text_matcher {
    const struct text_plan *plan;
    struct pattern_matching answers;
    struct hs_scratch *scratch;
    struct group *groups;  /* [ir->n_patterns] */
    struct group *scanned; /* the one at hand */
    struct result found;
    bool is_too_many; /* found is not all */
    uint64_t event;
    struct result *table; /* [SETS * WAYS] */
    uint32_t turn;        /* which way of a set goes next */
    uint32_t asked, recalled, to_bypass;
    struct text_counts counts;
};

_Static_assert(IR_PATTERNS_MOST <= UINT16_MAX, "a result holds numbers of tests");

static void *zeroed(size_t n, size_t size)
{
    void *at = calloc(n ? n : 1, size);
    if (!at) abort();
    return at;
}

/* ---- the plan ------------------------------------------------------------------------------------------ */

struct text_plan *text_plan_new(const struct ir *ir, const uint64_t secret[2])
{
    struct text_plan *p = zeroed(1, sizeof *p);
    *p = (struct text_plan){.ir = ir, .secret = {secret[0], secret[1]}};
    if (!ir->n_patterns) return p;
    p->answered = zeroed(ir->n_nodes, sizeof *p->answered);
    p->answers = zeroed(ir->n_nodes, sizeof *p->answers);
    for (uint32_t g = 0; g < ir->n_patterns; g++)
        for (uint32_t i = 0; i < ir->patterns[g].n_tests; i++) {
            ir_node_id test = ir->patterns[g].tests[i];
            p->answered[test] = (struct answered_by){g, i};
            p->answers[test] = true;
        }
    return p;
}

void text_plan_free(struct text_plan *p)
{
    if (!p) return;
    free(p->answered);
    free(p->answers);
    free(p);
}

/* ---- the table ----------------------------------------------------------------------------------------- */

static struct hash128 key_of(const struct text_matcher *m, uint32_t group, struct text t)
{
    struct hash128 key = hash_128(m->plan->secret, t.at, t.len);
    key.hi ^= (group + 1) * UINT64_C(0x9e3779b97f4a7c15);
    if (!key.hi && !key.lo) key.lo = 1;
    return key;
}

static struct result *set_of(const struct text_matcher *m, struct hash128 key)
{
    return &m->table[(key.lo % SETS) * WAYS];
}

static const struct result *recall(const struct text_matcher *m, struct hash128 key)
{
    const struct result *set = set_of(m, key);
    for (uint32_t i = 0; i < WAYS; i++)
        if (hash128_equal(set[i].key, key)) return &set[i];
    return NULL;
}

/* Is it worth asking? */
static void judge(struct text_matcher *m)
{
    if (m->asked < EPOCH) return;
    if (m->recalled < EPOCH / 8) m->to_bypass = BYPASS;
    m->asked = m->recalled = 0;
}

/* ---- a text -------------------------------------------------------------------------------------------- */

static int on_match(unsigned test, unsigned long long from, unsigned long long to, unsigned flags,
                    void *world)
{
    struct text_matcher *m = world;
    (void)from, (void)to, (void)flags;
    if (m->scanned->marks[test] == m->scanned->stamp) return 0; /* one of several patterns of a list */
    m->scanned->marks[test] = m->scanned->stamp;
    if (m->found.n == RESULT_MOST)
        m->is_too_many = true;
    else
        m->found.tests[m->found.n++] = (uint16_t)test;
    return 0;
}

static void scan(struct text_matcher *m, uint32_t group, struct text t)
{
    m->scanned = &m->groups[group];
    m->found.n = 0;
    m->is_too_many = false;
    hs_error_t result =
        hs_scan(m->plan->ir->patterns[group].database, t.at ? t.at : "", t.len, 0, m->scratch, on_match, m);
    assert(result == HS_SUCCESS);
    (void)result;
    m->counts.scanned++;
}

/* Forgets what the marks say. */
static void next_stamp(struct text_matcher *m, uint32_t group)
{
    struct group *g = &m->groups[group];
    if (++g->stamp) return;
    memset(g->marks, 0, m->plan->ir->patterns[group].n_tests * sizeof *g->marks);
    g->stamp = 1;
}

static void look_at(struct text_matcher *m, uint32_t group, struct text t)
{
    struct group *g = &m->groups[group];
    next_stamp(m, group);
    if (m->to_bypass) {
        m->to_bypass--;
        m->counts.bypassed++;
        scan(m, group, t);
        return;
    }
    struct hash128 key = key_of(m, group, t);
    const struct result *known = recall(m, key);
    m->asked++;
    if (known) {
        m->recalled++;
        m->counts.recalled++;
        for (uint32_t i = 0; i < known->n; i++) g->marks[known->tests[i]] = g->stamp;
    } else {
        scan(m, group, t);
        m->found.key = key;
        if (!m->is_too_many) set_of(m, key)[m->turn++ % WAYS] = m->found;
    }
    judge(m);
}

static bool holds(void *world, ir_node_id test, struct text t)
{
    struct text_matcher *m = world;
    struct answered_by by = m->plan->answered[test];
    struct group *g = &m->groups[by.group];
    if (g->event != m->event || g->at != t.at || g->len != t.len) {
        look_at(m, by.group, t);
        g->event = m->event;
        g->at = t.at;
        g->len = t.len;
    }
    return g->marks[by.number] == g->stamp;
}

/* ---- life ---------------------------------------------------------------------------------------------- */

struct text_matcher *text_matcher_new(const struct text_plan *p)
{
    const struct ir *ir = p->ir;
    struct text_matcher *m = zeroed(1, sizeof *m);
    m->plan = p;
    m->event = 1;
    m->answers = (struct pattern_matching){m, p->answers, holds};
    if (!ir->n_patterns) return m;
    m->groups = zeroed(ir->n_patterns, sizeof *m->groups);
    m->table = zeroed(SETS * WAYS, sizeof *m->table);
    for (uint32_t g = 0; g < ir->n_patterns; g++) {
        m->groups[g].marks = zeroed(ir->patterns[g].n_tests, sizeof *m->groups[g].marks);
        if (hs_alloc_scratch(ir->patterns[g].database, &m->scratch) != HS_SUCCESS) abort();
    }
    return m;
}

void text_matcher_free(struct text_matcher *m)
{
    if (!m) return;
    for (uint32_t g = 0; m->groups && g < m->plan->ir->n_patterns; g++) free(m->groups[g].marks);
    free(m->groups);
    free(m->table);
    if (m->scratch) hs_free_scratch(m->scratch);
    free(m);
}

const struct pattern_matching *text_matcher_answers(const struct text_matcher *m)
{
    return m->plan->answers ? &m->answers : NULL;
}

void text_matcher_forget(struct text_matcher *m)
{
    m->event++;
}

struct text_counts text_matcher_count(const struct text_matcher *m)
{
    return m->counts;
}
