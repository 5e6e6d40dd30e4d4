/* test_hash.c - SipHash-1-3 against vectors of two independent implementations (OpenSSL's with c-rounds:1
 * d-rounds:3 under the key 00 01 … 0f, and CPython's bytes hash under an all-zero key). */
#include "engine/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static const struct {
    size_t len; /* of the bytes 00 01 02 … */
    const char *hash64, *hash128; /* bytes in order of output */
} vectors[] = {
    {0, "dcc40f055801acab", "e77ebcb22788a5befd62db6add303001"},
    {1, "93ca577df39bf4c9", "fc6f370460d3eda85e0573cc2b2ff063"},
    {7, "4011b19b987d92d3", "1084b923f2aae0c3a62f2ec80848ab77"},
    {8, "8e9a298d11959036", "aa12fee1d5e3dab4724f16ab35f9c799"},
    {15, "5699512a6dd820d3", "c17e5505b2bd526c2921cdec1e7e0109"},
    {16, "668b907d1add4fcc", "d0a8d95715518eebb513b0f83d9e1793"},
    {63, "a8b3bbb76290199d", "4c5800e34efe426f079f6b0aa75260ad"},
};

static void hex_put(char *out, uint64_t word)
{
    for (int i = 0; i < 8; i++) sprintf(out + 2 * i, "%02x", (unsigned)(word >> 8 * i & 255));
}

static void test_vectors(void **state)
{
    (void)state;
    unsigned char bytes[64];
    for (int i = 0; i < 64; i++) bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        char hex[33];
        hex_put(hex, hash_64(key, bytes, vectors[i].len));
        assert_string_equal(hex, vectors[i].hash64);
        struct hash128 h = hash_128(key, bytes, vectors[i].len);
        hex_put(hex, h.lo);
        hex_put(hex + 16, h.hi);
        assert_string_equal(hex, vectors[i].hash128);
    }
}

static void test_zero_key(void **state)
{
    (void)state;
    const uint64_t zero[2] = {0, 0};
    assert_true(hash_64(zero, "abc", 3) == 0xc03bc3a0042630f2);
}

/* Bytes that are not aligned, and every length around the words, hash as their aligned copy does. */
static void test_unaligned(void **state)
{
    (void)state;
    char bytes[80], copy[80];
    for (int i = 0; i < 80; i++) bytes[i] = (char)(i * 37);
    for (size_t from = 0; from < 9; from++)
        for (size_t len = 0; len < 70; len++) {
            memcpy(copy, bytes + from, len);
            assert_true(hash_64(key, bytes + from, len) == hash_64(key, copy, len));
            assert_true(hash128_equal(hash_128(key, bytes + from, len), hash_128(key, copy, len)));
        }
}

static void test_print(void **state)
{
    (void)state;
    char out[33];
    hash128_print((struct hash128){.hi = 0x0123456789abcdef, .lo = 0x10}, out);
    assert_string_equal(out, "0123456789abcdef0000000000000010");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_zero_key),
        cmocka_unit_test(test_unaligned),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
