/* test_compile.c - what small rules mean: nodes shared, captures, joins, gates, keys, defaults, names,
 * identities. */
#include "engine/compile/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- a compile in memory ---- */

struct compiled {
    struct arena *arena;
    struct sources sources;
    struct diags *diags;
    bool unreadable;
    struct ir *ir; /* NULL: it had errors */
};

static void compile_texts(struct compiled *c, const struct compile_text *texts, uint32_t n)
{
    struct compile_input input = {.texts = texts, .n_texts = n, .without_lints = true, .keeps_refused = true};
    c->arena = arena_new(0);
    assert_non_null(c->arena);
    if (setjmp(*arena_escape(c->arena))) fail_msg("out of memory");
    c->ir = csr_compile_ir(c->arena, &input, &c->sources, &c->diags, &c->unreadable);
}

static void compile_one(struct compiled *c, const char *text)
{
    compile_texts(c, &(struct compile_text){text_of("test.csr"), text_of(text)}, 1);
    if (!c->ir) diags_print(c->diags, stderr, (struct diag_style){0});
    assert_non_null(c->ir);
}

static void done(struct compiled *c)
{
    arena_free(c->arena);
}

static const struct ir_rule *rule_of(const struct compiled *c, const char *name)
{
    for (uint32_t i = 0; i < c->ir->n_rules; i++)
        if (text_equal(c->ir->rules[i].name, text_of(name))) return &c->ir->rules[i];
    fail_msg("no rule %s", name);
    return NULL;
}

static const struct ir_step *step_of(const struct ir_rule *rule, const char *name)
{
    for (uint32_t i = 0; i < rule->n_steps; i++)
        if (text_equal(rule->steps[i].name, text_of(name))) return &rule->steps[i];
    fail_msg("no step %s", name);
    return NULL;
}

static enum ir_op op_of(const struct compiled *c, ir_node_id id)
{
    assert_true(id < c->ir->n_nodes);
    return (enum ir_op)c->ir->nodes[id].op;
}

static ir_node_id operand(const struct compiled *c, ir_node_id id, uint32_t i)
{
    assert_true(i < c->ir->nodes[id].n);
    return c->ir->operands[c->ir->nodes[id].first + i];
}

static void assert_text(struct text got, const char *wanted)
{
    if (!text_equal(got, text_of(wanted))) fail_msg("\"" TEXT_FMT "\" is not \"%s\"", TEXT_ARG(got), wanted);
}

#define ON(name, body)  "rule " name " { title \"t\" severity low on " body " }\n"
#define SEQ(name, body) "rule " name " { title \"t\" severity low by actor within 10m " body " }\n"
#define MADE_AND_USED                                                                                        \
    "step made: iam:CreateUser (ok) step used: iam:CreateAccessKey (ok and req.userName == "                 \
    "made.req.userName) "                                                                                    \
    "match made -> used "

/* ---- expressions ---- */

static void equal_predicates_are_one_node(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\ndefine quiet(x) = ok and not x\n" ON(
                        "a", "iam:CreateUser (ok and not read_only and req.userName starts \"x\")")
                        ON("b", "iam:DeleteUser (quiet(read_only) and req.userName starts \"x\")")
                            ON("c", "iam:DeleteUser (quiet(mfa))"));
    ir_node_id a = rule_of(&c, "a")->steps[0].groups[0].test, b = rule_of(&c, "b")->steps[0].groups[0].test;
    ir_node_id other = rule_of(&c, "c")->steps[0].groups[0].test;
    assert_int_equal(a, b);
    assert_int_not_equal(a, other);
    assert_int_equal(operand(&c, a, 0), operand(&c, other, 0)); /* `ok` */
    done(&c);
}

static void paths_become_slots_once(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(
        &c,
        "use aws\n" ON(
            "a", "iam:CreateUser (req.a.b == 1 and raw.requestParameters.a.b == 2 and raw.a.\"b c\" == 3)"));
    uint32_t parameters = 0, quoted = 0;
    for (uint32_t i = 0; i < c.ir->n_slots; i++) {
        const struct ir_slot *s = &c.ir->slots[i];
        bool below = s->len == 3 && text_equal(s->names[0], text_of("requestParameters"));
        if (below && text_equal(s->names[2], text_of("b"))) parameters++, assert_true(s->unwrap);
        if (s->len == 2 && text_equal(s->names[1], text_of("b c"))) quoted++, assert_false(s->unwrap);
    }
    assert_int_equal(parameters, 1);
    assert_int_equal(quoted, 1);
    done(&c);
}

static void lists_are_gone_through(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(
        &c,
        "use aws\n" ON(
            "a", "ec2:RunInstances (req.xs[].name == \"x\" and any i in req.xs[] (i.a == 1 and i.b == 2))"));
    ir_node_id test = rule_of(&c, "a")->steps[0].groups[0].test;
    ir_node_id equal = operand(&c, test, 0), any = operand(&c, test, 1);
    assert_int_equal(op_of(&c, operand(&c, equal, 0)), IR_OP_MEMBER);
    ir_node_id elements = operand(&c, operand(&c, equal, 0), 0);
    assert_int_equal(op_of(&c, elements), IR_OP_ELEMENTS);
    assert_int_equal(op_of(&c, any), IR_OP_ANY);
    assert_int_equal(operand(&c, any, 0), elements); /* the same list */
    done(&c);
}

static void a_quantifier_in_an_argument_has_its_own_depth(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\ndefine some(x) = any i in req.a[] (i == 1 and x)\n" ON(
                        "a", "iam:CreateUser (some(any j in req.b[] (j == 2)))"));
    ir_node_id outer = rule_of(&c, "a")->steps[0].groups[0].test;
    ir_node_id inner = operand(&c, operand(&c, outer, 1), 1);
    assert_int_equal(op_of(&c, inner), IR_OP_ANY);
    assert_int_equal(c.ir->nodes[outer].x, 0);
    assert_int_equal(c.ir->nodes[inner].x, 1);
    done(&c);
}

static void a_define_may_narrow_a_field(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\ndefine ok = ok and not dry_run\n" ON("a", "iam:CreateUser (ok)")
                        ON("b", "iam:CreateUser (dry_run)"));
    ir_node_id test = rule_of(&c, "a")->steps[0].groups[0].test;
    assert_int_equal(op_of(&c, test), IR_OP_AND);
    assert_int_equal(op_of(&c, operand(&c, test, 0)), IR_OP_FIELD); /* inside, `ok` is the field */
    assert_int_equal(operand(&c, operand(&c, test, 1), 0), rule_of(&c, "b")->steps[0].groups[0].test);
    done(&c);
}

static void without_files_the_community_rules_compile(void **state)
{
    (void)state;
    struct compiled c;
    compile_texts(&c, NULL, 0);
    assert_non_null(c.ir);
    assert_true(c.ir->n_rules > 0);
    for (uint32_t i = 0; i < c.ir->n_rules; i++) assert_true(c.ir->rules[i].pack.len > 0);
    done(&c);
}

static void lists_take_what_is_added(void **state)
{
    (void)state;
    static const struct compile_text texts[] = {
        {{"p/pack.csr", 10}, {"pack { name = \"p\" }", 19}},
        {{"p/list.csr", 10},
         {"use aws list l = { \"b\", \"a\" }\nrule r { title \"t\" severity low on * (actor in l) }", 77}},
        {{"site.csr", 8},
         {"list p.l += { \"c*\" }\nrule s { title \"t\" severity low on * (actor like p.l) }", 74}},
    };
    struct compiled c;
    struct compile_text copy[3];
    for (int i = 0; i < 3; i++) copy[i] = texts[i], copy[i].bytes.len = (uint32_t)strlen(texts[i].bytes.at);
    compile_texts(&c, copy, 3);
    assert_non_null(c.ir);
    const struct ir_list *list = NULL;
    for (uint32_t i = 0; i < c.ir->n_lists; i++)
        if (c.ir->lists[i].name.len) list = &c.ir->lists[i];
    assert_non_null(list);
    assert_text(list->name, "p.l");
    assert_int_equal(list->len, 3);
    assert_true(list->has_globs);
    assert_text(value_text(list->values[0]), "a"); /* sorted */
    assert_text(rule_of(&c, "p.r")->pack, "p");
    assert_text(rule_of(&c, "s")->pack, "");
    done(&c);
}

/* ---- steps ---- */

static void references_are_joins(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\n" SEQ("a", "step made: iam:CreateUser (ok) step power: iam:AttachUserPolicy "
                                         "(req.userName == made.req.userName)"
                                         " step key: iam:CreateAccessKey (ok and made.req.userName == "
                                         "req.userName) match made -> power? -> key"));
    const struct ir_rule *rule = rule_of(&c, "a");
    assert_int_equal(rule->n_joins, 1); /* both steps refer to the same value */
    assert_text(rule->joins[0].name, "made.req.userName");
    ir_node_id made = step_of(rule, "made")->groups[0].joins[0],
               key = step_of(rule, "key")->groups[0].joins[0];
    assert_int_equal(made, key);
    assert_int_equal(op_of(&c, made), IR_OP_FIELD);
    /* An event without the value can agree with nothing. */
    assert_int_equal(op_of(&c, step_of(rule, "power")->groups[0].test), IR_OP_PRESENT);
    done(&c);
}

static void two_references_of_one_step_are_two_joins(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\n" SEQ("a", "step made: iam:CreateUser step used: iam:CreateAccessKey (req.x == "
                                         "made.req.n and req.y == made.req.n)"
                                         " match made -> used"));
    const struct ir_rule *rule = rule_of(&c, "a");
    assert_int_equal(rule->n_joins, 2);
    const struct ir_group *used = &step_of(rule, "used")->groups[0],
                          *made = &step_of(rule, "made")->groups[0];
    assert_int_not_equal(used->joins[0], used->joins[1]);
    assert_int_equal(made->joins[0], made->joins[1]);
    done(&c);
}

static void questions_are_gates_over_captures(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\nbaseline seen = (actor, region) keep 30d warmup 7d\n" ON(
                        "a", "* (ok and (new(seen) or region == \"x\"))"));
    const struct ir_step *step = &rule_of(&c, "a")->steps[0];
    assert_int_equal(op_of(&c, step->groups[0].test), IR_OP_FIELD);
    ir_node_id gate = step->groups[0].gate;
    assert_int_equal(op_of(&c, gate), IR_OP_OR);
    assert_int_equal(op_of(&c, operand(&c, gate, 0)), IR_OP_ASK_NEW);
    assert_int_equal(op_of(&c, operand(&c, operand(&c, gate, 1), 0)), IR_OP_CAPTURE);
    assert_int_equal(step->n_asks, 1);
    assert_text(step->captures[0].name, "region");
    assert_false(rule_of(&c, "a")->monotone);
    done(&c);
}

static void with_names_are_keys_or_values(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\nrule a { title \"{launch.n} {who}\" severity low by who, account within 1h\n"
                    "step made: iam:CreateUser with who = req.userName\n"
                    "step launch: ec2:RunInstances with who = principal.name with n = total(req.xs[].n)\n"
                    "           | ecs:RunTask with who = principal.name\n match made -> launch }\n");
    const struct ir_rule *rule = rule_of(&c, "a");
    assert_int_equal(rule->n_by, 2);
    assert_text(rule->by[0].name, "who");
    const struct ir_step *launch = step_of(rule, "launch");
    assert_int_equal(launch->n_captures, 1);
    assert_int_equal(op_of(&c, launch->groups[0].captures[0]), IR_OP_TOTAL);
    assert_int_equal(op_of(&c, launch->groups[1].captures[0]),
                     IR_OP_CONST); /* absent: this group gives no n */
    assert_int_equal(op_of(&c, rule->title.parts[0].operand), IR_OP_CAPTURE);
    assert_int_equal(op_of(&c, rule->title.parts[2].operand), IR_OP_KEY);
    assert_int_equal(step_of(rule, "made")->groups[0].key[1], launch->groups[1].key[1]);
    done(&c);
}

static void bare_names_take_the_first_required_step(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(
        &c, "use aws\nrule a { title \"{region}\" severity low by actor within 1h step a: iam:CreateUser\n"
            "step b: iam:DeleteUser step c: iam:TagUser match c? -> (b | a) }\n");
    const struct ir_rule *rule = rule_of(&c, "a");
    ir_node_id bare = rule->title.parts[0].operand;
    assert_int_equal(op_of(&c, bare), IR_OP_BARE);
    assert_int_equal(c.ir->nodes[bare].n, 2);
    assert_int_equal(c.ir->nodes[operand(&c, bare, 0)].y, 1); /* in the order of match: b, then a */
    assert_int_equal(c.ir->nodes[operand(&c, bare, 1)].y, 0);
    done(&c);
}

static void targets_are_collected(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\n" SEQ("a", "step s: ec2:RunInstances match s respond { at 90 settled "
                                         "aws.stop_instances(s.entities.instances[])"
                                         " at 60 aws.quarantine(s.principal) at 40 notify(\"soc\") }"));
    const struct ir_rule *rule = rule_of(&c, "a");
    assert_int_equal(rule->n_responds, 3);
    assert_text(rule->steps[0].captures[0].name, "entities.instances[]");
    assert_text(rule->steps[0].captures[1].name, "principal.arn");
    assert_true(rule->steps[0].captures[0].is_target && rule->steps[0].captures[1].is_target);
    assert_true(rule->responds[0].settled);
    assert_text(rule->responds[2].arg_names[0], "sink");
    done(&c);
}

/* ---- match, windows, score ---- */

static void match_is_numbers(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(
        &c,
        "use aws\n" SEQ(
            "a",
            "param n = 4 range 2..9 param d = 90s range 1s..10m step a: iam:CreateUser step b: iam:DeleteUser"
            " step c: iam:TagUser match a[n..] ->[d] b =>[1m..5m] c"));
    const struct ir_match *m = rule_of(&c, "a")->match;
    assert_int_equal(m->kind, IR_M_CHAIN);
    assert_int_equal(m->n_kids, 3);
    assert_int_equal(m->kids[0].kind, IR_M_REPEAT);
    assert_int_equal(m->kids[0].least, 4);
    assert_int_equal(m->arrows[1].least, 0);
    assert_int_equal(m->arrows[1].most, 90);
    assert_false(m->arrows[1].strict);
    assert_int_equal(m->arrows[2].least, 60);
    assert_int_equal(m->arrows[2].most, 300);
    assert_true(m->arrows[2].strict);
    done(&c);
}

static void what_is_not_said_has_a_default(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(&c, "use aws\n" ON("a", "iam:CreateUser") SEQ("b", MADE_AND_USED)
                        SEQ("c", MADE_AND_USED "once for 4h open at 20 score 30"));
    assert_text(rule_of(&c, "a")->by[0].name, "actor");
    assert_int_equal(rule_of(&c, "a")->once, 3600);
    assert_int_equal(rule_of(&c, "a")->open_at, 1);
    assert_false(rule_of(&c, "a")->has_score);
    assert_int_equal(rule_of(&c, "b")->once, 600);
    assert_int_equal(rule_of(&c, "c")->once, 14400);
    assert_int_equal(rule_of(&c, "c")->open_at, 20);
    assert_true(rule_of(&c, "c")->has_score);
    done(&c);
}

static void what_can_be_taken_back_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *score;
        bool monotone;
    } cases[] = {
        {"score 10 +5 if exists used", true},      {"score 10 +5 if count(made) >= 3", true},
        {"score 10 +5 if not exists used", false}, {"score 10 +5 if count(made) < 3", false},
        {"score 10 -5 if exists used", false},     {"score 10 -5 if made.region == \"x\"", true},
        {"score 10 +5 if new(seen, made)", false}, {"score 10 +5 if exists used or count(made) == 2", false},
        {"score 10 +5 if 3 <= count(made)", true}, {"score 10 +5 if count(made) * 2 >= 6", true},
        {"score 10 +5 if distinct(made.region) > 2", true},
        {"score 10 +5 if count(made) * 3 >= count(used)", false},
        {"score 10 +5 if sum(made.req.n) - min(made.req.n) > 2", true},
        {"score 10 +5 if min(made.req.n) < 2", true}, {"score 10 +5 if max(made.req.n) < 2", false},
        {"where last(made).time - first(made).time >= 20m", true},
        {"where last(made).time - first(made).time < 20m", false},
        {"where last(made).region == \"x\"", false}, {"where made.region == \"x\"", false},
        {"where rarity(seen, made) > 90", false},
        {"severity high if not exists used", false}, {"severity high if exists used", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct compiled c;
        char text[1024];
        snprintf(text, sizeof text,
                 "use aws\nbaseline seen = (actor, region) keep 30d warmup 7d\n"
                 "rule a { title \"t\" severity low by actor within 10m " MADE_AND_USED "%s }",
                 cases[i].score);
        compile_one(&c, text);
        if (rule_of(&c, "a")->monotone != cases[i].monotone) fail_msg("%s", cases[i].score);
        done(&c);
    }
}

/* The upper rule reads fields; the lower one says what they are in its matches, and keeps what that needs. */
static void a_match_gives_what_rules_over_it_read(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        enum ir_op op;
        uint32_t of; /* steps of the lower rule */
    } gives[] = {{"k", IR_OP_KEY, 0}, {"who", IR_OP_COMPLETING, 1}, {"region", IR_OP_COMPLETING, 2},
                 {"req.path", IR_OP_COMPLETING, 2}};
    struct compiled c;
    compile_one(&c, "use aws\n"
                    "rule upper { title \"{x.req.path}\" severity low by k within 1h step x: lower (who present) "
                    "step y: iam:CreateUser with k = req.k match x -> y where x.region == \"eu-west-1\" }\n"
                    "rule lower { title \"t\" severity low by k within 1h "
                    "step a: iam:DeleteUser with k = req.k with who = req.userName "
                    "step b: iam:DeleteRole with k = req.n match a -> b }");
    const struct ir_rule *lower = rule_of(&c, "lower");
    assert_true(rule_of(&c, "upper") < lower); /* the order of files */
    assert_int_equal(c.ir->rules[0].steps[0].groups[0].apis[0].rule, 1);
    assert_int_equal(lower->n_gives, sizeof gives / sizeof *gives);
    for (uint32_t i = 0; i < lower->n_gives; i++) {
        const struct ir_node *value = &c.ir->nodes[lower->gives[i].value];
        assert_text(c.ir->fields[lower->gives[i].field].name, gives[i].field);
        assert_int_equal(value->op, gives[i].op);
        assert_int_equal(value->n, gives[i].of);
    }
    assert_int_equal(step_of(lower, "a")->n_captures, 3);
    assert_int_equal(step_of(lower, "b")->n_captures, 2);
    done(&c);
}

static void words_have_one_spelling(void **state)
{
    (void)state;
    struct compiled c;
    compile_one(
        &c, "use aws\n" SEQ("a", MADE_AND_USED
                            "score 10 +5 if (exists   used)and not(made.region in{\"a\",\"b\"}or made.ok)"));
    assert_text(rule_of(&c, "a")->terms[0].words,
                "exists used and not (made.region in { \"a\", \"b\" } or made.ok)");
    done(&c);
}

/* ---- identities ---- */

struct print {
    uint64_t half[2];
};

static struct print fingerprint(const char *rule)
{
    struct compiled c;
    struct print out;
    char text[2048];
    snprintf(text, sizeof text, "use aws\n%s", rule);
    compile_one(&c, text);
    memcpy(&out, rule_of(&c, "a")->fingerprint, sizeof out);
    done(&c);
    return out;
}

static void fingerprints_tell_meaning(void **state)
{
    (void)state;
    static const char *const plain =
        "list l = { \"x\" } " SEQ("a", MADE_AND_USED "step z: iam:TagUser (actor in l)");
    static const struct {
        const char *text;
        bool same;
    } cases[] = {
        {"list l = { \"x\", \"y\" } " SEQ("a", MADE_AND_USED "step z: iam:TagUser (actor in l)"), true},
        {"# x\nlist l = { \"x\" }\n" ON("zero", "iam:DeleteUser (req.q == 7)")
             SEQ("a", MADE_AND_USED "step z: iam:TagUser ((actor in l))"),
         true},
        {"list l = { \"x\" } rule a { title \"{made.region} other\" severity high score 50 by actor within "
         "10m " MADE_AND_USED "step z: iam:TagUser (actor in l) }",
         true},
        {"list l = { \"x\" } " SEQ("a", MADE_AND_USED "step z: iam:TagUser (user in l)"), false},
        {"list l = { \"x\" } rule a { title \"t\" severity low by actor within 11m " MADE_AND_USED
         "step z: iam:TagUser (actor in l) }",
         false},
        {"list l = { \"x\" } rule a { title \"t\" severity low by account within 10m " MADE_AND_USED
         "step z: iam:TagUser (actor in l) }",
         false},
        {"list l = { \"x\" } " SEQ("a", "step made: iam:CreateUser (ok) step used: iam:CreateAccessKey (ok "
                                        "and req.userName == made.req.userName) "
                                        "match made => used step z: iam:TagUser (actor in l)"),
         false},
    };
    struct print wanted = fingerprint(plain);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct print got = fingerprint(cases[i].text);
        if ((memcmp(&wanted, &got, sizeof got) == 0) != cases[i].same) fail_msg("%s", cases[i].text);
    }
}

/* ---- files ---- */

static void a_missing_file_is_an_error_with_its_name(void **state)
{
    (void)state;
    struct compiled c;
    char *said = NULL;
    size_t len = 0;
    compile_texts(&c, &(struct compile_text){.name = text_of("tests/diag/no-such-file.csr")}, 1);
    assert_null(c.ir);
    assert_true(c.unreadable);
    FILE *to = open_memstream(&said, &len);
    diags_print(c.diags, to, (struct diag_style){0});
    fclose(to);
    assert_non_null(strstr(said, "E0003"));
    assert_non_null(strstr(said, "tests/diag/no-such-file.csr"));
    free(said);
    done(&c);
}

static void a_file_with_eight_mistakes_reports_eight(void **state)
{
    (void)state;
    struct compiled c;
    compile_texts(
        &c,
        &(struct compile_text){text_of("eight.csr"),
                               text_of("use aws\nuse nothing_like_it\n"
                                       "rule a { title \"{acount}\" severity low on iam:CreateUser (ok) }\n"
                                       "rule b { title \"t\" severity lwo on iam:CreateUser (okk) }\n"
                                       "rule c { severity low on iam:CreateUser (req.x) }\n"
                                       "rule d { title \"t\" severity low by actor within 5m\n"
                                       "  step s: iam:CreateUser\n"
                                       "  match s -> tt\n"
                                       "  open at 400\n}\n")},
        1);
    assert_null(c.ir);
    assert_int_equal(diags_errors(c.diags), 8);
    done(&c);
}

/* True if the compile came to its end although the n-th allocation failed (there were fewer). */
static bool compiles_with_failure(struct arena *arena, const struct compile_input *input, uint64_t n)
{
    struct sources sources;
    struct diags *diags;
    bool unreadable;
    if (setjmp(*arena_escape(arena))) return false;
    arena_fail_at(arena, n);
    return csr_compile_ir(arena, input, &sources, &diags, &unreadable) != NULL;
}

/* Every allocation of a compile fails once: control comes back by the arena's escape, and nothing else
 * breaks. */
static void no_memory_is_survived(void **state)
{
    (void)state;
    struct compile_text text = {text_of("test.csr"), text_of("use aws\n" SEQ("a", MADE_AND_USED))};
    struct compile_input input = {.texts = &text, .n_texts = 1};
    bool finished = false;
    for (uint64_t n = 1; !finished; n++) {
        struct arena *arena = arena_new(0);
        assert_non_null(arena);
        finished = compiles_with_failure(arena, &input, n);
        arena_free(arena);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_predicates_are_one_node),
        cmocka_unit_test(paths_become_slots_once),
        cmocka_unit_test(lists_are_gone_through),
        cmocka_unit_test(a_quantifier_in_an_argument_has_its_own_depth),
        cmocka_unit_test(a_define_may_narrow_a_field),
        cmocka_unit_test(without_files_the_community_rules_compile),
        cmocka_unit_test(lists_take_what_is_added),
        cmocka_unit_test(references_are_joins),
        cmocka_unit_test(two_references_of_one_step_are_two_joins),
        cmocka_unit_test(questions_are_gates_over_captures),
        cmocka_unit_test(with_names_are_keys_or_values),
        cmocka_unit_test(bare_names_take_the_first_required_step),
        cmocka_unit_test(targets_are_collected),
        cmocka_unit_test(match_is_numbers),
        cmocka_unit_test(what_is_not_said_has_a_default),
        cmocka_unit_test(what_can_be_taken_back_is_known),
        cmocka_unit_test(a_match_gives_what_rules_over_it_read),
        cmocka_unit_test(words_have_one_spelling),
        cmocka_unit_test(fingerprints_tell_meaning),
        cmocka_unit_test(a_missing_file_is_an_error_with_its_name),
        cmocka_unit_test(a_file_with_eight_mistakes_reports_eight),
        cmocka_unit_test(no_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
