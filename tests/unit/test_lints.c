/* test_lints.c - what is warned of, and above all what is not: each row is a piece of a rule and the codes it gives. */
#include "tests/unit/compiled.h"

#include <stdlib.h>

struct row {
    const char *text;
    const char *codes; /* with a blank behind each, in the order of places; "": none */
};

/* The codes of all warnings, or of errors, of a text. */
static void codes_of(const char *text, char *codes, size_t room)
{
    char *said = diagnostics_of(text, false);
    *codes = 0;
    for (const char *at = said; (at = strchr(at, '[')) != NULL; at++)
        if ((at[1] == 'E' || at[1] == 'W') && at[6] == ']' && strlen(codes) + 8 < room) strncat(codes, at + 1, 5), strcat(codes, " ");
    free(said);
}

static void check(const struct row *rows, size_t n, const char *before, const char *after)
{
    for (size_t i = 0; i < n; i++) {
        char text[2048], codes[200];
        snprintf(text, sizeof text, "%s%s%s", before, rows[i].text, after);
        codes_of(text, codes, sizeof codes);
        if (strcmp(codes, rows[i].codes) != 0) fail_msg("%s: \"%s\", wanted \"%s\"", text, codes, rows[i].codes);
    }
}
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

#define HEAD "title \"t\" severity low attack T1078 falsepos \"f\" "

static const struct row predicates[] = {
    /* outcomes */
    {"ok and denied", "W0305 "},
    {"ok and dry_run", "W0305 "},
    {"failed and not denied", ""},
    {"denied and dry_run", ""}, /* no law says so */
    {"not ok and not failed", "W0305 "},
    {"ok and error == \"AccessDenied\"", "W0305 "},
    {"failed and error == \"AccessDenied\"", ""},
    {"ok == true and ok == false", "W0305 "},
    /* equality */
    {"region == \"a\" and region == \"b\"", "W0305 "},
    {"region == \"a\" and region == \"a\"i", ""},
    {"region == \"a\" and \"A\"i == region", ""},
    {"region == \"a\" and region != \"a\"", "W0305 "},
    {"region != \"a\" and region != \"b\"", ""},
    {"region == \"a\" and user == \"b\"", ""},
    {"req.userName == 1 and req.userName == \"1\"", ""},
    {"req.tags[].key == \"a\" and req.tags[].key == \"b\"", ""},
    {"entities.users[] == \"a\" and entities.users[] == \"b\"", ""},
    /* bounds */
    {"dst.port > 65535", "W0306 "},
    {"dst.port == 65535", ""},
    {"src.port < 0", "W0306 "},
    /* lists */
    {"region in { \"a\", \"b\" } and region == \"c\"", "W0305 "},
    {"region in { \"a\", \"b\" } and region in { \"b\", \"c\" }", ""},
    {"region in { \"a\", \"b\" } and region in { \"c\" }", "W0305 "},
    {"region in { \"a\", \"b\" } and region not in { \"a\" }", ""},
    {"region in { \"a\", \"b\" } and region not in { \"a\", \"b\", \"c\" }", "W0305 "},
    {"region in known and region == \"c\"", ""},
    {"src.ip in { 10.0.0.0/8 } and src.ip == 10.1.2.3", ""},
    {"src.ip in { 10.0.0.0/8 } and src.ip == 192.0.2.1", "W0305 "},
    /* patterns */
    {"action like \"Create*\" and action == \"CreateUser\"", ""},
    {"action like \"Create*\" and action == \"DeleteUser\"", "W0305 "},
    {"action like \"Create*\" and action like \"*User\"", ""},
    {"action like \"Create*\" and action like \"Delete*\"", "W0305 "},
    {"action starts \"Create\" and action like \"Del*\"", "W0305 "},
    {"action contains \"a\" and action contains \"b\"", ""},
    {"action ends \"User\" and action == \"CreateRole\"", "W0305 "},
    {"not (action like \"Create*\") and action == \"CreateUser\"", "W0305 "},
    /* bounds */
    {"src.port > 10 and src.port < 20", ""},
    {"src.port > 20 and src.port < 10", "W0305 "},
    {"src.port >= 10 and src.port <= 10", ""},
    {"src.port > 10 and src.port <= 10", "W0305 "},
    {"src.port in 1..5 and src.port in 5..9", ""},
    {"src.port in 1..5 and src.port in 6..9", "W0305 "},
    {"src.port == 7 and 8 < src.port", "W0305 "},
    {"not (src.port > 5) and src.port == 3", ""},
    {"not (src.port > 5) and src.port > 7", "W0305 "},
    {"not (src.port > 5) and not (src.port < 5)", ""}, /* absent */
    /* presence */
    {"req.userName absent and req.userName == \"a\"", "W0305 "},
    {"req.userName absent and not (req.userName == \"a\")", ""},
    {"req.userName present and req.userName absent", "W0305 "},
    /* or, not, brackets */
    {"(region == \"a\" or region == \"b\") and region == \"c\"", "W0305 "},
    {"(region == \"a\" or mfa) and region == \"c\"", ""},
    {"not (ok or failed)", "W0307 "},
    {"not (mfa and not mfa)", "W0306 "},
    {"mfa or not mfa", "W0307 "},
    {"mfa or not read_only", ""},
    {"mfa or (ok and denied)", "W0306 "},
    {"any t in req.tags[] (t.key == \"a\" and t.key == \"b\")", "W0306 "},
    {"any t in req.tags[] (t.key == \"a\" and t.value == \"b\")", ""},
    {"len(user) < 0", "W0306 "},
    {"len(user) >= 0", ""}, /* absent */
    /* != */
    {"error != \"a\"", "W0314 "},
    {"error present and error != \"a\"", ""},
    {"error starts \"Cl\" and error != \"Client.x\"", ""},
    {"error absent or error != \"a\"", ""},
    {"mfa or (ok and src.ip not in 10.0.0.0/8)", "W0314 "},
    {"src.ip present and (mfa or src.ip not in 10.0.0.0/8)", ""},
    {"account != \"1\" and region not in { \"a\" }", ""},
    {"not (error == \"a\")", ""},
    /* stars, ages, refused calls */
    {"user == \"a*\"", "W0316 "},
    {"user in { \"a*\" }", "W0316 "},
    {"user like \"a*\" and req.userName == \"a*\"", ""},
    {"age(seen) > 31d", "W0315 "},
    {"age(seen) > 29d", ""},
    {"denied and req.userName present", "W0309 "},
    {"denied and req absent", ""},
    {"failed and req.userName present", ""},
};

static void predicates_are_judged(void **state)
{
    (void)state;
    check(predicates, COUNT(predicates),
          "use aws list known = { \"a\" } baseline seen = (actor, region) keep 30d warmup 7d\n"
          "rule used { " HEAD "on iam:CreateUser (user in known and new(seen)) }\n"
          "rule r { " HEAD "on iam:CreateUser (",
          ") }");
}

static const struct row matches[] = {
    /* steps that meet */
    {"step a: iam:CreateUser step b: iam:DeleteUser match a -> b", ""},
    {"step a: iam:CreateUser step b: iam:CreateUser match a -> b", "W0308 "},
    {"step a: iam:Create* step b: *:*User match a & b", "W0308 "},
    {"step a: iam:Create* step b: iam:Delete* match a & b", ""},
    {"step a: iam:CreateUser (ok) step b: iam:CreateUser (failed) match a -> b", ""},
    {"step a: iam:CreateUser (ok) step b: * (not ok) match a -> b", ""},
    {"step a: iam:CreateUser | iam:CreateRole step b: iam:CreateRole | iam:DeleteRole match a -> b", "W0308 "},
    {"step a: iam:CreateUser step b: iam:CreateUser match a | b", ""},
    {"step a: iam:CreateUser step b: iam:CreateUser step c: iam:TagUser match (a | b) -> c", ""},
    {"step a: iam:CreateUser step b: iam:CreateUser match a -> b?", "W0308 "},
    {"step a: iam:CreateAccessKey step b: * (access_key == a.resp.accessKey.accessKeyId) match a -> b", ""},
    /* windows */
    {"step a: iam:CreateUser step b: iam:TagUser match a ->[9m..] b", ""},
    {"step a: iam:CreateUser step b: iam:TagUser step c: iam:TagRole match a ->[6m..] b ->[5m..] c", "W0310 "},
    {"step a: iam:CreateUser step b: iam:TagUser step c: iam:TagRole match a ->[5m..] b ->[5m..] c", ""},
    {"step a: iam:CreateUser step b: iam:TagUser step c: iam:TagRole match (a ->[6m..] b) & (a2 ->[6m..] c) "
     "step a2: iam:DeleteUser",
     ""},
    /* what always or never holds of a match */
    {"step a: iam:CreateUser step b: iam:TagUser match a -> b? score 1 +1 if exists a", "W0307 "},
    {"step a: iam:CreateUser step b: iam:TagUser match a -> b? score 1 +1 if exists b", ""},
    {"step a: iam:CreateUser step b: iam:TagUser match a | b score 1 +1 if exists b", ""},
    {"step a: iam:CreateUser match a[3..] score 1 +1 if count(a) >= 3", "W0307 "},
    {"step a: iam:CreateUser match a[3..] score 1 +1 if count(a) >= 4", ""},
    {"step a: iam:CreateUser match a[3..] score 1 +1 if count(a) == 2", "W0306 "},
    {"step a: iam:CreateUser match a severity high if score > 100 score 1", "W0306 "},
    /* names and uses */
    {"step a: iam:CreateUser step b: iam:TagUser match a", "W0301 "},
    {"param n = 3 range 1..9 step a: iam:CreateUser match a", "W0311 "},
    {"param n = 3 range 1..9 step a: iam:CreateUser match a[n..]", ""},
    {"param n = 3 range 1..9 step a: iam:CreateUser match a score 1 +1 if count(a) > n", ""},
    {"param d = 3m range 1m..9m step a: iam:CreateUser step b: iam:TagUser match a ->[d] b", ""},
    {"step a: iam:CreateUser (any a in req.tags[] (a.key == \"x\")) match a", "W0312 "},
    {"step a: iam:CreateUser (any t in req.tags[] (t.key == \"x\")) match a", ""},
};

static void matches_are_judged(void **state)
{
    (void)state;
    check(matches, COUNT(matches), "use aws rule r { " HEAD "by actor within 10m ", " }");
}

static const struct row rules[] = {
    {"by src.ip step a: iam:CreateUser step b: iam:TagUser match a -> b", "W0317 "},
    {"by agent, principal.session step a: iam:CreateUser step b: iam:TagUser match a -> b", "W0317 "},
    {"by src.ip, account step a: iam:CreateUser step b: iam:TagUser match a -> b", ""},
    {"by who step a: iam:CreateUser with who = src.ip step b: iam:TagUser with who = src.ip match a -> b", "W0317 "},
    {"by who step a: iam:CreateUser with who = src.ip step b: iam:TagUser with who = actor match a -> b", ""},
};

static void keys_are_judged(void **state)
{
    (void)state;
    check(rules, COUNT(rules), "use aws rule r { " HEAD "within 10m ", " }");
}

static const struct row files[] = {
    {"list l = { \"a\" }", "W0311 "},
    {"define d = ok", "W0311 "},
    {"define d = ok define e = d", "W0311 W0311 "},
    {"define ok = ok and not dry_run rule s { " HEAD "on iam:TagUser (ok) }", ""},
    {"define ok = not dry_run rule s { " HEAD "on iam:TagUser (ok) }", "W0312 "},
    {"define f(x) = x present rule s { " HEAD "on iam:TagUser (f(req.userName)) }", ""},
    {"define f(user) = user present rule s { " HEAD "on iam:TagUser (f(req.userName)) }", "W0312 "},
    {"baseline b = (actor, region) keep 90d warmup 7d", "W0311 "},
    {"# csr: allow W0311 reason \"for others\"\nlist l = { \"a\" }", ""},
    {"# csr: allow W0302 reason \"nothing\"\nlist l = { \"a\" }", "W0304 W0311 "},
    {"rule s { title \"t\" severity low falsepos \"f\" on iam:TagUser }", "W0313 "},
};

static void files_are_judged(void **state)
{
    (void)state;
    check(files, COUNT(files), "use aws rule r { " HEAD "on iam:CreateUser (ok) }\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predicates_are_judged), cmocka_unit_test(matches_are_judged),
        cmocka_unit_test(keys_are_judged),       cmocka_unit_test(files_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
