/* api.c - the tables of API names and how they are searched.
 *
 * The calls of a service are one text, names in order with a blank behind each: half a megabyte of literals
 * that needs no index, no relocation and no start-up. Looking a name up reads the calls of its service, at
 * most 20 KB; only a mistake reads more.
 *
 * Invariants
 * 1. Both tables of services are sorted by prefix, bytewise; a service may stand in both.
 * 2. Every list of calls ends with a blank.
 */
#include "engine/schema/api.h"

#include "engine/base/glob.h"
#include "grammar/base/names.h"

struct service {
    const char *prefix, *calls;
};
struct alias {
    const char *name, *prefix;
};
struct renamed {
    const char *service, *from, *to;
};

#define SERVICE(prefix, calls) {prefix, calls},
static const struct service generated[] = {
#include "engine/schema/aws_api.def"
};
#define SERVICE(prefix, calls) {prefix, calls},
static const struct service by_hand[] = {
#include "engine/schema/aws_extra.def"
};
#define ALSO(name, prefix) {name, prefix},
static const struct alias aliases[] = {
#include "engine/schema/aws_api.def"
#define ALSO(name, prefix) {name, prefix},
#include "engine/schema/aws_extra.def"
};
#define RENAMED(service, from, to) {service, from, to},
static const struct renamed renames[] = {
#include "engine/schema/aws_extra.def"
};
#define SOURCE(name) name,
static const char *const sources[] = {
#include "engine/schema/aws_extra.def"
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const struct service *at;
    size_t len;
} tables[] = {{generated, COUNT(generated)}, {by_hand, COUNT(by_hand)}};

static bool has_star(struct text t)
{
    return t.len && memchr(t.at, '*', t.len);
}

/* The next name of a list of calls, or false behind the last. */
static bool next_call(const char **calls, struct text *name)
{
    const char *blank = strchr(*calls, ' ');
    if (!blank) return false;
    *name = (struct text){*calls, (uint32_t)(blank - *calls)};
    *calls = blank + 1;
    return true;
}

static bool calls_hold(const char *calls, struct text action)
{
    bool is_pattern = has_star(action);
    struct text name;
    while (next_call(&calls, &name)) {
        if (is_pattern ? glob_match(action, name, false) : text_equal(action, name)) return true;
        if (has_star(name) && glob_match(name, action, false)) return true;
    }
    return false;
}

static const struct service *service_in(size_t table, struct text prefix)
{
    size_t lo = 0, hi = tables[table].len;
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        int order = text_compare(text_of(tables[table].at[middle].prefix), prefix);
        if (order == 0) return &tables[table].at[middle];
        if (order < 0)
            lo = middle + 1;
        else
            hi = middle;
    }
    return NULL;
}

static bool service_exists(struct text prefix)
{
    return service_in(0, prefix) || service_in(1, prefix);
}

static bool call_exists(struct text service, struct text action)
{
    bool is_pattern = has_star(service);
    for (size_t t = 0; t < COUNT(tables); t++) {
        const struct service *one = is_pattern ? NULL : service_in(t, service);
        if (one && calls_hold(one->calls, action)) return true;
        for (size_t i = 0; is_pattern && i < tables[t].len; i++)
            if (glob_match(service, text_of(tables[t].at[i].prefix), false) &&
                calls_hold(tables[t].at[i].calls, action))
                return true;
    }
    return false;
}

struct text api_service(struct text name)
{
    if (service_exists(name)) return name;
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (text_equal(text_of(aliases[i].name), name)) return text_of(aliases[i].prefix);
    return (struct text){NULL, 0};
}

/* ---- dates behind names ------------------------------------------------------------------------------- */

static bool all_digits(const char *at, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        if (at[i] < '0' || at[i] > '9') return false;
    return true;
}

/* "20150331" or "2020_05_31" at the end of `t`: its length, or 0. */
static uint32_t date_at_end(struct text t)
{
    const char *end = t.at + t.len;
    if (t.len > 8 && all_digits(end - 8, 8) && memcmp(end - 8, "20", 2) == 0) return 8;
    if (t.len > 10 && all_digits(end - 10, 4) && end[-6] == '_' && all_digits(end - 5, 2) && end[-3] == '_' &&
        all_digits(end - 2, 2))
        return 10;
    return 0;
}

struct text api_stem(struct text action)
{
    struct text t = action;
    while (t.len && t.at[t.len - 1] >= '0' && t.at[t.len - 1] <= '9') t.len--;
    if (t.len && t.len < action.len && t.at[t.len - 1] == 'v') t.len--;
    uint32_t date = date_at_end(t); /* less a "v2" */
    if (!date) {
        t = action;
        date = date_at_end(t);
    }
    return date ? (struct text){t.at, t.len - date} : action;
}

/* ---- what was meant ----------------------------------------------------------------------------------- */

static struct api_answer answer(enum api_found found, struct text service, struct text action)
{
    return (struct api_answer){found, service, action};
}

/* A call of this service that the trail records under another name; else an empty action. */
static struct text renamed_call(struct text service, struct text action)
{
    for (size_t i = 0; i < COUNT(renames); i++)
        if (text_equal(text_of(renames[i].service), service) && text_equal(text_of(renames[i].from), action))
            return text_of(renames[i].to);
    struct text stem = api_stem(action);
    if (stem.len < action.len && call_exists(service, stem)) return stem;
    return (struct text){NULL, 0};
}

static struct text nearest_call(struct text service, struct text action)
{
    struct nearest near = {.wanted = action};
    for (size_t t = 0; t < COUNT(tables); t++) {
        const struct service *one = service_in(t, service);
        const char *calls = one ? one->calls : "";
        struct text name;
        while (next_call(&calls, &name))
            if (!has_star(name)) nearest_try(&near, name);
    }
    return near.best;
}

static struct text nearest_service(struct text name)
{
    struct nearest near = {.wanted = name};
    for (size_t t = 0; t < COUNT(tables); t++)
        for (size_t i = 0; i < tables[t].len; i++) nearest_try(&near, text_of(tables[t].at[i].prefix));
    for (size_t i = 0; i < COUNT(sources); i++) nearest_try(&near, text_of(sources[i]));
    return near.best;
}

/* The service that alone has this call; {NULL, 0} if none has or several have. */
static struct text only_service_with(struct text action)
{
    struct text found = {NULL, 0};
    for (size_t t = 0; t < COUNT(tables); t++)
        for (size_t i = 0; i < tables[t].len; i++) {
            struct text prefix = text_of(tables[t].at[i].prefix);
            if (text_equal(prefix, found) || !calls_hold(tables[t].at[i].calls, action)) continue;
            if (found.len) return (struct text){NULL, 0};
            found = prefix;
        }
    return found;
}

static struct api_answer nearest_api(struct text service, struct text action)
{
    struct text prefix = service_exists(service) ? service : nearest_service(service);
    if (prefix.len && call_exists(prefix, action)) return answer(API_UNKNOWN, prefix, action);
    struct text owner = has_star(action) ? (struct text){NULL, 0} : only_service_with(action);
    if (owner.len) return answer(API_UNKNOWN, owner, action);
    struct text near = prefix.len ? nearest_call(prefix, action) : (struct text){NULL, 0};
    return answer(API_UNKNOWN, near.len ? prefix : near, near);
}

bool api_is_call(struct text service, struct text action)
{
    const struct service *one = service_in(0, service);
    return one && calls_hold(one->calls, action);
}

const char *api_hint(struct text service)
{
    static const struct {
        const char *service, *hint;
    } hints[] = {
        {"k8s", "a name is RESOURCE.VERB or RESOURCE/SUBRESOURCE.VERB, like k8s:pods/exec.create; the verbs are create, "
                "update, patch, delete, deletecollection, get, list and watch"},
        {"vpcflow", "a flow is ACCEPT, REJECT, NODATA or SKIPDATA"},
        {"guardduty", "a finding is named by its type, like guardduty:Recon:IAMUser/MaliciousIPCaller"},
        {"health", "an event is named by its type code, like health:AWS_RISK_CREDENTIALS_EXPOSED"},
    };
    for (size_t i = 0; i < COUNT(hints); i++)
        if (text_equal(text_of(hints[i].service), service)) return hints[i].hint;
    return NULL;
}

bool api_is_source(struct text name)
{
    for (size_t i = 0; i < COUNT(sources); i++)
        if (text_equal(text_of(sources[i]), name)) return true;
    return false;
}

struct api_answer api_look_up(struct text service, struct text action)
{
    bool is_listed = service_exists(service) && !has_star(action);
    if (api_is_source(service) && !is_listed) return answer(API_OPEN, service, action);
    struct text other = renamed_call(service, action);
    if (other.len) return answer(API_RENAMED, service, other);
    if (call_exists(service, action)) return answer(API_KNOWN, service, action);

    struct text prefix = api_service(service);
    if (!prefix.len || text_equal(prefix, service)) return nearest_api(service, action);
    other = renamed_call(prefix, action);
    if (other.len) return answer(API_RENAMED, prefix, other);
    if (call_exists(prefix, action)) return answer(API_RENAMED, prefix, action);
    return nearest_api(prefix, action);
}
