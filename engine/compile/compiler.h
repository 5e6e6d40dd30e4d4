/* compiler.h - what the passes of one compile share. Never seen outside engine/compile.
 *
 * A file is a unit; what it declares are symbols, in one table over all files. Expressions are lowered under
 * a scope, which says where the expression stands (in a schema, over an event, over a match) and which names
 * it sees.
 *
 * Invariants
 * 1. Passes go on after a mistake: it is reported once, and the expression becomes IR_POISON.
 * 2. Everything lies in the compile arena, under its escape: no pass checks for memory.
 * 3. Nothing here depends on the order in which files are given, except the order of rules in the IR, which
 * is that of the sorted file names within what the user gave.
 */
#ifndef CSR_ENGINE_COMPILE_COMPILER_H
#define CSR_ENGINE_COMPILE_COMPILER_H

#include "engine/compile/compile.h"
#include "engine/ir/build.h"
#include "engine/schema/field.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define STEPS_MOST    64
#define WITHIN_MOST   (30 * 24 * 3600) /* seconds: windows, and for how long a veto lasts */
#define SCHEMAS_MOST  64 /* the match stage has a bit for each */

/* ---- files and what they declare ---------------------------------------------------------------------- */

/* `pack { … }`: says that all files of its folder belong to one pack. */
struct pack {
    struct text name, version, author, license;
    struct text folder;
    struct csr_span span;
};

/* A file whatever it is called; zero for texts from memory. */
struct file_id {
    uint64_t device, number;
};

struct unit {
    const struct source *source;
    struct file_id id;
    const struct ast *file;
    struct text folder;
    const struct pack *pack; /* NULL: none; names are bare */
    struct allowances allowances; /* read when the first warning asks for them */
    bool allowances_read;
    bool *silences; /* [allowances.len]: it has silenced something */
    enum diag_code refused;  /* left out: an item of it is not executed yet (E05xx); 0: none is */
};

/* A `tune` item. */
struct tune {
    const struct unit *unit;
    const struct ast *ast;
    bool is_wide; /* pack.*: a line holds for the rules that have what it names */
    bool *fits;   /* [ast->n_kids] of a wide one: a rule had it */
};

/* A tune that names this rule. */
struct tuning {
    const struct tune *of;
    struct tuning *next;
};

struct values ARENA_VEC(struct value);

enum symbol_kind { SYMBOL_RULE, SYMBOL_LIST, SYMBOL_BASELINE, SYMBOL_DEFINE };

struct symbol {
    enum symbol_kind kind;
    struct text name; /* full: "aws-core.recon_burst", or bare in a file without a pack */
    const struct unit *unit;
    const struct ast *ast;
    uint32_t number; /* of the rule, list or baseline in the IR; IR_NONE until it is there */
    enum diag_code refused;  /* left out: it is not executed yet (E05xx); 0: it is */
    struct test_work *tests; /* of a rule, in the order of files */
    struct tuning *tunings;  /* of a rule, in the order of files */
    const struct ast *disabled; /* the item that switches the rule off; NULL: it runs */
    struct rule_work *work;  /* of a rule, once it is lowered or being lowered */
    bool is_open;            /* of a rule: its references to other rules are being followed */
    uint32_t height;         /* of a rule: over how many rules it stands, and 1; 0: not known yet */
    struct values *data;     /* of a dataset */
    bool is_used;            /* some rule reads it */
};

/* ---- schemas ------------------------------------------------------------------------------------------- */

struct schema_def {
    struct text name; /* "principal.arn" */
    const struct ast *expr;
    struct csr_span span;
    ir_node_id node;
    bool is_lowered, is_open;
};
struct schema {
    const struct ast *ast;
    const struct unit *unit;
    uint32_t number; /* in the IR */
    struct ARENA_VEC(struct schema_def) defs;
};

/* Where a test was written: nodes are shared between rules, so their own spans may be another's. */
struct place_of_test {
    ir_node_id node;
    const struct ast *ast;
};

/* A step that waits for another rule, whose number is known when all rules are lowered. */
struct rule_ref {
    struct ir_api *api;
    const struct symbol *rule;
};

/* A warning that was given. */
struct warned {
    enum diag_code code;
    uint32_t at;
};

/* ---- the compile --------------------------------------------------------------------------------------- */

struct compiler {
    struct arena *arena;
    struct names *names;
    struct sources *sources;
    struct diags *diags;
    bool *unreadable;
    bool without_lints;
    bool with_tests, leaves_out, keeps_refused; /* as in compile_input */
    int64_t today;
    struct ARENA_VEC(struct unit *) units;
    struct ARENA_VEC(struct pack *) packs;
    struct ARENA_VEC(struct symbol *) symbols;
    struct content_index *symbol_index;
    struct ARENA_VEC(struct schema *) schemas;
    struct ARENA_VEC(struct schema *) unused;   /* events of the standard library that no `use` brought in */
    struct content_index *field_index;
    struct content_index *set_index; /* lists in braces, by their values */
    struct ir_build build;
    struct ARENA_VEC(struct ir_baseline) baselines;
    struct ARENA_VEC(struct ir_rule) rules;
    struct ARENA_VEC(struct ir_param) params;
    struct ARENA_VEC(struct zone) zones;
    struct ARENA_VEC(struct rule_work *) works; /* of the rules above, for lints */
    struct ARENA_VEC(struct test_work *) tests;
    struct ARENA_VEC(struct ir_dataset) datasets;
    struct ARENA_VEC(struct ir_action) actions;
    struct ARENA_VEC(struct ir_link) links;
    struct ARENA_VEC(struct tune *) tunes;
    struct ARENA_VEC(struct ir_disabled) disabled;
    uint32_t n_exceptions; /* of the rules above */
    struct ARENA_VEC(struct place_of_test) places; /* of the test under work */
    struct ARENA_VEC(struct rule_ref) rule_refs;
    bool refs_are_wrong; /* rules stand over one another in circles, or too high */
    struct ARENA_VEC(struct warned) warned;
    struct content_index *warned_index;
    bool is_full; /* there are too many symbols: reported */
    uint32_t expansions; /* of defines and their arguments, in the item at hand: bounded */
    uint32_t expr_depth; /* of the expression at hand, expanded: bounded, so passes may recurse */
    struct ir *ir;
};

/* ---- rules under work ---------------------------------------------------------------------------------- */

struct group_work {
    const struct ast *ast;
    ir_node_id test, gate;
    struct ARENA_VEC(ir_node_id) key, joins, captures;
    struct ARENA_VEC(struct ir_group_exception) exceptions;
};

/* A part of a match that a choice may do without. */
struct branch {
    const struct branch *outer;
};

struct step_work {
    struct text name;
    struct csr_span span;
    const struct ast *ast;
    struct group_work *groups;
    uint32_t n_groups;
    struct ARENA_VEC(struct ir_capture) captures;
    struct ARENA_VEC(uint32_t) asks;
    bool is_matched;  /* stands in `match` */
    bool is_required; /* and not in an optional item */
    bool is_forbidden; /* by a veto: no choice has an event of it */
    uint32_t times;   /* how many of its events `match` takes at least */
    bool is_counted;
    const struct branch
        *branch; /* the innermost optional item or alternative that it stands in; NULL: none */
};

struct rule_work {
    struct compiler *c;
    const struct unit *unit;
    const struct ast *ast;
    struct ir_rule out;
    struct step_work *steps;
    uint32_t n_steps;
    uint32_t *order; /* steps as they stand in `match`, from first to last */
    uint32_t n_order;
    struct ARENA_VEC(struct ir_join) joins;
    struct ARENA_VEC(struct ir_ask) asks;
    struct ARENA_VEC(struct ir_spike) spikes;
    struct ARENA_VEC(struct ir_given) gives;
    struct test_work *tests; /* the first */
    const struct tuning *tunings; /* the first */
    struct ARENA_VEC(struct ir_tuning) tuned; /* lines of them that hold */
    struct ARENA_VEC(struct ir_exception) exceptions;
    struct ARENA_VEC(ir_node_id) probes;
    bool reads_score; /* a severity reads `score` */
    uint32_t first_param; /* of its own in the compiler's parameters */
    uint64_t params_used; /* bits, in the order of their clauses */
    bool is_broken;   /* some of it could not be read: names that it uses may be missing */
};

/* A `test` block. What it expects is lowered with its rule, the rest afterwards. */
struct test_work {
    const struct unit *unit;
    const struct ast *ast;
    struct symbol *rule;
    struct test_work *next; /* of the same rule */
    enum diag_code refused; /* it cannot run yet (E05xx); 0: it can */
    struct ARENA_VEC(struct ir_expect) expects;
};

/* ---- scopes -------------------------------------------------------------------------------------------- */

enum standing {
    IN_SCHEMA, /* an `event` block: raw, fields defined above, and functions that only schemas have */
    IN_EVENT,  /* a predicate, a `with`, a baseline's key: one event at hand */
    IN_GATE,   /* the part of a step's predicate that asks baselines: the step's own captured values */
    IN_MATCH,  /* title, severity, score, respond: steps by name, the first required step without */
};

/* A name bound by a quantifier (an element) or by a define's parameter (an expression in its caller's scope).
 */
struct binding {
    struct text name;
    bool is_item;
    bool is_poison; /* an element of something that was wrong */
    bool is_statement; /* an element of statements(…)[] */
    uint32_t depth; /* of the quantifier */
    const struct ast *list; /* what the quantifier goes through */
    const struct ast *arg;
    const struct scope *arg_scope; /* of arg, or of list */
    const struct binding *outer;
};

/* The defines whose bodies are around: a define in its own body is an error. */
struct open_define {
    const struct symbol *define;
    const struct open_define *outer;
    uint32_t depth;
};

struct scope {
    struct compiler *c;
    enum standing place;
    const struct unit *unit; /* whose pack's names come first */
    struct schema *schema;   /* IN_SCHEMA */
    struct rule_work *rule;  /* NULL in schemas and baselines */
    uint32_t step, group;    /* IN_EVENT and IN_GATE of a rule; step IR_NONE where there is none */
    uint32_t own_step;       /* a step whose name may stand before its own fields here; else IR_NONE */
    bool in_test;             /* IN_MATCH of a test: severity and title as well */
    bool in_where;            /* IN_MATCH, before score and optional items are known: required steps alone */
    const struct ast *events; /* the group, or a clause of groups, whose calls are at hand; NULL: not known */
    bool sees_with;          /* the group's `with` names are seen: in captures and keys, not in predicates */
    const struct binding *bindings;
    const struct open_define *open;
    uint32_t quantifiers; /* how many are around: the depth of the next ITEM */
};

/* ---- load.c -------------------------------------------------------------------------------------------- */

/* Reads and parses everything the input names and everything that `use` asks for into c->units. */
void load_units(struct compiler *c, const struct compile_input *input);
/* The events of the standard library that these did not ask for, into c->unused. After declare_units. */
void load_unused(struct compiler *c);
/* All bytes of a regular file, or why not. */
const char *file_bytes(struct compiler *c, struct text path, struct text *out);
/* The value of `name = "…"` in a block; empty if it is not there. */
struct text block_text(const struct compiler *c, const struct ast *block, const char *name);

/* ---- declare.c ----------------------------------------------------------------------------------------- */

void declare_units(struct compiler *c);
/* The beginning of an item or clause, up to its first part: a caret under a whole rule says nothing. */
struct csr_span head_span(const struct compiler *c, const struct ast *node);
/* Where a node's own word stands within it: what a fix may replace. The whole node if it is not found. */
struct csr_span word_span(const struct compiler *c, const struct ast *node, struct text word);
/* A symbol by a name as written: of the unit's own pack first, then the full name. NULL if there is none. */
struct symbol *symbol_find(const struct compiler *c, enum symbol_kind kind, const struct unit *unit,
                           struct text name);
/* Reports an unknown name of this kind at the place, with the nearest one. */
void symbol_unknown(const struct compiler *c, enum symbol_kind kind, const struct unit *unit,
                    struct text name, struct csr_span at);
/* Offers every name of a kind that the unit may write. */
void symbol_offer(const struct compiler *c, enum symbol_kind kind, const struct unit *unit,
                  struct nearest *near);

/* ---- fields.c: schemas, fields and slots --------------------------------------------------------------- */

/* The definitions of an `event` block by name; reports names that are no fields, and needed ones that are
 * missing. */
void declare_defs(struct compiler *c, struct schema *schema);
void lower_schemas(struct compiler *c);
/* What tells records of c->unused, into the IR. */
void lower_unused(struct compiler *c);
void lower_every_field(struct compiler *c);
/* The node of a field for the event at hand (FIELD), made on demand. `members` are further names: of `req`
 * and `resp`. */
ir_node_id field_node(struct compiler *c, struct text name, struct csr_span span);
/* A field that no record has, but the matches of rules: IR_TYPE_ANY. */
ir_node_id match_field_node(struct compiler *c, struct text name, struct csr_span span);
ir_node_id open_field_node(struct compiler *c, const struct text *names, uint32_t len, struct csr_span span);
/* The node of a field in one schema, for expressions of its own block and for the engine; IR_NONE if it has
 * none. */
struct schema_def *schema_def_find(const struct schema *schema, struct text name);
ir_node_id schema_field(struct compiler *c, struct schema *schema, struct text name, struct csr_span span);
ir_node_id slot_node(struct compiler *c, const struct text *names, uint32_t len, struct csr_span span);
/* Whether "name." begins closed fields: principal, src, dst, finding, entities. */
bool field_is_group(struct text name);
/* Whether a path that begins with this word is a field's. */
bool field_begins(struct text first);

/* ---- lists.c ------------------------------------------------------------------------------------------- */

/* The LIST node of a named list, with everything that was added to it. */
ir_node_id list_node(struct compiler *c, struct symbol *list, struct csr_span span);
/* The LIST node of a list in braces; IR_POISON if a literal of it is wrong, which has been reported. */
ir_node_id set_node(struct compiler *c, const struct ast *set);
/* The value of a literal, and its type. False if it is none (reported). */
bool literal_value(struct compiler *c, const struct ast *literal, struct value *out, enum ir_type *type);
ir_node_id literal_node(struct compiler *c, const struct ast *literal);

/* ---- expr.c, compare.c, path.c, call.c: expressions ---------------------------------------------------- */

/* Checked and lowered; IR_POISON if it is wrong, which has been reported. */
ir_node_id lower_expr(const struct scope *s, const struct ast *e);
/* The same for an expression that must be a test: true, false or unknown. */
ir_node_id lower_test(const struct scope *s, const struct ast *e);
ir_node_id lower_comparison(const struct scope *s, const struct ast *e);
ir_node_id lower_in(const struct scope *s, const struct ast *e);
ir_node_id lower_not(const struct scope *s, ir_node_id id, struct csr_span span);
ir_node_id lower_path(const struct scope *s, const struct ast *path);
ir_node_id lower_call(const struct scope *s, const struct ast *call);
/* `tail` nodes (FIELD, ELEMENTS) applied to a value that is there. */
ir_node_id lower_tail(const struct scope *s, ir_node_id value, const struct ast *tail);
enum ir_type expr_type(const struct compiler *c, ir_node_id id);
/* "a number", "an address": for sentences. */
const char *a_type(enum ir_type type);
/* An expression that must be one value (or, over [], several): no named list, no bare list field. */
ir_node_id lower_value(const struct scope *s, const struct ast *e);
ir_node_id make_node(const struct scope *s, enum ir_op op, enum ir_type type, const ir_node_id *operands,
                     uint32_t n, struct csr_span span);
const struct binding *binding_find(const struct scope *s, struct text name);
/* The path of a define's argument with what the body writes behind it. */
const struct ast *joined_path(struct compiler *c, const struct ast *arg, const struct ast *tail);
/* Like lower_path, for a path whose head is not at hand as a node. */
ir_node_id lower_field(const struct scope *s, struct text head, const struct ast *tail, struct csr_span span);
/* The closed field that a path begins with, and what of the path is left. NULL if there is none. */
const struct field_info *closed_field(const struct scope *s, struct text head, const struct ast **tail);
ir_node_id lower_names(const struct scope *s, struct text head, const struct ast *tail, struct csr_span span);

/* False after reporting that a match has no event of the step to read, or that `where` may not ask about it. */
bool step_may_be_read(const struct scope *s, uint32_t step, struct csr_span at);
/* `spike(s by k in 10m over 14d floor 10)` */
ir_node_id lower_spike(const struct scope *s, const struct ast *e);
/* The scope of a define's body, and the body; NULL after reporting what is wrong with the call. args:
 * AST_ARGS or NULL. */
const struct ast *define_enter(const struct scope *s, struct symbol *define, const struct ast *args,
                               struct csr_span span, struct scope *inner);
/* The number of a time zone among the compiler's; IR_NONE after reporting that there is none. */
uint32_t zone_named(struct compiler *c, struct text name, struct csr_span span);
/* Whether a function of this name asks a baseline. */
bool is_question(struct text name);
/* Whether an expression may be gone into, an argument put where its define names it; else false after reporting. Who
 * has entered takes expr_depth back when he leaves. */
bool expr_enter(const struct scope *s, struct csr_span span);
bool argument_may_expand(const struct scope *s, struct csr_span span);
/* The define that a PATH or CALL names, or NULL. */
struct symbol *define_named(const struct scope *s, const struct ast *e);

/* What an expression speaks of, through defines: asks put to baselines, and fields of steps. */
struct mentions {
    bool asks;      /* new, age … */
    bool bare;      /* a field of the event at hand */
    uint64_t steps; /* bits of the rule's steps by whose name a path begins */
};
struct mentions expr_mentions(const struct scope *s, const struct ast *e);

/* ---- events.c: API names ------------------------------------------------------------------------------- */

/* Who waits for the calls of a group, for what a warning says of them. */
struct api_owner {
    enum { API_OF_STEP, API_OF_RULE, API_OF_BASELINE, API_OF_LINK, API_OF_TEST } what;
    struct text name;
    uint32_t n_apis; /* of all its groups */
};
void lower_apis(struct compiler *c, const struct unit *unit, const struct ast *group, struct api_owner owner,
                struct ir_group *out);
/* Calls and predicates of an item that is no rule: what a baseline learns, what a link is made by. How many there are. */
uint32_t lower_event_groups(struct compiler *c, const struct unit *unit, const struct ast *on, struct api_owner owner,
                            struct ir_group **out);
/* Reports a name that no event has, or none of a source in use. */
void check_api(struct compiler *c, const struct unit *unit, const struct ast *api, struct api_owner owner);
/* "guardduty:Recon:IAMUser/x" is the service before the first colon, and everything behind it. */
struct ir_api split_api(struct text written);

/* ---- sources.c: kinds of records ----------------------------------------------------------------------- */

/* `from a, b`: the sources by number. */
void lower_from(struct rule_work *r);
/* The service that all events of a source have; empty: the record says it. */
struct text schema_service(const struct schema *schema);
/* The source whose records have events of this name; NULL: none in use. */
struct schema *source_of_api(const struct compiler *c, struct ir_api name);
/* False after reporting that no source in use can have events of this name. */
bool api_has_source(struct compiler *c, const struct unit *unit, const struct ast *api);
/* Whether the names of its source's events are those of schema/api.h. */
bool knows_names(const struct compiler *c, struct ir_api name);
/* The name as its records have it: in small letters where the source folds them (azure). */
struct ir_api fold_api(const struct compiler *c, struct ir_api name);
/* What `use` brings in a source that ships; empty: there is none of this name. */
struct text source_package(struct text name);
/* The same for the service of an event: of AWS, or a source's own. */
struct text package_of_service(struct text service);
void fix_with_use(struct diag *d, const struct unit *unit, struct text package);

/* ---- rule.c, step.c, match.c, respond.c ---------------------------------------------------------------- */

/* The rule that the group at hand waits for; NULL: it waits for calls. */
struct symbol *rule_of_group(const struct scope *s);
/* Whether the group at hand waits for a rule whose matches have the name as a key or by `with`. */
bool over_gives(const struct scope *s, struct text name);
/* A question about a step that waits for rules: they give what the baseline reads. */
void over_asks(struct rule_work *r, uint32_t step, const struct ir_baseline *b, struct csr_span span);
/* A path over another rule's match: its key, a `with` value or a field of the event that completed it. */
ir_node_id lower_over(const struct scope *s, struct symbol *of, struct text head, const struct ast *tail,
                      struct csr_span span);
/* Refuses rules that wait for one another, or stand too high over others. Before rules are lowered. */
void check_rule_refs(struct compiler *c);
void lower_baselines(struct compiler *c);
void lower_rules(struct compiler *c);
/* `step` and `on` clauses to rule->steps, by names only: what paths may refer to. */
void declare_steps(struct rule_work *r);
/* Groups: APIs, keys, predicates, gates, joins. After match. */
void lower_steps(struct rule_work *r);
void seal_steps(struct rule_work *r);
/* What is kept of the steps' events, once more when rules over this one have asked for more. */
void seal_captures(struct rule_work *r);
/* The step of that name, or IR_NONE. */
uint32_t step_find(const struct rule_work *r, struct text name);
uint32_t step_expect(struct rule_work *r, struct text name, struct csr_span at);
/* The CAPTURE node of a path (its first name and the rest) of a step; the capture is made on demand. Its members are
 * not checked: see check_members_of. */
ir_node_id step_capture(struct rule_work *r, uint32_t step, struct text head, const struct ast *tail,
                        struct csr_span span);
/* The same of a test over the step's event, which cannot be made later: whether it holds is captured. */
ir_node_id step_test(struct rule_work *r, uint32_t step, const struct ast *test);
/* Whether some group of the step has `with` for the name. */
bool step_has_with(const struct rule_work *r, uint32_t step, struct text name);
const struct ast *group_with(const struct ast *group, struct text name);
uint32_t rule_ask(struct rule_work *r, enum ir_ask_kind kind, uint32_t baseline, uint32_t step);
/* A parameter by its name, which counts as read; NULL if there is none. */
const struct ir_param *rule_param(struct rule_work *r, struct text name);

void lower_match(struct rule_work *r, const struct ast *clause);
/* What stands in brackets behind the step out->kids: REP or SUM_REP. */
bool lower_repeat(struct rule_work *r, const struct ast *rep, struct ir_match *out);
void lower_respond(struct rule_work *r, const struct ast *clause);
/* The scope of title, severity, score and respond. */
struct scope match_scope(struct rule_work *r);
bool severity_find(struct text name, enum ir_severity *out);
void unknown_severity(const struct compiler *c, struct text name, struct csr_span at);
/* The schema that a clause names by its text; IR_NONE: there is none, and that is reported. */
uint32_t feed_named(struct compiler *c, const struct ast *clause);
/* Seconds of a DUR node or of a NAME of a parameter; -1 after reporting what is wrong with it. */
int64_t whole_seconds(struct rule_work *r, const struct ast *dur);

/* Literal text and operands of a title. */
void lower_template(struct rule_work *r, const struct ast *string, struct ir_template *out);
/* A severity line into r->out.severities, which has room; its names are those that the unit sees. */
void lower_severity(struct rule_work *r, const struct unit *unit, const struct ast *line);
/* The scope of a predicate of the step's group. */
struct scope step_scope(struct rule_work *r, uint32_t step, uint32_t group);

/* ---- action.c, link.c ---------------------------------------------------------------------------------- */

void declare_actions(struct compiler *c);
/* NULL: no verb of that name is declared. */
const struct ir_action *action_find(const struct compiler *c, struct text name);
/* The verb most like it, declared or not; empty: none is near. */
struct text nearest_verb(const struct compiler *c, struct text name);
void lower_links(struct compiler *c);

/* ---- require.c ----------------------------------------------------------------------------------------- */

void lower_requires(struct rule_work *r);
/* Rules that want what the site's sources do not have. After the site is lowered. */
void mark_blind(struct compiler *c, struct ir *ir);

/* ---- dataset.c ----------------------------------------------------------------------------------------- */

/* Reads the file of each dataset. After names are declared. */
void read_datasets(struct compiler *c);

/* ---- tune.c -------------------------------------------------------------------------------------------- */

/* Finds the rules of each `tune` and `disable`. After names are declared. */
void declare_tunes(struct compiler *c);
/* What the rule's tunes say, each where its place in the rule is: behind the parameters, severities and responses; and
 * exceptions when steps are lowered and captures can still be made. */
void tune_params(struct rule_work *r);
void tune_severities(struct rule_work *r);
void tune_responds(struct rule_work *r);
void tune_exceptions(struct rule_work *r);
/* Lines of `tune pack.*` that no rule of the pack has a use for. After rules are lowered. */
void check_wide_tunes(struct compiler *c);

/* ---- overlap.c ----------------------------------------------------------------------------------------- */

/* Whether an event can fill either step. unless_traced: a step of every event that refers to another is left out. */
bool steps_meet(struct compiler *c, const struct ir_rule *rule, uint32_t x, uint32_t y, bool unless_traced);
/* Whether one choice takes both. */
bool steps_together(const struct ir_rule *rule, uint32_t a, uint32_t b);
/* Refuses a veto that can take what `[sum …]` adds up, and more than eight steps that can take one event. */
void check_overlaps(const struct rule_work *r);

/* ---- refuse.c ------------------------------------------------------------------------------------------ */

/* Where refusals are left out: takes back what was reported since, if nothing but refusals was, or if the unit they
 * stand in has lost an item by one. The code of the refusal; 0 if there was none, or errors that stay. */
/* Refuses what the finished rule says and the engine does not execute yet (E05xx), each where it is written. Where
 * refused rules are kept nothing is reported: rule->refused tells. */
void refuse_rule(struct rule_work *r);
enum diag_code leave_out(struct compiler *c, struct diag_mark since, const struct unit *unit);

/* ---- test.c, test_expect.c ----------------------------------------------------------------------------- */

/* Finds the rule of each `test` block of the files that were given, or of the embedded ones. After names are
 * declared. */
void declare_tests(struct compiler *c, bool of_embedded);
/* What the rule's tests expect of its incidents, while captures can still be made. */
void lower_expects(struct rule_work *r);
/* Events, baselines and the rest, into the IR. */
void lower_tests(struct compiler *c);

/* ---- document.c ---------------------------------------------------------------------------------------- */

/* json(f, g…) or statements(f, g…) over one event, with what stands behind it. */
ir_node_id lower_document(const struct scope *s, const struct ast *doc);
/* False after reporting that it cannot stand here. */
bool document_may_stand(const struct scope *s, const struct ast *doc);
/* Whether a list is that of statements(…)[]; and a member of one of them. */
bool is_statements(const struct compiler *c, ir_node_id list);
ir_node_id lower_statement(const struct scope *s, ir_node_id statement, const struct ast *tail);
/* `x grants "iam:PassRole"` */
ir_node_id lower_grants(const struct scope *s, const struct ast *e);

/* ---- members.c ----------------------------------------------------------------------------------------- */

/* Warns if none of the calls at hand has what a path reads of their request or answer. */
void check_members(const struct scope *s, struct text head, const struct ast *tail, struct csr_span span);
/* The same of the calls of several groups or clauses (events), where nothing is bound. */
void check_members_of(struct compiler *c, const struct ast *const *events, uint32_t n, struct text head,
                      const struct ast *tail, struct csr_span span);

/* ---- regex.c, pattern.c -------------------------------------------------------------------------------- */

ir_node_id lower_regex(const struct scope *s, const struct ast *e);
/* Reports every regular expression that cannot be. */
void patterns_check(struct compiler *c);
/* Databases of the patterns that are put to one value, into the IR, from the cache if they are there. Reports what
 * cannot be matched. */
void patterns_build(struct compiler *c, struct ir *ir, const char *cache_folder);

/* ---- words.c ------------------------------------------------------------------------------------------- */

/* An expression as canonical text: what reasons, names of captures and dumps show. */
struct text expr_words(struct arena *a, const struct ast *e);
/* A path behind its step's name, or whole: head may be empty. `tail` and its next siblings. */
struct text path_words(struct arena *a, struct text head, const struct ast *tail);

/* ---- allow.c, lint.c, lint_test.c, lint_match.c -------------------------------------------------------- */

/* Reports a warning unless a `# csr: allow` silences it there. NULL if it is silenced. */
struct diag *warn(struct compiler *c, enum diag_code code, struct csr_span at, const char *label, ...)
    __attribute__((format(printf, 4, 5)));
/* Warns of comments that silenced nothing: after all other warnings. */
void lint_allowances(struct compiler *c);
void lint_rules(struct compiler *c);

/* Before a test that is looked at by lint_condition or lint_predicate is lowered. */
void lint_begin(struct compiler *c);
/* A condition over a finished match, or over one event without a rule: what never or always holds in it. */
void lint_condition(const struct scope *s, ir_node_id test, struct csr_span span);
/* The parts of a group's predicate, joined by `and`. */
void lint_predicate(const struct scope *s, const ir_node_id *parts, uint32_t n, struct csr_span span);
/* Key, windows and steps of a rule without errors. */
void lint_match(struct rule_work *r);

#endif
