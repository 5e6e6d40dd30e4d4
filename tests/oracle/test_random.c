/* test_random.c - random rules as text and random records, from one end to the other: what the public
 * interface gives back against the oracle.
 *
 *   CASES=5000 SEED=1 build/tests/test_random      more cases, from another seed
 *   RULES="where=50" …                              other constructs (construct.def)
 *
 * The records of three principals are written to files: in order into one; and shuffled, with copies, over
 * several. Both are replayed, with one to three threads, and each principal's last revisions must be the
 * oracle's groups. Baselines are answered by past.c. A failing case is shrunk and written as a rule and its
 * records, which `csr replay` reproduces. The same with real records in the place of made ones (real.h).
 */
#include "engine/csr.h"
#include "tests/oracle/compare.h"
#include "tests/oracle/over.h"
#include "tests/oracle/past.h"
#include "tests/oracle/random_files.h"
#include "tests/oracle/real.h"
#include "tests/oracle/spell.h"
#include "tests/oracle/verdict.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TOLD_MOST 256

/* ---- what the oracle says ------------------------------------------------------------------------------ */

/* B11: an event that may not be, of which nobody can tell whose it is. */
static bool lacks_key(const struct a_case *c, uint32_t hit)
{
    uint32_t step = c->hits[hit]->step;
    return c->forbidden >> step & 1 && !case_keys(c, &c->events[c->event_of[hit]], step);
}

/* Answers of the baseline of a step to its events. A value that was withheld is not learnt (B16). */
static void answer_step(const struct a_case *c, uint32_t step, struct oracle_answer *answers)
{
    struct past_record records[EVENTS_MOST];
    const struct ir_baseline *b = &c->past[step];
    struct past past = {.records = records, .keep = b->keep, .warmup = b->warmup, .days = b->days};
    for (uint32_t i = 0; i < c->n_events; i++) {
        const struct event *e = &c->events[i];
        if (!e->is_out && !e->hides_join[0] && e->steps >> step & 1)
            records[past.n++] = (struct past_record){e->second, e->key, e->join[0].hi, 1};
    }
    for (uint32_t h = 0; h < c->n_hits; h++) {
        const struct event *e = &c->events[c->event_of[h]];
        struct past_record asked = {e->second, e->key, e->join[0].hi, 1};
        if (c->hits[h]->step != step) continue;
        bool is_asked = !e->hides_join[0] && !lacks_key(c, h);
        answers[h].by_kind[step] =
            is_asked ? past_answer(&past, &asked, c->rule.asks[step].kind) : value_withheld();
    }
}

/* A gate is over the event's own answers. */
static struct value gate_of(const struct a_case *c, uint32_t hit, const struct oracle_answer *answers)
{
    uint32_t step = c->hits[hit]->step;
    ir_node_id gate = c->rule.steps[step].groups->gate;
    struct oracle_group alone = {.opened = 0};
    struct oracle_case one = {&c->ir, &c->rule, c->hits, NULL, NULL, answers, c->n_hits};
    if (gate == IR_NONE) return value_bool(true);
    alone.gathered[step] = UINT64_C(1) << hit;
    alone.witness[step] = c->hits[hit];
    return verdict_value(&one, &alone, gate);
}

/* B14: what is absent is equal to nothing, so `==` is false of an event that lacks its own side. */
static bool lacks_value(const struct a_case *c, uint32_t hit)
{
    uint32_t step = c->hits[hit]->step;
    for (uint32_t j = 0; j < c->rule.n_joins; j++) {
        const struct ir_join *join = &c->rule.joins[j];
        struct hash128 mine = c->hits[hit]->joins[j];
        if (!join->differs && join->of != step && mine.hi == JOIN_ABSENT.hi && mine.lo == JOIN_ABSENT.lo)
            return true;
    }
    return false;
}

/* Whether the event is none of the step's, is one, or nobody can tell (B14). References apart. */
static enum tri fits_step(const struct a_case *c, uint32_t h, const struct oracle_answer *answers)
{
    const struct event *e = &c->events[c->event_of[h]];
    uint64_t stands = c->required | c->optional | c->forbidden;
    bool taken = c->hits[h]->step == c->taken_step && e->join[0].hi == 1 && !e->hides_join[0];
    struct value gate = gate_of(c, h, answers);
    if (e->is_out || taken || !(stands >> c->hits[h]->step & 1) || lacks_value(c, h)) return TRI_FALSE;
    if (gate.kind != VALUE_UNKNOWN && !verdict_is_true(gate)) return TRI_FALSE;
    return gate.kind == VALUE_UNKNOWN || c->hits[h]->in_doubt ? TRI_UNKNOWN : TRI_TRUE;
}

static void expect(const struct a_case *c, uint32_t key, struct oracle_result *out)
{
    bool active[ORACLE_HITS], unknown[ORACLE_HITS];
    struct oracle_answer *answers = calloc(ORACLE_HITS, sizeof *answers);
    for (uint32_t s = 0; s < c->n_steps; s++) answer_step(c, s, answers);
    for (uint32_t h = 0; h < c->n_hits; h++) {
        bool is_mine = case_keys(c, &c->events[c->event_of[h]], c->hits[h]->step) >> key & 1;
        enum tri fits = fits_step(c, h, answers);
        active[h] = is_mine && fits == TRI_TRUE;
        unknown[h] = is_mine ? fits == TRI_UNKNOWN : fits != TRI_FALSE && lacks_key(c, h);
    }
    oracle_judge(&(struct oracle_case){&c->ir, &c->rule, c->hits, active, unknown, answers, c->n_hits}, out);
    free(answers);
}

static void expect_over(const struct a_case *c, struct a_case *over, uint32_t key,
                        const struct oracle_result groups[OVER_KEYS], struct oracle_result *out)
{
    bool active[ORACLE_HITS], unknown[ORACLE_HITS], fits = over_hits(over, c, key, groups);
    for (uint32_t h = 0; h < over->n_hits; h++) {
        unknown[h] = over->hits[h]->in_doubt;
        active[h] = !unknown[h];
    }
    oracle_judge(
        &(struct oracle_case){&over->ir, &over->rule, over->hits, active, unknown, NULL, over->n_hits}, out);
    out->gave_up |= !fits;
}

/* The rule and those over it, under all of their keys. False: too much for brute force. */
static bool expect_all(const struct a_case *c, struct oracle_result expected[LEVELS][OVER_KEYS])
{
    bool done = true;
    uint32_t level = 0;
    for (uint32_t key = 0; key < KEYS; key++) expect(c, key, &expected[0][key]);
    for (struct a_case *over = c->over; over; over = over->over, level++)
        for (uint32_t key = 0; key < OVER_KEYS; key++)
            expect_over(c, over, key, expected[level], &expected[level + 1][key]);
    for (uint32_t l = 0; l < LEVELS; l++)
        for (uint32_t key = 0; key < OVER_KEYS; key++) done &= !expected[l][key].gave_up;
    return done;
}

/* ---- what the engine says ------------------------------------------------------------------------------ */

struct heard {
    const struct a_case *c;
    const struct delivery *how;
    struct told told[TOLD_MOST]; /* the last revision of each incident */
    uint32_t key[TOLD_MOST];
    uint32_t level[TOLD_MOST]; /* 0: of the case's rule, 1: of the rule over it … */
    uint32_t n;
    uint64_t digest; /* of all lines, in their order */
};

static uint64_t digest_line(uint64_t digest, const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) digest = (digest ^ (unsigned char)line[i]) * UINT64_C(1099511628211);
    return digest;
}

static bool hear_order(void *world, const char *line, size_t len)
{
    uint64_t *digest = world;
    *digest = digest_line(*digest, line, len);
    return true;
}

static void copy_text(char *to, size_t size, const json_t *from)
{
    snprintf(to, size, "%s", json_is_string(from) ? json_string_value(from) : "");
}

static int64_t second_of(const json_t *time)
{
    struct tm parts = {0};
    return strptime(json_string_value(time), "%Y-%m-%dT%H:%M:%SZ", &parts) ? (int64_t)timegm(&parts) : -1;
}

static enum ir_severity severity_of(const char *name)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};
    uint32_t s = IR_INFO;
    while (s < IR_CRITICAL && strcmp(names[s], name) != 0) s++;
    return (enum ir_severity)s;
}

static enum incident_state state_of(const char *name)
{
    static const char *const names[] = {"open", "updated", "settled", "closed", "retracted", "merged"};
    uint32_t s = INCIDENT_OPEN;
    while (s < INCIDENT_MERGED && strcmp(names[s], name) != 0) s++;
    return (enum incident_state)s;
}

static void read_incident(const json_t *j, int64_t shift, struct told *t)
{
    size_t i;
    const json_t *each;
    *t = (struct told){.revision = (uint32_t)json_integer_value(json_object_get(j, "revision"))};
    copy_text(t->id, sizeof t->id, json_object_get(j, "id"));
    copy_text(t->title, sizeof t->title, json_object_get(j, "title"));
    copy_text(t->completing, sizeof t->completing, json_object_get(j, "completing"));
    t->state = state_of(json_string_value(json_object_get(j, "state")));
    t->severity = severity_of(json_string_value(json_object_get(j, "severity")));
    t->score = (int32_t)json_integer_value(json_object_get(j, "score"));
    t->tied = json_is_true(json_object_get(j, "tie"));
    t->blinded = json_is_true(json_object_get(j, "blinded"));
    t->start = second_of(json_object_get(j, "start")) - shift;
    t->opened = second_of(json_object_get(j, "opened")) - shift;
    json_array_foreach(json_object_get(j, "witness"), i, each)
        snprintf(t->witness + strlen(t->witness), sizeof t->witness - strlen(t->witness), "%s ",
                 json_string_value(each));
    json_array_foreach(json_object_get(j, "steps"), i, each)
    {
        uint32_t step = (uint32_t)atoi(json_string_value(json_object_get(each, "name")) + 1);
        t->steps |= UINT64_C(1) << step;
        t->count[step] = (uint64_t)json_integer_value(json_object_get(each, "count"));
    }
}

static uint32_t slot_of(struct heard *h, const char *id)
{
    uint32_t i = 0;
    while (i < h->n && strcmp(h->told[i].id, id) != 0) i++;
    if (i == h->n) h->n++;
    return i;
}

/* The same where the records are real: their callers. */
static int caller_of(const struct a_case *c, const json_t *key)
{
    const char *caller = json_string_value(json_object_get(key, "raw.sourceIPAddress"));
    for (uint32_t i = 0; i < KEYS; i++)
        if (!strcmp(c->caller[i], caller)) return (int)i;
    return -1;
}

static int level_of(const char *rule)
{
    static const char *const names[LEVELS] = {"random", "over", "top"};
    for (int l = 0; l < LEVELS; l++)
        if (!strcmp(rule, names[l])) return l;
    return -1;
}

static const struct a_case *at_level(const struct a_case *c, uint32_t level)
{
    while (c && level--) c = c->over;
    return c;
}

/* The number of the case's principal whose incident it is, or of the value; -1: it is of another rule, or of
 * others. */
static int key_of(const struct heard *h, const json_t *j)
{
    const char *prefix = h->how->telling.user;
    int level = level_of(json_string_value(json_object_get(j, "rule")));
    if (level < 0) return -1;
    if (at_level(h->c, (uint32_t)level)->is_keyed)
        return atoi(json_string_value(json_object_get(json_object_get(j, "key"), "k")) + 1) - 1;
    const json_t *named = json_object_get(json_object_get(j, "key"), "k");
    if (h->c->call[0]) return caller_of(h->c, json_object_get(j, "key"));
    const char *actor = json_string_value(json_object_get(json_object_get(j, "key"), "actor"));
    const char *user = named ? json_string_value(named) : strstr(actor, ":user/") + strlen(":user/");
    return strncmp(user, prefix, strlen(prefix)) ? -1 : atoi(user + strlen(prefix));
}

static bool hear(void *world, const char *line, size_t len)
{
    struct heard *h = world;
    h->digest = digest_line(h->digest, line, len);
    json_t *j = json_loadb(line, len, 0, NULL);
    int key = key_of(h, j);
    uint32_t i = key < 0 ? 0 : slot_of(h, json_string_value(json_object_get(j, "id")));
    if (key >= 0 && i < TOLD_MOST) {
        h->key[i] = (uint32_t)key;
        h->level[i] = (uint32_t)level_of(json_string_value(json_object_get(j, "rule")));
        read_incident(j, h->how->telling.shift, &h->told[i]);
    }
    json_decref(j);
    return i < TOLD_MOST;
}

static bool is_of(const struct heard *h, uint32_t i, uint32_t level, uint32_t key)
{
    return h->key[i] == key && h->level[i] == level;
}

/* Every group that is high enough is one incident that was closed, and nothing else is left. */
static bool same_incidents(uint32_t level, uint32_t key, const struct oracle_result *expected,
                           const struct heard *h, struct complaint *complaint)
{
    const struct a_case *c = at_level(h->c, level);
    uint32_t left = 0, wanted = 0;
    for (uint32_t i = 0; i < h->n; i++)
        left += is_of(h, i, level, key) && h->told[i].state != INCIDENT_RETRACTED &&
                h->told[i].state != INCIDENT_MERGED;
    for (uint32_t i = 0; i < expected->n; i++) {
        const struct oracle_group *g = &expected->groups[i];
        const struct told *found = NULL;
        if (g->score < c->rule.open_at || g->swallowed) continue;
        wanted++;
        for (uint32_t k = 0; k < h->n; k++)
            if (is_of(h, k, level, key) && h->told[k].state == INCIDENT_CLOSED &&
                h->told[k].opened == g->opened)
                found = &h->told[k];
        if (!found) return COMPLAIN("u%u: no incident opened at %ld", key, g->opened - EPOCH);
        if (!same_group(c, g, found, complaint)) return false;
    }
    return left == wanted ? true : COMPLAIN("u%u: %u incidents, expected %u", key, left, wanted);
}

/* ---- a case -------------------------------------------------------------------------------------------- */

enum result { SAME, DIFFERENT, SKIPPED, REFUSED };

struct tally {
    uint32_t matched[LEVELS], blinded, result[4];
    struct construct_counts used;
};

/* Rules that have nothing to do with the case, but for the records that they look at. */
static const char unrelated[] =
    "rule other_one { title \"other\" severity low attack T1078 falsepos \"none\" by actor\n"
    "    on random:Do (truthy(raw.requestParameters.s0)) }\n"
    "rule other_two { title \"other\" severity low attack T1078 falsepos \"none\" by region within 1h\n"
    "    step a: random:Do  step b: random:Do (raw.requestParameters.j0 == a.raw.requestParameters.j0)\n"
    "    match a[2..] -> b  once for 1m }\n";

/* Every line of it, for another number of threads. */
static enum result same_order(const csr_ruleset *rs, const char *folder, unsigned threads, uint64_t digest,
                              struct complaint *complaint)
{
    uint64_t other = 0;
    replay_folder(rs, folder, threads, hear_order, &other);
    if (other == digest) return SAME;
    (void)COMPLAIN("with %u threads the lines are others, or in another order", threads);
    return DIFFERENT;
}

static enum result try_deliveries(const struct a_case *c, uint64_t seed, const csr_ruleset *rs,
                                  const csr_ruleset *with_others, const char *folder,
                                  struct oracle_result expected[LEVELS][OVER_KEYS],
                                  struct complaint *complaint)
{
    struct heard *h = malloc(sizeof *h);
    enum result result = SAME;
    h->c = c;
    for (uint32_t i = 0; i < DELIVERIES && result == SAME; i++) {
        if (!can_deliver(c, &deliveries[i])) continue;
        h->how = &deliveries[i];
        h->n = 0;
        h->digest = 0;
        deliver(c, h->how, &seed, folder);
        unsigned threads = 1 + below(&seed, 3);
        replay_folder(h->how->with_rules ? with_others : rs, folder, threads, hear, h);
        if (i == 1) result = same_order(rs, folder, threads % 3 + 1, h->digest, complaint);
        clear_folder(folder);
        for (uint32_t level = 0; result == SAME && level < LEVELS && at_level(c, level); level++)
            for (uint32_t key = 0; result == SAME && key < OVER_KEYS; key++)
                if (!same_incidents(level, key, &expected[level][key], h, complaint)) result = DIFFERENT;
        if (result == DIFFERENT)
            snprintf(complaint->delivery, sizeof complaint->delivery, "%s", h->how->name);
    }
    free(h);
    return result;
}

static bool has_groups(const struct oracle_result results[OVER_KEYS])
{
    uint32_t groups = 0;
    for (uint32_t key = 0; key < OVER_KEYS; key++) groups += results[key].n;
    return groups > 0;
}

static enum result try_case(const struct a_case *c, uint64_t seed, const char *folder,
                            struct complaint *complaint, struct tally *t)
{
    struct oracle_result(*expected)[OVER_KEYS] = calloc(LEVELS, sizeof *expected);
    enum result result = SAME;
    csr_ruleset *rs = compile_case(c, "", NULL), *with_others = rs ? compile_case(c, unrelated, NULL) : NULL;
    if (rs && !expect_all(c, expected)) result = SKIPPED;
    if (!rs)
        result = REFUSED;
    else if (result == SAME)
        result = try_deliveries(c, seed, rs, with_others, folder, expected, complaint);
    if (t) t->result[result]++;
    for (uint32_t level = 0; t && level < LEVELS; level++) t->matched[level] += has_groups(expected[level]);
    for (uint32_t key = 0; t && key < KEYS; key++)
        for (uint32_t g = 0; g < expected[0][key].n; g++) t->blinded += expected[0][key].groups[g].blinded;
    csr_ruleset_free(rs);
    csr_ruleset_free(with_others);
    free(expected);
    return result;
}

static void print_refusal(const struct a_case *c)
{
    csr_report *r = csr_report_new();
    csr_ruleset_free(compile_case(c, "", r));
    csr_report_print(r, stdout, (struct csr_report_style){0});
    csr_report_free(r);
}

/* ---- shrinking ----------------------------------------------------------------------------------------- */

struct shrinking {
    const char *folder;
    struct complaint *complaint;
};

static bool still_fails(void *world, struct a_case *c, uint64_t seed)
{
    struct shrinking *s = world;
    struct complaint last;
    if (try_case(c, seed, s->folder, &last, NULL) != DIFFERENT) return false;
    *s->complaint = last;
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void print_tally(const struct tally *t, uint64_t cases)
{
    printf("%lu cases, %u with a match (of a rule over it %u, over that %u), %u groups blinded, %u too large "
           "for "
           "brute force, %u refused\n",
           cases, t->matched[0], t->matched[1], t->matched[2], t->blinded, t->result[SKIPPED],
           t->result[REFUSED]);
    for (uint32_t i = 0; i < CONSTRUCTS; i++) printf("%s=%u ", construct_name(i), t->used.rules[i]);
    printf("\n");
}

/* The cases of a run: random records, or stretches of real ones. */
struct course {
    uint64_t first, cases;
    struct switches switches;
    const struct real_records *real; /* NULL: records are made */
    struct tally tally;
    char folder[32];
};

static void make_case(struct course *o, struct a_case *c, uint64_t seed)
{
    case_make(c, seed, &o->switches);
    if (o->real) real_dress(c, o->real);
    for (uint32_t k = 0; k < CONSTRUCTS; k++) o->tally.used.rules[k] += c->uses[k];
}

static void run_one(struct course *o, struct a_case *c, uint64_t number)
{
    struct complaint complaint;
    uint64_t seed = (o->first << 20) + number;
    make_case(o, c, seed);
    enum result result = try_case(c, seed, o->folder, &complaint, &o->tally);
    if (result == REFUSED && getenv("SHOW_REFUSED")) print_refusal(c);
    if (result == DIFFERENT) {
        struct shrinking s = {o->folder, &complaint};
        case_shrink(c, seed, still_fails, &s);
        printf("case %lu (SEED=%lu), %s: %s\n", number, o->first, complaint.delivery, complaint.text);
        case_print(c);
        rmdir(o->folder);
        fail();
    }
    arena_free(c->arena);
}

static void run_course(struct course *o)
{
    struct a_case *c = malloc(sizeof *c);
    strcpy(o->folder, "/tmp/csr-random-XXXXXX");
    o->switches = switches_now();
    o->switches.for_text = true;
    o->first = from_environment("SEED", 20261124);
    assert_non_null(mkdtemp(o->folder));
    for (uint64_t i = 0; i < o->cases; i++) run_one(o, c, i);
    free(c);
    rmdir(o->folder);
    print_tally(&o->tally, o->cases);
    assert_true(o->tally.matched[0] > o->cases / 5);
    assert_true(o->tally.result[SKIPPED] < o->cases / 10 + 1);
    assert_true(o->tally.result[REFUSED] <
                o->cases / 2); /* a switch may be on before its construct can be compiled */
}

static void random_texts_agree_with_brute_force(void **unused)
{
    struct course o = {.cases = from_environment("CASES", 300)};
    (void)unused;
    if (o.cases > 300 && !getenv("SEED"))
        o.cases = 300 + (o.cases - 300) / 20; /* a case costs twenty of test_oracle's */
    run_course(&o);
}

/* The sample that ships, and what lies beside the source tree. */
static void real_records_agree_with_brute_force(void **unused)
{
    const char *shared = getenv("CSR_SHARED") ? getenv("CSR_SHARED") : "../shared";
    struct arena *arena = arena_new(0);
    struct real_records all = {{0}};
    struct course o = {.cases = from_environment("CASES", 300) / 3 + 1, .real = &all};
    (void)unused;
    assert_true(real_read(arena, &all, "docs/sample/stolen-key.ndjson") > 20);
    real_read_folder(arena, &all, arena_printf(arena, "%s/data/cloudtrail/invictus", shared).at);
    real_read_folder(arena, &all, arena_printf(arena, "%s/data/cloudtrail/stratus", shared).at);
    printf("%u real records\n", all.list.len);
    run_course(&o);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_texts_agree_with_brute_force),
                                       cmocka_unit_test(real_records_agree_with_brute_force)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
