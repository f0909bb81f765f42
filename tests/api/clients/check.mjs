// Checks that count, for the clients' tests; the last line is that of tests/run.sh.
let passed = 0;
let failed = 0;

export function check(what, condition, seen) {
  if (condition) passed++;
  else {
    failed++;
    console.log(`FAIL: ${what}${seen === undefined ? '' : `: ${JSON.stringify(seen)?.slice(0, 600)}`}`);
  }
  return Boolean(condition);
}

// Every member of `shape` is there and of the type that it names; a list's single entry says what each of its members is like,
// 'any' is any value, 'number?' may be null.
export function checkShape(what, shape, value) {
  if (typeof shape === 'string') {
    const optional = shape.endsWith('?');
    const type = optional ? shape.slice(0, -1) : shape;
    const good = (optional && value === null) || (type === 'any' ? value !== undefined : typeof value === type && value === value);
    check(`${what} is a ${shape}`, good, value);
  } else if (Array.isArray(shape)) {
    if (!check(`${what} is a list`, Array.isArray(value), value)) return;
    if (shape.length) check(`${what} is not empty`, value.length > 0);
    value.forEach((v, i) => shape.length && checkShape(`${what}[${i}]`, shape[0], v));
  } else {
    if (!check(`${what} is an object`, value !== null && typeof value === 'object' && !Array.isArray(value), value)) return;
    for (const [key, inner] of Object.entries(shape)) checkShape(`${what}.${key}`, inner, value[key]);
  }
}

export async function rejection(promise) {
  try {
    await promise;
    return null;
  } catch (e) {
    return e;
  }
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
