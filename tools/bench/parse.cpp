// parse.cpp - seconds that simdjson On-Demand takes to read twelve fields of each record of a file: the bare
// parsing that tools/bench/bars compares csr with. One pass over the members, as one would write it for speed.
#include <simdjson.h>

#include <chrono>
#include <cstdio>

using namespace simdjson;

static size_t read_caller(ondemand::value v)
{
    size_t n = 0;
    std::string_view text;
    for (auto field : v.get_object()) {
        std::string_view key = field.unescaped_key();
        if ((key == "type" || key == "arn" || key == "accountId" || key == "userName") &&
            !field.value().get_string().get(text))
            n += text.size();
    }
    return n;
}

static size_t read_record(ondemand::object record)
{
    static const std::string_view wanted[] = {"eventTime", "eventSource",        "eventName", "awsRegion", "sourceIPAddress",
                                              "userAgent", "recipientAccountId", "eventID"};
    size_t n = 0;
    std::string_view text;
    for (auto field : record) {
        std::string_view key = field.unescaped_key();
        if (key == "userIdentity") {
            n += read_caller(field.value());
            continue;
        }
        for (std::string_view name : wanted)
            if (key == name && !field.value().get_string().get(text)) n += text.size();
    }
    return n;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    padded_string bytes = padded_string::load(argv[1]);
    ondemand::parser parser;
    size_t n = 0;
    auto begin = std::chrono::steady_clock::now();
    ondemand::document_stream records = parser.iterate_many(bytes, 1 << 20);
    for (auto record : records) n += read_record(record.get_object());
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::fprintf(stderr, "%zu bytes of fields\n", n);
    std::printf("%.6f\n", took.count());
    return 0;
}
