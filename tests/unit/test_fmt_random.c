/* Random rule files laid out: the tree stays, comments stay, a second time changes nothing, and how the text
 * was laid out before does not matter. FMT_SEED=n begins elsewhere, FMT_CASES=n makes more of them. */
#include "tests/unit/grammar_fixture.h"
#include "tests/unit/random_rules.h"

#include "grammar/fmt.h"

#define CASES 400

static uint64_t from_environment(const char *name, uint64_t usual)
{
    const char *value = getenv(name);
    return value ? strtoull(value, NULL, 10) : usual;
}

/* cmocka's own messages are short. */
static void failed(const char *why, struct text t, uint64_t seed)
{
    fwrite(t.at, 1, t.len, stderr);
    fail_msg("seed %llu: %s", (unsigned long long)seed, why);
}

/* The tree of a text, and the text laid out. */
struct laid_out {
    struct reading reading;
    char *tree;
    struct text text;
};

static bool seen[AST_KINDS];

static void see(const struct ast *node)
{
    seen[node->kind] = true;
    AST_EACH(kid, node) see(kid);
}

static void lay_out(struct laid_out *l, struct text bytes, uint64_t seed)
{
    reading_init(&l->reading, "random.csr", bytes);
    const struct ast *tree = csr_parse(&l->reading.p, l->reading.file);
    see(tree);
    l->tree = printed_tree(tree);
    if (csr_fmt(&l->reading.p, l->reading.file, &l->text)) return;
    fputs(printed_diags(l->reading.p.diags, (struct diag_style){0}), stderr);
    failed("the text has mistakes", bytes, seed);
}

static void release(struct laid_out *l)
{
    free(l->tree);
    reading_release(&l->reading);
}

static void same(const char *what, struct text one, struct text other, uint64_t seed)
{
    if (text_equal(one, other)) return;
    fwrite(one.at, 1, one.len, stderr);
    fputs("---- the other:\n", stderr);
    failed(what, other, seed);
}

/* No blank ends a line, no two lines are blank, the last one ends. */
static void is_tidy(struct text t, uint64_t seed)
{
    for (uint32_t i = 1; i < t.len; i++) {
        bool is_wrong =
            t.at[i] == '\n' && (t.at[i - 1] == ' ' || (i > 1 && !memcmp(t.at + i - 2, "\n\n", 2)));
        if (is_wrong) failed("it is untidy", t, seed);
    }
    if (t.len) assert_int_equal(t.at[t.len - 1], '\n');
}

/* The comments in their order, without blanks at their ends. */
static struct text comments_of(struct laid_out *l, struct text t)
{
    char *all = arena_alloc(l->reading.arena, t.len + 1);
    uint32_t len = 0;
    for (uint32_t i = 0; i < t.len; i++) {
        if (t.at[i] != '#') continue; /* no string of random_rules.h has one */
        while (i < t.len && t.at[i] != '\n') all[len++] = t.at[i++];
        while (len && (all[len - 1] == ' ' || all[len - 1] == '\r')) len--;
        all[len++] = '\n';
    }
    return (struct text){all, len};
}

static void check_case(uint64_t seed, enum random_style style)
{
    static struct random_text t; /* large; the tests run one after the other */
    struct laid_out first, again;
    if (!random_rules(&t, seed, seed ^ 0x5EED, style)) return;
    struct text bytes = {t.at, (uint32_t)t.len};
    lay_out(&first, bytes, seed);
    lay_out(&again, first.text, seed);
    same("another tree", text_of(first.tree), text_of(again.tree), seed);
    same("a second time changes it", first.text, again.text, seed);
    same("other comments", comments_of(&first, bytes), comments_of(&first, first.text), seed);
    is_tidy(first.text, seed);
    release(&again);
    release(&first);
}

static void check_style(enum random_style style)
{
    uint64_t seed = from_environment("FMT_SEED", 1), cases = from_environment("FMT_CASES", CASES);
    for (uint64_t i = 0; i < cases; i++) check_case(seed + i, style);
}

static void plain_texts(void **state)
{
    (void)state;
    check_style(RANDOM_PLAIN);
}

static void wild_texts(void **state)
{
    (void)state;
    check_style(RANDOM_WILD);
}

static void texts_with_comments(void **state)
{
    (void)state;
    check_style(RANDOM_COMMENTS);
}

/* The same words, parted in another way. */
static void one_layout(void **state)
{
    (void)state;
    static struct random_text t;
    uint64_t seed = from_environment("FMT_SEED", 1), cases = from_environment("FMT_CASES", CASES);
    for (uint64_t i = seed; i < seed + cases; i++) {
        struct laid_out one, other;
        if (!random_rules(&t, i, 1, RANDOM_PLAIN)) continue;
        lay_out(&one, (struct text){t.at, (uint32_t)t.len}, i);
        assert_true(random_rules(&t, i, 2, RANDOM_PLAIN));
        lay_out(&other, (struct text){t.at, (uint32_t)t.len}, i);
        same("it matters how it was laid out", one.text, other.text, i);
        release(&one);
        release(&other);
    }
}

/* A construct that random_rules.h does not know is not tested here. */
static void every_kind_occurred(void **state)
{
    (void)state;
    for (int kind = 0; kind < AST_KINDS; kind++)
        if (!seen[kind] && kind != AST_WRONG) fail_msg("no random file has a `%s`", ast_kind_name(kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_texts),
        cmocka_unit_test(wild_texts),
        cmocka_unit_test(texts_with_comments),
        cmocka_unit_test(one_layout),
        cmocka_unit_test(every_kind_occurred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
