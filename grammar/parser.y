/* parser.y - the grammar of rule files. LALR(1), no conflict; an action is one call of build.h.
 *
 * How mistakes are met
 * 1. `error` stands only where the entry of a body may stand: an item, a clause, an act, a line of tune or
 *    test. RECOVER then reads on to the next entry by hand (lex_recover), because most clause words may be
 *    names as well and bison's own skipping would stop at any of them.
 * 2. A state reduces without looking only if it has nothing else to do (default-reduction consistent), so that
 *    a mistake is met with everything before it still on the stack: mistake.c reads there what was being
 *    written.
 * 3. Memory of the stacks comes from the arena. Lists are left recursive: the stack is as deep as the text is
 *    nested, never as long as it is.
 */
%code requires {
#include "grammar/build.h"
}

%code provides {
/* The names by which flex knows them. */
#define YYSTYPE CSR_GRAM_STYPE
#define YYLTYPE CSR_GRAM_LTYPE

int csr_gram_lex(CSR_GRAM_STYPE *value, struct csr_span *at, struct lex *lex); /* lex.c */
}

%code {
#include "grammar/mistake.h"

static void csr_gram_error(struct csr_span *at, struct lex *lex, const char *message);

#define YYMALLOC(size) arena_alloc(lex->p->arena, size)
#define YYFREE(old)    ((void)(old))
#define YYINITDEPTH    200
#define YYMAXDEPTH     8000 /* some twenty states a level of AST_DEPTH_MOST would be 4,000 */

/* A place for an empty rule is the end of what stands before it. */
#define YYLLOC_DEFAULT(here, parts, n)                                                                      \
    ((here).lo = (n) ? YYRHSLOC(parts, 1).lo : YYRHSLOC(parts, 0).hi,                                       \
     (here).hi = YYRHSLOC(parts, n).hi)

#define NODE(kind, at, ...)              build_node(lex, AST_##kind, at, KIDS(__VA_ARGS__))
#define NAMED(kind, at, name, ...)       build_named(lex, AST_##kind, at, name, KIDS(__VA_ARGS__))
#define COUNTED(kind, at, name, num, ...) build_counted(lex, AST_##kind, at, name, num, KIDS(__VA_ARGS__))
#define OP(kind, at, op, ...)            build_op(lex, AST_##kind, at, op, KIDS(__VA_ARGS__))
#define LIST_OF(at, ...)                 build_node(lex, BUILD_LIST, at, KIDS(__VA_ARGS__))
#define ADD(list, kid)                   build_add(lex, list, kid)
#define EXTEND(at, node, kid)            build_extend(lex, at, node, kid)
#define NO_NAME                          ((struct text){NULL, 0})

#define RECOVER(body) (yychar = lex_recover(lex, yychar, body, &yylval, &yylloc), yyerrok, (struct ast *)NULL)
}

%define api.pure full
%define api.prefix {csr_gram_}
%define api.token.prefix {TOK_}
%define api.location.type {struct csr_span}
%define parse.error custom
%define lr.default-reduction consistent
%locations
%param {struct lex *lex}

%union {
    struct spelled word;
    struct ast *node;
    enum ast_op op;
}

%token START_FILE START_OPERAND
%token <node> STRING NUM SIGNED DUR SIZE ADDR TECH API WHO FIELD REGEX
%token <word> NAME
%token THEN "->" LATER "=>" EQ "==" NE "!=" LE "<=" GE ">=" ADD_TO "+=" DOTDOT ".."

%token <word>
    USE "use" LIST "list" DATASET "dataset" BASELINE "baseline" DEFINE "define" RULE "rule" TEST "test"
    TUNE "tune" DISABLE "disable" EVENT "event" LINK "link" ACTION "action" PACK "pack" SOURCE "source"
    SINK "sink" POLICY "policy" TITLE "title" SEVERITY "severity" ATTACK "attack" REFS "refs"
    FALSEPOS "falsepos" FROM "from" BY "by" WITHIN "within" PARAM "param" REQUIRE "require" ON "on"
    STEP "step" MATCH "match" SCORE "score" OPEN "open" ONCE "once" RESPOND "respond" AT "at" SET "set"
    EXCEPT "except" AS "as" START "start" KNOWN "known" RECORDS "records" SILENT "silent" EXPECT "expect"
    RELOAD "reload"
    KEEP "keep" WARMUP "warmup" DAYS "days" REASON "reason" WHEN "when" TO "to" RANGE "range" FRESH "fresh"
    INCIDENT "incident" LIMIT "limit" UNDO "undo" AFTER "after" OVER "over" FLOOR "floor" OFF "off"
    EXPIRES "expires" EVERY "every" NONE "none" PARTIAL "partial"

%token <word>
    WHERE "where" WITH "with" IF "if" AND "and" OR "or" NOT "not" IN "in" LIKE "like" CONTAINS "contains"
    STARTS "starts" ENDS "ends" GRANTS "grants" PRESENT "present" ABSENT "absent" EXISTS "exists" ANY "any"
    ALL "all" JSON "json" STATEMENTS "statements" SPIKE "spike" DISTINCT "distinct" SUM "sum" FOR "for"
    UNTIL "until" OF "of" SETTLED "settled" ELSE "else"

%type <word> name qname call_name doc_name
%type <op>   arrow comparison text_comparison
%type <node> item clause act tuning line entry field_def group api one_match alternatives alternative chain
             all_of element repeated atom repetition gap duration number expr disjunction conj conjunction
             neg test sum prod prim path doc call called set literal value object member key quoted_key array who
             who_name origin block param_typed link_gap ranged
%type <node> names paths texts techniques clauses acts tunings lines entries field_defs events apis withs
             matches params_typed args literals members values terms
%type <node> maybe_reload maybe_on maybe_days maybe_when maybe_if maybe_for maybe_until maybe_settled
             maybe_limit maybe_undo maybe_where_if maybe_else maybe_most maybe_distinct maybe_in
             maybe_spike_by maybe_sum maybe_expires maybe_account maybe_origin maybe_object maybe_times
             maybe_every maybe_from_or_by maybe_params_typed maybe_args maybe_set_paths maybe_values
             except_on expectation data

%%

text:
    START_FILE items
  | START_OPERAND path                  { lex->root = $2; }
  | START_OPERAND called                { lex->root = $2; }
  ;

/* ---- a file and its items ---- */

items:
    %empty
  | items item                          { ADD(lex->root, $2); }
  | items ';'
  ;

item:
    "use" names                         { $$ = NODE(USE, @$, $2); }
  | "list" qname '=' set                { $$ = NAMED(LIST, @$, $2.text, $4); }
  | "list" qname "+=" set               { $$ = NAMED(LIST_ADD, @$, $2.text, $4); }
  | "dataset" name '=' data maybe_reload { $$ = NAMED(DATASET, @$, $2.text, $4, $5); }
  | "baseline" name '=' '(' paths ')' maybe_on "keep" DUR "warmup" DUR maybe_days
        { $$ = NAMED(BASELINE, @$, $2.text, NODE(PATHS, @5, $5), $7, NODE(KEEP, @9, $9),
                     NODE(WARMUP, @11, $11), $12); }
  | "define" name '=' expr              { $$ = NAMED(DEFINE, @$, $2.text, $4); }
  | "define" name '(' names ')' '=' expr { $$ = NAMED(DEFINE, @$, $2.text, NODE(PARAMS, @4, $4), $7); }
  | "rule" name '{' clauses '}'         { $$ = build_rule(lex, @$, &$1, $2.text, $4); }
  | "test" qname STRING '{' lines '}'   { $$ = NAMED(TEST, @$, $2.text, $3, $5); }
  | "tune" qname '{' tunings '}'        { $$ = NAMED(TUNE, @$, $2.text, $4); }
  | "tune" name '.' '*' '{' tunings '}'
        { $$ = NAMED(TUNE, @$, build_dotted(lex, $2.text, TEXT("*")).text, $6); }
  | "disable" qname "reason" STRING
        { $$ = NAMED(DISABLE, @$, $2.text, build_from(lex, AST_REASON, @4, $4, KIDS())); }
  | "event" name "from" name maybe_when '{' field_defs '}'
        { $$ = NAMED(EVENT, @$, $2.text, NODE(FROM, @4, NAMED(NAME, @4, $4.text)), $5, $7); }
  | "link" name name ':' events "from" expr "to" expr maybe_for
        { $$ = NAMED(LINK, @$, $3.text, NAMED(NAME, @2, $2.text), NODE(ON, @5, $5), NODE(FROM_EXPR, @7, $7),
                     NODE(TO_EXPR, @9, $9), $10); }
  | "action" qname '(' maybe_params_typed ')' block { $$ = NAMED(ACTION, @$, $2.text, $4, $6); }
  | "pack" block                        { $$ = NODE(PACK, @$, $2); }
  | "source" name block                 { $$ = NAMED(SOURCE, @$, $2.text, $3); }
  | "sink" name block                   { $$ = NAMED(SINK, @$, $2.text, $3); }
  | "policy" block                      { $$ = NODE(POLICY, @$, $2); }
  | "policy" name block                 { $$ = NAMED(POLICY, @$, $2.text, $3); }
  | error                               { $$ = RECOVER(IN_FILE); }
  ;

data:
    call
  | "json" '(' maybe_args ')'           { $$ = NAMED(CALL, @$, TEXT("json"), NODE(ARGS, @3, $3)); }
  ;

maybe_reload:
    %empty                              { $$ = NULL; }
  | "reload"                            { $$ = NODE(RELOAD, @$); }
  | "reload" DUR                        { $$ = NODE(RELOAD, @$, $2); }
  ;

maybe_on:
    %empty                              { $$ = NULL; }
  | "on" events                         { $$ = NODE(ON, @$, $2); }
  ;

maybe_days:
    %empty                              { $$ = NULL; }
  | "days" NUM                          { $$ = NODE(DAYS, @$, $2); }
  ;

maybe_when:
    %empty                              { $$ = NULL; }
  | "when" expr                         { $$ = NODE(WHEN, @$, $2); }
  ;

field_defs:
    %empty                              { $$ = LIST_OF(@$); }
  | field_defs field_def                { $$ = ADD($1, $2); }
  | field_defs ';'                      { $$ = $1; }
  ;

field_def:
    key '=' expr                        { $$ = NAMED(FIELD_DEF, @$, build_joined(lex, $1), $3); }
  ;

maybe_params_typed:
    %empty                              { $$ = NULL; }
  | params_typed
  ;

params_typed:
    param_typed                         { $$ = LIST_OF(@$, $1); }
  | params_typed ',' param_typed        { $$ = ADD($1, $3); }
  ;

param_typed:
    name                                { $$ = NAMED(TYPED, @$, $1.text); }
  | name ':' name                       { $$ = NAMED(TYPED, @$, $1.text, NAMED(NAME, @3, $3.text)); }
  ;

block:
    '{' entries '}'                     { $$ = NODE(BLOCK, @$, $2); }
  ;

entries:
    %empty                              { $$ = LIST_OF(@$); }
  | entries entry                       { $$ = ADD($1, $2); }
  | entries ';'                         { $$ = $1; }
  ;

entry:
    name '=' expr                       { $$ = NAMED(ASSIGN, @$, $1.text, $3); }
  | name block                          { $$ = NAMED(SUBBLOCK, @$, $1.text, $2); }
  ;

/* ---- clauses of a rule ---- */

clauses:
    %empty                              { $$ = LIST_OF(@$); }
  | clauses clause                      { $$ = ADD($1, $2); }
  | clauses ';'                         { $$ = $1; }
  ;

clause:
    "title" STRING                      { $$ = NODE(TITLE, @$, $2); }
  | "severity" name maybe_if            { $$ = NAMED(SEVERITY, @$, $2.text, $3); }
  | "attack" techniques                 { $$ = NODE(ATTACK, @$, $2); }
  | "refs" texts                        { $$ = NODE(REFS, @$, $2); }
  | "falsepos" texts                    { $$ = NODE(FALSEPOS, @$, $2); }
  | "from" names                        { $$ = NODE(FROM, @$, $2); }
  | "by" paths                          { $$ = NODE(BY, @$, $2); }
  | "within" DUR                        { $$ = NODE(WITHIN, @$, $2); }
  | "param" name '=' literal "range" literal ".." literal { $$ = NAMED(PARAM, @$, $2.text, $4, $6, $8); }
  | "require" name                      { $$ = NAMED(REQUIRE, @$, $2.text); }
  | "require" name maybe_set_paths "fresh" DUR maybe_else
        { $$ = NAMED(REQUIRE, @$, $2.text, $3, NODE(FRESH, @5, $5), $6); }
  | "on" events                         { $$ = NODE(ON, @$, $2); }
  | "step" name ':' events              { $$ = NAMED(STEP, @$, $2.text, $4); }
  | "match" one_match maybe_until       { $$ = NODE(MATCH, @$, $2, $3); }
  | "where" expr                        { $$ = NODE(WHERE, @$, $2); }
  | "score" NUM terms                   { $$ = NODE(SCORE, @$, $2, $3); }
  | "open" "at" NUM                     { $$ = NODE(OPEN, @$, $3); }
  | "once" "for" DUR                    { $$ = NODE(ONCE, @$, $3); }
  | "respond" '{' acts '}'              { $$ = NODE(RESPOND, @$, $3); }
  | error                               { $$ = RECOVER(IN_RULE); }
  ;

maybe_if:
    %empty                              { $$ = NULL; }
  | "if" expr                           { $$ = NODE(IF, @$, $2); }
  ;

maybe_until:
    %empty                              { $$ = NULL; }
  | "until" name                        { $$ = NAMED(UNTIL, @$, $2.text); }
  ;

maybe_set_paths:
    %empty                              { $$ = NULL; }
  | '(' paths ')'                       { $$ = NODE(PATHS, @$, $2); }
  ;

maybe_else:
    %empty                              { $$ = NULL; }
  | "else" "incident" name STRING       { $$ = NAMED(ELSE, @$, $3.text, $4); }
  ;

terms:
    %empty                              { $$ = LIST_OF(@$); }
  | terms SIGNED "if" expr
        { $$ = ADD($1, COUNTED(TERM, span_join(@2, @4), NO_NAME, $2, $4)); }
  ;

acts:
    %empty                              { $$ = LIST_OF(@$); }
  | acts act                            { $$ = ADD($1, $2); }
  | acts ';'                            { $$ = $1; }
  ;

act:
    "at" NUM maybe_settled qname '(' maybe_args ')' maybe_limit maybe_undo
        { $$ = COUNTED(ACT, @$, $4.text, $2, $3, NODE(ARGS, @6, $6), $8, $9); }
  | error                               { $$ = RECOVER(IN_RESPOND); }
  ;

maybe_settled:
    %empty                              { $$ = NULL; }
  | "settled"                           { $$ = NODE(SETTLED, @$); }
  ;

maybe_limit:
    %empty                              { $$ = NULL; }
  | "limit" NUM name                    { $$ = COUNTED(LIMIT, @$, $3.text, $2); }
  ;

maybe_undo:
    %empty                              { $$ = NULL; }
  | "undo" "after" DUR                  { $$ = NODE(UNDO, @$, $3); }
  ;

/* ---- events ---- */

events:
    group                               { $$ = LIST_OF(@$, $1); }
  | events '|' group                    { $$ = ADD($1, $3); }
  ;

group:
    apis withs                          { $$ = NODE(GROUP, @$, $1, $2); }
  | apis '(' expr ')' withs             { $$ = NODE(GROUP, @$, $1, NODE(IF, @3, $3), $5); }
  ;

apis:
    api                                 { $$ = LIST_OF(@$, $1); }
  | apis ',' api                        { $$ = ADD($1, $3); }
  ;

api:
    API
  | '*'                                 { $$ = NODE(ANY_API, @$); }
  | qname                               { $$ = NAMED(RULE_REF, @$, $1.text); }
  ;

withs:
    %empty                              { $$ = LIST_OF(@$); }
  | withs "with" name '=' expr          { $$ = ADD($1, NAMED(WITH, span_join(@2, @5), $3.text, $5)); }
  ;

/* ---- match: how steps stand in time ---- */

one_match:
    alternative
  | alternatives
  ;

alternatives:
    alternative '|' alternative         { $$ = NODE(M_ALT, @$, $1, $3); }
  | alternatives '|' alternative        { $$ = ADD($1, $3); }
  ;

alternative:
    element
  | chain
  | all_of
  ;

chain:
    element link_gap element            { $$ = NODE(M_CHAIN, @$, $1, $2, $3); }
  | chain link_gap element              { $$ = ADD(ADD($1, $2), $3); }
  ;

link_gap:
    arrow                               { $$ = OP(ARROW, @$, $1); }
  | arrow '[' gap ']'                   { $$ = OP(ARROW, @$, $1, $3); }
  ;

arrow:
    "->"                                { $$ = OP_THEN; }
  | "=>"                                { $$ = OP_LATER; }
  ;

gap:
    duration                            { $$ = NODE(GAP, @$, $1); }
  | duration ".."                       { $$ = OP(GAP, @$, OP_AT_LEAST, $1); }
  | duration ".." duration              { $$ = NODE(GAP, @$, $1, $3); }
  ;

all_of:
    element '&' element                 { $$ = NODE(M_ALL, @$, $1, $3); }
  | all_of '&' element                  { $$ = ADD($1, $3); }
  ;

element:
    repeated
  | '!' atom maybe_for                  { $$ = NODE(M_NOT, @$, $2, $3); }
  ;

maybe_for:
    %empty                              { $$ = NULL; }
  | "for" duration                      { $$ = NODE(FOR, @$, $2); }
  ;

repeated:
    atom
  | repeated '?'                        { $$ = NODE(M_OPT, @$, $1); }
  | repeated '[' repetition ']'         { $$ = NODE(M_REP, @$, $1, $3); }
  ;

repetition:
    number ".." maybe_most maybe_distinct maybe_in { $$ = NODE(REP, @$, $1, $3, $4, $5); }
  | "sum" path ">=" number maybe_in     { $$ = NODE(SUM_REP, @$, $2, $4, $5); }
  | "in" duration                       { $$ = NODE(IN_REP, @$, NODE(IN_DUR, @$, $2)); }
  ;

maybe_most:
    %empty                              { $$ = NULL; }
  | number                              { $$ = NODE(MOST, @$, $1); }
  ;

maybe_distinct:
    %empty                              { $$ = NULL; }
  | "distinct" path                     { $$ = NODE(DISTINCT_BY, @$, $2); }
  ;

maybe_in:
    %empty                              { $$ = NULL; }
  | "in" duration                       { $$ = NODE(IN_DUR, @$, $2); }
  ;

atom:
    name                                { $$ = NAMED(M_STEP, @$, $1.text); }
  | '(' one_match ')'                   { $$ = NODE(M_GROUP, @$, $2); }
  | NUM "of" '(' matches ')'            { $$ = COUNTED(M_OF, @$, NO_NAME, $1, $4); }
  ;

matches:
    one_match                           { $$ = LIST_OF(@$, $1); }
  | matches ',' one_match               { $$ = ADD($1, $3); }
  ;

/* ---- expressions ---- */

expr:
    conj
  | disjunction
  ;

disjunction:
    conj "or" conj                      { $$ = NODE(OR, @$, $1, $3); }
  | disjunction "or" conj               { $$ = EXTEND(@$, $1, $3); }
  ;

conj:
    neg
  | conjunction
  ;

conjunction:
    neg "and" neg                       { $$ = NODE(AND, @$, $1, $3); }
  | conjunction "and" neg               { $$ = EXTEND(@$, $1, $3); }
  ;

neg:
    test
  | "not" neg                           { $$ = NODE(NOT, @$, $2); }
  ;

test:
    sum
  | sum comparison sum                  { $$ = OP(TEST_OP, @$, $2, $1, $3); }
  | sum "in" ranged                     { $$ = NODE(IN, @$, $1, $3); }
  | sum "not" "in" ranged               { $$ = NODE(NOT_IN, @$, $1, $4); }
  | sum "not" text_comparison sum       { $$ = OP(NOT_TEST, @$, $3, $1, $4); }
  | sum '~' REGEX                       { $$ = NODE(MATCHES, @$, $1, $3); }
  | sum "present"                       { $$ = NODE(PRESENT, @$, $1); }
  | sum "absent"                        { $$ = NODE(ABSENT, @$, $1); }
  | "exists" name                       { $$ = NAMED(EXISTS, @$, $2.text); }
  ;

comparison:
    "=="                                { $$ = OP_EQ; }
  | "!="                                { $$ = OP_NE; }
  | '<'                                 { $$ = OP_LT; }
  | "<="                                { $$ = OP_LE; }
  | '>'                                 { $$ = OP_GT; }
  | ">="                                { $$ = OP_GE; }
  | text_comparison
  ;

text_comparison:
    "like"                              { $$ = OP_LIKE; }
  | "contains"                          { $$ = OP_CONTAINS; }
  | "starts"                            { $$ = OP_STARTS; }
  | "ends"                              { $$ = OP_ENDS; }
  | "grants"                            { $$ = OP_GRANTS; }
  ;

ranged:
    sum
  | NUM ".." NUM                        { $$ = NODE(RANGE, @$, $1, $3); }
  ;

sum:
    prod
  | sum '+' prod                        { $$ = NODE(ADD, @$, $1, $3); }
  | sum '-' prod                        { $$ = NODE(SUB, @$, $1, $3); }
  ;

prod:
    prim
  | prod '*' prim                       { $$ = NODE(MUL, @$, $1, $3); }
  ;

prim:
    '(' expr ')'                        { $$ = $2; }
  | literal
  | set
  | path
  | called
  | "any" name "in" path '(' expr ')'   { $$ = NAMED(ANY, @$, $2.text, $4, $6); }
  | "all" name "in" path '(' expr ')'   { $$ = NAMED(ALL, @$, $2.text, $4, $6); }
  | "spike" '(' maybe_sum path maybe_spike_by "in" DUR "over" DUR "floor" number ')'
        { $$ = NODE(SPIKE, @$, $3, $4, $5, $7, $9, $11); }
  ;

maybe_sum:
    %empty                              { $$ = NULL; }
  | "sum"                               { $$ = NODE(SUM_OF, @$); }
  ;

maybe_spike_by:
    %empty                              { $$ = NULL; }
  | "by" paths                          { $$ = NODE(PATHS, @2, $2); }
  ;

path:
    name                                { $$ = NAMED(PATH, @$, $1.text); }
  | doc                                 { $$ = NAMED(PATH, @$, TEXT(""), $1); }
  | path FIELD                          { $$ = ADD($1, $2); }
  | path '[' ']'                        { $$ = ADD($1, NODE(ELEMENTS, span_join(@2, @3))); }
  ;

doc:
    doc_name '(' paths ')'              { $$ = NAMED(DOC, @$, $1.text, NODE(PATHS, @3, $3)); }
  ;

doc_name:
    "json"
  | "statements"
  ;

called:
    call
  | called FIELD                        { $$ = ADD($1, $2); }
  | called '[' ']'                      { $$ = ADD($1, NODE(ELEMENTS, span_join(@2, @3))); }
  ;

call:
    call_name '(' maybe_args ')'        { $$ = NAMED(CALL, @$, $1.text, NODE(ARGS, @3, $3)); }
  ;

call_name:
    name
  | "distinct"
  | "sum"
  ;

maybe_args:
    %empty                              { $$ = NULL; }
  | args
  ;

args:
    expr                                { $$ = LIST_OF(@$, $1); }
  | args ',' expr                       { $$ = ADD($1, $3); }
  ;

set:
    '{' '}'                             { $$ = NODE(SET, @$); }
  | '{' literals '}'                    { $$ = NODE(SET, @$, $2); }
  | '{' literals ',' '}'                { $$ = NODE(SET, @$, $2); }
  ;

literals:
    literal                             { $$ = LIST_OF(@$, $1); }
  | literals ',' literal                { $$ = ADD($1, $3); }
  ;

literal:
    STRING
  | NUM
  | SIGNED
  | DUR
  | SIZE
  | ADDR
  ;

/* ---- tuning ---- */

tunings:
    %empty                              { $$ = LIST_OF(@$); }
  | tunings tuning                      { $$ = ADD($1, $2); }
  | tunings ';'                         { $$ = $1; }
  ;

tuning:
    "set" name '=' literal              { $$ = NAMED(SET_PARAM, @$, $2.text, $4); }
  | "severity" name maybe_if            { $$ = NAMED(SEVERITY, @$, $2.text, $3); }
  | "respond" "off"                     { $$ = NODE(RESPOND_OFF, @$); }
  | "except" name '(' expr ')' "on" except_on maybe_expires "reason" STRING
        { $$ = NAMED(EXCEPT, @$, $2.text, $4, $7, $8, build_from(lex, AST_REASON, @10, $10, KIDS())); }
  | error                               { $$ = RECOVER(IN_TUNE); }
  ;

except_on:
    "step" name                         { $$ = NAMED(ON_STEP, @$, $2.text); }
  | "match"                             { $$ = NODE(ON_MATCH, @$); }
  ;

maybe_expires:
    %empty                              { $$ = NULL; }
  | "expires" STRING                    { $$ = build_from(lex, AST_EXPIRES, @2, $2, KIDS()); }
  ;

/* ---- tests ---- */

lines:
    %empty                              { $$ = LIST_OF(@$); }
  | lines line                          { $$ = ADD($1, $2); }
  | lines ';'                           { $$ = $1; }
  ;

line:
    "as" who                            { $$ = NODE(AS, @$, $2); }
  | "start" STRING                      { $$ = NODE(START, @$, $2); }
  | "known" qname maybe_values          { $$ = NAMED(KNOWN, @$, $2.text, $3); }
  | "records" STRING                    { $$ = NODE(RECORDS, @$, $2); }
  | "silent" name "from" DUR "to" DUR   { $$ = NAMED(SILENT, @$, $2.text, $4, $6); }
  | "at" DUR API maybe_object maybe_times maybe_from_or_by { $$ = NODE(AT, @$, $2, $3, $4, $5, $6); }
  | "expect" expectation                { $$ = $2; }
  | error                               { $$ = RECOVER(IN_TEST); }
  ;

who:
    who_name maybe_account maybe_origin { $$ = ADD(ADD($1, $2), $3); }
  ;

who_name:
    WHO
  | name                                { $$ = NAMED(WHO, @$, $1.text); }
  | STRING                              { $$ = build_from(lex, AST_WHO, @$, $1, KIDS()); }
  ;

maybe_account:
    %empty                              { $$ = NULL; }
  | "in" NUM                            { $$ = NODE(ACCOUNT, @$, $2); }
  ;

maybe_origin:
    %empty                              { $$ = NULL; }
  | "from" origin                       { $$ = $2; }
  ;

origin:
    ADDR                                { $$ = NODE(ORIGIN, @$, $1); }
  | ADDR block                          { $$ = NODE(ORIGIN, @$, $1, $2); }
  | STRING                              { $$ = NODE(ORIGIN, @$, $1); }
  ;

maybe_values:
    %empty                              { $$ = NULL; }
  | '=' '(' values ')'                  { $$ = $3; }
  ;

maybe_object:
    %empty                              { $$ = NULL; }
  | object
  ;

maybe_times:
    %empty                              { $$ = NULL; }
  | '*' NUM maybe_every                 { $$ = NODE(TIMES, @$, $2, $3); }
  ;

maybe_every:
    %empty                              { $$ = NULL; }
  | "every" DUR                         { $$ = NODE(EVERY, @$, $2); }
  ;

maybe_from_or_by:
    %empty                              { $$ = NULL; }
  | "from" origin                       { $$ = $2; }
  | "by" who                            { $$ = NODE(BY_WHO, @$, $2); }
  ;

expectation:
    "none"                              { $$ = NODE(EXPECT_NONE, @$); }
  | "incident" maybe_where_if           { $$ = NODE(EXPECT_INCIDENT, @$, $2); }
  | "incident" "once" maybe_where_if    { $$ = build_times(lex, AST_EXPECT_INCIDENT, @$, 1, KIDS($3)); }
  | "incident" NUM maybe_where_if       { $$ = COUNTED(EXPECT_INCIDENT, @$, NO_NAME, $2, $3); }
  | "partial" name NUM "of" NUM         { $$ = NAMED(EXPECT_PARTIAL, @$, $2.text, $3, $5); }
  | "action" qname                      { $$ = NAMED(EXPECT_ACTION, @$, $2.text); }
  ;

maybe_where_if:
    %empty                              { $$ = NULL; }
  | "where" expr                        { $$ = NODE(IF, @$, $2); }
  ;

object:
    '{' '}'                             { $$ = NODE(OBJ, @$); }
  | '{' members '}'                     { $$ = NODE(OBJ, @$, $2); }
  | '{' members ',' '}'                 { $$ = NODE(OBJ, @$, $2); }
  ;

members:
    member                              { $$ = LIST_OF(@$, $1); }
  | members ',' member                  { $$ = ADD($1, $3); }
  ;

member:
    key ':' value                       { $$ = NODE(MEMBER, @$, $1, $3); }
  | quoted_key ':' value                { $$ = NODE(MEMBER, @$, $1, $3); }
  ;

quoted_key:
    STRING                              { $$ = build_from(lex, AST_KEY, @1, $1, KIDS()); }
  ;

key:
    name                                { $$ = NAMED(KEY, @$, $1.text); }
  | key FIELD                           { $$ = ADD($1, $2); }
  ;

value:
    literal
  | name                                { $$ = NAMED(NAME, @$, $1.text); }
  | object
  | array
  ;

array:
    '[' ']'                             { $$ = NODE(ARRAY, @$); }
  | '[' values ']'                      { $$ = NODE(ARRAY, @$, $2); }
  | '[' values ',' ']'                  { $$ = NODE(ARRAY, @$, $2); }
  ;

values:
    value                               { $$ = LIST_OF(@$, $1); }
  | values ',' value                    { $$ = ADD($1, $3); }
  ;

/* ---- small things ---- */

names:
    name                                { $$ = LIST_OF(@$, NAMED(NAME, @1, $1.text)); }
  | names ',' name                      { $$ = ADD($1, NAMED(NAME, @3, $3.text)); }
  ;

paths:
    path                                { $$ = LIST_OF(@$, $1); }
  | paths ',' path                      { $$ = ADD($1, $3); }
  ;

texts:
    STRING                              { $$ = LIST_OF(@$, $1); }
  | texts ',' STRING                    { $$ = ADD($1, $3); }
  ;

techniques:
    TECH                                { $$ = LIST_OF(@$, $1); }
  | techniques ',' TECH                 { $$ = ADD($1, $3); }
  ;

duration:
    DUR
  | name                                { $$ = NAMED(NAME, @$, $1.text); }
  ;

number:
    NUM
  | SIZE
  | name                                { $$ = NAMED(NAME, @$, $1.text); }
  ;

qname:
    name
  | name FIELD                          { $$ = build_dotted(lex, $1.text, $2->text); }
  ;

/* Every word but the reserved ones may be a name. */
name:
    NAME
  | "use" | "list" | "dataset" | "baseline" | "define" | "rule" | "test" | "tune" | "disable" | "event"
  | "link" | "action" | "pack" | "source" | "sink" | "policy" | "title" | "severity" | "attack" | "refs"
  | "falsepos" | "from" | "by" | "within" | "param" | "require" | "on" | "step" | "match" | "score"
  | "open" | "once" | "respond" | "at" | "set" | "except" | "as" | "start" | "known" | "silent" | "expect"
  | "records"
  | "reload" | "keep" | "warmup" | "days" | "reason" | "when" | "to" | "range" | "fresh" | "incident"
  | "limit" | "undo" | "after" | "over" | "floor" | "off" | "expires" | "every" | "none" | "partial"
  ;

%%

/* The words that stand on the stack, the innermost first: what was being written. */
static void collect_words(const yypcontext_t *context, struct mistake *m)
{
    for (const yy_state_t *state = context->yyssp; *state; state--)
        for (int token = TOK_CSR_GRAM_UNDEF + 1; token <= YYMAXUTOK; token++)
            if (YYTRANSLATE(token) == YY_ACCESSING_SYMBOL(*state) && mistake_wants(token) &&
                m->n_words < MISTAKE_WORDS)
                m->words[m->n_words++] = token;
}

static int top_token(const yypcontext_t *context)
{
    int token = YYMAXUTOK;
    while (token && YYTRANSLATE(token) != YY_ACCESSING_SYMBOL(*context->yyssp)) token--;
    return token;
}

static void collect_expected(const yypcontext_t *context, struct mistake *m)
{
    yysymbol_kind_t symbols[YYNTOKENS];
    bool is_expected[YYNTOKENS] = {false};
    int n = yypcontext_expected_tokens(context, symbols, YYNTOKENS);
    for (int i = 0; i < n; i++) is_expected[symbols[i]] = true;
    is_expected[YYSYMBOL_YYUNDEF] = false;
    for (int token = 0; token <= YYMAXUTOK; token++) m->expected[token] = is_expected[YYTRANSLATE(token)];
}

static int yyreport_syntax_error(const yypcontext_t *context, struct lex *lex)
{
    struct mistake m = {.lex = lex, .top = top_token(context)};
    _Static_assert(YYMAXUTOK < MISTAKE_TOKENS, "a token is beyond the table of expected ones");
    collect_words(context, &m);
    collect_expected(context, &m);
    mistake_report(&m);
    return 0;
}

/* Called by bison when its stack is full. */
static void csr_gram_error(struct csr_span *at, struct lex *lex, const char *message)
{
    (void)message;
    diag_at(lex->p->diags, E0110, *at, "nested too deep to be read");
}
