/* journal.c - the journal of actions in SQLite. The only file that knows it.
 *
 * A file with a write-ahead log, so that people can read while we write; every commit is on the disk before we go on,
 * because an action must not happen without its intention being known after a crash.
 *
 * 1. One row an action, unique by idempotency_key = target_key "-" opened. Two openings at most `once` apart are the
 *    same group (language.md B18, B28): an attempt found in that span is not repeated.
 * 2. Rows are written by one thread and one process: the service holds a lock on the folder.
 * 3. An action that was intended and has no outcome when the journal is opened is "unknown".
 */
#include "engine/action/journal.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define JOURNAL_VERSION "1"

struct journal {
    sqlite3 *db;
    sqlite3_stmt *find, *insert, *update, *attempt, *outcome;
    uint32_t interrupted;
};

static const char setup[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "CREATE TABLE IF NOT EXISTS actions ("
    "  id INTEGER PRIMARY KEY,"
    "  idempotency_key TEXT NOT NULL UNIQUE,"
    "  target_key TEXT NOT NULL,"
    "  opened INTEGER NOT NULL," /* seconds since 1970: of the incident's group */
    "  incident TEXT NOT NULL,"
    "  rule TEXT NOT NULL,"
    "  verb TEXT NOT NULL,"
    "  target TEXT NOT NULL,"    /* the arguments, JSON */
    "  state TEXT NOT NULL CHECK"
    "    (state IN ('proposed', 'forbidden', 'intended', 'done', 'failed', 'unknown')),"
    "  error TEXT,"
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  created TEXT NOT NULL,"
    "  updated TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS actions_by_target ON actions (target_key, opened);"
    "CREATE TABLE IF NOT EXISTS attempts ("
    "  action INTEGER NOT NULL REFERENCES actions (id),"
    "  number INTEGER NOT NULL,"
    "  at TEXT NOT NULL,"
    "  error TEXT,"              /* NULL: it succeeded */
    "  PRIMARY KEY (action, number)) WITHOUT ROWID;"
    "PRAGMA user_version = " JOURNAL_VERSION ";";

#define NOW "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

static const char interrupt[] =
    "UPDATE actions SET state = 'unknown', error = 'csr ended during the attempt', updated = " NOW
    " WHERE state = 'intended'";
/* Attempts before proposals: an attempt in the span decides. */
static const char find[] = "SELECT id, idempotency_key, state IN ('proposed', 'forbidden') FROM actions"
                           " WHERE target_key = ?1 AND opened BETWEEN ?2 AND ?3 ORDER BY 3, opened LIMIT 1";
static const char insert[] =
    "INSERT INTO actions (idempotency_key, target_key, opened, incident, rule, verb, target,"
    " state, error, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, " NOW ", " NOW ")";
static const char update[] =
    "UPDATE actions SET state = ?2, error = ?3, incident = ?4, updated = " NOW " WHERE id = ?1";
static const char attempt[] = "INSERT INTO attempts (action, number, at, error) VALUES (?1, ?2, " NOW ", ?3)";
static const char outcome[] = "UPDATE actions SET state = ?2, error = ?3, updated = " NOW
                              ", attempts = (SELECT count(*) FROM attempts WHERE action = ?1) WHERE id = ?1";

static bool failed(struct journal *j, char error[256])
{
    snprintf(error, 256, "journal: %s", sqlite3_errmsg(j->db));
    return false;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool execute(struct journal *j, const char *sql, char error[256])
{
    return sqlite3_exec(j->db, sql, NULL, NULL, NULL) == SQLITE_OK || failed(j, error);
}

static bool check_version(struct journal *j, char error[256])
{
    sqlite3_stmt *s = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(j->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        version = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    if (version < 0) return failed(j, error);
    if (version <= atoi(JOURNAL_VERSION)) return true;
    snprintf(error, 256, "journal: written by a newer csr (version %d, this one knows " JOURNAL_VERSION ")",
             version);
    return false;
}

static bool prepare_statements(struct journal *j, char error[256])
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {{&j->find, find},
               {&j->insert, insert},
               {&j->update, update},
               {&j->attempt, attempt},
               {&j->outcome, outcome}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (sqlite3_prepare_v3(j->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT, all[i].statement, NULL) !=
            SQLITE_OK)
            return failed(j, error);
    return true;
}

struct journal *journal_open(const char *path, char error[256])
{
    struct journal *j = calloc(1, sizeof *j);
    if (!j) {
        snprintf(error, 256, "journal: out of memory");
        return NULL;
    }
    if (sqlite3_open_v2(path, &j->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        snprintf(error, 256, "journal: %s: %s", path, j->db ? sqlite3_errmsg(j->db) : "out of memory");
    } else {
        sqlite3_busy_timeout(j->db, 5000);
        if (check_version(j, error) && execute(j, setup, error) && execute(j, interrupt, error) &&
            prepare_statements(j, error)) {
            j->interrupted = (uint32_t)sqlite3_changes(j->db);
            return j;
        }
    }
    journal_close(j);
    return NULL;
}

void journal_close(struct journal *j)
{
    if (!j) return;
    sqlite3_stmt *all[] = {j->find, j->insert, j->update, j->attempt, j->outcome};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) sqlite3_finalize(all[i]);
    sqlite3_close(j->db);
    free(j);
}

uint32_t journal_interrupted(const struct journal *j)
{
    return j->interrupted;
}

/* ---- statements ---------------------------------------------------------------------------------------- */

static void bind_text(sqlite3_stmt *s, int place, struct text t)
{
    sqlite3_bind_text(s, place, t.at ? t.at : "", (int)t.len, SQLITE_STATIC);
}

static void bind_why(sqlite3_stmt *s, int place, const char *why)
{
    if (why && *why)
        bind_text(s, place, text_of(why));
    else
        sqlite3_bind_null(s, place);
}

/* Runs a statement that gives no rows, and makes it ready for its next use. */
static bool finish(struct journal *j, sqlite3_stmt *s, char error[256])
{
    bool done = sqlite3_step(s) == SQLITE_DONE || failed(j, error);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return done;
}

enum found { FOUND_NOTHING, FOUND_PROPOSAL, FOUND_ATTEMPT, FOUND_ERROR };

static enum found find_row(struct journal *j, const struct action_job *job, struct journal_entry *entry,
                           char error[256])
{
    sqlite3_stmt *s = j->find;
    enum found found = FOUND_NOTHING;
    bind_text(s, 1, job->idempotency_key);
    sqlite3_bind_int64(s, 2, job->opened - job->once);
    sqlite3_bind_int64(s, 3, job->opened + job->once);
    int step = sqlite3_step(s);
    if (step == SQLITE_ROW) {
        entry->id = sqlite3_column_int64(s, 0);
        snprintf(entry->key, sizeof entry->key, "%s", (const char *)sqlite3_column_text(s, 1));
        found = sqlite3_column_int(s, 2) ? FOUND_PROPOSAL : FOUND_ATTEMPT;
    } else if (step != SQLITE_DONE) {
        failed(j, error);
        found = FOUND_ERROR;
    }
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return found;
}

static bool insert_row(struct journal *j, const struct action_job *job, enum action_outcome state,
                       const char *why, struct journal_entry *entry, char error[256])
{
    sqlite3_stmt *s = j->insert;
    snprintf(entry->key, sizeof entry->key, TEXT_FMT "-%lld", TEXT_ARG(job->idempotency_key),
             (long long)job->opened);
    bind_text(s, 1, text_of(entry->key));
    bind_text(s, 2, job->idempotency_key);
    sqlite3_bind_int64(s, 3, job->opened);
    bind_text(s, 4, job->incident_id);
    bind_text(s, 5, job->rule);
    bind_text(s, 6, job->verb);
    bind_text(s, 7, job->action_json);
    bind_text(s, 8, text_of(action_outcome_name(state)));
    bind_why(s, 9, why);
    if (!finish(j, s, error)) return false;
    entry->id = sqlite3_last_insert_rowid(j->db);
    return true;
}

static bool update_row(struct journal *j, const struct action_job *job, enum action_outcome state,
                       const char *why, const struct journal_entry *entry, char error[256])
{
    sqlite3_stmt *s = j->update;
    sqlite3_bind_int64(s, 1, entry->id);
    bind_text(s, 2, text_of(action_outcome_name(state)));
    bind_why(s, 3, why);
    bind_text(s, 4, job->incident_id);
    return finish(j, s, error);
}

/* ---- what action.c asks for ---------------------------------------------------------------------------- */

enum action_outcome journal_intend(struct journal *j, const struct action_job *job,
                                   struct journal_entry *entry, char error[256])
{
    bool written = false;
    switch (find_row(j, job, entry, error)) {
    case FOUND_ATTEMPT: return ACTION_REPEATED;
    case FOUND_PROPOSAL: written = update_row(j, job, ACTION_INTENDED, NULL, entry, error); break;
    case FOUND_NOTHING: written = insert_row(j, job, ACTION_INTENDED, NULL, entry, error); break;
    case FOUND_ERROR: break;
    }
    return written ? ACTION_INTENDED : ACTION_FAILED;
}

bool journal_note(struct journal *j, const struct action_job *job, enum action_outcome state, const char *why,
                  struct journal_entry *entry, char error[256])
{
    switch (find_row(j, job, entry, error)) {
    case FOUND_ATTEMPT:
    case FOUND_PROPOSAL: return true;
    case FOUND_NOTHING: return insert_row(j, job, state, why, entry, error);
    case FOUND_ERROR: break;
    }
    return false;
}

bool journal_attempt(struct journal *j, int64_t id, uint32_t number, const char *why, char error[256])
{
    sqlite3_bind_int64(j->attempt, 1, id);
    sqlite3_bind_int64(j->attempt, 2, number);
    bind_why(j->attempt, 3, why);
    return finish(j, j->attempt, error);
}

bool journal_outcome(struct journal *j, int64_t id, enum action_outcome state, const char *why,
                     char error[256])
{
    sqlite3_bind_int64(j->outcome, 1, id);
    bind_text(j->outcome, 2, text_of(action_outcome_name(state)));
    bind_why(j->outcome, 3, why);
    return finish(j, j->outcome, error);
}
