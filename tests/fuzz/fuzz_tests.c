/* fuzz_tests.c - any bytes as what a test says of a rule: the records that it makes up, who makes them, what
 * is known and expected. What compiles is run, so the records are decoded and matched as well.
 */
#include "engine/csr.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char front[] =
    "use aws\n"
    "baseline seen = (actor, src.asn) keep 30d warmup 7d\n"
    "rule r { title \"{actor} {req.userName}\" severity low attack T1098 falsepos \"none known\" by actor "
    "within 1h\n"
    "    step a: iam:CreateUser (ok and req.userName present and any t in req.tags[] (t.key == \"k\" or "
    "t.value absent))\n"
    "    step b: iam:CreateAccessKey, s3:* (new(seen) or denied or src.ip in 10.0.0.0/8)\n"
    "    match a[2..] -> b?  score 10 +5 if exists b +1 if count(a) > 3 respond { at 5 notify(\"soc\") } }\n"
    "test r \"fuzz\" {\n";

static void run(const char *text, size_t len)
{
    struct csr_text texts[] = {{"fuzz.csr", text, len}};
    struct csr_compile_options options = {
        .texts = texts, .n_texts = 1, .with_tests = true, .without_cache = true};
    csr_report *report = csr_report_new();
    csr_ruleset *rules = csr_compile(&options, report);
    if (!rules && report && !csr_report_errors(report)) abort(); /* refused without a word */
    if (rules) {
        struct csr_test_options tests = {0};
        struct csr_test_counts counts;
        (void)csr_test(rules, &tests, &counts);
    }
    csr_report_free(report);
    csr_ruleset_free(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* No files of the machine that runs this. */
    if (size > (1u << 16) || memmem(data, size, "records", 7) || memmem(data, size, "use", 3) ||
        memmem(data, size, "dataset", 7))
        return 0;
    size_t len = sizeof front - 1 + size + 2;
    char *text = malloc(len);
    if (!text) return 0;
    memcpy(text, front, sizeof front - 1);
    memcpy(text + sizeof front - 1, data, size);
    memcpy(text + len - 2, "\n}", 2);
    run(text, len);
    free(text);
    return 0;
}
