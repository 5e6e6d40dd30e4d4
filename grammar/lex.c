/* lex.c - what stands between the scanner and the parser: see lex.h for what it keeps true. */
#include "grammar/lex.h"
#include "grammar/base/utf8.h"
#include "parser.h"
#include "lexer.h"

#define STEP_OVER (-2) /* a token that the parser shall not see */

struct lex *lex_new(struct parse *p, struct text bytes, uint32_t base, int start)
{
    struct lex *lex = ARENA_NEW(p->arena, struct lex);
    uint32_t mark = text_starts(bytes, TEXT("\xEF\xBB\xBF")) ? 3 : 0; /* which some editors put in front */
    lex->p = p;
    lex->bytes = (struct text){bytes.len ? bytes.at + mark : "", bytes.len - mark};
    lex->base = base + mark;
    lex->start = start;
    csr_scan_lex_init_extra(lex, &lex->scanner);
    csr_scan__scan_bytes(lex->bytes.at, (int)lex->bytes.len, lex->scanner);
    return lex;
}

struct text lex_text(const struct lex *lex, struct csr_span at)
{
    return (struct text){lex->bytes.at + (at.lo - lex->base), at.hi - at.lo};
}

const struct bracket *lex_open_bracket(const struct lex *lex)
{
    return lex->brackets.len ? &lex->brackets.at[lex->brackets.len - 1] : NULL;
}

/* ---- called by the scanner ---- */

void lex_newline(struct lex *lex)
{
    lex->line_start = lex->offset;
    lex->line_has_token = false;
}

int lex_word(struct lex *lex, struct text t, CSR_GRAM_STYPE *value)
{
    const struct word *w = word_find(t);
    value->word = (struct spelled){.text = names_put(lex->p->names, t)};
    if (w && w->token == TOK_RULE && lex->doc.len)
        value->word.doc = arena_text(lex->p->arena, lex->doc.at, lex->doc.len);
    return w ? w->token : TOK_NAME;
}

int lex_leaf(struct lex *lex, int token, struct csr_span at, CSR_GRAM_STYPE *value)
{
    if (lex->is_quiet) return token; /* nobody looks at the value while tokens are skipped */
    value->node = literal_leaf(lex, token, at);
    return value->node ? token : TOK_CSR_GRAM_error;
}

int lex_open(struct lex *lex, char bracket, struct csr_span at)
{
    *ARENA_PUSH(lex->p->arena, lex->brackets) = (struct bracket){bracket, at};
    if (bracket == '{') lex->braces++;
    if (lex->brackets.len <= AST_DEPTH_MOST) return bracket;
    if (!lex->is_quiet)
        diag_at(lex->p->diags, E0110, at, "%d brackets are open here", AST_DEPTH_MOST + 1);
    return TOK_CSR_GRAM_error;
}

/* Takes the innermost brace, and what is still open inside of it, off the stack. */
static void close_brace(struct lex *lex)
{
    lex->unclosed = (struct bracket){0};
    while (lex_open_bracket(lex)->open != '{') lex->unclosed = lex->brackets.at[--lex->brackets.len];
    lex->brackets.len--;
    lex->braces--;
}

int lex_close(struct lex *lex, char bracket, struct csr_span at)
{
    const struct bracket *top = lex_open_bracket(lex);
    if (bracket != '}') {
        if (top && top->open == (bracket == ')' ? '(' : '[')) lex->brackets.len--;
        return bracket;
    }
    if (lex->braces) {
        close_brace(lex);
        return bracket;
    }
    if (!lex->is_quiet) {
        struct diag *d = diag_at(lex->p->diags, E0105, at, "nothing is open here");
        diag_fix(d, at, "%s", "");
    }
    return STEP_OVER;
}

/* ---- mistakes of tokens ---- */

/* What people write for a unit. */
static const struct {
    const char *wrong, *right;
} units[] = {
    {"sec", "s"},  {"secs", "s"},   {"second", "s"},  {"seconds", "s"}, {"S", "s"},    {"min", "m"},
    {"mins", "m"}, {"minute", "m"}, {"minutes", "m"}, {"M", "m"},       {"hr", "h"},   {"hrs", "h"},
    {"hour", "h"}, {"hours", "h"},  {"H", "h"},       {"day", "d"},     {"days", "d"}, {"D", "d"},
    {"kb", "KB"},  {"mb", "MB"},    {"gb", "GB"},     {"tb", "TB"},     {"k", "KB"},   {"K", "KB"},
    {"Mb", "MB"},  {"G", "GB"},     {"Gb", "GB"},
};

static void say_glued(struct lex *lex, struct csr_span at)
{
    struct text t = lex_text(lex, at);
    uint32_t digits = 0;
    while (digits < t.len && memchr("+-.0123456789", t.at[digits], 13)) digits++;
    struct text letters = {t.at + digits, t.len - digits};
    struct diag *d = diag_at(lex->p->diags, E0109, at, "this is neither a number nor a name");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text_equal(letters, text_of(units[i].wrong)))
            diag_fix(d, at, TEXT_FMT "%s", (int)digits, t.at, units[i].right);
    diag_note(d, "units of time are ms s m h d (`1h30m`), of size KB MB GB TB (`10MB`); "
                 "a name begins with a letter");
}

/* Characters that mean something elsewhere. */
static const struct {
    const char *odd, *instead;
} odd_ones[] = {
    {"'", "texts stand in double quotes: \"…\""},
    {"“", "texts stand in plain double quotes: \"…\""},
    {"”", "texts stand in plain double quotes: \"…\""},
    {"//", "a comment begins with `#`"},
    {"/", "a regular expression stands behind `~`; there is no division"},
    {"$", "names are written as they are, without a sign before them"},
    {"%", "there is no remainder; a pattern with `*` stands behind `like`"},
    {"`", "texts stand in double quotes: \"…\""},
    {"@", "a name with such a character is quoted: raw.\"@timestamp\""},
};

static void say_odd(struct lex *lex, struct csr_span at)
{
    struct text t = lex_text(lex, at);
    for (uint32_t i = 0, n; i < t.len; i += n)
        if (!(n = utf8_length((struct text){t.at + i, t.len - i}))) return; /* E0111 has said it */
    struct diag *d = diag_at(lex->p->diags, E0104, at, "no word, number or operator begins so");
    for (size_t i = 0; i < sizeof odd_ones / sizeof *odd_ones; i++) {
        if (!text_starts(t, text_of(odd_ones[i].odd))) continue;
        diag_note(d, "%s", odd_ones[i].instead);
        return;
    }
}

static void say_regex(struct lex *lex, struct csr_span at)
{
    bool is_begun = at.hi > at.lo && lex_text(lex, at).at[0] == '/';
    struct diag *d = diag_at(lex->p->diags, E0115, at, is_begun ? "it does not end on this line, or is empty"
                                                                : "`~` wants a regular expression");
    diag_note(d, "it stands between slashes, a slash inside it behind a backslash: `agent ~ /curl\\/[78]/i`");
}

int lex_bad(struct lex *lex, enum diag_code code, struct csr_span at)
{
    if (lex->is_quiet) return TOK_CSR_GRAM_error;
    if (code == E0109) say_glued(lex, at);
    else if (code == E0104) say_odd(lex, at);
    else if (code == E0115) say_regex(lex, at);
    else if (code == E0107)
        diag_note(diag_at(lex->p->diags, code, at, "no closing quote"),
                  "a line break in a text is written \\n");
    else diag_at(lex->p->diags, code, at, "an address has four numbers: 10.0.0.0/8");
    return TOK_CSR_GRAM_error;
}

/* ---- comments ---- */

static void skip_blanks(struct text *t)
{
    while (t->len && (t->at[0] == ' ' || t->at[0] == '\t')) t->at++, t->len--;
}

/* The characters up to the next blank. */
static struct text cut_word(struct text *t)
{
    skip_blanks(t);
    struct text word = {t->at, 0};
    while (t->len && t->at[0] != ' ' && t->at[0] != '\t') t->at++, t->len--, word.len++;
    return word;
}

static struct diag *wrong_allowance(struct lex *lex, struct csr_span at, const char *why)
{
    if (lex->is_quiet) return NULL;
    struct diag *d = diag_at(lex->p->diags, E0124, at, "%s", why);
    diag_note(d, "it is written `# csr: allow W0312 reason \"…\"`");
    return d;
}

/* The rest of a comment behind "csr:". */
static void read_allowance(struct lex *lex, struct csr_span at, struct text rest)
{
    struct text verb = cut_word(&rest), code = cut_word(&rest), reason = cut_word(&rest);
    skip_blanks(&rest);
    while (rest.len && memchr(" \t\r", rest.at[rest.len - 1], 3)) rest.len--;
    enum diag_code known = diag_find(code);
    bool is_quoted = rest.len > 2 && rest.at[0] == '"' && rest.at[rest.len - 1] == '"';
    if (!text_equal(verb, TEXT("allow"))) wrong_allowance(lex, at, "`allow` is all that `csr:` understands");
    else if (known == DIAG_CODES) wrong_allowance(lex, at, "there is no diagnostic of that code");
    else if (diag_info(known)->level == DIAG_ERROR) wrong_allowance(lex, at, "an error cannot be silenced");
    else if (!text_equal(reason, TEXT("reason")) || !is_quoted)
        wrong_allowance(lex, at, "the reason is missing");
    else
        *ARENA_PUSH(lex->p->arena, lex->allowances) =
            (struct allowance){at, names_put(lex->p->names, code), {rest.at + 1, rest.len - 2}};
}

static void add_doc_line(struct lex *lex, struct text line)
{
    skip_blanks(&line);
    while (line.len && memchr(" \t\r\f\v", line.at[line.len - 1], 5)) line.len--;
    if (lex->doc.len) *ARENA_PUSH(lex->p->arena, lex->doc) = '\n';
    for (uint32_t i = 0; i < line.len; i++) *ARENA_PUSH(lex->p->arena, lex->doc) = line.at[i];
}

void lex_comment(struct lex *lex, struct csr_span at)
{
    struct text t = lex_text(lex, at);
    *ARENA_PUSH(lex->p->arena, lex->comments) = at;
    if (text_starts(t, TEXT("##")) && !text_starts(t, TEXT("###"))) {
        add_doc_line(lex, (struct text){t.at + 2, t.len - 2});
        return;
    }
    t.at++, t.len--;
    skip_blanks(&t);
    if (text_starts(t, TEXT("csr:"))) read_allowance(lex, at, (struct text){t.at + 4, t.len - 4});
}

/* ---- missing braces ---- */

static const struct bracket *innermost_brace(const struct lex *lex)
{
    const struct bracket *b = lex_open_bracket(lex);
    while (b->open != '{') b--;
    return b;
}

/* Says once for each place that the braces open here should have been closed before it. */
static void say_unclosed(struct lex *lex, struct csr_span before, const char *label)
{
    bool is_in_skipped = lex->is_quiet && innermost_brace(lex)->at.lo >= lex->quiet_from;
    if (lex->braces_missing_at == before.lo || is_in_skipped) return;
    lex->braces_missing_at = before.lo;
    struct diag *d = diag_at(lex->p->diags, E0106, innermost_brace(lex)->at, "no `}` closes this");
    diag_label(d, before, "%s", label);
}

bool lex_brace_is_missing(struct lex *lex)
{
    const struct word *w = word_of_token(lex->now.token);
    if (!w || !(w->use & IN_FILE) || !lex->now.at_margin || !lex->now.braces) return false;
    say_unclosed(lex, lex->now.at, "it is missing before this");
    return true;
}

/* The token at hand will be given out once more. */
static void hold(struct lex *lex, int token, const CSR_GRAM_STYPE *value)
{
    lex->held = (struct held){false, token, ARENA_NEW(lex->p->arena, CSR_GRAM_STYPE), lex->now};
    *lex->held.value = *value;
    lex->is_holding = true;
}

/* The same, but all braces that are open before it are closed first. */
static void hold_until_closed(struct lex *lex, int token, const CSR_GRAM_STYPE *value)
{
    hold(lex, token, value);
    lex->held.waits = true;
    lex->held.facts.braces = 0;
}

/* ---- the parser's next token ---- */

static void remember(struct lex *lex, struct token_facts facts)
{
    lex->earlier = lex->before;
    lex->before = lex->now;
    lex->now = facts;
}

/* A closing brace that the text lacks, at the place of the held token. */
static int feed_brace(struct lex *lex, struct csr_span *at)
{
    *at = (struct csr_span){lex->held.facts.at.lo, lex->held.facts.at.lo};
    remember(lex, (struct token_facts){.token = '}', .at = *at, .braces = lex->braces, .is_fed = true});
    close_brace(lex);
    return '}';
}

static int release_held(struct lex *lex, CSR_GRAM_STYPE *value, struct csr_span *at)
{
    lex->is_holding = false;
    *value = *lex->held.value;
    *at = lex->held.facts.at;
    remember(lex, lex->held.facts);
    return lex->held.token;
}

static int scan(struct lex *lex, CSR_GRAM_STYPE *value, struct csr_span *at)
{
    int token;
    struct token_facts facts;
    do {
        facts.braces = lex->braces;
        at->lo = at->hi = lex->base + lex->offset;
        token = csr_scan_lex(value, at, lex->scanner);
        if (!token) at->lo = at->hi = lex->base + lex->offset;
    } while (token == STEP_OVER);
    facts.token = token;
    facts.at = *at;
    facts.is_first = !lex->line_has_token;
    facts.at_margin = at->lo - lex->base == lex->line_start;
    facts.is_fed = false;
    remember(lex, facts);
    lex->line_has_token = true;
    lex->doc.len = 0;
    return token;
}

int csr_gram_lex(CSR_GRAM_STYPE *value, struct csr_span *at, struct lex *lex)
{
    int start = lex->start;
    if (start) {
        lex->start = 0;
        *at = (struct csr_span){lex->base, lex->base};
        return start;
    }
    if (lex->is_holding && lex->held.waits && lex->braces) return feed_brace(lex, at);
    if (lex->is_holding) return release_held(lex, value, at);
    int token = scan(lex, value, at);
    if (token || !lex->braces) return token;
    say_unclosed(lex, *at, "the file ends here");
    hold_until_closed(lex, token, value);
    return feed_brace(lex, at);
}

/* ---- the way on after a mistake ---- */

/* True if an entry of the body, or the end of the body, begins with the token at hand. A clause word that
 * begins a line of a rule stands in no set, so a brace that is still open there was forgotten. */
static bool may_go_on(const struct lex *lex, enum word_use body)
{
    const struct token_facts *now = &lex->now;
    uint32_t depth = word_depth(body);
    if (now->token == TOK_YYEOF) return true;
    if (now->token == '}') return now->braces == depth && depth;
    const struct word *w = word_of_token(now->token);
    bool is_deep_enough = body == IN_RULE ? now->braces >= depth : now->braces == depth;
    return w && (w->use & body) && now->is_first && is_deep_enough;
}

/* True if a misspelt word seems to begin an entry here: a mistake of its own, which the parser shall see. */
static bool is_next_mistake(const struct lex *lex, enum word_use body)
{
    const struct token_facts *now = &lex->now;
    return now->token == TOK_NAME && now->is_first && now->braces == word_depth(body) &&
           word_near(lex_text(lex, now->at), body);
}

/* What was opened inside the entry that is given up, before the one at `next`, and never closed. */
static void forget_open_brackets(struct lex *lex, uint32_t depth, uint32_t next)
{
    uint32_t kept = 0, braces = 0;
    for (uint32_t i = 0; i < lex->brackets.len; i++) {
        struct bracket b = lex->brackets.at[i];
        if (b.at.lo < next && (b.open != '{' || braces >= depth)) continue;
        braces += b.open == '{';
        lex->brackets.at[kept++] = b;
    }
    lex->brackets.len = kept;
    lex->braces = braces;
}

/* Goes back to the word before the token at hand, which comes once more after it. */
static int reread_before(struct lex *lex, int token, CSR_GRAM_STYPE *value, struct csr_span *at)
{
    hold(lex, token, value);
    lex->rereads_before = false;
    lex->now = lex->before;
    lex->before = lex->earlier;
    *at = lex->now.at;
    value->word = (struct spelled){.text = names_put(lex->p->names, lex_text(lex, *at))};
    return lex->now.token;
}

int lex_recover(struct lex *lex, int lookahead, enum word_use body, CSR_GRAM_STYPE *value,
                struct csr_span *at)
{
    int token = lookahead;
    bool is_at_hand = token != TOK_CSR_GRAM_EMPTY && token != TOK_CSR_GRAM_UNDEF;
    if (lex->rereads_before && is_at_hand) {
        forget_open_brackets(lex, word_depth(body), lex->before.at.lo);
        return reread_before(lex, token, value, at);
    }
    lex->is_quiet = true;
    lex->quiet_from = lex->now.at.lo;
    if (!is_at_hand) token = csr_gram_lex(value, at, lex);
    while (!may_go_on(lex, body)) {
        if (!lex->is_holding && lex_brace_is_missing(lex)) hold_until_closed(lex, token, value);
        token = csr_gram_lex(value, at, lex);
        if (is_next_mistake(lex, body)) break;
    }
    lex->is_quiet = false;
    forget_open_brackets(lex, word_depth(body), lex->now.at.lo);
    return token;
}
