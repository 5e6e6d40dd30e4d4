/* test_patterns.c - patterns matched together mean what they mean alone; regular expressions; the cache of
 * databases.
 *
 * The oracle of globs and plain texts is the evaluator without databases.
 */
#include "engine/compile/compile.h"
#include "engine/match/match.h"
#include "engine/match/text.h"
#include "grammar/base/diag.h"
#include "tests/unit/folder.h"

#include <dirent.h>
#include <hs/hs_common.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- a rule set, and an event of it -------------------------------------------------------------------- */

struct bench {
    struct arena *arena;
    struct ir *ir;
    struct diags *diags;
    struct decoder *decoder;
    struct text_plan *texts;
    struct text_matcher *matcher;
    struct value *slots;
    struct scratch scratch;
    struct eval eval, plain; /* with databases and without */
};

static void eval_ready(struct bench *b, struct eval *e)
{
    eval_init(e, b->ir, &b->scratch, ARENA_ARRAY(b->arena, struct value, b->ir->n_nodes),
              ARENA_ARRAY(b->arena, uint32_t, b->ir->n_nodes));
}

static struct bench *bench_try(const char *rules, const char *cache)
{
    struct bench *b = calloc(1, sizeof *b);
    struct sources sources;
    bool unreadable;
    b->arena = arena_new(0);
    struct compile_text text = {TEXT("test.csr"), text_of(rules)};
    struct compile_input input = {.texts = &text, .n_texts = 1, .without_lints = true, .cache = cache};
    b->ir = csr_compile_ir(b->arena, &input, &sources, &b->diags, &unreadable);
    return b;
}

static struct bench *bench_new(const char *rules, const char *cache)
{
    static const uint64_t secret[2] = {1, 2};
    struct bench *b = bench_try(rules, cache);
    if (!b->ir) {
        diags_print(b->diags, stderr, (struct diag_style){0});
        fail_msg("the rules do not compile");
    }
    b->decoder = decoder_new(b->ir);
    b->texts = text_plan_new(b->ir, secret);
    b->matcher = text_matcher_new(b->texts);
    b->slots = ARENA_ARRAY(b->arena, struct value, b->ir->n_slots);
    b->scratch = (struct scratch){arena_alloc(b->arena, 1u << 20), 0, 1u << 20};
    eval_ready(b, &b->eval);
    eval_ready(b, &b->plain);
    b->eval.patterns = text_matcher_answers(b->matcher);
    return b;
}

static void bench_free(struct bench *b)
{
    text_matcher_free(b->matcher);
    text_plan_free(b->texts);
    decoder_free(b->decoder);
    arena_free(b->arena);
    free(b);
}

/* Both evaluators look at {"s": …, "l": […]}, whose values are JSON. */
static void look_at(struct bench *b, const char *s, const char *l)
{
    static struct event event; /* read while the evaluators are, like the record */
    static char record[4096];
    snprintf(record, sizeof record,
             "{\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"X\",\"eventTime\":\"2026-03-01T12:00:"
             "00Z\",\"s\":%s,\"l\":%s}",
             s, l);
    event = (struct event){.slots = b->slots};
    b->scratch.len = 0;
    text_matcher_forget(b->matcher);
    struct text t = text_of(record);
    assert_int_equal(decode_event(b->decoder, &b->plain, t, &event), ASIDE_NONE);
    size_t len = b->scratch.len;
    b->scratch.len = (len + 7) & ~(size_t)7;
    eval_reset(&b->eval);
    b->eval.leaf = b->plain.leaf;
    b->eval.world = b->plain.world;
    b->eval.schema = b->plain.schema;
}

/* The test of the first step's only group of a rule. */
static ir_node_id test_of(const struct bench *b, uint32_t rule)
{
    return b->ir->rules[rule].steps[0].groups[0].test;
}

/* ---- rules out of predicates --------------------------------------------------------------------------- */

struct rule_text {
    char at[1 << 16];
    size_t len;
    uint32_t rules;
};

static void source_begin(struct rule_text *s)
{
    s->rules = 0;
    s->len = (size_t)sprintf(s->at, "use aws\n");
}

static void source_add(struct rule_text *s, const char *predicate)
{
    s->len += (size_t)sprintf(s->at + s->len, "rule r%u { title \"t\" severity low on * (%s) }\n", s->rules++,
                              predicate);
}

/* ---- together and alone -------------------------------------------------------------------------------- */

static uint32_t rnd(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*seed >> 33) % below;
}

/* Few letters, so that much fits. Bytes that a careless translation of globs would trip over. */
static size_t random_text(uint64_t *seed, uint32_t most, bool with_stars, char *out)
{
    static const char *const pieces[] = {"a",   "b", "A", "B",        "ab", ".", "\\\\",
                                         "\\n", "(", "+", "\xc3\xa9", "$",  "^", "a"};
    static const char *const stars[] = {"*", "*", "**"};
    char *to = out;
    for (uint32_t n = rnd(seed, most + 1); n; n--)
        to += sprintf(to, "%s",
                      with_stars && !rnd(seed, 3) ? stars[rnd(seed, COUNT(stars))]
                                                  : pieces[rnd(seed, COUNT(pieces))]);
    *to = 0;
    return (size_t)(to - out);
}

static void random_pattern(uint64_t *seed, bool stars, char *out)
{
    char t[64];
    random_text(seed, 5, stars, t);
    sprintf(out, "\"%s\"%s", t, rnd(seed, 4) ? "" : "i");
}

static void random_predicate(uint64_t *seed, char *out)
{
    static const char *const ops[] = {"like", "contains", "starts", "ends"};
    uint32_t op = rnd(seed, 4);
    char one[80], two[80];
    random_pattern(seed, op == 0, one);
    random_pattern(seed, op == 0, two);
    const char *subject = rnd(seed, 4) ? "raw.s" : "raw.l[]";
    if (rnd(seed, 3))
        sprintf(out, "%s %s %s", subject, ops[op], one);
    else
        sprintf(out, "%s %s { %s, %s }", subject, ops[op], one, two);
}

static void test_together_as_alone(void **state)
{
    (void)state;
    struct rule_text *source = malloc(sizeof *source);
    uint64_t seed = 7;
    uint32_t answered = 0, held = 0;
    for (int round = 0; round < 4; round++) {
        source_begin(source);
        for (int i = 0; i < 120; i++) {
            char predicate[256];
            random_predicate(&seed, predicate);
            source_add(source, predicate);
        }
        struct bench *b = bench_new(source->at, NULL);
        for (int i = 0; i < 60; i++) {
            char one[80], two[80], s[100], l[200];
            random_text(&seed, 8, false, one);
            random_text(&seed, 8, false, two);
            sprintf(s, "\"%s\"", one);
            sprintf(l, "[\"%s\",\"%s\",7]", one, two);
            look_at(b, s, l);
            for (uint32_t r = 0; r < source->rules; r++) {
                enum tri together = eval_test(&b->eval, test_of(b, r)),
                         alone = eval_test(&b->plain, test_of(b, r));
                if (together != alone) {
                    print_error("%s", source->at);
                    fail_msg("r%u with %s and %s", r, s, l);
                }
                answered += b->eval.patterns->answers[test_of(b, r)];
                held += alone == TRI_TRUE;
            }
        }
        bench_free(b);
    }
    assert_true(answered > 10000 && held > 5000); /* the test tests something */
    free(source);
}

/* ---- regular expressions ------------------------------------------------------------------------------- */

static const struct {
    const char *predicate, *s, *l;
    enum tri holds;
} regexes[] = {
    {"raw.s ~ /b+c/", "\"abbcd\"", "[]", TRI_TRUE},
    {"raw.s ~ /^b+c/", "\"abbcd\"", "[]", TRI_FALSE},
    {"raw.s ~ /B+C/", "\"abbcd\"", "[]", TRI_FALSE},
    {"raw.s ~ /B+C/i", "\"abbcd\"", "[]", TRI_TRUE},
    {"raw.s ~ /^a\\/b$/", "\"a/b\"", "[]", TRI_TRUE},
    {"raw.s ~ /^.$/", "\"\xc3\xa9\"", "[]", TRI_TRUE}, /* a character, not a byte */
    {"raw.s ~ /a.b/", "\"a\\nb\"", "[]", TRI_FALSE},
    {"raw.s ~ /(?s)a.b/", "\"a\\nb\"", "[]", TRI_TRUE},
    {"raw.s ~ /[0-9]{1,3}(\\.[0-9]{1,3}){3}/", "\"x 10.0.0.1\"", "[]", TRI_TRUE},
    {"raw.s ~ /^x/", "7", "[]", TRI_FALSE},
    {"raw.s ~ /^x/", "null", "[]", TRI_FALSE},
    {"raw.s ~ /^x/", "\"HIDDEN_DUE_TO_SECURITY_REASONS\"", "[]", TRI_UNKNOWN},
    {"not raw.s ~ /^x/", "\"HIDDEN_DUE_TO_SECURITY_REASONS\"", "[]", TRI_UNKNOWN},
    {"raw.missing ~ /^x/", "1", "[]", TRI_FALSE},
    {"not raw.missing ~ /^x/", "1", "[]", TRI_TRUE},
    {"raw.l[] ~ /^x/", "1", "[\"a\",\"xy\"]", TRI_TRUE},
    {"raw.l[] ~ /^x/", "1", "[\"a\",\"HIDDEN_DUE_TO_SECURITY_REASONS\"]", TRI_UNKNOWN},
    {"any i in raw.l[] (i.k ~ /^x/ and i.n == 2)", "1", "[{\"k\":\"x\",\"n\":1},{\"k\":\"y\",\"n\":2}]",
     TRI_FALSE},
    {"any i in raw.l[] (i.k ~ /^x/ and i.n == 2)", "1", "[{\"k\":\"x\",\"n\":1},{\"k\":\"xx\",\"n\":2}]",
     TRI_TRUE},
    {"all i in raw.l[] (i ~ /^x/)", "1", "[\"x1\",\"x2\"]", TRI_TRUE},
    {"all i in raw.l[] (i ~ /^x/)", "1", "[\"x1\",\"y2\"]", TRI_FALSE},
    {"lower(raw.s) ~ /^root$/", "\"ROOT\"", "[]", TRI_TRUE},
    {"json(raw.s).a ~ /^q/", "\"{\\\"a\\\":\\\"qq\\\"}\"", "[]", TRI_TRUE},
    {"raw.s ~ /^aaab/", "\"aaab\"", "[]", TRI_TRUE},
};

static void test_regexes(void **state)
{
    (void)state;
    struct rule_text *source = malloc(sizeof *source);
    source_begin(source);
    for (size_t i = 0; i < COUNT(regexes); i++) source_add(source, regexes[i].predicate);
    struct bench *b = bench_new(source->at, NULL);
    for (size_t i = 0; i < COUNT(regexes); i++) {
        look_at(b, regexes[i].s, regexes[i].l);
        enum tri holds = eval_test(&b->eval, test_of(b, (uint32_t)i));
        if (holds != regexes[i].holds)
            fail_msg("%s with %s and %s is %d", regexes[i].predicate, regexes[i].s, regexes[i].l, holds);
    }
    bench_free(b);
    free(source);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"(a)\\1", "(?=a)b", "a*",
                                        "[",      "a{600}", "((a{9}b){9}c){9}",
                                        "(a",     "\\Kx",   "a.{0,160}b.{0,160}c.{0,160}d"};
    static const char *const right[] = {"a{512}",  "((a{9}b){5}c){9}", "[]{600}]x",
                                        "\\{600}", "a{,600}x{z}",      "^$"};
    char rules[4096];
    for (size_t i = 0; i < COUNT(wrong) + COUNT(right); i++) {
        bool is_wrong = i < COUNT(wrong);
        const char *regex = is_wrong ? wrong[i] : right[i - COUNT(wrong)];
        snprintf(rules, sizeof rules, "use aws\nrule r { title \"t\" severity low on * (agent ~ /%s/) }\n",
                 regex);
        struct bench *b = bench_try(rules, NULL);
        if (is_wrong != !b->ir) fail_msg("/%s/", regex);
        if (is_wrong) assert_int_equal(diags_errors(b->diags), 1);
        arena_free(b->arena);
        free(b);
    }
}

/* One bad regular expression among good patterns, which are matched nevertheless when it is the only
 * complaint. */
static void test_bad_among_good(void **state)
{
    (void)state;
    struct rule_text *source = malloc(sizeof *source);
    source_begin(source);
    for (int i = 0; i < 20; i++) source_add(source, "agent like \"*curl*\"");
    source_add(source, "agent ~ /(x)\\1/");
    source_add(source, "agent ~ /(y)\\1/");
    struct bench *b = bench_try(source->at, NULL);
    assert_null(b->ir);
    assert_int_equal(diags_errors(b->diags), 2);
    arena_free(b->arena);
    free(b);
    free(source);
}

/* ---- what is remembered -------------------------------------------------------------------------------- */

static void test_recurring(void **state)
{
    (void)state;
    struct bench *b = bench_new("use aws\nrule r0 { title \"t\" severity low on * (raw.s ~ /a1/) }\n"
                                "rule r1 { title \"t\" severity low on * (raw.s ~ /a2$/) }\n",
                                NULL);
    char s[32];
    uint32_t held = 0;
    for (int i = 0; i < 1000; i++) {
        sprintf(s, "\"a%d\"", i % 10);
        look_at(b, s, "[]");
        held += eval_test(&b->eval, test_of(b, 0)) == TRI_TRUE;
        held += eval_test(&b->eval, test_of(b, 1)) == TRI_TRUE;
    }
    assert_int_equal(held, 200);
    struct text_counts counts = text_matcher_count(b->matcher);
    assert_int_equal(counts.scanned, 10);
    assert_int_equal(counts.recalled, 990);
    for (int i = 0; i < 20000; i++) { /* nothing comes twice */
        sprintf(s, "\"a2%d\"", i);
        look_at(b, s, "[]");
        assert_int_equal(eval_test(&b->eval, test_of(b, 0)), TRI_FALSE);
    }
    assert_true(text_matcher_count(b->matcher).bypassed > 10000);
    bench_free(b);
}

/* More tests hold of one text than a remembered result has room for. */
static void test_many_hold(void **state)
{
    (void)state;
    struct rule_text *source = malloc(sizeof *source);
    source_begin(source);
    for (int i = 0; i < 50; i++) {
        char predicate[64];
        sprintf(predicate, "raw.s ~ /a{%d}/", i + 1);
        source_add(source, predicate);
    }
    struct bench *b = bench_new(source->at, NULL);
    for (int round = 0; round < 3; round++)
        for (int n = 1; n <= 50; n++) {
            char s[64] = "\"";
            memset(s + 1, 'a', (size_t)n);
            strcpy(s + 1 + n, "\"");
            look_at(b, s, "[]");
            for (int i = 0; i < 50; i++)
                assert_int_equal(eval_test(&b->eval, test_of(b, (uint32_t)i)), i < n ? TRI_TRUE : TRI_FALSE);
        }
    bench_free(b);
    free(source);
}

/* ---- the cache ----------------------------------------------------------------------------------------- */

/* The files of the folder; *one is the path of the last. */
static int files_in(const char *folder, char one[4096])
{
    int n = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (*e->d_name == '.') continue;
        snprintf(one, 4096, "%s/%s", folder, e->d_name);
        n++;
    }
    if (dir) closedir(dir);
    return n;
}

static const char cached_rule[] = "use aws\nrule r { title \"t\" severity low on * (raw.s ~ /^x[0-9]+$/) }\n";

static void expect_works(const char *folder)
{
    struct bench *b = bench_new(cached_rule, folder);
    look_at(b, "\"x12\"", "[]");
    assert_int_equal(eval_test(&b->eval, test_of(b, 0)), TRI_TRUE);
    look_at(b, "\"x12y\"", "[]");
    assert_int_equal(eval_test(&b->eval, test_of(b, 0)), TRI_FALSE);
    bench_free(b);
}

static void overwrite(const char *path, long at, const char *bytes)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    fputs(bytes, f);
    fclose(f);
}

static void test_cache(void **state)
{
    (void)state;
    struct folder root = folder_new();
    char path[4096], other[4096];
    const char *folder = folder_at(&root, "deep/csr");
    struct stat first, again;
    expect_works(folder);
    assert_int_equal(files_in(folder, path), 1);
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(first.st_mode & 077, 0);

    expect_works(folder); /* read */
    assert_int_equal(stat(path, &again), 0);
    assert_true(again.st_ino == first.st_ino);

    static const long places[] = {0, 9, 40, 200}; /* damaged: ignored, and written anew */
    for (size_t i = 0; i < COUNT(places); i++) {
        overwrite(path, places[i], "damage");
        FILE *held = fopen(path, "r"); /* so that no other file gets its number */
        assert_int_equal(stat(path, &first), 0);
        expect_works(folder);
        assert_int_equal(files_in(folder, other), 1);
        assert_int_equal(stat(path, &again), 0);
        assert_true(again.st_ino != first.st_ino);
        fclose(held);
    }
    assert_int_equal(truncate(path, 10), 0);
    expect_works(folder);
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(again.st_size, first.st_size);

    assert_int_equal(chmod(path, 0666), 0); /* anybody may have written it */
    expect_works(folder);
    assert_int_equal(stat(path, &again), 0);
    assert_int_equal(again.st_mode & 022, 0);
    folder_remove(&root);
}

/* No folder, one that cannot be made, one that is a file: no error. */
static void test_no_cache(void **state)
{
    (void)state;
    struct folder root = folder_new();
    file_text(folder_at(&root, "file"), "");
    expect_works(NULL);
    expect_works(folder_at(&root, "file"));
    expect_works(folder_at(&root, "file/below"));
    expect_works("/proc/nothing/here");
    folder_remove(&root);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static uint64_t hs_allocs, hs_fail_at;

static void *hs_alloc_counted(size_t size)
{
    return ++hs_allocs == hs_fail_at ? NULL : malloc(size);
}

/* True if the compile came to its end although the n-th allocation failed. */
static bool compiles_with_failure(struct arena *arena, const struct compile_input *input, uint64_t n,
                                  bool of_hyperscan)
{
    struct sources sources;
    struct diags *diags;
    bool unreadable;
    if (setjmp(*arena_escape(arena))) return false;
    hs_allocs = 0;
    hs_fail_at = of_hyperscan ? n : 0;
    if (!of_hyperscan) arena_fail_at(arena, n);
    struct ir *ir = csr_compile_ir(arena, input, &sources, &diags, &unreadable);
    assert_int_equal(diags_errors(diags), input->without_patterns);
    return (ir || input->without_patterns) && (!of_hyperscan || hs_allocs < n);
}

/* Every allocation fails once, of the arena and of what Hyperscan asks for: the compile ends, by the escape
 * or with a rule set, and nothing is lost. The second rule set has an expression that is looked at by itself.
 */
static void test_no_memory(void **state)
{
    (void)state;
    static const char good[] =
        "use aws\nrule r { title \"t\" severity low severity high if agent ~ /q/ on * (agent ~ /x+y/ "
        "and any s in statements(req.d)[] (s.actions[] grants \"a:B\" and json(req.d).x ~ /^z/)) }\n";
    static const char bad[] = "use aws\nrule r { title \"t\" severity low on * (agent ~ /x*/) }\n";
    struct folder root = folder_new();
    hs_set_allocator(hs_alloc_counted, free);
    for (int i = 0; i < 4; i++) {
        struct compile_text text = {text_of("test.csr"), text_of(i & 1 ? bad : good)};
        struct compile_input input = {.texts = &text,
                                      .n_texts = 1,
                                      .without_lints = true,
                                      .without_patterns = i & 1,
                                      .cache = folder_at(&root, "cache")};
        bool finished = false;
        for (uint64_t n = 1; !finished; n++) {
            struct arena *arena = arena_new(0);
            finished = compiles_with_failure(arena, &input, n, i & 2);
            arena_free(arena);
            assert_true(n < 1000);
        }
    }
    hs_set_allocator(NULL, NULL);
    folder_remove(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together_as_alone),
        cmocka_unit_test(test_regexes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bad_among_good),
        cmocka_unit_test(test_recurring),
        cmocka_unit_test(test_many_hold),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_no_cache),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
