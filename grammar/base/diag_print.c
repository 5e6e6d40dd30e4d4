/* diag_print.c - diagnostics for people, in the form that rustc made familiar:
 *
 *     error[E0116]: duration without a unit
 *       --> rules/a.csr:7:15
 *        |
 *      7 |     within    15
 *        |               ^^ `within` takes a duration
 *        |
 *        = help: write `15m`
 *
 * Invariants
 * 1. Nothing that stands in a rule file reaches the terminal as a control character: what is shown of it goes
 *    through put_clean.
 * 2. A line is shown in a window of at most LINE_MOST bytes, however long it is.
 */
#include "grammar/base/diag_list.h"
#include "grammar/base/utf8.h"

#define LINE_MOST   160u
#define LINE_BEFORE 60u /* bytes shown before the place when the line is cut */
#define TAB_SHOWN   "    "

static const char *const level_colors[] = {
    [DIAG_ERROR] = "\033[1;31m", [DIAG_WARNING] = "\033[1;33m", [DIAG_NOTE] = "\033[1;32m"};

#define BLUE  "\033[1;34m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

struct printer {
    FILE *to;
    const struct sources *sources;
    const char *level_color;
    bool color;
    int gutter; /* width of the widest line number */
};

static void paint(const struct printer *p, const char *color)
{
    if (p->color) fputs(color, p->to);
}

/* Writes the bytes so that a terminal shows them and does nothing else. Returns columns, one a character.
 * `to` may be NULL, only to measure. */
static uint32_t put_clean(struct text t, FILE *to)
{
    uint32_t columns = 0;
    for (uint32_t i = 0, n; i < t.len; i += n) {
        struct text rest = {t.at + i, t.len - i};
        unsigned char c = (unsigned char)t.at[i];
        n = utf8_length(rest);
        bool is_c1 = n == 2 && c == 0xC2 && (unsigned char)t.at[i + 1] < 0xA0;
        bool is_odd = !n || is_c1 || c < 0x20 || c == 0x7F;
        if (!n) n = 1;
        columns += c == '\t' ? (uint32_t)sizeof TAB_SHOWN - 1 : 1;
        if (!to) continue;
        if (c == '\t') fputs(TAB_SHOWN, to);
        else if (is_odd) putc('?', to);
        else fwrite(rest.at, 1, n, to);
    }
    return columns;
}

static void print_gutter(const struct printer *p, const char *mark)
{
    paint(p, BLUE);
    fprintf(p->to, "%*s %s", p->gutter, "", mark);
    paint(p, PLAIN);
}

static void print_empty(const struct printer *p)
{
    print_gutter(p, "|");
    putc('\n', p->to);
}

/* The part of a line that is shown around a place. */
struct window {
    struct text shown;
    uint32_t skipped; /* bytes of the line before it */
    bool cut_front, cut_back;
};

static struct window window_of(struct place at)
{
    struct window w = {.shown = at.line_text};
    if (w.shown.len <= LINE_MOST) return w;
    uint32_t front = at.line_offset > LINE_BEFORE ? at.line_offset - LINE_BEFORE : 0;
    while (front && ((unsigned char)at.line_text.at[front] & 0xC0) == 0x80) front--;
    uint32_t rest = at.line_text.len - front, len = rest < LINE_MOST ? rest : LINE_MOST;
    while (front + len < at.line_text.len && len &&
           ((unsigned char)at.line_text.at[front + len] & 0xC0) == 0x80)
        len--;
    return (struct window){{at.line_text.at + front, len}, front, front > 0, len < rest};
}

static void print_line(const struct printer *p, struct place at, struct window w)
{
    paint(p, BLUE);
    fprintf(p->to, "%*u |", p->gutter, at.line);
    paint(p, PLAIN);
    if (w.shown.len || w.cut_front) putc(' ', p->to);
    if (w.cut_front) fputs("...", p->to);
    put_clean(w.shown, p->to);
    if (w.cut_back) fputs("...", p->to);
    putc('\n', p->to);
}

/* How many columns the label covers on the line where it begins, at least one. */
static uint32_t label_width(const struct diag_part *label, struct place at, struct window w)
{
    uint32_t from = at.line_offset - w.skipped, covered = label->at.hi - label->at.lo;
    uint32_t left = w.shown.len > from ? w.shown.len - from : 0;
    uint32_t columns = put_clean((struct text){w.shown.at + from, covered < left ? covered : left}, NULL);
    return columns ? columns : 1;
}

static void print_marks(const struct printer *p, const struct diag_part *label, struct place at,
                        struct window w, bool is_first)
{
    const char *color = is_first ? p->level_color : BLUE;
    print_gutter(p, "| ");
    uint32_t indent = put_clean((struct text){w.shown.at, at.line_offset - w.skipped}, NULL);
    fprintf(p->to, "%*s", (int)(indent + (w.cut_front ? 3 : 0)), "");
    paint(p, color);
    for (uint32_t i = label_width(label, at, w); i; i--) putc(is_first ? '^' : '-', p->to);
    if (label->text.len) putc(' ', p->to), put_clean(label->text, p->to);
    paint(p, PLAIN);
    putc('\n', p->to);
}

static void print_where(const struct printer *p, struct place at, bool is_first)
{
    paint(p, BLUE);
    fprintf(p->to, "%*s%s ", p->gutter, "", is_first ? "-->" : ":::");
    paint(p, PLAIN);
    put_clean(at.file->name, p->to);
    fprintf(p->to, ":%u:%u\n", at.line, at.column);
}

/* One label with its line; the line itself is not repeated under the same line. */
static void print_label(const struct printer *p, const struct diag *d, uint32_t index)
{
    const struct diag_part *label = &d->labels.at[index];
    struct place at = sources_place(p->sources, label->at.lo);
    struct place before = sources_place(p->sources, index ? d->labels.at[index - 1].at.lo : 0);
    if (!at.file) return;
    bool is_same_line = before.file && before.file->base == at.file->base && before.line == at.line;
    struct window w = window_of(is_same_line ? before : at);
    if (is_same_line && at.line_offset >= w.skipped && at.line_offset <= w.skipped + w.shown.len) {
        print_marks(p, label, at, w, index == 0);
        return;
    }
    if (index) print_empty(p);
    print_where(p, at, index == 0);
    print_empty(p);
    w = window_of(at);
    print_line(p, at, w);
    print_marks(p, label, at, w, index == 0);
}

static void print_remark(const struct printer *p, const char *kind, struct text t)
{
    print_gutter(p, "= ");
    paint(p, BOLD);
    fprintf(p->to, "%s:", kind);
    paint(p, PLAIN);
    putc(' ', p->to);
    put_clean(t, p->to);
    putc('\n', p->to);
}

static void print_fix(const struct printer *p, const struct diag_part *fix)
{
    bool is_insertion = fix->at.lo == fix->at.hi;
    print_gutter(p, "= ");
    paint(p, BOLD);
    fputs("help:", p->to);
    paint(p, PLAIN);
    fputs(!fix->text.len ? " leave it out" : is_insertion ? " insert `" : " write `", p->to);
    put_clean(fix->text, p->to);
    fputs(fix->text.len ? "`\n" : "\n", p->to);
}

static int gutter_width(const struct printer *p, const struct diag *d)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < d->labels.len; i++) {
        uint32_t line = sources_place(p->sources, d->labels.at[i].at.lo).line;
        if (line > most) most = line;
    }
    return snprintf(NULL, 0, "%u", most) + 1;
}

static void print_head(const struct printer *p, const struct diag_info *info)
{
    paint(p, p->level_color);
    fprintf(p->to, "%s[%s]", diag_level_name(info->level), info->name);
    paint(p, PLAIN);
    paint(p, BOLD);
    fprintf(p->to, ": %s\n", info->title);
    paint(p, PLAIN);
}

static void print_diag(struct printer *p, const struct diag *d)
{
    const struct diag_info *info = diag_info(d->code);
    p->level_color = level_colors[info->level];
    p->gutter = gutter_width(p, d);
    print_head(p, info);
    for (uint32_t i = 0; i < d->labels.len; i++) print_label(p, d, i);
    bool is_nowhere = !sources_find(p->sources, d->labels.at[0].at.lo);
    if (is_nowhere && d->labels.at[0].text.len) print_remark(p, "note", d->labels.at[0].text);
    if ((d->notes.len || d->fixes.len) && !is_nowhere) print_empty(p);
    for (uint32_t i = 0; i < d->notes.len; i++) print_remark(p, "note", d->notes.at[i].text);
    for (uint32_t i = 0; i < d->fixes.len; i++) print_fix(p, &d->fixes.at[i]);
    putc('\n', p->to);
}

void diags_print(const struct diags *ds, FILE *to, struct diag_style style)
{
    struct diag_list l = diags_sorted(ds, style);
    struct printer p = {.to = to, .sources = ds->sources, .color = style.color};
    for (uint32_t i = 0; i < l.len; i++) {
        if (style.json) diag_print_json(ds, l.at[i], to);
        else print_diag(&p, l.at[i]);
    }
    if (l.errors_more && !style.json)
        fprintf(to, "and %u more error%s\n", l.errors_more, l.errors_more == 1 ? "" : "s");
}
