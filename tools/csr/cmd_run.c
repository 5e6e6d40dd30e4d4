/* cmd_run.c - csr run SITE.csr: the service, in the foreground. */
#include "tools/csr/command.h"

#include "engine/csr.h"

#include <signal.h>
#include <unistd.h>

/* What signal handlers may write. A handler gets no context, so these two are the one place where a variable of the
 * whole file is unavoidable. Other threads read them: hence the atomic stores. */
static volatile bool stop_asked, reload_asked;

static void on_signal(int number)
{
    if (number == SIGHUP)
        __atomic_store_n(&reload_asked, true, __ATOMIC_RELAXED);
    else
        __atomic_store_n(&stop_asked, true, __ATOMIC_RELAXED);
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static void talk(void *world, const char *line)
{
    (void)world;
    fprintf(stderr, "%s\n", line);
}

int verb_run(const struct call *call)
{
    long threads = 0;
    if (!call_number(call, "threads", 1, 1024, &threads)) return CSR_USAGE;
    csr_report *report = csr_report_new();
    if (!report) return fail(call, CSR_SYSTEM, "out of memory");
    watch_signals();
    struct csr_run_options o = {.site = call->operands[0], .threads = (unsigned)threads,
                                .socket = call_value(call, "socket"),
                                .state = call_value(call, "state"), .stop = &stop_asked, .reload = &reload_asked,
                                .talk = talk};
    char error[512] = "";
    enum csr_status status = csr_run(&o, report, error);
    csr_report_print(report, stderr, (struct csr_report_style){.color = wants_color(call, stderr)});
    csr_report_free(report);
    if (error[0]) return fail(call, (int)status, "%s", error);
    return (int)status;
}
