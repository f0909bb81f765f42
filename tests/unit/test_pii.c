/* What metric "safety" takes for personal data, and what only looks like it. Numbers: IBANs of the registry's examples (ISO 13616), card
 * numbers that payment networks publish for tests. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>
#include "plugins/metrics/pii.h"
#include "tests/unit/suites.h"

enum { NOTHING = 0, EMAIL = 1, CARD = 2, IBAN = 4, PHONE = 8 };

static const struct {
    const char *text;
    int found;
} cases[] = {
    { "", NOTHING },
    { "Open Orders and choose Track.", NOTHING },
    { "a@b.de", EMAIL },
    { "Write to first.last+tag@mail.example.org.", EMAIL },
    { "a@b.de...", EMAIL },
    { "a@b.d.", NOTHING },
    { "write to first.last+tag@mail.example.org, please", EMAIL },
    { "m\xc3\xbcller@b\xc3\xbc" "cher.example", EMAIL },
    { "o'neil%x_y-@a-b.co", EMAIL },
    { "@b.de", NOTHING },
    { "a @b.de", NOTHING },
    { "a@ b.de", NOTHING },
    { "a@.de", NOTHING },
    { "a@b", NOTHING },
    { "a@b.", NOTHING },
    { "a@b.d", NOTHING },
    { "a@b.d1", NOTHING },
    { "a@b.12", NOTHING },
    { "a@b.de1 or c@d.fr", EMAIL },
    { "ask me @ noon", NOTHING },
    { "4111111111111111", CARD },
    { "4111 1111 1111 1111", CARD },
    { "pay with 3782-822463-10005.", CARD },
    { "4222222222222", CARD },
    { "6304000000000000000", CARD },
    { "63040000000000000000", NOTHING },      /* twenty digits */
    { "411111111111", NOTHING },              /* twelve */
    { "4111111111111112", NOTHING },          /* its check digit */
    { "x4111111111111111", NOTHING },
    { "4111111111111111x", NOTHING },
    { "4111  1111 1111 1111", NOTHING },
    { "4111 1111 1111 111-", NOTHING },
    { "4111 1111 1111 1111 ", CARD },
    { "DE89370400440532013000", IBAN },
    { "DE89 3704 0044 0532 0130 00", IBAN },
    { "GB82 WEST 1234 5698 7654 32", IBAN },
    { "gb82west12345698765432", IBAN },
    { "to NO93 8601 1117 947, today", IBAN }, /* the shortest */
    { "MT84 MALT 0110 0001 2345 MTLC AST0 01S", IBAN },
    { "NO94 8601 1117 947", NOTHING },
    { "NO93 8601 1117 94", NOTHING },
    { "NO93  8601 1117 947", NOTHING },
    { "xNO9386011117947", NOTHING },
    { "NO938601111794789", NOTHING },
    { "N093 8601 1117 947", NOTHING },
    { "NOx3 8601 1117 947", NOTHING },
    { "NO9x 8601 1117 947", NOTHING },
    { "+49 30 1234567", PHONE },
    { "call +1 (212) 555-0100 or", PHONE },
    { "+33.1.23.45.67.89", PHONE },
    { "+1234567", NOTHING },
    { "+1234567890123456", NOTHING },
    { "00493012345678", NOTHING },
    { "a+49301234567", NOTHING },
    { "1+49301234567", NOTHING },
    { "+", NOTHING },
    { "+49 30 1234567 and a@b.de", PHONE | EMAIL },
};

static int found(const char *text, int64_t n)
{
    int kinds = (pii_email(text, n) ? EMAIL : 0) | (pii_card(text, n) ? CARD : 0) | (pii_iban(text, n) ? IBAN : 0) | (pii_phone(text, n) ? PHONE : 0);
    CU_ASSERT_EQUAL(pii_found(text, n), kinds != NOTHING);
    return kinds;
}

static void forms(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int got = found(cases[i].text, (int64_t)strlen(cases[i].text));
        if (got != cases[i].found)
            printf("'%s': found %d, expected %d\n", cases[i].text, got, cases[i].found);
        CU_ASSERT_EQUAL(got, cases[i].found);
    }
}

/* Texts have a length and may have NULs; nothing behind the length counts. */
static void lengths(void)
{
    CU_ASSERT_EQUAL(found("a\0@b.de", 7), NOTHING);
    CU_ASSERT_EQUAL(found("\0@b.de", 6), NOTHING);
    CU_ASSERT_EQUAL(found("a@b\0.de", 7), NOTHING);
    CU_ASSERT_EQUAL(found("+49 30\0 1234567", 15), NOTHING);
    CU_ASSERT_EQUAL(found("a@b.de", 5), NOTHING);
    CU_ASSERT_EQUAL(found("a@b.dex", 6), EMAIL);
    CU_ASSERT_EQUAL(found("4111111111111111", 15), NOTHING);
    CU_ASSERT_EQUAL(found("NO9386011117947", 14), NOTHING);
    CU_ASSERT_EQUAL(found("NO93860111179470", 15), IBAN);
    CU_ASSERT_EQUAL(found("+49301234567", 8), NOTHING);
}

int test_pii(void)
{
    CU_pSuite s = CU_add_suite("pii", NULL, NULL);
    return s && CU_add_test(s, "forms", forms) && CU_add_test(s, "lengths", lengths) ? 0 : -1;
}
