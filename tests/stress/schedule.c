/* schedule.c - see schedule.h. The state is one for the process, as what is wrapped is. */
#include "tests/stress/schedule.h"

#include "engine/run/atomic.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <cmocka.h>

#define FIBERS      16u /* the caller is number 0 */
#define STACK_BYTES (256u * 1024)
#define NOBODY      FIBERS

enum being { BEING_DONE, BEING_READY, BEING_ASLEEP, BEING_NAPPING, BEING_JOINING };

struct fiber {
    ucontext_t at;
    enum being being;
    const uint32_t *word; /* asleep, napping: on this one */
    unsigned joins;       /* joining: this one */
    uint32_t weight;      /* how likely it is to go on */
    void *(*body)(void *);
    void *world;
    char *stack; /* kept from run to run */
};

static struct {
    bool is_on;
    uint64_t seed, drawn;
    uint32_t stays;  /* at one point in so many another one may go on */
    uint32_t favour; /* choices between two times that preferences are drawn; 0: there are none */
    unsigned n, at_hand;
    struct fiber fibers[FIBERS];
    struct schedule_counts counts;
} all;

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*body)(void *), void *world);
int __real_pthread_join(pthread_t t, void **result);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*body)(void *), void *world);
int __wrap_pthread_join(pthread_t t, void **result);
long __wrap_syscall(long number, ...);

static uint32_t draw(uint32_t below)
{
    uint64_t x = (all.seed ^ (++all.drawn + 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 29) * 0x94d049bb133111eb;
    return (uint32_t)((x ^ x >> 32) % below);
}

/* ---- who goes on --------------------------------------------------------------------------------------- */

static unsigned pick_of(enum being being)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < all.n; i++) sum += all.fibers[i].being == being ? all.fibers[i].weight : 0;
    if (!sum) return NOBODY;
    uint32_t left = draw(sum);
    for (unsigned i = 0;; i++) {
        uint32_t weight = all.fibers[i].being == being ? all.fibers[i].weight : 0;
        if (left < weight) return i;
        left -= weight;
    }
}

static unsigned pick(void)
{
    unsigned chosen = draw(64) ? NOBODY : pick_of(BEING_NAPPING);
    if (chosen == NOBODY) chosen = pick_of(BEING_READY);
    if (chosen != NOBODY) return chosen;
    chosen = pick_of(BEING_NAPPING);
    if (chosen == NOBODY) fail_msg("everybody sleeps, and nobody will wake them");
    all.counts.naps++;
    return chosen;
}

/* Most seeds have somebody do much while others stand still in the middle of something. */
static void draw_weights(void)
{
    for (unsigned i = 0; i < FIBERS; i++) all.fibers[i].weight = all.favour ? 1u << 4 * draw(5) : 1;
}

static void go_on_with(unsigned chosen)
{
    struct fiber *from = &all.fibers[all.at_hand], *to = &all.fibers[chosen];
    to->being = BEING_READY;
    if (from == to) return;
    all.counts.switches++;
    all.at_hand = chosen;
    swapcontext(&from->at, &to->at);
}

void schedule_point(void)
{
    if (!all.is_on) return;
    all.counts.points++;
    if (draw(all.stays)) return;
    if (all.favour && draw(all.favour) == 0) draw_weights();
    go_on_with(pick());
}

/* ---- threads ------------------------------------------------------------------------------------------- */

static void begin_fiber(void)
{
    struct fiber *mine = &all.fibers[all.at_hand];
    mine->body(mine->world);
    mine->being = BEING_DONE;
    for (unsigned i = 0; i < all.n; i++)
        if (all.fibers[i].being == BEING_JOINING && &all.fibers[all.fibers[i].joins] == mine)
            all.fibers[i].being = BEING_READY;
    go_on_with(pick());
    abort(); /* nobody goes on with who is done */
}

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*body)(void *), void *world)
{
    if (!all.is_on) return __real_pthread_create(t, a, body, world);
    if (all.n == FIBERS) return EAGAIN;
    struct fiber *f = &all.fibers[all.n];
    if (!f->stack) f->stack = malloc(STACK_BYTES);
    if (!f->stack || getcontext(&f->at)) return EAGAIN;
    f->at.uc_stack.ss_sp = f->stack;
    f->at.uc_stack.ss_size = STACK_BYTES;
    f->at.uc_link = NULL;
    f->body = body;
    f->world = world;
    f->being = BEING_READY;
    makecontext(&f->at, begin_fiber, 0);
    *t = all.n++;
    return 0;
}

int __wrap_pthread_join(pthread_t t, void **result)
{
    if (!all.is_on) return __real_pthread_join(t, result);
    struct fiber *mine = &all.fibers[all.at_hand];
    if (all.fibers[t].being == BEING_DONE) return 0;
    mine->being = BEING_JOINING;
    mine->joins = (unsigned)t;
    go_on_with(pick());
    return 0;
}

/* ---- the futex ----------------------------------------------------------------------------------------- */

static long sleep_on(const uint32_t *word, uint32_t seen, bool is_limited)
{
    struct fiber *mine = &all.fibers[all.at_hand];
    if (*word != seen) return -1;
    all.counts.sleeps++;
    mine->being = is_limited ? BEING_NAPPING : BEING_ASLEEP;
    mine->word = word;
    go_on_with(pick());
    return 0;
}

/* The kernel wakes in order of arrival; here in any. */
static long wake(const uint32_t *word, int most)
{
    long woken = 0;
    for (unsigned i = 0, first = draw(all.n); i < all.n && woken < most; i++) {
        struct fiber *f = &all.fibers[(first + i) % all.n];
        if ((f->being != BEING_ASLEEP && f->being != BEING_NAPPING) || f->word != word) continue;
        f->being = BEING_READY;
        woken++;
    }
    all.counts.wakes += (uint64_t)woken;
    return woken;
}

long __wrap_syscall(long number, ...)
{
    va_list arguments;
    va_start(arguments, number);
    const uint32_t *word = va_arg(arguments, const uint32_t *);
    int operation = va_arg(arguments, int);
    uint32_t value = va_arg(arguments, uint32_t);
    const struct timespec *limit = va_arg(arguments, const struct timespec *);
    va_end(arguments);
    if (number != SYS_futex || !all.is_on) abort(); /* the run calls the system for nothing else */
    schedule_point();
    return operation == FUTEX_WAIT_PRIVATE ? sleep_on(word, value, limit != NULL) : wake(word, (int)value);
}

/* ---- a run --------------------------------------------------------------------------------------------- */

void schedule_begin(uint64_t seed)
{
    static const uint32_t stays[] = {1, 1, 2, 5, 20, 100}, favours[] = {0, 16, 64, 256, 1000};
    all.seed = seed * 0x9e3779b97f4a7c15;
    all.drawn = 0;
    all.counts = (struct schedule_counts){0};
    all.stays = stays[draw(sizeof stays / sizeof *stays)];
    all.favour = favours[draw(sizeof favours / sizeof *favours)];
    draw_weights();
    all.n = 1;
    all.at_hand = 0;
    all.fibers[0].being = BEING_READY;
    all.is_on = true;
}

struct schedule_counts schedule_end(void)
{
    all.is_on = false;
    return all.counts;
}
