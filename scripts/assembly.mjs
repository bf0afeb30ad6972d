// node scripts/assembly.mjs: src/compute/assembly/ -> src/compute/wasm-code.ts, which is committed; a test compares the two.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { root } from './process.mjs';

const FOLDER = 'src/compute/assembly';
const TARGET = 'src/compute/wasm-code.ts';
const FEATURES = ['simd', 'bulk-memory'];
/** The memory is made by the one who knows how much is needed; 65,536 pages are the most there can be. */
const SHARED_MEMORY = ['--enable', 'threads', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];

/** @param {string} name of the entry, in the folder @param {readonly string[]} flags @returns {Promise<string>} the module in base64 */
async function compile(name, ...flags) {
  const source = `${FOLDER}/${name}.ts`;
  const written = new Map();
  const { error, stderr } = await asc.main(
    [
      source,
      ...['--outFile', 'out.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--enable', FEATURES.join(',')],
      ...flags,
    ],
    {
      readFile: (file) =>
        file.startsWith(FOLDER) && existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), 'utf8') : null,
      writeFile: (name, contents) => written.set(name, contents),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${source} does not compile: ${error.message}\n${stderr}`);
  return Buffer.from(written.get('out.wasm')).toString('base64');
}

/** @returns {Promise<string>} the text of the generated file */
export async function assemble() {
  return `// Written by \`node scripts/assembly.mjs\` from src/compute/assembly/: WebAssembly in base64.
export const PLAIN_SIMD =
  '${await compile('kernels', ...SHARED_MEMORY)}';
export const RELAXED_SIMD =
  '${await compile('kernels', ...SHARED_MEMORY, '--enable', 'relaxed-simd')}';
export const ROWS =
  '${await compile('rows')}';
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(path.join(root, TARGET), await assemble());
