/* test_checkpoint_files.c - two generations, damage of every byte, other versions. */
#include "engine/base/crc32c.h"
#include "engine/io/checkpoint.h"
#include "tests/unit/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void crc_is_castagnolis(void **unused)
{
    (void)unused;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
    assert_int_equal(crc32c(0, "", 0), 0);
}

static void write_one(const char *folder, const char *says)
{
    char error[512];
    struct checkpoints *c = checkpoints_open(folder, error);
    struct tape_section sections[] = {{"ONE", says, strlen(says)}, {"TWO", "", 0}};
    assert_non_null(c);
    assert_true(checkpoints_write(c, sections, 2, error));
    checkpoints_close(c);
}

/* What the newest whole one says: "" for none, "!" if it is refused. */
static void assert_read(const char *folder, const char *says, bool passes_over)
{
    char error[512];
    struct checkpoint_file f;
    struct checkpoints *c = checkpoints_open(folder, error);
    enum checkpoint_found found = checkpoints_read(c, &f, error);
    assert_int_equal(found, !*says ? CHECKPOINT_NONE : *says == '!' ? CHECKPOINT_REFUSED : CHECKPOINT_READ);
    if (found == CHECKPOINT_READ) {
        assert_int_equal(f.n, 2);
        assert_true(f.sections[0].len == strlen(says) &&
                    !memcmp(f.sections[0].bytes, says, f.sections[0].len));
        assert_true((f.passed_over[0] != 0) == passes_over);
    }
    checkpoint_file_release(&f);
    checkpoints_close(c);
}

static void path_of(char out[512], const char *folder, unsigned number)
{
    snprintf(out, 512, "%s/checkpoint-%020u", folder, number);
}

static void the_newest_two_are_held(void **unused)
{
    struct folder f = folder_new();
    const char *folder = f.path;
    char path[512];
    (void)unused;
    assert_read(folder, "", false);
    write_one(folder, "first");
    assert_read(folder, "first", false);
    write_one(folder, "second");
    write_one(folder, "third");
    assert_read(folder, "third", false);
    path_of(path, folder, 1);
    assert_int_not_equal(access(path, F_OK), 0);
    path_of(path, folder, 3);
    assert_int_equal(unlink(path), 0);
    assert_read(folder, "second", false);
    folder_remove(&f);
}

static void any_damage_falls_back(void **unused)
{
    struct folder f = folder_new();
    const char *folder = f.path;
    char path[512];
    char bytes[512];
    (void)unused;
    write_one(folder, "older");
    write_one(folder, "newer");
    path_of(path, folder, 2);
    FILE *file = fopen(path, "r");
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t i = 0; i < 2 * len + 1; i++) {
        file = fopen(path, "w");
        if (i < len) bytes[i] ^= 0x40;
        fwrite(bytes, 1, i < len ? len : i - len, file);
        if (i < len) bytes[i] ^= 0x40;
        fclose(file);
        bool is_whole = i == 2 * len;
        assert_read(folder, is_whole ? "newer" : "older", !is_whole);
    }
    path_of(path, folder, 1);
    assert_int_equal(truncate(path, 20), 0);
    path_of(path, folder, 2);
    assert_int_equal(truncate(path, 20), 0);
    assert_read(folder, "!", false);
    folder_remove(&f);
}

static void another_version_is_refused(void **unused)
{
    struct folder f = folder_new();
    const char *folder = f.path;
    char path[512], bytes[512], error[512];
    struct checkpoint_file out;
    (void)unused;
    write_one(folder, "older");
    write_one(folder, "newer");
    path_of(path, folder, 2);
    FILE *file = fopen(path, "r+");
    size_t len = fread(bytes, 1, sizeof bytes, file);
    bytes[8]++;
    uint32_t crc = crc32c(0, bytes, 24);
    memcpy(bytes + 24, &crc, 4);
    rewind(file);
    fwrite(bytes, 1, len, file);
    fclose(file);
    struct checkpoints *c = checkpoints_open(folder, error);
    assert_int_equal(checkpoints_read(c, &out, error), CHECKPOINT_REFUSED); /* and not the older one */
    assert_non_null(strstr(error, "format 2"));
    checkpoints_close(c);
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_castagnolis), cmocka_unit_test(the_newest_two_are_held),
        cmocka_unit_test(any_damage_falls_back), cmocka_unit_test(another_version_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
