/* pattern.c - patterns that are put to the same value, made one Hyperscan database.
 *
 * Ten thousand rules ask a few fields a few thousand questions. Asked one by one each costs a walk over the
 * text; a database answers all in one. But only the tests of rules that want the event are asked at all, and
 * making a small database costs a tenth of a second: so globs go into one where a value has PATTERNS_LEAST of
 * them. Regular expressions always do, because nothing else matches them. Exact texts never come here: they
 * are compared.
 *
 * Globs and plain texts become expressions over bytes, which mean what engine/base/glob.h means; regular
 * expressions are over characters. A pattern that holds of every text ("*") is left to the evaluator.
 *
 * Making a large database takes seconds, so it is kept on disk (pattern_cache.c) under a digest of all that
 * goes into it: the expressions, Hyperscan's version and the kind of processor.
 *
 * Invariants
 * 1. A database is a guest of the arena: it goes with the rule set, also when memory runs out on the way.
 * 2. A test that is in no database is decided by the evaluator, but a REGEX: that was reported.
 */
#include "engine/base/hash.h"
#include "engine/compile/compiler.h"
#include "engine/compile/pattern_cache.h"

#include <hs/hs_compile.h>
#include <stdlib.h>

#define PATTERNS_LEAST 32
#define GLOB_LEN_MOST  2000 /* a longer one is matched alone */

/* ---- expressions --------------------------------------------------------------------------------------- */

struct expression {
    const char *text;
    unsigned flags;
    unsigned test; /* number in the database */
};

struct expressions ARENA_VEC(struct expression);

struct spelling {
    struct arena *arena;
    struct ARENA_VEC(char) out;
};

static void spell(struct spelling *s, const char *words)
{
    for (; *words; words++) *ARENA_PUSH(s->arena, s->out) = *words;
}

static void spell_byte(struct spelling *s, char byte)
{
    static const char digits[] = "0123456789abcdef";
    bool plain = (text_lower(byte) >= 'a' && text_lower(byte) <= 'z') || (byte >= '0' && byte <= '9');
    char escaped[5] = {'\\', 'x', digits[(unsigned char)byte >> 4], digits[byte & 15], 0};
    spell(s, plain ? (char[]){byte, 0} : escaped);
}

/* "a*b" as \Aa.*b\z; stars at the ends only take the anchors away. */
static void spell_glob(struct spelling *s, struct text glob)
{
    bool open_start = glob.at[0] == '*', open_end = glob.at[glob.len - 1] == '*';
    bool was_star = false;
    while (glob.len && glob.at[0] == '*') glob.at++, glob.len--;
    while (glob.len && glob.at[glob.len - 1] == '*') glob.len--;
    if (!open_start) spell(s, "\\A");
    for (uint32_t i = 0; i < glob.len; i++) {
        bool star = glob.at[i] == '*';
        if (star && !was_star) spell(s, ".*");
        if (!star) spell_byte(s, glob.at[i]);
        was_star = star;
    }
    if (!open_end) spell(s, "\\z");
}

static void spell_text(struct spelling *s, enum ir_op op, struct text t)
{
    if (op == IR_OP_LIKE) {
        spell_glob(s, t);
        return;
    }
    if (op == IR_OP_STARTS) spell(s, "\\A");
    for (uint32_t i = 0; i < t.len; i++) spell_byte(s, t.at[i]);
    if (op == IR_OP_ENDS) spell(s, "\\z");
}

static void add_text(struct arena *a, struct expressions *out, enum ir_op op, struct value v, unsigned test)
{
    struct spelling s = {.arena = a};
    spell_text(&s, op, value_text(v));
    *ARENA_PUSH(a, s.out) = 0;
    *ARENA_PUSH(a, *out) = (struct expression){
        s.out.at, HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL | (v.nocase ? HS_FLAG_CASELESS : 0u), test};
}

static struct expression of_regex(struct arena *a, struct text regex, bool nocase, unsigned test)
{
    return (struct expression){arena_text(a, regex.at, regex.len).at,
                               HS_FLAG_SINGLEMATCH | HS_FLAG_UTF8 | (nocase ? HS_FLAG_CASELESS : 0u), test};
}

/* ---- which tests --------------------------------------------------------------------------------------- */

/* Constants that a test compares with: one, or those of a list. None: they are not known now. */
struct constants {
    const struct value *at;
    uint32_t len;
};

static struct constants constants_of(const struct ir *ir, const struct ir_node *test)
{
    const struct ir_node *right = &ir->nodes[ir->operands[test->first + 1]];
    if (right->op == IR_OP_CONST) return (struct constants){&ir->constants[right->x], 1};
    if (right->op != IR_OP_LIST) return (struct constants){NULL, 0};
    return (struct constants){ir->lists[right->x].values, ir->lists[right->x].len};
}

static bool is_trivial(enum ir_op op, struct text t)
{
    uint32_t stars = 0;
    while (op == IR_OP_LIKE && stars < t.len && t.at[stars] == '*') stars++;
    return stars == t.len;
}

/* A text that must be equal, said with `like`. */
static bool is_exact(enum ir_op op, struct text t)
{
    return op == IR_OP_LIKE && t.len && !memchr(t.at, '*', t.len);
}

/* How many expressions a test is; 0: it is better decided without a database, or cannot be in one. */
static uint32_t expressions_in(const struct ir *ir, const struct ir_node *test)
{
    bool some_pattern = false;
    if (test->op == IR_OP_REGEX) return 1;
    if (test->op < IR_OP_LIKE || test->op > IR_OP_ENDS) return 0;
    struct constants all = constants_of(ir, test);
    for (uint32_t i = 0; i < all.len; i++) {
        struct text t = value_text(all.at[i]);
        if (all.at[i].kind != VALUE_STRING || is_trivial((enum ir_op)test->op, t) || t.len > GLOB_LEN_MOST)
            return 0;
        some_pattern |= !is_exact((enum ir_op)test->op, t);
    }
    return some_pattern ? all.len : 0;
}

static bool reads_match(uint8_t op)
{
    return op >= IR_OP_CAPTURE && op <= IR_OP_SPIKE;
}

/* The tests of one value. */
struct subject {
    struct ARENA_VEC(ir_node_id) tests;
    uint32_t n_expressions;
};

/* Tests over an event by their subject: [n_nodes], most of them empty. Operands come first, so one pass tells
 * what reads a match. */
static struct subject *find_subjects(struct arena *a, const struct ir *ir)
{
    struct subject *subjects = ARENA_ARRAY(a, struct subject, ir->n_nodes);
    bool *of_match = ARENA_ARRAY(a, bool, ir->n_nodes);
    for (ir_node_id id = 0; id < ir->n_nodes; id++) {
        const struct ir_node *node = &ir->nodes[id];
        of_match[id] = reads_match(node->op);
        for (uint32_t i = 0; i < node->n; i++) of_match[id] |= of_match[ir->operands[node->first + i]];
        uint32_t n = of_match[id] ? 0 : expressions_in(ir, node);
        if (!n) continue;
        struct subject *s = &subjects[ir->operands[node->first]];
        *ARENA_PUSH(a, s->tests) = id;
        s->n_expressions += n;
    }
    return subjects;
}

/* ---- databases ----------------------------------------------------------------------------------------- */

struct builder {
    struct compiler *c;
    struct ir *ir;
    const char *cache_folder; /* NULL: none */
    struct hs_platform_info platform;
    struct ARENA_VEC(struct ir_patterns) out;
};

static struct expressions expressions_of(struct builder *b, const ir_node_id *tests, uint32_t n)
{
    struct expressions out = {0};
    for (uint32_t i = 0; i < n; i++) {
        const struct ir_node *test = &b->ir->nodes[tests[i]];
        if (test->op == IR_OP_REGEX) {
            struct text regex = value_text(b->ir->constants[test->x]);
            *ARENA_PUSH(b->c->arena, out) = of_regex(b->c->arena, regex, test->z, i);
            continue;
        }
        struct constants all = constants_of(b->ir, test);
        for (uint32_t k = 0; k < all.len; k++)
            add_text(b->c->arena, &out, (enum ir_op)test->op, all.at[k], i);
    }
    return out;
}

static void release_database(void *at)
{
    hs_free_database(at);
}

/* "Unable to allocate memory.", "Could not allocate memory for bytecode.": only the words tell. */
static bool out_of_memory(const hs_compile_error_t *error)
{
    return strstr(error->message, "allocate memory") != NULL;
}

/* The database in the guest. Else the error, which the caller frees. */
static hs_compile_error_t *compile(struct builder *b, const struct expressions *e,
                                   struct arena_guest *database)
{
    struct arena *a = b->c->arena;
    const char **texts = ARENA_ARRAY(a, const char *, e->len);
    unsigned *flags = ARENA_ARRAY(a, unsigned, e->len), *tests = ARENA_ARRAY(a, unsigned, e->len);
    for (uint32_t i = 0; i < e->len; i++) {
        texts[i] = e->at[i].text;
        flags[i] = e->at[i].flags;
        tests[i] = e->at[i].test;
    }
    hs_database_t *made = NULL;
    hs_compile_error_t *error = NULL;
    hs_compile_multi(texts, flags, tests, e->len, HS_MODE_BLOCK, &b->platform, &made, &error);
    database->at = made;
    return error;
}

/* ---- the cache ----------------------------------------------------------------------------------------- */

static struct hash128 digest(const struct builder *b, const struct expressions *e)
{
    static const uint64_t zero[2];
    struct spelling s = {.arena = b->c->arena};
    spell(&s, arena_printf(s.arena, "%s|%u|%llx", hs_version(), b->platform.tune,
                           (unsigned long long)b->platform.cpu_features)
                  .at);
    for (uint32_t i = 0; i < e->len; i++) {
        spell(&s, arena_printf(s.arena, "\n%u %u ", e->at[i].test, e->at[i].flags).at);
        spell(&s, e->at[i].text);
    }
    return hash_128(zero, s.out.at, s.out.len);
}

static bool read_cached(const struct builder *b, struct hash128 name, struct arena_guest *database)
{
    struct text bytes = pattern_cache_read(b->c->arena, b->cache_folder, name);
    hs_database_t *read = NULL;
    if (!bytes.len || hs_deserialize_database(bytes.at, bytes.len, &read) != HS_SUCCESS) return false;
    database->at = read;
    return true;
}

static void write_cached(const struct builder *b, struct hash128 name, const struct arena_guest *database)
{
    char *bytes;
    size_t len;
    if (!b->cache_folder || hs_serialize_database(database->at, &bytes, &len) != HS_SUCCESS) return;
    if (len <= UINT32_MAX) pattern_cache_write(b->cache_folder, name, (struct text){bytes, (uint32_t)len});
    free(bytes);
}

/* ---- what cannot be ------------------------------------------------------------------------------------ */

/* Reports what Hyperscan says, and frees it: before anything is taken from the arena, which may end the
 * compile. */
static void refuse_regex(struct compiler *c, struct csr_span at, hs_compile_error_t *error)
{
    char why[200];
    bool no_memory = out_of_memory(error);
    snprintf(why, sizeof why, "%s", error->message);
    hs_free_compile_error(error);
    if (no_memory) arena_give_up(c->arena);
    if (strstr(why, "matches empty buffer"))
        diag_note(diag_at(c->diags, E0232, at, "this asks for nothing: an empty text matches"),
                  "`x*` and `x?` hold of every text; write `x+`, or `== \"\"` for the empty text");
    else
        diag_at(c->diags, E0232, at, "%s", why);
}

/* What is wrong with a regular expression by itself. Cheap, but it does not see that the empty text matches:
 * then it is compiled. */
static void check_regex(struct compiler *c, struct text regex, const struct ir_node *test)
{
    hs_expr_info_t *info = NULL;
    hs_database_t *made = NULL;
    hs_compile_error_t *error = NULL;
    struct expression e = of_regex(c->arena, regex, test->z, 0);
    if (hs_expression_info(e.text, e.flags, &info, &error) == HS_SUCCESS && info->min_width == 0)
        hs_compile(e.text, e.flags, HS_MODE_BLOCK, NULL, &made, &error);
    free(info);
    hs_free_database(made);
    if (error) refuse_regex(c, test->span, error);
}

void patterns_check(struct compiler *c)
{
    for (uint32_t i = 0; i < c->build.nodes.len; i++) {
        const struct ir_node *node = &c->build.nodes.at[i];
        if (node->op == IR_OP_REGEX) check_regex(c, value_text(c->build.constants.at[node->x]), node);
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void build_database(struct builder *b, ir_node_id *tests, uint32_t n);

/* Without the test that cannot be in it; if none is named, in halves until it is found. */
static void build_without(struct builder *b, ir_node_id *tests, uint32_t n, uint32_t bad)
{
    if (bad >= n) {
        build_database(b, tests, n / 2);
        build_database(b, tests + n / 2, n - n / 2);
        return;
    }
    build_database(b, tests, bad);
    build_database(b, tests + bad + 1, n - bad - 1);
}

/* The number of the test that cannot be, which is reported if nothing else decides it; n if none of several
 * is named. */
static uint32_t find_bad(struct builder *b, const struct expressions *e, const ir_node_id *tests, uint32_t n,
                         hs_compile_error_t *error)
{
    uint32_t bad = error->expression >= 0 ? e->at[error->expression].test : n > 1 ? n : 0;
    const struct ir_node *test = bad < n ? &b->ir->nodes[tests[bad]] : NULL;
    bool no_memory = out_of_memory(error);
    if (test && test->op == IR_OP_REGEX)
        refuse_regex(b->c, test->span, error);
    else
        hs_free_compile_error(error);
    if (no_memory) arena_give_up(b->c->arena);
    return bad;
}

static void build_database(struct builder *b, ir_node_id *tests, uint32_t n)
{
    if (!n) return;
    struct expressions e = expressions_of(b, tests, n);
    struct arena_guest *database = arena_guest(b->c->arena, release_database);
    struct hash128 name = digest(b, &e);
    if (!read_cached(b, name, database)) {
        hs_compile_error_t *error = compile(b, &e, database);
        if (error) {
            build_without(b, tests, n, find_bad(b, &e, tests, n, error));
            return;
        }
        write_cached(b, name, database);
    }
    *ARENA_PUSH(b->c->arena, b->out) = (struct ir_patterns){tests, n, database->at};
}

/* Of few tests only those that nothing else decides. */
static void choose_tests(const struct ir *ir, struct subject *s)
{
    uint32_t kept = 0;
    if (s->n_expressions >= PATTERNS_LEAST) return;
    for (uint32_t i = 0; i < s->tests.len; i++)
        if (ir->nodes[s->tests.at[i]].op == IR_OP_REGEX) s->tests.at[kept++] = s->tests.at[i];
    s->tests.len = kept;
}

/* How many of the tests from there on go into one database: as many as have no more expressions together. */
static uint32_t fitting_tests(const struct ir *ir, const struct subject *s, uint32_t from)
{
    uint32_t n = 0, expressions = 0;
    while (from + n < s->tests.len) {
        expressions += expressions_in(ir, &ir->nodes[s->tests.at[from + n]]);
        if (n && expressions > IR_PATTERNS_MOST) break;
        n++;
    }
    return n;
}

void patterns_build(struct compiler *c, struct ir *ir, const char *cache_folder)
{
    struct builder b = {.c = c, .ir = ir, .cache_folder = cache_folder};
    struct subject *subjects = find_subjects(c->arena, ir);
    hs_populate_platform(&b.platform);
    for (ir_node_id id = 0; id < ir->n_nodes; id++) {
        struct subject *s = &subjects[id];
        choose_tests(ir, s);
        for (uint32_t from = 0, n; from < s->tests.len; from += n) {
            n = fitting_tests(ir, s, from);
            build_database(&b, s->tests.at + from, n);
        }
    }
    ir->patterns = b.out.at;
    ir->n_patterns = b.out.len;
}
