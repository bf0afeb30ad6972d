// node scripts/assembly.mjs: src/compute/assembly/ -> src/compute/wasm-code.ts, which is committed; a test compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { root } from './process.mjs';

const SOURCE = 'src/compute/assembly/kernels.ts';
const TARGET = 'src/compute/wasm-code.ts';
const FEATURES = ['simd', 'threads', 'bulk-memory'];

/** @param {readonly string[]} features @returns {Promise<string>} the module in base64 */
async function compile(features) {
  const written = new Map();
  const { error, stderr } = await asc.main(
    // The memory is made by the one who knows how much is needed; 65,536 pages are the most there can be.
    [
      SOURCE,
      ...['--outFile', 'kernels.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', features.join(',')],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
    ],
    {
      readFile: (name) => (name === SOURCE ? readFileSync(path.join(root, SOURCE), 'utf8') : null),
      writeFile: (name, contents) => written.set(name, contents),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${SOURCE} does not compile: ${error.message}\n${stderr}`);
  return Buffer.from(written.get('kernels.wasm')).toString('base64');
}

/** @returns {Promise<string>} the text of the generated file */
export async function assemble() {
  return `// Written by \`node scripts/assembly.mjs\` from src/compute/assembly/kernels.ts: WebAssembly in base64.
export const PLAIN_SIMD =
  '${await compile(FEATURES)}';
export const RELAXED_SIMD =
  '${await compile([...FEATURES, 'relaxed-simd'])}';
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(path.join(root, TARGET), await assemble());
