/* test.h - between the files that lower `test` blocks: who calls, from where, and the records that this
 * makes. */
#ifndef CSR_ENGINE_COMPILE_TEST_H
#define CSR_ENGINE_COMPILE_TEST_H

#include "engine/compile/compiler.h"
#include "engine/compile/made.h"

/* ---- test_caller.c: WHO ----------------------------------------------------------------------------- */

enum caller_kind { CALLER_USER, CALLER_ROLE, CALLER_ROOT, CALLER_SERVICE };

/* The same WHO in the same account is the same principal, with the same made-up ids, in every test. */
struct caller {
    enum caller_kind kind;
    struct text text; /* as written */
    struct text account;
    struct text name; /* of the user or the role; path included */
    struct text session;
    struct text arn;    /* as CloudTrail writes it, and so the caller's actor; of a service its name */
    struct text key;    /* AKIA… or ASIA… */
    struct text id;     /* AIDA…, AROA…:session, or the account's number */
    struct text origin; /* where it calls from: an address, or a service's name */
    bool from_service;
};

/* What a test without `as` means. */
struct caller caller_default(struct compiler *c);
/* A WHO; what it leaves out is as in `otherwise`. */
struct caller caller_read(struct compiler *c, const struct ast *who, const struct caller *otherwise);
/* The caller with another `from`. */
struct caller caller_from(struct compiler *c, const struct caller *caller, const struct ast *origin);
/* A user, and the session of a role, in that account. */
struct caller caller_user(struct compiler *c, struct text account, struct text name);
struct caller caller_session(struct compiler *c, struct text account, struct text role, struct text session);
/* The name without its path, and the role's own ARN. */
struct text caller_short_name(const struct caller *caller);
struct text caller_role_arn(struct compiler *c, const struct caller *caller);

/* Letters and digits that are the same for the same words: "AKIA" and 16 more. */
struct text made_up_id(struct compiler *c, const char *prefix, struct text words);
/* "0f8fad5b-d9cb-469f-a165-70867728950e", the same for the same words. */
struct text made_up_uuid(struct compiler *c, struct text words);

/* ---- test_record.c: records ---------------------------------------------------------------------------- */

struct made_up {
    const struct test_work *test;
    const struct ast *at; /* the line */
    const struct caller *caller;
    int64_t second, start;
    uint32_t index; /* of the event in its test */
};
/* The whole record, as JSON. */
struct text record_make(struct compiler *c, const struct made_up *m);
/* Puts what the line says, `{ a.b: 1 }`, into a record. */
void made_put_line(struct compiler *c, struct made *record, const struct ast *object);

/* ---- test_source.c: of other sources than CloudTrail ------------------------------------------------- */

struct text source_record_make(struct compiler *c, const struct made_up *m, const struct schema *schema);

#endif
