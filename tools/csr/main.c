/* main.c - csr: finds the verb, reads its options, runs it. */
#include "tools/csr/command.h"

#include "engine/csr.h"

#include <signal.h>
#include <string.h>

static int no_such_verb(const char *word)
{
    const char *near = command_nearest(word);
    if (near)
        fprintf(stderr, "csr: unknown verb %s; did you mean %s?\n", word, near);
    else
        fprintf(stderr, "csr: unknown verb %s; `csr help` lists them\n", word);
    return CSR_USAGE;
}

/* A result that could not be written is a failure, whatever the verb thought. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    return status ? status : CSR_SYSTEM;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        help_list(stderr);
        return CSR_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        help_list(stdout);
        return finish(CSR_OK);
    }
    if (strcmp(word, "--version") == 0) {
        printf("csr %s\n", CSR_VERSION);
        return finish(CSR_OK);
    }
    const struct verb *verb = command_find(word);
    if (!verb) return no_such_verb(word);
    struct call call;
    if (!call_read(&call, verb, argc - 2, argv + 2)) return CSR_USAGE;
    if (call_has(&call, "help")) {
        help_verb(verb, stdout);
        return finish(CSR_OK);
    }
    return finish(verb->run(&call));
}
