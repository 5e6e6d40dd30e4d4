/* random_rules.h - random rule files: the grammar of grammar/parser.y once more, as rows from which texts are
 * made.
 *
 * A row is one way to write its thing. Words stand for themselves; <x> is a thing, and behind it may stand
 *     ?  or nothing      *  any number      +  at least one      ,  a list with commas      ;  entries of a
 * body Deep down the first row of a thing is taken, so that it ends. Words are parted by blanks, line breaks
 * and comments as `style` says; the same seed gives the same words, whatever the style.
 */
#ifndef CSR_TESTS_RANDOM_RULES_H
#define CSR_TESTS_RANDOM_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const random_rows[][2] = {
    {"file", "<item> <item>; <item>"},

    {"item", "use <name>,"},
    {"item", "use aws"},
    {"item", "list <qname> = <set>"},
    {"item", "list <qname> += <set>"},
    {"item", "dataset <name> = <call> <reload>?"},
    {"item", "baseline <name> = ( <path>, ) <onevents>? keep <dur> warmup <dur> <days>?"},
    {"item", "define <name> = <expr>"},
    {"item", "define <name> ( <name>, ) = <expr>"},
    {"item", "rule <name> { <clause>; }"},
    {"item", "rule <name> { <clause>; }"},
    {"item", "test <qname> <string> { <line>; }"},
    {"item", "tune <qname> { <tuning>; }"},
    {"item", "tune <name> . * { <tuning>; }"},
    {"item", "disable <qname> reason <string>"},
    {"item", "event <name> from <name> <when>? { <fielddef>; }"},
    {"item", "link <name> <name> : <events> from <expr> to <expr> <for>?"},
    {"item", "action <qname> ( ) <block>"},
    {"item", "action <qname> ( <typed>, ) <block>"},
    {"item", "pack <block>"},
    {"item", "source <name> <block>"},
    {"item", "sink <name> <block>"},
    {"item", "policy <block>"},
    {"item", "policy <name> <block>"},
    {"reload", "reload"},
    {"reload", "reload <dur>"},
    {"onevents", "on <events>"},
    {"days", "days 3"},
    {"when", "when <expr>"},
    {"fielddef", "<key> = <expr>"},
    {"typed", "<name>"},
    {"typed", "<name> : <name>"},
    {"block", "{ }"},
    {"block", "{ <entry>; }"},
    {"entry", "<name> = <expr>"},
    {"entry", "<name> <block>"},

    {"clause", "title <string>"},
    {"clause", "severity high <if>?"},
    {"clause", "attack <tech>,"},
    {"clause", "refs <string>,"},
    {"clause", "falsepos <string>,"},
    {"clause", "from <name>,"},
    {"clause", "by <path>,"},
    {"clause", "within <dur>"},
    {"clause", "param <name> = <literal> range <literal> .. <literal>"},
    {"clause", "require <name>"},
    {"clause", "require <name> <inparens>? fresh <dur> <else>?"},
    {"clause", "on <events>"},
    {"clause", "step <name> : <events>"},
    {"clause", "step <name> : <events>"},
    {"clause", "match <match> <until>?"},
    {"clause", "where <expr>"},
    {"clause", "score 30 <term>*"},
    {"clause", "open at 25"},
    {"clause", "once for <dur>"},
    {"clause", "respond { <act>; }"},
    {"if", "if <expr>"},
    {"inparens", "( <path>, )"},
    {"else", "else incident low <string>"},
    {"until", "until <name>"},
    {"term", "+10 if <expr>"},
    {"term", "-5 if <expr>"},
    {"act", "at 45 <settled>? <qname> ( ) <limit>? <undo>?"},
    {"act", "at 5 <settled>? <qname> ( <expr>, )"},
    {"settled", "settled"},
    {"limit", "limit 25 <name>"},
    {"undo", "undo after <dur>"},

    {"events", "<group>"},
    {"events", "<group> | <group>"},
    {"events", "<group> | <group> | <group>"},
    {"group", "<api> <with>*"},
    {"group", "<api>, ( <expr> ) <with>*"},
    {"api", "ec2:RunInstances"},
    {"api", "*"},
    {"api", "<qname>"},
    {"api", "guardduty:Recon:IAMUser/*"},
    {"api", "autoscaling:CreateAutoScalingGroup"},
    {"with", "with <name> = <expr>"},

    {"match", "<elem>"},
    {"match", "<chain>"},
    {"match", "<elem> & <elem>"},
    {"match", "<chain> | <chain>"},
    {"match", "<elem> & <elem> & <elem>"},
    {"chain", "<elem>"},
    {"chain", "<elem> <arrow> <elem>"},
    {"chain", "<elem> <arrow> <elem> <arrow> <elem>"},
    {"arrow", "->"},
    {"arrow", "=>"},
    {"arrow", "-> [ <gap> ]"},
    {"gap", "<span>"},
    {"gap", "<span> .."},
    {"gap", "<span> .. <span>"},
    {"elem", "<atom>"},
    {"elem", "<atom> ?"},
    {"elem", "<atom> [ <rep> ]"},
    {"elem", "! <atom> <forspan>?"},
    {"elem", "<atom> [ <rep> ] ?"},
    {"rep", "3 .."},
    {"rep", "<num> .. <num>? <distinct>? <inspan>?"},
    {"rep", "sum <path> >= <num> <inspan>?"},
    {"rep", "in <span>"},
    {"distinct", "distinct <path>"},
    {"inspan", "in <span>"},
    {"forspan", "for <span>"},
    {"for", "for <dur>"},
    {"atom", "<name>"},
    {"atom", "( <match> )"},
    {"atom", "2 of ( <match>, )"},
    {"span", "<dur>"},
    {"span", "<name>"},
    {"num", "3"},
    {"num", "10MB"},
    {"num", "<name>"},

    {"expr", "<neg>"},
    {"expr", "<conj> or <conj>"},
    {"expr", "<conj> or <conj> or <conj>"},
    {"expr", "<conj>"},
    {"conj", "<neg>"},
    {"conj", "<neg> and <neg>"},
    {"conj", "<neg> and <neg> and <neg> and <neg>"},
    {"neg", "<path>"},
    {"neg", "<test>"},
    {"neg", "<test>"},
    {"neg", "not <neg>"},
    {"test", "<path>"},
    {"test", "<sum> == <sum>"},
    {"test", "<sum> like <sum>"},
    {"test", "<sum> not contains <sum>"},
    {"test", "<sum> grants <sum>"},
    {"test", "<sum> in <ranged>"},
    {"test", "<sum> not in <ranged>"},
    {"test", "<sum> ~ <regex>"},
    {"test", "<sum> present"},
    {"test", "<sum> absent"},
    {"test", "exists <name>"},
    {"test", "<prim>"},
    {"ranged", "<path>"},
    {"ranged", "1 .. 5"},
    {"ranged", "<set>"},
    {"sum", "<prim>"},
    {"sum", "<prim> + <prod>"},
    {"sum", "<sum> - <prod>"},
    {"prod", "<prim> * <prim>"},
    {"prod", "<prim>"},
    {"prim", "<path>"},
    {"prim", "<literal>"},
    {"prim", "( <expr> )"},
    {"prim", "<set>"},
    {"prim", "<call> <tail>*"},
    {"prim", "any <name> in <path> ( <expr> )"},
    {"prim", "all <name> in <path> ( <expr> )"},
    {"prim", "spike ( <sumword>? <path> <bypaths>? in <dur> over <dur> floor <num> )"},
    {"prim", "<path>"},
    {"sumword", "sum"},
    {"bypaths", "by <path>,"},
    {"path", "<name> <tail>*"},
    {"path", "<name> <tail>"},
    {"path", "json ( <path>, ) <tail>*"},
    {"path", "statements ( <path> ) [ ]"},
    {"tail", "<field>"},
    {"tail", "[ ]"},
    {"call", "<callname> ( )"},
    {"call", "<callname> ( <expr>, )"},
    {"call", "renamed ( <path> , <string> , <string> , <string> , <string> , <string> , <string> )"},
    {"callname", "lower"},
    {"callname", "distinct"},
    {"callname", "sum"},
    {"callname", "first_of"},
    {"set", "{ }"},
    {"set", "{ <literal>, }"},
    {"set", "{ <literal>, , }"},

    {"tuning", "set <name> = <literal>"},
    {"tuning", "severity low <if>?"},
    {"tuning", "respond off"},
    {"tuning", "except <name> ( <expr> ) on <excepton> <expires>? reason <string>"},
    {"excepton", "match"},
    {"excepton", "step <name>"},
    {"expires", "expires <string>"},

    {"line", "as <who>"},
    {"line", "start <string>"},
    {"line", "known <name>"},
    {"line", "known <name> = ( <value>, )"},
    {"line", "silent <name> from <dur> to <dur>"},
    {"line", "at <dur> s3:GetObject <object>? <times>? <caller>?"},
    {"line", "at <dur> k8s:pods/exec.create <object>? <times>? <caller>?"},
    {"line", "records <string>"},
    {"line", "expect none"},
    {"line", "expect incident <whereexpr>?"},
    {"line", "expect incident once <whereexpr>?"},
    {"line", "expect incident 2 <whereexpr>?"},
    {"line", "expect partial <name> 2 of 3"},
    {"line", "expect action <qname>"},
    {"who", "<whoname> <account>? <fromorigin>?"},
    {"whoname", "user/ci"},
    {"whoname", "root"},
    {"whoname", "<string>"},
    {"whoname", "role/R/session@x"},
    {"account", "in 012345678901"},
    {"fromorigin", "from <origin>"},
    {"origin", "10.0.0.1"},
    {"origin", "10.0.0.1 <block>"},
    {"origin", "<string>"},
    {"caller", "<fromorigin>"},
    {"caller", "by <who>"},
    {"times", "* 3"},
    {"times", "* 3 every <dur>"},
    {"whereexpr", "where <expr>"},
    {"object", "{ }"},
    {"object", "{ <member>, }"},
    {"object", "{ <member>, , }"},
    {"member", "<key> : <value>"},
    {"member", "<string> : <value>"},
    {"value", "<literal>"},
    {"value", "<name>"},
    {"value", "<object>"},
    {"value", "[ ]"},
    {"value", "[ <value>, ]"},
    {"value", "[ <value>, , ]"},
    {"value", "<object>"},
    {"key", "<name>"},
    {"key", "<name> <field>"},
    {"key", "<name> <field> <field>"},

    {"name", "a"},
    {"name", "probe"},
    {"name", "seen_region"},
    {"name", "title"},
    {"name", "match"},
    {"name", "on"},
    {"name", "score"},
    {"name", "rule"},
    {"name", "a-b"},
    {"name", "a_rather_long_name_of_something"},
    {"qname", "<name>"},
    {"qname", "<name> .limit"},
    {"field", ".b"},
    {"field", ".\"x-y z\""},
    {"field", ".requestParameters"},
    {"dur", "5m"},
    {"dur", "1h30m"},
    {"tech", "T1098"},
    {"tech", "T1078.004"},
    {"regex", "/x\\/[0-9]+/i"},
    {"string", "\"\""},
    {"string", "\"two words \\\"and\\u00e9 \xC3\xA9\""},
    {"string", "\"a text that takes a good part of the line\"i"},
    {"literal", "<string>"},
    {"literal", "12"},
    {"literal", "1.50"},
    {"literal", "-3"},
    {"literal", "+4"},
    {"literal", "<dur>"},
    {"literal", "10MiB"},
    {"literal", "10.0.0.0/8"},
};

enum random_style {
    RANDOM_PLAIN,   /* blanks and single line breaks */
    RANDOM_WILD,    /* and blank lines, `;`, tabs */
    RANDOM_COMMENTS /* and comments anywhere */
};

struct random_text {
    uint64_t words, blanks; /* states of the two generators */
    enum random_style style;
    char at[1 << 16];
    size_t len;
    int comments;
};

static inline uint32_t random_draw(uint64_t *state, uint32_t below)
{
    *state += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ z >> 31) >> 32) % below;
}

static inline void random_put(struct random_text *t, const char *word, size_t len)
{
    if (t->len + len + 80 > sizeof t->at) return; /* cut off: such a text is not used */
    memcpy(t->at + t->len, word, len);
    t->len += len;
}

static inline void random_comment(struct random_text *t)
{
    static const char *const marks[] = {"#", "#", "# ", "##", "###", "# ---- "};
    char comment[64];
    int len =
        snprintf(comment, sizeof comment, "%s%s comment %d%s\n", random_draw(&t->blanks, 2) ? " " : "\n",
                 marks[random_draw(&t->blanks, 6)], ++t->comments, random_draw(&t->blanks, 4) ? "" : "  ");
    random_put(t, comment, (size_t)len);
}

static inline void random_gap(struct random_text *t)
{
    static const char *const gaps[] = {" ", " ", " ", "\n", "  ", "\n    ", "\n\n", "\t", "\r\n", "\n\n\n  "};
    const char *gap = gaps[random_draw(&t->blanks, t->style == RANDOM_PLAIN ? 6 : 10)];
    while (t->style == RANDOM_COMMENTS && !random_draw(&t->blanks, 9)) random_comment(t);
    random_put(t, gap, strlen(gap));
}

static inline void random_thing(struct random_text *t, const char *name, size_t len, int depth);

static inline void random_things(struct random_text *t, const char *name, size_t len, char many, int depth)
{
    uint32_t least = many == '?' || many == '*' || many == ';' ? 0 : 1;
    uint32_t most = many == '?' || !many ? 1 : depth > 8 ? least : 4;
    uint32_t n = most > least ? least + random_draw(&t->words, most - least + 1) : least;
    for (uint32_t i = 0; i < n; i++) {
        if (i && many == ',') random_put(t, ",", 1), random_gap(t);
        random_thing(t, name, len, depth + 1);
        if (many == ';' && t->style != RANDOM_PLAIN && !random_draw(&t->blanks, 5))
            random_put(t, ";", 1), random_gap(t);
    }
}

static inline void random_row(struct random_text *t, const char *row, int depth)
{
    for (const char *at = row; *at; at += strspn(at, " ")) {
        size_t len = strchr("\".", row[0]) ? strlen(at) : strcspn(at, " "); /* a quoted text is one word */
        const char *close = at[0] == '<' && len > 1 ? memchr(at, '>', len) : NULL;
        if (close && close > at + 1)
            random_things(t, at + 1, (size_t)(close - at - 1), close - at + 1 < (long)len ? close[1] : 0,
                          depth);
        else
            random_put(t, at, len), random_gap(t);
        at += len;
    }
}

static inline void random_thing(struct random_text *t, const char *name, size_t len, int depth)
{
    enum { ROWS = sizeof random_rows / sizeof *random_rows };
    int first = 0, n = 0;
    for (int i = ROWS; i-- > 0;)
        if (strlen(random_rows[i][0]) == len && memcmp(random_rows[i][0], name, len) == 0) first = i, n++;
    uint32_t drawn = random_draw(&t->words, (uint32_t)n);
    if (depth > 9) drawn = 0;
    for (int i = first;; i++)
        if (strlen(random_rows[i][0]) == len && memcmp(random_rows[i][0], name, len) == 0 && !drawn--) {
            random_row(t, random_rows[i][1], depth);
            return;
        }
}

/* False if the text became too long. */
static inline bool random_rules(struct random_text *t, uint64_t seed, uint64_t blanks,
                                enum random_style style)
{
    *t = (struct random_text){.words = seed, .blanks = blanks, .style = style};
    random_thing(t, "file", 4, 0);
    return t->len + 200 < sizeof t->at;
}

#endif
