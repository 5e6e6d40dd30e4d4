/* zone.c - time zones by name, from the system's database: what hour() and weekday() say of a place.
 *
 * The database is a folder of TZif files (Debian: tzdata), /usr/share/zoneinfo or where TZDIR says. Each zone
 * that a rule set names is read once, when it is compiled; at run time nothing is read, and the process's own
 * zone is never looked at.
 */
#include "engine/base/zone.h"
#include "engine/compile/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DATABASE  "/usr/share/zoneinfo"
#define FILE_MOST (256u << 10) /* bytes: the largest zone has 4 KiB, the list of names 120 KiB */

static const char *database(void)
{
    const char *folder = getenv("TZDIR");
    return folder && *folder ? folder : DATABASE;
}

/* A file below the database. Memory is taken before it is opened: the arena's escape must not pass over it.
 */
static bool read_file(struct compiler *c, struct text name, struct text *bytes)
{
    struct text path = arena_printf(c->arena, "%s/" TEXT_FMT, database(), TEXT_ARG(name));
    struct stat is;
    if (stat(path.at, &is) || !S_ISREG(is.st_mode) || is.st_size > FILE_MOST) return false;
    char *room = arena_alloc(c->arena, (size_t)is.st_size);
    FILE *file = fopen(path.at, "rb");
    if (!file) return false;
    *bytes = (struct text){room, (uint32_t)fread(room, 1, (size_t)is.st_size, file)};
    fclose(file);
    return true;
}

/* Letters, digits and - + _ / alone: no way out of the folder. */
static bool is_name(struct text t)
{
    static const char others[] = "-+_/";
    for (uint32_t i = 0; i < t.len; i++) {
        char low = text_lower(t.at[i]);
        bool is_letter = low >= 'a' && low <= 'z', is_digit = low >= '0' && low <= '9';
        if (!is_letter && !is_digit && (!low || !strchr(others, low))) return false;
    }
    return t.len && t.len < 64 && t.at[0] != '/';
}

/* The lines "Z Europe/Berlin …" and "L Europe/Berlin Europe/Oslo" of the list that the database has of
 * itself. */
static void try_line(struct nearest *near, struct text line)
{
    if (line.len < 3 || (line.at[0] != 'Z' && line.at[0] != 'L') || line.at[1] != ' ') return;
    struct text words = {line.at + 2, line.len - 2};
    const char *blank = memchr(words.at, ' ', words.len);
    if (!blank) return;
    struct text first = {words.at, (uint32_t)(blank - words.at)};
    struct text second = {blank + 1, (uint32_t)(words.at + words.len - blank - 1)};
    nearest_try(near, line.at[0] == 'Z' ? first : second);
}

static struct text nearest_name(struct compiler *c, struct text name)
{
    struct nearest near = {.wanted = name};
    struct text list;
    if (!read_file(c, TEXT("tzdata.zi"), &list)) return near.best;
    while (list.len) {
        const char *end = memchr(list.at, '\n', list.len);
        uint32_t len = end ? (uint32_t)(end - list.at) : list.len;
        try_line(&near, (struct text){list.at, len});
        list = (struct text){list.at + len + (end != NULL), list.len - len - (end != NULL)};
    }
    return near.best;
}

static void unknown(struct compiler *c, struct text name, struct csr_span span)
{
    struct stat is;
    if (stat(database(), &is)) {
        struct diag *d = diag_at(c->diags, E0245, span, "the zones of places are not known here");
        diag_note(
            d,
            "%s cannot be read: install the time zone database (Debian: tzdata), or say in TZDIR where it is",
            database());
        return;
    }
    struct diag *d = diag_at(c->diags, E0245, span, "no zone is called `" TEXT_FMT "`", TEXT_ARG(name));
    struct text near = nearest_name(c, name);
    if (near.len)
        diag_fix(d, span, "\"" TEXT_FMT "\"", TEXT_ARG(near));
    else
        diag_note(d, "zones are \"UTC\", an offset like \"+02:00\", or a place like \"Europe/Berlin\"");
}

uint32_t zone_named(struct compiler *c, struct text name, struct csr_span span)
{
    for (uint32_t i = 0; i < c->zones.len; i++)
        if (text_equal(c->zones.at[i].name, name)) return i;
    struct zone zone = {.name = name};
    struct text bytes;
    if (!is_name(name) || !read_file(c, name, &bytes) || !zone_read_tzif(c->arena, bytes, &zone)) {
        unknown(c, name, span);
        return IR_NONE;
    }
    *ARENA_PUSH(c->arena, c->zones) = zone;
    return c->zones.len - 1;
}
