// Makes tests/unit/tokens_reference.h: what an independent learner and Hugging Face's own reader make of tokens_sample.txt.
//   npm install @huggingface/tokenizers@0.2.0 && node tests/unit/tokens_reference.mjs NODE_MODULES_DIR > tests/unit/tokens_reference.h
// The learner recounts all pairs before each merge; it shares nothing with core/base/bpe_learn.c but the definition: the most frequent
// pair, of equals the one with the lower numbers, within pieces cut by GPT-2's pattern.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const entry = JSON.parse(readFileSync(resolve(process.argv[2], '@huggingface/tokenizers/package.json')));
const main = entry.exports?.['.']?.import?.default ?? entry.exports?.['.']?.import ?? entry.module ?? entry.main;
const { Tokenizer } = await import(pathToFileURL(resolve(process.argv[2], '@huggingface/tokenizers', main)));
const sample = readFileSync(resolve(here, 'tokens_sample.txt'), 'utf8');

const gpt2 = /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
const llama3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

// Characters that stand for bytes.
const printable = b => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
const names = [];
for (let b = 0, next = 256; b < 256; b++) names.push(String.fromCodePoint(printable(b) ? b : next++));

function learn(words, alphabet, size) { // words: Map of word to count, each a list of names
    const vocab = new Map(alphabet.map((name, i) => [name, i])), merges = [];
    let list = [...words].map(([word, count]) => ({ parts: word.split('\u0000'), count }));
    while (vocab.size < size) {
        const counts = new Map();
        for (const { parts, count } of list)
            for (let i = 0; i + 1 < parts.length; i++) {
                const key = parts[i] + '\u0000' + parts[i + 1];
                counts.set(key, (counts.get(key) ?? 0) + count);
            }
        let best = null;
        for (const [key, count] of counts) {
            const [a, b] = key.split('\u0000').map(n => vocab.get(n));
            if (!best || count > best.count || (count === best.count && (a < best.a || (a === best.a && b < best.b)))) best = { key, count, a, b };
        }
        if (!best) break;
        const [left, right] = best.key.split('\u0000');
        merges.push([left, right]);
        if (!vocab.has(left + right)) vocab.set(left + right, vocab.size);
        for (const word of list) {
            const parts = [];
            for (let i = 0; i < word.parts.length; i++)
                if (word.parts[i] === left && word.parts[i + 1] === right) { parts.push(left + right); i++; } else parts.push(word.parts[i]);
            word.parts = parts;
        }
    }
    return { vocab, merges };
}

const count = words => { const m = new Map(); for (const w of words) m.set(w, (m.get(w) ?? 0) + 1); return m; };
const byteWord = piece => [...Buffer.from(piece, 'utf8')].map(b => names[b]).join('\u0000');
const alphabet = ['<|end|>', '<|answer|>', ...[...names].sort((a, b) => a.codePointAt(0) - b.codePointAt(0))];
const bytes = learn(count(sample.match(gpt2).map(byteWord)), alphabet, 400);

const marks = list => list.map(([content, id]) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }));
const file = (vocab, merges, rest, model) => ({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null,
    post_processor: null, decoder: null, ...rest, model: { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null,
    end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false, ...model, vocab: Object.fromEntries(vocab), merges } });
const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const ours = file(bytes.vocab, bytes.merges, { added_tokens: marks([['<|end|>', 0], ['<|answer|>', 1]]), pre_tokenizer: level, decoder: level });
const three = file(bytes.vocab, bytes.merges.map(m => m.join(' ')), { added_tokens: marks([['<|end|>', 0], ['<|answer|>', 1]]),
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: llama3 }, behavior: 'Isolated', invert: false }, { ...level, use_regex: false }] },
    decoder: level }, { ignore_merges: true });

// Llama 2's kind: characters of the ASCII part are tokens, everything else is bytes.
const gap = '\u2581';
const hex = b => '<0x' + b.toString(16).toUpperCase().padStart(2, '0') + '>';
const ascii = [...new Set(sample.replace(/ /g, gap))].filter(c => c === gap || (c >= '!' && c <= '~')).sort();
const words = count(sample.split(/\n/).flatMap(l => (gap + l.replace(/ /g, gap)).split(new RegExp(`(?=${gap})`))).map(w => [...w].filter(c => ascii.includes(c)).join('\u0000')).filter(w => w));
const pieces = learn(words, ['<unk>', '<s>', '</s>', ...Array.from({ length: 256 }, (_, b) => hex(b)), ...ascii], 480);
const llama = file(pieces.vocab, pieces.merges.map(m => m.join(' ')), { added_tokens: marks([['<unk>', 0], ['<s>', 1], ['</s>', 2]]),
    normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: gap }, { type: 'Replace', pattern: { String: ' ' }, content: gap }] },
    decoder: { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: gap }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 }] } }, { byte_fallback: true, fuse_unk: true, unk_token: '<unk>' });

const lines = sample.split('\n').filter(l => l.length);
const quote = s => '"' + [...Buffer.from(s, 'utf8')].map(b => b === 34 || b === 92 ? '\\' + String.fromCharCode(b) : b >= 32 && b < 127 && b !== 63
    ? String.fromCharCode(b) : '\\' + b.toString(8).padStart(3, '0')).join('') + '"';
const long = s => (s.match(/[\s\S]{1,1000}/gu) ?? ['']).map(quote).join('\n    ');
const out = [];
out.push('/* Made by tests/unit/tokens_reference.mjs; not edited. */', '#ifndef TOKENS_REFERENCE_H', '#define TOKENS_REFERENCE_H', '#include <stdint.h>', '');
out.push('static const char *const tokens_lines[] = {', ...lines.map(l => `    ${quote(l)},`), '    0', '};', '');
out.push(`enum { TOKENS_SIZE = ${bytes.vocab.size}, TOKENS_MERGES = ${bytes.merges.length} };`);
out.push('static const char *const tokens_merges[][2] = {', ...bytes.merges.map(m => `    { ${quote(m[0])}, ${quote(m[1])} },`), '};', '');
for (const [name, json] of [['ours', ours], ['three', three], ['llama', llama]]) {
    const t = new Tokenizer(json, { add_bos_token: false });
    out.push(`static const char tokens_${name}_json[] =\n    ${long(JSON.stringify(json))};`);
    const ids = lines.map(l => t.encode(l, { add_special_tokens: false }).ids);
    out.push(`static const int32_t tokens_${name}_ids[] = {`, ...ids.map(l => '    ' + [...l, -1].join(', ') + ','), '};', '');
}
out.push('#endif');
console.log(out.join('\n'));
