/* test_caller.c - who calls in a test: `user/x`, `role/R/session`, `root`, or text; in which account, from
 * where.
 *
 * Ids and keys are made up from the words alone, so that they are the same in every test and every run.
 */
#include "engine/base/hash.h"
#include "engine/compile/test.h"

#define ACCOUNT_DIGITS 12

/* ---- made-up names ---- */

static struct hash128 hash_words(struct text words)
{
    static const uint64_t zero[2];
    return hash_128(zero, words.at, words.len);
}

struct text made_up_id(struct compiler *c, const char *prefix, struct text words)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    struct hash128 h = hash_words(arena_printf(c->arena, "%s " TEXT_FMT, prefix, TEXT_ARG(words)));
    char id[17];
    for (int i = 0; i < 16; i++) id[i] = letters[(i < 8 ? h.hi >> (5 * i) : h.lo >> (5 * (i - 8))) & 31];
    id[16] = 0;
    return arena_printf(c->arena, "%s%s", prefix, id);
}

struct text made_up_uuid(struct compiler *c, struct text words)
{
    char hex[33];
    hash128_print(hash_words(words), hex);
    return arena_printf(c->arena, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
}

/* ---- kinds of callers ---- */

static struct text words_of(struct compiler *c, const struct caller *caller)
{
    return arena_printf(c->arena, TEXT_FMT "/" TEXT_FMT, TEXT_ARG(caller->account), TEXT_ARG(caller->name));
}

static void become_user(struct compiler *c, struct caller *caller)
{
    caller->kind = CALLER_USER;
    caller->arn = arena_printf(c->arena, "arn:aws:iam::" TEXT_FMT ":user/" TEXT_FMT,
                               TEXT_ARG(caller->account), TEXT_ARG(caller->name));
    caller->id = made_up_id(c, "AIDA", words_of(c, caller));
    caller->key = made_up_id(c, "AKIA", words_of(c, caller));
}

struct text caller_short_name(const struct caller *caller)
{
    struct text name = caller->name;
    for (uint32_t i = name.len; i-- > 0;)
        if (name.at[i] == '/') return (struct text){name.at + i + 1, name.len - i - 1};
    return name;
}

struct text caller_role_arn(struct compiler *c, const struct caller *caller)
{
    return arena_printf(c->arena, "arn:aws:iam::" TEXT_FMT ":role/" TEXT_FMT, TEXT_ARG(caller->account),
                        TEXT_ARG(caller->name));
}

static void become_session(struct compiler *c, struct caller *caller)
{
    struct text words = arena_printf(c->arena, TEXT_FMT "/" TEXT_FMT, TEXT_ARG(words_of(c, caller)),
                                     TEXT_ARG(caller->session));
    caller->kind = CALLER_ROLE;
    caller->arn = arena_printf(c->arena, "arn:aws:sts::" TEXT_FMT ":assumed-role/" TEXT_FMT "/" TEXT_FMT,
                               TEXT_ARG(caller->account), TEXT_ARG(caller_short_name(caller)),
                               TEXT_ARG(caller->session));
    caller->id =
        arena_printf(c->arena, TEXT_FMT ":" TEXT_FMT, TEXT_ARG(made_up_id(c, "AROA", words_of(c, caller))),
                     TEXT_ARG(caller->session));
    caller->key = made_up_id(c, "ASIA", words);
}

struct caller caller_user(struct compiler *c, struct text account, struct text name)
{
    struct caller caller = {.account = account, .name = name};
    become_user(c, &caller);
    return caller;
}

struct caller caller_session(struct compiler *c, struct text account, struct text role, struct text session)
{
    struct caller caller = {.account = account, .name = role, .session = session};
    become_session(c, &caller);
    return caller;
}

static void become_root(struct compiler *c, struct caller *caller)
{
    caller->kind = CALLER_ROOT;
    caller->name = TEXT("root");
    caller->arn = arena_printf(c->arena, "arn:aws:iam::" TEXT_FMT ":root", TEXT_ARG(caller->account));
    caller->id = caller->account;
    caller->key = made_up_id(c, "ASIA", words_of(c, caller));
}

static void become_service(struct caller *caller)
{
    caller->kind = CALLER_SERVICE;
    caller->name = caller->arn = caller->text;
    caller->origin = caller->text;
    caller->from_service = true;
}

/* ---- reading ---- */

static struct text behind(struct text t, struct text prefix)
{
    return (struct text){t.at + prefix.len, t.len - prefix.len};
}

static bool split_session(struct caller *caller, struct text role_and_session)
{
    for (uint32_t i = role_and_session.len; i-- > 0;)
        if (role_and_session.at[i] == '/') {
            caller->name = (struct text){role_and_session.at, i};
            caller->session = behind(role_and_session, (struct text){role_and_session.at, i + 1});
            return i > 0 && caller->session.len > 0;
        }
    return false;
}

static void wrong_who(struct compiler *c, const struct ast *who, struct text kind)
{
    struct diag *d =
        diag_at(c->diags, E0260, who->span, "`" TEXT_FMT "` is no kind of caller", TEXT_ARG(kind));
    struct nearest near = {.wanted = kind};
    nearest_try(&near, TEXT("user"));
    nearest_try(&near, TEXT("role"));
    if (near.best.len) diag_fix(d, word_span(c, who, kind), TEXT_FMT, TEXT_ARG(near.best));
    diag_note(d, "a caller is user/NAME, role/NAME/SESSION, root, or a name in quotes");
}

/* What stands behind the fifth colon of an ARN, and the account before it, said as a WHO says it. */
static struct text who_of_arn(struct text arn, struct caller *caller)
{
    const char *parts[6] = {arn.at};
    for (int i = 1; i < 6; i++) {
        const char *colon = memchr(parts[i - 1], ':', (size_t)(arn.at + arn.len - parts[i - 1]));
        if (!colon) return arn;
        parts[i] = colon + 1;
    }
    if (parts[5] - parts[4] > 1)
        caller->account = (struct text){parts[4], (uint32_t)(parts[5] - parts[4] - 1)};
    struct text who = {parts[5], (uint32_t)(arn.at + arn.len - parts[5])};
    return text_starts(who, TEXT("assumed-role/")) ? behind(who, TEXT("assumed-")) : who;
}

static bool is_in_quotes(const struct compiler *c, const struct ast *who)
{
    const struct source *file = sources_find(c->sources, who->span.lo);
    return file && file->bytes.at[who->span.lo - file->base] == '"';
}

static void read_name(struct compiler *c, const struct ast *who, struct caller *caller)
{
    struct text t = text_starts(who->text, TEXT("arn:")) ? who_of_arn(who->text, caller) : who->text;
    const char *slash = is_in_quotes(c, who) ? NULL : memchr(t.at, '/', t.len);
    caller->text = caller->name = t;
    caller->session = TEXT("");
    if (text_equal(t, TEXT("root"))) {
        become_root(c, caller);
    } else if (text_ends(t, TEXT(".amazonaws.com"))) {
        become_service(caller);
    } else if (text_starts(t, TEXT("user/"))) {
        caller->name = behind(t, TEXT("user/"));
        become_user(c, caller);
    } else if (text_starts(t, TEXT("role/"))) {
        if (!split_session(caller, behind(t, TEXT("role/"))))
            diag_fix(diag_at(c->diags, E0260, who->span, "a role acts through a session"), who->span,
                     TEXT_FMT "/SESSION", TEXT_ARG(t));
        become_session(c, caller);
    } else {
        if (slash) wrong_who(c, who, (struct text){t.at, (uint32_t)(slash - t.at)});
        become_user(c, caller);
    }
}

static struct text read_account(struct compiler *c, const struct ast *account)
{
    const struct ast *number = account->kids;
    struct csr_span at = number ? number->span : account->span;
    const struct source *file = sources_find(c->sources, at.lo);
    struct text digits = {file->bytes.at + (at.lo - file->base), at.hi - at.lo};
    if (digits.len != ACCOUNT_DIGITS)
        diag_at(c->diags, E0261, at, "an account has twelve digits, this has %u", digits.len);
    return digits;
}

struct caller caller_default(struct compiler *c)
{
    struct caller caller = {.account = TEXT("111122223333"),
                            .name = TEXT("tester"),
                            .text = TEXT("user/tester"),
                            .session = TEXT(""),
                            .origin = TEXT("203.0.113.7")};
    become_user(c, &caller);
    return caller;
}

struct caller caller_from(struct compiler *c, const struct caller *caller, const struct ast *origin)
{
    struct caller out = *caller;
    const struct ast *place = origin->kids;
    (void)c;
    if (!place) return out;
    out.origin = place->text;
    out.from_service = place->kind == AST_STRING && !memchr(place->text.at, ':', place->text.len);
    return out;
}

struct caller caller_read(struct compiler *c, const struct ast *who, const struct caller *otherwise)
{
    const struct ast *account = ast_kid(who, AST_ACCOUNT), *origin = ast_kid(who, AST_ORIGIN);
    struct caller out = *otherwise;
    if (account) out.account = read_account(c, account);
    read_name(c, who, &out);
    return origin ? caller_from(c, &out, origin) : out;
}
