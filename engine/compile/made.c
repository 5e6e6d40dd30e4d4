/* made.c - see made.h. */
#include "engine/compile/made.h"

#define PATH_MOST 16 /* names in a path that the compiler itself writes */

struct made *made_new(struct arena *a, enum made_kind kind, struct text text)
{
    struct made *m = ARENA_NEW(a, struct made);
    *m = (struct made){.kind = kind, .text = text};
    return m;
}

void made_add(struct made *parent, struct made *kid)
{
    if (parent->last)
        parent->last->next = kid;
    else
        parent->kids = kid;
    parent->last = kid;
}

struct made *made_member(const struct made *object, struct text name)
{
    for (struct made *m = object->kind == MADE_OBJECT ? object->kids : NULL; m; m = m->next)
        if (text_equal(m->name, name)) return m;
    return NULL;
}

struct made *made_find(const struct made *object, const struct text *path, uint32_t n)
{
    struct made *at = (struct made *)object;
    for (uint32_t i = 0; at && i < n; i++) at = made_member(at, path[i]);
    return at;
}

/* ---- putting ---- */

/* The member of that name, made as null if it is not there. */
static struct made *member_for(struct arena *a, struct made *object, struct text name)
{
    struct made *m = made_member(object, name);
    if (m) return m;
    m = made_new(a, MADE_WORD, TEXT("null"));
    m->name = name;
    made_add(object, m);
    return m;
}

static void merge(struct arena *a, struct made *into, const struct made *value)
{
    if (into->kind != MADE_OBJECT || value->kind != MADE_OBJECT) {
        into->kind = value->kind;
        into->text = value->text;
        into->kids = value->kids;
        into->last = value->last;
        return;
    }
    for (const struct made *m = value->kids; m; m = m->next) merge(a, member_for(a, into, m->name), m);
}

static void become_object(struct made *m)
{
    if (m->kind == MADE_OBJECT) return;
    m->kind = MADE_OBJECT;
    m->kids = m->last = NULL;
}

void made_put(struct arena *a, struct made *object, const struct text *path, uint32_t n, struct made *value)
{
    for (uint32_t i = 0; i < n; i++) {
        become_object(object);
        object = member_for(a, object, path[i]);
    }
    merge(a, object, value);
}

static uint32_t cut_path(const char *path, struct text out[PATH_MOST])
{
    uint32_t n = 0;
    while (n < PATH_MOST) {
        uint32_t len = (uint32_t)strcspn(path, ".");
        out[n++] = (struct text){path, len};
        if (!path[len]) break;
        path += len + 1;
    }
    return n;
}

static void put_at(struct arena *a, struct made *object, const char *path, struct made *value)
{
    struct text names[PATH_MOST];
    made_put(a, object, names, cut_path(path, names), value);
}

void made_put_text(struct arena *a, struct made *object, const char *path, struct text text)
{
    put_at(a, object, path, made_new(a, MADE_TEXT, text));
}

void made_put_word(struct arena *a, struct made *object, const char *path, const char *word)
{
    put_at(a, object, path, made_new(a, MADE_WORD, text_of(word)));
}

struct made *made_at(const struct made *object, const char *path)
{
    struct text names[PATH_MOST];
    return made_find(object, names, cut_path(path, names));
}

/* ---- printing ---- */

/* Printed twice: at first nowhere, to know how long it is. */
struct print {
    char *at;
    uint32_t len;
};

static void put(struct print *p, struct text t)
{
    if (p->at && t.len) memcpy(p->at + p->len, t.at, t.len);
    p->len += t.len;
}

static void put_byte(struct print *p, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char escape[] = "\\u0000";
    escape[4] = digits[byte >> 4];
    escape[5] = digits[byte & 15];
    if (byte == '"' || byte == '\\') put(p, TEXT("\\"));
    put(p, byte < 0x20 ? TEXT(escape) : (struct text){(const char *)&byte, 1});
}

static void put_quoted(struct print *p, struct text t)
{
    put(p, TEXT("\""));
    for (uint32_t i = 0; i < t.len; i++) put_byte(p, (unsigned char)t.at[i]);
    put(p, TEXT("\""));
}

static void print(struct print *p, const struct made *m)
{
    if (m->kind == MADE_WORD) put(p, m->text);
    if (m->kind == MADE_TEXT) put_quoted(p, m->text);
    if (m->kind < MADE_OBJECT) return;
    put(p, m->kind == MADE_OBJECT ? TEXT("{") : TEXT("["));
    for (const struct made *kid = m->kids; kid; kid = kid->next) {
        if (kid != m->kids) put(p, TEXT(","));
        if (m->kind == MADE_OBJECT) put_quoted(p, kid->name), put(p, TEXT(":"));
        print(p, kid);
    }
    put(p, m->kind == MADE_OBJECT ? TEXT("}") : TEXT("]"));
}

struct text made_print(struct arena *a, const struct made *m)
{
    struct print p = {NULL, 0};
    print(&p, m);
    p = (struct print){arena_alloc(a, p.len), 0};
    print(&p, m);
    return (struct text){p.at, p.len};
}
