/* word.c - the table of words. There are some ninety, and a search over them takes no time that matters. */
#include "grammar/word.h"
#include "parser.h"

static const struct word words[] = {
#define WORD(token, text, use, form) {TOK_##token, text, use, form},
#include "grammar/word.def"
#undef WORD
};

#define WORDS (sizeof words / sizeof *words)

const struct word *word_find(struct text t)
{
    for (size_t i = 0; i < WORDS; i++)
        if (words[i].text[0] == t.at[0] && text_equal(text_of(words[i].text), t)) return &words[i];
    return NULL;
}

const struct word *word_of_token(int token)
{
    for (size_t i = 0; i < WORDS; i++)
        if (words[i].token == token) return &words[i];
    return NULL;
}

const struct word *word_near(struct text t, enum word_use body)
{
    struct nearest n = {.wanted = t};
    for (size_t i = 0; i < WORDS; i++)
        if (words[i].use & body) nearest_try(&n, text_of(words[i].text));
    return n.best.at ? word_find(n.best) : NULL;
}

uint32_t word_depth(enum word_use body)
{
    return body == IN_FILE ? 0 : body == IN_RESPOND ? 2 : 1;
}

struct text word_list(struct arena *a, enum word_use body)
{
    struct text list = {"", 0};
    for (size_t i = 0; i < WORDS; i++)
        if (words[i].use & body)
            list = arena_printf(a, TEXT_FMT "%s%s", TEXT_ARG(list), list.len ? ", " : "", words[i].text);
    return list;
}
