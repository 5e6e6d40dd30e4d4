/* say.c - the words in which tests tell what they saw. */
#include "engine/testing/testing.h"

void line_moment(struct line *l, const struct trial *t, int64_t second)
{
    ir_put_duration(line_out(l), (second - t->test->start) * SECOND_NS);
}

void line_event(struct line *l, const struct trial *t, uint32_t event)
{
    const struct ir_test_event *e = &t->events.at[event];
    line_put(l, "event %u, at ", event + 1);
    line_moment(l, t, e->second);
    line_put(l, " " TEXT_FMT, TEXT_ARG(e->api));
}
