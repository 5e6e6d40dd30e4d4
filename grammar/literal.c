/* literal.c - from the characters of a literal to the leaf of the tree that holds its value. */
#include "grammar/lex.h"
#include "grammar/base/utf8.h"
#include "parser.h"

#include <math.h>
#include <stdlib.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits from *at on as a whole number; moves *at behind them. False if it is too large. */
static bool read_digits(struct text t, uint32_t *at, int64_t *value)
{
    *value = 0;
    for (; *at < t.len && is_digit(t.at[*at]); ++*at)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, t.at[*at] - '0', value))
            return false;
    return true;
}

/* ---- numbers ---- */

static bool number_value(struct lex *lex, struct text t, struct ast *leaf)
{
    uint32_t at = t.at[0] == '-' || t.at[0] == '+';
    if (memchr(t.at, '.', t.len)) {
        leaf->is_real = true;
        leaf->real = strtod(arena_text(lex->p->arena, t.at, t.len).at, NULL);
        return isfinite(leaf->real);
    }
    if (!read_digits(t, &at, &leaf->num)) return false;
    if (t.at[0] == '-') leaf->num = -leaf->num;
    return true;
}

static bool unit_value(struct text t, uint32_t *at, int64_t *nanoseconds)
{
    static const struct {
        struct text name;
        int64_t nanoseconds;
    } units[] = {/* "ms" before "m" */
        {TEXT("ms"), 1000000},
        {TEXT("s"), 1000000000},
        {TEXT("m"), 60 * INT64_C(1000000000)},
        {TEXT("h"), 3600 * INT64_C(1000000000)},
        {TEXT("d"), 86400 * INT64_C(1000000000)},
    };
    struct text rest = {t.at + *at, t.len - *at};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!text_starts(rest, units[i].name)) continue;
        *at += units[i].name.len;
        *nanoseconds = units[i].nanoseconds;
        return true;
    }
    return false;
}

/* "1h30m": the sum of its parts. */
static bool duration_value(struct lex *lex, struct text t, struct ast *leaf)
{
    (void)lex;
    for (uint32_t at = 0; at < t.len;) {
        int64_t count, unit, part;
        if (!read_digits(t, &at, &count) || !unit_value(t, &at, &unit) ||
            __builtin_mul_overflow(count, unit, &part) || __builtin_add_overflow(leaf->num, part, &leaf->num))
            return false;
    }
    return true;
}

/* "10MB" by thousands, "10MiB" by 1024. */
static bool size_value(struct lex *lex, struct text t, struct ast *leaf)
{
    static const char prefixes[] = "KMGT";
    (void)lex;
    uint32_t at = 0;
    if (!read_digits(t, &at, &leaf->num)) return false;
    int64_t step = t.at[at + 1] == 'i' ? 1024 : 1000;
    for (const char *prefix = prefixes; *prefix; prefix++) {
        if (__builtin_mul_overflow(leaf->num, step, &leaf->num)) return false;
        if (*prefix == t.at[at]) return true;
    }
    return false;
}

/* ---- addresses ---- */

/* The four parts and the mask, 32 without one; false if a number is too large. */
static bool address_parts(struct text t, uint32_t parts[5], bool *has_zeros)
{
    parts[4] = 32;
    *has_zeros = false;
    for (uint32_t at = 0, i = 0; at < t.len; at++, i++) {
        int64_t part, most = i == 4 ? 32 : 255;
        *has_zeros |= t.at[at] == '0' && at + 1 < t.len && is_digit(t.at[at + 1]);
        if (!read_digits(t, &at, &part) || part > most) return false;
        parts[i] = (uint32_t)part;
    }
    return true;
}

static void fix_address(struct diag *d, const struct ast *leaf, const uint32_t p[5], bool has_mask)
{
    if (has_mask) diag_fix(d, leaf->span, "%u.%u.%u.%u/%u", p[0], p[1], p[2], p[3], p[4]);
    else diag_fix(d, leaf->span, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
}

/* Some programs read 010 as eight, others as ten; a network with host bits could be a network or one address. */
static bool address_value(struct lex *lex, struct text t, struct ast *leaf)
{
    uint32_t parts[5];
    bool has_zeros, has_mask = memchr(t.at, '/', t.len) != NULL;
    if (!address_parts(t, parts, &has_zeros)) return false;
    if (has_zeros) {
        struct diag *d = diag_at(lex->p->diags, E0114, leaf->span, "a part begins with a zero");
        diag_note(d, "some programs read such a part as octal, so it is not guessed here");
        fix_address(d, leaf, parts, has_mask);
    }
    uint32_t address = parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | parts[3];
    uint32_t mask = parts[4] ? ~UINT32_C(0) << (32 - parts[4]) : 0;
    if (!(address & ~mask)) return true;
    struct diag *d = diag_at(lex->p->diags, E0127, leaf->span, "an address inside the network");
    diag_note(d, "for the one address leave out /%u", parts[4]);
    address &= mask;
    fix_address(d, leaf, (uint32_t[]){address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255, parts[4]},
                true);
    return true;
}

/* ---- text ---- */

static void put_utf8(char **to, uint32_t c)
{
    if (c < 0x80) *(*to)++ = (char)c;
    else if (c < 0x800) *(*to)++ = (char)(0xC0 | c >> 6);
    else if (c < 0x10000) *(*to)++ = (char)(0xE0 | c >> 12), *(*to)++ = (char)(0x80 | (c >> 6 & 0x3F));
    else {
        *(*to)++ = (char)(0xF0 | c >> 18);
        *(*to)++ = (char)(0x80 | (c >> 12 & 0x3F));
        *(*to)++ = (char)(0x80 | (c >> 6 & 0x3F));
    }
    if (c >= 0x80) *(*to)++ = (char)(0x80 | (c & 0x3F));
}

/* Four hexadecimal digits behind "\u". */
static bool read_hex4(struct text t, uint32_t at, uint32_t *value)
{
    *value = 0;
    if (t.len < at + 4) return false;
    for (uint32_t i = at; i < at + 4; i++) {
        char c = t.at[i];
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return false;
        *value = *value * 16 + (uint32_t)digit;
    }
    return true;
}

/* The bytes that "\uXXXX", or two of them for a character beyond U+FFFF, take; 0 if it is none. */
static uint32_t read_unicode(struct text t, uint32_t at, uint32_t *c)
{
    uint32_t low;
    if (!read_hex4(t, at + 2, c) || (*c >= 0xDC00 && *c < 0xE000)) return 0;
    if (*c < 0xD800 || *c >= 0xE000) return 6;
    bool has_low =
        t.len >= at + 12 && t.at[at + 6] == '\\' && t.at[at + 7] == 'u' && read_hex4(t, at + 8, &low);
    if (!has_low || low < 0xDC00 || low >= 0xE000) return 0;
    *c = 0x10000 + ((*c - 0xD800) << 10) + (low - 0xDC00);
    return 12;
}

/* One escape at raw.at[at]. Returns the bytes it takes, 0 if there is no such escape. */
static uint32_t read_escape(struct text raw, uint32_t at, char **to)
{
    static const char names[] = "\"\\/ntr", values[] = "\"\\/\n\t\r";
    uint32_t c, taken;
    if (at + 1 >= raw.len) return 0;
    const char *name = memchr(names, raw.at[at + 1], sizeof names - 1);
    if (name) {
        *(*to)++ = values[name - names];
        return 2;
    }
    if (raw.at[at + 1] != 'u' || !(taken = read_unicode(raw, at, &c))) return 0;
    put_utf8(to, c);
    return taken;
}

static bool unknown_escape(struct parse *p, struct text raw, uint32_t at, uint32_t position)
{
    uint32_t len = utf8_length((struct text){raw.at + at + 1, raw.len - at - 1});
    struct csr_span where = {position + at, position + at + 1 + (len ? len : 1)};
    struct diag *d = diag_at(p->diags, E0122, where, "there is no such escape");
    diag_note(d, "escapes are \\\" \\\\ \\/ \\n \\t \\r and \\u with four hexadecimal digits");
    diag_fix(d, where, "\\\\" TEXT_FMT, (int)len, raw.at + at + 1);
    return false;
}

bool literal_unescape(struct parse *p, struct text raw, uint32_t position, struct text *plain)
{
    char *at = arena_alloc(p->arena, raw.len + 1u), *end = at;
    for (uint32_t i = 0, taken; i < raw.len; i += taken) {
        taken = 1;
        if (raw.at[i] != '\\') *end++ = raw.at[i];
        else if (!(taken = read_escape(raw, i, &end))) return unknown_escape(p, raw, i, position);
    }
    *plain = names_put(p->names, (struct text){at, (uint32_t)(end - at)});
    return true;
}

/* "text" or "text"i, or for a field ."text". */
static struct ast *string_leaf(struct lex *lex, struct text t, struct ast *leaf)
{
    uint32_t front = t.at[0] == '.' ? 2 : 1, back = t.at[t.len - 1] == 'i' ? 2 : 1;
    struct text raw = {t.at + front, t.len - front - back};
    leaf->op = back == 2 ? OP_NOCASE : OP_NONE;
    return literal_unescape(lex->p, raw, leaf->span.lo + front, &leaf->text) ? leaf : NULL;
}

static struct ast *field_leaf(struct lex *lex, struct text t, struct ast *leaf)
{
    if (t.at[1] == '"') return string_leaf(lex, t, leaf);
    leaf->text = names_put(lex->p->names, (struct text){t.at + 1, t.len - 1});
    return leaf;
}

static struct ast *regex_leaf(struct lex *lex, struct text t, struct ast *leaf)
{
    uint32_t back = t.at[t.len - 1] == 'i' ? 2 : 1;
    leaf->op = back == 2 ? OP_NOCASE : OP_NONE;
    leaf->text = names_put(lex->p->names, (struct text){t.at + 1, t.len - 1 - back});
    return leaf;
}

/* ---- all ---- */

static const struct literal {
    int token;
    enum ast_kind kind;
    bool (*value)(struct lex *, struct text, struct ast *); /* false: out of range */
    enum diag_code code;
    const char *what;
} literals[] = {
    {TOK_NUM, AST_NUM, number_value, E0113, "numbers go up to 9223372036854775807"},
    {TOK_SIGNED, AST_SIGNED, number_value, E0113, "numbers go up to 9223372036854775807"},
    {TOK_DUR, AST_DUR, duration_value, E0113, "durations are whole and go up to 106751d"},
    {TOK_SIZE, AST_SIZE, size_value, E0113, "sizes are whole and go up to 9223372TB"},
    {TOK_ADDR, AST_ADDR, address_value, E0114, "four numbers up to 255, and up to /32 for a network"},
    {TOK_API, AST_API, NULL, E0101, NULL},
    {TOK_WHO, AST_WHO, NULL, E0101, NULL},
    {TOK_TECH, AST_TECH, NULL, E0101, NULL},
};

/* What was meant by a literal that does not fit: "1.5h" is 90m, "1.5GB" is 1500MB; a number of twenty digits is an
 * id, and so a text; a duration of years is as long as can be. */
static void fix_number(struct lex *lex, struct diag *d, int token, struct text t, struct csr_span at)
{
    static const struct {
        const char *unit, *finer;
        double times;
    } units[] = {{"s", "ms", 1000},  {"m", "s", 60},      {"h", "m", 60},      {"d", "h", 24},
                 {"MB", "KB", 1000}, {"GB", "MB", 1000},  {"TB", "GB", 1000},  {"MiB", "KiB", 1024},
                 {"GiB", "MiB", 1024}, {"TiB", "GiB", 1024}};
    char *unit;
    double count = strtod(arena_text(lex->p->arena, t.at, t.len).at, &unit);
    if (token == TOK_NUM && !memchr(t.at, '.', t.len)) diag_fix(d, at, "\"" TEXT_FMT "\"", TEXT_ARG(t));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double finer = count * units[i].times;
        if (strcmp(unit, units[i].unit) == 0 && count < 1e6 && finer != count && finer == (double)(int64_t)finer &&
            memchr(t.at, '.', t.len))
            diag_fix(d, at, "%lld%s", (long long)finer, units[i].finer);
    }
    if (token == TOK_DUR && !memchr(t.at, '.', t.len)) diag_fix(d, at, "106751d");
}

static struct ast *plain_leaf(struct lex *lex, const struct literal *l, struct text t, struct ast *leaf)
{
    leaf->text = names_put(lex->p->names, t);
    if (!l->value || l->value(lex, t, leaf)) return leaf;
    fix_number(lex, diag_at(lex->p->diags, l->code, leaf->span, "%s", l->what), l->token, t, leaf->span);
    return NULL;
}

struct ast *literal_leaf(struct lex *lex, int token, struct csr_span at)
{
    struct text t = lex_text(lex, at);
    struct ast *leaf = ARENA_NEW(lex->p->arena, struct ast);
    leaf->span = at;
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        if (literals[i].token != token) continue;
        leaf->kind = literals[i].kind;
        return plain_leaf(lex, &literals[i], t, leaf);
    }
    leaf->kind = token == TOK_FIELD ? AST_FIELD : token == TOK_REGEX ? AST_REGEX : AST_STRING;
    return token == TOK_FIELD   ? field_leaf(lex, t, leaf)
           : token == TOK_REGEX ? regex_leaf(lex, t, leaf)
                                : string_leaf(lex, t, leaf);
}
