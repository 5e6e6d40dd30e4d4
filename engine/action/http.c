/* http.c - tells by posting the incident to a URL. The only file that knows libcurl.
 *
 * One attempt: retries and their pauses are action.c's. Nothing that the other side answers is used but its status;
 * redirects are not followed, since the operator named one place and no other.
 */
#include "engine/action/attempt.h"

#include <curl/curl.h>
#include <stdio.h>

bool http_start(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void http_stop(void)
{
    curl_global_cleanup();
}

static size_t ignore_body(char *at, size_t size, size_t n, void *world)
{
    (void)at, (void)world;
    return size * n;
}

/* libcurl asks about once a second, more often while data moves. */
static int on_progress(void *world, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return attempt_cancelled(((const struct attempt *)world)->cancelled, 0);
}

static struct curl_slist *headers(const struct attempt *a)
{
    char key[160];
    const char *lines[] = {"Content-Type: application/json", "Expect:", key};
    struct curl_slist *list = NULL;
    snprintf(key, sizeof key, "Idempotency-Key: %s", a->key);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct curl_slist *longer = curl_slist_append(list, lines[i]);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

static void prepare(CURL *curl, const struct attempt *a, const char *url, struct curl_slist *list,
                    char *reason)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(a->timeout / 1000000));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, a->user_agent);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, a->job->incident_json.at);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)a->job->incident_json.len);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_body);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)(uintptr_t)a);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
}

static enum attempt_result judge_failure(const struct attempt *a, CURLcode code, const char *reason)
{
    snprintf(a->error, ATTEMPT_ERROR, "%s", *reason ? reason : curl_easy_strerror(code));
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_ABORTED_BY_CALLBACK: return ATTEMPT_FAILED;
    default: return ATTEMPT_AGAIN;
    }
}

static enum attempt_result judge_status(const struct attempt *a, long status)
{
    if (status >= 200 && status < 300) return ATTEMPT_DONE;
    snprintf(a->error, ATTEMPT_ERROR, "status %ld%s", status,
             status >= 300 && status < 400 ? " (redirects are not followed)" : "");
    return status >= 500 || status == 408 || status == 429 ? ATTEMPT_AGAIN : ATTEMPT_FAILED;
}

static enum attempt_result post(CURL *curl, const struct attempt *a, const char *url, struct curl_slist *list)
{
    char reason[CURL_ERROR_SIZE] = "";
    long status = 0;
    prepare(curl, a, url, list, reason);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) return judge_failure(a, code, reason);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return judge_status(a, status);
}

enum attempt_result http_attempt(const struct attempt *a)
{
    char url[4096];
    enum attempt_result result = ATTEMPT_FAILED;
    CURL *curl = curl_easy_init();
    struct curl_slist *list = headers(a);
    if (a->sink->url.len >= sizeof url)
        snprintf(a->error, ATTEMPT_ERROR, "the URL is too long");
    else if (!curl || !list)
        snprintf(a->error, ATTEMPT_ERROR, "out of memory");
    else {
        snprintf(url, sizeof url, TEXT_FMT, TEXT_ARG(a->sink->url));
        result = post(curl, a, url, list);
    }
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return result;
}
