/* story.h - an incident told to a person: a timeline of steps, the score with its reasons, what is proposed.
 *
 * Made from the JSON of a revision, so that a story can be told of anything that a pipe, a file or a database kept.
 */
#ifndef CSR_TOOLS_CSR_STORY_H
#define CSR_TOOLS_CSR_STORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

void story_tell(const json_t *incident, FILE *to, bool color);

/* Of a stream of revisions, the last of each incident: told when it is closed, or at the end. Incidents that were
 * retracted or merged are counted, not told. */
struct stories {
    FILE *to;
    bool color;
    json_t *open;       /* id -> last revision, in the order of opening */
    size_t told, retracted, merged;
};
void stories_init(struct stories *s, FILE *to, bool color);
/* False: the line is no revision of an incident (it is passed over) . */
bool stories_add(struct stories *s, const char *json, size_t len);
void stories_end(struct stories *s);

#endif
