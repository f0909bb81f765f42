/* Cases of JSON by the classes of the JSONTestSuite (Nicolas Seriot), in bytes of our own: 95 that every reader has to take, 188 that none may
 * take, and those that RFC 8259 leaves to the reader, for which the table says what ours does. Used by test_json_cases.c, which reads them as
 * texts and as files, and by tests/faults/json_bodies.c, which sends them to a daemon.
 *
 * Four of the 95 are well formed and still refused, by rules of ours that the sentence names: a key that stands twice would mean another thing
 * to another reader, and NUL would end a text early. */
#ifndef TESTS_JSON_CASES_H
#define TESTS_JSON_CASES_H
#include <stddef.h>

enum json_verdict { TAKEN, REFUSED, BY_RULE };

struct json_case {
    enum json_verdict verdict;
    const char *what;
    const char *text;
    size_t n;
    const char *why;     /* BY_RULE: what the sentence has */
};

#define Y(what_, text_) { TAKEN, what_, text_, sizeof text_ - 1, NULL }
#define N(what_, text_) { REFUSED, what_, text_, sizeof text_ - 1, NULL }
#define RULE(what_, text_, why_) { BY_RULE, what_, text_, sizeof text_ - 1, why_ }
#define NUL_RULE "NUL character"
#define KEY_RULE "a key stands twice"

/* Every reader takes these. */
static const struct json_case json_sound[] = {
    Y("empty array, blank inside", "[ ]"), Y("array of an empty string", "[\"\"]"), Y("array that ends with a line", "[7\n]"), Y("empty array", "[]"),
    Y("false in an array", "[false]"), Y("different kinds", "[null, 2, \"3\", {}, []]"), Y("null in an array", "[null]"), Y("a line before a number", "[\n5\n]"),
    Y("a blank in front", " [8]"), Y("some nulls", "[4,null,null,null,6]"), Y("a blank behind", "[9] "),
    Y("number", "[321e70]"), Y("0e+1", "[0e+4]"), Y("0e1", "[0e5]"), Y("a blank before a number", "[ 6]"), Y("near to zero", "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000003]\n"),
    Y("with an exponent", "[50E21]"), Y("minus zero", "[-0]"), Y("a negative number", "[-421]"), Y("minus one", "[-3]"), Y("minus zero, fraction", "[-0.0]"),
    Y("capital E", "[2E12]"), Y("capital E, minus", "[2E-3]"), Y("capital E, plus", "[3E+3]"), Y("fraction and exponent", "[421.654e43]"),
    Y("exponent", "[2e3]"), Y("exponent, minus", "[3e-3]"), Y("exponent, plus", "[4e+3]"), Y("whole number", "[1234]"), Y("fraction", "[421.654321]"),
    Y("object", "{\"as\":\"xy\", \"fg\":\"zz\"}"), Y("one member", "{\"a\":[]}"),
    RULE("a key twice", "{\"a\":\"b\",\"a\":\"c\"}", KEY_RULE), RULE("a key and value twice", "{\"a\":\"b\",\"a\":\"b\"}", KEY_RULE),
    Y("empty object", "{}"), Y("empty key", "{\"\":1}"), RULE("escaped NUL in a key", "{\"ab\\u0000cd\": 42}", NUL_RULE),
    Y("extreme numbers", "{ \"min\": -1.0e+27, \"max\": 1.0e+27 }"), Y("long strings", "{\"x\":[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}], \"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}"),
    Y("simple object", "{\"b\":[]}"), Y("escaped letters in a value", "{\"title\":\"\\u041f\\u043e\\u043b \\u0417\\u0435\\u043c\" }"), Y("lines in an object", "{\n\"a\": \"b\"\n}"),
    Y("one, two, three bytes", "[\"\\u0061\\u012b\\u12AC\"]"), Y("accepted pair", "[\"\\uD802\\udc38\"]"), Y("accepted pairs", "[\"\\ud83d\\ude38\\ud83d\\udc7d\"]"),
    Y("all short escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), Y("backslash and u", "[\"\\\\u0061\"]"), Y("backslashes in a row", "[\"\\\\\\\\\"]"), Y("double escape of a", "[\"\\\\a\"]"),
    Y("escape of n", "[\"\\\\n\"]"), Y("escaped control", "[\"\\u0011\"]"), Y("escaped noncharacter", "[\"\\uFFFE\"]"), Y("a word", "[\"jklm\"]"), Y("a word behind a blank", "[ \"asd\"]"),
    Y("last planes", "[\"\\uDBFF\\uDFFE\"]"), Y("no-break space", "[\"qu\\u00a0x\"]"), Y("noncharacter beyond the first plane", "[\"\xf4\x8f\xbf\xbe\"]"),
    Y("noncharacter in bytes", "[\"\xef\xbf\xbf\"]"), RULE("escaped NUL", "[\"\\u0000\"]", NUL_RULE), Y("comma in a string", "[\"\\u002c\"]"), Y("the letter pi", "[\"\xcf\x80\"]"),
    Y("private use", "[\"\xee\x80\x81q\xee\x80\x81\"]"), Y("a plain string", "[\"mno \"]"), Y("a blank as a string", "\" \""), Y("clef by a pair", "[\"\\uD834\\uDd1f\"]"),
    Y("letters of three bytes", "[\"\\u0821\"]"), Y("two bytes", "[\"\\u0124\"]"), Y("line separator in bytes", "[\"\xe2\x80\xa8\"]"), Y("paragraph separator in bytes", "[\"\xe2\x80\xa9\"]"),
    Y("escaped letter", "[\"\\u0062\"]"), Y("escaped line", "[\"qu\\u000ax\"]"), Y("delete in bytes", "[\"\x7f\"]"), Y("capital hex", "[\"\\uA66E\"]"), Y("letters of three bytes, raw", "[\"\xe2\x8d\x82\xe3\x88\xb4\xe2\x8d\x83\"]"),
    Y("beyond ASCII", "[\"\xf0\x90\x8d\x88\"]"), Y("noncharacter 1FFFE", "[\"\\uD83F\\uDFFE\"]"), Y("noncharacter 10FFFE", "[\"\\uDBFF\\uDFFF\"]"), Y("zero-width space", "[\"\\u200B\"]"), Y("invisible plus", "[\"\\u2064\"]"),
    Y("noncharacter FDD0", "[\"\\uFDD1\"]"), Y("noncharacter FFFF", "[\"\\uFFFF\"]"), Y("escaped quote", "[\"\\u0022\"]"), Y("UTF-8", "[\"\xe2\x82\xac\xf0\x9d\x84\x9e\"]"), Y("delete in a word", "[\"q\x7fq\"]"),
    Y("lonely false", "false"), Y("lonely number", "43"), Y("lonely negative fraction", "-0.2"), Y("lonely null", "null"), Y("lonely string", "\"qwe\""), Y("lonely true", "true"),
    Y("empty string alone", "\"\""), Y("line at the end", "[\"b\"]\n"), Y("true in an array", "[true]"), Y("blanks everywhere", " [ ] "),
    Y("objects in objects", "{\"b\":{\"c\":{}}}"),
};

/* No reader may take these. */
static const struct json_case json_broken[] = {
    N("a value without a comma", "[2 true]"), N("invalid UTF-8 behind a value", "[b\xe5]"), N("a colon in an array", "[\"\": 2]"), N("a comma behind the end", "[\"\"],"),
    N("a comma first", "[,2]"), N("two commas", "[2,,3]"), N("two commas at the end", "[\"y\",,]"), N("closed twice", "[\"y\"]]"), N("a comma at the end", "[\"\",]"), N("not closed", "[\"y\""),
    N("words without a comma", "[y"), N("inner array without a comma", "[4[5]]"), N("invalid UTF-8", "[\xff]"), N("array of commas", "[,]"), N("only a minus", "[-]"), N("a comma behind a blank", "[   , \"\"]"),
    N("lines, not closed", "[\"b\",\n5\n,2,"), N("a number and a comma", "[2,]"), N("number and commas", "[2,,]"), N("vertical tab", "[\"\vb\"\\f]"), N("a star", "[*]"), N("not closed, empty", "[\"\""),
    N("not closed behind a comma", "[2,"), N("not closed behind a line", "[2,\n2\n,2"), N("an object not closed in an array", "[{}"),
    N("half of false", "[fals]"), N("half of null", "[nul]"), N("half of true", "[tru]"), N("a zero byte", "12\0" "3"),
    N("two signs", "[++123]"), N("a plus", "[+2]"), N("plus infinity", "[+Inf]"), N("minus and zero and digit", "[-02]"), N("minus and a fraction", "[-2.0.]"), N("a minus, a blank", "[- 2]"),
    N("minus not a number", "[-NaN]"), N("a point, minus", "[.-2]"), N("a point", "[.3e-4]"), N("0.1.2", "[0.2.3]"), N("zero, capital E", "[0E]"), N("zero, capital E, plus", "[0E+]"), N("0.3e", "[0.4e]"),
    N("0.3e+", "[0.4e+]"), N("0.e1", "[0.e2]"), N("0e", "[0e]"), N("0e+", "[0e+]"), N("1.0e", "[2.0e]"), N("1.0e-", "[2.0e-]"), N("1.0e+", "[2.0e+]"), N("blank for thousands", "[2 000.0]"), N("1eE2", "[2eE3]"),
    N("2.e-3", "[3.e-4]"), N("2.e+3", "[3.e+4]"), N("2.e3", "[3.e4]"), N("9.e+", "[8.e+]"), N("infinity", "[Inf]"), N("NaN", "[NaN]"), N("full-width one", "[\xef\xbc\x92]"), N("a sum", "[2+3]"),
    N("hexadecimal", "[0x2]"), N("hexadecimal, two digits", "[0x43]"), N("Infinity", "[Infinity]"), N("plus and minus", "[0e+-2]"), N("invalid, minus", "[-234.234foo]"), N("invalid, negative", "[-2foo]"), N("invalid behind a number", "[124\xe5]"),
    N("invalid UTF-8 in an exponent", "[2e1\xe5]"), N("invalid UTF-8 behind a digit", "[0\xe5]\n"), N("minus Infinity", "[-Infinity]"), N("minus a letter", "[-foo]"), N("minus a blank", "[- 3]"), N("minus 012", "[-013]"),
    N("minus without a whole part", "[-.234]"), N("minus with garbage", "[-2x]"), N("fraction garbage", "[2ea]"), N("a fraction that ends", "[2.]"), N("real without a whole part", "[.234]"), N("number with a letter", "[2.3a]"),
    N("a number with garbage", "[2.8011670033376514H-307]"), N("leading zero", "[013]"), N("then a comma inside", "[2,3.,4]"),
    N("a bad value", "[\"y\", truth]"), N("brackets of two kinds", "{[: \"y\"}\n"), N("a comma for a colon", "{\"y\", null}"), N("two colons", "{\"y\"::\"c\"}"), N("a flag", "{\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa}"),
    N("garbage at the end", "{\"b\":\"b\" 124}"), N("a key in single quotes", "{key: 'value'}"), N("invalid UTF-8 as a key", "{\"\xb8\":\"0\",}"), N("no colon", "{\"b\" c}"), N("no key", "{:\"c\"}"), N("no semicolon", "{\"b\" \"c\"}"),
    N("no value", "{\"b\":"), N("no colon, the end", "{\"b\""), N("a number as a key", "{2:2}"), N("a large number as a key", "{8888E8888:2}"), N("nulls as keys", "{null:null,null:null}"), N("many commas behind", "{\"id\":0,,,,,}"),
    N("single quotes", "{'b':0}"), N("a comma behind", "{\"id\":1,}"), N("a comment behind", "{\"b\":\"c\"}/**/"), N("a comment opened behind", "{\"b\":\"c\"}/**//"), N("a comment of slashes", "{\"b\":\"c\"}//"),
    N("a comment of one slash", "{\"b\":\"c\"}/"), N("two commas in a row", "{\"b\":\"c\",,\"d\":\"e\"}"), N("no quotes", "{b: \"c\"}"), N("not closed", "{\"b\":\"c"), N("two values", "{ \"too\" : \"car\", \"b\" }"), N("garbage behind the end", "{\"b\":\"c\"}#"),
    N("a blank", " "), N("half an escape", "[\"\\u00B\"]"), N("pair, half of the second", "[\"\\uD834\\\"]"), N("pair, second without digits", "[\"\\uD800\\u\"]"), N("pair, second of one digit", "[\"\\uD800\\u1\"]"),
    N("pair, second of two digits", "[\"\\uD800\\u1x\"]"), N("accented without quotes", "[\xc3\xa8]"), N("a backslash, a zero byte", "[\"\\\0\"]"), N("an escape by x", "[\"\\x01\"]"), N("an escaped backslash that is open", "[\"\\\\\\\"]"),
    N("an escaped control", "[\"\\\t\"]"), N("an escaped picture", "[\"\\\xf0\x9f\x8c\x80\"]"), N("an escape that is not whole", "[\"\\\"]"), N("four digits that are not", "[\"\\u00A\"]"), N("a pair that is not whole", "[\"\\uD834\\uDd\"]"),
    N("escapes, pair not whole", "[\"\\uD800\\uD800\\x\"]"), N("invalid UTF-8 in an escape", "[\"\\u\xe5\"]"), N("an unknown escape", "[\"\\b\\q\"]"), N("hex digits that are not", "[\"\\uqqqr\"]"), N("invalid UTF-8 behind an escape", "[\"\\\xe5\"]"),
    N("a leading escape", "[\\u0021\"asd\"]"), N("no quotes, escape", "[\\n]"), N("one quote", "\""), N("in single quotes", "['single']"), N("a string without quotes", "qrst"), N("an open escape", "[\"\\"), N("a raw control", "[\"b\x01" "b\"]"),
    N("a raw line", "[\"new\nliner\"]"), N("a raw tab", "[\"\t\"]"), N("capital U", "\"\\UA66D\""), N("garbage behind", "\"\"y"), N("a zero byte in a string", "[\"b\0b\"]"),
    N("angle brackets", "<.>"), N("nothing and a bracket", "[<null>]"), N("a letter behind an array", "[2]y"), N("a closing bracket behind", "[2]]"), N("an open string", "[\"bsd]"), N("a quote in a word", "bs\xc3\xa5"),
    N("True", "[True]"), N("closed with the other one", "2]"), N("a comma for a bracket", "{\"y\": true,"), N("two arrays", "[][]"), N("a closing bracket", "]"), N("half a mark of order", "\xef\xbb{}"), N("invalid UTF-8 alone", "\xe5"),
    N("an opening bracket", "["), N("nothing", ""), N("a zero byte behind an array", "[\0]"), N("a value for a key", "2,3"), N("object closed twice", "{}}"), N("an object, then a string", "{\"\":"), N("an open array of an open string", "[\"b"),
    N("an open array in an object", "{\"b\":["), N("an object, a letter", "{\"b\": true} \"y\""), N("no value, star", "*"), N("an array and a closing brace", "[\"b\",4}"), N("many openings", "[[[[[["), N("opening braces", "{\"\":[{\"\":[{\"\":["),
    N("two open brackets and a letter", "[b"), N("an open array, an open object", "[{"), N("an open object, a comma", "{,"), N("an open object, a bracket", "{["), N("an open object, an open string", "{\"b"), N("a string in single quotes", "{'b'"),
    N("open with lines", "[\"\\{[\"\\{[\"\\{[\"\\{"), N("capital letters", "[NULL]"), N("a number and a letter", "3@"), N("an open object", "{}]"), N("a form feed", "[\f]"), N("a word joiner", "[\xe2\x81\xa0]"), N("the mark of order alone", "\xef\xbb\xbf"),
    N("an open array, a single quote", "['"), N("an open array, a comma", "[,"), N("an open object, the other bracket", "{]"), N("an open array of a number", "[2"), N("an open array, half of null", "[ false, nul"),
    N("an open array, half of false", "[ true, fals"), N("an open array, half of true", "[ false, tru"), N("a letter", "\xc3\xa5"),
};

/* RFC 8259 leaves these to the reader. Ours takes numbers that lose digits or become 0, and refuses what has no value or is no text. */
static const struct json_case json_either[] = {
    N("a number far too large", "[123.456e78901]"), N("minus and far too large", "[-1e+9999]"), N("1e400", "[1.5e+9999]"), N("minus 1e400", "[-123123e100000]"), N("exponent of many digits", "[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999999999969999999006]"),
    Y("so small that it is 0", "[123e-10000000]"), Y("a large whole number", "[100000000000000000001]"), Y("a large negative one", "[-123123123123123123123123123123]"), Y("more digits than a double has", "[3.14159265358979323846264338327950288]"),
    N("first half of a pair alone", "[\"\\uDADA\"]"), N("first half, then a letter", "[\"\\uD888\\u1234\"]"), N("second half alone", "[\"\\uDFAA\"]"), N("second half, then the first", "[\"\\uDd1e\\uD834\"]"), N("first half twice", "[\"\\uD800\\uD800\\n\"]"),
    N("pair with a letter between", "[\"\\uD800abc\"]"), N("key with half a pair", "{\"\\uDFAA\":0}"),
    N("UTF-16, little end first", "\xff\xfe[\0\"\0\xe9\0\"\0]\0"), N("UTF-16, big end first", "\0[\0\"\0\xe9\0\"\0]"), N("invalid UTF-8 in a string", "[\"\xff\"]"), N("a byte of Latin-1", "[\"\xe9\"]"), N("a byte that only continues", "[\"\x81\"]"),
    N("overlong, two bytes", "[\"\xc0\xaf\"]"), N("overlong, six bytes", "[\"\xfc\x80\x80\x80\x80\x80\"]"), N("overlong, six bytes of ones", "[\"\xfc\x83\xbf\xbf\xbf\xbf\"]"), N("beyond the last plane", "[\"\xf4\xbf\xbf\xbf\"]"), N("a half in bytes", "[\"\xed\xa0\x80\"]"),
    N("a character that is cut off", "[\"\xe0\xff\"]"), N("Japanese in another coding", "[\"\x93\xfa\x8a\xd4\"]"), N("mark of order before an object", "\xef\xbb\xbf{}"),
};

#undef Y
#undef N
#undef RULE
#define JSON_CASES(list) (sizeof(list) / sizeof((list)[0]))

#endif
