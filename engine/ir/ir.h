/* ir.h - the checked meaning of a rule set: the treaty between compile time and run time.
 *
 * The compiler (engine/compile) writes it, everything else only reads it. It says what the rules mean; how a stage
 * runs it fast is that stage's business (match/plan.h, state/).
 *
 * Expressions are one pool of nodes, hash-consed: two equal expressions, of whatever rules, are one node with one
 * number, so a stage that remembers a node's value for an event has evaluated each distinct predicate once. Nodes
 * stand in order: operands have smaller numbers than what uses them.
 *
 * Invariants
 * 1. Everything here lies in one arena, is immutable once sealed (ir_seal), and holds no pointer that depends on a
 *    thread or an event.
 * 2. Numbers (nodes, slots, fields, lists, baselines, rules) index the arrays below; IR_NONE is "none".
 * 3. Durations are seconds in matching (language.md B2), nanoseconds in values.
 */
#ifndef CSR_ENGINE_IR_IR_H
#define CSR_ENGINE_IR_IR_H

#include "engine/base/value.h"
#include "engine/ir/caps.h"
#include "engine/base/zone.h"
#include "engine/schema/type.h"
#include "grammar/base/source.h"

#define IR_NONE UINT32_MAX

typedef uint32_t ir_node_id;

/* ---- values ------------------------------------------------------------------------------------------- */

enum ir_op {
#define IR_OP(op, name, arity) IR_OP_##op,
#include "engine/ir/ir_op.def"
#undef IR_OP
    IR_OPS
};

/* What x, y and z mean is said for each op in ir_op.def. */
struct ir_node {
    uint8_t op;   /* enum ir_op */
    uint8_t type; /* enum ir_type of the result */
    uint16_t z;
    uint32_t x, y;
    uint32_t first, n; /* operands: ir->operands[first .. first + n) */
    struct csr_span span; /* the first place that wrote it; not part of its identity */
};

/* A path into the record without any "[]": what the decoder picks up. */
struct ir_slot {
    struct text *names; /* member names from the record's root */
    uint32_t len;
    bool unwrap; /* below requestParameters/responseElements: EC2's "<Call>Request" object may stand between */
};

/* A field by its name, with the node that gives it in each schema (IR_NONE: the schema has no such field). Closed
 * fields are those of schema/field.def; `req.x` and `resp.x` become fields too, once used. */
struct ir_field {
    struct text name;
    uint8_t type;
    ir_node_id *in_schema; /* [ir->n_schemas] */
};

/* How one kind of record is read (stdlib/aws/cloudtrail.csr). */
struct ir_schema {
    struct text name;    /* "cloudtrail" */
    struct text feed;    /* what `from` and `require` call it */
    ir_node_id when;     /* is this record one of mine? IR_NONE: always */
    ir_node_id identity; /* text that names the record; IR_NONE: a hash of its bytes */
    ir_node_id time;
    ir_node_id service, action; /* `service:action` is what API patterns are matched against */
    ir_node_id ok;
    ir_node_id account, region; /* with the schema and trail they name the feed, for watermarks */
    int64_t disorder;           /* seconds; 600 where nothing is said */
};

/* A kind of records that ships and that the rules do not use: such a record is no mistake. */
struct ir_unused {
    struct text name;
    ir_node_id when;
};

/* A list by name, or a list in braces. Values are sorted by their key bytes. */
struct ir_list {
    struct text name; /* empty for braces */
    struct value *values;
    uint32_t len;
    bool has_nets, has_globs; /* for `in` over addresses; for `like` */
    const struct value_set *set; /* built by ir_seal */
};

/* ---- patterns ------------------------------------------------------------------------------------------ */

struct hs_database; /* of Hyperscan: immutable, goes with the arena */

/* Tests of text that are put to the same value of an event, and answered together in one pass over it. Every REGEX
 * over an event is in one; LIKE, CONTAINS, STARTS and ENDS where there are enough of them. */
struct ir_patterns {
    ir_node_id *tests; /* by their number in the database */
    uint32_t n_tests;  /* at most IR_PATTERNS_MOST */
    const struct hs_database *database;
};
#define IR_PATTERNS_MOST 4096

/* ---- events ------------------------------------------------------------------------------------------- */

/* `iam:Create*`: both halves may hold "*". api.len == 0 is the lone "*". rule != IR_NONE: another rule's groups. */
struct ir_api {
    struct text service, action;
    uint32_t rule;
};
/* An event that the engine itself tells, as csr:evicted. */
static inline bool ir_is_told(const struct ir_api *api)
{
    return text_equal(api->service, TEXT("csr"));
}

/* One group of a step: the first that fits an event gives the values. */
struct ir_group {
    struct ir_api *apis;
    uint32_t n_apis;
    ir_node_id test;       /* over the event alone; IR_NONE: always */
    ir_node_id gate;       /* over this hit's own captures and asks (`new`, `age` in a step's predicate): judged in
                              state, provisionally at once and for good when the hit settles; IR_NONE: always */
    ir_node_id *key;       /* [rule->n_by] */
    ir_node_id *joins;     /* [rule->n_joins]; IR_NONE where this step does not take part */
    ir_node_id *captures;  /* [step->n_captures] */
    struct ir_group_exception *exceptions; /* the first that holds takes the event */
    uint32_t n_exceptions;
};

/* A value that later stages read off a step's events: `probe.principal.name`, `launch.n`, a target of respond. */
struct ir_capture {
    struct text name; /* as written behind the step: "principal.name" */
    uint8_t type;
    bool is_target;   /* named by respond: all its values are collected, up to 256 */
};

/* `except NAME (expr) on step s`, of a tune: an event for which it holds is none of the step's. It stands in each group
 * of the step, because the group gives the values. */
struct ir_group_exception {
    uint32_t exception; /* rule->exceptions: counts what it swallowed */
    ir_node_id test;    /* over the event alone */
};

struct ir_step {
    struct text name; /* "on" in an `on` rule */
    struct csr_span span;
    struct ir_group *groups;
    uint32_t n_groups;
    struct ir_capture *captures;
    uint32_t n_captures;
    uint32_t *asks; /* numbers into rule->asks: baseline questions put about each event of this step */
    uint32_t n_asks;
    bool counted;   /* count(), distinct(), sum() … read it: exact amounts need a slot a second */
};

/* `==` between steps: all steps that take part must agree on the value (language.md B12). The step that is referred to
 * may lack it: then nobody can agree with it, but it fills its place. The tests of the others ask for it.
 * `!=`: exactly two steps take part, `of` and the one that says it, and their values must differ; at most one such
 * between a pair of steps. A step that is forbidden (ir_veto) takes part like any other: its events are judged against
 * the choice, to which they do not belong. */
struct ir_join {
    struct text name; /* "role.resp.role.roleName": for explain and dumps */
    uint32_t of;      /* the step that is referred to */
    bool differs;     /* != */
    uint32_t by;      /* differs: the other step, which says it; else IR_NONE */
};

/* ---- match -------------------------------------------------------------------------------------------- */

enum ir_match_kind {
    IR_M_STEP,
    IR_M_CHAIN,
    IR_M_ANY_ORDER,
    IR_M_EITHER,
    IR_M_OPTIONAL,
    IR_M_REPEAT,  /* a[n..m], a[n.. distinct f], a[sum f >= x], each also `in D` */
    IR_M_GROUP,   /* (…), also `in D` */
    IR_M_SOME_OF, /* n of (…): `least` of the kids, in any order */
    IR_M_NOT,     /* !a, !(a | b), also `for D`: its kid is a STEP or an EITHER of steps */
};

/* What a[…] and a place ask of the events that they take. */
enum ir_taking {
    IR_TAKE_TIMES,    /* so many events */
    IR_TAKE_DISTINCT, /* so many events with so many different values: a list offers any one of its elements */
    IR_TAKE_SUM,      /* any number of events whose values reach the amount; absent and unknown: not taken, negative: 0 */
};

/* The arrow before kid i (i > 0) of a chain. */
struct ir_arrow {
    bool strict;            /* => */
    int64_t least, most;    /* seconds; 0 and INT64_MAX where nothing is said */
};

/* As written, checked: for the oracle, explain, graph and dumps. Execution uses the automata below. */
struct ir_match {
    uint8_t kind; /* enum ir_match_kind */
    uint32_t step;        /* STEP */
    uint32_t least, most; /* REPEAT; most 0: no upper bound. SOME_OF: least */
    uint8_t taking;       /* REPEAT: enum ir_taking */
    uint32_t value;       /* DISTINCT, SUM: capture of the step */
    double amount;        /* SUM */
    int64_t in;           /* REPEAT, GROUP: seconds, last minus first; INT64_MAX: nothing said (then 0 is `in 0s`) */
    int64_t absent_for;   /* NOT at the end of the match: seconds; 0: it stands between its neighbours */
    struct ir_match *kids;
    struct ir_arrow *arrows; /* CHAIN: [n_kids], the first unused */
    uint32_t n_kids;
    struct csr_span span;
};

/* A place of an automaton: events of one step, as `taking` says. An event fills at most one place. */
struct ir_place {
    uint32_t step;
    uint16_t times;   /* TIMES, DISTINCT: 1 .. 1024; SUM: 1 */
    uint16_t most;    /* a[n..m]: no window of its `in` (else `within`) holds the events taken and more than m events of
                         the step in all; 0: no such bound. Only the last place of a match has one */
    uint8_t taking;   /* enum ir_taking */
    uint32_t value;   /* DISTINCT, SUM: capture of the step */
    double amount;    /* SUM */
    bool is_optional; /* belongs to the automaton's optional item, not to the required part */
};

/* Between two places of one alternative, before -> after. */
struct ir_order {
    uint16_t before, after;
    bool strict; /* in an earlier second */
};

/* A gap between two groups of places: from the last event of the left places to the first of the right ones. */
struct ir_gap {
    uint64_t left, right; /* bits of places */
    int64_t least, most;
};

/* `in D` around places: their last event minus their first. Other windows lie in it or around it, or beside it. */
struct ir_inner {
    uint64_t places;
    int64_t most;
};

/* An event of `step` that may not be, unless it is one of the choice's own. Its joins are judged against the choice. */
enum ir_veto_kind {
    IR_VETO_BETWEEN, /* from the last event of `left` to the first of `right`, both seconds included */
    IR_VETO_FOR,     /* from the last event of `left` to `seconds` later, both included; outside of `within` */
    IR_VETO_UNTIL,   /* from the first event of the choice to its last */
};
struct ir_veto {
    uint8_t kind; /* enum ir_veto_kind */
    uint32_t step;
    uint64_t left, right; /* bits of places */
    int64_t seconds;      /* FOR */
};

/* One way to fulfil a match: places with a partial order. Progress is the number of events taken in each place, and
 * only progress that respects `order` is reachable. */
struct ir_alternative {
    struct ir_place *places;
    uint32_t n_places; /* at most 64 */
    struct ir_order *order; /* transitively closed */
    uint32_t n_order;
    struct ir_gap *gaps;
    uint32_t n_gaps;
    struct ir_inner *inners;
    uint32_t n_inners;
    struct ir_veto *vetoes;
    uint32_t n_vetoes;
};

/* automata[0] is the required part; automata[i] (i > 0) is the required part with optional item i - 1 required as
 * well, each judged on its own (language.md B9). */
struct ir_automaton {
    struct ir_alternative *alternatives;
    uint32_t n_alternatives;
    uint64_t optional_steps; /* bits of steps that item i - 1 holds */
};

/* ---- baselines ---------------------------------------------------------------------------------------- */

struct ir_baseline {
    struct text name;
    struct csr_span span;
    ir_node_id *key;
    uint32_t n_key;
    ir_node_id value;   /* IR_NONE: only the key is remembered */
    struct ir_group *on; /* what it learns: n_key, joins and captures of these groups are unused */
    uint32_t n_on;
    bool learns_failed; /* `on` names ok, failed or denied; else only successful records are learnt */
    int64_t keep, warmup; /* seconds */
    uint32_t days;
    uint64_t fingerprint[2];
};

enum ir_ask_kind {
    IR_ASK_NEW,
    IR_ASK_AGE,        /* seconds since the key first showed the value */
    IR_ASK_RARITY,     /* per cent of earlier blocks without the value */
    IR_ASK_PREVALENCE, /* other keys that showed the value */
    IR_ASK_SINCE,      /* seconds since the key's last record */
};

/* A question to a baseline about the events of one step. */
struct ir_ask {
    uint8_t kind;
    uint32_t baseline;
    uint32_t step;
};

/* `spike(s [by k] in D over D floor N)`, `spike(sum s.f …)`: how many standard deviations the newest bucket lies above
 * the mean of those before it (language.md B17). */
struct ir_spike {
    uint32_t step;
    uint32_t value;    /* capture of the step that is summed; IR_NONE: events are counted */
    uint32_t *by;      /* captures of the step; n_by 0: the rule's key */
    uint32_t n_by;
    int64_t in, over;  /* seconds: a bucket, and what is remembered */
    double floor;      /* below, a bucket is no spike */
    struct csr_span span;
};

/* Literal text and operands in turn; operand IR_NONE: literal. */
struct ir_template_part {
    struct text literal;
    ir_node_id operand;
};
struct ir_template {
    struct ir_template_part *parts;
    uint32_t len;
};

/* ---- what a rule rests on, and what a site excepts ----------------------------------------------------- */

enum ir_require_kind {
    IR_REQUIRE_READS, /* read-only events must be in the feed */
    IR_REQUIRE_FRESH, /* a feed must not be further behind than `fresh`, else the answer is "cannot tell" */
};
struct ir_require {
    uint8_t kind; /* enum ir_require_kind */
    uint32_t schema;   /* FRESH: ir->schemas */
    uint32_t *parts;   /* FRESH: parts of the rule's key that name the feed (account, region): numbers into rule->by */
    uint32_t n_parts;
    int64_t fresh;     /* seconds */
    bool has_else;     /* "cannot tell" is an incident of its own */
    uint8_t severity;  /* enum ir_severity */
    struct ir_template title;
    struct csr_span span;
};

/* `except NAME (expr) on … [expires D] reason R`. One that has expired stays: it holds for the events before, so that a
 * replay gives what was given then. */
struct ir_exception {
    uint32_t number;    /* among those of all rules: what it swallowed is counted under it */
    struct text name;   /* as the tune says it */
    struct text words;  /* of the expression, canonical */
    struct text reason;
    struct csr_span span;
    int64_t expires;    /* seconds since 1970; INT64_MAX: never. It holds for events before that */
    bool on_match;      /* else on `step` */
    uint32_t step;
    ir_node_id when;    /* on_match: over the match, as the score's terms are */
};

/* A line of a tune that holds for a rule: for explanations. */
struct ir_tuning {
    struct text words;  /* "storm = 5, where the rule says 3" */
    struct text reason; /* empty where the line gives none */
    struct csr_span span;
};

/* `disable NAME reason "…"`: the rule is checked like any other, and is not among the rules. */
struct ir_disabled {
    struct text name, reason;
    struct csr_span span;
};

/* ---- rules -------------------------------------------------------------------------------------------- */

enum ir_severity { IR_INFO, IR_LOW, IR_MEDIUM, IR_HIGH, IR_CRITICAL };

struct ir_severity_if {
    uint8_t severity;
    ir_node_id when; /* IR_NONE: the line without `if` */
};

struct ir_term {
    int32_t points;
    ir_node_id when;
    struct text words; /* as written, canonical: "exists quota" */
};

struct ir_respond {
    int32_t at; /* score */
    bool settled;
    struct text verb;        /* "notify", "aws.disable_key" */
    struct text *arg_names;  /* "principal", "sink": names from the action's declaration, or "0", "1" … */
    ir_node_id *args;
    uint32_t n_args;
    uint32_t limit;          /* 0: none */
    struct text limit_what;
    int64_t undo_after;      /* seconds, 0: none */
    struct csr_span span;
};

struct ir_by {
    struct text name; /* "actor", or the `with` name */
    uint8_t type;
};

/* What a match shows as an event to rules over it (ir_api.rule): their FIELD has this value over the match. A field that
 * stands in no row is absent. */
struct ir_given {
    uint32_t field;   /* ir->fields */
    ir_node_id value; /* KEY, or COMPLETING over captures */
};

struct ir_rule {
    struct text name;  /* "aws-core.stolen_key_to_miners": pack and name, or the bare name */
    struct text pack;  /* "aws-core", empty in a file without a pack */
    struct text pack_version, author, license;
    struct text doc;
    struct csr_span span;
    struct ir_template title;
    struct ir_severity_if *severities;
    uint32_t n_severities;
    struct text *attack;
    uint32_t n_attack;
    struct text *refs;
    uint32_t n_refs;
    struct text *falsepos;
    uint32_t n_falsepos;

    struct ir_by *by;
    uint32_t n_by;
    int64_t within; /* seconds; 0 in an `on` rule */
    bool is_on;     /* one event is a match */
    struct ir_step *steps;
    uint32_t n_steps; /* at most 64 */
    struct ir_join *joins;
    uint32_t n_joins;
    struct ir_match *match; /* NULL in an `on` rule */
    struct ir_automaton *automata;
    uint32_t n_automata;
    struct ir_ask *asks;
    uint32_t n_asks;
    struct ir_spike *spikes;
    uint32_t n_spikes;
    struct ir_given *gives;
    uint32_t n_gives;
    uint32_t until;   /* the step that may not be from the first to the last event of a choice; IR_NONE: none. It is a
                         veto of every alternative as well */
    ir_node_id where; /* over the eligible events of one window (language.md B6); IR_NONE: nothing is asked */
    struct ir_require *requires;
    uint32_t n_requires;
    bool is_blind; /* it requires what no source of the site has */
    uint32_t *from; /* ir->schemas that its events may come from; n_from 0: any */
    uint32_t n_from;
    struct ir_exception *exceptions;
    uint32_t n_exceptions;
    struct ir_tuning *tunings;
    uint32_t n_tunings;
    bool responds_off; /* `respond off` of a tune: nothing is proposed, and `responds` is empty */
    uint32_t refused;  /* enum diag_code of what in it is not executed yet: it cannot be loaded; 0: nothing */
    uint32_t depth; /* 0: it looks at records alone; else one more than the deepest of the rules whose groups
                       it takes */

    bool has_score;
    int32_t score;       /* the first number */
    struct ir_term *terms;
    uint32_t n_terms;
    int32_t open_at;
    int64_t once;        /* seconds */
    struct ir_respond *responds;
    uint32_t n_responds;

    ir_node_id *probes; /* over the match: values that its incidents carry for tests; none in service */
    uint32_t n_probes;

    bool monotone;            /* B3: nothing that later records can take back */
    uint64_t fingerprint[2];  /* of what B24 names: equal fingerprints keep their state over a reload */
};

struct ir_param {
    struct text rule, name;
    struct value value, least, most;
    struct csr_span set; /* the line of a tune that gives the value; hi 0: the rule's own */
};

/* ---- links and declared verbs -------------------------------------------------------------------------- */

/* `link identity assumed: sts:AssumeRole (ok) from access_key to resp.credentials.accessKeyId for 12h`. */
enum ir_link_kind { IR_LINK_IDENTITY, IR_LINK_CAUSE, IR_LINK_ENTITY, IR_LINK_KINDS };
struct ir_link {
    uint8_t kind; /* enum ir_link_kind */
    struct text name;
    struct csr_span span;
    struct ir_group *on; /* key, joins and captures of these groups are unused */
    uint32_t n_on;
    ir_node_id from, to; /* over the event */
    int64_t lasts;       /* seconds; 0: as its kind does */
};

/* What an argument of a declared verb must be. All but TEXT and NUMBER are targets: all their values are collected. */
enum ir_argument {
    IR_ARG_NAME, /* of some thing */
    IR_ARG_TEXT,
    IR_ARG_NUMBER,
    IR_ARG_KEY,
    IR_ARG_PRINCIPAL,
    IR_ARG_INSTANCE,
    IR_ARG_FUNCTION,
    IR_ARGUMENTS
};
struct ir_action_param {
    struct text name;
    uint8_t kind; /* enum ir_argument */
};
/* `action NAME(params) { … }`: proposed like the verbs of schema/verb.def, carried out by nobody here. */
struct ir_action {
    struct text name, meaning;
    struct csr_span span;
    struct ir_action_param *params;
    uint32_t n_params;
    uint8_t reach; /* enum verb_reach */
};

/* ---- tests -------------------------------------------------------------------------------------------- */

/* A record that a test makes up. */
struct ir_test_event {
    int64_t second;
    struct text record; /* JSON, as its source would have written it */
    struct text api;    /* as the test names it: "ec2:RunInstances" */
    struct csr_span span;
};

/* What a baseline knows before the test begins. */
struct ir_test_known {
    uint32_t baseline;
    bool has_values;   /* else: it is warmed up, and has seen nothing */
    struct value *key; /* [baseline->n_key] */
    struct value value; /* absent where the baseline remembers keys alone */
};

/* `from 203.0.113.7 { asn = 14061 }`: what is known of an address. */
struct ir_test_net {
    struct ip_net address;
    struct value asn, org, country; /* absent where nothing is said */
};

/* One part of `expect incident where a and b`: numbers into rule->probes. */
struct ir_check {
    struct text words; /* "score >= 85" */
    uint32_t test;
    struct text left_words, right_words; /* of a comparison, where a side is no constant: what is shown of it */
    uint32_t left, right;                /* IR_NONE: not shown */
    bool is_severity;                    /* both are severities */
};

/* `silent cloudtrail from 1m to 40m`: its records of that time come at its end. */
struct ir_test_silence {
    uint32_t schema;
    int64_t from, to; /* seconds since 1970 */
};

enum ir_expect_kind { IR_EXPECT_NONE, IR_EXPECT_INCIDENT, IR_EXPECT_PARTIAL, IR_EXPECT_ACTION };

struct ir_expect {
    uint8_t kind; /* enum ir_expect_kind */
    struct csr_span span;
    struct text words;  /* as written, canonical */
    uint32_t count;     /* INCIDENT: how many; 0: at least one */
    struct ir_check *checks;
    uint32_t n_checks;
    uint32_t step, taken, of; /* PARTIAL */
    struct text verb;         /* ACTION */
};

struct ir_test {
    uint32_t rule;         /* IR_NONE: it is not executed yet */
    struct text rule_name; /* full */
    struct text title;
    struct csr_span span;
    uint32_t refused; /* enum diag_code: why it cannot run; 0: it can */
    int64_t start;    /* second that `at 0s` means */
    struct ir_test_event *events; /* by second, then as written */
    uint32_t n_events;
    struct text *files; /* paths of files of records, read when the test runs; each ends with a NUL */
    uint32_t n_files;
    struct ir_test_known *knowns;
    uint32_t n_knowns;
    struct ir_test_net *nets;
    uint32_t n_nets;
    struct ir_test_silence *silences;
    uint32_t n_silences;
    struct ir_expect *expects;
    uint32_t n_expects;
};

/* ---- the site ----------------------------------------------------------------------------------------- */

enum ir_sink_kind { IR_SINK_FILE, IR_SINK_WEBHOOK, IR_SINK_EXEC };

struct ir_source {
    struct text name, kind, path; /* kind: "file" or "stdin" */
    bool follow;
    bool reads;       /* it has read-only events */
    int64_t disorder; /* seconds; < 0: as its kind of records has it */
    int64_t max_lag;  /* seconds; 0: the engine's own */
};
struct ir_sink {
    struct text name;
    uint8_t kind; /* enum ir_sink_kind */
    struct text path, url;
    struct text *argv;
    uint32_t n_argv;
    int64_t timeout; /* nanoseconds */
    uint32_t retries;
    struct csr_span span;
};
enum ir_policy_mode { IR_POLICY_PROPOSE, IR_POLICY_ENFORCE };
struct ir_site {
    struct ir_source *sources;
    uint32_t n_sources;
    struct ir_sink *sinks;
    uint32_t n_sinks;
    uint8_t mode; /* enum ir_policy_mode; PROPOSE without a policy */
    struct text *allow;
    uint32_t n_allow;
    struct text incidents; /* where incidents go as NDJSON: "-" is standard output */
    struct text state;     /* folder of the action journal; empty: none asked for */
    struct text socket;    /* control socket; empty: the default */
    struct caps caps;      /* 0: the default */
};

/* A list whose values stand in a file. */
struct ir_dataset {
    struct text name, path; /* the path ends with a NUL */
    int64_t reload;         /* seconds after which a service looks whether the file has changed; 0: never by itself */
    uint64_t digest[2];     /* of the file's bytes */
    int64_t changed, size;  /* of the file when it was read: nanoseconds since 1970, bytes */
};

/* ---- the whole ---------------------------------------------------------------------------------------- */

struct ir {
    struct arena *arena;
    struct ir_node *nodes;
    uint32_t n_nodes;
    ir_node_id *operands;
    uint32_t n_operands;
    struct value *constants;
    uint32_t n_constants;
    struct ir_slot *slots;
    uint32_t n_slots;
    struct ir_field *fields;
    uint32_t n_fields;
    struct ir_schema *schemas;
    uint32_t n_schemas;
    struct ir_unused *unused; /* where the compiler was told to look for them */
    uint32_t n_unused;
    struct ir_list *lists;
    uint32_t n_lists;
    struct ir_patterns *patterns;
    uint32_t n_patterns;
    const struct zone *zones; /* that hour() and weekday() name */
    uint32_t n_zones;
    struct ir_baseline *baselines;
    uint32_t n_baselines;
    struct ir_rule *rules;
    uint32_t n_rules;
    struct ir_param *params;
    uint32_t n_params;
    struct ir_link *links;
    uint32_t n_links;
    struct ir_action *actions;
    uint32_t n_actions;
    struct ir_dataset *datasets;
    uint32_t n_datasets;
    struct ir_disabled *disabled; /* by name */
    uint32_t n_disabled;
    uint32_t n_exceptions; /* of all rules */
    struct ir_test *tests; /* of the files given, if the compiler was told to look at them */
    uint32_t n_tests;
    struct ir_site *site; /* NULL without source, sink or policy */
    uint64_t fingerprint[2]; /* of all files read, for receipts */
};

#define IR_DEPTHS 5 /* rules over one another, the lowest included */
/* Sorts and indexes lists, finds how deep rules lie, computes fingerprints and checks the invariants;
 * afterwards nothing is written. */
void ir_seal(struct ir *ir);
/* "true" if the rule has nothing but literal text, for tests of dumps. */
struct text ir_severity_name(enum ir_severity severity);
/* As rules write them: "principal", "identity". */
struct text ir_argument_name(enum ir_argument kind);
struct text ir_link_kind_name(enum ir_link_kind kind);

/* What `csr dump --stage=ir` and `--stage=plan` print: rules, steps and predicates in words; candidates by API name,
 * shared predicates, slots, automata with their progress. Canonical: the same rules give the same bytes. */
struct csr_dump;
void ir_dump(const struct ir *ir, void (*put)(void *to, const char *at, size_t len), void *to);
void ir_dump_tests(const struct ir *ir, void (*put)(void *to, const char *at, size_t len), void *to);
void ir_dump_plan(const struct ir *ir, void (*put)(void *to, const char *at, size_t len), void *to);

#endif
