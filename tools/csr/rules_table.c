/* rules_table.c - see rules_table.h. */
#include "tools/csr/rules_table.h"

#include <stdlib.h>
#include <string.h>

const char *const rules_sorts[SORTS] = {"cost", "hits", "half-built", "bytes"};

enum column { EVENTS, HITS, HALF_BUILT, INCIDENTS, BYTES, NS, COLUMNS };

struct row {
    const char *name;
    json_int_t at[COLUMNS];
};

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* Rules keep their places but over a reload. */
static const json_t *same_rule(const json_t *rules, size_t hint, const char *name)
{
    size_t n = json_array_size(rules);
    for (size_t i = 0; i < n; i++) {
        const json_t *rule = json_array_get(rules, (hint + i) % n);
        if (!strcmp(json_string_value(json_object_get(rule, "rule")), name)) return rule;
    }
    return NULL;
}

static struct row row_of(const json_t *rule, const json_t *earlier)
{
    static const char *const names[COLUMNS] = {"events", "hits", "half_built", "incidents", "bytes", "ns"};
    static const bool grows[COLUMNS] = {[EVENTS] = true, [HITS] = true, [INCIDENTS] = true, [NS] = true};
    struct row r = {.name = json_string_value(json_object_get(rule, "rule"))};
    for (int i = 0; i < COLUMNS; i++) {
        r.at[i] = number(rule, names[i]);
        if (i == HITS) r.at[i] += number(rule, "hits_of_rules");
        if (!grows[i] || !earlier) continue;
        r.at[i] -= number(earlier, names[i]);
        if (i == HITS) r.at[i] -= number(earlier, "hits_of_rules");
        if (r.at[i] < 0) r.at[i] = 0; /* times are estimates */
    }
    return r;
}

static int compare(const void *a, const void *b, void *world)
{
    static const enum column by[SORTS] = {NS, HITS, HALF_BUILT, BYTES};
    const struct row *x = a, *y = b;
    enum column c = by[*(const enum rules_sort *)world];
    if (x->at[c] != y->at[c]) return x->at[c] < y->at[c] ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* 5 characters: 17, 12.3k, 4.5M … */
static const char *short_number(json_int_t n, char out[24])
{
    static const char units[] = {' ', 'k', 'M', 'G', 'T', 'P'};
    double x = (double)n;
    size_t unit = 0;
    while (x >= 999.5 && unit + 1 < sizeof units) x /= 1000, unit++;
    if (unit)
        snprintf(out, 24, x < 99.95 ? "%.1f%c" : "%.0f%c", x, units[unit]);
    else
        snprintf(out, 24, "%lld", (long long)n);
    return out;
}

static const char *short_time(json_int_t ns, char out[24])
{
    if (ns < 1000000)
        snprintf(out, 24, "%.0f us", (double)ns / 1e3);
    else if (ns < 1000000000)
        snprintf(out, 24, "%.1f ms", (double)ns / 1e6);
    else
        snprintf(out, 24, "%.2f s", (double)ns / 1e9);
    return out;
}

static void put_row(const struct row *r, int width, json_int_t all, FILE *to)
{
    char text[COLUMNS][24];
    for (int i = 0; i < NS; i++) short_number(r->at[i], text[i]);
    short_time(r->at[NS], text[NS]);
    fprintf(to, "%-*.*s %7s %7s %10s %9s %7s %9s %5.1f %%\n", width, width, r->name, text[EVENTS], text[HITS],
            text[HALF_BUILT], text[INCIDENTS], text[BYTES], text[NS],
            all ? 100.0 * (double)r->at[NS] / (double)all : 0.0);
}

/* What is no rule's: decoding, baselines, copying. */
static void put_shared(int width, json_int_t ns, json_int_t all, FILE *to)
{
    char text[24];
    fprintf(to, "%-*s %54s %5.1f %%\n", width, "(shared)", short_time(ns, text),
            all ? 100.0 * (double)ns / (double)all : 0.0);
}

static json_int_t shared_of(const json_t *answer)
{
    const json_t *shared = json_object_get(answer, "shared");
    return number(shared, "decode_ns") + number(shared, "baselines_ns") + number(shared, "give_ns");
}

#define FIGURES 64 /* columns behind the name */

static int name_width(const struct rules_table *t, const struct row *rows, size_t n)
{
    size_t most = strlen("(shared)");
    for (size_t i = 0; i < n; i++)
        if (strlen(rows[i].name) > most) most = strlen(rows[i].name);
    if (t->width > FIGURES + 8 && most > t->width - FIGURES) most = t->width - FIGURES;
    return (int)most;
}

bool rules_table_print(const struct rules_table *t, FILE *to)
{
    const json_t *rules = json_object_get(t->answer, "rules"), *before = json_object_get(t->earlier, "rules");
    size_t n = json_array_size(rules),
           shown = t->lines && t->lines < n + 2 ? t->lines > 2 ? t->lines - 2 : 0 : n;
    struct row *rows = calloc(n + 1, sizeof *rows);
    enum rules_sort sort = t->sort;
    if (!rows) return false;
    json_int_t shared = shared_of(t->answer) - (t->earlier ? shared_of(t->earlier) : 0);
    if (shared < 0) shared = 0;
    json_int_t all = shared;
    for (size_t i = 0; i < n; i++) {
        const json_t *rule = json_array_get(rules, i);
        rows[i] = row_of(rule, same_rule(before, i, json_string_value(json_object_get(rule, "rule"))));
        all += rows[i].at[NS];
    }
    qsort_r(rows, n, sizeof *rows, compare, &sort);
    int width = name_width(t, rows, n);
    fprintf(to, "%-*s %7s %7s %10s %9s %7s %9s %7s\n", width, "RULE", "EVENTS", "HITS", "HALF-BUILT",
            "INCIDENTS", "BYTES", "TIME", "SHARE");
    for (size_t i = 0; i < shown; i++) put_row(&rows[i], width, all, to);
    put_shared(width, shared, all, to);
    free(rows);
    return true;
}
