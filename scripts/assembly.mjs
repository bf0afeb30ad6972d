// node scripts/assembly.mjs: AssemblyScript in src/*/assembly/ -> WebAssembly in files that are committed; a test compares the two.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { root } from './process.mjs';

const FEATURES = ['simd', 'bulk-memory'];
/** The memory is made by the one who knows how much is needed; 65,536 pages are the most there can be. */
const SHARED_MEMORY = ['--enable', 'threads', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];

/** @param {string} source of the entry @param {readonly string[]} flags @returns {Promise<string>} the module in base64 */
async function compile(source, ...flags) {
  const folder = path.dirname(source);
  const written = new Map();
  const { error, stderr } = await asc.main(
    [
      source,
      ...['--outFile', 'out.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--enable', FEATURES.join(',')],
      ...flags,
    ],
    {
      readFile: (file) =>
        file.startsWith(folder) && existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), 'utf8') : null,
      writeFile: (name, contents) => written.set(name, contents),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${source} does not compile: ${error.message}\n${stderr}`);
  return Buffer.from(written.get('out.wasm')).toString('base64');
}

/** @returns {Promise<Readonly<Record<string, string>>>} the texts of the generated files, by their paths */
export async function assemble() {
  const kernels = 'src/compute/assembly/kernels.ts';
  return {
    'src/compute/wasm-code.ts': written('src/compute/assembly/', {
      PLAIN_SIMD: await compile(kernels, ...SHARED_MEMORY),
      RELAXED_SIMD: await compile(kernels, ...SHARED_MEMORY, '--enable', 'relaxed-simd'),
      ROWS: await compile('src/compute/assembly/rows.ts'),
    }),
    'src/formats/matrices/decode-code.ts': written('src/formats/assembly/', {
      DECODE: await compile('src/formats/assembly/decode.ts'),
    }),
  };
}

/** @param {string} folder @param {Readonly<Record<string, string>>} modules */
function written(folder, modules) {
  const lines = Object.entries(modules).map(([name, code]) => `export const ${name} =\n  '${code}';\n`);
  return `// Written by \`node scripts/assembly.mjs\` from ${folder}: WebAssembly in base64.\n${lines.join('')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of Object.entries(await assemble())) writeFileSync(path.join(root, file), text);
}
