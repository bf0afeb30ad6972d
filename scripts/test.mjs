// npm test: everything, from an empty clone. `node scripts/test.mjs NAME...` runs some suites and what they need.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findChromium } from './chromium.mjs';
import { dependenciesAreCurrent, installDependencies } from './dependencies.mjs';
import { EDITIONS, editorUnavailable, installEditor } from './editor/install.mjs';
import { npm, root, run } from './process.mjs';

const VITEST = path.join(root, 'node_modules/vitest/vitest.mjs');
const NO_CHROMIUM = 'there is no Chromium; install it, or name one in CHROMIUM';

/** In the order in which they run. What each `run` gives: counts of what passed and failed, and a line for each thing skipped. */
const suites = [
  { name: 'lint', title: 'Format and lint', run: () => script('lint') },
  { name: 'types', title: 'Types', run: () => script('types') },
  { name: 'build', title: 'Build', run: () => script('build') },
  { name: 'unit', title: 'Units', run: () => vitest('unit') },
  { name: 'built', title: 'Engine, command line and panel', needs: ['build'], run: () => vitest('built') },
  { name: 'package', title: 'Package', needs: ['build'], run: async () => sum([await script('vsix'), await vitest('package')]) },
  { name: 'editor', title: 'The packaged extension in a real editor', needs: ['build', 'package'], run: realEditor },
];

/** A script of package.json, which passes or fails as a whole. */
async function script(name) {
  const { code } = await run(npm('run', '--silent', name));
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] };
}

async function vitest(project) {
  const results = path.join(tmpdir(), `sigma-test-${process.pid}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  try {
    const { code } = await run([process.execPath, VITEST, 'run', `--project=${project}`, ...reporters]);
    return count(JSON.parse(readFileSync(results, 'utf8')).testResults, code === 0);
  } catch (error) {
    console.error(`Vitest ended without saying what had run: ${error.message}`);
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    rmSync(results, { force: true });
  }
}

/** Counts tests. What fails outside any test (a file that does not load, an error that nothing awaited, no test at all) is one failure. */
function count(files, success) {
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const failed = tests.filter(({ status }) => status === 'failed').length;
  const unloaded = files.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length;
  const skipped = tests
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName }) => (findChromium() ? fullName : `${fullName} (${NO_CHROMIUM})`));
  return { passed, failed: success ? 0 : Math.max(1, failed + unloaded), skipped };
}

async function realEditor() {
  const skip = (why) => ({ passed: 0, failed: 0, skipped: [`the real editor (${why})`] });
  const unavailable = findChromium() ? editorUnavailable() : NO_CHROMIUM;
  if (unavailable) return skip(unavailable);
  try {
    for (const edition of Object.keys(EDITIONS)) await installEditor(console.log, edition);
  } catch (error) {
    console.error(error.message);
    return skip('it could not be downloaded');
  }
  return sum([await vitest('editor'), await vitest('editor-oldest')]);
}

/** @param {ReturnType<typeof count>[]} outcomes */
function sum(outcomes) {
  return {
    passed: outcomes.reduce((total, { passed }) => total + passed, 0),
    failed: outcomes.reduce((total, { failed }) => total + failed, 0),
    skipped: outcomes.flatMap(({ skipped }) => skipped),
  };
}

/** The suites of the given names and those they need; all without a name. */
function select(names) {
  const find = (name) => suites.find((suite) => suite.name === name);
  const unknown = names.find((name) => !find(name));
  if (unknown) {
    console.error(`There is no suite "${unknown}". There are: ${suites.map(({ name }) => name).join(', ')}.`);
    process.exit(2);
  }
  const wanted = new Set(names.flatMap((name) => [name, ...(find(name).needs ?? [])]));
  return names.length === 0 ? suites : suites.filter(({ name }) => wanted.has(name));
}

/** @returns {Promise<ReturnType<typeof count>[]>} */
async function runAll(selected) {
  if (!dependenciesAreCurrent()) {
    console.log('== Install');
    if ((await installDependencies()).code !== 0) {
      console.error('The packages could not be installed, so nothing was run.');
      return [{ passed: 0, failed: 1, skipped: [] }];
    }
  }
  const outcomes = new Map();
  for (const { name, title, needs = [], run } of selected) {
    console.log(`\n== ${title}`);
    const missing = needs.find((need) => outcomes.get(need).passed === 0);
    outcomes.set(name, missing ? { passed: 0, failed: 0, skipped: [`${name} (${missing} did not pass)`] } : await run());
  }
  console.log('');
  for (const [name, { failed }] of outcomes) if (failed > 0) console.log(`Failed: ${name}`);
  return [...outcomes.values()];
}

const { passed, failed, skipped } = sum(await runAll(select(process.argv.slice(2))));
for (const what of skipped) console.log(`Skipped: ${what}`);
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
// Where nobody reads along, what was skipped was not checked.
process.exitCode = failed > 0 || (process.env.CI === 'true' && skipped.length > 0) ? 1 : 0;
