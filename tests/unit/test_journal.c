/* The journal of actions: intended before, outcome after, once for each key and group. */
#include "engine/action/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

struct where {
    char folder[64], path[128];
};

static int make_place(void **state)
{
    struct where *p = calloc(1, sizeof *p);
    if (!p) return -1;
    snprintf(p->folder, sizeof p->folder, "/tmp/csr-journal-XXXXXX");
    if (!mkdtemp(p->folder)) return -1;
    snprintf(p->path, sizeof p->path, "%s/journal.db", p->folder);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct where *p = *state;
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s%s", p->path, ends[i]);
        unlink(path);
    }
    int wrong = rmdir(p->folder);
    free(p);
    return wrong;
}

static struct journal *open_at(const struct where *p)
{
    char error[256];
    struct journal *j = journal_open(p->path, error);
    if (!j) fail_msg("%s", error);
    return j;
}

/* One text from the journal, seen by another reader, to be freed. */
static char *look(const struct where *p, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open_v2(p->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(s, 0);
    char *copy = strdup(text ? text : "NULL");
    sqlite3_finalize(s);
    sqlite3_close(db);
    return copy;
}

static void expect(const struct where *p, const char *sql, const char *wanted)
{
    char *got = look(p, sql);
    assert_string_equal(got, wanted);
    free(got);
}

static struct action_job job_at(int64_t opened)
{
    return (struct action_job){
        .verb = TEXT("notify"),
        .sink = TEXT("soc"),
        .incident_id = TEXT("i-1"),
        .rule = TEXT("r"),
        .idempotency_key = TEXT("abc"),
        .incident_json = TEXT("{}"),
        .action_json = TEXT("{\"sink\":\"soc\"}"),
        .opened = opened,
        .once = 3600,
    };
}

#define STATE "SELECT state || ',' || attempts || ',' || coalesce(error, '-') FROM actions WHERE id = 1"

static void intended_before_outcome_after(void **state)
{
    struct where *p = *state;
    struct journal *j = open_at(p);
    struct action_job job = job_at(1000);
    struct journal_entry entry;
    char error[256];
    assert_int_equal(journal_intend(j, &job, &entry, error), ACTION_INTENDED);
    assert_string_equal(entry.key, "abc-1000");
    expect(p, STATE, "intended,0,-");
    assert_true(journal_attempt(j, entry.id, 1, "status 500", error));
    assert_true(journal_attempt(j, entry.id, 2, NULL, error));
    assert_true(journal_outcome(j, entry.id, ACTION_DONE, NULL, error));
    expect(p, STATE, "done,2,-");
    expect(p, "SELECT group_concat(number || ':' || coalesce(error, 'ok'), ' ') FROM attempts",
           "1:status 500 2:ok");
    expect(p, "SELECT rule || incident || verb || target FROM actions", "ri-1notify{\"sink\":\"soc\"}");
    expect(p, "PRAGMA journal_mode", "wal");
    journal_close(j);
}

static void once_for_each_group(void **state)
{
    static const struct {
        int64_t opened;
        enum action_outcome wanted;
    } cases[] = {
        {10000, ACTION_INTENDED}, {10000, ACTION_REPEATED}, {13600, ACTION_REPEATED}, {6400, ACTION_REPEATED},
        {13601, ACTION_INTENDED}, {6399, ACTION_INTENDED},
    };
    struct journal *j = open_at(*state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct action_job job = job_at(cases[i].opened);
        struct journal_entry entry;
        char error[256];
        assert_int_equal(journal_intend(j, &job, &entry, error), cases[i].wanted);
    }
    journal_close(j);
}

static void a_later_run_does_not_repeat(void **state)
{
    struct where *p = *state;
    struct journal *j = open_at(p);
    struct action_job job = job_at(1000);
    struct journal_entry entry;
    char error[256];
    assert_int_equal(journal_intend(j, &job, &entry, error), ACTION_INTENDED);
    journal_close(j); /* and the run ends before the outcome is known */
    j = open_at(p);
    assert_int_equal(journal_interrupted(j), 1);
    expect(p, STATE, "unknown,0,csr ended during the attempt");
    assert_int_equal(journal_intend(j, &job, &entry, error), ACTION_REPEATED);
    journal_close(j);
    j = open_at(p);
    assert_int_equal(journal_interrupted(j), 0);
    journal_close(j);
}

static void a_proposal_can_be_carried_out_later(void **state)
{
    struct where *p = *state;
    struct journal *j = open_at(p);
    struct action_job job = job_at(1000);
    struct journal_entry noted, entry;
    char error[256];
    assert_true(journal_note(j, &job, ACTION_FORBIDDEN, "the policy does not allow notify", &noted, error));
    expect(p, STATE, "forbidden,0,the policy does not allow notify");
    assert_true(journal_note(j, &job, ACTION_PROPOSED, NULL, &noted, error)); /* known already */
    job.opened = 1200; /* a late record moved the group */
    assert_int_equal(journal_intend(j, &job, &entry, error), ACTION_INTENDED);
    assert_int_equal(entry.id, noted.id);
    assert_string_equal(entry.key, "abc-1000");
    expect(p, STATE, "intended,0,-");
    journal_close(j);
}

static void hostile_text_is_only_text(void **state)
{
    struct where *p = *state;
    struct journal *j = open_at(p);
    struct action_job job = job_at(1000);
    struct journal_entry entry;
    char error[256];
    job.rule = TEXT("'); DROP TABLE actions; --");
    assert_int_equal(journal_intend(j, &job, &entry, error), ACTION_INTENDED);
    expect(p, "SELECT rule FROM actions", "'); DROP TABLE actions; --");
    journal_close(j);
}

static void what_cannot_be_opened_is_an_error(void **state)
{
    struct where *p = *state;
    char error[256];
    assert_null(journal_open("/nowhere/at/all/journal.db", error));
    assert_non_null(strstr(error, "/nowhere/at/all/journal.db"));
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_null(journal_open(p->path, error));
    assert_non_null(strstr(error, "newer csr"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        TEST(intended_before_outcome_after),      TEST(once_for_each_group),
        TEST(a_later_run_does_not_repeat),        TEST(a_proposal_can_be_carried_out_later),
        TEST(hostile_text_is_only_text),          TEST(what_cannot_be_opened_is_an_error),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
