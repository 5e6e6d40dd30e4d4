/* real.c - reads records without the engine, and fits a case to a stretch of them. */
#include "tests/oracle/real.h"

#include <ctype.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- reading ------------------------------------------------------------------------------------------ */

static const char *text_in(struct arena *a, const json_t *j, const char *name)
{
    const char *text = json_string_value(json_object_get(j, name));
    return text && *text ? arena_text(a, text, strlen(text)).at : NULL;
}

/* A name that a rule can say as it stands: what ends in a version is known without it. */
static bool is_plain(const char *name)
{
    while (name && isalpha((unsigned char)*name)) name++;
    return name && !*name;
}

static struct value number_in(const json_t *record)
{
    const json_t *n = json_object_get(json_object_get(record, "requestParameters"), "maxResults");
    return json_is_integer(n) ? value_int(json_integer_value(n)) : value_absent();
}

static bool is_there(const struct real_records *all, const char *identity)
{
    for (uint32_t i = 0; i < all->list.len; i++)
        if (!strcmp(all->list.at[i].identity, identity)) return true;
    return false;
}

static void keep(struct arena *a, struct real_records *all, const json_t *j)
{
    struct tm parts = {0};
    const char *time = text_in(a, j, "eventTime");
    struct real_record r = {.identity = text_in(a, j, "eventID"),
                            .name = text_in(a, j, "eventName"),
                            .caller = text_in(a, j, "sourceIPAddress"),
                            .agent = text_in(a, j, "userAgent"),
                            .access_key = text_in(a, json_object_get(j, "userIdentity"), "accessKeyId"),
                            .number = number_in(j)};
    if (!time || !strptime(time, "%Y-%m-%dT%H:%M:%SZ", &parts)) return;
    if (!r.identity || !is_plain(r.name) || !r.caller || !r.agent || is_there(all, r.identity)) return;
    char *line = json_dumps(j, JSON_COMPACT);
    r.second = timegm(&parts);
    r.line = arena_text(a, line, strlen(line)).at;
    free(line);
    *ARENA_PUSH(a, all->list) = r;
}

static int by_time(const void *a, const void *b)
{
    const struct real_record *x = a, *y = b;
    if (x->second != y->second) return x->second < y->second ? -1 : 1;
    return strcmp(x->identity, y->identity);
}

uint32_t real_read(struct arena *a, struct real_records *all, const char *path)
{
    FILE *from = fopen(path, "r");
    if (!from) return all->list.len;
    for (json_t *j; (j = json_loadf(from, JSON_DISABLE_EOF_CHECK, NULL)) != NULL; json_decref(j)) {
        const json_t *delivered = json_object_get(j, "Records");
        if (!delivered) keep(a, all, j);
        for (size_t i = 0; i < json_array_size(delivered); i++) keep(a, all, json_array_get(delivered, i));
    }
    fclose(from);
    qsort(all->list.at, all->list.len, sizeof *all->list.at, by_time);
    return all->list.len;
}

uint32_t real_read_folder(struct arena *a, struct real_records *all, const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.') real_read(a, all, path);
        free(names[i]);
    }
    if (n >= 0) free(names);
    return all->list.len;
}

/* ---- a stretch ---------------------------------------------------------------------------------------- */

/* The number of a text among those seen so far, which begins with 1. */
static uint64_t number_of(const char **seen, uint32_t *n, const char *text)
{
    uint32_t i = 0;
    while (i < *n && strcmp(seen[i], text) != 0) i++;
    if (i == *n) seen[(*n)++] = text;
    return i + 1;
}

struct stretch {
    const char *callers[EVENTS_MOST], *agents[EVENTS_MOST], *keys[EVENTS_MOST];
    uint32_t n_callers, n_agents, n_keys;
};

static void take_record(struct a_case *c, struct stretch *s, const struct real_record *r)
{
    struct event *e = &c->events[c->n_events];
    uint64_t caller = number_of(s->callers, &s->n_callers, r->caller);
    if (caller > KEYS) { /* somebody else's */
        s->n_callers--;
        return;
    }
    *e = (struct event){.second = r->second,
                        .key = (uint32_t)caller - 1,
                        .real = r,
                        .number = r->number,
                        .text = value_string(text_of(r->agent)),
                        .lacks_join = !r->access_key};
    snprintf(e->identity, sizeof e->identity, "%s", r->identity);
    e->join[0] = (struct hash128){number_of(s->agents, &s->n_agents, r->agent), 7};
    e->join[1] = r->access_key ? (struct hash128){number_of(s->keys, &s->n_keys, r->access_key), 7}
                               : (struct hash128){1000 + c->n_events, 9};
    c->n_events++;
}

/* Steps name calls of the stretch. Two may name the same one: their events fill both. */
static void name_steps(struct a_case *c)
{
    c->over = NULL; /* its calls are made up */
    for (uint32_t s = 0; s < c->n_steps; s++) c->call[s] = c->events[below(&c->seed, c->n_events)].real->name;
    for (uint32_t i = 0; i < c->n_events; i++)
        for (uint32_t s = 0; s < c->n_steps; s++)
            if (!strcmp(c->events[i].real->name, c->call[s])) c->events[i].steps |= UINT64_C(1) << s;
}

#define STRETCH_MOST                                                                                         \
    500 /* seconds: a shuffled stretch stays inside the disorder that CloudTrail declares                    \
         */

void real_dress(struct a_case *c, const struct real_records *all)
{
    struct stretch s = {.n_callers = 0};
    uint32_t most = 8 + below(&c->seed, EVENTS_MOST - 8), from = below(&c->seed, all->list.len);
    memset(c->events, 0, sizeof c->events);
    c->n_events = 0;
    c->taken_step = IR_NONE;
    for (uint32_t i = from; i < all->list.len && c->n_events < most; i++)
        if (all->list.at[i].second - all->list.at[from].second <= STRETCH_MOST)
            take_record(c, &s, &all->list.at[i]);
    for (uint32_t i = 0; i < KEYS; i++) c->caller[i] = i < s.n_callers ? s.callers[i] : "nobody";
    name_steps(c);
    case_hits(c);
}
