/* What the server's limits are without a word, and which do not go together. See http.h. */
#include <string.h>
#include <sys/resource.h>
#include <microhttpd.h>
#include "core/http/http.h"

#define SPARE_FILES 64                /* for the database, logs and workers */

void http_config_default(struct http_config *c)
{
    *c = (struct http_config){
        .listen = { "127.0.0.1:8080" }, .call_threads = 64, .long_calls = 16, .connections = 1000, .connections_per_address = 32, .backlog = 511,
        .header_ms = 10000, .body_ms = 30000, .write_ms = 60000, .body_bytes = 1 << 20, .upload_bytes = 64 << 20, .header_lines = 100,
        .header_bytes = 16 << 10, .url_bytes = 8 << 10, .connection_bytes = 32 << 10, .login_failures = 10, .heartbeat_ms = 15000,
        .retry_ms = 2000, .gzip_bytes = 1400, .access_log = "-",
    };
}

int http_config_check(const struct http_config *c, struct hone_err *err)
{
    struct rlimit files = { 0 };
    if (!c->tls_cert != !c->tls_key)
        return hone_fail(err, HONE_EINVAL, "http.tlsCert and http.tlsKey go together; one is missing");
    if (c->tls_cert && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return hone_fail(err, HONE_EINVAL, "http.tlsCert: this machine's libmicrohttpd was built without TLS; put a proxy in front and set "
                         "http.behindProxy");
    if (MHD_is_feature_supported(MHD_FEATURE_EPOLL) != MHD_YES)
        return hone_fail(err, HONE_EINVAL, "this machine's libmicrohttpd was built without epoll, which the server needs");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY && (rlim_t)c->connections + SPARE_FILES > files.rlim_cur)
        return hone_fail(err, HONE_EINVAL, "http.connections is %d, but the process may open only %llu files, of which it needs %d itself; raise the "
                         "limit (ulimit -n, LimitNOFILE=) or lower the key", c->connections, (unsigned long long)files.rlim_cur, SPARE_FILES);
    if (c->header_bytes + c->url_bytes > c->connection_bytes)
        return hone_fail(err, HONE_EINVAL, "http.headerBytes and http.urlBytes together are more than http.connectionBytes (%d)", c->connection_bytes);
    if (c->long_calls >= c->call_threads)
        return hone_fail(err, HONE_EINVAL, "http.longCalls (%d) must be less than http.callThreads (%d)", c->long_calls, c->call_threads);
    return 0;
}
