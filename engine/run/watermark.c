/* watermark.c - how far the input has come, folded from batches (batch.h, invariants 4 and 5).
 *
 * The watermark is the newest second that any event showed, less the disorder; it moves at ticks only and
 * never back.
 */
#include "engine/run/batch.h"

static int64_t less(int64_t second, int64_t disorder)
{
    return second < INT64_MIN + disorder ? INT64_MIN : second - disorder;
}

void watermark_fold(struct watermark *w, const struct batch *b)
{
    if (b->newest > w->newest) w->newest = b->newest;
    if (!b->ticks) return;
    int64_t passed = w->passed;
    if (b->is_end)
        passed = INT64_MAX;
    else if (w->newest != INT64_MIN)
        passed = less(w->newest + b->idle, b->rules->disorder);
    if (passed > w->passed) w->passed = passed;
}
