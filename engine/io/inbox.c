/* inbox.c - see inbox.h.
 *
 * The folder is walked again and again. What is new and has the size it had at the look before is finished;
 * all files that are found finished at one look are a batch, merged as a replay would. Batches are given one
 * after the other.
 *
 * Invariants
 * 1. A file is taken once, as it was when it was found finished; later changes of it are not seen.
 * 2. Looking takes at most a tenth of the time, however large the folder.
 */
#include "engine/io/inbox.h"

#include "engine/io/merge.h"
#include "engine/io/patience.h"
#include "engine/io/walk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOK_MS 250

struct batch {
    struct batch *next;
    struct merge *merge;
    struct input input;
    uint64_t first, given; /* number of its first record, and how many it has given */
    uint32_t first_origin;
    bool is_over;
};

struct inbox {
    char *path;
    struct walk known; /* what the last look saw; is_taken tells what is read */
    struct batch *oldest, *newest;
    uint64_t given, bytes;
    char **names; /* of origins */
    uint32_t n_names;
    int64_t next_look; /* milliseconds */
};

/* ---- looking ------------------------------------------------------------------------------------------- */

/* What is finished now and not yet taken, marked in `now`. Both walks are sorted by path. */
static size_t find_finished(struct walk *now, const struct walk *before, bool is_first)
{
    size_t k = 0, n = 0;
    for (size_t i = 0; i < now->len; i++) {
        struct walked *file = &now->files[i];
        while (k < before->len && strcmp(before->files[k].path, file->path) < 0) k++;
        bool is_known = k < before->len && !strcmp(before->files[k].path, file->path);
        file->is_taken = is_known && before->files[k].is_taken;
        file->is_finished =
            !file->is_taken && (is_first || (is_known && before->files[k].size == file->size));
        n += file->is_finished;
    }
    return n;
}

static bool add_names(struct inbox *i, const struct merge *m)
{
    uint32_t n = merge_files(m);
    char **names = realloc(i->names, (i->n_names + (size_t)n) * sizeof *names);
    if (!names) return false;
    i->names = names;
    for (uint32_t k = 0; k < n; k++) {
        struct text name = merge_file_at(m, k).name;
        names[i->n_names + k] = strndup(name.at, name.len);
    }
    i->n_names += n;
    return true;
}

/* False: one of them has gone away since; the next look tries again. */
static bool add_batch(struct inbox *i, const char *const *paths, size_t n)
{
    char error[512];
    struct batch *b = calloc(1, sizeof *b);
    if (!b) return false;
    *b = (struct batch){.merge = merge_open(paths, n, error), .first = i->given, .first_origin = i->n_names};
    if (!b->merge || !add_names(i, b->merge)) {
        merge_close(b->merge);
        free(b);
        return false;
    }
    b->input = merge_input(b->merge);
    if (i->newest)
        i->newest->next = b;
    else
        i->oldest = b;
    i->newest = b;
    return true;
}

static bool take_finished(struct inbox *i, struct walk *now, size_t n)
{
    const char **paths = calloc(n, sizeof *paths);
    if (!paths) return false;
    size_t k = 0;
    for (size_t f = 0; f < now->len; f++)
        if (now->files[f].is_finished) paths[k++] = now->files[f].path;
    bool is_taken = add_batch(i, paths, n);
    for (size_t f = 0; f < now->len; f++)
        if (now->files[f].is_finished) now->files[f].is_taken = is_taken;
    free(paths);
    return is_taken;
}

/* True if there is a new batch. */
static bool look(struct inbox *i, bool is_first, char error[512])
{
    int64_t began = now_ms();
    struct walk now = {.is_tolerant = !is_first}; /* one bad file must not hold up the others */
    bool has_new = false;
    if (walk_path(&now, i->path, error)) {
        walk_seal(&now);
        size_t n = find_finished(&now, &i->known, is_first);
        has_new = n && take_finished(i, &now, n);
        struct walk before = i->known;
        i->known = now;
        now = before;
    }
    walk_free(&now);
    int64_t took = now_ms() - began;
    i->next_look = began + took + (took * 9 > LOOK_MS ? took * 9 : LOOK_MS);
    return has_new;
}

/* ---- giving -------------------------------------------------------------------------------------------- */

static enum input_result inbox_next(void *world, struct input_record *out, int wait_ms)
{
    struct inbox *i = world;
    char error[512];
    for (;;) {
        struct batch *b = i->newest;
        if (b && !b->is_over) {
            b->is_over = b->input.next(b->input.world, out, 0) == INPUT_END;
            if (b->is_over) continue;
            out->origin += b->first_origin;
            b->given++;
            i->given++;
            return INPUT_RECORD;
        }
        int64_t until = i->next_look - now_ms();
        if (until <= 0) {
            if (look(i, false, error)) continue;
            until = LOOK_MS;
        }
        if (!wait_for_look(&wait_ms, (int)(until < LOOK_MS ? until : LOOK_MS))) return INPUT_IDLE;
    }
}

static void drop_oldest(struct inbox *i)
{
    struct batch *b = i->oldest;
    i->oldest = b->next;
    if (!i->oldest) i->newest = NULL;
    merge_close(b->merge);
    free(b);
}

static void inbox_release(void *world, uint64_t n)
{
    struct inbox *i = world;
    while (i->oldest && i->oldest->is_over && n >= i->oldest->first + i->oldest->given) {
        uint64_t read, all;
        i->oldest->input.progress(i->oldest->input.world, &read, &all);
        i->bytes += read;
        drop_oldest(i);
    }
    struct batch *b = i->oldest;
    if (b && n > b->first) b->input.release(b->input.world, n - b->first);
}

static struct text inbox_name(void *world, uint32_t origin)
{
    struct inbox *i = world;
    const char *name = origin < i->n_names ? i->names[origin] : NULL;
    return name ? text_of(name) : TEXT("?");
}

static void inbox_progress(void *world, uint64_t *read, uint64_t *all)
{
    struct inbox *i = world;
    uint64_t part;
    *read = i->bytes;
    for (const struct batch *b = i->oldest; b; b = b->next) {
        b->input.progress(b->input.world, &part, all);
        *read += part;
    }
    *all = 0;
}

struct inbox *inbox_open(const char *path, char error[512])
{
    struct inbox *i = calloc(1, sizeof *i);
    if (!i || !(i->path = strdup(path))) {
        snprintf(error, 512, "%s: %s", path, strerror(ENOMEM));
        inbox_close(i);
        return NULL;
    }
    error[0] = 0;
    look(i, true, error);
    if (!error[0]) return i;
    inbox_close(i);
    return NULL;
}

void inbox_close(struct inbox *i)
{
    if (!i) return;
    while (i->oldest) drop_oldest(i);
    for (uint32_t k = 0; k < i->n_names; k++) free(i->names[k]);
    free(i->names);
    walk_free(&i->known);
    free(i->path);
    free(i);
}

struct input inbox_input(struct inbox *i)
{
    return (struct input){i, inbox_next, inbox_release, inbox_name, inbox_progress};
}

/* ---- places -------------------------------------------------------------------------------------------- */

/* The batch that is being given behind the n-th record; NULL: all of every batch is. */
static const struct batch *batch_at(const struct inbox *i, uint64_t n)
{
    const struct batch *at = NULL;
    for (const struct batch *b = i->oldest; b; b = b->next)
        if (b->first <= n && !(b->is_over && n == b->first + b->given)) at = b;
    return at;
}

static bool is_of(const struct inbox *i, const struct batch *b, const char *path)
{
    for (uint32_t k = 0; b && k < merge_files(b->merge); k++)
        if (!strcmp(i->names[b->first_origin + k], path)) return true;
    return false;
}

static void path_tape(struct tape *t, const char *path)
{
    struct text name = text_of(path);
    TAPE(t, name);
}

/* The files of the batch at hand and how many of its records were given; then those that are done with. */
void inbox_place(struct inbox *i, uint64_t n, struct tape *t)
{
    const struct batch *b = batch_at(i, n);
    uint64_t given = b ? n - b->first : 0;
    uint32_t n_done = 0;
    for (size_t k = 0; k < i->known.len; k++)
        n_done += i->known.files[k].is_taken && !is_of(i, b, i->known.files[k].path);
    TAPE(t, given);
    (void)tape_count(t, b ? merge_files(b->merge) : 0);
    for (uint32_t k = 0; b && k < merge_files(b->merge); k++) path_tape(t, i->names[b->first_origin + k]);
    (void)tape_count(t, n_done);
    for (size_t k = 0; k < i->known.len; k++)
        if (i->known.files[k].is_taken && !is_of(i, b, i->known.files[k].path))
            path_tape(t, i->known.files[k].path);
}

/* Files by their names, in order: NULL where it is not there. */
static struct walked *find_known(struct inbox *i, struct text path)
{
    size_t lo = 0, hi = i->known.len;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = strncmp(i->known.files[mid].path, path.at, path.len);
        if (!order && i->known.files[mid].path[path.len]) order = 1;
        if (!order) return &i->known.files[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* Records are given again and not looked at. */
static void pass_over(struct inbox *i, uint64_t n)
{
    struct batch *b = i->newest;
    struct input_record unused;
    for (; b && b->given < n; i->given++, b->given++) {
        if (b->input.next(b->input.world, &unused, 0) != INPUT_RECORD) break;
        if (b->given % 1024 == 0) b->input.release(b->input.world, b->given);
    }
    inbox_release(i, i->given);
}

/* The names of a list in the order in which merging numbers them. False: one of them is not there. */
static bool read_names(struct inbox *i, struct tape *t, struct walked **out, uint32_t *n)
{
    bool are_there = true;
    uint32_t all = *n;
    *n = 0;
    for (uint32_t k = 0; k < all; k++) {
        struct text name = {NULL, 0};
        TAPE(t, name);
        struct walked *file = name.len ? find_known(i, name) : NULL;
        if (file) file->is_taken = true, out[(*n)++] = file;
        are_there &= file != NULL;
    }
    return are_there;
}

/* Forgets what opening took: what was taken before is to go first. */
static void untake(struct inbox *i)
{
    while (i->oldest) drop_oldest(i);
    for (uint32_t k = 0; k < i->n_names; k++) free(i->names[k]);
    i->n_names = 0;
    for (size_t k = 0; k < i->known.len; k++) i->known.files[k].is_taken = false;
}

uint64_t inbox_resume(struct inbox *i, struct tape *t, char trouble[512])
{
    uint64_t given = 0;
    untake(i);
    TAPE(t, given);
    uint32_t n = tape_count(t, 0), n_done = 0;
    struct walked **files = arena_alloc(t->arena, n * sizeof *files);
    const char **paths = arena_alloc(t->arena, n * sizeof *paths);
    bool are_there = read_names(i, t, files, &n);
    for (uint32_t k = 0; k < n; k++) paths[k] = files[k]->path;
    n_done = tape_count(t, 0);
    (void)read_names(i, t, arena_alloc(t->arena, n_done * sizeof *files), &n_done);
    if (!are_there)
        snprintf(trouble, 512, "%.300s: files that were being read are gone; the others begin anew", i->path);
    if (n && add_batch(i, paths, n) && are_there) pass_over(i, given);
    i->next_look = 0;
    return i->given;
}
