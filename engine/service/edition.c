/* edition.c - see edition.h. Counted under a lock: editions change hands a few times a day. */
#include "engine/service/edition.h"

#include <pthread.h>
#include <stdlib.h>

struct editions {
    pthread_mutex_t lock;
};

struct editions *editions_new(void)
{
    struct editions *es = calloc(1, sizeof *es);
    if (es && pthread_mutex_init(&es->lock, NULL) == 0) return es;
    free(es);
    return NULL;
}

void editions_free(struct editions *es)
{
    if (!es) return;
    pthread_mutex_destroy(&es->lock);
    free(es);
}

struct edition *edition_new(csr_ruleset *rules)
{
    struct edition *e = calloc(1, sizeof *e);
    if (e)
        *e = (struct edition){.rules = rules, .ir = csr_ruleset_ir(rules), .users = 1};
    else
        csr_ruleset_free(rules);
    return e;
}

void edition_use(struct editions *es, struct edition *e)
{
    pthread_mutex_lock(&es->lock);
    e->users++;
    pthread_mutex_unlock(&es->lock);
}

void edition_leave(struct editions *es, struct edition *e)
{
    if (!e) return;
    pthread_mutex_lock(&es->lock);
    bool last = --e->users == 0;
    pthread_mutex_unlock(&es->lock);
    if (!last) return;
    csr_ruleset_free(e->rules);
    free(e);
}
