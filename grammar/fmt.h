/* fmt.h - the one way to lay out a rule file: what `csr fmt` writes.
 *
 *   fmt_words.c    the words of the text, and the comments between them
 *   fmt_expr.c     a tree to pieces: expressions, events, match
 *   fmt_rule.c     a tree to pieces: clauses, lines of tests and tuning
 *   fmt_item.c     a tree to pieces: items of a file, blocks
 *   fmt_piece.c    pieces: words, blanks, places where a line may break; columns
 *   fmt_render.c   pieces to text: which lines break
 *
 * Invariants
 * 1. The words that are written are those that were read, as they were spelled and in their order; only `;`
 * and commas before a closing bracket are left out. So the tree cannot change. It is checked before the text
 * is given out.
 * 2. Every comment stays between the words between which it stood, at the end of their line or on a line of
 * its own.
 * 3. The layout depends on words, tree and comments, and on which entries had a blank line before them; on
 * nothing else of how the text was laid out. So a second time changes nothing.
 */
#ifndef CSR_GRAMMAR_FMT_H
#define CSR_GRAMMAR_FMT_H

#include "grammar/parse.h"

#define FMT_LINE_MOST 110 /* characters, where words can be parted at all */

/* The file laid out, in the arena of p; the file must be in p->sources. False, with diagnostics, for a text
 * that has mistakes: nobody knows what it means, so nobody lays it out. */
bool csr_fmt(struct parse *p, const struct source *file, struct text *out);

#endif
