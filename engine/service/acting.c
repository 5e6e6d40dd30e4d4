/* acting.c - see acting.h.
 *
 * The spill list is the writer's as long as it is empty; once something is in it, the writer looks under the lock
 * until the action thread has taken it away. So with room in the ring no lock is touched.
 */
#include "engine/service/acting.h"

#include "engine/run/ring.h"
#include "engine/run/wait.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define SLEEP_US 1000000

struct acting {
    struct acting_options o;
    struct actions *actions;
    pthread_t thread;
    struct ring ring;
    struct wait wait;
    uint8_t closing; /* flag */

    /* the writer's own */
    bool is_spilling;

    pthread_mutex_t lock;
    pthread_cond_t ended_changed;
    /* under the lock */
    struct action_job **spill;
    uint32_t spill_len, spill_cap;
    struct edition *next; /* to adopt; a reference is held */
    bool has_ended;

    uint64_t put, performed, refused; /* cursors */

    /* the action thread's own */
    struct edition *edition;
};

/* ---- the writer's side --------------------------------------------------------------------------------- */

static bool spill(struct acting *a, struct action_job *job)
{
    if (a->put - cursor_read(&a->performed) >= ACTING_MOST) return false;
    if (a->spill_len == a->spill_cap) {
        uint32_t cap = a->spill_cap ? a->spill_cap * 2 : 64;
        struct action_job **grown = realloc(a->spill, cap * sizeof *grown);
        if (!grown) return false;
        a->spill = grown;
        a->spill_cap = cap;
    }
    a->spill[a->spill_len++] = job;
    return true;
}

static bool enqueue(struct acting *a, struct action_job *job)
{
    if (!a->is_spilling && ring_put(&a->ring, job)) return true;
    pthread_mutex_lock(&a->lock);
    bool done = (!a->spill_len && ring_put(&a->ring, job)) || spill(a, job);
    a->is_spilling = a->spill_len > 0;
    pthread_mutex_unlock(&a->lock);
    return done;
}

bool acting_put(struct acting *a, struct action_job *job)
{
    if (!enqueue(a, job)) {
        cursor_publish(&a->refused, a->refused + 1);
        free(job);
        return false;
    }
    cursor_publish(&a->put, a->put + 1);
    wait_wake(&a->wait, 1);
    return true;
}

/* ---- the action thread --------------------------------------------------------------------------------- */

static void adopt_newest(struct acting *a)
{
    pthread_mutex_lock(&a->lock);
    struct edition *next = a->next;
    a->next = NULL;
    pthread_mutex_unlock(&a->lock);
    if (!next) return;
    actions_adopt(a->actions, next->ir->site);
    edition_leave(a->o.editions, a->edition);
    a->edition = next;
}

static void perform(struct acting *a, struct action_job *job)
{
    adopt_newest(a);
    struct action_result result = actions_perform(a->actions, job);
    a->o.outcome(a->o.world, job, &result);
    free(job);
    cursor_publish(&a->performed, a->performed + 1);
}

/* All that was spilled before now. While anything is spilled the writer leaves the ring alone: what is in the ring is
 * older, what comes into it later is newer. */
static bool perform_spilled(struct acting *a)
{
    struct action_job **jobs = NULL;
    uint32_t n = 0;
    pthread_mutex_lock(&a->lock);
    bool older_first = !ring_is_empty(&a->ring);
    if (!older_first) {
        jobs = a->spill;
        n = a->spill_len;
        a->spill = NULL;
        a->spill_len = a->spill_cap = 0;
    }
    pthread_mutex_unlock(&a->lock);
    for (uint32_t i = 0; i < n; i++) perform(a, jobs[i]);
    free(jobs);
    return older_first || n > 0;
}

static bool perform_some(struct acting *a)
{
    struct action_job *job = ring_get(&a->ring);
    if (!job) return perform_spilled(a);
    perform(a, job);
    return true;
}

static void *act(void *world)
{
    struct acting *a = world;
    for (;;) {
        uint32_t seen = wait_announce(&a->wait);
        bool closing = flag_is_up(&a->closing); /* before the last look for work */
        adopt_newest(a);
        if (perform_some(a)) {
            wait_cancel(&a->wait);
        } else if (closing) {
            wait_cancel(&a->wait);
            break;
        } else {
            wait_sleep(&a->wait, seen, SLEEP_US);
        }
    }
    pthread_mutex_lock(&a->lock);
    a->has_ended = true;
    pthread_cond_signal(&a->ended_changed);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* ---- making, stopping ---------------------------------------------------------------------------------- */

static void release(struct acting *a)
{
    pthread_cond_destroy(&a->ended_changed);
    pthread_mutex_destroy(&a->lock);
    ring_release(&a->ring);
    actions_free(a->actions);
    edition_leave(a->o.editions, a->edition);
    edition_leave(a->o.editions, a->next);
    free(a->spill);
    free(a);
}

struct acting *acting_start(const struct acting_options *o, char error[256])
{
    struct acting *a = calloc(1, sizeof *a);
    if (!a) {
        snprintf(error, 256, "out of memory");
        return NULL;
    }
    a->o = *o;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->ended_changed, NULL);
    a->actions = actions_new(o->journal, o->user_agent, error);
    if (a->actions && ring_init(&a->ring, ACTING_RING)) {
        if (pthread_create(&a->thread, NULL, act, a) == 0) return a;
        snprintf(error, 256, "cannot start the thread that acts");
    }
    release(a);
    return NULL;
}

static void wait_until_ended(struct acting *a, int64_t grace_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += grace_ms / 1000;
    until.tv_nsec += grace_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&a->lock);
    while (!a->has_ended && pthread_cond_timedwait(&a->ended_changed, &a->lock, &until) == 0) continue;
    bool has_ended = a->has_ended;
    pthread_mutex_unlock(&a->lock);
    if (!has_ended) actions_cancel(a->actions);
}

void acting_stop(struct acting *a, int64_t grace_ms)
{
    flag_raise(&a->closing);
    wait_wake(&a->wait, 1);
    wait_until_ended(a, grace_ms);
    pthread_join(a->thread, NULL);
    release(a);
}

void acting_adopt(struct acting *a, struct edition *e)
{
    edition_use(a->o.editions, e);
    pthread_mutex_lock(&a->lock);
    struct edition *overtaken = a->next;
    a->next = e;
    pthread_mutex_unlock(&a->lock);
    edition_leave(a->o.editions, overtaken);
    wait_wake(&a->wait, 1);
}

struct acting_counts acting_count(const struct acting *a)
{
    uint64_t performed = cursor_read(&a->performed); /* first, so that it is not more than put */
    return (struct acting_counts){cursor_read(&a->put), performed, cursor_read(&a->refused)};
}
