/* test_record.c - from a line of a test to the record that CloudTrail would have written for it; of other sources see
 * test_source.c.
 *
 *     at 2m iam:CreateUser { requestParameters.userName: "x" }
 *
 * A call gets what every record of its kind has, then what the service writes for this call, then what the
 * line says, which always wins. Nothing is random: the same line gives the same bytes.
 */
#include "engine/base/glob.h"
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "engine/compile/test.h"

struct making {
    struct compiler *c;
    const struct made_up *from;
    struct text service, action;
    struct made *record;
};

static void put_text(struct making *m, const char *path, struct text text)
{
    made_put_text(m->c->arena, m->record, path, text);
}

static void put_word(struct making *m, const char *path, const char *word)
{
    made_put_word(m->c->arena, m->record, path, word);
}

static struct text time_text(struct compiler *c, int64_t second)
{
    char text[32];
    return arena_text(c->arena, text, time_print(second * NS_PER_SECOND, text));
}

/* ---- what the line says ---- */

static struct made *made_of(struct compiler *c, const struct ast *value);

static uint32_t key_path(const struct ast *key, struct text out[AST_DEPTH_MOST])
{
    uint32_t n = 0;
    out[n++] = key->text;
    AST_EACH(field, key)
        if (n < AST_DEPTH_MOST) out[n++] = field->text;
    return n;
}

void made_put_line(struct compiler *c, struct made *object, const struct ast *ast)
{
    struct text path[AST_DEPTH_MOST];
    AST_EACH(member, ast) {
        const struct ast *key = ast_kid(member, AST_KEY);
        if (!key || !key->next) continue;
        made_put(c->arena, object, path, key_path(key, path), made_of(c, key->next));
    }
}

static struct made *list_of(struct compiler *c, const struct ast *array)
{
    struct made *list = made_new(c->arena, MADE_LIST, TEXT(""));
    AST_EACH(value, array) made_add(list, made_of(c, value));
    return list;
}

static struct text number_text(struct compiler *c, const struct ast *number)
{
    struct value v =
        number->is_real ? (struct value){.kind = VALUE_FLOAT, .f = number->real} : value_int(number->num);
    char text[32];
    return arena_text(c->arena, text, number_print(v, text));
}

static struct made *word_of(struct compiler *c, const struct ast *name)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal(name->text, text_of(words[i]))) return made_new(c->arena, MADE_WORD, name->text);
    diag_fix(diag_at(c->diags, E0262, name->span, "is this text?"), name->span, "\"" TEXT_FMT "\"",
             TEXT_ARG(name->text));
    return made_new(c->arena, MADE_TEXT, name->text);
}

static struct made *made_of(struct compiler *c, const struct ast *value)
{
    struct made *object;
    switch (value->kind) {
    case AST_OBJ:
        object = made_new(c->arena, MADE_OBJECT, TEXT(""));
        made_put_line(c, object, value);
        return object;
    case AST_ARRAY: return list_of(c, value);
    case AST_NUM:
    case AST_SIGNED:
    case AST_SIZE: return made_new(c->arena, MADE_WORD, number_text(c, value));
    case AST_NAME: return word_of(c, value);
    default: return made_new(c->arena, MADE_TEXT, value->text); /* STRING, ADDR, DUR */
    }
}

/* ---- who ---- */

static void put_session(struct making *m, const struct caller *who)
{
    const char *colon = memchr(who->id.at, ':', who->id.len);
    put_text(m, "userIdentity.sessionContext.sessionIssuer.type", TEXT("Role"));
    put_text(m, "userIdentity.sessionContext.sessionIssuer.principalId",
             (struct text){who->id.at, (uint32_t)(colon - who->id.at)});
    put_text(m, "userIdentity.sessionContext.sessionIssuer.arn", caller_role_arn(m->c, who));
    put_text(m, "userIdentity.sessionContext.sessionIssuer.accountId", who->account);
    put_text(m, "userIdentity.sessionContext.sessionIssuer.userName", caller_short_name(who));
    put_text(m, "userIdentity.sessionContext.attributes.creationDate", time_text(m->c, m->from->start));
    put_text(m, "userIdentity.sessionContext.attributes.mfaAuthenticated", TEXT("false"));
}

static void put_identity(struct making *m)
{
    static const char *const types[] = {[CALLER_USER] = "IAMUser",
                                        [CALLER_ROLE] = "AssumedRole",
                                        [CALLER_ROOT] = "Root",
                                        [CALLER_SERVICE] = "AWSService"};
    const struct caller *who = m->from->caller;
    put_text(m, "userIdentity.type", text_of(types[who->kind]));
    if (who->kind != CALLER_SERVICE) {
        put_text(m, "userIdentity.principalId", who->id);
        put_text(m, "userIdentity.arn", who->arn);
        put_text(m, "userIdentity.accountId", who->account);
        put_text(m, "userIdentity.accessKeyId", who->key);
    }
    if (who->kind == CALLER_USER) put_text(m, "userIdentity.userName", caller_short_name(who));
    if (who->kind == CALLER_ROLE) put_session(m, who);
    if (who->from_service) put_text(m, "userIdentity.invokedBy", who->origin);
}

/* ---- the call ---- */

/* Services that call themselves otherwise in the trail than in IAM (stdlib/aws/cloudtrail.csr reads them
 * back). */
static const struct {
    const char *prefix, *source;
} other_sources[] = {
    {"cloudwatch", "monitoring"},    {"ses", "email"},         {"tag", "tagging"}, {"mq", "amazonmq"},
    {"mobiletargeting", "pinpoint"}, {"lex", "models-v2-lex"},
};

static struct text event_source(struct making *m)
{
    const char *source = NULL;
    for (size_t i = 0; i < sizeof other_sources / sizeof *other_sources; i++)
        if (text_equal(text_of(other_sources[i].prefix), m->service)) source = other_sources[i].source;
    if (source) return arena_printf(m->c->arena, "%s.amazonaws.com", source);
    return arena_printf(m->c->arena, TEXT_FMT ".amazonaws.com", TEXT_ARG(m->service));
}

/* Calls that only look, by their names; and those whose names do not say so. */
static const char *const looks[] = {
    "*:Get*",
    "*:List*",
    "*:Describe*",
    "*:Head*",
    "*:BatchGet*",
    "*:Lookup*",
    "*:Search*",
    "*:Query*",
    "*:Scan*",
    "*:Select*",
    "*:Simulate*",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "sts:AssumeRole*",
    "bedrock:InvokeModel*",
    "bedrock:Converse*",
};

/* Calls on what lies in a service, of which a trail tells only where it was asked to. */
static const char *const data_calls[] = {"s3:GetObject",    "s3:PutObject",     "s3:CopyObject",
                                         "s3:DeleteObject", "s3:DeleteObjects", "s3:HeadObject",
                                         "s3:ListObjects",  "lambda:Invoke"};

static bool call_is_one_of(const struct making *m, const char *const *patterns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *colon = strchr(patterns[i], ':');
        struct text service = {patterns[i], (uint32_t)(colon - patterns[i])};
        if (glob_match(service, m->service, false) && glob_match(text_of(colon + 1), m->action, false))
            return true;
    }
    return false;
}
#define CALL_IS_ONE_OF(m, patterns) call_is_one_of(m, patterns, sizeof(patterns) / sizeof *(patterns))

static bool is_sign_in(const struct making *m)
{
    return text_equal(m->service, TEXT("signin"));
}

static void put_call(struct making *m)
{
    put_text(m, "eventTime", time_text(m->c, m->from->second));
    put_text(m, "eventSource", event_source(m));
    put_text(m, "eventName", m->action);
    put_text(m, "awsRegion", TEXT("us-east-1"));
    put_text(m, "sourceIPAddress", m->from->caller->origin);
    put_text(m, "userAgent",
             m->from->caller->from_service ? m->from->caller->origin : TEXT("aws-cli/2.15.0"));
    put_word(m, "requestParameters", "null");
    put_word(m, "responseElements", "null");
}

static void put_names(struct making *m)
{
    const struct test_work *test = m->from->test;
    struct text words = arena_printf(m->c->arena, TEXT_FMT "\n" TEXT_FMT "\n%u", TEXT_ARG(test->rule->name),
                                     TEXT_ARG(test->ast->kids->text), m->from->index);
    put_text(m, "requestID",
             made_up_uuid(m->c, arena_printf(m->c->arena, "request " TEXT_FMT, TEXT_ARG(words))));
    put_text(m, "eventID", made_up_uuid(m->c, arena_printf(m->c->arena, "event " TEXT_FMT, TEXT_ARG(words))));
}

static void put_kind(struct making *m)
{
    bool is_data = CALL_IS_ONE_OF(m, data_calls);
    put_word(m, "readOnly", CALL_IS_ONE_OF(m, looks) ? "true" : "false");
    put_text(m, "eventType", is_sign_in(m) ? TEXT("AwsConsoleSignIn") : TEXT("AwsApiCall"));
    put_word(m, "managementEvent", is_data ? "false" : "true");
    put_text(m, "recipientAccountId", m->from->caller->account);
    put_text(m, "eventCategory", is_data ? TEXT("Data") : TEXT("Management"));
}

/* ---- what a service writes for one call ---- */

static void put_sign_in(struct making *m)
{
    put_text(m, "userIdentity.accessKeyId", TEXT(""));
    put_text(m, "userAgent", TEXT("Mozilla/5.0"));
    put_text(m, "responseElements.ConsoleLogin", TEXT("Success"));
    put_text(m, "additionalEventData.LoginTo", TEXT("https://console.aws.amazon.com/console/home"));
    put_text(m, "additionalEventData.MobileVersion", TEXT("No"));
    put_text(m, "additionalEventData.MFAUsed", TEXT("No"));
}

static void finish_sign_in(struct making *m)
{
    const struct made *result = made_at(m->record, "responseElements.ConsoleLogin");
    if (result && text_equal(result->text, TEXT("Failure")) && !made_at(m->record, "errorMessage"))
        put_text(m, "errorMessage", TEXT("Failed authentication"));
}

/* Calls whose answer repeats what was asked for: so that a step can refer to it without the test writing it
 * twice. */
static const struct {
    const char *call, *asked, *answered;
} echoes[] = {
    {"iam:CreateUser", "requestParameters.userName", "responseElements.user.userName"},
    {"iam:CreateRole", "requestParameters.roleName", "responseElements.role.roleName"},
    {"iam:CreateGroup", "requestParameters.groupName", "responseElements.group.groupName"},
    {"iam:CreatePolicy", "requestParameters.policyName", "responseElements.policy.policyName"},
    {"iam:CreateAccessKey", "requestParameters.userName", "responseElements.accessKey.userName"},
    {"iam:CreateLoginProfile", "requestParameters.userName", "responseElements.loginProfile.userName"},
    {"lambda:CreateFunction*", "requestParameters.functionName", "responseElements.functionName"},
};

static void put_echoes(struct making *m)
{
    for (size_t i = 0; i < sizeof echoes / sizeof *echoes; i++) {
        const struct made *asked = made_at(m->record, echoes[i].asked);
        if (CALL_IS_ONE_OF(m, (const char *const[]){echoes[i].call}) && asked && asked->kind == MADE_TEXT)
            put_text(m, echoes[i].answered, asked->text);
    }
}

/* The key of the user whom it is made for: another one, or the caller. */
static void put_new_key(struct making *m)
{
    const struct made *name = made_at(m->record, "requestParameters.userName");
    const struct caller *caller = m->from->caller;
    struct text key =
        name && name->kind == MADE_TEXT ? caller_user(m->c, caller->account, name->text).key : caller->key;
    put_text(m, "responseElements.accessKey.accessKeyId", key);
}

/* The part of an ARN or path behind the last slash or colon: the session's role. */
static struct text role_of(struct text arn)
{
    uint32_t from = arn.len;
    while (from && arn.at[from - 1] != '/') from--;
    return (struct text){arn.at + from, arn.len - from};
}

/* The key of the session that AssumeRole hands out is that of `role/R/session`. */
static void put_session_key(struct making *m)
{
    const struct made *arn = made_at(m->record, "requestParameters.roleArn");
    const struct made *session = made_at(m->record, "requestParameters.roleSessionName");
    if (!arn || !session || arn->kind != MADE_TEXT || session->kind != MADE_TEXT) return;
    struct text account = {arn->text.at + 13, 12}; /* behind arn:aws:iam:: */
    if (!text_starts(arn->text, TEXT("arn:aws:iam::")) || arn->text.len < 25)
        account = m->from->caller->account;
    struct caller caller = caller_session(m->c, account, role_of(arn->text), session->text);
    put_text(m, "responseElements.credentials.accessKeyId", caller.key);
    put_text(m, "responseElements.assumedRoleUser.arn", caller.arn);
}

static bool was_done(const struct making *m)
{
    const struct made *error = made_at(m->record, "errorCode");
    return !error || error->kind != MADE_TEXT || !error->text.len;
}

/* Answers that a line does not give itself. */
static void put_answer(struct making *m)
{
    const struct made *answer = made_at(m->record, "responseElements");
    if (!was_done(m) || answer->kind != MADE_WORD) return;
    put_echoes(m);
    if (CALL_IS_ONE_OF(m, (const char *const[]){"iam:CreateAccessKey"})) put_new_key(m);
    if (CALL_IS_ONE_OF(m, (const char *const[]){"sts:AssumeRole*"})) put_session_key(m);
}

/* A call that was refused or failed has no answer. */
static void finish_failure(struct making *m)
{
    if (was_done(m) || made_at(m->record, "errorMessage")) return;
    struct text error = made_at(m->record, "errorCode")->text;
    put_text(m, "errorMessage", arena_printf(m->c->arena, "made up by a test: " TEXT_FMT, TEXT_ARG(error)));
}

/* ---- the whole ---- */

static struct text trail_record_make(struct compiler *c, const struct made_up *from, struct ir_api api)
{
    struct making m = {.c = c,
                       .from = from,
                       .service = api.service,
                       .action = api.action,
                       .record = made_new(c->arena, MADE_OBJECT, TEXT(""))};
    const struct ast *members = ast_kid(from->at, AST_OBJ);
    put_text(&m, "eventVersion", TEXT("1.11"));
    put_identity(&m);
    put_call(&m);
    put_names(&m);
    put_kind(&m);
    if (is_sign_in(&m) && text_equal(m.action, TEXT("ConsoleLogin"))) put_sign_in(&m);
    if (members) made_put_line(c, m.record, members);
    put_answer(&m);
    if (is_sign_in(&m)) finish_sign_in(&m);
    finish_failure(&m);
    return made_print(c->arena, m.record);
}

struct text record_make(struct compiler *c, const struct made_up *from)
{
    struct ir_api api = split_api(ast_kid(from->at, AST_API)->text);
    const struct schema *schema = source_of_api(c, api);
    bool is_trail = !schema || (schema->unit->source->is_embedded && !schema_service(schema).len);
    return is_trail ? trail_record_make(c, from, api) : source_record_make(c, from, schema);
}
