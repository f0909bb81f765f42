/* Personal data in a text by its form: e-mail addresses, payment card numbers (Luhn's check, ISO/IEC 7812-1), IBANs (ISO 13616, check
 * digits by ISO 7064 MOD 97-10) and telephone numbers in international notation (ITU-T E.123). */
#ifndef METRICS_PII_H
#define METRICS_PII_H
#include <stdint.h>
#include <string.h>

static int pii_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int pii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int pii_word(char c)
{
    return pii_digit(c) || pii_letter(c) || (unsigned char)c >= 0x80;
}

static int pii_local(char c)
{
    return pii_word(c) || strchr("._%+-", c) != NULL;
}

/* local@host.tld, tld at least two letters. */
static int pii_email(const char *s, int64_t n)
{
    for (int64_t i = 1; i + 1 < n; i++) {
        if (s[i] != '@' || s[i - 1] == '\0' || !pii_local(s[i - 1]) || !pii_word(s[i + 1]))
            continue;
        int64_t k = i + 1, tld = -1;
        for (; k < n && s[k] != '\0' && (pii_word(s[k]) || s[k] == '-' || s[k] == '.'); k++)
            tld = s[k] == '.' && k + 1 < n && pii_word(s[k + 1]) ? k + 1 : tld; /* a dot may end the sentence */
        int64_t letters = 0;
        while (tld > 0 && tld + letters < k && pii_letter(s[tld + letters]))
            letters++;
        if (letters >= 2)
            return 1;
    }
    return 0;
}

/* 13 to 19 digits, single blanks or '-' between them allowed, that pass Luhn's check. */
static int pii_card(const char *s, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        char digit[19];
        int count = 0, sum = 0;
        if (!pii_digit(s[i]) || (i > 0 && (pii_word(s[i - 1]) || s[i - 1] == '+')))
            continue;
        int64_t k = i;
        for (; k < n && count < 19; k++) {
            if (pii_digit(s[k]))
                digit[count++] = s[k];
            else if (!((s[k] == ' ' || s[k] == '-') && k + 1 < n && pii_digit(s[k + 1])))
                break;
        }
        if (count < 13 || (k < n && pii_word(s[k])))
            continue;
        for (int d = 0; d < count; d++) {
            int v = (digit[count - 1 - d] - '0') * (d % 2 ? 2 : 1);
            sum += v > 9 ? v - 9 : v;
        }
        if (sum % 10 == 0)
            return 1;
    }
    return 0;
}

/* Two letters, two check digits, 11 to 30 letters and digits, blanks between groups allowed. */
static int pii_iban(const char *s, int64_t n)
{
    for (int64_t i = 0; i + 15 <= n; i++) {
        char c[34];
        int count = 0, rest = 0;
        if (!pii_letter(s[i]) || !pii_letter(s[i + 1]) || !pii_digit(s[i + 2]) || !pii_digit(s[i + 3]) || (i > 0 && pii_word(s[i - 1])))
            continue;
        for (int64_t k = i; k < n && count < 34 && (pii_digit(s[k]) || pii_letter(s[k]) || (s[k] == ' ' && k + 1 < n && pii_word(s[k + 1]))); k++) {
            if (s[k] != ' ')
                c[count++] = s[k];
            if (count < 15 || (k + 1 < n && pii_word(s[k + 1])))
                continue;
            rest = 0;
            for (int d = 0; d < count; d++) { /* the first four characters stand last */
                char x = c[(d + 4) % count];
                int v = pii_digit(x) ? x - '0' : (x | 32) - 'a' + 10;
                rest = (rest * (v > 9 ? 100 : 10) + v) % 97;
            }
            if (rest == 1)
                return 1;
        }
    }
    return 0;
}

/* '+' and 8 to 15 digits, blanks, '-', '.', '(' and ')' between them. */
static int pii_phone(const char *s, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int count = 0;
        if (s[i] != '+' || (i > 0 && pii_word(s[i - 1])))
            continue;
        for (int64_t k = i + 1; k < n && s[k] != '\0' && (pii_digit(s[k]) || strchr(" -.()", s[k])); k++)
            count += pii_digit(s[k]);
        if (count >= 8 && count <= 15)
            return 1;
    }
    return 0;
}

static int pii_found(const char *s, int64_t n)
{
    return pii_email(s, n) || pii_card(s, n) || pii_iban(s, n) || pii_phone(s, n);
}

#endif
