/* test_source.c - the record of a source other than CloudTrail that a line of a test stands for.
 *
 *     at 0s okta:user.session.start { outcome.result: "FAILURE" } by "ann@corp.example" from 203.0.113.7
 *
 * The source's `event` block says where a record has its time, its name and its caller; read backwards it
 * says where they belong in a made-up one. So an `event` of one's own needs nothing more. What every record
 * of a source that ships has beside that is a table below; Kubernetes and flow logs need a little code. What
 * the line says always wins.
 */
#include "engine/base/time.h"
#include "engine/compile/test.h"

#define PATH_MOST AST_DEPTH_MOST

struct source_making {
    struct compiler *c;
    const struct made_up *from;
    const struct schema *schema;
    struct ir_api api;
    struct made *record;
};

/* ---- reading a definition backwards ---- */

/* The names of a path below `raw`, less brackets; 0: the expression is none, or holds a list. */
static uint32_t raw_path(const struct ast *e, struct text names[PATH_MOST], bool *is_list)
{
    uint32_t n = 0;
    *is_list = false;
    if (e->kind != AST_PATH || !text_equal(e->text, TEXT("raw"))) return 0;
    AST_EACH(part, e) {
        if (part->kind == AST_ELEMENTS) *is_list = true;
        if (part->kind != AST_FIELD) continue;
        if (*is_list || n == PATH_MOST) return 0;
        names[n++] = part->text;
    }
    return n;
}

static void put_at(struct source_making *m, const struct ast *path, struct made *value)
{
    struct text names[PATH_MOST];
    bool is_list;
    uint32_t n = raw_path(path, names, &is_list);
    if (!n || made_find(m->record, names, n)) return;
    struct made *list = made_new(m->c->arena, MADE_LIST, TEXT(""));
    if (is_list) made_add(list, value);
    made_put(m->c->arena, m->record, names, n, is_list ? list : value);
}

static const struct ast *definition_of(const struct source_making *m, struct text name)
{
    const struct schema_def *def = schema_def_find(m->schema, name);
    return def ? def->expr : NULL;
}

/* Functions that give back what stands in their argument, more or less. */
static bool is_passing(struct text name)
{
    static const char *const names[] = {"to_time", "to_ip", "text_of", "first_of", "first_element", "lower"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal(name, text_of(names[i]))) return true;
    return false;
}

/* The path that an expression takes its value from, so that a value put there comes out again. NULL: none. */
static const struct ast *path_of(const struct ast *e)
{
    if (e->kind == AST_PATH) return text_equal(e->text, TEXT("raw")) ? e : NULL;
    const struct ast *args = e->kind == AST_CALL ? ast_kid(e, AST_ARGS) : NULL;
    if (!args || !args->kids) return NULL;
    if (text_equal(e->text, TEXT("only"))) return args->kids->next ? path_of(args->kids->next) : NULL;
    return is_passing(e->text) ? path_of(args->kids) : NULL;
}

/* The path of an identity; one that is put together begins with what tells records apart. */
static const struct ast *path_of_identity(const struct ast *e)
{
    const struct ast *args =
        e->kind == AST_CALL && text_equal(e->text, TEXT("join")) ? ast_kid(e, AST_ARGS) : NULL;
    return path_of(args && args->kids ? args->kids : e);
}

static void put_field(struct source_making *m, const char *name, struct text value)
{
    const struct ast *definition = definition_of(m, text_of(name));
    if (!definition || !value.len) return;
    const struct ast *path =
        text_equal(text_of(name), TEXT("identity")) ? path_of_identity(definition) : path_of(definition);
    if (path) put_at(m, path, made_new(m->c->arena, MADE_TEXT, value));
}

static struct made *literal_of(struct source_making *m, const struct ast *e)
{
    if (e->kind == AST_STRING) return made_new(m->c->arena, MADE_TEXT, e->text);
    if (e->kind == AST_SET && e->kids) return literal_of(m, e->kids);
    if (e->kind == AST_PATH && !e->kids &&
        (text_equal(e->text, TEXT("true")) || text_equal(e->text, TEXT("false"))))
        return made_new(m->c->arena, MADE_WORD, e->text);
    if (e->kind == AST_NUM && !e->is_real)
        return made_new(m->c->arena, MADE_WORD, arena_printf(m->c->arena, "%lld", (long long)e->num));
    return NULL;
}

/* Makes a test hold, as far as it says what a value is: `raw.kind == "Event"`, `raw.result in { "OK" }`, and,
 * last of all, `raw.id present`. */
static void make_hold(struct source_making *m, const struct ast *test, bool is_last)
{
    struct made *value = NULL;
    if (test->kind == AST_AND)
        AST_EACH(part, test) make_hold(m, part, is_last);
    if (test->kind == AST_OR && test->kids) make_hold(m, test->kids, is_last);
    if (test->kind == AST_PRESENT && is_last) value = made_new(m->c->arena, MADE_TEXT, TEXT("made up"));
    bool is_equal = test->kind == AST_TEST_OP && test->op == OP_EQ;
    if ((is_equal || test->kind == AST_IN) && test->kids && test->kids->next)
        value = literal_of(m, test->kids->next);
    if (value && test->kids->kind == AST_PATH) put_at(m, test->kids, value);
}

static void make_ok(struct source_making *m)
{
    const struct ast *ok = definition_of(m, TEXT("ok"));
    if (ok) make_hold(m, ok, false);
}

static void make_fit(struct source_making *m, bool is_last)
{
    const struct ast *when = ast_kid(m->schema->ast, AST_WHEN);
    if (when && when->kids) make_hold(m, when->kids, is_last);
}

/* ---- who, when, what ---- */

/* As a person would sign in: the session's name of a role, else the name. */
static struct text login_of(const struct caller *caller)
{
    return caller->kind == CALLER_ROLE ? caller->session : caller_short_name(caller);
}

static struct text moment(struct source_making *m, int64_t second)
{
    char text[32];
    return arena_text(m->c->arena, text, time_print(second * NS_PER_SECOND, text));
}

/* Findings and flows tell of what others did: they name nobody unless the line does. */
static bool names_nobody(const struct source_making *m)
{
    static const char *const sources[] = {"guardduty", "health", "vpcflow"};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (text_equal(m->api.service, text_of(sources[i]))) return true;
    return false;
}

static void put_caller(struct source_making *m)
{
    const struct caller *who = m->from->caller;
    put_field(m, "account", who->account);
    put_field(m, "region", TEXT("us-east-1"));
    if (!who->from_service) put_field(m, "src.ip", who->origin);
    if (names_nobody(m)) return;
    put_field(m, "actor", login_of(who));
    put_field(m, "user", login_of(who));
    put_field(m, "principal.name", login_of(who));
    put_field(m, "principal.id", made_up_id(m->c, "00u", login_of(who)));
    put_field(m, "agent", TEXT("Mozilla/5.0"));
}

static void put_event(struct source_making *m)
{
    const struct made_up *from = m->from;
    put_field(m, "service", m->api.service);
    put_field(m, "action", m->api.action);
    put_field(m, "time", moment(m, from->second));
    put_field(m, "identity",
              made_up_uuid(m->c, arena_printf(m->c->arena, TEXT_FMT "\n" TEXT_FMT "\n%u",
                                              TEXT_ARG(from->test->rule->name),
                                              TEXT_ARG(from->test->ast->kids->text), from->index)));
}

/* ---- what every record of a source has ---- */

static const struct {
    const char *source, *path, *value;
    bool is_word; /* a number, true or null */
} usual[] = {
    {"okta", "version", "0", false},
    {"okta", "severity", "INFO", false},
    {"okta", "actor.type", "User", false},
    {"okta", "client.device", "Computer", false},
    {"k8s", "apiVersion", "audit.k8s.io/v1", false},
    {"k8s", "level", "RequestResponse", false},
    {"k8s", "stage", "ResponseComplete", false},
    {"k8s", "userAgent", "kubectl/v1.31.0", false},
    {"guardduty", "schemaVersion", "2.0", false},
    {"guardduty", "severity", "5", true},
    {"guardduty", "service.serviceName", "guardduty", false},
    {"guardduty", "service.detectorId", "12abc34d567e8fa901bc2d34e56789f0", false},
    {"guardduty", "service.count", "1", true},
    {"gcp", "severity", "NOTICE", false},
    {"gcp", "logName", "projects/test/logs/cloudaudit.googleapis.com%2Factivity", false},
    {"gcp", "protoPayload.@type", "type.googleapis.com/google.cloud.audit.AuditLog", false},
    {"azure", "category", "Administrative", false},
    {"azure", "resultSignature", "Succeeded", false},
    {"azure", "resourceId", "/SUBSCRIPTIONS/11112222-3333-4444-5555-666677778888/RESOURCEGROUPS/TEST", false},
    {"github", "org", "corp", false},
    {"vpcflow", "version", "2", true},
    {"vpcflow", "interface_id", "eni-0123456789abcdef0", false},
    {"vpcflow", "dstaddr", "10.0.0.10", false},
    {"vpcflow", "srcport", "44312", true},
    {"vpcflow", "dstport", "443", true},
    {"vpcflow", "protocol", "6", true},
    {"vpcflow", "packets", "10", true},
    {"vpcflow", "bytes", "8000", true},
    {"vpcflow", "log_status", "OK", false},
    {"health", "version", "0", false},
    {"health", "detail-type", "AWS Health Event", false},
    {"health", "source", "aws.health", false},
    {"health", "detail.eventTypeCategory", "issue", false},
};

static void put_usual(struct source_making *m)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (!text_equal(m->schema->ast->text, text_of(usual[i].source))) continue;
        if (usual[i].is_word)
            made_put_word(m->c->arena, m->record, usual[i].path, usual[i].value);
        else
            made_put_text(m->c->arena, m->record, usual[i].path, text_of(usual[i].value));
    }
}

/* ---- sources with names that are put together ---- */

static struct text cut(struct text *t, char at)
{
    const char *found = memchr(t->at, at, t->len);
    struct text before = {t->at, found ? (uint32_t)(found - t->at) : t->len};
    *t = found ? (struct text){found + 1, t->len - before.len - 1} : (struct text){t->at + t->len, 0};
    return before;
}

/* Resources that lie in no namespace, of those that rules speak of. */
static bool is_of_cluster(struct text resource)
{
    static const char *const names[] = {"clusterroles",
                                        "clusterrolebindings",
                                        "namespaces",
                                        "nodes",
                                        "persistentvolumes",
                                        "customresourcedefinitions",
                                        "validatingwebhookconfigurations",
                                        "mutatingwebhookconfigurations",
                                        "certificatesigningrequests",
                                        "tokenreviews",
                                        "subjectaccessreviews",
                                        "selfsubjectaccessreviews",
                                        "storageclasses"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal(resource, text_of(names[i]))) return true;
    return false;
}

/* "pods/exec.create": the verb behind the last dot. */
static void put_k8s(struct source_making *m)
{
    struct text name = m->api.action;
    uint32_t dot = name.len;
    while (dot && name.at[dot - 1] != '.') dot--;
    struct text verb = {name.at + dot, name.len - dot}, of = {name.at, dot ? dot - 1 : 0},
                resource = cut(&of, '/');
    made_put_text(m->c->arena, m->record, "verb", verb);
    made_put_word(m->c->arena, m->record, "responseStatus.code",
                  text_equal(verb, TEXT("create")) ? "201" : "200");
    if (text_equal(resource, TEXT("nonresource"))) return;
    made_put_text(m->c->arena, m->record, "objectRef.resource", resource);
    made_put_text(m->c->arena, m->record, "objectRef.apiVersion", TEXT("v1"));
    if (of.len) made_put_text(m->c->arena, m->record, "objectRef.subresource", of);
    if (!is_of_cluster(resource))
        made_put_text(m->c->arena, m->record, "objectRef.namespace", TEXT("default"));
}

static void put_number(struct source_making *m, const char *path, int64_t number)
{
    made_put_word(m->c->arena, m->record, path, arena_printf(m->c->arena, "%lld", (long long)number).at);
}

/* A minute of a flow, in seconds since 1970. Records in which nothing was seen have no flow. */
static void put_flow(struct source_making *m)
{
    bool is_seen = text_equal(m->api.action, TEXT("ACCEPT")) || text_equal(m->api.action, TEXT("REJECT"));
    put_number(m, "start", m->from->second);
    put_number(m, "end", m->from->second + 59);
    if (!is_seen) made_put_text(m->c->arena, m->record, "log_status", m->api.action);
}

static void put_github(struct source_making *m)
{
    put_number(m, "@timestamp", m->from->second * 1000);
    put_number(m, "created_at", m->from->second * 1000);
}

static void put_special(struct source_making *m)
{
    static const struct {
        const char *source;
        void (*put)(struct source_making *);
    } special[] = {{"k8s", put_k8s}, {"vpcflow", put_flow}, {"github", put_github}};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (m->schema->unit->source->is_embedded &&
            text_equal(m->schema->ast->text, text_of(special[i].source)))
            special[i].put(m);
}

/* ---- the whole ---- */

struct text source_record_make(struct compiler *c, const struct made_up *from, const struct schema *schema)
{
    struct source_making m = {.c = c,
                              .from = from,
                              .schema = schema,
                              .api = split_api(ast_kid(from->at, AST_API)->text),
                              .record = made_new(c->arena, MADE_OBJECT, TEXT(""))};
    const struct ast *members = ast_kid(from->at, AST_OBJ);
    if (schema->unit->source->is_embedded) put_usual(&m);
    put_special(&m);
    make_fit(&m, false);
    put_event(&m);
    make_ok(&m);
    put_caller(&m);
    if (members) made_put_line(c, m.record, members);
    make_fit(&m, true);
    return made_print(c->arena, m.record);
}
