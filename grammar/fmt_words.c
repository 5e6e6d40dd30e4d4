/* fmt_words.c - the words of a text and the comments between them: all that is laid out.
 *
 * What has no meaning is left out here: `;` between entries, and a comma before the bracket that closes a
 * list. One
 * `;` stays: behind a ## line it keeps this line from being the description of the rule that follows. It is
 * kept like a comment of that line.
 */
#include "grammar/fmt_piece.h"
#include "parser.h"

struct text fmt_text(const struct fmt *f, struct csr_span at)
{
    return (struct text){f->file->bytes.at + (at.lo - f->file->base), at.hi - at.lo};
}

struct text fmt_word_text(const struct fmt *f, uint32_t word)
{
    return fmt_text(f, f->words.at[word].at);
}

static uint32_t newlines(const struct fmt *f, uint32_t from, uint32_t to)
{
    struct text between = fmt_text(f, (struct csr_span){from, to});
    uint32_t n = 0;
    for (uint32_t i = 0; i < between.len; i++) n += between.at[i] == '\n';
    return n;
}

/* What reading remembers of the things before: the last one's end, and a blank line before what was left out.
 */
struct reader {
    uint32_t last_end, word_end; /* positions */
    bool has_words, owes_blank_line, is_after_doc, is_after_brace;
};

/* Behind an opening brace no blank line is kept. */
static bool takes_blank_line(struct fmt *f, struct reader *r, struct csr_span at)
{
    bool is_after = (newlines(f, r->last_end, at.lo) > 1 || r->owes_blank_line) && !r->is_after_brace;
    r->last_end = at.hi;
    r->owes_blank_line = r->is_after_brace = false;
    return is_after;
}

static void read_comment(struct fmt *f, struct reader *r, struct csr_span at)
{
    struct text t = fmt_text(f, at);
    bool ends_line = r->has_words && !newlines(f, r->word_end, at.lo);
    bool is_after_blank_line = takes_blank_line(f, r, at);
    while (memchr(" \t\r\f\v", t.at[t.len - 1], 5)) t.len--;
    at.hi = at.lo + t.len;
    *ARENA_PUSH(f->p->arena, f->comments) =
        (struct fmt_comment){at, ends_line, is_after_blank_line && !ends_line};
    r->owes_blank_line = is_after_blank_line && ends_line;
    if (text_starts(t, TEXT("##"))) r->is_after_doc = true;
}

static void leave_out(struct fmt *f, struct reader *r, struct csr_span at, int token)
{
    bool is_after_brace = r->is_after_brace, is_after_blank_line = takes_blank_line(f, r, at);
    r->is_after_brace = is_after_brace;
    if (token == ';' && r->is_after_doc)
        *ARENA_PUSH(f->p->arena, f->comments) = (struct fmt_comment){at, false, is_after_blank_line};
    else
        r->owes_blank_line = is_after_blank_line;
    r->word_end = at.hi;
}

static void read_word(struct fmt *f, struct reader *r, struct csr_span at, int token)
{
    struct fmt_word *last = f->words.len ? &f->words.at[f->words.len - 1] : NULL;
    if ((token == '}' || token == ']') && last && last->token == ',') {
        r->owes_blank_line = false; /* lines inside of lists are not kept */
        f->words.len--;
    }
    *ARENA_PUSH(f->p->arena, f->words) = (struct fmt_word){token, at, takes_blank_line(f, r, at)};
    r->word_end = at.hi;
    r->has_words = true;
    r->is_after_doc = false;
    r->is_after_brace = token == '{';
}

void fmt_read(struct fmt *f)
{
    struct reader r = {.last_end = f->file->base, .word_end = f->file->base};
    struct lex *lex = lex_new(f->p, f->file->bytes, f->file->base, 0);
    CSR_GRAM_STYPE value;
    struct csr_span at;
    uint32_t comment = 0;
    lex->is_quiet = true; /* the parser has said it all */
    for (int token = ';'; token != TOK_YYEOF;) {
        token = csr_gram_lex(&value, &at, lex);
        while (comment < lex->comments.len && (token == TOK_YYEOF || lex->comments.at[comment].lo < at.lo))
            read_comment(f, &r, lex->comments.at[comment++]);
        if (token == ';')
            leave_out(f, &r, at, token);
        else if (token != TOK_YYEOF)
            read_word(f, &r, at, token);
    }
}
