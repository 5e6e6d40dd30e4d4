/* fmt_render.c - pieces to text: first how much each break and block has to hold, then line by line what
 * breaks.
 *
 * Both are one walk over the pieces, the first from the end: the time is linear in their number.
 *
 * Invariants
 * 1. The size of a break is what stands between it and the next break of its block; behind the last one, what
 * stands before the next break of any block, for that must fit on the line as well. The size of a block is
 * all that stands in it and behind it before the next break.
 * 2. What holds a comment or a hard break is larger than any line.
 * 3. A comment at the end of a line begins two blanks behind it; those on lines that follow one another are
 * aligned.
 */
#include "grammar/fmt_piece.h"

#define HUGE_WIDTH (1u << 16)

/* ---- sizes ---- */

struct size {
    uint64_t size;
    uint64_t widest;    /* BEGIN: of the parts between the breaks of the block */
    uint64_t narrowest; /* BEGIN: the most that a line takes behind its start, with all breaks broken */
};

struct level {       /* a block, looked at from its end */
    uint64_t next;   /* where the next break of the block stands, in characters from the start of all */
    uint64_t behind; /* where the first break behind the block stands */
    uint64_t widest;
    enum block_how how;
};

struct sizes {
    const struct fmt *f;
    struct size *at;
    struct ARENA_VEC(struct level) levels;
    uint64_t *starts; /* of each piece, in characters from the start of all; one more than there are pieces */
    uint64_t next;    /* where the next break of any block stands */
};

static bool has_comments(const struct piece *piece)
{
    return (piece->kind == PIECE_WORD || piece->kind == PIECE_BREAK) &&
           piece->comments[0] < piece->comments[1];
}

static uint32_t measured(const struct piece *piece)
{
    bool is_hard = piece->kind == PIECE_BREAK && piece->how == BREAK_HARD;
    if (is_hard || has_comments(piece)) return HUGE_WIDTH;
    return piece->only_broken ? 1 : piece->width;
}

static void measure_break(struct sizes *s, uint32_t i)
{
    const struct piece *piece = &s->f->pieces.at[i];
    struct level *level = &s->levels.at[s->levels.len - 1];
    bool is_bracket = piece->how == BREAK_FIRST || piece->how == BREAK_LAST;
    s->at[i].size = level->next - s->starts[i + 1];
    if (piece->how == BREAK_NEVER || (is_bracket && level->how != BLOCK_HANG)) return; /* hardly a break */
    if (level->widest < s->at[i].size) level->widest = s->at[i].size;
    level->next = s->next = s->starts[i];
}

static void measure_begin(struct sizes *s, uint32_t i)
{
    struct level level = s->levels.at[--s->levels.len];
    uint64_t first = level.next - s->starts[i];
    s->at[i].size = level.behind - s->starts[i];
    s->at[i].widest = first > level.widest ? first : level.widest;
}

/* The block that ends here is known by its begin: blocks are looked at from the end. */
static void measure_end(struct sizes *s, enum block_how how)
{
    *ARENA_PUSH(s->f->p->arena, s->levels) = (struct level){.next = s->next, .behind = s->next, .how = how};
}

/* A block with all its breaks broken, looked at from its begin. */
struct broken {
    uint32_t begin;
    enum block_how how;
    uint64_t column, most; /* from the start of the block */
};
struct brokens ARENA_VEC(struct broken);

static void widen(struct broken *b, uint64_t column)
{
    if (b->most < column) b->most = column;
}

/* Back in the block around it. Lines of an aligned block began where it did, those of another further left.
 */
static void leave_block(struct broken *around, const struct broken *b, struct size *size)
{
    size->narrowest = b->most;
    if (!around) return;
    widen(around, around->column + b->most);
    around->column = b->how == BLOCK_HANG ? 0 : around->column + b->column;
}

/* Narrowest widths of all blocks; and for each end, what kind of block it ends. */
static void narrow(const struct fmt *f, struct size *sizes, enum block_how *kinds)
{
    struct brokens open = {0};
    for (uint32_t i = 0; i < f->pieces.len; i++) {
        const struct piece *piece = &f->pieces.at[i];
        struct broken *b = open.len ? &open.at[open.len - 1] : NULL;
        bool is_bracket = piece->how == BREAK_FIRST || piece->how == BREAK_LAST;
        if (piece->kind == PIECE_BEGIN)
            *ARENA_PUSH(f->p->arena, open) = (struct broken){i, piece->how, 0, 0};
        else if (piece->kind == PIECE_END) {
            kinds[i] = b->how;
            leave_block(open.len > 1 ? b - 1 : NULL, b, &sizes[b->begin]);
            open.len--;
        } else if (piece->kind == PIECE_BREAK && piece->how != BREAK_NEVER &&
                   (!is_bracket || b->how == BLOCK_HANG))
            b->column = 0;
        else
            widen(b, b->column += piece->width);
    }
}

static struct size *measure(const struct fmt *f)
{
    uint32_t n = f->pieces.len;
    struct sizes s = {.f = f, .at = ARENA_ARRAY(f->p->arena, struct size, n + 1)};
    enum block_how *kinds = ARENA_ARRAY(f->p->arena, enum block_how, n + 1);
    narrow(f, s.at, kinds);
    s.starts = ARENA_ARRAY(f->p->arena, uint64_t, n + 1);
    for (uint32_t i = 0; i < n; i++) s.starts[i + 1] = s.starts[i] + measured(&f->pieces.at[i]);
    s.next = s.starts[n];
    for (uint32_t i = n; i-- > 0;) {
        enum piece_kind kind = f->pieces.at[i].kind;
        if (kind == PIECE_END)
            measure_end(&s, kinds[i]);
        else if (kind == PIECE_BREAK)
            measure_break(&s, i);
        else if (kind == PIECE_BEGIN)
            measure_begin(&s, i);
    }
    return s.at;
}

/* ---- lines ---- */

struct block {
    bool is_flat, is_hanging;
    uint32_t indent; /* of its new lines */
    uint32_t base;   /* of the line on which it began */
    uint32_t line;   /* that line's number */
    uint32_t part;   /* the number of the line on which it last could break */
};

struct margin {  /* a comment at the end of a line, to be aligned */
    uint32_t at; /* in the text */
    uint32_t line, indent, column, width;
};

struct render {
    struct fmt *f;
    const struct size *sizes;
    struct ARENA_VEC(char) text;
    struct ARENA_VEC(struct block) blocks;
    struct margins ARENA_VEC(struct margin) margins;
    uint32_t line, line_indent, column;
    uint32_t blanks; /* not written yet: none stand at the end of a line */
};

static void write_text(struct render *r, struct text t)
{
    struct arena *a = r->f->p->arena;
    for (; r->blanks; r->blanks--) *ARENA_PUSH(a, r->text) = ' ';
    for (uint32_t i = 0; i < t.len; i++) *ARENA_PUSH(a, r->text) = t.at[i];
    r->column += text_width(t);
}

static void new_line(struct render *r, uint32_t indent, bool is_after_blank_line)
{
    if (r->text.len) *ARENA_PUSH(r->f->p->arena, r->text) = '\n', r->line++;
    if (r->text.len && is_after_blank_line) *ARENA_PUSH(r->f->p->arena, r->text) = '\n', r->line++;
    r->column = r->line_indent = r->blanks = indent;
}

static void write_blanks(struct render *r, uint32_t n)
{
    r->blanks += n;
    r->column += n;
}

/* ---- comments ---- */

static void write_comment(struct render *r, const struct fmt_comment *c)
{
    write_text(r, fmt_text(r->f, c->at));
}

static void write_margin_comment(struct render *r, const struct fmt_comment *c)
{
    r->column -= r->blanks, r->blanks = 0;
    struct margin margin = {r->text.len, r->line, r->line_indent, r->column, 0};
    write_blanks(r, 2);
    write_comment(r, c);
    margin.width = r->column - margin.column;
    *ARENA_PUSH(r->f->p->arena, r->margins) = margin;
}

/* The comments before a word. The first may end the line; the others, and the word, have lines of their own.
 */
static void write_comments(struct render *r, const struct piece *piece, uint32_t indent, bool keeps_blank)
{
    for (uint32_t i = piece->comments[0]; i < piece->comments[1]; i++) {
        const struct fmt_comment *c = &r->f->comments.at[i];
        if (c->ends_line && i == piece->comments[0] && r->text.len) {
            write_margin_comment(r, c);
            continue;
        }
        new_line(r, indent, keeps_blank && c->is_after_blank_line);
        write_comment(r, c);
    }
}

/* Whether a blank line stands anywhere between the word before a break and the one behind it. */
static bool has_blank_line(const struct fmt *f, const struct piece *piece)
{
    for (uint32_t i = piece->comments[0]; i < piece->comments[1]; i++)
        if (f->comments.at[i].is_after_blank_line) return true;
    return piece->word < f->words.len && f->words.at[piece->word].is_after_blank_line;
}

/* ---- breaks ---- */

static struct block *innermost(const struct render *r)
{
    return &r->blocks.at[r->blocks.len - 1];
}

static bool fits(uint32_t column, uint64_t size)
{
    return column + size <= FMT_LINE_MOST;
}

static bool breaks(const struct render *r, uint32_t i)
{
    const struct piece *piece = &r->f->pieces.at[i];
    const struct block *block = innermost(r);
    bool is_too_long = !fits(r->column + piece->width, r->sizes[i].size);
    if (piece->how == BREAK_HARD || has_comments(piece)) return true;
    if (block->is_flat || piece->how == BREAK_NEVER) return false;
    if (piece->how == BREAK_LINE) return true;
    if (piece->how == BREAK_FILL) return is_too_long || r->line != block->part;
    if (piece->how == BREAK_AFTER) return r->line == block->line || is_too_long;
    return block->is_hanging;
}

/* A blank line that there shall be, and that the text lacks, stands in front of the comments of what follows.
 */
static bool *place_of_blank_line(struct render *r, const struct piece *piece)
{
    struct fmt *f = r->f;
    for (uint32_t i = piece->comments[0]; i < piece->comments[1]; i++)
        if (i > piece->comments[0] || !f->comments.at[i].ends_line)
            return &f->comments.at[i].is_after_blank_line;
    return piece->word < f->words.len ? &f->words.at[piece->word].is_after_blank_line : NULL;
}

static void render_break(struct render *r, uint32_t i)
{
    const struct piece *piece = &r->f->pieces.at[i];
    struct block *block = innermost(r);
    uint32_t indent = (uint32_t)((int)block->indent + piece->offset);
    if (!breaks(r, i)) {
        write_blanks(r, piece->width);
        block->part = r->line;
        return;
    }
    bool *wanted = piece->wants_blank && !has_blank_line(r->f, piece) ? place_of_blank_line(r, piece) : NULL;
    if (wanted) *wanted = true;
    write_comments(r, piece, indent, piece->keeps_blank);
    block->part = r->line;
    if (piece->word == r->f->words.len) return; /* these were the last comments of the file */
    bool is_last = piece->how == BREAK_LAST;
    bool keeps = piece->keeps_blank && !is_last && r->f->words.at[piece->word].is_after_blank_line;
    new_line(r, is_last ? block->base : indent, keeps);
    block->part = r->line;
}

/* ---- words and blocks ---- */

static void render_word(struct render *r, const struct piece *piece)
{
    if (has_comments(piece)) {
        write_comments(r, piece, innermost(r)->indent, false);
        new_line(r, innermost(r)->indent, false);
    }
    write_text(r, fmt_word_text(r->f, piece->word));
}

static void render_begin(struct render *r, uint32_t i)
{
    const struct piece *piece = &r->f->pieces.at[i];
    const struct piece *next = piece + 1;
    bool is_in_flat = r->blocks.len && innermost(r)->is_flat;
    uint32_t lead = next->kind == PIECE_BREAK && next->how == BREAK_FIRST ? next->width : 0;
    uint32_t column = r->column + lead;
    uint32_t base = piece->is_body && r->blocks.len ? innermost(r)->base : r->line_indent;
    bool is_aligned = piece->how == BLOCK_ALIGN ||
                      (piece->how == BLOCK_EITHER && fits(column, r->sizes[i].widest)) ||
                      (piece->how == BLOCK_TIGHT && fits(column, r->sizes[i].narrowest));
    *ARENA_PUSH(r->f->p->arena, r->blocks) =
        (struct block){.is_flat = is_in_flat || fits(r->column, r->sizes[i].size),
                       .is_hanging = !is_aligned,
                       .indent = is_aligned ? column : base + FMT_INDENT,
                       .base = base,
                       .line = r->line,
                       .part = r->line};
}

static void render_piece(struct render *r, uint32_t i)
{
    const struct piece *piece = &r->f->pieces.at[i];
    switch (piece->kind) {
    case PIECE_WORD: render_word(r, piece); return;
    case PIECE_BLANKS:
        write_blanks(r, piece->only_broken && innermost(r)->is_flat ? 1 : piece->width);
        return;
    case PIECE_BREAK: render_break(r, i); return;
    case PIECE_BEGIN: render_begin(r, i); return;
    case PIECE_END: r->blocks.len--; return;
    }
}

/* ---- comments at the end of lines ---- */

/* Those on lines one after the other that begin at one column, from the first: how many, and where they are
 * aligned. None is moved if one would then go beyond the line. */
static uint32_t margin_run(const struct margins *all, uint32_t first, uint32_t *column)
{
    uint32_t n = 1, width = all->at[first].width;
    *column = all->at[first].column;
    for (; first + n < all->len; n++) {
        const struct margin *next = &all->at[first + n];
        if (next->line != all->at[first].line + n || next->indent != all->at[first].indent) break;
        if (*column < next->column) *column = next->column;
        if (width < next->width) width = next->width;
    }
    if (*column + width > FMT_LINE_MOST) *column = 0;
    return n;
}

static struct text align_margins(struct render *r)
{
    struct arena *a = r->f->p->arena;
    struct ARENA_VEC(char) text = {0};
    uint32_t copied = 0, column = 0, run_end = 0;
    for (uint32_t i = 0; i < r->margins.len; i++) {
        if (i == run_end) run_end = i + margin_run(&r->margins, i, &column);
        for (; copied < r->margins.at[i].at; copied++) *ARENA_PUSH(a, text) = r->text.at[copied];
        for (uint32_t n = r->margins.at[i].column; n < column; n++) *ARENA_PUSH(a, text) = ' ';
    }
    for (; copied < r->text.len; copied++) *ARENA_PUSH(a, text) = r->text.at[copied];
    return (struct text){text.at, text.len};
}

struct text fmt_render(struct fmt *f)
{
    struct render r = {.f = f, .sizes = measure(f)};
    for (uint32_t i = 0; i < f->pieces.len; i++) render_piece(&r, i);
    if (r.text.len) *ARENA_PUSH(f->p->arena, r.text) = '\n';
    return align_margins(&r);
}
