/* members.c - the tables of members and how they are searched.
 *
 * A service is two texts of lines, one of calls and one of records, each line sorted by its first word: two megabytes
 * of literals that need no relocation and no start-up. A line is found by halving the text, a member by reading its
 * line.
 *
 * Invariants
 * 1. Services are sorted by prefix; lines of a text by their first word, bytewise. Every word has a blank behind it.
 */
#include "engine/schema/members.h"

#include "engine/base/glob.h"
#include "engine/schema/api.h"
#include "grammar/base/names.h"

struct service {
    const char *prefix;
    enum member_form form;
    struct text calls, records;
};
struct renamed {
    const char *service, *from, *to;
};
struct extra {
    const char *service, *action, *words;
};

#define MEMBERS(prefix, form, calls, records) {prefix, MEMBER_##form, {calls, sizeof(calls) - 1}, \
                                               {records, sizeof(records) - 1}},
static const struct service services[] = {
#include "engine/schema/aws_members.def"
};
#define RENAMED(service, from, to) {service, from, to},
static const struct renamed renames[] = {
#include "engine/schema/aws_extra.def"
};
#define REQUEST(service, action, words) {service, action, words},
static const struct extra requests[] = {
#include "engine/schema/aws_extra.def"
};
#define ANSWER(service, words) {service, "*", words},
static const struct extra answers[] = {
#include "engine/schema/aws_extra.def"
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- lines and words ----------------------------------------------------------------------------------- */

/* The next word of a line, or false behind its last. */
static bool next_word(struct text *line, struct text *word)
{
    const char *blank = line->len ? memchr(line->at, ' ', line->len) : NULL;
    if (!blank) return false;
    *word = (struct text){line->at, (uint32_t)(blank - line->at)};
    line->len -= word->len + 1;
    line->at = blank + 1;
    return true;
}

/* The line that a byte of a text stands in. */
static struct text line_at(struct text t, uint32_t at)
{
    uint32_t from = at, to = at;
    while (from && t.at[from - 1] != '\n') from--;
    while (to < t.len && t.at[to] != '\n') to++;
    return (struct text){t.at + from, to - from};
}

/* The words behind the name of a line; false if no line has this name. */
static bool find_line(struct text t, struct text name, struct text *words)
{
    uint32_t lo = 0, hi = t.len;
    while (lo < hi) {
        struct text line = line_at(t, (lo + hi) / 2), first;
        *words = line;
        if (!next_word(words, &first)) return false;
        int order = text_compare(first, name);
        if (order == 0) return true;
        if (order < 0) lo = (uint32_t)(line.at - t.at) + line.len + 1;
        else hi = (uint32_t)(line.at - t.at);
    }
    return false;
}

/* "tags:Tag" in two; the record is empty where there is none. */
static struct text split_word(struct text word, struct text *record)
{
    const char *colon = memchr(word.at, ':', word.len);
    *record = (struct text){"", 0};
    if (!colon) return word;
    uint32_t len = (uint32_t)(colon - word.at);
    *record = (struct text){colon + 1, word.len - len - 1};
    return (struct text){word.at, len};
}

static const struct service *find_service(struct text prefix)
{
    size_t lo = 0, hi = COUNT(services);
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        int order = text_compare(text_of(services[middle].prefix), prefix);
        if (order == 0) return &services[middle];
        if (order < 0) lo = middle + 1;
        else hi = middle;
    }
    return NULL;
}

/* ---- members of one record ----------------------------------------------------------------------------- */

/* What is asked of a line: whether it has a member, and which is nearest. */
struct search {
    const struct service *service;
    struct text name;
    struct text record; /* of the member that was found */
    struct nearest near;
};

static bool same_name(const struct search *s, struct text a)
{
    if (text_equal(a, s->name)) return true;
    return s->service->form != MEMBER_EXACT && a.len && a.len == s->name.len &&
           text_lower(*a.at) == text_lower(*s->name.at) && memcmp(a.at + 1, s->name.at + 1, a.len - 1) == 0;
}

/* ":Role" stands for the members of Role. */
static bool words_hold(struct search *s, struct text words)
{
    struct text word, inner;
    while (next_word(&words, &word)) {
        struct text name = split_word(word, &s->record);
        if (name.len && same_name(s, name)) return true;
        if (name.len) nearest_try(&s->near, name);
        else if (find_line(s->service->records, s->record, &inner) && words_hold(s, inner)) return true;
    }
    return false;
}

/* ---- what no model says -------------------------------------------------------------------------------- */

static bool one_of(struct text name, const char *const *names)
{
    for (; *names; names++)
        if (text_equal(text_of(*names), name)) return true;
    return false;
}

/* Members that the services put into any request or answer. */
static bool is_usual(const struct search *s, bool is_answer)
{
    static const char *const usual[] = {"_return", "message", "requestId", "requestID", "xmlns", NULL};
    return is_answer ? one_of(s->name, usual) : text_starts(s->name, TEXT("x-amz-"));
}

static bool is_in(struct search *s, struct text action, const struct extra *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct text of = text_of(rows[i].action);
        if (text_equal(text_of(rows[i].service), text_of(s->service->prefix)) &&
            (text_equal(of, TEXT("*")) || text_equal(of, action)) && words_hold(s, text_of(rows[i].words)))
            return true;
    }
    return false;
}

/* Whether a member that no model has is there all the same. */
static bool is_extra(struct search *s, struct text action, bool is_answer, uint32_t depth)
{
    if (!depth && is_usual(s, is_answer)) return true;
    if (is_answer) return is_in(s, action, answers, COUNT(answers));
    return !depth && is_in(s, action, requests, COUNT(requests));
}

/* Names that a path may write, or leave out: the list inside a list's object, EC2's "CreateFlowLogsRequest". */
static bool is_passed_over(struct text name, struct text action, uint32_t depth)
{
    static const char *const lists[] = {"items", "item", "member", NULL};
    struct text rest = {name.at + action.len, name.len - action.len};
    if (depth) return one_of(name, lists);
    return name.len > action.len && text_starts(name, action) &&
           (text_equal(rest, TEXT("Request")) || text_equal(rest, TEXT("Response")));
}

/* Of EC2's members only a slip of the fingers is told. */
static bool is_surely_wrong(const struct search *s)
{
    return s->service->form != MEMBER_LOOSE || (s->near.best.len && !text_ends(s->name, TEXT("Set")));
}

/* ---- one call ------------------------------------------------------------------------------------------ */

/* The words of the request, or of the answer; false if there is no such part. */
static bool part_of_call(struct text words, bool is_answer, struct text *out)
{
    struct text word, rest = words;
    *out = words;
    while (next_word(&rest, &word)) {
        if (!text_equal(word, TEXT(">"))) continue;
        *out = is_answer ? rest : (struct text){words.at, (uint32_t)(word.at - words.at)};
        return true;
    }
    return !is_answer;
}

static struct member_answer answer(enum member_found found)
{
    return (struct member_answer){.found = found};
}

static struct member_answer follow(const struct service *service, struct text action, struct text words, bool is_answer,
                                   const struct text *path, uint32_t len)
{
    struct search s = {.service = service};
    if (!part_of_call(words, is_answer, &words)) return answer(MEMBER_UNRECORDED);
    for (uint32_t i = 0; i < len; i++) {
        s.name = path[i];
        s.near = (struct nearest){.wanted = path[i]};
        if (words_hold(&s, words)) {
            if (!s.record.len) return answer(MEMBER_KNOWN);
            if (!find_line(service->records, s.record, &words)) return answer(MEMBER_OPEN);
            continue;
        }
        if (is_passed_over(path[i], action, i)) continue;
        if (is_extra(&s, action, is_answer, i)) return answer(MEMBER_KNOWN);
        if (!is_surely_wrong(&s)) return answer(MEMBER_OPEN);
        return (struct member_answer){MEMBER_UNKNOWN, i, s.near.best};
    }
    return answer(MEMBER_KNOWN);
}

/* ---- one or several calls ------------------------------------------------------------------------------ */

/* Of several calls the one that knows most decides; of none nobody knows. */
static void weigh(struct member_answer *all, struct member_answer one, bool first)
{
    static const int knows[] = {[MEMBER_OPEN] = 3, [MEMBER_KNOWN] = 3, [MEMBER_UNKNOWN] = 2, [MEMBER_UNRECORDED] = 1};
    int gain = first ? 1 : knows[one.found] - knows[all->found];
    bool deeper = one.found == MEMBER_UNKNOWN && all->found == MEMBER_UNKNOWN &&
                  (one.at > all->at || (one.at == all->at && one.nearest.len && !all->nearest.len));
    if (gain > 0 || deeper) *all = one;
}

/* The models' own name of a call that the trail records under another one. */
static bool find_renamed(const struct service *service, struct text action, struct text *words)
{
    for (size_t i = 0; i < COUNT(renames); i++)
        if (text_equal(text_of(renames[i].service), text_of(service->prefix)) &&
            text_equal(text_of(renames[i].to), action) &&
            find_line(service->calls, text_of(renames[i].from), words))
            return true;
    return false;
}

struct member_answer member_look_up(struct text service, struct text action, bool is_answer, const struct text *path,
                                    uint32_t len)
{
    const struct service *in = find_service(service);
    struct text words;
    if (!in || !len) return answer(MEMBER_OPEN);
    if (!action.len || !memchr(action.at, '*', action.len)) {
        bool known = find_line(in->calls, action, &words) || find_renamed(in, action, &words);
        return known ? follow(in, action, words, is_answer, path, len) : answer(MEMBER_OPEN);
    }
    struct member_answer all = answer(MEMBER_OPEN);
    struct text name, rest = in->calls;
    for (bool first = true; rest.len;) {
        words = line_at(rest, 0);
        rest.at += words.len + 1, rest.len -= words.len + 1;
        if (!next_word(&words, &name) || !glob_match(action, name, false)) continue;
        weigh(&all, follow(in, name, words, is_answer, path, len), first);
        first = false;
    }
    return all;
}

bool member_each(struct text service, struct text action, bool is_answer,
                 void (*put)(void *to, struct text name, bool is_record), void *to)
{
    const struct service *in = find_service(service);
    struct text words, word, record;
    if (!in || (!find_line(in->calls, action, &words) && !find_renamed(in, action, &words))) return false;
    if (!part_of_call(words, is_answer, &words)) return true;
    while (next_word(&words, &word)) {
        struct text name = split_word(word, &record);
        if (name.len) put(to, name, record.len > 0);
    }
    return true;
}
