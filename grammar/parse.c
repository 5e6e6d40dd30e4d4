/* parse.c - one file: limits first, then the parser; and what else is read from a text. */
#include "grammar/parse.h"
#include "grammar/base/utf8.h"
#include "grammar/lex.h"
#include "parser.h"

/* ---- before the parser ---- */

static bool is_small_enough(struct parse *p, const struct source *file)
{
    if (file->bytes.len <= PARSE_SOURCE_MOST) return true;
    struct csr_span start = {file->base, file->base};
    diag_at(p->diags, E0002, start, "it has %u MB, and %u are the most", file->bytes.len >> 20,
            PARSE_SOURCE_MOST >> 20);
    return false;
}

/* A file with a NUL in it is no text: nothing else is said about it. */
static bool is_text(struct parse *p, const struct source *file)
{
    const char *nul = file->bytes.len ? memchr(file->bytes.at, '\0', file->bytes.len) : NULL;
    if (!nul) return true;
    uint32_t at = file->base + (uint32_t)(nul - file->bytes.at);
    diag_note(diag_at(p->diags, E0112, (struct csr_span){at, at + 1}, "a NUL byte"),
              "is this a compressed file, or one in UTF-16?");
    return false;
}

/* Says where the first wrong byte is, and how many there are. The file is read nevertheless. */
static void check_utf8(struct parse *p, const struct source *file)
{
    uint32_t first = 0, wrong = 0;
    for (uint32_t i = 0, n; i < file->bytes.len; i += n ? n : 1) {
        n = utf8_length((struct text){file->bytes.at + i, file->bytes.len - i});
        if (!n && !wrong++) first = file->base + i;
    }
    if (!wrong) return;
    struct diag *d =
        diag_at(p->diags, E0111, (struct csr_span){first, first + 1}, "this byte begins no character");
    if (wrong > 1) diag_note(d, "the file has %u such bytes", wrong);
    diag_note(d, "rule files are UTF-8");
}

struct ast *csr_parse(struct parse *p, const struct source *file)
{
    struct ast *root = ARENA_NEW(p->arena, struct ast);
    root->kind = AST_FILE;
    root->span = (struct csr_span){file->base, file->base + file->bytes.len};
    if (!is_small_enough(p, file) || !is_text(p, file)) return root;
    check_utf8(p, file);
    struct lex *lex = lex_new(p, file->bytes, file->base, TOK_START_FILE);
    lex->root = root;
    csr_gram_parse(lex);
    return root;
}

/* ---- other readings of a text ---- */

struct allowances csr_parse_allowances(struct parse *p, const struct source *file)
{
    if (file->bytes.len > PARSE_SOURCE_MOST) return (struct allowances){0};
    CSR_GRAM_STYPE value;
    struct csr_span at;
    struct lex *lex = lex_new(p, file->bytes, file->base, 0);
    lex->is_quiet = true;
    while (csr_gram_lex(&value, &at, lex) != TOK_YYEOF) {}
    return lex->allowances;
}

static const char *token_class(int token)
{
    static const struct {
        int token;
        const char *name;
    } classes[] = {
        {TOK_NAME, "NAME"}, {TOK_STRING, "STRING"}, {TOK_NUM, "NUM"},     {TOK_SIGNED, "SIGNED"},
        {TOK_DUR, "DUR"},   {TOK_SIZE, "SIZE"},     {TOK_ADDR, "ADDR"},   {TOK_TECH, "TECH"},
        {TOK_API, "API"},   {TOK_WHO, "WHO"},       {TOK_FIELD, "FIELD"}, {TOK_REGEX, "REGEX"},
        {TOK_CSR_GRAM_error, "WRONG"},
    };
    const struct word *w = word_of_token(token);
    if (w) return w->use & RESERVED ? "RESERVED" : "WORD";
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (classes[i].token == token) return classes[i].name;
    return "SIGN";
}

void csr_dump_tokens(struct parse *p, const struct source *file, FILE *to)
{
    if (file->bytes.len > PARSE_SOURCE_MOST) return;
    CSR_GRAM_STYPE value;
    struct csr_span at;
    struct lex *lex = lex_new(p, file->bytes, file->base, 0);
    for (int token; (token = csr_gram_lex(&value, &at, lex)) != TOK_YYEOF;) {
        if (lex->now.is_fed) continue;
        struct text t = lex_text(lex, at);
        fprintf(to, "%s " TEXT_FMT " %u..%u\n", token_class(token), TEXT_ARG(t), at.lo - file->base,
                at.hi - file->base);
    }
}
