// Runs the tests of the page's pure functions with Node's own runner. Node 18 reads no TypeScript,
// so that esbuild, which comes with Vite, makes JavaScript of it first.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const web = fileURLToPath(new URL('..', import.meta.url));
const tests = fileURLToPath(new URL('../../../tests/client/web', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'parallax-web-'));
try {
  const names = readdirSync(tests).filter((name) => name.endsWith('.test.ts'));
  if (names.length === 0) throw new Error(`no test in ${tests}`);
  await build({
    entryPoints: names.map((name) => join(tests, name)),
    outdir: scratch,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
    nodePaths: [join(web, 'node_modules')],
    loader: { '.json': 'json' },
    sourcemap: 'inline',
  });
  const made = readdirSync(scratch).map((name) => join(scratch, name));
  const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...made], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
