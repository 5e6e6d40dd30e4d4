/* fmt_piece.h - between the tree and the laid-out text: pieces, a flat row of what is written and where lines
 * may break.
 *
 * The way of Oppen ("Prettyprinting", 1980): words and blanks, breaks, and blocks around them. A block whose
 * text fits on the rest of the line is flat: none of its breaks breaks. Else each break does what its kind
 * says.
 *
 *     begin(f, BLOCK_TIGHT);                       renamed(a, b)   or   renamed(a,
 *     brk(f, BREAK_FIRST, 0); … put(f);  …                                      b)
 *     brk(f, BREAK_FILL, 1);  … end(f);
 *
 * Invariants
 * 1. Words come in the order of the text: put() takes the next one, so none is forgotten, doubled or moved.
 * 2. Comments belong to the break before their word, or to the word itself where no break stands; either then
 * begins a new line.
 * 3. Widths are characters. A column is made by giving the blanks before it their width once all its cells
 * are known.
 */
#ifndef CSR_GRAMMAR_FMT_PIECE_H
#define CSR_GRAMMAR_FMT_PIECE_H

#include "grammar/fmt.h"
#include "grammar/lex.h"

#define FMT_INDENT 4

enum piece_kind { PIECE_WORD, PIECE_BLANKS, PIECE_BREAK, PIECE_BEGIN, PIECE_END };

enum break_how {
    BREAK_LINE,  /* all of a block break together */
    BREAK_FILL,  /* if what follows, up to the next break of the block, does not fit on the line, or what
                    stands before it, from the last break of the block on, did not */
    BREAK_FIRST, /* behind an opening bracket: breaks in a hanging block */
    BREAK_LAST,  /* before a closing bracket: the same, back to where the block's line begins */
    BREAK_AFTER, /* if all before it in the block stands on one line, else as BREAK_FILL */
    BREAK_HARD,  /* always */
    BREAK_NEVER, /* only for a comment */
};

enum block_how {
    BLOCK_ALIGN,  /* new lines begin where the block began */
    BLOCK_HANG,   /* new lines begin FMT_INDENT behind the start of the line on which the block began */
    BLOCK_EITHER, /* aligned if each of its parts then fits on a line, else hanging */
    BLOCK_TIGHT,  /* aligned if its parts then fit at all, with all their breaks broken, else hanging */
};

struct piece {
    uint8_t kind;         /* enum piece_kind */
    uint8_t how;          /* enum break_how, enum block_how */
    int8_t offset;        /* BREAK: its new line begins so much further right */
    bool keeps_blank;     /* BREAK: a blank line is kept, in the text or before a comment */
    bool wants_blank;     /* BREAK: there shall be a blank line */
    bool is_body;         /* BEGIN, hanging: from the line on which the block around it began */
    bool only_broken;     /* BLANKS: a column, of one blank where the block is flat */
    uint32_t width;       /* WORD: its characters. Else: blanks while on the line */
    uint32_t word;        /* WORD: which. BREAK: the one behind it */
    uint32_t comments[2]; /* WORD, BREAK: from, to */
};

/* A word of the text as the lexer gave it. */
struct fmt_word {
    int token;
    struct csr_span at;
    bool is_after_blank_line; /* it, or the first thing before it that was left out */
};

struct fmt_comment {
    struct csr_span at; /* without blanks at its end */
    bool ends_line;     /* a word stands before it on its line */
    bool is_after_blank_line;
};

/* A column of a table whose rows are put one after the other. */
struct column {
    struct cells ARENA_VEC(struct cell {
        uint32_t piece; /* the blanks or break behind the cell */
        uint32_t width;
    }) cells;
    uint32_t widest, rest; /* the widest cell, the most that stands behind one */
};

struct fmt {
    struct parse *p;
    const struct source *file;
    struct fmt_words ARENA_VEC(struct fmt_word) words;
    struct fmt_comments ARENA_VEC(struct fmt_comment) comments;
    struct fmt_pieces ARENA_VEC(struct piece) pieces;
    uint32_t next_word, next_comment; /* not put yet */
    struct column *withs;             /* of the rule at hand, or NULL */
    struct column cells;              /* of the body at hand */
    uint32_t steps_at;                /* where events of steps begin, behind the start of the clause */
    uint32_t events_at;               /* column at which the events of the clause at hand begin */
};

/* ---- fmt_words.c ---- */

/* The words and comments of a text without mistakes. */
void fmt_read(struct fmt *f);
struct text fmt_text(const struct fmt *f, struct csr_span at);
struct text fmt_word_text(const struct fmt *f, uint32_t word);

/* ---- fmt_piece.c ---- */

/* The next word. Between words there is a blank where that is usual, unless a blank or break was put. */
void put(struct fmt *f);
void put_until(struct fmt *f, uint32_t position); /* all words that begin before the position */
int next_token(const struct fmt *f);
/* The next word, however it looks, follows without a blank. */
void glue(struct fmt *f);
void blanks(struct fmt *f, uint32_t n);
struct piece *brk(struct fmt *f, enum break_how how, uint32_t width);
void begin(struct fmt *f, enum block_how how);
void end(struct fmt *f);
/* Whether a comment stands before the position and behind the words that were put. */
bool comment_before(const struct fmt *f, uint32_t position);

/* Characters of pieces[from] and all behind it, on one line. */
uint32_t flat_width(const struct fmt *f, uint32_t from);
uint32_t text_width(struct text t);

/* The piece, blanks or a break, stands behind a cell that is so wide; the rest of the row, with it, is so
 * wide. */
void column_cell(struct fmt *f, struct column *c, uint32_t piece, uint32_t width);
void column_cell_before(struct fmt *f, struct column *c, uint32_t piece, uint32_t width, uint32_t rest);
/* All cells are put: those behind begin `gap` blanks behind the widest, at `least` or further. Empties the
 * column. */
void column_settle(struct fmt *f, struct column *c, uint32_t least, uint32_t gap);
/* The same for names; if they differ much in width there is no column. */
void column_settle_names(struct fmt *f, struct column *c);
/* The same for what has so much room on the line; if a row does not fit then, there is no column. */
void column_settle_within(struct fmt *f, struct column *c, uint32_t room);

/* ---- fmt_expr.c ---- */

void fmt_node(struct fmt *f, const struct ast *node); /* anything but an item */
/* What may stand in parentheses: one is told from the words around it by where the node begins. */
void fmt_operand(struct fmt *f, const struct ast *node);
/* "(a, b)" glued to the name before it; `around` ends with the last of what stands in parentheses. */
void fmt_list(struct fmt *f, const struct ast *around, const struct ast *first);
/* All kids of a node, with commas between them; what does not fit goes on below the first. */
void fmt_commas(struct fmt *f, const struct ast *node);
/* A node whose words stand on a line with usual blanks. */
void fmt_plain(struct fmt *f, const struct ast *node);
void fmt_groups(struct fmt *f, const struct ast *first, enum break_how between);

/* ---- fmt_rule.c, fmt_item.c ---- */

void fmt_rule_body(struct fmt *f, const struct ast *rule);
void fmt_test_body(struct fmt *f, const struct ast *test);
void fmt_tune_body(struct fmt *f, const struct ast *tune);
void fmt_block(struct fmt *f, const struct ast *block);
void fmt_items(struct fmt *f, const struct ast *file);

/* Opens and closes a body that has an entry a line; the brace is next. */
void body_begin(struct fmt *f);
void body_end(struct fmt *f);
/* A new line and a block for an entry. */
void entry_begin(struct fmt *f);

/* ---- fmt_render.c ---- */

struct text fmt_render(struct fmt *f);

#endif
