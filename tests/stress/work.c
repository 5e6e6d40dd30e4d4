/* work.c - replays standard input with one thread and says what it took, in units that no machine changes:
 *
 *     work RULES < RECORDS
 *
 * writes the units of work of state (slab.h), and the most memory that the process had, in KiB.
 */
#include "engine/csr.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool drop(void *world, const char *json, size_t len)
{
    (void)world, (void)json, (void)len;
    return true;
}

static void drop_aside(void *world, const struct csr_aside *a)
{
    (void)world;
    fprintf(stderr, "record %" PRIu64 ": %s\n", a->number, a->why);
}

static csr_ruleset *compile(const char *path)
{
    struct csr_text text = {.name = path};
    struct csr_compile_options o = {.texts = &text, .n_texts = 1, .without_lints = true};
    csr_report *report = csr_report_new();
    csr_ruleset *rules = csr_compile(&o, report);
    if (!rules) csr_report_print(report, stderr, (struct csr_report_style){false, false});
    csr_report_free(report);
    return rules;
}

/* Of this program alone: getrusage() also knows what it was forked from. */
static long most_memory(void)
{
    char line[256];
    long most = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "VmHWM:", 6)) most = strtol(line + 6, NULL, 10);
    if (status) fclose(status);
    return most;
}

int main(int argc, char **argv)
{
    const char *standard_input = "-";
    struct csr_replay_options o = {.paths = &standard_input,
                                   .n_paths = 1,
                                   .threads = 1,
                                   .lateness = 60,
                                   .incident = drop,
                                   .aside = drop_aside};
    struct csr_replay_result result = {.error = ""};
    csr_ruleset *rules = argc == 2 ? compile(argv[1]) : NULL;
    if (!rules) return EXIT_FAILURE;
    enum csr_status status = csr_replay(rules, &o, &result);
    csr_ruleset_free(rules);
    if (status != CSR_OK) fprintf(stderr, "%s\n", result.error);
    if (status != CSR_OK) return EXIT_FAILURE;
    printf("%" PRIu64 " %ld\n", result.counts.state_work, most_memory());
    return EXIT_SUCCESS;
}
