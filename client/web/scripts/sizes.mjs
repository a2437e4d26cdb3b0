// Prints what each view makes a browser load, compressed, and fails where the live view's script is
// larger than its bound.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIVE_BOUND = 200_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

const text = (file) => readFileSync(new URL(file, dist), 'utf8');
const compressed = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

/** Script files of an entry and of what it imports, and the workers that they start. */
function filesOf(key, found = new Set()) {
  const { file, imports = [] } = manifest[key];
  if (found.has(file)) return found;
  found.add(file);
  for (const [worker] of text(file).matchAll(/\bworker-[\w-]+\.js\b/g)) found.add(`assets/${worker}`);
  for (const other of imports) filesOf(other, found);
  return found;
}

const entry = 'index.html';
const views = Object.keys(manifest).filter((key) => key.startsWith('src/views/'));
let live = 0;
for (const view of [entry, ...views]) {
  const files = filesOf(view, filesOf(entry));
  const bytes = [...files].reduce((sum, file) => sum + compressed(file), 0);
  console.log(`${String(bytes).padStart(8)} bytes of script, gzip  ${view}`);
  if (view === 'src/views/Run.svelte') live = bytes;
}
if (live === 0 || live > LIVE_BOUND) {
  console.error(`the live view's script is ${live} bytes compressed, must be in (0, ${LIVE_BOUND}]`);
  process.exit(1);
}
