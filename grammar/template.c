/* template.c - titles and messages: literal text with operands in braces.
 *
 * An operand is read from the file itself, not from the string's value, so that what is wrong in it has its
 * place there. Inside a string a quote is written \"; for the operand's own reading that pair becomes a blank
 * and a quote (or a quote and a blank where it closes): the same number of bytes, so places stay right.
 */
#include "grammar/lex.h"
#include "parser.h"

struct templating {
    struct parse *p;
    struct text raw;   /* between the quotes, as written */
    uint32_t position; /* of raw.at[0] */
    struct ARENA_VEC(struct template_part) parts;
    struct ARENA_VEC(char) literal; /* the part being read */
    uint32_t literal_at;            /* its offset in raw */
};

static bool is_doubled(const struct templating *t, uint32_t at)
{
    return at + 1 < t->raw.len && t->raw.at[at + 1] == t->raw.at[at];
}

static bool wrong_brace(struct templating *t, uint32_t at, uint32_t end, const char *label)
{
    struct csr_span where = {t->position + at, t->position + end};
    struct diag *d = diag_at(t->p->diags, E0123, where, "%s", label);
    diag_note(d, "in a text {operand} stands for a value of the match; a brace that is meant as such is "
                 "written twice");
    return false;
}

static bool end_literal(struct templating *t)
{
    if (!t->literal.len) return true;
    struct text raw = {t->literal.at, t->literal.len};
    struct template_part *part = ARENA_PUSH(t->p->arena, t->parts);
    *part = (struct template_part){0};
    t->literal.at = NULL;
    t->literal.len = t->literal.cap = 0;
    return literal_unescape(t->p, raw, t->position + t->literal_at, &part->literal);
}

/* A copy in which the quotes of strings inside the operand stand as such. */
static struct text unquote(struct templating *t, struct text operand)
{
    char *copy = arena_alloc(t->p->arena, operand.len + 1u);
    bool is_open = false;
    memcpy(copy, operand.at, operand.len);
    for (uint32_t i = 0; i + 1 < operand.len; i++) {
        if (copy[i] != '\\' || copy[i + 1] != '"') continue;
        memcpy(copy + i, is_open ? "\" " : " \"", 2);
        is_open = !is_open;
        i++;
    }
    return (struct text){copy, operand.len};
}

/* The offset of the brace that closes the operand, or 0. Quoted text inside it may hold braces. */
static uint32_t find_closing(const struct templating *t, uint32_t at)
{
    bool is_quoted = false;
    for (; at < t->raw.len; at++) {
        char c = t->raw.at[at];
        if (c == '\\')
            at++, is_quoted ^= at < t->raw.len && t->raw.at[at] == '"';
        else if (c == '{' && !is_quoted)
            return 0;
        else if (c == '}' && !is_quoted)
            return at;
    }
    return 0;
}

#define PARTS_MOST 256

/* What stands between the braces at `open` and `close`. */
static bool read_operand(struct templating *t, uint32_t open, uint32_t close)
{
    if (t->parts.len >= PARTS_MOST) {
        struct csr_span at = {t->position + open, t->position + close + 1};
        diag_at(t->p->diags, E0128, at, "at most %d operands and what stands between them are a title",
                PARTS_MOST);
        return false;
    }
    struct text inside = {t->raw.at + open + 1, close - open - 1};
    if (strspn(inside.at, " \t") >= inside.len)
        return wrong_brace(t, open, close + 1, "no operand stands in these braces");
    uint32_t errors = diags_errors(t->p->diags);
    struct lex *lex = lex_new(t->p, unquote(t, inside), t->position + open + 1, TOK_START_OPERAND);
    bool is_read = csr_gram_parse(lex) == 0 && lex->root && diags_errors(t->p->diags) == errors;
    if (is_read) *ARENA_PUSH(t->p->arena, t->parts) = (struct template_part){.operand = lex->root};
    return is_read;
}

/* A brace at `at`. Returns the bytes that it and what it opens take, 0 when it is wrong. */
static uint32_t read_brace(struct templating *t, uint32_t at)
{
    if (is_doubled(t, at)) {
        *ARENA_PUSH(t->p->arena, t->literal) = t->raw.at[at];
        return 2;
    }
    if (t->raw.at[at] == '}') {
        wrong_brace(t, at, at + 1, "nothing is open here");
        return 0;
    }
    uint32_t close = find_closing(t, at + 1);
    if (!close) {
        wrong_brace(t, at, at + 1, "no `}` closes this");
        return 0;
    }
    bool is_read = end_literal(t) && read_operand(t, at, close);
    t->literal_at = close + 1;
    return is_read ? close + 1 - at : 0;
}

static bool read_parts(struct templating *t)
{
    for (uint32_t i = 0, taken; i < t->raw.len; i += taken) {
        char c = t->raw.at[i];
        taken = c == '\\' && i + 1 < t->raw.len ? 2 : 1;
        if (c == '{' || c == '}')
            taken = read_brace(t, i);
        else
            for (uint32_t j = 0; j < taken; j++) *ARENA_PUSH(t->p->arena, t->literal) = t->raw.at[i + j];
        if (!taken) return false;
    }
    return end_literal(t);
}

struct template *csr_parse_template(struct parse *p, const struct ast *string)
{
    const struct source *file = sources_find(p->sources, string->span.lo);
    uint32_t back = string->op == OP_NOCASE ? 2 : 1;
    struct templating t = {.p = p, .position = string->span.lo + 1};
    t.raw = (struct text){file->bytes.at + (t.position - file->base), string->span.hi - back - t.position};
    if (!read_parts(&t)) return NULL;
    struct template *made = ARENA_NEW(p->arena, struct template);
    *made = (struct template){t.parts.at, t.parts.len};
    return made;
}
