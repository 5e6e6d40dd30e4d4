/* journal.h - what actions were intended, tried and achieved: the part that action.c uses. */
#ifndef CSR_ENGINE_ACTION_JOURNAL_H
#define CSR_ENGINE_ACTION_JOURNAL_H

#include "engine/action/action.h"

/* Under this name, unique in the journal, an action is known to us and to the other side. */
#define JOURNAL_KEY_MOST 128
struct journal_entry {
    int64_t id;
    char key[JOURNAL_KEY_MOST];
};

/* ACTION_INTENDED: written down, attempt it now. ACTION_REPEATED: an attempt under this key is there already, within the
 * time of `once`. ACTION_FAILED: the journal could not be written. */
enum action_outcome journal_intend(struct journal *j, const struct action_job *job,
                                   struct journal_entry *entry, char error[256]);
/* An action that is not attempted: proposed or forbidden. Known already: nothing changes. */
bool journal_note(struct journal *j, const struct action_job *job, enum action_outcome outcome,
                  const char *why, struct journal_entry *entry, char error[256]);
/* One attempt of an intended action, from 1; why: NULL if it succeeded. */
bool journal_attempt(struct journal *j, int64_t id, uint32_t number, const char *why, char error[256]);
bool journal_outcome(struct journal *j, int64_t id, enum action_outcome outcome, const char *why,
                     char error[256]);

#endif
