/* keeping.c - see keeping.h.
 *
 *     SECR  the secret of all hashes
 *     INPT  where sources stand: the dealer writes it when it begins a checkpoint
 *     SINK  how far the file of incidents had come: the writer, when it has given out everything before
 *     and the sections of the run (run/checkpoint.c); none in the checkpoint of the beginning
 *
 * Invariants
 * 1. What a checkpoint holds was given out before: the lines are on the disk, and the actions in the journal.
 * While some still wait, none is written.
 * 2. What was given out behind the checkpoint is given out again by whoever goes on from it: lines that stand
 * in the file are not written again (io/sink.h), and actions that stand in the journal are not attempted
 * again (action/journal.h).
 */
#include "engine/service/keeping.h"

#include "engine/io/checkpoint.h"
#include "engine/service/service.h"

#include <stdlib.h>
#include <time.h>

#define EVERY_SECONDS 60
#define SECOND_NS     INT64_C(1000000000)

struct keeping {
    struct service *service;
    struct checkpoints *files;
    struct checkpoint_file found; /* until it was resumed from */
    bool has_found;
    struct arena *arena;
    struct tape input; /* the dealer's, then the writer's */
    uint64_t begun;    /* records when the last one was begun */
    int64_t due;       /* nanoseconds of the monotonic clock */
    bool failed;       /* the last one could not be written, and it was said */
};

/* ---- when ---------------------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

static int64_t every_ns(const struct keeping *k)
{
    unsigned said = k->service->o->checkpoint_seconds;
    return (said ? said : EVERY_SECONDS) * SECOND_NS;
}

static bool actions_wait(const struct service *s)
{
    struct acting_counts n = acting_count(s->acting);
    return n.put > n.performed;
}

static bool is_due(void *world)
{
    struct keeping *k = world;
    uint64_t records = k->service->o->checkpoint_records;
    if (records && sources_input_given(k->service->sources) >= k->begun + records) return true;
    return now_ns() >= k->due;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static void begin(void *world)
{
    struct keeping *k = world;
    tape_release(&k->input);
    arena_reset(k->arena);
    k->input = tape_writer(k->arena);
    sources_input_places(k->service->sources, &k->input);
    k->begun = sources_input_given(k->service->sources);
    k->due = now_ns() + every_ns(k);
}

static void sink_tape(struct tape *t, struct sink_place *place)
{
    TAPE(t, place->device), TAPE(t, place->number), TAPE(t, place->size);
}

static bool write_sections(struct keeping *k, const struct tape_section *sections, uint32_t n,
                           char error[512])
{
    struct service *s = k->service;
    struct sink_place place;
    char why[256] = "lines or actions wait";
    if (actions_wait(s) || !sink_place(s->incidents, &place, why)) {
        snprintf(error, 512, "%s", why);
        return false;
    }
    struct tape sink = tape_writer(NULL);
    struct tape_section *all = calloc((size_t)n + 3, sizeof *all);
    sink_tape(&sink, &place);
    bool done = all && !sink.is_broken && !k->input.is_broken;
    if (done) {
        all[0] = (struct tape_section){"SECR", (const char *)s->secret, sizeof s->secret};
        all[1] = (struct tape_section){"INPT", k->input.bytes, k->input.len};
        all[2] = (struct tape_section){"SINK", sink.bytes, sink.len};
        if (n) memcpy(all + 3, sections, n * sizeof *all);
        done = checkpoints_write(k->files, all, n + 3, error);
    } else {
        snprintf(error, 512, "no memory for a checkpoint");
    }
    free(all);
    tape_release(&sink);
    return done;
}

/* Trouble is said once, until it is over. */
static void whole(void *world, const struct tape_section *sections, uint32_t n)
{
    struct keeping *k = world;
    char error[512] = "out of memory";
    bool done = n && write_sections(k, sections, n, error);
    if (!done && !k->failed) service_talk(k->service, "no checkpoint: %s; the one before stays", error);
    if (done && k->failed) service_talk(k->service, "checkpoints are written again");
    k->failed = !done;
}

struct run_keeping keeping_of(struct keeping *k)
{
    return (struct run_keeping){k, is_due, begin, whole};
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static const struct tape_section *section_of(const struct keeping *k, const char *kind)
{
    for (uint32_t i = 0; i < k->found.n; i++)
        if (!strcmp(k->found.sections[i].kind, kind)) return &k->found.sections[i];
    return NULL;
}

struct keeping *keeping_open(struct service *s, const char *folder, char error[512])
{
    struct keeping *k = calloc(1, sizeof *k);
    struct arena *arena = arena_new(0);
    if (!k || !arena) {
        snprintf(error, 512, "out of memory");
        arena_free(arena);
        free(k);
        return NULL;
    }
    k->service = s;
    k->arena = arena;
    k->due = now_ns() + every_ns(k);
    k->files = checkpoints_open(folder, error);
    enum checkpoint_found found =
        k->files ? checkpoints_read(k->files, &k->found, error) : CHECKPOINT_REFUSED;
    if (found == CHECKPOINT_REFUSED) {
        keeping_close(k);
        return NULL;
    }
    k->has_found = found == CHECKPOINT_READ;
    if (k->found.passed_over[0]) service_talk(s, "%s; goes on from the one before", k->found.passed_over);
    return k;
}

void keeping_close(struct keeping *k)
{
    if (!k) return;
    checkpoint_file_release(&k->found);
    checkpoints_close(k->files);
    tape_release(&k->input);
    arena_free(k->arena);
    free(k);
}

bool keeping_secret(const struct keeping *k, uint64_t secret[2])
{
    const struct tape_section *s = section_of(k, "SECR");
    if (!k->has_found || !s || s->len != 2 * sizeof *secret) return false;
    memcpy(secret, s->bytes, s->len);
    return true;
}

static void tell(void *world, const char *trouble)
{
    service_talk(world, "%s", trouble);
}

static bool resume_sources(struct keeping *k, char error[512])
{
    const struct tape_section *s = section_of(k, "INPT");
    if (!s) return false;
    arena_reset(k->arena);
    struct tape t = tape_reader(s->bytes, s->len, k->arena);
    return sources_input_resume(k->service->sources, &t, k->service, tell, error);
}

static bool resume_incidents(struct keeping *k, uint64_t *lines)
{
    const struct tape_section *s = section_of(k, "SINK");
    struct sink_place place = {.number = 0};
    if (!s) return false;
    struct tape t = tape_reader(s->bytes, s->len, k->arena);
    sink_tape(&t, &place);
    *lines = t.is_broken || !place.number ? 0 : sink_resume(k->service->incidents, &place);
    return !t.is_broken;
}

/* One of the beginning, without a run: so that who begins anew knows which lines were written by whom. */
static bool keep_beginning(struct keeping *k, char error[512])
{
    begin(k);
    return write_sections(k, NULL, 0, error);
}

bool keeping_resume(struct keeping *k, char error[512])
{
    uint64_t lines = 0;
    if (!k->has_found) return keep_beginning(k, error);
    snprintf(error, 512, "the checkpoint makes no sense");
    bool done = resume_sources(k, error) && resume_incidents(k, &lines) &&
                (!section_of(k, "NAME") || run_restore(k->service->run, k->found.sections, k->found.n));
    if (!done) return false;
    const struct state_adoption *a = &k->service->first_adoption;
    error[0] = '\0';
    service_talk(k->service,
                 "goes on from checkpoint %llu: %llu rules kept, %llu changed, %llu new, %llu dropped, %llu half-built "
                 "matches lost with them; %llu lines behind it are written already",
                 (unsigned long long)k->found.number, (unsigned long long)a->rules_kept,
                 (unsigned long long)a->rules_changed, (unsigned long long)a->rules_new,
                 (unsigned long long)a->rules_dropped, (unsigned long long)a->half_built_dropped,
                 (unsigned long long)lines);
    checkpoint_file_release(&k->found);
    k->has_found = false;
    k->begun = sources_input_given(k->service->sources);
    return true;
}
