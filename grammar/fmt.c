/* fmt.c - a file laid out: read, put, rendered, and compared with what was read. */
#include "grammar/fmt.h"
#include "grammar/fmt_piece.h"

#include <stdlib.h>

/* Whether two texts have the same words and comments, so the same tree. */
static bool say_the_same(const struct fmt *a, const struct fmt *b)
{
    if (a->words.len != b->words.len || a->comments.len != b->comments.len) return false;
    for (uint32_t i = 0; i < a->words.len; i++)
        if (!text_equal(fmt_word_text(a, i), fmt_word_text(b, i))) return false;
    return true;
}

/* A text of ours that says something else must never replace the one that was read. */
static void check(const struct fmt *read, struct text written)
{
    const struct source file = {.name = read->file->name, .bytes = written, .base = read->file->base};
    struct fmt again = {.p = read->p, .file = &file};
    fmt_read(&again);
    if (!say_the_same(read, &again)) abort();
}

/* Most of the memory are pieces, some two and a half for each word: room for them at once, without copies. */
static void reserve_pieces(struct fmt *f)
{
    f->pieces.cap = f->words.len * 3 + 64;
    f->pieces.at = ARENA_ARRAY(f->p->arena, struct piece, f->pieces.cap);
}

bool csr_fmt(struct parse *p, const struct source *file, struct text *out)
{
    struct fmt f = {.p = p, .file = file};
    uint32_t errors = diags_errors(p->diags);
    const struct ast *tree = csr_parse(p, file);
    if (diags_errors(p->diags) > errors) return false;
    fmt_read(&f);
    reserve_pieces(&f);
    fmt_items(&f, tree);
    *out = fmt_render(&f);
    check(&f, *out);
    return true;
}
