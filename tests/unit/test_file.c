/* Whole reads, durable writes, hashes, directories; also messages, since they go to a file here. */
#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/log.h"
#include "tests/unit/suites.h"

static char dir[64];
static struct hone_err e;

static int make_dir(void)
{
    snprintf(dir, sizeof dir, "/tmp/hone-unit.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void)
{
    return file_remove_tree(dir, &e);
}

/* A path in the test's directory, in memory of its own for each of the last 4 calls. */
static const char *at(const char *name)
{
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static int entries(const char *sub)
{
    char command[300];
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", at(sub));
    FILE *f = popen(command, "r");
    int n = -1;
    if (!f || fscanf(f, "%d", &n) != 1)
        n = -1;
    if (f)
        pclose(f);
    return n;
}

static void reads(void)
{
    struct buf b = { 0 };
    CU_ASSERT_EQUAL(file_write_atomic(at("a"), "hello", 5, &e), 0);
    buf_puts(&b, "> ");
    CU_ASSERT_EQUAL(file_read(at("a"), 5, &b, &e), 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "> hello");
    CU_ASSERT_EQUAL(file_read(at("a"), 4, &b, &e), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "larger than the 4 bytes"));
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "> hello");
    CU_ASSERT_EQUAL(file_read(dir, 100, &b, &e), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "is a directory"));
    CU_ASSERT_EQUAL(file_read(at("none"), 100, &b, &e), ERR_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "No such file"));
    CU_ASSERT_EQUAL(file_read("/dev/null", 100, &b, &e), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "is not a file"));
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "> hello");
    buf_free(&b);
}

static void writes(void)
{
    struct buf b = { 0 };
    CU_ASSERT_EQUAL(file_mkdirs(at("w"), &e), 0);
    CU_ASSERT_EQUAL(file_write_atomic(at("w/x"), "old", 3, &e), 0);
    CU_ASSERT_EQUAL(file_write_atomic(at("w/x"), "", 0, &e), 0);
    CU_ASSERT_EQUAL(file_read(at("w/x"), 10, &b, &e), 0);
    CU_ASSERT_EQUAL(b.n, 0);
    CU_ASSERT_EQUAL(file_write_atomic(at("none/x"), "a", 1, &e), HONE_EIO);
    CU_ASSERT_EQUAL(mkdir(at("w/d"), 0700), 0);
    CU_ASSERT_EQUAL(file_write_atomic(at("w/d"), "a", 1, &e), HONE_EIO);
    CU_ASSERT_EQUAL(entries("w"), 2);
    buf_free(&b);
}

/* A limit on the size of files stands for a full disk: the old file stays, nothing is left beside it. */
static void disk_is_full(void)
{
    static char large[100000];
    struct rlimit old, small;
    struct buf b = { 0 };
    char hex[65];
    CU_ASSERT_EQUAL(file_mkdirs(at("full"), &e), 0);
    CU_ASSERT_EQUAL(file_write_atomic(at("full/x"), "old", 3, &e), 0);
    CU_ASSERT_EQUAL(file_write_atomic(at("large"), large, sizeof large, &e), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 5000;
    setrlimit(RLIMIT_FSIZE, &small);
    CU_ASSERT_EQUAL(file_write_atomic(at("full/x"), large, sizeof large, &e), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "File too large"));
    CU_ASSERT_EQUAL(file_store(at("large"), at("full"), ".jsonl", hex, NULL, &e), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "File too large"));
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    CU_ASSERT_EQUAL(file_read(at("full/x"), 10, &b, &e), 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&b), "old");
    CU_ASSERT_EQUAL(entries("full"), 1);
    buf_free(&b);
}

static void directories(void)
{
    struct stat st;
    CU_ASSERT_EQUAL(file_mkdirs(at("p/q/r"), &e), 0);
    CU_ASSERT_EQUAL(file_mkdirs(at("p/q/r"), &e), 0);
    CU_ASSERT_EQUAL(file_mkdirs(at("p//q/s/"), &e), 0);
    CU_ASSERT(stat(at("p/q/s"), &st) == 0 && (st.st_mode & 0777) == 0700);
    CU_ASSERT_EQUAL(file_mkdirs("", &e), HONE_EIO);
    CU_ASSERT_EQUAL(file_write_atomic(at("p/file"), "a", 1, &e), 0);
    CU_ASSERT_EQUAL(file_mkdirs(at("p/file"), &e), HONE_EIO);
    CU_ASSERT_EQUAL(file_mkdirs(at("p/file/x"), &e), HONE_EIO);
    CU_ASSERT_EQUAL(file_write_atomic(at("outside"), "a", 1, &e), 0);
    CU_ASSERT_EQUAL(symlink(at("outside"), at("p/q/link")), 0);
    CU_ASSERT_EQUAL(symlink(dir, at("p/q/loop")), 0);
    CU_ASSERT_EQUAL(file_remove_tree(at("p"), &e), 0);
    CU_ASSERT(stat(at("p"), &st) != 0);
    CU_ASSERT_EQUAL(stat(at("outside"), &st), 0);
    CU_ASSERT_EQUAL(file_remove_tree(at("p"), &e), 0);
    CU_ASSERT_EQUAL(symlink(dir, at("link")), 0);
    CU_ASSERT_EQUAL(file_remove_tree(at("link"), &e), HONE_EIO);
    CU_ASSERT_EQUAL(stat(at("outside"), &st), 0);
    char *p = path_join("a", "b");
    CU_ASSERT_STRING_EQUAL(p, "a/b");
    free(p);
    char own[4096];
    CU_ASSERT_EQUAL(path_program_dir(own, sizeof own, &e), 0);
    CU_ASSERT_EQUAL(own[0], '/');
    CU_ASSERT_EQUAL(path_program_dir(own, 2, &e), HONE_EIO);
}

static void hashes(void)
{
    char hex[65], again[65];
    int64_t bytes = 0;
    struct stat st;
    bytes_sha256("abc", 3, hex); /* FIPS 180-2, appendix B.1 */
    CU_ASSERT_STRING_EQUAL(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CU_ASSERT_EQUAL(file_write_atomic(at("abc"), "abc", 3, &e), 0);
    CU_ASSERT_EQUAL(file_sha256(at("abc"), again, &e), 0);
    CU_ASSERT_STRING_EQUAL(again, hex);
    CU_ASSERT_EQUAL(file_sha256(dir, again, &e), HONE_EIO);
    CU_ASSERT_EQUAL(file_mkdirs(at("data"), &e), 0);
    char name[128];
    ino_t first = 0;
    snprintf(name, sizeof name, "data/%s.csv", hex);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(file_store(at("abc"), at("data"), ".csv", again, &bytes, &e), 0);
        CU_ASSERT_STRING_EQUAL(again, hex);
        CU_ASSERT_EQUAL(bytes, 3);
        CU_ASSERT_EQUAL(entries("data"), 1);
        CU_ASSERT(stat(at(name), &st) == 0 && st.st_size == 3);
        CU_ASSERT(i == 0 || i == 2 || st.st_ino == first); /* an equal one stays the file that it is */
        first = st.st_ino;
        if (i == 1)
            CU_ASSERT_EQUAL(file_write_atomic(at(name), "abd", 3, &e), 0); /* and one that is damaged does not */
    }
    CU_ASSERT_EQUAL(file_sha256(at(name), again, &e), 0);
    CU_ASSERT_STRING_EQUAL(again, hex);
    CU_ASSERT_EQUAL(file_store(dir, at("data"), "", again, NULL, &e), HONE_EIO);
    CU_ASSERT_EQUAL(file_store(at("none"), at("data"), "", again, NULL, &e), HONE_EIO);
    CU_ASSERT_EQUAL(file_store(at("abc"), at("nowhere"), "", again, NULL, &e), HONE_EIO);
    CU_ASSERT_EQUAL(entries("data"), 1);
}

static void *talk(void *arg)
{
    for (int i = 0; i < 200; i++)
        log_line(LOG_INFO, "%s", (const char *)arg);
    return NULL;
}

static char kept[256];

static void keep(void *arg, int level, const char *text)
{
    snprintf(kept, sizeof kept, "%s %d %s", (const char *)arg, level, text);
}

static void messages(void)
{
    static char one[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", two[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    int level = log_level(), saved = dup(STDERR_FILENO), fd = open(at("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    pthread_t a, b;
    dup2(fd, STDERR_FILENO);
    log_setup("hone-unit", LOG_INFO);
    log_line(LOG_DEBUG, "not seen");
    log_line(LOG_WARN, "seen %d", 1);
    CU_ASSERT_EQUAL(pthread_create(&a, NULL, talk, one), 0);
    CU_ASSERT_EQUAL(pthread_create(&b, NULL, talk, two), 0);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    char to[] = "sink";
    log_redirect(keep, to);
    log_line(LOG_ERROR, "away");
    log_redirect(NULL, NULL);
    log_setup("hone-unit", level);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fd);
    CU_ASSERT_STRING_EQUAL(kept, "sink 0 away");
    struct buf text = { 0 };
    CU_ASSERT_EQUAL(file_read(at("log"), 1 << 20, &text, &e), 0);
    CU_ASSERT_EQUAL(strncmp(buf_str(&text), "hone-unit: warning: seen 1\n", 27), 0);
    int lines = 0, odd = 0;
    for (char *p = text.p + 27, *end; (end = strchr(p, '\n')); p = end + 1) {
        *end = '\0';
        lines++;
        odd += strncmp(p, "hone-unit: ", 11) != 0 || (strcmp(p + 11, one) != 0 && strcmp(p + 11, two) != 0);
    }
    CU_ASSERT_EQUAL(lines, 400);
    CU_ASSERT_EQUAL(odd, 0);
    buf_free(&text);
}

int test_file(void)
{
    CU_pSuite s = CU_add_suite("file", make_dir, remove_dir);
    return s && CU_add_test(s, "reads", reads) && CU_add_test(s, "writes", writes)
           && CU_add_test(s, "the disk is full", disk_is_full) && CU_add_test(s, "directories", directories)
           && CU_add_test(s, "hashes", hashes) && CU_add_test(s, "messages", messages) ? 0 : -1;
}
