// node scripts/formats.mjs: src/formats/registry.ts -> the table in README.md and the clauses in package.json, which are committed; a test compares.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { root } from './process.mjs';

const BEGIN = '<!-- formats: written by `node scripts/formats.mjs` -->';
const END = '<!-- formats end -->';

const ACCESS = { random: 'any rows', sequential: 'start to end', both: 'as written' };

/** @returns {Promise<typeof import('../src/formats/registry')>} */
async function loadRegistry() {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(root, 'src/formats/registry.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** @param {string} readme @param {typeof import('../src/formats/registry')} registry */
function withTable(readme, { FORMATS }) {
  const rows = FORMATS.map(({ label, extensions, sharedExtensions = [], folder, access, library, limits }) => {
    const files = [...[...extensions, ...sharedExtensions].map((ending) => `\`${ending}\``), ...(folder ? ['folders'] : [])];
    return `| ${label} | ${files.join(' ')} | ${ACCESS[access]} | ${library === null ? 'own' : `\`${library}\``} | ${limits} |`;
  });
  const table = ['| Format | Files | Read | With | What of it |', '|---|---|---|---|---|', ...rows].join('\n');
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`README.md has no place for the formats: ${BEGIN} ... ${END}`);
  return `${readme.slice(0, from) + BEGIN}\n${table}\n${readme.slice(to)}`;
}

/** @param {string} text of package.json @param {typeof import('../src/formats/registry')} registry */
function withClauses(text, { FORMATS, CLEAR_ENDINGS, ALL_ENDINGS }) {
  const manifest = JSON.parse(text);
  const { menus, customEditors } = manifest.contributes;
  const binary = FORMATS.flatMap(({ extensions, text }) => (text ? [] : extensions)).filter((ending) => !ending.endsWith('.json'));
  // No clause can look into a folder: the command does.
  const inExplorer = `explorerResourceIsFolder || ${named(CLEAR_ENDINGS)}`;
  const clauses = {
    'explorer/context': inExplorer,
    'editor/title/context': named(CLEAR_ENDINGS),
    'editor/title': `activeCustomEditorId != 'sigma.spectrum' && ${named([...new Set(binary)])}`,
  };
  for (const [menu, clause] of Object.entries(clauses)) {
    for (const item of menus[menu]) if (item.command === 'sigma.analyze') item.when = clause;
  }
  for (const item of menus['explorer/context']) {
    if (item.command === 'sigma.compare') item.when = `(${inExplorer}) && listMultiSelection`;
  }
  for (const editor of customEditors) {
    if (editor.viewType === 'sigma.spectrum') editor.selector = ALL_ENDINGS.map((ending) => ({ filenamePattern: `*${ending}` }));
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** @param {readonly string[]} endings with the dot */
function named(endings) {
  return `resourceFilename =~ /\\.(${endings.map((ending) => ending.slice(1).replaceAll('.', '\\.')).join('|')})$/i`;
}

/** @returns {Promise<Record<string, string>>} the text that each file should have, by its path from the root */
export async function generated() {
  const registry = await loadRegistry();
  const read = (/** @type {string} */ name) => readFileSync(path.join(root, name), 'utf8');
  return { 'README.md': withTable(read('README.md'), registry), 'package.json': withClauses(read('package.json'), registry) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(await generated())) writeFileSync(path.join(root, name), text);
}
