/**
 * Kills the built engine a thousand times at random points while it analyses a file and watches a run, and says what held. It takes a
 * second or so a kill, and several where the machine is busy: what is watched gives way to everything else. Processes and open files are
 * looked at on Linux only.
 *
 *   npm run build && npm run bench:faults [-- --kills N --seed N]
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } } });
const folder = mkdtempSync(join(tmpdir(), 'sigma-faults-'));
try {
  // What is built meanwhile must not change under it.
  cpSync('dist', join(folder, 'dist'), { recursive: true });
  const outfile = join(folder, 'kills.mjs');
  const banner = { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" };
  await build({ entryPoints: ['test/engine/kills.ts'], bundle: true, platform: 'node', format: 'esm', outfile, banner });
  const { killOften } = await import(pathToFileURL(outfile));
  const work = join(folder, 'work');
  mkdirSync(work);
  const begin = performance.now();
  const { wrong, ...counts } = await killOften(join(folder, 'dist/engine.js'), work, Number(values.kills), Number(values.seed), (text) =>
    process.stderr.write(`${text}\n`),
  );
  console.log({ ...counts, minutes: ((performance.now() - begin) / 60_000).toFixed(1) });
  for (const sentence of wrong) console.log(sentence);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
