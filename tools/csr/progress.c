/* progress.c - the progress line and the summary of a replay. */
#include "tools/csr/progress.h"

#include <unistd.h>

static double since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

void progress_begin(struct progress *p, FILE *to)
{
    *p = (struct progress){.to = to, .is_terminal = isatty(fileno(to))};
    clock_gettime(CLOCK_MONOTONIC, &p->begun);
    p->drawn = p->begun;
}

double progress_seconds(const struct progress *p)
{
    return since(&p->begun);
}

const char *grouped_print(unsigned long long n, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", n), at = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
    return out;
}

void progress_show(struct progress *p, const struct csr_progress *now)
{
    double seconds = since(&p->begun);
    if (!p->is_terminal || seconds < 1 || since(&p->drawn) < 0.1) return;
    clock_gettime(CLOCK_MONOTONIC, &p->drawn);
    p->shown = true;
    char records[32], incidents[32];
    fprintf(p->to, "\r\033[K%s records, %s incidents, %.0f MB/s", grouped_print(now->records, records),
            grouped_print(now->incidents, incidents), (double)now->bytes_read / 1e6 / seconds);
    if (now->bytes_all && now->bytes_read) {
        double share = (double)now->bytes_read / (double)now->bytes_all;
        if (share > 1) share = 1;
        int full = (int)(share * 30);
        fprintf(p->to, "  [%.*s%*s] %3.0f %%, %.0f s left", full, "##############################", 30 - full, "",
                share * 100, seconds / share - seconds);
    }
    fflush(p->to);
}

void progress_clear(struct progress *p)
{
    if (p->shown) fputs("\r\033[K", p->to);
    p->shown = false;
}

void accounts_print(const struct csr_counts *c, FILE *to)
{
    const struct {
        const char *name;
        uint64_t count;
    } all[] = {{"completed", c->states_completed}, {"expired", c->states_expired}, {"vetoed", c->states_vetoed},
               {"superseded", c->states_superseded}, {"merged", c->states_merged}, {"dropped", c->states_dropped},
               {"evicted", c->states_evicted}, {"live", c->states_live}};
    char count[32];
    fprintf(to, "%s half-built matches made", grouped_print(c->states_made, count));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        fprintf(to, "%s %s %s", i ? "," : ":", grouped_print(all[i].count, count), all[i].name);
    fprintf(to, "\ngiven up for want of room: %s keys,", grouped_print(c->keys_evicted, count));
    fprintf(to, " %s events of full keys,", grouped_print(c->hits_refused, count));
    fprintf(to, " %s values of baselines,", grouped_print(c->values_evicted, count));
    fprintf(to, " %s identities\n", grouped_print(c->identities_evicted, count));
}

void summary_print(const struct csr_counts *c, double seconds, FILE *to)
{
    char in[32], evaluated[32], late[32], duplicate[32], aside[32], incidents[32];
    fprintf(to, "%s record%s in %.2f s: %s evaluated, %s late, %s duplicate, %s set aside; %s incident%s\n",
            grouped_print(c->in, in), c->in == 1 ? "" : "s", seconds, grouped_print(c->evaluated, evaluated), grouped_print(c->late, late),
            grouped_print(c->duplicate, duplicate), grouped_print(c->aside, aside), grouped_print(c->incidents, incidents),
            c->incidents == 1 ? "" : "s");
    if (c->not_used)
        fprintf(to, "%s of the evaluated %s of a source that no rule uses\n", grouped_print(c->not_used, in),
                c->not_used == 1 ? "is" : "are");
}
