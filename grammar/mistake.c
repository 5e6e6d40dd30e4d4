/* mistake.c - from a token that does not fit to a diagnostic that helps.
 *
 * The usual slips are a table: whether it is this one, and what to say. The first that fits is reported, the
 * last fits always. A list of the tokens that bison expected is never printed: most words may be names, so it
 * would be sixty words long. Instead it is said what was being written, and how that looks.
 */
#include "grammar/mistake.h"
#include "parser.h"

#define SHOWN_MOST 40 /* bytes of a token in a message */

bool mistake_wants(int token)
{
    const struct word *w = word_of_token(token);
    return w && (w->form || token == TOK_AT);
}

/* ---- what is known about it ---- */

static int got(const struct mistake *m)
{
    return m->lex->now.token;
}

static bool expects(const struct mistake *m, int token)
{
    return m->expected[token];
}

static struct csr_span place(const struct mistake *m)
{
    return m->lex->now.at;
}

static struct text got_text(const struct mistake *m)
{
    return lex_text(m->lex, place(m));
}

static struct diag *say(const struct mistake *m, enum diag_code code, const char *label)
{
    return diag_at(m->lex->p->diags, code, place(m), "%s", label);
}

/* The innermost construct whose form can be shown. */
static const struct word *being_written(const struct mistake *m)
{
    for (int i = 0; i < m->n_words; i++) {
        const struct word *w = word_of_token(m->words[i]);
        if (w->form) return w;
    }
    return NULL;
}

static void note_form(const struct mistake *m, struct diag *d)
{
    const struct word *w = being_written(m);
    if (w) diag_note(d, "`%s` is written: %s", w->text, w->form);
}

/* The body whose entries stand around the mistake, 0 inside of one that has none (a block, an event). */
static enum word_use body_around(const struct mistake *m)
{
    static const struct {
        int token;
        enum word_use body;
    } bodies[] = {{TOK_RESPOND, IN_RESPOND}, {TOK_RULE, IN_RULE}, {TOK_TUNE, IN_TUNE}, {TOK_TEST, IN_TEST}};
    if (!m->lex->braces) return IN_FILE;
    for (int i = 0; i < m->n_words; i++)
        for (size_t j = 0; j < sizeof bodies / sizeof *bodies; j++)
            if (m->words[i] == bodies[j].token) return bodies[j].body;
    return 0;
}

/* True where an entry of the body may begin: no bracket is open but those of bodies. */
static bool is_between_entries(const struct mistake *m)
{
    static const struct {
        enum word_use body;
        int entry;
    } entries[] = {{IN_FILE, TOK_USE},
                   {IN_RULE, TOK_TITLE},
                   {IN_RESPOND, TOK_AT},
                   {IN_TUNE, TOK_SET},
                   {IN_TEST, TOK_EXPECT}};
    enum word_use body = body_around(m);
    if (m->lex->brackets.len != word_depth(body) || m->lex->braces != m->lex->brackets.len) return false;
    if (expects(m, TOK_NAME)) return false; /* most of these words may be names */
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (entries[i].body == body) return expects(m, entries[i].entry);
    return false;
}

static bool is_name_like(const struct mistake *m)
{
    const struct word *w = word_of_token(got(m));
    return got(m) == TOK_NAME || (w && !(w->use & RESERVED));
}

static bool is_comparison(int token)
{
    static const int comparisons[] = {TOK_EQ,     TOK_NE,   '<',          TOK_LE,      '>',
                                      TOK_GE,     TOK_LIKE, TOK_CONTAINS, TOK_STARTS,  TOK_ENDS,
                                      TOK_GRANTS, TOK_IN,   '~',          TOK_PRESENT, TOK_ABSENT};
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (comparisons[i] == token) return true;
    return false;
}

/* ---- the slips ---- */

static bool is_fed(const struct mistake *m)
{
    return m->lex->now.is_fed; /* the missing brace has been reported */
}

static void say_nothing(const struct mistake *m)
{
    (void)m;
}

static bool is_missing_brace(const struct mistake *m)
{
    return lex_brace_is_missing(m->lex);
}

static bool is_unknown_entry(const struct mistake *m)
{
    enum word_use body = body_around(m);
    return is_name_like(m) && is_between_entries(m) && body &&
           (m->lex->now.is_first || word_near(got_text(m), body));
}

static void say_unknown_entry(const struct mistake *m)
{
    static const char *const labels[] = {[IN_FILE] = "no item begins with this word",
                                         [IN_RULE] = "no clause begins with this word",
                                         [IN_RESPOND] = "a line of `respond` begins with `at`",
                                         [IN_TUNE] = "no line of `tune` begins with this word",
                                         [IN_TEST] = "no line of a test begins with this word"};
    enum word_use body = body_around(m);
    const struct word *near = word_near(got_text(m), body);
    struct diag *d = say(m, E0102, labels[body]);
    if (near) diag_fix(d, place(m), "%s", near->text);
    else diag_note(d, "these do: " TEXT_FMT, TEXT_ARG(word_list(m->lex->p->arena, body)));
}

static bool begins_entry(const struct token_facts *token, enum word_use body)
{
    const struct word *w = word_of_token(token->token);
    return token->is_first && w && (w->use & body);
}

static bool is_open_bracket(const struct mistake *m)
{
    const struct bracket *open = lex_open_bracket(m->lex);
    if (got(m) == '}') return m->lex->unclosed.open;
    return open && open->open != '{' && begins_entry(&m->lex->now, body_around(m));
}

static void say_unclosed_before(const struct mistake *m, struct bracket open, struct csr_span at)
{
    struct diag *d =
        diag_at(m->lex->p->diags, E0106, open.at, "no `%s` closes this", open.open == '(' ? ")" : "]");
    diag_label(d, at, "it is missing before this");
}

static void say_open_bracket(const struct mistake *m)
{
    say_unclosed_before(m, got(m) == '}' ? m->lex->unclosed : *lex_open_bracket(m->lex), place(m));
}

/* The word before this begins an entry on a line of its own, but what stands before that wanted a name and
 * took it: "by actor, / within 5m". */
static bool is_entry_taken_for_name(const struct mistake *m)
{
    const struct token_facts *before = &m->lex->before;
    enum word_use body = body_around(m);
    return m->top != before->token && body && begins_entry(before, body) &&
           before->braces == word_depth(body) && m->lex->earlier.at.hi > m->lex->earlier.at.lo &&
           m->lex->earlier.token != '{';
}

static void say_entry_taken_for_name(const struct mistake *m)
{
    const struct bracket *open = lex_open_bracket(m->lex);
    struct csr_span at = m->lex->before.at;
    m->lex->rereads_before = true;
    if (open && open->open != '{' && open->at.lo < at.lo) say_unclosed_before(m, *open, at);
    else diag_at(m->lex->p->diags, E0108, m->lex->earlier.at, "something is missing behind this");
}

static bool is_number_for_duration(const struct mistake *m)
{
    return got(m) == TOK_NUM && expects(m, TOK_DUR) && !expects(m, TOK_NUM);
}

static void say_duration(const struct mistake *m)
{
    struct diag *d = say(m, E0116, "a number alone does not say how long");
    diag_note(d, "units are ms s m h d, glued to the number");
    const struct word *w = being_written(m);
    diag_fix(d, place(m), TEXT_FMT "%s", TEXT_ARG(got_text(m)), w && w->token == TOK_BASELINE ? "d" : "m");
}

/* True if an operand may have ended before this. (A sign may also follow the last term of a score, so an
 * operand before it can be reduced already.) */
static bool is_behind_operand(const struct mistake *m)
{
    static const int ends[] = {TOK_NAME, TOK_FIELD, TOK_NUM, TOK_DUR, TOK_SIZE, TOK_STRING, ')', ']'};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends[i] == m->lex->before.token) return true;
    return false;
}

static bool is_glued_sign(const struct mistake *m)
{
    return got(m) == TOK_SIGNED && (expects(m, '+') || (is_behind_operand(m) && !m->lex->now.is_first));
}

static void fix_sign(struct diag *d, struct csr_span at, struct text t)
{
    diag_note(d, "a sign glued to a digit is part of the number");
    diag_fix(d, at, "%c " TEXT_FMT, t.at[0], (int)t.len - 1, t.at + 1);
}

static void say_glued_sign(const struct mistake *m)
{
    fix_sign(say(m, E0118, "this is a number with a sign, not an operator and a number"), place(m),
             got_text(m));
}

/* "score 30 +10 if a +5 > b": the second sign was taken for the next term. */
static bool is_sign_taken_for_term(const struct mistake *m)
{
    return m->lex->before.token == TOK_SIGNED && expects(m, TOK_IF) && !expects(m, TOK_AND);
}

static void say_sign_taken_for_term(const struct mistake *m)
{
    struct csr_span sign = m->lex->before.at;
    bool is_in_test = is_comparison(got(m)) || got(m) == TOK_AND || got(m) == TOK_OR || got(m) == '*';
    if (is_in_test) {
        struct diag *d = diag_at(m->lex->p->diags, E0118, sign, "this begins the next term of the score");
        fix_sign(d, sign, lex_text(m->lex, sign));
        return;
    }
    struct diag *d = say(m, E0101, "points are followed by `if` and a condition");
    note_form(m, d);
}

static bool is_glued_label(const struct mistake *m)
{
    return got(m) == TOK_API && expects(m, TOK_NAME) && !expects(m, TOK_API) && !expects(m, TOK_STRING);
}

static void say_glued_label(const struct mistake *m)
{
    struct text t = got_text(m);
    int front = (int)((const char *)memchr(t.at, ':', t.len) - t.at);
    struct diag *d = say(m, E0119, "a colon glued to a word makes the name of an API call");
    diag_fix(d, place(m), TEXT_FMT ": " TEXT_FMT, front, t.at, (int)t.len - front - 1, t.at + front + 1);
}

/* The name of a call, technique or caller where a value stands. */
static bool is_unquoted(const struct mistake *m)
{
    bool is_bare = got(m) == TOK_API || got(m) == TOK_WHO || got(m) == TOK_TECH;
    return is_bare && expects(m, TOK_STRING) && !m->lex->now.is_first;
}

static void say_unquoted(const struct mistake *m)
{
    struct diag *d = say(m, E0101, "as a value this is a text");
    if (got(m) == TOK_WHO) diag_note(d, "if a division is meant: there is none");
    diag_fix(d, place(m), "\"" TEXT_FMT "\"", TEXT_ARG(got_text(m)));
}

static bool is_single_equals(const struct mistake *m)
{
    return got(m) == '=' && expects(m, TOK_EQ);
}

static void say_single_equals(const struct mistake *m)
{
    diag_fix(say(m, E0117, "`=` gives a name to something, it does not compare"), place(m), "==");
}

static bool is_reserved_name(const struct mistake *m)
{
    const struct word *w = word_of_token(got(m));
    return w && (w->use & RESERVED) && expects(m, TOK_NAME) && !expects(m, TOK_STRING) &&
           !expects(m, TOK_API);
}

static void say_reserved_name(const struct mistake *m)
{
    struct diag *d = say(m, E0103, "a name is wanted here, and this word is an operator");
    struct text t = got_text(m);
    diag_note(d, "a member of a record may be called so: raw." TEXT_FMT, TEXT_ARG(t));
    diag_fix(d, place(m), TEXT_FMT "_", TEXT_ARG(t));
}

static bool is_mixed_match(const struct mistake *m)
{
    bool is_arrow = got(m) == TOK_THEN || got(m) == TOK_LATER;
    return (got(m) == '&' && expects(m, TOK_THEN)) || (is_arrow && expects(m, '&') && !expects(m, TOK_THEN));
}

static void say_mixed_match(const struct mistake *m)
{
    struct diag *d = say(m, E0120, "which of the two binds first?");
    diag_note(d, "put one of them in parentheses: `a -> (b & c)` or `(a -> b) & c`");
}

static bool is_test_chain(const struct mistake *m)
{
    return is_comparison(got(m)) && expects(m, TOK_AND);
}

static void say_test_chain(const struct mistake *m)
{
    struct diag *d = say(m, E0121, "the test before this is complete");
    diag_note(d, "join two tests with `and`: `a < b and b < c`; a range is `a in 1..9`");
}

/* Operators of other languages, where ours would fit. */
static const struct foreign {
    int got, expected;
    const char *ours;
} foreigners[] = {
    {'|', TOK_OR, "or"},
    {'&', TOK_AND, "and"},
    {'!', TOK_NOT, "not "},
    {TOK_LATER, TOK_GE, ">="},
};

static const struct foreign *find_foreign(const struct mistake *m)
{
    /* A `|` may follow an expression (of `with`), so one that is complete has been reduced. */
    bool is_behind_test = got(m) == '|' && is_behind_operand(m) && is_between_entries(m);
    for (size_t i = 0; i < sizeof foreigners / sizeof *foreigners; i++)
        if (foreigners[i].got == got(m) && (is_behind_test || expects(m, foreigners[i].expected)))
            return &foreigners[i];
    return NULL;
}

static bool is_foreign(const struct mistake *m)
{
    return find_foreign(m);
}

static void say_foreign(const struct mistake *m)
{
    const struct foreign *f = find_foreign(m);
    struct csr_span at = place(m);
    struct text rest = {m->lex->bytes.at + (at.lo - m->lex->base), 2};
    bool is_doubled = at.hi - m->lex->base < m->lex->bytes.len && rest.at[0] == rest.at[1] && f->got < 128;
    if (is_doubled) at.hi++;
    struct diag *d = diag_at(m->lex->p->diags, E0126, at, "this operator does not stand in an expression");
    diag_fix(d, at, "%s", f->ours);
}

/* The line before ends in the middle of something. */
static bool is_unfinished(const struct mistake *m)
{
    bool is_end = m->lex->now.is_first || got(m) == TOK_YYEOF || got(m) == '}';
    return is_end && m->lex->before.token && being_written(m) && !is_between_entries(m) &&
           m->lex->before.at.hi > m->lex->before.at.lo;
}

static void say_unfinished(const struct mistake *m)
{
    note_form(m, diag_at(m->lex->p->diags, E0108, m->lex->before.at, "something is missing behind this"));
}

static bool is_missing_comma(const struct mistake *m)
{
    bool is_item_of_list = is_name_like(m) || got(m) == TOK_STRING || got(m) == TOK_API ||
                           got(m) == TOK_TECH || got(m) == TOK_NUM || got(m) == TOK_ADDR;
    return expects(m, ',') && is_item_of_list;
}

static void say_missing_comma(const struct mistake *m)
{
    struct diag *d = say(m, E0101, "what stands before this is complete");
    note_form(m, d);
    diag_note(d, "the parts of a list have commas between them");
}

static bool is_anything(const struct mistake *m)
{
    (void)m;
    return true;
}

static const char *what_is_wanted(const struct mistake *m)
{
    static const struct {
        int token;
        const char *what;
    } wants[] = {
        {TOK_NUM, "a number"}, {TOK_DUR, "a duration like 15m"}, {TOK_STRING, "a text in double quotes"},
        {TOK_TECH, "a technique like T1078.004"}, {TOK_NAME, "a name"},
        {TOK_API, "an API call like ec2:RunInstances"},
        {'=', "`=`"}, {':', "`:`"}, {'{', "`{`"}, {'(', "`(`"}, {')', "`)`"}, {']', "`]`"}, {'}', "`}`"},
        {TOK_KEEP, "`keep`"}, {TOK_WARMUP, "`warmup`"}, {TOK_RANGE, "`range`"}, {TOK_DOTDOT, "`..`"},
        {TOK_FOR, "`for`"}, {TOK_AT, "`at`"}, {TOK_IF, "`if`"}, {TOK_REASON, "`reason`"}, {TOK_IN, "`in`"},
    };
    const char *what = NULL;
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        if (!expects(m, wants[i].token)) continue;
        bool is_name_or_duration = what && wants[i].token == TOK_NAME;
        if (what && !is_name_or_duration) return NULL; /* too many to name */
        if (!what) what = wants[i].what;
    }
    return what;
}

static void say_does_not_fit(const struct mistake *m)
{
    const char *what = expects(m, TOK_AND) ? NULL : what_is_wanted(m);
    struct text t = got_text(m);
    int shown = t.len > SHOWN_MOST ? SHOWN_MOST : (int)t.len;
    struct diag *d;
    if (got(m) == TOK_YYEOF) d = say(m, E0101, "the text ends in the middle of something");
    else if (is_between_entries(m)) {
        d = diag_at(m->lex->p->diags, E0101, place(m), "`" TEXT_FMT "` begins nothing", shown, t.at);
        diag_note(d, "these do: " TEXT_FMT, TEXT_ARG(word_list(m->lex->p->arena, body_around(m))));
        return;
    }
    else if (what) d = diag_at(m->lex->p->diags, E0101, place(m), "%s is wanted here", what);
    else d = diag_at(m->lex->p->diags, E0101, place(m), "`" TEXT_FMT "` is not expected", shown, t.at);
    note_form(m, d);
}

/* ---- all ---- */

static const struct slip {
    bool (*is)(const struct mistake *);
    void (*say)(const struct mistake *);
} slips[] = {
    {is_fed, say_nothing},
    {is_missing_brace, say_nothing},
    {is_open_bracket, say_open_bracket},
    {is_entry_taken_for_name, say_entry_taken_for_name},
    {is_number_for_duration, say_duration},
    {is_glued_sign, say_glued_sign},
    {is_sign_taken_for_term, say_sign_taken_for_term},
    {is_glued_label, say_glued_label},
    {is_unquoted, say_unquoted},
    {is_single_equals, say_single_equals},
    {is_reserved_name, say_reserved_name},
    {is_mixed_match, say_mixed_match},
    {is_foreign, say_foreign},
    {is_unknown_entry, say_unknown_entry},
    {is_test_chain, say_test_chain},
    {is_unfinished, say_unfinished},
    {is_missing_comma, say_missing_comma},
    {is_anything, say_does_not_fit},
};

void mistake_report(const struct mistake *m)
{
    const struct slip *s = slips;
    while (!s->is(m)) s++;
    s->say(m);
}
