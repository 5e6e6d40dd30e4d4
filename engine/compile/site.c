/* site.c - lower_site: source, sink and policy blocks to struct ir_site.
 *
 * What a block may say is a table of keys: the form of the value, where it goes, and for which kinds of sink
 * or source it means something. One reader serves all three blocks. What a key needs beyond its form (a path
 * that must be there, a URL that is one) is checked once the whole block is read.
 *
 * Invariants
 * 1. A mistake is reported once, the key is left out, and the rest of the block is read.
 * 2. A block whose kind is wrong is still a sink of its name, so that rules which name it are not reported as
 * well.
 */
#include "engine/compile/site.h"

#include "engine/base/glob.h"
#include "engine/schema/verb.h"

#define NS_PER_SECOND INT64_C(1000000000)

struct site_work {
    struct arena *arena;
    struct diags *diags;
    const struct ast *const *files;
    uint32_t n_files;
    struct ARENA_VEC(struct ir_source) sources;
    struct ARENA_VEC(struct ir_sink) sinks;
    struct ARENA_VEC(struct csr_span) source_spans;
    struct csr_span policy; /* of the first one */
    struct ir_site *out;
};

/* ---- keys --------------------------------------------------------------------------------------------- */

enum form { FORM_TEXT, FORM_BOOL, FORM_SECONDS, FORM_NANOSECONDS, FORM_COUNT, FORM_TEXTS, FORM_CAP, FORM_CAP_BYTES };

struct key {
    const char *name;
    enum form form;
    size_t to, count_to; /* offsets in the form below; count_to for TEXTS */
    unsigned kinds;      /* bits of the kinds that have it */
    unsigned needed;     /* bits of the kinds that cannot do without it */
    int64_t least, most; /* seconds, nanoseconds or a count */
    const char *said;    /* the form in words, for a wrong value */
};

/* What a block says, before it is checked. One record for all blocks: each uses its own members. */
struct form_values {
    struct text kind, path, url, mode, incidents, state, socket;
    struct text *argv, *allow;
    uint32_t n_argv, n_allow;
    bool follow, reads;
    int64_t disorder, max_lag, timeout;
    uint32_t retries;
    struct caps caps;
    const struct ast *written[16]; /* by key: where it was written, or NULL */
};

#define AT(member) offsetof(struct form_values, member)
#define BIT(kind)  (1u << (kind))
#define DAY        (INT64_C(24) * 3600)

enum source_kind { SOURCE_FILE, SOURCE_STDIN, SOURCE_KINDS };
static const char *const source_kinds[] = {"file", "stdin", NULL};
static const char *const sink_kinds[] = {
    [IR_SINK_FILE] = "file", [IR_SINK_WEBHOOK] = "webhook", [IR_SINK_EXEC] = "exec", NULL};
static const char *const policy_modes[] = {
    [IR_POLICY_PROPOSE] = "propose", [IR_POLICY_ENFORCE] = "enforce", NULL};

#define CAP_LEAST_COUNT 1
#define CAP_LEAST_BYTES 1000000
#define CAP_MOST        (INT64_C(1) << 50)

#define ALL_KINDS  ~0u
#define SLOW_SINKS (BIT(IR_SINK_WEBHOOK) | BIT(IR_SINK_EXEC))

static const struct key source_keys[] = {
    {"kind", FORM_TEXT, AT(kind), 0, ALL_KINDS, ALL_KINDS, 0, 0, "a text"},
    {"path", FORM_TEXT, AT(path), 0, BIT(SOURCE_FILE), BIT(SOURCE_FILE), 0, 0, "a text"},
    {"follow", FORM_BOOL, AT(follow), 0, BIT(SOURCE_FILE), 0, 0, 0, "`true` or `false`"},
    {"reads", FORM_BOOL, AT(reads), 0, ALL_KINDS, 0, 0, 0, "`true` or `false`"},
    {"disorder", FORM_SECONDS, AT(disorder), 0, ALL_KINDS, 0, 0, 7 * DAY, "a duration up to 7d, as `10m`"},
    {"max_lag", FORM_SECONDS, AT(max_lag), 0, ALL_KINDS, 0, 1, 7 * DAY, "a duration from 1s to 7d, as `30m`"},
    {0}};
static const struct key sink_keys[] = {
    {"kind", FORM_TEXT, AT(kind), 0, ALL_KINDS, ALL_KINDS, 0, 0, "a text"},
    {"path", FORM_TEXT, AT(path), 0, BIT(IR_SINK_FILE), BIT(IR_SINK_FILE), 0, 0, "a text"},
    {"url", FORM_TEXT, AT(url), 0, BIT(IR_SINK_WEBHOOK), BIT(IR_SINK_WEBHOOK), 0, 0, "a text"},
    {"argv", FORM_TEXTS, AT(argv), AT(n_argv), BIT(IR_SINK_EXEC), BIT(IR_SINK_EXEC), 0, 0,
     "a list of texts, as `{ \"/usr/local/bin/isolate\", \"--now\" }`"},
    {"timeout", FORM_NANOSECONDS, AT(timeout), 0, SLOW_SINKS, 0, NS_PER_SECOND / 1000, 3600 * NS_PER_SECOND,
     "a duration from 1ms to 1h, as `5s`"},
    {"retries", FORM_COUNT, AT(retries), 0, BIT(IR_SINK_WEBHOOK), 0, 0, 100, "a whole number up to 100"},
    {0}};
static const struct key policy_keys[] = {
    {"mode", FORM_TEXT, AT(mode), 0, ALL_KINDS, 0, 0, 0, "a text"},
    {"allow", FORM_TEXTS, AT(allow), AT(n_allow), ALL_KINDS, 0, 0, 0, "a list of texts, as `{ \"notify\" }`"},
    {"incidents", FORM_TEXT, AT(incidents), 0, ALL_KINDS, 0, 0, 0,
     "a text: a path, or \"-\" for standard output"},
    {"state", FORM_TEXT, AT(state), 0, ALL_KINDS, 0, 0, 0, "a text: the path of a folder"},
    {"socket", FORM_TEXT, AT(socket), 0, ALL_KINDS, 0, 0, 0, "a text: a path"},
#define CAP_FORM_COUNT FORM_CAP
#define CAP_FORM_BYTES FORM_CAP_BYTES
#define CAP_SAID_COUNT "a whole number from 1"
#define CAP_SAID_BYTES "a size from 1MB, as `4GiB`"
#define CAP(name, otherwise, unit, what, full)                                                               \
    {"cap_" #name, CAP_FORM_##unit, AT(caps.name), 0, ALL_KINDS, 0, CAP_LEAST_##unit, CAP_MOST, CAP_SAID_##unit},
#include "engine/ir/caps.def"
#undef CAP
    {0}};

/* ---- values ------------------------------------------------------------------------------------------- */

static bool take_bool(const struct ast *e, bool *to)
{
    bool is_true = e->kind == AST_PATH && !e->n_kids && text_equal(e->text, TEXT("true"));
    bool is_false = e->kind == AST_PATH && !e->n_kids && text_equal(e->text, TEXT("false"));
    if (is_true || is_false) *to = is_true;
    return is_true || is_false;
}

static bool take_texts(struct site_work *w, const struct ast *e, struct text **to, uint32_t *n)
{
    if (e->kind != AST_SET || !e->n_kids) return false;
    struct text *texts = ARENA_ARRAY(w->arena, struct text, e->n_kids);
    uint32_t len = 0;
    AST_EACH(item, e)
    {
        if (item->kind != AST_STRING || !item->text.len) return false;
        texts[len++] = item->text;
    }
    *to = texts;
    *n = len;
    return true;
}

/* Whole, and within the key's bounds. */
static bool take_number(const struct key *key, const struct ast *e, int64_t unit, int64_t *to)
{
    if (e->is_real || e->num % unit != 0) return false;
    int64_t number = e->num / unit;
    if (number < key->least || number > key->most) return false;
    *to = number;
    return true;
}

/* The value of one key into `to`; false if it has not the key's form. */
static bool take_value(struct site_work *w, const struct key *key, const struct ast *e,
                       struct form_values *to)
{
    char *at = (char *)to + key->to;
    int64_t number = 0;
    switch (key->form) {
    case FORM_TEXT:
        if (e->kind != AST_STRING || !e->text.len) return false;
        *(struct text *)at = e->text;
        return true;
    case FORM_BOOL:
        return take_bool(e, (bool *)at);
    case FORM_TEXTS:
        return take_texts(w, e, (struct text **)at, (uint32_t *)((char *)to + key->count_to));
    case FORM_SECONDS:
        return e->kind == AST_DUR && take_number(key, e, NS_PER_SECOND, (int64_t *)at);
    case FORM_NANOSECONDS:
        return e->kind == AST_DUR && take_number(key, e, 1, (int64_t *)at);
    case FORM_COUNT:
        if (e->kind != AST_NUM || !take_number(key, e, 1, &number)) return false;
        *(uint32_t *)at = (uint32_t)number;
        return true;
    case FORM_CAP:
    case FORM_CAP_BYTES:
        if (e->kind != (key->form == FORM_CAP ? AST_NUM : AST_SIZE) || !take_number(key, e, 1, &number)) return false;
        *(uint64_t *)at = (uint64_t)number;
        return true;
    }
    return false;
}

/* ---- blocks ------------------------------------------------------------------------------------------- */

static int find_key(const struct key *keys, struct text name)
{
    for (int i = 0; keys[i].name; i++)
        if (text_equal(text_of(keys[i].name), name)) return i;
    return -1;
}

static void unknown_key(struct site_work *w, const struct key *keys, const struct ast *item,
                        const char *block)
{
    struct nearest near = {.wanted = item->text};
    for (int i = 0; keys[i].name; i++) nearest_try(&near, text_of(keys[i].name));
    struct diag *d =
        diag_at(w->diags, E0401, item->span, "a %s has no `" TEXT_FMT "`", block, TEXT_ARG(item->text));
    if (near.best.len) diag_note(d, "did you mean `" TEXT_FMT "`?", TEXT_ARG(near.best));
}

/* All assignments of a block; *values holds defaults before and what was said after. */
static void read_block(struct site_work *w, const struct ast *item, const struct key *keys, const char *block,
                       struct form_values *values)
{
    const struct ast *body = ast_kid(item, AST_BLOCK);
    if (!body) return; /* a block that could not be parsed */
    AST_EACH(assign, body)
    {
        int i = assign->kind == AST_ASSIGN ? find_key(keys, assign->text) : -1;
        if (i < 0) {
            unknown_key(w, keys, assign, block);
        } else if (values->written[i]) {
            struct diag *d = diag_at(w->diags, E0402, assign->span, "`%s` again", keys[i].name);
            diag_label(d, values->written[i]->span, "it is here already");
        } else {
            values->written[i] = assign;
            if (assign->kids && !take_value(w, &keys[i], assign->kids, values))
                diag_at(w->diags, E0403, assign->kids->span, "`%s` must be %s", keys[i].name, keys[i].said);
        }
    }
}

/* The index of a word in a list that NULL ends, or -1 after reporting it with the nearest. */
static int expect_word(struct site_work *w, enum diag_code code, const char *const *words, struct text word,
                       struct csr_span at)
{
    struct nearest near = {.wanted = word};
    for (int i = 0; words[i]; i++) {
        if (text_equal(text_of(words[i]), word)) return i;
        nearest_try(&near, text_of(words[i]));
    }
    struct diag *d = diag_at(w->diags, code, at, "no such %s", code == E0408 ? "mode" : "kind");
    if (near.best.len) {
        diag_fix(d, at, "\"" TEXT_FMT "\"", TEXT_ARG(near.best));
        return -1;
    }
    for (int i = 0; words[i]; i++) diag_note(d, "there is \"%s\"", words[i]);
    return -1;
}

static struct csr_span value_span(const struct form_values *values, int key, const struct ast *item)
{
    const struct ast *assign = values->written[key];
    return assign ? (assign->kids ? assign->kids->span : assign->span) : item->span;
}

/* The kind of a source or sink, or -1; then whether its keys are those of the kind. `kind` is the first key
 * of both. */
static int check_kind(struct site_work *w, const struct ast *item, const struct key *keys,
                      const char *const *kinds, const struct form_values *values)
{
    if (values->written[0] && !values->kind.len) return -1; /* not a text, which was reported */
    if (!values->kind.len) {
        struct diag *d =
            diag_at(w->diags, E0405, item->span, "`" TEXT_FMT "` has no `kind`", TEXT_ARG(item->text));
        for (int i = 0; kinds[i]; i++) diag_note(d, "there is \"%s\"", kinds[i]);
        return -1;
    }
    int kind = expect_word(w, E0404, kinds, values->kind, value_span(values, 0, item));
    for (int i = 0; kind >= 0 && keys[i].name; i++) {
        if (values->written[i] && !(keys[i].kinds & BIT(kind)))
            diag_at(w->diags, E0401, values->written[i]->span, "the kind \"%s\" has no `%s`", kinds[kind],
                    keys[i].name);
        if (!values->written[i] && (keys[i].needed & BIT(kind)))
            diag_at(w->diags, E0405, item->span, "the kind \"%s\" needs `%s`", kinds[kind], keys[i].name);
    }
    return kind;
}

/* ---- sources ------------------------------------------------------------------------------------------ */

static void name_again(struct site_work *w, const struct ast *item, const char *what, struct csr_span first)
{
    struct diag *d =
        diag_at(w->diags, E0407, item->span, "the %s `" TEXT_FMT "` again", what, TEXT_ARG(item->text));
    diag_label(d, first, "the first one is here");
}

static void lower_source(struct site_work *w, const struct ast *item)
{
    for (uint32_t i = 0; i < w->sources.len; i++)
        if (text_equal(w->sources.at[i].name, item->text))
            name_again(w, item, "source", w->source_spans.at[i]);
    struct form_values values = {.disorder = -1, .reads = true};
    read_block(w, item, source_keys, "source", &values);
    check_kind(w, item, source_keys, source_kinds, &values);
    *ARENA_PUSH(w->arena, w->source_spans) = item->span;
    *ARENA_PUSH(w->arena, w->sources) = (struct ir_source){.name = item->text,
                                                           .kind = values.kind,
                                                           .path = values.path,
                                                           .follow = values.follow,
                                                           .reads = values.reads,
                                                           .disorder = values.disorder,
                                                           .max_lag = values.max_lag};
}

/* ---- sinks -------------------------------------------------------------------------------------------- */

/* http or https, and a host behind it. */
static bool is_web_url(struct text url)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct text scheme = text_of(schemes[i]);
        if (!text_starts(url, scheme)) continue;
        const char *host = url.at + scheme.len, *end = url.at + url.len;
        if (host == end || memchr("/:?#@", *host, 5)) return false;
        for (const char *c = host; c < end; c++)
            if ((unsigned char)*c <= ' ' || *c == 0x7f) return false;
        return true;
    }
    return false;
}

static void lower_sink(struct site_work *w, const struct ast *item)
{
    for (uint32_t i = 0; i < w->sinks.len; i++)
        if (text_equal(w->sinks.at[i].name, item->text)) name_again(w, item, "sink", w->sinks.at[i].span);
    struct form_values values = {.timeout = 10 * NS_PER_SECOND, .retries = 3};
    read_block(w, item, sink_keys, "sink", &values);
    int kind = check_kind(w, item, sink_keys, sink_kinds, &values);
    if (kind == IR_SINK_WEBHOOK && values.url.len && !is_web_url(values.url)) {
        struct diag *d = diag_at(w->diags, E0406, value_span(&values, find_key(sink_keys, TEXT("url")), item),
                                 "not an address of the web");
        diag_note(d, "it must begin with `https://` or `http://`, and a host");
    }
    *ARENA_PUSH(w->arena, w->sinks) = (struct ir_sink){.name = item->text,
                                                       .kind = (uint8_t)(kind < 0 ? IR_SINK_FILE : kind),
                                                       .path = values.path,
                                                       .url = values.url,
                                                       .argv = values.argv,
                                                       .n_argv = values.n_argv,
                                                       .timeout = values.timeout,
                                                       .retries = values.retries,
                                                       .span = item->span};
}

/* ---- policy ------------------------------------------------------------------------------------------- */

/* Of those that csr has and those that some file declares. */
static bool allows_any_verb(const struct site_work *w, struct text pattern)
{
    for (uint32_t i = 0; i < verb_count(); i++)
        if (glob_match(pattern, verb_at(i)->name, false)) return true;
    for (uint32_t i = 0; i < w->n_files; i++)
        AST_EACH(item, w->files[i])
            if (item->kind == AST_ACTION && glob_match(pattern, item->text, false)) return true;
    return false;
}

static void check_allowed(struct site_work *w, const struct ast *set)
{
    AST_EACH(item, set)
    {
        if (item->kind != AST_STRING || allows_any_verb(w, item->text)) continue;
        struct diag *d = diag_at(w->diags, E0409, item->span, "no verb is called so");
        const struct verb_info *near = verb_nearest(item->text);
        if (near) diag_fix(d, item->span, "\"" TEXT_FMT "\"", TEXT_ARG(near->name));
    }
}

static void lower_policy(struct site_work *w, const struct ast *item)
{
    if (w->policy.hi) {
        struct diag *d = diag_at(w->diags, E0407, item->span, "a second policy");
        diag_label(d, w->policy, "the first one is here");
        diag_note(d, "one policy says what may be done; put both into one block");
        return;
    }
    w->policy = item->span;
    struct form_values values = {.incidents = TEXT("-")};
    read_block(w, item, policy_keys, "policy", &values);
    if (values.mode.len) {
        int mode = expect_word(w, E0408, policy_modes, values.mode, value_span(&values, 0, item));
        if (mode >= 0) w->out->mode = (uint8_t)mode;
    }
    if (values.n_allow) check_allowed(w, values.written[find_key(policy_keys, TEXT("allow"))]->kids);
    w->out->allow = values.allow;
    w->out->n_allow = values.n_allow;
    w->out->incidents = values.incidents;
    w->out->state = values.state;
    w->out->socket = values.socket;
    w->out->caps = values.caps;
}

struct ir_site *site_lower(struct arena *arena, struct diags *diags, const struct ast *const *files,
                           uint32_t n_files)
{
    struct site_work w = {
        .arena = arena, .diags = diags, .files = files, .n_files = n_files, .out = ARENA_NEW(arena, struct ir_site)};
    w.out->mode = IR_POLICY_PROPOSE;
    w.out->incidents = TEXT("-");
    for (uint32_t i = 0; i < n_files; i++) AST_EACH(item, files[i])
        {
            if (item->kind == AST_SOURCE) lower_source(&w, item);
            if (item->kind == AST_SINK) lower_sink(&w, item);
            if (item->kind == AST_POLICY) lower_policy(&w, item);
        }
    if (!w.sources.len && !w.sinks.len && !w.policy.hi) return NULL;
    w.out->sources = w.sources.at;
    w.out->n_sources = w.sources.len;
    w.out->sinks = w.sinks.at;
    w.out->n_sinks = w.sinks.len;
    return w.out;
}

/* ---- rules against the site ---------------------------------------------------------------------------- */

/* The sink that a response names, or an empty text: what is no plain text was refused by the rule's own
 * checks. */
static struct text named_sink(const struct ir *ir, const struct ir_respond *act)
{
    if (!act->n_args || act->args[0] >= ir->n_nodes) return (struct text){NULL, 0};
    const struct ir_node *node = &ir->nodes[act->args[0]];
    if (node->op != IR_OP_CONST || ir->constants[node->x].kind != VALUE_STRING) return (struct text){NULL, 0};
    return value_text(ir->constants[node->x]);
}

static const struct ir_sink *find_sink(const struct ir_site *site, struct text name, struct nearest *near)
{
    for (uint32_t i = 0; i < site->n_sinks; i++) {
        if (text_equal(site->sinks[i].name, name)) return &site->sinks[i];
        nearest_try(near, site->sinks[i].name);
    }
    return NULL;
}

/* A rule of a pack is not the operator's to change: what it names is then only a warning. */
static void missing_sink(const struct ir_rule *rule, const struct ir_respond *act, struct nearest *near,
                         struct diags *diags)
{
    enum diag_code code = rule->pack.len ? W0411 : E0410;
    struct diag *d =
        diag_at(diags, code, act->span, "the site file has no sink `" TEXT_FMT "`", TEXT_ARG(near->wanted));
    if (near->best.len) diag_note(d, "did you mean `" TEXT_FMT "`?", TEXT_ARG(near->best));
    diag_note(d, "declare it in the site file: sink " TEXT_FMT " { kind = … }", TEXT_ARG(near->wanted));
}

static void check_act(const struct ir *ir, const struct ir_rule *rule, const struct ir_respond *act,
                      struct diags *diags)
{
    static const uint8_t kind_of[] = {[VERB_SINK_FILE] = IR_SINK_FILE,
                                      [VERB_SINK_WEBHOOK] = IR_SINK_WEBHOOK,
                                      [VERB_SINK_EXEC] = IR_SINK_EXEC};
    const struct verb_info *verb = verb_find(act->verb);
    if (!verb || !verb_takes_sink(verb)) return;
    struct nearest near = {.wanted = named_sink(ir, act)};
    if (!near.wanted.len) return;
    const struct ir_sink *sink = find_sink(ir->site, near.wanted, &near);
    if (!sink) {
        missing_sink(rule, act, &near, diags);
    } else if (sink->kind != kind_of[verb->target]) {
        struct diag *d = diag_at(diags, rule->pack.len ? W0411 : E0412, act->span,
                                 "`" TEXT_FMT "` needs a sink of kind \"%s\"", TEXT_ARG(act->verb),
                                 sink_kinds[kind_of[verb->target]]);
        diag_label(d, sink->span, "this one is of kind \"%s\"", sink_kinds[sink->kind]);
    }
}

void site_check_rules(const struct ir *ir, struct diags *diags)
{
    if (!ir->site) return;
    for (uint32_t i = 0; i < ir->n_rules; i++)
        for (uint32_t k = 0; k < ir->rules[i].n_responds; k++)
            check_act(ir, &ir->rules[i], &ir->rules[i].responds[k], diags);
}
