/* fmt_piece.c - putting pieces: which blanks stand between words, which comments belong where; columns. */
#include "grammar/fmt_piece.h"
#include "grammar/base/utf8.h"
#include "parser.h"

uint32_t text_width(struct text t)
{
    uint32_t n = 0;
    for (uint32_t i = 0, len; i < t.len; i += len ? len : 1, n++)
        len = utf8_length((struct text){t.at + i, t.len - i});
    return n;
}

static struct piece *add(struct fmt *f, enum piece_kind kind)
{
    struct piece *piece = ARENA_PUSH(f->p->arena, f->pieces);
    *piece = (struct piece){.kind = (uint8_t)kind};
    return piece;
}

/* ---- blanks between words ---- */

/* True where the two stand together. A bracket that belongs to a name is glued by who knows that it does. */
static bool are_together(int before, int after)
{
    if (memchr("([!.", before, 4) && before < 128) return true;
    if (after < 128 && memchr(",;:?)].[", after, 8)) return true;
    if (before == TOK_DOTDOT) return after != TOK_DISTINCT && after != TOK_IN;
    if (before == '{' && after == '}') return true;
    return after == TOK_DOTDOT || after == TOK_FIELD;
}

/* The last piece that is more than the begin or end of a block; NULL if there is none. */
static struct piece *last_piece(struct fmt *f)
{
    for (uint32_t i = f->pieces.len; i-- > 0;)
        if (f->pieces.at[i].kind < PIECE_BEGIN) return &f->pieces.at[i];
    return NULL;
}

static uint32_t comments_until(const struct fmt *f, uint32_t position)
{
    uint32_t n = f->next_comment;
    while (n < f->comments.len && f->comments.at[n].at.lo < position) n++;
    return n;
}

bool comment_before(const struct fmt *f, uint32_t position)
{
    return comments_until(f, position) > f->next_comment;
}

int next_token(const struct fmt *f)
{
    return f->next_word < f->words.len ? f->words.at[f->next_word].token : TOK_YYEOF;
}

/* The blank before the next word, if one is usual and nothing else was put there. */
static void part(struct fmt *f)
{
    const struct piece *before = last_piece(f);
    if (!before || before->kind != PIECE_WORD) return;
    if (!are_together(f->words.at[before->word].token, next_token(f))) blanks(f, 1);
}

void put(struct fmt *f)
{
    part(f);
    const struct fmt_word *word = &f->words.at[f->next_word];
    uint32_t comments[] = {f->next_comment, comments_until(f, word->at.lo)};
    struct piece *before = last_piece(f);
    f->next_comment = comments[1];
    if (before && before->kind == PIECE_BREAK && comments[0] < comments[1]) {
        memcpy(before->comments, comments, sizeof comments);
        comments[0] = comments[1];
    }
    struct piece *piece = add(f, PIECE_WORD);
    memcpy(piece->comments, comments, sizeof comments);
    piece->word = f->next_word++;
    piece->width = text_width(fmt_word_text(f, piece->word));
}

void put_until(struct fmt *f, uint32_t position)
{
    while (f->next_word < f->words.len && f->words.at[f->next_word].at.lo < position) put(f);
}

void glue(struct fmt *f)
{
    blanks(f, 0);
    put(f);
}

/* ---- breaks and blocks ---- */

void blanks(struct fmt *f, uint32_t n)
{
    add(f, PIECE_BLANKS)->width = n;
}

struct piece *brk(struct fmt *f, enum break_how how, uint32_t width)
{
    struct piece *piece = add(f, PIECE_BREAK);
    piece->how = (uint8_t)how;
    piece->width = width;
    piece->word = f->next_word;
    piece->comments[0] = piece->comments[1] = f->next_comment;
    return piece;
}

void begin(struct fmt *f, enum block_how how)
{
    part(f);
    add(f, PIECE_BEGIN)->how = (uint8_t)how;
}

void end(struct fmt *f)
{
    add(f, PIECE_END);
}

/* ---- columns ---- */

#define NAMES_DIFFER_MOST 16

uint32_t flat_width(const struct fmt *f, uint32_t from)
{
    uint32_t sum = 0;
    for (uint32_t i = from; i < f->pieces.len; i++) sum += f->pieces.at[i].width;
    return sum;
}

void column_cell_before(struct fmt *f, struct column *c, uint32_t piece, uint32_t width, uint32_t rest)
{
    *ARENA_PUSH(f->p->arena, c->cells) = (struct cell){piece, width};
    if (c->widest < width) c->widest = width;
    if (c->rest < rest) c->rest = rest;
}

void column_cell(struct fmt *f, struct column *c, uint32_t piece, uint32_t width)
{
    column_cell_before(f, c, piece, width, 0);
}

static void forget(struct column *c)
{
    c->cells.len = c->widest = c->rest = 0;
}

void column_settle(struct fmt *f, struct column *c, uint32_t least, uint32_t gap)
{
    uint32_t to = c->widest + gap > least ? c->widest + gap : least;
    for (uint32_t i = 0; i < c->cells.len; i++)
        f->pieces.at[c->cells.at[i].piece].width = to - c->cells.at[i].width;
    forget(c);
}

void column_settle_names(struct fmt *f, struct column *c)
{
    uint32_t narrowest = c->widest;
    for (uint32_t i = 0; i < c->cells.len; i++)
        if (narrowest > c->cells.at[i].width) narrowest = c->cells.at[i].width;
    if (c->widest - narrowest <= NAMES_DIFFER_MOST) column_settle(f, c, 0, 1);
    forget(c);
}

void column_settle_within(struct fmt *f, struct column *c, uint32_t room)
{
    if (c->widest + c->rest <= room) column_settle(f, c, 0, 1);
    forget(c);
}
